"""`odibi-core runs`: lists the runs of a log directory and shows one of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from odibi_core.cli.lazy import LazyGroup
from odibi_core.cli.runs_place import format_option, place_options, store_of, which_run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from odibi_core.journal.record import LogLine, RunRecord
    from odibi_core.runs.store import RunStore


# Command -> its module (which has `command`) and its line in --help.
_MORE = {
    "diff": ("odibi_core.cli.runs_diff", "Compare two runs: steps, configuration, schemas, rows, data."),
    "profile": ("odibi_core.cli.runs_profile", "Show the statistics of the columns of a step's data."),
    "prune": ("odibi_core.cli.runs_prune", "Remove past runs, or only the results they kept."),
    "export": ("odibi_core.cli.runs_export", "Export a run's lineage as OpenLineage events."),
}

_LISTED = 50


@click.group(
    cls=LazyGroup,
    lazy=_MORE,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="""\b
Examples:
  odibi-core runs list
  odibi-core runs show latest
  odibi-core runs show run_20260131_120000 --log
  odibi-core runs diff previous latest
  odibi-core runs export latest -o lineage.jsonl""",
)
def command() -> None:
    """List past runs, look into them, compare and export them."""


@command.command(
    "list",
    epilog="""\b
Examples:
  odibi-core runs list
  odibi-core runs list pipelines/retail.json
  odibi-core runs list --log-dir /var/log/odibi --format json

With `--format json` each run is an object on a line of its own.""",
)
@click.argument("config", required=False, type=click.Path(path_type=Path))
@place_options
@format_option
@click.option(
    "-n",
    "--limit",
    type=click.IntRange(min=1),
    help=f"Only the newest so many.  [default: {_LISTED}, with --format json all]",
)
@click.option("--all", "every", is_flag=True, help="All runs, however many.")
def list_command(
    config: Path | None,
    log_dir: Path | None,
    base_dir: Path | None,
    form: str,
    limit: int | None,
    every: bool,
) -> None:
    """List runs, newest first.

    CONFIG is a pipeline, or its directory: its runs are listed.
    """
    store = store_of(log_dir, base_dir if base_dir is not None else config)
    if limit is None and form == "text" and not every:
        runs = store.recent(_LISTED + 1)
        if len(runs) > _LISTED:
            click.echo(f"the newest {_LISTED}; `--all` lists all", err=True)
        runs = runs[:_LISTED]
    else:
        runs = store.runs() if limit is None or every else store.recent(limit)
    from odibi_core.cli import runs_text

    if form == "json":
        for summary in runs:
            click.echo(runs_text.summary_json(summary))
    elif runs:
        runs_text.echo_list(runs)
    else:
        click.echo(f"no runs in `{store.log_dir}`; `odibi-core run CONFIG` makes the first", err=True)


@command.command(
    "show",
    epilog="""\b
Examples:
  odibi-core runs show
  odibi-core runs show run_20260131_120000 --log
  odibi-core runs show tracker_logs/run_20260131_120000.json --format json

With `--format json` the run is one object on one line, in the form of its `run_*.json`.""",
)
@click.argument("run", default="latest")
@place_options
@format_option
@click.option("--log", "with_log", is_flag=True, help="Show what the steps printed and logged, too.")
def show_command(run: str, log_dir: Path | None, base_dir: Path | None, form: str, with_log: bool) -> None:
    """Show a run: its steps, their data, and what went wrong.

    RUN is a run's id, `latest`, or the path of a run log, a journal or a run's directory.
    """
    store = store_of(log_dir, base_dir)
    which = which_run(store, run)
    from odibi_core.cli import runs_text

    record = store.open(which)
    lines = _log_lines(store, which) if with_log else None
    if form == "json":
        for piece in runs_text.record_json(record, lines):
            click.echo(piece, nl=False)
        click.echo()
    else:
        runs_text.echo_run(record)
        if lines is not None:
            _echo_log(record, lines)


def _echo_log(record: RunRecord, lines: Iterator[LogLine]) -> None:
    from odibi_core.cli import runs_text

    if not runs_text.echo_log(lines):
        told = "nothing was logged" if not record.foreign else "its log lines are not kept in this form"
        click.echo(f"\n{told}", err=True)


def _log_lines(store: RunStore, run: str | Path) -> Iterator[LogLine]:
    """Yields a run's log lines as they are read, so that a million of them need no room."""
    from odibi_core.journal.events import Log
    from odibi_core.journal.record import LogLine

    with store.follow(run) as follower:
        while events := follower.poll():
            for event in events:
                if isinstance(event, Log):
                    yield LogLine(event.ts, event.level, event.step, event.message, event.stream)
