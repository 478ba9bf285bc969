"""A comparison of two runs as one JSON object, row by row, so that a million rows need no room."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import msgspec

from odibi_core.errors import RunLogError
from odibi_core.journal.values import json_row, json_value
from odibi_core.runs.compare_config import text_diff

if TYPE_CHECKING:
    from collections.abc import Iterator

    from odibi_core.cli.diff_report import Report
    from odibi_core.journal.record import RunRecord
    from odibi_core.runs.compare import Changed, SchemaChange, StepComparison
    from odibi_core.runs.diff import DataDiff, RowDiff
    from odibi_core.runs.drift import ColumnDrift


def pieces(report: Report) -> Iterator[str]:
    """Yields the object piece by piece."""
    comparison = report.comparison
    head = {
        "before": _run(comparison.before),
        "after": _run(comparison.after),
        "pace": comparison.pace,
        "run": [_changed(changed) for changed in comparison.run],
    }
    yield _json(head)[:-1] + ',"steps":['
    for number, step in enumerate(report.steps):
        yield ("," if number else "") + _json(_step(step))[:-1] + ',"data":['
        for place, dataset in enumerate(report.datasets(step, stores=True)):
            yield "," if place else ""
            with ExitStack() as stack:
                try:
                    compared = stack.enter_context(report.open(dataset))
                except RunLogError as error:  # of one dataset; the others can be told
                    report.note_failure()
                    yield _json({"dataset": dataset, "error": str(error)})
                    continue
                report.note(step, compared.diff)
                yield _json({"dataset": dataset, **diff_json(compared.diff)})[:-1] + ',"rows":['
                wanted = report.options.rows if report.options is not None else 0
                for i, row in enumerate(compared.rows(wanted)):
                    yield ("," if i else "") + _json(_row(row))
                drift = report.drift(dataset, compared.diff, everything=True)
                yield '],"drift":' + _json([_drift(column) for column in drift]) + "}"
        yield "]}"
    yield "]}"


def diff_json(diff: DataDiff) -> dict[str, Any]:
    """Returns the figures of a diff of data."""
    return {
        "basis": diff.basis,
        "reason": diff.reason,
        "key": list(diff.key),
        "key_found": diff.key_found,
        "rows_before": diff.before_rows,
        "rows_after": diff.after_rows,
        "added": diff.added,
        "removed": diff.removed,
        "changed": diff.changed,
        "same": diff.same,
        "cells": diff.cells,
        "changed_cells": diff.changed_cells,
        "change_rates": diff.change_rates,
        "buckets": diff.buckets,
        "copies": list(diff.copies),
        "not_compared": diff.not_compared,
        "schema": _schema(diff.schema),
    }


def _run(record: RunRecord) -> dict[str, Any]:
    names = ("run_id", "pipeline", "state", "started", "duration_ms", "source", "digest", "foreign")
    return {name: getattr(record, name) for name in names}


def _step(step: StepComparison) -> dict[str, Any]:
    sides = (step.before, step.after)
    return {
        "name": step.name,
        "status": step.status,
        "state": [None if side is None else side.state for side in sides],
        "duration_ms": [None if side is None else side.duration_ms for side in sides],
        "pace": step.pace,
        "configuration": [
            {**_changed(changed), "diff": [sign + line for sign, line in text_diff(changed)]}
            for changed in step.configuration
        ],
        "code_changed": step.code_changed,
        "schema": None if step.schema is None else _schema(step.schema),
        "rows": [step.rows_before, step.rows_after],
        "expectations": [_changed(changed) for changed in step.expectations],
    }


def _schema(schema: SchemaChange) -> dict[str, Any]:
    return {
        "added": list(schema.added),
        "removed": list(schema.removed),
        "types": [_changed(changed) for changed in schema.types],
    }


def _changed(changed: Changed) -> dict[str, Any]:
    return {"name": changed.name, "before": changed.before, "after": changed.after}


def _row(row: RowDiff) -> dict[str, Any]:
    return {
        "sign": row.sign,
        "key": json_row(row.key),
        "before": None if row.before is None else json_row(row.before),
        "after": None if row.after is None else json_row(row.after),
        "changed": list(row.changed),
    }


def _drift(column: ColumnDrift) -> dict[str, Any]:
    return {
        "column": column.name,
        "level": column.level,
        "psi": column.psi,
        "basis": column.basis,
        "whole": column.whole,
        "changes": [_changed(changed) for changed in column.changes],
    }


def _json(value: Any) -> str:
    try:
        return msgspec.json.encode(value).decode()
    except (TypeError, UnicodeEncodeError):
        return msgspec.json.encode(json_value(value)).decode()
