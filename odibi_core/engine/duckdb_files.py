"""What DuckDB reads and writes itself: csv, tsv, json, jsonl and parquet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from odibi_core.engine.duckdb_options import OWN, Plan, read_plan
from odibi_core.engine.duckdb_session import quoted
from odibi_core.engine.io import is_database
from odibi_core.errors import FormatError, StepOptionError
from odibi_core.formats import find_files, find_format, parse_mode
from odibi_core.formats.atomic import check_target, replacing
from odibi_core.formats.compression import compression_of
from odibi_core.formats.sources import is_url
from odibi_core.text import nearest, one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import duckdb

    from odibi_core.engine.duckdb_frame import DuckDBFrame
    from odibi_core.formats.base import Format
    from odibi_core.formats.sources import File

_FUNCTIONS = {
    "csv": "read_csv",
    "tsv": "read_csv",
    "json": "read_json",
    "jsonl": "read_json",
    "parquet": "read_parquet",
}
_PARQUET_COMPRESSIONS = ("snappy", "zstd", "gzip", "brotli", "lz4", "lz4_raw", "uncompressed")


def scan(
    source: str | Path,
    params: Mapping[str, Any],
    resolve: Callable[[str | Path], Path],
    cursor: duckdb.DuckDBPyConnection,
) -> str | None:
    """Returns a SELECT over the files of a source, or None where pandas' reader has to do it.

    Raises:
        FileNotFoundError: Nothing is there.
        FormatError: The files are not in the format.
        StepOptionError: An option is unknown or names a column that is not there.
    """
    if is_database(source, params) or is_url(source):
        return None
    options = dict(params)
    fmt = find_format(source, options.pop("format", None))
    if fmt.name not in OWN:
        return None
    plan = read_plan(fmt, options, str(source))
    if plan is None:
        return None
    files = find_files(source, fmt, resolve)
    for file in files:
        _check_not_empty(file, fmt)
    if len(files) > 1:
        plan.arguments.setdefault("union_by_name", True)
        if len({compression_of(file.path) for file in files}) > 1:
            return None
    paths = [_not_a_pattern(str(file.path)) for file in files]
    arguments = "".join(f", {name}={literal(value)}" for name, value in plan.arguments.items())
    function = f"{_FUNCTIONS[fmt.name]}({literal(paths)}{arguments})"
    return _selected(function, plan, fmt, files[0], cursor)


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
    if fmt.name not in OWN:
        return None
    path = resolve(target)
    appends = mode == "append" and path.is_file()
    copy = copy_options(fmt, fmt.checked(options, fmt.write_options(), "writer"), path)
    if copy is None or appends:
        return None
    check_target(path, mode)
    settings = ", ".join(f"{name} {literal(value)}" for name, value in copy.items())
    with replacing(path, mode) as temporary:
        cursor.execute(f"COPY (FROM {frame.table}) TO {literal(str(temporary))} ({settings})")
    return path


def refused(source: str | Path, error: duckdb.Error | UnicodeDecodeError) -> FormatError:
    """Returns the error for a source that DuckDB's reader refuses."""
    told = error.object.decode("utf-8", "replace") if isinstance(error, UnicodeDecodeError) else str(error)
    text = told.partition("The search space used was")[0].strip()
    return FormatError(f"`{one_line(str(source))}` cannot be read: {text}")


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


def _selected(
    function: str, plan: Plan, fmt: Format, file: File, cursor: duckdb.DuckDBPyConnection
) -> str | None:
    """Returns the SELECT with the columns and rows that the options ask for."""
    limit = f" LIMIT {plan.limit}" if plan.limit is not None else ""
    if plan.columns is None and not plan.numbered and fmt.name not in ("json", "jsonl"):
        return f"FROM {function}{limit}"
    names = list(cursor.sql(f"FROM {function}").columns)
    if fmt.name in ("json", "jsonl") and names == ["json"]:
        return None  # what DuckDB calls rows that are no objects: our own reader tells it apart
    shown = [str(index) for index in range(len(names))] if plan.numbered else names
    kept = range(len(names)) if plan.columns is None else _positions(plan.columns, shown, file)
    columns = ", ".join(
        quoted(names[at]) if names[at] == shown[at] else f"{quoted(names[at])} AS {quoted(shown[at])}"
        for at in kept
    )
    return f"SELECT {columns} FROM {function}{limit}"


def _positions(wanted: list[str | int], names: list[str], file: File) -> list[int]:
    found = set()
    for column in wanted:
        if isinstance(column, int) and 0 <= column < len(names):
            found.add(column)
        elif str(column) in names:
            found.add(names.index(str(column)))
        else:
            close = nearest(str(column), names)
            raise StepOptionError(
                f"`{one_line(file.label)}` has no column `{one_line(str(column))}`",
                field="params",
                help=f"did you mean `{close}`" if close else None,
            )
    return sorted(found)  # in the file's order, as in pandas


def _check_not_empty(file: File, fmt: Format) -> None:
    from pathlib import Path

    if Path(file.path).stat().st_size == 0:
        raise FormatError(f"`{one_line(file.label)}` is empty: it has no {fmt.name} in it")


def _not_a_pattern(path: str) -> str:
    """Returns a path in which DuckDB sees no wildcards: they have been resolved already."""
    return "".join(f"[{character}]" if character in "*?[" else character for character in path)


def copy_options(fmt: Format, options: dict[str, Any], path: Path) -> dict[str, Any] | None:
    """Returns the options of COPY that write a format so; None where COPY does not fit."""
    if options.pop("index", None):
        return None
    if fmt.name == "parquet":
        compression = options.pop("compression", "snappy") or "uncompressed"
        rows = options.pop("row_group_size", None)
        if options or str(compression).lower() not in _PARQUET_COMPRESSIONS:
            return None
        sized = {} if rows is None else {"ROW_GROUP_SIZE": int(rows)}
        return {"FORMAT": "parquet", "COMPRESSION": str(compression), **sized}
    compression = compression_of(path, options.pop("compression", "infer"))
    if compression not in (None, "gzip", "zstd"):
        return None
    squeeze = {"COMPRESSION": compression or "none"}
    if fmt.name in ("json", "jsonl"):
        lines = bool(options.pop("lines", fmt.name == "jsonl"))
        return None if options else {"FORMAT": "json", "ARRAY": not lines, **squeeze}
    separator = options.pop("sep", getattr(fmt, "separator", ","))
    header, missing = options.pop("header", True), options.pop("na_rep", "")
    quote = options.pop("quotechar", '"')
    if options or not isinstance(header, bool):
        return None
    return {
        "FORMAT": "csv",
        "DELIMITER": separator,
        "HEADER": header,
        "NULLSTR": missing,
        "QUOTE": quote,
        **squeeze,
    }
