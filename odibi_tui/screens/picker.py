"""PickScreen: picks one of many names, typing narrows them down."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from odibi_tui.widgets.lines import LineView, Part
from odibi_tui.widgets.steps_side import FilterInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult


class _Names(LineView):
    """The names that pass."""

    names: Sequence[str] = ()

    def row(self, y: int, width: int) -> Sequence[Part]:
        return [(f" {self.names[y]}", "")]

    def ground_of(self, y: int) -> str:
        return "cursor" if y == self.cursor else ""  # the line above has the focus, and moves it


class PickScreen(ModalScreen[str | None]):
    """Gives back the name that was picked, or None. Keys: typing narrows, up and down, enter, `esc`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "close"),
        Binding("up", "names(-1)", show=False, priority=True),
        Binding("down", "names(1)", show=False, priority=True),
    ]
    DEFAULT_CSS = """
    PickScreen { align: center middle; background: $background 60%; }
    PickScreen > .dialog { width: 60; height: 60%; }
    """

    def __init__(self, title: str, names: Sequence[str]) -> None:
        super().__init__()
        self._title, self._names = title, names

    def compose(self) -> ComposeResult:
        """A line to type in and the names."""
        with Vertical(classes="dialog"):
            yield FilterInput(placeholder=self._title, compact=True)
            yield _Names()

    def on_mount(self) -> None:
        """Shows all of them."""
        self._narrow("")
        self.query_one(Input).focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Narrows down with each letter; names that begin with it come first."""
        event.stop()
        self._narrow(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Picks the name under the cursor."""
        event.stop()
        names = self.query_one(_Names)
        self.dismiss(names.names[names.cursor] if names.row_total else None)

    def on_line_view_chosen(self, event: LineView.Chosen) -> None:
        """Picks the name that was clicked."""
        self.dismiss(self.query_one(_Names).names[event.row])

    def action_names(self, by: int) -> None:
        """Moves the cursor among the names."""
        self.query_one(_Names).move_cursor(self.query_one(_Names).cursor + by)

    def _narrow(self, text: str) -> None:
        wanted = text.strip().casefold()
        found = [name for name in self._names if wanted in name.casefold()]
        found.sort(key=lambda name: not name.casefold().startswith(wanted))
        names = self.query_one(_Names)
        names.names = found
        names.set_rows(len(found))
        names.cursor = 0
