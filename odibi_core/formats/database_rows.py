"""Rows of a database driver as an Arrow table, and values as drivers take them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa

    from odibi_core.formats.base import Frame


def frame_of_rows(
    names: Sequence[str], rows: Sequence[Sequence[Any]], declared: Sequence[pa.DataType | None] | None = None
) -> Frame:
    """Returns rows as an Arrow table, or as a pandas frame where a column mixes types.

    Args:
        names: The columns; a name that stands twice gets a number.
        rows: The values.
        declared: The types the database declares, taken where the values fit them.
    """
    import pyarrow as pa

    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    arrays: list[Any] = []
    mixed = False
    for index, values in enumerate(columns):
        wanted = declared[index] if declared is not None else None
        try:
            arrays.append(_array(values, wanted))
        except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
            arrays.append(list(values))
            mixed = True
    unique = _unique(names)
    if not mixed:
        return pa.table(arrays, names=unique)
    import pandas as pd

    return pd.DataFrame(
        {
            name: pd.Series(values, dtype=object) if isinstance(values, list) else values.to_pandas()
            for name, values in zip(unique, arrays, strict=True)
        }
    )


def plain_rows(table: pa.Table) -> Iterator[list[tuple[Any, ...]]]:
    """Yields the rows of a table in batches, as values that every driver takes: nested ones as JSON text."""
    import pyarrow.types as t

    nested = [
        t.is_nested(dtype) or t.is_map(dtype) or t.is_duration(dtype) or t.is_interval(dtype)
        for dtype in table.schema.types
    ]
    for batch in table.to_batches(max_chunksize=10_000):
        columns = [
            [_plain(value) for value in column.to_pylist()] if is_nested else column.to_pylist()
            for column, is_nested in zip(batch.columns, nested, strict=True)
        ]
        yield list(zip(*columns, strict=True)) if columns else []


def _array(values: Sequence[Any], wanted: pa.DataType | None) -> pa.Array:
    import pyarrow as pa

    if wanted is None:
        return pa.array(values)
    try:
        return _as_declared(values, wanted)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        return pa.array(values)  # SQLite, for one, holds other values than it declares


def _as_declared(values: Sequence[Any], wanted: pa.DataType) -> pa.Array:
    import pyarrow as pa
    import pyarrow.types as t

    if t.is_boolean(wanted):
        if any(value not in (0, 1, None) for value in values):
            raise pa.ArrowInvalid("not a boolean")
        return pa.array([None if value is None else bool(value) for value in values], wanted)
    if (t.is_timestamp(wanted) or t.is_date(wanted)) and any(isinstance(value, str) for value in values):
        texts = pa.array(values, pa.string())
        if t.is_date(wanted):
            return texts.cast(pa.date32())
        zoned = any(value is not None and _has_zone(value) for value in values)
        return texts.cast(pa.timestamp("us", "UTC") if zoned else pa.timestamp("us"))
    return pa.array(values, wanted)


def _has_zone(text: str) -> bool:
    return text.endswith("Z") or "+" in text[10:] or "-" in text[10:]


def _plain(value: Any) -> Any:
    if value is None:
        return None
    if hasattr(value, "total_seconds"):
        return round(value.total_seconds() * 1_000_000)
    return json.dumps(value, default=str, ensure_ascii=False)


def _unique(names: Sequence[str]) -> list[str]:
    seen: set[str] = set()
    found = []
    for name in names:
        candidate, number = name, 1
        while candidate in seen:
            candidate, number = f"{name}_{number}", number + 1
        seen.add(candidate)
        found.append(candidate)
    return found
