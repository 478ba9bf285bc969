"""Memory: what checks of steps came to, for as long as all that it rests on stays as it was."""

from __future__ import annotations

import os
import stat
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from odibi_core.config.origins import CsvOrigin, JsonOrigin, TableOrigin

if TYPE_CHECKING:
    from collections.abc import Mapping

    from odibi_core.checks.outcome import Outcome
    from odibi_core.checks.pipeline import Pipeline
    from odibi_core.checks.schemas import Schema
    from odibi_core.checks.world import World
    from odibi_core.core.node import Origin, Step
    from odibi_core.diagnostics import Diagnostic, Fix, Related, Span

    Inputs = Mapping[str, Schema | None]
    # What a file was when it was looked at; None where there was none.
    Stat = tuple[int, int, int, int] | None

_NOTHING: frozenset[str] = frozenset()
_STATES = 3  # of one step: an edit that is undone finds what it had
# A file that was written while it was read may be another one now under the same time.
_SETTLED_NS = 100_000_000


@dataclass(frozen=True, slots=True)
class _Kept:
    """What a check of a step came to, and what it rests on."""

    step: Step
    inputs: Inputs
    outside: int | None  # which state of all steps that read or write, where it is one of them
    shared: int | None  # which state of what others make known outside their outputs, where it may use that
    unread: frozenset[str]
    stats: tuple[tuple[str, Stat], ...]
    names: int  # which state of all names it was told in
    text: str | None  # what stands in the file, where something is told of it
    outcome: Outcome


class Memory:
    """Remembers the outcomes of the steps of one config, in their last few states."""

    def __init__(self) -> None:
        self._kept: dict[str, list[_Kept]] = {}
        self._world: World | None = None
        self._names: tuple[object, ...] = ()
        self._generation = 0
        self._outside: tuple[object, ...] = ()
        self._outside_generation = 0
        self._shared: tuple[object, ...] = ()
        self._shared_generation = 0

    def look_at(self, pipeline: Pipeline, world: World) -> None:
        """Takes in what is checked next: in another world nothing that was found holds any more."""
        if world != self._world:
            self._kept.clear()
            self._world = world
        # Messages name steps and datasets other than their own.
        names = (pipeline.graph.names, pipeline.graph.producers, pipeline.connects)
        if names != self._names:
            self._names = names
            self._generation += 1
        # What one step reads another may write, or write before it is read.
        outside = (tuple(filter(_is_outside, pipeline.steps)), pipeline.graph.needs)
        if outside != self._outside:
            self._outside = outside
            self._outside_generation += 1
        # The module of one function step registers short names; a Spark step makes views on the session.
        shared = (pipeline.function_modules, pipeline.spark_makers)
        if shared != self._shared:
            self._shared = shared
            self._shared_generation += 1

    def __bool__(self) -> bool:
        return bool(self._kept)

    def find(self, step: Step, inputs: Inputs, pipeline: Pipeline) -> Outcome | None:
        """Returns what a check of a step came to, if all that it rests on is as it was."""
        states = self._kept.get(step.name)
        if states is None:
            return None
        for index, kept in enumerate(states):
            if kept.step == step and kept.inputs == inputs and self._holds(kept, step, pipeline):
                outcome = self._told_again(kept, step)
                if outcome is not None:
                    if index:
                        states.insert(0, states.pop(index))
                    return outcome
        return None

    def _holds(self, kept: _Kept, step: Step, pipeline: Pipeline) -> bool:
        """Whether what is outside a step is as it was."""
        return (
            kept.outside in (None, self._outside_generation)
            and kept.shared in (None, self._shared_generation)
            and kept.unread == _unread(step, pipeline)
            and (not kept.stats or all(_stat(path) == found for path, found in kept.stats))
        )

    def keep(self, step: Step, inputs: Inputs, pipeline: Pipeline, outcome: Outcome, began_ns: int) -> None:
        """Remembers what a check of a step came to.

        Args:
            step: The step.
            inputs: The schemas of its inputs.
            pipeline: The steps.
            outcome: What was found.
            began_ns: When the check of the step began, in nanoseconds since 1970.
        """
        stats = tuple((path, _stat(path)) for path in outcome.looked_at)
        if any(found is not None and found[0] > began_ns - _SETTLED_NS for _, found in stats):
            return
        text = _text_of(step.origin) if outcome.diagnostics else None
        kept = _Kept(
            step, dict(inputs), self._outside_generation if _is_outside(step) else None,
            self._shared_generation if _may_share(step) else None, _unread(step, pipeline), stats,
            self._generation, text, outcome,
        )  # fmt: skip
        states = self._kept.setdefault(step.name, [])
        states.insert(0, kept)
        del states[_STATES:]

    def forget_others(self, pipeline: Pipeline) -> None:
        """Forgets the steps that are not in a pipeline."""
        for name in [name for name in self._kept if name not in pipeline.by_name]:
            del self._kept[name]

    def clear(self) -> None:
        """Forgets everything."""
        self._kept.clear()

    def _told_again(self, kept: _Kept, step: Step) -> Outcome | None:
        """Returns an outcome with its diagnostics at the places where the step stands now."""
        if not kept.outcome.diagnostics:
            return kept.outcome
        if kept.names != self._generation or kept.text != _text_of(step.origin):
            return None
        diagnostics = [_moved(found, kept.step.origin, step.origin) for found in kept.outcome.diagnostics]
        told = tuple(found for found in diagnostics if found is not None)
        return replace(kept.outcome, diagnostics=told) if len(told) == len(diagnostics) else None


def now_ns() -> int:
    """Returns the time, in nanoseconds since 1970, as files are dated."""
    return time.time_ns()


def _is_outside(step: Step) -> bool:
    """Whether a step reads or writes what is outside the pipeline's own data."""
    return step.layer != "transform" or step.type == "api" or "connection" in step.params


def _may_share(step: Step) -> bool:
    """Whether a step may use what others make known outside their outputs."""
    return step.type == "function" or step.engine == "spark"


def _unread(step: Step, pipeline: Pipeline) -> frozenset[str]:
    """Returns the fields of a step that could not be read."""
    fields = pipeline.gaps.fields
    if not fields or step.origin is None:
        return _NOTHING
    index = step.origin.index
    return frozenset(name for at, name in fields if at == index)


def _stat(path: str) -> Stat:
    """Returns what a file or directory is now; see `Outcome.looked_at` for what counts of it."""
    try:
        if path.endswith(os.sep):
            # Its time changes with each save of the config that is in it; what is in it does not.
            return 0, hash(frozenset(os.listdir(path))), 0, 0  # noqa: PTH208 - names alone are needed
        found = os.stat(path)  # noqa: PTH116 - a Path for each of many files costs more than the call
    except (OSError, ValueError):
        return None
    if stat.S_ISDIR(found.st_mode):
        return 0, 0, found.st_ino, found.st_mode
    return found.st_mtime_ns, found.st_size, found.st_ino, found.st_mode


def _text_of(origin: Origin | None) -> str | None:
    """Returns what a step's place in its file rests on; None where it has no text."""
    if isinstance(origin, JsonOrigin | CsvOrigin):
        return origin.source.text[origin.start : origin.end]
    if isinstance(origin, TableOrigin):
        return f"{origin.path}\0{origin.table}\0{origin.row}"
    return None


def _moved(found: Diagnostic, before: Origin | None, after: Origin | None) -> Diagnostic | None:
    """Returns a diagnostic where its step stands now; None where it has places outside the step."""
    if not isinstance(before, JsonOrigin | CsvOrigin) or not isinstance(after, JsonOrigin | CsvOrigin):
        return found
    if before.source is after.source:
        return found

    def moved(span: Span | None) -> Span | None:
        if span is None or span.start is None or span.end is None:
            return span
        if not before.start <= span.start <= span.end <= before.end:
            raise LookupError
        shift = after.start - before.start
        return after.source.span(span.start + shift, span.end + shift)

    def moved_fix(fix: Fix | None) -> Fix | None:
        if fix is None:
            return None
        if not before.start <= fix.start <= fix.end <= before.end:
            raise LookupError
        shift = after.start - before.start
        return replace(fix, start=fix.start + shift, end=fix.end + shift)

    def moved_related(related: Related) -> Related:
        return replace(related, span=moved(related.span))

    try:
        return replace(
            found, span=moved(found.span), fix=moved_fix(found.fix),
            related=tuple(moved_related(related) for related in found.related),
        )  # fmt: skip
    except LookupError:
        return None
