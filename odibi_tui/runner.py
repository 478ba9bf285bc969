"""Runner: starts runs, follows them from their journals, cancels and opens them, for the shell."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from odibi_core.errors import OdibiError, RunError
from odibi_tui import format as fmt
from odibi_tui.session import Change
from odibi_tui.tail import Tail

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from textual.app import App

    from odibi_core.journal.record import RunRecord
    from odibi_core.runs.follow import RunFollower
    from odibi_core.runs.process import RunHandle, RunLauncher, RunRequest
    from odibi_tui.screens.pane import How
    from odibi_tui.session import Reading, Session

ENDED_BADLY = frozenset({"failed", "crashed", "timed_out"})


class Runner:
    """The runs of one session. Reading journals happens in threads, everything else on the event loop.

    Attributes:
        cancelling: Id of the run that was asked to end and has not ended yet.
        reuse: Whether an ordinary run reuses what has not changed.
    """

    def __init__(self, app: App[Any], session: Session, *, reuse: bool = False) -> None:
        self.app = app
        self.session = session
        self.cancelling: str | None = None
        self.reuse = reuse
        self._own: Tail | None = None
        self._shown: Tail | None = None
        self._busy = False
        self._closed = False

    # -- starting -----------------------------------------------------------------------------------

    def warm_up(self) -> None:
        """Makes the launcher and lets it load the engines beside us."""
        self._launcher().warm_up()

    def start(self, how: How = "run") -> None:
        """Starts a run of what the source says now, if it has no errors.

        Args:
            how: `run`: all steps, reusing what has not changed if the settings say so; `fresh`: all steps,
                whatever is kept; `resume`: carries on with the run on screen; `here`: the selected step and
                what comes after it, on what is kept of those before.
        """
        if self._busy:
            return
        if self.session.source is None:
            self._say("there is no pipeline to run here; open one first")
        elif self._own is not None and not self._own.ended:
            self._say("a run is under way; `x` cancels it")
        else:
            self._busy = True
            self.app.run_worker(self._start(how), group="start", exit_on_error=True)

    async def _start(self, how: How) -> None:
        try:
            self.session.adopt(await asyncio.to_thread(self._read_source))
            if self._held_by_errors():
                return
            request = await asyncio.to_thread(self._request, how)
            handle = await asyncio.to_thread(self._launcher().start, request)
            if self._closed:
                handle.cancel()
                return
            if request.resume is not None:
                self._say(f"carries on with {request.resume.name}", severity="information")
            elif request.only is not None:
                self._say(f"runs {fmt.plural(len(request.only), 'step')}", severity="information")
            self.session.handle, self.cancelling = handle, None
            follower = await asyncio.to_thread(self._follower, handle.run_dir)
            self._own = self._show(follower, handle)
            self.session.changed(Change.HISTORY)
        except OdibiError as error:
            self._say(str(error), title="not started", severity="error")
        finally:
            self._busy = False

    def _held_by_errors(self) -> bool:
        """Says why the source can not be run, selecting the first error; False where it can."""
        session = self.session
        if session.read_error is not None:
            self._say(str(session.read_error), title="not started", severity="error")
            return True
        errors = [diagnostic for diagnostic in session.diagnostics if diagnostic.is_error]
        if errors or session.stale:
            if errors:
                session.select_problem(errors[0])
            number = fmt.plural(len(errors), "error")
            self._say(
                f"{number} in {session.pipeline}; mend them first", title="not started", severity="error"
            )
            return True
        if not session.steps:
            self._say(f"{session.pipeline} has no steps", title="not started", severity="error")
            return True
        return False

    def _read_source(self) -> Reading:
        """Reads and checks what is on disk now: that is what runs, not what the screen shows."""
        session = self.session
        if session.source is None:
            raise RunError("there is no pipeline to run")
        return session.checking.read(session.source, project=session.project)

    def _request(self, how: How) -> RunRequest:
        from odibi_core.runs.process import RunRequest

        session, document = self.session, self.session.document
        if document is None or session.source is None:
            raise RunError("there is no pipeline to run")
        request = RunRequest(
            steps=document.steps,
            pipeline=session.source.stem,  # as the command line calls it
            source=document.path,
            digest=document.digest,
            base_dir=session.base_dir.absolute(),
            log_dir=session.log_dir.absolute(),  # else it would be taken as below `base_dir`
            variables=dict(session.variables),
            use_cache=self.reuse and how == "run",
        )
        if how == "resume" and session.record is not None:
            from odibi_core.runs.choosing import run_to_resume

            return replace(request, resume=run_to_resume(session.record.run_id, request))
        if how == "here" and session.selected is not None:
            from odibi_core.plan.selection import quoted
            from odibi_core.runs.choosing import selected

            return replace(request, only=selected(request, [f"{quoted(session.selected)}+"], []))
        return request

    def _launcher(self) -> RunLauncher:
        if self.session.launcher is None:
            from odibi_core.runs.process import RunLauncher

            self.session.launcher = RunLauncher()
        return self.session.launcher

    # -- following ----------------------------------------------------------------------------------

    def open(self, run: str | Path) -> None:
        """Shows a run: an id in the log directory, a run's directory, or the path of a run log."""
        if self._own is not None and not self._own.ended and str(run) == self._own.follower.run_dir.name:
            self._shown = self._own
            self._deliver(self._own)
            return
        self.app.run_worker(self._open(run), group="open", exclusive=True, exit_on_error=True)

    async def _open(self, run: str | Path) -> None:
        try:
            follower = await asyncio.to_thread(self._load, run)
        except OdibiError as error:
            self._say(str(error), title="not opened", severity="error")
            return
        self._show(follower)

    def _load(self, run: str | Path) -> RunFollower:
        from odibi_core.runs.store import open_store

        return open_store(self.session.log_dir).follow(run)

    def _follower(self, run_dir: Path) -> RunFollower:
        from odibi_core.runs.follow import RunFollower

        return RunFollower(run_dir)

    def _show(self, follower: RunFollower, handle: RunHandle | None = None) -> Tail:
        """Begins to follow a run and makes it the one on screen."""
        self._stop_shown()
        tail = self._shown = Tail(follower, self._deliver, self._post, handle=handle)
        if handle is not None:
            self.session.handle = handle
        self.app.run_worker(
            tail.read, thread=True, group="tail", exit_on_error=True, name=follower.run_dir.name
        )
        return tail

    def _stop_shown(self) -> None:
        """Ends following the run on screen, which another takes the place of, unless it is our own."""
        if self._shown is not None and self._shown is not self._own:
            self._shown.stop()

    def _post(self, call: Callable[[], None]) -> None:
        self.app.call_later(call)  # Textual's queue takes calls from any thread

    def _deliver(self, tail: Tail) -> None:
        """Takes the newest record of a run; on the event loop."""
        session, record = self.session, tail.record
        over = tail.ended or (record is not None and not record.is_live and record.state != "unknown")
        if over and record is not None and self.cancelling == record.run_id:
            self.cancelling = None
        let_go = over and tail is self._own
        if let_go:
            self._let_go()
        if tail is self._shown and record is not None:
            first = session.follower is not tail.follower
            was_live = not first and session.record is not None and session.record.is_live
            session.show_run(record, follower=tail.follower, handle=session.handle)
            if first and record.step(session.selected or "") is None and record.steps:
                session.select(record.steps[0].info.name)  # a run of another pipeline, or of another text
            if not record.is_live and (first or was_live):
                self._select_failed(record)
        if tail.error is not None:
            self._say(str(tail.error), title="no longer followed", severity="error")
        if let_go:
            session.changed(Change.HISTORY)

    def _let_go(self) -> None:
        """The run that was started here is over."""
        self._own = None
        handle, self.session.handle = self.session.handle, None
        if handle is not None:
            self.app.run_worker(partial(self._reap, handle), thread=True, group="reap", exit_on_error=True)

    def _reap(self, handle: RunHandle) -> None:
        """Waits for the run's processes to be gone and tells what could not be recorded; in a thread."""
        handle.wait(5)
        if handle.problem is not None:
            self._post(partial(self._say, handle.problem, title=handle.run_id, severity="error"))

    def _select_failed(self, record: RunRecord) -> None:
        if record.state in ENDED_BADLY:
            failed = next((step.info.name for step in record.steps if step.state == "failed"), None)
            if failed is not None:
                self.session.select(failed)

    @property
    def reading(self) -> bool:
        """Whether the run on screen, which was not started here, is still being read from its journal."""
        return self._shown is not None and self._shown is not self._own and self._shown.behind

    # -- ending -------------------------------------------------------------------------------------

    def cancel(self) -> None:
        """Cancels the run that was started here, else the live one on screen, whoever started it."""
        if self.session.handle is not None:
            handle = self.session.handle
            self.cancelling = handle.run_id
            handle.cancel()
        elif self.reading or self._shown is None:
            return
        elif self.session.record is not None and self.session.record.is_live:
            self.cancelling = self.session.record.run_id
            try:
                self._shown.follower.paths.cancel_file.touch()
            except OSError as error:
                self._say(f"this run cannot be cancelled from here: {error.strerror}", severity="error")
                self.cancelling = None
                return
        else:
            return
        self.session.changed(Change.RUN)

    def close(self, *, detach: bool) -> None:
        """Lets a live run go on (`detach`) or cancels it, and ends following; the first call decides."""
        if self._closed:
            return
        self._closed = True
        handle = self.session.handle
        if handle is not None:
            if detach:
                handle.detach()
            else:
                handle.cancel()
                handle.wait(2)
        for tail in (self._own, self._shown):
            if tail is not None:
                tail.stop()
        if self.session.launcher is not None:
            self.session.launcher.close()

    def _say(self, text: str, *, title: str = "", severity: Any = "warning") -> None:
        self.app.notify(fmt.shorten(text, 300), title=title, severity=severity, markup=False)
