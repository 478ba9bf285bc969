"""Reports as JSON: one object a config, each on one line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from odibi_core.diagnostics import to_dict

if TYPE_CHECKING:
    from odibi_core.cli.check_report import Report


def render_json(report: Report) -> str:
    """Returns a report as one line of JSON (docs/diagnostics.md)."""
    return json.dumps(_as_dict(report.shown()))


def _as_dict(report: Report) -> dict[str, Any]:
    document = report.document
    if document is None:  # nothing is known of its steps
        return {
            "path": report.path, "steps": None, "errors": None, "warnings": None, "diagnostics": [],
            "problem": report.problem, "help": report.help,
        }  # fmt: skip
    made: dict[str, Any] = {
        "path": report.path,
        "steps": len(document.steps),
        "errors": report.errors,
        "warnings": report.warnings,
        "diagnostics": [to_dict(found, document.path) for found in report.diagnostics],
    }
    if report.fixed is not None:
        made["fixed"] = report.fixed
    if report.diff is not None:
        made["diff"] = report.diff
    return made
