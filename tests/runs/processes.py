"""Builders for tests of runs as processes: requests, journals, and a look at what is left of them."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from odibi_core.core.node import Step
from odibi_core.journal.events import RunStarted, StepInfo, StepStarted
from odibi_core.journal.load import load_journal
from odibi_core.journal.reader import JournalReader
from odibi_core.runs.process import RunRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    from odibi_core.journal.record import RunRecord
    from odibi_core.runs.child import Run
    from odibi_core.runs.handle import RunHandle


def request(base_dir: Path, **changes: Any) -> RunRequest:
    """A request for one step, `work`."""
    return RunRequest(**{"steps": [Step(name="work")], "pipeline": "test", "base_dir": base_dir, **changes})


def begin(run: Run) -> None:
    """Writes what an orchestrator writes when the step `work` starts."""
    steps = tuple(StepInfo(name=step.name, layer=step.layer) for step in run.request.steps)
    run.journal.append(RunStarted(run_id=run.paths.run_id, pipeline="test", steps=steps, pid=os.getpid()))
    run.board.show_begun()
    run.journal.append(StepStarted(step="work"))
    run.board.show_running({0})
    run.board.show_ready()


def record_of(handle: RunHandle) -> RunRecord:
    return load_journal(handle.run_dir / "events.jsonl").view()


def events_of(handle: RunHandle) -> list[Any]:
    return [event for _, event in JournalReader(handle.run_dir / "events.jsonl").read()]


def messages_of(handle: RunHandle) -> list[str]:
    return [event.message for event in events_of(handle) if type(event).__name__ == "Log"]


def wait_until(condition: Callable[[], Any], patience_s: float = 20.0) -> None:
    deadline = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline, "it has not happened in time"
        time.sleep(0.005)


def has_ended(pid: int) -> bool:
    """Whether a process is no more; a zombie still is, until somebody reaps it."""
    return not Path(f"/proc/{pid}").exists()


def write_pids(directory: Path, **pids: int) -> None:
    """Leaves process numbers for the test; called in the run."""
    for name, pid in pids.items():
        temporary = directory / f".{name}"
        temporary.write_text(str(pid))
        temporary.rename(directory / name)


def pid_in(directory: Path, name: str) -> int:
    """Waits for a number that the run has left."""
    wait_until((directory / name).exists)
    return int((directory / name).read_text())
