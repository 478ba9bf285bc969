"""Whether the process that writes a run's journal still lives: the advisory lock it holds on it."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path
from typing import Literal

Holder = Literal["live", "gone", "unknown"]


def hold(descriptor: int) -> Holder:
    """Takes the journal's lock for as long as `descriptor`, or a fork's copy of it, is open.

    Returns:
        "live" when it is held now, "gone" when somebody else holds it, "unknown" where locks do not work.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return "gone" if error.errno in (errno.EWOULDBLOCK, errno.EACCES) else "unknown"
    return "live"


def holder_state(path: str | Path) -> Holder:
    """Returns whether somebody holds the lock of a journal.

    Args:
        path: The journal, or the run's directory.

    Returns:
        "unknown" where the file is missing or locks do not work.
    """
    path = Path(path)
    if path.is_dir():
        path = path / "events.jsonl"
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return "unknown"
    try:
        # Shared, so that two who ask at the same time do not take each other for the run.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        return "live" if error.errno in (errno.EWOULDBLOCK, errno.EACCES) else "unknown"
    finally:
        os.close(descriptor)
    return "gone"
