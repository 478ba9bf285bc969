"""What can be declared about a function: its engines, the columns it needs, the columns of its result."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from odibi_core.core.node import ENGINES
from odibi_core.journal.schema_diff import canonical_type
from odibi_core.text import nearest

Columns = tuple[tuple[str, str], ...]
Requires = tuple[tuple[str | None, tuple[str, ...]], ...]
Pairs = Mapping[str, str] | Iterable[tuple[str, str]]
ReturnsLike = Pairs | Mapping[str, Pairs]
RequiresLike = str | Iterable[str] | Mapping[str, str | Iterable[str]]

_DUCKDB = {
    "string": "VARCHAR",
    "bool": "BOOLEAN",
    "int8": "TINYINT",
    "int16": "SMALLINT",
    "int32": "INTEGER",
    "int64": "BIGINT",
    "uint8": "UTINYINT",
    "uint16": "USMALLINT",
    "uint32": "UINTEGER",
    "uint64": "UBIGINT",
    "halffloat": "FLOAT",
    "float": "FLOAT",
    "double": "DOUBLE",
    "date32[day]": "DATE",
    "date64[ms]": "DATE",
    "time32[s]": "TIME",
    "time32[ms]": "TIME",
    "time64[us]": "TIME",
    "time64[ns]": "TIME_NS",
    "timestamp[s]": "TIMESTAMP_S",
    "timestamp[ms]": "TIMESTAMP_MS",
    "timestamp[us]": "TIMESTAMP",
    "timestamp[ns]": "TIMESTAMP_NS",
    "month_day_nano_interval": "INTERVAL",
    "binary": "BLOB",
}
_ZONED = re.compile(r"timestamp\[(?:s|ms|us|ns), tz=[^\]]+\]")
_DURATION = re.compile(r"duration\[(?:s|ms|us|ns)\]")
_DECIMAL = re.compile(r"decimal128\((\d+), (\d+)\)")
_NESTED = re.compile(r"(list|map|struct)<(.*)>", re.DOTALL)
_KNOWN = (*_DUCKDB, "date32", "float64", "decimal128(10, 2)", "timestamp[us, tz=UTC]", "list<string>")


class Returns(dict[str, Any]):
    """A result's columns in its annotation: `-> Annotated[pd.DataFrame, Returns(id="int64")]`.

    Args:
        columns: Name -> Arrow type name, for names that are no keywords; or, for a function that returns
            several frames, local output name -> such a mapping.
        **more: The same by keyword.
    """

    def __init__(self, columns: Mapping[str, Any] | None = None, /, **more: Any) -> None:
        super().__init__(columns or {}, **more)
        columns_of(self)


@dataclass(frozen=True, slots=True)
class Result:
    """The columns a function declares for what it returns.

    Attributes:
        columns: Of a single frame, name and Arrow type name; None where they are declared by output.
        outputs: Of several frames: the columns of each, by local output name.
    """

    columns: Columns | None = None
    outputs: tuple[tuple[str, Columns], ...] = ()

    def of(self, local: str) -> Columns | None:
        """Returns the columns of an output; None where nothing is declared of it."""
        return self.columns if self.columns is not None else dict(self.outputs).get(local)


def engines_of(engines: str | Iterable[str]) -> tuple[str, ...]:
    """Returns the engines that a declaration names.

    Raises:
        ValueError: There is no such engine.
    """
    kinds = (engines,) if isinstance(engines, str) else tuple(engines)
    for engine in kinds:
        if engine not in ENGINES:
            close = nearest(engine, ENGINES)
            raise ValueError(
                f"unknown engine `{engine}`"
                + (f"; `{close}` exists" if close else f"; known: {', '.join(ENGINES)}")
            )
    return kinds


def columns_of(returns: ReturnsLike) -> Result:
    """Returns what a declaration says of the result.

    Raises:
        ValueError: A column stands twice, or its type is none.
    """
    if isinstance(returns, Mapping) and returns and all(isinstance(v, Mapping) for v in returns.values()):
        return Result(outputs=tuple((str(name), _columns(pairs)) for name, pairs in returns.items()))  # type: ignore[arg-type]  # the values are mappings
    return Result(_columns(returns))  # type: ignore[arg-type]  # not by output


def requires_of(requires: RequiresLike) -> Requires:
    """Returns the columns that a function needs by parameter; None stands for its first one."""
    if isinstance(requires, str):
        return ((None, (requires,)),)
    if isinstance(requires, Mapping):
        return tuple(
            (str(name), (columns,) if isinstance(columns, str) else tuple(map(str, columns)))
            for name, columns in requires.items()
        )
    return ((None, tuple(map(str, requires))),)


def duckdb_type(name: str) -> str | None:
    """Returns DuckDB's name of a type given by Arrow's name or a known alias; None if it is none."""
    return _duckdb(canonical_type(name))


def family(name: str) -> str | None:
    """Returns what sort of values an Arrow type holds; None for null, which fits every sort."""
    arrow = canonical_type(name)
    if arrow == "null":
        return None
    for start, sort in _FAMILIES:
        if arrow.startswith(start):
            return sort
    return arrow


_FAMILIES = (
    *((start, "number") for start in ("int", "uint", "float", "halffloat", "double", "decimal")),
    ("date", "date"),
    ("timestamp", "timestamp"),
    ("time", "time"),
    *((start, "interval") for start in ("duration", "month_day")),
    *((start, "list") for start in ("list", "large_list", "fixed_size_list")),
    ("struct", "struct"),
    ("map", "map"),
    ("fixed_size_binary", "binary"),
)


def _columns(pairs: Pairs) -> Columns:
    listed = pairs.items() if isinstance(pairs, Mapping) else pairs
    columns = tuple((str(name), str(kind)) for name, kind in listed)
    names = [name for name, _ in columns]
    for column, kind in columns:
        if names.count(column) > 1:
            raise ValueError(f"`returns` names the column `{column}` twice")
        if duckdb_type(kind) is None and canonical_type(kind) != "null":
            close = nearest(kind, _KNOWN)
            raise ValueError(
                f"`returns` gives the column `{column}` the type `{kind}`, which Arrow does not have"
                + (f"; `{close}` exists" if close else "")
            )
    return columns


def _duckdb(arrow: str) -> str | None:
    if arrow in _DUCKDB:
        return _DUCKDB[arrow]
    if _ZONED.fullmatch(arrow):
        return "TIMESTAMPTZ_NS" if arrow.startswith("timestamp[ns") else "TIMESTAMP WITH TIME ZONE"
    if _DURATION.fullmatch(arrow):
        return "INTERVAL"
    decimal = _DECIMAL.fullmatch(arrow)
    if decimal is not None:
        return f"DECIMAL({decimal[1]},{decimal[2]})" if 1 <= int(decimal[1]) <= 38 else None
    nested = _NESTED.fullmatch(arrow)
    return None if nested is None else _nested(nested[1], nested[2])


def _nested(kind: str, inside: str) -> str | None:
    if kind == "list":
        item = _duckdb(canonical_type(re.sub(r"^(?:item|element): ", "", inside)))
        return None if item is None else f"{item}[]"
    parts = _parts(inside)
    if kind == "map":
        types = [duckdb_type(part) for part in parts]
        return f"MAP({types[0]}, {types[1]})" if len(types) == 2 and None not in types else None
    fields = []
    for part in parts:
        name, colon, written = part.partition(":")
        native = duckdb_type(written.strip())
        if not colon or native is None:
            return None
        quoted = name if re.fullmatch(r"[a-z_][a-z0-9_]*", name) else '"' + name.replace('"', '""') + '"'
        fields.append(f"{quoted} {native}")
    return f"STRUCT({', '.join(fields)})" if fields else None


def _parts(text: str) -> list[str]:
    """Splits at the commas outside brackets."""
    parts, depth, start = [], 0, 0
    for index, character in enumerate(text):
        depth += (character in "<([") - (character in ">)]")
        if character == "," and depth == 0:
            parts.append(text[start:index].strip())
            start = index + 1
    return [*parts, text[start:].strip()] if text[start:].strip() else parts
