"""Expectations as SQL: what is counted of a dataset, and which rows are not as expected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from odibi_core.errors import StepOptionError
from odibi_core.functions.builtin_sql import listed
from odibi_core.text import nearest

if TYPE_CHECKING:
    from odibi_core.functions.builtin_sql import Table
    from odibi_core.plan.expectations import Expectation

_FLOATS = frozenset({"double", "float", "halffloat"})
_REPEATED = "odibi_repeated"


@dataclass(frozen=True)
class Question:
    """An expectation, and the SQL that tells whether a table meets it.

    Attributes:
        expectation: What is expected.
        figure: The expression of what is counted: failing rows, or for freshness the newest time in seconds
            since 1970; None where the number of rows tells enough.
        failing: A query of the rows that are not as expected, None where it is not about single rows.
    """

    expectation: Expectation
    figure: str | None
    failing: str | None


def question(expectation: Expectation, table: Table, name: str) -> Question:
    """Returns the SQL of an expectation of a table.

    Args:
        expectation: What is expected.
        table: The table.
        name: What conditions call it.

    Raises:
        StepOptionError: The table has no such column.
    """
    columns = [_actual(column, expectation, table) for column in expectation.columns]
    match expectation.kind:
        case "row_count":
            return Question(expectation, None, None)
        case "freshness":
            return Question(expectation, _newest(columns[0], table), None)
        case "unique":
            return _unique(expectation, columns, table)
    wrong = _wrong(expectation, columns, table)
    called = table.quote(name)
    if expectation.reads:
        # A query in it may name the table, which an alias would not let it; Spark takes one in WHERE alone.
        named, source = f"WITH {called} AS (SELECT * FROM {table.sql})", f"FROM {called} WHERE {wrong}"
        return Question(expectation, f"({named} SELECT count(*) {source})", f"{named} SELECT * {source}")
    figure = f"coalesce(sum(CASE WHEN {wrong} THEN 1 ELSE 0 END), 0)"
    return Question(expectation, figure, f"SELECT * FROM {table.sql} AS {called} WHERE {wrong}")


def _wrong(expectation: Expectation, columns: list[str], table: Table) -> str:
    """Returns the condition that a row meets which is not as expected. Where it is null, the row is."""
    if expectation.kind == "sql":
        return f"NOT (\n{expectation.sql}\n)"  # on lines of its own: it may end with a comment
    name = columns[0]
    column, field = table.quote(name), expectation.field
    if expectation.kind == "not_null":
        return f"{column} IS NULL"
    if expectation.kind == "accepted_values":
        return f"{column} NOT IN ({', '.join(table.literal(value, field) for value in expectation.values)})"
    parts = []
    if expectation.minimum is not None:
        parts.append(f"{column} < {table.literal(expectation.minimum, field)}")
    if expectation.maximum is not None:
        parts.append(f"{column} > {table.literal(expectation.maximum, field)}")
    if table.types[name] in _FLOATS:
        parts.append(f"isnan({column})")  # which compares as greater than any number
    return f"({' OR '.join(parts)})"


def _unique(expectation: Expectation, names: list[str], table: Table) -> Question:
    columns = [table.quote(name) for name in names]
    there = " AND ".join(f"{column} IS NOT NULL" for column in columns)
    groups = f"FROM {table.sql} WHERE {there} GROUP BY {', '.join(columns)} HAVING count(*) > 1"
    figure = f"(SELECT coalesce(sum(n), 0) FROM (SELECT count(*) AS n {groups}) AS {_REPEATED})"
    keys = [table.quote(f"odibi_key_{i}") for i in range(len(columns))]
    named = ", ".join(f"{column} AS {key}" for column, key in zip(columns, keys, strict=True))
    same = " AND ".join(f"rows_.{column} = {key}" for column, key in zip(columns, keys, strict=True))
    failing = (
        f"SELECT rows_.* FROM {table.sql} AS rows_ JOIN (SELECT {named} {groups}) AS {_REPEATED} ON {same}"
        f" ORDER BY {', '.join(keys)}"
    )
    return Question(expectation, figure, failing)


def _newest(name: str, table: Table) -> str:
    column = table.quote(name)
    if table.is_spark:
        return f"unix_timestamp(max(CAST({column} AS TIMESTAMP)))"
    return f"epoch(max(CAST({column} AS TIMESTAMPTZ)))"


def _actual(column: str, expectation: Expectation, table: Table) -> str:
    """Returns a column's name as the table spells it; case counts only where it tells columns apart.

    Raises:
        StepOptionError: The table has no such column.
    """
    if column in table.columns:
        return column
    for name in table.columns:
        if name.casefold() == column.casefold():
            return name
    close = nearest(column, table.columns)
    raise StepOptionError(
        f"`{table.name}` has no column `{column}`",
        field=expectation.field,
        help=f"a column `{close}` exists" if close else f"it has {listed(table.columns)}",
    )
