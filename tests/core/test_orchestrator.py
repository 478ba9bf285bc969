"""Running pipelines: order, results, what is recorded, and how it fails."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from datetime import datetime

import pandas as pd
import pytest

from odibi_core.core import (
    EventEmitter,
    OrchestrationResult,
    Orchestrator,
    Step,
    Tracker,
    create_engine_context,
)
from odibi_core.errors import ConfigFormatError, JournalError, MissingInputError, SecretError, StepError
from odibi_core.functions import odibi_function
from odibi_core.journal.final_log import read_log
from odibi_core.journal.fold import RunBuilder
from odibi_core.journal.reader import JournalReader
from tests.builders import function, orchestrator, sql
from tests.counts import count

CHAIN = [
    sql("read", "SELECT i AS id, i * 2 AS n FROM range(10) t(i)"),
    sql("filter", "SELECT * FROM data WHERE n > 6", data="read"),
    sql("total", "SELECT sum(n) AS total FROM data", data="filter"),
]


def states(tracker):
    return {e.step_name: e.state for e in tracker.executions}


def events_of(tracker):
    return [event for _, event in JournalReader(tracker.paths.journal).read()]


class Recorder(EventEmitter):
    """Keeps what is emitted."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def emit(self, event, **kwargs):
        self.seen.append((event, kwargs))
        super().emit(event, **kwargs)

    def names(self, *without):
        return [name for name, _ in self.seen if name not in without]


@pytest.mark.parametrize("engine", ["pandas", "duckdb"])
def test_a_pipeline_runs_on_either_engine(tmp_path, engine):
    steps = [Step(**{**vars(step), "engine": engine}) for step in CHAIN]
    run = orchestrator(steps, tmp_path, engine=engine)
    result = run.run()
    assert isinstance(result, OrchestrationResult)
    assert result.data_map is run.data_map
    total = create_engine_context("pandas").adopt(result.data_map["total"])
    assert total["total"].tolist() == [78]
    assert states(result.tracker) == {"read": "success", "filter": "success", "total": "success"}
    filtered = result.tracker.executions[1]
    assert (filtered.before_snapshot.row_count, filtered.after_snapshot.row_count) == (10, 6)
    assert filtered.row_delta == -4


def test_the_graph_decides_the_order_not_the_file(tmp_path):
    run = orchestrator(list(reversed(CHAIN)), tmp_path, parallel=False)
    assert [e.step_name for e in run.run().tracker.executions] == ["read", "filter", "total"]


def test_data_crosses_engines_once_and_each_context_is_made_when_needed(tmp_path, monkeypatch):
    steps = [
        sql("read", "SELECT i FROM range(5) t(i)", engine="duckdb"),
        sql("a", "SELECT i + 1 AS i FROM data", engine="pandas", data="read"),
        sql("b", "SELECT i + 2 AS i FROM data", engine="pandas", data="read"),
    ]
    from odibi_core.engine import PandasEngineContext

    crossings = []
    adopt = PandasEngineContext.adopt

    def counted(self, frame):
        if not self.is_frame(frame):
            crossings.append(frame)
        return adopt(self, frame)

    monkeypatch.setattr(PandasEngineContext, "adopt", counted)
    result = orchestrator(steps, tmp_path, engine="duckdb").run()
    assert len(crossings) == 1
    assert result.data_map["a"]["i"].tolist() == [1, 2, 3, 4, 5]
    assert result.data_map["b"]["i"].tolist() == [2, 3, 4, 5, 6]


def test_what_is_in_data_map_before_can_be_read(tmp_path):
    run = orchestrator([sql("n", "SELECT count(*) AS n FROM data", engine="pandas", data="given")], tmp_path)
    run.data_map["given"] = pd.DataFrame({"x": [1, 2, 3]})
    assert run.run().data_map["n"]["n"].tolist() == [3]


def test_running_again_is_a_run_of_its_own(tmp_path):
    run = orchestrator(CHAIN, tmp_path)
    first = run.run().tracker.run_id
    assert run.run().tracker.run_id != first
    assert len(list(tmp_path.glob("run_*.json"))) == 2


def test_what_an_earlier_run_made_is_not_there_when_a_later_one_fails(tmp_path):
    runs = []

    @odibi_function("test_first_time_only")
    def first_time_only():
        runs.append(1)
        if len(runs) > 1:
            raise ValueError("no")
        return [{"a": 1}]

    run = orchestrator([function("s", "test_first_time_only")], tmp_path, engine="pandas")
    run.data_map["given"] = "stays"
    run.run()
    with pytest.raises(ValueError, match="no"):
        run.run()
    assert set(run.data_map) == {"given"}


def test_a_run_has_the_name_the_tracker_was_given_before(tmp_path):
    run = orchestrator(CHAIN, tmp_path)
    run.tracker.start_pipeline("nightly")
    run.run()
    assert run.tracker.view.pipeline == "nightly"
    assert orchestrator(CHAIN, tmp_path, source="dir/daily.json").run().tracker.view.pipeline == "daily"


def test_every_view_is_the_same_fold_over_the_journal(tmp_path):
    tracker = orchestrator(CHAIN, tmp_path).run().tracker
    builder = RunBuilder()
    for event in events_of(tracker):
        builder.apply(event)
    assert builder.view() == tracker.view
    assert read_log(tracker.paths.final_log).steps[1].after.rows == 6


def test_what_a_run_leaves_behind(tmp_path):
    tracker = orchestrator(CHAIN, tmp_path, pipeline="demo", source="demo.json", digest="abc").run().tracker
    directory = tmp_path / tracker.run_id
    assert sorted(path.name for path in tmp_path.iterdir()) == [tracker.run_id, f"{tracker.run_id}.json"]
    assert sorted(path.name for path in directory.iterdir()) == ["config.json", "data", "events.jsonl"]
    assert len(list((directory / "data").glob("*.preview.parquet"))) == 3
    assert len(list((directory / "data").glob("*.full.parquet"))) == 3
    config = json.loads((directory / "config.json").read_text())
    assert (config["pipeline"], config["source"], config["digest"]) == ("demo", "demo.json", "abc")
    assert config["steps"][1]["value"] == "SELECT * FROM data WHERE n > 6"
    json.loads(
        (tmp_path / f"{tracker.run_id}.json").read_text(), parse_constant=lambda name: pytest.fail(name)
    )


def test_every_step_event_carries_step_and_attempt(tmp_path):
    for event in events_of(orchestrator(CHAIN, tmp_path).run().tracker):
        if type(event).__name__ in ("StepStarted", "Snapshot", "StepFinished", "Progress", "Retry"):
            assert event.step and event.attempt == 1


def test_previews_can_be_left_out(tmp_path):
    tracker = orchestrator(CHAIN, tmp_path, previews=False).run().tracker
    assert not (tmp_path / tracker.run_id / "data").exists()


def test_frames_are_dropped_when_their_last_reader_is_done(tmp_path):
    alive = []
    context = create_engine_context("duckdb").connect()
    run = orchestrator(CHAIN, tmp_path, context=context, keep_frames=False)
    run.events.on("step_start", lambda step: alive.append((step.name, sorted(run.data_map))))
    run.run()
    assert alive[2] == ("total", ["filter"]) or alive[2] == ("total", ["filter", "read"])
    assert run.data_map == {}
    tables = context.execute_sql("SELECT count(*) AS n FROM duckdb_tables()").df()["n"].tolist()
    assert tables == [1]  # the one that this count itself makes


def test_several_outputs_get_a_single_result_or_a_dict_by_local_name(tmp_path):
    @odibi_function("test_split")
    def split(data):
        return {"small": data[data.n < 3], "large": data[data.n >= 3]}

    steps = [
        sql("read", "SELECT i AS n FROM range(5) t(i)", engine="pandas"),
        Step("transform", "split", "function", "pandas", "test_split", None, {"data": "read"},
             {"large": "big", "small": "little"}),
        Step(name="twice", inputs={"data": "read"}, outputs={"a": "one", "b": "two"}),
    ]  # fmt: skip
    data_map = orchestrator(steps, tmp_path, engine="pandas").run().data_map
    assert data_map["big"]["n"].tolist() == [3, 4]
    assert data_map["little"]["n"].tolist() == [0, 1, 2]
    assert data_map["one"] is data_map["two"]


def test_a_function_cannot_change_what_others_read(tmp_path):
    @odibi_function("test_spoil")
    def spoil(data):
        data["n"] = -1
        return data

    steps = [
        sql("read", "SELECT i AS n FROM range(3) t(i)", engine="pandas"),
        function("spoil", "test_spoil", data="read"),
        sql("after", "SELECT a.n AS n FROM a, b LIMIT 3", engine="pandas", a="read", b="spoil"),
    ]
    data_map = orchestrator(steps, tmp_path, engine="pandas").run().data_map
    assert data_map["read"]["n"].tolist() == [0, 1, 2]
    assert data_map["spoil"]["n"].tolist() == [-1, -1, -1]


def test_independent_steps_run_side_by_side(tmp_path):
    meeting = threading.Barrier(3, timeout=30)

    @odibi_function("test_meet")
    def meet():
        meeting.wait()
        return [{"a": 1}]

    steps = [function(f"s{i}", "test_meet") for i in range(3)]
    tracker = orchestrator(steps, tmp_path, engine="pandas", max_workers=3).run().tracker
    assert sorted(step.attempts[0].worker for step in tracker.view.steps) == [0, 1, 2]


def test_one_worker_when_not_parallel(tmp_path):
    steps = [sql(f"s{i}", f"SELECT {i} AS i") for i in range(5)]
    tracker = orchestrator(steps, tmp_path, parallel=False).run().tracker
    assert {step.attempts[0].worker for step in tracker.view.steps} == {0}


# -- events -------------------------------------------------------------------------------------------


def test_listeners_hear_what_the_contract_names(tmp_path):
    events = Recorder()
    orchestrator(CHAIN[:2], tmp_path, events=events).run()
    assert events.names("log", "snapshot") == [
        "pipeline_start", "step_start", "step_complete", "step_start", "step_complete", "pipeline_complete",
    ]  # fmt: skip
    by_name = dict(events.seen)
    assert by_name["pipeline_start"]["steps"] == CHAIN[:2]
    assert by_name["step_start"] == {"step": CHAIN[1], "attempt": 1}
    assert by_name["step_complete"]["step"] is CHAIN[1]
    assert by_name["step_complete"]["duration_ms"] > 0
    assert set(by_name["pipeline_complete"]["data_map"]) == {"read", "filter"}
    assert by_name["snapshot"]["snapshot"].row_count == 6


def test_a_listener_that_raises_never_stops_a_run(tmp_path, caplog):
    run = orchestrator(CHAIN, tmp_path)
    run.events.on("step_start", lambda step: 1 / 0)
    run.run()
    assert "ZeroDivisionError" in caplog.text


def test_a_listener_of_the_log_that_raises_is_not_called_for_its_own_failure(tmp_path):
    called = []

    def raising(message):
        called.append(message)
        raise ValueError("no")

    run = orchestrator(CHAIN[:1], tmp_path)
    run.events.on("log", raising)
    run.run()
    assert [message.partition(" ")[0] for message in called] == ["started", "done"]
    assert any("ValueError: no" in getattr(event, "message", "") for event in events_of(run.tracker))


async def test_a_stream_beside_run_async(tmp_path):
    run = orchestrator(CHAIN, tmp_path)
    task = asyncio.create_task(run.run_async())
    names = [event.name async for event in run.events.stream()]
    result = await task
    assert names[0] == "pipeline_start" and names[-1] == "pipeline_complete"
    assert names.count("step_complete") == 3
    assert result.data_map["total"].df()["total"].tolist() == [78]


def test_what_python_logs_in_a_step_is_a_line_of_that_step(tmp_path, caplog, capsys):
    @odibi_function("test_talk")
    def talk(step):
        logging.getLogger("user.code").warning("from %s\nand more", step.name)
        return [{"a": 1}]

    run = orchestrator(
        [function("one", "test_talk"), function("two", "test_talk")], tmp_path, engine="pandas"
    )
    run.events.on("step_complete", lambda: logging.getLogger("user.code").warning("from a listener"))
    tracker = run.run().tracker
    assert "failed" not in caplog.text and "Logging error" not in capsys.readouterr().err
    logging.getLogger("user.code").warning("from nobody")
    said = {(e.step, e.message) for e in events_of(tracker) if getattr(e, "level", "") == "warning"}
    lines = [(step, line) for step in ("one", "two") for line in (f"user.code: from {step}", "and more")]
    assert said == set(lines)


# -- failure ------------------------------------------------------------------------------------------


def test_the_original_exception_is_raised_with_the_steps_name(tmp_path):
    original = KeyError("region")

    @odibi_function("test_boom")
    def boom(data):
        raise original

    steps = [
        sql("read", "SELECT 1 AS a", engine="pandas"),
        function("boom", "test_boom", data="read"),
        sql("after", "SELECT * FROM data", engine="pandas", data="boom"),
        sql("deep", "SELECT * FROM data", engine="pandas", data="after"),
    ]
    events = Recorder()
    run = orchestrator(steps, tmp_path, engine="pandas", events=events)
    with pytest.raises(KeyError) as raised:
        run.run()
    assert raised.value is original
    assert any("boom" in note for note in original.__notes__)
    assert states(run.tracker) == {"read": "success", "boom": "failed", "after": "skipped", "deep": "skipped"}
    assert "boom" in run.tracker.view.step("after").reason
    failed = run.tracker.view.step("boom").error
    assert (
        failed.type == "KeyError" and "region" in failed.message and "test_orchestrator" in failed.traceback
    )
    log = read_log(run.tracker.paths.final_log)
    assert log.state == "failed" and log.step("boom").error.message == failed.message
    assert ("step_error", {"step": steps[1], "error": original}) in events.seen
    assert events.seen[-1] == ("pipeline_error", {"error": original})
    assert [kwargs["step"].name for name, kwargs in events.seen if name == "step_skipped"] == [
        "after",
        "deep",
    ]


def test_a_function_that_exits_fails_its_step_and_not_the_program(tmp_path):
    @odibi_function("test_exit")
    def leave():
        raise SystemExit(3)

    run = orchestrator([function("s", "test_exit")], tmp_path, engine="pandas")
    with pytest.raises(StepError, match=r"sys.exit\(3\)"):
        run.run()
    assert states(run.tracker) == {"s": "failed"}


def test_what_is_running_finishes_when_another_step_fails(tmp_path):
    failed = threading.Event()

    @odibi_function("test_patient")
    def patient():
        assert failed.wait(30)
        return [{"a": 1}]

    @odibi_function("test_hasty")
    def hasty():
        raise ValueError("no")

    steps = [
        function("patient", "test_patient"),
        function("hasty", "test_hasty"),
        sql("later", "SELECT * FROM data", engine="pandas", data="patient"),
    ]
    run = orchestrator(steps, tmp_path, engine="pandas", max_workers=2)
    run.events.on("step_error", lambda step: failed.set())
    with pytest.raises(ValueError, match="no"):
        run.run()
    assert states(run.tracker) == {"patient": "success", "hasty": "failed", "later": "skipped"}


def test_keep_going_leaves_out_only_what_needs_the_failed_step(tmp_path):
    steps = [
        sql("bad", "SELECT nope"),
        sql("after_bad", "SELECT * FROM data", data="bad"),
        sql("good", "SELECT 1 AS a"),
        sql("after_good", "SELECT * FROM data", data="good"),
    ]
    run = orchestrator(steps, tmp_path, max_workers=1, keep_going=True)
    with pytest.raises(Exception, match="nope"):
        run.run()
    assert states(run.tracker) == {
        "bad": "failed", "after_bad": "skipped", "good": "success", "after_good": "success",
    }  # fmt: skip


def test_a_missing_input_names_the_key(tmp_path):
    run = orchestrator(
        [sql("read", "SELECT 1 AS a"), sql("use", "SELECT * FROM data", data="raed")], tmp_path
    )
    with pytest.raises(
        MissingInputError, match=r"`raed` not found in data_map; a step outputs `read`"
    ) as raised:
        run.run()
    assert isinstance(raised.value, KeyError) and isinstance(raised.value, ValueError)


def test_two_steps_of_one_name_are_refused_before_anything_runs(tmp_path):
    with pytest.raises(ConfigFormatError, match="two steps are called"):
        orchestrator([sql("a", "SELECT 1 AS a"), sql("a", "SELECT 1 AS a", output="b")], tmp_path).run()
    with pytest.raises(ConfigFormatError, match="both output"):
        orchestrator([sql("a", "SELECT 1 AS a"), sql("b", "SELECT 1 AS a", output="a")], tmp_path).run()
    assert list(tmp_path.iterdir()) == []


def test_a_cycle_is_refused_with_its_path(tmp_path):
    steps = [sql("a", "SELECT 1 AS a", data="b"), sql("b", "SELECT 1 AS a", data="a")]
    with pytest.raises(ConfigFormatError, match="a → b → a"):
        orchestrator(steps, tmp_path).run()


def test_an_unknown_engine_or_layer_fails_its_step(tmp_path):
    for step in (
        Step("ingest", "s", "sql", "dukdb", "SELECT 1"),
        Step("ingset", "s", "sql", "duckdb", "SELECT 1"),
    ):
        run = orchestrator([step], tmp_path)
        with pytest.raises(ValueError, match=r"dukdb|ingset"):
            run.run()
        assert states(run.tracker) == {"s": "failed"}


def test_a_log_directory_that_cannot_be_made_stops_the_run_before_it_begins(tmp_path):
    (tmp_path / "file").write_text("")
    ran = []

    @odibi_function("test_unrecorded")
    def unrecorded():
        ran.append(1)

    with pytest.raises(JournalError):
        orchestrator([function("s", "test_unrecorded")], tmp_path / "file" / "logs", engine="pandas").run()
    assert not ran


def test_no_process_is_left_of_a_run_that_could_not_begin(tmp_path, monkeypatch):
    from odibi_core.functions.isolation import IsolatedWorkers

    calls = []
    monkeypatch.setattr(IsolatedWorkers, "start", lambda self: calls.append("start"))
    monkeypatch.setattr(IsolatedWorkers, "close", lambda self: calls.append("close"))
    (tmp_path / "file").write_text("")
    step = sql("s", "SELECT 1 AS a")
    step.metadata = {"timeout": 60}
    with pytest.raises(JournalError):
        orchestrator([step], tmp_path / "file" / "logs").run()
    assert calls == ["start", "close"]


def test_a_run_that_cannot_write_its_journal_waits_for_no_function(tmp_path, monkeypatch):
    from odibi_core.core import conductor
    from odibi_core.journal.writer import JournalWriter

    over, waiting = threading.Event(), threading.Event()

    @odibi_function("test_waits_for_ever")
    def waits_for_ever():
        waiting.set()
        over.wait(60)
        return [{"a": 1}]

    @odibi_function("test_waits_for_the_other")
    def waits_for_the_other():
        waiting.wait(60)
        return [{"a": 1}]

    append = JournalWriter.append

    def full_disk(self, event):
        if getattr(event, "step", None) == "quick" and type(event).__name__ == "Snapshot":
            raise JournalError("cannot write the journal: no space left")
        return append(self, event)

    monkeypatch.setattr(JournalWriter, "append", full_disk)
    monkeypatch.setattr(conductor, "GRACE_S", 0.2)
    steps = [function("slow", "test_waits_for_ever"), function("quick", "test_waits_for_the_other")]
    try:
        with pytest.raises(JournalError, match="no space left"):
            orchestrator(steps, tmp_path).run()
    finally:
        over.set()


def test_a_run_that_cannot_write_its_journal_stops_at_once(tmp_path, monkeypatch):
    from odibi_core.journal.writer import JournalWriter

    append = JournalWriter.append

    def full_disk(self, event):
        if type(event).__name__ == "Snapshot" and event.step == "filter" and not full:
            full.append(1)  # once: a moment later there is space again
            raise JournalError("cannot write the journal: no space left")
        return append(self, event)

    full = []
    monkeypatch.setattr(JournalWriter, "append", full_disk)
    steps = [*CHAIN, sql("beside", "SELECT 1 AS a")]
    run = orchestrator(steps, tmp_path, max_retries=3, retry_delay=0, keep_going=True, max_workers=1)
    with pytest.raises(JournalError, match="no space left"):
        run.run()
    assert "total" not in run.data_map and "beside" not in run.data_map
    assert len(run.tracker.view.step("filter").attempts) == 1
    assert run.tracker.view.state == "failed"


# -- secrets and variables ----------------------------------------------------------------------------


def test_variables_are_filled_in_and_stay_as_written_in_the_log(tmp_path):
    run = orchestrator(
        [sql("s", "SELECT ${var:n} AS n, '${var:text}' AS t")], tmp_path, variables={"n": 3, "text": "it's"}
    )
    assert run.run().data_map["s"].df().iloc[0].tolist() == [3, "it's"]
    assert run.tracker.view.step("s").info.value == "SELECT ${var:n} AS n, '${var:text}' AS t"


def test_a_missing_variable_names_it(tmp_path):
    with pytest.raises(SecretError, match="nothing"):
        orchestrator([sql("s", "SELECT ${var:nothing}")], tmp_path).run()


def test_secrets_show_nowhere(tmp_path, monkeypatch):
    monkeypatch.setenv("DB_PASSWORD", "hunter22")
    steps = [
        sql("fine", "SELECT '${env:DB_PASSWORD}' AS s, ${var:token} AS t"),
        sql("bad", "SELECT nope, '${env:DB_PASSWORD}' FROM data", data="fine"),
    ]
    seen = Recorder()
    run = orchestrator(steps, tmp_path, variables={"token": "t0psecret"}, events=seen)
    with pytest.raises(Exception, match="nope") as raised:
        run.run()
    assert run.data_map["fine"].df()["s"].tolist() == ["hunter22"]  # the data itself is the user's
    shown = [str(raised.value), run.tracker.get_summary(), str(run.tracker.view)]
    shown += [str(kwargs["message"]) for name, kwargs in seen.seen if name == "log"]
    shown += [str(kwargs["snapshot"]) for name, kwargs in seen.seen if name == "snapshot"]
    shown += [file.read_bytes().decode("latin-1") for file in tmp_path.rglob("*") if file.is_file()]
    for text in shown:
        assert "hunter22" not in text and "t0psecret" not in text


@pytest.mark.parametrize("source", [{"token": "t0psecret"}, lambda name: "t0psecret"])
def test_secrets_of_the_context_show_nowhere(tmp_path, source):
    @odibi_function("test_leak")
    def leak(context):
        raise RuntimeError(f"bad token {context.get_secret('token')}")

    context = create_engine_context("pandas", secrets=source)
    run = orchestrator([function("s", "test_leak")], tmp_path, context=context)
    with pytest.raises(RuntimeError, match=r"bad token \*\*\*"):
        run.run()
    assert not any(b"t0psecret" in file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())


# -- single steps, many steps -------------------------------------------------------------------------


def test_a_single_step_can_be_run(tmp_path):
    run = orchestrator(CHAIN, tmp_path)
    assert run.run_step(CHAIN[0]) is run.data_map
    run.run_step(CHAIN[1])
    assert len(run.data_map["filter"]) == 6
    assert states(run.tracker) == {"read": "success", "filter": "success"}
    with pytest.raises(StepError, match="not found in data_map"):
        run.run_step(sql("x", "SELECT 1 AS a", data="nowhere"))
    assert list(tmp_path.iterdir()) == []


def test_steps_side_by_side_never_mix(tmp_path):
    """200 independent SQL steps that all call their input `data`, eight at a time."""
    size = 200
    for turn in range(count(20)):
        steps = []
        for i in range(size):
            engine = "duckdb" if i % 2 else "pandas"
            steps.append(sql(f"read_{i}", f"SELECT {i} AS id, range AS n FROM range({i + 1})", engine=engine))
            query = f"SELECT min(id) AS id, count(*) AS n, '{i}' AS own FROM data"
            steps.append(sql(f"count_{i}", query, engine=engine, data=f"read_{i}"))
        log_dir = tmp_path / str(turn)
        result = orchestrator(steps, log_dir, max_workers=8).run()
        pandas = create_engine_context("pandas")
        for i in range(size):
            row = pandas.adopt(result.data_map[f"count_{i}"]).iloc[0].to_dict()
            assert row == {"id": i, "n": i + 1, "own": str(i)}
        record = result.tracker.view
        for i in range(size):
            step = record.step(f"count_{i}")
            assert step.after.sample == ({"id": i, "n": i + 1, "own": str(i)},)
            assert (step.before.rows, step.before.dataset) == (i + 1, f"read_{i}")
        lines = {}
        for event in events_of(result.tracker):
            if type(event).__name__ == "Log":
                lines.setdefault(event.step, []).append(event.message)
        for i in range(size):
            started, done = lines[f"count_{i}"]
            assert started == f"started, inputs read_{i} {i + 1:,}"
            assert done.endswith(", 1 row")


def test_a_long_chain_has_no_limit(tmp_path):
    size = 300
    steps = [sql("s0", "SELECT 1 AS n")]
    steps += [sql(f"s{i}", "SELECT n + 1 AS n FROM data", data=f"s{i - 1}") for i in range(1, size)]
    result = orchestrator(steps, tmp_path, keep_frames=True, previews=False).run()
    assert result.data_map[f"s{size - 1}"].df()["n"].tolist() == [size]


def test_the_signature_of_the_contract(tmp_path):
    given = (CHAIN, create_engine_context("duckdb"), Tracker(tmp_path), EventEmitter())
    run = Orchestrator(*given, True, 4, False, 0, 1.0, False, {})
    assert isinstance(run.run().tracker.executions[0].start_time, datetime)
    assert run.run().tracker is run.tracker
