"""`odibi-core runs export`: a run as OpenLineage events, to a file or to a collector."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from odibi_core.cli.runs_place import place_options, store_of, which_run
from odibi_core.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from odibi_core.core.node import Step
    from odibi_core.runs.store import RunStore


@click.command(
    "export",
    epilog="""\b
Examples:
  odibi-core runs export
  odibi-core runs export run_20260131_120000 -o lineage.jsonl
  odibi-core runs export latest --url http://localhost:5000 --namespace retail
  OPENLINEAGE_URL=http://localhost:5000 odibi-core runs export latest --send

Each event is a JSON object on a line of its own. A collector is asked as OpenLineage's own clients do:
OPENLINEAGE_URL, OPENLINEAGE_ENDPOINT, OPENLINEAGE_API_KEY and OPENLINEAGE_NAMESPACE are heeded.""",
)
@click.argument("run", default="latest")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write to this file.")
@click.option("--url", metavar="URL", help="Send to the collector at this URL.")
@click.option("--send", is_flag=True, help="Send to the collector at OPENLINEAGE_URL.")
@click.option("--namespace", metavar="NAME", help="Of the jobs.  [default: OPENLINEAGE_NAMESPACE, or odibi]")
@place_options
def command(
    run: str, output: Path | None, url: str | None, send: bool, namespace: str | None,
    log_dir: Path | None, base_dir: Path | None,
) -> int:  # fmt: skip
    """Export what a run read and wrote, column by column where SQL tells, as OpenLineage events.

    RUN is a run's id, `latest`, or the path of a run log, a journal or a run's directory.
    """
    from odibi_core.runs.lineage_post import collector_of, post
    from odibi_core.runs.openlineage import events

    store = store_of(log_dir, base_dir)
    which = which_run(store, run)
    collector = collector_of(os.environ, url) if url is not None or send else None
    if send and collector is None:
        raise click.UsageError("--send needs OPENLINEAGE_URL in the environment; or give --url")
    named = namespace or os.environ.get("OPENLINEAGE_NAMESPACE") or "odibi"
    record = store.open(which)
    told = list(events(record, _steps(store, which), namespace=named))
    if not told:
        raise RunError(
            f"there is nothing to export of `{record.run_id}`: its log does not tell when anything was",
            help="an OpenLineage event needs a time",
        )
    if collector is not None:
        click.echo(f"{post(told, collector)} events sent", err=True)
    lines = "".join(json.dumps(event, ensure_ascii=False) + "\n" for event in told)
    if output is not None:
        from odibi_core.formats.atomic import replacing

        with replacing(output) as temporary:
            temporary.write_text(lines, encoding="utf-8")
    elif collector is None:
        click.echo(lines, nl=False)
    return 0


def _steps(store: RunStore, which: str | Path) -> Sequence[Step]:
    """Returns the steps as the run kept them beside its journal; none for logs of other programs."""
    from odibi_core.runs.lineage import kept_steps

    if isinstance(which, str):
        return kept_steps(store.paths(which).config)
    directory = (
        which if which.is_dir() else which.parent if which.suffix == ".jsonl" else which.with_suffix("")
    )
    return kept_steps(directory / "config.json")
