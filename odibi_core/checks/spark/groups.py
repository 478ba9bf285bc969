"""Aggregates in Spark queries: columns beside them that are not grouped by, and where they cannot stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from odibi_core.checks.spark.names import Seen


def ungrouped(expression: exp.Select, seen: Seen) -> Iterator[exp.Column]:
    """Yields the columns that stand beside aggregates and are not grouped by."""
    group = expression.args.get("group")
    aggregated = any(
        node.find_ancestor(exp.Window) is None and node.parent_select is expression
        for select in expression.selects
        for node in select.find_all(exp.AggFunc)
    )
    if group is None and not aggregated:
        return
    if group is not None and any(value for name, value in group.args.items() if name != "expressions"):
        return  # ALL, CUBE, ROLLUP, GROUPING SETS
    keys = group.expressions if group is not None else []
    if any(not isinstance(key, exp.Column | exp.Literal) for key in keys) or seen.is_open:
        return
    names = {key.name.casefold() for key in keys if isinstance(key, exp.Column)}
    places = {int(key.name) for key in keys if isinstance(key, exp.Literal) and key.name.isdigit()}
    for number, select in enumerate(expression.selects, 1):
        column = select.this if isinstance(select, exp.Alias) else select
        if not isinstance(column, exp.Column) or isinstance(column.this, exp.Star) or number in places:
            continue
        is_key = column.name.casefold() in names or select.alias_or_name.casefold() in names
        there = any(s.columns is not None and s.columns.find(column.name) for s in seen.sources)
        if not is_key and there and len(column.parts) <= 2:
            yield column


def misplaced(expression: exp.Select) -> Iterator[tuple[exp.Expr, str]]:
    """Yields the aggregates and window functions in WHERE, and which of the two they are."""
    where = expression.args.get("where")
    for node in where.find_all(exp.AggFunc, exp.Window) if where is not None else ():
        if node.parent_select is expression and not isinstance(node.parent, exp.Window | exp.Lambda):
            yield node, "window functions" if isinstance(node, exp.Window) else "aggregates"
