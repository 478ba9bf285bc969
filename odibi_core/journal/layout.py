"""Where a run's files lie, and how a run claims its id."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from odibi_core.errors import JournalError

if TYPE_CHECKING:
    from datetime import datetime

_RUN_ID = re.compile(r"run_\d{8}_\d{6}(?:_[1-9]\d*)?")
_MAX_RUNS_A_SECOND = 10_000


@dataclass(frozen=True, slots=True)
class RunPaths:
    """The files of one run.

    Attributes:
        log_dir: The directory that holds all runs, such as tracker_logs.
        run_id: The run's id, such as run_20260131_120000.
    """

    log_dir: Path
    run_id: str

    @property
    def directory(self) -> Path:
        """The run's own directory; making it is what claims the id."""
        return self.log_dir / self.run_id

    @property
    def journal(self) -> Path:
        """Every event, one a line."""
        return self.directory / "events.jsonl"

    @property
    def final_log(self) -> Path:
        """The log in the form other programs share."""
        return self.log_dir / f"{self.run_id}.json"

    @property
    def config(self) -> Path:
        """The steps as they ran."""
        return self.directory / "config.json"

    @property
    def data(self) -> Path:
        """Previews and kept results; made when the first is written."""
        return self.directory / "data"

    @property
    def cancel_file(self) -> Path:
        """Its existence asks the run to end."""
        return self.directory / "cancel"

    def data_file(self, number: int, kind: str) -> str:
        """Returns the name of a data file, relative to the run's directory, as the journal records it."""
        return f"data/{number:04d}.{kind}.{'json' if kind == 'profile' else 'parquet'}"

    @classmethod
    def of(cls, directory: str | Path) -> RunPaths:
        """Returns the paths of the run that has `directory`."""
        directory = Path(directory)
        return cls(directory.parent, directory.name)


def is_run_id(name: str) -> bool:
    """Whether `name` has the form of a run id."""
    return _RUN_ID.fullmatch(name) is not None


def claim_run(log_dir: str | Path, at: datetime) -> RunPaths:
    """Claims an id for a run that starts at `at`, by making its directory.

    Runs that start in the same second get `_2`, `_3` and so on. An id that only a final log uses is
    taken too.

    Raises:
        JournalError: The directory cannot be made.
    """
    log_dir = Path(log_dir)
    stem = f"run_{at:%Y%m%d_%H%M%S}"
    try:
        log_dir.mkdir(parents=True, exist_ok=True)
        for number in range(1, _MAX_RUNS_A_SECOND):
            paths = RunPaths(log_dir, stem if number == 1 else f"{stem}_{number}")
            if paths.final_log.exists():
                continue
            try:
                paths.directory.mkdir()
            except FileExistsError:
                continue
            if paths.final_log.exists():  # a run without a journal ended between the two looks
                paths.directory.rmdir()
                continue
            return paths
    except OSError as error:
        raise JournalError(
            f"cannot make a run's directory in `{log_dir}`: {error.strerror or error}",
            help="choose another directory with `--log-dir`, or make this one writable",
        ) from error
    raise JournalError(f"`{log_dir}` holds {_MAX_RUNS_A_SECOND:,} runs that started in the same second")
