"""Pipelines carried out in runs of their own, started from a fork server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from odibi_core.core.node import Step
from odibi_core.journal.events import Log, RunFinished, StepFinished
from odibi_core.runs.process import RunLauncher, RunRequest
from odibi_core.runs.store import open_store
from tests.counts import count
from tests.runs.processes import events_of, has_ended, messages_of, record_of, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from odibi_core.runs.handle import RunHandle

FUNCTIONS = Path(__file__).parent
PATIENCE_S = 60


@pytest.fixture(scope="module")
def launcher() -> Iterator[RunLauncher]:
    with pytest.MonkeyPatch.context() as patch, RunLauncher() as launcher:
        patch.delenv("PYTHONUNBUFFERED", raising=False)  # it would make C's own output unbuffered as well
        launcher.warm_up()
        yield launcher


def function_step(name: str, function: str, **changes: Any) -> Step:
    fields = {
        "type": "function",
        "value": f"working_functions.{function}",
        "outputs": {"data": f"{name}_data"},
    }
    return Step(name=name, **{**fields, **changes})


def request(tmp_path: Path, *steps: Step, **changes: Any) -> RunRequest:
    fields = {"pipeline": "test", "base_dir": FUNCTIONS, "log_dir": tmp_path / "logs"}
    return RunRequest(steps=steps, **{**fields, **changes})


def logs_of(handle: RunHandle) -> list[Log]:
    return [event for event in events_of(handle) if isinstance(event, Log)]


def test_a_pipeline_runs_and_leaves_its_log_and_its_data(launcher: RunLauncher, tmp_path: Path):
    (tmp_path / "in.csv").write_text("id,value\n1,10\n2,200\n3,300\n")
    steps = [
        Step("ingest", "read", value="in.csv", outputs={"data": "raw"}),
        Step("transform", "filter", "sql", value="SELECT * FROM data WHERE value > 100",
             inputs={"data": "raw"}, outputs={"data": "high"}),
        Step("store", "write", value="out.csv", inputs={"data": "high"}),
    ]  # fmt: skip
    handle = launcher.start(request(tmp_path, *steps, base_dir=tmp_path, source="p.json", digest="d"))
    assert handle.wait(PATIENCE_S) == "success"
    assert (tmp_path / "out.csv").read_text() == "id,value\n2,200\n3,300\n"
    record = open_store(tmp_path / "logs").open(handle.run_id)
    assert [(step.info.name, step.state, step.rows) for step in record.steps] == [
        ("read", "success", 3), ("filter", "success", 2), ("write", "success", 2),
    ]  # fmt: skip
    assert (record.pipeline, record.source, record.digest, record.pid) == ("test", "p.json", "d", handle.pid)
    assert open_store(tmp_path / "logs").preview(handle.run_id, "high").num_rows == 2
    assert has_ended(handle.pid)


def test_everything_a_step_says_is_logged_as_its_own_before_its_end(launcher: RunLauncher, tmp_path: Path):
    handle = launcher.start(request(tmp_path, function_step("work", "talk")))
    assert handle.wait(PATIENCE_S) == "success"
    said = {log.message: (log.level, log.stream, log.step) for log in logs_of(handle)}
    assert said["printed"] == ("info", "stdout", "work")
    assert said["on stderr"] == ("warning", "stderr", "work")
    assert said["mine: logged"] == ("info", None, "work")
    assert said["mine: logged badly"] == ("error", None, "work")
    assert any("careful" in message and said[message][0] == "warning" for message in said)
    assert said["descriptor one"] == ("info", "stdout", "work")
    assert said["descriptor two"] == ("warning", "stderr", "work")
    for message in ("from C", "from a thread", "from a child", "as bytes", "no newline"):
        assert said[message] == ("info", "stdout", "work")
    events = events_of(handle)
    end = next(number for number, event in enumerate(events) if isinstance(event, StepFinished))
    assert all(number < end for number, event in enumerate(events) if isinstance(event, Log) and event.stream)


def test_lines_of_steps_side_by_side_are_not_mixed(launcher: RunLauncher, tmp_path: Path):
    lines = 300
    steps = [
        function_step(f"step{n}", "many_lines", params={"lines": lines, "mark": f"mark{n}"}) for n in range(4)
    ]
    handle = launcher.start(request(tmp_path, *steps))
    assert handle.wait(PATIENCE_S) == "success"
    for n in range(4):
        printed = [log.message for log in logs_of(handle) if log.step == f"step{n}" and log.stream]
        assert printed == [f"mark{n} {number}" for number in range(lines)]


def test_a_million_printed_lines_are_logged(launcher: RunLauncher, tmp_path: Path):
    lines = count(1_000_000)
    handle = launcher.start(
        request(tmp_path, function_step("work", "many_lines", params={"lines": lines, "mark": "line"}))
    )
    assert handle.wait(PATIENCE_S) == "success"
    assert [log.message for log in logs_of(handle) if log.stream] == [f"line {n}" for n in range(lines)]


def test_a_million_lines_from_below_python_are_logged(launcher: RunLauncher, tmp_path: Path):
    lines = count(1_000_000)
    handle = launcher.start(
        request(tmp_path, function_step("work", "many_raw_lines", params={"lines": lines}))
    )
    assert handle.wait(PATIENCE_S) == "success"
    logs = [log for log in logs_of(handle) if log.stream]
    assert [log.message for log in logs] == [f"raw {n}" for n in range(lines)]
    assert {log.step for log in logs} == {"work"}


def test_a_step_may_close_its_output(launcher: RunLauncher, tmp_path: Path):
    handle = launcher.start(request(tmp_path, function_step("work", "closed_output")))
    assert handle.wait(PATIENCE_S) == "success"
    assert "still logged" in messages_of(handle)


def test_a_run_has_the_applications_surroundings_of_the_moment(
    launcher: RunLauncher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    import pyarrow.parquet as pq

    monkeypatch.setenv("ODIBI_TEST_VALUE", "later than the fork server")
    monkeypatch.chdir(tmp_path)
    handle = launcher.start(request(tmp_path, function_step("work", "surroundings")))
    assert handle.wait(PATIENCE_S) == "success"
    preview = record_of(handle).datasets["work_data"].preview_file
    (row,) = pq.read_table(handle.run_dir / preview).to_pylist()
    assert row == {"cwd": str(tmp_path), "value": "later than the fork server", "path": str(FUNCTIONS)}


def test_a_failed_step_is_recorded_with_its_error(launcher: RunLauncher, tmp_path: Path):
    handle = launcher.start(request(tmp_path, function_step("work", "fails")))
    assert handle.wait(PATIENCE_S) == "failed"
    error = record_of(handle).steps[0].error
    assert (error.type, error.message) == ("KeyError", "'region'")
    assert "working_functions.py" in error.traceback


@pytest.mark.parametrize(
    ("function", "said", "lines"),
    [
        ("segfaults", "SIGSEGV", ["before the fault", "from C before the fault"]),
        ("leaves", "exit code 7", ["before leaving"]),
    ],
)
def test_a_step_that_takes_the_run_down_leaves_its_lines(
    launcher: RunLauncher, tmp_path: Path, function: str, said: str, lines: list[str]
):
    handle = launcher.start(request(tmp_path, function_step("work", function)))
    assert handle.wait(PATIENCE_S) == "crashed"
    record = record_of(handle)
    assert said in record.steps[0].error.message
    assert set(lines) <= set(messages_of(handle))
    assert open_store(tmp_path / "logs").runs()[0].state == "crashed"


@pytest.mark.parametrize("function", ["stuck", "sleeps"])
def test_cancelling_ends_what_cannot_be_interrupted(launcher: RunLauncher, tmp_path: Path, function: str):
    handle = launcher.start(request(tmp_path, function_step("work", function)))
    wait_until(lambda: any("now" in message for message in messages_of(handle)))
    handle.cancel()
    assert handle.wait(PATIENCE_S) == "cancelled"
    assert record_of(handle).steps[0].state == "cancelled"
    assert has_ended(handle.pid)


def test_cancelling_interrupts_sql_and_the_run_ends_itself(launcher: RunLauncher, tmp_path: Path):
    endless = "SELECT count(*) AS n FROM range(1000000) a, range(1000000) b WHERE a.range % 7 = b.range % 5"
    step = Step("transform", "work", "sql", "duckdb", endless, outputs={"data": "n"})
    handle = launcher.start(request(tmp_path, step, grace=600.0))
    wait_until(lambda: record_of(handle).steps and record_of(handle).steps[0].state == "running")
    handle.cancel()
    assert handle.wait(PATIENCE_S) == "cancelled"
    assert record_of(handle).reason == "cancelled by the person"


def test_a_run_that_takes_too_long_says_so_in_journal_and_log(launcher: RunLauncher, tmp_path: Path):
    endless = "SELECT count(*) AS n FROM range(1000000) a, range(1000000) b WHERE a.range % 7 = b.range % 5"
    step = Step("transform", "work", "sql", "duckdb", endless, outputs={"data": "n"})
    handle = launcher.start(request(tmp_path, step, grace=600.0, timeout=0.5))
    assert handle.wait(PATIENCE_S) == "timed_out"
    assert record_of(handle).state == "timed_out"
    assert open_store(tmp_path / "logs").open(handle.run_id).state == "timed_out"


def test_steps_that_cannot_run_in_any_order_are_a_failed_run(launcher: RunLauncher, tmp_path: Path):
    steps = [
        function_step("one", "talk", inputs={"x": "two_data"}),
        function_step("two", "talk", inputs={"x": "one_data"}),
    ]
    handle = launcher.start(request(tmp_path, *steps))
    assert handle.wait(PATIENCE_S) == "failed"
    record = record_of(handle)
    assert [step.info.name for step in record.steps] == ["one", "two"]
    assert "cycle" in record.error.message
    assert sum(isinstance(event, RunFinished) for event in events_of(handle)) == 1


def test_a_secret_from_the_environment_stays_out_of_everything(
    launcher: RunLauncher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("ODIBI_TEST_SECRET", "hunter2000")
    step = function_step("work", "many_lines", params={"lines": 3, "mark": "${env:ODIBI_TEST_SECRET}"})
    handle = launcher.start(request(tmp_path, step))
    assert handle.wait(PATIENCE_S) == "success"
    assert "*** 0" in messages_of(handle)
    for path in (tmp_path / "logs").rglob("*"):
        assert not path.is_file() or b"hunter2000" not in path.read_bytes()
