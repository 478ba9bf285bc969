"""Checker: checks a config again and again as it is edited, and only what changed since."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from odibi_core.checks.data import add_outputs, infer, inputs_of
from odibi_core.checks.final import finished
from odibi_core.checks.memory import Memory, now_ns
from odibi_core.checks.sql.lab import Lab
from odibi_core.checks.sql.lab_errors import LabInterruptedError
from odibi_core.checks.tools import Tools
from odibi_core.checks.world import World
from odibi_core.engine.desk import Desk

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from odibi_core.checks.pipeline import Pipeline
    from odibi_core.checks.schemas import Schema
    from odibi_core.config import Document
    from odibi_core.core.node import Step
    from odibi_core.diagnostics import Diagnostic
    from odibi_core.plan.graph import Graph


@dataclass(frozen=True)
class Checked:
    """What a whole check came to.

    Attributes:
        diagnostics: Everything wrong, sorted by place.
        schemas: The schema of each dataset by its key; None where it is not known.
        anew: Names of the steps whose data was checked anew; what was found of the others is remembered.
        complete: False where the check was cancelled before it was through.
    """

    diagnostics: tuple[Diagnostic, ...]
    schemas: Mapping[str, Schema | None] = field(default_factory=dict)
    anew: frozenset[str] = frozenset()
    complete: bool = True


@dataclass(frozen=True)
class _Half:
    """The first half of a check: the structure of a config, and what is remembered of its data.

    Attributes:
        document: The config.
        world: Where it is checked.
        pipeline: Its steps.
        found: What is known to be wrong.
        schemas: Of the datasets that are as they were.
        remembered: Names of the steps that are, which need not be looked at again.
    """

    document: Document
    world: World
    pipeline: Pipeline
    found: list[Diagnostic]
    schemas: dict[str, Schema | None] = field(default_factory=dict)
    remembered: set[str] = field(default_factory=set)


class Checker:
    """Checks documents one after the other, such as the states of a file under edit.

    What was found of a step is remembered under all that it rests on: its fields, the schemas of its inputs,
    the files that were looked at, the environment. Only where one of these changes it is checked anew, and
    then what depends on it, as far as its schema changes. Any thread may use it; they take turns.

    Args:
        base_dir: What relative paths are relative to; the config's own directory if not given.
        cwd: The current directory, where a missing source may be instead.
        environ: What `${env:NAME}` is filled from; the process's own environment if not given.
        variables: What `${var:NAME}` is filled from.
        deep: Whether Spark's own analyser may be asked.
    """

    def __init__(
        self,
        *,
        base_dir: Path | None = None,
        cwd: Path | None = None,
        environ: Mapping[str, str] | None = None,
        variables: Mapping[str, Any] | None = None,
        deep: bool = False,
    ) -> None:
        self._base_dir = base_dir
        self._cwd = cwd
        self._environ = environ
        self._variables = dict(variables or {})
        self._deep = deep
        self._lock = threading.Lock()
        self._lab = Lab()
        self._desk = Desk()
        self._memory = Memory()
        self._half: _Half | None = None

    def structure(self, document: Document) -> tuple[Diagnostic, ...]:
        """Returns what is wrong with text, shape, graph and files, without a heavy import.

        What is remembered of the data of steps that are as they were is among it.
        """
        with self._lock:
            world = self._world(document)
            pipeline, found = self._structural(document, world)
            half = self._half = _Half(document, world, pipeline, list(found))
            if not self._memory:
                return finished(pipeline, found, whole=False, world=world)
            self._memory.look_at(pipeline, world)
            schemas = half.schemas
            stale: set[str] = set()
            for step in pipeline.ordered:
                keys = step.outputs.values()
                if not stale.isdisjoint(step.inputs.values()):
                    stale.update(keys)
                    continue
                outcome = self._memory.find(step, inputs_of(step, schemas, pipeline), pipeline)
                if outcome is None:
                    stale.update(keys)
                    continue
                half.remembered.add(step.name)
                add_outputs(step, outcome, schemas, pipeline)
                found.extend(outcome.diagnostics)
            half.found[:] = found
            return finished(pipeline, found, whole=False, world=world)

    def graph(self, document: Document) -> Graph:
        """Returns the graph of a config, at no cost where its structure has just been looked at."""
        half = self._half
        if half is not None and half.document is document:
            return half.pipeline.graph
        from odibi_core.plan.graph import Graph

        return Graph(document.steps)

    def whole(self, document: Document, *, cancelled: Callable[[], bool] | None = None) -> Checked:
        """Returns everything that is wrong, and the schema of every dataset.

        Args:
            document: The config as read.
            cancelled: Asked between steps; where it says yes the check ends with what it has.
        """
        with self._lock:
            world = self._world(document)
            half, self._half = self._half, None
            schemas: dict[str, Schema | None] = {}
            steps: Sequence[Step]
            if half is not None and half.document is document and half.world == world:
                pipeline, found, schemas = half.pipeline, half.found, half.schemas
                steps = [step for step in pipeline.ordered if step.name not in half.remembered]
            else:
                pipeline, found = self._structural(document, world)
                steps = pipeline.ordered
            self._memory.look_at(pipeline, world)
            tools = Tools(world, self._lab, pipeline, self._desk)
            anew: set[str] = set()
            for step in steps:
                if cancelled is not None and cancelled():
                    return self._incomplete(pipeline, world, found, schemas, anew)
                inputs = inputs_of(step, schemas, pipeline)
                outcome = self._memory.find(step, inputs, pipeline)
                if outcome is None:
                    began = now_ns()
                    try:
                        outcome = infer(step, inputs, tools)
                    except LabInterruptedError:
                        return self._incomplete(pipeline, world, found, schemas, anew)
                    anew.add(step.name)
                    self._memory.keep(step, inputs, pipeline, outcome, began)
                add_outputs(step, outcome, schemas, pipeline)
                found.extend(outcome.diagnostics)
            self._memory.forget_others(pipeline)
            return Checked(finished(pipeline, found, whole=True, world=world), schemas, frozenset(anew))

    def interrupt(self) -> None:
        """Ends a check that takes long, which then is not complete; from any thread, harmless when idle."""
        self._lab.interrupt()

    def close(self) -> None:
        """Frees what it holds; it can be used again."""
        with self._lock:
            self._memory.clear()
            self._half = None
            self._lab.close()
            self._desk.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _incomplete(
        self,
        pipeline: Pipeline,
        world: World,
        found: list[Diagnostic],
        schemas: Mapping[str, Schema | None],
        anew: set[str],
    ) -> Checked:
        told = finished(pipeline, found, whole=False, world=world)
        return Checked(told, schemas, frozenset(anew), complete=False)

    def _structural(self, document: Document, world: World) -> tuple[Pipeline, list[Diagnostic]]:
        from odibi_core.checks import structural

        return structural(document, world)

    def _world(self, document: Document) -> World:
        base = Path(document.path).parent if self._base_dir is None else Path(self._base_dir)
        given: dict[str, Any] = {"variables": self._variables, "deep": self._deep}
        if self._cwd is not None:
            given["cwd"] = self._cwd
        if self._environ is not None:
            given["environ"] = dict(self._environ)
        return World(base, **given)
