"""Pipeline mode: the source with its problems in place, the graph, and what data is known of a step.

Keys: `[` `]` tabs, arrows scroll, `e` edit, `a` fix, `o` explain, `v` check, `w` watch, `y` the step's value.
Shows `session.latest` (the text as it is now), `session.graph` and `session.record`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from odibi_tui.screens.pane import ModePane
from odibi_tui.session import Change
from odibi_tui.widgets.lines import Line, LineView, Part
from odibi_tui.widgets.source_view import SourceView
from odibi_tui.widgets.step_card import StepCard
from odibi_tui.widgets.tabs import TabLine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult

TABS = ("config", "graph", "preview")


class EmptySource(Line):
    """Stands in the source's place where there is none to show, and says why."""

    told: Sequence[Part] = ()

    def parts(self, width: int) -> Sequence[Part]:
        """Why there is nothing."""
        return self.told


class PipelinePane(ModePane):
    """Tabs Config, Graph and Preview; the last two are made when they are first opened."""

    mode = "pipeline"
    keys = ("r", "R", "slash", "n", "a", "o", "e", "v", "right_square_bracket", "w")

    def compose(self) -> ComposeResult:
        """Tabs and what they show."""
        yield TabLine("Config", "Graph", "Preview", id="pipeline-tabs")
        yield EmptySource(id="no-source")
        yield SourceView(self.session, id="source")
        yield StepCard(self.session, id="step-card")

    @property
    def tab(self) -> str:
        """The tab on screen."""
        return TABS[self.query_one(TabLine).active]

    def session_changed(self, change: Change) -> None:
        """Passes the change on to the tab on screen."""
        self._show_tab()
        view = self._view()
        if isinstance(view, LineView):
            view.session_changed(change)  # type: ignore[attr-defined]
        self.query_one(StepCard).refresh()

    def _is_table(self) -> bool:
        latest = self.session.latest
        return latest is not None and latest.kind == "sqlite"

    def _view_id(self) -> str:
        if self.tab != "config":
            return self.tab
        told = self._why_empty()
        empty = self.query_one(EmptySource)
        if told:
            empty.told = told
            empty.refresh()
            return "no-source"
        return "record" if self._is_table() else "source"

    def _why_empty(self) -> Sequence[Part]:
        session = self.session
        if session.read_error is not None and session.latest is None:
            return [(f" {session.read_error}", "error")]
        if session.source is None:
            return [(" this run was opened without its config", "muted")]
        if session.latest is None:
            return [(" reading ...", "muted")]
        if session.latest.text == "" and session.latest.kind != "sqlite":
            return [(" the file is empty   ", "muted"), ("e", "key"), (" edits it", "muted")]
        return ()

    def _view(self) -> LineView | Line:
        return self.query_one(f"#{self._view_id()}", LineView | Line)  # type: ignore[arg-type]

    def _show_tab(self) -> None:
        wanted = self._view_id()
        if not self.query(f"#{wanted}"):
            self.mount(self._make(wanted), before="#step-card")
        for view_id in ("source", "no-source", "record", "graph", "preview"):
            for view in self.query(f"#{view_id}"):
                view.display = view_id == wanted

    def _make(self, view_id: str) -> LineView:
        if view_id == "record":
            from odibi_tui.widgets.record_view import RecordView

            return RecordView(self.session, id=view_id)
        if view_id == "graph":
            from odibi_tui.widgets.graph_view import GraphView

            return GraphView(self.session, id=view_id)
        from odibi_tui.widgets.preview_view import PreviewView

        return PreviewView(self.session, id=view_id)

    def show_problem(self) -> None:
        """Turns to the source."""
        self.query_one(TabLine).pick(0)

    def turn_tab(self, by: int) -> None:
        """Turns to the next or previous tab."""
        self.query_one(TabLine).turn(by)

    def on_tab_line_picked(self, event: TabLine.Picked) -> None:
        """Shows the tab; the focus goes along where it was in the pane."""
        had_focus = self.screen.focused is not None and self in self.screen.focused.ancestors
        self.session_changed(~Change(0))
        if had_focus:
            self.focus_inside()

    def focus_inside(self) -> None:
        """Gives the focus to the tab on screen."""
        view = self._view()
        if isinstance(view, LineView):
            view.focus()

    def value_to_copy(self) -> str | None:
        """The selected step's value: its path, query, function or URL."""
        step = self.session.step()
        return step.value if step is not None and step.value else None
