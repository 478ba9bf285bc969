"""Faults in queries that DuckDB takes and that fail at the first row: conversions, types that clash."""

from __future__ import annotations

from random import Random

from benchmarks.mutations.faults import Mutant, fault
from benchmarks.mutations.faults_sql import chosen, spot
from benchmarks.mutations.faults_types import names_of
from benchmarks.mutations.project import Project
from benchmarks.mutations.sql import Token, quote


def _in_where(rng: Random, project: Project, form: str, *kinds: str) -> Mutant | None:
    """Adds a condition on a column of a kind to a query over one table; `{}` in it is the column."""
    return _planted(rng, project, "WHERE", form, " AND ", kinds)


def _selected(rng: Random, project: Project, form: str, *kinds: str) -> Mutant | None:
    """Adds a column to what a query over one table selects; `{}` in it is a column of a kind."""
    return _planted(rng, project, "SELECT", form, " AS converted_x, ", kinds)


def _planted(
    rng: Random, project: Project, keyword: str, form: str, behind: str, kinds: tuple[str, ...]
) -> Mutant | None:
    for _ in range(6):
        found = chosen(rng, project, "keyword", lambda token: token.text == keyword)
        if found is None:
            return None
        made, sql, index = found
        names = names_of(made, sql, *kinds)
        is_grouped = any(token.text in ("GROUP", "UNION", "DISTINCT") for token in sql.tokens)
        if not names or made.engine == "spark" or (keyword == "SELECT" and is_grouped):
            continue
        item = form.replace("{}", quote(rng.choice(names), sql.dialect))
        at = sql.after(index)
        sql.tokens[at:at] = [Token(item, "column"), Token(behind, "keyword")]
        return Mutant(project, [spot(made, *sql.place(at))])
    return None


@fault("sql", "text cast to a number or date")
def text_cast(rng: Random, project: Project) -> Mutant | None:
    return _selected(
        rng, project, rng.choice(["CAST({} AS INTEGER)", "{}::DATE", "CAST({} AS DOUBLE)"]), "text"
    )


@fault("sql", "text compared with a number")
def text_compared(rng: Random, project: Project) -> Mutant | None:
    return _in_where(rng, project, rng.choice(["{} = 5", "{} IN (1, 2)", "{} <> 1.5"]), "text")


@fault("sql", "condition that is a text")
def text_as_condition(rng: Random, project: Project) -> Mutant | None:
    return _in_where(rng, project, rng.choice(["{}", "NOT {}"]), "text")


@fault("sql", "date equal to a number")
def date_equal(rng: Random, project: Project) -> Mutant | None:
    return _in_where(rng, project, rng.choice(["{} = 5", "{} IN (1, 2)", "5 <> {}"]), "date")


@fault("sql", "number compared with words")
def number_and_words(rng: Random, project: Project) -> Mutant | None:
    return _in_where(rng, project, rng.choice(["{} = 'many'", "{} IN ('few', 'many')"]), "int", "float")


@fault("sql", "words in a calculation")
def words_in_calculation(rng: Random, project: Project) -> Mutant | None:
    forms = [
        "{} + 'some'",
        "round({}, 'two')",
        "greatest({}, 'none')",
        "CASE WHEN {} > 0 THEN {} ELSE 'none' END",
    ]
    return _selected(rng, project, rng.choice(forms), "int", "float")


@fault("sql", "part of a date that is none")
def no_part(rng: Random, project: Project) -> Mutant | None:
    forms = ["date_diff('dayz', {}, {})", "{} + INTERVAL '3 dayz'", "date_trunc('mnth', {})"]
    return _selected(rng, project, rng.choice(forms), "date")
