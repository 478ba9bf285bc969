"""Texts on their way through a query: which columns of what it gives hold what its tables hold."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from odibi_core.checks.schemas import Schema, Texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Node = dict[str, Any]
    # Folded name of a column -> what it holds.
    Held = Mapping[str, Texts]

_QUERIES = frozenset({"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE"})
_LEAVE_OUT = ("where_clause", "having", "qualify", "sample")


@dataclass(frozen=True, slots=True)
class _Table:
    """A table of a FROM: what it is called, and the texts of its columns."""

    alias: str
    held: Held


@dataclass(frozen=True, slots=True)
class Scope:
    """What a SELECT sees: the tables of its FROM.

    Attributes:
        select: The SELECT, as DuckDB's parser serializes it.
        tables: The tables.
        is_top: Whether all that it gives is asked for.
    """

    select: Node
    tables: tuple[_Table, ...]
    is_top: bool

    @property
    def has_texts(self) -> bool:
        """Whether it is known of any column what texts it holds."""
        return any(table.held for table in self.tables)

    def texts(self, node: Node) -> Texts | None:
        """Returns what a column holds, by the name that an expression gives."""
        if node.get("class") != "COLUMN_REF":
            return None
        names = [str(name).casefold() for name in node.get("column_names") or ()]
        if len(names) == 2:
            found = [t.held[names[1]] for t in self.tables if t.alias == names[0] and names[1] in t.held]
        else:
            found = [t.held[names[0]] for t in self.tables if len(names) == 1 and names[0] in t.held]
        return found[0] if len(found) == 1 else None


@dataclass(frozen=True, slots=True)
class Flow:
    """How texts go through a query.

    Attributes:
        scopes: What each of its SELECTs sees.
        result: The texts of what it gives.
    """

    scopes: tuple[Scope, ...]
    result: Held


def flow_of(known: Mapping[str, Schema], parsed: Node) -> Flow:
    """Returns how the texts of tables go through a query.

    Args:
        known: The tables it reads.
        parsed: The query, one statement, as DuckDB's parser serializes it.
    """
    walk = _Walk(known)
    result: Held = {}
    for statement in parsed.get("statements") or ():
        result = walk.result(statement.get("node") or {}, {}, is_top=True)
    return Flow(tuple(walk.scopes), result)


def with_texts(found: Schema, held: Held) -> Schema:
    """Returns a schema with the texts of its columns."""
    return Schema(
        tuple(
            replace(column, texts=held.get(column.name.casefold())) if column.type == "VARCHAR" else column
            for column in found.columns
        )
    )


def doubted(schema: Schema) -> Schema:
    """Returns a schema of which some rows may be left out."""
    return Schema(
        tuple(
            column if column.texts is None else replace(column, texts=replace(column.texts, surely=False))
            for column in schema.columns
        )
    )


class _Walk:
    """Goes through a query, from its tables to its result."""

    def __init__(self, known: Mapping[str, Schema]) -> None:
        self.scopes: list[Scope] = []
        self._known = {
            name.casefold(): {c.name.casefold(): c.texts for c in schema.columns if c.texts is not None}
            for name, schema in known.items()
        }

    def result(self, node: Node, names: Mapping[str, Held], *, is_top: bool = False) -> Held:
        """Returns the texts of what a query gives.

        Args:
            node: The query.
            names: What WITH gives around it, by folded name.
            is_top: Whether all that it gives is asked for.
        """
        inner = dict(names)
        for entry in (node.get("cte_map") or {}).get("map") or ():
            value = entry.get("value") or {}
            name = str(entry.get("key")).casefold()
            inner[name] = {} if value.get("aliases") else self.result(value.get("query_node") or {}, inner)
        if node.get("type") != "SELECT_NODE":
            united = str(node.get("setop_type", "")).startswith("UNION")
            sides = [self.result(c, inner, is_top=is_top and united) for c in node.get("children") or ()]
            return sides[0] if united and sides else {}  # its columns are called as those of the first
        tables = tuple(self._tables(node.get("from_table") or {}, inner))
        scope = Scope(node, tables, is_top)
        self.scopes.append(scope)
        self._subqueries(node, inner)
        found = _selected(scope)
        if leaves_out(node):
            return {name: replace(texts, surely=False) for name, texts in found.items()}
        return found

    def _tables(self, source: Node, names: Mapping[str, Held]) -> Iterator[_Table]:
        kind = source.get("type")
        held: Held = {}
        if kind == "JOIN":
            for side in ("left", "right"):
                for table in self._tables(source.get(side) or {}, names):
                    yield _Table(table.alias, _doubtful(table.held))
            return
        if kind == "BASE_TABLE":
            name = str(source.get("table_name") or "")
            path = (source.get("qualified_name") or {}).get("path") or [name]
            folded = name.casefold()
            held = names.get(folded, self._known.get(folded, {})) if len(path) == 1 else {}
        elif kind == "SUBQUERY":
            name = ""
            held = self.result((source.get("subquery") or {}).get("node") or {}, names)
        else:
            return
        if source.get("column_name_alias"):
            held = {}
        if source.get("sample"):
            held = _doubtful(held)
        yield _Table(str(source.get("alias") or name).casefold(), held)

    def _subqueries(self, select: Node, names: Mapping[str, Held]) -> None:
        """Goes through the queries that stand in the expressions of a SELECT."""
        waiting: list[Any] = [value for key, value in select.items() if key not in ("from_table", "cte_map")]
        while waiting:
            value = waiting.pop()
            if isinstance(value, list):
                waiting.extend(value)
            elif isinstance(value, dict):
                if str(value.get("type")) in _QUERIES:
                    self.result(value, names)
                else:
                    waiting.extend(value.values())


def _selected(scope: Scope) -> Held:
    """Returns the texts of the columns that a SELECT hands on."""
    found: dict[str, Texts] = {}
    for item in scope.select.get("select_list") or ():
        if item.get("class") == "STAR":
            if item.get("columns") or item.get("replace_list") or item.get("rename_list"):
                return {}
            relation = str(item.get("relation_name") or "").casefold()
            left_out = {str(_name_of(name)).casefold() for name in item.get("exclude_list") or ()}
            for table in scope.tables:
                if relation in ("", table.alias):
                    found.update({n: t for n, t in table.held.items() if n not in left_out})
            continue
        texts = scope.texts(item)
        names = item.get("column_names") or ()
        name = str(item.get("alias") or (names[-1] if names else "")).casefold()
        if texts is not None and name:
            found[name] = texts
        else:
            found.pop(name, None)
    return found


def _name_of(excluded: Any) -> Any:
    """Returns the name of a column that a star leaves out; it may be qualified."""
    if isinstance(excluded, dict):
        names = (excluded.get("qualified_name") or {}).get("path") or excluded.get("column_names")
        return names[-1] if names else excluded.get("column")
    return excluded


def leaves_out(select: Node) -> bool:
    """Whether rows may not reach the result of a SELECT."""
    return limits(select) or any(name in select for name in _LEAVE_OUT)


def limits(select: Node) -> bool:
    """Whether a SELECT gives only some of its rows."""
    return any("LIMIT" in str(modifier.get("type")) for modifier in select.get("modifiers") or ())


def _doubtful(held: Held) -> Held:
    return {name: replace(texts, surely=False) for name, texts in held.items()}


__all__ = ["Flow", "Scope", "doubted", "flow_of", "leaves_out", "limits", "with_texts"]
