"""The final log: a run as one JSON file, in the form other programs read and write."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from odibi_core import __version__
from odibi_core.errors import JournalError
from odibi_core.journal.foreign_log import from_log, read_log
from odibi_core.journal.schema_diff import schema_diff
from odibi_core.journal.stats import note_of, rows_out, run_stats, steps_done
from odibi_core.journal.values import json_row, json_value

if TYPE_CHECKING:
    from datetime import datetime

    from odibi_core.journal.events import ErrorInfo
    from odibi_core.journal.record import (
        Attempt,
        DatasetRecord,
        ExpectationRecord,
        RunRecord,
        SnapshotRecord,
        StepRecord,
    )

__all__ = ["LOG_VERSION", "from_log", "read_log", "step_to_log", "to_log", "write_log"]

LOG_VERSION = 1


def to_log(record: RunRecord) -> dict[str, Any]:
    """Returns a record in the contract's form, as strict JSON values; what Odibi adds stands beside it.

    What a list of runs shows comes before `steps`, so that it can be read without the rest.
    """
    return {
        "pipeline_id": record.run_id,
        "start_time": _time(record.started),
        "summary": run_stats(record),
        "log_version": LOG_VERSION,
        "odibi_version": __version__,
        "pipeline": record.pipeline,
        "state": record.state,
        "end_time": _time(record.ended),
        "duration_ms": record.duration_ms,
        "steps_done": steps_done(record),
        "rows_out": rows_out(record),
        "note": note_of(record),
        "source": record.source,
        "digest": record.digest,
        "steps": [step_to_log(step) for step in _in_start_order(record.steps)],
        "step_order": [step.info.name for step in record.steps],
        "datasets": [_dataset(dataset) for dataset in record.datasets.values()],
        "error": _error(record.error),
        "reason": record.reason,
        "base_dir": record.base_dir,
        "host": record.host,
        "pid": record.pid,
        "versions": json_value(record.versions),
        "options": json_value(record.options),
        "rss_bytes": record.rss_bytes,
        "log_count": record.log_count,
    }


def step_to_log(step: StepRecord) -> dict[str, Any]:
    """Returns a step in the contract's form."""
    before, after = step.before, step.after
    compared = before is not None and after is not None
    rows_known = compared and before.rows is not None and after.rows is not None  # type: ignore[union-attr]
    return {
        "step_name": step.info.name,
        "layer": step.info.layer,
        "start_time": _time(step.started),
        "end_time": _time(step.ended),
        "duration_ms": step.duration_ms,
        "before_snapshot": _snapshot(before),
        "after_snapshot": _snapshot(after),
        "schema_diff": schema_diff(before.columns, after.columns) if compared else None,  # type: ignore[union-attr]
        "row_delta": after.rows - before.rows if rows_known else None,  # type: ignore[union-attr, operator]
        "state": step.state,
        "error_message": None if step.error is None else step.error.message,
        "iteration": 0,
        "checkpoint_id": None,
        "type": step.info.type,
        "engine": step.info.engine,
        "value": step.info.value,
        "inputs": json_value(step.info.inputs),
        "outputs": json_value(step.info.outputs),
        "needs": list(step.info.needs),
        "key": list(step.info.key),
        "queued_time": _time(step.queued),
        "attempts": [_attempt(attempt) for attempt in step.attempts],
        "error": _error(step.error),
        "reason": step.reason,
        "why": step.why,
        "reused_from": step.reused_from,
        "rows": step.rows,
        "bytes": step.bytes,
        "expectations": [_expectation(expectation) for expectation in step.expectations],
    }


def write_log(record: RunRecord, path: str | Path) -> None:
    """Writes a record's final log, whole or not at all; what was there is replaced in one move.

    Raises:
        JournalError: The file cannot be written; an older one is left as it was.
    """
    path = Path(path)
    log = to_log(record)
    try:
        encoded = msgspec.json.encode(log)
    except UnicodeEncodeError:  # a lone surrogate in a name or message of this process's own record
        encoded = msgspec.json.encode(json_value(log))
    text = msgspec.json.format(encoded, indent=2)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("xb") as file:
            file.write(text + b"\n")
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise JournalError(
            f"cannot write the run log `{path}`: {error.strerror or error}",
            help="free some space or choose another directory with `--log-dir`",
        ) from error
    finally:
        with contextlib.suppress(OSError):  # what matters has been said
            temporary.unlink(missing_ok=True)


def _in_start_order(steps: tuple[StepRecord, ...]) -> list[StepRecord]:
    """Returns the steps in the order they started, those never started last."""
    started = [step for step in steps if step.started is not None]
    started.sort(key=lambda step: step.started)  # type: ignore[arg-type, return-value]
    return [*started, *(step for step in steps if step.started is None)]


def _snapshot(snapshot: SnapshotRecord | None) -> dict[str, Any] | None:
    if snapshot is None:
        return None
    return {
        "name": snapshot.position,
        "timestamp": _time(snapshot.timestamp),
        "row_count": snapshot.rows,
        "schema": [
            {"column": column.name, "type": column.type}
            | ({} if column.native is None else {"native": column.native})
            for column in snapshot.columns
        ],
        "sample_data": [json_row(row) for row in snapshot.sample],
        "metadata": json_value(snapshot.metadata),
        "dataset": snapshot.dataset,
        "engine": snapshot.engine,
    }


def _attempt(attempt: Attempt) -> dict[str, Any]:
    return {
        "number": attempt.number,
        "start_time": _time(attempt.started),
        "end_time": _time(attempt.ended),
        "worker": attempt.worker,
        "error": _error(attempt.error),
    }


def _expectation(expectation: ExpectationRecord) -> dict[str, Any]:
    told = {name: getattr(expectation, name) for name in type(expectation).__slots__}
    return told | {"on": list(expectation.on), "sample": [json_row(row) for row in expectation.sample]}


def _dataset(dataset: DatasetRecord) -> dict[str, Any]:
    return {name: getattr(dataset, name) for name in type(dataset).__slots__}


def _error(error: ErrorInfo | None) -> dict[str, Any] | None:
    converted: dict[str, Any] | None = None if error is None else json_value(msgspec.to_builtins(error))
    return converted


def _time(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat()
