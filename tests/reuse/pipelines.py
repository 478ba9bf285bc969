"""Pipelines that are run, changed and run again, and how their outcome is compared."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from odibi_core.core import EventEmitter, Orchestrator, Step, Tracker, create_engine_context
from odibi_core.reuse.past import Kept, PastRun


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
        self._forget_modules()
        tracker = Tracker(log_dir or self.log_dir)
        with create_engine_context(self.engine, base_dir=self.directory) as context:
            events = options.pop("events", None) or EventEmitter()
            settings = {"pipeline": "p", "keep_frames": False, "max_workers": 2, **options}
            run = Orchestrator(steps, context, tracker, events, **settings)
            try:
                run.run()
            except Exception as error:
                if tracker.view.state not in ("failed", "cancelled"):
                    raise
                self.error: Exception | None = error
            finally:
                self.data_map = run.data_map
                run.close()
        assert tracker.paths is not None
        return PastRun(tracker.paths.directory)

    def _forget_modules(self) -> None:
        """Makes functions be imported again, as the next run's own process would."""
        sys.dont_write_bytecode = True  # one second and one size are one version to it
        for name, module in list(sys.modules.items()):
            if str(getattr(module, "__file__", None) or "").startswith(str(self.directory)):
                del sys.modules[name]


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


def data_of(run: PastRun) -> dict[str, pa.Table]:
    """Returns the datasets of which a run has all rows, whole."""
    return {
        key: pq.read_table(run.directory / dataset.full_file, partitioning=None)
        for key, dataset in run.record.datasets.items()
        if dataset.full_file is not None and Kept(run.run_id, run.directory, dataset).problem() is None
    }
