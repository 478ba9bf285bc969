"""Reading and writing for every engine: files by `formats`, databases by URL, file or connection name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from odibi_core.errors import StepOptionError
from odibi_core.formats import database_kind, read_source, write_target

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from odibi_core.engine.base_context import EngineContext
    from odibi_core.formats.base import Frame
    from odibi_core.formats.databases import Database


def is_database(source: str | Path, params: Mapping[str, Any]) -> bool:
    """Whether a source or target is a database table rather than a file."""
    if params.get("connection") is not None or params.get("connection_string") is not None:
        return True
    return database_kind(source, params.get("format")) is not None


def read_any(source: str | Path, params: Mapping[str, Any], context: EngineContext) -> Frame:
    """Reads a file, glob, URL or database table; see `EngineContext.read`."""
    if not is_database(source, params):
        return read_source(source, params, context.resolve)
    from odibi_core.formats.databases import read_database

    database, name, options, owned = _database(source, params, context)
    try:
        return read_database(database, name, options)
    finally:
        if owned:
            database.close()


def write_any(frame: Frame, target: str | Path, params: Mapping[str, Any], context: EngineContext) -> Any:
    """Writes a pandas frame or Arrow table to a file or database table; see `EngineContext.write`."""
    if not is_database(target, params):
        return write_target(frame, target, params, context.resolve)
    from odibi_core.formats.databases import write_database

    database, name, options, owned = _database(target, params, context, create=True)
    try:
        return write_database(database, frame, name, options)
    finally:
        if owned:
            database.close()


def _database(
    place: str | Path, params: Mapping[str, Any], context: EngineContext, *, create: bool = False
) -> tuple[Database, str | None, dict[str, Any], bool]:
    """Returns the database, the table that `place` names, the other options, and whether to close it."""
    from odibi_core.formats.databases import open_database

    options = dict(params)
    connection = options.pop("connection", None)
    url = options.pop("connection_string", None)
    kind = options.pop("format", None)
    if connection is not None and url is not None:
        raise StepOptionError("`connection` and `connection_string` are both given", field="params")
    text = str(place)
    if connection is not None:
        if not isinstance(connection, str):
            raise StepOptionError("`connection` is the name of a connect step", field="params")
        return context.connections.get(connection), text or None, options, False
    if url is not None:
        return open_database(str(url), resolve=context.resolve, create=create), text or None, options, True
    kind = str(kind).strip().lower() if kind is not None else None
    database = open_database(text, kind=kind, resolve=context.resolve, create=create)
    return database, None, options, True
