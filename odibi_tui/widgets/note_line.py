"""NoteLine: one line that others say something in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from odibi_tui.widgets.lines import Line, Part, spread

if TYPE_CHECKING:
    from collections.abc import Sequence


class NoteLine(Line):
    """What is said last stands there, until something else is said."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id)
        self._left: Sequence[Part] = ()
        self._right: Sequence[Part] = ()
        self.set_classes(classes or "")

    def say(self, left: Sequence[Part], right: Sequence[Part] = ()) -> None:
        """Shows `left` at the left and `right` at the right end."""
        if (left, right) != (self._left, self._right):
            self._left, self._right = left, right
            self.refresh()

    def parts(self, width: int) -> Sequence[Part]:
        """What was said."""
        return spread(self._left, self._right, width)
