"""Faults in the shape of steps and in how they fit together."""

from __future__ import annotations

from random import Random
from typing import Any

from benchmarks.mutations.faults import Mutant, Spot, fault, misspelled, pick, rename_key, with_field
from benchmarks.mutations.project import Made, Project

_FIELDS = ("layer", "name", "type", "engine", "value", "params", "inputs", "outputs")


# -- shape -------------------------------------------------------------------------------------------


@fault("shape", "field misspelled", "json")
def field(rng: Random, project: Project) -> Mutant | None:
    made = rng.choice(project.steps)
    name = rng.choice([f for f in _FIELDS if f in made.fields])
    if name == "value":
        made.fields["value"] = made.as_fields()["value"]
        made.sql = None
    wrong = misspelled(rng, name, _FIELDS)
    rename_key(made.fields, name, wrong)
    if name == "name":  # the step has no name any more
        return Mutant(project, [Spot(f"#{project.steps.index(made)}", (wrong,), key=True)])
    return Mutant(project, [Spot(made.name, (wrong,), key=True)])


@fault("shape", "field of the wrong type", "json")
def wrong_type(rng: Random, project: Project) -> Mutant | None:
    made = rng.choice(project.steps)
    name = rng.choice([f for f in _FIELDS if f in made.fields and f != "name"])
    wrong: dict[str, list[Any]] = {
        "inputs": [["data"], "data", {"data": 5}], "outputs": [["data"], "data", {"data": None}],
        "params": [[], "x"],
    }  # fmt: skip
    if name == "value":
        made.sql = None
    made.fields[name] = rng.choice(wrong.get(name, [5, ["x"], {"x": 1}]))
    return Mutant(project, [Spot(made.name, (name,))])


@fault("shape", "name missing", "json")
def no_name(rng: Random, project: Project) -> Mutant | None:
    made = rng.choice(project.steps)
    index = project.steps.index(made)
    made.fields["name"] = rng.choice(["", "  ", None])
    return Mutant(project, [Spot(f"#{index}", ())])


@fault("shape", "element is no step", "json")
def no_step(rng: Random, project: Project) -> Mutant | None:
    at = rng.randrange(len(project.steps))
    made = Made({"name": "x"}, "none", instead=rng.choice(["read", 5, None, []]))
    project.steps.insert(at, made)
    return Mutant(project, [Spot(f"#{at}", ())])


def _word(name: str, *others: str) -> None:
    @fault("shape", f"{name} misspelled")
    def plant(rng: Random, project: Project) -> Mutant | None:
        made = pick(rng, with_field(project, name))
        if made is None:
            return None
        wrong = misspelled(rng, made.fields[name]) if rng.random() < 0.8 else rng.choice(others)
        made.fields[name] = wrong
        return Mutant(project, [Spot(made.name, (name,))])


_word("layer", "load", "sink", "Sources")
_word("type", "python", "query", "table")
_word("engine", "polars", "postgres", "dask")


@fault("shape", "value missing")
def no_value(rng: Random, project: Project) -> Mutant | None:
    made = pick(rng, [m for m in with_field(project, "value") if m.role in ("file", "sql", "own", "builtin")])
    if made is None:
        return None
    made.sql = None
    if rng.random() < 0.5:
        made.fields["value"] = " "
    else:
        del made.fields["value"]
    return Mutant(project, [Spot(made.name, ("name",)), Spot(made.name, ("value",))])


@fault("shape", "inputs missing")
def no_inputs(rng: Random, project: Project) -> Mutant | None:
    made = pick(rng, [m for m in project.steps if m.role in ("target", "operations")])
    if made is None:
        return None
    del made.fields["inputs"]
    return Mutant(project, [Spot(made.name, ("name",)), Spot(made.name, ("inputs",))])


@fault("shape", "an input too many")
def more_inputs(rng: Random, project: Project) -> Mutant | None:
    made = pick(rng, [m for m in project.steps if m.role in ("target", "operations")])
    keys = [key for m in project.steps for key in m.fields.get("outputs", {}).values() if m is not made]
    if made is None or not keys:
        return None
    mine = set(made.fields.get("outputs", {}).values())
    made.fields["inputs"]["more"] = rng.choice([k for k in keys if k not in mine])
    return Mutant(project, [Spot(made.name, ("inputs",)), Spot(made.name, ("inputs", "more"), key=True)])


def _option(name: str, *values: Any) -> None:
    @fault("shape", f"{name} that cannot be")
    def plant(rng: Random, project: Project) -> Mutant | None:
        made = rng.choice(project.steps)
        made.fields["metadata"] = {name: rng.choice(values)}
        return Mutant(project, [Spot(made.name, ("metadata", name))])


_option("timeout", 0, -1, "30s", [5])
_option("retries", -1, "many", 1.5)


@fault("shape", "cell that is not JSON", "sqlite")
def bad_cell(rng: Random, project: Project) -> Mutant | None:
    made = pick(rng, [m for m in project.steps if m.fields.get("inputs")])
    if made is None:
        return None
    made.fields["inputs"] = rng.choice(["{data: x}", '{"data": "x"', "data", '{"data": "x",}', "[1]"])
    return Mutant(project, [Spot(made.name, ("inputs",))])


# -- graph -------------------------------------------------------------------------------------------


def _reader(rng: Random, project: Project) -> tuple[Made, str] | None:
    made = pick(rng, with_field(project, "inputs"))
    return None if made is None else (made, rng.choice(list(made.fields["inputs"])))


def _keys(project: Project) -> list[str]:
    return [key for made in project.steps for key in made.fields.get("outputs", {}).values()]


@fault("graph", "input misspelled")
def undefined(rng: Random, project: Project) -> Mutant | None:
    found = _reader(rng, project)
    if found is None:
        return None
    made, local = found
    made.fields["inputs"][local] = misspelled(rng, made.fields["inputs"][local], _keys(project))
    return Mutant(project, [Spot(made.name, ("inputs", local))])


@fault("graph", "output renamed")
def renamed(rng: Random, project: Project) -> Mutant | None:
    made = pick(rng, with_field(project, "outputs"))
    if made is None:
        return None
    local = rng.choice(list(made.fields["outputs"]))
    old = made.fields["outputs"][local]
    spots = [
        Spot(m.name, ("inputs", name))
        for m in project.steps
        for name, key in m.fields.get("inputs", {}).items()
        if key == old
    ]
    made.fields["outputs"][local] = misspelled(rng, old, _keys(project))
    return Mutant(project, spots) if spots else None


@fault("graph", "step removed")
def removed(rng: Random, project: Project) -> Mutant | None:
    made = pick(rng, with_field(project, "outputs"))
    if made is None:
        return None
    keys = set(made.fields["outputs"].values())
    project.steps.remove(made)
    spots = [
        Spot(m.name, ("inputs", name))
        for m in project.steps
        for name, key in m.fields.get("inputs", {}).items()
        if key in keys
    ]
    return Mutant(project, spots) if spots else None


@fault("graph", "name of a step twice")
def same_name(rng: Random, project: Project) -> Mutant | None:
    if len(project.steps) < 2:
        return None
    a, b = sorted(rng.sample(range(len(project.steps)), 2))
    if project.steps[a].role == "connect" or project.steps[b].role == "connect":
        return None
    project.steps[b].fields["name"] = project.steps[a].name
    return Mutant(project, [Spot(f"#{b}", ("name",))])


@fault("graph", "output key twice")
def same_output(rng: Random, project: Project) -> Mutant | None:
    makers = with_field(project, "outputs")
    if len(makers) < 2:
        return None
    a, b = rng.sample(makers, 2)
    if project.steps.index(a) > project.steps.index(b):
        a, b = b, a
    extra = f"also_{rng.randint(1, 9)}"
    b.fields["outputs"][extra] = next(iter(a.fields["outputs"].values()))
    return Mutant(project, [Spot(b.name, ("outputs", extra))])


@fault("graph", "cycle")
def cycle(rng: Random, project: Project) -> Mutant | None:
    found = _reader(rng, project)
    if found is None:
        return None
    made, _ = found
    makers = {key: m for m in project.steps for key in m.fields.get("outputs", {}).values()}
    if not made.fields.get("outputs") or made.role == "operations":
        return None
    # Somewhere above this step, one that takes another input reads what this step puts out.
    above = makers.get(rng.choice(list(made.fields["inputs"].values())))
    while above is not None and above.role != "sql":
        inputs = above.fields.get("inputs", {})
        above = makers.get(next(iter(inputs.values()))) if inputs else None
    if above is None or above.fields["layer" if "layer" in above.fields else "name"] == "ingest":
        return None
    above.fields.setdefault("inputs", {})["again"] = next(iter(made.fields["outputs"].values()))
    spots = [Spot(m.name, ("inputs", name)) for m in project.steps for name in m.fields.get("inputs", {})]
    return Mutant(project, spots)


@fault("graph", "connection misspelled")
def connection(rng: Random, project: Project) -> Mutant | None:
    made = pick(rng, [m for m in project.steps if m.fields.get("params", {}).get("connection")])
    if made is None:
        return None
    made.fields["params"]["connection"] = misspelled(rng, made.fields["params"]["connection"])
    return Mutant(project, [Spot(made.name, ("params", "connection"))])


@fault("graph", "connect step removed")
def no_connect(rng: Random, project: Project) -> Mutant | None:
    made = pick(rng, [m for m in project.steps if m.role == "connect"])
    users = [m for m in project.steps if m.fields.get("params", {}).get("connection")]
    if made is None or not users:
        return None
    project.steps.remove(made)
    return Mutant(project, [Spot(m.name, ("params", "connection")) for m in users])


@fault("graph", "local name of an input renamed")
def local_name(rng: Random, project: Project) -> Mutant | None:
    made = pick(rng, [m for m in project.steps if m.role == "sql" and m.fields.get("inputs")])
    if made is None or made.sql is None:
        return None
    local = rng.choice(list(made.fields["inputs"]))
    rename_key(made.fields["inputs"], local, "other_local")
    spots = [
        Spot(made.name, ("value",), *made.sql.place(i))
        for i in made.sql.find("table")
        if made.sql.tokens[i].info == local
    ]
    return Mutant(project, spots) if spots else None
