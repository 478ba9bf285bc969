"""OdibiApp: starts the screen, reads and watches the config, and carries out what the keys ask for."""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast


from textual.app import App

from odibi_tui.screens.workbench import Workbench
from odibi_tui.session import Change, Session

if TYPE_CHECKING:
    from textual.screen import Screen

    from odibi_tui.screens.pane import ModePane, Runs

RUN_MODES = ("pipeline", "run")


class OdibiApp(App[int]):
    """Odibi in the terminal: one screen over one session.

    Args:
        session: What is open. The config it names is read after the first paint where it has not been read.
        run: A run log or run directory to open in Run mode.
        mode: The mode to begin with; by default what fits the session.
    """

    CSS_PATH = "styles/odibi.tcss"
    TITLE = "odibi"
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[Any]] = []

    def __init__(self, session: Session, *, run: Path | None = None, mode: str | None = None) -> None:
        super().__init__()
        self.session = session
        self._run_to_open = run
        self._first_mode = mode or ("run" if run is not None else "pipeline" if session.source else "start")
        self._runner: Runs | None = None
        if "TEXTUAL_THEME" not in os.environ:
            self.theme = "textual-dark"

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
            made: Runs = import_module("odibi_tui.runner").Runner(self, self.session)
            self._runner = made
        return self._runner

    def on_ready(self) -> None:
        """What is heavy begins only now that the screen has been painted."""
        if self._run_to_open is not None:
            self.runner.open(self._run_to_open)

    # -- runs -------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Whether the key works here and now; those that do not are not shown."""
        if action in ("run", "run_from", "run_fresh"):
            return self.workbench.mode in RUN_MODES and bool(self.session.steps)
        if action == "cancel_run":
            return self.session.is_live
        return True

    def action_run(self) -> None:
        """Runs the pipeline and shows it."""
        self.runner.start()
        self.workbench.action_mode("run")

    def action_run_from(self) -> None:
        """Runs the selected step and what needs it."""
        self.runner.start(from_step=self.session.selected)
        self.workbench.action_mode("run")

    def action_run_fresh(self) -> None:
        """Runs without using anything kept."""
        self.runner.start(fresh=True)
        self.workbench.action_mode("run")

    def action_cancel_run(self) -> None:
        """Cancels the run that was started here."""
        self.runner.cancel()

    def action_problem(self, by: int) -> None:
        """Moves to the next or previous problem."""
        self.session.walk_problems(by > 0)

    def all_changed(self) -> None:
        """Shows everything anew."""
        self.session.changed(~Change(0))
