"""GridTable: a scrolling table with a cell cursor over a `Grid`.

Loads pyarrow; import it when the first data is to be shown, never at start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import Binding, BindingType
from textual.coordinate import Coordinate
from textual.message import Message
from textual_fastdatatable.data_table import DataTable

from odibi_tui.widgets.grids import MAX_WIDTH, Grid, TextGrid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.text import Text


class _GridBackend:
    """What the table asks of its data, answered by a grid."""

    render_markup = False

    def __init__(self, grid: Grid) -> None:
        self.grid = grid

    @property
    def columns(self) -> Sequence[str]:
        return self.grid.names

    @property
    def column_count(self) -> int:
        return len(self.grid.names)

    @property
    def row_count(self) -> int:
        return self.grid.row_count

    source_row_count = row_count

    @property
    def column_content_widths(self) -> list[int]:
        return [self.grid.width(column) for column in range(self.column_count)]

    def get_cell_at(self, row_index: int, column_index: int) -> Text:
        return self.grid.cell(row_index, column_index)

    def get_row_at(self, index: int) -> list[Text]:
        return [self.grid.cell(index, column) for column in range(self.column_count)]


class GridTable(DataTable, inherit_bindings=False):  # type: ignore[misc,call-arg]  # untyped package
    """A table of cells that are shown as they are, never as markup.

    Keys: arrows, page up and down, home and end (rows), ctrl+left and ctrl+right (columns); enter
    on a cell posts `DataTable.CellSelected`.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select_cursor", "full value", show=False),
        Binding("up,k", "cursor_up", "up", show=False),
        Binding("down,j", "cursor_down", "down", show=False),
        Binding("right,l", "cursor_right", "right", show=False),
        Binding("left,h", "cursor_left", "left", show=False),
        Binding("pageup", "page_up", "page up", show=False),
        Binding("pagedown", "page_down", "page down", show=False),
        Binding("home,g", "scroll_home", "first", show=False),
        Binding("end,G", "scroll_end", "last", show=False),
        Binding("ctrl+left", "cursor_row_start", "first column", show=False),
        Binding("ctrl+right", "cursor_row_end", "last column", show=False),
    ]
    DEFAULT_CSS = "GridTable { height: 1fr; max-height: 100%; background: transparent; overflow: auto auto; }"

    class Resized(Message):
        """Other rows are in sight, without a key having been pressed."""

    def __init__(self, **kwargs: Any) -> None:
        self.grid: Grid = TextGrid([], [])
        super().__init__(
            backend=_GridBackend(self.grid),
            column_labels=[],
            column_widths=[],
            max_column_content_width=MAX_WIDTH,
            cursor_background_priority="css",
            render_markup=False,
            **kwargs,
        )

    def on_resize(self) -> None:
        """Tells that other rows are in sight."""
        self.post_message(self.Resized())

    def show(self, grid: Grid, *, keep_place: bool = False) -> None:
        """Shows another grid, from its first cell unless `keep_place`."""
        self.grid = grid
        columns = range(len(grid.names))
        self.backend = _GridBackend(grid)
        self._column_labels = [grid.label(column) for column in columns]
        self._column_widths = [max(1, grid.width(column)) for column in columns]
        self._ordered_columns = None
        self._update_count += 1
        self._clear_caches()
        self._require_update_dimensions = True
        if keep_place:
            self.cursor_coordinate = Coordinate(
                self.cursor_row, self.cursor_column
            )  # is held inside the new bounds
        else:
            self.cursor_coordinate = Coordinate(0, 0)
            self.scroll_home(animate=False)
        self.refresh()
        self.check_idle()

    def move_to_column(self, name: str) -> bool:
        """Moves the cursor to the column of that name; says whether there is one."""
        names = list(self.grid.names)
        if name not in names:
            return False
        self.move_cursor(column=names.index(name))
        return True

    @property
    def visible_rows(self) -> tuple[int, int]:
        """First and last row in sight, from 1; (0, 0) when there are none."""
        count = self.grid.row_count
        if count == 0:
            return (0, 0)
        first = min(int(self.scroll_y), count - 1)
        height = max(1, self.size.height - 1)
        return (first + 1, min(count, first + height))
