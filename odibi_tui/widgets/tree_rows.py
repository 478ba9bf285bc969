"""The rows of the step tree: which there are, in what order, from steps, problems, run and filter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from odibi_core.core.node import LAYERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence, Set

    from odibi_core.diagnostics import Diagnostic
    from odibi_core.plan.graph import Graph

Kind = Literal["group", "step", "problem"]


class Item(NamedTuple):
    """A step as the tree needs it, from a config or from a run."""

    name: str
    layer: str
    words: str
    """What the filter looks in, lower case."""


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


def items_of_steps(steps: Iterable[object]) -> list[Item]:
    """Returns tree items of `Step` or `StepInfo` objects, which name these fields alike."""
    return [
        Item(
            step.name,  # type: ignore[attr-defined]
            step.layer,  # type: ignore[attr-defined]
            " ".join((step.name, step.layer, step.type, step.engine, *step.outputs.values())).lower(),  # type: ignore[attr-defined]
        )
        for step in steps
    ]


def matching(items: Iterable[Item], filter_text: str) -> list[Item]:
    """Returns the items that hold every word of the filter."""
    words = filter_text.lower().split()
    return [item for item in items if all(word in item.words for word in words)] if words else list(items)


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
    rows = []
    seen: dict[str, int] = {}
    for item in items:
        depth = depths.get(item.name, 0)
        nth = seen[item.name] = seen.get(item.name, -1) + 1
        rows.append(Row("step", ("step", item.name, str(nth)), depth, item.name, item.name))
        if nth == 0:
            rows.extend(_problem_rows(item.name, problems(item.name), depth))
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
