"""Pieces of SQL: what is between its commas and brackets, with quotes and comments out of the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from odibi_core.config.sql_text import regions

if TYPE_CHECKING:
    import re

# A name as SQL writes it, quoted or not.
NAME = r'(?>"(?:[^"]|"")*"|[^\W\d]\w*)'
# How a statement begins that makes a table or view, up to its name; of masked text.
CREATE = (
    r"CREATE\s+(?P<replace>OR\s+REPLACE\s+)?(?P<temp>TEMP(?:ORARY)?\s+)?(?P<what>TABLE|VIEW)\s+"
    r"(?P<unless>IF\s+NOT\s+EXISTS\s+)?"
)


def masked(sql: str) -> str:
    """Returns a text of the same length, without comments and what is within quotes."""
    parts: list[str] = []
    for region in regions(sql):
        text = sql[region.start : region.end]
        if region.kind == "code":
            parts.append(text)
        elif region.kind == "comment":
            parts.append(" " * len(text))
        else:
            quote = '"' if region.kind == "name" else "'"
            parts.append(quote + "x" * (len(text) - 2) + quote if len(text) > 1 else quote)
    return "".join(parts)


def parts(code: str, start: int, end: int) -> list[tuple[int, int]]:
    """Returns the places between the commas that are in no brackets."""
    found, depth, first = [], 0, start
    for index in range(start, end):
        depth += (code[index] in "([{") - (code[index] in ")]}")
        if code[index] == "," and depth == 0:
            found.append((first, index))
            first = index + 1
    return [*found, (first, end)] if code[first:end].strip() or found else []


def bare(code: str, start: int, end: int) -> tuple[int, int]:
    """Returns a place without the blanks around what stands there."""
    text = code[start:end]
    return start + len(text) - len(text.lstrip()), start + len(text.rstrip())


def within(match: re.Match[str], group: str) -> tuple[int, int]:
    """Returns the place of what the brackets around a group hold."""
    start, end = match.span(group)
    return start + 1, end - 1


def closing(code: str, start: int) -> int:
    """Returns where the bracket at `start` closes: the character after; the end where it does not."""
    depth = 0
    for index in range(start, len(code)):
        depth += (code[index] in "([{") - (code[index] in ")]}")
        if depth == 0:
            return index + 1
    return len(code)


def depth_at(code: str, start: int, at: int) -> int:
    """Returns how many brackets opened since `start` are open at a place."""
    text = code[start:at]
    return sum(text.count(char) for char in "([{") - sum(text.count(char) for char in ")]}")
