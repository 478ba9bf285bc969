"""What a statement inserts into a table that a statement before made: rows of a query, or VALUES."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from odibi_core.checks.sql.examine import Mistake
from odibi_core.checks.sql.lab_errors import SqlProblem
from odibi_core.checks.sql.names import best, plain_name
from odibi_core.checks.sql.pieces import NAME, bare, masked, parts, within
from odibi_core.checks.sql.rewriting import Rewritten

if TYPE_CHECKING:
    from collections.abc import Iterator

    from odibi_core.checks.schemas import Column, Schema
    from odibi_core.checks.sql.setup import Known

# A table's name without a schema before it.
ONE_NAME = rf"(?P<name>{NAME})(?!\s*\.)"


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(r"\s*" + text, re.IGNORECASE | re.DOTALL)


INSERT = _pattern(
    rf"INSERT\s+(?:OR\s+(?:REPLACE|IGNORE)\s+)?INTO\s+{ONE_NAME}(?:\s+AS\s+{NAME})?\s*"
    r"(?P<columns>\((?!\s*(?:SELECT|WITH|VALUES|FROM)\b)[^()]*\))?\s*(?P<by_name>BY\s+NAME\s)?"
)
_AFTER_ROWS = re.compile(r"\bON\s+CONFLICT\b|\bRETURNING\b|;", re.IGNORECASE)
_VALUES = _pattern(r"VALUES\b\s*")
_ROW = _pattern(r"(?P<row>\(.*\))\s*")
_DEFAULT = _pattern(r"DEFAULT\s*")
_MOST_ROWS = 200  # rows of VALUES that are looked at


@dataclass(frozen=True)
class Rows:
    """The query of an INSERT.

    Attributes:
        start: Where it begins in the statement.
        text: The query.
        table: The table it goes into.
        wanted: How many columns it has to have; None where that is not known.
        by_name: The columns of the table that its columns go into by name; None where they do by position.
    """

    start: int
    text: str
    table: str
    wanted: int | None
    by_name: Schema | None = None

    def strangers(self, schema: Schema) -> Iterator[Mistake]:
        """Yields the columns that the query gives and the table does not have."""
        for name in schema.names if self.by_name is not None else ():
            if self.by_name is None or self.by_name.find(name) is not None:
                continue
            places = [found.span() for found in re.finditer(rf"\b{re.escape(name)}\b", masked(self.text))]
            start, end = places[0] if len(places) == 1 else (0, len(self.text))
            problem = SqlProblem(
                "column", "no such column", start=self.start + start, end=self.start + end, name=name
            )
            yield Mistake(problem, best(name, self.by_name.names)[0], False, (self.table,), (self.table,))


class Insert:
    """An INSERT into a table."""

    def __init__(self, text: str, code: str, match: re.Match[str], known: Known) -> None:
        self._text = text
        self._code = code
        self._match = match
        self.table = plain_name(text[slice(*match.span("name"))])
        self._schema = known.changeable(self.table)

    def rows(self) -> Rows | None:
        """Returns the query whose rows it inserts; None where it lists VALUES."""
        insert = self._match
        end = _AFTER_ROWS.search(self._code, insert.end())
        start, last = insert.end(), len(self._code) if end is None else end.start()
        if not re.compile(r"\(?\s*(?:SELECT|WITH|FROM)\b", re.IGNORECASE).match(self._code, start, last):
            return None
        text, table = self._text[start:last].rstrip(), self.table
        if insert["by_name"]:
            return Rows(start, text, table, None, self._schema)
        return Rows(start, text, table, self._wanted)

    def values(self) -> Rewritten | None:
        """Returns the VALUES it lists, each made what its column is; None where that is not known."""
        found = None if self._match["by_name"] else _VALUES.match(self._code, self._match.end())
        kinds = None if found is None else self._kinds()
        if found is None or kinds is None:
            return None
        after = _AFTER_ROWS.search(self._code, found.end())
        end = len(self._code) if after is None else after.start()
        now = Rewritten(self._text).with_edit(0, found.start(), "").with_edit(end, len(self._code), "")
        for start, stop in parts(self._code, found.end(), end)[:_MOST_ROWS]:
            row = _ROW.fullmatch(self._code, start, stop)
            given = [] if row is None else parts(self._code, *within(row, "row"))
            if len(given) != len(kinds):
                return None
            for place, kind in zip(given, kinds, strict=True):
                first, last = bare(self._code, *place)
                if _DEFAULT.fullmatch(self._code, first, last):
                    now = now.with_edit(first, last, "NULL")
                else:
                    now = now.with_edit(first, first, "CAST((").with_edit(last, last, f") AS {kind})")
            done = stop
        return now if done == end else now.with_edit(done, len(self._code), "")

    def _kinds(self) -> list[str] | None:
        """Returns the types that it takes, in order; None where one is not known."""
        insert, schema = self._match, self._schema
        if schema is None:
            return None
        columns: list[Column | None] = list(schema.columns)
        if insert["columns"]:
            spans = parts(self._code, *within(insert, "columns"))
            columns = [schema.find(plain_name(self._text[start:stop].strip())) for start, stop in spans]
        kinds = [column.type for column in columns if column is not None and column.type is not None]
        return kinds if len(kinds) == len(columns) else None

    def wrong_count(self) -> Iterator[Mistake]:
        """Yields the first row of VALUES that has not as many values as the table has columns."""
        insert, wanted = self._match, self._wanted
        values = _VALUES.match(self._code, insert.end())
        end = _AFTER_ROWS.search(self._code, insert.end())
        if wanted is None or values is None or insert["by_name"]:
            return
        for start, stop in parts(self._code, values.end(), len(self._code) if end is None else end.start()):
            row = _ROW.fullmatch(self._code, start, stop)
            given = 0 if row is None else len(parts(self._code, *within(row, "row")))
            if row is not None and given != wanted:
                problem = too_many_or_few(self.table, wanted, given)
                yield Mistake(problem.at(*row.span("row")))
                return

    @property
    def _wanted(self) -> int | None:
        insert, schema = self._match, self._schema
        if insert["columns"]:
            return len(parts(self._code, *within(insert, "columns")))
        return None if schema is None else len(schema.columns)


def too_many_or_few(table: str, wanted: int, given: int) -> SqlProblem:
    """Returns the problem of an INSERT that gives a table another number of columns than it takes."""
    plural = "" if wanted == 1 else "s"
    return SqlProblem("count", f'"{table}" takes {wanted} value{plural} here, not {given}')


def too_many_names(table: str, columns: int, names: int) -> SqlProblem:
    """Returns the problem of a table or view with more names for its columns than its query gives columns."""
    plural = "" if columns == 1 else "s"
    return SqlProblem("count", f'"{table}" has {columns} column{plural}, and {names} names for them')


__all__ = ["INSERT", "ONE_NAME", "Insert", "Rows", "too_many_names", "too_many_or_few"]
