"""What store and publish steps write: it can be written there, in that format, with these options."""

from __future__ import annotations

from typing import TYPE_CHECKING

from odibi_core.checks.outcome import Outcome
from odibi_core.checks.step_filling import FilledStep, fill_step
from odibi_core.plan.endpoints import SCHEMES
from odibi_core.plan.reading import is_connected

if TYPE_CHECKING:
    from collections.abc import Mapping

    from odibi_core.checks.schemas import Schema
    from odibi_core.checks.tools import Tools
    from odibi_core.core.node import Step


def infer_target(step: Step, inputs: Mapping[str, Schema | None], tools: Tools) -> Outcome:
    """Returns what is wrong with a step's target. What it puts out is its input."""
    from odibi_core.checks.spark.needs import check_spark

    filled = fill_step(step, tools.world)
    local, schema = next(iter(inputs.items())) if len(inputs) == 1 else ("", None)
    found = [*check_spark(step, tools)]
    looked: tuple[str, ...] = ()
    if step.layer == "publish" and (step.type == "api" or _is_endpoint(step.value)):
        from odibi_core.checks.endpoints import check_endpoint

        found += check_endpoint(filled, sends=True)
    elif is_connected(step) or (step.value.strip() and _is_database(filled)):
        from odibi_core.checks.databases.table_targets import TableTarget

        table = TableTarget(filled, schema, tools)
        found += table.problems()
        looked = tuple(table.looked)
    elif step.value.strip():
        from odibi_core.checks.files.targets import FileTarget

        file = FileTarget(filled, schema, local, tools)
        found += file.problems()
        looked = tuple(file.looked)
    outputs = dict.fromkeys(step.outputs, None if any(f.is_error for f in found) else schema)
    return Outcome(outputs, tuple(found), looked)


def _is_endpoint(value: str) -> bool:
    scheme, colon, _ = value.partition("://")
    return bool(colon) and scheme.strip().lower() in SCHEMES


def _is_database(filled: FilledStep) -> bool:
    from odibi_core.formats import database_kind

    value = filled.value if filled.value is not None else filled.step.value
    return database_kind(value, filled.params.get("format")) is not None
