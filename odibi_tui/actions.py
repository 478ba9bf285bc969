"""What keys do with the config and the selection: walk problems, edit, fix, explain, copy, tell the keys."""

from __future__ import annotations

import asyncio
import os
import subprocess
from typing import TYPE_CHECKING, Any, cast

from odibi_core.errors import ConfigError
from odibi_tui.session import Change

if TYPE_CHECKING:
    from odibi_core.diagnostics import Diagnostic
    from odibi_tui.app import OdibiApp


class ConfigActions:
    """Actions of the application; a part of `OdibiApp`."""

    @property
    def _app(self) -> OdibiApp:
        return cast("OdibiApp", self)

    def action_problem(self, by: int) -> None:
        """Moves to the next or previous problem, in Pipeline mode at its place."""
        app = self._app
        if app.session.walk_problems(by > 0) is not None and app.pane is not None:
            app.pane.show_problem()

    def current_problem(self) -> Diagnostic | None:
        """What `a` and `o` are about: the current problem, else the selected step's first, else the first."""
        session = self._app.session
        of_step = session.problems_of(session.selected) if session.selected is not None else []
        return session.problem or next(iter([*of_step, *session.diagnostics]), None)

    def fixable(self) -> Diagnostic | None:
        """The current problem where it has a fix that can be applied."""
        problem, latest = self.current_problem(), self._app.session.latest
        if problem is None or problem.fix is None or problem.fix.applicability == "display":
            return None
        return problem if latest is not None else None

    def action_apply_fix(self) -> None:
        """Applies the current problem's fix to the file, if it is still the file that was checked."""
        app, problem = self._app, self.fixable()
        source, latest = app.session.source, app.session.latest
        if problem is None or problem.fix is None or source is None or latest is None:
            return
        from odibi_tui import editing

        try:
            editing.apply_fix(source, latest, problem.fix)
        except ConfigError as error:
            app.say(str(error), error=True)
        else:
            app.say(f"{problem.fix.message}: done")
        app.reread()

    def ignorable(self) -> Diagnostic | None:
        """The current problem where its step can be told to ignore it."""
        problem, session = self.current_problem(), self._app.session
        if problem is None or session.stale or session.step(problem.step or "") is None:
            return None
        from odibi_core.checks.editors.ignores import can_be_ignored  # not before there is a problem

        latest = session.latest
        return problem if latest is not None and latest.kind == "json" and can_be_ignored(problem) else None

    def action_ignore(self) -> None:
        """Writes the current problem's code into its step's `metadata.odibi.ignore`."""
        app, problem = self._app, self.ignorable()
        source, latest = app.session.source, app.session.latest
        step = app.session.step(problem.step) if problem is not None else None
        if problem is None or step is None or source is None or latest is None:
            return
        from odibi_core.config.ignoring import ignore_fix
        from odibi_tui import editing

        fix = ignore_fix(step, problem.code)
        if fix is None:
            app.say(f"the `metadata` of {step.name} is not as it should be; mend it first", error=True)
            return
        try:
            editing.apply_fix(source, latest, fix)
        except ConfigError as error:
            app.say(str(error), error=True)
        else:
            app.say(f"{step.name} ignores {problem.code} {problem.name}")
        app.reread()

    def action_explain(self) -> None:
        """Explains the current problem's code."""
        from odibi_core.checks.catalogue import CODES
        from odibi_tui.screens.dialogs import Page
        from odibi_tui.screens.help import explain_rows

        problem = self.current_problem()
        if problem is None:
            return
        info = CODES.get(problem.code)
        if info is None:
            self._app.say(f"{problem.code} {problem.name} is not in the catalogue", error=True)
            return
        title = f"{info.code} {info.name}   {info.summary}"
        self._app.push_screen(Page(title, explain_rows(info, problem)))

    async def action_edit(self) -> None:
        """Opens the person's editor at the current problem, else at the selected step; reads again after."""
        app, session = self._app, self._app.session
        if session.source is None:
            return
        line, column = self._place()
        from odibi_tui import editing

        try:
            command = editing.editor_command(os.environ, session.source, line, column)
        except ConfigError as error:
            app.say(str(error), error=True)
            return
        from textual.app import SuspendNotSupported

        try:
            with app.suspend():
                code = await asyncio.to_thread(subprocess.call, command)
        except SuspendNotSupported:
            app.say("no editor can be opened in this terminal", error=True)
            return
        except OSError as error:
            app.say(f"`{command[0]}` cannot be started: {(error.strerror or str(error)).lower()}", error=True)
            return
        if code:
            app.say(f"`{command[0]}` ended with exit code {code}", error=True)
        app.reread()

    def _place(self) -> tuple[int | None, int | None]:
        """Line and column of what is selected."""
        session, pane = self._app.session, self._app.pane
        place = pane.place() if pane is not None else None
        if place is not None:
            return place
        problem = session.problem
        if problem is not None and problem.span is not None and problem.span.line is not None:
            return problem.span.line, problem.span.column
        step = session.step()
        if step is None or step.origin is None or session.stale:
            return None, None
        span = step.origin.locate()
        return span.line, span.column

    def action_copy(self) -> None:
        """Copies the value of this place to the clipboard of the person's terminal."""
        app = self._app
        text = app.pane.value_to_copy() if app.pane is not None else None
        if text is None:
            app.say("there is nothing to copy here")
            return
        app.copy_to_clipboard(text)
        app.say(f"copied {text}")

    def equivalent_command(self) -> str | None:
        """The command line that does what this place shows."""
        from odibi_tui.commands import check_command

        pane = self._app.pane
        return (pane.command_line() if pane is not None else None) or check_command(self._app.session)

    def action_copy_command(self) -> None:
        """Copies the equivalent command line."""
        command = self.equivalent_command()
        if command is not None:
            self._app.copy_to_clipboard(command)
            self._app.say(f"copied {command}")

    def action_keys(self) -> None:
        """Shows the keys that work here."""
        from odibi_tui.screens.dialogs import Page
        from odibi_tui.screens.help import key_rows

        app: Any = self._app
        place = app.workbench.place
        app.push_screen(Page("Keys", key_rows(app.workbench.active_bindings, place)))

    def all_changed(self) -> None:
        """Shows everything anew."""
        self._app.session.changed(~Change(0))
