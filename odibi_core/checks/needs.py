"""Rules about what a step of a layer and type cannot do without: a value, inputs, outputs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from odibi_core.checks import codes
from odibi_core.checks.pipeline import place
from odibi_core.config.origins import JsonOrigin, replacement
from odibi_core.diagnostics import Fix
from odibi_core.plan.reading import QUERY, TABLE, is_connected, spelled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from odibi_core.checks.pipeline import Pipeline
    from odibi_core.core.node import Step
    from odibi_core.diagnostics import Diagnostic

_IS_QUERY = re.compile(r"\s*(?:\(\s*)*(?:select|with|from|values|pivot|unpivot|describe)\s", re.IGNORECASE)


def check_needs(pipeline: Pipeline) -> Iterator[Diagnostic]:
    """Yields the steps that lack what their layer and type need, at their name."""
    connects = pipeline.connects
    for step in pipeline.steps:
        if not pipeline.is_known(step, "layer"):
            continue
        if not step.value or step.value.isspace():
            yield from _check_value(step, pipeline)
        layer = step.layer
        # One input and an output are what nearly every step has.
        if layer in ("store", "publish"):
            if len(step.inputs) != 1:
                yield from _check_one_input(step, pipeline, connects)
            continue
        if layer not in ("transform", "ingest"):
            continue
        if layer == "transform" and step.type == "config_op":
            if len(step.inputs) != 1:
                yield from _check_one_input(step, pipeline, connects)
            if step.value and not step.value.isspace():
                yield from _check_unused_value(step, pipeline)
        if not step.outputs:
            yield from _check_outputs(step, pipeline)


def _check_value(step: Step, pipeline: Pipeline) -> Iterator[Diagnostic]:
    need = _need(step)
    if need is None or not all(
        pipeline.is_known(step, field) for field in ("value", "params", "layer", "type")
    ):
        return
    yield codes.MISSING_VALUE.found(
        f"`{step.name}` has no `value`", step=step.name, field="value", span=place(step, "name", start=0),
        help=f"write {need} in it",
    )  # fmt: skip


def _need(step: Step) -> str | None:
    """Returns what the step's missing value should be, or None if it needs none."""
    params, layer = step.params, step.layer
    if step.type == "function" and layer != "connect":
        return "the name of a function"
    if step.type == "sql" and layer in ("ingest", "transform"):
        return "a query"
    if step.type == "api" and layer in ("ingest", "transform", "publish"):
        return "a URL"
    if layer == "connect":
        return None if params else "a database file or URL"
    if layer == "ingest":
        if is_connected(step):
            return "a table or a query" if spelled(params, (*TABLE, *QUERY)) is None else None
        return "the path of a file"
    if layer in ("store", "publish"):
        return "where to write" if spelled(params, TABLE) is None else None
    return None


def _check_unused_value(step: Step, pipeline: Pipeline) -> Iterator[Diagnostic]:
    if not all(pipeline.is_known(step, field) for field in ("value", "layer", "type")):
        return
    is_query = _IS_QUERY.match(step.value) is not None
    yield codes.UNUSED_VALUE.found(
        f"`{step.name}` does not use its `value`", step=step.name, field="value",
        span=place(step, "value", start=0), suggestion="sql" if is_query else None,
        help='a query needs "type": "sql"' if is_query
        else "operations stand in `params`; without any the input passes through",
        fix=_as_query(step) if is_query else None,
    )  # fmt: skip


def _as_query(step: Step) -> Fix | None:
    """Returns the fix that makes a step one of type sql: the type replaced, or written before the value."""
    if step.origin is None:
        return None
    span = step.origin.locate("type", start=0)
    written = span.end is not None and span.end - (span.start or 0) > 1
    if written or not isinstance(step.origin, JsonOrigin):
        return replacement(step.origin, "sql", "type", safe=False)
    key = step.origin.locate("value", key=True)
    if key.start is None:
        return None
    return Fix('write "type": "sql"', "unsafe", key.start - 1, key.start - 1, '"type": "sql", ')


def _check_one_input(step: Step, pipeline: Pipeline, connects: frozenset[str]) -> Iterator[Diagnostic]:
    if not pipeline.is_known(step, "inputs") or not pipeline.is_known(step, "type"):
        return
    what = "an operation" if step.layer == "transform" else f"a {step.layer} step"
    if not step.inputs:
        yield codes.MISSING_INPUTS.found(
            f"`{step.name}` has no `inputs`", step=step.name, field="inputs",
            span=place(step, "name", start=0),
            help=f'{what} takes one: "inputs": ' + '{"data": "…"}',
        )  # fmt: skip
        return
    # A connect step's output is a name to wait for, not data.
    data = [local for local, key in step.inputs.items() if pipeline.graph.producers.get(key) not in connects]
    if len(data) > 1:
        yield codes.TOO_MANY_INPUTS.found(
            f"{what} takes one input, `{step.name}` has {len(data)}", step=step.name, field="inputs",
            span=place(step, "inputs", data[1], key=True),
            help="join them before with a step of type `sql`",
        )  # fmt: skip


def _check_outputs(step: Step, pipeline: Pipeline) -> Iterator[Diagnostic]:
    if step.outputs or not pipeline.is_known(step, "outputs"):
        return
    yield codes.NO_OUTPUTS.found(
        f"the result of `{step.name}` goes nowhere", step=step.name, field="outputs",
        span=place(step, "name", start=0), help='name it: "outputs": {"data": "…"}',
    )  # fmt: skip
