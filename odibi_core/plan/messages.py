"""What the scheduler is told, and what it answers: happenings and instructions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

RunState = Literal["success", "failed", "cancelled", "timed_out"]
EndState = Literal["success", "failed", "skipped", "cancelled", "reused"]


# -- happenings ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StepSucceeded:
    """The attempt has done its work and its outputs are in place."""

    step: str
    attempt: int


@dataclass(frozen=True, slots=True)
class StepReused:
    """The kept result of a step that was to be reused is in place."""

    step: str


@dataclass(frozen=True, slots=True)
class KeptLost:
    """The kept result of a step that was to be reused cannot be taken: the step has to run."""

    step: str


@dataclass(frozen=True, slots=True)
class StepFailed:
    """The attempt raised; `retryable` is False where trying again cannot help."""

    step: str
    attempt: int
    retryable: bool = True


@dataclass(frozen=True, slots=True)
class StepTimedOut:
    """The attempt took longer than its timeout and its work is dead."""

    step: str
    attempt: int


@dataclass(frozen=True, slots=True)
class WorkerLost:
    """What carried the attempt died without an answer."""

    step: str
    attempt: int


@dataclass(frozen=True, slots=True)
class StepCancelled:
    """The attempt was ended because the run is being cancelled."""

    step: str
    attempt: int


@dataclass(frozen=True, slots=True)
class RetryDue:
    """The delay after the failed `attempt` has passed."""

    step: str
    attempt: int


@dataclass(frozen=True, slots=True)
class CancelRequested:
    """Somebody wants the run to end."""


Happening = (
    StepSucceeded
    | StepReused
    | KeptLost
    | StepFailed
    | StepTimedOut
    | WorkerLost
    | StepCancelled
    | RetryDue
    | CancelRequested
)


# -- instructions -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Queue:
    """All the step needs is there, but every worker is busy."""

    step: str


@dataclass(frozen=True, slots=True)
class Reuse:
    """Take the step's kept result, then report `StepReused` or `KeptLost`; no worker is needed."""

    step: str


@dataclass(frozen=True, slots=True)
class Start:
    """Start the attempt on the worker `lane` (from 0)."""

    step: str
    attempt: int
    lane: int


@dataclass(frozen=True, slots=True)
class RetryAfter:
    """The attempt failed; report `RetryDue` after `delay_s` seconds."""

    step: str
    attempt: int
    delay_s: float


@dataclass(frozen=True, slots=True)
class Cancel:
    """End the running attempt, then report how it ended."""

    step: str
    attempt: int


@dataclass(frozen=True, slots=True)
class End:
    """The step has its final state; given exactly once a step. Attempt 0: it never started."""

    step: str
    state: EndState
    attempt: int
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Finish:
    """Every step has ended; the last instruction of a run. `step` is the one that stopped it."""

    state: RunState
    step: str | None = None
    reason: str | None = None


Instruction = Queue | Reuse | Start | RetryAfter | Cancel | End | Finish
