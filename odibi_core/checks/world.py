"""World: what a check may look at outside the config. Reading is all it does there."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from odibi_core.config.placeholders import Values


@dataclass(frozen=True)
class World:
    """Where a config is checked.

    Attributes:
        base_dir: What relative paths of sources and targets are relative to.
        cwd: The current directory, where a missing source may be instead.
        environ: The environment that `${env:NAME}` is filled from.
        variables: The variables that `${var:NAME}` is filled from.
        deep: Whether Spark's own analyser may be asked (`--deep`), which starts Java.
    """

    base_dir: Path
    cwd: Path = field(default_factory=Path.cwd)
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ), repr=False)
    variables: Mapping[str, Any] = field(default_factory=dict, repr=False)
    deep: bool = False

    def values(self) -> Values:
        """Returns what placeholders are filled with."""
        from odibi_core.config.placeholders import Values

        return Values(dict(self.variables), dict(self.environ))

    def resolve(self, path: str | Path) -> Path:
        """Returns a path of the config as an absolute one."""
        return self.base_dir.absolute() / path
