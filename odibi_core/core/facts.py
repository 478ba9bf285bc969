"""What is known of a dataset without looking at it again: rows, columns, and a sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import msgspec

from odibi_core.journal.values import json_row

if TYPE_CHECKING:
    import pandas as pd

    from odibi_core.engine.base_context import EngineContext
    from odibi_core.journal.events import ColumnInfo

SAMPLE_ROWS = 5
CELL_LENGTH = 1_000  # characters: a sample is for reading; a cell of megabytes is cut
NESTED_LENGTH = 10_000  # bytes of JSON, beyond which a nested cell is shown as the start of its text


@dataclass(frozen=True, slots=True)
class Facts:
    """Rows (None where counting would cost a pass), columns, and up to 5 rows as JSON."""

    rows: int | None
    columns: tuple[ColumnInfo, ...]
    sample: tuple[dict[str, Any], ...]

    @classmethod
    def of(cls, frame: Any, context: EngineContext) -> Self:
        """Asks the engine."""
        if not context.is_frame(frame):
            frame = context.adopt(frame)
        # The sample first: of a lazy frame, taking it may tell how many rows there are.
        sample = tuple(_short(json_row(row)) for row in _sample(frame, context))
        return cls(context.row_count(frame), tuple(context.columns(frame)), sample)


def _sample(frame: Any, context: EngineContext) -> list[dict[str, Any]]:
    collect = type(context).collect_sample
    if context.name == "duckdb" and collect.__module__ == "odibi_core.engine.duckdb_context":
        # What `collect_sample` makes pandas of; making it costs three times as much as fetching it.
        table = context.to_arrow(frame, limit=SAMPLE_ROWS)
        cells = [column.to_pylist() for column in table.columns]
        return _rows(table.column_names, cells)
    return rows_of(context.collect_sample(frame, n=SAMPLE_ROWS))


def rows_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Returns the rows of a small pandas frame, keeping apart columns that share a name."""
    return _rows(list(map(str, frame.columns)), [frame.iloc[:, i].tolist() for i in range(frame.shape[1])])


def _rows(names: list[str], columns: list[list[Any]]) -> list[dict[str, Any]]:
    if len(set(names)) != len(names):
        for index, name in enumerate(names):
            number = names[:index].count(name)
            if number:
                names = [*names[:index], f"{name}_{number + 1}", *names[index + 1 :]]
    return [dict(zip(names, cells, strict=True)) for cells in zip(*columns, strict=True)]


def _short(row: dict[str, Any]) -> dict[str, Any]:
    return {
        column: _short_cell(cell) if isinstance(cell, (str, list, dict)) else cell
        for column, cell in row.items()
    }


def _short_cell(cell: Any) -> Any:
    if isinstance(cell, str):
        return cell if len(cell) <= CELL_LENGTH else cell[:CELL_LENGTH] + "…"
    text = msgspec.json.encode(cell)
    if len(text) <= NESTED_LENGTH:
        return cell
    return text[:CELL_LENGTH].decode("utf-8", "ignore") + "…"
