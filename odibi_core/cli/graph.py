"""`odibi-core graph`: the graph of a pipeline as Mermaid, DOT or JSON. Runs nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from odibi_core.errors import ConfigError

if TYPE_CHECKING:
    from odibi_core.config import Document
    from odibi_core.plan.graph import Graph


@click.command(
    name="graph",
    epilog="""\b
Examples:
  odibi-core graph pipeline.json
  odibi-core graph pipeline.json --format dot | dot -Tsvg -o pipeline.svg
  odibi-core graph pipeline.json --columns
  odibi-core graph warehouse.db --project retail --format json

A Mermaid graph shows where Markdown does, between ```mermaid and ```.""",
)
@click.argument("config", metavar="CONFIG")
@click.option(
    "--format", "form", type=click.Choice(["mermaid", "dot", "json"]), default="mermaid", show_default=True,
    help="What draws it: Mermaid, Graphviz, or a program of yours.",
)  # fmt: skip
@click.option(
    "--columns", is_flag=True,
    help="Of columns instead of steps: which column comes from which, where SQL and operations tell.",
)  # fmt: skip
@click.option(
    "--direction", type=click.Choice(["LR", "TB"]), default="LR", show_default=True,
    help="From left to right, or from top to bottom.",
)  # fmt: skip
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write to this file.")
@click.option(
    "--base-dir", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
    help="What relative paths in the config are relative to.  [default: the config's own directory]",
)  # fmt: skip
@click.option("--project", metavar="NAME", help="Take only the rows of this project (.db and .csv).")
def command(
    config: str, form: str, columns: bool, direction: str, output: Path | None, base_dir: Path | None,
    project: str | None,
) -> int:  # fmt: skip
    """Print the graph of the pipeline in CONFIG, for other programs to draw.

    Solid lines are data, dotted ones a connection. With --columns a solid line passes a value on, a bold
    (thick) one goes through an aggregate, a dotted one through another expression.
    """
    from odibi_core.config import read_document
    from odibi_core.plan.graph import Graph

    document = read_document(config, project=project)
    if not document.parsed or not document.steps:
        raise ConfigError(
            f"`{config}` has no steps that can be read", help=f"see `odibi-core check {config}`"
        )
    graph = Graph(document.steps)
    text = _drawn(document, graph, form, columns, direction, base_dir)
    if output is None:
        click.echo(text, nl=False)
        return 0
    from odibi_core.formats.atomic import replacing

    with replacing(output) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return 0


def _drawn(
    document: Document, graph: Graph, form: str, columns: bool, direction: str, base_dir: Path | None
) -> str:
    from odibi_core.plan import drawing

    name = Path(document.path).stem
    known = _columns(document, base_dir) if columns or form == "json" else {}
    if form == "json":
        return json.dumps(_as_json(document, graph, known), ensure_ascii=False, indent=2) + "\n"
    if not columns:
        if form == "mermaid":
            return drawing.mermaid(graph, document.steps, direction=direction)
        return drawing.dot(graph, document.steps, name=name, direction=direction)
    from odibi_core.runs.lineage import column_edges

    edges = column_edges(document.steps, known)
    if form == "mermaid":
        return drawing.mermaid_columns(known, edges, direction=direction)
    return drawing.dot_columns(known, edges, name=name, direction=direction)


def _columns(document: Document, base_dir: Path | None) -> dict[str, tuple[str, ...]]:
    """Returns the columns of the datasets as far as they can be known without running anything."""
    from odibi_core.checks.checker import Checker

    checker = Checker(base_dir=base_dir)
    try:
        schemas = checker.whole(document).schemas
    finally:
        checker.close()
    return {key: schema.names for key, schema in schemas.items() if schema is not None}


def _as_json(document: Document, graph: Graph, known: dict[str, tuple[str, ...]]) -> dict[str, Any]:
    from odibi_core.plan.drawing import edges
    from odibi_core.runs.lineage import column_edges

    return {
        "path": document.path,
        "steps": [
            {"name": step.name, "layer": step.layer, "type": step.type, "engine": step.engine,
             "needs": list(graph.needs[step.name])}
            for step in document.steps
        ],
        "edges": [edge._asdict() for edge in edges(graph, document.steps)],
        "datasets": {
            key: {"step": producer, "columns": list(known[key]) if key in known else None}
            for key, producer in graph.producers.items()
        },
        "columns": [
            {"from": list(edge.source), "to": list(edge.target), "kind": edge.kind}
            for edge in column_edges(document.steps, known)
        ],
    }  # fmt: skip
