"""examine_spark: what a query gives in Spark, or what is certainly wrong with it; by sqlglot, without Java.

sqlglot reads more than Spark does and knows less of it: what it does not decide stays unknown. What it cannot
read though Spark can is written otherwise before, with every character in its place.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

from odibi_core.checks.spark.otherwise import apart, code, otherwise
from odibi_core.checks.sql.examine import Examined, Mistake
from odibi_core.checks.sql.lab_errors import SqlProblem
from odibi_core.config.sql_text import SPARK, regions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlglot import exp

    from odibi_core.checks.schemas import Schema

_TRAILING_COMMA = re.compile(r",(?=\s*from\s+\w)(?!\s*from\s+(?:from|as)\b)", re.IGNORECASE)
# Where Spark reads more than sqlglot: most operators of pipes, `lag()` without arguments.
_NOT_READ = re.compile(r"\|>|\b(?:lag|lead)\s*\(\s*\)", re.IGNORECASE)
_MISREAD = re.compile(r"\|>\s*(?!(?:where|select|aggregate|order|limit|join)\b)", re.IGNORECASE)
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
    from odibi_core.checks.spark.scopes import Resolution

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
    plain = code(sql)
    comma = _TRAILING_COMMA.search(plain)
    if comma is not None and is_query(sql):  # which sqlglot reads past
        raise SqlProblem("syntax", 'syntax error at or near ","', start=comma.start(), end=comma.start() + 1)
    if _MISREAD.search(plain):
        return None
    text = otherwise(sql)
    try:
        found = sqlglot.parse(text, read="spark")
    except ParseError as error:
        if _NOT_READ.search(plain):
            return None
        raise _syntax(error, sql) from None
    except SqlglotError as error:  # the tokenizer: a quote that does not end
        raise _unended(sql, str(error)) from None
    except Exception:  # noqa: BLE001
        # Nested deeper than Python's stack, or a call whose arguments sqlglot takes apart without counting
        # them: `map('a')` is an IndexError (build_var_map), `date_trunc()` a ValueError.
        return None
    if len(found) != 1 or not isinstance(found[0], exp.Query):
        return None
    apart(found[0], sql)
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
    text = otherwise(sql)
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
