"""What is known of a dataset without looking at it again: rows, columns, and a sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from odibi_core.journal.values import json_row

if TYPE_CHECKING:
    from odibi_core.engine.base_context import EngineContext
    from odibi_core.journal.events import ColumnInfo

SAMPLE_ROWS = 5
CELL_LENGTH = 1_000  # a sample is for reading; a cell of megabytes is cut


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
        sample = context.collect_sample(frame, n=SAMPLE_ROWS)
        return cls(
            rows=context.row_count(frame),
            columns=tuple(context.columns(frame)),
            sample=tuple(_short(json_row(row)) for row in rows_of(sample)),
        )


def rows_of(frame: Any) -> list[dict[str, Any]]:
    """Returns the rows of a small pandas frame, keeping apart columns that share a name."""
    names: list[str] = []
    for column in map(str, frame.columns):
        name, number = column, 1
        while name in names:
            number += 1
            name = f"{column}_{number}"
        names.append(name)
    columns = [frame.iloc[:, index].tolist() for index in range(len(names))]
    return [dict(zip(names, cells, strict=True)) for cells in zip(*columns, strict=True)]


def _short(row: dict[str, Any]) -> dict[str, Any]:
    return {
        column: cell[:CELL_LENGTH] + "…" if isinstance(cell, str) and len(cell) > CELL_LENGTH else cell
        for column, cell in row.items()
    }
