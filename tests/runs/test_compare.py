"""Two runs side by side, and what changed in a step's data within a run and between two."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest

from odibi_core.errors import RunError
from odibi_core.journal import events as ev
from odibi_core.journal.fold import RunBuilder
from odibi_core.journal.writer import JournalWriter
from odibi_core.runs.compare import Changed, compare_runs, pace
from odibi_core.runs.compare_config import text_diff
from odibi_core.runs.data import diff_results, diff_step, diff_stored, stored_data
from odibi_core.runs.store import open_store
from tests.journal.journals import small_run, steps
from tests.runs.past import make_run, store_table


def fold(events):
    builder = RunBuilder()
    for event in events:
        builder.apply(event)
    return builder.view()


def run_of(*infos: ev.StepInfo, **started):
    return fold([ev.RunStarted(run_id="r", pipeline="p", steps=infos, **started)])


def test_a_run_does_not_differ_from_itself():
    record = fold(small_run())
    found = compare_runs(record, record)
    assert found.run == () and found.differing == () and found.duration_delta_ms == 0.0
    assert [step.status for step in found.steps] == ["both", "both"]


def test_states_rows_schemas_and_durations_are_compared_by_step():
    found = compare_runs(fold(small_run()), fold(small_run("failed")))
    read, total = found.steps
    assert not read.differs and read.duration_delta_ms == 0.0 and read.row_delta == 0
    assert total.state_changed and (total.rows_before, total.rows_after) == (2, 3)  # what went in stands in
    assert total.schema.added == ("id",)
    assert [(c.name, c.before, c.after) for c in found.run] == [("state", "success", "failed")]


def test_new_steps_stand_in_their_place_and_gone_ones_where_they_were():
    old = run_of(*steps("a", "b", "c", "d"))
    new = run_of(*steps("a", "x", "c", "y"))
    found = compare_runs(old, new)
    assert [(step.name, step.status) for step in found.steps] == [
        ("a", "both"),
        ("x", "new"),
        ("b", "gone"),
        ("c", "both"),
        ("y", "new"),
        ("d", "gone"),
    ]
    assert compare_runs(run_of(), new).steps[0].status == "new"
    assert [step.name for step in compare_runs(old, run_of()).steps] == ["a", "b", "c", "d"]


def test_configuration_options_and_versions_are_compared():
    old = run_of(
        ev.StepInfo("a", "ingest", value="SELECT 1"), options={"workers": 4}, versions={"duckdb": "1"}
    )
    new = run_of(ev.StepInfo("a", "ingest", value="SELECT 2", engine="duckdb"), options={"x": 1}, digest="d")
    found = compare_runs(old, new)
    assert [(c.name, c.before, c.after) for c in found.steps[0].configuration] == [
        ("engine", "pandas", "duckdb"),
        ("value", "SELECT 1", "SELECT 2"),
    ]
    assert {(c.name, c.before, c.after) for c in found.run} == {
        ("digest", None, "d"),
        ("options.workers", 4, None),
        ("options.x", None, 1),
        ("versions.duckdb", "1", None),
    }


def test_types_that_only_have_another_name_are_no_difference():
    def record(kind: str):
        column = ev.ColumnInfo("a", kind)
        return fold([ev.Snapshot(step="s", position="after", rows=1, columns=(column,))])

    assert not compare_runs(record("object"), record("VARCHAR")).differing
    assert compare_runs(record("object"), record("int64")).steps[0].schema.types[0].after == "int64"


@pytest.fixture
def store(tmp_path):
    """Two runs whose step `sum` made other rows, all of them kept as previews."""
    for second in (False, True):
        paths = make_run(tmp_path, log=False)
        with JournalWriter(paths.journal) as writer:
            table = pa.table({"id": [1, 2, 3], "amount": [1.0, 2.0, 30.0 if second else 3.0]})
            store_table(paths, writer, 1, "preview", "read", table)
            store_table(paths, writer, 2, "preview", "sum", table.slice(1))
    return open_store(tmp_path)


def test_what_a_step_changed(store):
    run = store.runs()[0].run_id
    found = diff_step(store, run, "sum")
    assert (found.basis, found.removed, found.changed, found.added) == ("all rows", 1, 0, 0)
    assert (found.before_rows, found.after_rows, found.key) == (3, 2, ("id",))
    assert found.schema.removed == ("id",)  # as recorded by the snapshots
    assert diff_step(store, run, "read") is None  # nothing came in


def test_what_changed_in_a_result_between_two_runs(store):
    second, first = (run.run_id for run in store.runs())
    found = diff_results(store, first, second, "sum")
    assert (found.basis, found.changed, found.changed_cells) == ("all rows", 1, {"amount": 1})
    assert diff_results(store, first, second, "read").rows[0].after == {"id": 3, "amount": 30.0}


def test_where_a_preview_is_not_whole_the_full_result_is_taken(tmp_path):
    paths = make_run(tmp_path, log=False)
    table = pa.table({"id": [1, 2, 3]})
    with JournalWriter(paths.journal) as writer:
        store_table(paths, writer, 1, "preview", "read", table.slice(0, 1))
    store, run = open_store(tmp_path), paths.run_id
    data = stored_data(store, run, store.open(run), "read", "after")
    assert not data.is_whole and data.rows == 3 and data.table().num_rows == 1
    with JournalWriter(paths.journal) as writer:
        store_table(paths, writer, 2, "full", "read", table)
    data = stored_data(store, run, store.open(run), "read", "after")
    assert data.is_whole and data.table().num_rows == 3


def test_previews_are_compared_by_a_given_key_and_only_of_rows_both_hold(tmp_path):
    for shift in (0, 1):
        paths = make_run(tmp_path, log=False)
        with JournalWriter(paths.journal) as writer:
            rows = pa.table({"id": [1 + shift, 2 + shift], "amount": [1.0 + shift, 2.0]})
            store_table(paths, writer, 1, "preview", "read", rows)  # 2 of 3 rows
    store = open_store(tmp_path)
    b, a = (run.run_id for run in store.runs())
    found = store.compare(a, b)
    assert found.diff("read").reason == "only 2 of 3 rows are stored"
    told = found.diff("read", key=("id",))
    assert (told.basis, told.added, told.removed, told.changed, told.same) == ("previews", None, None, 0, 1)
    assert told.reason == "only 2 of 3 rows are stored: compared are the 1 that both previews hold"
    assert not told.is_empty


def test_kept_results_are_compared_whole_and_files_with_one_digest_not_at_all(tmp_path):
    for second in (False, True):
        paths = make_run(tmp_path, log=False)
        with JournalWriter(paths.journal) as writer:
            rows = pa.table({"id": [1, 2, 3], "amount": [1.0, 2.0, 4.0 if second else 3.0]})
            store_table(paths, writer, 1, "preview", "read", rows.slice(0, 1))
            store_table(paths, writer, 2, "full", "read", rows)
    store = open_store(tmp_path)
    b, a = (run.run_id for run in store.runs())
    found = store.compare(a, b)
    told = found.diff("read")
    assert (told.basis, told.changed, told.key, told.key_found) == ("all rows", 1, ("id",), True)
    assert found.diff("read", tolerance=0.5).changed == 0
    assert found.diff("read", max_rows=0).rows == () and found.diff("sum") is not None
    sides = [replace(side, digest="d") for side in found.data.sides("read")]
    assert diff_stored(*sides).is_empty and diff_stored(*sides).same == 3
    with pytest.raises(RunError, match="neither run has a step `reed`; they have a step `read`"):
        found.diff("reed")


def test_records_alone_have_no_data_to_compare():
    found = compare_runs(fold(small_run()), fold(small_run()))
    assert found.diff("read") is None and found.results("read") == () and found.drift("read") == ()


def test_a_reused_result_is_no_difference_and_no_pace():
    def record(state, ms):
        events = [
            ev.RunStarted(run_id="r", pipeline="p", steps=steps("s")),
            ev.StepStarted(step="s"),
            ev.StepFinished(step="s", state=state, duration_ms=ms),
        ]
        return fold(events)

    step = compare_runs(record("success", 5000.0), record("reused", 1.0)).steps[0]
    assert not step.state_changed and not step.differs and step.pace is None
    assert compare_runs(record("success", 1.0), record("failed", 1.0)).steps[0].state_changed


def test_a_step_is_slower_only_by_a_fifth_and_a_tenth_of_a_second():
    assert pace(1000, 1201) is None and pace(1000, 1300) == "slower" and pace(1300, 1000) == "faster"
    assert pace(10, 109) is None and pace(10, 111) == "slower"
    assert pace(None, 1) is None and pace(1, None) is None


def test_params_and_metadata_are_compared_where_the_configuration_was_kept():
    info = ev.StepInfo("a", "ingest", value="x.csv")
    step = {
        "name": "a",
        "layer": "ingest",
        "value": "x.csv",
        "params": {"sep": ";", "skip": 1},
        "metadata": {},
    }
    found = compare_runs(
        run_of(info),
        run_of(info),
        before_steps={"a": step},
        after_steps={"a": {**step, "params": {"sep": ","}, "metadata": {"key": ["id"]}}},
    )
    assert [(c.name, c.before, c.after) for c in found.steps[0].configuration] == [
        ("params.sep", ";", ","),
        ("params.skip", 1, None),
        ("metadata.key", None, ["id"]),
    ]


def test_a_change_of_text_is_told_line_by_line():
    changed = Changed("value", "SELECT a\nFROM t\nWHERE x", "SELECT a, b\nFROM t\nWHERE x")
    assert list(text_diff(changed)) == [("-", "SELECT a"), ("+", "SELECT a, b"), (" ", "FROM t")]
    assert list(text_diff(Changed("params.n", None, 3))) == [("+", "3")]
    assert list(text_diff(Changed("inputs", {"a": "x"}, {"a": "y"}))) == [
        ("-", '{"a": "x"}'),
        ("+", '{"a": "y"}'),
    ]


def test_expectations_and_the_code_of_a_function_are_compared():
    def record(passed, failing, code):
        told = {"step": "s", "kind": "unique", "dataset": "d"}
        return fold(
            [
                ev.RunStarted(run_id="r", pipeline="p", steps=steps("s")),
                ev.StepStarted(step="s"),
                ev.Expectation(name="unique id", passed=passed, failing=failing, **told),
                ev.Expectation(name="always", passed=True, failing=0, **told),
                ev.StepFinished(
                    step="s", state="success", fingerprint=ev.Fingerprint("f", parts={"code": code})
                ),
            ]
        )

    found = compare_runs(record(True, 0, "x"), record(False, 3, "y")).steps[0]
    assert [(c.name, c.before.passed, c.after.failing) for c in found.expectations] == [
        ("unique id", True, 3)
    ]
    assert found.code_changed and found.differs
    assert not compare_runs(record(True, 0, "x"), record(True, 0, "x")).steps[0].differs


def test_a_step_the_run_does_not_have_is_an_error(store):
    with pytest.raises(RunError, match="has no step `gone`"):
        diff_step(store, store.runs()[0].run_id, "gone")
