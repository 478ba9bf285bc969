"""The graph of a pipeline as text that other programs draw: Mermaid and Graphviz's DOT.

Mermaid: https://mermaid.js.org/syntax/flowchart.html; DOT: https://graphviz.org/doc/info/lang.html.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from odibi_core.core.node import LAYERS
from odibi_core.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from odibi_core.core.node import Step
    from odibi_core.plan.graph import Graph

# Opening and closing of a node's shape: what brings data in and out is a cylinder, a connection a circle.
_MERMAID_SHAPES = {
    "connect": ("((", "))"), "ingest": ("[(", ")]"), "transform": ("[", "]"), "store": ("[(", ")]"),
    "publish": (">", "]"),
}  # fmt: skip
_DOT_SHAPES = {
    "connect": "circle", "ingest": "cylinder", "transform": "box", "store": "cylinder", "publish": "cds",
}  # fmt: skip


class Edge(NamedTuple):
    """A step needs another: through a dataset, or (None) through the connection it opens."""

    source: str
    target: str
    dataset: str | None


class ColumnEdge(NamedTuple):
    """A column of a dataset comes from a column of another; `kind` as in `plan.column_lineage`."""

    source: tuple[str, str]
    target: tuple[str, str]
    kind: str


def edges(graph: Graph, steps: Sequence[Step]) -> list[Edge]:
    """Returns the edges of the graph in config order, one for each dataset that a step reads."""
    found: dict[Edge, None] = {}
    seen: set[str] = set()
    for step in steps:
        if step.name in seen:
            continue
        seen.add(step.name)
        through = set()
        for key in step.inputs.values():
            producer = graph.producers.get(key)
            if producer is not None:
                found[Edge(producer, step.name, key)] = None
                through.add(producer)
        for needed in graph.needs[step.name]:
            if needed not in through:
                found[Edge(needed, step.name, None)] = None
    return list(found)


def mermaid(graph: Graph, steps: Sequence[Step], *, direction: str = "LR") -> str:
    """Returns the graph of steps as a Mermaid flowchart, a subgraph a layer."""
    ids = {name: f"s{number}" for number, name in enumerate(graph.names)}
    lines = [f"flowchart {direction}"]
    for number, (layer, members) in enumerate(_by_layer(graph, steps)):
        lines.append(f"  subgraph layer_{number}[{_mermaid_text(layer)}]")
        for step in members:
            opening, closing = _MERMAID_SHAPES.get(layer, ("[", "]"))
            lines.append(f"    {ids[step.name]}{opening}{_mermaid_text(step.name)}{closing}")
        lines.append("  end")
    for edge in edges(graph, steps):
        arrow = "-.->" if edge.dataset is None else "-->"
        label = "" if edge.dataset is None else f"|{_mermaid_text(edge.dataset)}|"
        lines.append(f"  {ids[edge.source]} {arrow}{label} {ids[edge.target]}")
    return "\n".join(lines) + "\n"


def dot(graph: Graph, steps: Sequence[Step], *, name: str = "pipeline", direction: str = "LR") -> str:
    """Returns the graph of steps in the DOT language, a cluster a layer."""
    lines = [f"digraph {_dot_text(name)} {{", f"  rankdir={direction};", "  node [fontname=monospace];"]
    for number, (layer, members) in enumerate(_by_layer(graph, steps)):
        lines.append(f"  subgraph cluster_{number} {{")
        lines.append(f"    label={_dot_text(layer)};")
        for step in members:
            shape = _DOT_SHAPES.get(layer, "box")
            lines.append(f"    {_dot_text(step.name)} [shape={shape}];")
        lines.append("  }")
    for edge in edges(graph, steps):
        style = " [style=dashed]" if edge.dataset is None else f" [label={_dot_text(edge.dataset)}]"
        lines.append(f"  {_dot_text(edge.source)} -> {_dot_text(edge.target)}{style};")
    lines.append("}")
    return "\n".join(lines) + "\n"


def mermaid_columns(
    datasets: Mapping[str, Sequence[str]], columns: Sequence[ColumnEdge], *, direction: str = "LR"
) -> str:
    """Returns column lineage as a Mermaid flowchart, a subgraph a dataset with a node a column."""
    ids = _column_ids(datasets)
    lines = [f"flowchart {direction}"]
    for number, (key, names) in enumerate(datasets.items()):
        lines.append(f"  subgraph d{number}[{_mermaid_text(key)}]")
        lines.extend(f"    {ids[key, name]}[{_mermaid_text(name)}]" for name in names)
        lines.append("  end")
    for edge in columns:
        arrow = {"identity": "-->", "aggregation": "==>"}.get(edge.kind, "-.->")
        lines.append(f"  {ids[edge.source]} {arrow} {ids[edge.target]}")
    return "\n".join(lines) + "\n"


def dot_columns(
    datasets: Mapping[str, Sequence[str]],
    columns: Sequence[ColumnEdge],
    *,
    name: str = "pipeline",
    direction: str = "LR",
) -> str:
    """Returns column lineage in the DOT language, a cluster a dataset with a node a column."""
    ids = _column_ids(datasets)
    lines = [
        f"digraph {_dot_text(name)} {{",
        f"  rankdir={direction};",
        "  node [shape=box, fontname=monospace];",
    ]
    for number, (key, names) in enumerate(datasets.items()):
        lines.append(f"  subgraph cluster_{number} {{")
        lines.append(f"    label={_dot_text(key)};")
        lines.extend(f"    {ids[key, column]} [label={_dot_text(column)}];" for column in names)
        lines.append("  }")
    for edge in columns:
        style = {"identity": "solid", "aggregation": "bold"}.get(edge.kind, "dashed")
        lines.append(f"  {ids[edge.source]} -> {ids[edge.target]} [style={style}];")
    lines.append("}")
    return "\n".join(lines) + "\n"


def _column_ids(datasets: Mapping[str, Sequence[str]]) -> dict[tuple[str, str], str]:
    return {
        (key, name): f"d{number}_{index}"
        for number, (key, names) in enumerate(datasets.items())
        for index, name in enumerate(names)
    }


def _by_layer(graph: Graph, steps: Sequence[Step]) -> Iterator[tuple[str, list[Step]]]:
    """Yields the layers there are, in their order, each with its steps in config order."""
    groups: dict[str, list[Step]] = {}
    seen: set[str] = set()
    for step in steps:
        if step.name not in seen:
            seen.add(step.name)
            groups.setdefault(step.layer, []).append(step)
    for layer in (*LAYERS, *(layer for layer in groups if layer not in LAYERS)):
        if layer in groups:
            yield layer, groups[layer]


def _mermaid_text(text: str) -> str:
    """Returns a text as a Mermaid label: in quotes, what has a meaning there as an entity."""
    escaped = one_line(text).replace("#", "#35;")
    for character, entity in (("&", "#amp;"), ('"', "#quot;"), ("<", "#lt;"), (">", "#gt;"), ("`", "#96;")):
        escaped = escaped.replace(character, entity)
    return f'"{escaped}"'


def _dot_text(text: str) -> str:
    """Returns a text as a quoted DOT identifier."""
    escaped = one_line(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
