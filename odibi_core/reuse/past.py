"""Past runs as a store of results: which steps did what, and where their kept results lie."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from odibi_core.errors import RunLogError, SelectionError
from odibi_core.journal.codec import decode_line
from odibi_core.journal.events import RunStarted
from odibi_core.journal.layout import RunPaths, is_run_id
from odibi_core.journal.load import load_journal
from odibi_core.journal.lock import holder_state
from odibi_core.reuse.digests import file_digest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from odibi_core.journal.record import DatasetRecord, RunRecord, StepRecord

LOOK_BACK = 20  # runs of the pipeline; what is not in one of them is not found
_FIRST_LINE = 1 << 26
DONE = ("success", "reused")


@dataclass(frozen=True, slots=True)
class Kept:
    """A kept result: a dataset of a past run, whole, in a Parquet file.

    Attributes:
        run_id: The run.
        directory: The run's directory.
        dataset: What its journal tells of it.
    """

    run_id: str
    directory: Path
    dataset: DatasetRecord

    @property
    def file(self) -> Path:
        """The Parquet file."""
        return self.directory / str(self.dataset.full_file)

    @property
    def index_file(self) -> Path | None:
        """The file of a pandas frame's index, None where it has none of its own."""
        name = self.dataset.index_file
        return None if name is None else self.directory / name

    def is_there(self) -> bool:
        """Whether the files are there, with the size they were written with."""
        try:
            return self.file.stat().st_size == self.dataset.full_bytes and (
                self.index_file is None or self.index_file.is_file()
            )
        except OSError:
            return False

    def problem(self) -> str | None:
        """Returns what is wrong with the files, None where they are whole; reads them."""
        if not self.file.is_file():
            return "its kept result is gone"
        try:
            now = digest_of_files(self.file, self.index_file) if self.is_there() else None
        except OSError as error:
            return f"its kept result cannot be read ({error.strerror})"
        return None if now == self.dataset.full_digest else "its kept result is damaged"


def digest_of_files(file: Path, index_file: Path | None) -> str:
    """Returns what a journal calls the digest of a kept result: of its file, and its index if it has one.

    Raises:
        OSError: They cannot be read.
    """
    found = file_digest(file)
    return found if index_file is None else f"{found}.{file_digest(index_file)}"


class PastRun:
    """A run that is over.

    Attributes:
        directory: Its directory.
        run_id: Its id.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.run_id = directory.name

    @cached_property
    def record(self) -> RunRecord:
        """What its journal tells.

        Raises:
            RunLogError: The journal cannot be read.
        """
        return load_journal(self.directory / "events.jsonl").view()

    @cached_property
    def steps(self) -> dict[str, StepRecord]:
        """Its steps by name."""
        return {step.info.name: step for step in self.record.steps}

    @cached_property
    def by_fingerprint(self) -> dict[str, StepRecord]:
        """The steps whose results are good, by fingerprint."""
        return {
            step.fingerprint.value: step
            for step in self.record.steps
            if step.state in DONE and step.fingerprint is not None
        }

    def kept(self, step: StepRecord, output: str) -> Kept | None:
        """Returns the kept result of one of a step's outputs, by local name; None where nothing is kept."""
        dataset = self.record.datasets.get(step.info.outputs.get(output, ""))
        if dataset is None or dataset.full_file is None:
            return None
        path = (self.directory / dataset.full_file).resolve()
        inside = path.is_relative_to(self.directory.resolve())
        return Kept(self.run_id, self.directory, dataset) if inside else None


def past_runs(log_dir: Path, pipeline: str, *, but: str | None = None) -> Iterator[PastRun]:
    """Yields the runs of a pipeline that are over, the newest first, up to `LOOK_BACK` of them.

    Args:
        log_dir: Where they are recorded.
        pipeline: The pipeline's name.
        but: Id of a run to leave out: the one that asks.
    """
    found = 0
    for name in _ids(log_dir):
        paths = RunPaths(log_dir, name)
        if name == but or _pipeline_of(paths.journal) != pipeline or holder_state(paths.journal) == "live":
            continue
        run = PastRun(paths.directory)
        try:
            _ = run.record
        except RunLogError:
            continue
        yield run
        found += 1
        if found == LOOK_BACK:
            return


def selection_of(directory: Path, names: Collection[str]) -> frozenset[str] | None:
    """Returns which steps a run was about, None for all; who carries on with it is about no others.

    Args:
        directory: The run's directory.
        names: The steps there are now.

    Raises:
        SelectionError: None of them is there any more, or it cannot be told.
    """
    started = _started(directory / "events.jsonl")
    only = started.options.get("only") if started is not None else None
    if started is None or not isinstance(only, list):
        return None
    help = "say which steps are to run with `--select`"
    if not {step.name for step in started.steps}.issuperset(only):
        raise SelectionError(
            f"which steps were selected in {directory.name} cannot be told: a secret stands in a name",
            help=help,
        )
    found = frozenset(only).intersection(names)
    if only and not found:
        raise SelectionError(f"no step that was selected in {directory.name} is there any more", help=help)
    return found


def _ids(log_dir: Path) -> list[str]:
    try:
        with os.scandir(log_dir) as entries:
            names = [entry.name for entry in entries if is_run_id(entry.name) and entry.is_dir()]
    except OSError:
        return []
    return sorted(names, key=_place, reverse=True)


def _place(run_id: str) -> tuple[str, int]:
    parts = run_id.split("_")
    return "_".join(parts[:3]), int(parts[3]) if len(parts) > 3 else 1


def _pipeline_of(journal: Path) -> str | None:
    started = _started(journal)
    return started.pipeline if started is not None else None


def _started(journal: Path) -> RunStarted | None:
    """Returns the first line of a run's journal."""
    try:
        with journal.open("rb") as file:
            first = decode_line(file.readline(_FIRST_LINE))
    except OSError:
        return None
    return first[1] if first is not None and isinstance(first[1], RunStarted) else None
