"""`check --fix` and `check --diff`: fixes applied round by round until none is left, and what they change."""

from __future__ import annotations

import difflib
from dataclasses import replace
from typing import TYPE_CHECKING

from odibi_core.cli.check_report import Report, Request, report_on

if TYPE_CHECKING:
    from odibi_core.config import Document
    from odibi_core.diagnostics import Fix

# A fix can bring another to light; that ten do one after the other has not been seen.
_ROUNDS = 10


def fixed(path: str, request: Request, *, unsafe: bool = False) -> Report:
    """Applies the fixes of a config and returns what is left to mend.

    Raises:
        ConfigError: The config cannot be read or written, or changed meanwhile.
    """
    from odibi_core.checks.editors.edits import apply_fixes, write_text

    report = report_on(path, request)
    document = report.document
    if document is None or not report.fixes(unsafe=unsafe):
        return replace(report, fixed=0)
    if document.kind != "sqlite":
        last, count = _rounds(report, request, unsafe=unsafe)
        if count and last.document is not None and last.document.text is not None:
            write_text(path, document, last.document.text)
        return replace(last, fixed=count)
    count = 0
    for _ in range(_ROUNDS):
        fixes = report.fixes(unsafe=unsafe)
        if not fixes or report.document is None:
            break
        count += len(apply_fixes(path, report.document, fixes).applied)
        report = report_on(path, request)
    return replace(report, fixed=count)


def diff(path: str, request: Request, *, unsafe: bool = False) -> Report:
    """Returns the report of a config with what its fixes would change; writes nothing.

    Raises:
        ConfigError: The config cannot be read.
    """
    report = report_on(path, request)
    if report.document is None or report.document.text is None:
        return replace(report, diff=_cells(report, unsafe=unsafe))
    last, _ = _rounds(report, request, unsafe=unsafe)
    return replace(report, diff=_unified(path, report, last))


def _rounds(report: Report, request: Request, *, unsafe: bool) -> tuple[Report, int]:
    """Returns the report of the text with all fixes in it, and how many they are; nothing is written."""
    from odibi_core.checks.editors.edits import edit_text

    count = 0
    for _ in range(_ROUNDS):
        fixes = report.fixes(unsafe=unsafe)
        document = report.document
        if not fixes or document is None or document.text is None or not _is_utf8(document):
            break
        edited = edit_text(document.text, fixes)
        if edited.text == document.text:
            break
        count += len(edited.applied)
        report = report_on(report.path, request, edited.text)
    return report, count


def _is_utf8(document: Document) -> bool:
    """Whether the file's bytes are its text: what was decoded otherwise must not be written back."""
    return not any(found.code == "ODB103" for found in document.diagnostics)


def _unified(path: str, before: Report, after: Report) -> str:
    old, new = before.source.text or "", after.source.text or ""
    lines = []
    # Lines end at \n alone: what else splits lines may stand in a text.
    for line in difflib.unified_diff(_lines(old), _lines(new), path, path):
        lines.append(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n")
    return "".join(lines)


def _lines(text: str) -> list[str]:
    pieces = text.split("\n")
    return [f"{piece}\n" for piece in pieces[:-1]] + [piece for piece in pieces[-1:] if piece]


def _cells(report: Report, *, unsafe: bool) -> str:
    """Returns what would change in the cells of a database."""
    from odibi_core.checks.editors.edits import edit_text

    wanted = set(report.fixes(unsafe=unsafe))
    by_cell: dict[str, tuple[str, list[Fix]]] = {}
    for found in report.shown().diagnostics:
        span, fix = found.span, found.fix
        if fix is not None and fix in wanted and span is not None and span.cell is not None:
            by_cell.setdefault(str(span), (report.source.cell(span), []))[1].append(fix)
    lines = []
    for where, (old, fixes) in by_cell.items():
        new = edit_text(old, fixes).text
        lines += [f"--- {where}\n", *(f"-{line}\n" for line in old.split("\n"))]
        lines += [f"+{line}\n" for line in new.split("\n")]
    return "".join(lines)
