"""Conducting: carries out a request's steps inside the run's process, everything it says recorded."""

from __future__ import annotations

import array
import fcntl
import os
import termios
import time
from typing import TYPE_CHECKING, TypeGuard

from odibi_core.core.events import EventEmitter
from odibi_core.core.failures import error_info
from odibi_core.core.runfiles import step_infos
from odibi_core.core.tracker import Tracker
from odibi_core.journal.events import Log, Retry, RunFinished, RunStarted, StepFinished, StepStarted
from odibi_core.plan.graph import Graph
from odibi_core.runs.streams import redirect

if TYPE_CHECKING:
    from odibi_core.engine.base_context import EngineContext
    from odibi_core.journal.events import Event, RunEnd
    from odibi_core.runs.child import Run
    from odibi_core.runs.streams import StepStream

_DRAIN_PATIENCE_S = 0.25


def conduct(run: Run) -> None:
    """Carries out the run; how it ended stands in its journal."""
    from odibi_core.core.orchestrator import Orchestrator

    tracker = RunTracker(run)
    context: EngineContext | None = None
    try:
        context = _context(run)
        request = run.request
        orchestrator = Orchestrator(
            request.steps,
            context,
            tracker,
            EventEmitter(),
            parallel=request.parallel,
            max_workers=request.max_workers,
            use_cache=request.use_cache,
            max_retries=request.max_retries,
            retry_delay=request.retry_delay,
            keep_going=request.keep_going,
            variables=dict(request.variables),
            pipeline=request.pipeline,
            source=request.source,
            digest=request.digest,
            base_dir=run.base_dir,
            keep_frames=False,
            previews=request.previews,
            keep=request.keep,
            resume=request.resume,
            only=request.only,
            profile=request.profile,
        )
        run.wishes.when_asked(orchestrator.cancel)
        run.board.show_ready()
        orchestrator.run()
    except BaseException as error:  # noqa: BLE001 - the orchestrator has recorded it, unless
        if tracker.end is None:  # it failed before, or outside of, what the orchestrator answers for
            if tracker.view.started is None:
                tracker.begin(
                    run.request.pipeline,
                    steps=step_infos(run.request.steps, Graph(run.request.steps)),
                    source=run.request.source,
                    digest=run.request.digest,
                    base_dir=str(run.base_dir),
                )
            tracker.finish("failed", error=error_info(error))
            tracker.save()
    finally:
        tracker.sync()
        if tracker.end is not None:
            run.board.show_end(tracker.end)
        if context is not None:
            context.close()


class RunTracker(Tracker):
    """A tracker that keeps the log in step with the steps.

    A step's printed lines stand before its end, whichever way they came: when a step ends, what it left
    without a newline is recorded, and what is still in the pipes is waited for, a moment at most.

    Attributes:
        end: How the run ended, once that is recorded.
    """

    def __init__(self, run: Run) -> None:
        super().__init__(run.paths.log_dir, journal=run.journal, redactor=run.redactor)
        self.end: RunEnd | None = None
        self._run = run
        self._numbers = {step.name: number for number, step in enumerate(run.request.steps)}
        self._running: dict[str, int] = {}
        self._streams: tuple[StepStream, ...] = ()
        self.open_journal(run.paths)
        self._streams = redirect(self._record_line, self._step_of_line, self._in_step, run.redactor.text)

    def record(self, event: Event) -> None:
        """Records an event, after the lines that belong before it."""
        if isinstance(event, (StepFinished, Retry)) or self._concludes(event):
            self._complete_lines(event.step)
        elif isinstance(event, RunFinished):
            self._complete_lines(None)
            event = self._as_asked(event)
        super().record(event)
        if isinstance(event, StepStarted):
            self._running[event.step] = self._numbers.get(event.step, 0)
            self._run.board.show_running(set(self._running.values()))
        elif isinstance(event, (StepFinished, Retry)):
            self._running.pop(event.step, None)
            self._run.board.show_running(set(self._running.values()))
        elif isinstance(event, RunStarted):
            self._run.board.show_begun()
        elif isinstance(event, RunFinished):
            self.end = event.state

    def _concludes(self, event: Event) -> TypeGuard[Log]:
        """Whether it is a line about a step, of its end most likely, that is not from the step itself."""
        return (
            isinstance(event, Log)
            and event.stream is None
            and event.step is not None
            and self.current_step() is None
        )

    def _as_asked(self, event: RunFinished) -> RunFinished:
        """Returns the run's end with the state and the reason of the wish that brought it about."""
        ask = self._run.wishes.ask
        if ask is None or event.state != "cancelled":
            return event
        return RunFinished(
            ts=event.ts, state=ask.state, duration_ms=event.duration_ms, error=event.error, reason=ask.reason
        )

    def _complete_lines(self, step: str | None) -> None:
        for stream in self._streams:
            if step is None:
                stream.finish_all()
            else:
                stream.finish(step)
        give_up = time.monotonic() + _DRAIN_PATIENCE_S
        # The warden shows that it reads before it reads: empty pipes and a warden that does not read
        # mean that every line is in the journal.
        while time.monotonic() < give_up and (
            any(map(_holds_data, self._run.pipes)) or self._run.board.reading
        ):
            time.sleep(0.0002)

    def _record_line(self, event: Log) -> None:
        self.record(event)

    def _in_step(self) -> bool:
        return self.current_step() is not None

    def _step_of_line(self) -> str | None:
        current = self.current_step()
        if current is not None:
            return current[0]
        running = tuple(self._running)  # a thread that user code started: whose, if only one can be meant
        return running[0] if len(running) == 1 else None


def _context(run: Run) -> EngineContext:
    from odibi_core.engine import create_engine_context

    def secret(name: str) -> str | None:
        value = os.environ.get(name)
        if value is not None:
            run.redactor.add(value)
        return value

    return create_engine_context(run.request.engine, secrets=secret, base_dir=run.base_dir)


def _holds_data(descriptor: int) -> bool:
    """Whether something written to a pipe has not been read yet; works on the end that writes, too."""
    count = array.array("i", [0])
    fcntl.ioctl(descriptor, termios.FIONREAD, count)
    return bool(count[0])
