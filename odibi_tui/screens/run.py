"""Run mode: the run on screen as it happens or happened: timeline, log, and a card of the selected step.

Keys: `r` run, `R` resume or run from here, `F` run fresh, `x` cancel, `t` follow the log, `L` level,
`T` only this step's lines, `/` search the log, `e` edit at the place; enter on a step shows its data, or why
it failed, or what of its data is not as expected.
Data: `session.record` (the fold of the run's journal) and `session.follower.log`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Input, Static

from odibi_tui import format as fmt
from odibi_tui.commands import run_command, show_command
from odibi_tui.data_tabs import no_run
from odibi_tui.screens.pane import ModePane
from odibi_tui.screens.viewer import TextScreen
from odibi_tui.session import Change
from odibi_tui.widgets.log_bar import LogBar
from odibi_tui.widgets.log_view import LogView
from odibi_tui.widgets.run_card import RunCard, short_count, whole_error
from odibi_tui.widgets.steps_side import FilterInput
from odibi_tui.widgets.timeline import Timeline, TimelineAxis

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from odibi_core.journal.record import RunRecord
    from odibi_tui.session import Session
    from odibi_tui.widgets.lines import LineView

_TICK_S = 0.25


class RunPane(ModePane):
    """Timeline above, log below, the selected step's card at the foot."""

    mode = "run"
    styles_file = "run.tcss"
    keys = ("r", "R", "x", "enter", "t", "L", "T", "slash", "e")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("t", "follow", "follow", id="log.follow"),
        Binding("L", "level", "level", id="log.level"),
        Binding("T", "this_step", "this step", id="log.step"),
    ]

    def compose(self) -> ComposeResult:
        """Everything is there from the start; what has nothing to show is hidden."""
        timeline = Timeline(now=self.now, id="run-timeline")
        yield TimelineAxis(timeline, id="run-axis")
        yield timeline
        yield LogBar(id="run-log-bar")
        yield LogView(id="run-log")
        yield RunCard(id="run-card")
        yield Static(
            no_run(self.session.source is not None), id="run-empty", classes="pane-empty", markup=False
        )

    def now(self) -> datetime:
        """The present; tests put another in its place."""
        return datetime.now(UTC)

    def on_mount(self) -> None:
        """Shows what there is and keeps the live edge moving."""
        self.set_interval(_TICK_S, self._tick)
        self.session_changed(~Change(0))

    # -- what the session says ------------------------------------------------------------------------

    def session_changed(self, change: Change) -> None:
        """Shows the run's next state, or the step that is selected now."""
        if not self.children or not change & (Change.RUN | Change.SELECTION):
            return
        record, selected = self.session.record, self.session.selected
        if record is not None and self.query_one("#run-empty").display:
            self.call_after_refresh(self._take_focus)  # only what is displayed can have it
        for name in ("#run-axis", "#run-timeline", "#run-log-bar", "#run-log", "#run-card"):
            self.query_one(name).display = record is not None
        self.query_one("#run-empty").display = record is None
        if record is None:
            return
        timeline = self.query_one(Timeline)
        if change & Change.RUN:
            timeline.show(record, selected)
            timeline.styles.height = max(1, len(record.steps))
            self.query_one(TimelineAxis).refresh()
            if record.is_live and self.query_one(LogView).following and not timeline.has_focus:
                timeline.follow()
        else:
            timeline.select(selected)
        self.query_one(RunCard).show(record.step(selected) if selected is not None else None, self.now())
        bar = self.query_one(LogBar)
        follower = self.session.follower
        log = follower.log if follower is not None else None
        bar.show(log, selected, self.query_one(LogView), step_cells=timeline.name_cells)

    def _tick(self) -> None:
        record = self.session.record
        if record is None or not record.is_live or not self.display:
            return
        self.query_one(Timeline).tick()
        self.query_one(TimelineAxis).refresh()
        selected = self.session.selected
        self.query_one(RunCard).show(record.step(selected) if selected is not None else None, self.now())

    def status(self) -> str | None:
        """The facts of the run, for the top line."""
        record = self.session.record
        if record is None:
            return None
        runner = getattr(self.app, "runner", None)
        asked = getattr(runner, "cancelling", None) == record.run_id
        if getattr(runner, "reading", False):
            return f"reading … {record.log_count:,} log lines  {record.run_id}"
        return of_other(self.session, record) + status_of(record, self.now(), cancelling=asked)

    # -- keys -----------------------------------------------------------------------------------------

    def action_follow(self) -> None:
        """Follows the log, or stops."""
        self.query_one(LogView).action_follow()

    def action_level(self) -> None:
        """Shows fewer levels, then all again."""
        self.query_one(LogBar).next_level()

    def action_this_step(self) -> None:
        """Shows only the selected step's lines, or all."""
        self.query_one(LogBar).toggle_step()

    def action_filter(self) -> None:
        """Searches the log."""
        lines = self.query(FilterInput)
        if lines:
            lines.first().focus()
            return
        line = FilterInput(placeholder="lines that contain", compact=True, classes="pane-filter")
        self.mount(line, before="#run-log")
        line.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Searches with each letter."""
        event.stop()
        self.query_one(LogBar).search(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """From what is searched to what was found."""
        event.stop()
        if event.value.strip():
            self.query_one(LogView).focus()
        else:
            self.leave()

    def leave(self) -> bool:
        """Takes the search away."""
        lines = self.query(FilterInput)
        if not lines:
            return False
        lines.remove()
        self.query_one(LogBar).search("")
        self.query_one(LogView).focus()
        return True

    def focus_inside(self) -> None:
        """The timeline has the focus, or the error where there is one."""
        if self.session.record is not None:
            self.query_one(Timeline).focus()

    def _take_focus(self) -> None:
        """Gives the steps the focus where nothing has it: the pane had no run yet when it was opened."""
        if self.is_attached and self.display and self.screen.focused is None:
            self.focus_inside()

    def on_line_view_moved(self, event: LineView.Moved) -> None:
        """The timeline's cursor is the selection."""
        if isinstance(event.view, Timeline):
            event.stop()
            self.session.select(event.view.step_at(event.row))

    async def on_line_view_chosen(self, event: LineView.Chosen) -> None:
        """Enter goes deeper: from a step to its data or what is wrong, from a log line to all of it."""
        event.stop()
        if isinstance(event.view, LogView):
            line = event.view.line(event.row)
            if line is not None:
                self.app.push_screen(TextScreen(f"{line.step or 'run'} · {line.level}", line.message))
            return
        if not self._show_wrong():
            await self.screen.run_action("mode('data')")

    def on_run_card_opened(self) -> None:
        """Shows the whole error, or what is not as expected."""
        self._show_wrong()

    def _show_wrong(self) -> bool:
        """Shows the whole error, or the expectations with the rows that do not meet them, if any."""
        step = self.query_one(RunCard).step
        if step is None or (step.error is None and not step.unmet):
            return False
        name = step.info.name
        title = f"what {name} expects" if step.error is None else f"why {name} failed"
        self.app.push_screen(TextScreen(title, whole_error(step)))
        return True

    def place(self) -> tuple[int, int] | None:
        """The place the selected step's error belongs to, as long as the config is the one that ran."""
        record, document = self.session.record, self.session.latest
        step = self.query_one(RunCard).step if self.children else None
        where = step.error.diagnostic if step is not None and step.error is not None else None
        if record is None or document is None or not where or where.get("line") is None:
            return None
        return (where["line"], where.get("column") or 1) if record.digest == document.digest else None

    def command_line(self) -> str | None:
        """The command that runs the steps of the run on screen; where only a run is open, shows it."""
        return run_command(self.session, as_shown=True) or show_command(self.session)

    def value_to_copy(self) -> str | None:
        """What the mouse selected, the log line under the cursor, the error, or the step's name."""
        log, card = self.query_one(LogView), self.query_one(RunCard)
        if log.text_selection is not None:
            selected = log.get_selection(log.text_selection)
            if selected is not None:
                return selected[0]
        if log.has_focus:
            line = log.line(log.cursor)
            return line.message if line is not None else None
        if card.step is not None and card.step.error is not None:
            return whole_error(card.step)
        return self.session.selected


def of_other(session: Session, record: RunRecord) -> str:
    """Returns whose run it is, where it is not one of the pipeline that is open."""
    source = session.source
    if source is None or record.pipeline in (source.stem, source.name):
        return ""
    return f"run of {record.pipeline}  "


def status_of(record: RunRecord, now: datetime, *, cancelling: bool = False) -> str:
    """Returns the run's state, time, steps done, rows a second, memory and id in one line."""
    done = sum(1 for step in record.steps if step.state in ("success", "reused"))
    elapsed = record.duration_ms
    if elapsed is None and record.started is not None:
        end = record.ended or (now if record.is_live else None)
        elapsed = None if end is None else (end - record.started).total_seconds() * 1000
    state = "cancelling" if cancelling else record.state.replace("_", " ")
    facts = [f"{fmt.glyph(record.state, ascii_only=fmt.wants_ascii())} {state}"]
    if elapsed is not None:
        facts[0] += f" {clock_of(elapsed) if record.is_live else fmt.duration(elapsed)}"
    facts.append(f"{done}/{len(record.steps)}")
    worked = [step for step in record.steps if step.state != "reused"]
    rows = sum(step.rows or (step.after.rows if step.after else None) or 0 for step in worked)
    if rows and elapsed and elapsed >= 500 and rows / elapsed >= 0.001:
        facts.append(f"{short_count(rows / elapsed * 1000)} rows/s")
    if record.rss_bytes:
        facts.append(fmt.size(record.rss_bytes))
    return "  ".join([*facts, record.run_id])


def clock_of(ms: float) -> str:
    """Returns a running time as `00:07` or `1:02:05`."""
    minutes, seconds = divmod(int(ms / 1000), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes:02d}:{seconds:02d}"
