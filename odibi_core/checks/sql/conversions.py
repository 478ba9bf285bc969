"""Conversions in a query that can never work: what DuckDB itself says only once there are rows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from odibi_core.checks.sql.lab_errors import SqlProblem
from odibi_core.checks.sql.lab_types import is_type_text, refuses_text, refuses_type, type_called
from odibi_core.checks.sql.texts import leaves_out, limits
from odibi_core.checks.sql.tree import arguments_of, operands, place_of, places_in, text_of
from odibi_core.checks.sql.trials import MAY_CLASH, Trials

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping

    from odibi_core.checks.schemas import Schema
    from odibi_core.checks.sql.lab import Lab
    from odibi_core.checks.sql.texts import Flow
    from odibi_core.checks.sql.tree import SqlTree

# A query without these has no conversion that is looked at.
_MAY_CONVERT = re.compile(
    r"\bCAST\b|::|'"
    # A condition that is a name or a call alone.
    r"|\b(?:WHERE|HAVING|ON|QUALIFY|AND|OR|NOT|WHEN)\s*\(*\s*[\w.\"]+\s*(?:\([^()]*\)\s*)?"
    r"(?:[;)]|$|\b(?:AND|OR|THEN|GROUP|HAVING|ORDER|LIMIT|OFFSET|QUALIFY|WINDOW|UNION|EXCEPT|INTERSECT|JOIN|LEFT"
    r"|RIGHT|INNER|FULL|CROSS|WHERE)\b)",
    re.IGNORECASE,
)
# What only some rows come to, or none, and what catches errors.
_PASSED_OVER = frozenset({"then_expr", "else_expr"})
_CATCHING = frozenset({"TRY", "OPERATOR_TRY", "OPERATOR_COALESCE"})
_CONDITIONS = ("where_clause", "having", "qualify", "condition", "when_expr")
_LAZY = frozenset({"if", "ifnull", "count"})
_TRIED = frozenset({"COMPARISON", "OPERATOR", "FUNCTION", "CAST"})
_MAYBE_BOOLEAN = frozenset({"COLUMN_REF", "CAST", "FUNCTION"})
_TEXT = "VARCHAR"
_LAMBDA = re.compile(r"->|\blambda\b", re.IGNORECASE)
# Of all the queries that are bound to ask for types: some seconds' worth.
_ASKED_CHARACTERS = 1_000_000


@dataclass(frozen=True, slots=True)
class _Conversion:
    """An expression, and what it is made: the type of a text, or that of another expression.

    Attributes:
        node: The expression.
        to: The name of a type, or the expression whose type it is; None for an operation to be tried.
        place: Where it stands.
        always: Whether it is made whenever the query is run; else a row has to come to it.
    """

    node: dict[str, Any]
    to: str | dict[str, Any] | None
    place: tuple[int, int]
    always: bool


def may_fail(sql: str) -> bool:
    """Whether there may be a conversion or an operation in a query that can never work."""
    return _MAY_CONVERT.search(sql) is not None or MAY_CLASH.search(sql) is not None


def impossible_conversions(
    lab: Lab, sql: str, known: Mapping[str, Schema], parsed: dict[str, Any], flow: Flow, types: Types
) -> list[SqlProblem]:
    """Returns the conversions of a query that fail for every row.

    Args:
        lab: Where types are asked for.
        sql: The query, which DuckDB takes.
        known: The tables it reads, whose types are all known.
        parsed: The query as DuckDB's parser serializes it.
        flow: What its SELECTs see.
        types: The types of its expressions.
    """
    trials = Trials(lab, sql, known, types.of)
    found: list[SqlProblem] = []
    with_rows = _with_rows(flow)
    for conversion in _conversions(parsed, sql, with_rows):
        if conversion.to is None:
            problem = trials.problem(conversion.node, conversion.always)
            if problem is not None:
                needs_value = with_rows and problem.kind == "type"  # all the rows there are may hold null
                found.append(problem.but(always=False) if needs_value else problem)
            continue
        to = conversion.to if isinstance(conversion.to, str) else types.of(conversion.to)
        to = None if to is None else type_called(lab, to)
        if to is None or to == _TEXT:
            continue
        text = text_of(conversion.node)
        always = conversion.always
        if text is not None:
            why = refuses_text(lab, text, to)
            kind, name = "constant", text
        else:
            source = types.of(conversion.node)
            why = None if source is None else refuses_type(lab, source, to)
            kind, name = "type", source or ""
            always = always and not with_rows
        if why is not None:
            start, end = conversion.place
            found.append(
                SqlProblem(
                    "constant" if kind == "constant" else "type", why, start=start, end=end, name=name,
                    converted_to=to, always=always,
                )
            )  # fmt: skip
    return sorted(found, key=lambda problem: problem.start or 0)


def _with_rows(flow: Flow) -> frozenset[int]:
    """Returns the SELECTs, by `id`, that surely come to a row and give what they work out."""
    return frozenset(
        id(scope.select)
        for scope in flow.scopes
        if scope.is_top
        and len(scope.tables) == 1
        and not limits(scope.select)
        and "sample" not in scope.select
        and any(texts.surely for texts in scope.tables[0].held.values())
    )


def _conversions(parsed: dict[str, Any], sql: str, with_rows: frozenset[int]) -> Iterator[_Conversion]:
    waiting: list[tuple[Any, bool]] = [(parsed.get("statements"), True)]
    while waiting:
        node, always = waiting.pop()
        if isinstance(node, list):
            waiting.extend((item, always) for item in node)
            continue
        if isinstance(node, dict) and node.get("type") == "OPERATOR_COALESCE":
            yield from _of_results(node, sql, always)
        if not isinstance(node, dict) or str(node.get("type")) in _CATCHING or node.get("try_cast"):
            continue
        yield from _of_node(node, sql, always)
        for key, value in node.items():
            if isinstance(value, dict | list) and key not in _PASSED_OVER and key != "type_expr":
                waiting.extend(_inner(node, key, value, always, with_rows))


def _inner(
    node: dict[str, Any], key: str, value: Any, always: bool, with_rows: frozenset[int]
) -> Iterator[tuple[Any, bool]]:
    """Yields what is in a node, and whether it is still worked out for every row."""
    if node.get("type") == "SELECT_NODE":
        # There may be no row in a table.
        plain = (node.get("from_table") or {}).get("type") == "EMPTY" or id(node) in with_rows
        if key == "where_clause":
            yield value, always and plain
        elif key in ("from_table", "cte_map"):
            # A column that nothing reads is not worked out.
            yield value, always and key == "from_table" and _gives_all(node)
        else:
            filtered = any(name in node for name in ("where_clause", "having", "qualify"))
            yield value, always and plain and not filtered
    elif (
        (node.get("type") == "JOIN" and key == "condition")
        or (node.get("class") == "SUBQUERY" and node.get("subquery_type") != "SCALAR")
        or "filter" in node
        or _is_lazy(node)
    ):
        yield value, False
    elif node.get("class") == "CONJUNCTION" and key == "children":
        # DuckDB chooses which is looked at first; the others are not where that one decides.
        for child in value:
            yield child, False
    elif node.get("class") == "CASE":
        for index, check in enumerate(value if isinstance(value, list) else [value]):
            yield check, always and index == 0
    else:
        yield value, always


def _gives_all(select: dict[str, Any]) -> bool:
    """Whether a SELECT hands on all that is in its FROM."""
    items = select.get("select_list") or []
    return len(items) == 1 and items[0].get("class") == "STAR" and not leaves_out(select)


def _is_lazy(node: dict[str, Any]) -> bool:
    """Whether a function may not come to all that it is given."""
    return str(node.get("function_name", "")).casefold() in _LAZY


def _of_node(node: dict[str, Any], sql: str, always: bool) -> Iterator[_Conversion]:
    kind = node.get("class")
    if kind in _TRIED:
        yield _Conversion(node, None, (0, 0), always)
    yield from _of_results(node, sql, always)
    if kind == "CAST":
        to, place = node.get("type_expr") or {}, places_in(node, sql)
        written = place_of(to, sql)
        if written is not None and place is not None and node.get("query_location") is not None:
            yield _Conversion(node.get("child") or {}, sql[written[0] : written[1]], place, always)
    elif kind == "COMPARISON":
        left, right = node.get("left") or {}, node.get("right") or {}
        yield from _of_constant(left, right, sql, always)
        yield from _of_constant(right, left, sql, always)
    elif kind == "BETWEEN":
        for bound in ("lower", "upper"):
            yield from _of_constant(node.get(bound) or {}, node.get("input") or {}, sql, always)
    elif node.get("type") == "COMPARE_IN":
        children = node.get("children") or []
        if len(children) > 1:  # only the first is compared with every row
            yield from _of_constant(children[1], children[0], sql, always)
    for name in _CONDITIONS:
        yield from _of_condition(node.get(name), sql, name == "when_expr" and always)
    if kind == "CONJUNCTION" or node.get("type") == "OPERATOR_NOT":
        for child in node.get("children") or ():
            yield from _of_condition(child, sql, always and kind != "CONJUNCTION")


def _of_results(node: dict[str, Any], sql: str, always: bool) -> Iterator[_Conversion]:
    """Yields the texts among what an expression may give: each is made what the others are."""
    name = str(node.get("function_name", "")).casefold()
    given = arguments_of(node)
    to: dict[str, Any] | str = node
    if node.get("class") == "CASE":
        given = [check.get("then_expr") or {} for check in node.get("case_checks") or ()]
        given.append(node.get("else_expr") or {})
    elif node.get("type") == "OPERATOR_COALESCE":
        given = node.get("children") or []
    elif name == "if":
        given = given[1:]
    elif name in ("lag", "lead", "ntile") and node.get("class") == "WINDOW":
        if len(given) > 2 and (place := place_of(given[2], sql)) and text_of(given[2]) is not None:
            yield _Conversion(given[2], given[0], place, False)
        given, to = given[0 if name == "ntile" else 1 :][:1], "BIGINT"
    elif name not in ("greatest", "least"):
        return
    for part in given:
        place = place_of(part, sql)
        if place is not None and text_of(part) is not None:
            yield _Conversion(part, to, place, always and name in ("greatest", "least"))


def _of_constant(
    node: dict[str, Any], other: dict[str, Any], sql: str, always: bool
) -> Iterator[_Conversion]:
    place = place_of(node, sql)
    if place is not None and text_of(node) is not None and text_of(other) is None:
        yield _Conversion(node, other, place, always)


def _of_condition(node: Any, sql: str, always: bool) -> Iterator[_Conversion]:
    if isinstance(node, dict) and node.get("class") in _MAYBE_BOOLEAN:
        place = places_in(node, sql)
        if place is not None:
            yield _Conversion(node, "BOOLEAN", place, always)


class Types:
    """The types of the expressions of a query."""

    def __init__(self, lab: Lab, sql: str, known: Mapping[str, Schema]) -> None:
        self._lab = lab
        self._sql = sql
        self._known = known
        self._at: dict[Hashable, str | None] = {}
        self._asked_characters = 0

    def of(self, node: dict[str, Any]) -> str | None:
        """Returns the type of an expression; None where it cannot be told."""
        kind = node.get("class")
        if kind == "CAST":
            written = place_of(node.get("type_expr") or {}, self._sql)
            if written is None:
                return None
            text = self._sql[written[0] : written[1]]
            return text if is_type_text(text) else None
        if kind == "CONSTANT" or node.get("type") in ("COMPARE_IN", "OPERATOR_NOT"):
            return None
        place = operands(node, self._sql) if node.get("is_operator") else places_in(node, self._sql)
        if place is None:
            return None
        select = None if self._tree is None else self._tree.select_at(*place)
        # In one SELECT a text has one type, wherever it stands: columns come before the result's aliases.
        key = place if select is None else (id(select), self._sql[place[0] : place[1]])
        if key not in self._at:
            self._at[key] = self._asked(*place)
        return self._at[key]

    @cached_property
    def _tree(self) -> SqlTree | None:
        """The query taken apart; None where a lambda gives names a meaning of its own."""
        return None if _LAMBDA.search(self._sql) else self._lab.tree(self._sql)

    def _asked(self, start: int, end: int) -> str | None:
        """Asks DuckDB what type stands at a place: it tells of a call that it has no function for.

        `pi` takes no argument, so `pi(x)` fails, and the error names the type of x. The whole query is bound
        for it, so a long one is asked about less often.
        """
        sql = self._sql
        if self._asked_characters > _ASKED_CHARACTERS:
            return None
        self._asked_characters += len(sql)
        try:
            self._lab.describe(f"{sql[:start]} pi({sql[start:end]}) {sql[end:]}", self._known)
        except SqlProblem as problem:
            call = problem.call or ""
            if call.startswith("pi(") and "LITERAL" not in call and '"NULL"' not in call:
                return call[3:-1]
        return None
