"""Faults in queries that only types tell: arguments, comparisons, how many there are."""

from __future__ import annotations

from random import Random

from benchmarks.mutations.faults import Mutant, fault
from benchmarks.mutations.faults_sql import chosen, put, spot, whole
from benchmarks.mutations.project import Made, Project
from benchmarks.mutations.sql import Sql, Token, quote


def _with_qualifier(sql: Sql, column: int) -> int:
    """Returns where a column begins, the table before its dot included."""
    return sql.place(column - 2 if sql.tokens[column - 1].role == "dot" else column)[0]


def names_of(made: Made, sql: Sql, *kinds: str) -> list[str]:
    """Returns columns of a kind that a plain query over one table can name."""
    tables = [sql.tokens[i].info for i in sql.find("table")]
    if len(tables) != 1 or sql.find("qualifier") or tables[0] not in made.inputs:
        return []
    return [column.name for column in made.inputs[tables[0]] if column.kind in kinds]


def _replace_argument(
    rng: Random, project: Project, of: str, *kinds: str, names: tuple[str, ...] = ()
) -> Mutant | None:
    """Gives a function a column of another kind."""
    for _ in range(6):
        found = chosen(
            rng, project, "function", lambda token: token.info == of and (not names or token.text in names)
        )
        if found is None:
            return None
        made, sql, index = found
        others = names_of(made, sql, *kinds)
        end = sql.closing(index + 1)
        if not others or index + 2 >= end or sql.tokens[index + 2].role == "star":
            continue
        stop = next(
            (
                i
                for i in range(index + 2, end)
                if _level(sql, index + 1, i) == 1 and sql.tokens[i].role == "comma"
            ),
            end,
        )
        sql.tokens[index + 2 : stop] = [Token(quote(rng.choice(others), sql.dialect), "column")]
        return Mutant(project, [spot(made, sql.place(index)[0], sql.place(sql.closing(index + 1))[1])])
    return None


def _level(sql: Sql, start: int, at: int) -> int:
    roles = [token.role for token in sql.tokens[start : at + 1]]
    return roles.count("open") - roles.count("close")


@fault("sql", "sum or avg of text")
def sum_of_text(rng: Random, project: Project) -> Mutant | None:
    return _replace_argument(rng, project, "aggregate", "text", names=("sum", "avg"))


@fault("sql", "abs or round of text")
def abs_of_text(rng: Random, project: Project) -> Mutant | None:
    return _replace_argument(rng, project, "number", "text", "date", "bool")


@fault("sql", "upper or substring of a number")
def upper_of_number(rng: Random, project: Project) -> Mutant | None:
    return _replace_argument(rng, project, "text", "int", "float", "date")


@fault("sql", "year of a number")
def year_of_number(rng: Random, project: Project) -> Mutant | None:
    return _replace_argument(rng, project, "date", "int", "float", "bool")


@fault("sql", "date compared with a number")
def date_and_number(rng: Random, project: Project) -> Mutant | None:
    found = chosen(rng, project, "date")
    if found is None:
        return None
    made, sql, index = found
    column = sql.before(sql.before(sql.before(index)))
    sql.tokens[sql.before(index) : index + 1] = [Token("20240115", "number")]
    end = sql.place(sql.after(sql.after(column)))[1]
    return Mutant(project, [spot(made, _with_qualifier(sql, column), end)])


@fault("sql", "number compared with a date")
def number_and_date(rng: Random, project: Project) -> Mutant | None:
    found = chosen(rng, project, "number", lambda token: len(token.text) == 2)
    if found is None:
        return None
    made, sql, index = found
    if sql.tokens[sql.before(index)].text not in (">", "<=", "<>"):
        return None
    put(sql, index, "DATE '2024-01-15'")
    column = sql.before(sql.before(index))
    return Mutant(project, [spot(made, _with_qualifier(sql, column), sql.place(index)[1])])


@fault("sql", "text added to a number")
def text_and_number(rng: Random, project: Project) -> Mutant | None:
    found = chosen(rng, project, "operator", lambda token: token.text in ("+", "*"))
    if found is None:
        return None
    made, sql, index = found
    put(sql, index, "+")
    put(sql, sql.after(index), "'some text'")
    return Mutant(project, [whole(made)])


@fault("sql", "a date that is none")
def no_date(rng: Random, project: Project) -> Mutant | None:
    found = chosen(rng, project, "date")
    if found is None:
        return None
    made, sql, index = found
    put(sql, index, rng.choice(["'2024-13-45'", "'yesterday or so'"]))
    return Mutant(project, [spot(made, sql.place(sql.before(index))[0], sql.place(index)[1])])


@fault("sql", "condition that is a date")
def date_as_condition(rng: Random, project: Project) -> Mutant | None:
    for _ in range(6):
        found = chosen(rng, project, "keyword", lambda token: token.text == "WHERE")
        if found is None:
            return None
        made, sql, index = found
        names = names_of(made, sql, "date", "time")
        if names:
            at = sql.after(index)
            sql.tokens[at:at] = [
                Token(quote(rng.choice(names), sql.dialect), "column"),
                Token(" AND ", "keyword"),
            ]
            return Mutant(project, [spot(made, sql.place(index)[0], len(sql.text))])
    return None


@fault("sql", "argument too many")
def too_many(rng: Random, project: Project) -> Mutant | None:
    found = chosen(
        rng,
        project,
        "function",
        lambda token: token.text in ("abs", "upper", "lower", "length", "year", "sum", "last_day"),
    )
    if found is None:
        return None
    made, sql, index = found
    sql.tokens.insert(sql.closing(index + 1), Token(", 1, 2", "number"))
    return Mutant(project, [spot(made, sql.place(index)[0], sql.place(sql.closing(index + 1))[1])])


@fault("sql", "argument missing")
def too_few(rng: Random, project: Project) -> Mutant | None:
    found = chosen(
        rng, project, "function",
        lambda token: token.text in (
            "abs", "upper", "lower", "length", "substring", "replace", "sum", "avg", "year", "round"
        ),
    )  # fmt: skip
    if found is None:
        return None
    made, sql, index = found
    del sql.tokens[index + 2 : sql.closing(index + 1)]
    return Mutant(project, [spot(made, sql.place(index)[0], sql.place(index + 2)[1])])


@fault("sql", "placeholder misspelled")
def placeholder(rng: Random, project: Project) -> Mutant | None:
    found = chosen(rng, project, "placeholder")
    if found is None:
        return None
    made, sql, index = found
    text = sql.tokens[index].text
    put(sql, index, text.replace("var:", rng.choice(["vra:", "vars:", "var "])).replace("env:", "evn:"))
    return Mutant(project, [spot(made, *sql.place(index))])


@fault("world", "variable not set")
def variable(rng: Random, project: Project) -> Mutant | None:
    found = chosen(rng, project, "placeholder")
    if found is None:
        return None
    made, sql, index = found
    name = sql.tokens[index].text[2:-1].partition(":")[2]
    put(sql, index, sql.tokens[index].text.replace(name, name + "_x"))
    return Mutant(project, [spot(made, *sql.place(index))])
