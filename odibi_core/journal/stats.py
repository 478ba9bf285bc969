"""The figures of a run: how many steps, how they ended, how long they took."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from odibi_core.text import one_line

if TYPE_CHECKING:
    from odibi_core.journal.record import RunRecord, StepRecord

_NOTE_LENGTH = 200


def run_stats(record: RunRecord) -> dict[str, Any]:
    """Returns the contract's figures; a reused step counts as a success, the duration is the steps' sum."""
    total = len(record.steps)
    success = sum(step.state in ("success", "reused") for step in record.steps)
    return {
        "total_steps": total,
        "total_duration_ms": sum(step.duration_ms or 0.0 for step in record.steps),
        "success_count": success,
        "failed_count": sum(step.state == "failed" for step in record.steps),
        "success_rate": success / total * 100 if total else 0.0,
    }


def steps_done(record: RunRecord) -> int:
    """Returns how many steps have done their work in this run or an earlier one it reused."""
    return sum(step.state in ("success", "reused") for step in record.steps)


def rows_out(record: RunRecord) -> int | None:
    """Returns the rows that left the pipeline: those of the steps that nothing in it needs."""
    needed = {name for step in record.steps for name in step.info.needs}
    rows = [_rows(step) for step in record.steps if step.info.name not in needed and step.state != "pending"]
    known = [count for count in rows if count is not None]
    return sum(known) if known else None


def note_of(record: RunRecord) -> str | None:
    """Returns what a person should know of a run in one line: why it did not succeed."""
    if record.state in ("success", "running"):
        return None
    for step in record.steps:
        if step.state == "failed" and step.error is not None:
            kind = step.error.type.rpartition(".")[2]
            return _short(f"{step.info.name}: {kind} {step.error.message}")
    if record.error is not None:
        return _short(f"{record.error.type.rpartition('.')[2]} {record.error.message}")
    if record.state == "interrupted":
        return "interrupted (process gone)"
    if record.reason:
        return _short(record.reason)
    failed = next((step.info.name for step in record.steps if step.state == "failed"), None)
    return _short(f"{failed} failed") if failed is not None else record.state.replace("_", " ")


def _rows(step: StepRecord) -> int | None:
    for snapshot in (step.after, step.before):
        if snapshot is not None and snapshot.rows is not None:
            return snapshot.rows
    return step.rows


def _short(text: str) -> str:
    line = one_line(text).strip()
    return line if len(line) <= _NOTE_LENGTH else line[: _NOTE_LENGTH - 1] + "…"
