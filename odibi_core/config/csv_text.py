"""CSV text -> rows of cells that know where they stand."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator


class Cell(NamedTuple):
    """A cell: its text, where its content stands (inside the quotes) and whether it has quotes.

    `broken` says what is wrong with it: `open` (the quotes are never closed) or `after` (something stands
    behind the closing quote).
    """

    text: str
    start: int
    end: int
    quoted: bool
    broken: str = ""


class Row(NamedTuple):
    """A row: its cells, and the offsets of its first character and after its last."""

    cells: list[Cell]
    start: int
    end: int


def read_rows(text: str, delimiter: str, start: int = 0) -> Iterator[Row]:
    """Yields the rows that are not empty."""
    mark = re.escape(delimiter)
    plain = re.compile(rf"[^{mark}\r\n]*")
    quoted = re.compile(r'"((?:[^"]|"")*)("?)')
    size = len(text)
    at = row_start = start
    cells: list[Cell] = []
    while True:
        match = quoted.match(text, at)
        if match is not None:
            at, cell = _quoted_cell(text, match, plain)
        else:
            bare = plain.match(text, at)
            end = bare.end() if bare is not None else at
            cell = Cell(text[at:end], at, end, False)
            at = end
        cells.append(cell)
        if text.startswith(delimiter, at):
            at += 1
            continue
        if any(cell.text.strip() for cell in cells):
            yield Row(cells, row_start, at)
        if at >= size:
            return
        at += 2 if text.startswith("\r\n", at) else 1
        cells, row_start = [], at
        if at >= size:
            return


def _quoted_cell(text: str, match: re.Match[str], plain: re.Pattern[str]) -> tuple[int, Cell]:
    value, (start, end) = match[1].replace('""', '"'), match.span(1)
    if not match[2]:
        return len(text), Cell(value, start, end, True, "open")
    at = match.end()
    rest = plain.match(text, at)
    after = rest.end() if rest is not None else at
    broken = "after" if text[at:after].strip() else ""
    return after, Cell(value, start, end, True, broken)


def find_delimiter(text: str, start: int, known: frozenset[str]) -> str:
    """Returns the delimiter with which the first line names the most known columns; comma by default."""
    end = text.find("\n", start)
    line = text[start : len(text) if end < 0 else end]

    def hits(delimiter: str) -> int:
        return sum(1 for name in line.split(delimiter) if name.strip().strip('"').casefold() in known)

    return max(",;\t|", key=hits)
