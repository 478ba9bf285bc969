"""check_data: the schema of every dataset, in the order of the graph, and what is wrong with it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from odibi_core.checks.crossing import crossed
from odibi_core.checks.keys import check_key
from odibi_core.checks.outcome import NOTHING
from odibi_core.plan.reading import is_connected

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from odibi_core.checks.outcome import Outcome
    from odibi_core.checks.pipeline import Pipeline
    from odibi_core.checks.schemas import Schema
    from odibi_core.checks.tools import Rule, Tools
    from odibi_core.core.node import Step

_JUDGED = ("layer", "type", "engine", "value", "params", "inputs", "outputs", "metadata")


def check_data(pipeline: Pipeline, tools: Tools) -> Iterator[tuple[Step, Outcome]]:
    """Yields each step with what its check found, in the order of the graph.

    Of two steps with one name the first is checked, of two that output one key the first one's schema
    counts; steps on a cycle are left out, and what reads their outputs knows nothing of them.
    """
    schemas: dict[str, Schema | None] = {}
    for step in pipeline.ordered:
        outcome = infer(step, inputs_of(step, schemas, pipeline), tools)
        add_outputs(step, outcome, schemas, pipeline)
        yield step, outcome


def inputs_of(
    step: Step, schemas: Mapping[str, Schema | None], pipeline: Pipeline
) -> dict[str, Schema | None]:
    """Returns the schemas of a step's inputs by local name, as its engine meets them.

    What a connect step outputs is the name of a connection, which no step gets as data.
    """
    producers, connects = pipeline.graph.producers, pipeline.connects
    found: dict[str, Schema | None] = {}
    for local, key in step.inputs.items():
        producer = producers.get(key)
        if producer is None or producer not in connects:
            schema = schemas.get(key)
            engine = step.engine if producer is None else pipeline.by_name[producer].engine
            found[local] = schema if engine == step.engine else crossed(schema, engine, step.engine)
    return found


def add_outputs(step: Step, outcome: Outcome, schemas: dict[str, Schema | None], pipeline: Pipeline) -> None:
    """Adds what a step puts out to the schemas by dataset key."""
    for local, key in step.outputs.items():
        if pipeline.graph.producers.get(key) == step.name:
            schemas.setdefault(key, outcome.outputs.get(local))


def infer(step: Step, inputs: Mapping[str, Schema | None], tools: Tools) -> Outcome:
    """Returns what the rule for a step's layer, type and engine finds."""
    if not all(tools.pipeline.is_known(step, field) for field in _JUDGED):
        return NOTHING
    rule = rule_for(step)
    outcome = NOTHING if rule is None else rule(step, inputs, tools)
    if not step.metadata:
        return outcome
    unfit = list(check_key(step, outcome)) if step.metadata.get("key") else []
    if step.metadata.get("expect") is not None:
        from odibi_core.checks.expectations.rules import check_expectations

        unfit += check_expectations(step, inputs, outcome, tools)
    return replace(outcome, diagnostics=(*outcome.diagnostics, *unfit)) if unfit else outcome


def rule_for(step: Step) -> Rule | None:
    """Returns the rule about the data of a step; None where its layer, type or engine is none."""
    from odibi_core.core.node import ENGINES, LAYERS, TYPES

    if step.layer not in LAYERS or step.type not in TYPES or step.engine not in ENGINES:
        return None
    if step.layer == "connect":
        from odibi_core.checks.databases.connections import infer_connection

        return infer_connection
    if step.type == "function":
        from odibi_core.checks.functions.schema import infer_function

        return infer_function
    if step.layer in ("store", "publish"):
        from odibi_core.checks.targets import infer_target

        return infer_target
    if step.type == "sql" and not is_connected(step):
        if step.engine == "spark":
            from odibi_core.checks.spark.schema import infer_spark_sql

            return infer_spark_sql
        from odibi_core.checks.sql.schema import infer_sql

        return infer_sql
    if step.layer == "transform" and step.type == "config_op":
        from odibi_core.checks.operations_schema import infer_operations

        return infer_operations
    from odibi_core.checks.source_schema import infer_source

    return infer_source
