"""A run on a terminal: a progress bar for each step that runs, lines above for what has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from odibi_core.cli.run_lines import LineView
from odibi_core.journal import events as journal
from odibi_core.text import one_line

if TYPE_CHECKING:
    from rich.progress import TaskID

    from odibi_core.journal.events import Event

_MAX_BARS = 12  # of more steps side by side, the rest show when these are done


class BarView(LineView):
    """`LineView` with bars below the lines; they are gone when the run has ended."""

    def __init__(self, *, verbose: bool = False) -> None:
        super().__init__(verbose=verbose)
        self._console = Console(highlight=False, markup=False, emoji=False)
        self._progress = Progress(
            SpinnerColumn("dots" if self._unicode else "line"),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[size]}", markup=False),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
        )
        self._bars: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._progress.stop()

    def write(self, text: str, style: str = "") -> None:
        """Writes a line above the bars."""
        self._console.print(Text(text, style=style), soft_wrap=True)

    def note(self, text: str) -> None:
        """Writes a line above the bars."""
        self.write(text, "yellow")

    def show(self, event: Event) -> None:
        """Shows an event as a line, a bar, or both."""
        match event:
            case journal.StepStarted():
                again = f"  attempt {event.attempt}" if event.attempt > 1 else ""
                self._end_bar(event.step)
                self._bars[event.step] = self._progress.add_task(
                    one_line(event.step) + again, total=None, size="", visible=len(self._bars) < _MAX_BARS
                )
            case journal.Progress():
                self._move_bar(event)
            case journal.StepFinished() | journal.Retry():
                self._end_bar(event.step)
        super().show(event)

    def _move_bar(self, event: journal.Progress) -> None:
        bar = self._bars.get(event.step)
        if bar is None:
            return
        if event.fraction is not None:
            self._progress.update(bar, total=1.0, completed=event.fraction)
        if event.rows is not None:
            self._progress.update(bar, size=f"{event.rows:,} rows")

    def _end_bar(self, step: str) -> None:
        bar = self._bars.pop(step, None)
        if bar is not None:
            self._progress.remove_task(bar)
            for shown in list(self._bars.values())[:_MAX_BARS]:
                self._progress.update(shown, visible=True)
