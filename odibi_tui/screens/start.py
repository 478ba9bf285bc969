"""The start screen: recent pipelines, configs found here, recent runs; one `enter` away from work.

Keys: arrows, `enter` opens, `+` a new pipeline, `/` filters, `4` all runs. Data: the list of recent
pipelines, and the directory and log directory of the session, looked through in threads after the first
paint.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from textual.binding import Binding

from odibi_core.errors import OdibiError
from odibi_tui import format as fmt
from odibi_tui.screens.pane import ModePane
from odibi_tui.widgets.lines import LineView, Part, spread
from odibi_tui.widgets.steps_side import FilterInput

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from textual.app import ComposeResult
    from textual.widgets import Input

    from odibi_core.runs.summary import RunSummary
    from odibi_tui.finding import FoundConfig
    from odibi_tui.recents import Recent
    from odibi_tui.session import Session


class Entry(NamedTuple):
    """A row: a heading, something said, or something that `enter` opens."""

    left: Sequence[Part]
    right: Sequence[Part] = ()
    config: Path | None = None
    run: Path | None = None
    words: str = ""

    @property
    def opens(self) -> bool:
        """Whether `enter` does something here."""
        return self.config is not None or self.run is not None


class StartList(LineView):
    """The rows; the cursor walks those that open something."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.entries: list[Entry] = []
        self._touched = False

    def show(self, entries: list[Entry]) -> None:
        """Shows other rows; the cursor stays on what it was on."""
        before = self.entries[self.cursor] if self._touched and self.cursor < len(self.entries) else None
        self.entries = entries
        self.set_rows(len(entries))
        same = (
            i for i, e in enumerate(entries)
            if before is not None and e.opens and (e.config, e.run) == (before.config, before.run)
        )  # fmt: skip
        first = (i for i, e in enumerate(entries) if e.opens)
        self.cursor = next(same, next(first, 0))

    def row(self, y: int, width: int) -> Sequence[Part]:
        """One row."""
        entry = self.entries[y]
        return spread(entry.left, entry.right, width)

    def ground_of(self, y: int) -> str:
        """Only what opens something can be under the cursor."""
        return super().ground_of(y) if self.entries[y].opens else ""

    def action_move(self, by: int) -> None:
        """Moves to the next row that opens something."""
        self._touched = True
        row = self.cursor + by
        while 0 <= row < len(self.entries) and not self.entries[row].opens:
            row += 1 if by > 0 else -1
        if 0 <= row < len(self.entries):
            self.move_cursor(row)
        elif by < 0:
            self.scroll_to(y=0, animate=False, immediate=True)


class StartPane(ModePane):
    """Where one is without a config."""

    mode = "start"
    shows_steps = False
    keys = ("enter", "plus", "slash", "4", "q")
    BINDINGS: ClassVar[list[Any]] = [
        Binding("enter", "open", "open", id="start.open"),
        Binding("plus", "new", "new pipeline", id="start.new"),
    ]

    def __init__(self, session: Session, **kwargs: Any) -> None:
        super().__init__(session, **kwargs)
        self.directory = session.base_dir
        self.recents: list[Recent] | None = None
        self.configs: list[FoundConfig] = []
        self.runs: list[RunSummary] | None = None
        self.looking = True
        self.filter_text = ""
        self.ascii_only = fmt.wants_ascii()

    def compose(self) -> ComposeResult:
        """The list alone."""
        yield StartList(id="start")

    def on_mount(self) -> None:
        """Says what is known, and looks for the rest after the first paint."""
        self.lay_out()
        self.call_after_refresh(self.look)

    def look(self) -> None:
        """Looks through the directory."""
        self.run_worker(self._look(), group="look", exclusive=True)

    async def _look(self) -> None:
        from odibi_tui import finding, recents

        self.recents = await asyncio.to_thread(recents.load_recents)
        self.lay_out()
        for path in await asyncio.to_thread(lambda: list(finding.candidates(self.directory))):
            found = await asyncio.to_thread(finding.look_at, path)
            if found is not None:
                self.configs.append(found)
                self.lay_out()
        self.looking = False
        try:
            self.runs = await asyncio.to_thread(finding.latest_runs, self.session.log_dir)
        except OdibiError as error:
            self.runs = []
            self.notify(str(error), severity="error", markup=False)
        self.lay_out()

    # -- rows -------------------------------------------------------------------------------------

    def lay_out(self) -> None:
        """Makes the rows of what is known by now."""
        rows: list[Entry] = []
        wanted = self.filter_text.lower().split()
        for title, entries, empty in (
            ("Opened lately", self._recent_entries(), ""),
            ("Pipelines in " + str(self.directory.absolute()), self._config_entries(), self._no_configs()),
            (
                "Runs in " + str(self.session.log_dir),
                self._run_entries(),
                "no runs yet: open a pipeline and press r",
            ),
        ):
            if not entries and not empty:
                continue
            kept = [entry for entry in entries if all(word in entry.words.lower() for word in wanted)]
            rows += [Entry([]), Entry([(f" {title}", "heading")])]
            rows += kept or [Entry([(f"   {'nothing matches' if entries else empty}", "muted")])]
        self.query_one(StartList).show(rows)

    def _no_configs(self) -> str:
        return (
            "looking ..."
            if self.looking
            else "no .json, .csv or .db config here; + makes one from a data file"
        )

    def _config_entries(self) -> list[Entry]:
        entries = []
        for found in self.configs:
            name = _within(found.path, self.directory)
            steps = fmt.plural(found.steps, "step").rjust(12)
            right: list[Part] = []
            if found.errors:
                right.append((f"{fmt.plural(found.errors, 'error')}  ", "error"))
            if found.warnings:
                right.append((f"{fmt.plural(found.warnings, 'warning')}  ", "warning"))
            if not right:
                right.append((f"{fmt.glyph('success', ascii_only=self.ascii_only)}  ", "ok"))
            entries.append(
                Entry([(f"   {name}", "")], [*right, (f"{steps} ", "muted")], found.path, words=name)
            )
        return entries

    def _recent_entries(self) -> list[Entry]:
        return [
            Entry(
                [(f"   {recent.path.name}", ""), (f"   {recent.path.parent}", "muted")],
                [(f"{fmt.moment(recent.opened)} ", "muted")],
                recent.path,
                words=str(recent.path),
            )
            for recent in (self.recents or [])[:5]
        ]

    def _run_entries(self) -> list[Entry]:
        entries = []
        for run in self.runs or []:
            sign = fmt.glyph(run.state, ascii_only=self.ascii_only)
            left: list[Part] = [
                (f"   {sign} ", fmt.tone(run.state)),
                (f"{fmt.moment(run.started):<18}", ""),
                (f"{run.pipeline or run.run_id}  ", ""),
                (run.problem or run.note or "", "muted"),
            ]
            took = f"{fmt.duration(run.duration_ms)} " if run.duration_ms is not None else ""
            words = f"{run.pipeline} {run.run_id} {run.state}"
            entries.append(Entry(left, [(took, "muted")], run=run.path, words=words))
        return entries

    # -- keys -------------------------------------------------------------------------------------

    def on_line_view_chosen(self, event: LineView.Chosen) -> None:
        """Opens what was chosen."""
        event.stop()
        entry = self.query_one(StartList).entries[event.row]
        app: Any = self.app
        if entry.config is not None:
            app.open_config(entry.config)
        elif entry.run is not None:
            app.runner.open(entry.run)
            app.workbench.action_mode("run")

    def action_open(self) -> None:
        """Opens what is under the cursor."""
        self.query_one(StartList).action_choose()

    def action_new(self) -> None:
        """Asks for a data file and opens the pipeline written for it."""
        from odibi_tui.screens.new_pipeline import NewPipeline

        app: Any = self.app
        app.push_screen(NewPipeline(self.directory), lambda made: app.open_config(made) if made else None)

    def action_filter(self) -> None:
        """Shows the filter line."""
        lines = self.query(FilterInput)
        if lines:
            lines.first().focus()
            return
        line = FilterInput(placeholder="filter", compact=True, id="start-filter")
        self.mount(line, before=0)
        line.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filters with each letter."""
        event.stop()
        self.filter_text = event.value
        self.lay_out()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Goes from the filter to what it found."""
        event.stop()
        self.query_one(StartList).focus()

    def leave(self) -> bool:
        """Takes the filter away."""
        lines = self.query(FilterInput)
        if not lines:
            return False
        lines.remove()
        self.filter_text = ""
        self.lay_out()
        self.query_one(StartList).focus()
        return True

    def focus_inside(self) -> None:
        """Gives the list the focus."""
        self.query_one(StartList).focus()

    def value_to_copy(self) -> str | None:
        """The path under the cursor."""
        rows = self.query_one(StartList)
        entry = rows.entries[rows.cursor] if rows.entries else None
        path = (entry.config or entry.run) if entry is not None else None
        return str(path) if path is not None else None

    def status(self) -> str | None:
        """The directory."""
        return None


def _within(path: Path, directory: Path) -> str:
    return str(path.relative_to(directory)) if path.is_relative_to(directory) else str(path)
