"""A diagnostic under its place in the source: a bracket, what is wrong, and the keys that help."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len

from odibi_core.text import one_line
from odibi_tui import format as fmt
from odibi_tui.widgets.source_layout import Note, column_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from odibi_core.diagnostics import Diagnostic, Span
    from odibi_tui.widgets.lines import Part


class PlacedNote(NamedTuple):
    """A diagnostic and its place: characters `start` to `end` of displayed line `line`, all from 0."""

    diagnostic: Diagnostic
    line: int
    start: int
    end: int
    current: bool
    text: tuple[str, ...]

    @property
    def height(self) -> int:
        """Rows it takes: the bracket, the text, and for the current one the keys."""
        return 1 + len(self.text) + (1 if self.current else 0)

    def note(self) -> Note:
        """What the layout needs of it; it stands under the last character of its place."""
        return Note(self.line, max(self.end - 1, self.start), self.height)


def place_note(
    diagnostic: Diagnostic, raw_lines: Sequence[str], width: int, *, current: bool
) -> PlacedNote | None:
    """Returns where a diagnostic stands, or None where it has no line; the current one is shown in full."""
    span = diagnostic.span
    if span is None or span.line is None or span.line > max(len(raw_lines), 1):
        return None
    raw = raw_lines[span.line - 1] if raw_lines else ""
    start = column_in(raw, span.column or 1)
    end = max(column_in(raw, _end_column(span, raw)), start + 1)
    message = f"{diagnostic.code} {one_line(diagnostic.message)}"
    if diagnostic.help:
        message += f"; {one_line(diagnostic.help)}"
    middle = (start + (end - start - 1) // 2) % width
    room = max(width - min(middle, width // 2) - 3, 16)
    text = tuple(wrap(message, room)) if current else (message,)
    return PlacedNote(diagnostic, span.line - 1, start, end, current, text)


def _end_column(span: Span, raw: str) -> int:
    """Of a span over several lines only its beginning is bracketed."""
    if span.end_line is not None and span.line is not None and span.end_line > span.line:
        return (span.column or 1) + 1
    return min(span.end_column or (span.column or 1) + 1, len(raw) + 1)


def note_row(
    placed: PlacedNote, row: int, line: str, piece: tuple[int, int], width: int, *, ascii_only: bool
) -> list[Part]:
    """Draws one row of a note, beneath `piece` of the displayed `line`."""
    left = cell_len(line[piece[0] : max(placed.start, piece[0])])
    length = max(cell_len(line[max(placed.start, piece[0]) : placed.end]), 1)
    middle = left + (length - 1) // 2
    tone = fmt.tone(placed.diagnostic.severity)
    if row == 0:
        return [(" " * left, ""), (_bracket(length, ascii_only=ascii_only), tone)]
    branch = fmt.sign("branch", ascii_only=ascii_only)
    indent = min(middle, width // 2)
    if row <= len(placed.text):
        lead = f"{branch} " if row == 1 else "  "
        code, _, rest = placed.text[row - 1].partition(" ") if row == 1 else ("", "", placed.text[row - 1])
        head: list[Part] = [(f"{code} ", f"{tone} strong")] if code else []
        return [(" " * indent, ""), (lead, tone), *head, (rest, "")]
    keys: list[Part] = []
    if placed.diagnostic.fix is not None and placed.diagnostic.fix.applicability != "display":
        keys += [("a", "key"), (f" {placed.diagnostic.fix.message}   ", "muted")]
    keys += [("o", "key"), (" explain   ", "muted"), ("e", "key"), (" edit", "muted")]
    room = width - sum(cell_len(text) for text, _ in keys)
    return [(" " * max(min(indent + 2, room), 0), ""), *keys]


def _bracket(length: int, *, ascii_only: bool) -> str:
    """Returns `╰─┬─╯` over `length` cells."""
    if ascii_only:
        return "^" * length
    if length == 1:
        return "┬"
    if length == 2:
        return "┬╯"
    at = (length - 1) // 2
    return "╰" + "─" * (at - 1) + "┬" + "─" * (length - at - 2) + "╯"
