"""Built-in functions on columns: `tidy_names`, `fill_missing`, `date_parts`, `flag_outliers`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from odibi_core.errors import ParamError
from odibi_core.functions.builtin_sql import Names, Table, choose
from odibi_core.functions.declaration import family
from odibi_core.functions.registry import builtin_function

if TYPE_CHECKING:
    from odibi_core.engine.base_context import EngineContext

_PARTS = {  # name -> as EXTRACT calls it in DuckDB and in Spark
    "year": ("year", "year"),
    "quarter": ("quarter", "quarter"),
    "month": ("month", "month"),
    "week": ("week", "week"),
    "day": ("day", "day"),
    "weekday": ("isodow", "dayofweek_iso"),
    "day_of_year": ("doy", "doy"),
    "hour": ("hour", "hour"),
    "minute": ("minute", "minute"),
    "second": ("second", "second"),
}
_AGGREGATES = {"mean": "avg", "median": "median", "min": "min", "max": "max"}


@builtin_function("tidy_names")
def tidy_names(data: Any, *, context: EngineContext) -> Any:
    """Renames every column to lower case with underscores: `Order Date (UTC)` becomes `order_date_utc`.

    Names that become equal are numbered: `total`, `total_2`.

    Args:
        data: The frame.
        context: Handed in.
    """
    table = Table(context, data)
    taken: set[str] = set()
    renamed = []
    for column in table.columns:
        tidy = _tidy(column)
        name, number = tidy, 1
        while name in taken:
            number += 1
            name = f"{tidy}_{number}"
        taken.add(name)
        renamed.append(f"{table.quote(column)} AS {table.quote(name)}")
    return table.query(f"SELECT {', '.join(renamed)} FROM {table.sql}")


def _tidy(name: str) -> str:
    spaced = re.sub(
        r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", unicodedata.normalize("NFKC", name)
    )
    return re.sub(r"\W+|_+", "_", spaced).strip("_").lower() or "column"


@builtin_function("fill_missing")
def fill_missing(
    data: Any,
    columns: Names | None = None,
    value: Any = None,
    method: str | None = None,
    by: Names | None = None,
    order_by: Names | None = None,
    *,
    context: EngineContext,
) -> Any:
    """Fills null in columns, by a value or from other rows.

    Args:
        data: The frame.
        columns: Columns to fill; all, or those `value` names, if left out.
        value: What to fill in, or column -> what to fill in.
        method: `forward` or `backward` (the nearest value before or after), `mean`, `median`, `min`, `max`.
        by: Columns that make groups, which do not see each other's values.
        order_by: Columns that say what is before and after; the order of the rows if left out.
        context: Handed in.
    """
    table = Table(context, data)
    if (value is None) == (method is None):
        raise ParamError("give `value` or `method`, one of them", path=("params",))
    groups = table.pick(by, "by") if by is not None else []
    if method is None:
        values = value if isinstance(value, Mapping) else dict.fromkeys(table.pick(columns, "columns"), value)
        filled = {
            name: f"coalesce({table.quote(name)}, {table.literal(values[name], 'value')})"
            for name in table.pick(values, "value")
        }
        return table.query(f"SELECT {_replacing(table, filled)} FROM {table.sql}")
    choose(method, ("forward", "backward", *_AGGREGATES), "method")
    picked = [name for name in table.pick(columns, "columns") if name not in groups or columns is not None]
    row = table.spare("odibi_row")
    if method.lower() in _AGGREGATES:
        over = table.over(groups)
        aggregate = _AGGREGATES[method.lower()]
        filled = {
            name: f"coalesce({table.quote(name)}, {aggregate}({table.quote(name)}) {over})" for name in picked
        }
    else:
        ordered = table.pick(order_by, "order_by") if order_by is not None else []
        last = method.lower() == "forward"
        frame = "UNBOUNDED PRECEDING AND CURRENT ROW" if last else "CURRENT ROW AND UNBOUNDED FOLLOWING"
        order = ", ".join([*(table.quote(name) for name in ordered), row])
        over = table.over(groups, order, f"ROWS BETWEEN {frame}")
        filled = {name: table.nearest_value(name, last=last, over=over) for name in picked}
    return table.query(
        f"SELECT {_replacing(table, filled)} FROM "
        f"(SELECT *, {table.row_order()} AS {row} FROM {table.sql}) AS numbered ORDER BY {row}"
    )


def _replacing(table: Table, expressions: Mapping[str, str]) -> str:
    return ", ".join(
        f"{expressions[name]} AS {table.quote(name)}" if name in expressions else table.quote(name)
        for name in table.columns
    )


@builtin_function("date_parts")
def date_parts(
    data: Any,
    column: str,
    parts: Names = ("year", "month", "day"),
    prefix: str | None = None,
    *,
    context: EngineContext,
) -> Any:
    """Adds parts of a date or time as whole numbers, each in a column of its own.

    Args:
        data: The frame.
        column: The date or time, also as ISO text.
        parts: Of year, quarter, month, week (ISO), day, weekday (Monday is 1), day_of_year, hour, minute,
            second.
        prefix: What the new columns' names begin with; the column's name and an underscore if left out.
        context: Handed in.
    """
    table = Table(context, data)
    table.pick(column, "column")
    listed = [parts] if isinstance(parts, str) else parts
    wanted = [
        choose(part, _PARTS, "parts", None if isinstance(parts, str) else index)
        for index, part in enumerate(listed)
    ]
    names = {part: f"{column}_{part}" if prefix is None else f"{prefix}{part}" for part in wanted}
    table.refuse_taken(names.values(), "prefix")
    moment = table.quote(column)
    kind = table.types[column]
    if not table.is_spark and family(kind or "null") in ("number", "bool"):
        raise ParamError(
            f"`{column}` is {kind}, not a date or time", kind="type", path=("params", "column"),
            help="convert it before, or name another column",
        )  # fmt: skip
    if not kind.startswith(("timestamp", "date", "time")):
        moment = f"CAST({moment} AS TIMESTAMP)"
    extracted = ", ".join(
        f"CAST(floor(extract({_PARTS[part][table.is_spark]} FROM {moment})) AS INT) AS {table.quote(name)}"
        for part, name in names.items()
    )
    return table.query(f"SELECT *, {extracted} FROM {table.sql}")


@builtin_function("flag_outliers")
def flag_outliers(
    data: Any,
    columns: Names,
    method: str = "iqr",
    threshold: float | None = None,
    by: Names | None = None,
    suffix: str = "_outlier",
    *,
    context: EngineContext,
) -> Any:
    """Adds a column for each of `columns` that says whether the value is far from the others; null is not.

    Args:
        data: The frame.
        columns: Columns of numbers.
        method: `iqr` (beyond the quartiles by `threshold` times their distance) or `zscore` (from the mean by
            more than `threshold` standard deviations).
        threshold: 1.5 for `iqr` and 3 for `zscore` if left out.
        by: Columns that make groups, each with its own limits.
        suffix: What the new columns' names end with.
        context: Handed in.
    """
    table = Table(context, data)
    picked = table.pick(columns, "columns")
    table.refuse_taken([name + suffix for name in picked], "suffix")
    kind = choose(method, ("iqr", "zscore"), "method")
    far = threshold if threshold is not None else 1.5 if kind == "iqr" else 3.0
    if isinstance(far, bool) or not isinstance(far, int | float) or far < 0:
        raise ParamError(f"`threshold` is {far!r}, not a number from 0", path=("params", "threshold"))
    over = table.over(table.pick(by, "by") if by is not None else [])
    flags = []
    for name in picked:
        value = table.quote(name)
        if kind == "iqr":
            low, high = (f"{table.quantile(name, q)} {over}" for q in (0.25, 0.75))
            reach = f"{far} * ({high} - {low})"
            condition = f"{value} < {low} - {reach} OR {value} > {high} + {reach}"
        else:
            condition = f"abs({value} - avg({value}) {over}) > {far} * stddev_samp({value}) {over}"
        flags.append(f"coalesce({condition}, FALSE) AS {table.quote(name + suffix)}")
    row = table.spare("odibi_row")
    return table.query(
        f"SELECT {table.commas(table.columns)}, {', '.join(flags)} FROM "
        f"(SELECT *, {table.row_order()} AS {row} FROM {table.sql}) AS numbered ORDER BY {row}"
    )
