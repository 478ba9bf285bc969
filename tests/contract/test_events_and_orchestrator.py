"""contract.md, "Events" and "Orchestrator"."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import time
from pathlib import Path
from typing import Any

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
from odibi_core.errors import RunCancelledError

SQL = ("transform", "sql", "pandas")


def sql(name: str, query: str, inputs: dict[str, str] | None = None, output: str | None = None) -> Step:
    return Step(name=name, type="sql", value=query, inputs=inputs or {}, outputs={"d": output or name})


def orchestrator(tmp_path: Path, steps: list[Step], engine: str = "pandas", **options: Any) -> Orchestrator:
    return Orchestrator(
        steps, create_engine_context(engine), Tracker(tmp_path / "logs"), EventEmitter(), **options
    )


CHAIN = [
    sql("top", "SELECT a + 1 AS a FROM x", {"x": "base"}),
    sql("base", "SELECT 1 AS a UNION ALL SELECT 2"),
]


def test_the_graph_decides_the_order_and_data_map_keeps_every_frame(tmp_path: Path) -> None:
    run = orchestrator(tmp_path, CHAIN)
    result = run.run()
    assert isinstance(result, OrchestrationResult)
    assert sorted(result.data_map["top"]["a"]) == [2, 3]
    assert set(result.data_map) == {"base", "top"} == set(run.data_map)
    assert result.tracker is run.tracker


def test_events_carry_what_the_table_says(tmp_path: Path) -> None:
    run = orchestrator(tmp_path, CHAIN)
    seen: list[tuple[str, dict[str, Any]]] = []
    for event in ("pipeline_start", "step_start", "step_complete", "pipeline_complete"):
        run.events.on(event, lambda event=event, **kwargs: seen.append((event, kwargs)))
    run.run()
    assert [name for name, _ in seen] == [
        "pipeline_start", "step_start", "step_complete", "step_start", "step_complete", "pipeline_complete",
    ]  # fmt: skip
    assert [step.name for step in seen[0][1]["steps"]] == ["top", "base"]
    assert seen[1][1]["step"].name == "base"
    assert seen[1][1]["attempt"] == 1
    assert seen[2][1]["duration_ms"] >= 0
    assert set(seen[-1][1]["data_map"]) == {"base", "top"}


def test_a_listener_takes_the_keywords_it_names_and_may_raise(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run = orchestrator(tmp_path, CHAIN)
    durations: list[float] = []
    run.events.on("step_complete", lambda duration_ms: durations.append(duration_ms))

    def broken(step: Step) -> None:
        raise RuntimeError(f"listener failed at {step.name}")

    run.events.on("step_start", broken)
    with caplog.at_level(logging.ERROR):
        run.run()
    assert len(durations) == 2
    assert "listener failed at base" in caplog.text
    assert "Traceback" in caplog.text
    run.events.off("step_start", broken)
    run.events.clear()


def test_a_failed_step_ends_the_run_and_the_original_exception_names_it(tmp_path: Path) -> None:
    steps = [*CHAIN, sql("bad", "SELECT nope FROM x", {"x": "base"}), sql("after", "FROM x", {"x": "bad"})]
    run = orchestrator(tmp_path, steps, parallel=False)
    errors: list[BaseException] = []
    run.events.on("pipeline_error", lambda error: errors.append(error))
    with pytest.raises(Exception, match="nope") as caught:
        run.run()
    assert any("bad" in note for note in caught.value.__notes__)
    assert errors == [caught.value]
    states = {execution.step_name: execution.state for execution in run.tracker.executions}
    assert states["bad"] == "failed"
    assert states["after"] == "skipped"
    (log,) = (tmp_path / "logs").glob("run_*.json")
    saved = {step["step_name"]: step for step in json.loads(log.read_text())["steps"]}
    assert saved["bad"]["state"] == "failed"
    assert "nope" in saved["bad"]["error_message"]


def test_keep_going_leaves_out_only_what_needs_the_failed_step(tmp_path: Path) -> None:
    steps = [sql("bad", "SELECT nope"), sql("after", "FROM x", {"x": "bad"}), *CHAIN]
    run = orchestrator(tmp_path, steps, keep_going=True)
    with pytest.raises(Exception, match="nope"):
        run.run()
    states = {execution.step_name: execution.state for execution in run.tracker.executions}
    assert states == {"bad": "failed", "after": "skipped", "base": "success", "top": "success"}


def test_steps_are_tried_again(tmp_path: Path) -> None:
    run = orchestrator(tmp_path, [sql("bad", "SELECT nope")], max_retries=2, retry_delay=0.01)
    retries: list[tuple[int, float]] = []
    run.events.on("step_retry", lambda attempt, delay_s, error: retries.append((attempt, delay_s)))
    with pytest.raises(Exception, match="nope"):
        run.run()
    assert [attempt for attempt, _ in retries] == [1, 2]


def test_variables_fill_placeholders_when_a_step_runs(tmp_path: Path) -> None:
    step = sql("s", "SELECT ${var:n} AS n, '${var:t}' AS t, 1 AS ${ident:c}")
    run = orchestrator(tmp_path, [step], variables={"n": 3, "t": "it's", "c": 'a "b"'})
    frame = run.run().data_map["s"]
    assert frame.to_dict("records") == [{"n": 3, "t": "it's", 'a "b"': 1}]
    assert step.value.startswith("SELECT ${var:n}")


def test_a_secret_is_in_no_log_and_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTRACT_SECRET", "hunter2-very-secret")
    steps = [
        sql("shows", "SELECT '${env:CONTRACT_SECRET}' AS s"),
        sql("fails", "SELECT '${env:CONTRACT_SECRET}'::INTEGER AS s FROM x", {"x": "shows"}),
    ]
    with pytest.raises(Exception) as caught:
        orchestrator(tmp_path, steps).run()
    for path in (tmp_path / "logs").rglob("*"):
        assert path.is_dir() or b"hunter2-very-secret" not in path.read_bytes(), path
    assert "hunter2-very-secret" not in str(caught.value)


def test_run_async_streams_beside_the_run(tmp_path: Path) -> None:
    run = orchestrator(tmp_path, CHAIN)

    async def both() -> tuple[list[str], OrchestrationResult]:
        async def follow() -> list[str]:
            return [event.name async for event in run.events.stream()]

        following = asyncio.create_task(follow())
        await asyncio.sleep(0)
        result = await run.run_async()
        return await following, result

    names, result = asyncio.run(both())
    assert names[0] == "pipeline_start"
    assert names[-1] == "pipeline_complete"
    assert set(result.data_map) == {"base", "top"}


def test_cancel_ends_a_run_soon_and_cleanly(tmp_path: Path) -> None:
    endless = sql("endless", "SELECT count(*) AS n FROM range(1000000000) a, range(1000000000) b")
    run = orchestrator(tmp_path, [endless, sql("after", "FROM x", {"x": "endless"})], engine="duckdb")
    cancelled = threading.Event()
    run.events.on("pipeline_cancelled", lambda: cancelled.set())
    run.events.on("step_start", lambda: threading.Timer(0.2, run.cancel).start())
    began = time.monotonic()
    with pytest.raises(RunCancelledError):
        run.run()
    assert time.monotonic() - began < 30  # it would not end by itself
    assert cancelled.is_set()
    states = {execution.step_name: execution.state for execution in run.tracker.executions}
    assert states == {"endless": "cancelled", "after": "skipped"}


def test_run_step_runs_one(tmp_path: Path) -> None:
    run = orchestrator(tmp_path, CHAIN)
    run.run_step(CHAIN[1])
    assert len(run.data_map["base"]) == 2


def test_steps_run_on_their_own_engines(tmp_path: Path) -> None:
    steps = [
        sql("a", "SELECT 1 AS n"),
        Step(name="b", type="sql", engine="duckdb", value="SELECT n + 1 AS n FROM a", inputs={"a": "a"},
             outputs={"d": "b"}),
        sql("c", "SELECT n + 1 AS n FROM b", {"b": "b"}),
    ]  # fmt: skip
    data = orchestrator(tmp_path, steps).run().data_map
    assert isinstance(data["a"], pd.DataFrame)
    assert not isinstance(data["b"], pd.DataFrame)
    assert data["c"]["n"].tolist() == [3]


def test_what_a_run_leaves_behind(tmp_path: Path) -> None:
    run = orchestrator(tmp_path, CHAIN)
    run.run()
    (log,) = (tmp_path / "logs").glob("run_*.json")
    directory = log.with_suffix("")
    assert (directory / "events.jsonl").read_text().count("\n") > 4
    assert len(list((directory / "data").glob("*.preview.parquet"))) == 2
    assert json.loads((directory / "config.json").read_text())
