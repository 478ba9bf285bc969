"""Reads a whole journal into a record, quickly: log lines are only counted."""

from __future__ import annotations

import mmap
from pathlib import Path

from odibi_core.errors import RunLogError
from odibi_core.journal.codec import LogHead, decode_line, decode_quick
from odibi_core.journal.events import Log
from odibi_core.journal.fold import RunBuilder


def load_journal(path: str | Path) -> RunBuilder:
    """Folds all whole lines of a journal; unknown types and damaged lines are skipped.

    Raises:
        RunLogError: The file cannot be read, or is no journal at all.
    """
    path = Path(path)
    builder = RunBuilder()
    try:
        with path.open("rb") as file:
            if not file.seek(0, 2):
                return builder
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as memory:
                _fold(memory, builder, path)
    except (OSError, ValueError) as error:
        if isinstance(error, RunLogError):
            raise
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise RunLogError(f"cannot read `{path}`: {reason}") from error
    return builder


def _fold(memory: mmap.mmap, builder: RunBuilder, path: Path) -> None:
    apply = builder.apply
    logs = good = bad = 0
    for line in iter(memory.readline, b""):
        if line[-1] != 0x0A:
            break  # torn
        event = decode_quick(line)
        if isinstance(event, LogHead):
            logs += 1
        elif event is not None:
            good += 1
            apply(event)
        else:
            decoded = decode_line(line)
            if decoded is None:
                bad += len(line) > 1
            elif type(decoded[1]) is Log:
                logs += 1
            else:
                good += 1
                if decoded[1] is not None:
                    apply(decoded[1])
    if bad and not good and not logs:
        raise RunLogError(f"`{path}` is not a journal: none of its lines is an event")
    builder.count_logs(logs)
