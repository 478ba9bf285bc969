"""SqlTree: what a query is made of, by DuckDB's own parser: which tables and columns are in which SELECT."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class TableRef:
    """A table that a query reads: an input, a name of WITH, a table of a database.

    Attributes:
        name: Its name, without database and schema.
        path: Its whole name, part by part.
        alias: What it is called in the query.
        start: First character of the reference.
        end: The character after the last one.
    """

    name: str
    path: tuple[str, ...]
    alias: str
    start: int
    end: int


@dataclass(slots=True)
class Select:
    """One SELECT of a query.

    Attributes:
        tables: The tables of its FROM.
        subqueries: The aliases of the subqueries and functions in its FROM.
        aliases: The names its list gives to what it selects.
        places: Start and end of the columns, functions and operators in it.
        bare: Where columns end that its list selects under their own names.
        outer: The SELECT around it.
    """

    tables: list[TableRef] = field(default_factory=list)
    subqueries: list[str] = field(default_factory=list)
    aliases: list[str] = field(default_factory=list)
    places: set[tuple[int, int]] = field(default_factory=set)
    bare: set[int] = field(default_factory=set)
    outer: Select | None = None

    def is_bare(self, end: int) -> bool:
        """Whether what ends at `end` is a column of the list without a name of its own."""
        return end in self.bare

    @property
    def names(self) -> list[str]:
        """What its tables are called."""
        return [table.alias for table in self.tables] + [name for name in self.subqueries if name]


@dataclass
class SqlTree:
    """A query taken apart.

    Attributes:
        selects: Its SELECTs, outer ones first.
        tables: Every table it reads.
        with_names: The names that WITH gives, folded.
        operators: Start of an operator -> the place of it with its operands.
        nodes: All it is made of as the parser gives it, what is around a part before the part.
    """

    selects: list[Select] = field(default_factory=list)
    tables: list[TableRef] = field(default_factory=list)
    with_names: set[str] = field(default_factory=set)
    operators: dict[int, tuple[int, int]] = field(default_factory=dict)
    nodes: list[dict[str, Any]] = field(default_factory=list)

    def select_at(self, start: int, end: int) -> Select | None:
        """Returns the SELECT in whose own list or clauses a place stands."""
        for select in self.selects:
            if (start, end) in select.places:
                return select
        around = [
            (max(last for _, last in select.places) - min(first for first, _ in select.places), select)
            for select in self.selects
            if select.places
            and min(first for first, _ in select.places) <= start
            and end <= max(last for _, last in select.places)
        ]
        if around:
            return min(around, key=lambda pair: pair[0])[1]
        return self.selects[0] if len(self.selects) == 1 else None


def tree_of(serialized: dict[str, Any], sql: str) -> SqlTree | None:
    """Returns what `json_serialize_sql` gives of a query as a tree; None where it gives an error."""
    if serialized.get("error") or not serialized.get("statements"):
        return None
    builder = _Builder(sql)
    for statement in serialized["statements"]:
        builder.visit(statement.get("node"), None)
    return builder.tree


class _Builder:
    def __init__(self, sql: str) -> None:
        self.tree = SqlTree()
        self._sql = sql

    def visit(self, top: Any, outer: Select | None) -> None:
        """Walks a tree without recursion: queries may be nested deeper than Python's stack."""
        waiting: list[tuple[Any, Select | None]] = [(top, outer)]
        while waiting:
            node, select = waiting.pop()
            if isinstance(node, list):
                waiting.extend((item, select) for item in reversed(node))
                continue
            if not isinstance(node, dict):
                continue
            waiting.extend(reversed(list(self._parts(node, select))))

    def _parts(self, node: dict[str, Any], select: Select | None) -> Iterator[tuple[Any, Select | None]]:
        kind = node.get("type")
        self.tree.nodes.append(node)
        if kind == "SELECT_NODE":
            select = Select(outer=select)
            self.tree.selects.append(select)
            for item in node.get("select_list", ()):
                if item.get("alias"):
                    select.aliases.append(item["alias"])
                elif item.get("class") == "COLUMN_REF" and (place := self._place(item)) is not None:
                    select.bare.add(place[1])
        elif kind == "BASE_TABLE":
            self._add_table(node, select)
        elif kind in ("SUBQUERY", "TABLE_FUNCTION") and node.get("class") is None and select is not None:
            select.subqueries.append(node.get("alias", ""))
        if "cte_map" in node:
            for entry in node["cte_map"].get("map", ()):
                self.tree.with_names.add(str(entry.get("key")).casefold())
        place = self._place(node)
        if place is not None and select is not None and node.get("class"):
            select.places.add(place)
            if node.get("is_operator"):
                self._add_operator(node, place)
        for key, value in node.items():
            if isinstance(value, dict | list) and key not in ("qualified_name", "column_names"):
                yield value, select

    def _add_table(self, node: dict[str, Any], select: Select | None) -> None:
        path = tuple(str(part) for part in node.get("qualified_name", {}).get("path", ()))
        name = str(node.get("table_name") or (path[-1] if path else ""))
        start, end = self._place(node) or (0, 0)
        table = TableRef(name, path or (name,), str(node.get("alias") or name), start, end)
        self.tree.tables.append(table)
        if select is not None:
            select.tables.append(table)

    def _add_operator(self, node: dict[str, Any], place: tuple[int, int]) -> None:
        found = operands(node, self._sql)
        if found is not None:
            self.tree.operators[place[0]] = found

    def _place(self, node: dict[str, Any]) -> tuple[int, int] | None:
        return place_of(node, self._sql)


def place_of(node: dict[str, Any], sql: str) -> tuple[int, int] | None:
    """Returns where the parser says that a node stands, in characters; it counts bytes."""
    start = node.get("query_location")
    if not isinstance(start, int):
        return None
    end = start + int(node.get("query_location_length", 0))
    if sql.isascii():
        return start, end
    data = sql.encode("utf-8", "surrogatepass")
    first = len(data[:start].decode("utf-8", "replace"))
    return first, first + len(data[start:end].decode("utf-8", "replace"))


def operands(node: dict[str, Any], sql: str) -> tuple[int, int] | None:
    """Returns the place of an operator with what it works on."""
    return _around([place_of(node, sql)], node.get("arguments"), sql)


def places_in(node: dict[str, Any] | list[dict[str, Any]], sql: str) -> tuple[int, int] | None:
    """Returns the place of an expression with all that is in it."""
    return _around([], node, sql)


def _around(places: list[tuple[int, int] | None], top: Any, sql: str) -> tuple[int, int] | None:
    waiting = [top]
    while waiting:
        current = waiting.pop()
        if isinstance(current, list):
            waiting.extend(current)
        elif isinstance(current, dict):
            places.append(place_of(current, sql))
            waiting.extend(value for value in current.values() if isinstance(value, dict | list))
    known = [place for place in places if place is not None]
    return (min(start for start, _ in known), max(end for _, end in known)) if known else None


def text_of(node: dict[str, Any]) -> str | None:
    """Returns the text that an expression is, None where it is none."""
    literal = node.get("literal")
    if node.get("class") != "CONSTANT" or not isinstance(literal, dict) or literal.get("kind") != "STRING":
        return None
    return str(literal.get("text", ""))


def arguments_of(node: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns what a function is given."""
    return [argument.get("expression") or {} for argument in node.get("arguments") or ()]


def nodes_in(top: Any) -> Iterator[dict[str, Any]]:
    """Yields every object in a part of a serialized query."""
    waiting = [top]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            yield node
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)
