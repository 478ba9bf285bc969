"""examine_spark: what a query gives in Spark, or what is certainly wrong with it; by sqlglot, without Java.

sqlglot reads more than Spark does and knows less of it: what it does not decide stays unknown. What it cannot
read though Spark can is written otherwise before, with every character in its place.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

from odibi_core.checks.lab_errors import SqlProblem
from odibi_core.checks.sql_examine import Examined, Mistake
from odibi_core.config.sql_text import SPARK, regions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlglot import exp

    from odibi_core.checks.schemas import Schema

# What sqlglot cannot read -> the same in as many characters, which it can.
_OTHERWISE: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\bwindow(?=\s*\()(?!\s*\(\s*(?:partition|order)\b)", re.IGNORECASE), "w1ndow"),
    (re.compile(r">>>"), ">> "),
    (re.compile(r"\b([xX])(\s+)$"), r"\2\1"),
)
_TRAILING_COMMA = re.compile(r",(?=\s*from\s+\w)(?!\s*from\s+(?:from|as)\b)", re.IGNORECASE)
_STARTS = re.compile(r"\s*(?:\(\s*)*(\w+)")
_QUERIES = ("select", "with", "from", "values")


def examine_spark(
    sql: str,
    tables: Mapping[str, Schema | None],
    *,
    blind: Callable[[int, int], bool] | None = None,
    tables_known: bool = True,
    functions_known: bool = True,
) -> Examined:
    """Returns what one query gives over its tables, or what is wrong with it.

    Args:
        sql: One statement.
        tables: The tables it knows, by name; None where their columns are not known.
        blind: Says whether something else stands at a place at run time, so that nothing is said of it.
        tables_known: Whether there are no other tables.
        functions_known: Whether there are no functions but Spark's own.
    """
    from sqlglot.errors import SqlglotError

    try:
        tree = parse_spark(sql)
    except SqlProblem as problem:
        return Examined(None, _told([Mistake(problem)], blind) if is_query(sql) else ())
    if tree is None:
        return Examined(None)
    from odibi_core.checks.spark_scopes import Resolution

    try:
        resolution = Resolution(tree, sql, tables, tables_known, functions_known)
    except (SqlglotError, RecursionError):
        return Examined(None)  # a query that sqlglot cannot take apart
    return Examined(resolution.schema, _told(resolution.mistakes, blind))


def parse_spark(sql: str) -> exp.Query | None:
    """Returns a query as a tree; None for what is no query, or not read as one.

    Raises:
        SqlProblem: It cannot be read.
    """
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import ParseError, SqlglotError

    _quiet_parser()
    comma = _TRAILING_COMMA.search(_code(sql))
    if comma is not None and is_query(sql):  # which sqlglot reads past
        raise SqlProblem("syntax", 'syntax error at or near ","', start=comma.start(), end=comma.start() + 1)
    text = _otherwise(sql)
    try:
        found = sqlglot.parse(text, read="spark")
    except ParseError as error:
        raise _syntax(error, sql) from None
    except SqlglotError as error:  # the tokenizer: a quote that does not end
        raise _unended(sql, str(error)) from None
    except RecursionError:
        return None  # nested deeper than Python's stack
    if len(found) != 1 or not isinstance(found[0], exp.Query):
        return None
    return found[0]


def is_query(sql: str) -> bool:
    """Whether a statement is, or is meant as, a query."""
    from odibi_core.config.shape import is_slip

    first = _STARTS.match(_without_comments(sql))
    word = first[1].casefold() if first is not None else ""
    return any(word == start or (len(word) > 3 and is_slip(word, start)) for start in _QUERIES)


def _told(mistakes: list[Mistake], blind: Callable[[int, int], bool] | None) -> tuple[Mistake, ...]:
    """Returns the mistakes in order of place, without those about what only the run knows."""
    told = [
        mistake
        for mistake in mistakes
        if blind is None or not blind(mistake.problem.start or 0, mistake.problem.end or 0)
    ]
    return tuple(sorted(told, key=lambda mistake: mistake.problem.start or 0))


def _otherwise(sql: str) -> str:
    parts = []
    for region in regions(sql, SPARK):
        part = sql[region.start : region.end]
        if region.kind == "code":
            for pattern, other in _OTHERWISE:
                part = pattern.sub(other, part)
        parts.append(part)
    return "".join(parts)


def _code(sql: str) -> str:
    """Returns a query with a letter for each of what is quoted, and blanks for comments."""
    return "".join(
        sql[r.start : r.end]
        if r.kind == "code"
        else (" " if r.kind == "comment" else "q") * (r.end - r.start)
        for r in regions(sql, SPARK)
    )


def _without_comments(sql: str) -> str:
    return "".join(
        " " if region.kind == "comment" else sql[region.start : region.end] for region in regions(sql, SPARK)
    )


def _syntax(error: object, sql: str) -> SqlProblem:
    told = getattr(error, "errors", None) or [{}]
    first = told[0]
    near = str(first.get("highlight") or "")
    context = str(first.get("start_context") or "")
    start = _find(sql, near, context, int(first.get("line") or 1))
    if start is None:
        return SqlProblem(
            "syntax", f'syntax error at or near "{near}"', start=max(len(sql) - 1, 0), end=len(sql)
        )
    return SqlProblem("syntax", f'syntax error at or near "{near}"', start=start, end=start + len(near))


def _find(sql: str, near: str, context: str, line: int) -> int | None:
    """Returns where the text that an error highlights stands: after the context that it quotes."""
    text = _otherwise(sql)
    at = text.find(context + near) if context else (0 if text.startswith(near) else -1)
    return at + len(context) if at >= 0 and near else None


def _unended(sql: str, message: str) -> SqlProblem:
    last = None
    for region in regions(sql, SPARK):
        if region.kind in ("text", "name") and region.end == len(sql):
            last = region
    if last is None:
        return SqlProblem("syntax", message)
    what = "string" if last.kind == "text" else "identifier"
    return SqlProblem("syntax", f"unterminated quoted {what}", start=last.start, end=last.start + 1)


def _quiet_parser() -> None:
    """Keeps sqlglot from writing on the screen what it cannot read; it is told by what comes back."""
    logger = logging.getLogger("sqlglot")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
