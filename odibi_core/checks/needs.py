"""Rules about what a step of a layer and type cannot do without: a value, inputs, outputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from odibi_core.checks import codes
from odibi_core.checks.pipeline import place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from odibi_core.checks.pipeline import Pipeline
    from odibi_core.core.node import Step
    from odibi_core.diagnostics import Diagnostic

# Params that say what `value` would say otherwise.
_INSTEAD = frozenset(
    {
        "table",
        "query",
        "sql",
        "path",
        "url",
        "source",
        "target",
        "connection",
        "connection_string",
        "function",
    }
)
_WHAT_TYPES_NEED = {"sql": "a query", "function": "the name of a function", "api": "a URL"}
_WHAT_LAYERS_NEED = {
    "connect": "a path or URL to connect to",
    "ingest": "something to read",
    "store": "a target to write to",
    "publish": "a target to deliver to",
}


def check_needs(pipeline: Pipeline) -> Iterator[Diagnostic]:
    """Yields the steps that lack what their layer and type need."""
    for step in pipeline.steps:
        if not step.value.strip():
            need = _need(step)
            if need is not None and pipeline.is_known(step, "value") and pipeline.is_known(step, "params"):
                yield codes.MISSING_VALUE.found(
                    f"`{step.name}` has no `value`", step=step.name, field="value",
                    span=place(step, "value"), help=f"a step like this needs {need}",
                )  # fmt: skip
        if step.layer in ("store", "publish"):
            if not step.inputs and pipeline.is_known(step, "inputs"):
                yield codes.MISSING_INPUTS.found(
                    f"`{step.name}` has no `inputs`", step=step.name, field="inputs",
                    span=place(step, "inputs"), help='name the dataset to write: "inputs": {"data": "…"}',
                )  # fmt: skip
        elif (
            step.layer in ("ingest", "transform") and not step.outputs and pipeline.is_known(step, "outputs")
        ):
            yield codes.NO_OUTPUTS.found(
                f"the result of `{step.name}` goes nowhere", step=step.name, field="outputs",
                span=place(step, "outputs"), help='name it: "outputs": {"data": "…"}',
            )  # fmt: skip


def _need(step: Step) -> str | None:
    """Returns what the step's missing value should be, or None if it needs none."""
    if step.params and not _INSTEAD.isdisjoint(step.params):
        return None
    if step.layer == "connect":
        return None if step.params else _WHAT_LAYERS_NEED["connect"]
    if step.layer == "transform":
        return _WHAT_TYPES_NEED.get(step.type)
    if step.layer in _WHAT_LAYERS_NEED:
        return _WHAT_TYPES_NEED.get(step.type, _WHAT_LAYERS_NEED[step.layer])
    return None
