"""Tracker: the recorder of a run; takes events, writes the journal and folds them into a record."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from odibi_core.core.datasets import DatasetRecorder
from odibi_core.core.executions import (
    Snapshot,
    StepExecution,
    executions_of,
    snapshot_of,
    stats_of,
    summary_of,
)
from odibi_core.core.facts import Facts
from odibi_core.core.failures import error_info
from odibi_core.errors import StepError
from odibi_core.journal import events as journal_events
from odibi_core.journal.events import ErrorInfo
from odibi_core.journal.record import SnapshotRecord

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    from odibi_core.engine.base_context import EngineContext
    from odibi_core.journal.redaction import Redactor
    from odibi_core.journal.writer import JournalWriter

__all__ = ["Snapshot", "StepExecution", "Tracker"]


# The open step of each tracker in this thread or task. A mapping in one module-level variable, because
# a ContextVar made for each tracker would never be freed.
_open_steps: ContextVar[Mapping[object, tuple[str, int]]] = ContextVar("odibi_open_steps", default={})  # noqa: B039


class Tracker(DatasetRecorder):
    """Records what a run does: its steps, their states, and snapshots of their data.

    It touches no disk until `save()`, or until `open_journal()` gives its events a place; the
    orchestrator does that. Any number of steps may be open at once: what a step's own thread or task
    reports belongs to that step.

    Args:
        log_dir: Where `save()` writes; may be reassigned.
        journal: A journal that is open already; its events go there.
        redactor: Knows the secrets to keep out of everything recorded.
    """

    def __init__(
        self,
        log_dir: str | Path = "tracker_logs",
        *,
        journal: JournalWriter | None = None,
        redactor: Redactor | None = None,
    ) -> None:
        super().__init__(log_dir, journal=journal, redactor=redactor)
        self._key = object()  # not `id(self)`, which the next tracker may be given
        self._reset()

    # -- the run --------------------------------------------------------------------------------------

    def start_pipeline(self, name: str) -> None:
        """Begins a run; what was recorded before is forgotten (save it first)."""
        self.begin(name)

    # -- steps ----------------------------------------------------------------------------------------

    def start_step(
        self, name: str, layer: str, *, attempt: int | None = None, worker: int | None = None
    ) -> None:
        """Begins a step in this thread or task; begun again, it is the step's next attempt."""
        with self._lock:
            self._begin_if_needed()
            number = attempt if attempt is not None else self._attempts.get(name, 0) + 1
            self._attempts[name] = number
            self._open[name] = journal_events.now()
            self.record(
                journal_events.StepStarted(
                    ts=self._open[name], step=name, attempt=number, worker=worker, layer=layer
                )
            )
        _open_steps.set({**_open_steps.get(), self._key: (name, number)})

    def end_step(
        self,
        name: str,
        state: str,
        error: str | BaseException | None = None,
        *,
        info: ErrorInfo | None = None,
        reason: str | None = None,
        rows: int | None = None,
        duration_ms: float | None = None,
        **told: Any,
    ) -> None:
        """Ends a step.

        Args:
            name: The step.
            state: success, failed, skipped, cancelled or reused.
            error: Why it failed, as text or as the exception.
            info: The same as data, where the caller has it.
            reason: Why it was skipped, cancelled or reused.
            rows: Rows it produced.
            duration_ms: How long it took, else from `start_step`.
            **told: What else its event says: `why`, `reused_from`, `fingerprint`.
        """
        if info is None and error is not None:
            info = error_info(error) if isinstance(error, BaseException) else ErrorInfo("", str(error))
        with self._lock:
            self._begin_if_needed()
            at = journal_events.now()
            started = self._open.pop(name, None)
            if duration_ms is None and started is not None:
                duration_ms = (at - started).total_seconds() * 1000
            self.record(
                journal_events.StepFinished(
                    ts=at,
                    step=name,
                    state=state,  # type: ignore[arg-type]  # the caller's word
                    attempt=self._attempts.get(name, 0),
                    duration_ms=duration_ms,
                    rows=rows,
                    error=info,
                    reason=reason,
                    **told,
                )
            )
        self._forget_current(name)

    def current_step(self) -> tuple[str, int] | None:
        """Returns the step and attempt that this thread or task is working on."""
        return _open_steps.get().get(self._key)

    @contextmanager
    def attributed(self, step: str, attempt: int) -> Iterator[None]:
        """Attributes what this thread or task reports to a step that was started elsewhere."""
        token = _open_steps.set({**_open_steps.get(), self._key: (step, attempt)})
        try:
            yield
        finally:
            _open_steps.reset(token)

    # -- data -----------------------------------------------------------------------------------------

    def snapshot(
        self,
        position: str,
        df: Any,
        context: EngineContext,
        *,
        dataset: str | None = None,
        step: str | None = None,
    ) -> Snapshot:
        """Records what came into ("before") or out of ("after") a step.

        Args:
            position: "before" or "after".
            df: The data.
            context: The engine whose frame it is.
            dataset: Its key in `data_map`. A "before" of a dataset whose "after" is recorded costs nothing.
            step: The step, where it is not the one this thread or task is working on.
        """
        if position not in ("before", "after"):
            raise ValueError(f'position must be "before" or "after", not {position!r}')
        name, attempt = self._step_of_report(step)
        known = self._facts.get(dataset) if dataset is not None and position == "before" else None
        facts = known if known is not None else Facts.of(df, context)
        event = journal_events.Snapshot(
            step=name,
            position=position,  # type: ignore[arg-type]  # checked above
            attempt=attempt,
            dataset=dataset,
            rows=facts.rows,
            columns=facts.columns,
            sample=facts.sample,
            engine=context.name,
        )
        with self._lock:
            self._begin_if_needed()
            recorded = self._redacted(event)
            self.record(recorded)
            if dataset is not None:
                self._facts[dataset] = facts
        assert isinstance(recorded, journal_events.Snapshot)
        return snapshot_of(_snapshot_record(recorded))

    def log(
        self, message: str, *, level: str = "info", step: str | None = None, stream: str | None = None
    ) -> None:
        """Records a line of the run's log, of the step this thread or task is working on."""
        if step is None:
            current = self.current_step()
            step = current[0] if current is not None else None
        self.record(journal_events.Log(message=message, level=level, step=step, stream=stream))

    # -- what is known --------------------------------------------------------------------------------

    @property
    def executions(self) -> list[StepExecution]:
        """The steps, in the order they started, those never started last."""
        return executions_of(self.view)

    def get_stats(self) -> dict[str, Any]:
        """Returns total_steps, total_duration_ms, success_count, failed_count and success_rate (of 100)."""
        return stats_of(self.view)

    def get_summary(self) -> str:
        """Returns the run as text, a line a step."""
        return summary_of(self.view)

    def export_lineage(self) -> dict[str, Any]:
        """Returns the final log as a dict: pipeline_id, start_time, steps, summary."""
        from odibi_core.journal.final_log import to_log

        with self._lock:
            self._begin_if_needed()
        return to_log(self.view)

    # -- inside ---------------------------------------------------------------------------------------

    def _reset(self) -> None:
        super()._reset()
        self._attempts: dict[str, int] = {}
        self._open: dict[str, datetime] = {}

    def _step_of_report(self, step: str | None) -> tuple[str, int]:
        current = self.current_step()
        if step is not None:
            if current is not None and current[0] == step:
                return current
            return step, self._attempts.get(step, 1)
        if current is not None:
            return current
        with self._lock:
            if len(self._open) == 1:  # started in another thread, and nothing else can be meant
                (name,) = self._open
                return name, self._attempts[name]
        raise StepError(
            "a snapshot belongs to a step, and this thread has started none",
            help="call `start_step` first, or pass `step=`",
        )

    def _forget_current(self, name: str) -> None:
        mine = _open_steps.get()
        if mine.get(self._key, (None,))[0] == name:
            _open_steps.set({key: value for key, value in mine.items() if key is not self._key})


def _snapshot_record(event: journal_events.Snapshot) -> SnapshotRecord:
    return SnapshotRecord(
        position=event.position,
        timestamp=event.ts,
        rows=event.rows,
        columns=event.columns,
        sample=event.sample,
        dataset=event.dataset,
        engine=event.engine,
    )
