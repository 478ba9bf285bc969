"""SourceView: the text of the config with line numbers, each problem marked and told at its place."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, ClassVar

from odibi_tui import format as fmt
from odibi_tui.session import Change
from odibi_tui.widgets.json_tones import json_marks, toned
from odibi_tui.widgets.lines import LineView, Part, fit
from odibi_tui.widgets.source_layout import SourceLayout, split_lines
from odibi_tui.widgets.source_notes import PlacedNote, note_row, place_note

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.events import Resize

    from odibi_tui.session import Session

_MOST_NOTES = 2_000
"""Beyond this many problems, only the first and the current one are told in place; the strip has all."""


class SourceView(LineView):
    """Text sources (JSON, CSV). Arrow keys scroll; the selected step or problem is brought into sight."""

    has_cursor: ClassVar[bool] = False

    def __init__(self, session: Session, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.session = session
        self.ascii_only = fmt.wants_ascii()
        self.lines: list[str] = [""]
        self.raw: list[str] = [""]
        self.notes: list[PlacedNote] = []
        self.layout_of_source = SourceLayout([], 1)
        self._text: str | None = None
        self._laid_out: tuple[object, ...] = (None, None, None, None)
        self._is_json = True
        self._step_lines = (0, 0)
        self._overlay: dict[int, list[tuple[int, int, str]]] = {}

    # -- what is shown ----------------------------------------------------------------------------

    def session_changed(self, change: Change) -> None:
        """Takes the text up where it changed, and goes where the selection is."""
        latest = self.session.latest
        text = latest.text if latest is not None else None
        anew = text is not self._text
        if anew:
            self._text = text
            self._is_json = latest is not None and latest.kind == "json"
            self.raw = (text or "").split("\n")
            self.lines = split_lines(text or "")
        if anew or change & (Change.DIAGNOSTICS | Change.SELECTION | Change.DOCUMENT):
            self.lay_out()
        if change & Change.SELECTION:
            self.go_to_selection()

    @property
    def number_width(self) -> int:
        """Cells of the line numbers."""
        return max(len(str(len(self.lines))), 3) + 2

    def lay_out(self) -> None:
        """Puts lines and notes in their places; what stands at the top stays there."""
        if not self.size.width:
            return  # it is laid out when it gets its size
        top = self.layout_of_source.at(int(self.scroll_offset.y)).line if self.layout_of_source.total else 0
        kept = int(self.scroll_offset.y) - (
            self.layout_of_source.row_of(top) if self.layout_of_source.total else 0
        )
        width = max(self.line_width - self.number_width - 1, 1)
        problem = self.session.problem
        self._step_lines = self._lines_of_step()
        laid_out = (self.lines, self.session.diagnostics, problem, width)
        if width == self._laid_out[3] and all(map(operator.is_, laid_out[:3], self._laid_out)):
            self.refresh()
            return
        self._laid_out = laid_out
        chosen = list(self.session.diagnostics[:_MOST_NOTES])
        if problem is not None and not any(d is problem for d in chosen):
            chosen.append(problem)
        placed = (place_note(d, self.raw, width, current=d is problem) for d in chosen)
        self.notes = [note for note in placed if note is not None and note.line < max(len(self.lines), 1)]
        self._overlay = {}
        for note in self.notes:
            tones = f"underline {fmt.tone(note.diagnostic.severity)}"
            self._overlay.setdefault(note.line, []).append((note.start, note.end, tones))
        self.layout_of_source = SourceLayout(self.lines, width, [note.note() for note in self.notes])
        self.set_rows(self.layout_of_source.total)
        if 0 < top < len(self.lines):
            row = self.layout_of_source.row_of(top) + kept
            self.scroll_to(y=row, animate=False, immediate=True)

    def _lines_of_step(self) -> tuple[int, int]:
        """First line of the selected step and the line after its last, from 0."""
        step = self.session.step()
        if step is None or step.origin is None or self.session.stale:
            return (0, 0)
        span = step.origin.locate()
        if span.line is None:
            return (0, 0)
        return (span.line - 1, span.end_line or span.line)

    def go_to_selection(self) -> None:
        """Brings the current problem, else the selected step, into sight; stays where it is already."""
        problem = self.session.problem
        index = next((i for i, note in enumerate(self.notes) if note.diagnostic is problem), None)
        if problem is not None and index is not None:
            row = self.layout_of_source.row_of_note(index)
            self.keep_in_sight(row + self.notes[index].height - 1, margin=1)
            self.keep_in_sight(row - 1, margin=2)
            return
        first, after = self._step_lines
        if after == 0:
            return
        top, height = int(self.scroll_offset.y), self.size.height
        start, end = self.layout_of_source.row_of(first), self.layout_of_source.row_of(after - 1)
        if start < top or (end >= top + height and start > top + 1):
            self.scroll_to(y=max(start - 1, 0), animate=False, immediate=True)

    def on_resize(self, event: Resize) -> None:
        """Wraps anew."""
        self.lay_out()
        self.go_to_selection()

    # -- drawing ----------------------------------------------------------------------------------

    def row(self, y: int, width: int) -> Sequence[Part]:
        """Draws a piece of the text, or a row of a note."""
        place = self.layout_of_source.at(y)
        gutter = self.number_width
        line = self.lines[place.line]
        if place.note is not None:
            note = self.notes[place.note]
            drawn = note_row(
                note, place.note_row, line, place.piece, width - gutter - 1, ascii_only=self.ascii_only
            )
            return fit([(" " * gutter, ""), *drawn], width, fmt.sign("more", ascii_only=self.ascii_only))
        selected = self._step_lines[0] <= place.line < self._step_lines[1]
        number = str(place.line + 1) if place.first else ""
        lead: Part = (f"{number:>{gutter - 2}}  ", "strong" if selected else "gutter")
        marks = json_marks(line) if self._is_json else []
        return [lead, *toned(line, place.piece, marks, self._overlay.get(place.line, ()))]
