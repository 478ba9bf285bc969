"""Runs as processes: started, recorded, ended and cleaned up, whatever the run does."""

from __future__ import annotations

import ctypes
import os
import re
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from odibi_core.errors import JournalError, RunError
from odibi_core.journal.events import Log, Memory, RunFinished, StepFinished
from odibi_core.journal.final_log import read_log
from odibi_core.journal.lock import holder_state
from odibi_core.runs import warden
from odibi_core.runs.follow import RunFollower
from odibi_core.runs.process import prepare_run, start_run
from tests.counts import count
from tests.runs.processes import (
    begin,
    events_of,
    has_ended,
    messages_of,
    pid_in,
    record_of,
    request,
    wait_until,
    write_pids,
)

if TYPE_CHECKING:
    from pathlib import Path

    from odibi_core.runs.child import Run

PATIENCE_S = 30


def finish(run: Run) -> None:
    run.journal.append(StepFinished(step="work", state="success"))
    run.journal.append(RunFinished(state="success"))
    run.board.show_end("success")


def good(run: Run) -> None:
    begin(run)
    finish(run)


def deaf(run: Run) -> None:
    """Begins and holds the GIL for minutes."""
    begin(run)
    re.match(r"(a+)+$", "a" * 40 + "b")


def test_a_run_has_its_id_and_directory_when_start_returns(tmp_path: Path):
    handle = start_run(request(tmp_path), body=good)
    assert handle.run_dir == tmp_path / "tracker_logs" / handle.run_id
    assert handle.run_dir.is_dir()
    assert handle.wait(PATIENCE_S) == "success"
    assert handle.problem is None
    assert record_of(handle).state == "success"
    assert has_ended(handle.pid)


def test_runs_side_by_side_have_ids_of_their_own(tmp_path: Path):
    handles = [start_run(request(tmp_path), body=good) for _ in range(5)]
    assert [handle.wait(PATIENCE_S) for handle in handles] == ["success"] * 5
    assert len({handle.run_id for handle in handles}) == 5


def test_the_handle_is_readable_when_the_run_has_ended(tmp_path: Path):
    import select

    handle = start_run(request(tmp_path), body=deaf)
    assert handle.poll() is None
    assert handle.wait(0.01) is None
    handle.kill()
    assert select.select([handle.fileno()], [], [], PATIENCE_S)[0]
    assert handle.wait(PATIENCE_S) == "cancelled"


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (lambda: os._exit(0), "ended with exit code 0"),
        (lambda: os._exit(3), "ended with exit code 3"),
        (lambda: sys.exit(4), "ended with exit code 4"),
        (lambda: os.kill(os.getpid(), signal.SIGKILL), "ended by signal 9 (SIGKILL)"),
        (lambda: ctypes.string_at(0), "ended by signal 11 (SIGSEGV)"),
    ],
)
def test_a_run_that_dies_is_recorded_as_crashed(tmp_path: Path, end, words: str):
    def body(run: Run) -> None:
        begin(run)
        end()

    handle = start_run(request(tmp_path), body=body)
    assert handle.wait(PATIENCE_S) == "crashed"
    record = record_of(handle)
    assert record.state == "crashed"
    assert record.error is not None
    assert words in record.error.message
    assert [event.step for event in events_of(handle) if isinstance(event, StepFinished)] == ["work"]
    (step,) = record.steps
    assert (step.state, step.attempts[0].ended is not None) == ("failed", True)
    assert read_log(handle.run_dir.with_suffix(".json")).state == "crashed"


def test_a_crash_before_the_first_event_leaves_a_whole_record(tmp_path: Path):
    handle = start_run(request(tmp_path), body=lambda run: os._exit(1))
    assert handle.wait(PATIENCE_S) == "crashed"
    record = record_of(handle)
    assert (record.run_id, record.pipeline, record.steps[0].state) == (handle.run_id, "test", "skipped")


def test_the_traceback_of_a_segfault_is_in_the_log(tmp_path: Path):
    def body(run: Run) -> None:
        begin(run)
        ctypes.string_at(0)

    handle = start_run(request(tmp_path), body=body)
    handle.wait(PATIENCE_S)
    assert "Fatal Python error: Segmentation fault" in messages_of(handle)
    assert any("test_process.py" in message for message in messages_of(handle))


def test_an_exception_outside_the_steps_is_the_runs_error(tmp_path: Path):
    def body(run: Run) -> None:
        raise ModuleNotFoundError("no module named `pandas`")

    handle = start_run(request(tmp_path), body=body)
    assert handle.wait(PATIENCE_S) == "failed"
    error = record_of(handle).error
    assert error is not None
    assert (error.type, error.message) == ("ModuleNotFoundError", "no module named `pandas`")
    assert "in body" in error.traceback


def test_standard_input_is_empty(tmp_path: Path):
    def body(run: Run) -> None:
        begin(run)
        os.write(1, repr((sys.stdin.read(), os.read(0, 1))).encode())

    handle = start_run(request(tmp_path), body=body)
    handle.wait(PATIENCE_S)
    assert messages_of(handle) == ["('', b'')"]


# -- what is printed ------------------------------------------------------------------------------


def test_what_is_written_to_the_descriptors_is_logged_for_the_only_step_that_runs(tmp_path: Path):
    def body(run: Run) -> None:
        begin(run)
        os.write(1, b"to one\nbad \xff\xfe utf-8\n\x1b[31mred\x1b[0m\n")
        os.write(2, b"to two\n")
        subprocess.run(["sh", "-c", "echo from a child; printf 'no newline'"])

    handle = start_run(request(tmp_path), body=body)
    handle.wait(PATIENCE_S)
    logs = [event for event in events_of(handle) if isinstance(event, Log)]
    assert {log.step for log in logs} == {"work"}
    assert [log.message for log in logs if log.stream == "stdout"] == [
        "to one", "bad \ufffd\ufffd utf-8", "\x1b[31mred\x1b[0m", "from a child", "no newline",
    ]  # fmt: skip
    assert [(log.message, log.level) for log in logs if log.stream == "stderr"] == [("to two", "warning")]


def test_while_several_steps_run_the_descriptors_belong_to_none(tmp_path: Path):
    def body(run: Run) -> None:
        begin(run)
        run.board.show_running({0, 1})
        os.write(1, b"whose?\n")

    handle = start_run(request(tmp_path), body=body)
    handle.wait(PATIENCE_S)
    assert [event.step for event in events_of(handle) if isinstance(event, Log)] == [None]


def test_a_million_lines_are_a_million_events(tmp_path: Path):
    lines = count(1_000_000)

    def body(run: Run) -> None:
        begin(run)
        for start in range(0, lines, 1000):
            os.write(1, b"".join(b"line %d\n" % number for number in range(start, start + 1000)))
        finish(run)

    handle = start_run(request(tmp_path), body=body)
    assert handle.wait(10 * PATIENCE_S) == "success"
    assert messages_of(handle) == [f"line {number}" for number in range(lines)]


def test_an_endless_line_is_logged_in_pieces(tmp_path: Path):
    def body(run: Run) -> None:
        begin(run)
        for _ in range(50):
            os.write(1, b"x" * 20_000)

    handle = start_run(request(tmp_path), body=body)
    handle.wait(PATIENCE_S)
    assert sum(map(len, messages_of(handle))) == 1_000_000
    assert len(messages_of(handle)) > 10


def test_a_secret_the_run_learns_is_masked_in_what_its_descriptors_get(tmp_path: Path):
    def body(run: Run) -> None:
        begin(run)
        run.redactor.add("hunter2000")
        os.write(1, b"the password is hunter2000\n")

    handle = start_run(request(tmp_path), body=body)
    handle.wait(PATIENCE_S)
    assert messages_of(handle) == ["the password is ***"]
    assert b"hunter2000" not in (handle.run_dir / "events.jsonl").read_bytes()


def test_the_memory_of_the_run_is_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(warden, "_MEMORY_EVERY_S", 0.05)
    handle = start_run(request(tmp_path), body=deaf)
    wait_until(lambda: any(isinstance(event, Memory) for event in events_of(handle)))
    handle.kill()
    handle.wait(PATIENCE_S)
    assert record_of(handle).rss_bytes > 1_000_000


# -- ending it ------------------------------------------------------------------------------------


def test_a_run_that_listens_ends_itself_when_it_is_cancelled(tmp_path: Path):
    def body(run: Run) -> None:
        asked = threading.Event()
        run.wishes.when_asked(asked.set)
        begin(run)
        asked.wait()
        run.journal.append(RunFinished(state="cancelled", reason=f"heard: {run.wishes.ask.reason}"))
        run.board.show_end("cancelled")

    handle = start_run(request(tmp_path, grace=600.0), body=body)
    wait_until(lambda: len(events_of(handle)) == 2)
    handle.cancel()
    assert handle.wait(PATIENCE_S) == "cancelled"
    assert record_of(handle).reason == "heard: cancelled by the person"


def test_a_run_stuck_in_c_is_killed_after_its_grace(tmp_path: Path):
    handle = start_run(request(tmp_path), body=deaf)
    wait_until(lambda: record_of(handle).steps)
    handle.cancel()
    assert handle.wait(PATIENCE_S) == "cancelled"
    record = record_of(handle)
    assert (record.state, record.steps[0].state) == ("cancelled", "cancelled")
    assert record.reason == "cancelled by the person"
    assert has_ended(handle.pid)


def test_killing_waits_for_no_grace(tmp_path: Path):
    handle = start_run(request(tmp_path, grace=600.0), body=deaf)
    wait_until(lambda: record_of(handle).steps)
    handle.cancel()
    handle.kill()
    assert handle.wait(PATIENCE_S) == "cancelled"


def test_a_run_that_cannot_listen_yet_is_ended_at_once(tmp_path: Path):
    handle = start_run(request(tmp_path, grace=600.0), body=lambda run: time.sleep(600))
    handle.cancel()
    assert handle.wait(PATIENCE_S) == "cancelled"
    assert record_of(handle).steps[0].state == "skipped"


def test_a_cancel_file_ends_the_run(tmp_path: Path):
    handle = start_run(request(tmp_path), body=deaf)
    (handle.run_dir / "cancel").touch()
    assert handle.wait(PATIENCE_S) == "cancelled"
    assert record_of(handle).reason == "cancelled by a `cancel` file"


def test_a_run_that_takes_too_long_is_timed_out(tmp_path: Path):
    handle = start_run(request(tmp_path, timeout=0.3, grace=0.1), body=deaf)
    assert handle.wait(PATIENCE_S) == "timed_out"
    assert record_of(handle).reason == "the run took longer than 0.3 s"


def test_a_run_that_has_ended_by_itself_is_not_called_cancelled(tmp_path: Path):
    def body(run: Run) -> None:
        good(run)
        time.sleep(600)  # as an engine that does not close

    handle = start_run(request(tmp_path), body=body)
    wait_until(lambda: record_of(handle).state == "success")
    handle.cancel()
    assert handle.wait(PATIENCE_S) == "success"


def test_terminating_the_warden_cancels_the_run(tmp_path: Path):
    def body(run: Run) -> None:
        write_pids(tmp_path, warden=os.getppid())
        deaf(run)

    handle = start_run(request(tmp_path), body=body)
    os.kill(pid_in(tmp_path, "warden"), signal.SIGTERM)
    assert handle.wait(PATIENCE_S) == "cancelled"


def test_what_the_run_started_ends_with_it_in_whatever_session(tmp_path: Path):
    def body(run: Run) -> None:
        begin(run)
        mine = subprocess.Popen(["sleep", "600"])
        apart = subprocess.Popen(["sleep", "600"], start_new_session=True)
        orphan = subprocess.run(
            ["sh", "-c", "setsid sleep 600 >/dev/null 2>&1 & echo $!"], capture_output=True, text=True
        )
        write_pids(tmp_path, mine=mine.pid, apart=apart.pid, orphan=int(orphan.stdout))
        finish(run)

    handle = start_run(request(tmp_path), body=body)
    assert handle.wait(PATIENCE_S) == "success"
    for name in ("mine", "apart", "orphan"):
        assert has_ended(pid_in(tmp_path, name)), name


def test_when_the_warden_is_killed_the_run_dies_and_reads_as_interrupted(tmp_path: Path):
    def body(run: Run) -> None:
        child = subprocess.Popen(["sleep", "600"])
        write_pids(tmp_path, warden=os.getppid(), child=child.pid)
        deaf(run)

    handle = start_run(request(tmp_path), body=body)
    wait_until(lambda: record_of(handle).steps)
    child = pid_in(tmp_path, "child")
    os.kill(pid_in(tmp_path, "warden"), signal.SIGKILL)
    assert handle.wait(PATIENCE_S) == "crashed"
    assert handle.problem is not None
    wait_until(lambda: has_ended(handle.pid) and has_ended(child))
    assert holder_state(handle.run_dir) == "gone"
    assert RunFollower(handle.run_dir).poll_all().state == "interrupted"


# -- the application ------------------------------------------------------------------------------


def application(tmp_path: Path, body, *, detach: bool) -> Path:
    """Starts a run from a process that then ends without a word, and returns the run's directory."""
    pid = os.fork()
    if pid == 0:
        try:
            handle = start_run(request(tmp_path, grace=0.0), body=body)
            if detach:
                handle.detach()
            wait_until(lambda: record_of(handle).steps)
            (tmp_path / "directory").write_text(str(handle.run_dir))
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    return type(tmp_path)((tmp_path / "directory").read_text())


def test_when_the_application_dies_the_run_is_cancelled(tmp_path: Path):
    directory = application(tmp_path, deaf, detach=False)
    follower = RunFollower(directory)
    wait_until(lambda: follower.poll_all().state == "cancelled")
    assert follower.record.reason == "the application that started the run has ended"
    wait_until(directory.with_suffix(".json").exists)


def test_a_detached_run_outlives_its_application(tmp_path: Path):
    def body(run: Run) -> None:
        begin(run)
        wait_until((tmp_path / "go").exists)
        finish(run)

    directory = application(tmp_path, body, detach=True)
    follower = RunFollower(directory)
    time.sleep(0.5)  # time enough to notice that the application has gone, and to kill without grace
    assert follower.poll_all().state == "running"
    (tmp_path / "go").touch()
    wait_until(lambda: follower.poll_all().state == "success")


def test_a_run_holds_no_file_of_its_application_open(tmp_path: Path):
    read, write = os.pipe()
    handle = start_run(request(tmp_path), body=deaf)
    os.close(write)
    assert os.read(read, 1) == b""  # would wait for the run if it had a copy
    os.close(read)
    handle.kill()
    handle.wait(PATIENCE_S)


def test_no_zombie_is_left_of_the_processes_of_a_run(tmp_path: Path):
    def body(run: Run) -> None:
        write_pids(tmp_path, warden=os.getppid())
        good(run)

    handle = start_run(request(tmp_path), body=body)
    assert handle.wait(PATIENCE_S) == "success"
    assert has_ended(pid_in(tmp_path, "warden"))


def test_processes_that_get_no_request_end(tmp_path: Path):
    with prepare_run(body=good) as prepared:
        pid = prepared._pid
        assert pid is not None
    assert has_ended(pid)
    assert not (tmp_path / "tracker_logs").exists()


def test_a_directory_that_cannot_be_made_is_an_error_with_a_remedy(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot make a run's directory") as raised:
        start_run(request(tmp_path, log_dir=tmp_path / "file" / "logs"), body=good)
    assert "--log-dir" in str(raised.value)


def test_a_run_whose_output_cannot_be_recorded_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    class FullDisk(warden.JournalWriter):
        def append(self, event) -> int:
            if isinstance(event, Log):
                raise JournalError("no space left")
            return super().append(event)

    def body(run: Run) -> None:
        begin(run)
        os.write(1, b"too much\n")
        time.sleep(600)

    monkeypatch.setattr(warden, "JournalWriter", FullDisk)
    handle = start_run(request(tmp_path), body=body)
    assert handle.wait(PATIENCE_S) == "failed"
    assert handle.problem == "no space left"


def test_the_first_event_is_the_runs_beginning_also_when_something_was_printed_before(tmp_path: Path):
    def body(run: Run) -> None:
        os.write(1, b"early\n")
        wait_until(lambda: not run.board.reading)
        begin(run)
        os.write(1, b"later\n")
        finish(run)

    def crashing(run: Run) -> None:
        os.write(1, b"early\n")
        os._exit(1)

    for work, said in ((body, ["early", "later"]), (crashing, ["early"])):
        handle = start_run(request(tmp_path), body=work)
        handle.wait(PATIENCE_S)
        assert type(events_of(handle)[0]).__name__ == "RunStarted"
        assert messages_of(handle) == said
