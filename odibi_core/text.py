"""Untrusted text made safe to show, and names that are nearly another name."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# ECMA-48 sequences: CSI, OSC (ended by BEL or ST), other string controls, and two-byte escapes.
_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?"
    r"|\x1b[PX^_][^\x1b]*(?:\x1b\\)?"
    r"|\x1b[ -/]*[0-~]?"
    r"|\x9b[0-?]*[ -/]*[@-~]"
)
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_LINE_CONTROLS = re.compile(r"[\t\n\u2028\u2029]")


def plain(text: str) -> str:
    """Returns `text` without terminal escapes, control and direction characters; tabs and newlines stay."""
    if text.isprintable():
        return text
    return _CONTROLS.sub("", _ESCAPES.sub("", text))


def one_line(text: str) -> str:
    """Returns `plain(text)` with newlines and tabs as single spaces."""
    if text.isprintable():
        return text
    return _LINE_CONTROLS.sub(" ", plain(text))


def texts_within(value: Any) -> Iterator[str]:
    """Yields the texts in a value as JSON has them, the keys of objects among them."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield str(key)
            yield from texts_within(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from texts_within(item)


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """Returns the candidate a person most probably meant by `name`, or None if none is close.

    A difference in case alone always counts as close; otherwise `difflib`'s ratio decides (0.6 and up,
    which is one slip in names of three letters and about one in three letters of longer ones).
    """
    pool = sorted(set(candidates) - {name})
    folded = {candidate.casefold(): candidate for candidate in reversed(pool)}
    if name.casefold() in folded:
        return folded[name.casefold()]
    found = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.6)
    return folded[found[0]] if found else None
