"""Data mode: what came into the selected step, what came out, what changed between, and its columns.

Keys: `[` and `]` turn the tabs, `s` sorts by the column under the cursor, `c` goes to a column, `/` filters
rows, enter shows a value whole, `y` copies it.
Data: the run on screen (`session.record`), live or past: the rows it keeps (up to 1,000 of each dataset),
else the samples in its log.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from rich.style import Style
from textual.binding import Binding, BindingType
from textual.cache import LRUCache
from textual.containers import Container
from textual.widgets import Input, Static

from odibi_core.errors import OdibiError
from odibi_tui.commands import show_command
from odibi_tui.data_tabs import Content, Tab, fill, foot_of, labels_of, tabs_of, why_empty
from odibi_tui.screens.pane import ModePane
from odibi_tui.screens.picker import PickScreen
from odibi_tui.screens.run import of_other
from odibi_tui.screens.viewer import TextScreen
from odibi_tui.session import Change
from odibi_tui.step_data import datasets_of
from odibi_tui.widgets.lines import tone_style
from odibi_tui.widgets.note_line import NoteLine
from odibi_tui.widgets.steps_side import FilterInput
from odibi_tui.widgets.tabs import TabLine

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from textual.app import ComposeResult

    from odibi_tui.widgets.grid_table import GridTable

_TONES = ("ok", "error", "warning", "muted")


class DataPane(ModePane):
    """Tabs above, the table below them, and a line that says which rows these are."""

    mode = "data"
    styles_file = "data.tcss"
    keys = ("right_square_bracket", "s", "slash", "c", "enter", "y")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "sort", "sort", id="data.sort"),
        Binding("c", "go_to_column", "column", id="data.column"),
    ]

    def __init__(self, session: Any, **kwargs: Any) -> None:
        super().__init__(session, **kwargs)
        self._tabs: list[Tab] = []
        self._run: tuple[str, str | None] = ("", None)
        self._wanted: tuple[str, int] = ("after", 0)
        self._content: Content | None = None
        self._cache: LRUCache[str, Content] = LRUCache(16)
        self._asked = self._answered = 0

    def compose(self) -> ComposeResult:
        """The table comes with the first data: it loads Arrow."""
        yield TabLine(id="data-tabs")
        yield NoteLine(id="data-schema")
        yield NoteLine(id="data-claim")
        yield Container(id="data-body")
        yield Static(id="data-empty", classes="pane-empty", markup=False)
        yield NoteLine(id="data-foot")

    def on_mount(self) -> None:
        """Shows what there is."""
        self.session_changed(~Change(0))

    # -- what the session says ------------------------------------------------------------------------

    def session_changed(self, change: Change) -> None:
        """Shows the selected step of the run on screen, as far as it has come."""
        if not self.children or not change & (Change.RUN | Change.SELECTION):
            return
        record, selected = self.session.record, self.session.selected
        step = record.step(selected) if record is not None and selected is not None else None
        tabs = tabs_of(step, datasets_of(record, step)) if record is not None and step is not None else []
        run = (record.run_id if record is not None else "", selected)
        if not tabs:
            self._tabs, self._run = [], run
            self._say_empty(why_empty(record, selected, step, has_source=self.session.source is not None))
        elif (run, tabs) != (self._run, self._tabs):
            self._tabs, self._run = tabs, run
            self._open()

    @property
    def _run_dir(self) -> Path | None:
        return self.session.follower.run_dir if self.session.follower is not None else None

    @property
    def _active(self) -> int:
        """The tab wanted, or the nearest there is."""
        kinds = [(tab.kind, index) for index, tab in enumerate(self._tabs)]
        same = [index for kind, index in kinds if kind == self._wanted[0]]
        if not same:
            return max(0, len([kind for kind, _ in kinds if kind == "before"]) - 1)
        return same[min(self._wanted[1], len(same) - 1)]

    def _open(self) -> None:
        """Reads what the active tab shows, in a thread."""
        tab = self._tabs[self._active]
        self._label_tabs(None)
        self.query_one(TabLine).active = self._active
        self._asked += 1
        key = f"{self._run} {tab}"
        known = self._cache.get(key)
        if known is not None:
            self.call_later(self._show, known, self._asked)
            return
        styles = {tone: tone_style(self, tone, self.rich_style) for tone in _TONES} | {
            "null": Style(dim=True, italic=True)
        }
        load = partial(self._load, tab, self._run_dir, styles, key, self._asked)
        self.run_worker(load, thread=True, group="data", exit_on_error=True)
        self.set_timer(0.2, partial(self._say_loading, self._asked))

    def _label_tabs(self, better: str | None) -> None:
        self.query_one(TabLine).relabel(*labels_of(self._tabs, self._active, better, self.size.width))

    def on_resize(self) -> None:
        """The tabs' titles have more room, or less."""
        if self._tabs:
            self._label_tabs(self._content.title if self._content is not None else None)

    def _load(
        self, tab: Tab, run_dir: Path | None, styles: Mapping[str, Style], key: str, asked: int
    ) -> None:
        from odibi_tui.widgets import grid_table  # noqa: F401 - loaded here, not on the event loop

        if asked != self._asked:
            return
        try:
            content = fill(tab, run_dir, styles)
        except OdibiError as error:
            self.app.call_later(self._failed, str(error), asked)
            return
        self._cache[key] = content
        self.app.call_later(self._show, content, asked)

    async def _show(self, content: Content, asked: int) -> None:
        if asked != self._asked or not self.is_attached:
            return
        self._answered = asked
        table = await self._table()
        self._content = content
        self._label_tabs(content.title)
        self.set_class(bool(content.claim), "-diff")
        self.query_one("#data-schema", NoteLine).say(content.schema)
        self.query_one("#data-claim", NoteLine).say(content.claim)
        if not content.grid.names or content.note is not None:
            self._say_empty(content.note or "nothing is kept of this data", tabs=True)
            return
        lines = self.query(FilterInput)
        content.grid.filter(lines.first().value if lines else "")
        had_focus = self.screen.focused is None or self.query_one("#data-empty") is self.screen.focused
        self._visible(table=True)
        table.show(content.grid)
        if had_focus:
            table.focus()
        self.call_after_refresh(self._foot)

    def _failed(self, message: str, asked: int) -> None:
        if asked == self._asked:
            self._answered = asked
            self._say_empty(message, tabs=True)

    async def _table(self) -> GridTable:
        from odibi_tui.widgets.grid_table import GridTable

        existing = self.query(GridTable)
        if existing:
            return existing.first()
        table = GridTable(id="data-table")
        await self.query_one("#data-body").mount(table)
        self.watch(table, "scroll_y", self._foot, init=False)
        return table

    # -- what is said ---------------------------------------------------------------------------------

    def _say_empty(self, text: str, *, tabs: bool = False) -> None:
        if not tabs:
            self._content = None
            self._asked += 1
            self.set_class(False, "-diff")
        self.query_one("#data-empty", Static).update(text)
        self._visible(table=False, tabs=tabs)
        self.query_one("#data-foot", NoteLine).say([])

    def _say_loading(self, asked: int) -> None:
        if self._answered < asked == self._asked:
            self._say_empty("reading …", tabs=True)

    def _visible(self, *, table: bool, tabs: bool = True) -> None:
        self.query_one(TabLine).display = tabs
        self.query_one("#data-body").display = table
        self.query_one("#data-empty").display = not table

    def _foot(self) -> None:
        from odibi_tui.widgets.grid_table import GridTable

        tables, content = self.query(GridTable), self._content
        if not tables or content is None:
            return
        first, last = tables.first().visible_rows
        kind = self._tabs[self._active].kind if self._tabs else ""
        self.query_one("#data-foot", NoteLine).say([(foot_of(content, kind, first, last), "muted")])

    def on_grid_table_resized(self) -> None:
        """Other rows are in sight."""
        self._foot()

    def status(self) -> str | None:
        """The step and the run its data is of."""
        record = self.session.record
        if record is None:
            return None
        return f"{of_other(self.session, record)}{self.session.selected or ''}  from {record.run_id}"

    # -- keys -----------------------------------------------------------------------------------------

    def turn_tab(self, by: int) -> None:
        """Shows the next or previous tab."""
        if self._tabs:
            self._pick((self._active + by) % len(self._tabs))

    def on_tab_line_picked(self, event: TabLine.Picked) -> None:
        """Shows the tab that was clicked."""
        event.stop()
        self._pick(event.index)

    def _pick(self, index: int) -> None:
        kind = self._tabs[index].kind
        nth = len([tab for tab in self._tabs[:index] if tab.kind == kind])
        self._wanted = (kind, nth)
        self._open()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Sorting and the like need a table."""
        return action not in ("sort", "go_to_column") or self._content is not None

    def action_sort(self) -> None:
        """Sorts by the column under the cursor: up, down, as it came."""
        table = self._shown_table()
        if table is not None and self._content is not None:
            column = table.cursor_column
            self._content.grid.sort(column)
            table.show(self._content.grid, keep_place=True)
            self._foot()

    def action_go_to_column(self) -> None:
        """Asks for a column and goes there."""
        table = self._shown_table()
        if table is None or self._content is None:
            return

        def go(name: str | None) -> None:
            if name is not None:
                table.move_to_column(name)
                table.focus()

        self.app.push_screen(PickScreen("go to column", self._content.grid.names), go)

    def action_filter(self) -> None:
        """Filters the rows."""
        lines = self.query(FilterInput)
        if lines:
            lines.first().focus()
        elif self._shown_table() is not None:
            line = FilterInput(placeholder="rows that contain", compact=True, classes="pane-filter")
            self.mount(line, before="#data-body")
            line.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filters with each letter."""
        event.stop()
        self._filter(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """From the filter to what it found; an empty one goes away."""
        event.stop()
        if event.value.strip():
            self.focus_inside()
        else:
            self.leave()

    def _filter(self, text: str) -> None:
        table = self._shown_table()
        if table is not None and self._content is not None:
            self._content.grid.filter(text)
            table.show(self._content.grid)
            self._foot()

    def leave(self) -> bool:
        """Takes the filter away."""
        lines = self.query(FilterInput)
        if not lines:
            return False
        lines.remove()
        self._filter("")
        self.focus_inside()
        return True

    def focus_inside(self) -> None:
        """The table has the focus."""
        table = self._shown_table()
        if table is not None:
            table.focus()

    def _shown_table(self) -> GridTable | None:
        tables = self.query("#data-table")
        if not tables or not self.query_one("#data-body").display:
            return None
        table: Any = tables.first()
        return table  # type: ignore[no-any-return]

    def on_data_table_cell_selected(self, event: Any) -> None:
        """Shows the value under the cursor whole."""
        event.stop()
        grid, (row, column) = event.data_table.grid, event.coordinate
        if row < grid.row_count:
            self.app.push_screen(
                TextScreen(f"{grid.names[column]} · row {row + 1:,}", grid.value(row, column))
            )

    def on_data_table_cell_highlighted(self, event: Any) -> None:
        """The rows in sight may be others."""
        event.stop()
        self._foot()

    def command_line(self) -> str | None:
        """The command that shows the run this data is of."""
        return show_command(self.session)

    def value_to_copy(self) -> str | None:
        """The value under the cursor, whole."""
        table = self._shown_table()
        if table is None or not table.grid.row_count:
            return None
        return str(table.grid.value(table.cursor_row, table.cursor_column))
