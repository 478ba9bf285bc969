"""SQLite database -> document: `transformation_config` and `ingestion_source_config`."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from odibi_core.config import codes
from odibi_core.config.document import Document
from odibi_core.config.filters import keep_layer, no_such_project
from odibi_core.config.origins import TableOrigin
from odibi_core.config.shape import StepBuilder
from odibi_core.config.table_rows import (
    STEP_COLUMNS,
    Filters,
    TableRow,
    add_rows,
    column_problems,
    find_columns,
)
from odibi_core.diagnostics import Span
from odibi_core.errors import ConfigFormatError
from odibi_core.text import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

STEPS_TABLE = "transformation_config"
SOURCES_TABLE = "ingestion_source_config"
_SOURCE_COLUMNS = {
    "source_id": "name", "sourceid": "name", "engine": "engine", "source_type": "type", "sourcetype": "type",
    "source_path_or_query": "value", "sourcepath": "value", "source_path": "value",
    "sourcepathorquery": "value", "target_id": "outputs", "targetid": "outputs", "project": "project",
    "enabled": "enabled",
}  # fmt: skip
_SQL_TYPES = frozenset({"sql", "query"})
_API_TYPES = frozenset({"api", "http", "https", "rest"})
_FORMATS = frozenset({"csv", "tsv", "json", "jsonl", "parquet", "avro", "excel", "sqlite"})
_LOCK_WAIT_S = 1.0


def read_sqlite(path: str, *, project: str | None, enabled_only: bool, layer: str | None) -> Document:
    """Reads the steps of a database.

    Raises:
        ConfigFormatError: It cannot be opened, is locked or damaged, or is not a database.
    """
    source = _Database(path)
    try:
        source.read(Filters(project, enabled_only, layer))
    except sqlite3.Error as error:
        raise _unreadable(path, error) from error
    except UnicodeDecodeError as error:  # sqlite3 decodes the names of columns itself
        raise ConfigFormatError(
            f"`{path}` is damaged: a name in it is not UTF-8", help="restore it from a copy"
        ) from error
    builder = source.builder
    steps = builder.steps if layer is None else keep_layer(builder, layer)
    return Document(
        path, "sqlite", None, source.digest.hexdigest(), tuple(steps), tuple(builder.diagnostics),
        gaps=builder.gaps,
    )  # fmt: skip


def _unreadable(path: str, error: sqlite3.Error) -> ConfigFormatError:
    text = str(error).lower()
    if "locked" in text or "busy" in text:
        return ConfigFormatError(f"`{path}` is locked", help="another program is writing to it; try again")
    if "not a database" in text:
        return ConfigFormatError(f"`{path}` is not a SQLite database", help="or it is encrypted")
    if "malformed" in text or "corrupt" in text:
        return ConfigFormatError(f"`{path}` is damaged: {error}", help="restore it from a copy")
    return ConfigFormatError(f"cannot read `{path}`: {error}")


class _Database:
    """Reads one database; every value comes as bytes or a number, so that bad text can be told."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.builder = StepBuilder()
        self.digest = hashlib.sha256()
        self._index = 0

    def read(self, filters: Filters) -> None:
        with closing(_open(self.path)) as connection:
            connection.text_factory = bytes
            tables = [
                bytes(name).decode("utf-8", "replace")
                for (name,) in connection.execute(
                    "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY rowid"
                )
            ]
            by_name = {name.casefold(): name for name in tables}
            sources, steps = by_name.get(SOURCES_TABLE), by_name.get(STEPS_TABLE)
            projects: set[str] = set()
            filtered = False
            if sources is not None:
                filtered |= self._table(connection, sources, _SOURCE_COLUMNS, filters, projects)
            if steps is not None:
                filtered |= self._table(connection, steps, STEP_COLUMNS, filters, projects)
            if sources is None and steps is None:
                self._no_table(tables)
        if filtered and not self.builder.steps and filters.project not in (None, *projects):
            self.builder.diagnostics.append(
                no_such_project(filters.project or "", projects, Span(self.path, table=steps or sources))
            )

    def _no_table(self, tables: list[str]) -> None:
        shown = [name for name in tables if not name.startswith("sqlite_")]
        close = nearest(STEPS_TABLE, shown)
        listed = ", ".join(f"`{name}`" for name in shown[:5])
        help = f"it has {listed}" if listed else "it is empty"
        self.builder.diagnostics.append(
            codes.MISSING_TABLE.found(
                f"the database has no table `{STEPS_TABLE}`",
                span=Span(self.path),
                suggestion=close,
                help=help,
            )
        )

    def _table(
        self,
        connection: sqlite3.Connection,
        table: str,
        known: dict[str, str],
        filters: Filters,
        projects: set[str],
    ) -> bool:
        """Adds the steps of a table; returns whether it could be filtered by project."""
        header, rows = _rows(connection, table)
        fields, repeated, wrong = find_columns(header, known)
        where = {index: Span(self.path, table=table) for index in range(len(header))}
        diagnostics = self.builder.diagnostics
        diagnostics.extend(column_problems(header, repeated, wrong, known, where))
        named = next((column for column, field in known.items() if field == "name"), "")
        if "name" not in fields.values():
            column = "StepName" if known is STEP_COLUMNS else named
            diagnostics.append(
                codes.MISSING_COLUMN.found(
                    f"the table `{table}` has no column `{column}`", span=Span(self.path, table=table),
                    help="without it no step has a name",
                )
            )  # fmt: skip
            self.builder.incomplete = True
            return False
        if filters.project is not None and "project" not in fields.values():
            diagnostics.append(
                codes.FILTER_WITHOUT_COLUMN.found(
                    f"the table `{table}` has no column `project`, so `{filters.project}` cannot be chosen",
                    span=Span(self.path, table=table), help="leave the project out",
                )
            )  # fmt: skip
            return False
        made = self._raw_rows(table, header, fields, rows)
        if known is _SOURCE_COLUMNS:
            made = (_as_step(row) for row in made)
        projects |= add_rows(self.builder, made, filters)
        return filters.project is not None

    def _raw_rows(
        self,
        table: str,
        header: list[str],
        fields: dict[int, str],
        rows: Iterator[tuple[int, tuple[Any, ...]]],
    ) -> Iterator[TableRow]:
        self.digest.update(repr((table, sorted(fields.items()))).encode())
        for rowid, values in rows:
            self.digest.update(repr(values).encode())
            cells = {field: _cell(values[index]) for index, field in fields.items()}
            places = {field: (header[index], cells[field]) for index, field in fields.items()}
            origin = TableOrigin(self.path, self._index, table, rowid, places)
            self._index += 1
            yield TableRow(cells, origin)


def _open(path: str) -> sqlite3.Connection:
    """Opens for reading only; nothing is created or changed."""
    uri = Path(path).absolute().as_uri()
    connection = sqlite3.connect(f"{uri}?mode=ro", uri=True, timeout=_LOCK_WAIT_S, check_same_thread=False)
    try:
        connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
    except sqlite3.OperationalError as error:
        connection.close()
        # A database in WAL mode cannot be opened in a directory that cannot be written, unless as one that
        # nobody changes, which is true as long as it has no log beside it.
        if "unable to open" not in str(error) or Path(f"{path}-wal").exists():
            raise
        return sqlite3.connect(f"{uri}?immutable=1", uri=True, check_same_thread=False)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _rows(
    connection: sqlite3.Connection, table: str
) -> tuple[list[str], Iterator[tuple[int, tuple[Any, ...]]]]:
    """Returns the columns and the rows with their rowids (their number where a view has none)."""
    quoted = '"' + table.replace('"', '""') + '"'
    try:
        cursor = connection.execute(f"SELECT rowid, * FROM {quoted} ORDER BY rowid")
    except sqlite3.OperationalError as error:
        if "no such column" not in str(error):
            raise
        cursor = connection.execute(f"SELECT NULL, * FROM {quoted}")
    header = [column[0] for column in cursor.description][1:]
    return header, ((number if row[0] is None else row[0], row[1:]) for number, row in enumerate(cursor, 1))


def _cell(value: Any) -> Any:
    """Returns text for bytes that are text, None for what is empty; other bytes stay."""
    if isinstance(value, bytes):
        try:
            value = value.decode("utf-8")
        except UnicodeDecodeError:
            return value
    return None if value == "" else value


def _as_step(row: TableRow) -> TableRow:
    """Turns a row of the sources table into the cells of an ingest step."""
    cells = row.cells
    kind = cells.pop("type", None)
    target = cells.pop("outputs", None)
    name = cells.get("name")
    cells["layer"] = "ingest"
    if isinstance(kind, str):
        folded = kind.strip().casefold()
        cells["type"] = "sql" if folded in _SQL_TYPES else "api" if folded in _API_TYPES else "config_op"
        if folded in _FORMATS:
            cells["params"] = {"format": folded}
        cells["metadata"] = {"source_type": kind}
    key = target if target is not None else name
    if key is not None and not isinstance(key, bytes):
        cells["outputs"] = {"data": str(key)}
    return row
