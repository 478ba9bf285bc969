"""Misspelled keywords: the word before the place where the parser stopped is often the one that is wrong."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from odibi_core.checks.lab_errors import SqlProblem
from odibi_core.checks.sql_names import best
from odibi_core.config.sql_text import regions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from odibi_core.checks.lab import Lab
    from odibi_core.checks.sql_mending import Seen

KEYWORDS = frozenset({
    "ALL", "AND", "ANTI", "AS", "ASC", "ASOF", "BETWEEN", "BY", "CASE", "CAST", "CREATE", "CROSS", "DATE",
    "DESC", "DISTINCT", "ELSE", "END", "EXCEPT", "EXCLUDE", "EXISTS", "EXTRACT", "FALSE", "FILTER", "FIRST",
    "FOLLOWING", "FROM", "FULL", "GROUP", "HAVING", "ILIKE", "IN", "INNER", "INSERT", "INTERSECT", "INTERVAL",
    "INTO", "IS", "JOIN", "LAST", "LATERAL", "LEFT", "LIKE", "LIMIT", "NATURAL", "NOT", "NULL", "NULLS",
    "OFFSET", "ON", "OR", "ORDER", "OUTER", "OVER", "PARTITION", "PIVOT", "PRECEDING", "QUALIFY", "RANGE",
    "RECURSIVE", "REPLACE", "RIGHT", "ROW", "ROWS", "SELECT", "SEMI", "SET", "TABLE", "TEMP", "THEN", "TRUE",
    "UNBOUNDED", "UNION", "UNPIVOT", "UPDATE", "USING", "VALUES", "VIEW", "WHEN", "WHERE", "WINDOW", "WITH",
})  # fmt: skip
_WORD = re.compile(r"[^\W\d]\w*")
_BACK = 4  # words before the place that may be the misspelled one


def misspelled_keyword(sql: str, problem: SqlProblem, lab: Lab) -> tuple[int, int, str] | None:
    """Returns the word that is nearly a keyword and makes the text SQL when it is one, and the keyword."""
    if problem.start is None:
        return None
    furthest: tuple[int, tuple[int, int, str]] | None = None
    for start, end in _words_before(sql, problem.start):
        keyword = keyword_for(sql[start:end])
        if keyword is None:
            continue
        try:
            lab.statements(sql[:start] + keyword + sql[end:])
        except SqlProblem as next_problem:
            reached = (next_problem.start or 0) - len(keyword) + (end - start)
            if reached > problem.start and (furthest is None or reached > furthest[0]):
                furthest = reached, (start, end, keyword)
            continue
        return start, end, keyword
    return None if furthest is None else furthest[1]


def keyword_behind(problem: SqlProblem, seen: Seen, lab: Lab) -> tuple[int, int, str] | None:
    """Returns the word that was taken for a name and is nearly a keyword, where the keyword makes it right.

    `SELECT DISTNCT id` selects a column `DISTNCT` called id, and `data INER JOIN b` calls the table INER.
    """
    for start, end in _taken_for_names(problem, seen):
        keyword = keyword_for(seen.sql[start:end])
        if keyword is None:
            continue
        try:
            lab.describe(seen.sql[:start] + keyword + seen.sql[end:], seen.known)
        except SqlProblem as other:
            if other.kind in ("syntax", "internal") or (other.kind, other.name) == (
                problem.kind,
                problem.name,
            ):
                continue
            if start == problem.start and (other.start is None or other.start <= start):
                continue  # it is no better
        return start, end, keyword
    return None


def _taken_for_names(problem: SqlProblem, seen: Seen) -> Iterator[tuple[int, int]]:
    if problem.start is None or problem.end is None:
        return
    if problem.kind == "column":
        yield problem.start, problem.end
    select = seen.select_of(problem)
    if problem.kind not in ("column", "qualifier", "ambiguous") or select is None:
        return
    for table in select.tables:
        words = list(_WORD.finditer(seen.sql, table.start, table.end))
        if table.alias != table.name and words and words[-1][0] == table.alias:
            yield words[-1].span()


def keyword_for(word: str) -> str | None:
    """Returns the keyword that a word is one slip away from; None where it is one, or none is near."""
    upper = word.upper()
    if upper in KEYWORDS:
        return None
    keyword, certain = best(upper, KEYWORDS)
    return (
        keyword if certain or (keyword is not None and len(upper) > 2 and _is_swap(upper, keyword)) else None
    )


def _is_swap(word: str, keyword: str) -> bool:
    return sorted(word) == sorted(keyword)


def _words_before(sql: str, at: int) -> Iterator[tuple[int, int]]:
    """Yields the words at a place and before it, the nearest first."""
    words = [
        match.span()
        for region in regions(sql)
        if region.kind == "code" and region.start <= at
        for match in _WORD.finditer(sql, region.start, region.end)
        if match.start() <= at
    ]
    yield from reversed(words[-_BACK:])
