"""What is wrong with the statements before the last one of a step's SQL, as far as their text decides it.

None of them is executed: what they name is compared with what is there, and their parts are described as a
SELECT.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from odibi_core.checks.lab_errors import SqlProblem
from odibi_core.checks.rewriting import Rewritten
from odibi_core.checks.schemas import Column, Schema
from odibi_core.checks.sql_columns import listed_columns
from odibi_core.checks.sql_examine import Mistake, examine
from odibi_core.checks.sql_names import best, plain_name
from odibi_core.checks.sql_pieces import CREATE, NAME, depth_at, masked, parts, within
from odibi_core.checks.sql_told import NO_TABLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from odibi_core.checks.lab import Lab, Statement
    from odibi_core.checks.sql_setup import Known

_ONE_NAME = rf"(?P<name>{NAME})(?!\s*\.)"
_AS = rf"(?:\s+(?:AS\s+)?(?!(?:SET|USING|WHERE|RETURNING|VALUES|SELECT)\b)(?P<alias>{NAME}))?"


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(r"\s*" + text, re.IGNORECASE | re.DOTALL)


_CREATE = _pattern(CREATE + _ONE_NAME)
_INSERT = _pattern(
    rf"INSERT\s+(?:OR\s+(?:REPLACE|IGNORE)\s+)?INTO\s+{_ONE_NAME}(?:\s+AS\s+{NAME})?\s*"
    r"(?P<columns>\((?!\s*(?:SELECT|WITH|VALUES|FROM)\b)[^()]*\))?\s*(?P<by_name>BY\s+NAME\s)?"
)
_UPDATE = _pattern(rf"UPDATE\s+{_ONE_NAME}{_AS}\s+SET\s+")
_DELETE = _pattern(rf"DELETE\s+(?P<from>FROM)\s+{_ONE_NAME}{_AS}\s*(?P<rest>USING\b|WHERE\b|;|$)")
_CHANGES = (
    _INSERT, _UPDATE, _DELETE, _pattern(rf"DELETE\s+FROM\s+{_ONE_NAME}"),
    _pattern(rf"TRUNCATE\s+(?:TABLE\s+)?{_ONE_NAME}"), _pattern(rf"MERGE\s+INTO\s+{_ONE_NAME}"),
    # A view can be renamed as a table.
    _pattern(rf"ALTER\s+TABLE\s+(?!IF\s){_ONE_NAME}\s+(?!RENAME\s+TO\b|SET\b)"),
)  # fmt: skip
_DROP = _pattern(rf"DROP\s+(?P<what>TABLE|VIEW)\s+(?P<unless>IF\s+EXISTS\s+)?{_ONE_NAME}\s*(?:;|$)")
_AFTER_ROWS = re.compile(r"\bON\s+CONFLICT\b|\bRETURNING\b|;", re.IGNORECASE)
_AFTER_SET = re.compile(r"(?<!DISTINCT)\s+(FROM|WHERE)\b|;", re.IGNORECASE)
_ASSIGNED = re.compile(rf"\s*(?P<column>{NAME})\s*=\s*", re.IGNORECASE)
_OWN_WAYS = re.compile(r"\b(?:RETURNING|DEFAULT)\b", re.IGNORECASE)
_CAST = "SELECT CAST(NULL AS "


@dataclass(frozen=True)
class Rows:
    """The query of an INSERT.

    Attributes:
        start: Where it begins in the statement.
        text: The query.
        table: The table it goes into.
        wanted: How many columns it has to have; None where that is not known.
    """

    start: int
    text: str
    table: str
    wanted: int | None


class Prepared:
    """A statement that makes or changes something."""

    def __init__(self, statement: Statement, known: Known, lab: Lab) -> None:
        self._text = statement.text
        self._code = masked(statement.text)
        self._known = known
        self._lab = lab
        self._listed = next(iter(listed_columns(statement.text)), []) if _CREATE.match(self._code) else []

    def mistakes(self) -> Iterator[Mistake]:
        """Yields what is wrong with the names and numbers in it; queries in it are for others to examine."""
        created = _CREATE.match(self._code)
        if created is not None:
            yield from self._created(created)
            return
        dropped = _DROP.match(self._code)
        changed = next((found for one in _CHANGES if (found := one.match(self._code))), None)
        if dropped is not None:
            yield from self._dropped(dropped)
        elif changed is not None:
            yield from self._changed(changed)

    def rows(self) -> Rows | None:
        """Returns the query of an INSERT that goes by position into a table whose columns are known."""
        insert = _INSERT.match(self._code)
        if insert is None:
            return None
        end = _AFTER_ROWS.search(self._code, insert.end())
        start, last = insert.end(), len(self._code) if end is None else end.start()
        if not re.compile(r"\(?\s*(?:SELECT|WITH|FROM)\b", re.IGNORECASE).match(self._code, start, last):
            return None
        wanted = None if insert["by_name"] else self._wanted(insert)
        return Rows(start, self._text[start:last].rstrip(), self._of(insert, "name"), wanted)

    def as_select(self) -> Rewritten | None:
        """Returns an UPDATE or DELETE of a known table as the SELECT that reads the same columns."""
        if _OWN_WAYS.search(self._code):
            return None
        now = Rewritten(self._text)
        delete = _DELETE.match(self._code)
        if delete is not None and self._schema(delete) is not None:
            now = now.with_edit(0, delete.start("from"), "SELECT 1 ")
            if delete["rest"].upper() == "USING":
                now = now.with_edit(*delete.span("rest"), ", ")
            return now
        update = _UPDATE.match(self._code)
        if update is None or self._schema(update) is None:
            return None
        end, after = self._assignments_end(update)
        done = 0
        for start, stop in parts(self._code, update.end(), end):
            assigned = _ASSIGNED.match(self._code, start, stop)
            if assigned is None:
                return None
            now = now.with_edit(done, assigned.end(), ", " if done else "SELECT ")
            done = stop
        table = self._text[update.start("name") : update.end("alias" if update["alias"] else "name")]
        if after is not None and after[1].upper() == "FROM":
            return now.with_edit(*after.span(1), f"FROM {table}, ")
        return now.with_edit(end, end, f" FROM {table} ")

    def columns(self) -> Schema | None:
        """Returns the columns of a CREATE TABLE that lists them; None where they are not certain."""
        found = []
        for column in self._listed:
            schema = None if column.type_place is None else self._type(*column.type_place)
            if not isinstance(schema, Schema):
                return None
            found.append(Column(column.name, schema.columns[0].type))
        return Schema(tuple(found)) if found else None

    def is_there_already(self) -> bool:
        """Whether it makes something IF NOT EXISTS that a statement before made."""
        created = _CREATE.match(self._code)
        if created is None or not created["unless"]:
            return False
        return any(name == self._of(created, "name").casefold() for name, _ in self._known.made)

    def note(self) -> None:
        """Takes in the table or view that it makes."""
        created = _CREATE.match(self._code)
        if created is None:
            return
        name, folded = self._of(created, "name"), self._of(created, "name").casefold()
        schema = self.columns()
        if schema is not None:
            self._known.add(name, schema)
        if any(made == (folded, created["temp"] is None) for made in self._known.made):
            self._known.add(name, None)  # one is temporary and one is not
        self._known.made[folded, created["temp"] is not None] = created["what"].lower()

    def note_drop(self) -> bool:
        """Forgets the table or view that it drops; False where it drops none that statements made."""
        dropped = _DROP.match(self._code)
        if dropped is None:
            return False
        folded = self._of(dropped, "name").casefold()
        made = [key for key in self._known.made if key[0] == folded]
        if len(made) != 1 or self._known.made[made[0]] != dropped["what"].lower():
            return False
        if folded in self._known.inputs:
            return False  # which is seen again
        del self._known.made[made[0]]
        key = self._key(folded)
        if key is not None:
            del self._known.tables[key]
        return True

    def _created(self, created: re.Match[str]) -> Iterator[Mistake]:
        name, folded = self._of(created, "name"), self._of(created, "name").casefold()
        is_temp, what = created["temp"] is not None, created["what"].lower()
        if not created["unless"]:
            is_new = what == "table" or not created["replace"]
            if is_temp and is_new and folded in self._known.inputs:
                yield self._refused(
                    created,
                    f'"{name}" is an input, and no other table can be called so\ngive it another name',
                )
            elif not created["replace"] and (folded, is_temp) in self._known.made:
                yield self._refused(
                    created, f'a table or view "{name}" was made before\ngive it another name, or OR REPLACE'
                )
        for column in self._listed:
            problem = None if column.type_place is None else self._type(*column.type_place)
            if isinstance(problem, Mistake):
                yield problem

    def _dropped(self, dropped: re.Match[str]) -> Iterator[Mistake]:
        folded = self._of(dropped, "name").casefold()
        if any(made == folded for made, _ in self._known.made):
            return
        if folded in self._known.inputs:
            if dropped["what"].upper() == "TABLE":
                yield self._read_only(dropped)
        elif not dropped["unless"]:
            yield self._no_table(dropped)

    def _changed(self, changed: re.Match[str]) -> Iterator[Mistake]:
        folded = self._of(changed, "name").casefold()
        made = {what for (name, _), what in self._known.made.items() if name == folded}
        if not made:
            yield self._read_only(changed) if folded in self._known.inputs else self._no_table(changed)
            return
        if made == {"view"}:
            name = self._of(changed, "name")
            yield self._refused(changed, f'"{name}" is a view, which can only be read\nmake it a table')
            return
        schema = self._schema(changed)
        if schema is None:
            return
        if changed.re is _INSERT:
            spans = parts(self._code, *within(changed, "columns")) if changed["columns"] else []
            yield from self._unknown(changed, spans, schema)
            yield from self._wrong_count(changed)
        elif changed.re is _UPDATE:
            end, _ = self._assignments_end(changed)
            found = [_ASSIGNED.match(self._code, *part) for part in parts(self._code, changed.end(), end)]
            yield from self._unknown(changed, [one.span("column") for one in found if one], schema)

    def _unknown(
        self, changed: re.Match[str], spans: list[tuple[int, int]], schema: Schema
    ) -> Iterator[Mistake]:
        table = self._of(changed, "name")
        for start, end in spans:
            written = self._text[start:end]
            first, last = start + len(written) - len(written.lstrip()), start + len(written.rstrip())
            name = plain_name(self._text[first:last])
            if schema.find(name) is None and re.fullmatch(NAME, self._code[first:last]):
                problem = SqlProblem("column", "no such column", start=first, end=last, name=name)
                meant, certain = best(name, schema.names)
                yield Mistake(problem, meant, certain, (table,), (self._key(table),))

    def _wrong_count(self, insert: re.Match[str]) -> Iterator[Mistake]:
        """Yields the first row of VALUES that has not as many values as the table has columns."""
        wanted = self._wanted(insert)
        values = re.compile(r"VALUES\s*", re.IGNORECASE).match(self._code, insert.end())
        end = _AFTER_ROWS.search(self._code, insert.end())
        if wanted is None or values is None or insert["by_name"]:
            return
        for start, stop in parts(self._code, values.end(), len(self._code) if end is None else end.start()):
            row = re.compile(r"\s*(?P<row>\(.*\))\s*", re.DOTALL).fullmatch(self._code, start, stop)
            given = 0 if row is None else len(parts(self._code, *within(row, "row")))
            if row is not None and given != wanted:
                problem = too_many_or_few(self._of(insert, "name"), wanted, given)
                yield Mistake(problem.at(*row.span("row")))
                return

    def _wanted(self, insert: re.Match[str]) -> int | None:
        if insert["columns"]:
            return len(parts(self._code, *within(insert, "columns")))
        schema = self._schema(insert)
        return None if schema is None else len(schema.columns)

    def _assignments_end(self, update: re.Match[str]) -> tuple[int, re.Match[str] | None]:
        at = update.end()
        while (found := _AFTER_SET.search(self._code, at)) is not None:
            if depth_at(self._code, update.end(), found.start()) == 0:
                return found.start(), found if found[1] else None
            at = found.end()
        return len(self._code), None

    def _type(self, start: int, end: int) -> Schema | Mistake | None:
        """Returns a type as the one column of a schema, or what is wrong with its name."""
        examined = examine(self._lab, f"{_CAST}{self._text[start:end]})", {})
        for mistake in examined.mistakes:
            problem = mistake.problem
            if problem.kind == "type-name" and problem.start is not None and problem.end is not None:
                shift = start - len(_CAST)
                return Mistake(
                    problem.at(problem.start + shift, problem.end + shift), mistake.meant, mistake.certain
                )
        return examined.schema

    def _schema(self, changed: re.Match[str]) -> Schema | None:
        key = self._key(self._of(changed, "name"))
        return None if key is None else self._known.tables[key]

    def _key(self, name: str) -> str | None:
        return next((key for key in self._known.tables if key.casefold() == name.casefold()), None)

    def _of(self, match: re.Match[str], group: str) -> str:
        return plain_name(self._text[slice(*match.span(group))])

    def _refused(self, match: re.Match[str], message: str) -> Mistake:
        return Mistake(SqlProblem("refused", message, start=match.start("name"), end=match.end("name")))

    def _read_only(self, match: re.Match[str]) -> Mistake:
        name = self._of(match, "name")
        return self._refused(
            match,
            f'"{name}" is an input, which can only be read\nmake a table of it: CREATE TABLE … AS SELECT',
        )

    def _no_table(self, match: re.Match[str]) -> Mistake:
        name = self._of(match, "name")
        problem = SqlProblem("table", NO_TABLE, start=match.start("name"), end=match.end("name"), name=name)
        made = {folded for folded, _ in self._known.made}
        return Mistake(problem, *best(name, [key for key in self._known.tables if key.casefold() in made]))


def too_many_or_few(table: str, wanted: int, given: int) -> SqlProblem:
    """Returns the problem of an INSERT that gives a table another number of columns than it takes."""
    plural = "" if wanted == 1 else "s"
    return SqlProblem("count", f'"{table}" takes {wanted} value{plural} here, not {given}')


__all__ = ["Prepared", "Rows", "too_many_or_few"]
