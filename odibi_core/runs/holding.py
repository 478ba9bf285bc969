"""Holding a run that is over, so that nobody takes it up while files of it are removed."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from typing import TYPE_CHECKING

from odibi_core.errors import RunError
from odibi_core.journal.load import load_journal
from odibi_core.runs.follow import fate_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from odibi_core.journal.layout import RunPaths


@contextlib.contextmanager
def held(paths: RunPaths, *, force: bool = False) -> Iterator[None]:
    """Holds a run's journal while files of the run are removed, so that no writer takes it up meanwhile.

    Raises:
        RunError: The run is live, or (without `force`) nobody can tell.
    """
    try:
        descriptor = os.open(paths.journal, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        yield
        return
    try:
        try:
            _lock(descriptor)
        except BlockingIOError as error:
            raise RunError(
                f"run `{paths.run_id}` is running and cannot be deleted", help="cancel it first"
            ) from error
        except OSError as error:
            record = load_journal(paths.journal).view()
            if record.is_live and fate_of(record, "unknown") != "interrupted" and not force:
                raise RunError(
                    f"nobody can tell whether run `{paths.run_id}` still lives",
                    help=f"locks do not work in `{paths.log_dir}`; if it is over, delete its files by hand",
                ) from error
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    """Takes the lock of a journal; tries again, because whoever asks for it holds it for an instant."""
    for _ in range(20):
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.005)
    return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
