"""What a database file holds: tables, columns, types; read without leaving a trace or waiting for others."""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from odibi_core.errors import FormatError
from odibi_core.formats.base import Look
from odibi_core.formats.database_sqlite import SqliteDatabase, declared_type
from odibi_core.formats.databases import READ_OPTIONS, SPELLINGS, read_database
from odibi_core.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


_LOOK_ROWS = 200
_CACHE = "-wal", "-journal"  # beside a SQLite file: what is written and not yet in it
_VAGUE = ("bool", "timestamp", "date")  # declared so, a column may still hold text
_DENIED = frozenset({sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH})


@dataclass(frozen=True)
class Catalogue:
    """The tables and views of a database file.

    Attributes:
        kind: sqlite or duckdb.
        tables: Their names, with the columns and DuckDB's names of their types; None where not known.
        views: Which of them are views.
        whole: Whether it has nothing else that a query may name: schemas, macros, types.
        empty: Tables without rows.
        triggered: Which views take rows all the same, by a trigger.
        statements: SQLite's statements that make them.
    """

    kind: str
    tables: Mapping[str, list[tuple[str, str | None]] | None]
    views: frozenset[str] = frozenset()
    whole: bool = True
    empty: frozenset[str] = frozenset()
    triggered: frozenset[str] = frozenset()
    statements: tuple[str, ...] = field(default=(), repr=False)

    @cached_property
    def copy(self) -> sqlite3.Connection | None:
        """A SQLite database in memory with the same tables, which are empty; None where it cannot be made."""
        connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        try:
            for statement in self.statements:
                connection.execute(statement)
        except sqlite3.Error:  # a virtual table of a module that is not here
            connection.close()
            return None
        connection.set_authorizer(_allows)
        return connection

    def find(self, table: str) -> str | None:
        """Returns the table that a name in any case stands for."""
        if table in self.tables:
            return table
        folded = table.casefold()
        return next((name for name in self.tables if name.casefold() == folded), None)


def sqlite_catalogue(path: Path, label: str) -> Catalogue | None:
    """Returns what a SQLite file holds; None where somebody is writing to it.

    Raises:
        FormatError: It is not a SQLite database, or is damaged.
    """
    if is_in_use(path):
        return None
    with _frozen(path, label) as connection:
        rows = connection.execute(
            "SELECT type, name, sql FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY type, rowid"
        ).fetchall()
        triggers = connection.execute("SELECT tbl_name FROM sqlite_master WHERE type = 'trigger'").fetchall()
    shown = [(kind, str(name)) for kind, name, _ in rows if not str(name).startswith("sqlite_")]
    views = frozenset(name for kind, name in shown if kind == "view")
    statements = tuple(
        str(sql) for _, name, sql in rows if sql is not None and not str(name).startswith("sqlite_")
    )
    triggered = frozenset(
        name for name in views if name.casefold() in {row[0].casefold() for row in triggers}
    )
    tables = {name: None for _, name in shown}
    return Catalogue("sqlite", tables, views, triggered=triggered, statements=statements)


def is_in_use(path: Path) -> bool:
    """Whether a SQLite file has parts beside it that are not yet in it."""
    for suffix in _CACHE:
        try:
            if Path(f"{path}{suffix}").stat().st_size:
                return True
        except OSError:
            continue
    return False


def look_at_sqlite_table(path: Path, label: str, table: str, options: Mapping[str, Any]) -> Look:
    """Returns the first rows of a table as the run's own reader gives them.

    Raises:
        FileNotFoundError: There is no such table.
        FormatError: The file is damaged, or the rows cannot be converted.
        StepOptionError: An option is not known, or names a column that is not there.
    """
    plain = {name: value for name, value in options.items() if SPELLINGS.get(name, name) != "table"}
    wanted = plain.get("nrows")
    rows = min(wanted, _LOOK_ROWS) if isinstance(wanted, int) else _LOOK_ROWS
    database = SqliteDatabase(path, label, frozen=True)
    frame: Any = read_database(database, None, {**plain, "table": table, "nrows": rows})
    return Look(frame, whole=len(frame) < rows)


def describe_sqlite_query(
    catalogue: Catalogue, query: str, params: Any = None
) -> list[tuple[str, Any]] | None:
    """Returns the columns of a query, with their declared Arrow types; it is compiled and not executed.

    That is done in a database in memory with the same tables, which are empty. None where they cannot be
    told.

    Raises:
        sqlite3.Error: SQLite refuses the query.
    """
    connection = catalogue.copy
    if connection is None:
        return None
    connection.execute(f"EXPLAIN {query}", params if params is not None else ()).close()
    try:
        connection.execute(f"CREATE TEMP VIEW odibi_columns AS {query.strip().rstrip(';')}")
        found = connection.execute("PRAGMA temp.table_info(odibi_columns)").fetchall()
    except sqlite3.Error:  # not of a kind that a view can be, or it has parameters
        return None
    finally:
        connection.execute("DROP VIEW IF EXISTS temp.odibi_columns")
    columns = []
    for row in found:
        name, dtype = str(row[1]), declared_type(str(row[2]))
        if ":" in name:
            return None  # a name that stands twice, which a view counts in its own way
        columns.append((name, None if dtype is None or str(dtype).startswith(_VAGUE) else dtype))
    return columns


def _allows(action: int, *_: Any) -> int:
    return sqlite3.SQLITE_DENY if action in _DENIED else sqlite3.SQLITE_OK


@contextlib.contextmanager
def _frozen(path: Path, label: str) -> Iterator[sqlite3.Connection]:
    try:
        uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as connection:
            yield connection
    except (sqlite3.Error, UnicodeError) as error:
        raise FormatError(f"`{one_line(label)}`: {one_line(str(error))}") from error


def duckdb_catalogue(path: Path, label: str) -> Catalogue | None:
    """Returns what a DuckDB file holds; None where another program, or this one, has it open.

    Raises:
        FormatError: It is not a DuckDB database, or of a version that is not read.
    """
    import duckdb

    settings: dict[str, Any] = {
        "python_enable_replacements": "false", "enable_external_access": "false",
        "autoinstall_known_extensions": "false", "autoload_known_extensions": "false",
        "temp_directory": "", "threads": "1",
    }  # fmt: skip
    try:
        with duckdb.connect(str(path), read_only=True, config=settings) as connection:
            columns = connection.execute(
                "SELECT schema_name, table_name, column_name, data_type FROM duckdb_columns() "
                "WHERE NOT internal AND database_name = current_database() ORDER BY table_oid, column_index"
            ).fetchall()
            views = connection.execute(
                "SELECT view_name FROM duckdb_views() WHERE NOT internal AND schema_name = 'main' "
                "AND database_name = current_database()"
            ).fetchall()
            empty = connection.execute(
                "SELECT table_name FROM duckdb_tables() WHERE estimated_size = 0 AND schema_name = 'main'"
            ).fetchall()
            others = connection.execute(
                "SELECT count(*) FROM duckdb_functions() WHERE NOT internal AND database_name = "
                "current_database()"
            ).fetchall()
    except (duckdb.IOException, duckdb.ConnectionException) as error:
        text = str(error)
        if isinstance(error, duckdb.ConnectionException) or "lock" in text.lower():
            return None
        raise FormatError(f"`{one_line(label)}` cannot be opened: {one_line(text)}") from error
    except duckdb.Error as error:
        raise FormatError(f"`{one_line(label)}` cannot be opened: {one_line(str(error))}") from error
    tables: dict[str, list[tuple[str, str | None]] | None] = {}
    for schema, table, column, kind in columns:
        if schema == "main":
            named = tables.setdefault(table, [])
            if named is not None:
                named.append((column, kind))
    whole = all(row[0] == "main" for row in columns) and not others[0][0]
    return Catalogue(
        "duckdb", tables, frozenset(row[0] for row in views), whole, frozenset(row[0] for row in empty)
    )


__all__ = [
    "READ_OPTIONS", "Catalogue", "describe_sqlite_query", "duckdb_catalogue", "is_in_use",
    "look_at_sqlite_table", "sqlite_catalogue",
]  # fmt: skip
