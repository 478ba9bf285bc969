"""RunBuilder: folds events into a run's record; the only way a record is made from a journal."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from odibi_core.journal import events as ev
from odibi_core.journal.record import (
    Attempt,
    DatasetRecord,
    ExpectationRecord,
    RunRecord,
    SnapshotRecord,
    StepRecord,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

_ENDED = frozenset({"success", "failed", "skipped", "cancelled", "reused"})
_REASONS = {
    "cancelled": "the run was cancelled",
    "crashed": "the run's process crashed",
    "timed_out": "the run took too long",
    "interrupted": "the run was interrupted",
}


class RunBuilder:
    """A run's record in the making.

    `apply` takes events in journal order and never fails, whatever they say: an event of a step nobody
    announced makes that step, a second end of a step or run is its last word. `view` returns the frozen
    record; steps that nothing happened to since the last view are the same objects.
    """

    def __init__(self) -> None:
        self._run: dict[str, Any] = {"run_id": "", "pipeline": "", "state": "running"}
        self._steps: dict[str, _StepBuilder] = {}
        self._datasets: dict[str, DatasetRecord] = {}
        self._seen_by: dict[str, dict[str, _StepBuilder]] = {}  # dataset -> steps with a snapshot of it
        self._log_count = 0
        self._view: RunRecord | None = None
        self._handlers: dict[type, Callable[[Any], None]] = {
            ev.RunStarted: self._run_started,
            ev.StepQueued: self._step_queued,
            ev.StepStarted: self._step_started,
            ev.Progress: self._progress,
            ev.Snapshot: self._snapshot,
            ev.DatasetRows: self._dataset_rows,
            ev.DatasetStored: self._dataset_stored,
            ev.DatasetKept: self._dataset_kept,
            ev.DatasetDropped: self._dataset_dropped,
            ev.Expectation: self._expectation,
            ev.Log: self._log,
            ev.Retry: self._retry,
            ev.StepFinished: self._step_finished,
            ev.Memory: self._memory,
            ev.RunFinished: self._run_finished,
        }

    def apply(self, event: ev.Event) -> None:
        """Takes the next event; one of an unknown kind changes nothing."""
        handler = self._handlers.get(type(event))
        if handler is not None:
            handler(event)
            self._view = None

    def count_logs(self, number: int) -> None:
        """Counts log lines without their events: all that a record knows of them is how many there are."""
        if number:
            self._log_count += number
            self._view = None

    def view(self) -> RunRecord:
        """Returns the record as it is now."""
        if self._view is None:
            self._view = RunRecord(
                **self._run,
                steps=tuple(step.view() for step in self._steps.values()),
                datasets=dict(self._datasets),
                log_count=self._log_count,
            )
        return self._view

    @property
    def finished(self) -> bool:
        """Whether the run has said that it ended."""
        return bool(self._run["state"] != "running")

    # -- the run ----------------------------------------------------------------------------------

    def _run_started(self, event: ev.RunStarted) -> None:
        self._run.update(
            run_id=event.run_id,
            pipeline=event.pipeline,
            source=event.source,
            digest=event.digest,
            base_dir=event.base_dir,
            started=event.ts,
            host=event.host,
            pid=event.pid,
            versions=event.versions,
            options=event.options,
        )
        for info in event.steps:
            step = self._steps.get(info.name)
            if step is None:
                self._steps[info.name] = _StepBuilder(info)
            else:
                step.set(info=info)

    def _memory(self, event: ev.Memory) -> None:
        self._run["rss_bytes"] = event.rss_bytes

    def _run_finished(self, event: ev.RunFinished) -> None:
        duration = event.duration_ms
        if duration is None and "started" in self._run:
            duration = _milliseconds(self._run["started"], event.ts)
        self._run.update(
            state=event.state, ended=event.ts, duration_ms=duration, error=event.error, reason=event.reason
        )
        for step in self._steps.values():
            step.run_ended(event)

    def _log(self, event: ev.Log) -> None:
        self._log_count += 1

    # -- datasets ---------------------------------------------------------------------------------

    def _dataset_rows(self, event: ev.DatasetRows) -> None:
        self._dataset(event.dataset, rows=event.rows)
        for step in self._seen_by.get(event.dataset, {}).values():
            step.dataset_counted(event.dataset, event.rows)

    def _dataset_stored(self, event: ev.DatasetStored) -> None:
        if event.kind == "preview":
            # Of the same data, made anew: a profile of what was there before is not of it.
            self._dataset(event.dataset, preview_file=event.file, preview_rows=event.rows, profile_file=None)
        else:
            self._dataset(event.dataset, profile_file=event.file)

    def _dataset_kept(self, event: ev.DatasetKept) -> None:
        known = self._datasets.get(event.dataset)
        self._dataset(
            event.dataset,
            rows=event.rows if known is None or known.rows is None else known.rows,
            full_file=event.file,
            full_bytes=event.bytes,
            full_digest=event.digest,
            index_file=event.index_file,
        )

    def _dataset_dropped(self, event: ev.DatasetDropped) -> None:
        self._dataset(event.dataset, full_file=None, full_bytes=None, full_digest=None, index_file=None)

    def _dataset(self, key: str, **changes: Any) -> None:
        old = self._datasets.get(key)
        known = {} if old is None else {name: getattr(old, name) for name in DatasetRecord.__slots__}
        self._datasets[key] = DatasetRecord(**{"key": key, **known, **changes})

    # -- steps ------------------------------------------------------------------------------------

    def _step(self, name: str) -> _StepBuilder:
        step = self._steps.get(name)
        if step is None:
            step = self._steps[name] = _StepBuilder(ev.StepInfo(name=name, layer="transform"))
        return step

    def _step_queued(self, event: ev.StepQueued) -> None:
        self._step(event.step).set(queued=event.ts)

    def _step_started(self, event: ev.StepStarted) -> None:
        step = self._steps.get(event.step)
        if step is None:
            info = ev.StepInfo(name=event.step, layer=event.layer or "transform")
            step = self._steps[event.step] = _StepBuilder(info)
        step.start(event)

    def _progress(self, event: ev.Progress) -> None:
        self._step(event.step).progress(event)

    def _snapshot(self, event: ev.Snapshot) -> None:
        rows = event.rows
        if event.dataset is not None:
            known = self._datasets.get(event.dataset)
            if rows is None and known is not None:
                rows = known.rows
            if known is None or known.rows != rows:
                self._dataset(event.dataset, rows=rows)
            self._seen_by.setdefault(event.dataset, {})[event.step] = self._step(event.step)
        snapshot = SnapshotRecord(
            event.position, event.ts, rows, event.columns, event.sample, event.dataset, engine=event.engine
        )
        self._step(event.step).set(**{event.position: snapshot})

    def _expectation(self, event: ev.Expectation) -> None:
        self._step(event.step).expect(event)

    def _retry(self, event: ev.Retry) -> None:
        self._step(event.step).retry(event)

    def _step_finished(self, event: ev.StepFinished) -> None:
        self._step(event.step).finish(event)


def settle(record: RunRecord, state: str) -> RunRecord:
    """Returns the record of a run that never said how it ended, with what is known of its end.

    Args:
        record: The record its events give.
        state: "interrupted": its process is gone, so what was at work is no longer; "unknown": nobody
            can tell, so the steps stay as last seen.
    """
    if state != "interrupted":
        return replace(record, state=state)
    reason = _REASONS[state]
    steps = tuple(
        step
        if step.state in _ENDED
        else replace(step, state="skipped" if step.state == "pending" else "cancelled", reason=reason)
        for step in record.steps
    )
    return replace(record, state=state, reason=record.reason or "its process is gone", steps=steps)


class _StepBuilder:
    """A step's record in the making."""

    __slots__ = ("_attempts", "_fields", "_view")

    def __init__(self, info: ev.StepInfo) -> None:
        self._fields: dict[str, Any] = {"info": info, "state": "pending"}
        self._attempts: list[Attempt] = []
        self._view: StepRecord | None = None

    def set(self, **changes: Any) -> None:
        self._fields.update(changes)
        self._view = None

    def progress(self, event: ev.Progress) -> None:
        """Takes what is known now; written out, because a long run's journal is mostly this and log lines."""
        fields = self._fields
        if event.rows is not None:
            fields["rows"] = event.rows
        if event.bytes is not None:
            fields["bytes"] = event.bytes
        if event.fraction is not None:
            fields["fraction"] = event.fraction
        self._view = None

    def view(self) -> StepRecord:
        if self._view is None:
            self._view = StepRecord(**self._fields, attempts=tuple(self._attempts))
        return self._view

    def start(self, event: ev.StepStarted) -> None:
        self._end_attempt(event.ts, None)
        self._attempts.append(Attempt(event.attempt, event.ts, worker=event.worker))
        changes: dict[str, Any] = {"state": "running", "ended": None, "error": None, "fraction": None}
        if self._fields.get("expectations"):
            changes["expectations"] = ()
        if self._fields.get("started") is None:
            changes["started"] = event.ts
        self.set(**changes)

    def expect(self, event: ev.Expectation) -> None:
        others = [known for known in self._fields.get("expectations", ()) if known.name != event.name]
        told = {name: getattr(event, name) for name in ExpectationRecord.__slots__}
        self.set(expectations=(*others, ExpectationRecord(**told)))

    def retry(self, event: ev.Retry) -> None:
        self._end_attempt(event.ts, event.error)
        self.set(state="retry", error=event.error)

    def finish(self, event: ev.StepFinished) -> None:
        self._end_attempt(event.ts, event.error)
        duration = event.duration_ms
        if duration is None and self._fields.get("started") is not None:
            duration = _milliseconds(self._fields["started"], event.ts)
        changes: dict[str, Any] = {
            "state": event.state,
            "ended": event.ts,
            "duration_ms": duration,
            "error": event.error,
            "reason": event.reason,
            "why": event.why,
            "reused_from": event.reused_from,
            "fingerprint": event.fingerprint,
        }
        if event.rows is not None:
            changes["rows"] = event.rows
        if event.bytes is not None:
            changes["bytes"] = event.bytes
        self.set(**changes)

    def run_ended(self, event: ev.RunFinished) -> None:
        """Settles a step that the run did not live to settle: it was at work, or never came to its turn."""
        state = self._fields["state"]
        if state in _ENDED or event.state == "success":
            return
        reason = _REASONS.get(event.state, "the run ended first")
        if state == "pending":
            self.set(state="skipped", reason=reason)
            return
        died = event.state in ("crashed", "timed_out")  # with what it was doing, as far as anyone knows
        self._end_attempt(event.ts, event.error if died else None)
        changes: dict[str, Any] = {"ended": event.ts, "reason": reason}
        changes |= {"state": "failed", "error": event.error} if died else {"state": "cancelled"}
        if self._fields.get("started") is not None:
            changes["duration_ms"] = _milliseconds(self._fields["started"], event.ts)
        self.set(**changes)

    def dataset_counted(self, dataset: str, rows: int) -> None:
        """Fills in the number of rows where a snapshot of the dataset did not know it."""
        for position in ("before", "after"):
            snapshot: SnapshotRecord | None = self._fields.get(position)
            if snapshot is not None and snapshot.dataset == dataset and snapshot.rows is None:
                self.set(**{position: replace(snapshot, rows=rows)})

    def _end_attempt(self, at: datetime, error: ev.ErrorInfo | None) -> None:
        if self._attempts and self._attempts[-1].ended is None:
            last = self._attempts[-1]
            self._attempts[-1] = Attempt(last.number, last.started, at, last.worker, error)


def _milliseconds(start: datetime, end: datetime) -> float:
    return max(0.0, (end - start).total_seconds() * 1000)
