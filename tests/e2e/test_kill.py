"""`kill -9` of a run at random moments: what was seen is in the journal, and the record says the rest."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from odibi_core.core.node import Step
from odibi_core.journal.final_log import read_log
from odibi_core.journal.lock import holder_state
from odibi_core.runs.follow import RunFollower
from odibi_core.runs.process import RunLauncher, RunRequest
from odibi_core.runs.store import open_store
from tests.counts import count
from tests.runs.processes import has_ended, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from odibi_core.journal.record import RunRecord
    from odibi_core.runs.handle import RunHandle

FUNCTIONS = Path(__file__).parent.parent / "runs" / "working_functions.py"
PATIENCE_S = 60
KILLS = count(50)
IN_STEP = -(-KILLS * 3 // 5)  # so many at least in the middle of a step


@pytest.fixture(scope="module")
def launcher() -> Iterator[RunLauncher]:
    with RunLauncher() as launcher:
        yield launcher


def request(home: Path) -> RunRequest:
    shutil.copy(FUNCTIONS, home)
    steps = [
        Step(name=f"step{n}", type="function", value="working_functions.slow_steps", params={"rows": 15},
             outputs={"data": f"data{n}"})
        for n in range(8)
    ]  # fmt: skip
    return RunRequest(steps=steps, pipeline="killed", base_dir=home, max_workers=2)


def lines_seen(follower: RunFollower) -> list[bytes]:
    """What a follower has seen so far, as the journal's own bytes."""
    journal = follower.run_dir / "events.jsonl"
    return journal.read_bytes()[: follower._reader.offset].splitlines(keepends=True)


def watch(handle: RunHandle, until: Any) -> RunFollower:
    follower = RunFollower(handle.run_dir)
    events = 0
    while handle.poll() is None:
        events += len(follower.poll())
        if until(follower.record, events):
            break
        time.sleep(0.001)
    return follower


def in_a_step(record: RunRecord) -> bool:
    return any(step.state == "running" for step in record.steps)


def check(handle: RunHandle, seen: list[bytes], home: Path, states: set[str]) -> RunRecord:
    wait_until(lambda: has_ended(handle.pid))
    whole = (handle.run_dir / "events.jsonl").read_bytes().splitlines(keepends=True)
    assert whole[: len(seen)] == seen
    listing = subprocess.run(
        [sys.executable, "-m", "odibi_core", "runs", "list", "--log-dir", str(handle.run_dir.parent)],
        capture_output=True, text=True, encoding="utf-8", timeout=PATIENCE_S,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    assert (listing.returncode, listing.stderr) == (0, "")
    assert handle.run_id in listing.stdout
    record = open_store(handle.run_dir.parent).open(handle.run_id)
    assert record.state in states
    assert not in_a_step(record)
    assert holder_state(handle.run_dir) == "gone"
    return record


def test_a_run_killed_at_random_moments_reads_as_crashed(launcher: RunLauncher, tmp_path: Path):
    chance = random.Random(20260131)
    in_step = 0
    for number in range(KILLS):
        home = tmp_path / f"home{number}"
        home.mkdir()
        handle = launcher.start(request(home))
        if chance.random() < 0.8:  # in the middle of a step, five events or more seen
            least = 5 + chance.randrange(80)
            follower = watch(handle, lambda record, events, n=least: events >= n and in_a_step(record))
        else:
            pause = time.monotonic() + chance.random() * 0.4
            follower = watch(handle, lambda record, events, until=pause: time.monotonic() >= until)
        was_in_step = in_a_step(follower.record)
        seen = lines_seen(follower)
        if not has_ended(handle.pid):
            os.kill(handle.pid, signal.SIGKILL)
        end = handle.wait(PATIENCE_S)
        assert end is not None
        in_step += was_in_step and len(seen) >= 5 and end == "crashed"
        record = check(handle, seen, home, {"crashed"} if end == "crashed" else {"success"})
        if end == "crashed":
            assert "SIGKILL" in record.error.message
            assert read_log(handle.run_dir.with_suffix(".json")).state == "crashed"
    assert in_step >= IN_STEP


@pytest.mark.parametrize("also_the_run", [False, True])
def test_a_run_whose_warden_is_killed_too_reads_as_interrupted(
    launcher: RunLauncher, tmp_path: Path, also_the_run: bool
):
    handle = launcher.start(request(tmp_path))
    follower = watch(handle, lambda record, events: events >= 12 and in_a_step(record))
    seen = lines_seen(follower)
    warden = int(Path(f"/proc/{handle.pid}/stat").read_text().rpartition(")")[2].split()[1])
    os.kill(warden, signal.SIGKILL)
    if also_the_run and not has_ended(handle.pid):
        os.kill(handle.pid, signal.SIGKILL)
    assert handle.wait(PATIENCE_S) == "crashed"
    check(handle, seen, tmp_path, {"interrupted"})


def test_a_run_whose_application_is_killed_reads_as_cancelled(tmp_path: Path):
    request(tmp_path)
    (tmp_path / "p.json").write_text(
        '[{"name": "work", "type": "function", "value": "working_functions.stuck", "outputs": {"a": "b"}}]'
    )
    process = subprocess.Popen([sys.executable, "-m", "odibi_core", "run", "p.json", "-q"], cwd=tmp_path)
    journals = tmp_path / "tracker_logs"
    wait_until(lambda: journals.is_dir() and any(journals.glob("run_*/events.jsonl")))
    follower = RunFollower(next(journals.glob("run_*")))
    wait_until(lambda: in_a_step(follower.poll_all()))
    process.kill()
    process.wait()
    wait_until(lambda: follower.poll_all().state == "cancelled")
    wait_until(lambda: has_ended(follower.record.pid))
