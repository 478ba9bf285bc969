"""Misspelled keywords: the word before the place where the parser stopped is often the one that is wrong."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from odibi_core.checks.sql.lab_errors import SqlProblem
from odibi_core.checks.sql.names import RESERVED, best
from odibi_core.config.shape import distance
from odibi_core.config.sql_text import regions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from odibi_core.checks.sql.lab import Lab
    from odibi_core.checks.sql.mending import Seen

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


def misspelled_keyword(
    sql: str, problem: SqlProblem, lab: Lab, names: Iterable[str] = ()
) -> tuple[int, int, str] | None:
    """Returns the word that is nearly a keyword and makes the text SQL when it is one, and the keyword.

    Args:
        sql: A text that cannot be read.
        problem: Where not.
        lab: What reads it.
        names: The tables and columns there are, which are no misspelled keywords.
    """
    if problem.start is None:
        return None
    folded = {name.casefold() for name in names}
    furthest: tuple[int, tuple[int, int, str]] | None = None
    for start, end in _words_before(sql, problem.start):
        word = sql[start:end]
        if word.casefold() in folded:
            continue
        reached = {
            keyword: _reached(sql[:start] + keyword + sql[end:], len(keyword) - (end - start), lab)
            for keyword in _keywords_near(word)
        }
        whole = [keyword for keyword, at in reached.items() if at is None]
        if whole:
            if len(whole) == 1 or (keyword_for(word) in whole):
                return start, end, whole[0] if len(whole) == 1 else str(keyword_for(word))
            continue
        likely = keyword_for(word)
        at = None if likely is None else reached.get(likely)
        # It is still no SQL: a second mistake may be why, or the guess is wrong. A name is written twice.
        if likely is None or at is None or _stands_again(word, sql):
            continue
        if at > _second_word(sql, problem) and (furthest is None or at > furthest[0]):
            furthest = at, (start, end, likely)
    return None if furthest is None else furthest[1]


def _reached(sql: str, shift: int, lab: Lab) -> int | None:
    """Returns how far a text can be read, `shift` less; None where that is to its end."""
    try:
        lab.statements(sql)
    except SqlProblem as problem:
        return (problem.start or 0) - shift
    return None


def _stands_again(word: str, sql: str) -> bool:
    words = re.findall(rf"(?<!\w){re.escape(word)}(?!\w)", sql, re.IGNORECASE)
    return len(words) > 1


def _second_word(sql: str, problem: SqlProblem) -> int:
    """Returns where what follows the place begins: to be read up to there says nothing."""
    start = problem.start or 0
    end = max(problem.end or 0, start)
    return end + len(sql[end:]) - len(sql[end:].lstrip())


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
    if upper in KEYWORDS or word.casefold() in RESERVED:
        return None
    keyword, certain = best(upper, KEYWORDS)
    return (
        keyword if certain or (keyword is not None and len(upper) > 2 and _is_swap(upper, keyword)) else None
    )


def _keywords_near(word: str) -> list[str]:
    """Returns the keywords that a word is one slip away from."""
    upper = word.upper()
    if upper in KEYWORDS or word.casefold() in RESERVED or len(upper) < 3:
        return []
    return sorted(
        keyword for keyword in KEYWORDS if distance(upper, keyword) <= 1 or _is_swap(upper, keyword)
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
