"""Operators of Spark queries over types that they refuse, with ANSI mode on or off alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from odibi_core.checks.spark.types import TypeAt

_WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT")
_FAMILIES = {
    **dict.fromkeys((*_WHOLE, "FLOAT", "DOUBLE"), "number"),
    **dict.fromkeys(("DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE"), "moment"),
    "BOOLEAN": "boolean",
    "VARCHAR": "text",
}
# What is added to a date as days; Spark takes no wider number.
_DAYS = ("TINYINT", "SMALLINT", "INTEGER")
_SIGNS: dict[type[exp.Expr], str] = {
    exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.Mod: "%",
}  # fmt: skip
_ORDERED = (exp.GT, exp.GTE, exp.LT, exp.LTE)


@dataclass(frozen=True)
class Unfit:
    """An expression whose types Spark refuses.

    Attributes:
        node: Where.
        message: Why, as DuckDB would say it.
        call: For a function or operator, its name and the types it is given.
        condition: For what stands as a condition, its type.
    """

    node: exp.Expr
    message: str
    call: str | None = None
    condition: str | None = None


def family(kind: str | None) -> str | None:
    """Returns what sort of type one is: `number`, `moment`, `boolean`, `text`; None for any other."""
    if kind is None:
        return None
    return "number" if kind.startswith("DECIMAL(") else _FAMILIES.get(kind)


def mixed(left: str | None, right: str | None) -> bool:
    """Whether Spark has no type for values of both types; it makes texts of what stands beside one."""
    families = {family(left), family(right)}
    return len(families) == 2 and families <= {"number", "moment", "boolean"}


def clash(types: list[str | None], what: str, node: exp.Expr) -> Iterator[Unfit]:
    """Yields the two types that values of one column cannot have."""
    known = [kind for kind in types if kind is not None]
    for kind in known[1:]:
        if mixed(known[0], kind):
            message = f"Cannot mix values of type {known[0]} and {kind} in {what} operator - an explicit cast"
            yield Unfit(node, message)
            return


def unfit_operands(node: exp.Expr, type_at: TypeAt) -> Iterator[Unfit]:
    """Yields what one expression does with types that Spark refuses."""
    if isinstance(node, exp.Not):
        yield from _condition(node.this, type_at, texts_too=False)
    elif isinstance(node, exp.And | exp.Or):
        for side in (node.left, node.right):
            yield from _condition(side, type_at, texts_too=False)
    elif isinstance(node, exp.If):
        if not (isinstance(node.parent, exp.Case) and node.parent.this is not None):
            yield from _condition(node.this, type_at)
        if not isinstance(node.parent, exp.Case):
            branches = [node.args.get("true"), node.args.get("false")]
            yield from clash([type_at(part) for part in branches if part is not None], "IF", node)
    elif isinstance(node, exp.Filter):
        inner = node.expression.this if isinstance(node.expression, exp.Where) else None
        if inner is not None:
            yield from _condition(inner, type_at)
    elif isinstance(node, exp.Join):
        if node.args.get("on") is not None:
            yield from _condition(node.args["on"], type_at)
    elif isinstance(node, exp.Case):
        results = [branch.args.get("true") for branch in node.args["ifs"]] + [node.args.get("default")]
        yield from clash([type_at(part) for part in results if part is not None], "CASE", node)
    elif isinstance(node, exp.Coalesce):
        yield from clash([type_at(part) for part in (node.this, *node.expressions)], "COALESCE", node)
    elif type(node) in _SIGNS:
        yield from _arithmetic(node, type_at)
    elif isinstance(node, exp.Neg):
        kind = type_at(node.this)
        if family(kind) in ("moment", "boolean"):
            yield Unfit(node, f"`-` does not take {kind}", call=f"-({kind})")
    elif isinstance(node, _ORDERED):
        yield from _ordered(node, type_at(node.left), type_at(node.right))
    elif isinstance(node, exp.Between):
        yield from _ordered(node, type_at(node.this), type_at(node.args["low"]))
    elif isinstance(node, exp.Cast):
        yield from _cast(node, type_at(node.this), type_at(node))


def _condition(node: exp.Expr, type_at: TypeAt, texts_too: bool = True) -> Iterator[Unfit]:
    kind = type_at(node)
    if family(kind) in ("number", "moment") or (texts_too and kind == "VARCHAR"):
        yield Unfit(node, f"{kind} is no condition", condition=kind)


def _arithmetic(node: exp.Expr, type_at: TypeAt) -> Iterator[Unfit]:
    left, right = type_at(node.args["this"]), type_at(node.args["expression"])
    sides = {family(left), family(right)}
    if not sides <= {"number", "moment", "boolean"} or sides == {"number"}:
        return
    if isinstance(node, exp.Add):
        fits = (left == "DATE" and right in _DAYS) or (right == "DATE" and left in _DAYS)
    elif isinstance(node, exp.Sub):
        fits = sides == {"moment"} or (left == "DATE" and right in _DAYS)
    else:
        fits = False
    if not fits:
        sign = _SIGNS[type(node)]
        yield Unfit(node, f"`{sign}` does not take {left} and {right}", call=f"{sign}({left}, {right})")


def _ordered(node: exp.Expr, left: str | None, right: str | None) -> Iterator[Unfit]:
    # Whether `=` compares a truth value with a number depends on ANSI mode, which is larger does not.
    if {family(left), family(right)} == {"boolean", "number"}:
        message = f"Cannot compare values of type {left} and type {right} - an explicit cast is required"
        yield Unfit(node, message)


def _cast(node: exp.Expr, source: str | None, to: str | None) -> Iterator[Unfit]:
    if to == "DATE" and family(source) in ("number", "boolean"):
        yield Unfit(node, f"{source} cannot be converted to {to}", call=f"to_date({source})")
