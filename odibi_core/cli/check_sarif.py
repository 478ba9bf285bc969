"""Reports as SARIF 2.1.0, which code scanning services and editors read.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from odibi_core import __version__
from odibi_core.checks.catalogue import CODES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from odibi_core.cli.check_report import Report
    from odibi_core.diagnostics import CodeInfo, Diagnostic, Fix, Span

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {"error": "error", "warning": "warning", "info": "note"}
_MIME = {"json": "application/json", "csv": "text/csv", "sqlite": "application/vnd.sqlite3"}


def as_sarif(reports: Sequence[Report], exit_code: int) -> dict[str, Any]:
    """Returns reports as one SARIF log with one run.

    Args:
        reports: What was found.
        exit_code: How the command ends.
    """
    reports = [report.shown() for report in reports]
    codes = sorted({found.code for report in reports for found in report.diagnostics})
    places = {report.path: index for index, report in enumerate(reports)}
    unread = [report for report in reports if report.document is None]
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "odibi-core",
                        "version": __version__,
                        "semanticVersion": __version__,
                        "rules": [_rule(CODES[code]) for code in codes],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "invocations": [
                    {
                        "executionSuccessful": not unread,
                        "exitCode": exit_code,
                        "toolExecutionNotifications": [_notification(report, places) for report in unread],
                    }
                ],
                "artifacts": [_artifact(report) for report in reports],
                "results": [
                    _result(found, report.path, codes.index(found.code), places)
                    for report in reports
                    for found in report.diagnostics
                ],
            }
        ],
    }


def _rule(info: CodeInfo) -> dict[str, Any]:
    remedy = f"{info.cause}\n\nExample:\n\n{info.example}\n\n{info.remedy}"
    return {
        "id": info.code,
        "name": info.name,
        "shortDescription": {"text": info.summary},
        "fullDescription": {"text": info.cause},
        "help": {
            "text": remedy,
            "markdown": f"{info.cause}\n\n```json\n{info.example}\n```\n\n{info.remedy}",
        },
        "defaultConfiguration": {"level": _LEVELS[info.severity]},
    }


def _artifact(report: Report) -> dict[str, Any]:
    made: dict[str, Any] = {"location": {"uri": _uri(report.path)}}
    if report.document is not None:
        made["mimeType"] = _MIME[report.document.kind]
        if report.document.text is not None:
            made["encoding"] = "UTF-8"
    return made


def _notification(report: Report, places: dict[str, int]) -> dict[str, Any]:
    text = "; ".join(part for part in (report.problem, report.help) if part)
    return {
        "level": "error",
        "message": {"text": text},
        "locations": [{"physicalLocation": _physical(report.path, None, places)}],
    }


def _result(found: Diagnostic, path: str, rule: int, places: dict[str, int]) -> dict[str, Any]:
    span = found.span
    made: dict[str, Any] = {
        "ruleId": found.code,
        "ruleIndex": rule,
        "level": _LEVELS[found.severity],
        "message": {"text": found.message + (f"\nhelp: {found.help}" if found.help else "")},
        "locations": [_location(span, found.step, found.field, path, places)],
        "partialFingerprints": {"odibi/v1": _fingerprint(found, path)},
    }
    if found.related:
        made["relatedLocations"] = [
            {
                "id": number,
                "message": {"text": related.message},
                **_location(related.span, related.step, None, path, places),
            }
            for number, related in enumerate(found.related, 1)
        ]
    if found.fix is not None and found.fix.table is None:
        made["fixes"] = [_fix(found.fix, span.path if span is not None else path, places)]
    if found.suggestion is not None:
        made["properties"] = {"suggestion": found.suggestion}
    return made


def _location(
    span: Span | None, step: str | None, field: str | None, path: str, places: dict[str, int]
) -> dict[str, Any]:
    made: dict[str, Any] = {"physicalLocation": _physical(span.path if span else path, span, places)}
    logical = []
    if step is not None:
        logical.append({"name": step, "fullyQualifiedName": f"{step}.{field}" if field else step})
    if span is not None and span.table is not None:
        cell = f".{span.cell.column}" if span.cell is not None else ""
        row = f"[{span.row}]" if span.row is not None else ""
        logical.append({"name": span.in_table, "fullyQualifiedName": f"{span.table}{row}{cell}"})
    if logical:
        made["logicalLocations"] = logical
    return made


def _physical(path: str, span: Span | None, places: dict[str, int]) -> dict[str, Any]:
    location: dict[str, Any] = {"uri": _uri(path)}
    if path in places:
        location["index"] = places[path]
    made: dict[str, Any] = {"artifactLocation": location}
    if span is not None and span.line is not None:
        region: dict[str, Any] = {"startLine": span.line, "startColumn": span.column or 1}
        if span.end_line is not None and span.end_column is not None:
            region |= {"endLine": span.end_line, "endColumn": span.end_column}
        if span.start is not None and span.end is not None:
            region |= {"charOffset": span.start, "charLength": span.end - span.start}
        made["region"] = region
    return made


def _fix(fix: Fix, path: str, places: dict[str, int]) -> dict[str, Any]:
    guess = "" if fix.applicability == "safe" else " (a guess)"
    return {
        "description": {"text": f"{fix.message}{guess}"},
        "artifactChanges": [
            {
                "artifactLocation": _physical(path, None, places)["artifactLocation"],
                "replacements": [
                    {
                        "deletedRegion": {"charOffset": fix.start, "charLength": fix.end - fix.start},
                        "insertedContent": {"text": fix.text},
                    }
                ],
            }
        ],
    }


def _uri(path: str) -> str:
    found = Path(path)
    return found.as_uri() if found.is_absolute() else quote(found.as_posix(), safe="/")


def _fingerprint(found: Diagnostic, path: str) -> str:
    """Returns what stays the same when lines are added above."""
    parts = (Path(path).name, found.code, found.step or "", found.field or "", found.message)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "backslashreplace")).hexdigest()[:32]
