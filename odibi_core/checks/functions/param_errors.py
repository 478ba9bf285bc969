"""Errors about `params` that a run would raise, told as diagnostics at their exact place."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from odibi_core.checks.codes import data_codes, function_codes
from odibi_core.checks.columns import unknown_column
from odibi_core.checks.pipeline import place
from odibi_core.checks.schemas import Schema
from odibi_core.checks.sql.names import best
from odibi_core.config.origins import replacement

if TYPE_CHECKING:
    from collections.abc import Mapping

    from odibi_core.checks.pipeline import Pipeline
    from odibi_core.core.node import Step
    from odibi_core.diagnostics import Diagnostic
    from odibi_core.errors import ParamError

_CODES = {
    "type": data_codes.TYPE_MISMATCH,
    "operation": function_codes.UNKNOWN_OPERATION,
    "twice": function_codes.COLUMN_TWICE,
    "empty": function_codes.NO_COLUMNS,
}


def told(step: Step, error: ParamError, inputs: Mapping[str, Schema], pipeline: Pipeline) -> Diagnostic:
    """Returns the diagnostic of an error about `params`.

    Args:
        step: The step.
        error: What the run would raise.
        inputs: The schemas of the step's inputs by local name.
        pipeline: The steps.
    """
    if error.kind == "column" and error.name is not None:
        return _unknown_column(step, error, error.name, inputs, pipeline)
    info = _CODES.get(error.kind)
    if info is None:
        operates = step.type == "config_op"
        info = function_codes.UNFIT_ARGUMENT if operates else function_codes.UNFIT_OPTION
    meant, certain, fix = None, False, None
    if error.name is not None and error.known:
        meant, certain = best(error.name, error.known)
        if meant is not None:
            fix = replacement(step.origin, meant, *error.path, key=error.is_key, safe=certain)
    inside = 0 if isinstance(_at(step, error.path), str) else None
    span = place(step, *error.path, key=error.is_key, start=inside)
    return info.found(
        error.message, step=step.name, field=".".join(map(str, error.path)), span=span, suggestion=meant,
        help=f"`{meant}` exists" if meant else error.help, fix=fix,
    )  # fmt: skip


def mend(params: dict[str, Any], error: ParamError) -> bool:
    """Puts a column that is there in place of one that is not, so that the next mistake can be seen.

    Returns:
        Whether that could be done.
    """
    if not error.known:
        return False
    owner: Any = params
    for part in error.path[1:-1]:
        owner = owner[part]
    last = error.path[-1]
    if not isinstance(owner, list | dict) or (isinstance(owner, dict) and last not in owner):
        return False
    taken: Any = owner if error.is_key or isinstance(owner, list) else ()
    other = next((name for name in error.known if name not in taken), None)
    if other is None:
        return False
    if error.is_key and isinstance(owner, dict):
        items = [(other if key == last else key, value) for key, value in owner.items()]
        owner.clear()
        owner.update(items)
    else:
        owner[last] = other  # type: ignore[index]  # an index for a list, a key for a dict
    return True


def _unknown_column(
    step: Step, error: ParamError, name: str, inputs: Mapping[str, Schema], pipeline: Pipeline
) -> Diagnostic:
    local = next((local for local, schema in inputs.items() if schema.names == error.known), None)
    schema = Schema.of((known, None) for known in error.known)
    said = unknown_column(
        step, name, schema, *error.path, pipeline=pipeline, key=error.is_key,
        local=local or next(iter(inputs), "data"),
    )  # fmt: skip
    if local is None:  # operations before this one have changed the columns: they come from no other step
        listed = ", ".join(f"`{known}`" for known in error.known[:8])
        there = f"a column `{said.suggestion}` exists" if said.suggestion else f"there are {listed}"
        said = replace(said, help=there)
    if not error.is_key and _is_signed(step, error, name):  # `-amount` in `sort`
        span = place(step, *error.path, start=1, end=1 + len(name))
        fix = said.fix
        if said.suggestion is not None and fix is not None:
            is_safe = fix.applicability == "safe"
            fix = replacement(
                step.origin, said.suggestion, *error.path, start=1, end=1 + len(name), safe=is_safe
            )
        said = replace(said, span=span, fix=fix)
    return said


def _is_signed(step: Step, error: ParamError, name: str) -> bool:
    return bool(_at(step, error.path) == f"-{name}")


def _at(step: Step, path: tuple[str | int, ...]) -> Any:
    """Returns what stands at a path in a step; None where nothing does."""
    value: Any = {"params": step.params, "inputs": step.inputs}
    for part in path:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return None
    return value
