"""FrameStore: the data of a run between its steps: who made it, who still needs it, on which engine."""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING, Any

from odibi_core.nodes.base import is_data, missing_input

if TYPE_CHECKING:
    from collections.abc import Iterable

    from odibi_core.core.contexts import Contexts
    from odibi_core.core.node import Step
    from odibi_core.engine.base_context import EngineContext


class FrameStore:
    """Hands steps what they read, across engines once, and drops what nobody needs any more.

    Args:
        data_map: Key -> frame; shared with the caller.
        contexts: The run's engines.
        steps: The run's steps.
        keep: Whether frames stay when their last reader is done.
    """

    def __init__(
        self, data_map: dict[str, Any], contexts: Contexts, steps: Iterable[Step], *, keep: bool
    ) -> None:
        self.data_map = data_map
        self._contexts = contexts
        self._keep = keep
        steps = list(steps)
        self._made = {key for step in steps for key in step.outputs.values()}
        self._readers = Counter(key for step in steps for key in set(step.inputs.values()))
        self._crossed: dict[str, dict[str, Any]] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def inputs_of(self, step: Step, context: EngineContext) -> dict[str, Any]:
        """Returns key -> frame of `context` for what a step reads.

        Raises:
            odibi_core.errors.MissingInputError: A key is not there.
        """
        found = {}
        for local, key in step.inputs.items():
            if key not in self.data_map:
                raise missing_input(step, local, key, {*self.data_map, *self._made})
            found[key] = self._on(context, key)
        return found

    def add(self, step: Step, results: dict[str, Any]) -> None:
        """Takes a step's declared outputs."""
        for key in step.outputs.values():
            self._forget(key)
            self.data_map[key] = results[key]

    def step_ended(self, step: Step) -> None:
        """Drops what `step` was the last to need."""
        if self._keep:
            return
        for key in {*step.inputs.values(), *step.outputs.values()}:
            if key in step.inputs.values():
                self._readers[key] -= 1
            if self._readers[key] <= 0:
                self._forget(key)

    def _on(self, context: EngineContext, key: str) -> Any:
        frame = self.data_map[key]
        if context.is_frame(frame) or not is_data(frame):
            return frame
        with self._lock:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:  # several readers on the other engine wait for one crossing
            crossed = self._crossed.setdefault(key, {})
            if context.name not in crossed:
                crossed[context.name] = context.adopt(frame)
            return crossed[context.name]

    def _forget(self, key: str) -> None:
        frames = [*self._crossed.pop(key, {}).values()]
        if key in self.data_map:
            frames.append(self.data_map.pop(key))
        for frame in frames:
            owner = self._contexts.owner(frame)
            if owner is not None and not self._shared(frame):
                owner.release(frame)

    def _shared(self, frame: Any) -> bool:
        """Whether another key still names the same frame, as with several outputs of one result."""
        return any(other is frame for other in self.data_map.values())
