"""SQLite files, read and written through Python's own driver."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote as url_quote

from odibi_core.errors import FormatError, TargetExistsError
from odibi_core.formats.atomic import Mode, replacing
from odibi_core.formats.database_rows import frame_of_rows, plain_rows
from odibi_core.formats.databases import Database, known_settings, missing_table
from odibi_core.formats.sources import missing
from odibi_core.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pyarrow as pa

    from odibi_core.formats.base import Frame


SETTINGS = frozenset({"timeout"})


class SqliteDatabase(Database):
    """A SQLite file, opened anew for each piece of work, for reading read-only; in memory, kept open.

    A `frozen` one is taken to be changed by nobody, and reading it leaves nothing beside it.
    """

    kind: ClassVar[str] = "sqlite"

    def __init__(
        self,
        path: Path | str,
        label: str,
        *,
        create: bool = False,
        settings: Mapping[str, Any] | None = None,
        frozen: bool = False,
    ) -> None:
        known_settings(settings, SETTINGS, "sqlite")
        self._frozen = frozen
        self.path = path
        self.shown = one_line(label)
        self._create = create
        self._timeout = float((settings or {}).get("timeout", 5.0))
        self._memory: sqlite3.Connection | None = None
        self._lock = threading.RLock()

    def check(self) -> None:
        """Opens the file and reads its catalogue; a missing one is an error unless it may be made."""
        if self._create and isinstance(self.path, Path) and not self.path.exists():
            return
        with self._opened() as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()

    def tables(self, schema: str | None = None) -> list[str]:
        """Returns the names of its tables and views."""
        with self._opened() as connection:
            return self._names(connection, schema)

    def select(self, query: str, params: Mapping[str, Any] | Sequence[Any] | None = None) -> Frame:
        """Returns the rows of a query, which cannot change the file, in declared types where values fit."""
        with self._opened() as connection:
            cursor = connection.execute(query, params if params is not None else ())
            if cursor.description is None:
                raise FormatError(f"the query on `{self.shown}` gives no rows")
            names = [column[0] for column in cursor.description]
            rows = cursor.fetchall()
            declared = self._declared(connection, query, len(names)) if params is None else None
        return frame_of_rows(names, rows, declared)

    def store(self, frame: Frame, table: str, mode: Mode, options: Mapping[str, Any]) -> int:
        """Writes in one transaction; a file that is not there is made whole or not at all."""
        from odibi_core.formats.arrow import table_of

        data = table_of(frame)
        if isinstance(self.path, Path) and not self.path.exists():
            with replacing(self.path) as temporary, self._connected(temporary, write=True) as connection:
                return self._fill(connection, data, table, mode, options)
        with self._opened(write=True) as connection:
            return self._fill(connection, data, table, mode, options)

    def quote(self, name: str) -> str:
        """Returns a name as an identifier."""
        return '"' + name.replace('"', '""') + '"'

    def column(self, table: str, name: str) -> str:
        """Returns a column with its table, as SQLite takes a quoted name that it does not know for a text."""
        return f"{self.quote(table)}.{self.quote(name)}"

    def close(self) -> None:
        """Closes a database in memory; a file is not kept open."""
        with self._lock:
            if self._memory is not None:
                self._memory.close()
                self._memory = None

    # -- opening --------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _opened(self, *, write: bool = False) -> Iterator[sqlite3.Connection]:
        if isinstance(self.path, Path):
            if not self.path.exists():
                raise missing(self.path, self.shown)
            if self.path.is_dir():
                raise FormatError(f"`{self.shown}` is a directory, not a SQLite database")
            with self._connected(self.path, write=write) as connection:
                yield connection
            return
        with self._lock, self._told():
            if self._memory is None:
                self._memory = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
            yield self._memory

    @contextlib.contextmanager
    def _connected(self, path: Path, *, write: bool) -> Iterator[sqlite3.Connection]:
        # A file in WAL mode is otherwise opened by making two others beside it, for reading too.
        mode = "rwc" if write else "ro&immutable=1" if self._frozen else "ro"
        with (
            self._told(),
            contextlib.closing(
                sqlite3.connect(
                    f"file:{url_quote(str(path))}?mode={mode}",
                    uri=True,
                    timeout=self._timeout,
                    isolation_level=None,
                )
            ) as connection,
        ):
            if self._frozen:
                connection.execute("PRAGMA temp_store = MEMORY")
            yield connection

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Turns the driver's errors into ours, with the database's name."""
        try:
            yield
        except (sqlite3.Error, sqlite3.Warning, OverflowError, UnicodeError) as error:
            locked = "locked" in str(error)
            raise FormatError(
                f"`{self.shown}`: {one_line(str(error))}",
                help="another program is writing to it; try again, or give a longer `timeout`"
                if locked
                else None,
            ) from error

    # -- work on an open database ---------------------------------------------------------------------

    def _names(self, connection: sqlite3.Connection, schema: str | None = None) -> list[str]:
        master = f"{self.quote(schema)}.sqlite_master" if schema else "sqlite_master"
        rows = connection.execute(
            f"SELECT name FROM {master} "
            "WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite!_%' ESCAPE '!'"
        )
        return [str(row[0]) for row in rows]

    def _declared(
        self, connection: sqlite3.Connection, query: str, width: int
    ) -> list[pa.DataType | None] | None:
        """Returns the declared types of a query's columns, which SQLite tells of a view over it."""
        try:
            connection.execute(f"CREATE TEMP VIEW odibi_columns AS {query.strip().rstrip(';')}")
            found = connection.execute("PRAGMA temp.table_info(odibi_columns)").fetchall()
            connection.execute("DROP VIEW temp.odibi_columns")
        except sqlite3.Error:  # a PRAGMA or the like, which has no declared types
            return None
        return [declared_type(str(row[2])) for row in found] if len(found) == width else None

    def _fill(
        self,
        connection: sqlite3.Connection,
        data: pa.Table,
        table: str,
        mode: Mode,
        options: Mapping[str, Any],
    ) -> int:
        schema = options.get("schema")
        where = f"{self.quote(schema)}.{self.quote(table)}" if schema else self.quote(table)
        connection.execute("BEGIN IMMEDIATE")
        try:
            existing = {name.casefold() for name in self._names(connection, schema)}
            exists = table.casefold() in existing
            if exists and mode == "error":
                raise TargetExistsError(
                    f"`{self.shown}` has a table `{one_line(table)}` and `mode` is `error`"
                )
            if exists and mode == "overwrite":
                connection.execute(f"DROP TABLE {where}")
                exists = False
            if exists:
                self._check_columns(connection, data, table, schema)
            else:
                declared = ", ".join(
                    f"{self.quote(field.name)} {_sqlite_type(field.type)}" for field in data.schema
                )
                if not declared:
                    raise FormatError("a frame without columns cannot be a table")
                connection.execute(f"CREATE TABLE {where} ({declared})")
            names = ", ".join(self.quote(name) for name in data.column_names)
            marks = ", ".join("?" * data.num_columns)
            for rows in plain_rows(data):
                connection.executemany(
                    f"INSERT INTO {where} ({names}) VALUES ({marks})",
                    [tuple(map(_storable, row)) for row in rows],
                )
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        return int(data.num_rows)

    def _check_columns(
        self, connection: sqlite3.Connection, data: pa.Table, table: str, schema: str | None
    ) -> None:
        prefix = f"{self.quote(schema)}." if schema else ""
        known = {
            str(row[1]).casefold()
            for row in connection.execute(f"PRAGMA {prefix}table_info({self.quote(table)})").fetchall()
        }
        if not known:
            raise missing_table(self, table, self._names(connection, schema))
        for name in data.column_names:
            if name.casefold() not in known:
                raise FormatError(
                    f"cannot append: table `{one_line(table)}` has no column `{one_line(name)}`"
                )


def _storable(value: Any) -> Any:
    if value is None or isinstance(value, int | float | str | bytes):
        return value
    return value.isoformat(" ") if hasattr(value, "hour") and hasattr(value, "year") else str(value)


def _sqlite_type(dtype: pa.DataType) -> str:
    import pyarrow.types as t

    if t.is_boolean(dtype):
        return "BOOLEAN"
    if t.is_integer(dtype) or t.is_duration(dtype):
        return "INTEGER"
    if t.is_floating(dtype):
        return "REAL"
    if t.is_timestamp(dtype):
        return "TIMESTAMP"
    if t.is_date(dtype):
        return "DATE"
    if t.is_binary(dtype) or t.is_large_binary(dtype) or t.is_fixed_size_binary(dtype):
        return "BLOB"
    return "TEXT"


def declared_type(declared: str) -> pa.DataType | None:
    """Returns the type that a column declared so holds, or None where anything may be in it."""
    import pyarrow as pa

    word = declared.upper().partition("(")[0].strip()
    if word.startswith("BOOL"):
        return pa.bool_()
    if word in ("TIMESTAMP", "DATETIME"):
        return pa.timestamp("us")
    if word == "DATE":
        return pa.date32()
    if "INT" in word:
        return pa.int64()
    if "CHAR" in word or "CLOB" in word or "TEXT" in word:
        return pa.string()
    if "BLOB" in word:
        return pa.binary()
    return pa.float64() if any(kind in word for kind in ("REAL", "FLOA", "DOUB")) else None
