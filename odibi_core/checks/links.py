"""Rules about the graph: names and keys are unique, inputs and connections are there, no cycles."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from odibi_core.checks import codes
from odibi_core.checks.pipeline import place
from odibi_core.checks.sql.names import best
from odibi_core.config.origins import replacement
from odibi_core.core.node import LAYERS
from odibi_core.diagnostics import Related

if TYPE_CHECKING:
    from collections.abc import Iterator

    from odibi_core.checks.pipeline import Pipeline
    from odibi_core.config.document import Gaps
    from odibi_core.core.node import Step
    from odibi_core.diagnostics import Diagnostic, Fix, Span

_SHOWN_OF_A_CYCLE = 20


def check_step_names(pipeline: Pipeline) -> Iterator[Diagnostic]:
    """Yields each step whose name an earlier one has."""
    first: dict[str, Step] = {}
    for step in pipeline.steps:
        before = first.setdefault(step.name, step)
        if before is not step:
            yield codes.DUPLICATE_STEP.found(
                f"another step is named `{step.name}`", step=step.name, field="name",
                span=place(step, "name", start=0), help="rename one of them",
                related=(Related("the first one", before.name, place(before, "name", start=0)),),
            )  # fmt: skip


def check_output_keys(pipeline: Pipeline) -> Iterator[Diagnostic]:
    """Yields each output whose key an earlier one has."""
    first: dict[str, tuple[Step, str]] = {}
    for step in pipeline.steps:
        for local, key in step.outputs.items():
            before, before_local = first.setdefault(key, (step, local))
            if before is step and before_local == local:
                continue
            other = "this step outputs" if before is step else f"`{before.name}` outputs"
            yield codes.DUPLICATE_OUTPUT.found(
                f"{other} `{key}` already", step=step.name, field=f"outputs.{local}",
                span=place(step, "outputs", local, start=0), help="give each result its own key",
                related=(
                    Related(
                        "the first one", before.name, place(before, "outputs", before_local, start=0)
                    ),
                ),
            )  # fmt: skip


def check_inputs(pipeline: Pipeline) -> Iterator[Diagnostic]:
    """Yields each input that no step outputs."""
    producers, gaps = pipeline.graph.producers, pipeline.gaps
    for step in pipeline.steps:
        for local, key in step.inputs.items():
            if key in producers or key in gaps.outputs or not pipeline.is_known(step, "inputs"):
                continue
            left_out = gaps.left_out.get(key)
            close, certain = (None, False) if left_out else best(key, producers)
            if gaps.incomplete and left_out is None:
                continue  # the step that outputs it may be in what could not be read
            if left_out is not None:
                help = f"`{left_out}` outputs it, but is left out of this run"
            elif close is not None:
                help = f"`{producers[close]}` outputs `{close}`"
            elif key in pipeline.graph.needs and key not in producers:
                help = f"`{key}` is a step; an input is the key that a step outputs"
            else:
                help = None
            yield codes.UNDEFINED_INPUT.found(
                f"no step outputs `{key}`", step=step.name, field=f"inputs.{local}",
                span=place(step, "inputs", local, start=0), suggestion=close, help=help,
                fix=_fix(step, close, certain, "inputs", local),
            )  # fmt: skip


def _fix(step: Step, close: str | None, certain: bool, *field: str) -> Fix | None:
    return None if close is None else replacement(step.origin, close, *field, safe=certain)


def check_cycles(pipeline: Pipeline) -> Iterator[Diagnostic]:
    """Yields each cycle, at the input of its first step that closes it."""
    graph = pipeline.graph
    cycles = graph.cycles()
    if not cycles:
        return
    by_name: dict[str, Step] = {}
    twice: set[str] = set()
    for step in pipeline.steps:
        if by_name.setdefault(step.name, step) is not step:
            twice.add(step.name)
    for cycle in cycles:
        if not twice.isdisjoint(cycle):
            continue  # two steps that are taken for one need what both need
        steps = [by_name[name] for name in cycle]
        related = []
        for before, step in pairwise(steps):
            local = _input_from(step, before.name, pipeline)
            related.append(
                Related(f"`{step.name}` needs `{before.name}`", step.name, _input_place(step, local))
            )
        local = _input_from(steps[0], steps[-1].name, pipeline)
        yield codes.CYCLE.found(
            "steps need each other in a cycle: " + cycle_text(cycle) if len(cycle) > 1
            else f"`{cycle[0]}` needs its own output",
            step=cycle[0], field=None if local is None else f"inputs.{local}",
            span=_input_place(steps[0], local), help="let one of them read something else",
            related=tuple(related),
        )  # fmt: skip


def cycle_text(cycle: list[str]) -> str:
    """Returns the path of a cycle, back to where it began; the middle of a long one is counted."""
    names = [*cycle, cycle[0]]
    if len(names) > _SHOWN_OF_A_CYCLE:
        half = _SHOWN_OF_A_CYCLE // 2
        names = [*names[:half], f"… {len(names) - 2 * half:,} more …", *names[-half:]]
    return " → ".join(names)


def _input_from(step: Step, producer: str, pipeline: Pipeline) -> str | None:
    producers = pipeline.graph.producers
    return next((local for local, key in step.inputs.items() if producers.get(key) == producer), None)


def _input_place(step: Step, local: str | None) -> Span | None:
    return (
        place(step, "params", "connection", start=0)
        if local is None
        else place(step, "inputs", local, start=0)
    )


def _are_doubtful(gaps: Gaps) -> bool:
    """Whether there may be a connect step of another name, or one that is not known as such."""
    return any(field in ("layer", "name") for _, field in gaps.fields)


def check_connections(pipeline: Pipeline) -> Iterator[Diagnostic]:
    """Yields each connection that no connect step opens."""
    connects = pipeline.connects
    gaps = pipeline.gaps
    for step in pipeline.steps:
        name = step.params.get("connection") if step.params else None
        if not isinstance(name, str) or name in connects or step.layer == "connect" or "$" in name:
            continue
        if gaps.incomplete or name in gaps.left_out_steps or _are_doubtful(gaps):
            continue
        other = next((other for other in pipeline.steps if other.name == name), None)
        if other is not None and other.layer not in LAYERS:
            continue  # it may be a connect step, misspelled
        close, certain = best(name, connects)
        if other is not None:
            help = f"`{name}` is a step of the layer {other.layer}; a connect step opens connections"
        elif close is not None:
            help = f"a connect step `{close}` exists"
        else:
            help = "add a step of the layer connect with this name"
        yield codes.UNDEFINED_CONNECTION.found(
            f"no connect step is named `{name}`", step=step.name, field="params.connection",
            span=place(step, "params", "connection", start=0), suggestion=close, help=help,
            fix=_fix(step, close, certain, "params", "connection"),
        )  # fmt: skip
