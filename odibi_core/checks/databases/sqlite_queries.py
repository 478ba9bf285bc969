"""Queries to SQLite files: what they give, and what is wrong with them, without executing them."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from odibi_core.checks.schemas import Schema
from odibi_core.checks.sql.examine import Mistake
from odibi_core.checks.sql.lab_errors import SqlProblem
from odibi_core.checks.sql.names import best
from odibi_core.config.sql_text import SQLITE, regions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from odibi_core.checks.sql.lab_errors import ProblemKind
    from odibi_core.formats.database_look import Catalogue
    from odibi_core.formats.looks import ArrowColumns

_MESSAGES: tuple[tuple[str, ProblemKind], ...] = (
    (r"no such column: (?P<name>.+)", "column"),
    (r"no such table: (?P<name>.+)", "table"),
    (r"no such function: (?P<name>.+)", "function"),
    (r"ambiguous column name: (?P<name>.+)", "ambiguous"),
    (r'near "(?P<name>.+)": syntax error', "syntax"),
    (r'unrecognized token: "(?P<name>.+)"?', "syntax"),
    (r"incomplete input", "syntax"),
    (r"misuse of (?:aggregate|window function)[: ]+(?P<name>\w+)", "aggregate"),
    (r"SELECTs to the left and right of (?P<name>\w+(?: ALL)?) do not have", "count"),
    (r"You did not supply a value for binding (?:parameter )?:?(?P<name>\w+)", "refused"),
    (r"Incorrect number of bindings supplied", "refused"),
    (r"wrong number of arguments to function (?P<name>\w+)", "type"),
)
_CHANGES = re.compile(
    r"\s*(?:delete|insert|update|replace|drop|create|alter|vacuum|reindex)\s", re.IGNORECASE
)
_PARAMETER = re.compile(r"\?\d*|(?<![\w:])[:@$]\w+")
_SPACE = re.compile(" ")
_FUNCTIONS = (
    "abs", "avg", "ceil", "char", "coalesce", "count", "date", "datetime", "floor", "format", "group_concat",
    "hex", "ifnull", "iif", "instr", "julianday", "length", "likely", "lower", "ltrim", "max", "min",
    "nullif", "printf", "quote", "random", "replace", "round", "rtrim", "sign", "strftime", "substr",
    "substring", "sum", "time", "total", "trim", "typeof", "unicode", "upper",
)  # fmt: skip


@dataclass(frozen=True)
class SqliteAnswer:
    """What a query gives, or why not.

    Attributes:
        columns: Names and Arrow types; None where they are not known.
        mistake: What is wrong with it.
    """

    columns: ArrowColumns | None
    mistake: Mistake | None = None


def examine_sqlite(catalogue: Catalogue, query: str, params: Any = None) -> SqliteAnswer:
    """Returns what a query to a SQLite file gives, or its first mistake, at its place in the query."""
    from odibi_core.formats.database_look import describe_sqlite_query

    try:
        columns = describe_sqlite_query(catalogue, query, params)
        if columns is None and _CHANGES.match(query):
            return SqliteAnswer(
                None, Mistake(SqlProblem("refused", "the query changes data and gives no rows"))
            )
        return SqliteAnswer(columns)
    except (sqlite3.Error, sqlite3.Warning, ValueError, TypeError) as error:
        return SqliteAnswer(None, _mistake(catalogue, query, str(error)))


def columns_in(catalogue: Catalogue) -> dict[str, Schema]:
    """Returns the tables and views with the names of their columns."""
    from odibi_core.engine.duckdb_session import quoted
    from odibi_core.formats.database_look import describe_sqlite_query

    found = {}
    for name in catalogue.tables:
        try:
            columns = describe_sqlite_query(catalogue, f"SELECT * FROM {quoted(name)}")
        except sqlite3.Error:
            continue
        if columns is not None:
            found[name] = Schema.of((column, None) for column, _ in columns)
    return found


def _mistake(catalogue: Catalogue, query: str, message: str) -> Mistake:
    for pattern, kind in _MESSAGES:
        match = re.match(pattern, message)
        if match is None:
            continue
        name = match.groupdict().get("name")
        name = name.rstrip('"') if name is not None and kind == "syntax" and name != '"' else name
        place = _place(catalogue, query, name, kind, message)
        start, end = place if place is not None else (None, None)
        plain = None if name is None else name.rpartition(".")[2] if kind == "column" else name
        problem = SqlProblem(kind, message, start=start, end=end, name=plain)
        meant, certain = _meant(catalogue, query, plain, kind)
        return Mistake(problem, meant, certain)
    return Mistake(SqlProblem("refused", message))


def _meant(catalogue: Catalogue, query: str, name: str | None, kind: str) -> tuple[str | None, bool]:
    if name is None:
        return None, False
    if kind == "table":
        return best(name, catalogue.tables)
    if kind == "function":
        return best(name, _FUNCTIONS)
    if kind != "column":
        return None, False
    words = {word.casefold() for word in re.findall(r"\w+", query)}
    columns = [
        column
        for table, schema in columns_in(catalogue).items()
        if table.casefold() in words or not table.isidentifier()
        for column in schema.names
    ]
    return best(name, columns)


def _place(
    catalogue: Catalogue, query: str, name: str | None, kind: str, message: str
) -> tuple[int, int] | None:
    if kind == "refused":
        return _without_value(query, name, message)
    if name is None:
        return None
    if kind == "count":
        operations = list(_found(query, re.compile(_SPACE.sub(r"\\s+", rf"\b{name}\b"), re.IGNORECASE)))
        return operations[0] if len(operations) == 1 else None
    found = list(_occurrences(query, name if kind == "syntax" else name.rpartition(".")[2]))
    if kind == "table" and "." in name:
        found = list(_occurrences(query, name.rpartition(".")[2]))
    if len(found) > 1 and kind == "syntax":
        return next((spot for spot in found if _is_reached(catalogue, query[: spot[1]])), None)
    return found[0] if found else None


def _without_value(query: str, name: str | None, message: str) -> tuple[int, int] | None:
    """Returns the first parameter of a query that no value is given for."""
    parameters: dict[str, tuple[int, int]] = {}
    for number, (start, end) in enumerate(_found(query, _PARAMETER)):
        text = query[start:end]
        if text[0] == "?" and len(text) > 1:
            return None  # numbered, which need not be in order
        parameters.setdefault(str(number) if text == "?" else text, (start, end))
    if name is not None:
        return next((place for text, place in parameters.items() if text[1:] == name), None)
    counts = re.search(r"uses (\d+), and there are (\d+) supplied", message)
    if counts is None or int(counts[1]) != len(parameters):
        return None
    return list(parameters.values())[int(counts[2])] if int(counts[2]) < len(parameters) else None


def _occurrences(query: str, name: str) -> Iterator[tuple[int, int]]:
    """Yields the places of a word in the code and the quoted names of a query."""
    is_word = name.replace("_", "a").isalnum()
    text = re.escape(name)
    pattern = re.compile(rf"(?<!\w){text}(?!\w)" if is_word else text, re.IGNORECASE)
    yield from _found(query, pattern, ("code", "name"))


def _found(
    query: str, pattern: re.Pattern[str], kinds: tuple[str, ...] = ("code",)
) -> Iterator[tuple[int, int]]:
    for region in regions(query, SQLITE):
        if region.kind in kinds:
            for match in pattern.finditer(query, region.start, region.end):
                yield match.span()


def _is_reached(catalogue: Catalogue, start: str) -> bool:
    """Whether the first part of a query is wrong already, rather than not yet whole."""
    from odibi_core.formats.database_look import describe_sqlite_query

    try:
        describe_sqlite_query(catalogue, start)
    except (sqlite3.Error, sqlite3.Warning) as error:
        return "syntax error" in str(error)
    return False
