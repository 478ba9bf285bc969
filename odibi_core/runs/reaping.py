"""Ending processes: a run, its process group, and what its children left behind."""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
_PATIENCE_S = 2.0


def adopt_orphans() -> None:
    """Makes processes whose parent dies below this one its children, where the system can.

    Without it, a process that user code has started in a session of its own could not be found again.
    """
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def kill_group(leader: int) -> None:
    """Kills every process of a group, also when its leader has ended."""
    with suppress(ProcessLookupError, PermissionError):  # nobody left, or (macOS) only a zombie
        os.killpg(leader, signal.SIGKILL)


def end_children() -> None:
    """Kills and reaps all children of this process, those it adopts meanwhile too."""
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        for pid in _children():
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            time.sleep(0.002)


def describe(status: int) -> str:
    """Says how a process ended, from its wait status: `by signal 11 (SIGSEGV)` or `with exit code 3`."""
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return f"with exit code {code}"
    try:
        return f"by signal {-code} ({signal.Signals(-code).name})"
    except ValueError:  # a realtime signal has no name
        return f"by signal {-code}"


def resident_bytes(pid: int) -> int | None:
    """Returns the resident memory of a process, None where the system does not tell."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_bytes().split()[1])
    except (OSError, IndexError, ValueError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")


def _children() -> list[int]:
    try:
        text = Path(f"/proc/self/task/{os.getpid()}/children").read_text()
    except OSError:
        return []
    return [int(pid) for pid in text.split()]
