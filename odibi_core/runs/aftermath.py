"""What a run that ended without a word still owes: the ends of its steps, its own end, its log."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING

from odibi_core.core.runfiles import step_infos
from odibi_core.journal.events import ErrorInfo, RunFinished, RunStarted, StepFinished, now
from odibi_core.journal.final_log import write_log
from odibi_core.journal.load import load_journal
from odibi_core.plan.graph import Graph
from odibi_core.runs.reaping import describe

if TYPE_CHECKING:
    from datetime import datetime

    from odibi_core.journal.events import Event, RunEnd
    from odibi_core.journal.fold import RunBuilder
    from odibi_core.journal.layout import RunPaths
    from odibi_core.journal.record import StepRecord
    from odibi_core.journal.writer import JournalWriter
    from odibi_core.runs.request import RunRequest
    from odibi_core.runs.words import Ask


_CRASH = "odibi_core.errors.StepCrashedError"


def crash(status: int) -> ErrorInfo:
    """Returns as an error that a process ended, by its wait status."""
    return ErrorInfo(
        type=_CRASH,
        message=f"the run's process ended {describe(status)}",
        help="what it wrote last stands in the log; a step with `isolate: true` crashes alone",
    )


def begin(request: RunRequest, paths: RunPaths, journal: JournalWriter) -> None:
    """Writes the first event of a run that did not come to write it."""
    if load_journal(paths.journal).view().started is None:
        journal.append(_run_started(request, paths))


def settle(paths: RunPaths, journal: JournalWriter, error: ErrorInfo | None, ask: Ask | None) -> RunEnd:
    """Completes the journal and the final log of a run whose process has ended.

    Args:
        paths: Where it is recorded.
        journal: Its journal, open.
        error: What ended it, if that was not asked for.
        ask: The wish that made it end, if there was one.

    Returns:
        How the run ended.

    Raises:
        JournalError: The journal or the log cannot be written.
    """
    builder = load_journal(paths.journal)
    for event in _owed(builder, error, ask):
        journal.append(event)
        builder.apply(event)
    journal.sync()
    record = builder.view()
    write_log(record, paths.final_log)
    return record.state  # type: ignore[return-value]  # it has ended


def _owed(builder: RunBuilder, error: ErrorInfo | None, ask: Ask | None) -> list[Event]:
    if builder.finished:
        return []
    events: list[Event] = []
    record = builder.view()
    at = now()
    reason = ask.reason if ask is not None else None
    for step in record.steps:
        if step.state in ("pending", "running", "retry"):
            events.append(_step_finished(step, at, error, reason))
    duration = (at - record.started).total_seconds() * 1000 if record.started is not None else 0.0
    state = _state(error, ask)
    events.append(RunFinished(ts=at, state=state, duration_ms=duration, error=error, reason=reason))
    return events


def _step_finished(
    step: StepRecord, at: datetime, error: ErrorInfo | None, reason: str | None
) -> StepFinished:
    if step.started is None:
        why = reason if reason is not None else "the run's process ended first"
        return StepFinished(ts=at, step=step.info.name, state="skipped", reason=why)
    return StepFinished(
        ts=at,
        step=step.info.name,
        state="failed" if error is not None else "cancelled",
        attempt=step.attempts[-1].number if step.attempts else 1,
        duration_ms=(at - step.started).total_seconds() * 1000,
        error=error,
        reason=reason,
    )


def _state(error: ErrorInfo | None, ask: Ask | None) -> RunEnd:
    if ask is not None:
        return ask.state
    return "crashed" if error is None or error.type == _CRASH else "failed"


def _run_started(request: RunRequest, paths: RunPaths) -> RunStarted:
    return RunStarted(
        run_id=paths.run_id,
        pipeline=request.pipeline,
        source=request.source,
        digest=request.digest,
        base_dir=str(request.base_dir),
        steps=step_infos(request.steps, Graph(request.steps)),
        host=platform.node(),
    )
