"""RunList: past runs, newest first, as many as there are; marks, filter, trend."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.cells import cell_len

from odibi_tui import format as fmt
from odibi_tui.widgets.lines import Line, LineView, Part, fit
from odibi_tui.widgets.log_view import marked

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from odibi_core.runs.store import RunSummary

_BARS = "▁▂▃▄▅▆▇█"
_ASCII_BARS = "_.-=+*#@"
_TREND = 8
_WORDS = {
    "interrupted": "interrupted (its process is gone)",
    "cancelled": "cancelled",
    "timed_out": "timed out",
}


class RunList(LineView):
    """One row a run. `show` gives the runs, `narrow` filters them, `mark` marks the one under the cursor."""

    def __init__(self, *, now: Callable[[], datetime] | None = None, id: str | None = None) -> None:
        super().__init__(id=id)
        self._now = now or (lambda: datetime.now(UTC))
        self._ascii = fmt.wants_ascii()
        self.runs: Sequence[RunSummary] = ()
        self._shown: list[RunSummary] = []
        self._trends: dict[str, str] = {}
        self._name_cells = 12
        self._wanted = ""
        self.marked: str | None = None

    @property
    def total(self) -> int:
        """How many runs there are, filtered or not."""
        return len(self.runs)

    @property
    def current(self) -> RunSummary | None:
        """The run under the cursor."""
        return self._shown[self.cursor] if self.cursor < len(self._shown) else None

    def find(self, run_id: str | None) -> RunSummary | None:
        """Returns the run of that id."""
        return next((run for run in self.runs if run.run_id == run_id), None)

    def show(self, runs: Sequence[RunSummary], *, prefer: str | None = None) -> None:
        """Shows other runs; the cursor stays on its run, at first on `prefer`."""
        here = self.current
        first = not self.runs
        self.runs = runs
        self._trends = trends_of(runs, self._ascii)
        self._name_cells = min(
            26, max((cell_len(fmt.shorten(name_of(run), 26)) for run in runs[:500]), default=8)
        )
        if self.find(self.marked) is None:
            self.marked = None
        self._narrow(prefer if first else here.run_id if here is not None else None)

    def narrow(self, wanted: str) -> None:
        """Shows only runs that have all these words: state, pipeline, id, when, or note."""
        here = self.current
        self._wanted = wanted
        self._narrow(here.run_id if here is not None else None)

    def _narrow(self, stay: str | None) -> None:
        words = self._wanted.casefold().split()
        self._shown = [r for r in self.runs if not words or all(w in self._words(r) for w in words)]
        top, before = int(self.scroll_offset.y), self.cursor
        self.set_rows(len(self._shown))
        at = next((i for i, run in enumerate(self._shown) if run.run_id == stay), None)
        if at is not None and at != before:
            self.cursor = at
            if top:  # what is in sight stays where it is
                self.scroll_to(y=top + at - before, animate=False, immediate=True)

    def _words(self, run: RunSummary) -> str:
        when = fmt.moment(run.started, now=self._now()) if run.started is not None else ""
        words = (run.run_id, run.state, run.pipeline, when, note_of(run))
        return " ".join(words).casefold()

    def mark(self) -> None:
        """Marks the run under the cursor, or takes its mark away."""
        run = self.current
        if run is not None:
            self.marked = None if self.marked == run.run_id else run.run_id
            self.refresh()

    def header(self, width: int) -> Sequence[Part]:
        """The names of the columns."""
        text = "     " + "when".ljust(18) + "pipeline".ljust(self._name_cells + 2) + "length".rjust(9) + "  "
        if width >= 100:
            text += "trend".ljust(_TREND + 2)
        text += "steps".rjust(9)
        if width >= 100:
            text += "rows out".rjust(13)
        return [(text + "   note", "muted")]

    def row(self, y: int, width: int) -> Sequence[Part]:
        """Draws one run."""
        run = self._shown[y]
        mark = f"{fmt.sign('mark', ascii_only=self._ascii)} " if run.run_id == self.marked else "  "
        state = "warning" if run.problem is not None else run.state
        parts: list[Part] = [
            (f" {mark}", "key"),
            (f"{fmt.glyph(state, ascii_only=self._ascii)} ", fmt.tone(state)),
        ]
        if run.problem is not None:
            return fit([*parts, (f"{run.path.name:<20} ", ""), (run.problem, "warning")], width)
        when = fmt.moment(run.started, now=self._now())
        name = fmt.shorten(name_of(run), self._name_cells)
        parts += [
            (f"{when:<18}", ""),
            (name + " " * (self._name_cells + 2 - cell_len(name)), "strong"),
            (f"{fmt.duration(run.duration_ms):>9}  ", ""),
        ]
        if width >= 100:
            parts.append((f"{self._trends.get(run.run_id, ''):<{_TREND + 2}}", "muted"))
        parts.append((self._steps(run).rjust(9), ""))
        if width >= 100:
            parts.append((fmt.count(run.rows_out).rjust(13), ""))
        parts.append(("   ", ""))
        needle = self._wanted.casefold() if " " not in self._wanted.strip() else ""
        return fit([*parts, *marked(note_of(run), needle, "muted")], width)

    def _steps(self, run: RunSummary) -> str:
        if run.steps_total is None:
            return "–"
        done = "–" if run.steps_done is None else f"{run.steps_done}"
        return f"{done}/{run.steps_total}"


class RunListHeader(Line):
    """The names of a list's columns."""

    def __init__(self, runs: RunList, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.runs = runs

    def parts(self, width: int) -> Sequence[Part]:
        """What the list says."""
        return self.runs.header(self.runs.size.width or width)


def name_of(run: RunSummary) -> str:
    """Returns what a run is called in the list: its pipeline, else its id."""
    return run.pipeline or run.run_id


def note_of(run: RunSummary) -> str:
    """Returns what is to be said of a run beside its figures."""
    note = run.note or _WORDS.get(run.state, "")
    return f"{note}  (another program's log)".strip() if run.foreign else note


def trends_of(runs: Sequence[RunSummary], ascii_only: bool) -> dict[str, str]:
    """Returns the trend of each pipeline's lengths, oldest first, by the id of its newest run."""
    lengths: dict[str, list[float]] = {}
    newest: dict[str, str] = {}
    for run in runs:  # newest first
        if run.problem is None and run.pipeline:
            newest.setdefault(run.pipeline, run.run_id)
            known = lengths.setdefault(run.pipeline, [])
            if run.duration_ms is not None and run.state == "success" and len(known) < _TREND:
                known.append(run.duration_ms)
    bars = _ASCII_BARS if ascii_only else _BARS
    trends: dict[str, str] = {}
    for pipeline, run_id in newest.items():
        known = lengths[pipeline][::-1]
        if len(known) > 1:
            low = min(known)
            span = max(max(known) - low, low / 2, 1.0)  # steady lengths stay low, half as long again is tall
            trends[run_id] = "".join(bars[int((value - low) / span * 7)] for value in known)
    return trends
