"""One attempt of one step: carried out on a worker thread, interruptible from the conductor's."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from odibi_core.errors import StepError, StepOptionError, StepTimeoutError
from odibi_core.nodes import NODE_REGISTRY
from odibi_core.nodes.base import Node

if TYPE_CHECKING:
    from odibi_core.core.contexts import Contexts
    from odibi_core.core.events import EventEmitter
    from odibi_core.core.frames import FrameStore
    from odibi_core.core.keeping import Keeper
    from odibi_core.core.node import NodeBase, Step
    from odibi_core.core.options import StepOptions
    from odibi_core.core.reporter import Reporter
    from odibi_core.core.reusing import Reuser
    from odibi_core.core.tracker import Tracker
    from odibi_core.journal.events import Fingerprint
    from odibi_core.nodes.runtime import NodeRuntime

Interruption = Literal["timeout", "cancel"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended; `error` is None when its work is done."""

    attempt: Attempt
    duration_ms: float
    rows: int | None = None
    error: BaseException | None = None
    fingerprint: Fingerprint | None = None


class Attempt:
    """An attempt that is running.

    Attributes:
        step: The step.
        number: Which attempt it is, from 1.
        lane: The worker's number.
        options: The step's options.
        started: When it started, on the monotonic clock; None before.
        interrupted: Why it was told to end.
    """

    def __init__(self, step: Step, number: int, lane: int, options: StepOptions) -> None:
        self.step = step
        self.number = number
        self.lane = lane
        self.options = options
        self.started: float | None = None
        self.interrupted: Interruption | None = None
        self._lock = threading.Lock()
        self._node: NodeBase | None = None

    @property
    def deadline(self) -> float | None:
        """When its time is up, on the monotonic clock; None where it has no end, or the node sees to it."""
        if self.started is None or self.options.timeout is None:
            return None
        node = self._node
        if isinstance(node, Node) and node.keeps_time:
            return None
        return self.started + self.options.timeout

    def interrupt(self, why: Interruption) -> None:
        """Tells the work to end. An engine that is idle just now misses it, so say it until it has ended."""
        with self._lock:
            if self.interrupted is None:
                self.interrupted = why
            node = self._node
        if isinstance(node, Node):
            node.interrupt()

    def adopt(self, node: NodeBase) -> None:
        """Names the node that does the work."""
        with self._lock:
            self._node = node

    def release(self) -> None:
        """Forgets the node: its work has ended, there is nothing left to interrupt."""
        with self._lock:
            self._node = None


@dataclass(frozen=True)
class Workbench:
    """What every attempt of a run works with."""

    tracker: Tracker
    events: EventEmitter
    reporter: Reporter
    contexts: Contexts
    frames: FrameStore
    runtime: NodeRuntime
    reuser: Reuser | None = None
    keeper: Keeper | None = None

    def carry_out(self, attempt: Attempt) -> Outcome:
        """Does the work of an attempt; whatever it raises is in the outcome.

        It marks the context it is called in as the step's: call it in a copy.
        """
        step = attempt.step
        started = attempt.started = time.monotonic()
        rows, error, fingerprint = None, None, None
        try:
            why = self.reuser.why(step.name) if self.reuser is not None else None
            self.reporter.started(step, attempt.number, attempt.lane, why)
            if self.reuser is not None:
                fingerprint = self.reuser.before(step)
            rows = self._work(attempt)
            if self.reuser is not None:
                fingerprint = self.reuser.after(step, fingerprint)
        except BaseException as raised:  # noqa: BLE001 - the conductor decides what follows
            error = raised
        finally:
            attempt.release()
        if isinstance(error, SystemExit):  # would end the caller's program, which did not ask for it
            error = _exited(step, error)
        if error is not None and attempt.interrupted == "timeout" and not isinstance(error, StepTimeoutError):
            error = _timed_out(attempt, error)
        return Outcome(attempt, (time.monotonic() - started) * 1000, rows, error, fingerprint)

    def _work(self, attempt: Attempt) -> int | None:
        step = attempt.step
        context = self.contexts.get(step.engine)
        kind = NODE_REGISTRY.get(step.layer)
        if kind is None:
            raise StepOptionError(
                f"no layer is called `{step.layer}`",
                step=step.name,
                field="layer",
                help=f"use one of {', '.join(NODE_REGISTRY)}",
            )
        node = self._node(kind, attempt, context)
        attempt.adopt(node)
        results = node.run(self.frames.inputs_of(step, context))
        self.frames.add(step, results)
        if self.keeper is not None and attempt.started is not None:
            self.keeper.offer(step, results, context, (time.monotonic() - attempt.started) * 1000)
        return node.rows if isinstance(node, Node) else None

    def _node(self, kind: type[NodeBase], attempt: Attempt, context: Any) -> NodeBase:
        if not issubclass(kind, Node):
            return kind(attempt.step, context, self.tracker, self.events)
        runtime = self.runtime.for_step(attempt.options.timeout, isolate=attempt.options.isolate)
        return kind(attempt.step, context, self.tracker, self.events, runtime=runtime)


def _exited(step: Step, error: SystemExit) -> StepError:
    exited = StepError(
        f"`{step.name}` called sys.exit({error.code!r})",
        step=step.name,
        field="value",
        help="raise an exception instead",
    )
    exited.__cause__ = error
    return exited


def _timed_out(attempt: Attempt, error: BaseException) -> StepTimeoutError:
    timeout = StepTimeoutError(
        f"`{attempt.step.name}` took longer than its timeout of {attempt.options.timeout:g} s",
        step=attempt.step.name,
        field="metadata.timeout",
    )
    timeout.__cause__ = error
    return timeout
