"""Statistics of the columns of a table that is at hand, as rows to show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from odibi_core.journal.schema_diff import canonical_type
from odibi_tui.widgets.cells import column_texts

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

NAMES = ("column", "type", "native", "nulls", "distinct", "min", "max")
RIGHT = frozenset({3, 4})


def column_stats(table: pa.Table, native: Mapping[str, str | None]) -> list[list[str]]:
    """Returns a row a column: name, type, the engine's own type, nulls, distinct values, smallest, largest.

    Args:
        table: The rows that are kept; nothing is said of others.
        native: The engine's own name of each column's type, where known.
    """
    return [
        [
            name,
            canonical_type(str(table.schema.field(index).type)),
            native.get(name) or "–",
            f"{table.column(index).null_count:,}",
            *_values(table.column(index)),
        ]
        for index, name in enumerate(table.column_names)
    ]


def _values(column: pa.ChunkedArray) -> list[str]:
    import pyarrow as pa
    import pyarrow.compute as pc

    if len(column) == column.null_count:
        return ["0", "–", "–"]
    try:
        distinct = f"{pc.count_distinct(column, mode='only_valid').as_py():,}"
    except pa.ArrowNotImplementedError:  # lists and structs: by their text
        distinct = f"{len({text for text in column_texts(column) if text is not None}):,}"
    return [distinct, *_extremes(column)]


def _extremes(column: pa.ChunkedArray) -> list[str]:
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        found: Any = pc.min_max(column)
        ends = pa.chunked_array([pa.array([found["min"], found["max"]], column.type)])
    except (pa.ArrowNotImplementedError, pa.ArrowTypeError, pa.ArrowInvalid):  # no order among these
        return ["–", "–"]
    return [text if text is not None else "–" for text in column_texts(ends)]
