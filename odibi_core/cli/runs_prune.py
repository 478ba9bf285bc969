"""`odibi-core runs prune`: removes past runs, or only the results they kept."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from odibi_core.cli.main import FINE, FOUND_ERRORS
from odibi_core.cli.runs_place import format_option, place_options, store_of
from odibi_core.errors import RunError
from odibi_core.text import one_line

if TYPE_CHECKING:
    from pathlib import Path

    from odibi_core.runs.prune import PruneItem


@click.command(
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="""\b
Examples:
  odibi-core runs prune --keep-last 20 --dry-run
  odibi-core runs prune --older-than 30d --keep-last 5
  odibi-core runs prune --max-size 5GB
  odibi-core runs prune --kept-only

The newest `--keep-last` runs of each pipeline stay, whatever else is said; of the others those go that are
older than `--older-than`, and the oldest until no more than `--max-size` is left (all others, where neither
is given). A run that is not over, logs of other programs, and files that somebody else put into a run's
directory are never touched. Nothing is asked; what goes is printed.

Exit codes: 0 done, 1 something could not be removed, 2 the command could not do its work.""",
)
@place_options
@format_option
@click.option(
    "--keep-last", type=click.IntRange(min=0), metavar="N", help="The newest N of each pipeline stay."
)
@click.option("--older-than", metavar="AGE", help="Runs that began longer ago go: 30d, 12h, 2w.")
@click.option("--max-size", metavar="SIZE", help="The oldest go until the rest takes no more: 5GB, 300MB.")
@click.option("--kept-only", is_flag=True, help="Only kept results go; journals, logs and previews stay.")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
def command(
    log_dir: Path | None,
    base_dir: Path | None,
    form: str,
    keep_last: int | None,
    older_than: str | None,
    max_size: str | None,
    kept_only: bool,
    dry_run: bool,
) -> int:
    """Remove past runs, or only the results they kept."""
    from odibi_core.runs.prune import PrunePolicy, parse_age, parse_size, plan_prune, prune

    policy = PrunePolicy(
        keep_last,
        None if older_than is None else parse_age(older_than),
        None if max_size is None else parse_size(max_size),
        kept_only,
    )
    if policy == PrunePolicy():
        raise click.UsageError("say what goes: --keep-last, --older-than, --max-size or --kept-only")
    store = store_of(log_dir, base_dir)
    items = plan_prune(store, policy, datetime.now(UTC))
    failed = 0
    for item in items:
        problem = None
        if not dry_run:
            try:
                prune(store, item, kept_only=kept_only)
            except RunError as error:
                problem = str(error)
                failed += 1
        _tell(item, problem, form=form, dry_run=dry_run)
    if form == "text":
        _sum_up(items, failed, dry_run=dry_run, kept_only=kept_only, where=store.log_dir)
    return FOUND_ERRORS if failed else FINE


def _tell(item: PruneItem, problem: str | None, *, form: str, dry_run: bool) -> None:
    summary = item.summary
    if form == "json":
        import json

        told = {
            "run_id": summary.run_id,
            "pipeline": summary.pipeline,
            "reason": item.reason,
            "bytes": item.bytes,
            "removed": problem is None and not dry_run,
            "problem": problem,
        }
        click.echo(json.dumps(told, ensure_ascii=False))
    elif problem is not None:
        click.echo(f"{summary.run_id}: {problem}", err=True)
    else:
        from odibi_core.runs.prune import told_size

        pipeline = one_line(summary.pipeline)
        click.echo(f"{summary.run_id}  {pipeline}  {told_size(item.bytes)}  {item.reason}")


def _sum_up(items: list[PruneItem], failed: int, *, dry_run: bool, kept_only: bool, where: Path) -> None:
    from odibi_core.runs.prune import told_size

    done = len(items) - failed
    if not items:
        click.echo(f"nothing to prune in `{where}`", err=True)
        return
    what = "kept results of " if kept_only else ""
    runs = f"{done:,} run" + "s" * (done != 1)
    freed = told_size(sum(item.bytes for item in items))
    click.echo(f"{what}{runs}, {freed}, " + ("would go" if dry_run else "removed"), err=True)
