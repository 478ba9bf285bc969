"""Faults in queries about joins, groups and sets."""

from __future__ import annotations

from random import Random

from benchmarks.mutations.faults import Mutant, fault, pick
from benchmarks.mutations.faults_sql import chosen, put, queries, spot, whole
from benchmarks.mutations.project import Made, Project
from benchmarks.mutations.sql import Sql, Token, unquote


@fault("sql", "ambiguous column")
def ambiguous(rng: Random, project: Project) -> Mutant | None:
    candidates: list[tuple[Made, int]] = []
    for made in queries(project):
        sql = made.sql
        if sql is None or len(made.inputs) < 2 or "JOIN" not in [t.text for t in sql.tokens]:
            continue
        both = [{column.name.casefold() for column in columns} for columns in made.inputs.values()]
        joined = [unquote(sql.tokens[i].text) for i in sql.find("table")]
        both = [{c.name.casefold() for c in made.inputs[name]} for name in joined if name in made.inputs]
        if len(both) == 2:
            candidates += [
                (made, i) for i in sql.find("column")
                if sql.tokens[i - 1].role == "dot"
                and unquote(sql.tokens[i].text).casefold() in both[0] & both[1]
            ]  # fmt: skip
    if not candidates:
        return None
    made, index = rng.choice(candidates)
    assert made.sql is not None
    del made.sql.tokens[index - 2 : index]
    return Mutant(project, [spot(made, *made.sql.place(index - 2))])


@fault("sql", "GROUP BY missing")
def no_group(rng: Random, project: Project) -> Mutant | None:
    found = chosen(rng, project, "keyword", lambda token: token.text == "GROUP")
    if found is None:
        return None
    made, sql, index = found
    end = index
    while (
        end < len(sql.tokens)
        and sql.tokens[end].text not in ("HAVING", "ORDER", "LIMIT")
        and not (
            sql.tokens[end].role == "close" and sql.tokens[end].text == ")" and _is_closing(sql, index, end)
        )
    ):
        end += 1
    del sql.tokens[index:end]
    return Mutant(project, [whole(made)])


def _is_closing(sql: Sql, start: int, end: int) -> bool:
    roles = [token.role for token in sql.tokens[start:end]]
    return roles.count("open") == roles.count("close")


@fault("sql", "column not in GROUP BY")
def not_grouped(rng: Random, project: Project) -> Mutant | None:
    found = chosen(rng, project, "keyword", lambda token: token.text == "GROUP")
    if found is None:
        return None
    made, sql, _ = found
    select = sql.find("function", lambda token: token.info == "aggregate")
    index = next((i for i in select if sql.tokens[i + 2].role == "column"), None)
    if index is None:
        return None
    end = sql.closing(index + 1)
    name = sql.tokens[index + 2]
    sql.tokens[index : end + 1] = [name]
    return Mutant(project, [spot(made, *sql.place(index))])


@fault("sql", "aggregate in WHERE")
def aggregate_in_where(rng: Random, project: Project) -> Mutant | None:
    found = chosen(rng, project, "keyword", lambda token: token.text == "WHERE")
    if found is None:
        return None
    made, sql, index = found
    at = sql.after(index)
    sql.tokens[at:at] = [Token("count(*) > 1 AND ", "function")]
    return Mutant(project, [spot(made, *sql.place(at))])


@fault("sql", "window in WHERE")
def window_in_where(rng: Random, project: Project) -> Mutant | None:
    found = chosen(rng, project, "keyword", lambda token: token.text == "WHERE")
    if found is None:
        return None
    made, sql, index = found
    at = sql.after(index)
    sql.tokens[at:at] = [Token("row_number() OVER () > 1 AND ", "function")]
    return Mutant(project, [spot(made, *sql.place(at))])


@fault("sql", "aggregate inside an aggregate")
def nested_aggregate(rng: Random, project: Project) -> Mutant | None:
    found = chosen(rng, project, "function", lambda token: token.info == "aggregate" and token.text == "sum")
    if found is None:
        return None
    made, sql, index = found
    if sql.tokens[sql.after(sql.closing(index + 1))].text == "OVER":  # a window over an aggregate is fine
        return None
    put(sql, index + 1, "(max(")
    put(sql, sql.closing(index + 1), "))")
    return Mutant(project, [spot(made, sql.place(index)[0], sql.place(sql.closing(index + 1))[1])])


@fault("sql", "set operation of different widths")
def widths(rng: Random, project: Project) -> Mutant | None:
    found = chosen(rng, project, "keyword", lambda token: token.text == "UNION")
    if found is None:
        return None
    made, sql, index = found
    at = next(i for i in range(index, len(sql.tokens)) if sql.tokens[i].text == "FROM")
    sql.tokens[at - 1 : at - 1] = [Token(", 1 AS one_more", "number")]
    return Mutant(project, [whole(made)])


@fault("sql", "subquery of two columns after IN")
def two_columns(rng: Random, project: Project) -> Mutant | None:
    found = chosen(rng, project, "open", lambda token: token.info == "subquery")
    if found is None:
        return None
    made, sql, index = found
    at = next(i for i in range(index, len(sql.tokens)) if sql.tokens[i].text == "FROM")
    sql.tokens[at - 1 : at - 1] = [Token(", 1 AS one_more", "number")]
    return Mutant(project, [whole(made)])


@fault("sql", "ORDER BY a position that is not there")
def position(rng: Random, project: Project) -> Mutant | None:
    made = pick(
        rng, queries(project, lambda sql: not {"ORDER", "LIMIT", "UNION"} & {t.text for t in sql.tokens})
    )
    if made is None or made.sql is None:
        return None
    start = len(made.sql.text)
    made.sql.add(" ORDER BY 99", "keyword")
    return Mutant(project, [spot(made, start, len(made.sql.text))])
