"""Where in a step's SQL an engine's error points, found from the error's text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from odibi_core.config.placeholders import find_placeholders

if TYPE_CHECKING:
    from collections.abc import Iterator

# DuckDB quotes the line and marks the place:   LINE 2: SELECT amout FROM data
#                                                              ^^^^^
# Of a long line it quotes the part around the place, with `...` where it was cut.
_QUOTED = re.compile(r"^LINE (\d+): (.*)\n(\s*)(\^+)", re.MULTILINE)
_CUT = "..."


def place_in_sql(message: str, written: str) -> tuple[int, int] | None:
    """Returns the characters of a query, as written in the config, that a DuckDB error points at.

    The query that failed may differ from the one written: placeholders were filled in, and lines may have
    been put before it. So the quoted line is looked for in what is written, between placeholders.

    Args:
        message: The error's text.
        written: The step's `value`.

    Returns:
        First character and the one after the last, or None where that is not certain.
    """
    match = _QUOTED.search(message)
    if match is None:
        return None
    number, quoted = int(match[1]), match[2]
    start = len(match[3]) - len(f"LINE {match[1]}: ")
    length = len(match[4])
    if not quoted.isascii():
        start, length = _by_name(message[: match.start()], quoted, start) or (-1, 0)
    if start < 0 or start >= len(quoted):
        return None
    text, shift = quoted, 0
    if text.startswith(_CUT):
        text, shift = text[len(_CUT) :], len(_CUT)
    text = text.removesuffix(_CUT)
    found = set(_occurrences(text, start - shift, length, written))
    if len(found) > 1:  # the same line stands there twice: the number decides, one off for a line put before
        lines = {place: written.count("\n", 0, place) + 1 for place in found}
        for wanted in (number, number - 1):
            exact = {place for place in found if lines[place] == wanted}
            if len(exact) == 1:
                found = exact
                break
    if len(found) != 1:
        return None
    (place,) = found
    return place, place + length


def _occurrences(text: str, start: int, length: int, written: str) -> Iterator[int]:
    """Yields where the marked part of a quoted line stands in what is written."""
    if not find_placeholders(written):
        at = written.find(text)
        while text and at >= 0:
            yield at + start
            at = written.find(text, at + 1)
        return
    # A filled-in value may stand anywhere in the quoted line; the marked word with what is next to it is
    # looked for in the pieces between the placeholders.
    token = text[start : start + length]
    for reach in (12, 4, 0):
        before, after = text[max(0, start - reach) : start], text[start + length : start + length + reach]
        around = before + token + after
        places = [
            match.start() + len(before)
            for match in re.finditer(f"(?={re.escape(around)})", written)
            if not _overlaps(written, match.start() + len(before), length)
        ]
        if places:
            yield from places
            return


def _overlaps(written: str, start: int, length: int) -> bool:
    return any(p.start < start + length and start < p.end for p in find_placeholders(written))


def _by_name(said: str, quoted: str, column: int) -> tuple[int, int] | None:
    """Returns where a name that the error gives in quotes stands in the quoted line, nearest to the mark.

    The mark counts columns of a terminal, and what takes how many is told differently by every table. So
    in a line that is not ASCII it only decides between several.
    """
    found = [
        (abs(place.start() - column), place.start(), len(name))
        for name in re.findall(r'"([^"]+)"', said)
        for place in re.finditer(rf"(?<!\w){re.escape(name)}(?!\w)", quoted)
    ]
    if not found:
        return None
    _, start, length = min(found)
    return start, length
