"""`odibi-core check`: reads configs, checks them, and shows every mistake at its place. Runs nothing."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from odibi_core.errors import ConfigError
from odibi_core.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from odibi_core.cli.check_report import Report, Request

FINE, FOUND_ERRORS, COULD_NOT_WORK = 0, 1, 2


@click.command(
    name="check",
    epilog="""\b
Examples:
  odibi-core check pipeline.json
  odibi-core check configs/ --strict
  odibi-core check pipeline.json --diff
  odibi-core check pipeline.json --fix
  odibi-core check pipeline.json --var day=2026-01-31 --ignore ODB602
  odibi-core check pipeline.json --format json | jq .errors
  odibi-core check configs/ --format sarif -o odibi.sarif
  odibi-core check warehouse.db --project retail --base-dir .

`odibi-core explain CODE` says more about a finding.

Exit codes: 0 fine (with --strict only without warnings), 1 errors found, 2 a config could not be read.""",
)
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "github", "sarif"]), default="text",
    show_default=True,
    help="json prints one object a config, each on one line; github commands that annotate a pull request; "
    "sarif one log for code scanning.",
)  # fmt: skip
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    help="Write to a file, whole or not at all, rather than to the screen.",
)  # fmt: skip
@click.option("--fix", is_flag=True, help="Apply the fixes that are the one right answer, then check again.")
@click.option("--unsafe-fixes", is_flag=True, help="With --fix or --diff: guesses too.")
@click.option("--diff", is_flag=True, help="Show what --fix would change, and write nothing.")
@click.option(
    "--ignore", "ignored", multiple=True, metavar="CODE",
    help="Leave a code out, as ODB602 or by its name; may be repeated.",
)  # fmt: skip
@click.option("--strict", is_flag=True, help="Let warnings count as errors.")
@click.option("--no-data", is_flag=True, help="Check text, shape and graph only: no file, column or query.")
@click.option("--deep", is_flag=True, help="Let Spark check its queries itself, which starts Java.")
@click.option(
    "--var", "variables", multiple=True, metavar="NAME=VALUE",
    help="What ${var:NAME} stands for; may be repeated.",
)  # fmt: skip
@click.option(
    "--vars", "vars_file", type=click.Path(path_type=Path), metavar="FILE",
    help="A JSON object of such values; --var goes before it.",
)  # fmt: skip
@click.option(
    "--base-dir", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
    help="What relative paths in the config are relative to.  [default: the config's own directory]",
)  # fmt: skip
@click.option("--project", metavar="NAME", help="Take only the rows of this project (.db and .csv).")
def command(
    paths: tuple[str, ...], form: str, output: Path | None, fix: bool, unsafe_fixes: bool, diff: bool,
    ignored: tuple[str, ...], strict: bool, no_data: bool, deep: bool, variables: tuple[str, ...],
    vars_file: Path | None, base_dir: Path | None, project: str | None,
) -> int:  # fmt: skip
    """Check pipelines and show every mistake at its place.

    PATH is a .json, .csv, .db, .sqlite or .sqlite3 config, or a directory, for the configs in it. Nothing in
    them is run.
    """
    from odibi_core.cli.check_report import Request
    from odibi_core.config.variables import read_variables

    if fix and diff:
        raise click.UsageError("--diff writes nothing and --fix does: use one of them")
    if unsafe_fixes and not (fix or diff):
        raise click.UsageError("--unsafe-fixes says which fixes --fix or --diff take: add one of them")
    request = Request(
        base_dir, project, read_variables(variables, vars_file), not no_data, deep, _codes(ignored)
    )
    reports = _reports(paths, request, _way(fix=fix, diff=diff, unsafe=unsafe_fixes))
    outcome = _Outcome(strict)
    if form == "sarif":
        from odibi_core.cli.check_sarif import as_sarif

        found = list(outcome.watch(reports))
        _put(iter([json.dumps(as_sarif(found, outcome.code), indent=2)]), output)
    else:
        _put(_lines(outcome.watch(reports), form, coloured=output is None), output)
    return outcome.code


class _Outcome:
    """The exit code, as it becomes known."""

    def __init__(self, strict: bool) -> None:
        self.code = FINE
        self._strict = strict

    def watch(self, reports: Iterable[Report]) -> Iterator[Report]:
        """Yields the reports, and learns from them."""
        for report in reports:
            if report.document is None:
                self.code = COULD_NOT_WORK
            elif report.errors or (self._strict and report.warnings):
                self.code = max(self.code, FOUND_ERRORS)
            yield report


def _codes(ignored: tuple[str, ...]) -> frozenset[str]:
    from odibi_core.checks.editors.ignores import code_of, nearest_code

    found = set()
    for text in ignored:
        info = code_of(text)
        if info is None:
            close = nearest_code(text)
            meant = f"; did you mean {close}" if close else ""
            raise click.BadParameter(f"there is no code `{one_line(text)}`{meant}", param_hint="--ignore")
        found.add(info.code)
    return frozenset(found)


def _files(path: str) -> list[str]:
    """Returns a config as it is named, and for a directory those in it."""
    from odibi_core.config.finding import config_files

    if not Path(path).is_dir():
        return [path]
    try:
        found = [str(config) for config in config_files(Path(path))]
    except OSError as error:
        raise ConfigError(f"cannot read `{path}`: {(error.strerror or str(error)).lower()}") from error
    if not found:
        raise ConfigError(f"there is no config in `{path}`", help="name a .json, .csv or .db file")
    return found


def _way(*, fix: bool, diff: bool, unsafe: bool) -> Callable[[str, Request], Report]:
    """Returns what is done with each config."""
    from odibi_core.cli import check_fixes, check_report

    if fix:
        return lambda path, request: check_fixes.fixed(path, request, unsafe=unsafe)
    if diff:
        return lambda path, request: check_fixes.diff(path, request, unsafe=unsafe)
    return check_report.report_on


def _reports(
    paths: Iterable[str], request: Request, way: Callable[[str, Request], Report]
) -> Iterator[Report]:
    from odibi_core.cli.check_report import Report

    def tried(path: str) -> Report:
        try:
            return way(path, request)
        except ConfigError as error:
            return Report(path, problem=error.message, help=error.help)

    for named in paths:
        try:
            files = _files(named)
        except ConfigError as error:
            yield Report(named, problem=error.message, help=error.help)
            continue
        yield from map(tried, files)


def _lines(reports: Iterable[Report], form: str, *, coloured: bool) -> Iterator[str]:
    """Yields the pieces of the output; why a config could not be read goes to the standard error."""
    from odibi_core.cli.check_text import blocks, echo, summary

    for report in reports:
        if report.problem is not None:
            why = report.problem if report.help is None else f"{report.problem}; {report.help}"
            echo(f"error: {one_line(why)}", err=True)
        if form == "json":
            from odibi_core.cli.check_json import render_json

            yield render_json(report)
        elif form == "github":
            from odibi_core.cli.check_github import render_github

            yield from render_github(report)
        elif report.document is not None and report.diff is not None:
            if report.diff:
                yield report.diff.rstrip("\n")
        elif report.document is not None:
            for block in blocks(report.source, report.diagnostics, width=None if coloured else 120):
                yield block if coloured else click.unstyle(block)
            # A script that asks hears nothing where there is nothing to say; a person hears that it is so.
            if report.diagnostics or report.fixed or (coloured and sys.stdout.isatty()):
                yield summary(report) if coloured else click.unstyle(summary(report))


def _put(pieces: Iterator[str], output: Path | None) -> None:
    """Prints the pieces as they come, or writes all of them to a file in one move."""
    from odibi_core.cli.check_text import echo

    if output is None:
        for piece in pieces:
            echo(piece)
        return
    from odibi_core.formats.atomic import replacing

    text = "".join(f"{piece}\n" for piece in pieces)
    with replacing(output) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")
