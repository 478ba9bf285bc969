"""Reporter: tells a run's happenings to the journal, the listeners and the log, in one place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from odibi_core.journal.events import Retry, StepQueued

if TYPE_CHECKING:
    from odibi_core.core.events import EventEmitter
    from odibi_core.core.node import Step
    from odibi_core.core.tracker import Tracker
    from odibi_core.journal.events import ErrorInfo, Fingerprint
    from odibi_core.reuse.planning import Reuse


class Reporter:
    """Records an event of a step and emits its counterpart."""

    def __init__(self, tracker: Tracker, events: EventEmitter) -> None:
        self._tracker = tracker
        self._events = events

    def queued(self, step: Step) -> None:
        """All the step needs is there; it waits for a worker."""
        self._tracker.record(StepQueued(step=step.name))

    def started(self, step: Step, attempt: int, lane: int, why: str | None = None) -> None:
        """An attempt begins on this thread; `why` it runs is told where that had to be decided."""
        self._tracker.start_step(step.name, step.layer, attempt=attempt, worker=lane)
        self._events.emit("step_start", step=step, attempt=attempt)
        inputs = ", ".join(self._described(key) for key in dict.fromkeys(step.inputs.values()))
        again = "" if attempt == 1 else f" again, attempt {attempt}"
        because = f", because {why}" if why and attempt == 1 else ""
        self.log(step, f"started{again}{because}, inputs {inputs}" if inputs else f"started{again}{because}")

    def retrying(
        self, step: Step, attempt: int, delay_s: float, error: BaseException, info: ErrorInfo
    ) -> None:
        """An attempt failed and there will be another."""
        self.log(step, f"{info.message or info.type}; next attempt in {delay_s:.1f} s", "warning")
        self._tracker.record(Retry(step=step.name, attempt=attempt, delay_s=delay_s, error=info))
        self._events.emit("step_retry", step=step, attempt=attempt, delay_s=delay_s, error=error)

    def succeeded(
        self,
        step: Step,
        duration_ms: float,
        rows: int | None,
        *,
        why: str | None = None,
        fingerprint: Fingerprint | None = None,
    ) -> None:
        """A step has done its work."""
        size = "" if rows is None else f", {rows:,} row" + "s" * (rows != 1)
        self.log(step, f"done in {_duration(duration_ms)}{size}")
        self._tracker.end_step(
            step.name, "success", duration_ms=duration_ms, rows=rows, why=why, fingerprint=fingerprint
        )
        self._events.emit("step_complete", step=step, duration_ms=duration_ms)

    def reused(self, step: Step, reuse: Reuse, fingerprint: Fingerprint | None) -> None:
        """A step's result was taken from an earlier run."""
        self.log(step, f"reused: {reuse.reason}")
        self._tracker.end_step(
            step.name,
            "reused",
            duration_ms=0.0,
            rows=reuse.step.rows,
            reason=reuse.reason,
            reused_from=reuse.step.reused_from or reuse.run.run_id,
            fingerprint=fingerprint,
        )
        self._events.emit("step_complete", step=step, duration_ms=0.0)

    def failed(
        self,
        step: Step,
        error: BaseException,
        info: ErrorInfo,
        duration_ms: float,
        reason: str | None,
        *,
        why: str | None = None,
    ) -> None:
        """A step has failed for good."""
        self.log(step, f"{info.type}: {info.message}" if info.type else info.message, "error")
        self._tracker.end_step(
            step.name, "failed", info=info, duration_ms=duration_ms, reason=reason, why=why
        )
        self._events.emit("step_error", step=step, error=error)

    def left_out(self, step: Step, state: str, reason: str | None, duration_ms: float | None = None) -> None:
        """A step was skipped, or cancelled in the middle."""
        self._tracker.end_step(step.name, state, reason=reason, duration_ms=duration_ms)
        self._events.emit("step_skipped", step=step, reason=reason)

    def log(self, step: Step | None, message: str, level: str = "info") -> None:
        """Writes a line of the run's log."""
        message = self._tracker.redactor.text(message)
        self._tracker.log(message, level=level, step=step.name if step is not None else None)
        self._events.emit("log", step=step, level=level, message=message)

    def emit(self, event: str, **kwargs: Any) -> None:
        """Emits an event that has no counterpart in the journal."""
        self._events.emit(event, **kwargs)

    def _described(self, key: str) -> str:
        rows = self._tracker.known_rows(key)
        return key if rows is None else f"{key} {rows:,}"


def _duration(milliseconds: float) -> str:
    return f"{milliseconds:.0f} ms" if milliseconds < 1_000 else f"{milliseconds / 1_000:.1f} s"
