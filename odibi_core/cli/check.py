"""`odibi-core check`: reads configs, checks them, and shows every mistake at its place. Runs nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from odibi_core.errors import ConfigError
from odibi_core.text import one_line

if TYPE_CHECKING:
    from odibi_core.config import Document
    from odibi_core.diagnostics import Diagnostic

FINE, FOUND_ERRORS, COULD_NOT_WORK = 0, 1, 2


@click.command(
    name="check",
    epilog="""\b
Examples:
  odibi-core check pipeline.json
  odibi-core check configs/*.json --strict
  odibi-core check pipeline.json --format json | jq .errors
  odibi-core check warehouse.db --project retail --base-dir .

Exit codes: 0 fine (with --strict only without warnings), 1 errors found, 2 a config could not be read.""",
)
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True,
    help="json prints one object a config, each on one line.",
)  # fmt: skip
@click.option("--strict", is_flag=True, help="Let warnings count as errors.")
@click.option(
    "--base-dir", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
    help="What relative paths in the config are relative to.  [default: the config's own directory]",
)  # fmt: skip
@click.option("--project", metavar="NAME", help="Take only the rows of this project (.db and .csv).")
def command(
    paths: tuple[str, ...], form: str, strict: bool, base_dir: Path | None, project: str | None
) -> int:
    """Check pipelines and show every mistake at its place.

    PATH is a .json, .csv, .db, .sqlite or .sqlite3 config. Nothing in it is run.
    """
    from odibi_core.cli.check_text import echo

    code = FINE
    for path in paths:
        try:
            document, diagnostics = _check(path, base_dir, project)
        except ConfigError as error:
            code = COULD_NOT_WORK
            if form == "json":
                click.echo(json.dumps(_unread(path, error)))
            echo(f"error: {one_line(str(error))}", err=True)
            continue
        errors = sum(1 for found in diagnostics if found.is_error)
        warnings = sum(1 for found in diagnostics if found.severity == "warning")
        if form == "json":
            click.echo(json.dumps(_as_json(document, diagnostics, errors, warnings)))
        else:
            _say_text(document, diagnostics, errors, warnings)
        if errors or (strict and warnings):
            code = max(code, FOUND_ERRORS)
    return code


def _check(path: str, base_dir: Path | None, project: str | None) -> tuple[Document, tuple[Diagnostic, ...]]:
    from odibi_core.checks import check
    from odibi_core.config import read_document

    document = read_document(path, project=project)
    return document, check(document, base_dir=base_dir)


def _as_json(
    document: Document, diagnostics: tuple[Diagnostic, ...], errors: int, warnings: int
) -> dict[str, Any]:
    from odibi_core.diagnostics import to_dict

    return {
        "path": document.path,
        "steps": len(document.steps),
        "errors": errors,
        "warnings": warnings,
        "diagnostics": [to_dict(found, document.path) for found in diagnostics],
    }


def _unread(path: str, error: ConfigError) -> dict[str, Any]:
    """Returns the object of a config that could not be read: nothing is known of its steps."""
    return {
        "path": path, "steps": None, "errors": None, "warnings": None, "diagnostics": [],
        "problem": error.message, "help": error.help,
    }  # fmt: skip


def _say_text(document: Document, diagnostics: tuple[Diagnostic, ...], errors: int, warnings: int) -> None:
    from odibi_core.cli.check_text import echo, echo_diagnostics, summary

    echo_diagnostics(document, diagnostics)
    echo(summary(document.path, len(document.steps), errors, warnings))
