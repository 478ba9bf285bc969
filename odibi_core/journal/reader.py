"""JournalReader: reads a journal while it grows, past everything that is damaged or not yet known."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

from odibi_core.errors import RunLogError
from odibi_core.journal.codec import decode_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from odibi_core.journal.events import Event

_CHUNK = 1024 * 1024
_MAX_LINE = 256 * 1024 * 1024


class Entry(NamedTuple):
    """An event with its place in the journal, in bytes; the length is without the newline."""

    offset: int
    length: int
    seq: int
    event: Event


class JournalReader:
    """Returns a journal's events in order, each once, as they are written.

    Types this version does not know and damaged lines are skipped and counted. A last line without its
    newline is left until it has one. A journal that does not exist yet has no events.

    Attributes:
        path: The journal.
        offset: Bytes read so far.
        unknown: Lines of unknown types skipped so far.
        damaged: Damaged lines skipped so far.
    """

    def __init__(self, path: str | Path) -> None:
        self._descriptor: int | None = None
        self.path = Path(path)
        self.offset = 0
        self.unknown = 0
        self.damaged = 0
        self._good = 0

    def read(self, max_events: int | None = None) -> list[tuple[int, Event]]:
        """Returns the events written since the last call, at most `max_events`.

        Raises:
            RunLogError: The file cannot be read, or is no journal at all.
        """
        return [(entry.seq, entry.event) for entry in self.read_entries(max_events)]

    def read_entries(self, max_events: int | None = None) -> list[Entry]:
        """Like `read`, with the place of each event."""
        entries: list[Entry] = []
        if max_events is not None and max_events <= 0:
            return entries
        for offset, line in self._lines():
            decoded = decode_line(line)
            if decoded is None:
                self.damaged += bool(line)
            elif decoded[1] is None:
                self.unknown += 1
                self._good += 1
            else:
                self._good += 1
                entries.append(Entry(offset, len(line), decoded[0], decoded[1]))
                if len(entries) == max_events:
                    break
        if self.damaged and not self._good:
            raise RunLogError(f"`{self.path}` is not a journal: none of its lines is an event")
        return entries

    def at(self, offset: int, length: int) -> Event | None:
        """Returns the event at a place that an entry named, or None if it is damaged."""
        decoded = decode_line(self.raw(offset, length))
        return None if decoded is None else decoded[1]

    def raw(self, offset: int, length: int) -> bytes:
        """Returns the bytes at a place, fewer where the file ends."""
        descriptor = self._open()
        return b"" if descriptor is None else self._pread(descriptor, length, offset)

    def close(self) -> None:
        """Closes the file; the next read opens it again and goes on where it stopped."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    def _lines(self) -> Iterator[tuple[int, bytes]]:
        """Yields whole lines from `offset` on, and moves it past each line taken."""
        descriptor = self._open()
        if descriptor is None:
            return
        size = _CHUNK
        while True:
            chunk = self._pread(descriptor, size, self.offset)
            whole = chunk.rfind(b"\n") + 1
            if whole == 0:
                if len(chunk) < size:
                    return
                size *= 4  # one line is longer than the chunk
                if size > _MAX_LINE:
                    raise RunLogError(f"`{self.path}` is not a journal: it has a line of more than 256 MB")
                if self._good == 0 and not chunk.startswith(b"{"):
                    raise RunLogError(f"`{self.path}` is not a journal: it does not start with an event")
                continue
            size = _CHUNK
            start = 0
            base = self.offset
            while start < whole:
                end = chunk.index(b"\n", start)
                self.offset = base + end + 1
                yield base + start, chunk[start:end]
                start = end + 1

    def _open(self) -> int | None:
        if self._descriptor is None:
            flags = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
            try:
                self._descriptor = os.open(self.path, flags)
            except FileNotFoundError:
                return None
            except OSError as error:
                raise RunLogError(f"cannot read `{self.path}`: {error.strerror or error}") from error
        return self._descriptor

    def _pread(self, descriptor: int, size: int, offset: int) -> bytes:
        try:
            return os.pread(descriptor, size, offset)
        except OSError as error:
            raise RunLogError(f"cannot read `{self.path}`: {error.strerror or error}") from error
