"""Arrow's names for DuckDB's types, from the type's name alone."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

from odibi_core.journal.events import ColumnInfo

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

_NAMES = {
    "BOOLEAN": "bool",
    "TINYINT": "int8",
    "SMALLINT": "int16",
    "INTEGER": "int32",
    "BIGINT": "int64",
    "UTINYINT": "uint8",
    "USMALLINT": "uint16",
    "UINTEGER": "uint32",
    "UBIGINT": "uint64",
    "HUGEINT": "decimal128(38, 0)",
    "UHUGEINT": "decimal128(38, 0)",
    "FLOAT": "float",
    "DOUBLE": "double",
    "VARCHAR": "string",
    "UUID": "string",
    "JSON": "string",
    "BLOB": "binary",
    "BIT": "binary",
    "DATE": "date32",
    "TIME": "time64[us]",
    "TIME_NS": "time64[ns]",
    "TIMESTAMP": "timestamp[us]",
    "TIMESTAMP_S": "timestamp[s]",
    "TIMESTAMP_MS": "timestamp[ms]",
    "TIMESTAMP_NS": "timestamp[ns]",
    "TIMESTAMP WITH TIME ZONE": "timestamp[us, tz=UTC]",
    "TIMESTAMPTZ": "timestamp[us, tz=UTC]",
    "TIMESTAMPTZ_NS": "timestamp[ns, tz=UTC]",
    "INTERVAL": "month_day_nano_interval",
    '"NULL"': "null",
    "NULL": "null",
}
_DECIMAL = re.compile(r"DECIMAL\((\d+),\s*(\d+)\)")


@functools.lru_cache(maxsize=4096)
def arrow_name(native: str) -> str | None:
    """Returns Arrow's name of a DuckDB type, or None for nested types, which only Arrow itself can tell."""
    name = _NAMES.get(native)
    if name is not None:
        return name
    decimal = _DECIMAL.fullmatch(native)
    if decimal:
        return f"decimal128({decimal[1]}, {decimal[2]})"
    return "string" if native.startswith("ENUM(") and native.endswith(")") else None


def columns_of(names: Sequence[str], natives: Sequence[str]) -> tuple[ColumnInfo, ...] | None:
    """Returns the columns by their DuckDB types, or None where `arrow_name` cannot tell one of them."""
    found = []
    for name, native in zip(names, natives, strict=True):
        arrow = arrow_name(native)
        if arrow is None:
            return None
        found.append(ColumnInfo(name, arrow, native))
    return tuple(found)


# What is met most, so that no database has to be asked.
_PLAIN = {
    arrow: native
    for native, arrow in _NAMES.items()
    if native not in ("HUGEINT", "UHUGEINT", "UUID", "JSON", "BIT", "TIMESTAMPTZ", "TIMESTAMPTZ_NS", "NULL")
} | {"large_string": "VARCHAR", "large_binary": "BLOB", "date32[day]": "DATE"}


@functools.lru_cache(maxsize=1024)
def native_name(dtype: pa.DataType) -> str:
    """Returns DuckDB's name of the type that it gives a column of an Arrow type."""
    plain = _PLAIN.get(str(dtype))
    if plain is not None:
        return plain
    import duckdb
    import pyarrow as pa

    if pa.types.is_dictionary(dtype):
        return native_name(dtype.value_type)
    with duckdb.connect(":memory:", config={"python_enable_replacements": "false", "threads": "1"}) as empty:
        return str(empty.from_arrow(pa.schema([("c", dtype)]).empty_table()).types[0])


def distinct_names(names: Sequence[str]) -> list[str]:
    """Returns the names of columns, made distinct as DuckDB does for a table: `id`, `id_1`, `ID_2`."""
    counts: dict[str, int] = {}
    found = []
    for name in names:
        folded = _folded(name)
        unique = name
        while _folded(unique) in counts:
            unique = f"{name}_{counts[folded]}"
            counts[folded] += 1
        counts[_folded(unique)] = 1
        found.append(unique)
    return found


def _folded(name: str) -> str:
    """Returns a name as DuckDB compares it: without case, but only of the letters A to Z."""
    return name.lower() if name.isascii() else "".join(c.lower() if c.isascii() else c for c in name)
