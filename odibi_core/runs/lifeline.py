"""The lifeline: when a warden dies, the kernel ends the run and its whole process group."""

from __future__ import annotations

import os
import select
import signal

try:
    import fcntl

    _SET_SIGNAL: int | None = getattr(fcntl, "F_SETSIG", None)
except ImportError:
    _SET_SIGNAL = None


def hold_on(descriptor: int) -> None:
    """Ties this process's group to the other end of a pipe that nobody writes to.

    The kernel sends SIGKILL to the group when the last writer is gone. It needs neither a thread nor
    the GIL, so a run that is stuck in C dies too, and so do the processes it has started (which
    PR_SET_PDEATHSIG would leave behind). Where there is no F_SETSIG, the thread that reads the
    warden's words notices instead.
    """
    if _SET_SIGNAL is None:
        return
    fcntl.fcntl(descriptor, fcntl.F_SETOWN, -os.getpgrp())
    fcntl.fcntl(descriptor, _SET_SIGNAL, signal.SIGKILL)
    fcntl.fcntl(descriptor, fcntl.F_SETFL, fcntl.fcntl(descriptor, fcntl.F_GETFL) | os.O_ASYNC)
    if select.select([descriptor], [], [], 0)[0]:  # it had gone before the kernel was told
        os.killpg(0, signal.SIGKILL)
