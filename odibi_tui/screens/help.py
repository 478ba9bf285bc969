"""What the pages over the workbench say: the keys of a place, and a diagnostic's code explained."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

from odibi_tui.widgets.key_line import key_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from textual.binding import ActiveBinding

    from odibi_core.diagnostics import CodeInfo, Diagnostic
    from odibi_tui.widgets.lines import Part

_MOVES = (
    ("up down", "move (also k, j)"), ("pgup pgdn", "move by a screenful"), ("home end", "first, last"),
    ("enter", "deeper"), ("esc", "back"), ("tab", "next region"),
)  # fmt: skip
_WIDTH = 72


def key_rows(active: Mapping[str, ActiveBinding], place: str) -> list[Sequence[Part]]:
    """Returns the keys that work here: those of the place first, then those of the whole application."""
    here: dict[str, list[str]] = {}
    everywhere: dict[str, list[str]] = {}
    for key, binding in active.items():
        told = binding.binding.description
        # Textual's own bindings are written with a capital; what they do has a key of ours
        if not told or told[0].isupper() or key == "ctrl+p" or not binding.enabled or told in _PLAIN:
            continue
        group = everywhere if type(binding.node).__name__ in ("Workbench", "OdibiApp") else here
        group.setdefault(told, []).append(key_name(key))
    rows: list[Sequence[Part]] = []
    for title, group in ((place, here), ("everywhere", everywhere)):
        if group:
            rows += [[(title, "heading")], *_keys((" ".join(keys), told) for told, keys in group.items()), []]
    return [*rows, [("moving", "heading")], *_keys(_MOVES)]


_PLAIN = {"up", "down", "page up", "page down", "first", "last", "open"}


def _keys(entries: Iterable[tuple[str, str]]) -> list[Sequence[Part]]:
    """Two keys a row, so that the page fits a small terminal."""
    listed = list(entries)
    half = (len(listed) + 1) // 2
    rows: list[Sequence[Part]] = []
    for index in range(half):
        row: list[Part] = []
        for keys, told in (listed[index], *listed[index + half : index + half + 1]):
            row += [(f" {keys:>9}", "key"), (f"  {told:<24}", "")]
        rows.append(row)
    return rows


def explain_rows(info: CodeInfo, diagnostic: Diagnostic | None) -> list[Sequence[Part]]:
    """Returns what a code means, why it is a problem, an example, and what to do."""
    rows: list[Sequence[Part]] = []
    if diagnostic is not None:
        rows += [[(line, "")] for line in wrap(diagnostic.message, _WIDTH)]
        rows += [[(line, "")] for line in wrap(diagnostic.help or "", _WIDTH)]
        rows.append([])
    for title, text in (("why", info.cause), ("what to do", info.remedy)):
        rows += [[(title, "heading")], *([(line, "")] for line in wrap(text, _WIDTH)), []]
    rows.append([("example", "heading")])
    rows += [[(f"  {line}", "muted")] for line in info.example.splitlines()]
    return rows
