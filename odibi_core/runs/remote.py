"""Tells a run in another process to listeners here, under the names and keywords of a run in this one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from odibi_core.errors import RemoteStepError
from odibi_core.journal import events as journal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pyarrow as pa

    from odibi_core.core.events import EventEmitter
    from odibi_core.core.node import Step
    from odibi_core.journal.events import ColumnInfo, ErrorInfo, Event
    from odibi_core.journal.record import RunRecord


@dataclass(frozen=True)
class DatasetHandle:
    """A dataset of a run, which lies in another process or is long gone.

    Attributes:
        key: Its key in `data_map`.
        rows: How many rows it has, None where unknown.
        columns: Its schema.
        preview_file: The file of its first rows in the run's directory, None if there is none.
        run_dir: The run's directory.
    """

    key: str
    rows: int | None
    columns: tuple[ColumnInfo, ...]
    preview_file: str | None = None
    run_dir: Path | None = None

    def preview(self) -> pa.Table | None:
        """Returns the stored rows, or None if none were stored."""
        if self.preview_file is None or self.run_dir is None:
            return None
        from odibi_core.runs.store import read_data

        return read_data(self.run_dir, self.preview_file)


def relay(
    event: Event,
    emitter: EventEmitter,
    steps: Mapping[str, Step] | Sequence[Step],
    *,
    record: RunRecord | None = None,
    run_dir: Path | None = None,
) -> None:
    """Emits what an event of a journal would have been in the run's own process.

    Args:
        event: The event.
        emitter: Has the listeners.
        steps: The run's steps; events of a step nobody knows are left out.
        record: The run so far, for the `data_map` at its end.
        run_dir: The run's directory, for the previews in it.
    """
    names = steps if isinstance(steps, Mapping) else {step.name: step for step in steps}
    name = getattr(event, "step", None)
    step = names.get(name) if name is not None else None
    match event:
        case journal.RunStarted():
            emitter.emit("pipeline_start", steps=list(names.values()))
        case journal.RunFinished():
            _relay_end(event, emitter, record, run_dir)
        case journal.Log():
            emitter.emit("log", step=step, level=event.level, message=event.message)
        case _ if step is not None:
            _relay_step(event, emitter, step)


def datasets_of(record: RunRecord, run_dir: Path | None = None) -> dict[str, DatasetHandle]:
    """Returns what a run's `data_map` was, as handles."""
    columns: dict[str, tuple[ColumnInfo, ...]] = {}
    for step in record.steps:
        for snapshot in (step.before, step.after):
            if snapshot is not None and snapshot.dataset is not None:
                columns[snapshot.dataset] = snapshot.columns
    return {
        key: DatasetHandle(
            key,
            dataset.rows,
            columns.get(key, ()),
            dataset.preview_file,
            run_dir,
        )
        for key, dataset in record.datasets.items()
    }


def remote_error(error: ErrorInfo | None, step: str | None = None) -> RemoteStepError:
    """Returns a recorded error as an exception."""
    if error is None:
        return RemoteStepError("nothing is known of the error", type_name="", step=step)
    exception = RemoteStepError(
        error.message, type_name=error.type, traceback_text=error.traceback, step=step
    )
    exception.help = error.help
    return exception


def _relay_end(
    event: journal.RunFinished, emitter: EventEmitter, record: RunRecord | None, run_dir: Path | None
) -> None:
    if event.state == "success":
        emitter.emit("pipeline_complete", data_map=datasets_of(record, run_dir) if record is not None else {})
    elif event.state == "cancelled":
        emitter.emit("pipeline_cancelled")
    else:
        error = event.error or journal.ErrorInfo(
            type="", message=event.reason or f"the run ended: {event.state}"
        )
        emitter.emit("pipeline_error", error=remote_error(error))


def _relay_step(event: Event, emitter: EventEmitter, step: Step) -> None:
    match event:
        case journal.StepStarted():
            emitter.emit("step_start", step=step, attempt=event.attempt)
        case journal.Progress():
            emitter.emit(
                "step_progress", step=step, rows=event.rows, bytes=event.bytes, fraction=event.fraction
            )
        case journal.Snapshot():
            emitter.emit("snapshot", step=step, snapshot=_snapshot(event))
        case journal.Expectation():
            emitter.emit("expectation", step=step, expectation=event)
        case journal.Retry():
            error = remote_error(event.error, step.name)
            emitter.emit("step_retry", step=step, attempt=event.attempt, delay_s=event.delay_s, error=error)
        case journal.StepFinished(state="success" | "reused"):
            emitter.emit("step_complete", step=step, duration_ms=event.duration_ms)
        case journal.StepFinished(state="failed"):
            emitter.emit("step_error", step=step, error=remote_error(event.error, step.name))
        case journal.StepFinished():
            emitter.emit("step_skipped", step=step, reason=event.reason)


def _snapshot(event: journal.Snapshot) -> Any:
    from odibi_core.core.executions import snapshot_of
    from odibi_core.journal.record import SnapshotRecord

    return snapshot_of(
        SnapshotRecord(event.position, event.ts, event.rows, event.columns, event.sample, event.dataset)
    )
