"""Graph: which step needs which, through the datasets and connections they name."""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING

from odibi_core.plan.cycles import components, cycles

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from odibi_core.core.node import Step


class Graph:
    """The graph of a pipeline's steps.

    Never raises for what is wrong with them: of two steps with one name, or with one output key, the first
    in the config counts; an input nobody outputs is kept in `undefined`. A step whose
    `params["connection"]` names a connect step needs that step.

    Attributes:
        names: Step names in config order, each once.
        producers: Dataset key -> name of the step that outputs it.
        needs: Step name -> names of the steps it needs, in the order of its inputs, each once.
        dependents: Step name -> names of the steps that need it, in config order.
        undefined: Step name -> its inputs (local name -> key) that nobody outputs.
    """

    def __init__(self, steps: Sequence[Step]) -> None:
        by_name: dict[str, Step] = {}
        producers: dict[str, str] = {}
        connects: set[str] = set()
        for step in steps:
            if by_name.setdefault(step.name, step) is step and step.layer == "connect":
                connects.add(step.name)
            for key in step.outputs.values():
                producers.setdefault(key, step.name)
        self.names: tuple[str, ...] = tuple(by_name)
        self.producers: dict[str, str] = producers
        self.needs: dict[str, tuple[str, ...]] = {}
        self.undefined: dict[str, dict[str, str]] = {}
        dependents: dict[str, list[str]] = {name: [] for name in by_name}
        for name, step in by_name.items():
            needed: dict[str, None] = {}
            for local, key in step.inputs.items():
                producer = producers.get(key)
                if producer is None:
                    self.undefined.setdefault(name, {})[local] = key
                else:
                    needed[producer] = None
            connection = step.params.get("connection") if step.params else None
            if isinstance(connection, str) and connection in connects and connection != name:
                needed[connection] = None
            self.needs[name] = tuple(needed)
            for producer in needed:
                dependents[producer].append(name)
        self.dependents: dict[str, tuple[str, ...]] = {name: tuple(d) for name, d in dependents.items()}
        self._components: list[list[str]] | None = None
        self._cyclic: list[list[str]] | None = None
        self._depths: dict[str, int] | None = None

    def order(self) -> list[str]:
        """Returns the steps so that each comes after all it needs, in config order among equals.

        Steps on a cycle are left out; what needs them comes as if they were there.
        """
        on_cycle = self._on_cycle()
        index = {name: number for number, name in enumerate(self.names)}
        waiting = {
            name: sum(1 for needed in self.needs[name] if needed not in on_cycle)
            for name in self.names
            if name not in on_cycle
        }
        ready = [index[name] for name, count in waiting.items() if count == 0]
        heapify(ready)
        ordered: list[str] = []
        while ready:
            name = self.names[heappop(ready)]
            ordered.append(name)
            for dependent in self.dependents[name]:
                if dependent in waiting:
                    waiting[dependent] -= 1
                    if waiting[dependent] == 0:
                        heappush(ready, index[dependent])
        return ordered

    def cycles(self) -> list[list[str]]:
        """Returns the cycles, each in the direction the data goes, from its first step in the config on.

        All of them, up to a limit (see `plan.cycles`): many cycles through the same steps can be more than
        anyone could read.
        """
        index = {name: number for number, name in enumerate(self.names)}
        found: list[list[str]] = []
        for component in self._cyclic_components():
            found.extend(cycles(component, self.dependents, index))
        return sorted(found, key=lambda cycle: [index[name] for name in cycle])

    def ancestors(self, name: str) -> set[str]:
        """Returns every step that `name` needs, directly or not; itself only if it is on a cycle."""
        return _reach(name, self.needs)

    def descendants(self, name: str) -> set[str]:
        """Returns every step that needs `name`, directly or not; itself only if it is on a cycle."""
        return _reach(name, self.dependents)

    def depth(self, name: str) -> int:
        """Returns the length of the longest path from a source to `name`; sources have 0.

        Steps on one cycle count as one step.
        """
        if self._depths is None:
            self._depths = self._measure()
        return self._depths[name]

    def _measure(self) -> dict[str, int]:
        depths: dict[str, int] = {}
        for component in self._all_components():  # what a component needs comes before it
            inside = set(component)
            depth = max(
                (
                    depths[needed] + 1
                    for name in component
                    for needed in self.needs[name]
                    if needed not in inside
                ),
                default=0,
            )
            depths.update(dict.fromkeys(component, depth))
        return depths

    def _all_components(self) -> list[list[str]]:
        if self._components is None:
            self._components = components(self.names, self.needs)
        return self._components

    def _cyclic_components(self) -> list[list[str]]:
        if self._cyclic is None:
            self._cyclic = (
                []
                if self._is_free_of_cycles()
                else [
                    component
                    for component in self._all_components()
                    if len(component) > 1 or component[0] in self.needs[component[0]]
                ]
            )
        return self._cyclic

    def _is_free_of_cycles(self) -> bool:
        """Whether every step can be taken away after those it needs; a tenth of the work of `components`."""
        waiting = {name: len(needed) for name, needed in self.needs.items()}
        free = [name for name, count in waiting.items() if count == 0]
        dependents = self.dependents
        taken = 0
        while free:
            taken += 1
            for dependent in dependents[free.pop()]:
                waiting[dependent] -= 1
                if waiting[dependent] == 0:
                    free.append(dependent)
        return taken == len(waiting)

    def _on_cycle(self) -> set[str]:
        return {name for component in self._cyclic_components() for name in component}


def _reach(name: str, edges: Mapping[str, Sequence[str]]) -> set[str]:
    reached: set[str] = set()
    waiting = list(edges[name])
    while waiting:
        current = waiting.pop()
        if current not in reached:
            reached.add(current)
            waiting.extend(edges[current])
    return reached
