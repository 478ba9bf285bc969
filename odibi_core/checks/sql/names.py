"""Names in SQL: which one was meant, and how it is written."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from odibi_core.config.shape import distance, is_slip
from odibi_core.config.sql_text import regions
from odibi_core.text import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable

_PLAIN = re.compile(r"[^\W\d]\w*")
# Words that have to be quoted to be names, in the dialects there are.
RESERVED = frozenset({
    "all", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric", "both", "case",
    "cast", "check", "collate", "column", "constraint", "create", "cross", "default", "deferrable",
    "desc", "describe", "distinct", "do", "else", "end", "except", "false", "fetch", "for",
    "foreign", "from", "full", "grant", "group", "having", "in", "initially", "inner", "intersect",
    "into", "is", "join", "lambda", "lateral", "leading", "left", "like", "limit", "natural", "not",
    "null", "offset", "on", "only", "or", "order", "outer", "pivot", "placing", "positional",
    "primary", "qualify", "references", "returning", "right", "select", "show", "some", "summarize",
    "symmetric", "table", "then", "to", "trailing", "true", "union", "unique", "unpivot", "using",
    "values", "variadic", "when", "where", "window", "with",
})  # fmt: skip


def best(name: str, candidates: Iterable[str]) -> tuple[str | None, bool]:
    """Returns the candidate that was probably meant, and whether it is the one right answer.

    It is where it is one slip away, or differs in case only, and no other candidate is.
    """
    pool = {candidate for candidate in candidates if candidate != name}
    folded = name.casefold()
    alike = [candidate for candidate in pool if candidate.casefold() == folded]
    if len(alike) == 1:
        return alike[0], True
    lengths = (len(name) - 1, len(name), len(name) + 1)
    close = [
        candidate
        for candidate in pool
        if len(candidate) in lengths and distance(folded, candidate.casefold()) <= 1
    ]
    if len(close) == 1:
        # Two letters have a slip in common with half of all names of two letters.
        return close[0], len(name) > 2 and is_slip(name, close[0])
    return nearest(name, close or pool), False


def plain_name(token: str) -> str:
    """Returns the name that an identifier of a query stands for."""
    if len(token) > 1 and token[0] == token[-1] and token[0] in "\"'`":
        return token[1:-1].replace(token[0] * 2, token[0])
    return token


def written_name(name: str, instead_of: str = "") -> str:
    """Returns a name as an identifier, quoted where it must be or where the one it replaces is."""
    quoted = instead_of.startswith('"') or not _PLAIN.fullmatch(name) or name.casefold() in RESERVED
    return '"' + name.replace('"', '""') + '"' if quoted else name


def last_part(token: str) -> int:
    """Returns where the last name of a dotted one begins: of `p.amount`, that of `amount`."""
    in_quotes = False
    start = 0
    for index, char in enumerate(token):
        if char == '"':
            in_quotes = not in_quotes
        elif char == "." and not in_quotes:
            start = index + 1
    return start + len(token[start:]) - len(token[start:].lstrip())


def call_end(sql: str, at: int) -> int:
    """Returns where a call ends whose name ends at `at`."""
    depth = 0
    for region in regions(sql):
        if region.kind != "code" or region.end <= at:
            continue
        for index in range(max(region.start, at), region.end):
            if sql[index] == "(":
                depth += 1
            elif sql[index] == ")":
                depth -= 1
                if depth == 0:
                    return index + 1
            elif depth == 0 and not sql[index].isspace():
                return at
    return at
