"""What a function may return, and which of a step's outputs gets it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from odibi_core.errors import StepOptionError
from odibi_core.functions.declaration import family
from odibi_core.journal.schema_diff import canonical_type
from odibi_core.text import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from odibi_core.core.node import Step
    from odibi_core.functions.declaration import Result

# Frames by the module and name of a class, so that no library is imported to look at a value.
_FRAMES = {
    "pandas": ("DataFrame",),
    "pyarrow": ("Table", "RecordBatch", "RecordBatchReader"),
    "duckdb": ("DuckDBPyRelation",),
    "pyspark.sql": ("DataFrame",),
    "pyspark.sql.connect.dataframe": ("DataFrame",),
    "odibi_core.engine.duckdb_context": ("DuckDBFrame",),
}


def is_frame(value: Any) -> bool:
    """Whether `value` is tabular: a frame of any library, or a list of dicts."""
    if isinstance(value, list):
        return all(isinstance(row, Mapping) for row in value)
    for module_name, names in _FRAMES.items():
        module = sys.modules.get(module_name)
        if module is not None and isinstance(
            value, tuple(kind for name in names if isinstance(kind := getattr(module, name, None), type))
        ):
            return True
    return hasattr(value, "__arrow_c_stream__") and hasattr(value, "columns")  # polars and its like


def outputs_of(result: Any, step: Step) -> dict[str, Any]:
    """Returns the frame for each of a step's outputs: local name -> frame, as the function returned it.

    A single frame goes to every output; a dict is matched by local name, its other entries are left out.

    Raises:
        StepOptionError: The result is not a frame, or an output has none.
    """
    if not step.outputs:
        return {}
    if result is None:
        raise _error(
            step, f"function `{step.value}` returned None, but the step has outputs", "return a frame"
        )
    if is_frame(result):
        return dict.fromkeys(step.outputs, result)
    if not isinstance(result, Mapping):
        raise _error(step, f"function `{step.value}` returned {_kind(result)}, not a frame", _advice(result))
    missing = [name for name in step.outputs if name not in result]
    if missing:
        returned = [str(name) for name in result]
        close = nearest(missing[0], returned)
        raise _error(
            step,
            f"function `{step.value}` returned nothing for the output `{missing[0]}`",
            f"it returned `{close}`"
            if close
            else f"it returned {', '.join(f'`{name}`' for name in returned) or 'an empty dict'}",
            f"outputs.{missing[0]}",
        )
    for name in step.outputs:
        value = result[name]
        if not is_frame(value):
            message = f"function `{step.value}` returned {_kind(value)} for the output `{name}`, not a frame"
            raise _error(step, message, _advice(value), f"outputs.{name}")
    return {name: result[name] for name in step.outputs}


def hold_to(
    declared: Result | None, local: str, columns: Iterable[tuple[str, str]], step: Step
) -> str | None:
    """Holds an output to what the function declares of it, so that checks may rely on the declaration.

    Args:
        declared: What is declared, if anything.
        local: The output's local name.
        columns: The columns it has, name and Arrow type name.
        step: The step.

    Returns:
        What is different and does no harm (`int32` for `int64`), to be logged; None where nothing is.

    Raises:
        StepOptionError: A column is missing or not declared, or holds values of another sort.
    """
    wanted = None if declared is None else declared.of(local)
    if wanted is None:
        return None
    there = dict(columns)
    title = f"function `{step.value.strip()}`"
    for name, kind in wanted:
        if name not in there:
            close = nearest(name, there)
            raise _error(
                step, f"{title} declares the column `{name}`, which its result does not have",
                f"it has a column `{close}`" if close else "return the column, or correct what is declared",
            )  # fmt: skip
        sort = family(there[name])
        if sort is not None and family(kind) not in (sort, None):
            raise _error(
                step, f"{title} declares the column `{name}` as {kind}, its result has {there[name]}",
                "convert the column, or correct what is declared",
            )  # fmt: skip
    declared_names = dict(wanted)
    surplus = next((name for name in there if name not in declared_names), None)
    if surplus is not None:
        raise _error(
            step, f"{title} does not declare the column `{surplus}`, which its result has",
            "leave the column out, or declare it",
        )  # fmt: skip
    other = [
        f"`{name}` is {there[name]}, not {kind}"
        for name, kind in wanted
        if canonical_type(there[name]) not in (canonical_type(kind), "null")
    ]
    return f"{title} declares other types than its result has: {', '.join(other)}" if other else None


def _kind(value: Any) -> str:
    kind = type(value)
    if isinstance(value, list) and value:
        other = next(row for row in value if not isinstance(row, Mapping))
        return f"a list with an element of type {type(other).__name__}"
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    return f"a value of type {name}"


def _advice(value: Any) -> str:
    if type(value).__name__ == "Series":
        return "return `series.to_frame()`"
    if hasattr(value, "__next__"):
        return "return a list, not a generator"
    return "return a pandas, Arrow, DuckDB or Spark frame, a list of dicts, or a dict of output name to frame"


def _error(step: Step, message: str, help: str, field: str = "value") -> StepOptionError:
    return StepOptionError(message, step=step.name, field=field, help=help)
