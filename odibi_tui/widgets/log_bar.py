"""LogBar: which lines of the log are shown, and the line that says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from odibi_tui.widgets.lines import Line, Part, spread

if TYPE_CHECKING:
    from collections.abc import Sequence

    from odibi_core.journal.record import LogLine
    from odibi_core.runs.log_index import FilteredLog, LogIndex
    from odibi_tui.widgets.log_view import LogView

LEVELS: tuple[tuple[str | None, str], ...] = (
    (None, "all levels"),
    ("info", "info and up"),
    ("warning", "warnings and up"),
    ("error", "errors"),
)
_AT_ONCE = 2_000
"""Lines searched between two looks at whether the search is still wanted."""


class _Found:
    """The lines a filter has found so far; searching happens elsewhere."""

    def __init__(self, log: FilteredLog) -> None:
        self.log = log

    def __len__(self) -> int:
        return self.log.found

    def lines(self, start: int, stop: int) -> Sequence[LogLine]:
        return self.log.found_lines(start, stop)


class LogBar(Line):
    """Holds the level, the step and the text that lines must have, and gives the view what passes.

    Searching is done by a thread, a piece at a time: a million lines take seconds.
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._log: LogIndex | None = None
        self._view: LogView | None = None
        self._filter: FilteredLog | None = None
        self._searching = False
        self._level = 0
        self._only_step = False
        self._text = ""
        self._selected: str | None = None
        self._step_cells = 0
        self._shown: tuple[object, ...] = ()

    def show(self, log: LogIndex | None, selected: str | None, view: LogView, *, step_cells: int) -> None:
        """Takes up a log, more lines of it, or another selected step; `step_cells` are for steps' names."""
        self._log, self._selected, self._view, self._step_cells = log, selected, view, step_cells
        self._apply()

    def next_level(self) -> None:
        """Goes to the next level, after the last to all."""
        self._level = (self._level + 1) % len(LEVELS)
        self._apply()

    def toggle_step(self) -> None:
        """Shows only the selected step's lines, or all."""
        self._only_step = not self._only_step
        self._apply()

    def search(self, text: str) -> None:
        """Shows only lines that contain `text`."""
        self._text = text.strip()
        self._apply()

    @property
    def _step(self) -> str | None:
        return self._selected if self._only_step else None

    def _apply(self) -> None:
        view, log = self._view, self._log
        if view is None:
            return
        level = LEVELS[self._level][0]
        wanted = (log, level, self._step, self._text, self._step_cells)
        if wanted != self._shown:
            self._shown, self._filter = wanted, None
            if log is not None and (level or self._step is not None or self._text):
                self._filter = log.filtered(level=level, step=self._step, text=self._text or None)
            source = log if self._filter is None else _Found(self._filter)
            view.show(source, needle=self._text, step_cells=0 if self._step is not None else self._step_cells)
        if self._filter is not None and not self._searching:
            self._searching = True
            self.run_worker(self._search, thread=True, group="search", exit_on_error=True)
        view.grown()
        self.refresh()

    def _search(self) -> None:
        """Searches whatever filter is wanted, until all there is has been looked at; in a thread."""
        while self.is_attached:
            wanted = self._filter
            done = wanted is None or wanted.refresh(_AT_ONCE)
            if done and wanted is self._filter:
                break
        self.app.call_later(self._searched)

    def _searched(self) -> None:
        self._searching = False
        if self._view is not None:
            self._view.grown()
        if self._filter is not None and self._log is not None and not self._filter.refresh(_AT_ONCE):
            self._apply()
        self.refresh()

    def parts(self, width: int) -> Sequence[Part]:
        """Level, step and text at the left; how many lines and whether they are followed at the right."""
        left: list[Part] = [(" Log", "heading")]
        left.append((f"   {LEVELS[self._level][1]}", "strong" if self._level else "muted"))
        step = f"   only {self._step}" if self._step is not None else "   every step"
        left.append((step, "strong" if self._step is not None else "muted"))
        if self._text:
            left += [("   contains ", "muted"), (self._text, "strong")]
        view = self._view
        total = view.row_total if view is not None else 0
        following = view is not None and view.following
        count = (
            f"{total:,}" if self._filter is None or self._log is None else f"{total:,} of {len(self._log):,}"
        )
        count += " line" if count == "1" else " lines"
        right: list[Part] = [(f"{count}{' searching' if self._searching else ''}   ", "muted")]
        right += [("t", "key"), (" following " if following else " follow ", "muted")]
        return spread(left, right, width)
