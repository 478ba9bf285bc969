"""RecordView: a step of a config in SQLite as the row of its table, problems under their column."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, ClassVar

from odibi_core.text import plain
from odibi_tui import format as fmt
from odibi_tui.session import Change
from odibi_tui.widgets.lines import LineView, Part
from odibi_tui.widgets.source_layout import displayed, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.events import Resize

    from odibi_core.core.node import Step
    from odibi_core.diagnostics import Diagnostic
    from odibi_tui.session import Session

FIELDS = ("name", "layer", "type", "engine", "value", "params", "inputs", "outputs", "metadata")
_LABEL = 11


class RecordView(LineView):
    """The selected step's row: column names at the left, whole values at the right."""

    has_cursor: ClassVar[bool] = False

    def __init__(self, session: Session, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.session = session
        self.ascii_only = fmt.wants_ascii()
        self.made: list[list[Part]] = []

    def session_changed(self, change: Change) -> None:
        """Shows the selected step."""
        if change & (Change.DOCUMENT | Change.DIAGNOSTICS | Change.SELECTION):
            self.lay_out()
        if change & Change.SELECTION:
            self.scroll_to(y=0, animate=False, immediate=True)

    def on_resize(self, event: Resize) -> None:
        """Wraps anew."""
        self.lay_out()

    def lay_out(self) -> None:
        """Makes the rows of the selected step, and of the problems that belong to no step."""
        step = self.session.step()
        self.made = [row for d in self.session.problems_of(None) for row in self._problem(d)]
        if step is not None:
            self.made += [*self._place(step), []]
            problems = self.session.problems_of(step.name)
            for field in FIELDS:
                self.made += self._field(step, field)
                for diagnostic in problems:
                    if (diagnostic.field or "").split(".")[0] == field:
                        self.made += self._problem(diagnostic)
            for diagnostic in problems:
                if (diagnostic.field or "").split(".")[0] not in FIELDS:
                    self.made += self._problem(diagnostic)
        self.set_rows(len(self.made))

    def _place(self, step: Step) -> Iterable[list[Part]]:
        span = step.origin.locate() if step.origin is not None else None
        if span is not None and span.table is not None:
            row = f", row {span.row}" if span.row is not None else ""
            yield [(f" table {span.table}{row}", "muted")]

    def _field(self, step: Step, field: str) -> Iterable[list[Part]]:
        room = max(self.line_width - _LABEL - 2, 8)
        value = getattr(step, field)
        if isinstance(value, dict):
            flat = json.dumps(value, ensure_ascii=False, default=str) if value else ""
            value = (
                flat if len(flat) <= room else json.dumps(value, indent=2, ensure_ascii=False, default=str)
            )
        label = field
        for line in plain(str(value)).split("\n"):
            shown = displayed(line)
            for start, end in wrapped(shown, room) or [(0, 0)]:
                yield [(f" {label:<{_LABEL}}", "muted"), (shown[start:end], "")]
                label = ""

    def _problem(self, diagnostic: Diagnostic) -> Iterable[list[Part]]:
        tone = fmt.tone(diagnostic.severity)
        branch = fmt.sign("branch", ascii_only=self.ascii_only)
        told = diagnostic.message + (f"; {diagnostic.help}" if diagnostic.help else "")
        code: Part = (f"{diagnostic.code} ", f"{tone} strong")
        yield [(f" {'':<{_LABEL}}", ""), (f"{branch} ", tone), code, (told, "")]
        if diagnostic is self.session.problem:
            yield [(f" {'':<{_LABEL}}  ", ""), ("o", "key"), (" explain", "muted")]

    def row(self, y: int, width: int) -> Sequence[Part]:
        """One row as made."""
        return self.made[y]
