"""Which database file a step means, what is in it, and what other steps of the pipeline write there."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from odibi_core.checks.files.looking import is_file
from odibi_core.checks.step_filling import fill_step
from odibi_core.errors import FormatError, OdibiError
from odibi_core.plan.reading import TABLE, is_connected, spelled
from odibi_core.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from odibi_core.checks.step_filling import FilledStep
    from odibi_core.checks.tools import Tools
    from odibi_core.core.node import Step
    from odibi_core.engine.desk import Desk
    from odibi_core.formats.database_look import Catalogue


@dataclass(frozen=True)
class DatabaseFile:
    """A SQLite or DuckDB file that a step reads or writes.

    Attributes:
        kind: sqlite or duckdb.
        path: Where it is.
        label: What the config calls it.
        field: The field of the step that names it; that of a connection is the connect step's own affair.
        create: Whether the first write may make it.
    """

    kind: str
    path: Path
    label: str
    field: tuple[str, ...]
    create: bool = False

    @property
    def by_connection(self) -> bool:
        """Whether a connect step names the file."""
        return self.field == ("params", "connection")

    @property
    def is_empty(self) -> bool:
        """Whether the file is there and has nothing in it, as a database of SQLite may be that is new."""
        try:
            return self.path.stat().st_size == 0
        except OSError:
            return False

    def catalogue(self, desk: Desk) -> Catalogue | None:
        """Returns what is in it; None where that cannot be known now.

        Raises:
            FormatError: It is no database of its kind.
        """
        if not is_file(self.path) or not os.access(self.path, os.R_OK):
            return None
        if self.kind == "duckdb" and self.is_empty:
            raise FormatError(f"`{one_line(self.label)}` is empty: there is no database in it")
        return desk.catalogue(self.kind, self.path, self.label)


def find_database(filled: FilledStep, tools: Tools) -> DatabaseFile | None:
    """Returns the database file of a step that reads or writes a table; None where it is another one, or
    where it is not known. Nothing is opened.
    """
    params = filled.params
    connection, url = params.get("connection"), params.get("connection_string")
    if connection is not None:
        connect = tools.pipeline.by_name.get(connection) if isinstance(connection, str) else None
        return None if connect is None or connect.layer != "connect" else opened_by(connect, tools)
    if "connection" in filled.unknown or "connection_string" in filled.unknown:
        return None
    if url is not None:
        return _file(str(url), None, ("params", "connection_string"), tools)
    if not filled.value:
        return None
    kind = params.get("format")
    return _file(filled.value, str(kind).strip().lower() if kind is not None else None, ("value",), tools)


def opened_by(connect: Step, tools: Tools) -> DatabaseFile | None:
    """Returns the file that a connect step opens; None where it opens another database or is wrong."""
    from odibi_core.engine.connections import described

    if not all(tools.pipeline.is_known(connect, field) for field in ("value", "params", "layer")):
        return None
    filled = fill_step(connect, tools.world)
    if not filled.is_known:
        return None
    try:
        kind, text, create, _ = described(filled.value or "", filled.params)
    except OdibiError:
        return None
    return _file(text, kind, ("params", "connection"), tools, create=create)


def _file(
    text: str, kind: str | None, field: tuple[str, ...], tools: Tools, *, create: bool = False
) -> DatabaseFile | None:
    from odibi_core.formats.databases import which_database

    try:
        found, place = which_database(text, kind)
    except OdibiError:
        return None
    if found == "sql" or place == ":memory:" or "\0" in place:
        return None
    return DatabaseFile(found, tools.world.resolve(place), place, field, create)


def written_tables(step: Step, database: DatabaseFile, tools: Tools) -> set[str]:
    """Returns the tables, in lower case, that other steps may have written before a step reads.

    A name that is not known counts as every table: `*`.
    """
    graph = tools.pipeline.graph
    later: set[str] | None = None
    found: set[str] = set()
    for writer in _writers(database, tools):
        if later is None:
            later = graph.descendants(step.name)
        if writer is step or writer.name in later:
            continue
        named = spelled(writer.params, TABLE)
        table = None if named is None else writer.params[named]
        if table is None and "connection" in writer.params:
            table = writer.value
        found.add(table.casefold() if isinstance(table, str) and table and "${" not in table else "*")
    return found


def _writers(database: DatabaseFile, tools: Tools) -> Iterator[Step]:
    """Yields the steps that may write into a database file."""
    from odibi_core.formats.registry import database_kind

    for step in tools.pipeline.steps:
        if step.type == "function" or step.layer not in ("store", "publish"):
            if step.type == "function" and "connection" in step.params:
                yield step  # what it does with it is its own affair
            continue
        connected = is_connected(step)
        if connected or (step.value and database_kind(step.value, step.params.get("format")) is not None):
            other = find_database(fill_step(step, tools.world), tools)
            if other is None:
                is_open = "${" in str(step.params.get("connection_string", ""))
            else:
                is_open = other.path == database.path
            if is_open:
                yield step
