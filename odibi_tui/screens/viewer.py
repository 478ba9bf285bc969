"""TextScreen: a whole text over the others: a cell's full value, a traceback."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import TextArea

from odibi_tui.format import plural, size
from odibi_tui.screens.dialogs import Heading
from odibi_tui.widgets.cells import visible, visible_lines

if TYPE_CHECKING:
    from textual.app import ComposeResult

SHOWN_CHARACTERS = 200_000


class TextScreen(ModalScreen[None]):
    """Shows a text of any length. Keys: arrows and pages move, `y` copies all of it, `esc` closes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "dismiss", "close"),
        Binding("y", "copy_all", "copy"),
    ]
    DEFAULT_CSS = """
    TextScreen { align: center middle; background: $background 60%; }
    TextScreen > .dialog { width: 140; height: 80%; }
    TextScreen TextArea { height: 1fr; border: none; padding: 0; background: $surface; }
    TextScreen TextArea:focus { border: none; }
    """

    def __init__(self, title: str, text: str) -> None:
        super().__init__()
        self._title, self._text = title, text

    def compose(self) -> ComposeResult:
        """Title, text, and what can be done with it."""
        shown = self._text[:SHOWN_CHARACTERS]
        told = plural(len(self._text), "character")
        if len(self._text) > SHOWN_CHARACTERS:
            told = f"the first {SHOWN_CHARACTERS:,} of {told}, `y` copies all"
        with Vertical(classes="dialog"):
            yield Heading((visible(self._title), "strong"))
            yield TextArea(visible_lines(shown), read_only=True, soft_wrap=True, show_cursor=False)
            yield Heading(
                (f"{told}   ", "muted"),
                ("y", "key"),
                (" copy   ", "muted"),
                ("esc", "key"),
                (" close", "muted"),
            )

    def on_mount(self) -> None:
        """The text has the focus."""
        self.query_one(TextArea).focus()

    def action_copy_all(self) -> None:
        """Copies the text as it is."""
        self.app.copy_to_clipboard(self._text)
        self.notify(f"copied {size(len(self._text.encode()))}", markup=False)
