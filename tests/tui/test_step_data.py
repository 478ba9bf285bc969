"""What is known of a step's data, from ours and from other programs' logs."""

import json

from odibi_core.journal import events as ev
from odibi_core.runs.store import open_store
from odibi_tui.data_tabs import fill, foot_of, labels_of, tabs_of, why_empty
from odibi_tui.step_data import datasets_of, read_rows
from tests.tui.builders import RunFiles, filtered_run, info

STYLES = {tone: tone for tone in ("ok", "error", "warning", "muted", "null")}


def tabs(record, name):
    step = record.step(name)
    return tabs_of(step, datasets_of(record, step))


def test_a_step_has_before_after_diff_and_columns(tmp_path):
    found = tabs(filtered_run(tmp_path).record, "keep_large")
    assert [tab.title for tab in found] == ["Before 40 × 4", "After 30 × 4", "Diff -10 rows", "Columns"]


def test_a_source_has_no_before_and_no_diff(tmp_path):
    found = tabs(filtered_run(tmp_path).record, "read_orders")
    assert [tab.kind for tab in found] == ["after", "columns"]


def test_a_step_with_two_inputs_has_a_tab_for_each(tmp_path):
    run = RunFiles(tmp_path)
    run.begin(info("a", "ingest"), info("b", "ingest"), info("join", inputs=["a", "b"]))
    run.step("a", 0, 1, rows_out=7, key="a").step("b", 0, 1, rows_out=9, key="b")
    run.step("join", 1, 2, rows_in=7, rows_out=5, inputs=["a"], key="join")
    titles = [tab.title for tab in tabs(run.record, "join")]
    assert titles[:3] == ["Before a 7 × –", "Before b 9 × –", "After 5 × –"]
    narrow = labels_of(tabs(run.record, "join"), 1, None, 50)
    assert narrow == ["Before a", "Before b 9 × –", "After", "Diff", "Columns"]
    assert labels_of(tabs(run.record, "join"), 3, "Diff +1 column", 90)[:4] == [*titles[:3], "Diff +1 column"]
    run.close()


def test_kept_rows_are_read_back(tmp_path):
    run = filtered_run(tmp_path)
    after = next(d for d in datasets_of(run.record, run.record.step("keep_large")) if d.position == "after")
    table = read_rows(after, run.paths.directory)
    assert (table.num_rows, table.column_names) == (30, ["id", "amount", "region", "amount_eur"])


def test_where_kept_rows_are_gone_the_sample_stands_in(tmp_path):
    run = RunFiles(tmp_path).begin(info("a", "ingest"))
    run.add(
        ev.Snapshot(
            step="a", position="after", rows=9, dataset="a", columns=(ev.ColumnInfo("x", "int64"),),
            sample=({"x": 1}, {"x": None}, {"x": "three"}),
        )
    )  # fmt: skip
    dataset = datasets_of(run.record, run.record.step("a"))[0]
    assert read_rows(dataset, run.paths.directory).to_pydict() == {"x": ["1", None, "three"]}
    run.close()


def test_the_diff_tells_schema_counts_and_rows(tmp_path):
    run = filtered_run(tmp_path)
    diff = next(tab for tab in tabs(run.record, "keep_large") if tab.kind == "diff")
    content = fill(diff, run.paths.directory, STYLES)
    assert "".join(text for text, _ in content.schema) == " schema   + amount_eur double  - notes"
    claim = "".join(text for text, _ in content.claim)
    assert claim == " rows     +0  -10  ~1  =29   by id   all rows compared"
    rows = [[content.grid.cell(r, c).plain for c in range(3)] for r in range(content.grid.row_count)]
    assert ["~", "6", "75.0 → 76.0"] in rows
    assert ["-", "4", "50.0"] in rows
    assert content.title == "Diff -10 rows +1 -1 columns"


def test_where_only_the_first_rows_are_kept_no_rows_are_claimed(tmp_path):
    run = filtered_run(tmp_path, rows=40)
    run2 = RunFiles(tmp_path, "run_20260131_130000").begin(info("a", inputs=["i"]))
    import pyarrow as pa

    run2.table("i", pa.table({"id": [1, 2]}), rows=5000, number=1)
    run2.table("a", pa.table({"id": [1]}), number=2)
    run2.step(
        "a", 0, 1, rows_in=5000, rows_out=1, inputs=["i"], key="a", columns=[ev.ColumnInfo("id", "int64")]
    )
    diff = next(tab for tab in tabs(run2.record, "a") if tab.kind == "diff")
    claim = "".join(text for text, _ in fill(diff, run2.paths.directory, STYLES).claim)
    assert "not compared: only 2 of 5,000 rows are stored" in claim
    assert run.record.state == "success"
    run2.close()


def test_a_foreign_log_shows_its_samples_and_claims_schema_and_counts_only(tmp_path):
    def snapshot(name, rows, columns, sample):
        return {"name": name, "row_count": rows, "schema": [{"column": c, "type": t} for c, t in columns],
                "sample_data": sample}  # fmt: skip

    log = {
        "pipeline_id": "run_other",
        "start_time": "2026-01-30T10:00:00",
        "summary": {"total_steps": 1},
        "steps": [
            {
                "step_name": "clean", "layer": "transform", "state": "success",
                "before_snapshot": snapshot("before", 900, [("x", "object")], [{"x": "a"}, {"x": None}]),
                "after_snapshot": snapshot("after", 850, [("x", "object"), ("n", "int64")], [{"x": "a"}]),
            }
        ],
    }  # fmt: skip
    path = tmp_path / "run_other.json"
    path.write_text(json.dumps(log))
    record = open_store(tmp_path).open("run_other")
    found = tabs(record, "clean")
    assert [tab.title for tab in found] == ["Before 900 × 1", "After 850 × 2", "Diff -50 rows", "Columns"]
    after = fill(found[1], None, STYLES)
    assert foot_of(after, "after", 1, 1) == " rows 1 to 1 of 1 sample rows (850 in all)"
    diff = fill(found[2], None, STYLES)
    assert "not compared" in "".join(text for text, _ in diff.claim)
    assert [diff.grid.cell(r, 0).plain for r in range(3)] == ["before", "before", "after"]


def test_a_sample_is_never_taken_for_all_rows_even_where_it_is_as_long(tmp_path):
    rows = tuple({"id": i} for i in range(3))
    run = RunFiles(tmp_path).begin(info("a", inputs=["i"]))
    for position, dataset in (("before", "i"), ("after", "a")):
        run.add(
            ev.Snapshot(
                step="a", position=position, rows=3, dataset=dataset, sample=rows,
                columns=(ev.ColumnInfo("id", "int64"),),
            )
        )  # fmt: skip
    diff = next(tab for tab in tabs(run.record, "a") if tab.kind == "diff")
    assert "not compared" in "".join(text for text, _ in fill(diff, None, STYLES).claim)
    run.close()


def test_the_line_below_says_which_rows_these_are(tmp_path):
    run = filtered_run(tmp_path, rows=40)
    content = fill(tabs(run.record, "keep_large")[1], run.paths.directory, STYLES)
    content.kept, content.rows = 1000, 2104
    content.grid.filter("north")
    content.grid.sort(1)
    assert foot_of(content, "after", 1, 3) == (
        " rows 1 to 3 of 0 that contain “north”, of 30 kept (2,104 in all)   sorted by amount, smallest first"
    )


def test_an_empty_place_says_why(tmp_path):
    run = RunFiles(tmp_path).begin(info("a"), info("b"))
    run.add(ev.StepFinished(step="b", state="skipped", reason="`a` failed"))
    record = run.record
    assert "press" not in why_empty(None, None, None)
    assert why_empty(record, "a", record.step("a")) == "a has not come so far yet"
    assert why_empty(record, "b", record.step("b")) == "b left no data (skipped: `a` failed)"
    assert why_empty(record, "c", None) == "c is not in run_20260131_120412"
    run.close()


def test_kept_rows_are_compared_where_the_preview_does_not_hold_all(tmp_path):
    import pyarrow as pa

    run = RunFiles(tmp_path).begin(info("a", inputs=["i"], output="a"))
    for number, (position, dataset, ids) in enumerate((("before", "i", 3), ("after", "a", 2))):
        run.add(ev.Snapshot(step="a", position=position, rows=ids, dataset=dataset))
        table = pa.table({"id": list(range(ids))})
        run.table(dataset, table.slice(0, 1), number=2 * number + 1)
        run.kept(dataset, table, number=2 * number + 2)
    diff = next(tab for tab in tabs(run.record, "a") if tab.kind == "diff")
    claim = "".join(text for text, _ in fill(diff, run.paths.directory, STYLES).claim)
    assert "-1" in claim and "=2" in claim and "all rows compared" in claim
