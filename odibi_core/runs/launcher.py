"""RunLauncher: starts runs from a fork server that has the heavy imports behind it."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Self

from odibi_core.errors import RunError
from odibi_core.runs.channel import Channel
from odibi_core.runs.handle import RunHandle
from odibi_core.runs.request import Start, Surroundings

if TYPE_CHECKING:
    from odibi_core.runs.request import RunRequest

_PATIENCE_S = 2.0


class RunLauncher:
    """Starts runs quickly, also from a process with threads and a screen.

    The fork server is a process of its own, with one thread, that imports pandas, DuckDB and the rest
    once; a run is then a matter of milliseconds. It is started again when it has died. Runs do not
    depend on it once they have begun. Methods may be called from any thread.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._server: subprocess.Popen[bytes] | None = None
        self._line: socket.socket | None = None

    def warm_up(self) -> None:
        """Starts the fork server, which goes on importing in the background; does nothing if it runs.

        Raises:
            RunError: It cannot be started.
        """
        with self._lock:
            self._connected()

    def start(self, request: RunRequest) -> RunHandle:
        """Starts a run; environment, module path and current directory are those of this process now.

        Raises:
            RunError: It cannot be started.
        """
        start = Start(request, Surroundings.here())
        warden = self._new_warden()
        if warden is None:  # the server had died and did not know it; the next one is fresh
            warden = self._new_warden()
        if warden is None:
            raise RunError("the process that starts runs ends as soon as it is started")
        return RunHandle.start(warden, start)

    def close(self) -> None:
        """Ends the fork server; runs go on."""
        with self._lock:
            self._disconnect()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _new_warden(self) -> Channel | None:
        """Lets the server fork a warden and returns the channel to it; None if the server is gone."""
        mine, wardens = socket.socketpair()
        with self._lock, wardens:
            line = self._connected()
            try:
                socket.send_fds(line, [b"w"], [wardens.fileno()])
                forked = line.recv(1)
            except (BrokenPipeError, ConnectionResetError):
                forked = b""
            if not forked:
                self._disconnect()
                mine.close()
                return None
        return Channel(mine)

    def _connected(self) -> socket.socket:
        if self._line is not None and self._server is not None and self._server.poll() is None:
            return self._line
        self._disconnect()
        mine, servers = socket.socketpair()
        # The server finds the modules this process finds, and none in its current directory.
        environ = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        command = [sys.executable, "-P", "-m", "odibi_core.runs.forkserver", str(servers.fileno())]
        with servers:
            try:
                self._server = subprocess.Popen(
                    command,
                    env=environ,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    pass_fds=[servers.fileno()],
                    start_new_session=True,
                )
            except OSError as error:
                mine.close()
                raise RunError(f"cannot start the process that starts runs: {error.strerror}") from error
        self._line = mine
        return mine

    def _disconnect(self) -> None:
        line, server = self._line, self._server
        self._line = self._server = None
        if line is not None:
            line.close()
        if server is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.wait(_PATIENCE_S)
                return
            server.kill()
            server.wait()
