"""StepTree: the steps of the pipeline or run, by layer or in the graph's order, with their problems."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.reactive import reactive

from odibi_tui import format as fmt
from odibi_tui.session import Change
from odibi_tui.widgets.lines import LineView, Part, spread, width_of
from odibi_tui.widgets.tree_rows import (
    Item,
    Row,
    broken_by,
    matching,
    rows_by_graph,
    rows_by_layer,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.timer import Timer

    from odibi_core.diagnostics import Diagnostic
    from odibi_core.journal.record import RunRecord, StepRecord
    from odibi_tui.session import Session

_INDENT_LIMIT = 8
_DONE = ("success", "failed", "skipped", "cancelled", "reused")


class StepTree(LineView):
    """The tree at the left, shared by the modes. Keys: arrows, enter, left/right fold, `g` graph order."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "fold", "fold", show=False),
        Binding("right,l", "unfold", "unfold", show=False),
        Binding("space", "toggle_group", "fold", show=False),
        Binding("g", "graph_order", "graph order", id="tree.graph"),
    ]
    mode: reactive[str] = reactive("pipeline", init=False)
    filter_text: reactive[str] = reactive("", init=False)

    def __init__(self, session: Session, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.session = session
        self.in_graph_order = False
        self.collapsed: set[str] = set()
        self.rows: list[Row] = []
        self.ascii_only = fmt.wants_ascii()
        self._items: Sequence[Item] = ()
        self._states: dict[str, StepRecord] = {}
        self._broken: dict[str, str] = {}
        self._turn = 0
        self._turning: Timer | None = None
        self._shown_run: bool = False
        self._left: str | None = None  # the step the filter took the selection from, until a person moves

    # -- content ----------------------------------------------------------------------------------

    def session_changed(self, change: Change) -> None:
        """Follows the session; the cursor stays on what it was on."""
        if change & Change.RUN:
            self._follow_run()
        if change & (Change.DOCUMENT | Change.DIAGNOSTICS):
            self.rebuild()
        if change & Change.SELECTION:
            self._show_selected()
        self.refresh()

    def watch_mode(self) -> None:
        """Another mode shows other facts of a step, and a run of another pipeline shows its own steps."""
        self._follow_run()
        self.refresh()

    def watch_filter_text(self, before: str, after: str) -> None:
        """Shows what matches. The selection stays where that matches, else it goes to the first that does."""
        if after and not before:
            self._left = self.session.selected
        self.rebuild()
        shown = [row.step for row in self.rows if row.kind == "step"]
        shown += [item.name for item in matching(self._items, after)]  # those in folded groups
        wanted = self._left if self._left is not None else self.session.selected
        if shown:
            self.session.select(wanted if wanted in shown else shown[0])
        if not after:
            self._left = None

    def keep_found(self) -> None:
        """What the filter has found is where the person is now, also when the filter goes."""
        self._left = None

    def _follow_run(self) -> None:
        record = self.session.record
        self._states = {step.info.name: step for step in record.steps} if record is not None else {}
        shows_run = self._is_of_another_pipeline(record)
        if shows_run != self._shown_run or (shows_run and len(self._states) != len(self._items)):
            self.rebuild()
        live = any(step.state == "running" for step in self._states.values())
        if live and self._turning is None:
            self._turning = self.set_interval(0.25, self._turn_glyphs)
        elif not live and self._turning is not None:
            self._turning.stop()
            self._turning = None

    def _turn_glyphs(self) -> None:
        self._turn += 1
        self.refresh()

    def _is_of_another_pipeline(self, record: RunRecord | None) -> bool:
        """Whether the run on screen has steps the config does not have, so that its own are to be shown."""
        if record is None or (self.mode == "pipeline" and self.session.document is not None):
            return False
        return self.session.document is None or not all(
            self.session.step(step.info.name) is not None for step in record.steps
        )

    def rebuild(self) -> None:
        """Makes the rows anew and puts the cursor back on what it was on."""
        session, record = self.session, self.session.record
        before = self.rows[self.cursor] if self.cursor < len(self.rows) else None
        self._shown_run = self._is_of_another_pipeline(record)
        if self._shown_run and record is not None:
            self._items = [step.info for step in record.steps]
        else:
            self._items = session.steps
        found = matching(self._items, self.filter_text)
        graph = session.graph
        if self.in_graph_order and graph is not None and not self._shown_run:
            self.rows = rows_by_graph(found, self._problems, graph)
        else:
            self.rows = rows_by_layer(found, self._problems, self.collapsed)
        wrong = {d.step for d in session.diagnostics if d.is_error and d.step is not None}
        self._broken = broken_by(graph, wrong) if graph is not None and wrong else {}
        self.set_rows(len(self.rows))
        self._restore(before)

    def _problems(self, step: str | None) -> Sequence[Diagnostic]:
        if self._shown_run or (step is None and self.filter_text):
            return ()
        return self.session.problems_of(step)

    def _restore(self, before: Row | None) -> None:
        selected = self.session.selected
        layer = next((item.layer for item in self._items if item.name == selected), "")
        for wanted in (before.key if before else None, ("step", selected or "", "0"), ("group", layer)):
            found = next((i for i, row in enumerate(self.rows) if row.key == wanted), None)
            if found is not None:
                self.cursor = found
                return

    def _show_selected(self) -> None:
        name = self.session.selected
        here = self.rows[self.cursor] if self.cursor < len(self.rows) else None
        problem = self.session.problem
        if here is not None and here.step == name and here.kind == "step":
            return
        if here is not None and here.diagnostic is not None and here.diagnostic is problem:
            return
        self._open_group_of(name)
        found = next((i for i, row in enumerate(self.rows) if row.step == name and row.kind == "step"), None)
        if found is not None:
            self.cursor = found

    def _open_group_of(self, name: str | None) -> None:
        layer = next((item.layer for item in self._items if item.name == name), None)
        if layer is not None and layer in self.collapsed:
            self.collapsed.discard(layer)
            self.rebuild()

    def ground_of(self, y: int) -> str:
        """Returns the tone of the cursor's row; none while the selected step is not among the rows."""
        step = self.rows[y].step if y < len(self.rows) else None
        return super().ground_of(y) if step is None or step == self.session.selected else ""

    # -- drawing ----------------------------------------------------------------------------------

    def row(self, y: int, width: int) -> Sequence[Part]:
        """Draws a group, a step or a problem."""
        row = self.rows[y]
        more = fmt.sign("more", ascii_only=self.ascii_only)
        if row.kind == "group":
            left, right = self._group(row)
        elif row.kind == "problem":
            left, right = self._problem(row)
        else:
            left, right = self._step(row, width)
        return spread([(" ", ""), *left], [*right, (" ", "")], width, more)

    def _group(self, row: Row) -> tuple[list[Part], list[Part]]:
        fold = fmt.sign("open" if row.expanded else "closed", ascii_only=self.ascii_only)
        left: list[Part] = [(f"{fold} ", "muted"), (row.text, "heading")]
        if row.problems:
            left.append((f"  {fmt.glyph('error', ascii_only=self.ascii_only)} {row.problems}", "error"))
        return left, [(fmt.count(row.total), "muted")]

    def _problem(self, row: Row) -> tuple[list[Part], list[Part]]:
        diagnostic = row.diagnostic
        assert diagnostic is not None
        branch = fmt.sign("branch", ascii_only=self.ascii_only)
        indent = "  " * (min(row.depth, _INDENT_LIMIT) + (2 if row.step is not None else 0))
        left = [(f"{indent}{branch} ", "muted"), (diagnostic.message, fmt.tone(diagnostic.severity))]
        return left, [("a", "key")] if diagnostic.fix is not None else []

    def _step(self, row: Row, width: int) -> tuple[list[Part], list[Part]]:
        state, tone = self._state(row.text)
        indent = "  " * min(row.depth, _INDENT_LIMIT) if self.in_graph_order else "  "
        sign = fmt.glyph(state, ascii_only=self.ascii_only, turn=self._turn) if state else " "
        left: list[Part] = [(indent, ""), (f"{sign} ", tone), *self._marked_name(row.text)]
        return left, self._facts(row.text, width - width_of(left) - 3)

    def _marked_name(self, name: str) -> list[Part]:
        word = self.filter_text.split()[0].lower() if self.filter_text.split() else ""
        start = name.lower().find(word) if word else -1
        if start < 0:
            return [(name, "")]
        end = start + len(word)
        return [(name[:start], ""), (name[start:end], "match"), (name[end:], "")]

    def _state(self, name: str) -> tuple[str, str]:
        """A problem in the config comes before what a run said, except while the run is on screen."""
        known = self._states.get(name)
        severities = {d.severity for d in self._problems(name)}
        worst = "error" if "error" in severities else "warning" if "warning" in severities else ""
        if worst and (self.mode == "pipeline" or known is None):
            return worst, fmt.tone(worst)
        if known is None:
            return "", ""
        state = "warning" if known.state == "success" and known.unmet else known.state
        return state, fmt.tone(state)

    def _facts(self, name: str, room: int) -> list[Part]:
        known = self._states.get(name)
        if self.mode == "run" and known is not None:
            if known.state == "retry":
                tries = self.session.record.options.get("max_retries") if self.session.record else None
                of = f" of {tries + 1}" if isinstance(tries, int) else ""
                return [(f"try {len(known.attempts) + 1}{of}", "warning")]
            return [(fmt.duration(known.duration_ms), "muted")] if known.duration_ms is not None else []
        culprit = self._broken.get(name)
        if culprit is not None and self.mode == "pipeline":
            told = f"? {fmt.sign('left', ascii_only=self.ascii_only)} {fmt.shorten(culprit, 16)}"
            return [(told if len(told) <= room else "?", "muted")]
        if known is not None and known.after is not None:
            return [
                (fmt.shape(known.after.rows, len(known.after.columns), ascii_only=self.ascii_only), "muted")
            ]
        return []

    # -- actions ----------------------------------------------------------------------------------

    def move_cursor(self, row: int) -> None:
        """Moves the cursor and selects what it lands on."""
        super().move_cursor(row)
        self._left = None
        if self.cursor < len(self.rows):
            landed = self.rows[self.cursor]
            if landed.diagnostic is not None:
                self.session.select_problem(landed.diagnostic)
            elif landed.step is not None:
                self.session.select(landed.step)

    def action_choose(self) -> None:
        """Folds a group; goes deeper on a step or a problem."""
        if self.rows and self.rows[self.cursor].kind == "group":
            self.action_toggle_group()
        else:
            super().action_choose()

    def action_toggle_group(self) -> None:
        """Folds or unfolds the group the cursor is in."""
        group = self._group_at_cursor()
        if group is not None:
            self._fold(group, fold=group not in self.collapsed)

    def action_fold(self) -> None:
        """Folds the group the cursor is in."""
        group = self._group_at_cursor()
        if group is not None:
            self._fold(group, fold=True)

    def action_unfold(self) -> None:
        """Unfolds a group; on a step, goes deeper."""
        if self.rows and self.rows[self.cursor].kind == "group":
            self._fold(self.rows[self.cursor].key[1], fold=False)
        else:
            super().action_choose()

    def action_graph_order(self) -> None:
        """Changes between groups by layer and the graph's order."""
        self.in_graph_order = not self.in_graph_order
        self.rebuild()
        self.keep_in_sight(self.cursor, margin=2)

    def _group_at_cursor(self) -> str | None:
        if self.in_graph_order:
            return None
        for row in reversed(self.rows[: self.cursor + 1]):
            if row.kind == "group":
                return row.key[1]
        return None

    def _fold(self, layer: str, *, fold: bool) -> None:
        (self.collapsed.add if fold else self.collapsed.discard)(layer)
        self.rebuild()
        at = next(i for i, row in enumerate(self.rows) if row.key == ("group", layer))
        if fold or self.rows[self.cursor].kind == "group":
            self.cursor = at
