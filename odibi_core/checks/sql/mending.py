"""Mendings: what might make a mistake in a query right, the likeliest first."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from odibi_core.checks.sql.files import OUR_NAME
from odibi_core.checks.sql.lab_errors import SqlProblem
from odibi_core.checks.sql.names import best, call_end, last_part, plain_name, written_name
from odibi_core.checks.sql.places import find_place
from odibi_core.checks.sql.unplaced import located

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from odibi_core.checks.schemas import Schema
    from odibi_core.checks.sql.lab import Lab
    from odibi_core.checks.sql.tree import Select, SqlTree

_GUESSES = 3
_OFFERED = re.compile(r"'([^']+)'")
_CALL = re.compile(r"[^\W\d]\w*(?=\s*\()")
# What stands behind a schema: the table.
AFTER_SCHEMA = re.compile(r'\s*\.\s*("(?:[^"]|"")*"|\w+)')
_STAR = re.compile(r"\s*\.\s*\*")
_SCHEMAS = frozenset({"main", "memory", "temp", "system", "information_schema", "pg_catalog"})
_WORD = re.compile(r'"(?:[^"]|"")*"|[^\W\d]\w*')


@dataclass(frozen=True)
class Mending:
    """An edit of a query that may make a mistake right.

    Attributes:
        start: First character that is replaced.
        end: The one after the last.
        text: What stands there then, without a name.
        meant: The name it is about; None where it only takes the mistake out of the way.
        certain: Whether it is the one right answer.
        keeps: The name that its column has as written, and by `text` keeps; None where it has none.
    """

    start: int
    end: int
    text: str
    meant: str | None = None
    certain: bool = False
    keeps: str | None = None

    @property
    def full_text(self) -> str:
        """What stands there then, under the name that the column keeps."""
        return self.text if self.keeps is None else f"{self.text} AS {written_name(self.keeps, chr(34))}"


@dataclass(frozen=True)
class Seen:
    """A query and what is known of its names.

    Attributes:
        sql: The query.
        tree: What it is made of; None where DuckDB's serializer does not know.
        known: The tables whose columns are known.
        names: The names of all tables given.
    """

    sql: str
    tree: SqlTree | None
    known: Mapping[str, Schema]
    names: tuple[str, ...]

    def select_of(self, problem: SqlProblem) -> Select | None:
        """Returns the SELECT that a problem is in."""
        if self.tree is None or problem.start is None or problem.end is None:
            return None
        return self.tree.select_at(problem.start, problem.end)

    def tables_of(self, problem: SqlProblem) -> tuple[tuple[str, ...], tuple[str | None, ...]]:
        """Returns what the tables are called that a problem sees, and the inputs behind them."""
        select = self.select_of(problem)
        if select is None and self.tree is not None and len(self.tree.selects) == 1:
            select = self.tree.selects[0]
        if select is None:
            return ((problem.qualifier,), (None,)) if problem.qualifier else ((), ())
        tables = select.tables
        if problem.qualifier is not None:
            folded = problem.qualifier.casefold()
            around: Select | None = select
            while around is not None:
                for table in around.tables:
                    if table.alias.casefold() == folded:
                        return (problem.qualifier,), (self.input_of(table.name, len(table.path)),)
                around = around.outer
            return (problem.qualifier,), (None,)
        names = tuple(select.names)
        inputs = [self.input_of(table.name, len(table.path)) for table in tables]
        return names, (*inputs, *[None] * (len(names) - len(inputs)))

    def input_of(self, name: str, parts: int = 1) -> str | None:
        """Returns the table given that a name in FROM means; None where WITH defines it."""
        folded = name.casefold()
        if parts > 1 or (self.tree is not None and folded in self.tree.with_names):
            return None
        return next((given for given in self.names if given.casefold() == folded), None)

    def columns_for(self, problem: SqlProblem) -> list[str]:
        """Returns the columns, and aliases, that may be meant at a place."""
        _, inputs = self.tables_of(problem)
        found = [
            column
            for name in inputs
            if name is not None and name in self.known
            for column in self.known[name].names
        ]
        select = self.select_of(problem)
        if problem.qualifier is None and select is not None:
            found += select.aliases
            around = select.outer
            while around is not None:
                for table in around.tables:
                    name = self.input_of(table.name, len(table.path))
                    found += self.known[name].names if name is not None and name in self.known else ()
                around = around.outer
        return [*found, *problem.candidates]

    def structs_for(self, problem: SqlProblem) -> list[str]:
        """Returns the columns with fields that may be meant by what stands before a dot."""
        select = self.select_of(problem)
        tables = [] if select is None else [self.input_of(one.name, len(one.path)) for one in select.tables]
        return [
            column.name
            for name in tables
            if name is not None and name in self.known
            for column in self.known[name].columns
            if (column.type or "").startswith("STRUCT")
        ]


def narrowed(problem: SqlProblem, seen: Seen) -> SqlProblem:
    """Returns a problem at the smallest place that is wrong."""
    sql = seen.sql
    located_at = None if seen.tree is None else located(problem, sql, seen.tree)
    if located_at is not None:
        return located_at
    if problem.start is None or problem.end is None:
        found = find_place(problem, sql)
        return problem if found is None else problem.at(*found)
    first, last = problem.start, problem.end
    token = sql[first:last]
    if problem.is_about_schema:
        return problem.at(first, first + len(token[: last_part(token)].rstrip(" .\t\n\r")))
    if problem.kind == "qualifier" and _is_in_sight(problem, seen) and last_part(token):
        # DuckDB looks for a column of a subquery in the query around it too, and says what it met last.
        problem = SqlProblem(
            "column", problem.message, start=first, end=last,
            name=plain_name(token[last_part(token) :]), qualifier=problem.name,
        )  # fmt: skip
    if problem.lacks_from and _reads_tables(problem, seen):
        return problem.but(kind="refused")
    if problem.kind == "column":
        start = first + last_part(token)
        named = _named_part(token, problem.name or "")
        if problem.qualifier is not None and named is not None:
            # `t.addr.geo` may be a field of a column of a table: it is not always the last part.
            return problem.at(first + named[0], first + named[1])
        if problem.qualifier is None and start > first:
            problem.qualifier = plain_name(token[: last_part(token)].strip().rstrip(".").split(".")[-1])
        return problem.at(start, last)
    if problem.kind == "qualifier" and "." in (problem.name or "") and len(_WORD.findall(token)) > 2:
        head = _WORD.match(token)  # DuckDB takes what is before the last dot for a schema and its table
        if head is not None and plain_name(head[0]).casefold() not in _SCHEMAS:
            return problem.but(name=plain_name(head[0]), end=first + head.end())
    if problem.kind in ("qualifier", "table", "function", "type-name"):
        return _name_only(problem, token)
    if problem.kind == "type" and seen.tree is not None and first in seen.tree.operators:
        return problem.at(*seen.tree.operators[first])
    if problem.kind == "type" and (called := _CALL.match(sql, first, last)) is not None:
        # Without the window it is computed over.
        return problem.at(first, min(last, call_end(sql, called.end())))
    return problem


def _reads_tables(problem: SqlProblem, seen: Seen) -> bool:
    """Whether the SELECT that a problem is in has FROM; no column can be read in its LIMIT all the same."""
    select = seen.select_of(problem)
    return select is not None and bool(select.tables or select.subqueries)


def _is_in_sight(problem: SqlProblem, seen: Seen) -> bool:
    """Whether what stands before the dot is the name of a table that the place sees."""
    select = seen.select_of(problem)
    folded = (problem.name or "").casefold()
    while select is not None:
        if any(name.casefold() == folded for name in select.names):
            return True
        select = select.outer
    return False


def _named_part(token: str, name: str) -> tuple[int, int] | None:
    """Returns where in a dotted name, behind its first part, a part stands; None where it does not."""
    places = [match.span() for match in _WORD.finditer(token)][1:]
    return next(
        (span for span in places if plain_name(token[slice(*span)]).casefold() == name.casefold()), None
    )


def _name_only(problem: SqlProblem, token: str) -> SqlProblem:
    """Returns a problem at the name it is about: without alias, arguments or what follows a dot."""
    start = problem.start or 0
    name = (problem.name or "").split(".")[-1].casefold()
    for match in _WORD.finditer(token):
        if plain_name(match[0]).casefold() == name:
            return problem.at(start + match.start(), start + match.end())
    return problem


def mendings(problem: SqlProblem, seen: Seen, lab: Lab) -> Iterator[Mending]:
    """Yields what may make a problem right; last what only takes it out of the way."""
    if (
        problem.start is None
        or problem.end is None
        or problem.kind in ("syntax", "alias", "count", "position")
    ):
        return
    token = seen.sql[problem.start : problem.end]
    if problem.is_about_schema:
        yield from _without_schema(problem, seen, lab)
        return
    star = _STAR.match(seen.sql, problem.end)
    if problem.kind == "group" and token.endswith("*"):
        return  # what is read of the columns it stands for would be missed next
    yield from _by_name(problem, token, seen, lab)
    if problem.kind == "table":
        return
    if problem.kind == "qualifier" and star is not None:
        if seen.tree is not None and len(seen.tree.selects) == 1:
            yield Mending(problem.start, star.end(), " NULL ")
        return
    start, end = problem.start, problem.end
    if problem.kind == "column" and problem.qualifier is not None:
        start = _whole_start(seen.sql, start)
    if problem.kind == "qualifier":
        match = re.compile(r'\s*\.\s*("(?:[^"]|"")*"|\w+)').match(seen.sql, end)
        end = match.end() if match else end
    if problem.kind == "function":
        end = call_end(seen.sql, end)
    keeps = _kept_name((start, end), problem, seen)
    if problem.kind == "group":
        yield Mending(start, end, f" any_value({token}) ", keeps=keeps)  # of the same type
    yield Mending(start, end, " NULL ", keeps=keeps)


def _by_name(problem: SqlProblem, token: str, seen: Seen, lab: Lab) -> Iterator[Mending]:
    start, end = problem.start or 0, problem.end or 0
    if problem.kind == "ambiguous":
        offered = _OFFERED.findall(problem.message.partition("(use:")[2])
        for name in offered[:1]:
            yield Mending(start, end, name, keeps=_kept_name((start, end), problem, seen))
        return
    written = plain_name(token)
    if problem.kind == "qualifier":
        for called in _called_otherwise(problem, seen):
            yield Mending(start, end, written_name(called, token), called, certain=True)
    pool = _pool(problem, seen, lab)
    for _ in range(_GUESSES):
        meant, certain = best(written, pool)
        if meant is None:
            return
        keeps = None if problem.kind == "qualifier" else _kept_name((start, end), problem, seen)
        yield Mending(start, end, written_name(meant, token), meant, certain, keeps)
        pool = [name for name in pool if name != meant]


def _without_schema(problem: SqlProblem, seen: Seen, lab: Lab) -> Iterator[Mending]:
    """Yields the table without the schema that is said to hold it."""
    start, after = problem.start or 0, AFTER_SCHEMA.match(seen.sql, problem.end or 0)
    if after is None:
        return
    written = plain_name(after[1])
    pool = _pool(problem, seen, lab)
    same = next((name for name in pool if name.casefold() == written.casefold()), None)
    meant = same or best(written, pool)[0]
    if meant is not None:
        yield Mending(start, after.end(), written_name(meant, after[1]), meant, same is not None)


def _pool(problem: SqlProblem, seen: Seen, lab: Lab) -> list[str]:
    if problem.lacks_from:
        return []
    if problem.kind == "column":
        return seen.columns_for(problem)
    if problem.kind == "table":
        with_names = seen.tree.with_names if seen.tree is not None else ()
        return [*(name for name in seen.names if not name.startswith(OUR_NAME)), *with_names]
    if problem.kind == "qualifier":
        select = seen.select_of(problem)
        names = list(problem.candidates)
        while select is not None:
            names += select.names
            select = select.outer
        return [*names, *seen.structs_for(problem)]
    if problem.kind == "field":
        return list(problem.candidates)
    if problem.kind == "type-name":
        return list(lab.types())
    if problem.kind == "function":
        return [name for name in lab.functions() if not name.startswith("__")]
    return []


def _called_otherwise(problem: SqlProblem, seen: Seen) -> list[str]:
    """Returns what a table is called where it is not called by its own name."""
    select = seen.select_of(problem)
    folded = (problem.name or "").casefold()
    while select is not None:
        found = [
            table.alias
            for table in select.tables
            if table.name.casefold() == folded and table.alias.casefold() != folded
        ]
        if found:
            return found[:1]
        select = select.outer
    return []


def _kept_name(place: tuple[int, int], problem: SqlProblem, seen: Seen) -> str | None:
    """Returns the name that what is replaced gives its column; None where it gives none."""
    select = None if seen.tree is None or problem.kind == "function" else seen.select_of(problem)
    if select is None or not select.is_bare(place[1]):
        return None
    token = seen.sql[place[0] : place[1]]
    return plain_name(token[last_part(token) :])


def _whole_start(sql: str, start: int) -> int:
    """Returns where a dotted name begins whose last part begins at `start`."""
    match = re.compile(r'(?:(?:"(?:[^"]|"")*"|\w+)\s*\.\s*)+$').search(sql, 0, start)
    return match.start() if match else start
