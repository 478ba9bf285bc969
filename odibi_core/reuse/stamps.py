"""Stamps: files as they were when a step read or wrote them, and whether they still are."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import TYPE_CHECKING

from odibi_core.journal.events import FileStamp
from odibi_core.reuse.digests import file_digest

if TYPE_CHECKING:
    from collections.abc import Iterable

# Up to this size a file is known by its bytes (some 10 ms), so that one that was only touched, or checked
# out again, counts as the same; a larger one by size and time.
DIGEST_UP_TO = 16 * 1024 * 1024


class Stamper:
    """Stamps files; digests of files that have not changed since an earlier stamp are taken from it.

    Args:
        known: Stamps of earlier runs.
    """

    def __init__(self, known: Iterable[FileStamp] = ()) -> None:
        self._known = {stamp.path: stamp for stamp in known if stamp.digest is not None}

    def learn(self, stamps: Iterable[FileStamp]) -> None:
        """Takes in stamps of earlier runs; those known already count more."""
        for stamp in stamps:
            if stamp.digest is not None:
                self._known.setdefault(stamp.path, stamp)

    def stamps(self, paths: Iterable[Path], *, read: bool = True) -> tuple[FileStamp, ...]:
        """Returns files as they are now, which count as large if they are so together.

        Args:
            paths: The files.
            read: Whether small ones may be read, which nothing can interrupt.

        Raises:
            OSError: One is not there, is no regular file (a pipe would wait for ever), or cannot be read.
        """
        found = [(path, path.stat()) for path in paths]
        for path, status in found:
            if not stat.S_ISREG(status.st_mode):
                raise OSError(f"`{path}` is not a regular file")
        small = read and sum(status.st_size for _, status in found) <= DIGEST_UP_TO
        return tuple(self._stamp(path, (status.st_size, status.st_mtime_ns), small) for path, status in found)

    def _stamp(self, path: Path, at: tuple[int, int], small: bool) -> FileStamp:
        if not small:
            return FileStamp(str(path), *at)
        known = self._known.get(str(path))
        if known is not None and (known.size, known.mtime_ns) == at:
            return known
        stamp = FileStamp(str(path), *at, file_digest(path))
        self._known[stamp.path] = stamp
        return stamp


def identity(stamp: FileStamp) -> tuple[str, str | int, int]:
    """Returns what tells a file's content apart from another: its bytes, else its size and time."""
    if stamp.digest is not None:
        return (stamp.path, stamp.digest, stamp.size)
    return (stamp.path, stamp.mtime_ns, stamp.size)


def is_untouched(stamp: FileStamp) -> bool:
    """Whether a file has still the size and time of its stamp."""
    try:
        found = Path(stamp.path).stat()
    except OSError:
        return False
    return (found.st_size, found.st_mtime_ns) == (stamp.size, stamp.mtime_ns)


def is_same(stamp: FileStamp) -> bool:
    """Whether a file is what it was when it was stamped: untouched, or with the same bytes."""
    if is_untouched(stamp):
        return True
    path = Path(stamp.path)
    try:
        return (
            stamp.digest is not None
            and path.stat().st_size == stamp.size
            and file_digest(path) == stamp.digest
        )
    except OSError:
        return False
