"""The final log: the contract's form, strict JSON, and back again; also what other programs wrote."""

from __future__ import annotations

import contextlib
import json
import math
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odibi_core.errors import JournalError, RunLogError
from odibi_core.journal import events as ev
from odibi_core.journal import final_log
from odibi_core.journal.final_log import from_log, read_log, to_log, write_log
from odibi_core.journal.fold import RunBuilder
from tests.counts import count
from tests.journal.journals import any_event, at, small_run, steps

LOGS = Path(__file__).parent.parent / "data" / "run_logs"

# fmt: off
STEP_KEYS = [
    "step_name", "layer", "start_time", "end_time", "duration_ms", "before_snapshot", "after_snapshot",
    "schema_diff", "row_delta", "state", "error_message", "iteration", "checkpoint_id",
]
SNAPSHOT_KEYS = ["name", "timestamp", "row_count", "schema", "sample_data", "metadata"]
# fmt: on


def fold(events):
    builder = RunBuilder()
    for event in events:
        builder.apply(event)
    return builder.view()


def strict(text: str):
    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is not JSON")

    return json.loads(text, parse_constant=refuse)


def test_the_form_is_the_contracts():
    log = to_log(fold(small_run()))
    assert {"pipeline_id", "start_time", "steps", "summary"} <= log.keys()
    assert log["pipeline_id"] == "run_20260131_120000" and log["start_time"] == "2026-01-31T12:00:00+00:00"
    assert log["summary"] == {
        "total_steps": 2,
        "total_duration_ms": 2000.0,
        "success_count": 2,
        "failed_count": 0,
        "success_rate": 100.0,
    }
    read, total = log["steps"]
    assert list(read)[: len(STEP_KEYS)] == STEP_KEYS
    assert (read["before_snapshot"], read["schema_diff"], read["row_delta"]) == (None, None, None)
    after = total["after_snapshot"]
    assert list(after)[: len(SNAPSHOT_KEYS)] == SNAPSHOT_KEYS
    assert (after["name"], after["row_count"], after["metadata"]) == ("after", 2, {})
    assert after["schema"] == [{"column": "amount", "type": "double", "native": "DOUBLE"}]
    assert total["schema_diff"] == {"added_columns": [], "removed_columns": ["id"], "changed_types": []}
    assert total["row_delta"] == -1


def test_steps_stand_in_the_order_they_started_and_those_never_started_last():
    record = fold(
        [
            ev.RunStarted(run_id="r", pipeline="p", steps=steps("never", "late", "early")),
            ev.StepStarted(step="early", ts=at(1)),
            ev.StepStarted(step="late", ts=at(2)),
        ]
    )
    log = to_log(record)
    assert [step["step_name"] for step in log["steps"]] == ["early", "late", "never"]
    assert from_log(log).steps == record.steps


def test_no_value_of_a_cell_breaks_the_json(tmp_path):
    sample = (
        {"nan": math.nan, "inf": -math.inf, "big": 2**70, "bytes": b"x", "lone": "\ud800", 5: {"k": {1}}},
    )
    snapshot = ev.Snapshot(step="s\ud800", position="after", sample=sample)
    write_log(fold([snapshot]), tmp_path / "run.json")
    log = strict((tmp_path / "run.json").read_text("utf-8"))
    assert log["steps"][0]["after_snapshot"]["sample_data"] == [
        {"nan": None, "inf": None, "big": str(2**70), "bytes": "eA==", "lone": "\\ud800", "5": {"k": [1]}}
    ]


def test_a_log_is_replaced_in_one_move_and_leaves_nothing_behind(tmp_path):
    path = tmp_path / "logs" / "run.json"
    write_log(fold(small_run("failed")), path)
    held = path.open()
    write_log(fold(small_run()), path)
    assert json.load(held)["state"] == "failed" and read_log(path).state == "success"
    assert os.listdir(path.parent) == ["run.json"]
    held.close()


def test_a_log_that_cannot_be_written_leaves_the_old_one(tmp_path, monkeypatch):
    path = tmp_path / "run.json"
    write_log(fold(small_run("failed")), path)
    old = path.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(final_log.os, "fsync", full)
    with pytest.raises(JournalError, match=r"cannot write the run log .*No space left.*--log-dir"):
        write_log(fold(small_run()), path)
    assert path.read_bytes() == old and os.listdir(tmp_path) == ["run.json"]


def test_a_log_is_as_private_as_the_person_wants_their_files(tmp_path):
    old = os.umask(0o077)
    try:
        write_log(fold(small_run()), tmp_path / "run.json")
    finally:
        os.umask(old)
    assert (tmp_path / "run.json").stat().st_mode & 0o777 == 0o600


def test_what_a_list_of_runs_shows_stands_before_the_steps(tmp_path):
    write_log(fold(small_run("failed")), tmp_path / "run.json")
    head = (tmp_path / "run.json").read_text().partition('"steps": [')[0]
    for key in ("summary", "state", "duration_ms", "steps_done", "rows_out", "note", "pipeline"):
        assert f'"{key}":' in head
    assert "sum: KeyError 'region'" in head


@pytest.mark.parametrize("state", ["success", "failed", "cancelled", "crashed"])
def test_our_own_log_reads_back_as_the_record_it_was_made_from(tmp_path, state):
    record = fold(small_run(state))
    write_log(record, tmp_path / "run.json")
    assert read_log(tmp_path / "run.json") == record


@given(st.lists(any_event, max_size=20))
@settings(max_examples=count(1000), deadline=None)
def test_any_record_is_strict_json_and_reads_back(events):
    record = fold(events)
    text = json.dumps(to_log(record), allow_nan=False)
    back = from_log(strict(text))
    # An unfinished run reads as its steps tell; how far a step was and attempts nobody started are not kept.
    same = replace(back, state=record.state, steps=tuple(replace(s, attempts=()) for s in back.steps))
    assert same == replace(record, steps=tuple(replace(s, fraction=None, attempts=()) for s in record.steps))
    assert back.state == record.state or record.state == "running"


# -- logs of other programs -------------------------------------------------------------------------


def test_a_foreign_log_opens():
    record = read_log(LOGS / "run_20240115_093000.json")
    assert record.foreign and record.state == "success" and record.run_id == "run_20240115_093000"
    read, big = record.steps
    assert [(c.name, c.type, c.native) for c in read.after.columns] == [
        ("id", "int64", None),
        ("customer", "string", "object"),
        ("amount", "double", "float64"),
        ("when", "timestamp[ns]", "datetime64[ns]"),
    ]
    assert math.isnan(read.after.sample[1]["amount"]) and read.after.metadata == {"source": "orders.csv"}
    naive = datetime(2024, 1, 15, 9, 30, 0, 200_000)
    assert read.started == naive.astimezone() and read.attempts[0].ended is not None
    assert big.before.rows == 3 and big.after.rows == 1 and big.rows == 1
    assert record.duration_ms == pytest.approx(1626.544)
    again = to_log(record)  # crossing engines changes no column
    assert again["steps"][1]["schema_diff"] == {
        "added_columns": ["grade"],
        "removed_columns": ["customer"],
        "changed_types": [],
    }
    strict(json.dumps(again, allow_nan=False))


def test_missing_keys_and_loose_values_of_a_foreign_log_are_tolerated():
    record = read_log(LOGS / "run_20240116_failed.json")
    read, clean, store = record.steps
    assert record.state == "failed" and record.pipeline == ""
    assert (read.state, read.duration_ms, read.after, read.started) == ("success", 12.5, None, None)
    assert clean.error.message == "KeyError: 'region'\nin row 3"
    assert clean.started == datetime(2024, 1, 16, 8, tzinfo=UTC) == record.started
    assert [c.type for c in clean.before.columns] == ["int32", "timestamp[us, tz=UTC]"]
    assert clean.before.rows == 4 and clean.before.sample == ({"a": 1, "b": "2024-01-01T00:00:00+00:00"},)
    assert (store.state, store.reason) == ("pending", "recorded with the state `teleported`")


@pytest.mark.parametrize(
    ("log", "message"),
    [
        ([], "expected an object, found a list"),
        (None, "expected an object, found null"),
        ({"a": 1}, "it has no `steps`"),
        ({"steps": {}}, "`steps` is an object, expected a list"),
        ({"steps": [3]}, "`steps[0]` is the number 3, expected an object"),
        ({"steps": [{"layer": "x"}]}, "`steps[0]` has no `step_name`"),
        (
            {"steps": [{"step_name": "a", "start_time": "noon"}]},
            "`steps[0].start_time` (step `a`) is the text 'noon', expected a time",
        ),
        (
            {"steps": [{"step_name": "a", "duration_ms": []}]},
            "`steps[0].duration_ms` (step `a`) is a list, expected a number",
        ),
        (
            {"steps": [{"step_name": "a", "after_snapshot": {"schema": ["id"]}}]},
            "`steps[0].after_snapshot.schema` (step `a`) is the text 'id', expected columns as objects",
        ),
        (
            {"steps": [{"step_name": "a", "after_snapshot": {"sample_data": ["x"]}}]},
            "`steps[0].after_snapshot.sample_data` (step `a`) is the text 'x', expected rows as objects",
        ),
        (
            {"steps": [{"step_name": "a", "before_snapshot": True}]},
            "`steps[0].before_snapshot` (step `a`) is true",
        ),
    ],
)
def test_what_is_wrong_with_a_log_is_said_with_its_place(log, message):
    with pytest.raises(RunLogError) as caught:
        from_log(log)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it is not JSON, expecting value at line 1, column 1"),
        (b'{"steps": [\n  {"step_name" 1}]}', "expecting ':' delimiter at line 2, column 16"),
        (b"\xff\xfe\x00", "it is not UTF-8 text (byte 0)"),
        (b"[" * 200_000, "nested too deeply"),
        (b"[" + b"9" * 10_000 + b"]", "absurd number"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_with_its_path(tmp_path, content, message):
    path = tmp_path / "run_x.json"
    path.write_bytes(content)
    with pytest.raises(RunLogError) as caught:
        read_log(path)
    assert f"`{path}` is not a run log: " in str(caught.value) and message in str(caught.value)


def test_a_missing_log_and_a_directory_say_so(tmp_path):
    with pytest.raises(RunLogError, match="No such file"):
        read_log(tmp_path / "gone.json")
    with pytest.raises(RunLogError, match="Is a directory"):
        read_log(tmp_path)


def test_a_byte_order_mark_is_tolerated(tmp_path):
    (tmp_path / "run.json").write_text('{"steps": [{"step_name": "a"}]}', encoding="utf-8-sig")
    assert read_log(tmp_path / "run.json").steps[0].info.name == "a"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [*STEP_KEYS, *SNAPSHOT_KEYS, "steps", "type", "column", "attempts", "error", "datasets"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(json_values)
@settings(max_examples=count(3000), deadline=None)
def test_any_json_is_a_log_or_a_run_log_error(value):
    for log in (
        value,
        {"steps": value},
        {"steps": [value]},
        {"steps": [{"step_name": "a", "after_snapshot": value}]},
    ):
        with contextlib.suppress(RunLogError):
            json.dumps(to_log(from_log(log)), allow_nan=False)
