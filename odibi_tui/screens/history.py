"""History mode: the runs of the log directory, newest first, and the comparison of two of them.

Keys: enter opens a run in Run mode, space marks one, `=` compares with the mark (again: all, not only what
differs; `[` and `]` turn its tabs, `esc` leaves it), `/` filters, `d` deletes, `O` opens the folder.
Data: `odibi_core.runs.store`, read in a thread, again whenever the directory changes.
"""

from __future__ import annotations

import shlex
import threading
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Input, Static

from odibi_core.errors import OdibiError
from odibi_tui import format as fmt
from odibi_tui import log_dir as folder
from odibi_tui.screens.dialogs import Question
from odibi_tui.screens.pane import ModePane
from odibi_tui.screens.viewer import TextScreen
from odibi_tui.session import Change
from odibi_tui.widgets.compare_view import CompareLines, CompareView
from odibi_tui.widgets.run_list import RunList, RunListHeader
from odibi_tui.widgets.steps_side import FilterInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult

    from odibi_core.runs.store import RunStore, RunSummary
    from odibi_tui.widgets.lines import LineView

_LIVE_S = 2.0
_FIRST = 200
_COMPARING_KEYS = ("right_square_bracket", "equals_sign", "enter", "y", "Y")


class HistoryPane(ModePane):
    """The list of runs; the comparison takes its place."""

    mode = "history"
    shows_steps = False
    styles_file = "history.tcss"
    keys: Sequence[str] = ("enter", "space", "equals_sign", "slash", "d", "O")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "mark", "mark", id="history.mark"),
        Binding("equals_sign", "compare", "compare with mark", id="history.compare"),
        Binding("equals_sign", "all", "all, or what differs", id="history.all"),  # there the same key
        Binding("d", "delete", "delete", id="history.delete"),
        Binding("O", "open_folder", "open folder", id="history.folder"),
    ]

    def __init__(self, session: Any, **kwargs: Any) -> None:
        super().__init__(session, **kwargs)
        self._store: RunStore | None = None
        self._reading = False
        self._again = False
        self._listed = False
        self._stopped = threading.Event()

    def compose(self) -> ComposeResult:
        """Header and list; the comparison is hidden."""
        runs = RunList(now=self.now, id="history-list")
        yield RunListHeader(runs, id="history-header")
        yield runs
        yield CompareView(now=self.now, id="history-compare")
        yield Static("reading …", id="history-empty", classes="pane-empty", markup=False)

    def now(self) -> datetime:
        """The present; tests put another in its place."""
        return datetime.now(UTC)

    def on_mount(self) -> None:
        """Reads the directory and watches it from now on."""
        self.set_class(True, "-empty")
        self.reload()
        watching = partial(folder.watch, self.session.log_dir, self._directory_changed, self._stopped)
        self.run_worker(watching, thread=True, group="watch-runs", exit_on_error=True)
        self.set_interval(_LIVE_S, self._look_at_live_runs)

    def on_unmount(self) -> None:
        """Ends the watch."""
        self._stopped.set()

    # -- reading --------------------------------------------------------------------------------------

    def session_changed(self, change: Change) -> None:
        """Runs have come or ended, or the pane is back on screen."""
        if self.children and change & Change.HISTORY:
            self.reload()

    def reload(self) -> None:
        """Reads the list anew, in a thread; while one reading is under way the next one waits."""
        if self._reading:
            self._again = True
            return
        self._reading = True
        self.run_worker(self._read, thread=True, group="runs", exit_on_error=True)

    def _directory_changed(self) -> None:
        self.app.call_later(self.reload)

    def _look_at_live_runs(self) -> None:
        if self.display and any(run.state == "running" for run in self.query_one(RunList).runs[:50]):
            self.reload()

    def _read(self) -> None:
        from odibi_core.runs.store import open_store

        if self._store is None:
            self._store = open_store(self.session.log_dir)
        runs: Sequence[RunSummary] = ()
        problem: str | None = None
        try:
            if not self._listed:  # the first screenful at once, however many there are
                runs = self._store.recent(_FIRST)
                if len(runs) == _FIRST:
                    self.app.call_later(self._show_first, runs)
            runs = self._store.runs()
        except OdibiError as error:
            problem = str(error)
        self.app.call_later(self._show, runs, problem)

    def _show_first(self, runs: Sequence[RunSummary]) -> None:
        if self.is_attached and not self._listed:
            self._list(runs)

    def _show(self, runs: Sequence[RunSummary], problem: str | None) -> None:
        self._reading = False
        if not self.is_attached:
            return
        self._listed = True
        empty = self.query_one("#history-empty", Static)
        where = fmt.shorten(str(self.session.log_dir), 60)
        empty.update(problem or f"no runs in {where} yet\n\n1  open the pipeline      r  run it")
        self._list(runs)
        if self._again:
            self._again = False
            self.reload()

    def _list(self, runs: Sequence[RunSummary]) -> None:
        record = self.session.record
        self.query_one(RunList).show(runs, prefer=record.run_id if record is not None else None)
        self.set_class(not runs, "-empty")
        self.query_one(RunListHeader).refresh()
        if runs:
            self.call_after_refresh(self._take_focus)  # only what is displayed can have it
        self._tell()

    def _take_focus(self) -> None:
        """Gives the list the focus where nothing has it: the pane had nothing to focus when it was opened."""
        if self.is_attached and self.display and self.screen.focused is None:
            self.query_one(RunList).focus()

    def _tell(self) -> None:
        refresh = getattr(self.screen, "refresh_chrome", None)
        if refresh is not None:
            refresh()

    def status(self) -> str | None:
        """The directory and how many runs it has."""
        if not self.children:
            return None
        listed = self.query_one(RunList)
        count = fmt.plural(listed.total, "run")
        if listed.row_total != listed.total:
            count = f"{listed.row_total:,} of {count}"
        return f"{self.session.log_dir.name}  {count}"

    # -- keys -----------------------------------------------------------------------------------------

    def on_line_view_chosen(self, event: LineView.Chosen) -> None:
        """Opens the run in Run mode."""
        event.stop()
        if isinstance(event.view, CompareLines):
            if line := event.view.text(event.row):
                self.app.push_screen(TextScreen("comparison", line))
            return
        if not isinstance(event.view, RunList):
            return
        run = event.view.current
        if run is None:
            return
        if run.problem is not None:
            self.notify(fmt.shorten(f"{run.path.name}: {run.problem}", 200), severity="warning", markup=False)
            return
        self._runner().open(run.run_id)
        self.call_later(self.screen.run_action, "mode('run')")

    def _runner(self) -> Any:
        return getattr(self.app, "runner")  # noqa: B009 - the shell's, which is not imported here

    def action_mark(self) -> None:
        """Marks the run under the cursor."""
        self.query_one(RunList).mark()

    def action_compare(self) -> None:
        """Compares the marked run with the one under the cursor."""
        listed = self.query_one(RunList)
        one, other = listed.find(listed.marked), listed.current
        if one is None or other is None or one.run_id == other.run_id:
            self.notify("mark one run with space, then move to another", markup=False)
            return
        runs = [run for run in (one, other) if run.problem is not None]
        if runs:
            self.notify(f"{runs[0].path.name} cannot be read", severity="warning", markup=False)
            return
        pair = (one.run_id, other.run_id)
        if one.started is not None and other.started is not None and one.started > other.started:
            pair = (other.run_id, one.run_id)  # from the older to the newer
        self.run_worker(partial(self._compare, *pair), thread=True, group="compare", exit_on_error=True)

    def action_all(self) -> None:
        """Shows all there is in the comparison, or again only what differs."""
        self.query_one(CompareView).toggle_all()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Runs are marked, compared and deleted in the list, not while a comparison hides it."""
        if action in ("mark", "compare", "delete", "open_folder", "all"):
            return self.has_class("-comparing") == (action == "all")
        return True

    def _compare(self, before: str, after: str) -> None:
        from odibi_core.runs.store import open_store

        try:
            comparison = open_store(self.session.log_dir).compare(before, after)
        except OdibiError as error:
            self.app.call_later(self.notify, fmt.shorten(str(error), 200), severity="error", markup=False)
            return
        self.app.call_later(self._show_comparison, comparison)

    def _show_comparison(self, comparison: Any) -> None:
        view = self.query_one(CompareView)
        view.show(comparison)
        self.set_class(True, "-comparing")
        self.keys = _COMPARING_KEYS
        self.call_after_refresh(view.focus_inside)
        self._tell()

    def turn_tab(self, by: int) -> None:
        """Turns the tabs of the comparison."""
        if self.has_class("-comparing"):
            self.query_one(CompareView).turn(by)

    def action_delete(self) -> None:
        """Asks, then deletes the run under the cursor."""
        run = self.query_one(RunList).current
        if run is None:
            return

        def answered(answer: str | None) -> None:
            if answer is not None:
                self.run_worker(
                    partial(self._delete, run.run_id), thread=True, group="delete", exit_on_error=True
                )

        told = ["its log, and the rows it kept"]
        self.app.push_screen(
            Question(f"delete {run.run_id}?", [("d", "delete it", "delete")], told), answered
        )

    def _delete(self, run_id: str) -> None:
        from odibi_core.runs.store import open_store

        try:
            (self._store or open_store(self.session.log_dir)).delete(run_id)
        except OdibiError as error:
            self.app.call_later(self.notify, fmt.shorten(str(error), 200), severity="error", markup=False)
        self.app.call_later(self.reload)

    def action_open_folder(self) -> None:
        """Opens the run's folder, or says where it is."""
        run = self.query_one(RunList).current
        path = self.session.log_dir if run is None else run.path
        path = path if path.is_dir() else path.parent
        opened = folder.open_folder(path)
        self.notify(str(path), title="opened" if opened else "the folder", markup=False)

    def action_filter(self) -> None:
        """Filters the runs."""
        lines = self.query(FilterInput)
        if lines:
            lines.first().focus()
        elif not self.has_class("-comparing"):
            line = FilterInput(placeholder="runs with these words", compact=True, classes="pane-filter")
            self.mount(line, before="#history-header")
            line.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filters with each letter."""
        event.stop()
        self.query_one(RunList).narrow(event.value)
        self._tell()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """From the filter to what it found; an empty one goes away."""
        event.stop()
        if event.value.strip():
            self.query_one(RunList).focus()
        else:
            self.leave()

    def leave(self) -> bool:
        """Leaves the comparison, else takes the filter away."""
        if self.has_class("-comparing"):
            self.set_class(False, "-comparing")
            self.keys = type(self).keys
            self.query_one(CompareView).close()
            self.query_one(RunList).focus()
            self._tell()
            return True
        lines = self.query(FilterInput)
        if not lines:
            return False
        lines.remove()
        self.query_one(RunList).narrow("")
        self.query_one(RunList).focus()
        self._tell()
        return True

    def focus_inside(self) -> None:
        """The list has the focus, or the comparison."""
        comparing = self.has_class("-comparing")
        if comparing:
            self.query_one(CompareView).focus_inside()
        else:
            self.query_one(RunList).focus()

    def value_to_copy(self) -> str | None:
        """The id of the run under the cursor; in a comparison the line."""
        if self.has_class("-comparing"):
            return self.query_one(CompareView).line
        run = self.query_one(RunList).current
        return run.run_id if run is not None else None

    def command_line(self) -> str | None:
        """The command that shows the run under the cursor, or makes the comparison."""
        where = ["--log-dir", str(self.session.log_dir)]
        comparison = self.query_one(CompareView).comparison
        if self.has_class("-comparing") and comparison is not None:
            runs = comparison.before.run_id, comparison.after.run_id
            return shlex.join(["odibi-core", "runs", "diff", *runs, *where])
        run = self.query_one(RunList).current
        if run is None:
            return None
        return shlex.join(["odibi-core", "runs", "show", run.run_id, *where])
