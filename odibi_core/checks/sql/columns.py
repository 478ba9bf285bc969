"""The columns that a CREATE TABLE lists, and where they and their types stand."""

from __future__ import annotations

import re
from dataclasses import dataclass

from odibi_core.checks.sql.names import plain_name
from odibi_core.checks.sql.pieces import CREATE, NAME, closing, masked, parts

_CREATE = re.compile(rf"\b{CREATE}{NAME}(?:\s*\.\s*{NAME})*\s*\(", re.IGNORECASE)
_CONSTRAINT = re.compile(
    r"\b(?:NOT\s+NULL|NULL|PRIMARY|UNIQUE|DEFAULT|CHECK|REFERENCES|COLLATE|CONSTRAINT|USING)\b", re.IGNORECASE
)
_NO_COLUMN = re.compile(
    r"\s*(?:(?:PRIMARY|FOREIGN)\s+KEY|UNIQUE\s*\(|CHECK\s*\(|CONSTRAINT\b)", re.IGNORECASE
)
_WORKED_OUT = re.compile(r"\b(?:GENERATED|AS)\b", re.IGNORECASE)
_AS_QUERY = re.compile(r"\s*AS\b", re.IGNORECASE)
_NAMED = re.compile(rf"\s*(?P<name>{NAME})\s*")


@dataclass(frozen=True, slots=True)
class ListedColumn:
    """A column in the list of a CREATE TABLE.

    Attributes:
        name: Its name.
        place: Where the name stands.
        type_place: Where its type stands; None where it has none of its own, or is worked out of others.
    """

    name: str
    place: tuple[int, int]
    type_place: tuple[int, int] | None


def listed_columns(sql: str) -> list[list[ListedColumn]]:
    """Returns the columns of each CREATE TABLE in a text that lists them with their types."""
    code = masked(sql)
    found = []
    for created in _CREATE.finditer(code):
        last = closing(code, created.end() - 1)
        if created["what"].upper() == "TABLE" and not _AS_QUERY.match(code, last):
            found.append(_columns(sql, code, created.end(), last - 1))
    return found


def _columns(sql: str, code: str, first: int, last: int) -> list[ListedColumn]:
    found = []
    for start, stop in parts(code, first, last):
        named = _NAMED.match(code, start, stop)
        if named is None:
            return []
        if _NO_COLUMN.match(code, start, stop):
            continue
        limit = _CONSTRAINT.search(code, named.end(), stop)
        until = stop if limit is None else limit.start()
        has_type = named.end() < until and not _WORKED_OUT.search(code, named.end(), stop)
        place = named.span("name")
        name = plain_name(sql[place[0] : place[1]])
        found.append(ListedColumn(name, place, (named.end(), until) if has_type else None))
    return found
