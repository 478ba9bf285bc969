"""Changes that are no faults: nothing may be told of them but warnings."""

from __future__ import annotations

from random import Random

from benchmarks.mutations.faults import Mutant, fault, pick, rename_key
from benchmarks.mutations.faults_sql import chosen, put, queries
from benchmarks.mutations.project import Project
from benchmarks.mutations.sql import Token


@fault("harmless", "column in another case")
def case(rng: Random, project: Project) -> Mutant | None:
    found = chosen(rng, project, "column", lambda token: not token.text.startswith(('"', "`")))
    if found is None:
        return None
    _, sql, index = found
    put(sql, index, sql.tokens[index].text.upper())
    return Mutant(project)


@fault("harmless", "keywords in lower case")
def lower(rng: Random, project: Project) -> Mutant | None:
    for made in queries(project):
        assert made.sql is not None
        for index in made.sql.find("keyword"):
            put(made.sql, index, made.sql.tokens[index].text.lower())
    return Mutant(project)


@fault("harmless", "comments and line breaks in queries")
def comments(rng: Random, project: Project) -> Mutant | None:
    for made in queries(project):
        assert made.sql is not None
        for index in made.sql.find("space"):
            if rng.random() < 0.3:
                put(made.sql, index, rng.choice([" /* a ' quote */ ", '\n-- it\'s "fine"\n', "\t", "\r\n  "]))
    return Mutant(project)


@fault("harmless", "semicolon at the end")
def semicolon(rng: Random, project: Project) -> Mutant | None:
    for made in queries(project):
        assert made.sql is not None
        made.sql.tokens.append(Token(rng.choice([";", " ; ", ";\n-- done"]), "end"))
    return Mutant(project)


@fault("harmless", "steps in another order")
def order(rng: Random, project: Project) -> Mutant | None:
    rng.shuffle(project.steps)
    return Mutant(project)


@fault("harmless", "fields in another order", "json")
def fields(rng: Random, project: Project) -> Mutant | None:
    for made in project.steps:
        items = list(made.fields.items())
        rng.shuffle(items)
        made.fields = dict(items)
    return Mutant(project)


@fault("harmless", "an output under a second key")
def second(rng: Random, project: Project) -> Mutant | None:
    made = pick(rng, [m for m in project.steps if m.fields.get("outputs") and m.role != "own"])
    if made is None:
        return None
    made.fields["outputs"]["second"] = "a second key"
    return Mutant(project)


@fault("harmless", "steps renamed")
def names(rng: Random, project: Project) -> Mutant | None:
    for number, made in enumerate(project.steps):
        if made.role != "connect":
            made.fields["name"] = f"Schritt {number} – größer"
    return Mutant(project)


@fault("harmless", "columns quoted")
def quoted(rng: Random, project: Project) -> Mutant | None:
    for made in queries(project):
        assert made.sql is not None
        mark = "`" if made.sql.dialect == "spark" else '"'
        for index in made.sql.find("column"):
            text = made.sql.tokens[index].text
            if not text.startswith(mark):
                put(made.sql, index, mark + text + mark)
    return Mutant(project)


@fault("harmless", "fields that mean nothing", "json")
def free_form(rng: Random, project: Project) -> Mutant | None:
    for made in project.steps:
        made.fields["metadata"] = {
            "owner": "sales",
            "tags": ["a", None, 1.5],
            "deep": {"er": {"er": "${x} $1"}},
        }
    return Mutant(project)


@fault("harmless", "local names renamed")
def locals_(rng: Random, project: Project) -> Mutant | None:
    for made in project.steps:
        if made.role == "target":
            for local in list(made.fields["inputs"]):
                rename_key(made.fields["inputs"], local, "what is written")
    return Mutant(project)
