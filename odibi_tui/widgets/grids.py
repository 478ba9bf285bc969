"""Grids: what a table on screen shows, cell by cell, whatever stands behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from rich.cells import cell_len
from rich.text import Text

from odibi_tui.widgets.cells import column_texts, full_text, is_numeric, visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

MAX_WIDTH = 40
_MEASURED_CELLS = 50_000
NULL = Text("null", style="dim italic")
NULL_RIGHT = Text("null", style="dim italic", justify="right")


class Grid(Protocol):
    """A table as the screen sees it; rows and columns count from 0."""

    @property
    def names(self) -> Sequence[str]:
        """The columns' names."""

    @property
    def row_count(self) -> int:
        """How many rows it shows."""

    def label(self, column: int) -> Text:
        """What stands over a column."""

    def width(self, column: int) -> int:
        """Cells the column's content takes."""

    def cell(self, row: int, column: int) -> Text:
        """What a cell shows, on one line."""

    def value(self, row: int, column: int) -> str:
        """All of the cell's value as text."""


class ArrowGrid:
    """An Arrow table, sorted by a column or filtered by a text without touching the data.

    Cells are made to text a column at a time, when the column is first seen: of a table of 500
    columns only those on screen cost anything.
    """

    def __init__(self, table: pa.Table) -> None:
        self._table = table
        self._numeric = [is_numeric(field.type) for field in table.schema]
        self._texts: dict[int, list[str | None]] = {}
        self._haystack: list[str] | None = None
        self._order: list[int] = list(range(table.num_rows))
        self._shown: list[int] = self._order
        self._filter = ""
        self._widths: dict[int, int] = {}
        self.sorted_by: tuple[int, bool] | None = None

    @property
    def names(self) -> Sequence[str]:
        """The columns' names."""
        return list(self._table.column_names)

    @property
    def row_count(self) -> int:
        """Rows that pass the filter."""
        return len(self._shown)

    @property
    def total(self) -> int:
        """Rows there are, filtered or not."""
        return int(self._table.num_rows)

    def label(self, column: int) -> Text:
        """The column's name and, where it is sorted by, the direction."""
        arrow = ""
        if self.sorted_by is not None and self.sorted_by[0] == column:
            arrow = " ▼" if self.sorted_by[1] else " ▲"
        justify: Any = "right" if self._numeric[column] else "left"
        return Text(visible(self._table.column_names[column]) + arrow, justify=justify, no_wrap=True)

    def width(self, column: int) -> int:
        """Measured on as many leading rows as is cheap for the number of columns."""
        if column not in self._widths:
            rows = max(20, _MEASURED_CELLS // max(1, self._table.num_columns))
            texts = column_texts(self._table.column(column).slice(0, rows))
            widest = max((4 if text is None else cell_len(text) for text in texts), default=0)
            name = cell_len(visible(self._table.column_names[column])) + 2  # room for the sort arrow
            self._widths[column] = min(MAX_WIDTH, max(widest, name))
        return self._widths[column]

    def cell(self, row: int, column: int) -> Text:
        """The text of a cell, to the right for numbers."""
        text = self._column(column)[self._shown[row]]
        if text is None:
            return NULL_RIGHT if self._numeric[column] else NULL
        return Text(text, justify="right" if self._numeric[column] else "left", no_wrap=True)

    def value(self, row: int, column: int) -> str:
        """All of the value, as `full_text` has it."""
        scalar = self._table.column(column)[self._shown[row]]
        try:
            return full_text(scalar.as_py())
        except (OverflowError, ValueError, ArithmeticError):
            return self._column(column)[self._shown[row]] or "null"

    def sort(self, column: int) -> None:
        """Sorts by a column: first ascending, then descending, then as it came."""
        import pyarrow as pa
        import pyarrow.compute as pc

        if self.sorted_by == (column, True):
            self.sorted_by, self._order = None, list(range(self.total))
        else:
            descending = self.sorted_by == (column, False)
            values = self._table.column(column)
            try:
                order = pc.sort_indices(
                    values, sort_keys=[("", "descending" if descending else "ascending")]
                ).to_pylist()
            except (pa.ArrowNotImplementedError, pa.ArrowTypeError):  # lists, structs: by their text
                texts = self._column(column)
                order = sorted(range(self.total), key=lambda i: (texts[i] is None, texts[i] or ""))
                if descending:
                    order.reverse()
            self.sorted_by, self._order = (column, descending), order
        self._apply()

    def filter(self, text: str) -> None:
        """Shows only rows with a cell that contains `text`, upper and lower case alike."""
        self._filter = text.casefold()
        self._apply()

    def _apply(self) -> None:
        if not self._filter:
            self._shown = self._order
            return
        if self._haystack is None:
            columns = [self._column(column) for column in range(self._table.num_columns)]
            self._haystack = [
                "\x00".join(text or "null" for text in row).casefold() for row in zip(*columns, strict=True)
            ]
        haystack = self._haystack
        self._shown = [row for row in self._order if self._filter in haystack[row]]

    def _column(self, column: int) -> list[str | None]:
        if column not in self._texts:
            self._texts[column] = column_texts(self._table.column(column))
        return self._texts[column]


class TextGrid:
    """A small table of texts that were made elsewhere; `right` names the columns that stand right."""

    def __init__(
        self, names: Sequence[str], rows: Sequence[Sequence[Text | str]], right: frozenset[int] = frozenset()
    ) -> None:
        self.names = list(names)
        self._rows = rows
        self._right = right
        self._widths = [
            min(
                MAX_WIDTH,
                max(
                    [
                        cell_len(name),
                        *(cell_len(_plain(row[i])) for row in rows[: _MEASURED_CELLS // max(1, len(names))]),
                    ]
                ),
            )
            for i, name in enumerate(names)
        ]

    @property
    def row_count(self) -> int:
        """How many rows there are."""
        return len(self._rows)

    def label(self, column: int) -> Text:
        """The column's name."""
        return Text(visible(self.names[column]), justify=self._justify(column), no_wrap=True)

    def width(self, column: int) -> int:
        """Measured on the rows given."""
        return self._widths[column]

    def cell(self, row: int, column: int) -> Text:
        """The cell as it was given."""
        cell = self._rows[row][column]
        if isinstance(cell, str):
            return Text(visible(cell), justify=self._justify(column), no_wrap=True)
        cell.justify = self._justify(column)
        return cell

    def value(self, row: int, column: int) -> str:
        """The cell's text."""
        return _plain(self._rows[row][column])

    def _justify(self, column: int) -> Any:
        return "right" if column in self._right else "left"


def _plain(cell: Text | str) -> str:
    return cell if isinstance(cell, str) else cell.plain
