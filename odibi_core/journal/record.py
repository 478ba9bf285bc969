"""RunRecord: the frozen view of a run that every screen, summary and log is made from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from odibi_core.journal.events import ColumnInfo, ErrorInfo, Fingerprint, StepInfo

RUN_STATES = (
    "running", "success", "failed", "cancelled", "crashed", "timed_out", "interrupted", "unknown",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SnapshotRecord:
    """What came into or out of a step.

    Attributes:
        position: "before" or "after".
        timestamp: When it was taken.
        rows: Number of rows, None where unknown.
        columns: Name, Arrow type and engine's type of each column.
        sample: Up to 5 rows, each column -> JSON value.
        dataset: Key in `data_map`, None in foreign logs.
        metadata: Free-form, from foreign logs.
        engine: The engine the data was on.
    """

    position: str
    timestamp: datetime | None
    rows: int | None
    columns: tuple[ColumnInfo, ...]
    sample: tuple[dict[str, Any], ...]
    dataset: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    engine: str | None = None


@dataclass(frozen=True, slots=True)
class DatasetRecord:
    """A dataset of the run; files are relative to the run's directory.

    Attributes:
        key: Key in `data_map`.
        rows: Number of rows, None where unknown.
        preview_file: The file of its first rows.
        preview_rows: How many are in there.
        full_file: The file of all rows, where they are kept.
        profile_file: The file of its profile.
        full_bytes: That file's size.
        full_digest: That file's digest.
        index_file: The index of a pandas frame, where it is more than the rows' numbers.
    """

    key: str
    rows: int | None = None
    preview_file: str | None = None
    preview_rows: int | None = None
    full_file: str | None = None
    profile_file: str | None = None
    full_bytes: int | None = None
    full_digest: str | None = None
    index_file: str | None = None


@dataclass(frozen=True, slots=True)
class ExpectationRecord:
    """Whether the data of a step was as expected.

    Attributes:
        name: What it is called; one of its name in a step.
        kind: not_null, unique, accepted_values, range, row_count, freshness or sql.
        passed: Whether it is met.
        severity: "error" (the step fails) or "warn".
        dataset: Key in `data_map` of the data.
        on: The columns it is about.
        rows: All rows of the data.
        failing: Rows that are not as expected, None where it is not about single rows.
        found: What was there instead, as text, where it is not met.
        sample: Up to 5 of the failing rows, each column -> JSON value.
    """

    name: str
    kind: str
    passed: bool
    severity: str = "error"
    dataset: str | None = None
    on: tuple[str, ...] = ()
    rows: int | None = None
    failing: int | None = None
    found: str | None = None
    sample: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt of a step, for the timeline."""

    number: int
    started: datetime
    ended: datetime | None = None
    worker: int | None = None
    error: ErrorInfo | None = None


@dataclass(frozen=True, slots=True)
class StepRecord:
    """What is known of a step; `state` is a `NodeState` value.

    Attributes:
        info: The step as the run knew it at its start.
        state: pending, running, retry, success, failed, skipped, cancelled or reused.
        queued: When it was ready to start.
        started: When its first attempt started.
        ended: When it ended.
        duration_ms: As reported, else None.
        attempts: Every attempt in order.
        before: Snapshot of what came in.
        after: Snapshot of what came out.
        error: Why it failed.
        reason: Why it was skipped, reused or cancelled.
        rows: Rows it has produced or is known to have processed so far.
        bytes: Bytes likewise.
        fraction: 0 to 1 where known.
        why: Why it ran, where a run that reuses had to decide.
        reused_from: The run whose result was taken.
        fingerprint: What decided its result.
        expectations: What was expected of its data in the last attempt, and whether it was so.
    """

    info: StepInfo
    state: str = "pending"
    queued: datetime | None = None
    started: datetime | None = None
    ended: datetime | None = None
    duration_ms: float | None = None
    attempts: tuple[Attempt, ...] = ()
    before: SnapshotRecord | None = None
    after: SnapshotRecord | None = None
    error: ErrorInfo | None = None
    reason: str | None = None
    rows: int | None = None
    bytes: int | None = None
    fraction: float | None = None
    why: str | None = None
    reused_from: str | None = None
    fingerprint: Fingerprint | None = None
    expectations: tuple[ExpectationRecord, ...] = ()

    @property
    def unmet(self) -> tuple[ExpectationRecord, ...]:
        """What was expected of its data and is not so."""
        return tuple(expectation for expectation in self.expectations if not expectation.passed)


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of the run's log."""

    ts: datetime
    level: str
    step: str | None
    message: str
    stream: str | None = None


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run, as far as its journal (or a foreign run log) tells.

    Attributes:
        run_id: Its id, such as run_20260131_120000.
        pipeline: The pipeline's name.
        state: One of `RUN_STATES`.
        steps: In config order (foreign logs: in the log's order).
        datasets: By key in `data_map`.
        log_count: Log lines so far; the lines themselves are read apart, a run may print millions.
        foreign: Made from a log another program wrote.
    """

    run_id: str
    pipeline: str
    state: str
    source: str | None = None
    digest: str | None = None
    base_dir: str | None = None
    started: datetime | None = None
    ended: datetime | None = None
    duration_ms: float | None = None
    steps: tuple[StepRecord, ...] = ()
    datasets: dict[str, DatasetRecord] = field(default_factory=dict)
    host: str = ""
    pid: int | None = None
    versions: dict[str, str] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    rss_bytes: int | None = None
    log_count: int = 0
    error: ErrorInfo | None = None
    reason: str | None = None
    foreign: bool = False

    def step(self, name: str) -> StepRecord | None:
        """Returns the step of that name, or None."""
        return next((step for step in self.steps if step.info.name == name), None)

    @property
    def is_live(self) -> bool:
        """Whether more events may come."""
        return self.state == "running"
