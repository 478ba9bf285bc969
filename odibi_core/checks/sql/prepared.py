"""What is wrong with the statements before the last one of a step's SQL, as far as their text decides it.

None of them is executed: what they name is compared with what is there, and their parts are described as a
SELECT.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from odibi_core.checks.schemas import Column, Schema
from odibi_core.checks.sql.columns import listed_columns
from odibi_core.checks.sql.examine import Mistake, examine
from odibi_core.checks.sql.inserts import INSERT, ONE_NAME, Insert
from odibi_core.checks.sql.lab_errors import SqlProblem
from odibi_core.checks.sql.names import best, plain_name
from odibi_core.checks.sql.pieces import CREATE, NAME, bare, depth_at, masked, parts, within
from odibi_core.checks.sql.rewriting import Rewritten
from odibi_core.checks.sql.told import NO_TABLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from odibi_core.checks.sql.lab import Lab, Statement
    from odibi_core.checks.sql.setup import Known

_AS = rf"(?:\s+(?:AS\s+)?(?!(?:SET|USING|WHERE|RETURNING|VALUES|SELECT)\b)(?P<alias>{NAME}))?"


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(r"\s*" + text, re.IGNORECASE | re.DOTALL)


_CREATE = _pattern(CREATE + ONE_NAME)
_UPDATE = _pattern(rf"UPDATE\s+{ONE_NAME}{_AS}\s+SET\s+")
_DELETE = _pattern(rf"DELETE\s+(?P<from>FROM)\s+{ONE_NAME}{_AS}\s*(?P<rest>USING\b|WHERE\b|;|$)")
_CHANGES = (
    INSERT, _UPDATE, _DELETE, _pattern(rf"DELETE\s+FROM\s+{ONE_NAME}"),
    _pattern(rf"TRUNCATE\s+(?:TABLE\s+)?{ONE_NAME}"), _pattern(rf"MERGE\s+INTO\s+{ONE_NAME}"),
    # A view can be renamed as a table.
    _pattern(rf"ALTER\s+TABLE\s+(?!IF\s){ONE_NAME}\s+(?!RENAME\s+TO\b|SET\b)"),
)  # fmt: skip
_DROP = _pattern(rf"DROP\s+(?P<what>TABLE|VIEW)\s+(?P<unless>IF\s+EXISTS\s+)?{ONE_NAME}\s*(?:;|$)")
_AFTER_SET = re.compile(r"(?<!DISTINCT)\s+(FROM|WHERE)\b|;", re.IGNORECASE)
_ASSIGNED = re.compile(rf"\s*(?P<column>{NAME})\s*=\s*", re.IGNORECASE)
_OWN_WAYS = re.compile(r"\b(?:RETURNING|DEFAULT)\b", re.IGNORECASE)
_CAST = "SELECT CAST(NULL AS "
_RETURNS = (INSERT, _UPDATE, _pattern(rf"DELETE\s+FROM\s+{ONE_NAME}{_AS}"))
_RETURNING = re.compile(r"\bRETURNING\b", re.IGNORECASE)


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

    def insert(self) -> Insert | None:
        """Returns what it inserts; None where it inserts nothing."""
        found = INSERT.match(self._code)
        return None if found is None else Insert(self._text, self._code, found, self._known)

    def returned(self) -> Rewritten | None:
        """Returns what stands behind RETURNING as a SELECT of the table that is changed."""
        changed = next((found for one in _RETURNS if (found := one.match(self._code))), None)
        if changed is None or changed.groupdict().get("alias") or self._schema(changed) is None:
            return None
        marks = [
            mark
            for mark in _RETURNING.finditer(self._code, changed.end())
            if depth_at(self._code, 0, mark.start()) == 0
        ]
        if not marks:
            return None
        end = len(self._code.rstrip().rstrip(";"))
        table = self._text[slice(*changed.span("name"))]
        return (
            Rewritten(self._text)
            .with_edit(0, marks[-1].end(), "SELECT")
            .with_edit(end, len(self._code), f" FROM {table}")
        )

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
        """Whether it makes something IF NOT EXISTS that is there."""
        created = _CREATE.match(self._code)
        if created is None or not created["unless"]:
            return False
        folded, is_temp = self._of(created, "name").casefold(), created["temp"] is not None
        return (folded, is_temp) in self._known.made or (is_temp and folded in self._known.inputs)

    def note(self, schema: Schema | None) -> bool:
        """Takes in the table or view that it makes, with these columns; False where it makes none."""
        created = _CREATE.match(self._code)
        if created is None:
            return False
        name, is_temp = self._of(created, "name"), created["temp"] is not None
        self._known.make(name, schema, what=created["what"].lower(), is_temp=is_temp)
        return True

    def note_drop(self) -> bool:
        """Forgets the table or view that it drops; False where it is not certain which that is."""
        dropped = _DROP.match(self._code)
        if dropped is None:
            return False
        folded, what = self._of(dropped, "name").casefold(), dropped["what"].lower()
        if folded in self._known.inputs:
            return what == "view" and self._known.inputs.pop(folded) is not None
        made = [key for key in self._known.made if key[0] == folded]
        if len(made) != 1 or self._known.made[made[0]].what != what:
            return not made and dropped["unless"] is not None
        del self._known.made[made[0]]
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
        if folded in self._known.inputs:
            if dropped["what"].upper() == "TABLE":
                yield self._read_only(dropped)
        elif not dropped["unless"] and not any(made == folded for made, _ in self._known.made):
            yield self._no_table(dropped)

    def _changed(self, changed: re.Match[str]) -> Iterator[Mistake]:
        folded = self._of(changed, "name").casefold()
        made = {table.what for (name, _), table in self._known.made.items() if name == folded}
        if folded in self._known.inputs or not made:
            yield self._read_only(changed) if folded in self._known.inputs else self._no_table(changed)
            return
        if made == {"view"}:
            name = self._of(changed, "name")
            yield self._refused(changed, f'"{name}" is a view, which can only be read\nmake it a table')
            return
        schema = self._schema(changed)
        if schema is None:
            return
        if changed.re is INSERT:
            spans = parts(self._code, *within(changed, "columns")) if changed["columns"] else []
            yield from self._unknown(changed, spans, schema)
            yield from Insert(self._text, self._code, changed, self._known).wrong_count()
        elif changed.re is _UPDATE:
            end, _ = self._assignments_end(changed)
            found = [_ASSIGNED.match(self._code, *part) for part in parts(self._code, changed.end(), end)]
            yield from self._unknown(changed, [one.span("column") for one in found if one], schema)

    def _unknown(
        self, changed: re.Match[str], spans: list[tuple[int, int]], schema: Schema
    ) -> Iterator[Mistake]:
        table = self._of(changed, "name")
        for start, end in spans:
            first, last = bare(self._code, start, end)
            name = plain_name(self._text[first:last])
            if schema.find(name) is None and re.fullmatch(NAME, self._code[first:last]):
                problem = SqlProblem("column", "no such column", start=first, end=last, name=name)
                meant, certain = best(name, schema.names)
                yield Mistake(problem, meant, certain, (table,), (self._key(table),))

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
        return self._known.changeable(self._of(changed, "name"))

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
        return Mistake(problem, *best(name, [table.name for table in self._known.made.values()]))


__all__ = ["Prepared"]
