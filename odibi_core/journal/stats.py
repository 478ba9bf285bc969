"""The figures of a run: how many steps, how they ended, how long they took."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from odibi_core.journal.record import RunRecord


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
