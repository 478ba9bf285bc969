"""Trials: an operation of a query on values of our own, to see whether its types and constants can work.

DuckDB takes `created = 5` and `price + 'abc'` and fails at the first row. So each operation whose types may
clash, or that is given a constant, is tried by itself: with the constants as they stand there, and for all
else a value of its type. Only operators and a few functions that do nothing but reckon are tried.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from odibi_core.checks.sql.lab_errors import SqlProblem
from odibi_core.checks.sql.lab_types import OURS, sample_of, type_called
from odibi_core.checks.sql.tree import arguments_of, operands, place_of, places_in, text_of
from odibi_core.config.sql_text import DUCKDB

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from odibi_core.checks.schemas import Schema
    from odibi_core.checks.sql.lab import Lab

    Node = dict[str, Any]
    TypeOf = Callable[[Node], str | None]

# A query without these has nothing to try.
MAY_CLASH = re.compile(
    r"=|<>|'|\bIN\s*\(|\bIS\s+(?:NOT\s+)?DISTINCT\b|\b(?:UNION|EXCEPT|INTERSECT)\b|::|\bCAST\b"
    r"|\b(?:nullif|chr|make_\w+)\s*\(",
    re.IGNORECASE,
)
_COMPARISONS = {
    "COMPARE_EQUAL": "=", "COMPARE_NOTEQUAL": "<>", "COMPARE_DISTINCT_FROM": "IS DISTINCT FROM",
    "COMPARE_NOT_DISTINCT_FROM": "IS NOT DISTINCT FROM",
}  # fmt: skip
_OPERATORS = frozenset({"+", "-", "*", "/", "//", "%", "**", "^", "&", "|", "<<", ">>"})
_FUNCTIONS = frozenset({
    "round", "lpad", "rpad", "left", "right", "substr", "substring", "repeat", "date_diff", "datediff",
    "date_sub", "datesub", "date_trunc", "datetrunc", "date_part", "datepart", "date_add", "strptime",
    "strftime", "make_date", "make_time", "make_timestamp", "timezone", "chr", "regexp_extract",
    "regexp_extract_all", "regexp_replace", "regexp_matches", "regexp_full_match", "split_part", "nullif",
    "list_value", "array_extract", "list_extract", "log", "pow", "power", "mod",
})  # fmt: skip
# Of these a number alone can be wrong.
_OF_NUMBERS = frozenset({"chr", "make_date", "make_time", "make_timestamp"})
_NUMBER = re.compile(r"-?\d{1,6}(?:\.\d{1,6})?")
_LONGEST = 200  # characters of a constant
_UNIMPLEMENTED = re.compile(r"Unimplemented type for cast \((?P<source>.+) -> (?P<to>.+?)\)")
_NOT_CONVERTED = re.compile(r"""Could not convert string ['"](?P<text>.*?)['"] to '?(?P<to>\w+)""", re.DOTALL)
# DuckDB's inner names of types.
_TYPES = {"INT8": "TINYINT", "INT16": "SMALLINT", "INT32": "INTEGER", "INT64": "BIGINT", "BOOL": "BOOLEAN"}
_NUMERIC = re.compile(r"(?:U?(?:TINY|SMALL|BIG|HUGE)?INT(?:EGER)?|FLOAT|DOUBLE|DECIMAL\(.*\))")


class Trials:
    """Tries the operations of one query.

    Args:
        lab: Where they are tried.
        sql: The query, which DuckDB takes.
        known: The tables it reads.
        type_of: Says what type an expression has.
    """

    def __init__(self, lab: Lab, sql: str, known: Mapping[str, Schema], type_of: TypeOf) -> None:
        self._lab = lab
        self._sql = sql
        self._type_of = type_of
        self._types: dict[str, set[str | None]] = {}
        for schema in known.values():
            for column in schema.columns:
                self._types.setdefault(column.name.casefold(), set()).add(column.type)

    def problem(self, node: Node, always: bool) -> SqlProblem | None:
        """Returns what is wrong with an operation; None where it works, or is none that is tried."""
        parts = self._parts(node)
        if parts is None:
            return None
        form, inner = parts
        rendered: list[str] = []
        for part in inner:
            text = self._rendered(part)
            if text is None:
                return None
            rendered.append(text)
        refusal = self._lab.tried(f"SELECT {form.format(*rendered)}")
        return None if refusal is None else self._told(node, inner, refusal, always)

    def _parts(self, node: Node) -> tuple[str, list[Node]] | None:
        """Returns how an operation is written, and what it works on; None where it need not be tried."""
        kind, name = node.get("class"), str(node.get("function_name", "")).casefold()
        if kind == "COMPARISON" and str(node.get("type")) in _COMPARISONS:
            inner = [node.get("left") or {}, node.get("right") or {}]
            return None if self._agree(inner) else (f"{{}} {_COMPARISONS[str(node['type'])]} {{}}", inner)
        if node.get("type") == "COMPARE_IN":
            inner = (node.get("children") or [])[:2]
            return None if len(inner) < 2 or self._agree(inner) else ("{} IN ({})", inner)
        if node.get("type") == "ARRAY_EXTRACT":
            inner = node.get("children") or []
            return ("{}[{}]", inner) if len(inner) == 2 and text_of(inner[1]) is not None else None
        if kind == "CAST":
            return self._cast(node)
        if kind != "FUNCTION":
            return None
        inner = arguments_of(node)
        if node.get("is_operator"):
            if name not in _OPERATORS or not any(text_of(part) is not None for part in inner):
                return None
            return (f"{{}} {name} {{}}", inner) if len(inner) == 2 else (f"{name} {{}}", inner)
        if name not in _FUNCTIONS or not inner:
            return None
        if name == "nullif" and not any(text_of(part) is not None for part in inner):
            return None if self._agree(inner) else ("nullif({}, {})", inner)
        if not any(text_of(part) is not None for part in inner) and not (
            name in _OF_NUMBERS and all(part.get("class") == "CONSTANT" for part in inner)
        ):
            return None
        return f"{name}({', '.join(['{}'] * len(inner))})", inner

    def _cast(self, node: Node) -> tuple[str, list[Node]] | None:
        """Returns a cast of a number, or of a text to an interval, whose type has no place of its own."""
        child, to = node.get("child") or {}, node.get("type_expr") or {}
        if child.get("class") != "CONSTANT" or node.get("try_cast"):
            return None
        place = place_of(to, self._sql)
        if place is None:
            return ("CAST({} AS INTERVAL)", [child]) if to.get("type_name") == "INTERVAL" else None
        text = self._sql[place[0] : place[1]]
        if text_of(child) is not None or type_called(self._lab, text) is None:
            return None
        return f"CAST({{}} AS {text})", [child]

    def _agree(self, inner: list[Node]) -> bool:
        """Whether two sides are seen to fit, or are judged as a text constant elsewhere."""
        if len(inner) != 2 or any(text_of(part) is not None or self._is_unknown(part) for part in inner):
            return True
        kinds = [self._apparent(part) for part in inner]
        if None in kinds:
            return False
        return kinds[0] == kinds[1] or all(_NUMERIC.fullmatch(kind or "") for kind in kinds)

    def _is_unknown(self, node: Node) -> bool:
        """Whether an expression is a column whose type nobody knows, by its name alone."""
        names = node.get("column_names") or [""]
        return node.get("class") == "COLUMN_REF" and self._types.get(str(names[-1]).casefold()) == {None}

    def _apparent(self, node: Node) -> str | None:
        """Returns the type of a number or of a column, by its name alone."""
        if node.get("class") == "CONSTANT":
            literal = node.get("literal") or {}
            return "INTEGER" if _NUMBER.fullmatch(str(literal.get("text", ""))) else None
        names = node.get("column_names") or [""]
        found = self._types.get(str(names[-1]).casefold(), set())
        return next(iter(found)) if node.get("class") == "COLUMN_REF" and len(found) == 1 else None

    def _rendered(self, node: Node) -> str | None:
        """Returns a constant as it is, or a value of an expression's type."""
        literal = node.get("literal")
        if node.get("class") == "CONSTANT" and isinstance(literal, dict):
            text = str(literal.get("text", ""))
            if literal.get("kind") == "STRING":
                return DUCKDB.quote_text(text) if len(text) <= _LONGEST and "\0" not in text else None
            if literal.get("kind") == "BOOLEAN":
                return "true" if text.casefold() == "true" else "false"
            return text if _NUMBER.fullmatch(text) else None
        kind = self._type_of(node)
        return None if kind is None else sample_of(kind)

    def _told(self, node: Node, inner: list[Node], refusal: str, always: bool) -> SqlProblem | None:
        place = operands(node, self._sql) if node.get("is_operator") else places_in(node, self._sql)
        clash = _UNIMPLEMENTED.search(refusal)
        if clash is not None:
            if place is None:
                return None
            return SqlProblem(
                "type", refusal, start=place[0], end=place[1], name=clash["source"], converted_to=clash["to"],
                always=always,
            )  # fmt: skip
        if OURS in refusal:
            return None  # it was our own text that did not fit
        constants = [part for part in inner if part.get("class") == "CONSTANT"]
        texts = [part for part in constants if text_of(part) is not None]
        said = _NOT_CONVERTED.search(refusal)
        if said is not None:
            texts = [part for part in texts if text_of(part) == said["text"]]
            constants = texts
        elif len(texts) > 1:
            texts = [part for part in texts if (text_of(part) or "\0") in refusal]
        blamed = texts if len(texts) == 1 else constants if len(constants) == 1 else []
        if said is not None and not blamed:
            return None
        if len(constants) < len(inner) and not any((text_of(part) or "\0") in refusal for part in texts):
            return None  # it may have been our own value
        at = place_of(blamed[0], self._sql) if blamed else place
        if at is None:
            return None
        name, to = (None, None) if said is None else (said["text"], _TYPES.get(said["to"], said["to"]))
        return SqlProblem(
            "constant", refusal, start=at[0], end=at[1], name=name, converted_to=to, always=always
        )  # fmt: skip


def clashing_sides(lab: Lab, sql: str, known: Mapping[str, Schema], parsed: Node) -> list[SqlProblem]:
    """Returns the columns of a UNION, EXCEPT or INTERSECT whose types cannot be made one.

    Args:
        lab: Where they are tried.
        sql: The query, which DuckDB takes.
        known: The tables it reads.
        parsed: The query as DuckDB's parser serializes it.
    """
    nodes = [statement.get("node") or {} for statement in parsed.get("statements") or ()]
    if (
        len(nodes) != 1
        or nodes[0].get("type") != "SET_OPERATION_NODE"
        or nodes[0].get("cte_map", {}).get("map")
    ):
        return []
    sides: list[tuple[Node, Schema]] = []
    for child in nodes[0].get("children") or ():
        text = lab.written(child)
        if text is None:
            return []
        try:
            sides.append((child, lab.describe(text, known)))
        except SqlProblem:
            return []
    found: list[SqlProblem] = []
    by_name = str(nodes[0].get("setop_type", "")).endswith("BY_NAME")
    for child, schema in sides[1:]:
        for at, column in enumerate(schema.columns):
            first = sides[0][1]
            other = (
                first.find(column.name) if by_name else first.columns[at] if at < len(first.names) else None
            )
            refusal = None if other is None else _clash(lab, other.type, column.type)
            place = None if refusal is None else _item_place(child, at, sql)
            if refusal is not None and place is not None:
                start, end = place
                found.append(
                    SqlProblem(
                        "type", refusal[0], start=start, end=end, name=refusal[1], converted_to=refusal[2],
                        always=False,
                    )
                )  # fmt: skip
    return found


def _clash(lab: Lab, one: str | None, other: str | None) -> tuple[str, str, str] | None:
    """Returns why values of two types cannot be in one column, and what cannot be made what."""
    if one is None or other is None or one == other:
        return None
    samples = sample_of(one), sample_of(other)
    if None in samples:
        return None
    refusal = lab.tried(f"SELECT {samples[0]} UNION ALL SELECT {samples[1]}")
    clash = None if refusal is None else _UNIMPLEMENTED.search(refusal)
    return None if clash is None or refusal is None else (refusal, clash["source"], clash["to"])


def _item_place(select: Node, at: int, sql: str) -> tuple[int, int] | None:
    """Returns where the column at a position of a SELECT's result is written."""
    items = select.get("select_list") or []
    if any(item.get("class") == "STAR" for item in items) or at >= len(items):
        return places_in(items or select, sql)
    return places_in(items[at], sql)


__all__ = ["MAY_CLASH", "Trials", "clashing_sides"]
