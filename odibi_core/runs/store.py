"""RunStore: the runs of a log directory: listing, opening, following, comparing and deleting them."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from odibi_core.errors import RunError, RunLogError
from odibi_core.journal.final_log import read_log
from odibi_core.journal.fold import settle
from odibi_core.journal.layout import RunPaths, is_run_id
from odibi_core.journal.load import load_journal
from odibi_core.journal.lock import holder_state
from odibi_core.runs.follow import RunFollower, fate_of
from odibi_core.runs.holding import held
from odibi_core.runs.summary import RunSummary, SummaryReader

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pyarrow as pa

    from odibi_core.journal.profile import Profile
    from odibi_core.journal.record import RunRecord
    from odibi_core.runs.compare import RunComparison

__all__ = ["RunStore", "RunSummary", "open_store", "read_run"]


_ALMOST_RECENT = 32  # runs read beyond those wanted, because their ids do not tell exactly when they started
_FOLD_UP_TO = 4 * 1024 * 1024  # of a journal; takes some 50 ms


def open_store(log_dir: str | Path) -> RunStore:
    """Returns the store of a log directory, which need not exist yet."""
    return RunStore(Path(log_dir))


def read_run(path: str | Path) -> RunRecord:
    """Returns the record of a run by a file of it: its final log, its journal or its directory.

    Raises:
        RunLogError: The file cannot be read or is no run's.
    """
    path = Path(path)
    if path.is_dir():
        journal = path / "events.jsonl"
        if not journal.exists():
            raise RunLogError(f"`{path}` is not a run's directory: it has no `events.jsonl`")
        return _read_journal(journal)
    return _read_journal(path) if path.suffix.lower() == ".jsonl" else read_log(path)


class RunStore:
    """The runs whose files lie in one directory.

    Runs are named by their id: the stem of the final log, the name of the directory. Nothing but `delete`
    changes anything on disk.

    Attributes:
        log_dir: The directory.
    """

    def __init__(self, log_dir: Path) -> None:
        self.log_dir = log_dir
        self._summaries = SummaryReader()

    def runs(self) -> list[RunSummary]:
        """Returns a summary of each run, newest first; damaged and foreign files have theirs too.

        What has not changed since the last call is not read again.

        Raises:
            RunLogError: The directory cannot be listed.
        """
        return self._summed_up(self._ids())

    def recent(self, limit: int) -> list[RunSummary]:
        """Returns the newest `limit` runs, in a moment however many there are. Raises like `runs`.

        Which are the newest is told by the times in their ids, and of runs whose id tells none by when their
        file was written; in which order they stand, as in `runs`, by when they started.
        """
        ids = sorted(self._ids(), key=self._likely_time, reverse=True)
        return self._summed_up(ids[: limit + _ALMOST_RECENT])[:limit]

    def _likely_time(self, run_id: str) -> tuple[str, int]:
        if is_run_id(run_id):
            return _natural(run_id)
        for name in (f"{run_id}.json", run_id):
            try:
                written = (self.log_dir / name).stat().st_mtime
            except OSError:
                continue
            return f"run_{datetime.fromtimestamp(written):%Y%m%d_%H%M%S}", 1  # ids tell local time, too
        return "", 1

    def _ids(self) -> set[str]:
        try:
            with os.scandir(self.log_dir) as entries:
                names = [entry.name for entry in entries if entry.name.startswith("run_")]
        except FileNotFoundError:
            return set()
        except OSError as error:
            raise RunLogError(f"cannot list `{self.log_dir}`: {error.strerror or error}") from error
        return {name.removesuffix(".json") for name in names if name.endswith(".json") or "." not in name}

    def _summed_up(self, ids: Iterable[str]) -> list[RunSummary]:
        found = (self._summaries.read(self.log_dir, run_id) for run_id in ids)
        keyed = [(key, summary) for key, summary in (item for item in found if item is not None)]
        keyed.sort(key=lambda item: (item[0], _natural(item[1].run_id)), reverse=True)
        return [summary for _, summary in keyed]

    def latest(self) -> RunSummary | None:
        """Returns the newest run that can be opened, or None."""
        for runs in (partial(self.recent, _ALMOST_RECENT), self.runs):
            newest = next((summary for summary in runs() if summary.problem is None), None)
            if newest is not None:
                return newest
        return None

    def paths(self, run_id: str) -> RunPaths:
        """Returns where a run's files lie.

        Raises:
            RunError: There is no such run.
        """
        paths = RunPaths(self.log_dir, run_id)
        plain = run_id.startswith("run_") and "/" not in run_id and "\0" not in run_id
        is_run = plain and (paths.journal.exists() or (is_run_id(run_id) and paths.directory.is_dir()))
        if not (is_run or (plain and (paths.final_log.is_file() or paths.final_log.is_symlink()))):
            raise RunError(
                f"no run `{run_id}` in `{self.log_dir}`",
                help="`odibi-core runs list` shows those that are there",
            )
        return paths

    def open(self, run: str | Path) -> RunRecord:
        """Returns the record of a run, by its id or by the path of a file of it.

        Raises:
            RunError: There is no such run.
            RunLogError: Its files are damaged beyond reading.
        """
        if _is_path(run):
            return read_run(run)
        record = _read(self.paths(str(run)))
        return record if record.run_id == run else replace(record, run_id=str(run))

    def follow(self, run: str | Path) -> RunFollower:
        """Returns a follower of a run, by its id or by the path of a file of it.

        Raises:
            RunError: There is no such run.
            RunLogError: Its only file is damaged beyond reading.
        """
        if not _is_path(run):
            paths = self.paths(str(run))
        else:
            path = Path(run)
            if path.suffix.lower() == ".jsonl":
                return RunFollower(path.parent, journal=path)
            if not path.is_dir():
                record = read_log(path)
                paths = RunPaths.of(path.with_suffix(""))
                return RunFollower(paths.directory) if paths.journal.exists() else _over(record, paths)
            paths = RunPaths.of(path)
        if paths.journal.exists() or not paths.final_log.exists():
            return RunFollower(paths.directory)
        record = read_log(paths.final_log)
        return _over(record if _is_path(run) else replace(record, run_id=str(run)), paths)

    def preview(self, run: str | Path, dataset: str, *, record: RunRecord | None = None) -> pa.Table | None:
        """Returns the stored rows of a dataset, its first 1,000, or None if none were stored.

        Args:
            run: The run.
            dataset: The dataset's key.
            record: The run's record, where it is at hand.

        Raises:
            RunError: There is no such run.
            RunLogError: The file of the rows is damaged or lies outside the run's directory.
        """
        return self._data(run, dataset, "preview_file", record)

    def preview_file(self, run: str | Path, dataset: str, *, record: RunRecord | None = None) -> Path | None:
        """Returns the file of a dataset's first rows, or None if there is none. Raises like `preview`."""
        stored = (record or self.open(run)).datasets.get(dataset)
        if stored is None or stored.preview_file is None:
            return None
        path = inside(self._directory(run), stored.preview_file)
        return path if path.is_file() else None

    def full(self, run: str | Path, dataset: str, *, record: RunRecord | None = None) -> pa.Table | None:
        """Returns all rows of a dataset that was kept, or None if it was not. Raises like `preview`."""
        return self._data(run, dataset, "full_file", record)

    def profile(self, run: str | Path, dataset: str, *, record: RunRecord | None = None) -> Profile | None:
        """Returns the statistics of a dataset's columns, or None where there are none. Raises like `preview`.

        Of a dataset whose stored rows are all it has, they are computed from those rows here and now.
        """
        from odibi_core.runs.profile import profile_of

        return profile_of(self._directory(run), record or self.open(run), dataset)

    def kept(self, run: str | Path, dataset: str, *, record: RunRecord | None = None) -> Path | None:
        """Returns the Parquet file that holds all rows of a dataset, or None if they are not kept (any more).

        A file that has not the size it was written with is no kept result. Raises like `preview`.
        """
        stored = (record or self.open(run)).datasets.get(dataset)
        if stored is None or stored.full_file is None:
            return None
        directory = self._directory(run)
        path = inside(directory, stored.full_file)
        try:
            size = path.stat().st_size
        except OSError:
            return None
        return path if stored.full_bytes in (None, size) else None

    def compare(self, a: str | Path, b: str | Path) -> RunComparison:
        """Returns what differs from run `a` to run `b`; it can tell of their data. Raises like `open`."""
        from odibi_core.runs.compare import compare_runs
        from odibi_core.runs.compare_config import written_steps
        from odibi_core.runs.compare_data import RunPair

        before, after = self.open(a), self.open(b)
        return compare_runs(
            before,
            after,
            before_steps=written_steps(self._directory(a) / "config.json"),
            after_steps=written_steps(self._directory(b) / "config.json"),
            data=RunPair(self, a, b, before, after),
        )

    def delete(self, run_id: str, *, force: bool = False) -> None:
        """Deletes a run's directory and final log, and nothing else; links are removed, not followed.

        Args:
            run_id: The run.
            force: Delete it also where nobody can tell whether it still lives.

        Raises:
            RunError: There is no such run, it is live, or it cannot be deleted.
        """
        paths = self.paths(run_id)
        try:
            if paths.directory.is_symlink():
                paths.directory.unlink()
            elif paths.directory.is_dir():
                with held(paths, force=force):
                    shutil.rmtree(paths.directory)
            paths.final_log.unlink(missing_ok=True)
        except OSError as error:
            if isinstance(error, RunError):
                raise
            raise RunError(f"cannot delete run `{run_id}`: {error.strerror or error}") from error
        self._summaries.forget(run_id)

    def forget(self, run_id: str) -> None:
        """Forgets what is remembered of a run whose files have been removed."""
        self._summaries.forget(run_id)

    def _data(self, run: str | Path, dataset: str, field: str, record: RunRecord | None) -> pa.Table | None:
        stored = (record or self.open(run)).datasets.get(dataset)
        name: str | None = None if stored is None else getattr(stored, field)
        return None if name is None else read_data(self._directory(run), name)

    def _directory(self, run: str | Path) -> Path:
        if not _is_path(run):
            return self.paths(str(run)).directory
        path = Path(run)
        if path.is_dir():
            return path
        return path.parent if path.suffix.lower() == ".jsonl" else path.with_suffix("")


def read_data(run_dir: Path, name: str) -> pa.Table | None:
    """Returns the table in a data file of a run, or None if the file is not there any more.

    Raises:
        RunLogError: It is damaged, or `name` leads out of the run's directory.
    """
    path = inside(run_dir, name)
    if not path.is_file():
        return None
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_table(path, memory_map=False, partitioning=None)
    except (pa.ArrowException, OSError) as error:
        raise RunLogError(f"`{path}` cannot be read as Parquet: {str(error).splitlines()[0]}") from error


def inside(run_dir: Path, name: str) -> Path:
    """Returns the path of a file of a run.

    Raises:
        RunLogError: `name` leads out of the run's directory.
    """
    path = run_dir / name
    if not path.resolve().is_relative_to(run_dir.resolve()):
        raise RunLogError(f"`{name}` is not inside the run's directory `{run_dir}`")
    return path


def _is_path(run: str | Path) -> bool:
    return isinstance(run, Path) or os.sep in run or run.lower().endswith((".json", ".jsonl"))


def _read(paths: RunPaths) -> RunRecord:
    """Reads a run's journal, which tells most; its final log where there is no journal, or a huge one."""
    if not paths.final_log.exists():
        return read_run(paths.directory)
    if not paths.journal.exists():
        return read_log(paths.final_log)
    if paths.journal.stat().st_size <= _FOLD_UP_TO:
        try:
            return _read_journal(paths.journal)
        except RunLogError:  # damaged
            return read_log(paths.final_log)
    try:
        record = read_log(paths.final_log)
    except RunLogError:
        return _read_journal(paths.journal)
    return _read_journal(paths.journal) if record.ended is None else record  # saved before the end


def _over(record: RunRecord, paths: RunPaths) -> RunFollower:
    """Returns a follower of a run that has a final log and no journal."""
    return RunFollower.of_record(record, paths.directory)


def _read_journal(path: Path) -> RunRecord:
    builder = load_journal(path)
    record = builder.view()
    if not builder.finished:
        fate = fate_of(record, holder_state(path))
        if fate != "running":
            record = load_journal(path).view()  # its last words may have come just before it went
            if record.is_live:
                record = settle(record, fate)
    return record if record.run_id else replace(record, run_id=path.parent.name)


def _natural(run_id: str) -> tuple[str, int]:
    """Returns a key that sorts `run_X_10` after `run_X_9`."""
    stem, _, number = run_id.rpartition("_")
    return (stem, int(number)) if stem.count("_") == 2 and number.isdigit() else (run_id, 1)
