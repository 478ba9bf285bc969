"""Faults at every point of a run of 20 steps: nothing shown is lost, no target is half-written."""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from odibi_core.journal.codec import seq_of
from odibi_core.journal.final_log import read_log
from odibi_core.runs.store import open_store
from tests.counts import VERIFY, count
from tests.faults import pipeline
from tests.faults.victims import Victims

if TYPE_CHECKING:
    from collections.abc import Iterator

    from odibi_core.journal.record import RunRecord

WHERE = ("before", "torn", "after")


@pytest.fixture(scope="module")
def victims() -> Iterator[Victims]:
    made = Victims()
    yield made
    made.close()


@pytest.fixture(scope="module")
def whole_run(victims: Victims, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a run without a fault."""
    home = new_home(tmp_path_factory.mktemp("whole"))
    answer = victims.meet(home)
    assert answer["error"] is None and pipeline.whole_targets(home) == list(pipeline.TARGETS)
    return home


def new_home(home: Path) -> Path:
    home.mkdir(exist_ok=True)
    pipeline.write_source(home)
    return home


def journal_of(home: Path) -> bytes:
    (journal,) = (home / "logs").glob("run_*/events.jsonl")
    return journal.read_bytes()


def numbers_of(journal: bytes) -> list[int]:
    whole = journal[: journal.rfind(b"\n") + 1]
    found = [seq_of(line) for line in whole.splitlines()]
    return [number for number in found if number is not None]


def is_finished(journal: bytes) -> bool:
    """Whether the last whole event is the run's end."""
    lines = journal[: journal.rfind(b"\n") + 1].splitlines()
    return bool(lines) and json.loads(lines[-1])["type"] == "run_finished"


def record_of(home: Path) -> RunRecord:
    store = open_store(home / "logs")
    (summary,) = store.runs()
    return store.open(summary.run_id)


def look_over(home: Path, shown: list[int], states: set[str]) -> list[str]:
    """Checks what a faulty run left behind, and that the next run is well; returns the targets it left."""
    numbers = numbers_of(journal_of(home))
    assert numbers == list(range(1, len(numbers) + 1))
    assert set(shown) <= set(numbers), "an event that had been written is lost"
    record = record_of(home)
    assert record.state in states, record.state
    there = pipeline.whole_targets(home)
    begun = {step.info.name for step in record.steps if step.started is not None}
    unrecorded = {f"write_{pipeline.TARGETS.index(name)}" for name in there} - begun
    assert not unrecorded, f"done and not recorded: {unrecorded}"
    return there


def events_in(home: Path) -> int:
    return len(numbers_of(journal_of(home)))


def some(points: list[int], full: int) -> list[int]:
    """Returns all points under `make verify`, else a tenth of them with both ends, the same each time."""
    if VERIFY or len(points) <= count(full):
        return points
    return sorted({points[0], points[-1], *random.Random(7).sample(points, count(full))})


def test_a_kill_at_every_event_loses_nothing_shown(victims, whole_run, tmp_path, capsys):
    points = some(list(range(1, events_in(whole_run) + 1)), 120)
    left = killed = 0
    for point in points:
        for where in WHERE if VERIFY else (WHERE[point % 3],):
            home = new_home(tmp_path / f"{point}_{where}")
            answer = victims.meet(home, kill_at=point, where=where)
            if answer["signal"] is None:  # steps side by side: this time there were fewer events
                continue
            assert answer["signal"] == signal.SIGKILL
            killed += 1
            # Steps side by side: this time there may have been fewer events, and this one the run's last.
            state = "success" if is_finished(journal_of(home)) else "interrupted"
            left += len(look_over(home, answer["shown"], {state}))
            shutil.rmtree(home)
    assert killed >= len(points) * 0.9
    with capsys.disabled():
        print(f"\n  {killed} kills at {len(points)} event boundaries; {left} targets left, all whole")


def test_the_run_after_a_kill_is_well(victims, whole_run, tmp_path):
    home = new_home(tmp_path / "home")
    victims.meet(home, kill_at=events_in(whole_run) * 2 // 3, where="torn")
    assert victims.meet(home)["error"] is None
    assert pipeline.whole_targets(home) == list(pipeline.TARGETS)
    assert [run.state for run in open_store(home / "logs").runs()] == ["success", "interrupted"]


def test_a_disk_full_at_every_event_stops_the_run_and_says_so(victims, whole_run, tmp_path, capsys):
    points = some(list(range(1, events_in(whole_run) + 1)), 120)
    for point in points:
        home = new_home(tmp_path / str(point))
        answer = victims.meet(home, full_at=point)
        if answer["error"] is None:
            continue
        assert answer["signal"] is None and "No space left" in answer["error"], answer
        if point > 1:
            look_over(home, answer["shown"], {"interrupted", "failed"})
        shutil.rmtree(home)
    with capsys.disabled():
        print(f"\n  {len(points)} journals refused at an event; targets whole, the reason told")


def test_files_that_may_not_grow_leave_nothing_half_written(victims, whole_run, tmp_path, capsys):
    largest = len(journal_of(whole_run))
    limits = some(sorted(random.Random(3).sample(range(1, largest), 100)), 60)
    there = 0
    for limit in limits:
        home = new_home(tmp_path / str(limit))
        answer = victims.meet(home, file_limit=limit)
        assert answer["signal"] is None and answer["error"] is not None
        if (home / "logs").exists() and list((home / "logs").glob("run_*/events.jsonl")):
            there += len(look_over(home, answer["shown"], {"interrupted", "failed", "unknown"}))
        shutil.rmtree(home)
    with capsys.disabled():
        print(
            f"\n  {len(limits)} limits of file size up to {largest:,} bytes; {there} targets left, all whole"
        )


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own; mounting one is root's."""
    disk = tmp_path / "disk"
    disk.mkdir()
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=False, capture_output=True)


def test_a_full_file_system_leaves_nothing_half_written(victims, small_disk, capsys):
    sizes = some(list(range(16, 420, 8)), 50)
    told = 0
    for size in sizes:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={size}k", "tmpfs", str(small_disk)]
        if subprocess.run(mount, check=False, capture_output=True).returncode:
            pytest.skip("no file system can be mounted here")
        new_home(small_disk)
        answer = victims.meet(small_disk)
        assert answer["signal"] is None
        told += answer["error"] is not None
        assert not list(small_disk.glob("out/.*.tmp.*")), "a half-written neighbour of a target is left"
        if list(small_disk.glob("logs/run_*/events.jsonl")) and numbers_of(journal_of(small_disk)):
            look_over(small_disk, answer["shown"], {"interrupted", "failed", "success", "unknown"})
        else:
            assert pipeline.whole_targets(small_disk) == []
        subprocess.run(["umount", "-l", str(small_disk)], check=True)
    assert told
    with capsys.disabled():
        print(f"\n  {len(sizes)} sizes of a file system, {told} too small; every target there is whole")


def test_a_journal_torn_at_every_byte_reads_as_what_was_whole(whole_run, tmp_path, capsys):
    content = journal_of(whole_run)
    cuts = some(list(range(len(content))), 4_000)
    run = tmp_path / "logs" / "run_20260131_120000"
    run.mkdir(parents=True)
    store = open_store(tmp_path / "logs")
    ends = [at + 1 for at, byte in enumerate(content) if byte == 10]
    for cut in cuts:
        (run / "events.jsonl").write_bytes(content[:cut])
        whole = sum(1 for end in ends if end <= cut)
        if whole == 0:
            assert all(summary.problem or summary.steps_total == 0 for summary in store.runs())
            continue
        record = store.open(run.name)
        assert record.state in ("interrupted", "success") and len(record.steps) == 20
        assert (record.state == "success") == (whole == len(ends))
    with capsys.disabled():
        print(f"\n  {len(cuts)} cuts of a journal of {len(content):,} bytes")


def test_a_read_only_log_directory_is_told_before_anything_is_done(victims, small_disk, tmp_path):
    home = new_home(tmp_path / "home")
    if os.geteuid():
        (home / "logs").mkdir(mode=0o555)
    else:  # permissions do not bind root; a disk mounted read-only does
        mount = ["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(small_disk)]
        if subprocess.run(mount, check=False, capture_output=True).returncode:
            pytest.skip("no file system can be mounted here")
        (home / "logs").symlink_to(small_disk)
    answer = victims.meet(home)
    assert "cannot make a run's directory" in answer["error"] and "--log-dir" in answer["error"]
    assert not (home / "out").exists() and list((home / "logs").iterdir()) == []


def test_a_clock_that_goes_backwards_harms_nothing(tmp_path, monkeypatch):
    from odibi_core.journal import events

    home = new_home(tmp_path / "home")
    start, calls = events.now(), iter(range(10**6))
    # Every third look at the clock it has gone back an hour.
    monkeypatch.setattr(
        events, "now", lambda: start - timedelta(hours=(n := next(calls)) % 3 == 2, seconds=-n)
    )
    for module in list(sys.modules.values()):
        if getattr(module, "__name__", "").startswith("odibi_core.") and getattr(module, "now", None):
            monkeypatch.setattr(module, "now", events.now)
    pipeline.orchestrate(home)
    record = record_of(home)
    assert record.state == "success" and pipeline.whole_targets(home) == list(pipeline.TARGETS)
    assert all(step.duration_ms is None or step.duration_ms >= 0 for step in record.steps)
    assert numbers_of(journal_of(home)) == list(range(1, events_in(home) + 1))
    assert read_log(next((home / "logs").glob("run_*.json"))).state == "success"


RUNS = """
import sys
from pathlib import Path
from odibi_core.core import Step, Orchestrator, Tracker, EventEmitter, create_engine_context
home, times, name = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
steps = [Step("ingest", "one", "sql", "duckdb", "SELECT 1 AS a", outputs={"data": "x"})]
for _ in range(times):
    context = create_engine_context("duckdb")
    Orchestrator(steps, context, Tracker(home / "logs"), EventEmitter(), pipeline=name).run()
    context.close()
"""


def test_two_processes_writing_runs_at_once_take_nothing_from_each_other(tmp_path, capsys):
    times = count(100)
    both = [
        subprocess.Popen([sys.executable, "-c", RUNS, str(tmp_path), str(times), name])
        for name in ("left", "right")
    ]
    assert [process.wait() for process in both] == [0, 0]
    runs = open_store(tmp_path / "logs").runs()
    assert len({run.run_id for run in runs}) == 2 * times
    assert sorted(run.pipeline for run in runs) == ["left"] * times + ["right"] * times
    assert {run.state for run in runs} == {"success"}
    for path in (tmp_path / "logs").glob("run_*.json"):
        record = read_log(path)
        assert record.run_id == path.stem and json.loads(path.read_text())["pipeline_id"] == path.stem
    with capsys.disabled():
        print(f"\n  2 processes with {times} runs each: {len(runs)} ids, journals and final logs")


def test_a_disk_that_vanishes_is_an_error_that_says_so(tmp_path, monkeypatch):
    home = new_home(tmp_path / "home")

    def gone(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr("odibi_core.journal.layout.Path.mkdir", gone)
    with pytest.raises(OSError, match="cannot make a run's directory"):
        pipeline.orchestrate(home)
    assert not (home / "out").exists()
