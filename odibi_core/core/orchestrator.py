"""Orchestrator: runs a pipeline's steps as their graph allows, and records everything they do."""

from __future__ import annotations

import asyncio
import contextvars
import random
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from odibi_core.core.conductor import Conductor
from odibi_core.core.contexts import Contexts
from odibi_core.core.frames import FrameStore
from odibi_core.core.preflight import refuse_unknown, refuse_unrunnable
from odibi_core.core.secrecy import hide_named_secrets
from odibi_core.core.settings import KEEPS, PROFILES, RunSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from odibi_core.core.events import EventEmitter
    from odibi_core.core.node import Step
    from odibi_core.core.tracker import Tracker
    from odibi_core.engine.base_context import EngineContext
    from odibi_core.journal.profile import ProfileMode


@dataclass
class OrchestrationResult:
    """What a run leaves in memory.

    Attributes:
        data_map: Key -> frame, of the engine that made it.
        tracker: The record of the run.
    """

    data_map: dict[str, Any]
    tracker: Tracker


class Orchestrator:
    """Runs steps in this process.

    Steps that do not need each other run side by side, on threads. SQL that runs too long or is cancelled
    is interrupted by its engine; a function is when it has a `timeout` or `isolate` (docs/execution.md).

    Args:
        steps: The pipeline.
        context: The engine for the steps that name it; others are made when first needed.
        tracker: Records the run; the journal and the final log go under its `log_dir`.
        events: Tells listeners.
        parallel: Whether steps run side by side.
        max_workers: How many at once.
        use_cache: Whether kept results of earlier runs are reused where nothing has changed (docs/reuse.md).
        max_retries: How often a failed step is tried again.
        retry_delay: Seconds before the first retry; it doubles with each, give or take a quarter.
        keep_going: Whether a failure leaves out only the steps that need the failed one.
        variables: What `${var:NAME}` stands for.
        pipeline: The pipeline's name; else the source's, or the one `tracker.start_pipeline` was given.
        source: Where the steps were loaded from.
        digest: The source's digest.
        base_dir: What relative paths are relative to, where the context does not say.
        keep_frames: Whether a frame stays in `data_map` when its last reader is done.
        previews: Whether the first 1,000 rows of each dataset are stored beside the journal.
        profile: How columns are profiled (docs/profiles.md): "sample", "full" or "off"; None means "sample",
            and without previews "off".
        keep: Which full results are kept for later runs: `all`, `none`, or `auto`: up to 256 MB. If not
            given, `auto` where previews are stored and `none` where they are not.
        resume: Directory of the run to carry on with: its results are reused, those of no other run; steps
            that were not selected there are not run, unless `only` says otherwise.
        only: Names of the steps to run (`plan.selection` reads the language of the command line); of others
            that these need, kept results are used.
        random: Source of the retries' jitter, in [0, 1).

    Attributes:
        data_map: Key -> frame. What is in it when a run begins can be read by its steps.
    """

    def __init__(
        self,
        steps: Sequence[Step],
        context: EngineContext,
        tracker: Tracker,
        events: EventEmitter,
        parallel: bool = True,
        max_workers: int = 4,
        use_cache: bool = False,
        max_retries: int = 0,
        retry_delay: float = 1.0,
        keep_going: bool = False,
        variables: Mapping[str, Any] | None = None,
        *,
        pipeline: str | None = None,
        source: str | Path | None = None,
        digest: str | None = None,
        base_dir: str | Path | None = None,
        keep_frames: bool = True,
        previews: bool = True,
        profile: ProfileMode | None = None,
        keep: str | None = None,
        resume: str | Path | None = None,
        only: Collection[str] | None = None,
        random: Callable[[], float] = random.random,
    ) -> None:
        self.steps = list(steps)
        self.context = context
        self.tracker = tracker
        self.events = events
        if base_dir is not None and context.base_dir is None:
            context.base_dir = Path(base_dir)
        if keep not in (None, *KEEPS):
            raise ValueError(f"`keep` is one of {', '.join(KEEPS)}, not {keep!r}")
        if profile not in (None, *PROFILES):
            raise ValueError(f"`profile` is one of {', '.join(PROFILES)}, not {profile!r}")
        if isinstance(only, str):
            raise TypeError("`only` is a collection of names, not a text")
        self.settings = RunSettings(
            max_workers=max(1, max_workers) if parallel else 1,
            use_cache=use_cache,
            max_retries=max_retries,
            retry_delay=retry_delay,
            keep_going=keep_going,
            keep_frames=keep_frames,
            previews=previews,
            profile=profile or ("sample" if previews else "off"),
            pipeline=pipeline or (Path(source).stem if source else None),
            source=str(source) if source is not None else None,
            digest=digest,
            keep=keep or ("auto" if previews else "none"),
            resume=Path(resume) if resume is not None else None,
            only=frozenset(only) if only is not None else None,
        )
        self.variables = dict(variables or {})
        self.data_map: dict[str, Any] = {}
        self._contexts = Contexts(context)
        self._random = random
        self._cancel = threading.Event()
        self._conductor: Conductor | None = None
        self._running = threading.Lock()

    def run(self) -> OrchestrationResult:
        """Runs the pipeline.

        Raises:
            Exception: What made a step fail, with the step's name as a note; the tracker is saved.
            odibi_core.errors.RunCancelledError: The run was cancelled.
            odibi_core.errors.ConfigError: The steps cannot be run in any order.
            odibi_core.errors.SelectionError: `only` names what is no step, or a step needs what is not kept.
            odibi_core.errors.JournalError: What happens cannot be recorded.
        """
        refuse_unrunnable(self.steps)
        refuse_unknown(self.settings.only, self.steps)
        self._conduct(self.steps, whole=True)
        return OrchestrationResult(self.data_map, self.tracker)

    async def run_async(self) -> OrchestrationResult:
        """Runs the pipeline on a thread; cancelling the task cancels the run and waits for its end."""
        context = contextvars.copy_context()
        work = asyncio.get_running_loop().run_in_executor(None, context.run, self.run)
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            self.cancel()
            await asyncio.wait([work])
            work.exception()  # that it was cancelled is what the caller asked for
            raise

    def run_step(self, step: Step) -> dict[str, Any]:
        """Runs one step on what is in `data_map`, with its retries, and returns `data_map`.

        It is recorded by the tracker, in the run that is open there; nothing is saved.

        Raises:
            Exception: What made it fail, with the step's name as a note.
        """
        self._conduct([step], whole=False)
        return self.data_map

    def cancel(self) -> None:
        """Ends the run soon, from any thread: nothing new starts, what can be interrupted is."""
        self._cancel.set()
        conductor = self._conductor
        if conductor is not None:
            conductor.cancel()

    def close(self) -> None:
        """Closes the engines that were made for steps of other engines; their frames are gone then."""
        self._contexts.close()

    def _conduct(self, steps: Sequence[Step], *, whole: bool) -> None:
        if not self._running.acquire(blocking=False):
            raise RuntimeError("this orchestrator is running already")
        try:
            hide_named_secrets([*self.steps, *steps], self.variables, self.tracker.redactor)
            if whole:
                for key in {key for step in steps for key in step.outputs.values()}:
                    self.data_map.pop(key, None)
            frames = FrameStore(
                self.data_map, self._contexts, steps, keep=self.settings.keep_frames or not whole
            )
            self._conductor = Conductor(
                steps,
                self._resumed() if whole else self.settings,
                contexts=self._contexts,
                frames=frames,
                tracker=self.tracker,
                events=self.events,
                variables=self.variables,
                base_dir=self.context.base_dir,
                random=self._random,
            )
            if self._cancel.is_set():
                self._conductor.cancel()
            self._conductor.run(whole=whole)
        finally:
            self._conductor = None
            self._cancel.clear()
            self._running.release()

    def _resumed(self) -> RunSettings:
        """Returns the settings, with the selection of the run that is carried on, unless there is one."""
        settings = self.settings
        if settings.resume is None or settings.only is not None:
            return settings
        from odibi_core.reuse.past import selection_of

        return replace(settings, only=selection_of(settings.resume, [step.name for step in self.steps]))
