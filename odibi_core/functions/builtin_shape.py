"""Built-in functions that turn rows into columns and back: `pivot`, `unpivot`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from odibi_core.errors import ParamError, StepOptionError
from odibi_core.functions.builtin_sql import Names, Table, choose
from odibi_core.functions.registry import builtin_function

if TYPE_CHECKING:
    from odibi_core.engine.base_context import EngineContext

_MAX_COLUMNS = 1000
_AGGREGATES = {"sum": "sum", "count": "count", "min": "min", "max": "max", "mean": "avg"}


@builtin_function("pivot", data_decides=True)
def pivot(
    data: Any,
    index: Names,
    columns: str,
    values: str,
    aggregate: str = "sum",
    prefix: str = "",
    *,
    context: EngineContext,
) -> Any:
    """Makes a column of each value in `columns`, and a row of each `index`, sorted.

    Args:
        data: The frame.
        index: Columns that stay and make the rows.
        columns: The column whose values become columns; null becomes `null`.
        values: The column whose values fill them.
        aggregate: `sum`, `count`, `min`, `max` or `mean` where several fall together.
        prefix: What the new columns' names begin with.
        context: Handed in.
    """
    table = Table(context, data)
    stay = table.pick(index, "index")
    table.pick(columns, "columns")
    table.pick(values, "values")
    function = _AGGREGATES[choose(aggregate, _AGGREGATES, "aggregate")]
    key = f"CAST({table.quote(columns)} AS STRING)"
    found = table.rows(
        f"SELECT {key} AS k, min({table.quote(columns)}) AS first FROM {table.sql} "
        f"GROUP BY {key} ORDER BY first NULLS LAST LIMIT {_MAX_COLUMNS + 1}"
    )
    if len(found) > _MAX_COLUMNS:
        raise StepOptionError(
            f"`{columns}` has more than {_MAX_COLUMNS:,} values, too many for columns", field="params.columns"
        )
    chosen = []
    taken = set(stay)
    for label in (row["k"] for row in found):
        name = prefix + ("null" if label is None else label)
        if name in taken:
            raise StepOptionError(
                f"two columns would be called `{name}`", field="params.prefix", help="give another `prefix`"
            )
        taken.add(name)
        condition = f"{key} IS NULL" if label is None else f"{key} = {table.literal(label, 'columns')}"
        chosen.append(
            f"{function}(CASE WHEN {condition} THEN {table.quote(values)} END) AS {table.quote(name)}"
        )
    return table.query(
        f"SELECT {', '.join([table.commas(stay), *chosen])} FROM {table.sql} "
        f"GROUP BY {table.commas(stay)} ORDER BY {table.commas(stay)}"
    )


@builtin_function("unpivot")
def unpivot(
    data: Any,
    keep: Names,
    columns: Names | None = None,
    name: str = "name",
    value: str = "value",
    drop_null: bool = False,
    *,
    context: EngineContext,
) -> Any:
    """Makes a row of each of `columns`, with its name and its value.

    Args:
        data: The frame.
        keep: Columns that are repeated in each row.
        columns: Columns to turn; all that are not kept if left out.
        name: Name of the new column with the old columns' names.
        value: Name of the new column with their values.
        drop_null: Leave out rows whose value is null.
        context: Handed in.
    """
    table = Table(context, data)
    stay = table.pick(keep, "keep")
    turned = (
        table.pick(columns, "columns")
        if columns is not None
        else [column for column in table.columns if column not in stay]
    )
    if not turned:
        raise ParamError("no column is left to turn into rows", kind="empty", path=("params", "keep"))
    for field, new in (("name", name), ("value", value)):
        if new in stay or (field == "value" and new == name):
            raise ParamError(f"two columns would be called `{new}`", kind="twice", path=("params", field))
    labels = ", ".join(f"({i}, {table.literal(column, 'columns')})" for i, column in enumerate(turned))
    cases = " ".join(f"WHEN {i} THEN {table.quote(column)}" for i, column in enumerate(turned))
    row, place = table.spare("odibi_row"), table.spare("odibi_place")
    source = f"(SELECT *, {table.row_order()} AS {row} FROM {table.sql})"
    where = f" WHERE {table.quote(value)} IS NOT NULL" if drop_null else ""
    return table.query(
        f"SELECT {table.commas([*stay, name, value])} FROM ("
        f"SELECT {table.commas(stay, 't.')}, l.label AS {table.quote(name)}, "
        f"CASE l.place {cases} END AS {table.quote(value)}, t.{row} AS {row}, l.place AS {place} "
        f"FROM {source} AS t CROSS JOIN (VALUES {labels}) AS l(place, label)) AS long{where} "
        f"ORDER BY {row}, {place}"
    )
