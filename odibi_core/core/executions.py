"""What Python callers see of a run: `Snapshot` and `StepExecution`, views derived from its record."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from odibi_core.text import one_line

if TYPE_CHECKING:
    from datetime import datetime

    from odibi_core.journal.record import RunRecord, SnapshotRecord, StepRecord

_ENDED = frozenset({"success", "failed", "skipped", "cancelled", "reused"})
_MARKS = {"success": "[OK]", "failed": "[FAILED]", "reused": "[REUSED]", "skipped": "[SKIPPED]"}


@dataclass
class Snapshot:
    """What came into or out of a step.

    Attributes:
        name: "before" or "after".
        timestamp: When it was taken.
        row_count: All rows, None where counting would have cost a pass over the data.
        schema: Column and Arrow type name, in order.
        sample_data: Up to 5 rows, column -> JSON value.
        metadata: Among others `dataset`, the key in `data_map`.
    """

    name: str
    timestamp: datetime | None
    row_count: int | None
    schema: list[tuple[str, str]]
    sample_data: list[dict[str, Any]] = field(default_factory=list)
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass
class StepExecution:
    """One step of a run; `state` stays "pending" until the step has ended."""

    step_name: str
    layer: str
    start_time: datetime | None = None
    end_time: datetime | None = None
    duration_ms: float | None = None
    before_snapshot: Snapshot | None = None
    after_snapshot: Snapshot | None = None
    schema_diff: dict[str, Any] | None = None
    row_delta: int | None = None
    state: str = "pending"
    error_message: str | None = None
    iteration: int = 0
    checkpoint_id: str | None = None


def executions_of(record: RunRecord) -> list[StepExecution]:
    """Returns the steps in the order they started; those that never did come last, in config order."""
    started = sorted((s for s in record.steps if s.started is not None), key=_start)
    return [_execution(step) for step in [*started, *(s for s in record.steps if s.started is None)]]


def snapshot_of(record: SnapshotRecord) -> Snapshot:
    """Returns the public view of a snapshot."""
    metadata = dict(record.metadata)
    if record.dataset is not None:
        metadata.setdefault("dataset", record.dataset)
    return Snapshot(
        name=record.position,
        timestamp=record.timestamp,
        row_count=record.rows,
        schema=[(column.name, column.type) for column in record.columns],
        sample_data=[dict(row) for row in record.sample],
        metadata=metadata,
    )


def stats_of(record: RunRecord) -> dict[str, Any]:
    """Returns the figures of `Tracker.get_stats()`; a reused step counts as a success."""
    from odibi_core.journal.stats import run_stats

    return run_stats(record)


def summary_of(record: RunRecord) -> str:
    """Returns the text of `Tracker.get_summary()`."""
    stats = stats_of(record)
    title = "Pipeline Execution Summary"
    lines = [
        f"{title}: {one_line(record.pipeline)}" if record.pipeline else title,
        "=" * 60,
        f"Total Steps: {stats['total_steps']}",
        f"Success: {stats['success_count']} | Failed: {stats['failed_count']}",
        f"Success Rate: {stats['success_rate']:.1f}%",
        f"Total Duration: {stats['total_duration_ms']:.2f}ms",
        "",
        "Steps:",
    ]
    lines += [_step_line(execution) for execution in executions_of(record)]
    return "\n".join(lines)


def _step_line(step: StepExecution) -> str:
    mark = _MARKS.get(step.state, f"[{step.state.upper()}]")
    line = f"  {mark} {one_line(step.step_name)} ({one_line(step.layer)}): {step.state}"
    if step.duration_ms is not None:
        line += f" in {step.duration_ms:.2f}ms"
    shown = step.after_snapshot or step.before_snapshot
    if shown is not None and shown.row_count is not None:
        line += f", {shown.row_count:,} row" + "s" * (shown.row_count != 1)
        if step.row_delta:
            line += f" ({step.row_delta:+,})"
    if step.error_message:
        line += f": {one_line(step.error_message)}"
    return line


def _execution(step: StepRecord) -> StepExecution:
    before = snapshot_of(step.before) if step.before is not None else None
    after = snapshot_of(step.after) if step.after is not None else None
    execution = StepExecution(
        step_name=step.info.name,
        layer=step.info.layer,
        start_time=step.started,
        end_time=step.ended,
        duration_ms=step.duration_ms,
        before_snapshot=before,
        after_snapshot=after,
        state=step.state if step.state in _ENDED else "pending",
        error_message=step.error.message if step.error is not None else None,
    )
    if step.before is not None and step.after is not None:
        from odibi_core.journal.schema_diff import schema_diff

        execution.schema_diff = schema_diff(step.before.columns, step.after.columns)
        if step.before.rows is not None and step.after.rows is not None:
            execution.row_delta = step.after.rows - step.before.rows
    return execution


def _start(step: StepRecord) -> datetime:
    assert step.started is not None
    return step.started
