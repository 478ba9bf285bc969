"""Where each line of a source and each note under it stands on screen, and back: wrapping and notes."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TAB = "    "
LONGEST = 20_000
"""Characters of one line that are shown; wrapping a line of millions would hold the screen up."""
_CLEAN = bytes(range(32, 127)) + b"\n"
_HIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def displayed(line: str) -> str:
    """Returns a source line as shown: tabs as four blanks, control and invisible characters as pictures."""
    return line if line.isprintable() else _HIDDEN.sub(_picture, line)


def _picture(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code == 9:
        return TAB
    if code < 32:
        return chr(0x2400 + code)
    return "␡" if code == 127 else "�"


def split_lines(text: str) -> list[str]:
    """Returns the lines of a source as they are shown; a last empty line is left out."""
    lines = text.split("\n")
    if len(lines) > 1 and not lines[-1]:
        lines.pop()
    if "\r" in text:
        lines = [line.removesuffix("\r") for line in lines]
    if max(map(len, lines)) > LONGEST:
        lines = [_cut(line) for line in lines]
    if not _is_clean(text):
        lines = [displayed(line) for line in lines]
    return lines


def _cut(line: str) -> str:
    rest = len(line) - LONGEST
    return line if rest <= 0 else f"{line[:LONGEST]} ... {rest:,} more characters"


def _is_clean(text: str) -> bool:
    """Whether nothing in it has to be shown as something else; quick for millions of characters."""
    if text.isascii():
        return not text.encode("ascii").translate(None, _CLEAN)
    return all(line.isprintable() for line in text.split("\n"))


def column_in(line: str, column: int) -> int:
    """Returns where the character in `column` (from 1) of a raw line stands in the line as displayed."""
    return len(displayed(line[: min(column - 1, LONGEST)]))


def wrapped(line: str, width: int) -> list[tuple[int, int]]:
    """Returns the start and end of each piece of a displayed line that has room in `width` cells."""
    if len(line) <= width and (line.isascii() or cell_len(line) <= width):
        return [(0, len(line))]
    if line.isascii():
        return [(start, min(start + width, len(line))) for start in range(0, len(line), width)]
    pieces, start = [], 0
    while start < len(line):
        end = start + 1  # rich's own split_text fails at wide characters (rich 15.0)
        while end < len(line) and cell_len(line[start : end + 1]) <= width:
            end += 1
        pieces.append((start, end))
        start = end
    return pieces


def _height(line: str, width: int) -> int:
    """Returns how many pieces `wrapped` makes of a line."""
    return max(-(-len(line) // width), 1) if line.isascii() else len(wrapped(line, width))


class Place(NamedTuple):
    """What stands in a row: a piece of a source line, or row `note_row` of note `note` under it."""

    line: int
    piece: tuple[int, int]
    first: bool
    note: int | None = None
    note_row: int = 0


class Note(NamedTuple):
    """Something to be shown under the character `at` of a source line (both from 0), `height` rows high."""

    line: int
    at: int
    height: int


class SourceLayout:
    """Knows the rows of wrapped lines with notes between them; only lines that are long or noted cost memory.

    Args:
        lines: The displayed lines.
        width: Cells a line has.
        notes: What stands under the lines; answers name them by their position here.
    """

    def __init__(self, lines: Sequence[str], width: int, notes: Sequence[Note] = ()) -> None:
        self.lines, self.width, self.notes = lines, max(width, 1), notes
        by_line: dict[int, list[int]] = {}
        for index, note in enumerate(notes):
            if note.line < len(lines):
                by_line.setdefault(note.line, []).append(index)
        self._by_line: Mapping[int, list[int]] = by_line
        limit = self.width
        tall = [i for i, length in enumerate(map(len, lines)) if length > limit]
        if not all(map(str.isascii, lines)):
            tall += [i for i, line in enumerate(lines) if not line.isascii() and cell_len(line) > limit]
        self._special = sorted({*tall, *by_line})
        self._first_rows: list[int] = []
        self._heights: list[int] = []
        extra = 0
        for line in self._special:
            self._first_rows.append(line + extra)
            height = _height(lines[line], limit) + sum(notes[i].height for i in by_line.get(line, ()))
            self._heights.append(height)
            extra += height - 1
        self.total = len(lines) + extra

    def at(self, row: int) -> Place:
        """Returns what stands in a row."""
        special = bisect_right(self._first_rows, row) - 1
        if special < 0:
            return Place(row, (0, len(self.lines[row])), True)
        line, offset = self._special[special], row - self._first_rows[special]
        past = offset - self._heights[special]
        if past >= 0:
            line += past + 1
            return Place(line, (0, len(self.lines[line])), True)
        return self._rows_of(line)[offset]

    def row_of(self, line: int, at: int = 0) -> int:
        """Returns the row in which character `at` of a line stands (both from 0)."""
        special = bisect_right(self._special, line) - 1
        if special < 0:
            return line
        if self._special[special] == line:
            rows = self._rows_of(line)
            inside = (i for i, place in enumerate(rows) if place.note is None and at < place.piece[1])
            last_text = max(i for i, place in enumerate(rows) if place.note is None)
            return self._first_rows[special] + next(inside, last_text)
        return self._first_rows[special] + self._heights[special] + (line - self._special[special] - 1)

    def row_of_note(self, index: int) -> int:
        """Returns the first row of a note."""
        note = self.notes[index]
        special = bisect_right(self._special, note.line) - 1
        rows = self._rows_of(note.line)
        return self._first_rows[special] + next(i for i, place in enumerate(rows) if place.note == index)

    def _rows_of(self, line: int) -> list[Place]:
        """A note follows the piece its character is in."""
        rows: list[Place] = []
        pieces = wrapped(self.lines[line], self.width)
        waiting = list(self._by_line.get(line, ()))
        for number, piece in enumerate(pieces):
            rows.append(Place(line, piece, number == 0))
            last = number == len(pieces) - 1
            here = [i for i in waiting if last or self.notes[i].at < piece[1]]
            waiting = [i for i in waiting if i not in here]
            for index in here:
                rows.extend(Place(line, piece, False, index, n) for n in range(self.notes[index].height))
        return rows
