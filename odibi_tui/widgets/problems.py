"""Problems: the strip of everything that is wrong, along the bottom; no room where nothing is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len

from odibi_tui import format as fmt
from odibi_tui.session import Change
from odibi_tui.widgets.lines import LineView, Part, spread

if TYPE_CHECKING:
    from collections.abc import Sequence

    from odibi_core.diagnostics import Diagnostic
    from odibi_tui.session import Session


def place_of(diagnostic: Diagnostic) -> str:
    """Returns `18:34`, `row 4`, or nothing where the place is not known."""
    span = diagnostic.span
    if span is None:
        return ""
    if span.line is not None:
        return f"{span.line}:{span.column or 1}"
    return f"row {span.row}" if span.row is not None else ""


class Problems(LineView):
    """One line a problem; the current one, which `n` and `N` move, is under the cursor."""

    def __init__(self, session: Session, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.session = session
        self.ascii_only = fmt.wants_ascii()
        self._place_width = 0
        self._step_width = 0
        self.display = False

    def session_changed(self, change: Change) -> None:
        """Follows the list of problems and the current one."""
        diagnostics = self.session.diagnostics
        if change & Change.DIAGNOSTICS:
            shown = diagnostics[:200]
            self._place_width = max((len(place_of(d)) for d in shown), default=0)
            self._step_width = min(max((cell_len(d.step or "") for d in shown), default=0), 28)
            self.display = bool(diagnostics)
            self.set_rows(len(diagnostics))
        if change & (Change.DIAGNOSTICS | Change.SELECTION) and self.session.problem is not None:
            problem = self.session.problem
            self.cursor = next((i for i, d in enumerate(diagnostics) if d is problem), self.cursor)
        self.refresh()

    def row(self, y: int, width: int) -> Sequence[Part]:
        """Draws glyph, place, step and message, and the keys that help at the right."""
        diagnostic = self.session.diagnostics[y]
        tone = fmt.tone(diagnostic.severity)
        message = diagnostic.message + (f"; {diagnostic.help}" if diagnostic.help else "")
        step = fmt.shorten(diagnostic.step or "", self._step_width, ascii_only=self.ascii_only)
        left: list[Part] = [
            (f" {fmt.glyph(diagnostic.severity, ascii_only=self.ascii_only)} ", tone),
            (place_of(diagnostic).rjust(self._place_width) + " ", "muted"),
            (step + " " * (self._step_width - cell_len(step)) + "  " if self._step_width else "", "strong"),
            (message, ""),
        ]
        right: list[Part] = [("a", "key"), (" fix ", "muted")] if diagnostic.fix is not None else []
        return spread(left, right, width, fmt.sign("more", ascii_only=self.ascii_only))

    def move_cursor(self, row: int) -> None:
        """Makes the problem under the cursor the current one."""
        super().move_cursor(row)
        if self.row_total:
            self.session.select_problem(self.session.diagnostics[self.cursor])
