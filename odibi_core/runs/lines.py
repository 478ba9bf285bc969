"""Printed text cut into the lines of a log, whatever it is: endless lines, progress bars, broken UTF-8."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MAX_LINE = 65_536


class LineBuffer:
    """Collects pieces of text and gives back whole lines.

    A lone carriage return ends a line too, as progress bars use it, but makes no empty ones. A line
    beyond `MAX_LINE` characters comes in several pieces, so what is held is bounded.

    Args:
        mask: Applied to a text before it is cut, so that no secret is cut in two and missed.
    """

    def __init__(self, mask: Callable[[str], str] = str) -> None:
        self._mask = mask
        self._parts: list[str] = []
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def feed(self, text: str) -> list[str]:
        """Takes a piece of text and returns the lines it completes."""
        if "\n" not in text and "\r" not in text and not self._ends_with_return():
            self._keep(text)
            return self._overflow() if self._size > 2 * MAX_LINE else []
        *lines, rest = (self._take() + text).replace("\r\n", "\n").split("\n")
        whole = self._pieces(lines)
        # A final carriage return waits: the newline that may belong to it has not come yet.
        body, last = (rest[:-1], "\r") if rest.endswith("\r") else (rest, "")
        *ticks, after = body.split("\r")
        whole += self._pieces(filter(None, ticks))
        self._keep(after + last)
        return whole + (self._overflow() if self._size > 2 * MAX_LINE else [])

    def close(self) -> list[str]:
        """Returns what is left, as the last line."""
        rest = self._take().removesuffix("\r")
        return self._pieces([rest]) if rest else []

    def _pieces(self, lines: Iterable[str]) -> list[str]:
        pieces: list[str] = []
        for line in lines:
            *ticks, last = line.split("\r") if "\r" in line else (line,)
            for part in (*filter(None, ticks), last):
                if len(part) <= MAX_LINE:
                    pieces.append(part)
                else:
                    masked = self._mask(part)
                    pieces += [masked[at : at + MAX_LINE] for at in range(0, len(masked), MAX_LINE)]
        return pieces

    def _overflow(self) -> list[str]:
        # Twice the length has been collected, so a secret across the cut is whole when it is masked.
        masked = self._mask(self._take())
        cut = [masked[at : at + MAX_LINE] for at in range(0, len(masked), MAX_LINE)]
        self._keep(cut.pop())
        return cut

    def _keep(self, text: str) -> None:
        if text:
            self._parts.append(text)
            self._size += len(text)

    def _take(self) -> str:
        text = "".join(self._parts)
        self._parts.clear()
        self._size = 0
        return text

    def _ends_with_return(self) -> bool:
        return bool(self._parts) and self._parts[-1].endswith("\r")


class ByteLines:
    """A `LineBuffer` for bytes that are UTF-8 most of the time."""

    def __init__(self, mask: Callable[[str], str] = str) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._lines = LineBuffer(mask)

    def feed(self, data: bytes) -> list[str]:
        """Takes bytes and returns the lines they complete."""
        return self._lines.feed(self._decoder.decode(data))

    def close(self) -> list[str]:
        """Returns what is left, as the last line."""
        return self._lines.feed(self._decoder.decode(b"", final=True)) + self._lines.close()
