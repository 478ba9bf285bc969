"""Checker: checks a config again and again as it is edited, and only what changed since."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from odibi_core.checks.data import add_outputs, infer, inputs_of, ordered
from odibi_core.checks.final import finished
from odibi_core.checks.lab import Lab
from odibi_core.checks.tools import Tools
from odibi_core.checks.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from odibi_core.checks.schemas import Schema
    from odibi_core.config import Document
    from odibi_core.diagnostics import Diagnostic


@dataclass(frozen=True)
class Checked:
    """What a whole check came to.

    Attributes:
        diagnostics: Everything wrong, sorted by place.
        schemas: The schema of each dataset by its key; None where it is not known.
        anew: Names of the steps whose data was checked anew; what was found of the others is remembered.
    """

    diagnostics: tuple[Diagnostic, ...]
    schemas: Mapping[str, Schema | None] = field(default_factory=dict)
    anew: frozenset[str] = frozenset()


class Checker:
    """Checks documents one after the other, such as the states of a file under edit.

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
        self._lab = Lab()

    def structure(self, document: Document) -> tuple[Diagnostic, ...]:
        """Returns what is wrong with text, shape, graph and files, without a heavy import."""
        from odibi_core.checks import structural

        pipeline, found = structural(document, self._world(document))
        return finished(pipeline, found, whole=False)

    def whole(self, document: Document, *, cancelled: Callable[[], bool] | None = None) -> Checked:
        """Returns everything that is wrong, and the schema of every dataset.

        Args:
            document: The config as read.
            cancelled: Asked between steps; where it says yes the check ends with what it has.
        """
        from odibi_core.checks import structural

        world = self._world(document)
        pipeline, found = structural(document, world)
        tools = Tools(world, self._lab, pipeline)
        schemas: dict[str, Schema | None] = {}
        anew = set()
        for step in ordered(pipeline):
            if cancelled is not None and cancelled():
                break
            outcome = infer(step, inputs_of(step, schemas, pipeline), tools)
            add_outputs(step, outcome, schemas, pipeline)
            found.extend(outcome.diagnostics)
            anew.add(step.name)
        return Checked(finished(pipeline, found, whole=True), schemas, frozenset(anew))

    def close(self) -> None:
        """Frees what it holds."""
        self._lab.close()

    def _world(self, document: Document) -> World:
        base = Path(document.path).parent if self._base_dir is None else Path(self._base_dir)
        given: dict[str, Any] = {"variables": self._variables, "deep": self._deep}
        if self._cwd is not None:
            given["cwd"] = self._cwd
        if self._environ is not None:
            given["environ"] = self._environ
        return World(base, **given)
