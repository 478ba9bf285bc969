"""What checks look at: the steps, their graph, and what is known to be damaged."""

from __future__ import annotations

import os
import re
from functools import cached_property
from typing import TYPE_CHECKING

from odibi_core.config.document import Gaps
from odibi_core.plan.graph import Graph

if TYPE_CHECKING:
    from collections.abc import Sequence

    from odibi_core.core.node import Step
    from odibi_core.diagnostics import Span

_MAKES = re.compile(r"\b(?:create|use)\b", re.IGNORECASE)


class Pipeline:
    """The steps under check.

    Attributes:
        steps: The steps in config order, duplicates included.
        gaps: What could not be read of them.
        graph: Who needs whom.
    """

    def __init__(self, steps: Sequence[Step], gaps: Gaps | None = None) -> None:
        self.steps = tuple(steps)
        self.gaps = gaps if gaps is not None else Gaps()
        self.graph = Graph(self.steps)

    @cached_property
    def ordered(self) -> tuple[Step, ...]:
        """The steps so that each comes after all it needs, without those on cycles and second ones."""
        return tuple(self.by_name[name] for name in self.graph.order())

    @cached_property
    def by_name(self) -> dict[str, Step]:
        """The first step of each name."""
        found: dict[str, Step] = {}
        for step in self.steps:
            found.setdefault(step.name, step)
        return found

    @cached_property
    def connects(self) -> frozenset[str]:
        """The names of the connect steps."""
        return frozenset(step.name for step in self.steps if step.layer == "connect")

    @cached_property
    def writers(self) -> dict[str, tuple[Step, ...]]:
        """The store and publish steps by the path in their value, as written but for `.` and `..`."""
        found: dict[str, tuple[Step, ...]] = {}
        for step in self.steps:
            if step.layer in ("store", "publish") and step.type != "function" and step.value.strip():
                path = os.path.normpath(step.value)
                found[path] = (*found.get(path, ()), step)
        return found

    @cached_property
    def function_modules(self) -> tuple[str, ...]:
        """The modules that function steps name, each once: `scoring` of `scoring.add_score`."""
        dotted = (step.value.strip() for step in self.steps if step.type == "function" and "." in step.value)
        return tuple(dict.fromkeys(name.rpartition(".")[0] for name in dotted if "${" not in name))

    @cached_property
    def spark_makers(self) -> frozenset[str]:
        """The names of Spark steps that may make tables or functions which other Spark steps can name."""
        return frozenset(
            step.name
            for step in self.steps
            if step.engine == "spark"
            and (step.type == "function" or (step.type == "sql" and _MAKES.search(step.value) is not None))
        )

    def is_known(self, step: Step, field: str) -> bool:
        """Whether a field of a step is what was written, so that it may be judged."""
        return (
            step.origin is None or not self.gaps.fields or (step.origin.index, field) not in self.gaps.fields
        )


def place(
    step: Step, *field: str | int, key: bool = False, start: int | None = None, end: int | None = None
) -> Span | None:
    """Returns the place of a field; None for a step built by hand."""
    return None if step.origin is None else step.origin.locate(*field, key=key, start=start, end=end)
