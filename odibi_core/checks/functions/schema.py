"""infer_function: what function steps give, and what is wrong with the function, its inputs and its params.

No module of the user's is imported: names are resolved, signatures and declarations read from the text of the
modules (`odibi_core.functions.reading`). What a text does not decide stays unknown.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from odibi_core.checks.codes import function_codes as codes
from odibi_core.checks.functions.calls import (
    Frame,
    complaints,
    declared_mistakes,
    declared_outputs,
    match,
    misfits,
    missing_columns,
    unfit_engine,
)
from odibi_core.checks.functions.names import find_function
from odibi_core.checks.outcome import NOTHING, Outcome
from odibi_core.checks.pipeline import place
from odibi_core.checks.sql.names import best
from odibi_core.config.origins import replacement
from odibi_core.functions.calling import STEP_OPTIONS
from odibi_core.functions.reading import FoundFunction, Reader
from odibi_core.functions.registry import FunctionSpec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from odibi_core.checks.schemas import Schema
    from odibi_core.checks.tools import Tools
    from odibi_core.core.node import Step
    from odibi_core.diagnostics import Diagnostic


def infer_function(step: Step, inputs: Mapping[str, Schema | None], tools: Tools) -> Outcome:
    """Returns what a function step gives as far as its function declares it, and what is wrong with it."""
    name = _name(step, tools)
    if name is None or not name.strip():
        return NOTHING
    reader = Reader(tools.world.base_dir.absolute())
    named = find_function(step, name, reader, tools)
    found = [*named.diagnostics, *_isolated(step)]
    outputs: dict[str, Schema | None] = {}
    frames = _frames(step, inputs)
    if isinstance(named.function, FoundFunction) and frames is not None:
        outputs, more = _written(step, named.function, inputs, frames, reader, tools)
        found += more
    elif isinstance(named.function, FunctionSpec) and frames is not None:
        outputs, more = _built_in(step, named.function, inputs, frames, tools)
        found += more
    if step.layer in ("store", "publish"):
        outputs = dict.fromkeys(step.outputs, next(iter(inputs.values()), None))
    if any(diagnostic.is_error for diagnostic in found):
        outputs = {}
    return Outcome(outputs, tuple(found), tuple(reader.finder.looked_at))


def _name(step: Step, tools: Tools) -> str | None:
    """Returns the function's name with its placeholders filled; None where that is for the run to do."""
    if "${" not in step.value:
        return step.value
    from odibi_core.config.placeholders import fill_text, find_placeholders
    from odibi_core.errors import SecretError

    values = tools.world.values()
    if any(values.is_secret(found.kind, found.name) for found in find_placeholders(step.value)):
        return None
    try:
        return fill_text(step.value, values)
    except SecretError:
        return None


def _frames(step: Step, inputs: Mapping[str, Schema | None]) -> dict[str, Frame] | None:
    """Returns what the function gets frames for; None where the step has too many or none."""
    if step.layer in ("store", "publish"):
        return {local: Frame(local) for local in list(step.inputs)[:1]} if len(inputs) == 1 else None
    return {local: Frame(local) for local in inputs}


def _written(
    step: Step,
    function: FoundFunction,
    inputs: Mapping[str, Schema | None],
    frames: Mapping[str, Frame],
    reader: Reader,
    tools: Tools,
) -> tuple[dict[str, Schema | None], list[Diagnostic]]:
    """Checks a function that was read from the text of a module."""
    from odibi_core.functions.reading.declared import declaration_of
    from odibi_core.functions.reading.signatures import decorators_keep, result_shape, signature_of

    declared = declaration_of(reader, function)
    found = list(declared_mistakes(step, declared, function, tools))
    found += unfit_engine(step, function.qualname, declared.engines)
    signature = signature_of(reader, function)
    if signature is not None:
        matched = match(step, function.qualname, signature, frames)
        found += complaints(step, matched)
        found += misfits(step, matched, function, reader)
        found += missing_columns(step, function.qualname, declared.requires, matched, inputs, frames, tools)
    if step.layer in ("ingest", "transform") and step.outputs:
        found += _returned(step, function, result_shape(reader, function))
    keeps = decorators_keep(reader, function) != "nothing"
    return declared_outputs(step, declared.result) if keeps else {}, found


def _returned(step: Step, function: FoundFunction, shape: Any) -> Iterator[Diagnostic]:
    if shape.nothing or shape.kind is not None:
        what = "nothing" if shape.nothing else f"{shape.kind}, not a frame"
        yield codes.NOT_A_FRAME.found(
            f"function `{function.qualname}` returns {what}, but the step has outputs", step=step.name,
            field="value", span=place(step, "value", start=0), help="return a frame",
        )  # fmt: skip
    for local in step.outputs if shape.keys is not None else ():
        if local in shape.keys:
            continue
        meant, certain = best(local, [key for key in shape.keys if key not in step.outputs])
        listed = ", ".join(f"`{key}`" for key in shape.keys) or "an empty dict"
        fix = None
        if meant is not None:
            fix = replacement(step.origin, meant, "outputs", local, key=True, safe=certain)
        yield codes.OUTPUT_NOT_RETURNED.found(
            f"function `{function.qualname}` returns nothing for the output `{local}`", step=step.name,
            field=f"outputs.{local}", span=place(step, "outputs", local, key=True), suggestion=meant,
            help=f"it returns `{meant}`" if meant else f"it returns {listed}", fix=fix,
        )  # fmt: skip


def _built_in(
    step: Step,
    spec: FunctionSpec,
    inputs: Mapping[str, Schema | None],
    frames: Mapping[str, Frame],
    tools: Tools,
) -> tuple[dict[str, Schema | None], list[Diagnostic]]:
    """Checks one of Odibi's own functions."""
    from odibi_core.checks.functions.builtin_schema import infer_builtin

    matched = match(step, spec.qualname, inspect.signature(spec.function), frames)
    found = list(complaints(step, matched))
    if found or any("${" in str(value) for value in step.params.values()):
        return {}, found
    params = {name: value for name, value in step.params.items() if name not in STEP_OPTIONS}
    schema, found = infer_builtin(step, spec, inputs, params, tools)
    return dict.fromkeys(step.outputs, schema), found


def _isolated(step: Step) -> Iterator[Diagnostic]:
    for field, options in (("metadata", step.metadata), ("params", step.params)):
        if "isolate" not in options:
            continue
        if step.engine == "spark" and options["isolate"] is True:
            yield codes.ISOLATED_SPARK.found(
                "a function on Spark frames cannot run in a process of its own", step=step.name,
                field=f"{field}.isolate", span=place(step, field, "isolate"),
                help="set `engine` to `pandas`, and the data crosses once as Arrow; or take out `isolate`",
            )  # fmt: skip
        return
