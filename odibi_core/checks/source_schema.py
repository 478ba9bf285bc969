"""What ingest steps read: its schema, and what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from odibi_core.checks.outcome import Outcome
from odibi_core.checks.step_filling import fill_step
from odibi_core.plan.reading import what_is_read

if TYPE_CHECKING:
    from collections.abc import Mapping

    from odibi_core.checks.schemas import Schema
    from odibi_core.checks.tools import Tools
    from odibi_core.core.node import Step


def infer_source(step: Step, inputs: Mapping[str, Schema | None], tools: Tools) -> Outcome:
    """Returns the schema of what a step reads from files, tables and endpoints, and what is wrong there."""
    from odibi_core.checks.spark.needs import check_spark

    if step.type == "api":
        from odibi_core.checks.endpoints import check_endpoint

        return Outcome(diagnostics=tuple(check_endpoint(fill_step(step, tools.world), sends=False)))
    filled = fill_step(step, tools.world)
    if what_is_read(step) == "place" and not _is_database(step, filled.value, filled.params):
        from odibi_core.checks.files.sources import FileSource

        outcome = FileSource(filled, inputs, tools).outcome()
    else:
        from odibi_core.checks.databases.table_sources import TableSource

        outcome = TableSource(filled, tools).outcome()
    needs = tuple(check_spark(step, tools))
    return outcome if not needs else Outcome({}, (*needs, *outcome.diagnostics), outcome.looked_at)


def _is_database(step: Step, value: str | None, params: Mapping[str, object]) -> bool:
    from odibi_core.formats import database_kind

    return database_kind(value if value is not None else step.value, params.get("format")) is not None
