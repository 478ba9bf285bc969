"""CompareView: two runs side by side: Steps, Configuration, Schema, Rows and Data, a tab each."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from textual.message import Message
from textual.widget import Widget

from odibi_tui import format as fmt
from odibi_tui.widgets.compare_data import compare_datasets
from odibi_tui.widgets.compare_rows import (
    Row,
    configuration_tab,
    count_tab,
    schema_tab,
    step_tab,
    tab_counts,
)
from odibi_tui.widgets.lines import LineView, Part, fit
from odibi_tui.widgets.note_line import NoteLine
from odibi_tui.widgets.tabs import TabLine

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.app import ComposeResult

    from odibi_core.journal.record import RunRecord
    from odibi_core.runs.compare import RunComparison

TABS = ("Steps", "Configuration", "Schema", "Rows", "Data")
_MAKERS = (step_tab, configuration_tab, schema_tab, count_tab)
_DATA = 4


class CompareLines(LineView):
    """The lines of a tab; enter shows one whole."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.rows: Sequence[Row] = ()

    def show(self, rows: Sequence[Row], *, stay: bool) -> None:
        """Shows other lines; the cursor stays where it is, or goes to the top."""
        self.rows = rows
        self.set_rows(len(rows))
        if not stay:
            self.cursor = 0
            self.scroll_to(y=0, animate=False, immediate=True)

    def row(self, y: int, width: int) -> Sequence[Part]:
        """A line of the tab."""
        return fit(self.rows[y], width)

    def text(self, y: int) -> str:
        """All of a line as text."""
        return "".join(text for text, _ in self.rows[y]).strip() if y < len(self.rows) else ""


class CompareView(Widget):
    """Only what differs, until `toggle_all`. Keys: `[` and `]` turn the tabs, enter shows a line whole.

    Data are compared when their tab is first opened, in a thread; what is found first is shown first.
    """

    DEFAULT_CSS = "CompareView { height: 1fr; width: 1fr; }"

    class Turned(Message):
        """Another tab, or more of it, is shown."""

    def __init__(self, *, now: Callable[[], datetime] | None = None, id: str | None = None) -> None:
        super().__init__(id=id)
        self._now = now or (lambda: datetime.now(UTC))
        self.comparison: RunComparison | None = None
        self._everything = False
        self._data: list[tuple[bool, list[Row]]] = []
        self._number = 0  # of the comparison: what a thread of an earlier one finds is not taken
        self._asked = self._done = False

    def compose(self) -> ComposeResult:
        """Who is compared, the tabs, and the lines of one."""
        yield NoteLine(id="compare-a")
        yield NoteLine(id="compare-b")
        yield TabLine(*TABS, id="compare-tabs")
        yield CompareLines(id="compare-lines")

    def show(self, comparison: RunComparison) -> None:
        """Shows a comparison, from its top."""
        self.comparison, self._everything = comparison, False
        self._number += 1
        self._data, self._asked, self._done = [], False, False
        self.query_one(TabLine).active = 0
        self._fill(stay=False)

    def toggle_all(self) -> None:
        """Shows all there is, or again only what differs."""
        self._everything = not self._everything
        self._fill(stay=False)

    def turn(self, by: int) -> None:
        """Shows the next or the previous tab."""
        self.query_one(TabLine).turn(by)

    def focus_inside(self) -> None:
        """The lines have the focus."""
        self.query_one(CompareLines).focus()

    @property
    def line(self) -> str:
        """The line under the cursor as text."""
        lines = self.query_one(CompareLines)
        return lines.text(lines.cursor)

    def close(self) -> None:
        """Nobody looks at it any more: what is being compared is given up."""
        self._number += 1

    def on_unmount(self) -> None:
        """The application ends: it does not wait for what is still to be compared."""
        self.close()

    def on_tab_line_picked(self, event: TabLine.Picked) -> None:
        """Shows the tab that was picked."""
        event.stop()
        self._fill(stay=False)

    def _fill(self, *, stay: bool) -> None:
        comparison, tabs = self.comparison, self.query_one(TabLine)
        if comparison is None:
            return
        before, after = comparison.before, comparison.after
        shown = "all there is" if self._everything else "only what differs"
        other = "less" if self._everything else "all"
        self.query_one("#compare-a", NoteLine).say(
            [(f" A {_title(before, self._now())}", "strong")], [(f"{shown} ", "muted")]
        )
        self.query_one("#compare-b", NoteLine).say(
            [(f" B {_title(after, self._now())}", "strong")], [("= ", "key"), (f"{other} ", "muted")]
        )
        counts = [*tab_counts(comparison), sum(differs for differs, _ in self._data)]
        tabs.relabel(
            *(f"{name} {count}" if count else name for name, count in zip(TABS, counts, strict=True))
        )
        active = tabs.active
        rows = self._data_rows() if active == _DATA else _MAKERS[active](comparison, self._everything)
        self.query_one(CompareLines).show(rows, stay=stay)
        if active == _DATA and not self._asked:
            self._asked = True
            self.run_worker(
                partial(self._compare_data, comparison, self._number),
                thread=True,
                group="compare-data",
                exit_on_error=True,
            )
        self.post_message(self.Turned())

    def _data_rows(self) -> list[Row]:
        rows: list[Row] = []
        for differs, lines in self._data:
            if differs or self._everything:
                rows += [*lines, []] if len(lines) > 1 else lines
        same = sum(not differs for differs, _ in self._data)
        if not self._done:
            rows.append([("   comparing …", "muted")])
        elif not self._data:
            rows.append([("   no step has data in both runs", "muted")])
        elif same and not self._everything:
            rows.append([(f"   the same: {fmt.plural(same, 'dataset')}", "muted")])
        return rows

    def _compare_data(self, comparison: RunComparison, number: int) -> None:
        def came(_: str, differs: bool, rows: list[Row]) -> None:
            self.app.call_later(self._take, number, differs, rows)

        compare_datasets(comparison, came, lambda: self._number != number)
        self.app.call_later(self._finish, number)

    def _take(self, number: int, differs: bool, rows: list[Row]) -> None:
        if number == self._number and self.is_attached:
            self._data.append((differs, rows))
            self._fill(stay=self.query_one(TabLine).active == _DATA)

    def _finish(self, number: int) -> None:
        if number == self._number and self.is_attached:
            self._done = True
            self._fill(stay=self.query_one(TabLine).active == _DATA)


def _title(record: RunRecord, now: datetime) -> str:
    return f"{record.run_id}   {fmt.moment(record.started, now=now)}   {record.pipeline}"
