"""Two runs side by side: what differs between them, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from odibi_core.journal.schema_diff import schema_diff

if TYPE_CHECKING:
    from odibi_core.journal.events import ColumnInfo
    from odibi_core.journal.record import RunRecord, SnapshotRecord, StepRecord

# What of a step's configuration can differ; the name is what makes it the same step.
_CONFIGURATION = ("layer", "type", "engine", "value", "inputs", "outputs", "key")


@dataclass(frozen=True, slots=True)
class Changed:
    """A thing that differs, before and after."""

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
        configuration: Fields of the step that differ.
        schema: How its result's schema differs; None where one of the two is not known.
        rows_before: Rows of its result in the first run.
        rows_after: Rows of its result in the second run.
        dataset: Key of its result in the second run (else the first), for looking at the data.
    """

    name: str
    status: str
    before: StepRecord | None
    after: StepRecord | None
    configuration: tuple[Changed, ...] = ()
    schema: SchemaChange | None = None
    rows_before: int | None = None
    rows_after: int | None = None
    dataset: str | None = None

    @property
    def state_changed(self) -> bool:
        """Whether it ended differently."""
        return self.before is not None and self.after is not None and self.before.state != self.after.state

    @property
    def duration_delta_ms(self) -> float | None:
        """How much longer it took the second time, None where unknown."""
        if self.before is None or self.after is None:
            return None
        if self.before.duration_ms is None or self.after.duration_ms is None:
            return None
        return self.after.duration_ms - self.before.duration_ms

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
        )


@dataclass(frozen=True, slots=True)
class RunComparison:
    """Two runs side by side, from `before` to `after`.

    Attributes:
        before: The first run.
        after: The second run.
        run: What differs of the runs themselves: state, pipeline, source, digest, options, versions.
        steps: Every step of either, in the second run's order, those gone where they were.
    """

    before: RunRecord
    after: RunRecord
    run: tuple[Changed, ...]
    steps: tuple[StepComparison, ...]

    @property
    def duration_delta_ms(self) -> float | None:
        """How much longer the second run took, None where unknown."""
        if self.before.duration_ms is None or self.after.duration_ms is None:
            return None
        return self.after.duration_ms - self.before.duration_ms

    @property
    def differing(self) -> tuple[StepComparison, ...]:
        """Those steps in which anything but the duration differs."""
        return tuple(step for step in self.steps if step.differs)


def compare_runs(before: RunRecord, after: RunRecord) -> RunComparison:
    """Compares two runs; steps are the same when their names are."""
    return RunComparison(before, after, _compare_run(before, after), _compare_steps(before, after))


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


def _compare_steps(before: RunRecord, after: RunRecord) -> tuple[StepComparison, ...]:
    old = {step.info.name: step for step in before.steps}
    new = {step.info.name: step for step in after.steps}
    steps: list[StepComparison] = []
    gone = iter([(name, step) for name, step in old.items() if name not in new])
    pending = next(gone, None)
    places = {name: i for i, name in enumerate(old)}
    for name, step in new.items():
        # Those that are gone come before the step they stood before.
        while name in old and pending is not None and places[pending[0]] < places[name]:
            steps.append(_compare_step(*pending, None))
            pending = next(gone, None)
        steps.append(_compare_step(name, old.get(name), step))
    while pending is not None:
        steps.append(_compare_step(*pending, None))
        pending = next(gone, None)
    return tuple(steps)


def _compare_step(name: str, before: StepRecord | None, after: StepRecord | None) -> StepComparison:
    old, new = _result(before), _result(after)
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
    configuration = tuple(
        Changed(field, getattr(before.info, field), getattr(after.info, field))
        for field in _CONFIGURATION
        if getattr(before.info, field) != getattr(after.info, field)
    )
    return StepComparison(
        name,
        "both",
        before,
        after,
        configuration=configuration,
        schema=None if old is None or new is None else compare_schemas(old.columns, new.columns),
        rows_before=None if old is None else old.rows,
        rows_after=None if new is None else new.rows,
        dataset=dataset,
    )


def compare_schemas(before: tuple[ColumnInfo, ...], after: tuple[ColumnInfo, ...]) -> SchemaChange:
    """Returns what one schema gained, lost and changed in type to become the other."""
    found = schema_diff(before, after)
    return SchemaChange(
        tuple(found["added_columns"]),
        tuple(found["removed_columns"]),
        tuple(Changed(item["column"], item["before"], item["after"]) for item in found["changed_types"]),
    )


def _result(step: StepRecord | None) -> SnapshotRecord | None:
    """Returns what stands for a step's result: what came out, of stores and publishers what went in."""
    return None if step is None else step.after or step.before
