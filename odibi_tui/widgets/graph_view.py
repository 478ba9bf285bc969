"""GraphView: the selected step among what feeds it and what it feeds, and the whole order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from odibi_tui import format as fmt
from odibi_tui.session import Change
from odibi_tui.widgets.graph_text import GraphRow, graph_rows
from odibi_tui.widgets.lines import LineView, Part

if TYPE_CHECKING:
    from collections.abc import Sequence

    from odibi_tui.session import Session


class GraphView(LineView):
    """Arrow keys walk the steps in the drawing; `enter` selects the one under the cursor."""

    def __init__(self, session: Session, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.session = session
        self.ascii_only = fmt.wants_ascii()
        self.drawn: list[GraphRow] = []

    def session_changed(self, change: Change) -> None:
        """Draws around the selected step."""
        if change & (Change.DOCUMENT | Change.SELECTION):
            self.draw()

    def draw(self) -> None:
        """Makes the drawing and puts the cursor on the selected step."""
        graph, selected = self.session.graph, self.session.selected
        if graph is None:
            self.drawn = [GraphRow([(" no graph: nothing has been read yet", "muted")])]
        else:
            self.drawn = graph_rows(graph, selected, ascii_only=self.ascii_only)
        self.set_rows(len(self.drawn))
        self.cursor = next((i for i, row in enumerate(self.drawn) if row.step == selected), 0)

    def row(self, y: int, width: int) -> Sequence[Part]:
        """One row of the drawing."""
        return self.drawn[y].parts

    def action_move(self, by: int) -> None:
        """Moves over rows without a step."""
        row = self.cursor + by
        while 0 <= row < len(self.drawn) and self.drawn[row].step is None:
            row += 1 if by > 0 else -1
        if 0 <= row < len(self.drawn):
            self.move_cursor(row)

    def action_choose(self) -> None:
        """Selects the step under the cursor."""
        if self.drawn and self.drawn[self.cursor].step is not None:
            self.session.select(self.drawn[self.cursor].step)
