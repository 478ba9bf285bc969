"""Faults in operations and function steps."""

from __future__ import annotations

from random import Random
from typing import Any

from benchmarks.mutations.faults import Mutant, Spot, fault, misspelled, pick, rename_key
from benchmarks.mutations.project import DataFile, Made, Project

Path = tuple[str | int, ...]


def _operations(project: Project, *names: str) -> list[tuple[Made, Path, dict[str, Any], str]]:
    """Returns steps, the path of an operation, the dict it is in, and its name."""
    found: list[tuple[Made, Path, dict[str, Any], str]] = []
    for made in project.steps:
        if made.role != "operations":
            continue
        params = made.fields["params"]
        holders: list[tuple[Path, dict[str, Any]]] = [(("params",), params)]
        if "operations" in params:
            holders = [(("params", "operations", n), holder) for n, holder in enumerate(params["operations"])]
        for path, holder in holders:
            found += [(made, (*path, name), holder, name) for name in holder if not names or name in names]
    return found


def _taken(made: Made) -> list[str]:
    names = [column.name for columns in made.inputs.values() for column in columns]
    return names + [column.name for column in made.columns]


@fault("operations", "name of an operation misspelled")
def operation(rng: Random, project: Project) -> Mutant | None:
    found = _operations(project)
    if not found:
        return None
    made, path, holder, name = rng.choice(found)
    wrong = misspelled(rng, name, ["select", "drop", "filter", "fill", "sort", "cast", "limit", "rename"])
    rename_key(holder, name, wrong)
    return Mutant(
        project, [Spot(made.name, (*path[:-1], wrong), key=True), Spot(made.name, (*path[:-1], wrong))]
    )


@fault("operations", "column misspelled")
def column(rng: Random, project: Project) -> Mutant | None:
    found = _operations(project, "select", "drop", "rename", "cast", "fill", "sort", "dedupe")
    if not found:
        return None
    made, path, holder, name = rng.choice(found)
    argument = holder[name]
    if isinstance(argument, dict):
        old = rng.choice(list(argument))
        wrong = misspelled(rng, old, _taken(made))
        rename_key(argument, old, wrong)
        spot = Spot(made.name, (*path, wrong), key=True)
    elif isinstance(argument, list):
        number = rng.randrange(len(argument))
        argument[number] = misspelled(rng, argument[number], _taken(made))
        spot = Spot(made.name, (*path, number))
    else:
        holder[name] = misspelled(rng, argument, _taken(made))
        spot = Spot(made.name, path)
    return Mutant(project, [spot], follows=True)


@fault("operations", "column of an expression misspelled")
def in_expression(rng: Random, project: Project) -> Mutant | None:
    found = _operations(project, "filter", "derive")
    if not found:
        return None
    made, path, holder, name = rng.choice(found)
    if name == "derive":
        holder = holder[name]
        name = next(iter(holder))
        path = (*path, name)
    text = holder[name]
    columns = [c for c in _taken(made) if c in text and c.isascii() and c.isidentifier() and len(c) > 3]
    if not columns:
        return None
    old = rng.choice(columns)
    at = text.index(old)
    wrong = misspelled(rng, old, _taken(made))
    holder[name] = text[:at] + wrong + text[at + len(old) :]
    return Mutant(project, [Spot(made.name, path, at, at + len(wrong))])


@fault("operations", "expression that does not parse")
def broken_expression(rng: Random, project: Project) -> Mutant | None:
    found = _operations(project, "filter", "derive")
    if not found:
        return None
    made, path, holder, name = rng.choice(found)
    if name == "derive":
        holder = holder[name]
        name = next(iter(holder))
        path = (*path, name)
    holder[name] = rng.choice(
        [holder[name] + " AND", "(" + holder[name], holder[name] + ")", "WHERE " + holder[name]]
    )
    return Mutant(project, [Spot(made.name, path)])


@fault("operations", "condition that is none")
def no_condition(rng: Random, project: Project) -> Mutant | None:
    found = _operations(project, "filter")
    if not found:
        return None
    made, path, holder, name = rng.choice(found)
    holder[name] = rng.choice(["DATE '2024-01-15'", "[1, 2]", "sum(1) > 0"])
    return Mutant(project, [Spot(made.name, path)])


@fault("operations", "wrong argument")
def argument(rng: Random, project: Project) -> Mutant | None:
    wrong: dict[str, list[Any]] = {
        "limit": ["ten", -1, True, 1.5, None], "select": [5, [], [5], {"a": "b"}], "drop": [5, []],
        "rename": [["a", "b"], "x", {}], "cast": ["int64", {}, ["x"]], "fill": [0, "x", {}],
        "filter": [5, "", ["a > 1"]], "derive": ["a + 1", {}, ["x"]], "sort": [5, {"a": "desc"}],
        "dedupe": [5, {}],
    }  # fmt: skip
    found = _operations(project, *wrong)
    if not found:
        return None
    made, path, holder, name = rng.choice(found)
    holder[name] = rng.choice(wrong[name])
    return Mutant(project, [Spot(made.name, path)])


@fault("operations", "type of a cast misspelled")
def cast(rng: Random, project: Project) -> Mutant | None:
    found = _operations(project, "cast")
    if not found:
        return None
    made, path, holder, name = rng.choice(found)
    key = next(iter(holder[name]))
    holder[name][key] = rng.choice(["int46", "strng", "nubmer", "a;b"])
    return Mutant(project, [Spot(made.name, (*path, key))])


@fault("operations", "fill with a value that does not fit")
def fill(rng: Random, project: Project) -> Mutant | None:
    found = [entry for entry in _operations(project, "fill") if 0 in entry[2]["fill"].values()]
    if not found:
        return None
    made, path, holder, name = rng.choice(found)
    key = next(key for key, value in holder[name].items() if value == 0)
    holder[name][key] = rng.choice(["unknown", [1], {"a": 1}])
    return Mutant(project, [Spot(made.name, (*path, key))])


@fault("operations", "operation beside `operations`")
def beside(rng: Random, project: Project) -> Mutant | None:
    made = pick(
        rng, [m for m in project.steps if m.role == "operations" and "operations" in m.fields["params"]]
    )
    if made is None:
        return None
    made.fields["params"]["limit"] = 5
    return Mutant(
        project, [Spot(made.name, ("params", "limit")), Spot(made.name, ("params", "limit"), key=True)]
    )


@fault("operations", "two columns of one name")
def same_name(rng: Random, project: Project) -> Mutant | None:
    found = [
        e
        for e in _operations(project, "rename")
        if len(_input(e[0])) > 1 and list(e[0].fields["params"])[:1] == ["rename"]
    ]
    if not found:
        return None
    made, path, holder, name = rng.choice(found)
    old = next(iter(holder[name]))
    other = next(c for c in _input(made) if c != old)
    holder[name][old] = other
    return Mutant(project, [Spot(made.name, path)])


def _input(made: Made) -> list[str]:
    return [column.name for columns in made.inputs.values() for column in columns]


# -- functions ---------------------------------------------------------------------------------------


def _own(project: Project) -> list[Made]:
    return [made for made in project.steps if made.role == "own"]


@fault("functions", "module misspelled")
def module(rng: Random, project: Project) -> Mutant | None:
    made = pick(rng, [m for m in _own(project) if "." in m.fields["value"]])
    if made is None:
        return None
    made.fields["value"] = made.fields["value"].replace("own_functions", misspelled(rng, "own_functions"))
    return Mutant(project, [Spot(made.name, ("value",))])


@fault("functions", "name of a function misspelled")
def name(rng: Random, project: Project) -> Mutant | None:
    made = pick(rng, [m for m in project.steps if m.role in ("own", "builtin")])
    if made is None:
        return None
    head, dot, last = made.fields["value"].rpartition(".")
    made.fields["value"] = head + dot + misspelled(rng, last)
    return Mutant(project, [Spot(made.name, ("value",))])


@fault("functions", "parameter missing")
def missing(rng: Random, project: Project) -> Mutant | None:
    made = pick(
        rng, [m for m in _own(project) if {"tag", "count", "start"} & set(m.fields.get("params", {}))]
    )
    if made is None:
        return None
    made.fields["params"] = {}
    return Mutant(
        project, [Spot(made.name, ("params",)), Spot(made.name, ("value",)), Spot(made.name, ("name",))]
    )


@fault("functions", "parameter misspelled")
def parameter(rng: Random, project: Project) -> Mutant | None:
    made = pick(rng, [m for m in project.steps if m.role in ("own", "builtin") and m.fields.get("params")])
    if made is None:
        return None
    old = rng.choice(list(made.fields["params"]))
    wrong = misspelled(rng, old)
    rename_key(made.fields["params"], old, wrong)
    return Mutant(
        project, [Spot(made.name, ("params", wrong), key=True), Spot(made.name, ("params", wrong))]
    )  # fmt: skip


@fault("functions", "parameter too many")
def too_many(rng: Random, project: Project) -> Mutant | None:
    made = pick(rng, [m for m in project.steps if m.role in ("own", "builtin")])
    if made is None:
        return None
    made.fields.setdefault("params", {})["surplus"] = 1
    return Mutant(
        project, [Spot(made.name, ("params", "surplus"), key=True), Spot(made.name, ("params", "surplus"))]
    )  # fmt: skip


@fault("functions", "column of a built-in function misspelled")
def builtin_column(rng: Random, project: Project) -> Mutant | None:
    made = pick(rng, [m for m in project.steps if m.role == "builtin" and m.fields.get("params")])
    if made is None:
        return None
    params = made.fields["params"]
    key = next(
        key
        for key in ("keys", "columns", "column", "keep")
        if key in params and params[key] not in ("first", "last")
    )
    path: Path = ("params", key)
    if isinstance(params[key], list):
        params[key][0] = misspelled(rng, params[key][0], _taken(made))
        path = (*path, 0)
    else:
        params[key] = misspelled(rng, params[key], _taken(made))
    return Mutant(project, [Spot(made.name, path)])


@fault("functions", "module that does not parse")
def broken_module(rng: Random, project: Project) -> Mutant | None:
    users = [m for m in _own(project) if "." in m.fields["value"]]
    if not users:
        return None
    old = project.files["own_functions.py"].text
    assert isinstance(old, str)
    project.files["own_functions.py"] = DataFile(
        "text", text=old.replace("def same(data", "def same(data(", 1)
    )
    # Short names are looked for beside the config, in a module that imports this one.
    users = [m for m in project.steps if m.role in ("own", "builtin")]
    return Mutant(project, [Spot(m.name, ("value",)) for m in users], follows=True)


@fault("functions", "function removed from its module")
def gone(rng: Random, project: Project) -> Mutant | None:
    users = [m for m in _own(project) if m.fields["value"] == "own_functions.same"]
    if not users:
        return None
    old = project.files["own_functions.py"].text
    assert isinstance(old, str)
    project.files["own_functions.py"] = DataFile("text", text=old.replace("def same(", "def other(", 1))
    return Mutant(project, [Spot(m.name, ("value",)) for m in users])
