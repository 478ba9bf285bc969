"""Files that a query reads by their literal name: whether they are there, and their columns."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from odibi_core.checks.schemas import Schema
from odibi_core.checks.sql.lab import SETTINGS
from odibi_core.checks.sql.names import call_end, written_name
from odibi_core.checks.sql.rewriting import Rewritten
from odibi_core.checks.sql.tree import place_of
from odibi_core.config.sql_text import DUCKDB

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from odibi_core.checks.sql.lab import Lab

_READERS = frozenset({
    "read_csv", "read_csv_auto", "read_parquet", "parquet_scan", "read_json", "read_json_auto", "read_ndjson",
    "read_ndjson_auto",
})  # fmt: skip
# These give the same columns whatever is there, and no rows where nothing is.
_OF_ANY_FILE = {"read_text": "VARCHAR", "read_blob": "BLOB", "glob": None}
_SUFFIXES = (".csv", ".tsv", ".parquet", ".json", ".jsonl", ".ndjson")
# What a query that reads a file has in it.
_MAY_READ = re.compile(
    r"\b(?:read_\w+|parquet_scan|glob)\s*\(|\.(?:csv|tsv|parquet|json|jsonl|ndjson)\b", re.I
)
# How the names of the tables begin that stand for files; nobody is told of them.
OUR_NAME = "odibi_file_"
_LITERAL_CALLS = frozenset({"struct_pack", "list_value"})


@dataclass(frozen=True)
class FileRead:
    """A file that a query reads.

    Attributes:
        path: Its absolute path.
        written: Its name as written.
        start: First character of the name in the query, without quotes.
        end: The character after the last one.
    """

    path: str
    written: str
    start: int
    end: int


@dataclass(frozen=True)
class WithFiles:
    """A query with tables in place of the files it reads.

    Attributes:
        sql: The query, which knows where everything stood.
        tables: The tables that stand in it.
        missing: Files that do not exist.
        looked_at: What was looked at.
    """

    sql: Rewritten
    tables: Mapping[str, Schema]
    missing: tuple[FileRead, ...] = ()
    looked_at: tuple[str, ...] = ()


def with_files(sql: str, lab: Lab, cwd: Path, blind: Callable[[int, int], bool] | None = None) -> WithFiles:
    """Returns a query with tables in place of local files that it names literally.

    Patterns, addresses and names that are worked out are left as they are.

    Args:
        sql: One statement that gives rows.
        lab: Where the files are looked at.
        cwd: The current directory, from which DuckDB reads relative names.
        blind: Says whether something else stands at a place at run time.
    """
    whole = WithFiles(Rewritten(sql), {})
    if not _MAY_READ.search(sql):
        return whole
    parsed = lab.parsed(sql)
    if parsed is None:
        return whole
    rewritten = whole.sql
    tables: dict[str, Schema] = {}
    missing: list[FileRead] = []
    looked_at: list[str] = []
    for found in _references(parsed, sql):
        if found.reader in _OF_ANY_FILE:
            rewritten = found.replaced(rewritten, tables, _of_any_file(found.reader))
            continue
        path = _local(found.name, cwd)
        start, end = found.name_place
        if path is None or (blind is not None and blind(start - 1, end + 1)):
            continue
        looked_at.append(path)
        kind = _kind(path)
        if kind is None:
            looked_at.append(os.path.dirname(path) + os.sep)  # noqa: PTH120 - for the nearest name
            missing.append(FileRead(path, found.name, *found.name_place))
        elif kind:
            schema = _columns(lab, found.call(path), path)
            if schema is not None:
                rewritten = found.replaced(rewritten, tables, schema)
    return WithFiles(rewritten, tables, tuple(missing), tuple(looked_at))


@dataclass(frozen=True)
class _Reference:
    name: str
    name_place: tuple[int, int]
    place: tuple[int, int]
    reader: str | None
    options: str
    alias: str | None

    @property
    def called(self) -> str:
        """What DuckDB calls the table where the query gives it no name."""
        return self.reader or Path(self.name).name.split(".")[0]

    def replaced(self, rewritten: Rewritten, tables: dict[str, Schema], schema: Schema) -> Rewritten:
        """Returns the query with a table of ours in place of the reading; the table is added to `tables`."""
        name = f"{OUR_NAME}{len(tables) + 1}"
        tables[name] = schema
        alias = "" if self.alias else f" AS {written_name(self.called, chr(34))}"
        return rewritten.with_edit(*self.place, f" {name}{alias} ")

    def call(self, path: str) -> str:
        """Returns the reading of the file at `path` as SQL of our own, with the options of the query."""
        literal = DUCKDB.quote_text(path)
        return literal if self.reader is None else f"{self.reader}({literal}{self.options})"


def _references(parsed: dict[str, Any], sql: str) -> Iterator[_Reference]:
    waiting: list[Any] = [parsed.get("statements")]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting.extend(node)
            continue
        if not isinstance(node, dict):
            continue
        found = None
        if node.get("type") == "TABLE_FUNCTION":
            found = _of_reader(node, sql)
        elif node.get("type") == "BASE_TABLE":
            found = _of_name(node, sql)
        if found is not None:
            yield found
        waiting.extend(value for value in node.values() if isinstance(value, dict | list))


def _of_reader(node: dict[str, Any], sql: str) -> _Reference | None:
    function = node.get("function") or {}
    reader = str(function.get("function_name", "")).lower()
    arguments = [argument.get("expression") or {} for argument in function.get("arguments") or ()]
    place = place_of(node, sql)
    if reader not in _READERS | _OF_ANY_FILE.keys() or not arguments or place is None:
        return None
    if reader in _OF_ANY_FILE and len(arguments) > 1:
        return None
    literal = arguments[0].get("literal") or {}
    name_place = place_of(arguments[0], sql)
    if literal.get("kind") != "STRING" or name_place is None or not all(map(_is_option, arguments[1:])):
        return None
    start = place[0]
    bracket = sql.find("(", start)
    end = call_end(sql, bracket)
    if bracket < 0 or not bracket < name_place[0] < end:
        return None
    options = sql[name_place[1] : end - 1].rstrip()
    inner = (name_place[0] + 1, name_place[1] - 1)
    return _Reference(str(literal.get("text")), inner, (start, end), reader, options, node.get("alias"))


def _of_name(node: dict[str, Any], sql: str) -> _Reference | None:
    path: list[Any] = (node.get("qualified_name") or {}).get("path") or []
    place = place_of(node, sql)
    name = str(path[0]) if len(path) == 1 else ""
    if place is None or not name.lower().removesuffix(".gz").removesuffix(".zst").endswith(_SUFFIXES):
        return None
    if sql[place[0] : place[0] + 1] not in ("'", '"'):
        return None
    end = place[0] + len(name) + 2
    if sql[place[0] + 1 : end - 1] != name:
        return None
    return _Reference(name, (place[0] + 1, end - 1), (place[0], end), None, "", node.get("alias"))


def _is_option(node: dict[str, Any]) -> bool:
    """Whether an argument is `name = literal`."""
    left = node.get("left") or {}
    return (
        node.get("class") == "COMPARISON"
        and len(left.get("column_names") or ()) == 1
        and _is_literal(node.get("right") or {})
    )


def _is_literal(node: dict[str, Any]) -> bool:
    if node.get("class") == "CONSTANT":
        return True
    inner = [argument.get("expression") or {} for argument in node.get("arguments") or ()]
    return node.get("function_name") in _LITERAL_CALLS and all(map(_is_literal, inner))


def _of_any_file(reader: str) -> Schema:
    content = _OF_ANY_FILE[reader]
    if content is None:
        return Schema.of([("file", "VARCHAR")])
    return Schema.of(
        [
            ("filename", "VARCHAR"), ("content", content), ("size", "BIGINT"),
            ("last_modified", "TIMESTAMP WITH TIME ZONE"),
        ]
    )  # fmt: skip


def _local(name: str, cwd: Path) -> str | None:
    """Returns the absolute path of a local file by its name; None for addresses and patterns."""
    if not name or "://" in name or "\0" in name or any(char in name for char in "*?[") or name[0] == "~":
        return None
    return os.path.normpath(cwd.absolute() / name)


def _kind(path: str) -> bool | None:
    """Returns whether a path is a file that can be read; None where nothing is there."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode) and os.access(path, os.R_OK)  # noqa: PTH116
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError):
        return False


def _columns(lab: Lab, call: str, path: str) -> Schema | None:
    """Returns the columns of a file; while it stays as it is, they are remembered."""
    found = os.stat(path)  # noqa: PTH116 - as looked at
    key = ("file", call, found.st_mtime_ns, found.st_size, found.st_ino)
    return lab.recall(key, lambda: columns_of_file(call, path))


def columns_of_file(call: str, path: str) -> Schema | None:
    """Returns the columns that a reading gives; None where DuckDB cannot tell.

    Args:
        call: What stands behind FROM, in our own words: a reader with literals, or a quoted path.
        path: The one file that may be read for it.
    """
    import duckdb

    settings = {name: value for name, value in SETTINGS.items() if name != "enable_external_access"}
    with duckdb.connect(":memory:", config=settings) as reading:
        reading.execute("SET GLOBAL TimeZone = 'UTC'")
        reading.execute("SET allowed_paths = ?", [[path]])
        reading.execute("SET enable_external_access = false")
        reading.execute("SET lock_configuration = true")
        try:
            rows = reading.execute(f"DESCRIBE SELECT * FROM {call}").fetchall()
        except duckdb.Error:
            return None
    return Schema.of((row[0], row[1]) for row in rows)
