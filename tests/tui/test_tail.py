"""Following a journal: in batches, with one record waiting at most, to the end."""

import os
import threading
import time
from pathlib import Path

from odibi_core.errors import RunLogError
from odibi_core.journal import events as ev
from odibi_core.runs.follow import RunFollower
from odibi_tui import tail as tail_module
from odibi_tui.tail import Tail
from tests.tui.builders import NOON, RunFiles, info


class Loop:
    """An event loop that runs what was posted when it is told to."""

    def __init__(self):
        self.posted = []

    def post(self, call):
        self.posted.append(call)

    def run(self):
        calls, self.posted = self.posted, []
        for call in calls:
            call()
        return len(calls)


def until(condition, timeout=5):
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.002)


def logs(number):
    return [ev.Log(ts=NOON, message=f"line {i}") for i in range(number)]


def test_an_ended_run_is_delivered_whole_and_the_thread_returns(tmp_path):
    run = RunFiles(tmp_path).begin(info("a")).step("a", 0, 10, rows_out=3).end()
    loop, delivered = Loop(), []
    tail = Tail(RunFollower(run.paths.directory), lambda tail: delivered.append(tail.record), loop.post)
    tail.read()
    loop.run()
    assert tail.ended
    assert delivered[-1].state == "success"
    assert delivered[-1].steps[0].after.rows == 3


def test_while_the_loop_is_busy_one_delivery_waits_however_much_comes(tmp_path):
    run = RunFiles(tmp_path).begin(info("a"))
    loop, delivered = Loop(), []
    tail = Tail(
        RunFollower(run.paths.directory), lambda tail: delivered.append(tail.record.log_count), loop.post
    )
    thread = threading.Thread(target=tail.read, daemon=True)
    thread.start()
    for _ in range(5):
        run.add(*logs(50))
        time.sleep(tail_module.BATCH_S * 1.5)
    assert len(loop.posted) == 1
    until(lambda: tail.record.log_count == 250)
    loop.run()
    assert delivered == [250]
    run.end()
    until(lambda: tail.ended)
    thread.join(5)
    loop.run()
    assert not thread.is_alive()


def test_a_stopped_tail_delivers_nothing_more(tmp_path):
    run = RunFiles(tmp_path).begin(info("a"))
    loop, delivered = Loop(), []
    tail = Tail(RunFollower(run.paths.directory), delivered.append, loop.post)
    thread = threading.Thread(target=tail.read, daemon=True)
    thread.start()
    until(lambda: loop.posted)
    tail.stop()
    thread.join(5)
    loop.run()
    assert not thread.is_alive()
    assert delivered == []
    run.close()


def test_looking_at_many_runs_leaves_no_files_open(tmp_path):
    run = RunFiles(tmp_path).begin(info("a")).add(*logs(3)).end()
    before = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").is_dir() else 0
    tails = []
    for _ in range(20):
        loop = Loop()
        tail = Tail(RunFollower(run.paths.directory), lambda tail: None, loop.post)
        tail.read()
        loop.run()
        tail.follower.log.lines(0, 3)
        tail.stop()
        tails.append(tail)
    if before:
        assert len(os.listdir("/proc/self/fd")) <= before + 1


def test_a_run_whose_process_is_gone_ends_as_interrupted(tmp_path):
    run = RunFiles(tmp_path).begin(info("a")).close()
    loop, delivered = Loop(), []
    tail = Tail(RunFollower(run.paths.directory), lambda tail: delivered.append(tail.record.state), loop.post)
    tail.read()
    loop.run()
    assert delivered[-1] == "interrupted"


def test_a_journal_that_cannot_be_read_ends_following_and_says_why():
    class Broken:
        paths = None

        def advance(self, most):
            raise RunLogError("`events.jsonl` is no journal")

    loop, delivered = Loop(), []
    tail = Tail(Broken(), delivered.append, loop.post)
    tail.read()
    loop.run()
    assert tail.ended
    assert delivered == [tail]
    assert "no journal" in str(tail.error)


def test_a_long_journal_is_shown_from_its_first_part_on_and_said_to_be_read(tmp_path, monkeypatch):
    monkeypatch.setattr(tail_module, "_MAX_LINES", 10)
    run = RunFiles(tmp_path).begin(info("a"))
    run.add(*logs(55)).end()
    seen = []
    tail = Tail(
        RunFollower(run.paths.directory),
        lambda tail: seen.append((tail.record.log_count, tail.behind)),
        lambda call: call(),
    )
    tail.read()
    assert seen[0] == (9, True)
    assert seen[-1] == (55, False)
