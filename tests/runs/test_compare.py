"""Two runs side by side, and what changed in a step's data within a run and between two."""

from __future__ import annotations

import pyarrow as pa
import pytest

from odibi_core.errors import RunError
from odibi_core.journal import events as ev
from odibi_core.journal.fold import RunBuilder
from odibi_core.journal.writer import JournalWriter
from odibi_core.runs.compare import compare_runs
from odibi_core.runs.data import diff_results, diff_step, stored_data
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
    assert not data.is_whole and data.rows == 3 and data.table.num_rows == 1
    with JournalWriter(paths.journal) as writer:
        store_table(paths, writer, 2, "full", "read", table)
    data = stored_data(store, run, store.open(run), "read", "after")
    assert data.is_whole and data.table.num_rows == 3


def test_a_step_the_run_does_not_have_is_an_error(store):
    with pytest.raises(RunError, match="has no step `gone`"):
        diff_step(store, store.runs()[0].run_id, "gone")
