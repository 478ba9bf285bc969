"""Rows of cells as aligned text: with styles on a terminal, plain elsewhere. Every cell is literal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

import click

from odibi_core.text import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console


_MAX_ALIGNED = 60  # a longer cell pushes its own line, not everyone's


class Cell(NamedTuple):
    """A cell: its text, however untrusted, and rich's style for it."""

    text: str
    style: str = ""
    right: bool = False


class Printer:
    """Writes to standard output: styled where it is a terminal, plain elsewhere."""

    def __init__(self) -> None:
        self._console: Console | None = None
        if sys.stdout.isatty():
            from rich.console import Console

            self._console = Console(highlight=False, emoji=False, markup=False)

    def line(self, *pieces: tuple[str, str]) -> None:
        """Writes a line made of (text, style) pieces; the texts must be safe already."""
        if self._console is None:
            click.echo("".join(text for text, _ in pieces).rstrip())
            return
        from rich.text import Text

        line = Text.assemble(*((text, style) for text, style in pieces if text))
        line.rstrip()
        self._console.print(line, soft_wrap=True)

    def table(self, rows: Sequence[Sequence[Cell]], *, indent: int = 0) -> None:
        """Writes rows, columns aligned and two spaces apart; the last column is as wide as it likes."""
        from rich.cells import cell_len

        texts = [[one_line(cell.text) for cell in row] for row in rows]
        widths: dict[int, int] = {}
        for line in texts:
            for i, text in enumerate(line):
                length = cell_len(text)
                widths[i] = max(widths.get(i, 0), length if length <= _MAX_ALIGNED else 0)
        for row, line in zip(rows, texts, strict=True):
            pieces: list[tuple[str, str]] = [(" " * indent, "")]
            for i, (cell, text) in enumerate(zip(row, line, strict=True)):
                gap = " " * (widths[i] - cell_len(text))
                pieces.append((gap + text if cell.right else text + gap, cell.style))
                pieces.append(("  ", ""))
            self.line(*pieces)
