"""`odibi-core run`: checks a pipeline, runs it in a process of its own, and shows it as it happens."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from odibi_core.errors import OdibiError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from odibi_core.config import Document
    from odibi_core.runs.request import RunRequest


@click.command(
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="""\b
Examples:
  odibi-core run pipeline.json
  odibi-core run pipeline.db --project retail --var day=2026-01-31
  odibi-core run pipeline.json --resume failed
  odibi-core run pipeline.json --select 'clean_orders+ tag:daily'
  odibi-core run pipeline.json --format jsonl | jq -r .type

The structure of the pipeline is checked first; one with errors does not start. `odibi-core check` looks at
its queries, files and targets too. Ctrl+C cancels the run, a second one ends it at once. A file `cancel` in
the run's directory cancels it from anywhere.

Exit codes: 0 success, 1 errors found or the run failed, 2 the command could not do its work,
130 cancelled.""",
)
@click.argument("config")
@click.option(
    "--base-dir",
    type=click.Path(path_type=Path),
    help="What paths are relative to.  [default: the config's directory]",
)
@click.option(
    "--log-dir",
    type=click.Path(path_type=Path),
    default=Path("tracker_logs"),
    show_default=True,
    help="Where the run is recorded, below the base directory.",
)
@click.option(
    "--var",
    "variables",
    multiple=True,
    metavar="NAME=VALUE",
    help="What ${var:NAME} stands for; may be repeated.",
)
@click.option(
    "--vars",
    "vars_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A JSON object of such values; --var goes before it.",
)
@click.option(
    "--engine",
    type=click.Choice(["pandas", "duckdb", "spark"]),
    default="pandas",
    show_default=True,
    help="The run's main engine; each step still runs on the one it names.",
)
@click.option("--project", help="Only the steps of this project (databases and CSV).")
@click.option(
    "--max-workers",
    type=click.IntRange(min=1),
    default=4,
    show_default=True,
    help="How many steps run side by side.",
)
@click.option("--sequential", is_flag=True, help="One step after the other.")
@click.option(
    "--max-retries",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="How often a failed step is tried again.",
)
@click.option(
    "--retry-delay",
    type=click.FloatRange(min=0),
    default=1.0,
    show_default=True,
    metavar="SECONDS",
    help="Before the first retry; it doubles with each.",
)
@click.option("--keep-going", is_flag=True, help="When a step fails, go on with those that do not need it.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="End the run when it takes longer.",
)
@click.option("--reuse", is_flag=True, help="Take kept results of earlier runs where nothing has changed.")
@click.option("--fresh", is_flag=True, help="Take nothing of earlier runs, which is the default.")
@click.option(
    "--resume",
    metavar="RUN",
    help="Carry on with a run: an id, a path, `latest`, or `failed` for the latest that did not end well. "
    "Steps that were not selected there stay out, unless --select or --exclude is given.",
)
@click.option(
    "--select",
    "select",
    multiple=True,
    metavar="STEPS",
    help="Run only these: `name`, `+name`, `name+`, `layer:x`, `tag:x`, `stage_*`, `changed`.",
)
@click.option("--exclude", multiple=True, metavar="STEPS", help="Run all but these.")
@click.option(
    "--keep",
    type=click.Choice(["auto", "all", "none"]),
    help="Which full results are kept for later runs; auto: up to 256 MB.  [default: auto]",
)
@click.option("--no-previews", is_flag=True, help="Do not store the first 1,000 rows of each dataset.")
@click.option(
    "--profile",
    type=click.Choice(["off", "sample", "full"]),
    help="Statistics of columns, above 1,000,000 rows of a sample or in full."
    "  [default: sample, with --no-previews off]",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "jsonl"]),
    default="text",
    help="text, or the journal's lines as they happen.",
)
@click.option("-v", "--verbose", is_flag=True, help="Show everything that steps print and log.")
@click.option("-q", "--quiet", is_flag=True, help="Show errors only.")
def command(config: str, **options: Any) -> int:
    """Run the pipeline in CONFIG, a JSON, SQLite or CSV file."""
    from odibi_core.runs.process import prepare_run

    # Forked before anything is read, so that the run's imports take place beside the checks.
    with prepare_run() as prepared:
        request = _request(config, options)
        if request is None:
            return 1
        request = _chosen(request, options)
        if request is None:
            return 0
        handle = prepared.start(request)
    from odibi_core.cli.watching import watch

    return watch(handle, form=options["form"], verbose=options["verbose"], quiet=options["quiet"])


def _request(config: str, options: Mapping[str, Any]) -> RunRequest | None:
    """Reads and checks a config; returns None when it has errors, which have been shown."""
    from odibi_core.config import read_document
    from odibi_core.config.variables import read_variables
    from odibi_core.runs.request import RunRequest

    variables = read_variables(options["variables"], options["vars_file"])
    document = read_document(config, project=options["project"])
    base_dir = options["base_dir"] if options["base_dir"] is not None else Path(config).parent
    if not base_dir.is_dir():
        raise OdibiError(f"there is no directory `{base_dir}`", help="`--base-dir` names one that exists")
    if not _passes(document, base_dir, variables, quiet=options["quiet"]):
        return None
    return RunRequest(
        steps=document.steps,
        pipeline=Path(config).stem,
        source=document.path,
        digest=document.digest,
        base_dir=base_dir.absolute(),
        log_dir=options["log_dir"],
        engine=options["engine"],
        variables=variables,
        parallel=not options["sequential"],
        max_workers=options["max_workers"],
        max_retries=options["max_retries"],
        retry_delay=options["retry_delay"],
        keep_going=options["keep_going"],
        previews=not options["no_previews"],
        keep=options["keep"],
        profile=options["profile"],
        timeout=options["timeout"],
    )


def _chosen(request: RunRequest, options: Mapping[str, Any]) -> RunRequest | None:
    """Adds what is to be reused and selected; returns None when nothing is left to run."""
    reuse, resume = options["reuse"], options["resume"]
    if options["fresh"] and (reuse or resume is not None):
        other = "--reuse" if reuse else "--resume"
        raise click.UsageError(f"`--fresh` ignores what is kept, `{other}` takes it: give one of them")
    if reuse and resume is not None:
        raise click.UsageError("`--resume` reuses already, of that run alone: leave `--reuse` out")
    select, exclude = options["select"], options["exclude"]
    if not (reuse or resume is not None or select or exclude):
        return request
    from odibi_core.runs.choosing import kept_selection, run_to_resume, selected

    request = replace(request, use_cache=reuse)
    if resume is not None:
        request = replace(request, resume=run_to_resume(resume, request))
    found = selected(request, select, exclude) if select or exclude else kept_selection(request)
    if found is None:
        return request
    if not found:
        click.echo("nothing to run: no step is selected", err=True)
        return None
    if not (select or exclude or options["quiet"]) and request.resume is not None:
        from odibi_core.text import one_line

        names = [one_line(step.name) for step in request.steps if step.name in found]
        told = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
        click.echo(f"selected, as in {request.resume.name}: {told}", err=True)
    return replace(request, only=found)


def _passes(document: Document, base_dir: Path, variables: Mapping[str, Any], *, quiet: bool) -> bool:
    """Shows what is wrong with a config; says whether it can run."""
    from odibi_core.checks import check

    found = check(document, base_dir=base_dir, variables=variables, data=False)
    errors = any(diagnostic.is_error for diagnostic in found)
    shown = [diagnostic for diagnostic in found if diagnostic.is_error or not (quiet or errors)]
    if shown:
        from odibi_core.cli.check_text import echo_diagnostics

        echo_diagnostics(document, shown, err=True)
    if errors:
        click.echo("the run was not started", err=True)
    return not errors
