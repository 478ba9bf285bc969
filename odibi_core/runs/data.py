"""The data of a step as a run stored it, and what changed in it: within a run, and between two."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from odibi_core.errors import RunError
from odibi_core.runs.compare import compare_schemas
from odibi_core.runs.diff import EXACT_UP_TO, MEMORY_LIMIT, TOLERANCE, DataDiff, RowDiff, diff_tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import pyarrow as pa

    from odibi_core.journal.events import ColumnInfo
    from odibi_core.journal.record import DatasetRecord, RunRecord, SnapshotRecord, StepRecord
    from odibi_core.runs.store import RunStore


@dataclass(frozen=True, slots=True)
class StoredData:
    """What is at hand of a dataset.

    Attributes:
        dataset: Its key, None in logs of other programs.
        columns: Its schema as recorded, empty where unknown.
        rows: How many rows it has in all, None where unknown.
        file: The Parquet file of its rows, None where none were stored.
        kept: Whether the file holds all rows because they were kept; a preview may hold all, too.
        stored_rows: How many rows the file holds.
        digest: The file's digest, where it was kept.
    """

    dataset: str | None
    columns: tuple[ColumnInfo, ...]
    rows: int | None
    file: Path | None = None
    kept: bool = False
    stored_rows: int | None = None
    digest: str | None = None

    @property
    def is_whole(self) -> bool:
        """Whether every row is at hand."""
        return self.file is not None and self.rows is not None and self.rows == self.stored_rows

    def table(self) -> pa.Table | None:
        """Returns the rows at hand, None where none were stored or the file is gone.

        Raises:
            RunLogError: The file is damaged.
        """
        from odibi_core.runs.store import read_data

        return None if self.file is None else read_data(self.file.parent, self.file.name)


class Compared(NamedTuple):
    """Two datasets compared: the figures, and the differing rows, at most so many of them (None: all)."""

    diff: DataDiff
    rows: Callable[[int | None], Iterator[RowDiff]]


def stored_data(
    store: RunStore, run: str | Path, record: RunRecord, step: str, position: str
) -> StoredData | None:
    """Returns what is at hand of a step's "before" or "after"; None if there is no snapshot of it.

    Args:
        store: The store the run is in.
        run: The run's id or path.
        record: Its record.
        step: The step's name.
        position: "before" or "after".

    Raises:
        RunError: The run has no such step.
        RunLogError: A file of its data lies outside the run's directory.
    """
    snapshot: SnapshotRecord | None = getattr(_step(record, step), position)
    if snapshot is None:
        return None
    return _stored(store, run, record, snapshot.dataset, snapshot)


def stored_dataset(store: RunStore, run: str | Path, record: RunRecord, dataset: str) -> StoredData:
    """Returns what is at hand of a dataset of a run. Raises like `stored_data`."""
    return _stored(store, run, record, dataset, snapshot_of(record, dataset))


def snapshot_of(record: RunRecord, dataset: str) -> SnapshotRecord | None:
    """Returns the snapshot that tells most of a dataset: its producer's, else that of a step that read it."""
    found = [
        snapshot
        for position in ("after", "before")
        for step in record.steps
        if (snapshot := getattr(step, position)) is not None and snapshot.dataset == dataset
    ]
    return next((snapshot for snapshot in found if snapshot.columns), next(iter(found), None))


def _stored(
    store: RunStore, run: str | Path, record: RunRecord, dataset: str | None, snapshot: SnapshotRecord | None
) -> StoredData:
    columns = () if snapshot is None else snapshot.columns
    rows = None if snapshot is None else snapshot.rows
    known = None if dataset is None else record.datasets.get(dataset)
    if dataset is None or known is None:
        return StoredData(dataset, columns, rows)
    rows = known.rows if rows is None else rows
    preview = store.preview_file(run, dataset, record=record)
    data = StoredData(dataset, columns, rows, preview, stored_rows=known.preview_rows if preview else None)
    kept = store.kept(run, dataset, record=record)
    return data if kept is None else _with_kept(data, kept, known)


def _with_kept(data: StoredData, kept: Path, known: DatasetRecord) -> StoredData:
    """Takes the kept rows; a preview that holds all of them is as good, and quicker to read."""
    whole = replace(data, kept=True, digest=known.full_digest)
    if data.is_whole:
        return whole
    return replace(
        whole, file=kept, stored_rows=known.rows, rows=known.rows if data.rows is None else data.rows
    )


def diff_step(
    store: RunStore, run: str | Path, step: str, *, tolerance: float = 0.0, max_rows: int = 1000
) -> DataDiff | None:
    """Returns what a step changed: from what came in to what came out.

    Returns:
        None if one of the two was not recorded: an ingest has no before, a store no after.

    Raises:
        RunError: There is no such run or step.
        RunLogError: A file of its data is damaged.
    """
    record = store.open(run)
    before = stored_data(store, run, record, step, "before")
    after = stored_data(store, run, record, step, "after")
    if before is None or after is None:
        return None
    key = _step(record, step).info.key
    return diff_stored(
        before, after, key=key, tolerance=tolerance, max_rows=max_rows, exact_up_to=EXACT_UP_TO
    )


def diff_results(
    store: RunStore,
    before_run: str | Path,
    after_run: str | Path,
    step: str,
    *,
    tolerance: float = TOLERANCE,
    max_rows: int = 1000,
) -> DataDiff | None:
    """Returns what changed in a step's result from one run to another; of stores, in what went in.

    Returns:
        None if one of the two runs did not record it.

    Raises:
        RunError: There is no such run or step.
        RunLogError: A file of its data is damaged.
    """
    sides = []
    key: tuple[str, ...] = ()
    for run in (before_run, after_run):
        record = store.open(run)
        key = _step(record, step).info.key or key
        sides.append(
            stored_data(store, run, record, step, "after") or stored_data(store, run, record, step, "before")
        )
    before, after = sides
    if before is None or after is None:
        return None
    return diff_stored(before, after, key=key, tolerance=tolerance, max_rows=max_rows)


def diff_stored(
    before: StoredData,
    after: StoredData,
    *,
    key: Sequence[str] = (),
    tolerance: float = TOLERANCE,
    max_rows: int | None = 1000,
    exact_up_to: int | None = None,
    memory_limit: str = MEMORY_LIMIT,
) -> DataDiff:
    """Returns what changed from one dataset to another.

    Args:
        before: The one.
        after: The other.
        key: Columns that identify a row. Without, they are looked for, if all rows are at hand.
        tolerance: Floats whose difference is at most this part of the larger one count as the same.
        max_rows: Most rows returned, None for all; the figures count all.
        exact_up_to: With more rows than this on a side, a sample of keys is compared; None: all are.
        memory_limit: How much memory the comparison of many rows may use.

    Raises:
        RunLogError: A file is damaged, or there is no room.
    """
    with compared(
        before,
        after,
        key=key,
        tolerance=tolerance,
        max_rows=max_rows,
        exact_up_to=exact_up_to,
        memory_limit=memory_limit,
    ) as found:
        return replace(found.diff, rows=tuple(found.rows(max_rows)))


@contextlib.contextmanager
def compared(
    before: StoredData,
    after: StoredData,
    *,
    key: Sequence[str] = (),
    tolerance: float = TOLERANCE,
    max_rows: int | None = None,
    exact_up_to: int | None = None,
    memory_limit: str = MEMORY_LIMIT,
) -> Iterator[Compared]:
    """Compares two datasets like `diff_stored`; those of many rows that differ are read when asked for."""
    largest = max(before.stored_rows or 0, after.stored_rows or 0)
    if before.digest is not None and before.digest == after.digest:
        yield Compared(_same(before, after), lambda most: iter(()))
        return
    whole = before.is_whole and after.is_whole
    if whole and largest > EXACT_UP_TO:
        with _through_files(before, after, key, tolerance, exact_up_to, memory_limit) as found:
            yield found
        return
    diff = diff_tables(
        before.table(),
        after.table(),
        before_rows=before.rows,
        after_rows=after.rows,
        key=key,
        before_columns=before.columns or None,
        after_columns=after.columns or None,
        tolerance=tolerance,
        max_rows=max(before.stored_rows or 0, after.stored_rows or 0) * 2 if max_rows is None else max_rows,
        exact_up_to=EXACT_UP_TO if exact_up_to is None else exact_up_to,
    )
    if whole and not diff.key:  # of rows that stand several times the other way tells whether they are copies
        with _through_files(before, after, key, tolerance, None, memory_limit) as found:
            if found.diff.key:
                yield found
                return
    yield Compared(diff, lambda most: iter(first_rows(diff, most)))


@contextlib.contextmanager
def _through_files(
    before: StoredData,
    after: StoredData,
    key: Sequence[str],
    tolerance: float,
    exact_up_to: int | None,
    memory_limit: str,
) -> Iterator[Compared]:
    from odibi_core.runs.diff_join import FileDiff

    if before.file is None or after.file is None:
        raise ValueError("both sides must have a file")
    with FileDiff(
        before.file,
        after.file,
        before_columns=before.columns or None,
        after_columns=after.columns or None,
        key=key,
        tolerance=tolerance,
        exact_up_to=exact_up_to,
        memory_limit=memory_limit,
    ) as found:
        yield Compared(found.diff, found.rows)


def _same(before: StoredData, after: StoredData) -> DataDiff:
    """Returns the diff of two files that are the same to the byte."""
    schema = compare_schemas(before.columns, after.columns)
    return DataDiff(
        schema,
        before.rows,
        after.rows,
        "all rows",
        added=0,
        removed=0,
        changed=0,
        same=after.rows,
    )


def first_rows(diff: DataDiff, most: int | None) -> Sequence[RowDiff]:
    """Returns at most `most` of a diff's rows, with room for each sign."""
    from odibi_core.runs.diff import SIGNS, shares

    if most is None or len(diff.rows) <= most:
        return diff.rows
    counts = {sign: sum(row.sign == sign for row in diff.rows) for sign in SIGNS}
    room = shares(counts, most)
    picked = []
    for row in diff.rows:
        if room[row.sign]:
            room[row.sign] -= 1
            picked.append(row)
    return picked


def _step(record: RunRecord, name: str) -> StepRecord:
    step = record.step(name)
    if step is None:
        from odibi_core.text import nearest

        meant = nearest(name, (step.info.name for step in record.steps))
        raise RunError(
            f"run `{record.run_id}` has no step `{name}`",
            help=None if meant is None else f"it has a step `{meant}`",
        )
    return step
