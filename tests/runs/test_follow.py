"""Following a run: live, ended, killed; and its log lines without their text in memory."""

from __future__ import annotations

import os
import socket

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odibi_core.errors import RunLogError
from odibi_core.journal import events as ev
from odibi_core.journal.record import RunRecord
from odibi_core.journal.writer import JournalWriter
from odibi_core.runs import follow
from odibi_core.runs.follow import RunFollower, fate_of
from odibi_core.runs.log_index import LogIndex, level_rank
from tests.counts import count
from tests.journal.journals import at, small_run
from tests.runs.past import LiveRun, make_run, wait_until


class Ticks:
    """A clock that moves on by a second each time it is looked at."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


def test_a_live_run_is_followed_to_its_end(tmp_path):
    with LiveRun(tmp_path) as run, RunFollower(run.paths.directory) as follower:
        assert len(follower.poll()) == 8
        assert follower.record.state == "running" and not follower.ended
        assert follower.poll() == []
        run.finish()
        wait_until(lambda: follower.poll() or follower.ended)
        assert follower.record.state == "success" and follower.ended


def test_a_killed_run_reads_as_interrupted_and_its_steps_are_not_at_work(tmp_path):
    with LiveRun(tmp_path) as run, RunFollower(run.paths.directory, clock=Ticks()) as follower:
        follower.poll()
        assert [step.state for step in follower.record.steps] == ["success", "running"]
        run.kill()
        follower.poll()
        assert follower.record.state == "interrupted" and follower.ended
        assert [step.state for step in follower.record.steps] == ["success", "cancelled"]
        assert follower.record is follower.record


def test_last_words_between_the_look_and_the_probe_are_not_lost(tmp_path, monkeypatch):
    writer = JournalWriter(tmp_path / "run_1" / "events.jsonl")
    for event in small_run("running"):
        writer.append(event)
    with RunFollower(tmp_path / "run_1", clock=Ticks()) as follower:
        follower.poll()
        probe = follow.holder_state

        def finish_first(path):
            writer.append(ev.RunFinished(state="failed"))
            writer.close()
            return probe(path)

        monkeypatch.setattr(follow, "holder_state", finish_first)
        assert [type(event) for event in follower.poll()] == [ev.RunFinished]
        assert follower.record.state == "failed"


def test_a_crash_its_parent_saw_reads_as_crashed(tmp_path):
    paths = make_run(tmp_path, "crashed")
    with RunFollower(paths.directory) as follower:
        follower.poll()
        assert follower.record.state == "crashed" and follower.ended


def test_a_run_that_has_not_written_yet_is_waited_for(tmp_path):
    (tmp_path / "run_1").mkdir()
    with RunFollower(tmp_path / "run_1", clock=Ticks()) as follower:
        assert follower.poll() == []
        assert (follower.record.run_id, follower.record.state, follower.ended) == ("run_1", "unknown", False)
        with JournalWriter(tmp_path / "run_1" / "events.jsonl") as writer:
            for event in small_run("running"):
                writer.append(event)
            assert len(follower.poll()) == 8
            assert follower.record.state == "running"


def test_events_come_in_portions(tmp_path):
    paths = make_run(tmp_path)
    with RunFollower(paths.directory) as follower:
        sizes = []
        while events := follower.poll(4):
            sizes.append(len(events))
        assert sizes == [4, 4, 3] and follower.ended
    with RunFollower(paths.directory) as follower:
        assert follower.poll_all().state == "success"


def test_advancing_folds_the_same_as_polling_and_notes_the_same_log(tmp_path):
    paths = make_run(
        tmp_path, more=[ev.Log(message=f"line {i}", level="error", step="read") for i in range(9)]
    )
    with RunFollower(paths.directory) as polled, RunFollower(paths.directory) as advanced:
        polled.poll()
        sizes = []
        while lines := advanced.advance(7):
            sizes.append(lines)
        assert (sizes, advanced.advance(7)) == ([7, 7, 6], 0)
        assert advanced.record == polled.record and advanced.ended
        assert advanced.log.lines(0, 99) == polled.log.lines(0, 99)
        found = [log.filtered(level="error", step="read").lines(0, 99) for log in (polled.log, advanced.log)]
        assert len(found[0]) == 9 and found[0] == found[1]


def test_lines_that_cannot_be_used_are_counted(tmp_path):
    paths = make_run(tmp_path)
    with paths.journal.open("ab") as file:
        file.write(b'garbage\n{"v":1,"seq":99,"type":"teleported"}\n')
    with RunFollower(paths.directory) as follower:
        assert follower.poll_all().state == "success"
        assert follower.skipped_lines == 2


def test_a_file_that_is_no_journal_says_so(tmp_path):
    (tmp_path / "run_1").mkdir()
    (tmp_path / "run_1" / "events.jsonl").write_text("hello\n")
    with RunFollower(tmp_path / "run_1") as follower, pytest.raises(RunLogError, match="is not a journal"):
        follower.poll()


def test_where_locks_do_not_work_the_process_is_looked_for():
    here = RunRecord("r", "p", "running", host=socket.gethostname(), pid=os.getpid())
    assert fate_of(here, "live") == "running"
    assert fate_of(here, "gone") == "interrupted"
    assert fate_of(here, "unknown") == "unknown"  # alive, but perhaps by now another process
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    gone = RunRecord("r", "p", "running", host=socket.gethostname(), pid=child)
    assert fate_of(gone, "unknown") == "interrupted"
    assert fate_of(RunRecord("r", "p", "running", host="elsewhere", pid=child), "unknown") == "unknown"


# -- log lines -------------------------------------------------------------------------------------


def log_of(path, logs: list[ev.Log]) -> LogIndex:
    path.mkdir()
    with JournalWriter(path / "events.jsonl") as writer:
        writer.append(ev.RunStarted(run_id="r", pipeline="p"))
        for log in logs:
            writer.append(log)
    with RunFollower(path) as follower:
        follower.poll_all()
    return follower.log


LOGS = [
    ev.Log(message="first", ts=at(0)),
    ev.Log(message="Slow QUERY", level="WARN", step="a", ts=at(1)),
    ev.Log(message="query done", step="b", stream="stdout", ts=at(2)),
    ev.Log(message="failed", level="error", step="a", ts=at(3)),
]


def test_lines_are_read_by_number(tmp_path):
    log = log_of(tmp_path / "run_1", LOGS)
    assert len(log) == 4
    assert [line.message for line in log.lines(1, 3)] == ["Slow QUERY", "query done"]
    assert [line.message for line in log.lines(-5, 99)] == [line.message for line in LOGS]
    assert log.lines(3, 1) == []
    line = log.line(2)
    assert (line.ts, line.level, line.step, line.stream) == (at(2), "info", "b", "stdout")


def test_filters_by_level_step_and_text_combine(tmp_path):
    log = log_of(tmp_path / "run_1", LOGS)

    def messages(**criteria):
        view = log.filtered(**criteria)
        return [line.message for line in view.lines(0, len(view))]

    assert messages(level="warning") == ["Slow QUERY", "failed"]
    assert messages(step="a") == ["Slow QUERY", "failed"]
    assert messages(text="query") == ["Slow QUERY", "query done"]
    assert messages(text="QUERY", step="b") == ["query done"]
    assert messages(step="nobody") == []
    view = log.filtered(step="a").filtered(level="error")
    assert [line.message for line in view.lines(0, 9)] == ["failed"]
    assert [line.message for line in log.filtered(level="warning").lines(1, 2)] == ["failed"]


def test_a_filtered_view_grows_with_the_log(tmp_path):
    writer = JournalWriter(tmp_path / "run_1" / "events.jsonl")
    with RunFollower(tmp_path / "run_1") as follower:
        view = follower.log.filtered(step="a")
        assert len(view) == 0
        for i in range(10):
            writer.append(ev.Log(message=str(i), step="a" if i % 2 else "b"))
        follower.poll()
        assert view.refresh(max_lines=4) is False
        assert view.refresh() is True
        assert [line.message for line in view.lines(0, 99)] == ["1", "3", "5", "7", "9"]
    writer.close()


def test_a_line_damaged_since_says_so(tmp_path):
    log = log_of(tmp_path / "run_1", LOGS)
    path = tmp_path / "run_1" / "events.jsonl"
    path.write_bytes(b"#" * path.stat().st_size)
    assert log.line(0).message == "this line of the journal is damaged"


def test_levels_have_an_order_and_synonyms():
    assert level_rank("DEBUG") < level_rank("info") < level_rank("warn") == level_rank("WARNING")
    assert level_rank("fatal") == level_rank("critical") > level_rank("error")
    assert level_rank("strange") == level_rank("info")


@given(
    st.lists(
        st.builds(
            ev.Log,
            message=st.text("abAB", max_size=3),
            level=st.sampled_from(["debug", "info", "warning", "error"]),
            step=st.sampled_from([None, "x", "y"]),
        ),
        max_size=20,
    ),
    st.sampled_from([None, "debug", "warning", "error"]),
    st.sampled_from([None, "x", "y", "z"]),
    st.sampled_from([None, "a", "BA"]),
)
@settings(max_examples=count(300), deadline=None)
def test_filters_agree_with_a_plain_search(tmp_path_factory, logs, level, step, text):
    log = log_of(tmp_path_factory.mktemp("log") / "run_1", logs)
    expected = [
        entry.message
        for entry in logs
        if (level is None or level_rank(entry.level) >= level_rank(level))
        and (step is None or entry.step == step)
        and (text is None or text.lower() in entry.message.lower())
    ]
    view = log.filtered(level, step, text)
    assert len(view) == len(expected)
    assert [line.message for line in view.lines(0, 99)] == expected
    log.close()
