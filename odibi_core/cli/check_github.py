"""Reports as workflow commands of GitHub Actions, which it shows beside the lines of a pull request.

https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from odibi_core.text import one_line, plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from odibi_core.cli.check_report import Report
    from odibi_core.diagnostics import Diagnostic, Span

_LEVELS = {"error": "error", "warning": "warning", "info": "notice"}


def render_github(report: Report, environ: Mapping[str, str] | None = None) -> Iterator[str]:
    """Yields a line a finding.

    Args:
        report: What was found.
        environ: Where `GITHUB_WORKSPACE` says what paths are relative to; the process's own if not given.
    """
    workspace = (os.environ if environ is None else environ).get("GITHUB_WORKSPACE")
    if report.document is None:
        text = "\n".join(part for part in (report.problem, report.help) if part)
        yield _command("error", {"file": _path(report.path, workspace), "title": "not checked"}, text)
    for found in report.diagnostics:
        yield _one(found, report.path, workspace)


def _one(found: Diagnostic, path: str, workspace: str | None) -> str:
    span = found.span
    properties: dict[str, str | int] = {
        "file": _path(span.path if span is not None else path, workspace),
        **(_place(span) if span is not None else {}),
        "title": f"{found.code} {found.name}",
    }
    where = f"{span.in_table}: " if span is not None and span.table is not None else ""
    lines = [where + one_line(found.message)]
    if found.step is not None:
        field = f", field {one_line(found.field)}" if found.field else ""
        lines.append(f"step {one_line(found.step)}{field}")
    if found.help:
        lines.append(f"help: {one_line(found.help)}")
    for related in found.related[:8]:
        place = f"{related.span}: " if related.span is not None else ""
        lines.append(one_line(f"{place}{related.message}"))
    return _command(_LEVELS[found.severity], properties, "\n".join(lines))


def _place(span: Span) -> dict[str, str | int]:
    """Returns lines and columns; GitHub's columns include the last one, and it wants none of two lines."""
    if span.line is None:
        return {}
    last_line = span.end_line if span.end_line is not None else span.line
    if last_line != span.line or span.column is None:
        return {"line": span.line, "endLine": last_line}
    last = max(span.column, (span.end_column or span.column + 1) - 1)
    return {"line": span.line, "col": span.column, "endLine": last_line, "endColumn": last}


def _path(path: str, workspace: str | None) -> str:
    """Returns a path relative to the repository, where it is in it."""
    full = Path(path).absolute()
    if workspace and full.is_relative_to(workspace):
        return full.relative_to(workspace).as_posix()
    return Path(path).as_posix()


def _command(level: str, properties: Mapping[str, str | int], message: str) -> str:
    listed = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
    return f"::{level} {listed}::{_data(plain(message))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(plain(text)).replace(":", "%3A").replace(",", "%2C")
