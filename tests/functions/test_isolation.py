"""Functions in processes of their own: they end at their timeout, and nothing of them is left."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from odibi_core.core.node import Step
from odibi_core.engine import create_engine_context
from odibi_core.errors import (
    FunctionNotFoundError,
    RemoteStepError,
    RunCancelledError,
    SecretError,
    StepCrashedError,
    StepError,
    StepOptionError,
    StepTimeoutError,
)
from odibi_core.functions import odibi_function
from odibi_core.functions.isolation import IsolatedWorkers
from odibi_core.functions.isolation import system as isolation_system
from odibi_core.functions.isolation import zygote as zygotes
from odibi_core.functions.isolation.zygote import Zygote
from tests.counts import count
from tests.functions import working_module

pytestmark = pytest.mark.skipif(not isolation_system.is_supported(), reason="needs fork")

MODULE = working_module.__name__
CAN_BE_COPIED = zygotes._can_be_copied


@pytest.fixture(scope="module", params=["copied", "fresh"])
def zygote_kind(request):
    """How the zygote comes about: by a fork of this process, or as a new interpreter."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(zygotes, "_can_be_copied", lambda: request.param == "copied")
        yield request.param


@pytest.fixture(scope="module")
def workers(zygote_kind):
    with IsolatedWorkers() as workers:
        workers.start()
        yield workers


def step_of(name="isolated", engine="pandas", outputs=("out",)):
    return Step(name=name, type="function", engine=engine, value="x", outputs=dict.fromkeys(outputs, "key"))


def run(
    workers,
    function,
    frames=None,
    timeout=30,
    engine="pandas",
    outputs=("out",),
    context=None,
    name="isolated",
    **params,
):
    """Calls a function of `working_module`; returns its result and the lines it logged."""
    lines = []
    step = step_of(name, engine, outputs)
    value = function if "." in function or function.startswith("only_") else f"{MODULE}.{function}"
    result = workers.call(
        step, value, frames or {}, params, timeout, lambda *line: lines.append(line), context=context
    )
    return result, lines


def rows(workers, function, *args, **kwargs):
    return run(workers, function, *args, **kwargs)[0].to_pylist()


def processes_named(name):
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            status = (entry / "status").read_text()
        except OSError:
            continue
        if f"Name:\t{name}\n" in status and "State:\tZ" not in status:
            found.append(int(entry.name))
    return found


def wait_until(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


def has_stopped(path):
    """Whether nothing is written to a file any more (its writers write every 5 ms)."""
    size = path.stat().st_size
    time.sleep(0.15)
    return path.stat().st_size == size


# -- data ----------------------------------------------------------------------------------------------


def test_a_pandas_frame_goes_there_and_back(workers):
    frame = pd.DataFrame({"v": [1, 2], "s": ["a", None]})
    result, _ = run(workers, "double", {"frame": frame})
    assert isinstance(result, pa.Table)
    pd.testing.assert_frame_equal(result.to_pandas(), frame.assign(v=[2, 4]))


def test_an_arrow_table_is_a_pandas_frame_for_the_function(workers):
    assert rows(workers, "double", {"frame": pa.table({"v": [3]})}) == [{"v": 6}]


def test_a_million_rows_go_there_and_back(workers):
    n = 1_000_000
    frame = pd.DataFrame({"v": np.arange(n), "s": np.arange(n).astype(str)})
    result, _ = run(workers, "double", {"frame": frame})
    assert result.num_rows == n
    assert result["v"][n - 1].as_py() == 2 * (n - 1)
    assert result["s"][n - 1].as_py() == str(n - 1)


def test_several_results_come_back_by_name(workers):
    result, _ = run(workers, "two", {"frame": pd.DataFrame({"v": [1, 2]})}, outputs=("large", "small"))
    assert {name: table.num_rows for name, table in result.items()} == {"large": 2, "small": 1}


def test_without_outputs_there_is_no_result(workers):
    assert run(workers, "nothing", outputs=())[0] is None


def test_a_missing_result_is_refused(workers):
    with pytest.raises(StepOptionError, match="returned None, but the step has outputs"):
        run(workers, "nothing")


def test_context_and_step_are_there_too(workers):
    assert rows(workers, "with_context", {"frame": pd.DataFrame({"v": [1]})}, name="mine") == [
        {"v": 1, "step": "mine"}
    ]


def test_a_duckdb_step_gets_a_duckdb_frame(workers):
    with create_engine_context("duckdb") as context:
        frame = context.execute_sql("SELECT 1 AS v UNION ALL SELECT 2")
        found = rows(workers, "duckdb_kind", {"frame": frame}, engine="duckdb", context=context)
        assert found == [{"kind": "DuckDBFrame", "rows": 2}]
        table, _ = run(workers, "with_context", {"frame": frame}, engine="duckdb", context=context)
        assert table.num_rows == 2


def test_an_async_function_is_awaited(workers):
    assert rows(workers, "awaited", {"frame": pa.table({"v": [3]})}) == [{"v": 3}]


def test_a_column_that_mixes_types_is_refused_with_advice(workers):
    with pytest.raises(StepOptionError, match="give each column values of one type"):
        run(workers, "mixed")


def test_a_parameter_that_cannot_be_pickled_is_refused(workers):
    with pytest.raises(StepOptionError, match="the parameters cannot be handed to"):
        run(workers, "nothing", outputs=(), lock=threading.Lock())


def test_spark_frames_are_refused_with_advice(workers):
    with pytest.raises(StepOptionError, match="set `engine` to `pandas`"):
        run(workers, "nothing", engine="spark")


def test_secrets_go_along_where_they_can(workers):
    context = create_engine_context("pandas", secrets={"token": "abc"})
    assert rows(workers, "secret", context=context) == [{"secret": "abc"}]
    with pytest.raises(SecretError, match="cannot be asked for in a step's own process"):
        run(workers, "secret", context=create_engine_context("pandas", secrets=lambda name: "abc"))


def test_the_function_sees_the_surroundings_of_the_moment(workers, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ODIBI_TEST_VALUE", "now")
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2]))
    found = rows(workers, "surroundings")[0]
    assert found["pid"] != os.getpid()
    assert found == {"pid": found["pid"], "cwd": str(tmp_path), "home": "now", "stdin": ""}


def test_two_calls_do_not_draw_the_same_random_numbers(workers):
    first, second = rows(workers, "random_number")[0], rows(workers, "random_number")[0]
    assert first["a"] != second["a"]
    assert first["b"] != second["b"]


def test_a_module_beside_the_config_is_found(tmp_path):
    (tmp_path / "beside_module.py").write_text(
        "import beside_helper\ndef f(): return [{'x': beside_helper.x}]"
    )
    (tmp_path / "beside_helper.py").write_text("x = 5")
    with IsolatedWorkers(tmp_path) as workers:
        assert rows(workers, "beside_module.f") == [{"x": 5}]
    assert "beside_module" not in sys.modules


def test_a_name_that_is_not_there_says_so_as_ever(workers):
    with pytest.raises(
        FunctionNotFoundError, match=r"working_module.doubel.*`.*working_module.double` exists"
    ):
        run(workers, f"{MODULE}.doubel")


# -- where the function is -----------------------------------------------------------------------------


def test_a_function_that_only_this_process_has_runs_too(workers):
    value = 7

    @odibi_function("only_here_a")
    def local():
        return [{"value": value, "pid": os.getpid()}]

    found = rows(workers, "only_here_a")[0]
    assert found["value"] == 7
    assert found["pid"] != os.getpid()


def test_the_latest_definition_of_a_local_function_counts(zygote_kind):
    def define(value):
        @odibi_function("only_here_b")
        def local():
            return [{"value": value}]

    define(1)
    with IsolatedWorkers() as workers:
        workers.start()
        assert rows(workers, "only_here_b") == [{"value": 1}]
        define(2)
        assert rows(workers, "only_here_b") == [{"value": 2}]


def test_a_process_with_threads_gets_workers_from_a_fresh_interpreter(monkeypatch):
    monkeypatch.setattr(zygotes, "_can_be_copied", CAN_BE_COPIED)
    monkeypatch.setattr(isolation_system, "native_threads", lambda: 2)
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    try:
        zygote = Zygote()
        assert not zygote.inherits
        zygote.close()
        with IsolatedWorkers() as workers:
            workers.start()
            assert rows(workers, "double", {"frame": pa.table({"v": [3]})}) == [{"v": 6}]
    finally:
        stop.set()
        thread.join()


def test_threads_of_libraries_keep_a_process_from_being_copied(monkeypatch):
    monkeypatch.setattr(zygotes, "_can_be_copied", CAN_BE_COPIED)
    monkeypatch.setattr(isolation_system, "native_threads", lambda: 2)
    zygote = Zygote()
    assert not zygote.inherits
    zygote.close()


def test_threads_that_only_wait_do_not_keep_a_process_from_being_copied(monkeypatch):
    monkeypatch.setattr(zygotes, "_can_be_copied", CAN_BE_COPIED)
    monkeypatch.setattr(isolation_system, "native_threads", lambda: 2)
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.only_waits = True
    thread.start()
    # Other tests may have left threads of their own (a Spark session has some).
    monkeypatch.setattr(threading, "enumerate", lambda: [threading.current_thread(), thread])
    monkeypatch.setattr(threading, "active_count", lambda: 2)
    try:
        zygote = Zygote()
        assert zygote.inherits
        zygote.close()
    finally:
        stop.set()
        thread.join()


def test_a_killed_zygote_is_replaced(zygote_kind):
    with IsolatedWorkers() as workers:
        run(workers, "nothing", outputs=())
        zygote = workers._zygote
        os.kill(zygote._pid or zygote._process.pid, signal.SIGKILL)
        wait_until(lambda: is_zombie(zygote._pid or zygote._process.pid))
        assert rows(workers, "awaited", {"frame": pa.table({"v": [3]})}) == [{"v": 3}]


def is_zombie(pid):
    try:
        return "State:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return True


# -- timeouts ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("function", ["touch_until_killed", "ignore_everything", "backtrack"])
def test_at_its_timeout_the_work_is_dead(workers, tmp_path, function):
    path = tmp_path / "touched"
    with pytest.raises(StepTimeoutError, match=r"took longer than its timeout of 0.4 s") as caught:
        run(workers, function, timeout=0.4, path=str(path))
    assert caught.value.step == "isolated"
    assert caught.value.field == "params.timeout"
    assert path.stat().st_size > 0
    assert has_stopped(path)


@pytest.mark.parametrize("how", ["plain", "session", "daemon"])
def test_at_its_timeout_what_it_started_is_dead_too(workers, tmp_path, how):
    path = tmp_path / "touched"
    with pytest.raises(StepTimeoutError):
        run(workers, "children_then_sleep", timeout=0.4, path=str(path), how=how)
    assert path.stat().st_size > 0
    assert has_stopped(path)


@pytest.mark.parametrize("how", ["plain", "session", "daemon"])
def test_what_it_leaves_running_ends_with_it(workers, tmp_path, how):
    path = tmp_path / "touched"
    run(workers, "children_then_return", outputs=(), path=str(path), how=how)
    assert path.stat().st_size > 0
    assert has_stopped(path)


def test_a_flood_of_lines_does_not_put_the_timeout_off(workers):
    lines = []
    with pytest.raises(StepTimeoutError):
        workers.call(
            step_of(), f"{MODULE}.print_lines", {}, {"n": 10**12}, 0.3, lambda *line: lines.append(line)
        )
    assert lines[:2] == [("stdout", "line 0"), ("stdout", "line 1")]


def test_kill_ends_a_call_from_another_thread(workers, tmp_path):
    path = tmp_path / "touched"
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(run, workers, "touch_until_killed", timeout=None, name="victim", path=str(path))
        wait_until(path.exists)
        workers.kill("victim")
        with pytest.raises(RunCancelledError, match="step `victim` was cancelled"):
            call.result(20)
    assert has_stopped(path)


def test_close_ends_what_runs_and_refuses_more(tmp_path):
    path = tmp_path / "touched"
    workers = IsolatedWorkers()
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(run, workers, "touch_until_killed", timeout=None, path=str(path))
        wait_until(path.exists)
        workers.close()
        with pytest.raises(RunCancelledError):
            call.result(20)
    assert has_stopped(path)
    with pytest.raises(StepError, match="workers are closed"):
        run(workers, "nothing", outputs=())


def test_nothing_is_left_when_the_run_is_killed(tmp_path):
    path = tmp_path / "touched"
    program = tmp_path / "program.py"
    program.write_text(
        textwrap.dedent(
            f"""
            import sys
            sys.path.insert(0, {str(Path(__file__).parents[2])!r})
            from odibi_core.core.node import Step
            from odibi_core.functions.isolation import IsolatedWorkers

            with IsolatedWorkers() as workers:
                params = {{"path": {str(path)!r}, "how": "session"}}
                workers.call(Step(name="s"), "{MODULE}.children_then_sleep", {{}}, params)
            """
        )
    )
    process = subprocess.Popen([sys.executable, str(program)])
    wait_until(lambda: path.exists() and path.stat().st_size > 0)
    process.kill()
    process.wait()
    wait_until(lambda: has_stopped(path))


def test_an_error_of_the_log_ends_the_work(workers, tmp_path):
    def on_log(stream, line):
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        workers.call(step_of(), f"{MODULE}.print_lines", {}, {"n": 10**12}, None, on_log)
    wait_until(lambda: not processes_named("odibi-worker"))


# -- crashes -------------------------------------------------------------------------------------------


def crash(workers, function, **params):
    with pytest.raises(StepCrashedError) as caught:
        run(workers, function, **params)
    assert caught.value.step == "isolated"
    return str(caught.value)


def test_a_segfault_names_the_signal_and_its_place_is_logged(workers):
    lines = []
    with pytest.raises(StepCrashedError, match=r"was ended by SIGSEGV$"):
        workers.call(step_of(), f"{MODULE}.segfault", {}, {}, None, lambda *line: lines.append(line))
    assert ("stderr", "Fatal Python error: Segmentation fault") in lines
    assert any("in segfault" in line for _, line in lines)


def test_an_exit_names_the_code(workers):
    assert crash(workers, "exit_now", code=7).endswith("ended its process with exit code 7")
    assert crash(workers, "exit_now", code=0).endswith("ended its process with exit code 0")
    assert "called `sys.exit('enough')`" in crash(workers, "exit_politely")


def test_a_kill_from_outside_is_taken_for_want_of_memory(workers):
    text = crash(workers, "kill_self", number=int(signal.SIGKILL))
    assert text.endswith("was ended by SIGKILL; the system may have run out of memory")


def test_a_function_that_forks_and_returns_answers_once(workers):
    assert run(workers, "fork_and_return", outputs=())[0] is None


# -- errors --------------------------------------------------------------------------------------------


def test_an_error_comes_back_as_it_is_with_its_traceback(workers):
    with pytest.raises(working_module.PlainError) as caught:
        run(workers, "fail", kind="plain")
    assert caught.value.args == ("mine", 5)
    note = caught.value.__notes__[-1]
    assert note.startswith("in the process of step `isolated`:\nTraceback")
    assert "in fail" in note
    assert "isolation" not in note
    with pytest.raises(KeyError, match="absent"):
        run(workers, "fail", kind="builtin")


@pytest.mark.parametrize(
    ("kind", "type_name", "text"),
    [
        ("awkward", f"{MODULE}.AwkwardError", "first"),
        ("unspeakable", f"{MODULE}.UnspeakableError", "<RuntimeError while its text was made>"),
        ("interrupt", "KeyboardInterrupt", ""),
    ],
)
def test_an_error_that_cannot_travel_comes_as_text(workers, kind, type_name, text):
    with pytest.raises(RemoteStepError) as caught:
        run(workers, "fail", kind=kind)
    assert caught.value.type_name == type_name
    assert str(caught.value) == f"{type_name}: {text}"
    assert "in fail" in caught.value.traceback_text
    assert caught.value.step == "isolated"


# -- what is printed -----------------------------------------------------------------------------------


def test_every_stream_is_logged_with_its_name(workers):
    _, lines = run(workers, "print_everywhere", outputs=())
    assert [line for stream, line in lines if stream == "stdout"] == ["to stdout", "from c"]
    assert [line for stream, line in lines if stream == "stderr"] == ["to stderr", "no end of line"]
    assert ("warning", "logged 5") in lines
    failed = [line for stream, line in lines if stream == "error"]
    assert failed[0] == "failed"
    assert failed[-1] == "ValueError: inside"
    assert not any("too quiet" in line for _, line in lines)


def test_a_hundred_thousand_lines_arrive_in_order(workers):
    _, lines = run(workers, "print_lines", outputs=(), n=100_000)
    assert lines == [("stdout", f"line {i}") for i in range(100_000)]


def test_what_is_no_text_and_has_no_end_of_line_arrives_in_pieces(workers):
    _, lines = run(workers, "print_bytes", outputs=())
    assert lines[0] == ("stdout", "\ufffd\ufffd broken")
    assert sum(len(line) for _, line in lines[1:]) == 3_000_000
    assert max(len(line) for _, line in lines) < 1_200_000


# -- many ----------------------------------------------------------------------------------------------


def test_fifty_calls_at_once_keep_their_data_and_lines_apart(workers):
    def one(i):
        table, lines = run(
            workers, "double", {"frame": pa.table({"v": list(range(i + 1))})}, name=f"step {i}"
        )
        return table["v"].to_pylist() == [2 * v for v in range(i + 1)] and not lines

    with ThreadPoolExecutor(50) as pool:
        assert all(pool.map(one, range(50)))


def test_no_descriptor_and_no_process_is_left(workers):
    def trouble(i):
        if i % 3 == 0:
            run(workers, "print_lines", outputs=(), n=10)
        else:
            with pytest.raises(StepError):
                run(workers, "exit_now", timeout=5, code=1) if i % 3 == 1 else run(
                    workers, "children_then_sleep", timeout=0.05, path=os.devnull, how="session"
                )

    trouble(0)
    before = len(os.listdir("/proc/self/fd"))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(trouble, range(count(200))))
    assert len(os.listdir("/proc/self/fd")) == before
    wait_until(lambda: not processes_named("odibi-worker") and not processes_named("odibi-guard"))


def test_ps_shows_what_the_processes_are(workers, tmp_path):
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(
            run, workers, "touch_until_killed", timeout=None, name="shown", path=str(tmp_path / "t")
        )
        wait_until((tmp_path / "t").exists)
        assert processes_named("odibi-worker")
        assert processes_named("odibi-guard")
        workers.kill("shown")
        with pytest.raises(RunCancelledError):
            call.result(20)


def test_the_zygote_holds_nothing_open_of_the_run(zygote_kind, tmp_path):
    """Else the run's journal would stay locked, and its pipes open, as long as the zygote lives."""
    with open(tmp_path / "journal", "w") as journal, IsolatedWorkers() as workers:
        workers.start()
        run(workers, "nothing", outputs=())
        pid = workers._zygote._pid or workers._zygote._process.pid
        targets = [os.readlink(entry) for entry in Path(f"/proc/{pid}/fd").iterdir()]
        assert journal.name not in targets
