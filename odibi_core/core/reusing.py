"""Reusing: what a run knows of its steps' fingerprints, and how it takes results from earlier runs."""

from __future__ import annotations

import os
import shutil
import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from odibi_core.config.placeholders import Values
from odibi_core.core.facts import Facts
from odibi_core.core.kept_files import read_full
from odibi_core.core.secrecy import holds_secret, knew_secrets
from odibi_core.errors import EngineError, RunError, StepError
from odibi_core.functions.registry import REGISTRY
from odibi_core.journal.events import DatasetKept, DatasetStored, Expectation, Fingerprint, Snapshot
from odibi_core.journal.lock import holder_state
from odibi_core.reuse.fingerprints import Fingerprinter, Surroundings, same_files
from odibi_core.reuse.past import PastRun, past_runs
from odibi_core.reuse.planning import Reuse, RunPlan, Wish, enough_of, plan_run
from odibi_core.reuse.stamps import Stamper

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from odibi_core.core.contexts import Contexts
    from odibi_core.core.frames import FrameStore
    from odibi_core.core.node import Step
    from odibi_core.core.settings import RunSettings
    from odibi_core.core.tracker import Tracker
    from odibi_core.journal.record import DatasetRecord, SnapshotRecord
    from odibi_core.plan.graph import Graph
    from odibi_core.reuse.past import Kept


class Reuser:
    """The fingerprints of one run, and its plan.

    Args:
        steps: The run's steps.
        graph: Their graph.
        settings: What is asked of the run.
        tracker: Knows where runs are recorded.
        contexts: The run's engines.
        frames: Takes reused results.
        variables: What `${var:NAME}` stands for.
        base_dir: What relative paths are relative to; the current directory if not given.
    """

    def __init__(
        self,
        steps: Sequence[Step],
        graph: Graph,
        settings: RunSettings,
        *,
        tracker: Tracker,
        contexts: Contexts,
        frames: FrameStore,
        variables: Mapping[str, Any],
        base_dir: Path | None,
    ) -> None:
        self._steps = {step.name: step for step in steps}
        self._graph = graph
        self._settings = settings
        self._tracker = tracker
        self._contexts = contexts
        self._frames = frames
        self._values = Values(variables, os.environ)
        base = base_dir if base_dir is not None else Path.cwd()
        around = Surroundings(base.absolute(), self._values, contexts.settings())
        self._prints = Fingerprinter(steps, graph, around, Stamper())
        self._made: dict[str, Fingerprint | None] = {}
        self._lock = threading.Lock()
        self._plan: RunPlan | None = None
        self._lost: dict[str, str] = {}
        self._knew: dict[str, bool] = {}  # run -> whether it knew the secrets of this one

    # -- the plan -------------------------------------------------------------------------------------

    def plan(self, pipeline: str) -> RunPlan | None:
        """Decides what the run does with each step; None where every step runs and nothing was asked.

        Raises:
            SelectionError: A selected step needs what nobody has kept.
            RunError: The run to resume cannot be read.
        """
        settings = self._settings
        resumes = settings.resume is not None
        if not (settings.use_cache or resumes or settings.only is not None):
            return None
        past = self._past(pipeline)
        wish = Wish(
            reuse=settings.use_cache or resumes,
            resumes=resumes,
            only=settings.only,
            all_data=settings.keep_frames,
        )
        steps = list(self._steps.values())
        self._plan = plan_run(steps, self._graph, self._prints, self._values, past, wish)
        return self._plan

    def _past(self, pipeline: str) -> list[PastRun]:
        paths = self._tracker.paths
        if self._settings.resume is not None:
            run = PastRun(self._settings.resume.absolute())
            if holder_state(run.directory) == "live":
                raise RunError(f"`{run.run_id}` is still running", help="wait for its end, or cancel it")
            try:
                _ = run.record
            except RunError as error:
                raise RunError(
                    f"`{run.run_id}` cannot be resumed: {error.message}",
                    help="only runs that have a journal can be",
                ) from error
            return [run]
        log_dir = paths.log_dir if paths is not None else self._tracker.log_dir
        runs = past_runs(log_dir, pipeline, but=paths.run_id if paths is not None else None)
        return enough_of(runs, self._prints)

    def why(self, step: str) -> str | None:
        """Returns why a step runs, None where nobody had to decide it."""
        lost = self._lost.get(step)
        return lost or ((self._plan.why.get(step) or None) if self._plan is not None else None)

    def reuse_of(self, step: str) -> Reuse:
        """Returns what is taken for a step that is reused."""
        assert self._plan is not None
        return self._plan.reuse[step]

    # -- fingerprints ---------------------------------------------------------------------------------

    def before(self, step: Step) -> Fingerprint | None:
        """Returns a step's fingerprint as it starts; the steps it needs are done."""
        with self._lock:
            return self._prints.of(step, self._made)

    def after(self, step: Step, before: Fingerprint | None) -> Fingerprint | None:
        """Returns the fingerprint of what a step has done; None if what it read changed meanwhile."""
        found = before
        with self._lock:
            self._prints.mark_imported()
            if found is not None and found.files:
                now = self._prints.of(step, self._made)
                if now is None or not same_files(found.files, now.files):
                    found = None
            target = self._prints.target_of(step) if found is not None else None
            if found is not None and target is not None:
                try:
                    found = msgspec.structs.replace(found, target=Stamper().stamps([target])[0])
                except OSError:
                    found = msgspec.structs.replace(found, never="what it wrote is not there")
            if found is not None and step.type == "function" and _is_volatile(step.value):
                found = msgspec.structs.replace(found, never="its function is volatile")
            self._made[step.name] = found
        return found

    # -- taking ---------------------------------------------------------------------------------------

    def take(self, step: Step) -> Fingerprint | None:
        """Makes a past result this run's own: its files, its snapshots, its data for who reads them.

        Raises:
            StepError: A result that is needed is not there any more.
        """
        taken = self.reuse_of(step.name)
        for local, key in step.outputs.items():
            past = taken.run.record.datasets.get(taken.step.info.outputs.get(local, ""))
            kept = taken.kept.get(local)
            if past is not None:
                self._take_preview(step, key, past, taken)
            told = kept is not None and self._tells(taken.run, kept.file)
            files = self._take_kept(step, key, kept) if kept is not None and not told else None
            if files is not None:
                self._frames.add_kept(key, partial(_load, step, key, files, self._contexts))
            elif local in taken.needed:
                lost = "holds a secret that was none then" if told else "went away as the run began"
                self._lost[step.name] = f"unchanged, but its kept result {lost}"
                raise StepError(
                    f"the kept result of `{step.name}` cannot be taken from {taken.run.run_id}",
                    step=step.name,
                    help="run without `--resume` and `--reuse`",
                )
        self._retell(step, taken)
        fingerprint = taken.step.fingerprint
        with self._lock:
            self._made[step.name] = fingerprint
        return fingerprint

    def _take_preview(self, step: Step, key: str, past: DatasetRecord, taken: Reuse) -> None:
        paths = self._tracker.paths
        if paths is None or not self._settings.previews:
            return
        number = self._tracker.number_of(key)
        for kind, source in (("preview", past.preview_file), ("profile", past.profile_file)):
            if source is None:
                continue
            file = paths.data_file(number, kind)
            if self._tells(taken.run, taken.run.directory / source):
                continue
            if _link(taken.run.directory / source, paths.directory / file):
                rows = past.preview_rows if kind == "preview" else past.rows
                self._tracker.record(
                    DatasetStored(
                        dataset=key,
                        kind=kind,  # type: ignore[arg-type]  # one of the two
                        file=file,
                        rows=rows or 0,
                        bytes=(paths.directory / file).stat().st_size,
                        step=step.name,
                    )
                )

    def _tells(self, run: PastRun, file: Path) -> bool:
        """Whether a file of an earlier run shows a secret, which that run may not have known to be one."""
        redactor = self._tracker.redactor
        if not redactor:
            return False
        if run.run_id not in self._knew:
            self._knew[run.run_id] = knew_secrets(run, self._steps.values())
        try:
            return not self._knew[run.run_id] and holds_secret(file, redactor)
        except (OSError, ValueError):  # gone or damaged, which is told where it is taken
            return False

    def _take_kept(self, step: Step, key: str, kept: Kept) -> tuple[Path, Path | None] | None:
        """Gives a kept result a name in this run too, so that neither run needs the other."""
        paths = self._tracker.paths
        if paths is None or not kept.is_there():
            return None
        number = self._tracker.number_of(key)
        file, index = paths.data_file(number, "full"), paths.data_file(number, "index")
        index = index if kept.index_file is not None else ""
        if not _link(kept.file, paths.directory / file):
            return None
        if kept.index_file is not None and not _link(kept.index_file, paths.directory / index):
            return None
        self._tracker.record(
            DatasetKept(
                dataset=key,
                file=file,
                rows=kept.dataset.rows or 0,
                bytes=kept.dataset.full_bytes or 0,
                digest=kept.dataset.full_digest or "",
                step=step.name,
                index_file=index or None,
            )
        )
        return paths.directory / file, (paths.directory / index) if index else None

    def _retell(self, step: Step, taken: Reuse) -> None:
        """Records snapshots and expectations again, under this run's names of the datasets."""
        mine = {taken.step.info.outputs.get(local): key for local, key in step.outputs.items()}
        theirs = list(taken.step.info.inputs.values())
        mine |= dict(zip(theirs, step.inputs.values(), strict=False))
        for met in taken.step.expectations:
            told = {name: getattr(met, name) for name in type(met).__slots__}
            told["dataset"] = mine.get(met.dataset, met.dataset)
            self._tracker.record(Expectation(step=step.name, attempt=0, **told))
        for snapshot in (taken.step.before, taken.step.after):
            if snapshot is None:
                continue
            key = mine.get(snapshot.dataset)
            self._tracker.record(_told_again(snapshot, step, key))
            if snapshot.position == "after" and key is not None:
                past = taken.run.record.datasets.get(snapshot.dataset or "")
                facts = Facts(snapshot.rows, snapshot.columns, snapshot.sample)
                self._tracker.adopt_dataset(key, facts, past.preview_rows if past is not None else None)


def _told_again(snapshot: SnapshotRecord, step: Step, dataset: str | None) -> Snapshot:
    return Snapshot(
        step=step.name,
        position=snapshot.position,  # type: ignore[arg-type]  # before or after, as it was
        attempt=0,
        dataset=dataset,
        rows=snapshot.rows,
        columns=snapshot.columns,
        sample=snapshot.sample,
        engine=snapshot.engine,
    )


def _load(step: Step, key: str, files: tuple[Path, Path | None], contexts: Contexts) -> Any:
    import duckdb
    import pyarrow as pa

    try:
        return read_full(*files, contexts.get(step.engine))
    except (OSError, EngineError, duckdb.Error, pa.ArrowException, ValueError) as error:
        raise StepError(
            f"the kept result `{key}` cannot be read: {str(error).splitlines()[0]}",
            step=step.name,
            help="run without `--resume` and `--reuse`",
        ) from error


def _link(source: Path, target: Path) -> bool:
    """Gives a file a second name, or copies it where that cannot be; False if it is not there."""
    try:
        target.parent.mkdir(exist_ok=True)
        try:
            os.link(source, target)
        except FileNotFoundError:
            return False
        except OSError:
            shutil.copyfile(source, target)
    except OSError:
        target.unlink(missing_ok=True)
        return False
    return True


def _is_volatile(name: str) -> bool:
    return any(
        spec.volatile and name.strip() in (spec.name, f"{spec.module}.{spec.qualname}")
        for spec in REGISTRY.specs().values()
    )
