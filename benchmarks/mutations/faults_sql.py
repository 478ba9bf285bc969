"""Faults in queries: names, syntax, types, grouping, set operations."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from benchmarks.mutations.faults import Mutant, Spot, fault, misspelled, pick
from benchmarks.mutations.project import Made, Project
from benchmarks.mutations.sql import Sql, Token, quote, unquote

_NUMERIC = ("int", "float")


def queries(project: Project, where: Callable[[Sql], bool] = lambda _: True) -> list[Made]:
    """Returns the steps with a query that is looked into before the run."""
    return [made for made in project.steps if made.sql is not None and made.role == "sql" and where(made.sql)]


def chosen(
    rng: Random, project: Project, role: str, where: Callable[[Token], bool] = lambda _: True
) -> tuple[Made, Sql, int] | None:
    """Returns a step, its query and a token of a role in it."""
    made = pick(rng, queries(project, lambda sql: bool(sql.find(role, where))))
    if made is None or made.sql is None:
        return None
    return made, made.sql, rng.choice(made.sql.find(role, where))


def spot(made: Made, start: int, end: int) -> Spot:
    return Spot(made.name, ("value",), start, end)


def whole(made: Made) -> Spot:
    return Spot(made.name, ("value",))


def put(sql: Sql, index: int, text: str, role: str | None = None) -> None:
    old = sql.tokens[index]
    sql.tokens[index] = Token(text, role or old.role, old.info)


def taken(made: Made, sql: Sql) -> set[str]:
    """Returns every name that means something in a query."""
    names = {column.name for columns in made.inputs.values() for column in columns}
    return (
        names
        | {unquote(token.text) for token in sql.tokens}
        | {"rowid", "value", "user", "year", "date", "id"}
    )


def _misspell(rng: Random, made: Made, sql: Sql, index: int) -> tuple[int, int]:
    token = sql.tokens[index]
    name = misspelled(rng, unquote(token.text), taken(made, sql))
    put(sql, index, quote(name, sql.dialect))
    return sql.place(index)


# -- names -------------------------------------------------------------------------------------------


@fault("sql", "column misspelled")
def column(rng: Random, project: Project) -> Mutant | None:
    found = chosen(rng, project, "column")
    if found is None:
        return None
    made, sql, index = found
    place = _misspell(rng, made, sql, index)
    start = sql.place(index - 2)[0] if sql.tokens[index - 1].role == "dot" else place[0]
    return Mutant(project, [spot(made, start, place[1])])


@fault("sql", "table misspelled")
def table(rng: Random, project: Project) -> Mutant | None:
    found = chosen(rng, project, "table")
    if found is None:
        return None
    made, sql, index = found
    return Mutant(project, [spot(made, *_misspell(rng, made, sql, index))])


@fault("sql", "function misspelled")
def function(rng: Random, project: Project) -> Mutant | None:
    found = chosen(rng, project, "function", lambda token: token.text.lower() != "cast")
    if found is None:
        return None
    made, sql, index = found
    return Mutant(project, [spot(made, *_misspell(rng, made, sql, index))])


@fault("sql", "table alias misspelled where it is used")
def qualifier(rng: Random, project: Project) -> Mutant | None:
    found = chosen(rng, project, "qualifier")
    if found is None:
        return None
    made, sql, index = found
    start, _ = _misspell(rng, made, sql, index)
    return Mutant(project, [spot(made, start, sql.place(index + 2)[1])])


@fault("sql", "table alias renamed where it is made")
def table_alias(rng: Random, project: Project) -> Mutant | None:
    found = chosen(rng, project, "alias_table")
    if found is None:
        return None
    made, sql, index = found
    old = sql.tokens[index].text
    put(sql, index, "other_name")
    uses = [i for i in sql.find("qualifier") if sql.tokens[i].text == old]
    return Mutant(project, [spot(made, sql.place(i)[0], sql.place(i + 2)[1]) for i in uses])


@fault("sql", "CTE renamed where it is made")
def cte(rng: Random, project: Project) -> Mutant | None:
    found = chosen(rng, project, "cte")
    if found is None:
        return None
    made, sql, index = found
    put(sql, index, "parts_of")
    return Mutant(
        project, [spot(made, *sql.place(i)) for i in sql.find("table") if sql.tokens[i].text == "part"]
    )


@fault("sql", "struct member misspelled")
def member(rng: Random, project: Project) -> Mutant | None:
    found = chosen(rng, project, "member")
    if found is None:
        return None
    made, sql, index = found
    put(sql, index, "zz")
    return Mutant(project, [spot(made, sql.place(index - 2)[0], sql.place(index)[1])])


@fault("sql", "type of a cast misspelled")
def cast_type(rng: Random, project: Project) -> Mutant | None:
    found = chosen(rng, project, "type")
    if found is None:
        return None
    made, sql, index = found
    return Mutant(project, [spot(made, *_misspell(rng, made, sql, index))])


@fault("sql", "column renamed where it is made")
def upstream(rng: Random, project: Project) -> Mutant | None:
    found = chosen(rng, project, "alias")
    if found is None:
        return None
    made, sql, index = found
    old = unquote(sql.tokens[index].text)
    put(sql, index, quote(misspelled(rng, old, taken(made, sql)), sql.dialect))
    # It may be named in the query itself too, such as in ORDER BY.
    uses = [i for i in sql.find("column") if unquote(sql.tokens[i].text) == old]
    return Mutant(project, [spot(made, *sql.place(i)) for i in uses], follows=True, name=old)


@fault("sql", "column left out where it is made")
def left_out(rng: Random, project: Project) -> Mutant | None:
    made = pick(rng, queries(project, lambda sql: len(_first_items(sql)) > 2))
    if made is None or made.sql is None:
        return None
    items = _first_items(made.sql)
    start, end = items[rng.randrange(len(items) - 1)]
    gone = unquote(made.sql.tokens[end - 1].text)
    del made.sql.tokens[start : end + 1]
    return Mutant(project, [whole(made)], follows=True, name=gone)


def _first_items(sql: Sql) -> list[tuple[int, int]]:
    """Returns the plain columns and aliases of the first SELECT, from their first token to their comma."""
    items: list[tuple[int, int]] = []
    depth = 0
    start: int | None = None
    for index, token in enumerate(sql.tokens):
        depth += {"open": 1, "close": -1}.get(token.role, 0)
        if start is None:
            if token.text == "SELECT" and index == 0:
                start = 2
        elif depth == 0 and token.role == "comma":
            if sql.tokens[index - 1].role in ("column", "alias"):
                items.append((start, index))
            start = index + 2
        elif depth == 0 and token.text in ("FROM", "DISTINCT"):
            return items if token.text == "FROM" else []
    return items


# -- syntax ------------------------------------------------------------------------------------------


@fault("sql", "keyword misspelled")
def keyword(rng: Random, project: Project) -> Mutant | None:
    found = chosen(rng, project, "keyword", lambda token: len(token.text) > 2)
    if found is None:
        return None
    made, sql, index = found
    put(sql, index, misspelled(rng, sql.tokens[index].text, taken(made, sql)).upper())
    return Mutant(project, [spot(made, sql.place(index)[0], sql.place(sql.after(sql.after(index)))[1])])


def _without(family_name: str, role: str) -> None:
    @fault("sql", family_name)
    def plant(rng: Random, project: Project) -> Mutant | None:
        found = chosen(rng, project, role)
        if found is None:
            return None
        made, sql, index = found
        del sql.tokens[index]
        return Mutant(project, [whole(made)], follows=True)


_without("comma missing", "comma")
_without("opening parenthesis missing", "open")
_without("closing parenthesis missing", "close")
_without("operator missing", "operator")


@fault("sql", "comma too many")
def comma_twice(rng: Random, project: Project) -> Mutant | None:
    found = chosen(rng, project, "comma")
    if found is None:
        return None
    made, sql, index = found
    sql.tokens.insert(index, Token(",", "comma"))
    return Mutant(project, [spot(made, sql.place(index)[0], sql.place(sql.after(index + 1))[1])])


@fault("sql", "parenthesis too many")
def close_twice(rng: Random, project: Project) -> Mutant | None:
    found = chosen(rng, project, "close")
    if found is None:
        return None
    made, sql, index = found
    sql.tokens.insert(index, Token(")", "close"))
    return Mutant(project, [spot(made, sql.place(index)[0], len(sql.text))])


@fault("sql", "quote missing at the end of a text")
def open_quote(rng: Random, project: Project) -> Mutant | None:
    found = chosen(rng, project, "text")
    if found is None:
        return None
    made, sql, index = found
    put(sql, index, sql.tokens[index].text[:-1])
    return Mutant(project, [whole(made)])


@fault("sql", "text in double quotes")
def double_quotes(rng: Random, project: Project) -> Mutant | None:
    found = chosen(rng, project, "text", lambda token: '"' not in token.text and "''" not in token.text)
    if found is None:
        return None
    made, sql, index = found
    put(sql, index, '"' + sql.tokens[index].text[1:-1] + '"')
    return Mutant(project, [spot(made, *sql.place(index))])


@fault("sql", "clause missing")
def no_from(rng: Random, project: Project) -> Mutant | None:
    found = chosen(
        rng, project, "keyword", lambda token: token.text in ("FROM", "SELECT", "ON", "BY", "END", "THEN")
    )
    if found is None:
        return None
    made, sql, index = found
    del sql.tokens[index]
    return Mutant(project, [whole(made)])


@fault("sql", "clauses in the wrong order")
def order_of_clauses(rng: Random, project: Project) -> Mutant | None:
    def has(sql: Sql) -> bool:
        return [t.text for t in sql.tokens].count("WHERE") == 1

    made = pick(rng, queries(project, has))
    if made is None or made.sql is None:
        return None
    sql = made.sql
    index = next(i for i, token in enumerate(sql.tokens) if token.text == "WHERE")
    sql.tokens[index:index] = [
        Token("LIMIT", "keyword"),
        Token(" ", "space"),
        Token("5", "number"),
        Token(" ", "space"),
    ]
    return Mutant(project, [spot(made, sql.place(index)[0], len(sql.text))])


@fault("sql", "not a query")
def no_query(rng: Random, project: Project) -> Mutant | None:
    made = pick(rng, queries(project))
    if made is None or made.sql is None:
        return None
    sql = made.sql
    words = rng.choice(["CREATE TABLE made AS ", "DELETE FROM nowhere; ", "", "EXPLAIN ANALYZE SELEKT "])
    if not words:
        sql.tokens = [Token("UPDATE orders SET id = 1", "keyword")]
    elif words.startswith("DELETE"):
        sql.tokens = [Token(sql.text + "; DROP TABLE nowhere", "keyword")]
    else:
        sql.tokens.insert(0, Token(words, "keyword"))
    return Mutant(project, [whole(made)])
