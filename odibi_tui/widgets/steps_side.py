"""StepsSide: the left region, the step tree and the line its filter is written in."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.reactive import reactive
from textual.widgets import Input

from odibi_tui.widgets.step_tree import StepTree

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from odibi_tui.session import Change, Session


class FilterInput(Input):
    """One line to write a filter in; it is there only while there is a filter."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("down", "submit", show=False)]


class StepsSide(Vertical):
    """The tree, and above it the filter where there is one."""

    mode: reactive[str] = reactive("pipeline")

    def __init__(self, session: Session, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.session = session

    def compose(self) -> ComposeResult:
        """The tree alone; a filter comes on `/`."""
        yield StepTree(self.session, id="steps")

    @property
    def step_tree(self) -> StepTree:
        """The tree."""
        return self.query_one(StepTree)

    def watch_mode(self, mode: str) -> None:
        """Tells the tree which mode it stands beside."""
        if self.is_mounted:
            self.step_tree.mode = mode

    def session_changed(self, change: Change) -> None:
        """Passes a change on to the tree."""
        if self.is_mounted:
            self.step_tree.session_changed(change)

    def focus_tree(self) -> None:
        """Gives the tree the focus."""
        self.step_tree.focus()

    def start_filter(self) -> None:
        """Shows the filter line and moves there."""
        existing = self.query(FilterInput)
        if existing:
            existing.first().focus()
            return
        line = FilterInput(placeholder="filter steps", compact=True, id="steps-filter")
        self.mount(line, before=0)
        line.focus()

    def clear_filter(self) -> bool:
        """Takes the filter away; returns False where there was none."""
        lines = self.query(FilterInput)
        if not lines:
            return False
        lines.remove()
        self.step_tree.filter_text = ""
        self.focus_tree()
        return True

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filters with each letter."""
        event.stop()
        self.step_tree.filter_text = event.value

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """`enter` goes from the filter to what it found; an empty one goes away."""
        event.stop()
        if event.value.strip():
            self.step_tree.keep_found()
            self.focus_tree()
        else:
            self.clear_filter()
