"""When two cells, or two keys, are the same, as SQL of DuckDB: the rules of `diff_types`, for files."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from odibi_core.runs.diff_types import kind_of

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb.sqltypes import DuckDBPyType

_DIGITS = {
    "tinyint": 3, "utinyint": 3, "smallint": 5, "usmallint": 5, "integer": 10, "uinteger": 10,
    "bigint": 19, "ubigint": 20,
}  # fmt: skip
_EXACT_IN_DOUBLE = ("tinyint", "utinyint", "smallint", "usmallint", "integer", "uinteger")
_FLOATS = ("float", "double")
_TEXTS = ("varchar", "enum")
_MOMENTS = ("date", "timestamp", "timestamp_s", "timestamp_ms", "timestamp_ns")
_INSTANTS = ("timestamp with time zone", "timestamptz_ns")
_TIMES = ("time", "time_ns")
_LISTS = ("list", "array", "map")
_NESTED = (*_LISTS, "struct", "union")
_NANOSECONDS = {"s": 10**9, "ms": 10**6, "us": 1000, "ns": 1}
_WIDEST_DECIMAL = 38


class FileColumn(NamedTuple):
    """A column of a Parquet file: what Arrow calls its type, and what DuckDB makes of it."""

    name: str
    arrow: pa.DataType
    duck: DuckDBPyType


def same_cells(old: FileColumn, new: FileColumn, a: str, b: str, tolerance: float) -> str | None:
    """Returns SQL that says whether two cells are the same; None where such cells cannot be compared.

    Args:
        old: The column before.
        new: The column after.
        a: SQL of a cell before.
        b: SQL of a cell after.
        tolerance: Floats whose difference is at most this part of the larger one count as the same.
    """
    if "null" in (kind_of(old.arrow), kind_of(new.arrow)):
        return f"({a} IS NULL AND {b} IS NULL)"
    if kind_of(old.arrow) != kind_of(new.arrow) or _is_rounded(old) or _is_rounded(new):
        return None
    if kind_of(old.arrow) == "duration":
        return _same(*_durations(old, new, a, b))
    return _same_values(old.duck, new.duck, a, b, tolerance, 0)


def same_keys(old: FileColumn, new: FileColumn, a: str, b: str) -> tuple[str, str] | None:
    """Returns SQL of a key on either side, in one type that holds both; None where there is none.

    Where one side has floats and the other integers, `whole_check` must hold of the floats.
    """
    if kind_of(old.arrow) != kind_of(new.arrow) or _is_rounded(old) or _is_rounded(new):
        return None
    if kind_of(old.arrow) == "duration":
        return _durations(old, new, a, b)
    one, other = old.duck.id, new.duck.id
    if (one in _DIGITS and other in _FLOATS) or (one in _FLOATS and other in _DIGITS):
        kind = "HUGEINT" if "ubigint" in (one, other) else "BIGINT"
        return f"CAST({a} AS {kind})", f"CAST({b} AS {kind})"
    return _common(old.duck, new.duck, a, b)


def whole_check(old: FileColumn, new: FileColumn) -> tuple[bool, bool]:
    """Returns on which sides a key's floats must be whole, because the other side has integers."""
    one, other = old.duck.id, new.duck.id
    return (one in _FLOATS and other in _DIGITS, one in _DIGITS and other in _FLOATS)


def is_float(column: FileColumn) -> bool:
    """Whether a column has floats, of which NaN is no key."""
    return column.duck.id in _FLOATS


def _same(a: str, b: str) -> str:
    return f"({a} IS NOT DISTINCT FROM {b})"


def _is_rounded(column: FileColumn) -> bool:
    """Whether DuckDB reads the column as floats although it has more digits."""
    import pyarrow as pa

    return pa.types.is_decimal(column.arrow) and column.duck.id != "decimal"


def _durations(old: FileColumn, new: FileColumn, a: str, b: str) -> tuple[str, str]:
    """Returns both in one unit; DuckDB reads them as integers, the unit is only in Arrow's schema."""
    one, other = old.arrow.unit, new.arrow.unit
    if one == other:
        return a, b
    return f"(CAST({a} AS HUGEINT) * {_NANOSECONDS[one]})", f"(CAST({b} AS HUGEINT) * {_NANOSECONDS[other]})"


def _same_values(
    old: DuckDBPyType, new: DuckDBPyType, a: str, b: str, tolerance: float, depth: int
) -> str | None:
    one, other = old.id, new.id
    if one in _NESTED and str(old) == str(new) and not (tolerance and _holds_floats(old)):
        return _same(a, b)
    if one in _LISTS and other in _LISTS:
        return _same_lists(old, new, a, b, tolerance, depth)
    if one == other == "struct":
        return _same_structs(old, new, a, b, tolerance, depth)
    numbers = (*_DIGITS, *_FLOATS, "decimal")
    if one in numbers and other in numbers and {one, other} & set(_FLOATS):
        return _same_floats(one, other, a, b, tolerance)
    common = _common(old, new, a, b)
    return None if common is None else _same(*common)


def _holds_floats(kind: DuckDBPyType) -> bool:
    if kind.id not in _NESTED:
        return kind.id in _FLOATS
    return any(_holds_floats(child) for _, child in _children(kind))


def _children(kind: DuckDBPyType) -> list[tuple[str, DuckDBPyType]]:
    """Returns the types within a nested one, by name; an array's size is not one."""
    return [(name, child) for name, child in kind.children if isinstance(child, type(kind))]


def _same_floats(one: str, other: str, a: str, b: str, tolerance: float) -> str:
    if not tolerance:
        for kind, integer, other_kind, double in ((one, a, other, b), (other, b, one, a)):
            if other_kind in _FLOATS and kind in _DIGITS and kind not in _EXACT_IN_DOUBLE:
                equal = f"{double} = trunc({double}) AND TRY_CAST({double} AS HUGEINT) = {integer}"
                return f"coalesce({equal}, {a} IS NULL AND {b} IS NULL)"
    a, b = (side if kind == "double" else f"CAST({side} AS DOUBLE)" for kind, side in ((one, a), (other, b)))
    same = f"{a} IS NOT DISTINCT FROM {b}"
    if not tolerance:
        return f"({same})"
    near = f"abs({a} - {b}) <= {tolerance!r} * greatest(abs({a}), abs({b}))"
    finite = f"isfinite({a}) AND isfinite({b})"
    return f"(CASE WHEN {same} THEN true ELSE coalesce({finite} AND {near}, false) END)"


def _same_lists(
    old: DuckDBPyType, new: DuckDBPyType, a: str, b: str, tolerance: float, depth: int
) -> str | None:
    if (old.id == "map") != (new.id == "map"):
        return None
    if old.id == "map":
        a, b = f"map_entries({a})", f"map_entries({b})"
        parts = [
            _same_values(x[1], y[1], f"p{depth}[1].{x[0]}", f"p{depth}[2].{x[0]}", tolerance, depth + 1)
            for x, y in zip(_children(old), _children(new), strict=True)
        ]
        inner = None if None in parts else f"({' AND '.join(part for part in parts if part)})"
    else:
        x, y = _children(old)[0][1], _children(new)[0][1]
        inner = _same_values(x, y, f"p{depth}[1]", f"p{depth}[2]", tolerance, depth + 1)
    if inner is None:
        return None
    pairs = f"list_transform(list_zip({a}, {b}), lambda p{depth}: {inner})"
    return (
        f"(CASE WHEN {a} IS NULL OR {b} IS NULL THEN {a} IS NULL AND {b} IS NULL"
        f" WHEN len({a}) <> len({b}) THEN false ELSE coalesce(list_bool_and({pairs}), true) END)"
    )


def _same_structs(
    old: DuckDBPyType, new: DuckDBPyType, a: str, b: str, tolerance: float, depth: int
) -> str | None:
    fields, others = dict(_children(old)), dict(_children(new))
    both_null = f"{a} IS NULL AND {b} IS NULL"
    if fields.keys() != others.keys():
        return f"({both_null})"
    parts: list[str] = []
    for name, kind in fields.items():
        field = "'" + name.replace("'", "''") + "'"
        inner = _same_values(
            kind,
            others[name],
            f"struct_extract({a}, {field})",
            f"struct_extract({b}, {field})",
            tolerance,
            depth,
        )
        if inner is None:
            return None
        parts.append(inner)
    either_null = f"{a} IS NULL OR {b} IS NULL"
    return f"(CASE WHEN {either_null} THEN {both_null} ELSE {' AND '.join(parts) or 'true'} END)"


def _common(old: DuckDBPyType, new: DuckDBPyType, a: str, b: str) -> tuple[str, str] | None:
    """Returns both in one type that holds every value of each exactly, or None if there is none."""
    one, other = old.id, new.id
    if one in _NESTED or one == "null":
        return None
    if str(old) == str(new):
        return a, b
    if one in _DIGITS and other in _DIGITS:
        kind = "HUGEINT" if "ubigint" in (one, other) else "BIGINT"
        return f"CAST({a} AS {kind})", f"CAST({b} AS {kind})"
    if one in _FLOATS and other in _FLOATS:
        return f"CAST({a} AS DOUBLE)", f"CAST({b} AS DOUBLE)"
    if one in (*_DIGITS, "decimal") and other in (*_DIGITS, "decimal"):
        return _common_decimals(old, new, a, b)
    if one in _TEXTS and other in _TEXTS:
        return f"CAST({a} AS VARCHAR)", f"CAST({b} AS VARCHAR)"
    if one in _TIMES and other in _TIMES:
        return f"CAST({a} AS TIME_NS)", f"CAST({b} AS TIME_NS)"
    for group in (_MOMENTS, _INSTANTS):
        if one in group and other in group:
            return _nanoseconds(one, a), _nanoseconds(other, b)
    return None


def _common_decimals(old: DuckDBPyType, new: DuckDBPyType, a: str, b: str) -> tuple[str, str] | None:
    scales, before_point = [], []
    for kind in (old, new):
        precision, scale = _DIGITS.get(kind.id, 0), 0
        if kind.id == "decimal":
            precision, scale = (int(str(value)) for _, value in kind.children)
        scales.append(scale)
        before_point.append(precision - scale)
    precision, scale = max(before_point) + max(scales), max(scales)
    if precision > _WIDEST_DECIMAL:
        return None
    return f"CAST({a} AS DECIMAL({precision}, {scale}))", f"CAST({b} AS DECIMAL({precision}, {scale}))"


def _nanoseconds(kind: str, value: str) -> str:
    if kind == "date":
        return f"(CAST(date_diff('day', DATE '1970-01-01', {value}) AS HUGEINT) * 86400000000000)"
    if kind in ("timestamp_ns", "timestamptz_ns"):
        return f"CAST(epoch_ns({value}) AS HUGEINT)"
    return f"(CAST(epoch_us({value}) AS HUGEINT) * 1000)"
