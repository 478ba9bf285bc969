"""The typed events of a run: what stands in a journal, one a line.

A journal line is a JSON object `{"v": 1, "seq": n, "type": "...", "ts": "...", ...}`. `v` and `seq`
are the writer's (`journal.writer`); the rest is one of the structs below. Readers skip types they do
not know, and fields may be added. Times are aware UTC datetimes, durations milliseconds.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import msgspec

FORMAT_VERSION = 1

StepEnd = Literal["success", "failed", "skipped", "cancelled", "reused"]
RunEnd = Literal["success", "failed", "cancelled", "crashed", "timed_out"]
Position = Literal["before", "after"]


def now() -> datetime:
    """Returns the current time, aware, in UTC."""
    return datetime.now(UTC)


class ColumnInfo(msgspec.Struct, frozen=True):
    """A column: its name, its Arrow type name, and the engine's own name for the type."""

    name: str
    type: str
    native: str | None = None


class ErrorInfo(msgspec.Struct, frozen=True, omit_defaults=True):
    """An exception as data. `diagnostic` is the JSON form of the one that locates it in the config."""

    type: str
    message: str
    traceback: str = ""
    help: str | None = None
    diagnostic: dict[str, Any] | None = None


class StepInfo(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a run knows of a step before it starts."""

    name: str
    layer: str
    type: str = "config_op"
    engine: str = "pandas"
    value: str = ""
    inputs: dict[str, str] = {}
    outputs: dict[str, str] = {}
    needs: tuple[str, ...] = ()
    key: tuple[str, ...] = ()  # metadata.key: columns that identify a row of the result


class FileStamp(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file as it was: `path` as resolved, and a digest of its bytes where it is small."""

    path: str
    size: int
    mtime_ns: int
    digest: str | None = None


class Fingerprint(msgspec.Struct, frozen=True, omit_defaults=True):
    """What decides a step's result, as digests: equal fingerprints, equal results (docs/reuse.md).

    `parts` are digests of what went into `value`, by which a later run tells what has changed; `files` are
    what the step read, `target` is what it wrote. `never` says why the step's result is never reused.
    """

    value: str
    parts: dict[str, str] = {}
    files: tuple[FileStamp, ...] = ()
    target: FileStamp | None = None
    never: str | None = None


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type"):
    """Base of all events."""

    ts: Annotated[datetime, msgspec.Meta(tz=True)] = msgspec.field(default_factory=now)


class RunStarted(Event, frozen=True, tag="run_started"):
    """The first event of a run."""

    run_id: str
    pipeline: str
    source: str | None = None
    digest: str | None = None
    base_dir: str | None = None
    steps: tuple[StepInfo, ...] = ()
    host: str = ""
    pid: int | None = None
    versions: dict[str, str] = {}
    options: dict[str, Any] = {}


class StepQueued(Event, frozen=True, tag="step_queued"):
    """All a step needs is there; it waits for a worker."""

    step: str


class StepStarted(Event, frozen=True, tag="step_started"):
    """A worker took a step up. `worker` is its lane in the timeline, from 0; attempts count from 1."""

    step: str
    attempt: int = 1
    worker: int | None = None
    layer: str | None = None


class Progress(Event, frozen=True, tag="progress"):
    """How far a step is, as far as known; `fraction` is 0 to 1."""

    step: str
    attempt: int = 1
    rows: int | None = None
    bytes: int | None = None
    fraction: float | None = None


class Snapshot(Event, frozen=True, tag="snapshot"):
    """What came into or out of a step. `dataset` is the key in `data_map`."""

    step: str
    position: Position
    attempt: int = 1
    dataset: str | None = None
    rows: int | None = None
    columns: tuple[ColumnInfo, ...] = ()
    sample: tuple[dict[str, Any], ...] = ()
    engine: str | None = None


class DatasetRows(Event, frozen=True, tag="dataset_rows"):
    """The number of rows of a dataset whose snapshot did not know it yet."""

    dataset: str
    rows: int


class DatasetStored(Event, frozen=True, tag="dataset_stored"):
    """A preview or a profile has been written; `file` is relative to the run's directory."""

    dataset: str
    kind: Literal["preview", "profile"]
    file: str
    rows: int
    bytes: int | None = None
    step: str | None = None


class DatasetKept(Event, frozen=True, tag="dataset_kept"):
    """All rows of a dataset have been written, whole; files are relative to the run's directory.

    `digest` is that of the file's bytes. `index_file` holds the index of a pandas frame that has one.
    """

    dataset: str
    file: str
    rows: int
    bytes: int
    digest: str
    step: str | None = None
    index_file: str | None = None


class DatasetDropped(Event, frozen=True, tag="dataset_dropped"):
    """A dataset that was kept is not any more; `reason` says why."""

    dataset: str
    reason: str


class Expectation(Event, frozen=True, tag="expectation"):
    """Whether the data of a step is as its `metadata.expect` says (docs/expectations.md).

    `on` are the columns it is about. Of `rows` rows `failing` are not as expected, None where it is not about
    single rows; `sample` are the first of them. `found` says what was there instead, where it is not met.
    """

    step: str
    name: str
    kind: str
    passed: bool
    severity: Literal["error", "warn"] = "error"
    attempt: int = 1
    dataset: str | None = None
    on: tuple[str, ...] = ()
    rows: int | None = None
    failing: int | None = None
    found: str | None = None
    sample: tuple[dict[str, Any], ...] = ()


class Log(Event, frozen=True, tag="log"):
    """A line a step printed or logged; `stream` is stdout or stderr for what was printed."""

    message: str
    level: str = "info"
    step: str | None = None
    stream: str | None = None


class Retry(Event, frozen=True, tag="retry"):
    """An attempt failed and the step will be tried again after `delay_s` seconds; `attempt` failed."""

    step: str
    attempt: int
    delay_s: float
    error: ErrorInfo


class StepFinished(Event, frozen=True, tag="step_finished"):
    """A step has ended; `reason` says why it was reused, skipped or cancelled, `why` why it ran.

    `reused_from` is the run whose result was taken.
    """

    step: str
    state: StepEnd
    attempt: int = 1
    duration_ms: float | None = None
    rows: int | None = None
    bytes: int | None = None
    error: ErrorInfo | None = None
    reason: str | None = None
    why: str | None = None
    reused_from: str | None = None
    fingerprint: Fingerprint | None = None


class Memory(Event, frozen=True, tag="memory"):
    """Resident memory of the run's process."""

    rss_bytes: int


class RunFinished(Event, frozen=True, tag="run_finished"):
    """The last event of a run."""

    state: RunEnd
    duration_ms: float | None = None
    error: ErrorInfo | None = None
    reason: str | None = None


AnyEvent = (
    RunStarted
    | StepQueued
    | StepStarted
    | Progress
    | Snapshot
    | DatasetRows
    | DatasetStored
    | DatasetKept
    | DatasetDropped
    | Expectation
    | Log
    | Retry
    | StepFinished
    | Memory
    | RunFinished
)
