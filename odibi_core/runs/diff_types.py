"""Two columns made comparable: the same Arrow type for values that mean the same."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

_UNITS = ("s", "ms", "us", "ns")
_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_EXACT_IN_DOUBLE = 2.0**53


def kind_of(kind: pa.DataType) -> str:
    """Returns what sort of values a type holds; values of different sorts are never compared."""
    import pyarrow as pa

    types = pa.types
    if types.is_dictionary(kind):
        return kind_of(kind.value_type)
    if isinstance(kind, pa.BaseExtensionType):
        return kind_of(kind.storage_type)
    if types.is_timestamp(kind):
        return "instant" if kind.tz is not None else "time of day and date"
    for sort, tests in {
        "null": (types.is_null,),
        "boolean": (types.is_boolean,),
        "number": (types.is_integer, types.is_floating, types.is_decimal),
        "text": (types.is_string, types.is_large_string, types.is_string_view),
        "binary": (
            types.is_binary,
            types.is_large_binary,
            types.is_binary_view,
            types.is_fixed_size_binary,
        ),
        "time of day and date": (types.is_date,),
        "time of day": (types.is_time,),
        "duration": (types.is_duration,),
        "list": (types.is_list, types.is_large_list, types.is_fixed_size_list),
        "struct": (types.is_struct,),
        "map": (types.is_map,),
    }.items():
        if any(test(kind) for test in tests):
            return sort
    return str(kind)


def plain_table(table: pa.Table) -> pa.Table:
    """Returns a table without the types that Arrow itself cannot take rows from or compare."""
    import pyarrow as pa
    import pyarrow.compute as pc

    columns = table.columns
    for i, column in enumerate(columns):
        kind = column.type
        if pa.types.is_run_end_encoded(kind):
            column = pa.chunked_array([pc.run_end_decode(chunk) for chunk in column.chunks], kind.value_type)
            kind = column.type
        if pa.types.is_string_view(kind):
            column = column.cast(pa.large_string())
        elif pa.types.is_binary_view(kind):
            column = column.cast(pa.large_binary())
        elif pa.types.is_float16(kind):
            column = column.cast(pa.float32())
        columns[i] = column
    return pa.table(columns, names=table.column_names)


def unwrapped(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Returns a column without what is only its storage: dictionaries, extension types, short offsets."""
    import pyarrow as pa

    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        stored = pa.chunked_array([chunk.storage for chunk in column.chunks], kind.storage_type)
        return unwrapped(stored)
    if pa.types.is_dictionary(kind):
        return unwrapped(column.cast(kind.value_type))
    sort = kind_of(kind)
    if sort == "text":
        return column.cast(pa.large_string())
    if sort == "binary":
        return column.cast(pa.large_binary())
    return column


def common_columns(
    before: pa.ChunkedArray, after: pa.ChunkedArray
) -> tuple[pa.ChunkedArray, pa.ChunkedArray] | None:
    """Returns both columns in one type that holds every value of each exactly, or None if there is none."""
    import pyarrow as pa

    old, new = unwrapped(before), unwrapped(after)
    if old.type == new.type:
        return old, new
    nothing = pa.types.is_null(old.type), pa.types.is_null(new.type)
    targets = _targets(old.type, new.type) if not any(nothing) else [new.type if nothing[0] else old.type]
    for target in targets:
        try:
            return old.cast(target), new.cast(target)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            continue
    return None


def integral(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Returns a key column of floats that are all whole as integers; that is what pandas makes of gaps."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_floating(column.type) or len(column) == 0:
        return column
    largest = pc.max(pc.abs(column)).as_py()
    if largest is None or not largest <= _EXACT_IN_DOUBLE:
        return column
    try:
        return column.cast(pa.int64())
    except pa.ArrowInvalid:  # a fraction
        return column


def _targets(old: pa.DataType, new: pa.DataType) -> list[pa.DataType]:
    """Returns types to try for both, the best first."""
    import pyarrow as pa

    types = pa.types
    sort = kind_of(old)
    if sort != kind_of(new):
        return []
    if sort == "number":
        if types.is_integer(old) and types.is_integer(new):
            return [pa.int64(), pa.decimal128(20, 0)]
        if types.is_floating(old) or types.is_floating(new):
            if types.is_decimal(old) or types.is_decimal(new):
                return []  # what is exact in one is not in the other
            return [pa.float64()]
        scale = max(kind.scale if types.is_decimal(kind) else 0 for kind in (old, new))
        return [pa.decimal128(38, min(scale, 38)), pa.decimal256(76, min(scale, 76))]
    if sort in ("instant", "time of day and date", "duration"):
        unit = _finest(old, new)
        if sort == "duration":
            return [pa.duration(unit)]
        return [pa.timestamp(unit, "UTC" if sort == "instant" else None)]
    if sort == "time of day":
        return [pa.time64("ns")]
    return []


def _finest(*kinds: pa.DataType) -> str:
    return max((_unit(kind) for kind in kinds), key=_UNITS.index)


def _unit(kind: pa.DataType) -> str:
    import pyarrow as pa

    if pa.types.is_date32(kind):
        return "s"
    return "ms" if pa.types.is_date64(kind) else str(kind.unit)


def python_values(column: pa.ChunkedArray) -> list[Any]:
    """Returns a column's cells as Python values that compare exactly; times as seconds."""
    import pyarrow as pa

    column = unwrapped(column)
    sort = kind_of(column.type)
    if sort in ("instant", "time of day and date", "duration"):
        unit = _unit(column.type)
        if pa.types.is_date(column.type):
            column = column.cast(pa.timestamp(unit))
        per_second = _PER_SECOND[unit]
        counts = column.cast(pa.int64()).to_pylist()
        return [None if count is None else Decimal(count) / per_second for count in counts]
    cells: list[Any] = column.to_pylist()
    return cells


def same_value(old: Any, new: Any, tolerance: float) -> bool:
    """Whether two cells are the same, nested ones throughout; None is the same as None, NaN as NaN."""
    if old is None or new is None:
        return old is new
    if isinstance(old, (list, tuple)) and isinstance(new, (list, tuple)):
        return len(old) == len(new) and all(
            same_value(a, b, tolerance) for a, b in zip(old, new, strict=True)
        )
    if isinstance(old, dict) and isinstance(new, dict):
        return old.keys() == new.keys() and all(same_value(v, new[k], tolerance) for k, v in old.items())
    if isinstance(old, float) or isinstance(new, float):
        return _same_float(old, new, tolerance)
    return bool(old == new)


def _same_float(old: Any, new: Any, tolerance: float) -> bool:
    if isinstance(old, Decimal) or isinstance(new, Decimal):
        old, new = float(old), float(new)  # a double cannot be told apart more finely
    if old == new:
        return True
    if old != old and new != new:
        return True
    if not tolerance or not (math.isfinite(old) and math.isfinite(new)):
        return False
    return math.isclose(old, new, rel_tol=tolerance)
