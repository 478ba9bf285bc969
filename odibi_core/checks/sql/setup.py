"""What the statements before the last one of a step's SQL make known; none of them is executed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from odibi_core.checks.schemas import Column, Schema
from odibi_core.checks.sql.expanding import made_macro, quoted_names
from odibi_core.checks.sql.names import plain_name
from odibi_core.checks.sql.pieces import CREATE, NAME, masked, parts, within

if TYPE_CHECKING:
    from collections.abc import Mapping

    from odibi_core.checks.sql.expanding import Macro
    from odibi_core.checks.sql.lab import Statement


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(r"\s*" + text, re.IGNORECASE | re.DOTALL)


_CREATE = _pattern(rf"{CREATE}(?P<name>{NAME})\s*(?P<columns>\([^()]*\))?\s*\bAS\b")
_WITH_DATA = re.compile(r"\s+WITH\s+(?:NO\s+)?DATA\s*(?:;.*)?$", re.IGNORECASE | re.DOTALL)
_VARIABLE = _pattern(r"(?:RE)?SET\s+(?:VARIABLE|SESSION\s+VARIABLE)\b")
_ELSEWHERE = _pattern(r"(?:USE|(?:RE)?SET\s+(?:\w+\s+)?(?:search_path|schema))\b")
# Settings that change neither what a query may say nor the types it gives.
_SAME_TYPES = _pattern(
    r"(?:(?:RE)?SET\s+(?:SESSION\s+|LOCAL\s+|GLOBAL\s+)?|PRAGMA\s+)(?:threads|worker_threads|memory_limit|"
    r"max_memory|temp_directory|max_temp_directory_size|enable_progress_bar|progress_bar_time|TimeZone|"
    r"preserve_insertion_order|enable_object_cache|enable_profiling|profiling_\w+|enable_progress_bar_print|"
    r"partitioned_write_\w+|http_\w+|s3_\w+|logging_\w+|enable_logging)\b"
)
_HARMLESS_PRAGMA = _pattern(
    r"PRAGMA\s+(?:(?:enable|disable)_(?:progress_bar|print_progress_bar|profiling|profile|object_cache|"
    r"checkpoint_on_shutdown|logging|optimizer)|database_size|table_info|show|show_tables|version|platform|"
    r"storage_info|metadata_info|collations|functions)\b"
)
_MAKES_NOTHING = frozenset(
    {"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE_INTO", "EXPLAIN", "VACUUM", "PREPARE", "DETACH"}
)
_CALLS_NOTHING = _pattern(r"(?:FORCE\s+)?CHECKPOINT\b")
_COMMITS = _pattern(r"(?:BEGIN|START|COMMIT|END)\b")
# Of these only the names are new, or gone.
_OPENS_NAMES = _pattern(
    r"(?:CREATE\s+(?:OR\s+REPLACE\s+)?(?:TEMP(?:ORARY)?\s+)?(?:TYPE|SCHEMA)|"
    rf"DROP\s+(?:TYPE|MACRO(?:\s+TABLE)?|FUNCTION))\s+(?:IF\s+(?:NOT\s+)?EXISTS\s+)?(?P<name>{NAME})(?!\s*\.)"
)
_SEQUENCE = _pattern(
    r"(?P<what>CREATE|DROP)\s+(?:OR\s+REPLACE\s+)?(?:TEMP(?:ORARY)?\s+)?SEQUENCE\s+"
    rf"(?:IF\s+(?:NOT\s+)?EXISTS\s+)?(?P<name>{NAME})(?!\s*\.)"
)
_ATTACH = _pattern(rf"ATTACH\s.*'\s*AS\s+(?P<name>{NAME})")
_NOTHING_NEW = _pattern(
    r"(?:CREATE\s+(?:OR\s+REPLACE\s+)?(?:UNIQUE\s+INDEX|INDEX|(?:PERSISTENT\s+|TEMPORARY\s+)?SECRET)|"
    r"COPY\s+(?!FROM\b)[^()]+\s+FROM\b|DROP\s+INDEX|COMMENT\s+ON|ALTER\s+SEQUENCE|DEALLOCATE|LOAD\s+'?(?:json|parquet|icu|core_functions)\b)"
)
_WORD = re.compile(r"[^\W\d]\w*")


@dataclass(frozen=True)
class MadeTable:
    """A table or view that a statement made.

    Attributes:
        name: Its name.
        what: "table" or "view".
        schema: Its columns; None where they are not known.
    """

    name: str
    what: str
    schema: Schema | None


@dataclass
class Known:
    """What a query knows where a statement stands.

    Attributes:
        inputs: The inputs that are there, by folded name, with their names.
        types_known: Whether types come out as they would without the settings made before.
        is_open: Whether there may be tables and functions that nothing is known of.
        made: What statements made, by folded name and whether it is temporary.
        macros: The macros that statements made, by folded name; None for one that is not plain.
        sequences: The names of sequences, folded.
        opens: Names of types, schemas and the like: nothing is known of a query that has one of them in it.
    """

    inputs: dict[str, tuple[str, Schema | None]]
    types_known: bool = True
    is_open: bool = False
    made: dict[tuple[str, bool], MadeTable] = field(default_factory=dict)
    macros: dict[str, Macro | None] = field(default_factory=dict)
    sequences: set[str] = field(default_factory=set)
    opens: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, inputs: Mapping[str, Schema | None]) -> Known:
        """Returns what is known before the first statement."""
        return cls({name.casefold(): (name, schema) for name, schema in inputs.items()})

    @property
    def tables(self) -> dict[str, Schema | None]:
        """Tables by name: the inputs, which hide what is not temporary, and what statements made.

        None for one whose columns are not known.
        """
        found = dict(self.inputs)
        for (folded, is_temp), table in self.made.items():
            if folded in self.inputs:
                continue
            is_both = (folded, not is_temp) in self.made
            found[folded] = (table.name, None if is_both else table.schema)
        return dict(found.values())

    def changeable(self, name: str) -> Schema | None:
        """Returns the columns of a table that statements made; None where it is none, or nothing is known."""
        folded = name.casefold()
        if folded in self.inputs:
            return None
        return next((schema for key, schema in self.tables.items() if key.casefold() == folded), None)

    def make(self, name: str, schema: Schema | None, *, what: str, is_temp: bool) -> None:
        """Takes in a table or view; a temporary one takes the place of an input."""
        if is_temp:
            self.inputs.pop(name.casefold(), None)
        self.made[name.casefold(), is_temp] = MadeTable(name, what, schema)

    def leaves_open(self, sql: str) -> bool:
        """Whether a query may mean something that nothing is known of."""
        if self.is_open or not self.opens:
            return self.is_open
        words = {word.casefold() for word in _WORD.findall(masked(sql))}
        return not self.opens.isdisjoint(words | quoted_names(sql))


@dataclass(frozen=True)
class Made:
    """A table or view that a statement makes of a query.

    Attributes:
        name: Its name.
        query: The query.
        start: Where the query begins in the statement.
        columns: The names that its first columns get, and where they stand together.
    """

    name: str
    query: str
    start: int
    columns: tuple[str, ...] = ()
    columns_at: tuple[int, int] | None = None

    def named(self, schema: Schema) -> Schema | None:
        """Returns the columns of the query as they are called; None where there are fewer than names."""
        if len(self.columns) > len(schema.columns):
            return None
        first = zip(self.columns, schema.columns, strict=False)
        renamed = [Column(name, column.type, column.texts) for name, column in first]
        return Schema((*renamed, *schema.columns[len(renamed) :]))


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
    name = plain_name(text[slice(*match.span("name"))])
    if match["columns"] is None:
        return Made(name, query, match.end())
    spans = parts(code, *within(match, "columns"))
    columns = tuple(plain_name(text[start:stop].strip()) for start, stop in spans)
    return Made(name, query, match.end(), columns, match.span("columns"))


def learn(statement: Statement, known: Known) -> None:
    """Takes in what a statement changes that makes no table or view."""
    kind, text = statement.kind, masked(statement.text)
    if kind in _MAKES_NOTHING or _NOTHING_NEW.match(text):
        return
    if kind in ("SET", "VARIABLE_SET", "PRAGMA"):
        _learn_setting(text, known)
        return
    if (kind == "CALL" and _CALLS_NOTHING.match(text)) or (kind == "TRANSACTION" and _COMMITS.match(text)):
        return
    macro = made_macro(statement.text) if kind in ("CREATE", "CREATE_FUNC") else None
    if macro is not None:
        # A second one of a name is one more form of the first, or takes its place.
        known.macros[macro[0]] = None if macro[0] in known.macros else macro[1]
        return
    sequence = _SEQUENCE.match(text)
    if sequence is not None:
        name = plain_name(statement.text[slice(*sequence.span("name"))]).casefold()
        (known.sequences.add if sequence["what"].upper() == "CREATE" else known.sequences.discard)(name)
        return
    opened = _OPENS_NAMES.match(text) or _ATTACH.match(text)
    if opened is not None:
        known.opens.add(plain_name(statement.text[slice(*opened.span("name"))]).casefold())
    else:
        known.is_open = True


def _learn_setting(text: str, known: Known) -> None:
    if _ELSEWHERE.match(text):
        known.is_open = True
    elif not (_VARIABLE.match(text) or _SAME_TYPES.match(text) or _HARMLESS_PRAGMA.match(text)):
        known.types_known = False
