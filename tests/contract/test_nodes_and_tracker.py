"""contract.md, "Nodes" and "Tracker"."""

from __future__ import annotations

import json
import re
import threading
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from odibi_core.core import EventEmitter, NodeBase, NodeState, Step, Tracker
from odibi_core.engine import PandasEngineContext
from odibi_core.nodes import NODE_REGISTRY

FRAME = pd.DataFrame({"id": [1, 2, 3], "name": ["a", "b", None], "value": [1.5, float("nan"), 2.0]})


@pytest.fixture
def context() -> PandasEngineContext:
    return PandasEngineContext().connect()


def node(step: Step, context: PandasEngineContext, tracker: Tracker | None = None) -> NodeBase:
    return NODE_REGISTRY[step.layer](step, context, tracker or Tracker(), EventEmitter())


def test_the_states_of_a_node() -> None:
    values = {state.name: state.value for state in NodeState}
    assert values == {
        name: name.lower()
        for name in ("PENDING", "RUNNING", "SUCCESS", "FAILED", "RETRY", "SKIPPED", "CANCELLED", "REUSED")
    }


def test_ingest_and_store_by_themselves(tmp_path: Path, context: PandasEngineContext) -> None:
    FRAME.to_csv(tmp_path / "in.csv", index=False)
    read = node(Step("ingest", "r", value=str(tmp_path / "in.csv"), outputs={"d": "raw"}), context)
    assert read.state is NodeState.PENDING
    data = read.run({})
    assert read.state is NodeState.SUCCESS
    assert len(data["raw"]) == 3
    target = tmp_path / "new" / "dir" / "out.csv"
    node(Step("store", "w", value=str(target), inputs={"d": "raw"}), context).run(data)
    assert target.read_text().splitlines()[0] == "id,name,value"


def test_only_declared_outputs_are_merged_and_others_kept(context: PandasEngineContext) -> None:
    step = Step(
        name="t", type="sql", value="SELECT id FROM d", inputs={"d": "raw"}, outputs={"x": "a", "y": "b"}
    )
    data = node(step, context).run({"raw": FRAME})
    assert set(data) == {"raw", "a", "b"}
    assert data["a"].equals(data["b"])


def test_a_missing_input_names_the_key(context: PandasEngineContext) -> None:
    step = Step(name="t", type="sql", value="SELECT 1", inputs={"d": "nowhere"}, outputs={"x": "a"})
    failing = node(step, context)
    with pytest.raises(Exception, match="not found in data_map") as caught:
        failing.run({})
    assert "nowhere" in str(caught.value)
    assert failing.state is NodeState.FAILED


def test_each_layer_takes_its_snapshots(tmp_path: Path, context: PandasEngineContext) -> None:
    FRAME.to_csv(tmp_path / "in.csv", index=False)
    tracker = Tracker(tmp_path / "logs")
    data: dict[str, Any] = {}
    for step in (
        Step("ingest", "ingest", value=str(tmp_path / "in.csv"), outputs={"d": "raw"}),
        Step(
            "transform", "transform", "sql", value="SELECT id FROM d", inputs={"d": "raw"}, outputs={"d": "t"}
        ),
        Step("store", "store", value=str(tmp_path / "s.csv"), inputs={"d": "t"}),
        Step("publish", "publish", value=str(tmp_path / "p.csv"), inputs={"d": "t"}),
    ):
        tracker.start_step(step.name, step.layer)
        data = node(step, context, tracker).run(data)
        tracker.end_step(step.name, "success")
    taken = {
        e.step_name: (e.before_snapshot is not None, e.after_snapshot is not None) for e in tracker.executions
    }
    assert taken == {
        "ingest": (False, True), "transform": (True, True), "store": (True, False), "publish": (True, False),
    }  # fmt: skip


def test_a_snapshot_and_its_differences(tmp_path: Path, context: PandasEngineContext) -> None:
    tracker = Tracker(tmp_path)
    tracker.start_step("t", "transform")
    tracker.snapshot("before", FRAME, context)
    after = pd.DataFrame({"id": range(7), "value": ["x"] * 7, "day": pd.to_datetime(["2026-01-01"] * 7)})
    tracker.snapshot("after", after, context)
    (execution,) = tracker.executions
    assert execution.state == "pending"
    snapshot = execution.after_snapshot
    assert snapshot.row_count == 7
    assert len(snapshot.sample_data) == 5
    assert snapshot.schema[:2] == [("id", "int64"), ("value", "string")]
    assert snapshot.schema[2][1].startswith("timestamp[")
    assert execution.before_snapshot.schema == [("id", "int64"), ("name", "string"), ("value", "double")]
    assert execution.schema_diff == {
        "added_columns": ["day"],
        "removed_columns": ["name"],
        "changed_types": [{"column": "value", "before": "double", "after": "string"}],
    }
    assert execution.row_delta == 4


def test_stats_and_summary(tmp_path: Path) -> None:
    tracker = Tracker(tmp_path)
    tracker.start_pipeline("nightly")
    for name, state in (("a", "success"), ("b", NodeState.SUCCESS.value), ("c", "failed")):
        tracker.start_step(name, "transform")
        tracker.end_step(name, state, "boom" if state == "failed" else None)
    stats = tracker.get_stats()
    assert (stats["total_steps"], stats["success_count"], stats["failed_count"]) == (3, 2, 1)
    assert stats["success_rate"] == pytest.approx(200 / 3)
    assert stats["total_duration_ms"] >= 0
    summary = tracker.get_summary()
    assert summary.startswith("Pipeline Execution Summary")
    for fragment in ("Total Steps: 3", "Success: 2 | Failed: 1", "Total Duration:"):
        assert fragment in summary
    for name, state in (("a", "success"), ("c", "failed")):
        assert any(re.search(rf"\b{name}\b", line) and state in line for line in summary.splitlines())


def test_the_saved_log(tmp_path: Path, context: PandasEngineContext) -> None:
    tracker = Tracker()
    tracker.log_dir = tmp_path / "logs"
    tracker.start_pipeline("p")
    tracker.start_step("s", "ingest")
    tracker.snapshot("after", FRAME, context)
    tracker.end_step("s", "success")
    path = Path(tracker.save())
    assert tracker.save() == str(path)
    assert list((tmp_path / "logs").glob("run_*.json")) == [path]
    log = json.loads(path.read_text(), parse_constant=lambda constant: pytest.fail(f"{constant} is not JSON"))
    assert log["pipeline_id"] == path.stem
    assert re.fullmatch(r"run_\d{8}_\d{6}(_\d+)?", log["pipeline_id"])
    assert {"pipeline_id", "start_time", "steps", "summary"} <= set(log)
    (step,) = log["steps"]
    assert {
        "step_name", "layer", "start_time", "end_time", "duration_ms", "before_snapshot", "after_snapshot",
        "schema_diff", "row_delta", "state", "error_message", "iteration", "checkpoint_id",
    } <= set(step)  # fmt: skip
    snapshot = step["after_snapshot"]
    assert {"name", "timestamp", "row_count", "schema", "sample_data", "metadata"} <= set(snapshot)
    assert [(c["column"], c["type"]) for c in snapshot["schema"]] == [
        ("id", "int64"), ("name", "string"), ("value", "double"),
    ]  # fmt: skip
    assert snapshot["sample_data"][1]["value"] is None
    assert tracker.export_lineage()["pipeline_id"] == path.stem


def test_two_runs_in_one_second_get_two_ids(tmp_path: Path) -> None:
    paths = set()
    for _ in range(5):
        tracker = Tracker(tmp_path)
        tracker.start_pipeline("p")
        paths.add(tracker.save())
    assert len(paths) == 5


def test_what_a_thread_reports_belongs_to_its_step(tmp_path: Path, context: PandasEngineContext) -> None:
    tracker = Tracker(tmp_path)
    barrier = threading.Barrier(8)

    def work(n: int) -> None:
        tracker.start_step(f"s{n}", "transform")
        barrier.wait()
        tracker.snapshot("after", pd.DataFrame({f"c{n}": range(n)}), context)
        barrier.wait()
        tracker.end_step(f"s{n}", "success")

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for execution in tracker.executions:
        n = int(execution.step_name[1:])
        assert execution.after_snapshot.row_count == n
        assert [column for column, _ in execution.after_snapshot.schema] == [f"c{n}"]
