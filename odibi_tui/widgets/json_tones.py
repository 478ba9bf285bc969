"""Light colour for a line of JSON, piece by piece, and marks laid over it."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from odibi_tui.widgets.lines import Part

_TOKEN = re.compile(
    r'(?P<field>"(?:[^"\\]|\\.)*"(?=\s*:))|(?P<string>"(?:[^"\\]|\\.)*"?)'
    r"|(?P<number>-?\d[\d.eE+-]*|\b(?:true|false|null)\b)|(?P<gutter>[{}\[\],:]+)"
)
_LONGEST = 20_000
"""A longer line is left without colour: it would be looked through at each repaint."""

Mark = tuple[int, int, str]
"""Characters `start` to `end` of a line and the tones laid over them."""


def json_marks(line: str) -> list[Mark]:
    """Returns the tones of the tokens in one line of JSON; a JSON token never spans lines."""
    if len(line) > _LONGEST:
        return []
    return [(m.start(), m.end(), m.lastgroup or "") for m in _TOKEN.finditer(line)]


def toned(line: str, piece: tuple[int, int], marks: Iterable[Mark], over: Sequence[Mark] = ()) -> list[Part]:
    """Returns the characters of `piece` as parts: `marks` do not overlap; `over` are laid on top of them."""
    start, end = piece
    edges = {start, end}
    kept = [m for m in marks if m[0] < end and m[1] > start]
    top = [m for m in over if m[0] < end and m[1] > start]
    for mark in (*kept, *top):
        edges.update((max(mark[0], start), min(mark[1], end)))
    ordered = sorted(edges)
    parts: list[Part] = []
    for left, right in pairwise(ordered):
        tones = [m[2] for m in kept if m[0] <= left and right <= m[1]]
        tones += [m[2] for m in top if m[0] <= left and right <= m[1]]
        parts.append((line[left:right], " ".join(tones)))
    return parts
