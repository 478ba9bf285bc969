"""Transforms by functions: those of a module beside the config, and Odibi's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.mutations.project import Made
from benchmarks.mutations.tables import Col, Columns

if TYPE_CHECKING:
    from benchmarks.mutations.grow import Grower

_SORTED = ("int", "float", "text", "date", "time", "bool")


def add_own(grower: Grower) -> None:
    """Adds a step with a function of the module beside the config."""
    rng = grower.rng
    key = grower.pick()
    columns = grower.read(key)
    fields: dict[str, Any] = {"layer": "transform", "name": grower.name("call"), "type": "function"}
    which = rng.randint(0, 3)
    made = columns
    if which == 0:
        fields |= {"value": "own_functions.same", "inputs": {"data": key}, "params": {"limit": 50}}
    elif which == 1 and all(column.name.casefold() != "tag" for column in columns):
        fields |= {"value": "own_functions.tagged", "inputs": {"frame": key}, "params": {"tag": "new"}}
        made = (*columns, Col("tag", "text"))
    elif which == 2:
        fields |= {"value": "count_rows", "inputs": {"data": key}}
        made = (Col("rows_seen", "int"), Col("Größe", "float"))
    else:
        fields |= {"value": "own_functions.Tools.first", "inputs": {"anything": key}, "params": {"count": 9}}
    # What comes out of pandas keeps the types that go in, but for those only DuckDB has.
    grower.put(Made(fields, "own", inputs={"data": columns}), _through_pandas(made))


def add_builtin(grower: Grower) -> None:
    """Adds a step with one of Odibi's own functions."""
    rng = grower.rng
    engine = rng.choice(["pandas", "duckdb"])
    key = grower.pick()
    columns = grower.read(key)
    usable = [column.name for column in columns if column.kind in _SORTED]
    texts = [column.name for column in columns if column.kind == "text"]
    numbers = [column.name for column in columns if column.kind in ("int", "float")]
    dates = [column.name for column in columns if column.kind == "date"]
    fields: dict[str, Any] = {
        "layer": "transform", "name": grower.name("apply"), "type": "function", "engine": engine,
        "value": "dedupe", "inputs": {"data": key},
    }  # fmt: skip
    made = columns
    which = rng.randint(0, 4)
    if which == 0 and texts:
        fields |= {"value": "fill_missing", "params": {"columns": texts[:1], "value": "?"}}
    elif which == 1 and dates and not {f"{dates[0]}_year", f"{dates[0]}_month"} & {c.name for c in columns}:
        fields |= {"value": "date_parts", "params": {"column": dates[0], "parts": ["year", "month"]}}
        made = (*columns, Col(f"{dates[0]}_year", "int"), Col(f"{dates[0]}_month", "int"))
    elif which == 2 and numbers and f"{numbers[0]}_outlier" not in {c.name for c in columns}:
        fields |= {"value": "flag_outliers", "params": {"columns": numbers[0]}}
        made = (*columns, Col(f"{numbers[0]}_outlier", "bool"))
    elif which == 3 and texts and numbers and texts[0] not in ("n_", "v_"):
        fields |= {
            "value": "unpivot",
            "params": {"keep": texts[0], "columns": numbers[:1], "name": "n_", "value": "v_"},
        }
        made = (Col(texts[0], "text"), Col("n_", "text"), Col("v_", "any"))
    elif usable:
        fields |= {"value": "dedupe", "params": {"keys": usable[:1], "keep": rng.choice(["first", "last"])}}
    grower.put(
        Made(fields, "builtin", inputs={"data": columns}),
        _through_pandas(made) if engine == "pandas" else made,
    )


def _through_pandas(columns: Columns) -> Columns:
    return tuple(
        Col(column.name, "any" if column.kind in ("list", "struct", "date") else column.kind)
        for column in columns
    )
