"""The data of a step as a run kept it, and what changed in it: within a run, and between two."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from odibi_core.errors import RunError
from odibi_core.runs.diff import DataDiff, diff_tables

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

    from odibi_core.journal.record import RunRecord, SnapshotRecord, StepRecord
    from odibi_core.runs.store import RunStore


@dataclass(frozen=True, slots=True)
class StoredData:
    """What is at hand of what came into or out of a step.

    Attributes:
        snapshot: What was recorded of it.
        table: Its rows: all that were kept, else the first; None if none were stored.
        rows: How many rows it has in all, None where unknown.
    """

    snapshot: SnapshotRecord
    table: pa.Table | None
    rows: int | None

    @property
    def is_whole(self) -> bool:
        """Whether every row is at hand."""
        return bool(self.table is not None and self.rows == self.table.num_rows)


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
        RunError: The run has no such step, or a file of its data is damaged.
    """
    snapshot: SnapshotRecord | None = getattr(_step(record, step), position)
    if snapshot is None:
        return None
    dataset = None if snapshot.dataset is None else record.datasets.get(snapshot.dataset)
    if snapshot.dataset is None or dataset is None:
        return StoredData(snapshot, None, snapshot.rows)
    rows = snapshot.rows if snapshot.rows is not None else dataset.rows
    table = store.preview(run, snapshot.dataset, record=record)
    if dataset.full_file is not None and (table is None or rows is None or table.num_rows < rows):
        kept = store.full(run, snapshot.dataset, record=record)
        if kept is not None:
            table, rows = kept, kept.num_rows if rows is None else rows
    return StoredData(snapshot, table, rows)


def diff_step(
    store: RunStore, run: str | Path, step: str, *, tolerance: float = 0.0, max_rows: int = 1000
) -> DataDiff | None:
    """Returns what a step changed: from what came in to what came out.

    Returns:
        None if one of the two was not recorded: an ingest has no before, a store no after.

    Raises:
        RunError: There is no such run or step, or a file of its data is damaged.
    """
    record = store.open(run)
    before = stored_data(store, run, record, step, "before")
    after = stored_data(store, run, record, step, "after")
    if before is None or after is None:
        return None
    return _diff(before, after, _step(record, step).info.key, tolerance, max_rows)


def diff_results(
    store: RunStore,
    before_run: str | Path,
    after_run: str | Path,
    step: str,
    *,
    tolerance: float = 0.0,
    max_rows: int = 1000,
) -> DataDiff | None:
    """Returns what changed in a step's result from one run to another; of stores, in what went in.

    Returns:
        None if one of the two runs did not record it.

    Raises:
        RunError: There is no such run or step, or a file of its data is damaged.
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
    return None if before is None or after is None else _diff(before, after, key, tolerance, max_rows)


def _diff(
    before: StoredData, after: StoredData, key: tuple[str, ...], tolerance: float, max_rows: int
) -> DataDiff:
    return diff_tables(
        before.table,
        after.table,
        before_rows=before.rows,
        after_rows=after.rows,
        key=key,
        before_columns=before.snapshot.columns,
        after_columns=after.snapshot.columns,
        tolerance=tolerance,
        max_rows=max_rows,
    )


def _step(record: RunRecord, name: str) -> StepRecord:
    step = record.step(name)
    if step is None:
        raise RunError(f"run `{record.run_id}` has no step `{name}`")
    return step
