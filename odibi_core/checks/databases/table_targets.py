"""Tables that store and publish steps write. Only database files are looked into."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from odibi_core.checks import codes
from odibi_core.checks.codes import file_codes
from odibi_core.checks.databases.faults import no_database
from odibi_core.checks.databases.files import DatabaseFile, find_database, written_tables
from odibi_core.checks.databases.urls import check_url
from odibi_core.checks.files.looking import is_file
from odibi_core.checks.files.options import bad_value, unknown_options
from odibi_core.checks.pipeline import place
from odibi_core.checks.places import obstacle
from odibi_core.errors import FormatError
from odibi_core.plan.reading import CONNECTED, MODE, TABLE, spelled
from odibi_core.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from odibi_core.checks.schemas import Schema
    from odibi_core.checks.step_filling import FilledStep
    from odibi_core.checks.tools import Tools
    from odibi_core.diagnostics import Diagnostic
    from odibi_core.formats.database_look import Catalogue

_BESIDES = (*CONNECTED, "format")
_MODES = ("overwrite", "append", "error", "replace", "fail")


class TableTarget:
    """The table of one step.

    Attributes:
        looked: The paths that were looked at.
    """

    def __init__(self, filled: FilledStep, schema: Schema | None, tools: Tools) -> None:
        self._filled = filled
        self._step = filled.step
        self._schema = schema
        self._tools = tools
        self.looked: dict[str, None] = {}

    def problems(self) -> Iterator[Diagnostic]:
        """Yields what is wrong."""
        from odibi_core.formats.databases import SPELLINGS, WRITE_OPTIONS

        step = self._step
        known = WRITE_OPTIONS | {name for name, plain in SPELLINGS.items() if plain in WRITE_OPTIONS}
        wrong = list(unknown_options(step, known, "the database writer", _BESIDES))
        yield from wrong
        if step.params.get("connection") is not None and step.params.get("connection_string") is not None:
            yield file_codes.CONFLICTING_OPTIONS.found(
                "`connection` and `connection_string` are both given", step=step.name,
                field="params.connection_string", help="leave one of them out",
                span=place(step, "params", "connection_string", key=True),
            )  # fmt: skip
            return
        yield from self._mode()
        field, table = self._table()
        if table is None:
            if not wrong and not self._filled.unknown:
                yield from check_url(self._filled) or [self._no_table()]
            return
        database = find_database(self._filled, self._tools)
        if database is None:
            yield from check_url(self._filled)
            return
        self.looked |= dict.fromkeys((str(database.path), str(database.path.parent)))
        if database.kind == "sqlite" and table.lower().startswith("sqlite_"):
            yield file_codes.INVALID_TABLE.found(
                f"a table cannot be called `{one_line(table)}`", step=step.name, field=".".join(field),
                span=place(step, *field, start=0), help="names that start with sqlite_ are SQLite's own",
            )  # fmt: skip
            return
        yield from self._file(database)
        yield from self._existing(database, table, field)

    def _mode(self) -> Iterator[Diagnostic]:
        for name in MODE:
            mode = self._filled.params.get(name)
            told = name == "mode"  # with the options that every step has
            if name in self._filled.params and mode not in _MODES and not told:
                yield bad_value(
                    self._step, "params", name,
                    message=f"`{name}` cannot be `{'null' if mode is None else one_line(str(mode))}`",
                    help="write replace, append or fail", candidates=_MODES,
                )  # fmt: skip

    def _table(self) -> tuple[tuple[str, ...], str | None]:
        params = self._filled.params
        for name in TABLE:
            if params.get(name):
                return ("params", name), str(params[name])
        connected = any(params.get(name) is not None for name in CONNECTED)
        value = (self._filled.value or "").strip()
        return ("value",), value if connected and value else None

    def _no_table(self) -> Diagnostic:
        return codes.MISSING_VALUE.found(
            "no table to write to is named", step=self._step.name, field="params",
            span=place(self._step, "value", start=0), help='name it: "params": {"table": "…"}',
        )  # fmt: skip

    def _file(self, database: DatabaseFile) -> Iterator[Diagnostic]:
        if database.by_connection:
            return
        found, looked = obstacle(database.path)
        self.looked |= dict.fromkeys(looked)
        if found is None:
            return
        told = self._filled.told(str(found.path))
        messages = {
            "directory": f"`{told}` is a directory, and no database",
            "parent": f"`{told}` is a file, and no directory",
            "protected": f"nothing may be written in `{told}`",
            "impossible": f"`{one_line(database.label)}` cannot be a path",
        }
        yield file_codes.UNWRITABLE_TARGET.found(
            messages[found.kind], step=self._step.name, field=".".join(database.field),
            span=place(self._step, *database.field, start=0), help="write to another file",
        )  # fmt: skip

    def _existing(self, database: DatabaseFile, table: str, field: tuple[str, ...]) -> Iterator[Diagnostic]:
        """Yields what the table that is there already has against it."""
        named = spelled(self._filled.params, MODE)
        mode = "overwrite" if named is None else self._filled.params[named]
        if not is_file(database.path):
            return
        try:
            catalogue = database.catalogue(self._tools.desk)
        except FormatError as error:
            if not database.by_connection:
                yield no_database(self._filled, database, error)
            return
        except OSError:
            return
        written = written_tables(self._step, database, self._tools)
        if catalogue is None or table.casefold() in written or "*" in written:
            return
        found = catalogue.find(table)
        if found is None or "schema" in self._filled.params:
            return
        is_view = found in catalogue.views and not (mode == "append" and found in catalogue.triggered)
        if mode not in ("error", "fail") and is_view:
            if not any(step.type == "function" for step in self._tools.pipeline.steps):
                yield file_codes.UNWRITABLE_TARGET.found(
                    f"`{one_line(table)}` is a view", step=self._step.name, field=".".join(field),
                    span=place(self._step, *field, start=0), help="write to a table",
                )  # fmt: skip
        elif mode in ("error", "fail"):
            if not any(step.type == "function" for step in self._tools.pipeline.steps):
                yield file_codes.TARGET_EXISTS.found(
                    f"the table `{one_line(table)}` exists, and `{named}` is {mode}", step=self._step.name,
                    field=".".join(field), span=place(self._step, *field, start=0),
                    help="use mode overwrite or append, or another table",
                )  # fmt: skip
        elif mode == "append" and self._schema is not None:
            yield from self._appends(catalogue, found, field, self._schema)

    def _appends(
        self, catalogue: Catalogue, table: str, field: tuple[str, ...], schema: Schema
    ) -> Iterator[Diagnostic]:
        columns = _columns_of(catalogue, table)
        if columns is None:
            return
        known = {name.casefold() for name in columns}
        added = [name for name in schema.names if name.casefold() not in known]
        if added:
            listed = ", ".join(f"`{one_line(name)}`" for name in columns[:8])
            yield file_codes.APPEND_MISMATCH.found(
                f"the table `{one_line(table)}` has no column `{one_line(added[0])}`", step=self._step.name,
                field=".".join(field), span=place(self._step, *field, start=0), help=f"it has {listed}",
            )  # fmt: skip


def _columns_of(catalogue: Catalogue, table: str) -> list[str] | None:
    columns: Any = catalogue.tables[table]
    if columns is not None:
        return [name for name, _ in columns]
    from odibi_core.checks.databases.sqlite_queries import columns_in

    found = columns_in(catalogue).get(table)
    return None if found is None else list(found.names)
