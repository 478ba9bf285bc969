"""KeyLine: the keys that work here, now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from odibi_tui.widgets.lines import Line, Part, width_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_NAMES = {
    "slash": "/", "question_mark": "?", "colon": ":", "escape": "esc", "equals_sign": "=", "plus": "+",
    "left_square_bracket": "[", "right_square_bracket": "]", "space": "space",
}  # fmt: skip


def key_name(key: str) -> str:
    """Returns how a key is written: `/` for `slash`."""
    return _NAMES.get(key, key)


class KeyLine(Line):
    """Shows the wanted keys that have a binding whose action works, as many as have room."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.entries: list[tuple[str, str]] = []

    def show(self, wanted: Iterable[str]) -> None:
        """Looks the wanted keys up among the bindings that are active where the focus is."""
        active = self.screen.active_bindings
        entries: list[tuple[str, str]] = []
        for key in wanted:
            found = active.get(key)
            if found is not None and found.enabled and found.binding.description:
                entries.append((key_name(key), found.binding.description))
        if entries != self.entries:
            self.entries = entries
            self.refresh()

    def parts(self, width: int) -> Sequence[Part]:
        """The keys; the last two (commands, keys) always have their room."""
        pieces = [[(f" {key} ", "key"), (f"{text} ", "muted")] for key, text in self.entries]
        tail = [part for piece in pieces[-2:] for part in piece]
        room, parts = width - width_of(tail), []
        for piece in pieces[:-2]:
            room -= width_of(piece)
            if room < 0:
                break
            parts.extend(piece)
        return [*parts, *tail]
