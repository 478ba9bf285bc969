"""TextScreen: a whole text over the others: a cell's full value, a traceback."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static, TextArea

from odibi_tui.format import plural, size
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
    TextScreen > Vertical { width: 90%; max-width: 140; height: 80%; background: $surface; padding: 0 1; }
    TextScreen #viewer-title { height: 1; text-style: bold; }
    TextScreen #viewer-foot { height: 1; color: $foreground 60%; }
    TextScreen TextArea { height: 1fr; border: none; padding: 0; background: $surface; }
    TextScreen TextArea:focus { border: none; }
    """

    def __init__(self, title: str, text: str) -> None:
        super().__init__()
        self._title, self._text = title, text

    def compose(self) -> ComposeResult:
        """Title, text, and what can be done with it."""
        shown = self._text[:SHOWN_CHARACTERS]
        foot = f"{plural(len(self._text), 'character')}   y copy   esc close"
        if len(self._text) > SHOWN_CHARACTERS:
            foot = f"the first {SHOWN_CHARACTERS:,} of {foot} (all of it)"
        with Vertical():
            yield Static(visible(self._title), id="viewer-title", markup=False)
            yield TextArea(visible_lines(shown), read_only=True, soft_wrap=True, show_cursor=False)
            yield Static(foot, id="viewer-foot", markup=False)

    def on_mount(self) -> None:
        """The text has the focus."""
        self.query_one(TextArea).focus()

    def action_copy_all(self) -> None:
        """Copies the text as it is."""
        self.app.copy_to_clipboard(self._text)
        self.notify(f"copied {size(len(self._text.encode()))}", markup=False)
