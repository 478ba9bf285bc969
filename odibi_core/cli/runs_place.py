"""Which log directory and which run the commands of `odibi-core runs` are about."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from odibi_core.errors import RunError
from odibi_core.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from odibi_core.runs.store import RunStore

_LOG_DIR = "tracker_logs"


def format_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the option for the output's form."""
    return click.option(
        "--format", "form", type=click.Choice(["text", "json"]), default="text", help="Form of the output."
    )(function)  # fmt: skip


def place_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options that say where the runs are."""
    for option in (
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


def store_of(log_dir: Path | None, beside: Path | None) -> RunStore:
    """Returns the store of a log directory, or of the one beside a config; else of the one found here.

    Raises:
        RunError: There is no such directory, or several could be meant.
    """
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


def which_run(store: RunStore, run: str) -> str | Path:
    """Returns the run a person means: an existing path, the newest run, or an id.

    Raises:
        RunError: There is no such run.
    """
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
