"""RunRequest: everything a run is told before it starts."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from odibi_core.core.node import Step
    from odibi_core.journal.profile import ProfileMode


@dataclass(frozen=True, kw_only=True)
class RunRequest:
    """What to run and how. It is pickled on its way to the run.

    Attributes:
        steps: The steps, in config order.
        pipeline: The pipeline's name.
        source: The config they came from, as the person named it.
        digest: The config's digest.
        base_dir: What relative paths are relative to; importable in the run.
        log_dir: Where runs are recorded; below `base_dir` where it is relative.
        engine: The engine of steps that name none, and of the run's main context.
        variables: Values for `${var:NAME}`.
        parallel: Whether independent steps run side by side.
        max_workers: How many at most.
        max_retries: How often a failed step is tried again.
        retry_delay: Seconds before the first of these, growing from there.
        keep_going: Whether steps that do not need a failed one still run.
        use_cache: Whether kept results of earlier runs are reused.
        keep: Which full results are kept: auto, all or none; if not given, auto where previews are stored.
        resume: Directory of the run to carry on with, absolute.
        only: The steps to run, None for all.
        previews: Whether previews of datasets are stored.
        profile: How columns are profiled: sample, full, off, or None for sample where previews are stored.
        timeout: Seconds after which the run is ended, None for never.
        grace: Seconds a run has to end by itself when it is asked to, before it is killed.
    """

    steps: Sequence[Step]
    pipeline: str
    base_dir: Path
    source: str | None = None
    digest: str | None = None
    log_dir: Path = Path("tracker_logs")
    engine: str = "pandas"
    variables: Mapping[str, Any] = field(default_factory=dict)
    parallel: bool = True
    max_workers: int = 4
    max_retries: int = 0
    retry_delay: float = 1.0
    keep_going: bool = False
    use_cache: bool = False
    keep: str | None = None
    resume: Path | None = None
    only: frozenset[str] | None = None
    previews: bool = True
    profile: ProfileMode | None = None
    timeout: float | None = None
    grace: float = 0.6


@dataclass(frozen=True)
class Surroundings:
    """What a run takes over from the application at the moment it is started, wherever it is forked from.

    Attributes:
        environ: The environment.
        path: Where modules are found.
        cwd: The current directory, None if it has been removed.
    """

    environ: dict[str, str]
    path: list[str]
    cwd: str | None

    @classmethod
    def here(cls) -> Surroundings:
        """Returns those of this process."""
        try:
            cwd = str(Path.cwd())
        except FileNotFoundError:
            cwd = None
        return cls(dict(os.environ), list(sys.path), cwd)

    def take_over(self) -> None:
        """Makes them this process's own."""
        if dict(os.environ) != self.environ:
            os.environ.clear()
            os.environ.update(self.environ)
        sys.path[:] = self.path
        if self.cwd is not None:
            os.chdir(self.cwd)


@dataclass(frozen=True)
class Start:
    """The first message to a run's processes."""

    request: RunRequest
    surroundings: Surroundings

    @property
    def log_dir(self) -> Path:
        """Where the run is recorded, absolute."""
        return self.base_dir / self.request.log_dir

    @property
    def base_dir(self) -> Path:
        """What relative paths are relative to, absolute."""
        return Path(self.surroundings.cwd or "/") / self.request.base_dir
