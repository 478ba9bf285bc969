"""Pipelines that are run, changed and run again, and how their outcome is compared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from odibi_core.core import EventEmitter, Orchestrator, Step, Tracker, create_engine_context
from odibi_core.errors import OdibiError
from odibi_core.reuse.past import PastRun


class Bench:
    """A directory with data and functions in which pipelines run, each in its own log.

    Attributes:
        directory: The base directory.
        engine: The engine of the steps.
    """

    def __init__(self, directory: Path, engine: str = "duckdb") -> None:
        self.directory = directory
        self.engine = engine
        self.log_dir = directory / "tracker_logs"

    def run(self, steps: list[Step], *, log_dir: Path | None = None, **options: Any) -> PastRun:
        """Runs steps as `odibi-core run` does and returns the run; one that fails is a run too."""
        tracker = Tracker(log_dir or self.log_dir)
        with create_engine_context(self.engine, base_dir=self.directory) as context:
            settings = {"pipeline": "p", "keep_frames": False, "max_workers": 2, **options}
            run = Orchestrator(steps, context, tracker, EventEmitter(), **settings)
            try:
                run.run()
            except (OdibiError, ValueError, KeyError, ZeroDivisionError) as error:
                if tracker.view.state not in ("failed", "cancelled"):
                    raise
                self.error: Exception | None = error
            finally:
                run.close()
        assert tracker.paths is not None
        return PastRun(tracker.paths.directory)


def states(run: PastRun) -> dict[str, str]:
    """Returns step -> state."""
    return {name: step.state for name, step in run.steps.items()}


def ran(run: PastRun) -> set[str]:
    """Returns the steps that worked."""
    return {name for name, state in states(run).items() if state in ("success", "failed")}


def told(run: PastRun, step: str) -> str | None:
    """Returns what a run says about why a step ran, was reused, or was left out."""
    record = run.steps[step]
    return record.why or record.reason
