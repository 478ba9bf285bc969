"""ConfirmScreen: asks before something that cannot be undone."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

if TYPE_CHECKING:
    from textual.app import ComposeResult


class ConfirmScreen(ModalScreen[bool]):
    """Gives back whether to go on. Keys: `y` goes on, `n` and `esc` do not."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "dismiss(True)", "yes"),
        Binding("n,escape,q", "dismiss(False)", "no"),
    ]
    DEFAULT_CSS = """
    ConfirmScreen { align: center middle; background: $background 60%; }
    ConfirmScreen > Vertical {
        width: auto; max-width: 90%; height: auto; background: $surface; padding: 1 2;
    }
    ConfirmScreen Static { width: auto; max-width: 100%; }
    ConfirmScreen .keys { color: $foreground 60%; padding-top: 1; }
    """

    def __init__(self, question: str, yes: str) -> None:
        super().__init__()
        self._question, self._yes = question, yes

    def compose(self) -> ComposeResult:
        """The question and its two answers."""
        with Vertical():
            yield Static(self._question, markup=False)
            yield Static(f"y {self._yes}      n leave it", markup=False, classes="keys")
