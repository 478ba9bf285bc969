"""Which cells of rows that are on both sides differ, column by column."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from odibi_core.formats.arrow import type_name
from odibi_core.runs.diff_types import common_columns, kind_of, python_values, same_value

if TYPE_CHECKING:
    import pyarrow as pa

    from odibi_core.runs.diff_keys import Key


def differing_cells(
    before: pa.Table,
    after: pa.Table,
    key: Key,
    matched: tuple[list[int], list[int]],
    tolerance: float,
) -> tuple[dict[str, list[int]], dict[str, str]]:
    """Returns, by column, which of the matched pairs differ in it; and the columns not compared."""
    import pyarrow as pa

    differing: dict[str, list[int]] = {}
    not_compared: dict[str, str] = {}
    olds, news = pa.array(matched[0], pa.int64()), pa.array(matched[1], pa.int64())
    counts = Counter(before.column_names), Counter(after.column_names)
    for name in dict.fromkeys(after.column_names):
        if name in key.columns or not counts[0][name]:
            continue
        if counts[0][name] > 1 or counts[1][name] > 1:
            not_compared[name] = "several columns have this name"
            continue
        old, new = before.column(name), after.column(name)
        sorts = {kind_of(old.type), kind_of(new.type)} - {"null"}
        if len(sorts) > 1:
            not_compared[name] = f"its type changed from {type_name(old.type)} to {type_name(new.type)}"
            continue
        differing[name] = _differing_places(old.take(olds), new.take(news), tolerance)
    return differing, not_compared


def _differing_places(old: pa.ChunkedArray, new: pa.ChunkedArray, tolerance: float) -> list[int]:
    import pyarrow as pa
    import pyarrow.compute as pc

    sides = common_columns(old, new)
    if sides is None or pa.types.is_nested(sides[0].type):
        return _differing_in_python(old, new, tolerance)
    a, b = sides
    if pa.types.is_null(a.type):
        return []
    try:
        differs = pc.fill_null(pc.not_equal(a, b), False)
    except pa.ArrowNotImplementedError:  # intervals
        return _differing_in_python(old, new, tolerance)
    if pa.types.is_floating(a.type):
        differs = pc.and_not(differs, pc.fill_null(pc.and_(pc.is_nan(a), pc.is_nan(b)), False))
        if tolerance:
            differs = pc.and_not(differs, pc.fill_null(_close(a, b, tolerance), False))
    differs = pc.or_(differs, pc.xor(pc.is_null(a), pc.is_null(b)))
    places: list[int] = pc.indices_nonzero(differs).to_pylist()
    return places


def _differing_in_python(old: pa.ChunkedArray, new: pa.ChunkedArray, tolerance: float) -> list[int]:
    pairs = zip(python_values(old), python_values(new), strict=True)
    return [i for i, (a, b) in enumerate(pairs) if not same_value(a, b, tolerance)]


def _close(a: pa.ChunkedArray, b: pa.ChunkedArray, tolerance: float) -> pa.ChunkedArray:
    import pyarrow as pa
    import pyarrow.compute as pc

    a, b = a.cast(pa.float64()), b.cast(pa.float64())
    largest = pc.max_element_wise(pc.abs(a), pc.abs(b))
    allowed = pc.multiply(largest, tolerance)
    finite = pc.and_(pc.is_finite(a), pc.is_finite(b))
    return pc.and_(finite, pc.less_equal(pc.abs(pc.subtract(a, b)), allowed))
