"""Which columns a step's result comes from, for every kind of step whose work is known."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from odibi_core.core.node import Step
from odibi_core.core.options import in_params
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
        dialect = "spark" if step.engine == "spark" else "duckdb"
        return query_lineage(step.value, inputs, dialect=dialect, result=result)
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
    from odibi_core.errors import RunLogError

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
    """Follows the columns through a config_op's operations; None at one that is not known."""
    traced: Lineage = _passed_on(local, names)
    listed = step.params.get("operations")
    if listed is None:
        operations = [item for item in step.params.items() if item[0] not in in_params(step)]
    elif isinstance(listed, list):
        operations = [item for one in listed if isinstance(one, dict) for item in one.items()]
    else:
        return None
    for name, argument in operations:
        after = _operation(name, argument, traced)
        if after is None:
            return None
        traced = after
    return traced


def _operation(name: str, argument: object, traced: Lineage) -> Lineage | None:
    if name in ("filter", "sort", "limit", "dedupe"):
        return traced
    if name in ("select", "drop"):
        chosen = {
            str(item).casefold() for item in ([argument] if isinstance(argument, str) else _listed(argument))
        }
        return {
            column: found
            for column, found in traced.items()
            if (column.casefold() in chosen) == (name == "select")
        }
    if not isinstance(argument, dict):
        return None
    given = {str(column).casefold(): value for column, value in argument.items()}
    if name == "rename":
        return {str(given.get(column.casefold(), column)): found for column, found in traced.items()}
    if name in ("cast", "fill"):
        return {
            column: _changed(found) if column.casefold() in given else found
            for column, found in traced.items()
        }
    if name != "derive":
        return None
    table = "odibi_input"
    derived = dict(traced)
    for column, expression in argument.items():
        own = query_lineage(f"SELECT (\n{expression}\n) AS value FROM {table}", {table: tuple(traced)})
        if own is None:
            return None
        spelled = next((known for known in traced if known.casefold() == str(column).casefold()), str(column))
        derived[spelled] = _through(own["value"], traced)
    return derived


def _listed(argument: object) -> list[object]:
    return argument if isinstance(argument, list) else []


def _changed(sources: tuple[ColumnSource, ...]) -> tuple[ColumnSource, ...]:
    return tuple(ColumnSource(s.table, s.column, "transformation") for s in sources)


def _through(sources: tuple[ColumnSource, ...], traced: Lineage) -> tuple[ColumnSource, ...]:
    """Returns where the columns that an expression names come from in their turn."""
    found: dict[tuple[str, str], ColumnSource] = {}
    for source in sources:
        for before in traced.get(source.column, ()):
            kind = before.kind if source.kind == "identity" else "transformation"
            found[before.table, before.column] = ColumnSource(before.table, before.column, kind)
    return tuple(found[key] for key in sorted(found))
