"""Tables and queries of databases that steps read: SQLite and DuckDB files are looked into, no others."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from odibi_core.checks import codes
from odibi_core.checks.codes import file_codes
from odibi_core.checks.columns import unknown_column
from odibi_core.checks.databases.faults import empty_database, no_database, no_table
from odibi_core.checks.databases.files import find_database, written_tables
from odibi_core.checks.databases.options import refused_value
from odibi_core.checks.databases.queries import DatabaseQuery
from odibi_core.checks.databases.urls import check_url
from odibi_core.checks.files.looking import is_directory, is_file, may_exist
from odibi_core.checks.files.options import (
    REFUSALS,
    bad_value,
    blamed_option,
    named_columns,
    said,
    unknown_options,
)
from odibi_core.checks.files.presence import missing_source
from odibi_core.checks.outcome import Outcome
from odibi_core.checks.pipeline import place
from odibi_core.checks.placeholders import as_meant
from odibi_core.checks.schemas import Schema, of_source
from odibi_core.errors import FormatError
from odibi_core.plan.reading import CONNECTED, QUERY, TABLE, spelled, what_is_read
from odibi_core.text import one_line

if TYPE_CHECKING:
    from odibi_core.checks.databases.files import DatabaseFile
    from odibi_core.checks.step_filling import FilledStep
    from odibi_core.checks.tools import Tools
    from odibi_core.diagnostics import Diagnostic
    from odibi_core.engine.source_columns import Columns
    from odibi_core.formats.database_look import Catalogue
    from odibi_core.formats.looks import ArrowColumns

_BESIDES = (*CONNECTED, "format")
_PLAIN = frozenset({"BIGINT", "DOUBLE", "VARCHAR", "BOOLEAN", "INTEGER"})

Field = tuple[str | int, ...]


class TableSource:
    """A database table or query that a step reads."""

    def __init__(self, filled: FilledStep, tools: Tools) -> None:
        self._filled = filled
        self._step = filled.step
        self._tools = tools
        self._found: list[Diagnostic] = []
        self._looked: dict[str, None] = {}

    def outcome(self) -> Outcome:
        """Returns the schema, and what is wrong."""
        columns = self._columns()
        schema = of_source(columns) if columns and not self._found else None
        return Outcome(
            dict.fromkeys(self._step.outputs, schema), tuple(self._found), tuple(self._looked)
        )  # fmt: skip

    def _columns(self) -> Columns | None:
        from odibi_core.formats.databases import READ_OPTIONS, SPELLINGS

        step = self._step
        known = READ_OPTIONS | SPELLINGS.keys()
        self._found.extend(unknown_options(step, known, "the database reader", _BESIDES))
        self._conflicts()
        what = self._what()
        if self._found or what is None:
            return None
        database = find_database(self._filled, self._tools)
        if database is None:
            self._found.extend(check_url(self._filled))
            return None
        refused = refused_value(self._filled, database.kind, None, is_query=what[0] == "query")
        if refused is not None:
            self._found.append(refused)
        self._look_at(database)
        if not self._is_there(database) or refused is not None:
            return None
        try:
            catalogue = database.catalogue(self._tools.desk)
        except FormatError as error:
            if not database.by_connection:
                told = empty_database if database.is_empty else partial(no_database, error=error)
                self._found.append(told(self._filled, database))
            return None
        except OSError:
            return None
        if catalogue is None:
            return None
        if database.is_empty and not database.by_connection:
            self._found.append(empty_database(self._filled, database))
            return None
        kind, field = what
        written = written_tables(step, database, self._tools)
        if kind == "query":
            return self._query(catalogue, field, written)
        return self._table(database, catalogue, field, written)

    def _conflicts(self) -> None:
        step = self._step
        if step.params.get("connection") is not None and step.params.get("connection_string") is not None:
            self._found.append(
                file_codes.CONFLICTING_OPTIONS.found(
                    "`connection` and `connection_string` are both given", step=step.name,
                    field="params.connection_string", help="leave one of them out",
                    span=place(step, "params", "connection_string", key=True),
                )
            )  # fmt: skip

    def _what(self) -> tuple[str, Field] | None:
        """Returns whether a table or a query is read, and the field that holds it."""
        step = self._step
        reading = what_is_read(step)
        tables = [name for name in TABLE if step.params.get(name) is not None]
        queries = [name for name in QUERY if step.params.get(name) is not None]
        if reading == "query":
            found: list[tuple[str, Field]] = [("query", ("value",))]
            found += [("table", ("params", name)) for name in tables]
        elif reading == "table" and not tables and not queries:
            found = [("table", ("value",))] if step.value.strip() else []
        else:
            found = [("table", ("params", name)) for name in tables]
            found += [("query", ("params", name)) for name in queries]
        if len(found) > 1:
            field = found[1][1]
            self._found.append(
                file_codes.CONFLICTING_OPTIONS.found(
                    f"a database is read by `table` or `query`, and `{found[0][1][-1]}` is given as well",
                    step=step.name, field=".".join(map(str, field)), span=place(step, *field, key=True),
                    help="leave one of them out",
                )
            )  # fmt: skip
            return None
        if not found and reading == "place":
            self._nothing_named()
        return found[0] if found else None

    def _nothing_named(self) -> None:
        if self._filled.unknown & {*TABLE, *QUERY}:
            return
        self._found.append(
            codes.MISSING_VALUE.found(
                "a database is read by `table` or `query`, and neither is given", step=self._step.name,
                field="params", span=place(self._step, "value", start=0),
                help='name the table: "params": {"table": "…"}',
            )
        )  # fmt: skip

    # -- the file ---------------------------------------------------------------------------------------

    def _look_at(self, database: DatabaseFile) -> None:
        for suffix in ("", "-wal", "-journal") if database.kind == "sqlite" else ("", ".wal"):
            self._looked[f"{database.path}{suffix}"] = None
        if not may_exist(database.path):
            self._looked[f"{database.path.parent}{os.sep}"] = None

    def _is_there(self, database: DatabaseFile) -> bool:
        """Whether the file is there; one that is not is told here, unless somebody else does or makes it."""
        path = database.path
        if is_file(path):
            return True
        if database.by_connection or may_exist(path):
            if is_directory(path) and not database.by_connection:
                self._found.append(
                    file_codes.UNREADABLE_SOURCE.found(
                        f"`{one_line(database.label)}` is a directory, and no database", step=self._step.name,
                        field=".".join(database.field), span=place(self._step, *database.field, start=0),
                        help="name a file",
                    )
                )  # fmt: skip
            return False
        from odibi_core.checks.files.presence import reads_file

        told = database.field == ("value",) and reads_file(self._step)
        if not told and not written_tables(self._step, database, self._tools):
            world = self._tools.world
            text = self._step.value if database.field == ("value",) else None
            if text is None and "${" not in str(self._step.params["connection_string"]):
                text = database.label
            if text is not None:
                found = missing_source(
                    self._step, path, world.base_dir, world.cwd, *database.field, text=text
                )
                help = None if found.help is None else self._filled.told(found.help)
                found = replace(found, help=help)
                is_odd = database.field == ("value",) and "${" in database.label
                self._found.append(as_meant(self._step, found) if is_odd else found)
        return False

    # -- tables -----------------------------------------------------------------------------------------

    def _table(
        self, database: DatabaseFile, catalogue: Catalogue, field: Field, written: set[str]
    ) -> Columns | None:
        text = self._filled.value if field == ("value",) else self._filled.params.get(str(field[-1]))
        if text is None or "schema" in self._filled.params:
            return None
        text = str(text)
        if text.casefold() in written or "*" in written:
            return None
        table = catalogue.find(text)
        if table is None:
            if "." not in text:
                self._found.append(no_table(self._filled, text, database, catalogue, field))
            return None
        options = {
            name: value
            for name, value in self._filled.params.items()
            if name not in _BESIDES and name != field[-1]
        }
        if self._filled.unknown:
            return None
        if catalogue.kind == "duckdb":
            if options.get("params"):
                self._found.append(
                    bad_value(self._step, "params", "params", message="`params` goes with a query")
                )
                return None
            return self._typed(catalogue.tables[table] or [], options, empty=table in catalogue.empty)
        return self._sqlite_table(database, catalogue, table, options)

    def _sqlite_table(
        self, database: DatabaseFile, catalogue: Catalogue, table: str, options: dict[str, Any]
    ) -> Columns | None:
        from odibi_core.engine.duckdb_session import quoted
        from odibi_core.engine.source_columns import columns_of_look
        from odibi_core.formats.database_look import describe_sqlite_query, look_at_sqlite_table

        declared = describe_sqlite_query(catalogue, f"SELECT * FROM {quoted(table)}")
        if declared is None or not self._has_columns([name for name, _ in declared], options):
            return None
        refused = refused_value(self._filled, "sqlite", declared, is_query=False)
        if refused is not None:
            self._found.append(refused)
            return None
        if table in catalogue.views:
            return self._converted(declared, options)

        def look(given: dict[str, Any]) -> Any:
            return look_at_sqlite_table(database.path, database.label, table, given)

        try:
            return columns_of_look(self._step.engine, look(options))
        except REFUSALS:
            blamed = blamed_option(options, look)
            if blamed is not None:
                name, error = blamed
                message = f"`{name}` does not work here: {self._filled.told(said(error, options[name]))}"
                self._found.append(bad_value(self._step, "params", name, message=message))
            return None

    def _typed(
        self, columns: list[tuple[str, str | None]], options: dict[str, Any], *, empty: bool = False
    ) -> Columns | None:
        if not self._has_columns([name for name, _ in columns], options):
            return None
        known = self._tools.desk.arrow_columns(columns)
        refused = refused_value(self._filled, "duckdb", known, is_query=False)
        if refused is not None:
            self._found.append(refused)
            return None
        found = self._converted(known, options)
        if not empty or found is None:
            return found
        return [column if column.type in _PLAIN else column._replace(type=None) for column in found]

    def _has_columns(self, names: list[str], options: dict[str, Any]) -> bool:
        """Whether the columns that options name are there; those that are not are told."""
        schema = Schema.of((name, None) for name in names)
        for name, path, key, _ in named_columns(options):
            # A list of columns is SQL, where case does not matter.
            if not name and path == ("params", "parse_dates"):
                continue  # as good as none
            known = schema.find(name) is not None if path[1] in ("columns", "usecols") else name in names
            if not known:
                self._found.append(
                    unknown_column(
                        self._step, name, schema, *path, local=self._label(), pipeline=self._tools.pipeline,
                        key=key,
                    )
                )  # fmt: skip
        return not self._found

    def _label(self) -> str:
        params = self._step.params
        named = spelled(params, TABLE)
        return str((params[named] if named is not None else None) or self._step.value or "the query")

    def _converted(self, columns: ArrowColumns, options: dict[str, Any]) -> Columns | None:
        """Returns the columns chosen and converted by options, as the engine sees them."""
        from odibi_core.engine.source_columns import in_spark, natives

        chosen = options.get("columns", options.get("usecols"))
        if isinstance(chosen, list) and chosen:
            wanted = [str(name).casefold() for name in chosen]
            by_name = {name.casefold(): (name, dtype) for name, dtype in columns}
            columns = [by_name[name] for name in wanted if name in by_name]
        dtype, dates = options.get("dtype"), options.get("parse_dates") or ()
        changed = {*dtype} if isinstance(dtype, dict) else set()
        changed |= {dates} if isinstance(dates, str) else {str(name) for name in dates}
        every = dtype is not None and not isinstance(dtype, dict)
        kept: ArrowColumns = [
            (name, None if every or name in changed or self._may_change(kind) else kind)
            for name, kind in columns
        ]
        return natives(in_spark(kept) if self._step.engine == "spark" else kept)

    def _may_change(self, dtype: Any) -> bool:
        """Whether a type may become another one on its way through pandas."""
        import pyarrow.types as t

        return dtype is not None and self._step.engine == "pandas" and bool(t.is_nested(dtype))

    # -- queries ----------------------------------------------------------------------------------------

    def _query(self, catalogue: Catalogue, field: Field, written: set[str]) -> Columns | None:
        query = DatabaseQuery(self._step, field, self._tools, catalogue)
        if not query.is_known or "*" in written or any(query.names(table) for table in written):
            return None
        if query.is_empty:
            self._found.append(bad_value(self._step, *field, message="the query is empty"))
            return None
        params = self._filled.params.get("params")
        why = query.refused_params(params)
        if why is not None:
            self._found.append(
                bad_value(self._step, "params", "params", message=f"`params` does not fit the query: {why}")
            )
        columns = query.columns(params)
        self._found.extend(query.found)
        if columns is None or self._found:
            return None
        options = {k: v for k, v in self._filled.params.items() if k in ("dtype", "parse_dates")}
        if not self._has_columns([name for name, _ in columns], options):
            return None
        refused = refused_value(self._filled, catalogue.kind, columns, is_query=True)
        if refused is not None:
            self._found.append(refused)
            return None
        return self._converted(columns, options)
