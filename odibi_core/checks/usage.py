"""Rules about what is for nothing: outputs and connections that no step uses, steps that no data reaches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from odibi_core.checks.codes import graph_codes
from odibi_core.checks.pipeline import place
from odibi_core.diagnostics import Related

if TYPE_CHECKING:
    from collections.abc import Iterator

    from odibi_core.checks.pipeline import Pipeline
    from odibi_core.core.node import Step
    from odibi_core.diagnostics import Diagnostic

_ENDS = frozenset({"store", "publish"})
_MAKERS = frozenset({"ingest", "transform"})
_JUDGED = ("layer", "inputs", "outputs", "params")


def check_unused_outputs(pipeline: Pipeline) -> Iterator[Diagnostic]:
    """Yields the outputs that no step reads, in a pipeline that stores or publishes something."""
    ends = [step for step in pipeline.steps if step.layer in _ENDS]
    # One that lacks its input is told of elsewhere; what it should have read is not for nothing.
    if not ends or not all(step.inputs for step in ends) or _is_partly_unknown(pipeline):
        return
    used = {key for step in pipeline.steps for key in step.inputs.values()}
    producers = pipeline.graph.producers
    for step in pipeline.steps:
        if step.layer not in _MAKERS:
            continue
        for local, key in step.outputs.items():
            if key in used or producers.get(key) != step.name or _is_a_test(step):
                continue
            yield graph_codes.UNUSED_OUTPUT.found(
                f"no step uses `{key}`", step=step.name, field=f"outputs.{local}",
                span=place(step, "outputs", local, start=0),
                help=f"read it in a step, or take `{step.name}` out" if len(step.outputs) == 1
                else "read it in a step, or take the output out",
            )  # fmt: skip


def _is_a_test(step: Step) -> bool:
    """Whether a step is there for what it says of its data, not for the data."""
    return "expect" in step.metadata or (step.type == "function" and step.value.strip() == "expect")


def check_unused_connections(pipeline: Pipeline) -> Iterator[Diagnostic]:
    """Yields the connect steps whose connection no step names; none where a function may ask for it."""
    connects = pipeline.connects
    if not connects or len(pipeline.steps) == len(connects) or _is_partly_unknown(pipeline):
        return
    used: set[str] = set()
    for step in pipeline.steps:
        if step.type == "function":
            return
        used.update(step.inputs.values())
        name = step.params.get("connection") if step.params else None
        if isinstance(name, str):
            if "${" in name or name not in pipeline.graph.needs:
                return  # a name that is filled in, or misspelled, may mean any of them
            used.add(name)
    for step in pipeline.steps:
        if step.layer != "connect" or step.name in used or not used.isdisjoint(step.outputs.values()):
            continue
        yield graph_codes.UNUSED_CONNECTION.found(
            f"no step uses the connection `{step.name}`", step=step.name, field="name",
            span=place(step, "name", start=0), help="name it in a step's `params.connection`, or take it out",
        )  # fmt: skip


def check_unreached(pipeline: Pipeline) -> Iterator[Diagnostic]:
    """Yields the steps that wait for one on a cycle without being on it, the first of each chain."""
    graph = pipeline.graph
    cycles = graph.cycles()
    if not cycles:
        return
    on_cycle = {name for cycle in cycles for name in cycle}
    told: set[str] = set()
    for step in pipeline.steps:
        if step.name in on_cycle or step.name in told:
            continue
        told.add(step.name)
        for local, key in step.inputs.items():
            producer = graph.producers.get(key)
            if producer not in on_cycle:
                continue
            cycle = next(cycle for cycle in cycles if producer in cycle)
            yield graph_codes.UNREACHED_STEP.found(
                f"nothing reaches `{step.name}`: it waits for `{producer}`, which is part of a cycle",
                step=step.name, field=f"inputs.{local}", span=place(step, "inputs", local, start=0),
                help="break the cycle",
                related=tuple(
                    Related("part of the cycle", other.name, place(other, "name", start=0))
                    for other in pipeline.steps
                    if other.name == cycle[0]
                ),
            )  # fmt: skip
            break


def _is_partly_unknown(pipeline: Pipeline) -> bool:
    """Whether a step that cannot be seen, or a field that could not be read, may be the one that uses it."""
    gaps = pipeline.gaps
    return (
        gaps.incomplete
        or bool(gaps.left_out_steps)
        or any(field in _JUDGED for _, field in gaps.fields)
        or bool(pipeline.graph.undefined)
    )
