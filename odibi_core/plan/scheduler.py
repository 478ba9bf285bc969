"""Scheduling as a pure state machine: happenings in, instructions out; no clock, thread or engine.

The caller (`core.orchestrator`) carries the instructions out and reports what happened. Randomness for
the backoff is handed in, so that any history can be replayed and any order of events be tested.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Literal

from odibi_core.plan.backoff import Backoff
from odibi_core.plan.messages import (
    Cancel,
    CancelRequested,
    End,
    Finish,
    Happening,
    Instruction,
    KeptLost,
    Queue,
    RetryAfter,
    RetryDue,
    Reuse,
    Start,
    StepCancelled,
    StepFailed,
    StepReused,
    StepSucceeded,
    StepTimedOut,
    WorkerLost,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from odibi_core.plan.messages import EndState

__all__ = [
    "Backoff",
    "Cancel",
    "CancelRequested",
    "End",
    "Finish",
    "Happening",
    "Instruction",
    "KeptLost",
    "Queue",
    "RetryAfter",
    "RetryDue",
    "Reuse",
    "Scheduler",
    "Start",
    "StepCancelled",
    "StepFailed",
    "StepReused",
    "StepSucceeded",
    "StepTimedOut",
    "WorkerLost",
]

Phase = Literal["pending", "taking", "ready", "running", "waiting", "done"]


_WORKED = ("success", "reused")


class Scheduler:
    """Decides what a run does next.

    Call `begin()` once, carry its instructions out, then pass every happening to `apply()`. Happenings
    about an attempt that is over (a timeout that lost the race) change nothing. All work together is
    proportional to the number of needs.

    Args:
        needs: Step -> the steps it needs, in config order, which decides among steps that are ready.
        max_workers: How many steps run at once.
        backoff: Retries of every step that `backoffs` does not name; without it there are none.
        backoffs: Retries of single steps.
        keep_going: Whether a failure leaves out only the steps that need the failed one.
        random: Source of the jitter, in [0, 1).
        reuse: Steps whose kept results are taken; they wait for nothing.
        leave_out: Steps that are not part of this run -> why. What needs one of them is left out too.
    """

    def __init__(
        self,
        needs: Mapping[str, Iterable[str]],
        *,
        max_workers: int = 4,
        backoff: Backoff | None = None,
        backoffs: Mapping[str, Backoff] | None = None,
        keep_going: bool = False,
        random: Callable[[], float] = lambda: 0.5,
        reuse: Collection[str] = (),
        leave_out: Mapping[str, str] | None = None,
    ) -> None:
        if max_workers < 1:
            raise ValueError("max_workers must be at least 1")
        self._needs: dict[str, tuple[str, ...]] = {s: tuple(n) for s, n in needs.items()}
        self._dependents: dict[str, list[str]] = {step: [] for step in self._needs}
        for step, needed in self._needs.items():
            for other in needed:
                if other not in self._dependents:
                    raise ValueError(f"`{step}` needs `{other}`, which is no step")
                self._dependents[other].append(step)
        self._position = {step: index for index, step in enumerate(self._needs)}
        self._names: Sequence[str] = tuple(self._needs)
        self._phase: dict[str, Phase] = dict.fromkeys(self._needs, "pending")
        self._missing = {step: len(needed) for step, needed in self._needs.items()}
        self._attempt = dict.fromkeys(self._needs, 0)
        self._ended: dict[str, EndState] = {}
        self._ready: list[int] = []  # heap of positions; entries of ended steps are skipped
        self._lanes: dict[str, int] = {}
        self._free = list(range(max_workers))
        self._max_workers = max_workers
        self._backoff, self._backoffs = backoff or Backoff(), dict(backoffs or {})
        self._keep_going = keep_going
        self._random = random
        self._reuse, self._leave_out = frozenset(reuse), dict(leave_out or {})
        self._waiting = self._taking = 0
        self._held: list[str] = []  # ready, and not told of yet
        self._begun = self._cancelled = False
        self._failed: list[str] = []  # for good, in order
        self._timeouts: set[str] = set()
        self._finish: Finish | None = None

    # -- reading it -----------------------------------------------------------------------------------

    @property
    def finished(self) -> Finish | None:
        """How the run ended, None while it has not."""
        return self._finish

    @property
    def running(self) -> tuple[str, ...]:
        """The steps that are running."""
        return tuple(self._lanes)

    @property
    def halted(self) -> bool:
        """Whether nothing new starts any more."""
        return self._cancelled or bool(self._failed and not self._keep_going)

    # -- driving it -----------------------------------------------------------------------------------

    def begin(self) -> list[Instruction]:
        """Returns the first instructions. Steps on a cycle, or behind one, are left out.

        A run that was cancelled before leaves out all of them.
        """
        if self._begun:
            raise RuntimeError("the run has begun already")
        self._begun = True
        out: list[Instruction] = []
        if self._cancelled:
            for step in self._needs:
                self._end(step, "skipped", "the run was cancelled", out)
        else:
            self._leave_out_cycles(out)
            self._leave_out_others(out)
            self._take_kept(out)
        fresh = [step for step in self._needs if self._phase[step] == "pending" and not self._missing[step]]
        self._advance(fresh, out)
        return out

    def apply(self, happening: Happening) -> list[Instruction]:
        """Returns what is to be done after `happening`."""
        out: list[Instruction] = []
        if isinstance(happening, CancelRequested):
            self._cancel(out)
            if self._begun:
                self._advance([], out)
            return out
        if isinstance(happening, StepReused | KeptLost):
            return self._taken(happening, out)
        step, attempt = happening.step, happening.attempt
        phase: Phase = "waiting" if isinstance(happening, RetryDue) else "running"
        if self._phase.get(step) != phase or self._attempt[step] != attempt:
            return out
        fresh: list[str] = []
        if phase == "waiting":
            self._waiting -= 1
            fresh.append(step)
        else:
            heapq.heappush(self._free, self._lanes.pop(step))
            match happening:
                case StepSucceeded():
                    fresh = self._succeed(step, "success", out)
                case StepCancelled():
                    self._end(step, "cancelled", "the run was cancelled", out)
                    # Cancelled without the run being so: its work was not done, as after a failure.
                    if not self._cancelled:
                        self._stop_for(step, out)
                case StepFailed(retryable=retryable):
                    self._fail(step, out, retryable=retryable)
                case StepTimedOut():
                    self._timeouts.add(step)
                    self._fail(step, out)
                case WorkerLost():
                    self._fail(step, out)
        self._advance(fresh, out)
        return out

    # -- moves ----------------------------------------------------------------------------------------

    def _advance(self, fresh: list[str], out: list[Instruction]) -> None:
        """Starts what can be started, and finishes when nothing is left."""
        if not self.halted:
            for step in fresh:
                self._phase[step] = "ready"
                heapq.heappush(self._ready, self._position[step])
            self._held += fresh
            # What is reused is there in a moment; until then the config's order is not known.
            while self._free and self._ready and not self._taking:
                step = self._names[heapq.heappop(self._ready)]
                lane = heapq.heappop(self._free)
                self._phase[step] = "running"
                self._attempt[step] += 1
                self._lanes[step] = lane
                out.append(Start(step, self._attempt[step], lane))
            if not self._taking:
                out.extend(Queue(step) for step in self._held if self._phase[step] == "ready")
                self._held.clear()
        if len(self._ended) == len(self._needs) and self._finish is None:
            self._finish = self._verdict()
            out.append(self._finish)

    def _leave_out_others(self, out: list[Instruction]) -> None:
        stack = []
        for step, reason in self._leave_out.items():
            if self._phase.get(step) == "pending":
                self._end(step, "skipped", reason, out)
                stack.append(step)
        while stack:
            needed = stack.pop()
            for other in self._dependents[needed]:
                if self._phase[other] == "pending" and other not in self._reuse:
                    self._end(other, "skipped", f"needs `{needed}`, which was left out", out)
                    stack.append(other)

    def _take_kept(self, out: list[Instruction]) -> None:
        for step in self._needs:
            if step in self._reuse and self._phase[step] == "pending":
                self._phase[step] = "taking"
                self._taking += 1
                out.append(Reuse(step))

    def _taken(self, happening: StepReused | KeptLost, out: list[Instruction]) -> list[Instruction]:
        """A step that was to be reused is, or has to run after all: its needs may have been left out."""
        step = happening.step
        if self._phase.get(step) != "taking":
            return out
        self._taking -= 1
        if isinstance(happening, StepReused):
            self._advance(self._succeed(step, "reused", out), out)
            return out
        self._phase[step] = "pending"
        missed = [need for need in self._needs[step] if self._ended.get(need, "success") not in _WORKED]
        if self.halted:
            self._end(step, "skipped", "the run was to end", out)
        elif missed:
            self._end(step, "failed", f"needs `{missed[0]}`, which did not run", out)
            self._stop_for(step, out)
        self._advance([step] if self._phase[step] == "pending" and not self._missing[step] else [], out)
        return out

    def _succeed(self, step: str, state: EndState, out: list[Instruction]) -> list[str]:
        self._end(step, state, None, out)
        fresh = []
        for other in self._dependents[step]:
            self._missing[other] -= 1
            if not self._missing[other] and self._phase[other] == "pending":
                fresh.append(other)
        return fresh

    def _fail(self, step: str, out: list[Instruction], *, retryable: bool = True) -> None:
        attempt = self._attempt[step]
        backoff = self._backoffs.get(step, self._backoff)
        if retryable and attempt <= backoff.retries and not self.halted:
            self._phase[step] = "waiting"
            self._waiting += 1
            self._timeouts.discard(step)
            out.append(RetryAfter(step, attempt, backoff.delay(attempt, self._random())))
            return
        self._end(step, "failed", None, out)
        self._stop_for(step, out)

    def _stop_for(self, step: str, out: list[Instruction]) -> None:
        """Leaves out what can no longer run because `step` did not do its work."""
        already_halted = self.halted
        self._failed.append(step)
        if already_halted:
            return
        self._skip_dependents(step, out)
        if self._keep_going:
            return
        for other, phase in self._phase.items():
            if phase in ("pending", "ready"):
                self._end(other, "skipped", f"the run stopped when `{step}` failed", out)
            elif phase == "waiting":
                self._waiting -= 1
                self._end(other, "failed", f"not tried again because `{step}` failed", out)
                self._failed.append(other)
        self._ready.clear()

    def _skip_dependents(self, step: str, out: list[Instruction]) -> None:
        stack = [step]
        while stack:
            for other in self._dependents[stack.pop()]:
                if self._phase[other] == "pending":
                    self._end(other, "skipped", f"needs `{step}`, which failed", out)
                    stack.append(other)

    def _cancel(self, out: list[Instruction]) -> None:
        if self._cancelled or self._finish is not None:
            return
        if not self._begun:
            self._cancelled = True
            return
        stopped = self.halted  # a run that is failing already stays failed
        for step, phase in self._phase.items():
            if phase in ("pending", "ready"):
                self._end(step, "skipped", "the run was cancelled", out)
            elif phase == "waiting":
                self._waiting -= 1
                self._end(step, "cancelled", "the run was cancelled", out)
            elif phase == "running":
                out.append(Cancel(step, self._attempt[step]))
        self._ready.clear()
        self._cancelled = not stopped

    def _leave_out_cycles(self, out: list[Instruction]) -> None:
        missing = dict(self._missing)
        stack = [step for step, count in missing.items() if not count]
        reached = 0
        while stack:
            reached += 1
            for other in self._dependents[stack.pop()]:
                missing[other] -= 1
                if not missing[other]:
                    stack.append(other)
        if reached == len(missing):
            return
        for step, count in missing.items():
            if count:
                self._failed.append(step)
                self._end(step, "skipped", "it is on a cycle of steps, or needs one that is", out)
        if not self._keep_going:
            for step, phase in self._phase.items():
                if phase == "pending":
                    self._end(step, "skipped", "the run stopped because its steps form a cycle", out)

    def _end(self, step: str, state: EndState, reason: str | None, out: list[Instruction]) -> None:
        self._phase[step] = "done"
        self._ended[step] = state
        out.append(End(step, state, self._attempt[step], reason))

    def _verdict(self) -> Finish:
        if self._cancelled:
            if all(state in _WORKED for state in self._ended.values()):
                return Finish("success", reason="everything was done before it could be cancelled")
            return Finish("cancelled", reason="the run was cancelled")
        if not self._failed:
            return Finish("success")
        culprit = self._failed[0]
        if all(step in self._timeouts for step in self._failed):
            return Finish("timed_out", culprit, f"`{culprit}` timed out")
        return Finish("failed", culprit, f"`{culprit}` failed")

    # -- checking it ----------------------------------------------------------------------------------

    def validate_state(self) -> None:
        """Raises AssertionError if the machine contradicts itself; for tests."""
        running = {step for step, phase in self._phase.items() if phase == "running"}
        assert running == set(self._lanes), "running steps and lanes differ"
        lanes = sorted([*self._lanes.values(), *self._free])
        assert lanes == list(range(self._max_workers)), "lanes lost or given twice"
        done = {step for step, phase in self._phase.items() if phase == "done"}
        assert done == set(self._ended), "ended steps and phases differ"
        assert self._waiting == sum(phase == "waiting" for phase in self._phase.values()), (
            "waiting miscounted"
        )
        worked = {step for step, state in self._ended.items() if state in _WORKED}
        taking = sum(phase == "taking" for phase in self._phase.values())
        assert self._taking == taking, "steps that are being reused are miscounted"
        for step, phase in self._phase.items():
            missing = sum(need not in worked for need in self._needs[step])
            assert missing == self._missing[step], f"`{step}` miscounts what it needs"
            if phase in ("ready", "running", "waiting"):
                assert not missing, f"`{step}` is {phase} before what it needs"
            if phase == "pending" and self._begun:
                assert missing, f"`{step}` needs nothing and was not made ready"
                assert not self.halted, f"`{step}` is left over though nothing starts any more"
        ready = {step for step, phase in self._phase.items() if phase == "ready"}
        assert ready == {self._names[position] for position in self._ready}, "ready steps and heap differ"
        assert not (ready and self._free) or not self._begun or taking, "a worker idles beside a ready step"
        if self._begun:
            idle = not running and not self._waiting and not ready and not taking
            assert idle == (self._finish is not None), "finished though steps are open, or stuck"
