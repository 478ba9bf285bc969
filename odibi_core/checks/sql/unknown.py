"""Columns for tables of which nothing is known: those that a query names, so that the rest can be judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from odibi_core.checks.schemas import Column, Schema
from odibi_core.checks.sql.tree import place_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from odibi_core.checks.sql.lab_errors import SqlProblem
    from odibi_core.checks.sql.tree import SqlTree

# Stands for the columns that are there and not named; where it comes out, the result cannot be known.
OTHERS = "odibi other columns"
# What is wrong whatever columns those tables have. Without a star also the numbers of columns.
TOLD = frozenset(
    {"table", "qualifier", "column", "function", "type-name", "aggregate", "group", "constant", "type"}
)
TOLD_WITHOUT_STAR = TOLD | {"count", "position", "field"}


@dataclass(frozen=True)
class Invented:
    """Schemas that stand for those that are not known.

    Attributes:
        tables: The columns that the query names, of types that are not known, by table.
        has_star: Whether the query may pass columns on without naming them.
    """

    tables: Mapping[str, Schema]
    has_star: bool

    def tells(self, problem: SqlProblem) -> bool:
        """Whether a problem is there whatever the columns are."""
        told = TOLD if self.has_star else TOLD_WITHOUT_STAR
        return problem.kind in told and OTHERS not in problem.message


def invent(
    sql: str,
    parsed: dict[str, Any] | None,
    tree: SqlTree | None,
    known: Mapping[str, Schema],
    unknown: tuple[str, ...],
) -> list[Invented]:
    """Returns columns for the tables in `unknown`; none where the query says too little about them.

    A name that the query gives to something it selects may be a column as well: then there are two answers,
    and only what holds for both is certain.

    Args:
        sql: The query.
        parsed: The same as DuckDB's parser serializes it.
        tree: The same, taken apart.
        known: The tables whose columns are known.
        unknown: The names of those whose columns are not.
    """
    if parsed is None or tree is None:
        return []
    names = _Names(sql, tree, known, unknown)
    for node in _nodes(parsed):
        if not names.take(node):
            return []
    return [
        Invented(
            {
                table: Schema((*(Column(name) for name in _once(found)), Column(OTHERS)))
                for table, found in columns.items()
            },
            names.has_star,
        )
        for columns in names.answers()
    ]


class _Names:
    """Which table each column that a query names may be of."""

    def __init__(
        self, sql: str, tree: SqlTree, known: Mapping[str, Schema], unknown: tuple[str, ...]
    ) -> None:
        self.columns: dict[str, list[str]] = {name: [] for name in unknown}
        self.doubtful: dict[str, list[str]] = {name: [] for name in unknown}
        self.has_star = not tree.selects
        self._sql = sql
        self._tree = tree
        self._by_folded = {
            name.casefold(): name for name in unknown if name.casefold() not in tree.with_names
        }
        self._known = {name.casefold(): schema for name, schema in known.items()}
        self._aliases = {
            table.alias.casefold(): self._by_folded[table.name.casefold()]
            for table in tree.tables
            if len(table.path) == 1 and table.name.casefold() in self._by_folded
        }
        self._first = next(iter(self._aliases.values()), None)

    def answers(self) -> list[dict[str, list[str]]]:
        """Returns the columns by table, without those that may be names of the query's own, and with them."""
        if not any(self.doubtful.values()):
            return [self.columns]
        return [self.columns, {table: found + self.doubtful[table] for table, found in self.columns.items()}]

    def take(self, node: dict[str, Any]) -> bool:
        """Notes the columns of a node of the parser's tree; False where they cannot be told."""
        kind = node.get("class") or node.get("type")
        if node.get("column_name_alias") and str(node.get("table_name", "")).casefold() in self._by_folded:
            return False
        if kind == "STAR":
            self.has_star = True
            if node.get("columns") or node.get("expr"):
                return False  # chosen by a pattern
            for name in node.get("exclude_list", ()):
                self._add(name if isinstance(name, str) else str(name.get("column")), None)
            for entry in (*node.get("qualified_exclude_list", ()), *node.get("rename_list", ())):
                found = entry.get("key", entry)
                self._add(str(found.get("column")), found.get("table"))
            for entry in node.get("replace_list", ()):
                self._add(str(entry.get("key")), None)
        elif kind == "JOIN":
            if node.get("ref_type") == "NATURAL":
                return False
            for name in node.get("using_columns", ()):
                self._add_to_all(str(name))
        elif kind == "COLUMN_REF":
            self._column(node)
        return True

    def _column(self, node: dict[str, Any]) -> None:
        names = [str(name) for name in node.get("column_names", ())]
        if len(names) > 1 and names[0].casefold() in self._aliases:
            self._add(names[1], names[0])
        elif len(names) == 1 or names[0].casefold() not in self._called():
            self._unqualified(names[0], node)
        elif not self._is_known(names[0]):  # of a subquery, which may pass on all it reads
            self._add_to_all(names[1])

    def _is_known(self, qualifier: str) -> bool:
        """Whether a qualifier stands for a table whose columns are known."""
        folded = qualifier.casefold()
        return any(
            table.alias.casefold() == folded and table.name.casefold() in self._known
            for table in self._tree.tables
        )

    def _called(self) -> set[str]:
        return {name.casefold() for select in self._tree.selects for name in select.names}

    def _unqualified(self, name: str, node: dict[str, Any]) -> None:
        """Takes a name for a column of the nearest unknown table, unless a known one beside it has it."""
        place = place_of(node, self._sql)
        select = self._tree.select_at(*place) if place is not None else None
        columns = self.doubtful if self._is_alias(name) else self.columns
        while select is not None:
            tables = [table.name.casefold() for table in select.tables]
            if any(table in self._known and self._known[table].find(name) for table in tables):
                return
            unknown = next((self._by_folded[table] for table in tables if table in self._by_folded), None)
            if unknown is not None:
                columns[unknown].append(name)
                return
            select = select.outer
        if self._first is not None:
            columns[self._first].append(name)

    def _is_alias(self, name: str) -> bool:
        folded = name.casefold()
        return any(folded == alias.casefold() for select in self._tree.selects for alias in select.aliases)

    def _add(self, name: str, qualifier: str | None) -> None:
        table = self._aliases.get(qualifier.casefold()) if qualifier else self._first
        if table is not None:
            self.columns[table].append(name)

    def _add_to_all(self, name: str) -> None:
        for table in self.columns:
            self.columns[table].append(name)


def _nodes(top: Any) -> Iterator[dict[str, Any]]:
    """Yields every node, without recursion: queries may be nested deeper than Python's stack."""
    waiting = [top]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            yield node
            waiting.extend(value for value in node.values() if isinstance(value, dict | list))
        elif isinstance(node, list):
            waiting.extend(node)


def _once(names: list[str]) -> list[str]:
    """Returns names without those that differ only in case."""
    return list({name.casefold(): name for name in reversed(names)}.values())[::-1]


__all__ = ["OTHERS", "Invented", "invent"]
