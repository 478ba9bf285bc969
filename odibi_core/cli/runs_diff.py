"""`odibi-core runs diff`: what differs between two runs: steps, configuration, schemas, rows, data."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

import click

from odibi_core.cli.main import COULD_NOT_WORK, FINE, FOUND_ERRORS
from odibi_core.cli.runs_place import format_option, place_options, store_of, which_run
from odibi_core.errors import RunError
from odibi_core.text import one_line

if TYPE_CHECKING:
    from pathlib import Path

    from odibi_core.runs.compare import RunComparison
    from odibi_core.runs.store import RunStore

_ROWS_SHOWN = 20
_RECENT = 200
_LEAST_MEMORY = 10_000_000  # DuckDB opens with less, and then has no room for a single column


@click.command(
    "diff",
    epilog="""\b
Examples:
  odibi-core runs diff
  odibi-core runs diff previous latest --step clean_orders
  odibi-core runs diff run_20260131_120000 run_20260131_130000 --format json
  odibi-core runs diff A.json B.json --step orders --key order_id --full

With `--format json` all that differs is one object on one line; see docs/compare.md.

Exit codes: 0 done, 2 the command could not do its work; with `--exit-code` also 1 something differs, and 2
nothing does as far as is known, but some data could not be compared.""",
)
@click.argument("before", default="previous", metavar="[A]")
@click.argument("after", required=False, metavar="[B]")
@place_options
@format_option
@click.option("--step", "names", multiple=True, metavar="NAME", help="Only this step; may be repeated.")
@click.option(
    "--key", metavar="COLUMN[,COLUMN]", help="What identifies a row, where `metadata.key` does not say it."
)
@click.option(
    "--tolerance",
    type=click.FloatRange(min=0),
    help="Floats that differ by at most this part of the larger one are the same.  [default: 1e-9]",
)
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    default=_ROWS_SHOWN,
    show_default=True,
    help="Rows shown of each dataset.",
)
@click.option("--full", is_flag=True, help="Show every row that differs.")
@click.option("--no-data", is_flag=True, help="Compare no rows: only what the runs recorded.")
@click.option("--all", "everything", is_flag=True, help="Show what is the same, too.")
@click.option(
    "--memory",
    metavar="SIZE",
    callback=lambda context, option, value: _memory(value),
    help="Memory for comparing more than 100,000 rows; what needs more uses the disk.  [default: 1GB]",
)
@click.option(
    "--exit-code",
    is_flag=True,
    help="End with 1 if anything but the time taken differs, with 2 if data may but could not be compared.",
)
def command(
    before: str,
    after: str | None,
    log_dir: Path | None,
    base_dir: Path | None,
    form: str,
    names: tuple[str, ...],
    key: str | None,
    tolerance: float | None,
    limit: int,
    full: bool,
    no_data: bool,
    everything: bool,
    memory: str | None,
    exit_code: bool,
) -> int:
    """Compare two runs: steps, configuration, schemas, row counts, the data, and how its columns drifted.

    A and B are runs' ids, `latest`, `previous` (the run of the same pipeline before the other one), or paths
    of run logs, journals or runs' directories; B is `latest`, and A the run before it, where they are not
    given. Of the data, rows are compared by key: all of them where they
    were kept, else those in the previews.
    """
    store = store_of(log_dir, base_dir)
    comparison = store.compare(*_pair(store, before, after))
    from odibi_core.cli.diff_report import DataOptions, Report

    options = DataOptions(
        key=tuple(part.strip() for part in key.split(",") if part.strip()) if key else (),
        tolerance=tolerance,
        rows=None if full else limit,
        memory_limit=memory,
    )
    report = Report(comparison, _steps(comparison, names), None if no_data else options)
    if form == "json":
        from odibi_core.cli.diff_json import pieces

        for piece in pieces(report):
            click.echo(piece, nl=False)
        click.echo()
    else:
        from odibi_core.cli.diff_text import echo_report

        echo_report(report, everything=everything, named=bool(names))
    if not exit_code:
        return FINE
    if report.is_open and not report.differs:
        click.echo("some data could not be compared, so they may differ (exit code 2)", err=True)
        return COULD_NOT_WORK
    return FOUND_ERRORS if report.differs else FINE


def _memory(size: str | None) -> str | None:
    """Returns a memory limit that DuckDB takes; of a negative one it makes a limit that is none."""
    if size is None:
        return None
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]i?B?)\s*", size, re.IGNORECASE)
    if match is None:
        raise click.BadParameter(f"`{one_line(size)}` is not a size; write it as `1GB` or `500MB`")
    if float(match[1]) * {"k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12}[match[2][0].lower()] < _LEAST_MEMORY:
        raise click.BadParameter(f"`{one_line(size)}` is too little; give it 10MB or more")
    return size


def _pair(store: RunStore, before: str, after: str | None) -> tuple[str | Path, str | Path]:
    """Returns both runs; `previous` is told by the other one."""
    if after is None:
        latest = which_run(store, "latest")
        if before != "previous" and _is_run(which_run(store, before), latest):
            before = "previous"
        after = str(latest)
    if before == after == "previous":
        raise RunError("`previous` is the run before another one; name that one")
    if after == "previous":
        other = which_run(store, before)
        return other, _before(store, other)
    other = which_run(store, after)
    return (_before(store, other) if before == "previous" else which_run(store, before)), other


def _is_run(run: str | Path, other: str | Path) -> bool:
    return _name(run) == _name(other)


def _name(run: str | Path) -> str:
    return run if isinstance(run, str) else (run.name if run.is_dir() else run.stem)


def _before(store: RunStore, run: str | Path) -> str:
    """Returns the newest run of the same pipeline that is older than a run."""
    name = _name(run)
    for runs in (partial(store.recent, _RECENT), store.runs):  # most are near the newest of many
        known = [summary for summary in runs() if summary.problem is None]
        place = next((i for i, summary in enumerate(known) if summary.run_id == name), len(known))
        for summary in known[place + 1 :]:
            if summary.pipeline == known[place].pipeline:
                return summary.run_id
    if place == len(known):
        raise RunError(f"`{run}` is not one of the runs in `{store.log_dir}`", help="name both runs")
    raise RunError(
        f"there is no run of `{known[place].pipeline}` before `{name}` in `{store.log_dir}`",
        help="`odibi-core runs list` shows those that are there",
    )


def _steps(comparison: RunComparison, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(comparison.step(name).name for name in names) or tuple(s.name for s in comparison.steps)
