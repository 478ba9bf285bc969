"""OdibiApp: starts the screen, reads and watches the config, starts and ends runs, and quits.

What the keys do with the config (edit, fix, explain, copy) is in `actions.py`.
"""

from __future__ import annotations

import asyncio
import gc
import os
import threading
import traceback
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from textual.app import App

from odibi_core.errors import OdibiError
from odibi_tui import format as fmt
from odibi_tui.actions import ConfigActions
from odibi_tui.screens.workbench import STYLES, Workbench
from odibi_tui.session import Change, Reading, Session
from odibi_tui.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from textual.app import SystemCommand
    from textual.events import AppFocus
    from textual.screen import Screen

    from odibi_tui.screens.pane import ModePane, Runs

THEME = "textual-dark"
_TOGETHER_S = 0.04
"""How long the check of the data is waited for before what is known of the structure is shown alone."""
_PAINT_S = 0.1
"""How long the check of the data stands back, at most, while that is painted."""
_SETTLING_S = 0.15
"""How long a file may be gone before it counts as gone: some editors delete it and write it anew."""


class OdibiApp(ConfigActions, App[int]):
    """Odibi in the terminal: one screen over one session.

    Args:
        session: What is open. Where its config has not been read yet, it is read after the first paint.
        run: A run log or run directory to open in Run mode.
        mode: The mode to begin with; by default what fits the session.
        settings: The person's settings.
    """

    CSS_PATH = STYLES / "odibi.tcss"
    TITLE = "odibi"
    ENABLE_COMMAND_PALETTE = True
    NOTIFICATION_TIMEOUT = 3

    def __init__(
        self,
        session: Session,
        *,
        run: Path | None = None,
        mode: str | None = None,
        settings: Settings | None = None,
    ) -> None:
        super().__init__()
        self.session = session
        self.settings = settings or Settings()
        self._run_to_open = run
        self._first_mode = mode or ("run" if run is not None else "pipeline" if session.source else "start")
        self._runner: Runs | None = None
        self._wanted_reading = self._done_reading = 0
        self._reading_now = False
        self._told_check = self._told_fault = False
        if self.settings.theme is not None and self.settings.theme in self.available_themes:
            self.theme = self.settings.theme
        elif "TEXTUAL_THEME" not in os.environ:
            self.theme = THEME  # Textual makes greys of it under NO_COLOR; of an ANSI theme, black on black
        if self.settings.keys:
            self.set_keymap(self.settings.keys)

    def get_default_screen(self) -> Screen[Any]:
        """The one screen."""
        return Workbench(self.session, self._first_mode)

    @property
    def workbench(self) -> Workbench:
        """The one screen, also while a dialog stands on it."""
        return cast("Workbench", self.screen_stack[0])

    @property
    def pane(self) -> ModePane | None:
        """The pane of the mode on screen."""
        return self.workbench.pane

    @property
    def runner(self) -> Runs:
        """What starts, opens and ends runs; imported when first needed."""
        if self._runner is None:
            made: Runs = import_module("odibi_tui.runner").Runner(
                self, self.session, reuse=self.settings.reuse
            )
            self._runner = made
        return self._runner

    def on_ready(self) -> None:
        """What is heavy begins only now that the screen has been painted."""
        gc.enable()
        gc.set_threshold(50_000, 20, 50)  # of 10,000 steps a full collection takes long enough to be felt
        if self._run_to_open is not None:
            self.runner.open(self._run_to_open)
        if self.session.source is not None:
            self.begin_with_source()
        if self.settings.pruning:
            self.run_worker(self._prune_past_runs(), group="prune", exit_on_error=True)

    async def _prune_past_runs(self) -> None:
        """Removes past runs as the settings ask for, and says so."""
        from odibi_tui.pruning import prune_runs

        try:
            told = await asyncio.to_thread(prune_runs, self.session.log_dir, self.settings.pruning)
        except OdibiError as error:
            self.say(f"past runs are not pruned: {error}", error=True)
            return
        if told is not None:
            self.say(told)
            self.session.changed(Change.HISTORY)

    def begin_with_source(self) -> None:
        """Checks and watches the config that has just been opened, and gets ready to run it."""
        self.reread(known=self.session.latest is not None and not self.session.checked)
        self._watch_source()
        self.set_timer(0.5, self._get_ready)

    def _get_ready(self) -> None:
        self.run_worker(self._remember, thread=True, group="remember")
        self.runner.warm_up()

    def _remember(self) -> None:
        from odibi_tui.recents import remember

        if self.session.source is not None:
            try:
                remember(self.session.source)
            except OSError as error:
                self.log.warning(f"the list of recent pipelines cannot be written: {error}")

    # -- reading and watching ---------------------------------------------------------------------

    def reread(self, *, known: bool = False, tell: bool = False) -> None:
        """Reads and checks the config off the event loop; while that goes on, one more is remembered.

        Args:
            known: It has just been read; only check it.
            tell: Say what came out, for the person asked.
        """
        self._wanted_reading += 1
        self._told_check = self._told_check or tell
        if self._reading_now:
            self.session.checking.interrupt()  # nobody waits for what it comes to
            return
        self._reading_now = True
        self.run_worker(self._read_until_current(known=known), group="read")

    async def _read_until_current(self, *, known: bool) -> None:
        from odibi_tui import reading as reads

        session = self.session
        try:
            while self._done_reading < self._wanted_reading and session.source is not None:
                wanted, source = self._wanted_reading, session.source
                if known and session.latest is not None:
                    read = Reading(session.latest, saved=session.saved)
                else:
                    read = await asyncio.to_thread(reads.read, source, project=session.project)
                    if read.document is None and not source.exists():
                        await asyncio.sleep(_SETTLING_S)
                        read = await asyncio.to_thread(reads.read, source, project=session.project)
                known = False
                try:
                    checked = await self._check(read, wanted)
                except Exception as error:  # noqa: BLE001 - told, with its traceback
                    # A fault of ours in a check: what was read is shown, and the screen stays.
                    self._tell_fault(error)
                    checked = replace(read, diagnostics=read.diagnostics or (), schemas={})
                self._done_reading = wanted
                if source == session.source and checked is not None:
                    self._adopt(checked)
        finally:
            self._reading_now = False

    async def _check(self, read: Reading, wanted: int) -> Reading | None:
        """Checks a reading; None where another save, or the end, came before it was done."""
        session = self.session
        checking, source = session.checking, session.source

        painted = threading.Event()
        painted.set()

        def is_outdated() -> bool:
            return wanted < self._wanted_reading or not self.is_running

        def stop() -> bool:
            if not painted.wait(_PAINT_S):  # what is known already goes on the screen first
                painted.set()
            return is_outdated()

        quick = await asyncio.to_thread(checking.structure, read)
        whole = asyncio.create_task(asyncio.to_thread(checking.whole, quick, stop))
        done, _ = await asyncio.wait((whole,), timeout=_TOGETHER_S)
        if not done and source == session.source:
            painted.clear()
            session.adopt(quick)
            self.call_after_refresh(painted.set)
        checked = await whole
        return None if is_outdated() else checked

    def _tell_fault(self, error: Exception) -> None:
        """Says that a check failed, and shows the whole of why: it is to be reported."""
        from odibi_tui.screens.viewer import TextScreen

        self.say(f"the check failed: {type(error).__name__}: {error}", error=True)
        if not self._told_fault:
            self._told_fault = True
            text = "".join(traceback.format_exception(error))
            self.push_screen(TextScreen("the check failed; please report this", text))

    def _adopt(self, reading: Reading) -> None:
        self.session.adopt(reading)
        if self._told_check:
            self._told_check = False
            told = f"checked: {fmt.plural(self.session.errors, 'error')}"
            if self.session.warnings:
                told += f", {fmt.plural(self.session.warnings, 'warning')}"
            self.say(str(reading.error) if reading.error is not None else told)

    def _watch_source(self) -> None:
        self.workers.cancel_group(self, "watch")
        if self.session.watching and self.session.source is not None:
            self.run_worker(self._watch(self.session.source), group="watch")

    async def _watch(self, source: Path) -> None:
        from odibi_tui.watching import saves

        async for is_change in saves(source):
            if is_change:
                self.reread()
            else:
                self._look_at_source()

    def on_app_focus(self, event: AppFocus) -> None:
        """Looks at the file when the person comes back to this terminal: some disks tell of no changes."""
        self._look_at_source()

    def _look_at_source(self) -> None:
        """Reads the source again if it is not what was read."""
        source, session = self.session.source, self.session
        if source is not None and session.watching and not self._reading_now:
            from odibi_tui.reading import saved_at

            if saved_at(source) != session.saved:
                self.reread()

    def action_check(self) -> None:
        """Reads and checks again."""
        self.reread(tell=True)

    def action_watch(self) -> None:
        """Watches or stops watching the config."""
        self.session.watching = not self.session.watching
        self._watch_source()
        if self.session.watching:
            self.reread()
        self.session.changed(Change.STATUS)
        self.say(
            "watching: a save is checked at once" if self.session.watching else "not watching: `v` checks"
        )

    def open_config(self, path: Path) -> None:
        """Opens another config, from the start screen."""
        self.session.open(path)
        self.workbench.region_shown = "steps"
        self.workbench.action_mode("pipeline")
        self.begin_with_source()

    # -- runs -------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Whether the key works here and now; those that do not are not shown."""
        session, mode = self.session, self.workbench.mode if self.screen_stack else ""
        if action in ("run", "run_fresh"):
            return mode in ("pipeline", "run") and bool(session.steps)
        if action in ("run_here", "resume"):
            works = mode in ("pipeline", "run") and bool(session.steps) and session.selected is not None
            return works and (action == "resume") == session.is_resumable
        if action == "cancel_run":
            return session.is_live or (session.record is not None and session.record.is_live)
        if action == "edit":
            return session.source is not None and (session.latest is None or session.latest.kind != "sqlite")
        if action in ("check", "watch"):
            return session.source is not None
        if action == "apply_fix":
            return self.fixable() is not None
        if action == "ignore":
            return self.ignorable() is not None
        if action == "explain":
            return bool(session.diagnostics)
        if action == "problem":
            return bool(session.diagnostics)
        if action == "copy_command":
            return self.equivalent_command() is not None
        return True

    def action_run(self) -> None:
        """Runs the pipeline and shows it."""
        self.runner.start()
        self.workbench.action_mode("run")

    def action_run_fresh(self) -> None:
        """Runs without using anything kept."""
        self.runner.start("fresh")
        self.workbench.action_mode("run")

    def action_resume(self) -> None:
        """Carries on with the run on screen, which did not end well."""
        self.runner.start("resume")
        self.workbench.action_mode("run")

    def action_run_here(self) -> None:
        """Runs the selected step and all that follows."""
        self.runner.start("here")
        self.workbench.action_mode("run")

    def action_cancel_run(self) -> None:
        """Cancels the run."""
        self.runner.cancel()

    # -- commands and quitting --------------------------------------------------------------------

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Every key that works here, by name, and what has no key."""
        from odibi_tui.commands import palette

        return palette(self, screen)

    def action_help_quit(self) -> None:
        """ctrl+c does not quit: it may have been meant for something else."""
        self.say("q quits")

    async def action_quit(self) -> None:
        """Quits; asks first while a run that was started here is going on."""
        if not self.session.is_live:
            self._leave(detach=False)
            return
        from odibi_tui.screens.dialogs import Question

        answers = [("c", "cancel the run and quit", "cancel"), ("l", "leave it running and quit", "leave")]
        run_id = self.session.handle.run_id if self.session.handle is not None else ""
        self.push_screen(Question("A run is going on", answers, [run_id]), self._answered)

    def _answered(self, answer: str | None) -> None:
        if answer is not None:
            self._leave(detach=answer == "leave")

    def on_unmount(self) -> None:
        """However the application ends, nothing goes on following a run: its thread would keep us alive."""
        if self._runner is not None:
            self._runner.close(detach=False)

    def _leave(self, *, detach: bool) -> None:
        if self._runner is not None:
            self._runner.close(detach=detach)
        self.exit(0)

    def say(self, text: str, *, error: bool = False) -> None:
        """Tells the person something, shortly and literally."""
        severity = "error" if error else "information"
        self.notify(fmt.shorten(text, 300), severity=severity, markup=False)  # type: ignore[arg-type]
