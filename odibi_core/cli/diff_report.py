"""What `runs diff` is to tell, form apart: which steps and datasets, compared one after the other."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from odibi_core.runs.compare import result_of
from odibi_core.runs.compare_words import is_worth_telling

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from odibi_core.runs.compare import RunComparison, StepComparison
    from odibi_core.runs.data import Compared
    from odibi_core.runs.diff import DataDiff
    from odibi_core.runs.drift import ColumnDrift


@dataclass(frozen=True, slots=True)
class DataOptions:
    """How data are compared; what is None is left at its default. `rows` are those shown, None for all."""

    key: tuple[str, ...] = ()
    tolerance: float | None = None
    rows: int | None = 20
    memory_limit: str | None = None


@dataclass(slots=True)
class Report:
    """A comparison as it is told. What it costs time to find is found when it is asked for.

    Attributes:
        comparison: The two runs.
        names: The steps to tell of.
        options: How to compare the data; None: not at all.
    """

    comparison: RunComparison
    names: tuple[str, ...]
    options: DataOptions | None
    _data_differs: bool = field(default=False, init=False)
    _is_open: bool = field(default=False, init=False)

    @property
    def steps(self) -> tuple[StepComparison, ...]:
        """The steps to tell of."""
        return tuple(step for step in self.comparison.steps if step.name in self.names)

    @property
    def differs(self) -> bool:
        """Whether anything that was told differs, but the time taken."""
        return self._data_differs or any(step.differs for step in self.steps)

    @property
    def is_open(self) -> bool:
        """Whether data could not be compared, or not whole, so that they may differ."""
        if self.options is None or self._is_one_run:
            return False
        return self._is_open or any(  # logs of other programs tell of no datasets
            _has_result(step) and not self.datasets(step, stores=True) for step in self.steps
        )

    @property
    def _is_one_run(self) -> bool:
        pair, before, after = self.comparison.data, self.comparison.before, self.comparison.after
        if before.foreign or pair is None:  # two such logs may well be equal
            return pair is not None and pair.before == pair.after
        return before.run_id == after.run_id and before == after

    def datasets(self, step: StepComparison, *, stores: bool) -> tuple[str, ...]:
        """Returns the datasets of a step that both runs have.

        Args:
            step: The step.
            stores: Whether what goes into a store counts; it is another step's result.
        """
        pair = self.comparison.data
        if pair is None or self.options is None or step.status != "both":
            return ()
        gives = step.after is not None and bool(step.after.info.outputs or step.after.after)
        return pair.results(step.name) if gives or stores else ()

    def open(self, dataset: str) -> AbstractContextManager[Compared]:
        """Compares a dataset; its differing rows are read from what this returns.

        Raises:
            RunLogError: A file of it is damaged, or there is no room.
        """
        pair, options = self.comparison.data, self.options
        if pair is None or options is None:
            raise ValueError("this report tells of no data")
        given = {"tolerance": options.tolerance, "memory_limit": options.memory_limit}
        return pair.open_diff(
            dataset,
            key=options.key,
            max_rows=options.rows,
            **{name: value for name, value in given.items() if value is not None},  # type: ignore[arg-type]
        )

    def note(self, step: StepComparison, diff: DataDiff) -> None:
        """Remembers that data differ, or that it is not proved that they do not."""
        self._data_differs |= bool(diff.differing or diff.schema)
        self._is_open |= not diff.is_empty and _has_result(step) and not self._is_one_run

    def note_failure(self) -> None:
        """Remembers that a dataset could not be compared."""
        self._is_open = True

    def drift(self, dataset: str, diff: DataDiff, *, everything: bool) -> Iterator[ColumnDrift]:
        """Yields the columns of a dataset whose values have moved.

        Args:
            dataset: The dataset.
            diff: What changed in it; columns whose cells changed are told of however little they moved.
            everything: Those that moved little, and keys, are told of, too.
        """
        pair = self.comparison.data
        for column in () if pair is None else pair.drift(dataset):
            if column.level != "none" and (everything or is_worth_telling(column, diff)):
                yield column


def _has_result(step: StepComparison) -> bool:
    """Whether both runs have a result of a step, of a store what went in."""
    return result_of(step.before) is not None and result_of(step.after) is not None
