"""The tracker: the contract's section, as written there."""

from __future__ import annotations

import asyncio
import json
import math
import re
import threading
from pathlib import Path

import pandas as pd
import pytest

from odibi_core.core import Tracker, create_engine_context
from odibi_core.core.tracker import Snapshot, StepExecution
from odibi_core.errors import JournalError, StepError
from odibi_core.journal.events import Log
from odibi_core.journal.reader import JournalReader
from odibi_core.journal.redaction import Redactor


@pytest.fixture(params=["pandas", "duckdb"])
def context(request):
    with create_engine_context(request.param) as context:
        yield context


def frame(context, **columns):
    return context.adopt(pd.DataFrame(columns))


def test_a_step_is_pending_until_it_ends(tmp_path):
    tracker = Tracker(tmp_path)
    tracker.start_pipeline("p")
    tracker.start_step("read", "ingest")
    (execution,) = tracker.executions
    assert isinstance(execution, StepExecution)
    assert (execution.step_name, execution.layer, execution.state) == ("read", "ingest", "pending")
    assert execution.end_time is None
    tracker.end_step("read", "success")
    (execution,) = tracker.executions
    assert execution.state == "success"
    assert execution.duration_ms >= 0
    assert execution.end_time >= execution.start_time


def test_a_snapshot_has_rows_schema_and_sample(context):
    tracker = Tracker()
    tracker.start_step("s", "transform")
    tracker.snapshot("after", frame(context, id=range(20), name=["x"] * 20), context)
    snapshot = tracker.executions[0].after_snapshot
    assert isinstance(snapshot, Snapshot)
    assert snapshot.name == "after"
    assert snapshot.row_count == 20
    assert snapshot.schema == [("id", "int64"), ("name", "string")]
    assert snapshot.sample_data == [{"id": i, "name": "x"} for i in range(5)]


def test_before_and_after_make_a_diff(context):
    tracker = Tracker()
    tracker.start_step("s", "transform")
    tracker.snapshot("before", frame(context, id=[1, 2, 3], gone=["a", "b", "c"], n=[1, 2, 3]), context)
    tracker.snapshot("after", frame(context, id=[1], n=[1.5], new=[True]), context)
    (execution,) = tracker.executions
    assert execution.row_delta == -2
    assert execution.schema_diff == {
        "added_columns": ["new"],
        "removed_columns": ["gone"],
        "changed_types": [{"column": "n", "before": "int64", "after": "double"}],
    }


def test_an_after_alone_has_no_diff(context):
    tracker = Tracker()
    tracker.start_step("s", "ingest")
    tracker.snapshot("after", frame(context, id=[1]), context)
    assert tracker.executions[0].schema_diff is None
    assert tracker.executions[0].row_delta is None


def test_crossing_engines_changes_no_column(tmp_path):
    data = pd.DataFrame(
        {
            "i": [1],
            "f": [1.5],
            "s": ["x"],
            "t": pd.to_datetime(["2026-01-31"]).astype("datetime64[us]"),
            "b": [True],
        }
    )
    tracker = Tracker()
    tracker.start_step("s", "transform")
    with create_engine_context("pandas") as pandas, create_engine_context("duckdb") as duckdb:
        tracker.snapshot("before", data, pandas)
        tracker.snapshot("after", duckdb.adopt(data), duckdb)
    (execution,) = tracker.executions
    assert execution.schema_diff == {"added_columns": [], "removed_columns": [], "changed_types": []}
    assert execution.before_snapshot.schema == [
        ("i", "int64"), ("f", "double"), ("s", "string"), ("t", "timestamp[us]"), ("b", "bool"),
    ]  # fmt: skip


def test_a_before_that_is_its_producers_after_costs_nothing(context):
    tracker = Tracker()
    data = frame(context, id=[1, 2])
    tracker.start_step("make", "ingest")
    tracker.snapshot("after", data, context, dataset="d")
    tracker.end_step("make", "success")
    tracker.start_step("use", "transform")
    tracker.snapshot("before", object(), context, dataset="d")  # not looked at
    assert tracker.executions[1].before_snapshot.row_count == 2


def test_samples_are_strict_json(context):
    tracker = Tracker()
    tracker.start_step("s", "ingest")
    data = pd.DataFrame(
        {
            "f": [math.nan, math.inf, 1.0],
            "t": pd.to_datetime(["2026-01-31", None, None]),
            "b": [b"x", None, b"y"],
        }
    )
    tracker.snapshot("after", context.adopt(data), context)
    sample = tracker.executions[0].after_snapshot.sample_data
    assert json.loads(json.dumps(sample, allow_nan=False)) == sample
    assert [row["f"] for row in sample] == [None, None, 1.0]
    assert sample[0]["t"].startswith("2026-01-31")
    assert sample[1]["t"] is None


def test_a_cell_of_megabytes_is_cut_in_the_sample(context):
    tracker = Tracker()
    tracker.start_step("s", "ingest")
    data = frame(context, s=["x" * 1_000_000], numbers=[list(range(100_000))], few=[[1, 2]])
    tracker.snapshot("after", data, context)
    (row,) = tracker.executions[0].after_snapshot.sample_data
    assert row["s"] == "x" * 1_000 + "…"
    assert row["numbers"].startswith("[0,1,2,") and len(row["numbers"]) < 2_000
    assert row["few"] == [1, 2]


def test_columns_that_share_a_name_keep_their_values():
    with create_engine_context("pandas") as context:
        tracker = Tracker()
        tracker.start_step("s", "ingest")
        tracker.snapshot("after", pd.DataFrame([[1, 2]], columns=["a", "a"]), context)
        assert sorted(tracker.executions[0].after_snapshot.sample_data[0].values()) == [1, 2]


def test_a_position_is_before_or_after(context):
    tracker = Tracker()
    tracker.start_step("s", "ingest")
    with pytest.raises(ValueError, match="before"):
        tracker.snapshot("during", frame(context, a=[1]), context)


def test_a_snapshot_outside_any_step_says_so(context):
    with pytest.raises(StepError, match="belongs to a step"):
        Tracker().snapshot("after", frame(context, a=[1]), context)


def test_executions_come_in_the_order_they_started():
    tracker = Tracker()
    tracker.start_pipeline("p")
    tracker.end_step("never", "skipped")
    for name in ("b", "a", "c"):
        tracker.start_step(name, "transform")
    assert [e.step_name for e in tracker.executions] == ["b", "a", "c", "never"]


def test_what_a_thread_reports_belongs_to_its_step():
    with create_engine_context("pandas") as context:
        tracker = Tracker()
        tracker.start_pipeline("p")
        ready = threading.Barrier(8)

        def work(number):
            tracker.start_step(f"s{number}", "transform")
            ready.wait()
            tracker.snapshot("after", pd.DataFrame({"n": [number]}), context)
            tracker.log(f"line of {number}")
            tracker.end_step(f"s{number}", "success")

        threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for execution in tracker.executions:
            assert execution.after_snapshot.sample_data == [{"n": int(execution.step_name[1:])}]


async def test_what_a_task_reports_belongs_to_its_step():
    with create_engine_context("pandas") as context:
        tracker = Tracker()

        async def work(number):
            tracker.start_step(f"s{number}", "transform")
            await asyncio.sleep(0.01)
            tracker.snapshot("after", pd.DataFrame({"n": [number]}), context)

        await asyncio.gather(*(work(i) for i in range(5)))
        assert {e.step_name: e.after_snapshot.sample_data[0]["n"] for e in tracker.executions} == {
            f"s{i}": i for i in range(5)
        }


def test_two_trackers_in_one_thread_do_not_mix():
    one, two = Tracker(), Tracker()
    one.start_step("a", "ingest")
    two.start_step("b", "ingest")
    assert one.current_step() == ("a", 1)
    assert two.current_step() == ("b", 1)
    two.end_step("b", "success")
    assert one.current_step() == ("a", 1)
    assert two.current_step() is None


def test_a_new_tracker_inherits_no_step_of_one_that_is_gone():
    for number in range(50):  # one of them gets the place in memory that another had
        tracker = Tracker()
        assert tracker.current_step() is None
        tracker.start_step(f"left open {number}", "ingest")
        del tracker


def test_stats_and_summary():
    tracker = Tracker()
    tracker.start_pipeline("p")
    for name, state in (("a", "success"), ("b", "failed"), ("c", "success"), ("d", "success")):
        tracker.start_step(name, "transform")
        tracker.end_step(name, state, "boom" if state == "failed" else None)
    stats = tracker.get_stats()
    assert set(stats) == {"total_steps", "total_duration_ms", "success_count", "failed_count", "success_rate"}
    assert (stats["total_steps"], stats["success_count"], stats["failed_count"]) == (4, 3, 1)
    assert stats["success_rate"] == 75.0
    summary = tracker.get_summary()
    assert summary.startswith("Pipeline Execution Summary")
    for fragment in ("Total Steps: 4", "Success: 3 | Failed: 1", "Total Duration:"):
        assert fragment in summary
    assert any("b" in line and "failed" in line and "boom" in line for line in summary.splitlines())


def test_a_summary_of_nothing():
    assert Tracker().get_stats()["success_rate"] == 0
    assert "Total Steps: 0" in Tracker().get_summary()


def test_a_summary_holds_no_escapes_and_one_line_a_step():
    tracker = Tracker()
    tracker.start_step("evil\x1b[31m\nname", "transform")
    tracker.end_step("evil\x1b[31m\nname", "failed", "two\nlines\x07")
    summary = tracker.get_summary()
    assert "\x1b" not in summary and "\x07" not in summary
    assert "[FAILED] evil name" in summary


def test_the_error_of_a_step_is_kept():
    tracker = Tracker()
    tracker.start_step("a", "transform")
    tracker.end_step("a", "failed", KeyError("region"))
    assert "region" in tracker.executions[0].error_message
    assert tracker.view.step("a").error.type == "KeyError"


def test_nothing_touches_the_disk_before_save(tmp_path):
    tracker = Tracker(tmp_path / "logs")
    tracker.start_pipeline("p")
    tracker.start_step("a", "ingest")
    tracker.end_step("a", "success")
    tracker.export_lineage()
    assert list(tmp_path.iterdir()) == []
    tracker.save()
    assert [path.suffix for path in (tmp_path / "logs").iterdir()] == [".json"]


def test_lineage_has_the_form_other_programs_read(context):
    tracker = Tracker()
    tracker.start_pipeline("p")
    tracker.start_step("a", "transform")
    tracker.snapshot("before", frame(context, id=[1]), context)
    tracker.snapshot("after", frame(context, id=[1]), context)
    tracker.end_step("a", "success")
    log = tracker.export_lineage()
    assert re.fullmatch(r"run_\d{8}_\d{6}", log["pipeline_id"])
    assert set(log) >= {"pipeline_id", "start_time", "steps", "summary"}
    (step,) = log["steps"]
    assert set(step) >= {
        "step_name", "layer", "start_time", "end_time", "duration_ms", "before_snapshot", "after_snapshot",
        "schema_diff", "row_delta", "state", "error_message", "iteration", "checkpoint_id",
    }  # fmt: skip
    assert set(step["after_snapshot"]) >= {
        "name", "timestamp", "row_count", "schema", "sample_data", "metadata",
    }  # fmt: skip
    assert step["after_snapshot"]["schema"][0].items() >= {"column": "id", "type": "int64"}.items()
    assert log["summary"].items() >= {"total_steps": 1, "success_count": 1}.items()


def test_saving_again_replaces_the_one_file(tmp_path):
    tracker = Tracker(tmp_path)
    tracker.start_pipeline("p")
    tracker.start_step("a", "ingest")
    first = tracker.save()
    tracker.end_step("a", "success")
    assert tracker.save() == first
    (log,) = tmp_path.glob("*.json")
    assert json.loads(log.read_text())["steps"][0]["state"] == "success"


def test_two_runs_in_one_second_get_two_ids(tmp_path, monkeypatch):
    from odibi_core.journal import events

    at = events.now()
    monkeypatch.setattr(events, "now", lambda: at)
    trackers = [Tracker(tmp_path) for _ in range(3)]
    for tracker in trackers:
        tracker.start_pipeline("p")
    names = [tracker.save() for tracker in trackers]
    stem = f"run_{at.astimezone():%Y%m%d_%H%M%S}"
    assert [name.rpartition("/")[2] for name in names] == [f"{stem}.json", f"{stem}_2.json", f"{stem}_3.json"]
    assert [json.loads(Path(name).read_text())["pipeline_id"] for name in names] == [
        stem,
        f"{stem}_2",
        f"{stem}_3",
    ]
    assert trackers[1].run_id == trackers[1].export_lineage()["pipeline_id"] == f"{stem}_2"


def test_the_log_directory_may_be_reassigned(tmp_path):
    tracker = Tracker(tmp_path / "one")
    tracker.start_pipeline("p")
    tracker.save()
    tracker.log_dir = tmp_path / "two"
    assert tracker.save().startswith(str(tmp_path / "two"))


def test_a_file_may_be_named(tmp_path):
    target = tmp_path / "deep" / "log.json"
    tracker = Tracker(tmp_path)
    assert tracker.save(target) == str(target)
    assert json.loads(target.read_text())["pipeline_id"].startswith("run_")


def test_a_second_pipeline_is_a_run_of_its_own(tmp_path):
    tracker = Tracker(tmp_path)
    for name in ("one", "two"):
        tracker.start_pipeline(name)
        tracker.start_step(f"step_of_{name}", "ingest")
        tracker.end_step(f"step_of_{name}", "success")
        tracker.save()
    assert [e.step_name for e in tracker.executions] == ["step_of_two"]
    assert len(list(tmp_path.glob("run_*.json"))) == 2


def test_a_journal_holds_what_is_recorded(tmp_path):
    tracker = Tracker(tmp_path)
    paths = tracker.open_journal()
    assert tracker.begin("p") == paths.run_id
    tracker.start_step("a", "ingest")
    tracker.log("hello")
    tracker.end_step("a", "success")
    tracker.finish("success")
    tracker.close_journal()
    events = [event for _, event in JournalReader(paths.journal).read()]
    assert [type(event).__name__ for event in events] == [
        "RunStarted", "StepStarted", "Log", "StepFinished", "RunFinished",
    ]  # fmt: skip
    assert tracker.save() == str(paths.final_log)


def test_secrets_reach_neither_record_nor_journal_nor_preview(tmp_path):
    tracker = Tracker(tmp_path, redactor=Redactor(["hunter22"]))
    paths = tracker.open_journal()
    tracker.begin("p")
    tracker.start_step("a", "ingest")
    with create_engine_context("pandas") as context:
        data = pd.DataFrame({"s": ["hunter22", "x"]})
        tracker.snapshot("after", data, context, dataset="d")
        tracker.store_preview("d", data, context)
    tracker.log("password is hunter22")
    tracker.end_step("a", "failed", ValueError("no hunter22"))
    tracker.finish("failed")
    tracker.save()
    assert "hunter22" not in tracker.get_summary()
    for file in tmp_path.rglob("*"):
        assert file.is_dir() or b"hunter22" not in file.read_bytes()
    assert pd.read_parquet(paths.directory / "data" / "0001.preview.parquet")["s"].tolist() == ["***", "x"]


def test_a_preview_is_stored_once_and_has_at_most_1000_rows(tmp_path, context):
    tracker = Tracker(tmp_path)
    data = frame(context, n=range(2_500))
    assert tracker.store_preview("d", data, context) is None  # no directory yet
    paths = tracker.open_journal()
    tracker.begin("p")
    file = tracker.store_preview("d", data, context, step="s")
    assert tracker.store_preview("d", data, context, step="s") is None
    assert pd.read_parquet(file)["n"].tolist() == list(range(1_000))
    dataset = tracker.view.datasets["d"]
    assert (dataset.preview_file, dataset.preview_rows) == ("data/0001.preview.parquet", 1_000)
    assert paths.directory / dataset.preview_file == file


def test_a_preview_that_the_disk_refuses_leaves_nothing_behind(tmp_path, context, monkeypatch):
    import pyarrow.parquet as pq

    def full_disk(table, target, **options):
        target.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq, "write_table", full_disk)
    tracker = Tracker(tmp_path)
    paths = tracker.open_journal()
    tracker.begin("p")
    with pytest.raises(JournalError, match="No space left"):
        tracker.store_preview("d", frame(context, n=[1]), context, step="s")
    assert list(paths.data.iterdir()) == []
    assert "d" not in tracker.view.datasets


def test_a_preview_of_huge_cells_has_fewer_rows(tmp_path, context):
    tracker = Tracker(tmp_path)
    tracker.open_journal()
    tracker.begin("p")
    file = tracker.store_preview("d", frame(context, s=["x" * 1_000_000] * 100), context, step="s")
    assert 10 < len(pd.read_parquet(file)) < 40
    assert tracker.view.datasets["d"].preview_rows == len(pd.read_parquet(file))


def test_data_that_takes_a_key_anew_is_looked_at_anew(tmp_path, context):
    tracker = Tracker(tmp_path)
    tracker.open_journal()
    tracker.begin("p")
    tracker.start_step("s", "transform")
    for rows in (1, 2):
        tracker.forget_dataset("d")
        data = frame(context, n=range(rows))
        tracker.snapshot("before", data, context, dataset="d")
        file = tracker.store_preview("d", data, context)
        assert tracker.executions[0].before_snapshot.row_count == rows
        assert len(pd.read_parquet(file)) == rows
    assert tracker.view.datasets["d"].preview_rows == 2


def test_a_line_of_no_step_is_the_runs_own():
    tracker = Tracker()
    tracker.start_pipeline("p")
    recorded = []
    original = tracker.record
    tracker.record = lambda event: (recorded.append(event), original(event))
    tracker.log("hello", level="warning")
    assert isinstance(recorded[0], Log) and recorded[0].step is None and recorded[0].level == "warning"
