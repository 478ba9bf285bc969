"""What DuckDB reads and writes itself: csv, json, jsonl and parquet, with pandas' option names put in its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from odibi_core.engine.io import is_database
from odibi_core.formats import find_files, find_format, parse_mode
from odibi_core.formats.atomic import replacing
from odibi_core.formats.sources import is_url

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import duckdb

    from odibi_core.engine.duckdb_frame import DuckDBFrame
    from odibi_core.engine.duckdb_workspace import Workspace


def scan(
    source: str | Path, params: Mapping[str, Any], resolve: Callable[[str | Path], Path], work: Workspace
) -> str | None:
    """Returns a SELECT over the files of a source, or None where DuckDB's own reader does not fit the options."""
    if is_database(source, params) or is_url(source):
        return None
    options = dict(params)
    fmt = find_format(source, options.pop("format", None))
    if fmt.name == "parquet" and not options:
        paths = [str(file.path) for file in find_files(source, fmt, resolve)]
        return f"FROM read_parquet({literal(paths)})"
    return None


def copy_out(
    frame: DuckDBFrame,
    target: str | Path,
    params: Mapping[str, Any],
    resolve: Callable[[str | Path], Path],
    cursor: duckdb.DuckDBPyConnection,
) -> Path | None:
    """Writes a frame with DuckDB's COPY and returns the path, or None where COPY does not fit the options."""
    if is_database(target, params):
        return None
    options = dict(params)
    fmt = find_format(target, options.pop("format", None))
    mode = parse_mode(options.pop("mode", "overwrite"))
    if fmt.name != "parquet" or options or mode == "append":
        return None
    path = resolve(target)
    with replacing(path, mode) as temporary:
        cursor.execute(f"COPY (FROM {frame.table}) TO {literal(str(temporary))} (FORMAT parquet)")
    return path


def literal(value: Any) -> str:
    """Returns a Python value as a SQL literal."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "NULL"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{literal(str(key))}: {literal(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(literal(item) for item in value) + "]"
    return "'" + str(value).replace("'", "''") + "'"
