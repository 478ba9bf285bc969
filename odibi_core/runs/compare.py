"""Two runs side by side: what differs between them, as a value."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from odibi_core.errors import RunError
from odibi_core.journal.schema_diff import schema_diff
from odibi_core.runs.compare_config import compare_configuration

if TYPE_CHECKING:
    from collections.abc import Mapping

    from odibi_core.journal.events import ColumnInfo
    from odibi_core.journal.record import ExpectationRecord, RunRecord, SnapshotRecord, StepRecord
    from odibi_core.runs.compare_data import RunPair
    from odibi_core.runs.diff import DataDiff
    from odibi_core.runs.drift import ColumnDrift

STEADY = 0.2
STEADY_MS = 100.0
"""A length has changed where it did by more than this part of the longer one, and by more than this time."""


@dataclass(frozen=True, slots=True)
class Changed:
    """A thing that differs, before and after; what is not there is None."""

    name: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class SchemaChange:
    """What a step's result has gained, lost and changed in type from one run to the other."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    types: tuple[Changed, ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.types)


@dataclass(frozen=True, slots=True)
class StepComparison:
    """A step in both runs.

    Attributes:
        name: The step.
        status: "both", "new" (only in the second run) or "gone" (only in the first).
        before: The step in the first run.
        after: The step in the second run.
        configuration: Fields of the step that differ, such as `value` or `params.sep`.
        schema: How its result's schema differs; None where one of the two is not known.
        rows_before: Rows of its result in the first run.
        rows_after: Rows of its result in the second run.
        dataset: Key of its result in the second run (else the first), for looking at the data.
        expectations: Those that were met in one run and not in the other, or are only in one.
        code_changed: Whether the code of its function is known to be another one.
    """

    name: str
    status: Literal["both", "new", "gone"]
    before: StepRecord | None
    after: StepRecord | None
    configuration: tuple[Changed, ...] = ()
    schema: SchemaChange | None = None
    rows_before: int | None = None
    rows_after: int | None = None
    dataset: str | None = None
    expectations: tuple[Changed, ...] = ()
    code_changed: bool = False

    @property
    def state_changed(self) -> bool:
        """Whether it ended differently; a result that was reused is as good as one that was made."""
        if self.before is None or self.after is None:
            return False
        states = {"success" if s.state == "reused" else s.state for s in (self.before, self.after)}
        return len(states) > 1

    @property
    def duration_delta_ms(self) -> float | None:
        """How much longer it took the second time, None where unknown."""
        if self.before is None or self.after is None:
            return None
        if self.before.duration_ms is None or self.after.duration_ms is None:
            return None
        return self.after.duration_ms - self.before.duration_ms

    @property
    def pace(self) -> Literal["slower", "faster"] | None:
        """Whether it took markedly longer or shorter, by more than 20 % and 100 ms; None where it did not.

        A step whose result was reused in one of the runs did not do the same work.
        """
        if self.before is None or self.after is None or "reused" in (self.before.state, self.after.state):
            return None
        return pace(self.before.duration_ms, self.after.duration_ms)

    @property
    def row_delta(self) -> int | None:
        """How many more rows it gave the second time, None where unknown."""
        if self.rows_before is None or self.rows_after is None:
            return None
        return self.rows_after - self.rows_before

    @property
    def differs(self) -> bool:
        """Whether anything but its duration differs, as far as is known."""
        return bool(
            self.status != "both"
            or self.state_changed
            or self.configuration
            or self.schema
            or self.rows_before != self.rows_after
            or self.expectations
            or self.code_changed
        )


@dataclass(frozen=True, slots=True)
class RunComparison:
    """Two runs side by side, from `before` to `after`.

    Attributes:
        before: The first run.
        after: The second run.
        run: What differs of the runs themselves: state, pipeline, source, digest, options, versions.
        steps: Every step of either, in the second run's order, those gone where they were.
        data: Where their data lie; None for records alone, of which no data can be compared.
    """

    before: RunRecord
    after: RunRecord
    run: tuple[Changed, ...]
    steps: tuple[StepComparison, ...]
    data: RunPair | None = field(default=None, compare=False, repr=False)

    @property
    def duration_delta_ms(self) -> float | None:
        """How much longer the second run took, None where unknown."""
        if self.before.duration_ms is None or self.after.duration_ms is None:
            return None
        return self.after.duration_ms - self.before.duration_ms

    @property
    def pace(self) -> Literal["slower", "faster"] | None:
        """Whether the second run took markedly longer or shorter; None where it did not."""
        return pace(self.before.duration_ms, self.after.duration_ms)

    @property
    def differing(self) -> tuple[StepComparison, ...]:
        """Those steps in which anything but the duration differs."""
        return tuple(step for step in self.steps if step.differs)

    def step(self, name: str) -> StepComparison:
        """Returns the step of that name.

        Raises:
            RunError: Neither run has it.
        """
        found = next((step for step in self.steps if step.name == name), None)
        if found is None:
            from odibi_core.text import nearest

            meant = nearest(name, (step.name for step in self.steps))
            raise RunError(
                f"neither run has a step `{name}`",
                help=None if meant is None else f"they have a step `{meant}`",
            )
        return found

    def results(self, step: str) -> tuple[str, ...]:
        """Returns the keys of a step's datasets that both runs have a result of; of a store, what went in.

        Raises:
            RunError: Neither run has the step.
        """
        self.step(step)
        return () if self.data is None else self.data.results(step)

    def diff(self, step: str, dataset: str | None = None, **options: Any) -> DataDiff | None:
        """Returns what changed in a step's result, or None where one of the runs has none.

        Args:
            step: The step.
            dataset: Which of its results; by default the first.
            **options: As `compare_data.RunPair.diff` takes them: key, tolerance, max_rows, memory_limit.

        Raises:
            RunError: Neither run has the step.
            RunLogError: A file of the data is damaged.
        """
        wanted = next(iter(self.results(step)), None) if dataset is None else dataset
        if self.data is None or wanted is None:
            return None
        return self.data.diff(wanted, **options)

    def drift(self, step: str, dataset: str | None = None) -> tuple[ColumnDrift, ...]:
        """Returns how the values of each column of a step's result have moved; empty without profiles.

        Raises:
            RunError: Neither run has the step.
            RunLogError: A profile is damaged.
        """
        wanted = next(iter(self.results(step)), None) if dataset is None else dataset
        return () if self.data is None or wanted is None else self.data.drift(wanted)


def compare_runs(
    before: RunRecord,
    after: RunRecord,
    *,
    before_steps: Mapping[str, Mapping[str, Any]] | None = None,
    after_steps: Mapping[str, Mapping[str, Any]] | None = None,
    data: RunPair | None = None,
) -> RunComparison:
    """Compares two runs; steps are the same when their names are.

    Args:
        before: The first run.
        after: The second run.
        before_steps: The first run's steps as they were written, by name, where known.
        after_steps: The second run's steps.
        data: Where the runs' data lie.
    """
    written = None if before_steps is None or after_steps is None else (before_steps, after_steps)
    steps = _compare_steps(before, after, written)
    return RunComparison(before, after, _compare_run(before, after), steps, data)


def pace(before_ms: float | None, after_ms: float | None) -> Literal["slower", "faster"] | None:
    """Returns whether something took markedly longer or shorter the second time; None where it did not."""
    if before_ms is None or after_ms is None:
        return None
    delta = after_ms - before_ms
    if abs(delta) <= max(STEADY_MS, STEADY * max(before_ms, after_ms)) or math.isnan(delta):
        return None
    return "slower" if delta > 0 else "faster"


def compare_schemas(before: tuple[ColumnInfo, ...], after: tuple[ColumnInfo, ...]) -> SchemaChange:
    """Returns what one schema gained, lost and changed in type to become the other."""
    found = schema_diff(before, after)
    return SchemaChange(
        tuple(found["added_columns"]),
        tuple(found["removed_columns"]),
        tuple(Changed(item["column"], item["before"], item["after"]) for item in found["changed_types"]),
    )


def result_of(step: StepRecord | None) -> SnapshotRecord | None:
    """Returns what stands for a step's result: what came out, of stores and publishers what went in."""
    return None if step is None else step.after or step.before


_Written = tuple["Mapping[str, Mapping[str, Any]]", "Mapping[str, Mapping[str, Any]]"] | None


def _compare_run(before: RunRecord, after: RunRecord) -> tuple[Changed, ...]:
    changed = [
        Changed(name, getattr(before, name), getattr(after, name))
        for name in ("state", "pipeline", "source", "digest", "base_dir", "host")
        if getattr(before, name) != getattr(after, name)
    ]
    for name in ("options", "versions"):
        old, new = getattr(before, name), getattr(after, name)
        changed += [
            Changed(f"{name}.{key}", old.get(key), new.get(key))
            for key in [*old, *(key for key in new if key not in old)]
            if old.get(key) != new.get(key)
        ]
    return tuple(changed)


def _compare_steps(before: RunRecord, after: RunRecord, written: _Written) -> tuple[StepComparison, ...]:
    old = {step.info.name: step for step in before.steps}
    new = {step.info.name: step for step in after.steps}
    steps: list[StepComparison] = []
    gone = iter([(name, step) for name, step in old.items() if name not in new])
    pending = next(gone, None)
    places = {name: i for i, name in enumerate(old)}
    for name, step in new.items():
        # Those that are gone come before the step they stood before.
        while name in old and pending is not None and places[pending[0]] < places[name]:
            steps.append(_compare_step(*pending, None, written))
            pending = next(gone, None)
        steps.append(_compare_step(name, old.get(name), step, written))
    while pending is not None:
        steps.append(_compare_step(*pending, None, written))
        pending = next(gone, None)
    return tuple(steps)


def _compare_step(
    name: str, before: StepRecord | None, after: StepRecord | None, written: _Written
) -> StepComparison:
    old, new = result_of(before), result_of(after)
    dataset = next((snapshot.dataset for snapshot in (new, old) if snapshot is not None), None)
    if before is None or after is None:
        return StepComparison(
            name,
            "new" if before is None else "gone",
            before,
            after,
            rows_before=None if old is None else old.rows,
            rows_after=None if new is None else new.rows,
            dataset=dataset,
        )
    sides = (None, None) if written is None else (written[0].get(name), written[1].get(name))
    return StepComparison(
        name,
        "both",
        before,
        after,
        configuration=compare_configuration(before.info, after.info, *sides),
        schema=None if old is None or new is None else compare_schemas(old.columns, new.columns),
        rows_before=None if old is None else old.rows,
        rows_after=None if new is None else new.rows,
        dataset=dataset,
        expectations=_compare_expectations(before, after),
        code_changed=_code_of(before) != _code_of(after) and None not in (_code_of(before), _code_of(after)),
    )


def _compare_expectations(before: StepRecord, after: StepRecord) -> tuple[Changed, ...]:
    old = {expectation.name: expectation for expectation in before.expectations}
    new = {expectation.name: expectation for expectation in after.expectations}
    return tuple(
        Changed(name, old.get(name), new.get(name))
        for name in dict.fromkeys([*new, *old])
        if _met(old.get(name)) != _met(new.get(name))
    )


def _met(expectation: ExpectationRecord | None) -> tuple[bool, int | None] | None:
    return None if expectation is None else (expectation.passed, expectation.failing)


def _code_of(step: StepRecord) -> str | None:
    return None if step.fingerprint is None else step.fingerprint.parts.get("code")
