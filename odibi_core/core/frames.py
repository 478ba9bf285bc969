"""FrameStore: the data of a run between its steps: who made it, who still needs it, on which engine."""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING, Any

from odibi_core.nodes.base import is_data, missing_input

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from odibi_core.core.contexts import Contexts
    from odibi_core.core.node import Step
    from odibi_core.engine.base_context import EngineContext

    Load = Callable[[], Any]


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
        self._kept: dict[str, Load] = {}  # reused, and not asked for yet
        self._locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def inputs_of(self, step: Step, context: EngineContext) -> dict[str, Any]:
        """Returns key -> frame of `context` for what a step reads.

        Raises:
            odibi_core.errors.MissingInputError: A key is not there.
            odibi_core.errors.StepError: A kept result that is to be reused cannot be read any more.
        """
        found = {}
        for local, key in step.inputs.items():
            if key not in self.data_map and key not in self._kept:
                raise missing_input(step, local, key, {*self.data_map, *self._made})
            found[key] = self._on(context, key)
        return found

    def add(self, step: Step, results: dict[str, Any]) -> None:
        """Takes a step's declared outputs."""
        for key in step.outputs.values():
            self._forget(key)
            self.data_map[key] = results[key]

    def add_kept(self, key: str, load: Load) -> None:
        """Takes a dataset that is read when a step first asks for it."""
        self._kept[key] = load

    def load_kept(self) -> None:
        """Reads what nobody has asked for: who keeps all frames finds them in `data_map`."""
        for key in list(self._kept):
            self._frame(key)

    def hold(self, key: str) -> None:
        """Counts one more reader of a dataset; `let_go` ends it."""
        with self._lock:
            self._readers[key] += 1

    def is_needed(self, key: str, *, beside: int = 0) -> bool:
        """Whether a step has still to read a dataset, `beside` those that hold it for other reasons."""
        return self._readers[key] > beside

    def let_go(self, key: str) -> None:
        """Says that a reader of a dataset is done, from any thread; drops it after the last."""
        with self._lock:
            self._readers[key] -= 1
            last = self._readers[key] <= 0
        if last and not self._keep:
            self._forget(key)

    def step_ended(self, step: Step) -> None:
        """Drops what `step` was the last to need."""
        for key in set(step.inputs.values()):
            self.let_go(key)
        for key in set(step.outputs.values()) - set(step.inputs.values()):
            if self._readers[key] <= 0 and not self._keep:
                self._forget(key)

    def _on(self, context: EngineContext, key: str) -> Any:
        frame = self._frame(key)
        if context.is_frame(frame) or not is_data(frame):
            return frame
        with self._lock_of(key):  # several readers on the other engine wait for one crossing
            crossed = self._crossed.setdefault(key, {})
            if context.name not in crossed:
                crossed[context.name] = context.adopt(frame)
            return crossed[context.name]

    def _frame(self, key: str) -> Any:
        """Returns a dataset on the engine it was made on, reading it if it is reused."""
        if key in self._kept:
            with self._lock_of(key):
                load = self._kept.get(key)
                if load is not None:
                    self.data_map[key] = load()
                    del self._kept[key]
        return self.data_map[key]

    def _lock_of(self, key: str) -> threading.Lock:
        with self._lock:
            return self._locks.setdefault(key, threading.Lock())

    def _forget(self, key: str) -> None:
        self._kept.pop(key, None)
        frames = [*self._crossed.pop(key, {}).values()]
        frame = self.data_map.pop(key, None)
        if frame is not None:
            frames.append(frame)
        for frame in frames:
            owner = self._contexts.owner(frame)
            if owner is not None and not self._shared(frame):
                owner.release(frame)

    def _shared(self, frame: Any) -> bool:
        """Whether another key still names the same frame, as with several outputs of one result."""
        return any(other is frame for other in list(self.data_map.values()))
