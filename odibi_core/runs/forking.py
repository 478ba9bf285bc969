"""What a freshly forked process does first: it cuts what ties it to its parent."""

from __future__ import annotations

import gc
import os
import signal
from contextlib import suppress


def leave_parent(keep: int) -> None:
    """Cuts what ties a fork to its parent: session, signals, files.

    Inherited descriptors are pointed at /dev/null rather than closed, because the parent's objects in
    this process's memory still own their numbers and may close them at any time.
    """
    gc.freeze()
    os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    null = os.open(os.devnull, os.O_RDWR)
    for name in os.listdir("/dev/fd"):  # noqa: PTH208 - the numbers, nothing else
        descriptor = int(name)
        if descriptor not in (keep, null):
            with suppress(OSError):  # the one that listed the directory
                os.fstat(descriptor)
                os.dup2(null, descriptor, inheritable=descriptor < 3)
    os.close(null)
