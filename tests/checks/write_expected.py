"""Writes expected.json of cases: `python -m tests.checks.write_expected ODB304`.

What it prints is what people will read, for somebody to judge: is it the smallest wrong span, does the help
say what to do? A code or the beginning of a case's name chooses; `--all` takes every case that has no
expected.json yet.
"""

from __future__ import annotations

import json
import sys
import tempfile
from contextlib import chdir

from odibi_core.config import Document
from odibi_core.diagnostics import Diagnostic
from tests.checks.case import Case, as_json, cases


def main(names: list[str]) -> int:
    chosen = [
        case
        for case in cases()
        if any(case.name.startswith(name) for name in names)
        or ("--all" in names and not (case.directory / "expected.json").exists())
    ]
    for case in chosen:
        print(f"== {case.name}")
        with tempfile.TemporaryDirectory() as directory, chdir(directory):
            _write(case)
    return 0 if chosen else 2


def _write(case: Case) -> None:
    from pathlib import Path

    case.build(Path())
    document = case.read("mistake")
    found = case.find("mistake", document)
    text = json.dumps(as_json(found, document.path), indent=2, ensure_ascii=False)
    # A lone surrogate of the config can be in a step's name.
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    (case.directory / "expected.json").write_text(text + "\n", encoding="utf-8")
    for diagnostic in found:
        _show(document, diagnostic)
    if not any(diagnostic.code == case.code for diagnostic in found):
        print(f"   nothing of {case.code} is found")
    for diagnostic in case.find("lookalike"):
        print("  -- of the lookalike:")
        _show(case.read("lookalike"), diagnostic)


def _show(document: Document, found: Diagnostic) -> None:
    print(f"  {found.code} {found.severity} {found.span}  step {found.step!r} field {found.field!r}")
    print(f"    {found.message}")
    if found.help:
        print(f"    help: {found.help}")
    if found.suggestion is not None:
        print(f"    suggestion: {found.suggestion}")
    span = found.span
    if span is not None and span.line is not None and document.text is not None:
        line = document.text.split("\n")[span.line - 1]
        width = max(1, (span.end_column or 0) - (span.column or 1)) if span.end_line == span.line else 1
        print(f"    | {line}\n    | {' ' * ((span.column or 1) - 1)}{'^' * width}")
    for related in found.related:
        print(f"    related: {related.message} ({related.step}) {related.span}")
    if found.fix is not None:
        fix = found.fix
        before = (document.text or "")[fix.start : fix.end]
        print(f"    fix ({fix.applicability}): {fix.message}: {before!r} -> {fix.text!r}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
