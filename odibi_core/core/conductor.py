"""Conductor: the shell around the scheduler, carrying its instructions out on threads."""

from __future__ import annotations

import functools
import heapq
import queue
import time
from collections import deque
from contextlib import closing
from typing import TYPE_CHECKING, Any

from odibi_core.core.crew import Crew
from odibi_core.core.execution import Attempt, Outcome, Workbench
from odibi_core.core.failures import error_info, scrub
from odibi_core.core.keeping import Keeper
from odibi_core.core.keyboard import Keyboard
from odibi_core.core.logs import StepLogHandler
from odibi_core.core.options import StepOptions
from odibi_core.core.reporter import Reporter
from odibi_core.core.reusing import Reuser
from odibi_core.core.runfiles import RunFiles
from odibi_core.errors import (
    ExpectationError,
    FunctionNotFoundError,
    JournalError,
    MissingDependencyError,
    MissingInputError,
    RunCancelledError,
    SecretError,
    StepCrashedError,
    StepError,
    StepOptionError,
    StepTimeoutError,
    UnknownEngineError,
)
from odibi_core.nodes.runtime import NodeRuntime
from odibi_core.plan import scheduler as plan
from odibi_core.plan.graph import Graph

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from odibi_core.core.contexts import Contexts
    from odibi_core.core.events import EventEmitter
    from odibi_core.core.frames import FrameStore
    from odibi_core.core.node import Step
    from odibi_core.core.settings import RunSettings
    from odibi_core.core.tracker import Tracker
    from odibi_core.journal.events import ErrorInfo, Fingerprint
    from odibi_core.reuse.planning import RunPlan

POLL_S = 0.1  # how soon a cancel file is seen, and how often an interruption is repeated
GRACE_S = 5.0  # how long a run that cannot go on waits for work that cannot be interrupted

# Errors of the config: trying again cannot help.
_FINAL = (
    StepOptionError,
    FunctionNotFoundError,
    MissingInputError,
    SecretError,
    UnknownEngineError,
    MissingDependencyError,
    NotImplementedError,
)


class Conductor:
    """One run, from its first event to its last."""

    def __init__(
        self,
        steps: Sequence[Step],
        settings: RunSettings,
        *,
        contexts: Contexts,
        frames: FrameStore,
        tracker: Tracker,
        events: EventEmitter,
        variables: Mapping[str, Any],
        base_dir: Path | None,
        random: Callable[[], float],
    ) -> None:
        contexts.hide_secrets(tracker.redactor)
        self._steps = {step.name: step for step in steps}
        self._settings = settings
        self._graph = Graph(steps)
        self._options = {step.name: StepOptions.of(step) for step in steps}
        self._tracker = tracker
        self._frames = frames
        self._events = events
        self._reporter = Reporter(tracker, events)
        self._files = RunFiles(tracker, steps, settings, self._graph, base_dir)
        self._runtime = NodeRuntime.of(
            variables, previews=settings.previews, profile=settings.profile, base_dir=base_dir
        )
        self._random = random
        self._contexts = contexts
        self._variables = variables
        self._base_dir = base_dir
        self._reuser: Reuser | None = None
        self._keeper: Keeper | None = None
        self._fingerprints: dict[str, Fingerprint | None] = {}
        self._inbox: queue.SimpleQueue[Outcome | plan.CancelRequested] = queue.SimpleQueue()
        self._running: dict[str, Attempt] = {}
        self._timers: list[tuple[float, str, int]] = []  # retries: due, step, attempt that failed
        self._errors: dict[str, BaseException] = {}
        self._infos: dict[str, ErrorInfo] = {}
        self._durations: dict[str, float] = {}
        self._rows: dict[str, int | None] = {}
        self._looked = time.monotonic()
        self._keyboard = Keyboard()
        self._wishes_end = False

    def cancel(self) -> None:
        """Asks the run to end, from any thread."""
        self._wishes_end = True
        if self._keeper is not None:
            self._keeper.hurry()
        self._inbox.put(plan.CancelRequested())

    def run(self, *, whole: bool) -> None:
        """Carries the run through.

        Args:
            whole: Whether it is a run of its own, with journal, log and pipeline events, or a step of one.

        Raises:
            Exception: What made it end other than well.
        """
        with closing(self._runtime):
            if whole:
                self._run_whole()
            else:
                self._prepare(None)
                self._raise(self._drive())

    def _run_whole(self) -> None:
        if any(option.timeout is not None or option.isolate for option in self._options.values()):
            self._runtime.workers.start()  # before there are threads, see there
        self._files.open()
        try:
            self._reporter.emit("pipeline_start", steps=list(self._steps.values()))
            self._prepare(self._plan())
            finish = self._drive()
            if finish.state == "success" and self._settings.keep_frames:
                self._frames.load_kept()
            self._end_keeping(hurry=finish.state == "cancelled")
            culprit = self._infos.get(finish.step) if finish.step is not None else None
            self._files.finish(finish.state, error=culprit, reason=finish.reason)
        except BaseException as error:
            self._end_keeping(hurry=True)
            self._files.abandon(error)
            self._reporter.emit("pipeline_error", error=error)
            raise
        self._conclude(finish)

    def _plan(self) -> RunPlan | None:
        """Decides which steps run; makes what fingerprints and keeps results, where that is wanted."""
        settings = self._settings
        asked = settings.use_cache or settings.resume is not None or settings.only is not None
        if settings.keep == "none" and not asked:
            return None
        self._reuser = Reuser(
            list(self._steps.values()),
            self._graph,
            settings,
            tracker=self._tracker,
            contexts=self._contexts,
            frames=self._frames,
            variables=self._variables,
            base_dir=self._base_dir,
        )
        if settings.keep != "none":
            self._keeper = Keeper(self._tracker, self._frames, settings.keep)
        return self._reuser.plan(self._tracker.view.pipeline)

    def _prepare(self, run_plan: RunPlan | None) -> None:
        settings = self._settings
        self._bench = Workbench(
            self._tracker,
            self._events,
            self._reporter,
            self._contexts,
            self._frames,
            self._runtime,
            self._reuser,
            self._keeper,
        )
        self._scheduler = plan.Scheduler(
            {name: self._graph.needs[name] for name in self._steps},
            max_workers=settings.max_workers,
            backoff=plan.Backoff(settings.max_retries, settings.retry_delay),
            backoffs={name: self._backoff(options) for name, options in self._options.items()},
            keep_going=settings.keep_going,
            random=self._random,
            reuse=run_plan.reuse if run_plan is not None else (),
            leave_out=run_plan.left_out if run_plan is not None else None,
        )

    def _end_keeping(self, *, hurry: bool) -> None:
        if self._keeper is not None:
            self._keeper.close(hurry=hurry)

    def _conclude(self, finish: plan.Finish) -> None:
        if finish.state == "success":
            self._reporter.emit("pipeline_complete", data_map=self._frames.data_map)
        elif finish.state == "cancelled":
            self._reporter.emit("pipeline_cancelled")
        else:
            self._reporter.emit("pipeline_error", error=self._errors.get(finish.step or ""))
        self._raise(finish)

    def _raise(self, finish: plan.Finish) -> None:
        if self._keyboard.pressed:
            raise KeyboardInterrupt
        if finish.state == "cancelled":
            raise RunCancelledError("the run was cancelled")
        if finish.state != "success":
            error = self._errors[finish.step or ""]
            note = f"step `{finish.step}` failed"
            if note not in getattr(error, "__notes__", ()):
                error.add_note(note)
            raise error

    # -- the loop -------------------------------------------------------------------------------------

    def _drive(self) -> plan.Finish:
        """Carries out instructions and feeds what happens back until the scheduler says it is over."""
        scheduler = self._scheduler
        workers = min(self._settings.max_workers, max(1, len(self._steps)))
        with (
            self._keyboard.cancels(self.cancel),
            StepLogHandler(self._tracker, self._reporter, self._steps),
            closing(Crew(workers)) as self._crew,
        ):
            try:
                if self._wishes_end:
                    scheduler.apply(plan.CancelRequested())
                self._carry_out(scheduler.begin())
                while scheduler.finished is None:
                    for happening in self._wait():
                        self._carry_out(scheduler.apply(happening))
            except KeyboardInterrupt:
                if not self._keyboard.pressed:  # somebody else's handler (Spark's) raised it, for the first
                    self._end_workers()
                raise  # at the second nobody waits any more
            except BaseException:
                self._end_workers()
                raise
        assert scheduler.finished is not None
        return scheduler.finished

    def _carry_out(self, instructions: Iterable[plan.Instruction]) -> None:
        ended = []
        waiting = deque(instructions)
        while waiting:
            instruction = waiting.popleft()
            match instruction:
                case plan.Reuse(step):
                    waiting.extend(self._scheduler.apply(self._take(self._steps[step])))
                case plan.Start(step, number, lane):
                    attempt = Attempt(self._steps[step], number, lane, self._options[step])
                    self._running[step] = attempt
                    self._crew.start(functools.partial(self._work, attempt))
                case plan.End(step, state, _, reason):
                    self._end(self._steps[step], state, reason)
                    ended.append(self._steps[step])
                case plan.RetryAfter(step, number, delay_s):
                    error, info = self._errors[step], self._infos[step]
                    self._reporter.retrying(self._steps[step], number, delay_s, error, info)
                    heapq.heappush(self._timers, (time.monotonic() + delay_s, step, number))
                case plan.Queue(step):
                    self._reporter.queued(self._steps[step])
                case plan.Cancel(step):
                    self._running[step].interrupt("cancel")
                case plan.Finish():
                    pass  # the loop sees it in the scheduler
        for done in ended:  # after what follows them has been started: to drop a table takes a while
            self._frames.step_ended(done)

    def _take(self, step: Step) -> plan.Happening:
        """Takes a step's result from an earlier run."""
        assert self._reuser is not None
        try:
            self._fingerprints[step.name] = self._reuser.take(step)
        except StepError as error:
            self._errors[step.name], self._infos[step.name] = error, error_info(error, step)
            self._reporter.log(step, f"runs, because {error.message}", "warning")
            return plan.KeptLost(step.name)
        return plan.StepReused(step.name)

    def _work(self, attempt: Attempt) -> None:
        self._inbox.put(self._bench.carry_out(attempt))

    def _end(self, step: Step, state: str, reason: str | None) -> None:
        duration = self._durations.pop(step.name, None)
        why = self._reuser.why(step.name) if self._reuser is not None else None
        fingerprint = self._fingerprints.get(step.name)
        if state == "success":
            rows = self._rows.pop(step.name, None)
            self._reporter.succeeded(step, duration or 0.0, rows, why=why, fingerprint=fingerprint)
        elif state == "reused" and self._reuser is not None:
            self._reporter.reused(step, self._reuser.reuse_of(step.name), fingerprint)
        elif state == "failed":
            error, info = self._errors[step.name], self._infos[step.name]
            self._reporter.failed(step, error, info, duration or 0.0, reason, why=why)
        else:
            self._reporter.left_out(step, state, reason, duration)
        self._files.step_ended()

    # -- happenings -----------------------------------------------------------------------------------

    def _wait(self) -> Iterable[plan.Happening]:
        """Waits for what happens next and returns it; keeps the clock the scheduler does not have."""
        now = time.monotonic()
        if now - self._looked >= POLL_S:
            return self._look_around(now)
        if self._timers and self._timers[0][0] <= now:
            _, step, number = heapq.heappop(self._timers)
            return [plan.RetryDue(step, number)]
        try:
            item = self._inbox.get(timeout=self._patience(now))
        except queue.Empty:
            return self._look_around(time.monotonic())
        return [item if isinstance(item, plan.CancelRequested) else self._happening(item)]

    def _patience(self, now: float) -> float:
        until = [self._looked + POLL_S]
        if self._timers:
            until.append(self._timers[0][0])
        until += [a.deadline for a in self._running.values() if a.deadline is not None and not a.interrupted]
        return max(0.0, min(until) - now)

    def _look_around(self, now: float) -> list[plan.Happening]:
        """Does what is due now and then: deadlines, interruptions that were missed, the cancel file."""
        self._looked = now
        for attempt in self._running.values():
            if attempt.interrupted:
                attempt.interrupt(attempt.interrupted)
            elif attempt.deadline is not None and attempt.deadline <= now:
                attempt.interrupt("timeout")
        return [plan.CancelRequested()] if self._files.cancel_requested() else []

    def _happening(self, outcome: Outcome) -> plan.Happening:
        step, number = outcome.attempt.step, outcome.attempt.number
        del self._running[step.name]
        self._crew.done()
        self._durations[step.name] = outcome.duration_ms
        error = outcome.error
        if error is None:
            self._rows[step.name] = outcome.rows
            self._fingerprints[step.name] = outcome.fingerprint
            return plan.StepSucceeded(step.name, number)
        if isinstance(error, JournalError):
            raise error  # nothing may be done unrecorded
        self._errors[step.name] = error
        self._infos[step.name] = error_info(error, step)  # before a mask moves what the message points at
        scrub(error, self._tracker.redactor)
        if isinstance(error, RunCancelledError) or outcome.attempt.interrupted == "cancel":
            return plan.StepCancelled(step.name, number)
        if isinstance(error, StepTimeoutError):
            return plan.StepTimedOut(step.name, number)
        if isinstance(error, StepCrashedError):
            return plan.WorkerLost(step.name, number)
        final = isinstance(error, _FINAL) or not isinstance(error, Exception)
        if isinstance(error, ExpectationError) and outcome.attempt.options.retries is None:
            final = True  # the same data would be no better, unless the step itself says that it may
        return plan.StepFailed(step.name, number, retryable=not final)

    def _end_workers(self) -> None:
        """Interrupts what runs until it has ended, for a while; the reason for it is being raised."""
        give_up = time.monotonic() + GRACE_S
        while self._running and time.monotonic() < give_up:
            for attempt in self._running.values():
                attempt.interrupt("cancel")
            try:
                item = self._inbox.get(timeout=POLL_S)
            except queue.Empty:
                continue
            if isinstance(item, Outcome):
                self._running.pop(item.attempt.step.name, None)

    def _backoff(self, options: StepOptions) -> plan.Backoff:
        retries = options.retries if options.retries is not None else self._settings.max_retries
        delay = options.retry_delay if options.retry_delay is not None else self._settings.retry_delay
        return plan.Backoff(retries, delay)
