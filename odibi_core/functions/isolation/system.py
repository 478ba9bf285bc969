"""What isolation asks of the operating system: forks, memory files, ends of processes."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import tempfile
import threading
import time
import warnings
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15
_PR_SET_CHILD_SUBREAPER = 36

GIVE_UP_S = 5.0  # a process in an uninterruptible system call does not die when killed


def is_supported() -> bool:
    """Whether this system has what isolation needs."""
    return hasattr(os, "fork") and hasattr(os, "killpg")


def fork() -> int:
    """Forks, knowingly, also where libraries have threads of their own."""
    if threading.active_count() > 1:  # catch_warnings is not thread-safe
        return os.fork()
    # From 3.12 on Python warns when the process has any thread, also those of OpenBLAS and of Arrow's
    # pools, which look after forks themselves.
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=DeprecationWarning, message=".*use of fork")
        return os.fork()


def memory_file() -> int:
    """Returns a descriptor of a file that has no name and vanishes when nobody has it open."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("odibi", os.MFD_CLOEXEC)
    descriptor, path = tempfile.mkstemp(prefix="odibi-")
    Path(path).unlink()
    return descriptor


def name_process(name: str) -> None:
    """Sets what `ps` and `top` show; at most 15 characters."""
    _prctl(_PR_SET_NAME, ctypes.create_string_buffer(name.encode()))


def die_with_parent(parent: int) -> None:
    """Asks the kernel to kill this process when `parent`, its parent, ends; Linux only."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before we asked
        os._exit(1)


def adopt_orphans() -> None:
    """Makes what descendants leave behind children of this process; Linux only."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def reset_signals() -> None:
    """Gives every signal its default meaning back, apart from SIGINT and SIGPIPE, which are ignored."""
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals():
        if number in (signal.SIGKILL, signal.SIGSTOP):
            continue
        with contextlib.suppress(OSError, ValueError):  # some are reserved by the C library
            signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)


def let_go_of_descriptors(keep: set[int]) -> None:
    """Gives up every inherited descriptor but `keep`.

    Each is replaced by the null device rather than closed: objects of the process we were forked from
    still hold the numbers, and would close whatever got the number next.
    """
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in _open_descriptors():
        if descriptor != null and descriptor not in keep:
            with contextlib.suppress(OSError):  # the directory listing's own
                os.fstat(descriptor)
                os.dup2(null, descriptor, inheritable=descriptor <= 2)
    os.close(null)


def _open_descriptors() -> list[int]:
    for directory in ("/proc/self/fd", "/dev/fd"):
        if Path(directory).is_dir():
            return [int(entry.name) for entry in Path(directory).iterdir()]
    return list(range(256))


def children() -> list[int]:
    """Returns the children of this (single-threaded) process, zombies included; Linux only."""
    me = os.getpid()
    try:
        return [int(pid) for pid in Path(f"/proc/self/task/{me}/children").read_text().split()]
    except OSError:
        pass
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parent = (entry / "stat").read_text().rpartition(")")[2].split()[1]
            if int(parent) == me:
                found.append(int(entry.name))
    return found


def end_all(leader: int) -> int | None:
    """Kills the process group of `leader`, a child of this process, and all other descendants; reaps them.

    Returns:
        The wait status of `leader`, or None if something would not die.
    """
    status: int | None = None
    deadline = time.monotonic() + GIVE_UP_S
    pause = 0.0005
    while True:
        if status is None:  # once it is reaped, its number may be another's
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(leader, signal.SIGKILL)
        for pid in children():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        try:
            while True:
                pid, ended = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    break
                if pid == leader:
                    status = ended
        except ChildProcessError:
            return status
        if time.monotonic() > deadline:
            return None
        time.sleep(pause)
        pause = min(pause * 2, 0.05)


def _prctl(option: int, argument: object) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, argument, 0, 0, 0)


def native_threads() -> int:
    """Returns how many threads this process has, also those of C libraries; 0 where that is not known."""
    try:
        return len(os.listdir("/proc/self/task"))  # noqa: PTH208 - names only, and no Path for each
    except OSError:
        return 0
