"""The figures of a run: how many steps, how they ended, how long they took."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from odibi_core.text import one_line

if TYPE_CHECKING:
    from odibi_core.journal.events import ErrorInfo
    from odibi_core.journal.record import RunRecord, StepRecord

_NOTE_LENGTH = 200
_DONE = ("success", "reused")


def run_stats(record: RunRecord) -> dict[str, Any]:
    """Returns the contract's figures; a reused step counts as a success, the duration is the steps' sum."""
    total = len(record.steps)
    success = sum(step.state in _DONE for step in record.steps)
    return {
        "total_steps": total,
        "total_duration_ms": sum(step.duration_ms or 0.0 for step in record.steps),
        "success_count": success,
        "failed_count": sum(step.state == "failed" for step in record.steps),
        "success_rate": success / total * 100 if total else 0.0,
    }


def steps_done(record: RunRecord) -> int:
    """Returns how many steps have done their work in this run or an earlier one it reused."""
    return sum(step.state in _DONE for step in record.steps)


def rows_out(record: RunRecord) -> int | None:
    """Returns the rows that left the pipeline: of the steps that succeeded and that nothing needs."""
    needed = {name for step in record.steps for name in step.info.needs}
    ends = [step for step in record.steps if step.info.name not in needed]
    rows = [_rows(step) for step in ends if step.state in _DONE]
    known = [count for count in rows if count is not None]
    return sum(known) if known else None


def note_of(record: RunRecord) -> str | None:
    """Returns what a person should know of a run in one line: why it did not succeed."""
    if record.state in ("success", "running"):
        return None
    for step in record.steps:
        if step.state == "failed" and step.error is not None:
            return _short(f"{step.info.name}: {_told(step.error)}")
    if record.error is not None:
        return _short(_told(record.error))
    if record.state == "interrupted":
        return "interrupted (process gone)"
    if record.reason:
        return _short(record.reason)
    failed = next((step.info.name for step in record.steps if step.state == "failed"), None)
    return _short(f"{failed} failed") if failed is not None else record.state.replace("_", " ")


def _told(error: ErrorInfo) -> str:
    kind = error.type.rpartition(".")[2]
    return f"{kind} {error.message}" if kind else error.message


def _rows(step: StepRecord) -> int | None:
    for snapshot in (step.after, step.before):
        if snapshot is not None and snapshot.rows is not None:
            return snapshot.rows
    return step.rows


def _short(text: str) -> str:
    line = one_line(text).strip()
    return line if len(line) <= _NOTE_LENGTH else line[: _NOTE_LENGTH - 1] + "…"
