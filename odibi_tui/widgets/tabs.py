"""TabLine: the tabs of a pane in one line; `[` and `]` turn them, a click picks one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.message import Message
from textual.reactive import reactive

from odibi_tui.widgets.lines import Line, Part, spread

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.events import Click


class TabLine(Line):
    """Names of tabs, one of them active, and a note at the right end."""

    active: reactive[int] = reactive(0)
    note: reactive[str] = reactive("")

    class Picked(Message):
        """A tab was picked."""

        def __init__(self, tabs: TabLine, index: int) -> None:
            super().__init__()
            self.tabs, self.index = tabs, index

        @property
        def control(self) -> TabLine:
            """The line of tabs."""
            return self.tabs

    def __init__(self, *labels: str, id: str | None = None) -> None:
        super().__init__(id=id)
        self.labels: list[str] = list(labels)

    def relabel(self, *labels: str) -> None:
        """Changes what the tabs are called (`Before 12,391 × 9`)."""
        if list(labels) != self.labels:
            self.labels = list(labels)
            self.refresh()

    def turn(self, by: int) -> None:
        """Picks the next or previous tab, around the end."""
        self.pick((self.active + by) % len(self.labels))

    def pick(self, index: int) -> None:
        """Picks a tab; posts `Picked` where it is another one."""
        if index != self.active:
            self.active = index
            self.post_message(self.Picked(self, index))

    def parts(self, width: int) -> Sequence[Part]:
        """The labels, the active one in the tone of a tab."""
        left: list[Part] = []
        for index, label in enumerate(self.labels):
            left.append((f" {label} ", "tab" if index == self.active else "muted"))
            left.append((" ", ""))
        return spread(left, [(f"{self.note} ", "muted")] if self.note else [], width)

    def on_click(self, event: Click) -> None:
        """Picks the tab under the mouse."""
        right = 0
        for index, label in enumerate(self.labels):
            right += cell_len(label) + 3
            if event.x < right:
                self.pick(index)
                return
