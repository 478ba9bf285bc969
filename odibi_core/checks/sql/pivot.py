"""A PIVOT whose columns the data decides, made one with given columns, which can be described."""

from __future__ import annotations

import re

from odibi_core.checks.sql.rewriting import Rewritten
from odibi_core.config.sql_text import regions

_PIVOT = re.compile(r"\bPIVOT(?:_WIDER)?\b", re.IGNORECASE)
_TOKEN = re.compile(r"[(),;]|[^\W\d]\w*")
_ENDS = frozenset({"using", "group", "order", "limit", ")", ";"})


def as_static_pivot(sql: str) -> Rewritten | None:
    """Returns a statement with values given to each `PIVOT … ON`; None where there is none.

    DuckDB would run a query to find the values, so such a statement cannot be described as it is. With
    `IN (NULL)` behind what it pivots on it can, and its tables, columns and types are checked.
    """
    tokens = _tokens(sql)
    rewritten = Rewritten(sql)
    for index, (word, _, _, depth) in enumerate(tokens):
        if not _PIVOT.fullmatch(word):
            continue
        on = next(
            (i for i in range(index + 1, len(tokens)) if tokens[i][0] == "on" and tokens[i][3] == depth), None
        )
        if on is None:
            continue
        rewritten = _with_values(rewritten, tokens, on, depth)
    return rewritten if rewritten.edits else None


def _with_values(
    rewritten: Rewritten, tokens: list[tuple[str, int, int, int]], on: int, depth: int
) -> Rewritten:
    has_values = False
    at = tokens[on][2]
    for word, _, end, level in tokens[on + 1 :]:
        if word == "in" and level == depth:
            has_values = True
        over = level == depth and (word in _ENDS or word == ",")
        if over or level < depth:
            if not has_values:
                rewritten = rewritten.with_edit(at, at, " IN (NULL)")
            if word != ",":
                return rewritten
            has_values = False
        at = end
    return rewritten if has_values else rewritten.with_edit(at, at, " IN (NULL)")


def _tokens(sql: str) -> list[tuple[str, int, int, int]]:
    """Returns words, names and brackets in lower case with their places, and how deep they are nested."""
    found: list[tuple[str, int, int, int]] = []
    depth = 0
    for region in regions(sql):
        if region.kind in ("text", "name"):
            found.append(("''", region.start, region.end, depth))
        elif region.kind == "code":
            for match in _TOKEN.finditer(sql, region.start, region.end):
                word = match[0].casefold()
                depth -= word == ")"
                found.append((word, match.start(), match.end(), depth))
                depth += word == "("
    return found
