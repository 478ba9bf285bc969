"""NodeRuntime: what a run hands its nodes beside step, context, tracker and events."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

from odibi_core.functions.isolation import IsolatedWorkers

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from odibi_core.config.placeholders import Values
    from odibi_core.journal.redaction import Redactor


def _environment() -> Values:
    from odibi_core.config.placeholders import Values

    return Values({}, os.environ)


@dataclass
class NodeRuntime:
    """A node without a run gets one of its own: no variables, the process's environment.

    Attributes:
        values: What `${var:...}` and `${env:...}` stand for.
        workers: Where functions run that may have to be killed.
        connections: How each connection was opened, to open it again in another process.
        timeout: Seconds the step may take, None for ever.
        isolate: Whether its function runs in a process of its own.
        previews: Whether the first rows of each dataset are kept.
        profile: How their columns are profiled: sample, full or off.
    """

    values: Values = field(default_factory=_environment)
    workers: IsolatedWorkers = field(default_factory=IsolatedWorkers)
    connections: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    timeout: float | None = None
    isolate: bool = False
    previews: bool = True
    profile: str = "sample"
    _told: set[str] = field(default_factory=set, repr=False)

    @classmethod
    def of(cls, variables: Mapping[str, Any], *, previews: bool, profile: str, base_dir: Path | None) -> Self:
        """Returns the runtime of a run."""
        from odibi_core.config.placeholders import Values

        values, workers = Values(variables, os.environ), IsolatedWorkers(base_dir)
        return cls(values, workers, previews=previews, profile=profile)

    def for_step(self, timeout: float | None, *, isolate: bool) -> Self:
        """Returns the same with a step's own options."""
        return replace(self, timeout=timeout, isolate=isolate)

    def hide_secrets(self, redactor: Redactor) -> None:
        """Makes the secrets that placeholders stood for known to the redactor."""
        for secret in self.values.secrets - self._told:
            redactor.add(secret)
            self._told.add(secret)

    def close(self) -> None:
        """Ends the processes functions run in."""
        self.workers.close()
