"""DuckDB files, read and written through Arrow."""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from odibi_core.errors import FormatError, TargetExistsError
from odibi_core.formats.databases import Database, known_settings
from odibi_core.formats.sources import missing
from odibi_core.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import duckdb

    from odibi_core.formats.atomic import Mode
    from odibi_core.formats.base import Frame


SETTINGS = frozenset({"read_only"})


class DuckDBDatabase(Database):
    """A DuckDB file, opened when first needed and then kept open, as one process at a time may write it."""

    kind: ClassVar[str] = "duckdb"

    def __init__(
        self, path: Path | str, label: str, *, create: bool = False, settings: Mapping[str, Any] | None = None
    ) -> None:
        known_settings(settings, SETTINGS, "duckdb")
        self.path = path
        self.shown = one_line(label)
        self._create = create
        self._read_only = (settings or {}).get("read_only")
        self._root: duckdb.DuckDBPyConnection | None = None
        self._lock = threading.RLock()

    def check(self) -> None:
        """Opens the file; one that does not exist is an error unless it may be made."""
        if self._create and isinstance(self.path, Path) and not self.path.exists():
            return
        with self._cursor() as cursor:
            cursor.execute("SELECT 1").fetchall()

    def tables(self, schema: str | None = None) -> list[str]:
        """Returns the names of the tables and views of a schema, `main` unless given."""
        with self._cursor() as cursor:
            rows = cursor.execute(
                "SELECT table_name FROM information_schema.tables "
                "WHERE table_schema = ? AND table_catalog = current_database()",
                [schema or "main"],
            ).fetchall()
        return [str(row[0]) for row in rows]

    def select(self, query: str, params: Mapping[str, Any] | Sequence[Any] | None = None) -> Frame:
        """Returns the rows of a query."""
        with self._cursor() as cursor:
            relation: Any = cursor.sql(query, params=params)
            if relation is None:
                raise FormatError(f"the query on `{self.shown}` gives no rows")
            return relation.to_arrow_table()

    def store(self, frame: Frame, table: str, mode: Mode, options: Mapping[str, Any]) -> int:
        """Writes in one transaction."""
        from odibi_core.formats.arrow import table_of
        from odibi_core.formats.arrow_structs import whole_structs

        data = whole_structs(table_of(frame))
        schema = str(options.get("schema") or "main")
        where = f"{self.quote(schema)}.{self.quote(table)}"
        known = {name.casefold() for name in self.tables(schema)} if self._exists() else set()
        with self._cursor(write=True) as cursor:
            exists = table.casefold() in known
            if exists and mode == "error":
                raise TargetExistsError(
                    f"`{self.shown}` has a table `{one_line(table)}` and `mode` is `error`"
                )
            cursor.register("odibi_frame", data)
            cursor.begin()
            try:
                if schema != "main":
                    cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {self.quote(schema)}")
                if exists and mode == "append":
                    cursor.execute(f"INSERT INTO {where} BY NAME FROM odibi_frame")
                else:
                    cursor.execute(f"CREATE OR REPLACE TABLE {where} AS FROM odibi_frame")
                cursor.commit()
            except BaseException:
                cursor.rollback()
                raise
        return int(data.num_rows)

    def quote(self, name: str) -> str:
        """Returns a name as an identifier."""
        return '"' + name.replace('"', '""') + '"'

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            if self._root is not None:
                self._root.close()
                self._root = None

    def _exists(self) -> bool:
        return not isinstance(self.path, Path) or self.path.exists()

    @contextlib.contextmanager
    def _cursor(self, *, write: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
        import duckdb

        try:
            cursor = self._opened(write=write).cursor()
        except duckdb.Error as error:
            raise FormatError(f"`{self.shown}` cannot be opened: {one_line(str(error))}") from error
        try:
            yield cursor
        except duckdb.Error as error:
            raise FormatError(f"`{self.shown}`: {error}") from error
        finally:
            cursor.close()

    def _opened(self, *, write: bool) -> duckdb.DuckDBPyConnection:
        import duckdb

        with self._lock:
            if self._root is not None:
                return self._root
            if isinstance(self.path, Path):
                if self.path.is_dir():
                    raise FormatError(f"`{self.shown}` is a directory, not a DuckDB database")
                if not self.path.exists():
                    if not (write and self._create):
                        raise missing(self.path, self.shown)
                    self.path.parent.mkdir(parents=True, exist_ok=True)
            read_only = self._read_only
            if read_only is None:
                read_only = (
                    isinstance(self.path, Path) and self.path.exists() and not os.access(self.path, os.W_OK)
                )
            self._root = duckdb.connect(
                str(self.path), bool(read_only), {"python_enable_replacements": False}
            )
            return self._root
