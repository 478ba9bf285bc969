"""Small screens over the workbench: a page to read, and a question with its answers on keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from odibi_tui.widgets.lines import Line, LineView, Part, fit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult
    from textual.events import Click, Key


class Heading(Line):
    """One fixed line."""

    def __init__(self, *told: Part, id: str | None = None) -> None:
        super().__init__(id=id)
        self.told = told

    def parts(self, width: int) -> Sequence[Part]:
        """The line."""
        return fit(self.told, width)


class Pages(LineView):
    """Rows to read."""

    has_cursor: ClassVar[bool] = False

    def __init__(self, rows: Sequence[Sequence[Part]]) -> None:
        super().__init__()
        self.made = rows

    def on_mount(self) -> None:
        """Shows them."""
        self.set_rows(len(self.made))

    def row(self, y: int, width: int) -> Sequence[Part]:
        """One row."""
        return self.made[y]


class Page(ModalScreen[None]):
    """A page of rows. Keys: arrows scroll, `esc`, `q`, `enter` or a click outside closes."""

    AUTO_FOCUS = "Pages"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,enter,question_mark", "dismiss", "close")]

    def __init__(self, title: str, rows: Sequence[Sequence[Part]]) -> None:
        super().__init__()
        self._title_text, self._rows = title, rows

    def compose(self) -> ComposeResult:
        """Title, rows, and how to close it; as large as its text, as far as there is room."""
        width = max((sum(cell_len(text) for text, _ in row) for row in self._rows), default=0)
        with Vertical(classes="dialog") as box:
            box.styles.width = max(width + 6, 44)
            box.styles.height = len(self._rows) + 5
            yield Heading((self._title_text, "strong"))
            yield Heading()
            yield Pages(self._rows)
            yield Heading(("esc", "key"), (" close", "muted"))

    def on_click(self, event: Click) -> None:
        """A click beside the page closes it."""
        if event.widget is self:
            self.dismiss()


class Question(ModalScreen[str | None]):
    """A question. Its answers are keys; `esc` is none of them and gives None.

    Args:
        title: The question.
        answers: Key, what it does, and what is given back.
    """

    def __init__(self, title: str, answers: Sequence[tuple[str, str, str]], told: Sequence[str] = ()) -> None:
        super().__init__()
        self._title_text, self._answers, self._told = title, answers, told

    def compose(self) -> ComposeResult:
        """The question and an answer a line."""
        with Vertical(classes="dialog") as box:
            lines = [self._title_text, *self._told, *(text for _, text, _ in self._answers)]
            box.styles.width = max(max(cell_len(line) for line in lines) + 12, 40)
            box.styles.height = len(lines) + 5
            yield Heading((self._title_text, "strong"))
            for line in self._told:
                yield Heading((line, "muted"))
            yield Heading()
            for key, text, _ in self._answers:
                yield Heading((f"  {key}", "key"), (f"   {text}", ""))
            yield Heading(("esc", "key"), ("   stay", ""))

    def on_key(self, event: Key) -> None:
        """Answers."""
        event.stop()
        if event.key == "escape":
            self.dismiss(None)
        for key, _, answer in self._answers:
            if event.key == key or event.character == key:
                self.dismiss(answer)
