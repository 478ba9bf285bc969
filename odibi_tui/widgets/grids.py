"""Grids: what a table on screen shows, cell by cell, whatever stands behind it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from rich.text import Text

from odibi_tui.widgets.cells import column_texts, full_text, is_numeric, visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

MAX_WIDTH = 40
_MEASURED_CELLS = 50_000


class Grid(ABC):
    """A table as the screen sees it: rows and columns from 0, sorted or filtered without touching the data.

    Attributes:
        names: The columns' names.
        total: How many rows there are, filtered or not.
        sorted_by: The column it is sorted by, and whether the largest come first.
        wanted: The text that rows must contain, empty for all rows.
    """

    def __init__(self, names: Sequence[str], total: int) -> None:
        self.names = list(names)
        self.total = total
        self.sorted_by: tuple[int, bool] | None = None
        self.wanted = ""
        self._order = list(range(total))
        self._shown = self._order
        self._words: list[str] | None = None

    @property
    def row_count(self) -> int:
        """Rows that pass the filter."""
        return len(self._shown)

    def label(self, column: int) -> Text:
        """What stands over a column: its name and, where it is sorted by it, the direction."""
        arrow = ""
        if self.sorted_by is not None and self.sorted_by[0] == column:
            arrow = " ▼" if self.sorted_by[1] else " ▲"
        return Text(visible(self.names[column]) + arrow, justify=self._justify(column), no_wrap=True)

    def cell(self, row: int, column: int) -> Text:
        """What a cell shows, on one line."""
        text = self._cell(self._shown[row], column)
        text.justify, text.no_wrap = self._justify(column), True
        return text

    def value(self, row: int, column: int) -> str:
        """All of a cell's value as text."""
        return self._value(self._shown[row], column)

    def sort(self, column: int) -> None:
        """Sorts by a column: first ascending, then descending, then as it came."""
        if self.sorted_by == (column, True):
            self.sorted_by, self._order = None, list(range(self.total))
        else:
            descending = self.sorted_by == (column, False)
            self.sorted_by, self._order = (column, descending), self._sorted(column, descending)
        self._apply()

    def filter(self, text: str) -> None:
        """Shows only rows with a cell that contains `text`, upper and lower case alike."""
        self.wanted = text.strip()
        self._apply()

    def _apply(self) -> None:
        wanted = self.wanted.casefold()
        if not wanted:
            self._shown = self._order
            return
        if self._words is None:
            self._words = ["\x00".join(row).casefold() for row in self._rows_of_text()]
        words = self._words
        self._shown = [row for row in self._order if wanted in words[row]]

    @abstractmethod
    def width(self, column: int) -> int:
        """Cells the column's content takes."""

    @abstractmethod
    def _justify(self, column: int) -> Any: ...

    @abstractmethod
    def _cell(self, row: int, column: int) -> Text: ...

    @abstractmethod
    def _value(self, row: int, column: int) -> str: ...

    @abstractmethod
    def _sorted(self, column: int, descending: bool) -> list[int]: ...

    @abstractmethod
    def _rows_of_text(self) -> Sequence[Sequence[str]]: ...


class ArrowGrid(Grid):
    """An Arrow table. Cells are made to text a column at a time, when the column is first seen."""

    def __init__(self, table: pa.Table) -> None:
        super().__init__(table.column_names, table.num_rows)
        self._table = table
        self._numeric = [is_numeric(field.type) for field in table.schema]
        self._texts: dict[int, list[str | None]] = {}
        self._widths: dict[int, int] = {}

    def width(self, column: int) -> int:
        """Measured on as many leading rows as is cheap for the number of columns."""
        if column not in self._widths:
            rows = max(20, _MEASURED_CELLS // max(1, len(self.names)))
            texts = column_texts(self._table.column(column).slice(0, rows))
            widest = max((4 if text is None else cell_len(text) for text in texts), default=0)
            name = cell_len(visible(self.names[column])) + 2  # room for the sign of sorting
            self._widths[column] = min(MAX_WIDTH, max(widest, name))
        return self._widths[column]

    def _justify(self, column: int) -> Any:
        return "right" if self._numeric[column] else "left"

    def _cell(self, row: int, column: int) -> Text:
        text = self._column(column)[row]
        return Text("null", style="dim italic") if text is None else Text(text)

    def _value(self, row: int, column: int) -> str:
        try:
            return full_text(self._table.column(column)[row].as_py())
        except (OverflowError, ValueError, ArithmeticError):  # outside of what Python's types hold
            return self._column(column)[row] or "null"

    def _sorted(self, column: int, descending: bool) -> list[int]:
        import pyarrow as pa
        import pyarrow.compute as pc

        direction = "descending" if descending else "ascending"
        try:
            order: list[int] = pc.sort_indices(
                self._table.column(column), sort_keys=[("", direction)]
            ).to_pylist()
        except (pa.ArrowNotImplementedError, pa.ArrowTypeError):  # lists, structs: by their text
            texts = self._column(column)
            present = [i for i in range(self.total) if texts[i] is not None]
            present.sort(key=lambda i: texts[i] or "", reverse=descending)
            order = present + [i for i in range(self.total) if texts[i] is None]
        return order

    def _rows_of_text(self) -> Sequence[Sequence[str]]:
        columns = [[text or "null" for text in self._column(i)] for i in range(len(self.names))]
        return list(zip(*columns, strict=True))

    def _column(self, column: int) -> list[str | None]:
        if column not in self._texts:
            self._texts[column] = column_texts(self._table.column(column))
        return self._texts[column]


class TextGrid(Grid):
    """A table of texts that were made elsewhere; `right` holds the columns that stand right."""

    def __init__(
        self, names: Sequence[str], rows: Sequence[Sequence[Text | str]], right: frozenset[int] = frozenset()
    ) -> None:
        super().__init__(names, len(rows))
        self._rows = rows
        self._right = right
        measured = rows[: max(20, _MEASURED_CELLS // max(1, len(names)))]
        self._widths = [
            min(
                MAX_WIDTH,
                max([cell_len(name) + (2 if name else 0), *(cell_len(_plain(r[i])) for r in measured)]),
            )
            for i, name in enumerate(names)
        ]

    def width(self, column: int) -> int:
        """Measured on the rows given."""
        return self._widths[column]

    def _justify(self, column: int) -> Any:
        return "right" if column in self._right else "left"

    def _cell(self, row: int, column: int) -> Text:
        cell = self._rows[row][column]
        return Text(visible(cell)) if isinstance(cell, str) else cell

    def _value(self, row: int, column: int) -> str:
        return _plain(self._rows[row][column])

    def _sorted(self, column: int, descending: bool) -> list[int]:
        keys = [_sort_key(_plain(row[column])) for row in self._rows]
        present = [i for i, key in enumerate(keys) if key is not None]
        present.sort(key=lambda i: keys[i] or (), reverse=descending)
        return present + [i for i, key in enumerate(keys) if key is None]

    def _rows_of_text(self) -> Sequence[Sequence[str]]:
        return [[_plain(cell) for cell in row] for row in self._rows]


def _plain(cell: Text | str) -> str:
    return cell if isinstance(cell, str) else cell.plain


def _sort_key(text: str) -> tuple[Any, ...] | None:
    """Numbers, however they are written, sort as numbers and before words; what is not known comes last."""
    if text in ("", "–", "null"):
        return None
    try:
        return (0, float(text.replace(",", "").lstrip("≈~")), "")
    except ValueError:
        return (1, 0.0, text.casefold())
