"""Faults in files, databases, targets and the environment."""

from __future__ import annotations

import dataclasses
from random import Random
from typing import Any

from benchmarks.mutations.faults import Mutant, Spot, fault, misspelled, pick
from benchmarks.mutations.faults_sql import put
from benchmarks.mutations.project import DataFile, Made, Project
from benchmarks.mutations.sql import quote, unquote

_TEXTUAL = ("csv", "tsv", "json", "jsonl")


def _files(project: Project, *forms: str) -> list[Made]:
    return [m for m in project.steps if m.role == "file" and (not forms or m.form in forms)]


def _params(made: Made) -> dict[str, Any]:
    params: dict[str, Any] = made.fields.setdefault("params", {})
    return params


# -- sources -----------------------------------------------------------------------------------------


@fault("files", "path misspelled")
def path(rng: Random, project: Project) -> Mutant | None:
    made = pick(rng, _files(project))
    if made is None:
        return None
    value = made.fields["value"]
    stem = value.rpartition("/")[2].partition(".")[0]
    made.fields["value"] = value.replace(stem, misspelled(rng, stem), 1)
    return Mutant(project, [Spot(made.name, ("value",))])


@fault("files", "file missing")
def missing(rng: Random, project: Project) -> Mutant | None:
    made = pick(rng, _files(project))
    if made is None or made.file is None:
        return None
    del project.files[made.file]
    return Mutant(project, [Spot(made.name, ("value",))])


@fault("files", "file empty")
def empty(rng: Random, project: Project) -> Mutant | None:
    made = pick(rng, _files(project))
    if made is None or made.file is None:
        return None
    project.files[made.file] = DataFile("text", text="")
    return Mutant(project, [Spot(made.name, ("value",))])


@fault("files", "file of another format")
def other_format(rng: Random, project: Project) -> Mutant | None:
    made = pick(rng, _files(project, "parquet", "json", "avro", "excel", "sqlite", "duckdb", "jsonl"))
    if made is None or made.file is None:
        return None
    project.files[made.file] = DataFile("text", text="id,amount\n1,2.5\n2,3.5\n" * 40)
    return Mutant(project, [Spot(made.name, ("value",)), Spot(made.name, ("params", "format"))])


@fault("files", "file of another encoding")
def encoding(rng: Random, project: Project) -> Mutant | None:
    made = pick(rng, _files(project, "csv", "tsv"))
    if made is None or made.file is None:
        return None
    columns = project.files[made.file].columns
    sep = project.files[made.file].options.get("sep", "\t" if made.form == "tsv" else ",")
    text = sep.join(c.name for c in columns).replace('"', '""') + "\n"
    project.files[made.file] = DataFile(
        "text", text=text.encode() + sep.join("ü1" for _ in columns).encode("latin-1") + b"\n"
    )
    return Mutant(project, [Spot(made.name, ("value",)), Spot(made.name, ("params",))])


@fault("files", "column gone from a file")
def column(rng: Random, project: Project) -> Mutant | None:
    made = pick(rng, [m for m in _files(project) if m.file and len(project.files[m.file].columns) > 3])
    if made is None or made.file is None:
        return None
    file = project.files[made.file]
    gone = rng.choice(file.columns)
    kept = tuple(column for column in file.columns if column is not gone)
    project.files[made.file] = dataclasses.replace(file, columns=kept)
    return Mutant(project, [Spot(made.name, ("params",))], follows=True, name=gone.name)


@fault("files", "separator wrong")
def separator(rng: Random, project: Project) -> Mutant | None:
    made = pick(rng, _files(project, "csv"))
    if made is None or made.file is None:
        return None
    _params(made)["sep"] = "~"
    return Mutant(project, [Spot(made.name, ("params",)), Spot(made.name, ("value",))], follows=True)


@fault("files", "option of a reader misspelled")
def option(rng: Random, project: Project) -> Mutant | None:
    made = pick(rng, _files(project, "csv", "tsv", "json", "parquet"))
    if made is None:
        return None
    known = "columns" if made.form == "parquet" else "nrows" if made.form != "json" else "encoding"
    wrong = misspelled(rng, known)
    _params(made)[wrong] = 5
    spots = [Spot(made.name, ("params", wrong), key=True), Spot(made.name, ("params", wrong))]
    return Mutant(project, spots)


@fault("files", "value of an option that cannot be")
def option_value(rng: Random, project: Project) -> Mutant | None:
    made = pick(rng, _files(project, "csv", "tsv"))
    if made is None:
        return None
    name, value = rng.choice(
        [("nrows", "many"), ("nrows", -5), ("encoding", "utf-99"), ("compression", "rar"),
         ("dtype", {"id": "nubmer"}), ("skiprows", "x"), ("sep", 5)]
    )  # fmt: skip
    _params(made)[name] = value
    return Mutant(project, [Spot(made.name, ("params", name)), Spot(made.name, ("params",))])


@fault("files", "column to read misspelled")
def usecols(rng: Random, project: Project) -> Mutant | None:
    made = pick(rng, [m for m in _files(project) if {"usecols", "columns"} & set(m.fields.get("params", {}))])
    if made is None:
        return None
    name = "usecols" if "usecols" in made.fields["params"] else "columns"
    listed = made.fields["params"][name]
    listed[0] = misspelled(rng, listed[0], listed)
    return Mutant(project, [Spot(made.name, ("params", name, 0))])


@fault("files", "format unknown")
def unknown_format(rng: Random, project: Project) -> Mutant | None:
    made = pick(rng, [m for m in _files(project) if "table" not in m.fields.get("params", {})])
    if made is None:
        return None
    if rng.random() < 0.5:
        _params(made)["format"] = rng.choice(["paruqet", "csvv", "orc", "xml"])
        return Mutant(project, [Spot(made.name, ("params", "format"))])
    assert made.file is not None
    stem = made.file.rpartition(".")[0]
    project.files[f"{stem}.orc"] = project.files[made.file]
    made.fields["value"] = f"{stem}.orc"
    made.fields.get("params", {}).pop("format", None)
    return Mutant(project, [Spot(made.name, ("value",))])


@fault("files", "pattern that nothing matches")
def pattern(rng: Random, project: Project) -> Mutant | None:
    made = pick(rng, _files(project, "csv", "parquet"))
    if made is None:
        return None
    made.fields["value"] = rng.choice(
        ["data/nothing_*.csv", "data/20[0-9][0-9]/*.csv", "elsewhere/*.parquet"]
    )
    return Mutant(project, [Spot(made.name, ("value",))])


@fault("files", "table of a database misspelled")
def table(rng: Random, project: Project) -> Mutant | None:
    made = pick(
        rng,
        [m for m in project.steps if m.role in ("file", "table") and m.fields.get("params", {}).get("table")],
    )
    if made is None:
        return None
    made.fields["params"]["table"] = misspelled(rng, made.fields["params"]["table"])
    return Mutant(project, [Spot(made.name, ("params", "table"))])


@fault("files", "table of a query to a database misspelled")
def query_table(rng: Random, project: Project) -> Mutant | None:
    made = pick(rng, [m for m in project.steps if m.role == "query"])
    if made is None or made.sql is None:
        return None
    index = made.sql.find("table")[0]
    wrong = misspelled(rng, unquote(made.sql.tokens[index].text))
    put(made.sql, index, quote(wrong, "sqlite"))
    return Mutant(project, [Spot(made.name, ("value",), *made.sql.place(index))])


@fault("files", "column of a query to a database misspelled")
def query_column(rng: Random, project: Project) -> Mutant | None:
    made = pick(rng, [m for m in project.steps if m.role == "query"])
    if made is None or made.sql is None:
        return None
    # In SQLite a name in double quotes that is no column is a text.
    indexes = [i for i in made.sql.find("column") if not made.sql.tokens[i].text.startswith('"')]
    if not indexes:
        return None
    index = rng.choice(indexes)
    names = [column.name for columns in made.inputs.values() for column in columns]
    put(made.sql, index, misspelled(rng, made.sql.tokens[index].text, names))
    return Mutant(project, [Spot(made.name, ("value",), *made.sql.place(index))])


@fault("files", "database of a connection missing")
def database(rng: Random, project: Project) -> Mutant | None:
    made = pick(rng, [m for m in project.steps if m.role == "connect"])
    if made is None:
        return None
    made.fields["value"] = made.fields["value"].replace("shop", misspelled(rng, "shop"))
    return Mutant(project, [Spot(made.name, ("value",))])


@fault("files", "database of a connection is none")
def no_database(rng: Random, project: Project) -> Mutant | None:
    made = pick(rng, [m for m in project.steps if m.role == "connect"])
    if made is None or "shop.db" not in project.files:
        return None
    project.files["shop.db"] = DataFile("text", text="this is no database at all\n" * 50)
    return Mutant(project, [Spot(made.name, ("value",))])


# -- targets -----------------------------------------------------------------------------------------


def _targets(project: Project, *forms: str) -> list[Made]:
    return [
        m
        for m in project.steps
        if m.role == "target" and (not forms or m.form in forms) and m.fields.get("value")
    ]


@fault("targets", "directory of a target is a file")
def parent(rng: Random, project: Project) -> Mutant | None:
    made = pick(rng, _targets(project))
    if made is None:
        return None
    project.files["not_a_directory"] = DataFile("text", text="x")
    made.fields["value"] = made.fields["value"].replace("out/", "not_a_directory/", 1)
    return Mutant(project, [Spot(made.name, ("value",))])


@fault("targets", "target is a directory")
def directory(rng: Random, project: Project) -> Mutant | None:
    made = pick(rng, _targets(project, "csv", "json", "parquet", "sqlite"))
    if made is None:
        return None
    project.files[made.fields["value"]] = DataFile("directory")
    return Mutant(project, [Spot(made.name, ("value",))])


@fault("targets", "format of a target unknown")
def target_format(rng: Random, project: Project) -> Mutant | None:
    made = pick(rng, _targets(project, "csv", "json", "parquet", "jsonl", "tsv"))
    if made is None:
        return None
    if rng.random() < 0.5:
        _params(made)["format"] = rng.choice(["paruqet", "orc", "exel"])
        return Mutant(project, [Spot(made.name, ("params", "format"))])
    made.fields["value"] = made.fields["value"].rpartition(".")[0] + rng.choice(
        [".parqet", ".orc", ".txtt", ""]
    )
    return Mutant(project, [Spot(made.name, ("value",))])


@fault("targets", "option of a writer misspelled")
def target_option(rng: Random, project: Project) -> Mutant | None:
    made = pick(rng, _targets(project, "csv", "parquet"))
    if made is None:
        return None
    wrong = misspelled(rng, "compression")
    _params(made)[wrong] = "gzip"
    return Mutant(project, [Spot(made.name, ("params", wrong), key=True), Spot(made.name, ("params", wrong))])


@fault("targets", "mode that cannot be")
def mode(rng: Random, project: Project) -> Mutant | None:
    made = pick(rng, _targets(project))
    if made is None:
        return None
    _params(made)["mode"] = rng.choice(["overwite", "apend", "truncate", 5, "w"])
    return Mutant(project, [Spot(made.name, ("params", "mode"))])


@fault("targets", "column to write misspelled")
def target_column(rng: Random, project: Project) -> Mutant | None:
    made = pick(rng, [m for m in _targets(project) if m.fields.get("params", {}).get("columns")])
    if made is None:
        return None
    listed = made.fields["params"]["columns"]
    listed[1] = misspelled(rng, listed[1], [c.name for columns in made.inputs.values() for c in columns])
    return Mutant(project, [Spot(made.name, ("params", "columns", 1))])


@fault("targets", "table to write missing")
def target_table(rng: Random, project: Project) -> Mutant | None:
    made = pick(rng, _targets(project, "sqlite", "duckdb"))
    if made is None:
        return None
    del made.fields["params"]["table"]
    if not made.fields["params"]:
        del made.fields["params"]
    return Mutant(
        project, [Spot(made.name, ("params",)), Spot(made.name, ("value",)), Spot(made.name, ("name",))]
    )


# -- environment -------------------------------------------------------------------------------------


@fault("world", "environment variable not set")
def environment(rng: Random, project: Project) -> Mutant | None:
    made = pick(rng, [m for m in project.steps if m.sql is None and "${env:" in str(m.fields.get("value"))])
    if made is None:
        return None
    value = made.fields["value"]
    wrong = value.replace("ODIBI_MUT_DIR", "ODIBI_MUT_DRI")
    made.fields["value"] = wrong
    return Mutant(project, [Spot(made.name, ("value",), 0, wrong.index("}") + 1)])
