"""alter: the columns of a table once an ALTER TABLE before the query has changed them."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from odibi_core.checks.schemas import Column, Schema
from odibi_core.checks.sql.columns import listed_columns
from odibi_core.checks.sql.lab_errors import SqlProblem
from odibi_core.checks.sql.names import plain_name
from odibi_core.checks.sql.pieces import NAME, masked

if TYPE_CHECKING:
    from odibi_core.checks.sql.lab import Lab, Statement
    from odibi_core.checks.sql.setup import Known

_ALTER = re.compile(
    rf"\s*ALTER\s+(?:TABLE|VIEW)\s+(?:IF\s+EXISTS\s+)?(?P<name>{NAME})(?!\s*\.)\s+", re.IGNORECASE
)


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE | re.DOTALL)


_END = r"\s*(?:CASCADE|RESTRICT)?\s*;?\s*"
_CONSTRAINT = _pattern(r"(?:ADD|DROP)\s+(?:PRIMARY|FOREIGN|UNIQUE|CHECK|CONSTRAINT)\b.*")
_ADD = _pattern(
    r"ADD\s+(?:COLUMN\s+)?(?P<unless>IF\s+NOT\s+EXISTS\s+)?(?P<rest>(?!IF\s)" + NAME + r"(?!\s*\.).+)"
)
_DROP = _pattern(rf"DROP\s+(?:COLUMN\s+)?(?P<unless>IF\s+EXISTS\s+)?(?P<column>{NAME}){_END}")
_RENAME = _pattern(rf"RENAME\s+TO\s+(?P<new>{NAME}){_END}")
_RENAME_COLUMN = _pattern(rf"RENAME\s+(?:COLUMN\s+)?(?P<column>{NAME})\s+TO\s+(?P<new>{NAME}){_END}")
_SAME = _pattern(rf"ALTER\s+(?:COLUMN\s+)?{NAME}\s+(?:SET|DROP)\s+(?:DEFAULT|NOT\s+NULL)\b.*")
_TYPE = _pattern(
    rf"ALTER\s+(?:COLUMN\s+)?(?P<column>{NAME})\s+(?:SET\s+DATA\s+)?TYPE\s+(?P<type>.+?)"
    r"(?:\s+USING\b.*|\s*;?\s*)"
)


def alter(statement: Statement, known: Known, lab: Lab) -> bool:
    """Takes in what an ALTER TABLE changes; False where it is none of a table that statements made."""
    code = masked(statement.text)
    altered = _ALTER.match(code)
    if altered is None:
        return False
    folded = plain_name(statement.text[slice(*altered.span("name"))]).casefold()
    keys = [key for key in known.made if key[0] == folded]
    if len(keys) != 1 or folded in known.inputs:
        return False
    table = known.made[keys[0]]
    text, code = statement.text[altered.end() :], code[altered.end() :]
    renamed = _RENAME.fullmatch(code)
    if renamed is not None:
        del known.made[keys[0]]
        new = plain_name(text[slice(*renamed.span("new"))])
        known.make(new, table.schema, what=table.what, is_temp=keys[0][1])
        return True
    if _SAME.fullmatch(code) or _CONSTRAINT.fullmatch(code):
        return True
    schema = table.schema
    if schema is not None:
        schema = None if known.leaves_open(statement.text) else _changed(schema, text, code, lab)
    known.made[keys[0]] = replace(table, schema=schema)
    return True


def _changed(schema: Schema, text: str, code: str, lab: Lab) -> Schema | None:
    """Returns the columns after a change; None where they are not certain."""
    dropped = _DROP.fullmatch(code)
    if dropped is not None:
        column = schema.find(_name(text, dropped, "column"))
        if column is None:
            return schema if dropped["unless"] else None
        return Schema(tuple(other for other in schema.columns if other is not column))
    renamed = _RENAME_COLUMN.fullmatch(code)
    if renamed is not None:
        return _with(schema, _name(text, renamed, "column"), name=_name(text, renamed, "new"))
    retyped = _TYPE.fullmatch(code)
    if retyped is not None:
        kind = _type(lab, text[slice(*retyped.span("type"))])
        return _with(schema, _name(text, retyped, "column"), type=kind, texts=None)
    added = _ADD.fullmatch(code)
    return None if added is None else _added(schema, text[slice(*added.span("rest"))], lab)


def _added(schema: Schema, rest: str, lab: Lab) -> Schema | None:
    listed = f"CREATE TABLE x ({rest.rstrip().rstrip(';')})"
    columns = next(iter(listed_columns(listed)), [])
    if len(columns) != 1 or columns[0].type_place is None:
        return None
    if schema.find(columns[0].name) is not None:
        return schema  # IF NOT EXISTS, or refused
    kind = _type(lab, listed[slice(*columns[0].type_place)])
    return None if kind is None else Schema((*schema.columns, Column(columns[0].name, kind)))


def _with(schema: Schema, of: str, /, **changes: str | None) -> Schema | None:
    column = schema.find(of)
    if column is None:
        return None
    new = replace(column, **changes)  # type: ignore[arg-type]
    return Schema(tuple(new if other is column else other for other in schema.columns))


def _type(lab: Lab, text: str) -> str | None:
    try:
        return lab.describe(f"SELECT CAST(NULL AS {text})", {}).columns[0].type
    except SqlProblem:
        return None


def _name(text: str, match: re.Match[str], group: str) -> str:
    return plain_name(text[slice(*match.span(group))])
