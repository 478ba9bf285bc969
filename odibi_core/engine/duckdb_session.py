"""The DuckDB database behind a context: opened once, cursors for everyone, a private schema for results."""

from __future__ import annotations

import itertools
import os
import secrets
import shutil
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from odibi_core.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import duckdb

_SCHEMA = "odibi"
_OURS = {"database", "read_only", "memory", "memory_limit", "threads", "temp_directory", "settings"}


def quoted(name: str) -> str:
    """Returns `name` as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


class DuckDBSession:
    """A DuckDB database, in memory unless `database` names a file.

    Results of steps are ordinary tables in a schema of their own, numbered, so that they can be read from
    every cursor and thread; temporary ones could not be. Safe to use from several threads.

    Attributes:
        config: `database`, `read_only`, `memory_limit` (or `memory`), `threads`, `temp_directory`, and
            `settings`: a mapping of DuckDB's other settings.
    """

    def __init__(self, config: Mapping[str, Any], base_dir: Path | None = None) -> None:
        self.config = dict(config)
        self._base_dir = base_dir
        self._lock = threading.RLock()
        self._root: duckdb.DuckDBPyConnection | None = None
        self._numbers = itertools.count(1)
        self._spill: Path | None = None
        self._home = ""

    @property
    def is_open(self) -> bool:
        """Whether the database is open."""
        return self._root is not None

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Returns a new cursor, which shares tables with the others but no temporary names."""
        with self._lock:
            return self.open().cursor()

    def open(self) -> duckdb.DuckDBPyConnection:
        """Opens the database if it is not open.

        Raises:
            EngineError: A setting is not known to DuckDB, or the database file cannot be opened.
        """
        with self._lock:
            if self._root is not None:
                return self._root
            import duckdb

            try:
                root = duckdb.connect(self._database(), bool(self.config.get("read_only")), self._settings())
                # Times without a zone in them mean UTC on every machine, and in Arrow's type names.
                root.execute("SET GLOBAL TimeZone = 'UTC'")
                if self._database() == ":memory:":
                    root.execute(f"CREATE SCHEMA {quoted(_SCHEMA)}")
                    self._home = f"memory.{quoted(_SCHEMA)}"
                else:
                    root.execute(f"ATTACH ':memory:' AS {quoted(_SCHEMA)}")
                    self._home = f"{quoted(_SCHEMA)}.main"
            except duckdb.Error as error:
                raise EngineError(f"DuckDB cannot be opened: {error}") from error
            self._root = root
            return root

    def new_table(self) -> str:
        """Returns the quoted, qualified name of a table that does not exist yet."""
        return f'{self._home}."t{next(self._numbers)}"'

    def new_schema(self) -> str:
        """Returns the quoted, qualified name of a schema that does not exist yet."""
        home = self._home.partition(".")[0]
        return f'{home}."{_SCHEMA}_s{next(self._numbers)}"'

    def execute(self, statement: str) -> list[tuple[Any, ...]]:
        """Runs a statement of our own on a cursor of its own."""
        cursor = self.cursor()
        try:
            return cursor.execute(statement).fetchall()
        finally:
            cursor.close()

    def close(self) -> None:
        """Closes the database; tables and spilled data are gone."""
        with self._lock:
            if self._root is not None:
                self._root.close()
                self._root = None
            if self._spill is not None:
                shutil.rmtree(self._spill, ignore_errors=True)
                self._spill = None

    def _database(self) -> str:
        database = str(self.config.get("database") or ":memory:")
        if database == ":memory:" or self._base_dir is None:
            return database
        return str(self._base_dir / database)

    def _settings(self) -> dict[str, Any]:
        unknown = sorted(set(self.config) - _OURS)
        if unknown:
            from odibi_core.text import nearest

            close = nearest(unknown[0], _OURS)
            raise EngineError(
                f"the duckdb engine has no setting `{unknown[0]}`",
                help=f"did you mean `{close}`" if close else "give DuckDB's own ones in `settings`",
            )
        # A misspelled table would otherwise resolve to a Python variable of that name.
        settings: dict[str, Any] = {
            "python_enable_replacements": False,
            **(self.config.get("settings") or {}),
        }
        memory = self.config.get("memory_limit", self.config.get("memory"))
        if memory is not None:
            settings["memory_limit"] = str(memory)
        if self.config.get("threads") is not None:
            settings["threads"] = int(self.config["threads"])
        if self.config.get("temp_directory") is not None:
            settings["temp_directory"] = str(self.config["temp_directory"])
        elif "temp_directory" not in settings:
            self._spill = Path(tempfile.gettempdir()) / f"odibi-{os.getpid()}-{secrets.token_hex(4)}"
            settings["temp_directory"] = str(self._spill)
        return settings
