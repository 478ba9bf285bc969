"""Reads final logs: Odibi's own, and those other programs write in the contract's form."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from odibi_core.errors import RunLogError
from odibi_core.journal.events import ColumnInfo, ErrorInfo, StepInfo
from odibi_core.journal.record import (
    Attempt,
    DatasetRecord,
    ExpectationRecord,
    RunRecord,
    SnapshotRecord,
    StepRecord,
)
from odibi_core.journal.schema_diff import canonical_type

MAX_LOG_BYTES = 512 * 1024 * 1024

_STATES = {
    **{
        state: state for state in ("pending", "running", "retry", "success", "failed", "skipped", "cancelled")
    },
    **{"reused": "reused", "succeeded": "success", "completed": "success", "complete": "success"},
    **{"ok": "success", "error": "failed", "failure": "failed", "canceled": "cancelled"},
}
_RUN_STATES = frozenset({"success", "failed", "cancelled", "crashed", "timed_out", "interrupted", "unknown"})


def read_log(path: str | Path) -> RunRecord:
    """Reads a final log.

    Raises:
        RunLogError: The file cannot be read or is not a run log; the message says where it is wrong.
    """
    path = Path(path)
    try:
        size = path.stat().st_size
        if size > MAX_LOG_BYTES:
            raise RunLogError(f"`{path}` is not a run log: it has {size:,} bytes")
        data = path.read_bytes()
    except OSError as error:
        raise RunLogError(f"cannot read `{path}`: {error.strerror or error}") from error
    try:
        return from_log(parse_json(data))
    except RunLogError as error:
        raise RunLogError(f"`{path}` {error.message}", help=error.help) from error


def parse_json(data: bytes) -> Any:
    """Parses JSON as other programs write it: a BOM and NaN are tolerated.

    Raises:
        RunLogError: It is not JSON; the message gives line and column.
    """
    try:
        return msgspec.json.decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        pass  # the standard parser takes more, and knows the place where it fails
    try:
        return json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise RunLogError(f"is not a run log: it is not UTF-8 text (byte {error.start:,})") from error
    except json.JSONDecodeError as error:
        what = error.msg[:1].lower() + error.msg[1:]
        raise RunLogError(
            f"is not a run log: it is not JSON, {what} at line {error.lineno}, column {error.colno}"
        ) from error
    except (RecursionError, ValueError) as error:
        raise RunLogError(
            "is not a run log: its JSON is nested too deeply or holds an absurd number"
        ) from error


def from_log(log: Any) -> RunRecord:
    """Returns the record of a final log, as far as the log tells it.

    Only `pipeline_id` or `steps` must be there; steps must be objects with a `step_name`.

    Raises:
        RunLogError: It is not a run log; the message says at which step and key.
    """
    if not isinstance(log, dict):
        raise RunLogError(f"is not a run log: expected an object, found {_kind(log)}")
    if "steps" not in log:
        raise RunLogError("is not a run log: it has no `steps`")
    place = _Place("")
    steps = tuple(_step(step, _Place(f"steps[{i}]")) for i, step in enumerate(place.list(log, "steps")))
    own = isinstance(log.get("log_version"), int)
    order = {name: i for i, name in enumerate(_texts(log.get("step_order")))}
    steps = tuple(sorted(steps, key=lambda step: order.get(step.info.name, len(order))))
    started, ended = place.time(log, "start_time"), place.time(log, "end_time")
    duration = place.number(log, "duration_ms")
    if not own:  # ours says what it knows; others leave it to their steps
        started = started or min((s.started for s in steps if s.started is not None), default=None)
        ended = ended or max((s.ended for s in steps if s.ended is not None), default=None)
        if duration is None and started is not None and ended is not None:
            duration = max(0.0, (ended - started).total_seconds() * 1000)
    state = log.get("state")
    name = place.text(log, "pipeline") or place.text(log, "pipeline_name")
    return RunRecord(
        run_id=place.text(log, "pipeline_id") or "",
        pipeline=name or "",
        state=state if isinstance(state, str) and state in _RUN_STATES else _state_of(steps),
        source=place.text(log, "source"),
        digest=place.text(log, "digest"),
        base_dir=place.text(log, "base_dir"),
        started=started,
        ended=ended,
        duration_ms=duration,
        steps=steps,
        datasets=_datasets(log, place),
        host=place.text(log, "host") or "",
        pid=place.integer(log, "pid"),
        versions={k: str(v) for k, v in place.mapping(log, "versions").items()},
        options=place.mapping(log, "options"),
        rss_bytes=place.integer(log, "rss_bytes"),
        log_count=place.integer(log, "log_count") or 0,
        error=_error(log.get("error"), None),
        reason=place.text(log, "reason"),
        foreign=not own,
    )


def _step(step: Any, place: _Place) -> StepRecord:
    if not isinstance(step, dict):
        raise RunLogError(f"is not a run log: `{place.path}` is {_kind(step)}, expected an object")
    name = step.get("step_name", step.get("name"))
    if not isinstance(name, str):
        raise RunLogError(f"is not a run log: `{place.path}` has no `step_name`")
    place = _Place(place.path, name)
    info = StepInfo(
        name=name,
        layer=place.text(step, "layer") or "transform",
        type=place.text(step, "type") or "config_op",
        engine=place.text(step, "engine") or "pandas",
        value=place.text(step, "value") or "",
        inputs={k: str(v) for k, v in place.mapping(step, "inputs").items()},
        outputs={k: str(v) for k, v in place.mapping(step, "outputs").items()},
        needs=_texts(step.get("needs")),
        key=_texts(step.get("key")),
    )
    written = step.get("state")
    word = written.strip().lower() if isinstance(written, str) else ""
    reason = place.text(step, "reason")
    if written is not None and word not in _STATES:
        reason = reason or f"recorded with the state `{written}`"
    after = _snapshot(step.get("after_snapshot"), "after", place.at("after_snapshot"))
    rows = place.integer(step, "rows")
    return StepRecord(
        info=info,
        state=_STATES.get(word, "pending"),
        queued=place.time(step, "queued_time"),
        started=place.time(step, "start_time"),
        ended=place.time(step, "end_time"),
        duration_ms=place.number(step, "duration_ms"),
        attempts=_attempts(step, place),
        before=_snapshot(step.get("before_snapshot"), "before", place.at("before_snapshot")),
        after=after,
        error=_error(step.get("error"), place.text(step, "error_message")),
        reason=reason,
        why=place.text(step, "why"),
        reused_from=place.text(step, "reused_from"),
        rows=after.rows if after is not None and "rows" not in step else rows,
        bytes=place.integer(step, "bytes"),
        expectations=_expectations(step.get("expectations")),
    )


def _snapshot(snapshot: Any, position: str, place: _Place) -> SnapshotRecord | None:
    if snapshot is None:
        return None
    if not isinstance(snapshot, dict):
        raise place.wrong("", snapshot, "an object")
    columns = tuple(_column(column, place) for column in place.list(snapshot, "schema"))
    return SnapshotRecord(
        position=position,
        timestamp=place.time(snapshot, "timestamp"),
        rows=place.integer(snapshot, "row_count"),
        columns=columns,
        sample=tuple(_sample_row(row, columns, place) for row in place.list(snapshot, "sample_data")),
        dataset=place.text(snapshot, "dataset"),
        metadata=place.mapping(snapshot, "metadata"),
        engine=place.text(snapshot, "engine"),
    )


def _sample_row(row: Any, columns: tuple[ColumnInfo, ...], place: _Place) -> dict[str, Any]:
    """Reads a sample row, written as an object or as the list of its cells."""
    if isinstance(row, dict):
        return row
    if isinstance(row, list) and len(row) == len(columns):
        return {column.name: cell for column, cell in zip(columns, row, strict=True)}
    raise place.wrong("sample_data", row, "rows as objects")


def _column(column: Any, place: _Place) -> ColumnInfo:
    """Reads a column, written `{"column", "type"}` or as a pair."""
    if isinstance(column, (list, tuple)) and len(column) == 2:
        name, kind = column
        native = None
    elif isinstance(column, dict):
        name = column.get("column", column.get("name"))
        kind = column.get("type", column.get("dtype"))
        native = column.get("native")
    else:
        raise place.wrong("schema", column, "columns as objects with `column` and `type`")
    if name is None:
        raise place.wrong("schema", column, "columns as objects with `column` and `type`")
    written = "" if kind is None else str(kind)
    arrow = canonical_type(written)
    if not isinstance(native, str):
        native = written if written and written != arrow else None
    return ColumnInfo(str(name), arrow or "null", native)


def _attempts(step: dict[str, Any], place: _Place) -> tuple[Attempt, ...]:
    attempts: list[Attempt] = []
    for i, attempt in enumerate(place.list(step, "attempts")):
        if not isinstance(attempt, dict):
            continue
        started = place.time(attempt, "start_time")
        if started is not None:
            number = place.integer(attempt, "number")
            attempts.append(
                Attempt(
                    i + 1 if number is None else number,
                    started,
                    place.time(attempt, "end_time"),
                    place.integer(attempt, "worker"),
                    _error(attempt.get("error"), None),
                )
            )
    if not attempts and (started := place.time(step, "start_time")) is not None:
        attempts.append(Attempt(1, started, place.time(step, "end_time")))  # others know of no attempts
    return tuple(attempts)


def _datasets(log: dict[str, Any], place: _Place) -> dict[str, DatasetRecord]:
    datasets: dict[str, DatasetRecord] = {}
    written = log.get("datasets")
    for item in written if isinstance(written, list) else ():
        if isinstance(item, dict) and isinstance(item.get("key"), str):
            datasets[item["key"]] = DatasetRecord(
                item["key"],
                place.integer(item, "rows"),
                place.text(item, "preview_file"),
                place.integer(item, "preview_rows"),
                place.text(item, "full_file"),
                place.text(item, "profile_file"),
                place.integer(item, "full_bytes"),
                place.text(item, "full_digest"),
                place.text(item, "index_file"),
            )
    return datasets


def _expectations(written: Any) -> tuple[ExpectationRecord, ...]:
    """Reads what we have written; what others mean by the word is not known."""
    try:
        return msgspec.convert(written or (), tuple[ExpectationRecord, ...])
    except msgspec.ValidationError:
        return ()


def _error(error: Any, message: str | None) -> ErrorInfo | None:
    if isinstance(error, dict):
        diagnostic = error.get("diagnostic")
        return ErrorInfo(
            type=str(error.get("type") or ""),
            message=str(error.get("message") or message or ""),
            traceback=str(error.get("traceback") or ""),
            help=error["help"] if isinstance(error.get("help"), str) else None,
            diagnostic=diagnostic if isinstance(diagnostic, dict) else None,
        )
    text = error if isinstance(error, str) else message
    return ErrorInfo(type="", message=text) if text else None


def _state_of(steps: tuple[StepRecord, ...]) -> str:
    """Returns the state of a run whose log does not say it."""
    states = {step.state for step in steps}
    if "failed" in states:
        return "failed"
    if "cancelled" in states:
        return "cancelled"
    return "success" if states and states <= {"success", "reused", "skipped"} else "unknown"


class _Place:
    """Where in the log something stands, and reading of its keys: absent and null are None."""

    def __init__(self, path: str, step: str | None = None) -> None:
        self.path = path
        self.step = step

    def at(self, key: str) -> _Place:
        return _Place(f"{self.path}.{key}" if self.path else key, self.step)

    def wrong(self, key: str, value: Any, expected: str) -> RunLogError:
        where = ".".join(part for part in (self.path, key) if part)
        step = f" (step `{self.step}`)" if self.step else ""
        return RunLogError(f"is not a run log: `{where}`{step} is {_kind(value)}, expected {expected}")

    def text(self, holder: dict[str, Any], key: str) -> str | None:
        value = holder.get(key)
        return value if value is None or isinstance(value, str) else str(value)

    def list(self, holder: dict[str, Any], key: str) -> list[Any]:
        value = holder.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self.wrong(key, value, "a list")
        return value

    def mapping(self, holder: dict[str, Any], key: str) -> dict[str, Any]:
        value = holder.get(key)
        return value if isinstance(value, dict) else {}

    def number(self, holder: dict[str, Any], key: str) -> float | None:
        value = holder.get(key)
        if value is None or (isinstance(value, float) and not math.isfinite(value)):
            return None
        if isinstance(value, str):  # such as "12.5", which some writers of JSON make of decimals
            try:
                value = float(value)
            except ValueError:
                raise self.wrong(key, value, "a number") from None
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self.wrong(key, value, "a number")
        try:
            return float(value)
        except OverflowError:
            raise self.wrong(key, value, "a number that a computer can hold") from None

    def integer(self, holder: dict[str, Any], key: str) -> int | None:
        number = self.number(holder, key)
        if number is None or not math.isfinite(number):
            return None
        value = holder[key]
        return value if isinstance(value, int) else int(number)

    def time(self, holder: dict[str, Any], key: str) -> datetime | None:
        value = holder.get(key)
        if value is None or value == "":
            return None
        try:
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                return datetime.fromtimestamp(value, UTC)
            time = datetime.fromisoformat(value)
        except (TypeError, ValueError, OverflowError, OSError):
            raise self.wrong(key, value, "a time such as 2026-01-31T12:00:00") from None
        if time.tzinfo is not None:
            return time
        try:
            return time.astimezone()  # a naive time is meant on the clock of whoever wrote it: likely ours
        except (OverflowError, OSError, ValueError):
            return time.replace(tzinfo=UTC)


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, list) else ()


def _kind(value: Any) -> str:
    """Returns what a JSON value is, in words."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        shown = value if len(value) <= 30 else value[:29] + "…"
        return f"the text {shown!r}"
    if isinstance(value, (int, float)):
        return f"the number {value}"
    return "a list" if isinstance(value, list) else "an object"
