"""Whether a function can be called with what a step has, and what it declares that it gives."""

from __future__ import annotations

import inspect
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from odibi_core.checks.codes import function_codes as codes
from odibi_core.checks.columns import unknown_column
from odibi_core.checks.functions.names import module_place
from odibi_core.checks.pipeline import place
from odibi_core.checks.schemas import Schema
from odibi_core.checks.sql.names import best
from odibi_core.config.origins import replacement
from odibi_core.functions.calling import STEP_OPTIONS, Matching, required_columns

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from odibi_core.checks.tools import Tools
    from odibi_core.core.node import Step
    from odibi_core.diagnostics import Diagnostic
    from odibi_core.functions.calling import Complaint, Matched
    from odibi_core.functions.declaration import Requires, Result
    from odibi_core.functions.reading import FoundFunction, Reader
    from odibi_core.functions.reading.declared import Declaration

_CODES = {
    "both": codes.INPUT_AND_PARAMETER,
    "surplus": codes.INPUT_WITHOUT_PARAMETER,
    "unknown": codes.UNKNOWN_PARAMETER,
    "missing": codes.MISSING_PARAMETER,
}


class Frame:
    """Stands for the frame of an input while arguments are matched."""

    def __init__(self, local: str) -> None:
        self.local = local


def match(step: Step, title: str, signature: inspect.Signature, frames: Mapping[str, Frame]) -> Matched:
    """Returns which parameter gets what, by the rules of a run.

    Args:
        step: The step, for its `params`.
        title: What messages call the function.
        signature: The function's signature.
        frames: Local name -> what stands for the frame.
    """
    return Matching(title, signature).match(frames, step.params, {"context": object(), "step": step})


def complaints(step: Step, matched: Matched) -> Iterator[Diagnostic]:
    """Yields what does not fit, each at its input or parameter."""
    for complaint in matched.complaints:
        path: tuple[str, ...] = tuple(complaint.field.split(".", 1))
        if complaint.kind == "missing":
            span = place(step, "value", start=0)
        else:
            span = place(step, *path, key=True)
        meant, fix = None, None
        if complaint.kind == "unknown" and complaint.nearest is not None:
            meant, certain = best(complaint.name, _free(matched, complaint))
            if meant is not None:
                fix = replacement(step.origin, meant, *path, key=True, safe=certain)
        yield _CODES[complaint.kind].found(
            complaint.message, step=step.name, field=complaint.field, span=span, suggestion=meant,
            help=f"a parameter `{meant}` exists" if meant else complaint.help, fix=fix,
        )  # fmt: skip


def _free(matched: Matched, complaint: Complaint) -> list[str]:
    """Returns the parameters that nothing fills yet."""
    filled = matched.arguments.arguments
    free = [name for name in matched.arguments.signature.parameters if name not in filled]
    return free if complaint.nearest in free else [*free, str(complaint.nearest)]


def misfits(step: Step, matched: Matched, found: FoundFunction, reader: Reader) -> Iterator[Diagnostic]:
    """Yields values in `params` that certainly do not fit the annotation of their parameter."""
    from odibi_core.functions.reading.annotations import misfit
    from odibi_core.functions.reading.signatures import takes_none

    parameters = matched.arguments.signature.parameters
    for name, value in step.params.items():
        parameter = parameters.get(name)
        if parameter is None or parameter.annotation in (None, inspect.Parameter.empty):
            continue
        if parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL) or name in STEP_OPTIONS:
            continue
        if _is_open(value) or (value is None and takes_none(found, name)):
            continue
        wanted = misfit(reader, found.module, parameter.annotation, value)
        if wanted is None:
            continue
        choices = [choice for choice in wanted.choices if isinstance(choice, str)]
        meant, certain = best(value, choices) if isinstance(value, str) else (None, False)
        inside = 0 if isinstance(value, str) else None
        yield codes.UNFIT_VALUE.found(
            f"`{name}` of function `{found.qualname}` is to be {wanted.described}, not {_shown(value)}",
            step=step.name, field=f"params.{name}", suggestion=meant,
            span=place(step, "params", name, start=inside),
            help=f"write `{meant}`" if meant else f"give {wanted.described}",
            fix=None if meant is None else replacement(step.origin, meant, "params", name, safe=certain),
        )  # fmt: skip


def declared_mistakes(
    step: Step, declared: Declaration, found: FoundFunction, tools: Tools
) -> Iterator[Diagnostic]:
    """Yields what a function declares about itself and cannot be."""
    for mistake in declared.mistakes:
        yield codes.WRONG_DECLARATION.found(
            f"function `{found.qualname}` cannot be declared: {mistake.message}", step=step.name,
            field="value", span=place(step, "value", start=0), help="correct the declaration",
            related=(module_place(tools, "declared here", found.module.path, mistake.line),),
        )  # fmt: skip


def unfit_engine(step: Step, title: str, engines: tuple[str, ...]) -> Iterator[Diagnostic]:
    """Yields that a function does not take frames of the step's engine."""
    if step.engine in engines:
        return
    listed = " or ".join(f"`{engine}`" for engine in engines)
    only = engines[0] if len(engines) == 1 else None
    field = "engine" if step.origin is None or _is_written(step, "engine") else "value"
    yield codes.UNFIT_ENGINE.found(
        f"function `{title}` does not take frames of the engine `{step.engine}`", step=step.name,
        field="engine", span=place(step, field, start=0), suggestion=only,
        help=f"set `engine` to {listed}",
        fix=None
        if only is None or field != "engine"
        else replacement(step.origin, only, "engine", safe=False),
    )  # fmt: skip


def missing_columns(
    step: Step,
    title: str,
    requires: Requires,
    matched: Matched,
    inputs: Mapping[str, Schema | None],
    frames: Mapping[str, Frame],
    tools: Tools,
) -> Iterator[Diagnostic]:
    """Yields the columns that a function requires and an input does not have, at the input."""
    for local, columns in required_columns(requires, matched.arguments.arguments, frames):
        schema = inputs.get(local)
        for name in columns if schema is not None else ():
            assert schema is not None
            if name not in schema.names:
                said = unknown_column(
                    step, name, schema, "inputs", local, local=local, pipeline=tools.pipeline, key=True
                )
                # The name to correct stands in the function, not here.
                yield replace(said, help=f"function `{title}` requires it; {said.help}", fix=None)


def declared_outputs(step: Step, result: Result | None) -> dict[str, Schema | None]:
    """Returns the schema of each output, as far as the function declares it."""
    from odibi_core.functions.declaration import duckdb_type

    if result is None:
        return {}
    outputs: dict[str, Schema | None] = {}
    for local in step.outputs:
        columns = result.of(local)
        if columns is not None:
            outputs[local] = Schema.of((name, duckdb_type(kind)) for name, kind in columns)
    return outputs


def _is_open(value: Any) -> bool:
    """Whether a placeholder decides what a value is."""
    return isinstance(value, str) and "${" in value


def _is_written(step: Step, field: str) -> bool:
    """Whether a field stands in the source rather than being a default."""
    whole, found = place(step), place(step, field)
    return found is not None and whole is not None and (found.start != whole.start or found.table is not None)


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return f"the text `{value}`"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return (
        f"{value}" if isinstance(value, int | float) else "a list" if isinstance(value, list) else "an object"
    )
