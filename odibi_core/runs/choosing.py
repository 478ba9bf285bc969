"""Choosing before a run starts: which run it carries on with, and which steps it is about."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from odibi_core.errors import RunError, SelectionError
from odibi_core.journal.layout import RunPaths
from odibi_core.plan.graph import Graph
from odibi_core.reuse.past import PastRun, past_runs, selection_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from odibi_core.reuse.fingerprints import Fingerprinter
    from odibi_core.runs.request import RunRequest

LATEST, FAILED = "latest", "failed"


def run_to_resume(wanted: str, request: RunRequest) -> Path:
    """Returns the directory of the run to carry on with.

    Args:
        wanted: A run's id, the path of its directory, journal or log, `latest`, or `failed`: the latest of
            this pipeline that did not end well.
        request: The run that is to carry on.

    Raises:
        RunError: There is no such run, or it has no journal.
    """
    log_dir = request.base_dir / request.log_dir
    if wanted in (LATEST, FAILED):
        for run in past_runs(log_dir, request.pipeline):
            if wanted == LATEST or run.record.state != "success":
                return run.directory
        kind = "run" if wanted == LATEST else "run that failed"
        raise RunError(
            f"there is no {kind} of `{request.pipeline}` in `{log_dir}`",
            help="`odibi-core runs list` shows those that are there",
        )
    path = Path(wanted)
    if os.sep in wanted or path.suffix in (".json", ".jsonl"):
        path = path.parent if path.suffix == ".jsonl" else path.with_suffix("") if path.suffix else path
        path = path.absolute()
    else:
        path = RunPaths(log_dir, wanted).directory
    if not (path / "events.jsonl").is_file():
        if path.with_suffix(".json").is_file():
            raise RunError(f"`{wanted}` has no journal, which tells what can be reused")
        raise RunError(
            f"no run `{wanted}` in `{path.parent}`", help="`odibi-core runs list` shows those that are there"
        )
    return path


def kept_selection(request: RunRequest) -> frozenset[str] | None:
    """Returns the steps that the run to carry on with was about, None for all; all they need is kept.

    Raises:
        SelectionError: None of them is there any more, or a step needs what nobody has kept.
    """
    if request.resume is None:
        return None
    found = selection_of(request.resume, [step.name for step in request.steps])
    if found:
        graph = Graph(list(request.steps))
        _refuse_unkept(request, found, graph, fingerprinter(request, graph), [PastRun(request.resume)])
    return found


def selected(request: RunRequest, include: Iterable[str], exclude: Iterable[str]) -> frozenset[str]:
    """Returns the steps that are selected, when all that they need is among them or has been kept.

    Args:
        request: The run, without its selection.
        include: As `--select` says it; all steps if empty.
        exclude: As `--exclude` says it.

    Raises:
        SelectionError: A selection says what there is not, or a step needs what nobody has kept.
    """
    from odibi_core.plan.selection import select
    from odibi_core.reuse.changes import changed_since
    from odibi_core.reuse.fingerprints import volatile_sql
    from odibi_core.reuse.planning import predicted

    steps = list(request.steps)
    graph = Graph(steps)
    prints = fingerprinter(request, graph)
    past: list[PastRun] | None = None

    def runs() -> list[PastRun]:
        nonlocal past
        if past is None:
            resumed = [] if request.resume is None else [PastRun(request.resume)]
            past = resumed or list(past_runs(request.base_dir / request.log_dir, request.pipeline))
        return past

    def changed() -> set[str]:
        good = [run for run in runs() if run.record.state == "success"]
        if not good:
            raise SelectionError(
                f"no run of `{request.pipeline}` has ended well, since when steps could have changed",
                help="run the whole pipeline first",
            )
        return changed_since(
            good, predicted(prints, good), steps, lambda step: volatile_sql(step, prints.values) is not None
        )

    found = select(steps, graph, include, exclude, changed=changed)
    if found and found != set(graph.names):
        _refuse_unkept(request, found, graph, prints, runs())
    return found


def _refuse_unkept(
    request: RunRequest, only: frozenset[str], graph: Graph, prints: Fingerprinter, past: list[PastRun]
) -> None:
    from odibi_core.reuse.planning import Wish, plan_run

    resumes = request.resume is not None
    wish = Wish(reuse=request.use_cache or resumes, resumes=resumes, only=only)
    plan_run(list(request.steps), graph, prints, prints.values, past, wish)


def fingerprinter(request: RunRequest, graph: Graph) -> Fingerprinter:
    """Returns what tells the fingerprints of a run's steps as things are now."""
    from odibi_core.config.placeholders import Values
    from odibi_core.reuse.fingerprints import Fingerprinter, Surroundings

    values = Values(dict(request.variables), os.environ)
    around = Surroundings(request.base_dir.absolute(), values, {})
    return Fingerprinter(list(request.steps), graph, around)
