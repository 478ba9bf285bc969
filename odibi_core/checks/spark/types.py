"""Types of Spark expressions as far as they are certain, in DuckDB's names; and types that do not fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from odibi_core.checks.spark.names import OWN
from odibi_core.checks.spark.operands import Unfit, unfit_operands

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    TypeOf = Callable[[exp.Column], str | None]
    TypeAt = Callable[[exp.Expr], str | None]

_WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT")
_MOMENTS = ("DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE")
# A cast's type in Spark -> DuckDB's name of it.
_CASTS = {
    exp.DataType.Type.TINYINT: "TINYINT",
    exp.DataType.Type.SMALLINT: "SMALLINT",
    exp.DataType.Type.INT: "INTEGER",
    exp.DataType.Type.BIGINT: "BIGINT",
    exp.DataType.Type.FLOAT: "FLOAT",
    exp.DataType.Type.DOUBLE: "DOUBLE",
    exp.DataType.Type.TEXT: "VARCHAR",
    exp.DataType.Type.BOOLEAN: "BOOLEAN",
    exp.DataType.Type.DATE: "DATE",
    exp.DataType.Type.TIMESTAMPNTZ: "TIMESTAMP",
    # Odibi's sessions read TIMESTAMP as one without a zone (engine/spark_session.py).
    exp.DataType.Type.TIMESTAMPTZ: "TIMESTAMP",
    exp.DataType.Type.TIMESTAMP: "TIMESTAMP",
    exp.DataType.Type.TIMESTAMPLTZ: "TIMESTAMP WITH TIME ZONE",
    exp.DataType.Type.BINARY: "BLOB",
}
_BOOLEAN = (exp.Boolean, exp.Exists, exp.Predicate, exp.Connector, exp.Not)
_TEXTS = (exp.Upper, exp.Lower, exp.Trim, exp.Initcap, exp.ConcatWs, exp.RegexpReplace, exp.DateToDateStr)
_COUNTS = (exp.Year, exp.Month, exp.Day, exp.DayOfMonth, exp.DayOfYear, exp.Quarter, exp.DayOfWeek)
_RANKS = (exp.RowNumber, exp.Rank, exp.DenseRank, exp.Ntile)
_SAME = (
    exp.Min,
    exp.Max,
    exp.AnyValue,
    exp.First,
    exp.Last,
    exp.Lag,
    exp.Lead,
    exp.FirstValue,
    exp.LastValue,
)
# Where the names of what is selected may stand for something else than the columns.
_RENAMED = (exp.Having, exp.Order, exp.Sort, exp.Qualify)
_NAMED: dict[type[exp.Expr], str] = {exp.Sum: "sum", exp.Min: "min", exp.Max: "max", exp.Avg: "avg"}


def output_name(select: exp.Expr, tables: Collection[str] = ()) -> str | None:
    """Returns the name of a column that is selected; None where it is Spark's own way of writing a term.

    Args:
        select: The term.
        tables: What the query calls its tables, in lower case: Spark leaves them out of names.
    """
    if isinstance(select, exp.Alias):
        return select.alias
    if isinstance(select, exp.Column):
        return None if len(select.parts) == 1 and select.name.casefold() in OWN else select.name
    if isinstance(select, exp.Dot) and isinstance(select.expression, exp.Identifier):
        # A field of a column has its own name, one of any other term the whole term's.
        inner = select.this
        while isinstance(inner, exp.Dot):
            inner = inner.this
        return select.expression.name if isinstance(inner, exp.Column) else None
    if isinstance(select, exp.Count) and isinstance(select.this, exp.Star):
        return "count(1)"
    called = _NAMED.get(type(select))
    if called is not None and isinstance(select.this, exp.Column):
        parts = [part.name for part in select.this.parts]
        if len(parts) == 1 or (len(parts) == 2 and parts[0].casefold() in tables):
            return f"{called}({parts[-1]})"
    return None


def type_of(node: exp.Expr, column_type: TypeOf) -> str | None:
    """Returns the type of an expression in DuckDB's name; None where it is not certain."""
    if isinstance(node, exp.Alias | exp.Paren):
        return type_of(node.this, column_type)
    if isinstance(node, exp.Column):
        return column_type(node)
    if isinstance(node, exp.TryCast | exp.Cast):
        return _cast(node.to)
    if isinstance(node, exp.Literal):
        return "VARCHAR" if node.is_string else "INTEGER" if _is_small(node.name) else None
    if isinstance(node, exp.Any | exp.All):
        return None  # the values of a subquery, or of a list
    if isinstance(node, _BOOLEAN):
        return "BOOLEAN"
    if isinstance(node, exp.Window):
        return "INTEGER" if isinstance(node.this, _RANKS) else type_of(node.this, column_type)
    if isinstance(node, exp.IgnoreNulls | exp.RespectNulls | exp.Filter):
        return type_of(node.this, column_type)
    if isinstance(node, exp.Count):
        return "BIGINT"
    if isinstance(node, _COUNTS):
        return "INTEGER"
    if isinstance(node, _TEXTS):
        return "VARCHAR"
    if isinstance(node, exp.CurrentDate | exp.LastDay):
        return "DATE"
    if isinstance(node, exp.Sum | exp.Avg):
        return _aggregated(node, type_of(node.this, column_type))
    if isinstance(node, _SAME):
        return type_of(node.this, column_type)
    if isinstance(node, exp.Coalesce):
        return _common({type_of(part, column_type) for part in (node.this, *node.expressions)})
    if isinstance(node, exp.Case):
        results = [branch.args["true"] for branch in node.args["ifs"]]
        if node.args.get("default") is not None:
            results.append(node.args["default"])
        return _common({type_of(part, column_type) for part in results})
    if isinstance(node, exp.Add | exp.Sub | exp.Mul | exp.Div):
        return _arithmetic(node, type_of(node.left, column_type), type_of(node.right, column_type))
    return None


def unfit(select: exp.Select, column_type: TypeOf) -> Iterator[Unfit]:
    """Yields what Spark certainly refuses for its types: it converts most of them, these it does not."""
    where = select.args.get("where")
    kind = type_of(where.this, column_type) if where is not None else None
    if where is not None and kind not in (None, "BOOLEAN"):
        yield Unfit(where.this, f"{kind} is no condition")

    def type_at(node: exp.Expr) -> str | None:
        return type_of(node, column_type)

    for node in select.walk():
        if node.parent_select is not select:
            continue
        if not isinstance(node.find_ancestor(*_RENAMED, exp.Select), _RENAMED):
            yield from unfit_operands(node, type_at)
        if isinstance(node, exp.EQ | exp.NEQ | exp.GT | exp.GTE | exp.LT | exp.LTE):
            left, right = type_of(node.left, column_type), type_of(node.right, column_type)
            if left is not None and right is not None and _never_compared(left, right):
                yield Unfit(
                    node,
                    f"Cannot compare values of type {left} and type {right} - an explicit cast is required",
                )
        elif isinstance(node, exp.Sum | exp.Avg) and type_of(node.this, column_type) in (
            *_MOMENTS,
            "BOOLEAN",
        ):
            kind = type_of(node.this, column_type)
            yield Unfit(node, f"`{node.sql_name().lower()}` does not take {kind}")


def _never_compared(left: str, right: str) -> bool:
    return any(
        a in _MOMENTS and (b in _WHOLE or b in ("DOUBLE", "FLOAT", "BOOLEAN") or b.startswith("DECIMAL"))
        for a, b in ((left, right), (right, left))
    )


def _cast(to: exp.DataType) -> str | None:
    if to.this == exp.DataType.Type.DECIMAL:
        sizes = [size.name for size in to.expressions]
        precision, scale = (sizes + ["10", "0"][len(sizes) :])[:2] if len(sizes) < 2 else sizes[:2]
        return f"DECIMAL({precision},{scale})"
    return _CASTS.get(to.this) if not to.expressions else None


def _is_small(digits: str) -> bool:
    return digits.isdecimal() and int(digits) < 2**31


def _aggregated(node: exp.Expr, kind: str | None) -> str | None:
    if kind in ("DOUBLE", "FLOAT", "VARCHAR"):
        return "DOUBLE"
    if kind in _WHOLE:
        return "BIGINT" if isinstance(node, exp.Sum) else "DOUBLE"
    return None


def _common(types: set[str | None]) -> str | None:
    return next(iter(types)) if len(types) == 1 else None


def _arithmetic(node: exp.Expr, left: str | None, right: str | None) -> str | None:
    numbers = (*_WHOLE, "DOUBLE")
    if left not in numbers or right not in numbers:
        return None
    if isinstance(node, exp.Div) or "DOUBLE" in (left, right):
        return "DOUBLE"
    return max(left, right, key=_WHOLE.index) if left is not None and right is not None else None
