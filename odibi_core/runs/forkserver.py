"""The fork server: imports what runs need, then forks a warden for each that is asked for.

Started by `RunLauncher` as `python -m odibi_core.runs.forkserver DESCRIPTOR`. It has one thread, so what
it forks is sound; it imports module by module and looks for requests in between.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import socket
import sys

from odibi_core.runs.channel import Channel
from odibi_core.runs.preload import preloading


def serve(line: socket.socket) -> None:
    """Serves requests until the application has gone."""
    from odibi_core.runs.warden import become_warden

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the system reaps the wardens
    imports = preloading()
    importing = True
    while True:
        if importing and not select.select([line], [], [], 0)[0]:
            importing = _import_one(imports)
            continue
        message, descriptors, _, _ = socket.recv_fds(line, 1, 1)
        if not message:
            return
        gc.freeze()  # a collection in a fork would copy every page it looks at
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            become_warden(Channel(socket.socket(fileno=descriptors[0])))
        os.close(descriptors[0])
        line.sendall(b"f")


def _import_one(imports: object) -> bool:
    try:
        return next(imports, None) is not None  # type: ignore[call-overload]
    except ImportError:
        # Not for this process to judge: the run imports it too, fails, and says so in its journal.
        return False


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
