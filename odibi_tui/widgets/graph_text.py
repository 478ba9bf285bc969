"""The graph in text: what feeds a step, what it feeds, and the order in which all can run."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from odibi_core.plan.graph import Graph
    from odibi_tui.widgets.lines import Part

_MOST = 200
"""Rows of one side of the drawing; a step of a pipeline of thousands may have as many ancestors."""


class GraphRow(NamedTuple):
    """A row of the drawing and the step that stands in it."""

    parts: Sequence[Part]
    step: str | None = None


class _Strokes(NamedTuple):
    tee: str
    end: str
    bar: str
    rise: str
    top: str


_UNICODE = _Strokes("├─▸ ", "╰─▸ ", "│   ", "├── ", "╭── ")
_ASCII = _Strokes("+-> ", "`-> ", "|   ", "+-- ", ",-- ")


def graph_rows(graph: Graph, step: str | None, *, ascii_only: bool = False) -> list[GraphRow]:
    """Returns the drawing around `step`, then the whole order, one row a step."""
    rows: list[GraphRow] = []
    if step is not None and step in graph.needs:
        rows += _around(graph, step, _ASCII if ascii_only else _UNICODE)
    rows += _order(graph, step)
    return rows


def _around(graph: Graph, step: str, strokes: _Strokes) -> Iterable[GraphRow]:
    ancestors, descendants = graph.ancestors(step), graph.descendants(step)
    yield GraphRow(
        [(f" {len(ancestors):,} before it", "heading"), (f"   {len(descendants):,} after it", "heading")]
    )
    yield GraphRow([])
    upward = _branches(step, lambda name: graph.needs.get(name, ()), strokes, down=False)
    yield from reversed(upward)
    yield GraphRow([(" ", ""), (step, "strong")], step)
    yield from _branches(step, lambda name: graph.dependents.get(name, ()), strokes, down=True)
    yield GraphRow([])


def _branches(
    root: str, following: Callable[[str], Iterable[str]], strokes: _Strokes, *, down: bool
) -> list[GraphRow]:
    """Draws what follows `root` as branches; a step already drawn is named again, but not opened again."""
    rows: list[GraphRow] = []
    drawn: set[str] = {root}
    waiting = _children(root, "", following)
    while waiting:
        name, lead, last = waiting.pop()
        if len(rows) >= _MOST:
            rows.append(GraphRow([(" and more, see the order below", "muted")]))
            break
        stroke = (strokes.end if last else strokes.tee) if down else (strokes.top if last else strokes.rise)
        again = name in drawn
        opens = any(True for _ in following(name))
        note: list[Part] = [("  as drawn", "muted")] if again and opens else []
        rows.append(GraphRow([(f" {lead}{stroke}", "muted"), (name, ""), *note], name))
        if not again:
            drawn.add(name)
            waiting += _children(name, lead + ("    " if last else strokes.bar), following)
    return rows


def _children(name: str, lead: str, following: Callable[[str], Iterable[str]]) -> list[tuple[str, str, bool]]:
    """Children in the order in which a stack gives them back: first child first."""
    names = list(dict.fromkeys(following(name)))
    return [(child, lead, index == len(names) - 1) for index, child in reversed(list(enumerate(names)))]


def _order(graph: Graph, step: str | None) -> Iterable[GraphRow]:
    order = graph.order()
    width = len(str(len(order)))
    yield GraphRow([(" order", "heading"), ("   steps of one number can run side by side", "muted")])
    before: int | None = None
    for name in sorted(order, key=graph.depth):
        depth = graph.depth(name) + 1
        number = str(depth) if depth != before else ""
        before = depth
        needs = graph.needs.get(name, ())
        told: list[Part] = (
            [(f"   {', '.join(needs[:4])}{', ...' if len(needs) > 4 else ''}", "muted")] if needs else []
        )
        yield GraphRow(
            [(f" {number:>{width}}  ", "gutter"), (name, "strong" if name == step else ""), *told], name
        )
    cycles = graph.cycles()
    if cycles:
        yield GraphRow([])
        yield GraphRow([(" in a cycle, so never", "heading")])
        for cycle in cycles:
            for name in cycle:
                yield GraphRow([(f" {'':>{width}}  ", ""), (name, "error")], name)
