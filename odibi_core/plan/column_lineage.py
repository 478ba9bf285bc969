"""Column lineage of a query: which columns of its inputs each column of its result comes from.

sqlglot resolves names and traces columns through subqueries, CTEs and set operations. What it cannot
parse or resolve gives None: nothing is claimed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Kind = Literal["identity", "transformation", "aggregation"]

_RANK: dict[Kind, int] = {"identity": 0, "transformation": 1, "aggregation": 2}


@dataclass(frozen=True, slots=True)
class ColumnSource:
    """A column of an input that a column of the result comes from.

    Attributes:
        table: The input's local name.
        column: The column's name there, as the input spells it.
        kind: `identity` where the value is passed on as it is, `aggregation` where it goes through an
            aggregate, else `transformation`.
    """

    table: str
    column: str
    kind: Kind


Lineage = dict[str, tuple[ColumnSource, ...]]


def query_lineage(
    query: str,
    tables: Mapping[str, Sequence[str]],
    *,
    dialect: str = "duckdb",
    result: Sequence[str] | None = None,
) -> Lineage | None:
    """Returns, for each column of a query's result in order, the input columns its values come from.

    Args:
        query: One SELECT. Its placeholders may stand in it as written.
        tables: Local name of each input -> the names of its columns.
        dialect: sqlglot's name of the SQL dialect, `duckdb` or `spark`.
        result: The names of the result's columns, where they are known: the engine names expressions, and
            spells names, in its own way.

    Returns:
        None where the query is not one SELECT, cannot be parsed, or a name in it cannot be resolved.
    """
    from sqlglot import exp, parse
    from sqlglot.errors import SqlglotError
    from sqlglot.optimizer.qualify import qualify
    from sqlglot.optimizer.scope import build_scope

    schema: dict[str, object] = {
        name.casefold(): dict.fromkeys(columns, "unknown") for name, columns in tables.items()
    }
    try:
        statements = [statement for statement in parse(_plain(query, dialect), dialect=dialect) if statement]
        if len(statements) != 1 or not isinstance(statements[0], exp.Query):
            return None
        query_of: Any = qualify(statements[0], schema=schema, dialect=dialect, validate_qualify_columns=False)
        scope = build_scope(query_of)
        if scope is None:
            return None
        names = [str(name) for name in query_of.named_selects]
        if "*" in names or query_of.find(exp.Columns) or len(result or names) != len(names):
            return None  # the columns of an input are not known, or chosen by a pattern
        known = {
            name.casefold(): (name, {column.casefold(): column for column in columns})
            for name, columns in tables.items()
        }
        traced = {name: _sources(name, query_of, schema, dialect, scope, known) for name in names}
        return {shown: traced[name] for shown, name in zip(result or names, names, strict=True)}
    except (SqlglotError, RecursionError, ValueError, KeyError):
        return None  # beyond sqlglot: unknown, which is not wrong


def _sources(
    name: str,
    query: Any,
    schema: dict[str, object],
    dialect: str,
    scope: Any,
    known: Mapping[str, tuple[str, Mapping[str, str]]],
) -> tuple[ColumnSource, ...]:
    from sqlglot.lineage import lineage

    node = lineage(name, query, schema=schema, dialect=dialect, scope=scope)
    found: dict[tuple[str, str], Kind] = {}
    for table, column, kind in _leaves(node, "identity"):
        if table not in known or column.casefold() not in known[table][1]:
            continue
        where = (known[table][0], known[table][1][column.casefold()])
        if where not in found or _RANK[kind] > _RANK[found[where]]:
            found[where] = kind
    return tuple(ColumnSource(table, column, kind) for (table, column), kind in sorted(found.items()))


def _leaves(node: Any, kind: Kind) -> Iterator[tuple[str, str, Kind]]:
    from sqlglot import exp

    stack: list[tuple[Any, Kind]] = [(node, kind)]
    while stack:
        current, so_far = stack.pop()
        if isinstance(current.expression, exp.Table):
            column = exp.to_column(current.name) if "." in current.name or '"' in current.name else None
            yield current.expression.name.casefold(), column.name if column else current.name, so_far
            continue
        here = _kind_of(current.expression)
        worse = here if _RANK[here] > _RANK[so_far] else so_far
        stack.extend((below, worse) for below in current.downstream)


def _kind_of(expression: Any) -> Kind:
    from sqlglot import exp

    if expression.find(exp.AggFunc) is not None and not isinstance(expression, exp.Query):
        return "aggregation"
    inner = expression.unalias().unnest()
    return "identity" if isinstance(inner, exp.Column | exp.Query | exp.Star) else "transformation"


class _Anything(dict[str, str]):
    """Variables of any name, so that placeholders become literals that parse."""

    def __contains__(self, name: object) -> bool:
        return True

    def __getitem__(self, name: str) -> str:
        return "x"


def _plain(query: str, dialect: str) -> str:
    from odibi_core.config.placeholders import Values, fill_sql
    from odibi_core.config.sql_text import ANSI, DIALECTS

    if "${" not in query:
        return query
    return fill_sql(query, Values(_Anything(), _Anything()), dialect=DIALECTS.get(dialect, ANSI))
