"""LogIndex: a run's log lines by number, without holding their text."""

from __future__ import annotations

import re
import threading
from array import array
from typing import TYPE_CHECKING

from odibi_core.journal.events import Log
from odibi_core.journal.reader import JournalReader
from odibi_core.journal.record import LogLine

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

LEVELS = ("debug", "info", "warning", "error", "critical")
_NO_STEP = 0xFFFFFFFF
_BLOCK = 1024 * 1024
_ESCAPED_IN_JSON = re.compile(r'["\\\x00-\x1f]')
_SYNONYMS = {"warn": "warning", "fatal": "critical", "trace": "debug", "notset": "debug"}


def level_rank(level: str) -> int:
    """Returns how grave a level is; one nobody knows counts as info."""
    name = level.lower()
    name = _SYNONYMS.get(name, name)
    return LEVELS.index(name) if name in LEVELS else LEVELS.index("info")


class LogIndex:
    """Knows where each log line stands in the journal, and reads those that are asked for.

    About 17 bytes a line. One thread may add while others read.
    """

    def __init__(self, journal: Path) -> None:
        self._reader = JournalReader(journal)
        self._opening = threading.Lock()
        self._offsets = array("Q")
        self._lengths = array("I")
        self._ranks = array("B")
        self._steps = array("I")
        self._known_ranks: dict[str, int] = {}
        self._step_numbers: dict[str | None, int] = {None: 0}

    def __len__(self) -> int:
        return len(self._offsets)

    def add(self, offset: int, length: int, level: str, step: str | None) -> None:
        """Takes in the next line, which stands at a place of the journal."""
        rank = self._known_ranks.get(level)
        if rank is None:
            rank = self._known_ranks[level] = level_rank(level)
        number = self._step_numbers.get(step)
        if number is None:
            number = self._step_numbers[step] = len(self._step_numbers)
        self._ranks.append(rank)
        self._steps.append(number)
        self._lengths.append(min(length, 0xFFFFFFFF))
        self._offsets.append(offset)  # last: its length is the index's

    def lines(self, start: int, stop: int) -> list[LogLine]:
        """Returns the lines from `start` up to `stop`, as far as there are any."""
        return [self.line(i) for i in range(max(0, start), min(stop, len(self)))]

    def line(self, number: int) -> LogLine:
        """Returns one line; one that has been damaged since says so."""
        with self._opening:
            event = self._reader.at(self._offsets[number], self._lengths[number])
        if isinstance(event, Log):
            return LogLine(event.ts, event.level, event.step, event.message, event.stream)
        from datetime import UTC, datetime

        return LogLine(datetime.fromtimestamp(0, UTC), "error", None, "this line of the journal is damaged")

    def filtered(
        self, level: str | None = None, step: str | None = None, text: str | None = None
    ) -> FilteredLog:
        """Returns a view of the lines that match; it grows with the index.

        Args:
            level: This level and graver ones.
            step: Lines of this step only.
            text: Lines whose message contains this, whatever the case.
        """
        return FilteredLog(self, level=level, step=step, text=text)

    def close(self) -> None:
        """Closes the journal; it is opened again when a line is asked for."""
        with self._opening:
            self._reader.close()

    def matching(
        self, start: int, stop: int, level: str | None, step: str | None, text: str | None
    ) -> Iterator[int]:
        """Yields the numbers of the matching lines from `start` up to `stop`; criteria as in `filtered`."""
        rank = 0 if level is None else level_rank(level)
        number = None if step is None else self._step_numbers.get(step, _NO_STEP)
        found: Iterator[int] = (
            i
            for i in range(start, stop)
            if self._ranks[i] >= rank and (number is None or self._steps[i] == number)
        )
        return found if not text else self._containing(found, text.casefold())

    def _containing(self, numbers: Iterable[int], needle: str) -> Iterator[int]:
        """Yields those of the lines that contain a text, whatever the case; decodes only likely ones."""
        plain = needle.encode() if needle.isascii() and not _ESCAPED_IN_JSON.search(needle) else None
        block, block_start = b"", 0
        for number in numbers:
            offset, length = self._offsets[number], self._lengths[number]
            if offset < block_start or offset + length > block_start + len(block):
                with self._opening:
                    block, block_start = self._reader.raw(offset, max(length, _BLOCK)), offset
            line = block[offset - block_start : offset - block_start + length]
            if plain is not None and line.isascii() and plain not in line.lower():
                continue
            if needle in self.line(number).message.casefold():
                yield number


class FilteredLog:
    """Those lines of a log that match; numbered from 0, growing as the log grows."""

    def __init__(self, log: LogIndex, *, level: str | None, step: str | None, text: str | None) -> None:
        self._log = log
        self._criteria = (level, step, text)
        self._numbers = array("Q")
        self._seen = 0
        self._refreshing = threading.Lock()

    def __len__(self) -> int:
        self.refresh()
        return len(self._numbers)

    def lines(self, start: int, stop: int) -> list[LogLine]:
        """Returns the matching lines from `start` up to `stop`, as far as there are any."""
        self.refresh()
        return self.found_lines(start, stop)

    @property
    def found(self) -> int:
        """How many matching lines have been found so far; unlike `len`, it never searches."""
        return len(self._numbers)

    def found_lines(self, start: int, stop: int) -> list[LogLine]:
        """Returns lines as `lines` does, of those found so far; unlike it, it never searches."""
        return [self._log.line(n) for n in self._numbers[max(0, start) : max(0, stop)]]

    def filtered(
        self, level: str | None = None, step: str | None = None, text: str | None = None
    ) -> FilteredLog:
        """Returns a narrower view: what is given here replaces this view's own criterion."""
        old_level, old_step, old_text = self._criteria
        return self._log.filtered(level or old_level, step or old_step, text or old_text)

    def refresh(self, max_lines: int | None = None) -> bool:
        """Looks at lines added since the last time, at most `max_lines`.

        Returns:
            Whether all lines have been looked at. Searching a million lines for a text takes seconds: call
            this with a bound from a worker first, then `len` and `lines` are quick.
        """
        with self._refreshing:
            total = len(self._log)
            stop = total if max_lines is None else min(total, self._seen + max_lines)
            self._numbers.extend(self._log.matching(self._seen, stop, *self._criteria))
            self._seen = max(self._seen, stop)
            return self._seen >= total
