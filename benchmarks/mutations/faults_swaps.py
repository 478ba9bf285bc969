"""Faults that leave every word right: words in the wrong place, other datasets, options taken away."""

from __future__ import annotations

from random import Random
from typing import Any

from benchmarks.mutations.faults import Mutant, Spot, fault, pick, with_field
from benchmarks.mutations.project import DataFile, Made, Project


def _anywhere(made: Made) -> list[Spot]:
    """A step whose meaning is another one may be told at the field, or at whatever does not fit it."""
    return [Spot(made.name)]


@fault("swaps", "another layer")
def layer(rng: Random, project: Project) -> Mutant | None:
    made = pick(rng, [m for m in project.steps if m.role in ("file", "sql", "operations", "target")])
    if made is None:
        return None
    now = made.fields.get("layer", "transform")
    made.fields["layer"] = rng.choice(
        [x for x in ("ingest", "transform", "store", "publish", "connect") if x != now]
    )
    return Mutant(project, _anywhere(made), follows=True)


@fault("swaps", "another type")
def type_(rng: Random, project: Project) -> Mutant | None:
    made = pick(rng, [m for m in project.steps if m.role in ("file", "sql", "operations", "own", "builtin")])
    if made is None:
        return None
    now = made.fields.get("type", "config_op")
    made.fields["type"] = rng.choice(
        [kind for kind in ("sql", "function", "config_op", "api") if kind != now]
    )
    return Mutant(project, _anywhere(made), follows=True)


@fault("swaps", "value of another step")
def value(rng: Random, project: Project) -> Mutant | None:
    a, b = (pick(rng, [m for m in project.steps if m.role == role]) for role in ("sql", "file"))
    if a is None or b is None:
        return None
    query = a.as_fields()["value"]
    if rng.random() < 0.5:
        a.sql, a.fields["value"] = None, b.fields["value"]
        return Mutant(project, [Spot(a.name, ("value",))])
    b.fields["value"] = query
    return Mutant(project, [Spot(b.name, ("value",))])


@fault("swaps", "inputs exchanged")
def inputs(rng: Random, project: Project) -> Mutant | None:
    made = pick(rng, [m for m in project.steps if m.role == "sql" and len(m.fields.get("inputs", {})) == 2])
    if made is None:
        return None
    (a, first), (b, second) = made.fields["inputs"].items()
    made.fields["inputs"] = {a: second, b: first}
    return Mutant(project, _anywhere(made), follows=True)


@fault("swaps", "another dataset")
def dataset(rng: Random, project: Project) -> Mutant | None:
    made = pick(rng, [m for m in project.steps if m.role in ("sql", "operations") and m.fields.get("inputs")])
    # Of sources, which need nothing: no cycle can come of it.
    keys = [key for m in project.steps if m.role in ("file", "table") for key in m.fields["outputs"].values()]
    if made is None or not keys:
        return None
    local = rng.choice(list(made.fields["inputs"]))
    if made.fields["inputs"][local] in keys:
        keys = [key for key in keys if key != made.fields["inputs"][local]]
    if not keys:
        return None
    made.fields["inputs"][local] = rng.choice(keys)
    return Mutant(project, _anywhere(made), follows=True)


@fault("swaps", "key of an input in another case, or with a space")
def spelled(rng: Random, project: Project) -> Mutant | None:
    made = pick(rng, with_field(project, "inputs"))
    if made is None:
        return None
    local = rng.choice(list(made.fields["inputs"]))
    key = made.fields["inputs"][local]
    made.fields["inputs"][local] = rng.choice([key.upper(), f"{key} ", f" {key}", key.replace("a", "а")])
    if made.fields["inputs"][local] == key:
        return None
    return Mutant(project, [Spot(made.name, ("inputs", local))])


@fault("swaps", "outputs removed")
def outputs(rng: Random, project: Project) -> Mutant | None:
    made = pick(rng, [m for m in with_field(project, "outputs") if m.role != "connect"])
    if made is None:
        return None
    keys = set(made.fields.pop("outputs").values())
    spots = [
        Spot(m.name, ("inputs", local))
        for m in project.steps
        for local, key in m.fields.get("inputs", {}).items()
        if key in keys
    ]
    return Mutant(project, [*spots, Spot(made.name, ("name",))])


def _with_params(project: Project, *roles: str) -> list[Made]:
    return [m for m in project.steps if m.role in roles]


@fault("swaps", "table not named")
def no_table(rng: Random, project: Project) -> Mutant | None:
    made = pick(
        rng, [m for m in _with_params(project, "file", "table") if "table" in m.fields.get("params", {})]
    )
    if made is None:
        return None
    del made.fields["params"]["table"]
    return Mutant(project, _anywhere(made))


@fault("swaps", "number as text")
def number(rng: Random, project: Project) -> Mutant | None:
    made = pick(
        rng, [m for m in _with_params(project, "file", "operations") if m.form in (None, "csv", "tsv")]
    )
    if made is None:
        return None
    params: dict[str, Any] = made.fields.setdefault("params", {})
    name = "limit" if made.role == "operations" else "nrows"
    if "operations" in params:
        return None
    params[name] = "10"
    return Mutant(project, [Spot(made.name, ("params", name))])


@fault("swaps", "no header")
def header(rng: Random, project: Project) -> Mutant | None:
    made = pick(
        rng, [m for m in project.steps if m.form == "csv" and m.role == "file" and m.engine != "spark"]
    )
    if made is None:
        return None
    made.fields.setdefault("params", {})["header"] = False
    return Mutant(project, [Spot(made.name, ("params",))], follows=True)


@fault("swaps", "file cut off")
def cut(rng: Random, project: Project) -> Mutant | None:
    made = pick(
        rng, [m for m in project.steps if m.role == "file" and m.form in ("parquet", "json", "avro", "excel")]
    )
    if made is None or made.file is None:
        return None
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as directory:
        whole = Path(directory) / Path(made.file).name
        project.files[made.file].make(whole)
        data = whole.read_bytes()
    project.files[made.file] = DataFile("text", text=data[: len(data) * 2 // 3])
    return Mutant(project, [Spot(made.name, ("value",)), Spot(made.name, ("params", "format"))])


@fault("swaps", "sheet that is not there")
def sheet(rng: Random, project: Project) -> Mutant | None:
    made = pick(rng, [m for m in project.steps if m.form == "excel" and m.role == "file"])
    if made is None:
        return None
    made.fields.setdefault("params", {})["sheet_name"] = "Sheet2"
    return Mutant(project, [Spot(made.name, ("params", "sheet_name")), Spot(made.name, ("value",))])


@fault("swaps", "driver misspelled")
def driver(rng: Random, project: Project) -> Mutant | None:
    made = pick(rng, [m for m in project.steps if m.role == "connect"])
    if made is None:
        return None
    if "params" in made.fields:
        made.fields["params"]["driver"] = "sqllite"
        return Mutant(project, [Spot(made.name, ("params", "driver"))])
    made.fields["value"] = made.fields["value"].replace("sqlite:", "sqllite:")
    return Mutant(project, [Spot(made.name, ("value",))])


@fault("swaps", "address misspelled")
def address(rng: Random, project: Project) -> Mutant | None:
    made = pick(rng, [m for m in project.steps if m.role == "target" and m.fields.get("value")])
    if made is None:
        return None
    made.fields["layer"] = "publish"
    made.fields["value"] = rng.choice(["htp://127.0.0.1:9/in", "http//127.0.0.1:9/in", "sqlite:/nowhere/x"])
    return Mutant(project, [Spot(made.name, ("value",)), Spot(made.name, ("params",))])
