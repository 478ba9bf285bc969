"""RunPair: the data of two runs, dataset by dataset: what changed, and how columns have drifted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from odibi_core.runs.data import compared, diff_stored, stored_dataset
from odibi_core.runs.diff import MEMORY_LIMIT, TOLERANCE
from odibi_core.runs.drift import compare_profiles

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from odibi_core.journal.record import RunRecord, StepRecord
    from odibi_core.runs.data import Compared, StoredData
    from odibi_core.runs.diff import DataDiff
    from odibi_core.runs.drift import ColumnDrift
    from odibi_core.runs.store import RunStore


@dataclass(frozen=True)
class RunPair:
    """Two runs of a store.

    Attributes:
        store: The store.
        before: The first run's id or path.
        after: The second run's.
        before_record: The first run's record.
        after_record: The second run's.
    """

    store: RunStore
    before: str | Path
    after: str | Path
    before_record: RunRecord
    after_record: RunRecord

    def results(self, step: str) -> tuple[str, ...]:
        """Returns the keys of a step's datasets that both runs know; of a store, what went in."""
        old, new = (record.step(step) for record in (self.before_record, self.after_record))
        if old is None or new is None:
            return ()
        known = _datasets(old)
        return tuple(key for key in _datasets(new) if key in known)

    def sides(self, dataset: str) -> tuple[StoredData, StoredData]:
        """Returns what is at hand of a dataset in both runs.

        Raises:
            RunLogError: A file of it lies outside the run's directory.
        """
        return (
            stored_dataset(self.store, self.before, self.before_record, dataset),
            stored_dataset(self.store, self.after, self.after_record, dataset),
        )

    def diff(
        self,
        dataset: str,
        *,
        key: Sequence[str] = (),
        tolerance: float = TOLERANCE,
        max_rows: int | None = 1000,
        memory_limit: str = MEMORY_LIMIT,
    ) -> DataDiff:
        """Returns what changed in a dataset.

        Args:
            dataset: Its key in `data_map`.
            key: Columns that identify a row; by default those of `metadata.key` of the step that makes it,
                else they are looked for.
            tolerance: Floats whose difference is at most this part of the larger one count as the same.
            max_rows: Most rows returned, None for all; the figures count all.
            memory_limit: How much memory the comparison of many rows may use.

        Raises:
            RunLogError: A file is damaged, or there is no room.
        """
        return diff_stored(
            *self.sides(dataset),
            key=key or self.key_of(dataset),
            tolerance=tolerance,
            max_rows=max_rows,
            memory_limit=memory_limit,
        )

    def open_diff(
        self,
        dataset: str,
        *,
        key: Sequence[str] = (),
        tolerance: float = TOLERANCE,
        max_rows: int | None = None,
        memory_limit: str = MEMORY_LIMIT,
    ) -> AbstractContextManager[Compared]:
        """Compares like `diff`, for reading the differing rows one by one, however many there are."""
        return compared(
            *self.sides(dataset),
            key=key or self.key_of(dataset),
            tolerance=tolerance,
            max_rows=max_rows,
            memory_limit=memory_limit,
        )

    def drift(self, dataset: str) -> tuple[ColumnDrift, ...]:
        """Returns how the values of each column that both runs have a profile of have moved.

        Raises:
            RunLogError: A profile is damaged.
        """
        before = self.store.profile(self.before, dataset, record=self.before_record)
        after = self.store.profile(self.after, dataset, record=self.after_record)
        return () if before is None or after is None else compare_profiles(before, after)

    def key_of(self, dataset: str) -> tuple[str, ...]:
        """Returns `metadata.key` of the step that makes a dataset: the second run's, else the first's."""
        for record in (self.after_record, self.before_record):
            for step in record.steps:
                if step.info.key and dataset in step.info.outputs.values():
                    return step.info.key
        return ()


def _datasets(step: StepRecord) -> tuple[str, ...]:
    """Returns the keys of what a step gives, of stores and publishers of what they take."""
    keys = list(step.info.outputs.values())
    snapshots = (step.after, step.before) if not keys else (step.after,)
    keys += [snapshot.dataset for snapshot in snapshots if snapshot is not None and snapshot.dataset]
    return tuple(dict.fromkeys(keys or step.info.inputs.values()))
