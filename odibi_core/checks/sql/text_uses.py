"""Conversions of columns of texts that do not survive them: what the start of a source shows of a query."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from odibi_core.checks.sql.lab_errors import SqlProblem
from odibi_core.checks.sql.lab_types import refuses_comparison, refuses_text, type_called
from odibi_core.checks.sql.texts import leaves_out, limits
from odibi_core.checks.sql.tree import arguments_of, nodes_in, place_of, places_in
from odibi_core.config.sql_text import DUCKDB

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from odibi_core.checks.schemas import Texts
    from odibi_core.checks.sql.lab import Lab
    from odibi_core.checks.sql.texts import Flow, Scope

    Node = dict[str, Any]

# What catches errors, and what has names of its own; what only some rows come to.
_PASSED_BY = frozenset({
    "TRY", "OPERATOR_TRY", "OPERATOR_COALESCE", "LAMBDA", "SELECT_NODE", "SET_OPERATION_NODE",
    "RECURSIVE_CTE_NODE",
})  # fmt: skip
_PASSED_OVER = frozenset({"then_expr", "else_expr", "filter", "type_expr", "from_table", "cte_map"})
_LAZY = frozenset({"if", "ifnull", "coalesce", "count", "try"})
_LOOK_AT_FORM = frozenset(
    {"regexp_matches", "regexp_full_match", "~~~", "try_strptime", "length", "len", "strlen", "json_valid"}
)
_CONDITIONS = ("where_clause", "having", "qualify", "when_expr")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class _Conversion:
    """A column whose texts are made something else.

    Attributes:
        column: The column.
        to: The name of a type, or the type as it is written; the number that it is compared with, or another
            such expression; the form of a timestamp.
        at: The expression that does it.
        surely: Whether each row comes to it.
    """

    column: Node
    to: str | Node
    at: Node
    surely: bool


def unfit_texts(lab: Lab, sql: str, flow: Flow, type_of: Callable[[Node], str | None]) -> list[SqlProblem]:
    """Returns the conversions of a query that fail for a text which its column is known to hold.

    Where rows may be left out before they come to it, something is said only if no text that is known
    survives.

    Args:
        lab: Where it is asked, with constants.
        sql: The query, which DuckDB takes.
        flow: What its SELECTs see.
        type_of: Says what type an expression has.
    """
    found: list[SqlProblem] = []
    for scope in flow.scopes:
        if not scope.has_texts:
            continue
        for conversion in _conversions(scope):
            texts = scope.texts(conversion.column)
            problem = None if texts is None else _judged(lab, sql, conversion, texts, type_of)
            if problem is not None:
                found.append(problem)
    return sorted(found, key=lambda problem: problem.start or 0)


def _conversions(scope: Scope) -> Iterator[_Conversion]:
    """Yields the conversions of columns in the expressions of one SELECT."""
    select = scope.select
    plain = scope.is_top and not leaves_out(select)
    for key in ("select_list", "group_expressions", "modifiers"):
        yield from _within(select.get(key), surely=plain)
    where = select.get("where_clause")
    if isinstance(where, dict):
        only = scope.is_top and "sample" not in select and not limits(select)
        yield from _condition(where, only)
        yield from _within(where, surely=only)
    for join in _joins(select.get("from_table")):
        yield from _within(join.get("condition"), surely=False)


def _joins(source: Any) -> Iterator[Node]:
    waiting = [source]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict) and node.get("type") == "JOIN":
            yield node
            waiting += [node.get("left"), node.get("right")]


def _within(top: Any, *, surely: bool) -> Iterator[_Conversion]:
    waiting: list[tuple[Any, bool]] = [(top, surely)]
    while waiting:
        node, always = waiting.pop()
        if isinstance(node, list):
            waiting.extend((item, always) for item in node)
            continue
        if not isinstance(node, dict) or str(node.get("type")) in _PASSED_BY:
            continue
        if node.get("try_cast") or (node.get("class") == "CONJUNCTION" and _is_guarded(node)):
            continue  # a condition on the column itself may keep others away
        yield from _of_node(node, always)
        if node.get("class") == "CASE":
            checks = node.get("case_checks") or []
            waiting.extend((check, always and at == 0) for at, check in enumerate(checks))
            continue
        inner = always and node.get("class") != "CONJUNCTION"
        inner = inner and str(node.get("function_name", "")).casefold() not in _LAZY
        waiting.extend(
            (value, inner)
            for key, value in node.items()
            if isinstance(value, dict | list) and key not in _PASSED_OVER
        )


def _is_guarded(conjunction: Node) -> bool:
    """Whether a part of a condition looks at the form of a text, and so may keep others away from it."""
    return any(
        node.get("try_cast") or str(node.get("function_name", "")).casefold() in _LOOK_AT_FORM
        for node in nodes_in(conjunction.get("children"))
    )


def _of_node(node: Node, surely: bool) -> Iterator[_Conversion]:
    kind, function = node.get("class"), str(node.get("function_name", "")).casefold()
    for name in _CONDITIONS:
        yield from _condition(node.get(name), surely)
    if kind == "CAST":
        yield _Conversion(node.get("child") or {}, node.get("type_expr") or {}, node, surely)
    elif kind == "COMPARISON":
        left, right = node.get("left") or {}, node.get("right") or {}
        yield _Conversion(left, _as_target(right), node, surely)
        yield _Conversion(right, _as_target(left), node, surely)
    elif node.get("type") == "COMPARE_IN":
        children = node.get("children") or []
        if len(children) > 1:
            yield _Conversion(children[0], _as_target(children[1]), node, surely)
    elif function == "nullif" and len(arguments_of(node)) == 2:
        left, right = arguments_of(node)
        yield _Conversion(left, _as_target(right), node, surely)
    elif function == "strptime" and len(arguments_of(node)) == 2:
        form = arguments_of(node)[1].get("literal") or {}
        if form.get("kind") == "STRING":
            yield _Conversion(arguments_of(node)[0], str(form.get("text", "")), node, surely)
    elif function == "if" and arguments_of(node):
        yield from _condition(arguments_of(node)[0], surely)
    if kind == "CONJUNCTION" or node.get("type") == "OPERATOR_NOT":
        for child in node.get("children") or ():
            yield from _condition(child, surely and kind != "CONJUNCTION")


def _condition(node: Any, surely: bool) -> Iterator[_Conversion]:
    if isinstance(node, dict) and node.get("class") == "COLUMN_REF":
        yield _Conversion(node, "BOOLEAN", node, surely)


def _as_target(node: Node) -> str | Node:
    """Returns what a column is compared with: a number as it is written, a type, or an expression."""
    literal = node.get("literal")
    if not isinstance(literal, dict) or literal.get("kind") == "STRING":
        return node
    text = str(literal.get("text", ""))
    return text if _NUMBER.fullmatch(text) else "BOOLEAN" if literal.get("kind") == "BOOLEAN" else node


def _judged(
    lab: Lab, sql: str, conversion: _Conversion, texts: Texts, type_of: Callable[[Node], str | None]
) -> SqlProblem | None:
    to, place = _target(conversion.to, sql, type_of), places_in(conversion.at, sql)
    if to is None or place is None:
        return None
    if conversion.at.get("function_name") == "strptime":
        kind = f"timestamp of the form `{to}`"
        calls = {t: f"strptime({DUCKDB.quote_text(t)}, {DUCKDB.quote_text(to)})" for t in texts.some}
        bad = [text for text, call in calls.items() if lab.tried(f"SELECT {call}")]
    elif _NUMBER.fullmatch(to):
        kind = "number"
        bad = [text for text in texts.some if refuses_comparison(lab, text, to)]
    else:
        kind = type_called(lab, to) or "VARCHAR"
        bad = [] if kind == "VARCHAR" else [t for t in texts.some if refuses_text(lab, t, kind) is not None]
    surely = conversion.surely and texts.surely
    if not bad or (not surely and len(bad) < len(texts.some)):
        return None
    name = str((conversion.column.get("column_names") or [""])[-1])
    return SqlProblem(
        "text", bad[0], start=place[0], end=place[1], name=name, converted_to=kind, always=surely,
        candidates=(to,) if kind == "number" else (),
    )  # fmt: skip


def _target(to: str | Node, sql: str, type_of: Callable[[Node], str | None]) -> str | None:
    """Returns the name of a type, or a number."""
    if isinstance(to, str):
        return to
    if to.get("class") != "TYPE":
        return type_of(to)
    written = place_of(to, sql)
    return sql[written[0] : written[1]] if written is not None else str(to.get("type_name", ""))


__all__ = ["unfit_texts"]
