"""Retries, timeouts and cancelling: what ends, what is tried again, and that nothing goes on behind it."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from odibi_core.core import Step
from odibi_core.errors import RunCancelledError, StepCrashedError, StepOptionError, StepTimeoutError
from odibi_core.functions import odibi_function
from odibi_core.journal.events import Retry
from odibi_core.journal.reader import JournalReader
from tests.builders import function, orchestrator, sql

ENDLESS = "SELECT count(*) AS n FROM range(10000000) a, range(10000000) b WHERE a.range * b.range % 7 = 1"

# Functions that run in a process of their own have to be in a module that can be imported there.
MODULE = """
import os, re, signal, subprocess, sys, threading, time
from pathlib import Path

def count_up(path):
    def go_on():
        while True:
            with open(path, "a") as file:
                file.write(".")
            time.sleep(0.01)
    threading.Thread(target=go_on).start()
    subprocess.Popen(["sh", "-c", "while :; do printf , >> $0; sleep 0.01; done", path])
    go_on()

def never_yields(data):
    re.match(r"(a+)+$", "a" * 60 + "b")
    return data

def crash(path):
    Path(path).open("a").write("x")
    os.kill(os.getpid(), signal.SIGSEGV)

def crash_once(path):
    if not Path(path).exists():
        Path(path).write_text("x")
        os._exit(3)
    return [{"a": 1}]

def chatty(data):
    print("hello from", len(data))
    return data
"""


@pytest.fixture
def base(tmp_path):
    (tmp_path / "worker_functions.py").write_text(MODULE)
    return tmp_path


def states(run):
    return {e.step_name: e.state for e in run.tracker.executions}


def events_of(run, kind):
    events = (event for _, event in JournalReader(run.tracker.paths.journal).read())
    return [event for event in events if isinstance(event, kind)]


def wait_until(true, patience=30.0):
    give_up = time.monotonic() + patience
    while not true():
        assert time.monotonic() < give_up, "it did not come about"
        time.sleep(0.01)


def stays(path: Path) -> bool:
    """Whether a file that was written to a hundred times a second no longer is."""
    size = path.stat().st_size
    time.sleep(0.3)
    return path.stat().st_size == size


# -- retries ------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _interruptible():
    """What a shell starts in the background ignores SIGINT, and so would the key presses here."""
    import signal

    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_a_step_is_tried_again_after_a_growing_delay(tmp_path):
    tried = []

    @odibi_function("test_third_time")
    def third_time():
        tried.append(time.monotonic())
        if len(tried) < 3:
            raise ConnectionError(f"try {len(tried)}")
        return [{"a": 1}]

    options = {"max_retries": 2, "retry_delay": 0.05, "random": lambda: 0.5}
    run = orchestrator([function("s", "test_third_time")], tmp_path, engine="pandas", **options)
    retries = []
    run.events.on("step_retry", lambda **kwargs: retries.append(kwargs))
    run.run()
    assert states(run) == {"s": "success"}
    assert [(r["attempt"], r["delay_s"], str(r["error"])) for r in retries] == [
        (1, 0.05, "try 1"), (2, 0.1, "try 2"),
    ]  # fmt: skip
    assert tried[1] - tried[0] >= 0.05 and tried[2] - tried[1] >= 0.1
    assert [(r.attempt, r.error.message) for r in events_of(run, Retry)] == [(1, "try 1"), (2, "try 2")]
    attempts = run.tracker.view.step("s").attempts
    assert [(a.number, a.error.message if a.error else None) for a in attempts] == [
        (1, "try 1"), (2, "try 2"), (3, None),
    ]  # fmt: skip


def test_when_every_try_fails_the_last_error_is_raised(tmp_path):
    tried = []

    @odibi_function("test_always_fails")
    def always_fails():
        tried.append(1)
        raise ConnectionError(f"try {len(tried)}")

    run = orchestrator(
        [function("s", "test_always_fails")], tmp_path, engine="pandas", max_retries=2, retry_delay=0
    )
    with pytest.raises(ConnectionError, match="try 3"):
        run.run()
    assert states(run) == {"s": "failed"}


def test_a_steps_own_retries_win_over_the_runs(tmp_path):
    tried = []

    @odibi_function("test_own_retries")
    def own_retries():
        tried.append(1)
        raise ValueError("no")

    step = function("s", "test_own_retries")
    step.metadata = {"retries": 1, "retry_delay": 0}
    with pytest.raises(ValueError, match="no"):
        orchestrator([step], tmp_path, engine="pandas", max_retries=5).run()
    assert len(tried) == 2


def test_a_mistake_in_the_config_is_not_tried_again(tmp_path):
    run = orchestrator([Step("transform", "s", "sql", "duckdb", "")], tmp_path, max_retries=3, retry_delay=0)
    with pytest.raises(StepOptionError):
        run.run()
    assert len(run.tracker.view.step("s").attempts) == 1


@pytest.mark.parametrize(
    "option", [{"timeout": "soon"}, {"timeout": 0}, {"retries": 1.5}, {"isolate": "yes"}]
)
def test_options_that_make_no_sense_are_refused(tmp_path, option):
    step = sql("s", "SELECT 1 AS a")
    step.metadata = option
    with pytest.raises(StepOptionError) as raised:
        orchestrator([step], tmp_path).run()
    assert raised.value.step == "s" and raised.value.field.startswith("metadata.")


# -- timeouts -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["duckdb", "pandas"])
def test_sql_that_takes_too_long_is_interrupted(tmp_path, engine):
    step = sql("s", ENDLESS, engine=engine)
    step.metadata = {"timeout": 0.3}
    run = orchestrator(
        [step, sql("after", "SELECT * FROM data", engine=engine, data="s")], tmp_path, engine=engine
    )
    with pytest.raises(StepTimeoutError, match="timeout"):
        run.run()
    assert states(run) == {"s": "failed", "after": "skipped"}
    assert run.tracker.view.state == "timed_out"


@pytest.mark.parametrize("seconds", [3_000_000, 1e12])
def test_a_timeout_of_months_lets_a_file_be_read(base, seconds):
    (base / "orders.csv").write_text("id\n1\n")
    read = Step("ingest", "read", "config_op", "pandas", "orders.csv", outputs={"data": "rows"})
    read.metadata = {"timeout": seconds}
    run = orchestrator([read], base / "logs", engine="pandas", base_dir=base)
    assert run.run().data_map["rows"].shape == (1, 1)


def test_at_its_timeout_the_work_of_a_function_is_dead(base):
    trace = base / "trace"
    trace.write_text("")
    step = function("s", "worker_functions.count_up", params={"path": str(trace), "timeout": 1.0})
    run = orchestrator([step], base / "logs", engine="pandas", base_dir=base)
    with pytest.raises(StepTimeoutError):
        run.run()
    assert trace.stat().st_size > 0
    assert stays(trace), "something of the step goes on after its timeout"


def test_a_function_that_never_yields_is_killed_at_its_timeout(base):
    step = function("s", "worker_functions.never_yields", data="read")
    step.metadata = {"timeout": 1.0}
    run = orchestrator(
        [sql("read", "SELECT 1 AS a", engine="pandas"), step], base / "logs", engine="pandas", base_dir=base
    )
    with pytest.raises(StepTimeoutError):
        run.run()


def test_a_crash_in_a_process_of_its_own_fails_the_step_alone(base):
    trace = base / "trace"
    step = function("s", "worker_functions.crash", params={"path": str(trace), "isolate": True})
    step.metadata = {"retries": 1, "retry_delay": 0}
    run = orchestrator([step], base / "logs", engine="pandas", base_dir=base)
    with pytest.raises(StepCrashedError):
        run.run()
    assert trace.read_text() == "xx"
    assert states(run) == {"s": "failed"}


def test_after_a_crash_a_step_is_tried_again(base):
    step = function("s", "worker_functions.crash_once", params={"path": str(base / "once"), "isolate": True})
    run = orchestrator([step], base / "logs", engine="pandas", base_dir=base, max_retries=1, retry_delay=0)
    assert run.run().data_map["s"]["a"].tolist() == [1]


def test_what_an_isolated_function_prints_is_in_the_log_of_its_step(base):
    steps = [
        sql("read", "SELECT 1 AS a", engine="pandas"),
        function("s", "worker_functions.chatty", params={"isolate": True}, data="read"),
    ]
    run = orchestrator(steps, base / "logs", engine="pandas", base_dir=base)
    assert run.run().data_map["s"]["a"].tolist() == [1]
    from odibi_core.journal.events import Log

    lines = [(e.step, e.message, e.stream) for e in events_of(run, Log)]
    assert ("s", "hello from 1", "stdout") in lines


@pytest.mark.parametrize("engine", ["pandas", "duckdb"])
def test_reading_and_writing_with_a_timeout_gives_the_same(base, engine):
    (base / "in.csv").write_text("id,name\n1,a\n2,b\n")
    steps = [
        Step("ingest", "read", "config_op", engine, "in.csv", None, None, {"d": "raw"}, {"timeout": 60}),
        Step("store", "write", "config_op", engine, "out.csv", None, {"d": "raw"}, {}, {"timeout": 60}),
    ]
    run = orchestrator(steps, base / "logs", engine=engine, base_dir=base)
    run.run()
    assert (base / "out.csv").read_text() == "id,name\n1,a\n2,b\n"
    assert run.tracker.view.step("write").before.rows == 2


def test_a_read_that_hangs_is_killed_at_its_timeout(base):
    import os

    os.mkfifo(base / "pipe.csv")  # opening it waits for a writer that never comes
    step = Step(
        "ingest", "read", "config_op", "pandas", "pipe.csv", None, None, {"d": "raw"}, {"timeout": 1.0}
    )
    with pytest.raises(StepTimeoutError):
        orchestrator([step], base / "logs", engine="pandas", base_dir=base).run()


def test_a_database_that_a_connect_step_opened_is_read_under_a_timeout(base):
    import sqlite3

    with sqlite3.connect(base / "shop.db") as database:
        database.execute("CREATE TABLE orders (id INTEGER)")
        database.execute("INSERT INTO orders VALUES (1), (2)")
    steps = [
        Step("connect", "shop", "config_op", "pandas", "shop.db"),
        Step("ingest", "read", value="orders", params={"connection": "shop"}, outputs={"d": "raw"}),
    ]
    steps[1].metadata = {"timeout": 60}
    run = orchestrator(steps, base / "logs", engine="pandas", base_dir=base)
    assert run.run().data_map["raw"]["id"].tolist() == [1, 2]


def test_a_timeout_can_be_tried_again(tmp_path):
    step = sql("s", ENDLESS)
    step.metadata = {"timeout": 0.2, "retries": 1, "retry_delay": 0}
    run = orchestrator([step], tmp_path)
    with pytest.raises(StepTimeoutError):
        run.run()
    assert len(run.tracker.view.step("s").attempts) == 2


# -- cancelling ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["duckdb", "pandas"])
def test_cancelling_interrupts_sql_and_starts_nothing_new(tmp_path, engine):
    steps = [sql("s", ENDLESS, engine=engine), sql("after", "SELECT * FROM data", engine=engine, data="s")]
    run = orchestrator(steps, tmp_path, engine=engine)
    emitted = []
    run.events.on("pipeline_cancelled", lambda: emitted.append("pipeline_cancelled"))
    run.events.on("step_start", lambda step: threading.Timer(0.2, run.cancel).start())
    with pytest.raises(RunCancelledError):
        run.run()
    assert states(run) == {"s": "cancelled", "after": "skipped"}
    assert run.tracker.view.state == "cancelled"
    assert run.tracker.paths.final_log.exists()
    assert emitted == ["pipeline_cancelled"]


def test_cancelling_kills_isolated_work(base):
    trace = base / "trace"
    trace.write_text("")
    step = function("s", "worker_functions.count_up", params={"path": str(trace), "isolate": True})
    run = orchestrator([step], base / "logs", engine="pandas", base_dir=base)

    def cancel():
        wait_until(lambda: trace.stat().st_size > 0)
        run.cancel()

    thread = threading.Thread(target=cancel)
    thread.start()
    with pytest.raises(RunCancelledError):
        run.run()
    thread.join()
    assert states(run) == {"s": "cancelled"}
    assert stays(trace), "something of the step goes on after the run was cancelled"


def test_cancelling_does_not_wait_for_a_retry(tmp_path):
    @odibi_function("test_retry_later")
    def retry_later():
        raise ValueError("no")

    run = orchestrator(
        [function("s", "test_retry_later")], tmp_path, engine="pandas", max_retries=1, retry_delay=3_600
    )
    run.events.on("step_retry", lambda step: run.cancel())
    with pytest.raises(RunCancelledError):
        run.run()
    assert states(run) == {"s": "cancelled"}


def test_a_run_cancelled_before_it_begins_runs_nothing(tmp_path):
    run = orchestrator([sql("s", "SELECT 1 AS a")], tmp_path)
    run.cancel()
    with pytest.raises(RunCancelledError):
        run.run()
    assert states(run) in ({"s": "skipped"}, {"s": "cancelled"})
    assert run.run().data_map["s"].df()["a"].tolist() == [1]  # the wish is spent


def test_the_cancel_file_ends_a_run(tmp_path):
    run = orchestrator([sql("s", ENDLESS)], tmp_path)
    run.events.on("step_start", lambda step: run.tracker.paths.cancel_file.write_text(""))
    with pytest.raises(RunCancelledError):
        run.run()


async def test_cancelling_the_task_cancels_the_run_and_waits_for_its_end(tmp_path):
    run = orchestrator([sql("s", ENDLESS)], tmp_path)
    started = asyncio.Event()
    loop = asyncio.get_running_loop()
    run.events.on("step_start", lambda step: loop.call_soon_threadsafe(started.set))
    task = asyncio.create_task(run.run_async())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert run.tracker.view.state == "cancelled"


def test_a_key_press_cancels_and_is_raised_when_the_run_has_ended(tmp_path):
    import _thread

    run = orchestrator([sql("s", ENDLESS)], tmp_path)
    run.events.on("step_start", lambda step: threading.Timer(0.2, _thread.interrupt_main).start())
    with pytest.raises(KeyboardInterrupt):
        run.run()
    assert run.tracker.view.state == "cancelled"
    assert run.tracker.paths.final_log.exists()


def test_a_key_press_that_another_handler_raises_waits_for_what_is_running(tmp_path):
    import _thread
    import signal

    def raise_it(number, frame):  # as Spark's does, once there is a session
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, raise_it)
    try:
        run = orchestrator([sql("s", ENDLESS)], tmp_path)
        run.events.on("step_start", lambda step: threading.Timer(0.2, _thread.interrupt_main).start())
        with pytest.raises(KeyboardInterrupt):
            run.run()
    finally:
        signal.signal(signal.SIGINT, before)
    wait_until(lambda: not [t for t in threading.enumerate() if t.name.startswith("odibi-worker")])


def test_a_second_key_press_does_not_wait_for_a_function_that_cannot_be_killed(tmp_path):
    import _thread

    over = threading.Event()

    @odibi_function("test_stubborn")
    def stubborn():
        over.wait(60)
        return [{"a": 1}]

    run = orchestrator([function("s", "test_stubborn")], tmp_path, engine="pandas")

    def press_twice():
        _thread.interrupt_main()
        wait_until(lambda: run._conductor is None or run._conductor._keyboard.pressed)
        _thread.interrupt_main()

    pressing = threading.Timer(0.1, press_twice)
    run.events.on("step_start", lambda step: pressing.start())
    try:
        with pytest.raises(KeyboardInterrupt):
            run.run()
        assert run.tracker.view.state == "cancelled"
        assert states(run) == {"s": "cancelled"}
    finally:
        over.set()
        with suppress(KeyboardInterrupt):  # a second press that came when the run was over
            pressing.join()
            time.sleep(0.01)
