"""Type names of every engine as Arrow's, and what changed between two schemas."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from odibi_core.journal.events import ColumnInfo

# Arrow's name -> what engines and other programs call it, lower case.
_NAMES = {
    "string": "object str string_ varchar text char bpchar nvarchar nchar character clob json uuid enum "
    "category string[python] string[pyarrow] large_string string_view utf8 large_utf8 stringtype",
    "bool": "boolean logical bool_ booleantype",
    "int8": "tinyint int1 byte bytetype",
    "int16": "smallint int2 short shorttype",
    "int32": "integer int int4 signed integertype",
    "int64": "bigint long longtype",
    "uint8": "utinyint",
    "uint16": "usmallint",
    "uint32": "uinteger uint uint4",
    "uint64": "ubigint",
    "decimal128(38, 0)": "hugeint",
    "halffloat": "half float16",
    "float": "real float4 float32 floattype",
    "double": "float8 float64 doubletype",
    "date32[day]": "date date32 datetype",
    "date64[ms]": "date64",
    "time64[us]": "time",
    "timestamp[us]": "timestamp datetime timestamp_us timestamp_ntz timestampntztype",
    "timestamp[s]": "timestamp_s",
    "timestamp[ms]": "timestamp_ms",
    "timestamp[ns]": "timestamp_ns",
    "timestamp[us, tz=UTC]": "timestamptz timestamp_ltz timestamptype",
    "month_day_nano_interval": "interval",
    "binary": "blob bytea varbinary bytes large_binary binary_view binarytype",
    "null": '"null" void nulltype none',
}
_ALIASES = {alias: arrow for arrow, aliases in _NAMES.items() for alias in aliases.split()}
_ALIASES["timestamp with time zone"] = "timestamp[us, tz=UTC]"
_EXTENSION = re.compile(r"extension<arrow\.(?:uuid|json)(?:\[.*\])?>|enum\(.*\)", re.DOTALL)
_DICTIONARY = re.compile(r"dictionary<values=(.+), indices=\w+, ordered=\w+>")
_PANDAS_TIME = re.compile(r"(datetime|timedelta)64(?:\[(s|ms|us|ns)(?:,\s*(.+))?\])?")
_PRECISE_TIME = re.compile(r"timestamp\((\d)\)(?: without time zone)?|time\(\d\)")
_DECIMAL = re.compile(r"(?:decimal|numeric|decimaltype|dec)(?:\((\d+)(?:,\s*(-?\d+))?\))?")
_SIZED = re.compile(r"(varchar|char|bpchar|nvarchar|nchar|character|character varying|text)\(\d+\)")
_ARROW_LIST = re.compile(r"(?:large_)?list(?:_view)?<(?:item|element|l|array): (.+?)(?: not null)?>")
_ARRAY = re.compile(r"array<(.+)>")
_SQL_LIST = re.compile(r"(.+)\[\d*\]")
_MAP = re.compile(r"map(?:<(.+)>|\((.+)\))", re.DOTALL)
_STRUCT = re.compile(r"struct(?:<(.*)>|\((.*)\))", re.DOTALL)
_ARROW_FIELD = re.compile(r"([^\":]+): (.+)", re.DOTALL)
_SQL_FIELD = re.compile(r'("(?:[^"]|"")*"|[^:\s]+)\s*(?::\s*|\s+)(.+)', re.DOTALL)
_UNITS = ("timestamp[", "time32[", "time64[", "date32[", "date64[", "duration[", "fixed_size_")
_MAX_NESTING = 24


def canonical_type(native: str, engine: str | None = None) -> str:
    """Returns the Arrow name of a type that an engine or another program names its own way.

    Arrow's own names and names nobody knows come back as they are.

    Args:
        native: Such as `int64`, `VARCHAR`, `datetime64[ns]`, `DECIMAL(10,2)`, `array<int>`.
        engine: Where known: Spark's `timestamp` is a point in time, SQL's is not.
    """
    return _canonical(native.strip(), engine, 0)


def schema_diff(before: Iterable[ColumnInfo], after: Iterable[ColumnInfo]) -> dict[str, Any]:
    """Returns what changed from one schema to another, in the form of the final log.

    Columns are the same when their names are; a name that stands twice counts twice. Types are compared
    by their Arrow names.
    """
    old, new = list(before), list(after)
    old_names = Counter(column.name for column in old)
    new_names = Counter(column.name for column in new)
    types = {column.name: canonical_type(column.type) for column in reversed(old)}
    changed: list[dict[str, str]] = []
    seen: set[str] = set()
    for column in new:
        if column.name in types and column.name not in seen:
            seen.add(column.name)
            after_type = canonical_type(column.type)
            if types[column.name] != after_type:
                changed.append({"column": column.name, "before": types[column.name], "after": after_type})
    return {
        "added_columns": _surplus(new, old_names),
        "removed_columns": _surplus(old, new_names),
        "changed_types": changed,
    }


def _surplus(columns: Sequence[ColumnInfo], others: Counter[str]) -> list[str]:
    """Returns the names in `columns` beyond those in `others`, in order."""
    left = Counter(others)
    surplus: list[str] = []
    for column in columns:
        if left[column.name] > 0:
            left[column.name] -= 1
        else:
            surplus.append(column.name)
    return surplus


def _canonical(name: str, engine: str | None, depth: int) -> str:
    low = name.lower()
    if depth > _MAX_NESTING:
        return name
    if engine == "spark" and low == "timestamp":
        return "timestamp[us, tz=UTC]"
    if low in _ALIASES:
        return _ALIASES[low]
    if low in _NAMES:  # pandas writes Int64
        return low
    if low.endswith("type()"):  # Spark's Python names, such as LongType()
        return _canonical(name[:-2], engine, depth + 1)
    if _SIZED.fullmatch(low) or low == "character varying" or _EXTENSION.fullmatch(low):
        return "string"
    if match := _DICTIONARY.fullmatch(low):
        return _canonical(name[match.start(1) : match.end(1)], engine, depth + 1)
    if match := _PANDAS_TIME.fullmatch(low):
        unit = match[2] or "ns"
        if match[1] == "timedelta":
            return f"duration[{unit}]"
        zone = name[match.start(3) : match.end(3)] if match[3] else None
        return f"timestamp[{unit}, tz={zone}]" if zone else f"timestamp[{unit}]"
    if match := _PRECISE_TIME.fullmatch(low):
        if match[1] is None:
            return "time64[us]"
        digits = int(match[1])
        return f"timestamp[{'s' if digits == 0 else 'ms' if digits <= 3 else 'us' if digits <= 6 else 'ns'}]"
    if match := _DECIMAL.fullmatch(low):
        return f"decimal128({match[1] or 18}, {match[2] or (0 if match[1] else 3)})"
    return _canonical_nested(name, low, engine, depth + 1)


def _canonical_nested(name: str, low: str, engine: str | None, depth: int) -> str:
    if match := _ARROW_LIST.fullmatch(low) or _ARRAY.fullmatch(low):
        return f"list<item: {_canonical(name[match.start(1) : match.end(1)], engine, depth)}>"
    if not low.startswith(_UNITS) and (match := _SQL_LIST.fullmatch(low)):
        return f"list<item: {_canonical(name[: match.end(1)], engine, depth)}>"
    if match := _MAP.fullmatch(low):
        group = 1 if match[1] is not None else 2
        parts = _split(name[match.start(group) : match.end(group)])
        if len(parts) >= 2:
            key, value = (_canonical(part, engine, depth) for part in parts[:2])
            return f"map<{key}, {value}>"
    if match := _STRUCT.fullmatch(low):
        group = 1 if match[1] is not None else 2
        fields = _split(name[match.start(group) : match.end(group)])
        return f"struct<{', '.join(_field(field, engine, depth) for field in fields)}>"
    return name


def _field(text: str, engine: str | None, depth: int) -> str:
    """Returns a struct's field, written `name: type`, `name:type`, `name type` or `"name" type`."""
    match = _ARROW_FIELD.fullmatch(text) or _SQL_FIELD.fullmatch(text)
    if match is None:
        return text
    field = match[1]
    if field.startswith('"'):
        field = field[1:-1].replace('""', '"')
    return f"{field}: {_canonical(match[2].removesuffix(' not null'), engine, depth)}"


def _split(text: str) -> list[str]:
    """Splits at the commas outside brackets and quotes."""
    parts: list[str] = []
    nesting = start = 0
    quoted = False
    for i, character in enumerate(text):
        if character == '"':
            quoted = not quoted
        elif quoted:
            continue
        elif character in "<([":
            nesting += 1
        elif character in ">)]":
            nesting -= 1
        elif character == "," and nesting == 0:
            parts.append(text[start:i].strip())
            start = i + 1
    rest = text[start:].strip()
    return [*parts, rest] if rest else parts
