"""Which columns a step's result comes from, for every kind of step whose work is known."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from odibi_core.core.node import Step
from odibi_core.core.options import in_params
from odibi_core.errors import ParamError, RunLogError
from odibi_core.plan.column_lineage import ColumnSource, Lineage, query_lineage
from odibi_core.plan.drawing import ColumnEdge

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

Columns = dict[str, tuple[str, ...]]
"""Names of the columns of datasets, by key; datasets whose columns are not known are left out."""


def step_lineage(step: Step, columns: Mapping[str, Sequence[str]]) -> Lineage | None:
    """Returns, for each column of a step's result, the columns of its inputs that its values come from.

    Args:
        step: A transform, store or publish step; others bring data in and have no inputs to come from.
        columns: Names of the columns of the datasets by key, as far as they are known.

    Returns:
        None where it cannot be told: functions, endpoints, inputs whose columns are not known.
    """
    inputs = {local: columns[key] for local, key in step.inputs.items() if key in columns}
    if len(inputs) < len(step.inputs) or not inputs:
        return None
    if step.layer in ("store", "publish"):
        ((local, names),) = list(inputs.items())[:1]
        return _passed_on(local, names)
    if step.layer != "transform" or not {"connection", "connection_string"}.isdisjoint(step.params):
        return None
    if step.type == "sql":
        result = next((columns[key] for key in step.outputs.values() if key in columns), None)
        return query_lineage(step.value, inputs, dialect=_dialect(step), result=result)
    if step.type == "config_op" and len(inputs) == 1:
        ((local, names),) = inputs.items()
        return _operations(step, local, names)
    return None


def column_edges(steps: Iterable[Step], columns: Mapping[str, Sequence[str]]) -> list[ColumnEdge]:
    """Returns the edges between the columns of a pipeline's datasets, as far as they are known."""
    found: dict[ColumnEdge, None] = {}
    for step in steps:
        lineage = step_lineage(step, columns) if step.outputs else None
        for name, sources in (lineage or {}).items():
            for key in step.outputs.values():
                for source in sources:
                    edge = ColumnEdge((step.inputs[source.table], source.column), (key, name), source.kind)
                    if edge.source[0] != key and name in columns.get(key, ()):
                        found[edge] = None
    return list(found)


def kept_steps(config: Path) -> tuple[Step, ...]:
    """Returns the steps that a run has kept in its `config.json`; none where there is no such file.

    Raises:
        RunLogError: It is damaged.
    """
    try:
        kept = json.loads(config.read_bytes())
        fields = ("layer", "name", "type", "engine", "value", "params", "inputs", "outputs", "metadata")
        return tuple(Step(**{field: step[field] for field in fields}) for step in kept["steps"])
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise RunLogError(f"cannot read `{config}`: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise RunLogError(f"`{config}` is not what a run keeps of its steps: {error}") from error


def _passed_on(local: str, names: Sequence[str]) -> Lineage:
    return {name: (ColumnSource(local, name, "identity"),) for name in names}


def _operations(step: Step, local: str, names: Sequence[str]) -> Lineage | None:
    """Follows the columns through the query that a config_op's operations are; None where one is wrong."""
    from odibi_core.engine.operations import SOURCE, Builder, operations_in

    builder = Builder(step.engine, names, lambda value: value, lambda sql: sql, name=local)
    try:
        for operation in operations_in(step.params, in_params(step)):
            if isinstance(operation, ParamError):
                return None
            builder.apply(operation)
    except ParamError:
        return None
    found = query_lineage(
        builder.sql, {SOURCE: names}, dialect=_dialect(step), result=builder.columns
    )  # fmt: skip
    if found is None:
        return None
    return {
        name: tuple(replace(source, table=local) for source in sources) for name, sources in found.items()
    }


def _dialect(step: Step) -> str:
    return "spark" if step.engine == "spark" else "duckdb"
