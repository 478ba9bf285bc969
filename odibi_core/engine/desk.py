"""Desk: what looks at sources share, so that it is opened once: a DuckDB, and what database files hold."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import duckdb

    from odibi_core.engine.source_columns import Columns
    from odibi_core.formats.database_look import Catalogue
    from odibi_core.formats.looks import ArrowColumns

# As a session's, but that nothing is fetched and nothing written.
_SETTINGS: dict[str, Any] = {
    "python_enable_replacements": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "temp_directory": "",
    "threads": "1",
}


_MOST_ANSWERS = 5_000


class Desk:
    """Opens when first used. One thread at a time uses it."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._catalogues: dict[Path, tuple[tuple[int, int, int], Catalogue | None]] = {}
        self._types: dict[str, Any] = {}
        self._answers: dict[tuple[str, ...], tuple[tuple[object, ...], Columns | None]] = {}

    def connection(self) -> duckdb.DuckDBPyConnection:
        """Returns a DuckDB in memory that may read files and do nothing else outside."""
        with self._lock:
            if self._connection is None:
                import duckdb

                self._connection = duckdb.connect(":memory:", config=_SETTINGS)
                self._connection.execute("SET TimeZone = 'UTC'")
            return self._connection

    def remembered(
        self, question: tuple[str, ...], rests_on: Sequence[str], answer: Callable[[], Columns | None]
    ) -> Columns | None:
        """Returns the answer to a question about files, asked again only where one of them has changed.

        Args:
            question: What is asked.
            rests_on: The files that the answer rests on.
            answer: Finds it; what it raises is not remembered.
        """
        mark = tuple(_mark(path) for path in rests_on)
        with self._lock:
            known = self._answers.get(question)
        if known is not None and known[0] == mark:
            return known[1]
        found = answer()
        with self._lock:
            if len(self._answers) >= _MOST_ANSWERS:
                self._answers.clear()
            self._answers[question] = (mark, found)
        return found

    def catalogue(self, kind: str, path: Path, label: str) -> Catalogue | None:
        """Returns what a database file holds, read anew where it has changed; None where it is in use.

        Raises:
            FormatError: It is no database of its kind.
            OSError: It is gone.
        """
        from odibi_core.formats.database_look import duckdb_catalogue, is_in_use, sqlite_catalogue

        found = path.stat()
        mark = (found.st_mtime_ns, found.st_size, found.st_ino)
        with self._lock:
            known = self._catalogues.get(path)
            if known is not None and known[0] == mark and not (kind == "sqlite" and is_in_use(path)):
                return known[1]
            catalogue = sqlite_catalogue(path, label) if kind == "sqlite" else duckdb_catalogue(path, label)
            if catalogue is not None:
                self._catalogues[path] = (mark, catalogue)
            return catalogue

    def arrow_columns(self, columns: list[tuple[str, str | None]]) -> ArrowColumns:
        """Returns columns with Arrow's types for DuckDB's; None for those that only their database knows."""
        import duckdb

        with self._lock:
            for _, kind in columns:
                if kind is not None and kind not in self._types:
                    try:
                        table = self.connection().sql(f"SELECT NULL::{kind} AS c").to_arrow_table()
                        self._types[kind] = table.schema.types[0]
                    except duckdb.Error:
                        self._types[kind] = None
            return [(name, None if kind is None else self._types[kind]) for name, kind in columns]

    def close(self) -> None:
        """Frees what it holds."""
        with self._lock:
            connection, self._connection = self._connection, None
            self._catalogues.clear()
            self._answers.clear()
            self._types.clear()
            if connection is not None:
                connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def _mark(path: str) -> tuple[int, ...] | None:
    """Returns what changes with a file."""
    try:
        found = os.stat(path)  # noqa: PTH116 - a Path for each of 10,000 costs more than the call
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
