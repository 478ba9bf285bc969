"""Where things stand in a text: offsets to lines and columns, and decoded characters to offsets."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate, count
from operator import add
from typing import TYPE_CHECKING

from odibi_core.diagnostics import Span

if TYPE_CHECKING:
    from collections.abc import Sequence

BOM = "\ufeff"


class TextSource:
    """The text of a config and what it is called; knows lines and columns, found when first asked."""

    __slots__ = ("_starts", "path", "text")

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self._starts: Sequence[int] | None = None

    def span(self, start: int, end: int | None = None) -> Span:
        """Returns the span of the characters `start` to `end` (one character if `end` is None)."""
        size = len(self.text)
        start = min(max(start, 0), size)
        end = min(start + 1 if end is None else max(end, start), size)
        line, column = self.position(start)
        end_line, end_column = self.position(end)
        return Span(self.path, line, column, end_line, end_column, start, end)

    def position(self, offset: int) -> tuple[int, int]:
        """Returns line and column of an offset, both from 1; a byte order mark takes no column."""
        if self._starts is None:
            self._starts = _line_starts(self.text)
        line = bisect_right(self._starts, offset)
        column = offset - self._starts[line - 1] + 1
        if line == 1 and column > 1 and self.text.startswith(BOM):
            column -= 1
        return line, column

    def line_text(self, line: int) -> str:
        """Returns a line without its end; empty where there is no such line."""
        if self._starts is None:
            self._starts = _line_starts(self.text)
        if not 1 <= line <= len(self._starts):
            return ""
        start = self._starts[line - 1]
        end = self.text.find("\n", start)
        return self.text[start : len(self.text) if end < 0 else end].rstrip("\r").removeprefix(BOM)


def _line_starts(text: str) -> list[int]:
    lengths = accumulate(map(len, text.split("\n")))
    starts = [0, *map(add, lengths, count(1))]  # each line break is a character more
    starts.pop()  # after the end
    return starts


def json_offset(text: str, start: int, index: int) -> int:
    """Returns where the `index`-th decoded character of a JSON string stands.

    Args:
        text: The text the string stands in.
        start: Offset of the string's opening quote.
        index: Character of the decoded string, from 0.
    """
    at = start + 1
    for _ in range(index):
        at = _after_json_character(text, at)
    return at


def _after_json_character(text: str, at: int) -> int:
    if text[at : at + 1] != "\\":
        return at + 1
    if text[at + 1 : at + 2] != "u":
        return at + 2
    # A character beyond U+FFFF is written as two escapes and decoded to one character.
    high, low = text[at + 2 : at + 6], text[at + 8 : at + 12]
    if high[:1] in "dD" and high[1:2] in "89abAB" and text[at + 6 : at + 8] == "\\u" and low[:1] in "dD":
        return at + 12 if low[1:2] in "cdefCDEF" else at + 6
    return at + 6
