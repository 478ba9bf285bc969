"""Rows of a sample as aligned text: numbers at the right, every value shown literally."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.cells import cell_len

from odibi_core.text import one_line
from odibi_tui import format as fmt

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from odibi_core.journal.events import ColumnInfo
    from odibi_tui.widgets.lines import Part

_WIDEST = 32
_NUMBERS = ("int", "uint", "float", "double", "decimal", "halffloat")


def cell_text(value: Any) -> str:
    """Returns a JSON value as a cell; null is told apart from the text `null`."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return (
            f"{value:.6f}".rstrip("0").rstrip(".") if 1e-4 <= abs(value) < 1e15 or not value else repr(value)
        )
    return one_line(str(value))


def sample_rows(
    columns: Sequence[ColumnInfo], sample: Sequence[Mapping[str, Any]], *, ascii_only: bool = False
) -> list[list[Part]]:
    """Returns a line of names, a line of types and a line a row."""
    bar = f" {fmt.sign('rule', ascii_only=ascii_only)} "
    names: list[Part] = []
    types: list[Part] = []
    rows: list[list[Part]] = [[] for _ in sample]
    for index, column in enumerate(columns):
        right = column.type.startswith(_NUMBERS)
        texts = [
            fmt.shorten(cell_text(row.get(column.name)), _WIDEST, ascii_only=ascii_only) for row in sample
        ]
        name = fmt.shorten(column.name, _WIDEST, ascii_only=ascii_only)
        width = max(cell_len(text) for text in (name, column.type, *texts))
        lead: list[Part] = [(bar, "gutter")] if index else [(" ", "")]
        names += [*lead, (_pad(name, width, right=right), "strong")]
        types += [*lead, (_pad(column.type, width, right=right), "muted")]
        for line, text, row in zip(rows, texts, sample, strict=True):
            line += [*lead, (_pad(text, width, right=right), "muted" if row.get(column.name) is None else "")]
    return [names, types, *rows]


def _pad(text: str, width: int, *, right: bool) -> str:
    blank = " " * (width - cell_len(text))
    return blank + text if right else text + blank
