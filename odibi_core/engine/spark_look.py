"""What Spark's readers would give, worked out without Spark, so that it is the same on every machine."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from odibi_core.engine.source_columns import SourceColumn, by_our_reader
from odibi_core.engine.spark_files import (
    NATIVE,
    OWN,
    NotNativeError,
    check_not_empty,
    has_scheme,
    no_column,
    read_plan,
)
from odibi_core.formats import find_files, find_format
from odibi_core.formats.bounded import TooLongError
from odibi_core.formats.compression import compression_of
from odibi_core.formats.looks import MOST_FILES, is_plain_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa

    from odibi_core.engine.source_columns import Columns
    from odibi_core.formats.base import Format
    from odibi_core.formats.sources import File

_WHOLE = re.compile(r"[+-]?\d{1,18}")
_NUMBER = re.compile(r"[+-]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?")
_DATE = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d)")  # no 30th of February among them
_TIME = re.compile(_DATE.pattern + r"[ T][01]\d:[0-5]\d:[0-5]\d")
# Words without a digit that are still no text to Spark.
_NO_TEXT = frozenset({"true", "false", "nan", "inf", "infinity", "null"})
_WORD = re.compile(r"[^\W\d_]{2}")
_TYPES = {"string": "VARCHAR", "bigint": "BIGINT", "double": "DOUBLE", "boolean": "BOOLEAN", "int": "INTEGER",
          "float": "FLOAT", "smallint": "SMALLINT", "tinyint": "TINYINT", "date": "DATE",
          "timestamp_ntz": "TIMESTAMP"}  # fmt: skip
_Pairs = list[tuple[str, str | None]]
# Spark's own options that leave the names and types as they are worked out here.
_HARMLESS = {"multiLine", "locale", "maxColumns", "maxCharsPerColumn", "enforceSchema", "inferSchema"}


def columns_on_spark(
    source: str | Path, params: Mapping[str, Any], resolve: Callable[[str | Path], Path]
) -> Columns | None:
    """Returns the columns; see `source_columns`."""
    if has_scheme(source):
        return None
    options = dict(params)
    fmt = find_format(source, options.pop("format", None))
    plan = None
    if fmt.name in NATIVE:
        try:
            plan = read_plan(fmt, options)
        except NotNativeError:
            plan = None
    if plan is None:
        return by_our_reader("spark", source, params, resolve)
    files = find_files(source, fmt, resolve)
    if any(compression_of(file.path) in ("xz", "zstd") for file in files):
        return by_our_reader("spark", source, params, resolve)
    if len(files) > MOST_FILES or not all(is_plain_file(file) for file in files):
        return None
    check_not_empty(files, fmt)
    read = {"parquet": _parquet, "jsonl": _jsonl}.get(fmt.name, _csv)
    try:
        columns = read(files, fmt, plan, set(options) & set(OWN[fmt.name]) - _HARMLESS)
    except TooLongError:
        return None
    if columns is None:
        return None
    return [SourceColumn(name, kind) for name, kind in _shaped(columns, plan, str(source))]


def _shaped(columns: _Pairs, plan: Mapping[str, Any], label: str) -> _Pairs:
    """Returns the columns renamed, cast and chosen as the options say."""
    if plan["names"] is not None:
        columns = [(name, kind) for name, (_, kind) in zip(plan["names"], columns, strict=False)]
    names = [name for name, _ in columns]
    for column in plan["types"]:
        if column not in names:
            raise no_column(label, column, names)
    columns = [
        (name, _TYPES.get(str(plan["types"][name])) if name in plan["types"] else kind)
        for name, kind in columns
    ]
    if plan["columns"] is None:
        return columns
    for column in plan["columns"]:
        if not (isinstance(column, int) and column < len(names)) and column not in names:
            raise no_column(label, str(column), names)
    wanted = {names[column] if isinstance(column, int) else column for column in plan["columns"]}
    return [(name, kind) for name, kind in columns if name in wanted]


# -- csv ------------------------------------------------------------------------------------------------


def _csv(files: Sequence[File], fmt: Format, plan: Mapping[str, Any], own: set[str]) -> _Pairs | None:
    """Returns names of the header and the types of its cells, as far as they leave no doubt."""
    spark = plan["options"]
    options: dict[str, Any] = {
        "sep": spark["sep"], "quotechar": spark["quote"], "dtype": "str", "keep_default_na": False,
        "header": 0 if spark["header"] == "true" else None,
    }  # fmt: skip
    if spark["escape"] != spark["quote"]:
        options["escapechar"] = spark["escape"]
    options |= {name: spark[name] for name in ("encoding", "comment") if name in spark}
    cells: dict[str, list[str]] = {}
    first: list[str] | None = None
    whole = True
    for file in files:
        look = fmt.look(file, dict(options))
        if look is None:
            return None
        frame: Any = look.frame
        names = [str(name) for name in frame.columns]
        if first is None:
            first = names
        elif names != first:
            return None  # Spark takes them by position, or fails
        whole = whole and look.whole
        for at, name in enumerate(names):
            values = frame.iloc[:, at].tolist()
            cells.setdefault(name, []).extend(value for value in values if isinstance(value, str))
    folded = {name.casefold() for name in first or ()}
    if first is None or len(folded) != len(first) or any(_is_made_up(name) for name in first):
        return None
    inferred = spark.get("inferSchema", "true") == "true"
    if not inferred:
        return [(name, "VARCHAR") for name in first]
    if own or "nullValue" in spark:
        return [(name, None) for name in first]
    return [(name, _type_of_cells(cells[name], whole=whole)) for name in first]


def _is_made_up(name: str) -> bool:
    """Whether pandas made the name of a column whose header is empty or stands twice; Spark makes others."""
    return not name.strip() or name.startswith("Unnamed: ") or re.search(r"\.\d+$", name) is not None


def _is_text(value: str) -> bool:
    """Whether a cell is certainly no number, date or truth value."""
    is_word = _WORD.search(value) is not None and not any(character.isdigit() for character in value)
    return is_word and value.strip().lower() not in _NO_TEXT


def _type_of_cells(cells: Iterable[str], *, whole: bool) -> str | None:
    values = [value for value in cells if value]
    if not values:
        return "VARCHAR" if whole else None
    if any(map(_is_text, values)):
        return "VARCHAR"
    if all(_WHOLE.fullmatch(value) for value in values):
        return "BIGINT"
    if all(_NUMBER.fullmatch(value) for value in values):
        # A whole number beyond 64 bits among them makes it a decimal.
        return "DOUBLE" if all(len(value) <= 18 for value in values) else None
    if all(value.lower() in ("true", "false") for value in values):
        return "BOOLEAN"
    if all(_DATE.fullmatch(value) for value in values):
        return "DATE"
    return "TIMESTAMP" if all(_TIME.fullmatch(value) for value in values) else None


# -- the others -----------------------------------------------------------------------------------------


def _jsonl(files: Sequence[File], fmt: Format, plan: Mapping[str, Any], own: set[str]) -> _Pairs | None:
    """Returns the keys in the order of the first line, the others by name, and their types where plain."""
    rows: list[dict[str, Any]] = []
    for file in files:
        look = fmt.look(file, {})
        if look is None:
            return None
        frame: Any = look.frame
        rows.extend(frame.to_pylist() if hasattr(frame, "to_pylist") else frame.to_dict("records"))
        if len(files) > 1 and rows and rows[0].keys() != rows[-1].keys():
            return None
    names = list(dict.fromkeys(name for row in rows for name in row))
    if not rows or len({name.casefold() for name in names}) != len(names):
        return None
    written = _first_keys(files[0])
    if written is None:
        return None
    ordered = [*(n for n in written if n in names), *sorted(n for n in names if n not in written)]
    return [(name, None if own else _type_of_values([row.get(name) for row in rows])) for name in ordered]


def _first_keys(file: File) -> list[str] | None:
    import json
    from dataclasses import replace

    from odibi_core.formats.base import LOOK_WHOLE

    with replace(file, most=LOOK_WHOLE).open(compression_of(file.path)) as handle:
        line = handle.readline()
    try:
        return list(json.loads(line))
    except (ValueError, TypeError):
        return None


def _type_of_values(values: Sequence[Any]) -> str | None:
    kinds = {type(value) for value in values if value is not None}
    if not kinds:
        return None
    if str in kinds:
        return "VARCHAR" if kinds <= {str, int, float, bool} else None
    if kinds == {bool}:
        return "BOOLEAN"
    if kinds == {int}:
        return "BIGINT" if all(value is None or abs(value) < 2**63 for value in values) else None
    return "DOUBLE" if kinds <= {int, float} else None


def _parquet(files: Sequence[File], fmt: Format, plan: Mapping[str, Any], own: set[str]) -> _Pairs | None:
    """Returns the footer's columns; files with other ones than the first leave open which Spark takes."""
    schemas: list[pa.Schema] = []
    for file in files:
        look = fmt.look(file, {"nrows": 1})
        if look is None:
            return None
        frame: Any = look.frame
        schemas.append(frame.schema.remove_metadata())
    if own or any(not schema.equals(schemas[0]) for schema in schemas):
        return None
    return [(field.name, _type_of_field(field.type)) for field in schemas[0]]


def _type_of_field(dtype: pa.DataType) -> str | None:
    import pyarrow as pa
    import pyarrow.types as t

    from odibi_core.engine.duckdb_types import native_name
    from odibi_core.engine.spark_types import for_spark

    if t.is_nested(dtype) or t.is_time(dtype) or t.is_duration(dtype) or t.is_null(dtype):
        return None
    if t.is_timestamp(dtype) and dtype.unit == "ns":
        return None
    return native_name(for_spark(pa.table({"c": pa.array([], dtype)})).schema.types[0])
