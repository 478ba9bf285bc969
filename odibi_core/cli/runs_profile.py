"""`odibi-core runs profile`: the statistics of the columns of a step's data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from odibi_core.cli.runs_place import format_option, place_options, store_of, which_run
from odibi_core.errors import RunError

if TYPE_CHECKING:
    from pathlib import Path

    from odibi_core.journal.profile import Profile
    from odibi_core.journal.record import RunRecord, SnapshotRecord


@click.command(
    epilog="""\b
Examples:
  odibi-core runs profile latest clean_orders
  odibi-core runs profile run_20260131_120000 store_sales --format json

A line above the table says what the statistics are of: all rows, a sample, or the first rows."""
)
@click.argument("run")
@click.argument("step")
@click.option("--before", is_flag=True, help="Of what came into the step rather than out of it.")
@place_options
@format_option
def command(
    run: str, step: str, before: bool, log_dir: Path | None, base_dir: Path | None, form: str
) -> None:
    """Show the statistics of the columns of what a step of RUN put out, else of what it took in.

    RUN is a run's id, `latest`, or the path of a run log, a journal or a run's directory.
    """
    store = store_of(log_dir, base_dir)
    which = which_run(store, run)
    record = store.open(which)
    snapshot = _snapshot(record, step, before)
    profile = None
    if snapshot.dataset is not None:
        profile = store.profile(which, snapshot.dataset, record=record)
    if profile is None:
        raise RunError(
            f"run `{record.run_id}` has no profile of the data of `{step}`",
            help="it was run without previews and profiles, or by another program",
        )
    if form == "json":
        from odibi_core.journal.profile import encode_profile

        click.echo(encode_profile(profile))
    else:
        _echo(profile, snapshot)


def _snapshot(record: RunRecord, name: str, before: bool) -> SnapshotRecord:
    step = record.step(name)
    if step is None:
        from odibi_core.text import nearest

        close = nearest(name, [step.info.name for step in record.steps])
        raise RunError(
            f"run `{record.run_id}` has no step `{name}`", help=f"did you mean `{close}`" if close else None
        )
    snapshot = step.before if before or step.after is None else step.after
    if snapshot is None:
        raise RunError(f"run `{record.run_id}` recorded no data of `{name}`")
    return snapshot


def _echo(profile: Profile, snapshot: SnapshotRecord) -> None:
    from odibi_core.cli import phrases
    from odibi_core.cli.table import Cell, Printer
    from odibi_core.runs.profile_rows import NAMES, RIGHT, column_rows

    printer = Printer()
    native = {column.name: column.native for column in snapshot.columns}
    rows = column_rows(profile, native, ascii_only=not phrases.takes_unicode())
    printer.line((profile.said_basis(), "bold"))
    printer.table(
        [
            [Cell(name, "dim", i in RIGHT) for i, name in enumerate(NAMES)],
            *([Cell(text, "", i in RIGHT) for i, text in enumerate(row)] for row in rows),
        ]
    )
