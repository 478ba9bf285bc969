"""What the statements before the last one of a step's SQL make known; none of them is executed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from odibi_core.checks.sql_names import plain_name
from odibi_core.checks.sql_pieces import CREATE, NAME, masked

if TYPE_CHECKING:
    from collections.abc import Mapping

    from odibi_core.checks.lab import Statement
    from odibi_core.checks.schemas import Schema

_CREATE = re.compile(rf"\s*{CREATE}(?P<name>{NAME})\s*(?P<columns>\([^()]*\))?\s*\bAS\b", re.IGNORECASE)
_CREATE_EMPTY = re.compile(rf"\s*{CREATE}(?P<name>{NAME})\s*\(", re.IGNORECASE)
_WITH_DATA = re.compile(r"\s+WITH\s+(?:NO\s+)?DATA\s*(?:;.*)?$", re.IGNORECASE | re.DOTALL)
_VARIABLE = re.compile(r"\s*SET\s+(?:VARIABLE|SESSION\s+VARIABLE)\b", re.IGNORECASE)
_ELSEWHERE = re.compile(r"\s*(?:USE|SET\s+(?:\w+\s+)?(?:search_path|schema))\b", re.IGNORECASE)


@dataclass
class Known:
    """What a query knows where a statement stands.

    Attributes:
        tables: Tables by name: the inputs, and what statements before made; None where columns are not known.
        types_known: Whether types come out as they would without the settings made before.
        is_open: Whether there may be tables and functions that nothing is known of.
        inputs: The names of the inputs, folded.
        made: "table" or "view" for what statements made, by folded name and whether it is temporary.
    """

    tables: dict[str, Schema | None]
    types_known: bool = True
    is_open: bool = False
    inputs: frozenset[str] = field(default_factory=frozenset)
    made: dict[tuple[str, bool], str] = field(default_factory=dict)

    @classmethod
    def of(cls, inputs: Mapping[str, Schema | None]) -> Known:
        """Returns what is known before the first statement."""
        return cls(dict(inputs), inputs=frozenset(name.casefold() for name in inputs))

    def add(self, name: str, schema: Schema | None) -> None:
        """Adds a table; of one that has the name of an input it is not certain which is read."""
        folded = name.casefold()
        for other in [other for other in self.tables if other.casefold() == folded]:
            del self.tables[other]
        self.tables[name] = None if folded in self.inputs else schema


@dataclass(frozen=True)
class Made:
    """A table or view that a statement makes of a query.

    Attributes:
        name: Its name.
        query: The query.
        start: Where the query begins in the statement.
        renamed: Whether its columns get other names.
    """

    name: str
    query: str
    start: int
    renamed: bool


def made_by(statement: Statement) -> Made | None:
    """Returns the table or view that a statement makes of a query; None for any other statement."""
    if statement.kind not in ("CREATE", "CREATE_FUNC"):
        return None
    text, code = statement.text, masked(statement.text)
    match = _CREATE.match(code)
    if match is None:
        return None
    with_data = _WITH_DATA.search(code, match.end())
    query = text[match.end() : None if with_data is None else with_data.start()]
    return Made(
        plain_name(text[slice(*match.span("name"))]), query, match.end(), match["columns"] is not None
    )


def learn(statement: Statement, known: Known) -> None:
    """Takes in what a statement changes that makes no table of a query."""
    kind, text = statement.kind, masked(statement.text)
    if kind in ("SELECT", "INSERT", "UPDATE", "DELETE", "MERGE_INTO", "EXPLAIN", "VARIABLE_SET"):
        if kind == "VARIABLE_SET" and not _VARIABLE.match(text):
            known.types_known = False
        return
    if kind == "SET":
        if _ELSEWHERE.match(text):
            known.is_open = True
        elif not _VARIABLE.match(text):
            known.types_known = False
        return
    created = _CREATE_EMPTY.match(text) if kind == "CREATE" else None
    if created is not None and created["what"].upper() == "TABLE":
        known.add(plain_name(statement.text[slice(*created.span("name"))]), None)
    else:
        known.is_open = True
