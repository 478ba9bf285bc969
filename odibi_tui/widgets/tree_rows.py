"""The rows of the step tree: which there are, in what order, from steps, problems, run and filter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

from odibi_core.core.node import LAYERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence, Set

    from odibi_core.diagnostics import Diagnostic
    from odibi_core.plan.graph import Graph

Kind = Literal["group", "step", "problem"]


class Item(Protocol):
    """What the tree needs of a step: a `Step` of a config, or a `StepInfo` of a run."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def layer(self) -> str:
        """Its layer."""


class Row(NamedTuple):
    """One row. `key` says what it is across rebuilds, so that the cursor can stay on it."""

    kind: Kind
    key: tuple[str, ...]
    depth: int
    text: str
    step: str | None = None
    diagnostic: Diagnostic | None = None
    total: int = 0
    expanded: bool = True
    problems: int = 0


def matching(items: Sequence[Any], filter_text: str) -> Sequence[Any]:
    """Returns the steps with every word of the filter in name, layer, type, engine or an output's key."""
    words = filter_text.lower().split()
    if not words:
        return items
    return [item for item in items if all(word in _text_of(item) for word in words)]


def _text_of(item: Any) -> str:
    return " ".join((item.name, item.layer, item.type, item.engine, *item.outputs.values())).lower()


def rows_by_layer(
    items: Sequence[Item], problems: Callable[[str | None], Sequence[Diagnostic]], collapsed: Set[str]
) -> list[Row]:
    """Returns a group a layer, in the order of the layers, its steps in the order of the config."""
    groups: dict[str, list[Item]] = {}
    for item in items:
        groups.setdefault(item.layer, []).append(item)
    known = [layer for layer in LAYERS if layer in groups]
    rows = list(_problem_rows(None, problems(None), 0))
    for layer in [*known, *(layer for layer in groups if layer not in LAYERS)]:
        members = groups[layer]
        expanded = layer not in collapsed
        wrong = sum(1 for item in members if problems(item.name)) if not expanded else 0
        title = layer or "no layer"
        rows.append(Row("group", ("group", layer), 0, title, None, None, len(members), expanded, wrong))
        if expanded:
            rows.extend(_step_rows(members, problems, {}))
    return rows


def rows_by_graph(
    items: Sequence[Item], problems: Callable[[str | None], Sequence[Diagnostic]], graph: Graph
) -> list[Row]:
    """Returns the steps in the order they can run, each indented by how far it is from a source."""
    by_name = {item.name: item for item in reversed(items)}
    order = graph.order()
    placed = set(order)
    ordered = [by_name[name] for name in order if name in by_name]
    on_cycles = [item for item in items if item.name not in placed]
    depths = {name: graph.depth(name) for name in order}
    return [
        *_problem_rows(None, problems(None), 0),
        *_step_rows(ordered, problems, depths),
        *_step_rows(on_cycles, problems, {}),
    ]


def _step_rows(
    items: Iterable[Item], problems: Callable[[str | None], Sequence[Diagnostic]], depths: dict[str, int]
) -> list[Row]:
    rows: list[Row] = []
    seen: dict[str, int] = {}
    for item in items:
        name = item.name
        depth = depths.get(name, 0)
        nth = seen[name] = seen.get(name, -1) + 1
        rows.append(Row("step", ("step", name, str(nth)), depth, name, name))
        found = problems(name) if nth == 0 else ()
        if found:
            rows.extend(_problem_rows(name, found, depth))
    return rows


def _problem_rows(step: str | None, diagnostics: Sequence[Diagnostic], depth: int) -> Iterable[Row]:
    for nth, diagnostic in enumerate(diagnostics):
        key = ("problem", step or "", diagnostic.code, str(nth))
        yield Row("problem", key, depth, diagnostic.message, step, diagnostic)


def broken_by(graph: Graph, wrong: Set[str]) -> dict[str, str]:
    """Returns, for each step that cannot be trusted because of a step before it, the nearest such step."""
    broken: dict[str, str] = {}
    if not wrong:
        return broken
    for name in graph.order():
        culprit = next((need for need in graph.needs.get(name, ()) if need in wrong or need in broken), None)
        if culprit is not None and name not in wrong:
            broken[name] = culprit
    return broken
