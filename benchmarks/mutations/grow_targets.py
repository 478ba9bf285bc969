"""Where generated pipelines write to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.mutations.project import Made

if TYPE_CHECKING:
    from benchmarks.mutations.grow import Grower

_NESTED = ("list", "struct", "any")


def add(grower: Grower) -> None:
    """Adds a store or publish step for a dataset that nothing reads yet."""
    rng = grower.rng
    key = grower.unused[0]
    columns = grower.read(key)
    engine = rng.choice(["pandas", "duckdb"])
    forms = ["parquet", "json", "jsonl"]
    if all(column.kind not in _NESTED for column in columns):
        forms += ["csv", "csv", "tsv", "sqlite", "duckdb", "table"]
    form = rng.choice(forms)
    connects = [made for made in grower.project.steps if made.role == "connect"]
    name = f"out/{rng.choice(['result', 'größe', 'final set'])}_{len(grower.project.steps):03d}"
    params: dict[str, Any] = {}
    value = f"{name}.{'db' if form == 'sqlite' else form}"
    if form == "table" and connects:
        params = {"connection": connects[0].name, "table": f"made_{len(grower.project.steps)}"}
        value = ""
    elif form in ("sqlite", "duckdb"):
        params["table"] = "made"
    elif form == "table":
        value = f"{name}.parquet"
    elif form == "csv" and rng.random() < 0.4:
        params["sep"] = ";"
    if form == "csv" and rng.random() < 0.3 and len(columns) > 2:
        params["columns"] = [column.name for column in columns[:2]]
    if rng.random() < 0.2 and form not in ("table", "sqlite", "duckdb"):
        params["mode"] = rng.choice(["overwrite", "append"])
    fields: dict[str, Any] = {
        "layer": rng.choice(["store", "store", "publish"]),
        "name": grower.name("write"),
        "engine": engine,
    }
    if value:
        fields["value"] = value
    fields |= {"inputs": {rng.choice(["data", "result"]): key}}
    if params:
        fields["params"] = params
    grower.add(Made(fields, "target", inputs={"data": columns}, file=value, form=form))
