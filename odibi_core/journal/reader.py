"""JournalReader: reads a journal while it grows, past everything that is damaged or not yet known."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

from odibi_core.errors import RunLogError
from odibi_core.journal.codec import LogHead, decode_line, decode_quick
from odibi_core.journal.events import Log

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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
            decoded = self._take(line)
            if decoded is not None:
                entries.append(Entry(offset, len(line), *decoded))
                if len(entries) == max_events:
                    break
        self._insist_on_a_journal()
        return entries

    def scan(
        self,
        apply: Callable[[Event], None],
        index: Callable[[int, int, str, str | None], None],
        max_lines: int | None = None,
    ) -> int:
        """Reads on like `read_entries`, but quickly: of log lines only what an index of them holds.

        Args:
            apply: Takes each event that is not a log line.
            index: Takes offset, length, level and step of each log line.
            max_lines: Most lines to read.

        Returns:
            How many lines were read, those skipped among them; 0 where there was nothing new.

        Raises:
            RunLogError: The file cannot be read, or is no journal at all.
        """
        number = 0
        if max_lines is not None and max_lines <= 0:
            return number
        for offset, line in self._lines():
            number += 1
            event = decode_quick(line)
            if event is None:
                self._scan_slowly(offset, line, apply, index)
            elif isinstance(event, LogHead):
                self._good += 1
                index(offset, len(line), event.level, event.step)
            else:
                self._good += 1
                apply(event)
            if number == max_lines:
                break
        self._insist_on_a_journal()
        return number

    def _scan_slowly(
        self,
        offset: int,
        line: bytes,
        apply: Callable[[Event], None],
        index: Callable[[int, int, str, str | None], None],
    ) -> None:
        taken = self._take(line)
        if taken is None:
            return
        event = taken[1]
        if isinstance(event, Log):
            index(offset, len(line), event.level, event.step)
        else:
            apply(event)

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

    def _take(self, line: bytes) -> tuple[int, Event] | None:
        """Returns a line's number and event, and counts it; None where it is of no use."""
        decoded = decode_line(line)
        if decoded is None:
            self.damaged += bool(line)
            return None
        self._good += 1
        if decoded[1] is None:
            self.unknown += 1
            return None
        return decoded[0], decoded[1]

    def _insist_on_a_journal(self) -> None:
        if self.damaged and not self._good:
            raise RunLogError(f"`{self.path}` is not a journal: none of its lines is an event")

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
