"""`odibi-core runs`: lists the runs of a log directory and shows one of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from odibi_core.errors import RunError
from odibi_core.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from odibi_core.journal.record import LogLine, RunRecord
    from odibi_core.runs.store import RunStore

_LOG_DIR = "tracker_logs"


def _place_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options that say where the runs are, and the output's form."""
    for option in (
        click.option(
            "--format",
            "form",
            type=click.Choice(["text", "json"]),
            default="text",
            help="Form of the output.",
        ),
        click.option(
            "--base-dir",
            type=click.Path(path_type=Path),
            help=f"A config, or its directory: look into the `{_LOG_DIR}` beside it.",
        ),
        click.option(
            "--log-dir",
            type=click.Path(path_type=Path),
            help=f"Directory of the runs.  [default: {_LOG_DIR} here, or the only one a level below]",
        ),
    ):
        function = option(function)
    return function


@click.group(
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="""\b
Examples:
  odibi-core runs list
  odibi-core runs show latest
  odibi-core runs show run_20260131_120000 --log""",
)
def command() -> None:
    """List past runs and look into them."""


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
@_place_options
@click.option("-n", "--limit", type=click.IntRange(min=1), help="Only the newest so many.")
def list_command(
    config: Path | None, log_dir: Path | None, base_dir: Path | None, form: str, limit: int | None
) -> None:
    """List runs, newest first.

    CONFIG is a pipeline, or its directory: its runs are listed.
    """
    store = _store(log_dir, base_dir if base_dir is not None else config)
    runs = store.runs()[:limit]
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
@_place_options
@click.option("--log", "with_log", is_flag=True, help="Show what the steps printed and logged, too.")
def show_command(run: str, log_dir: Path | None, base_dir: Path | None, form: str, with_log: bool) -> None:
    """Show a run: its steps, their data, and what went wrong.

    RUN is a run's id, `latest`, or the path of a run log, a journal or a run's directory.
    """
    store = _store(log_dir, base_dir)
    which = _which(store, run)
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


def _store(log_dir: Path | None, beside: Path | None) -> RunStore:
    from odibi_core.runs.store import open_store

    if log_dir is not None and not log_dir.is_dir():
        raise RunError(
            f"there is no directory `{log_dir}`", help="`--log-dir` names the directory of the runs"
        )
    if beside is not None and not beside.exists():
        raise RunError(f"there is no file or directory `{beside}`")
    if log_dir is None:
        log_dir = (
            _log_dir_here() if beside is None else (beside if beside.is_dir() else beside.parent) / _LOG_DIR
        )
    return open_store(log_dir)


def _log_dir_here() -> Path:
    """Returns `tracker_logs` of this directory or, where there is none, the only one in a directory below.

    A run is recorded beside its config, so that is where it is after `odibi-core run pipelines/x.json`.
    """
    here = Path(_LOG_DIR)
    below = [] if here.is_dir() else sorted(Path().glob(f"*/{_LOG_DIR}"))
    if len(below) > 1:
        named = ", ".join(f"`{one_line(str(path))}`" for path in below)
        raise RunError(f"there are several log directories here: {named}", help="name one with `--log-dir`")
    if below:
        click.echo(f"runs of `{one_line(str(below[0]))}`", err=True)
    return below[0] if below else here


def _which(store: RunStore, run: str) -> str | Path:
    """Returns the run a person means: an existing path, the newest run, or an id."""
    if run == "latest":
        latest = store.latest()
        if latest is None:
            raise RunError(f"no runs in `{store.log_dir}`", help="`odibi-core run CONFIG` makes the first")
        return latest.run_id
    path = Path(run)
    if path.exists():
        return path
    if path.name != run or path.suffix in (".json", ".jsonl"):
        raise RunError(f"there is no file `{run}`")
    try:
        store.paths(run)
    except RunError as error:
        from odibi_core.text import nearest

        meant = nearest(run, (summary.run_id for summary in store.runs()))
        raise RunError(
            error.message, help=error.help if meant is None else f"did you mean `{meant}`?"
        ) from error
    return run


def _log_lines(store: RunStore, run: str | Path) -> Iterator[LogLine]:
    """Yields a run's log lines as they are read, so that a million of them need no room."""
    from odibi_core.journal.events import Log
    from odibi_core.journal.record import LogLine

    with store.follow(run) as follower:
        while events := follower.poll():
            for event in events:
                if isinstance(event, Log):
                    yield LogLine(event.ts, event.level, event.step, event.message, event.stream)
