"""A run in another process, told to listeners here as if it were in this one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from odibi_core.core import EventEmitter, Step
from odibi_core.errors import RemoteStepError
from odibi_core.journal import events as journal
from odibi_core.journal.fold import RunBuilder
from odibi_core.runs.remote import DatasetHandle, relay

STEP = Step(name="work")
EXPECTATION = journal.Expectation(step="work", name="unique(id)", kind="unique", passed=True)
ERROR = journal.ErrorInfo(type="KeyError", message="'region'", traceback="Traceback: there", help="do this")
COLUMNS = (journal.ColumnInfo("id", "int64", "BIGINT"),)
NAMES = (
    "pipeline_start", "step_start", "step_complete", "step_error", "pipeline_complete", "pipeline_error",
    "step_retry", "step_progress", "step_skipped", "snapshot", "expectation", "log", "pipeline_cancelled",
)  # fmt: skip


def told(*events: journal.Event, run_dir: Path | None = None) -> list[tuple[str, dict[str, Any]]]:
    emitter, heard, builder = EventEmitter(), [], RunBuilder()
    for name in NAMES:
        emitter.on(name, lambda name=name, **kwargs: heard.append((name, kwargs)))
    for event in events:
        builder.apply(event)
        relay(event, emitter, [STEP], record=builder.view(), run_dir=run_dir)
    return heard


@pytest.mark.parametrize(
    ("event", "name", "keywords"),
    [
        (journal.RunStarted(run_id="r", pipeline="p"), "pipeline_start", {"steps": [STEP]}),
        (journal.StepStarted(step="work", attempt=2), "step_start", {"step": STEP, "attempt": 2}),
        (
            journal.StepFinished(step="work", state="success", duration_ms=5.0),
            "step_complete", {"step": STEP, "duration_ms": 5.0},
        ),
        (
            journal.StepFinished(step="work", state="reused", duration_ms=1.0),
            "step_complete", {"step": STEP, "duration_ms": 1.0},
        ),
        (
            journal.StepFinished(step="work", state="skipped", reason="why"),
            "step_skipped", {"step": STEP, "reason": "why"},
        ),
        (
            journal.Progress(step="work", rows=1, bytes=2, fraction=0.5),
            "step_progress", {"step": STEP, "rows": 1, "bytes": 2, "fraction": 0.5},
        ),
        (
            journal.Log(message="m", level="warning", step="work"),
            "log", {"step": STEP, "level": "warning", "message": "m"},
        ),
        (EXPECTATION, "expectation", {"step": STEP, "expectation": EXPECTATION}),
        (journal.Log(message="m"), "log", {"step": None, "level": "info", "message": "m"}),
        (journal.RunFinished(state="cancelled"), "pipeline_cancelled", {}),
    ],
)  # fmt: skip
def test_events_have_the_names_and_keywords_of_a_run_in_this_process(event, name: str, keywords: dict):
    assert told(event) == [(name, keywords)]


def test_errors_carry_the_originals_type_message_and_traceback():
    retry = journal.Retry(step="work", attempt=1, delay_s=2.0, error=ERROR)
    failed = journal.StepFinished(step="work", state="failed", error=ERROR)
    ended = journal.RunFinished(state="failed", error=ERROR)
    heard = told(retry, failed, ended)
    assert [name for name, _ in heard] == ["step_retry", "step_error", "pipeline_error"]
    for _, keywords in heard:
        error = keywords["error"]
        assert isinstance(error, RemoteStepError)
        assert (error.type_name, error.message, error.traceback_text) == (
            "KeyError",
            "'region'",
            "Traceback: there",
        )
        assert error.help == "do this"


@pytest.mark.parametrize("state", ["crashed", "timed_out"])
def test_an_end_without_an_error_is_an_error_all_the_same(state: str):
    ((name, keywords),) = told(journal.RunFinished(state=state, reason="it took too long"))
    assert name == "pipeline_error"
    assert keywords["error"].message == "it took too long"


def test_snapshots_are_those_of_the_tracker():
    event = journal.Snapshot(
        step="work", position="after", dataset="d", rows=2, columns=COLUMNS, sample=({"id": 1},)
    )
    ((name, keywords),) = told(event)
    assert name == "snapshot"
    snapshot = keywords["snapshot"]
    assert (snapshot.name, snapshot.row_count, snapshot.schema) == ("after", 2, [("id", "int64")])


def test_data_map_holds_handles_with_rows_schema_and_preview(tmp_path: Path):
    (tmp_path / "data").mkdir()
    pq.write_table(pa.table({"id": [1, 2]}), tmp_path / "data" / "0001.preview.parquet")
    heard = told(
        journal.Snapshot(step="work", position="after", dataset="d", rows=2, columns=COLUMNS),
        journal.DatasetStored(dataset="d", kind="preview", file="data/0001.preview.parquet", rows=2),
        journal.DatasetRows(dataset="other", rows=7),
        journal.RunFinished(state="success"),
        run_dir=tmp_path,
    )
    data_map = heard[-1][1]["data_map"]
    handle = data_map["d"]
    assert (handle.rows, handle.columns) == (2, COLUMNS)
    assert handle.preview().to_pylist() == [{"id": 1}, {"id": 2}]
    assert (data_map["other"].rows, data_map["other"].preview()) == (7, None)
    assert DatasetHandle("x", None, ()).preview() is None


def test_events_of_steps_nobody_knows_are_left_out():
    assert told(journal.StepStarted(step="stranger")) == []
