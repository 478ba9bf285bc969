"""Writes docs/diagnostics.md from the catalogue of codes.

Usage: python docs/generate_diagnostics.py
"""

from __future__ import annotations

from pathlib import Path

from odibi_core.checks.catalogue import CODES, FAMILIES

TARGET = Path(__file__).parent / "diagnostics.md"

INTRODUCTION = """\
# Diagnostics

A diagnostic says what is wrong with a config, where, and what to write instead. The step tree, the
problems strip, `odibi-core check` and `ConfigValidationError` all show the same ones. Errors stop a run,
warnings do not. How to check, fix and ignore: [check.md](check.md). `odibi-core explain CODE` tells a code's
part of this page.

This page is made from the catalogue by `docs/generate_diagnostics.py`; a test holds the two together.

## As JSON

`odibi-core check PATH... --format json` prints one object a config, each on one line:

| key | meaning |
|---|---|
| `path` | the config, as it was named |
| `steps`, `errors`, `warnings` | how many; null where the config could not be read: `problem` says why |
| `diagnostics` | in order of place |
| `fixed`, `diff` | with `--fix` and `--diff`: how many fixes were applied, what would change |

A diagnostic has `code`, `name`, `severity` (error, warning or info), `message`, `step`, `field` (dotted:
`inputs.data`), the place, `suggestion` (what was probably meant), `help`, `related` (other places in the
same form, each with a `message` and a `step`) and `fix`. What is unknown is null.

The place is `path`, `line`, `column`, `end_line`, `end_column`: from 1, in characters, the end
exclusive. For a SQLite database `table`, `row` (rowid) and `cell` (`column`, `start`, `end`: the characters
of that cell, from 0) are there as well, and the lines are null. A `fix` replaces the characters `start` to
`end` of the file, from 0, by `text`; for a database those of the cell that its `table`, `row` and `cell`
name. Its `applicability` is `safe` (the one right answer), `unsafe` (a guess) or `display` (only to be
shown).

Exit codes: 0 fine (warnings alone are fine; with `--strict` they count), 1 errors found, 2 a config
could not be read.

## Codes
"""


def text() -> str:
    """Returns the page."""
    parts = [INTRODUCTION]
    family = ""
    for info in CODES.values():
        if info.code[3] != family:
            family = info.code[3]
            parts.append(f"### {family}xx: {FAMILIES[family]}\n")
        kind = "" if info.severity == "error" else f" ({info.severity})"
        parts.append(
            f"#### {info.code} `{info.name}`{kind}\n\n"
            f"{_sentence(info.summary)} {info.cause}\n\n"
            f"```\n{info.example}\n```\n\n"
            f"{info.remedy}\n"
        )
    return "\n".join(parts)


def _sentence(summary: str) -> str:
    return f"{summary[0].upper()}{summary[1:]}."


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
