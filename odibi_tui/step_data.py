"""What there is to see of a step's data: its datasets, and their rows as Arrow tables."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pyarrow as pa

    from odibi_core.journal.events import ColumnInfo
    from odibi_core.journal.profile import Basis, Profile
    from odibi_core.journal.record import RunRecord, SnapshotRecord, StepRecord
    from odibi_core.runs.data import StoredData


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset as one step sees it.

    Attributes:
        position: "before" or "after".
        key: Its key in `data_map`, None in logs of other programs.
        rows: How many rows it has in all, None where unknown.
        columns: Its schema, empty where unknown.
        preview_file: Where its first rows are kept, relative to the run's directory.
        full_file: Where all of them are, if they were kept.
        profile_file: Where the statistics of its columns are, if they were stored.
        sample: Up to 5 rows, where that is all there is.
        several: The step has more than one at this position.
    """

    position: str
    key: str | None
    rows: int | None
    columns: tuple[ColumnInfo, ...]
    preview_file: str | None
    sample: tuple[dict[str, Any], ...]
    several: bool = False
    full_file: str | None = None
    profile_file: str | None = None


def datasets_of(record: RunRecord, step: StepRecord) -> list[Dataset]:
    """Returns what came into a step, then what came out, in the order of its inputs and outputs."""
    producers = _producers(record)
    found: list[Dataset] = []
    for position, snapshot, keys in (
        ("before", step.before, list(dict.fromkeys(step.info.inputs.values()))),
        ("after", step.after, list(dict.fromkeys(step.info.outputs.values()))),
    ):
        if snapshot is not None and snapshot.dataset is not None and snapshot.dataset not in keys:
            keys = [snapshot.dataset, *keys]
        if not keys and snapshot is not None:
            found.append(_of_snapshot(position, None, snapshot, record))
        for key in keys:
            own = snapshot if snapshot is not None and snapshot.dataset in (key, None) else None
            known = own if own is not None and own.columns else producers.get(key, own)
            if known is not None or key in record.datasets:
                found.append(_of_snapshot(position, key, known, record, several=len(keys) > 1))
    return found


def read_rows(dataset: Dataset, run_dir: Path | None, *, all_rows: bool = False) -> pa.Table:
    """Returns the rows there are: those kept, else the sample, else none under the right names.

    Args:
        dataset: Whose rows.
        run_dir: The run's directory.
        all_rows: Read all of them where they were kept, not only the first.

    Raises:
        RunLogError: The kept rows are damaged.
    """
    import pyarrow as pa

    file = (dataset.full_file if all_rows else None) or dataset.preview_file
    if file is not None and run_dir is not None:
        from odibi_core.runs.store import read_data

        table = read_data(run_dir, file)
        if table is not None:
            return table
    names = [column.name for column in dataset.columns]
    names += [name for row in dataset.sample for name in row if name not in names]
    names = list(dict.fromkeys(names))
    return pa.table({name: _array([row.get(name) for row in dataset.sample]) for name in names})


def read_profile(dataset: Dataset, run_dir: Path | None) -> Profile:
    """Returns the statistics of a dataset's columns: those stored, else of the rows there are.

    Raises:
        RunLogError: The stored statistics, or the kept rows, are damaged.
    """
    from odibi_core.engine.profiling import profile_arrow

    if dataset.profile_file is not None and run_dir is not None:
        from odibi_core.runs import profile

        stored = profile.read_profile(run_dir, dataset.profile_file)
        if stored is not None:
            return stored
    table = read_rows(dataset, run_dir)
    basis: Basis = "first" if dataset.preview_file is not None else "sample"
    if dataset.rows == table.num_rows:
        basis = "all"
    columns = dataset.columns
    if [column.name for column in columns] != table.column_names:
        columns = ()
    return profile_arrow(table, columns or None, rows=dataset.rows, basis=basis)


def stored_rows(dataset: Dataset, run_dir: Path | None) -> StoredData:
    """Returns what is at hand of a dataset for comparing it: all rows where they were kept, else the first.

    Raises:
        RunLogError: A file lies outside the run's directory, or is damaged.
    """
    from odibi_core.runs.data import StoredData
    from odibi_core.runs.store import inside

    known = StoredData(dataset.key, dataset.columns, dataset.rows)
    for name in (dataset.full_file, dataset.preview_file):
        if name is not None and run_dir is not None and (file := inside(run_dir, name)).is_file():
            return replace(known, file=file, kept=name == dataset.full_file, stored_rows=_rows_in(file))
    return known


def _rows_in(file: Path) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from odibi_core.errors import RunLogError

    try:
        return int(pq.read_metadata(file).num_rows)
    except (pa.ArrowException, OSError) as error:
        raise RunLogError(f"`{file}` cannot be read as Parquet: {str(error).splitlines()[0]}") from error


def _of_snapshot(
    position: str,
    key: str | None,
    snapshot: SnapshotRecord | None,
    record: RunRecord,
    *,
    several: bool = False,
) -> Dataset:
    stored = record.datasets.get(key) if key is not None else None
    rows = stored.rows if stored is not None else None
    if rows is None and snapshot is not None:
        rows = snapshot.rows
    return Dataset(
        position,
        key,
        rows,
        snapshot.columns if snapshot is not None else (),
        stored.preview_file if stored is not None else None,
        snapshot.sample if snapshot is not None else (),
        several,
        stored.full_file if stored is not None else None,
        stored.profile_file if stored is not None else None,
    )


def _producers(record: RunRecord) -> dict[str, SnapshotRecord]:
    return dict(_after_snapshots(record))


def _after_snapshots(record: RunRecord) -> Iterator[tuple[str, SnapshotRecord]]:
    for step in record.steps:
        for snapshot in (step.before, step.after):
            if snapshot is not None and snapshot.dataset is not None:
                yield snapshot.dataset, snapshot


def _array(values: list[Any]) -> pa.Array:
    import pyarrow as pa

    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):  # JSON values of several kinds in one column
        return pa.array([None if value is None else str(value) for value in values])
