"""Expectations and profiles on screen: the tree's sign, the run's card, the Columns tab."""

from dataclasses import replace

import pyarrow as pa
import pytest

from odibi_core.engine.profiling import profile_arrow
from odibi_core.journal import events as ev
from odibi_core.journal.profile import encode_profile
from odibi_tui.screens.data import DataPane
from odibi_tui.screens.run import RunPane
from odibi_tui.screens.viewer import TextScreen
from odibi_tui.step_data import datasets_of, read_profile
from odibi_tui.widgets.expectation_lines import expectation_text
from odibi_tui.widgets.run_card import RunCard
from odibi_tui.widgets.timeline import Timeline
from tests.tui.builders import RunFiles, info
from tests.tui.panes import PaneApp, session_of, settled
from tests.tui.shell import project, shown, until


def expecting_run(tmp_path):
    """A run whose step has data that is not as expected in two ways of three."""
    run = RunFiles(tmp_path).begin(info("read", "ingest"))
    run.add(ev.StepStarted(ts=run.at(0), step="read"))
    run.add(
        ev.Expectation(
            ts=run.at(5), step="read", name="not_null([bold]id)", kind="not_null", passed=False,
            severity="warn", on=("id",), rows=900, failing=12, found="`id` is null in 12 of 900 rows",
            sample=({"id": None, "name": "a\x1b[31mb"}, {"id": None, "name": "c"}),
        ),
        ev.Expectation(ts=run.at(5), step="read", name="row_count", kind="row_count", passed=True, rows=900),
        ev.Expectation(
            ts=run.at(5), step="read", name="freshness(at)", kind="freshness", passed=False, severity="warn",
            rows=900, found="the newest `at` is 3 days old, more than 2 days",
        ),
    )  # fmt: skip
    run.add(ev.StepFinished(ts=run.at(10), step="read", state="success", duration_ms=10.0, rows=900))
    return run.end()


async def test_a_step_whose_data_is_not_as_expected_is_marked_and_its_card_says_why(tmp_path):
    app = PaneApp(RunPane, session_of(expecting_run(tmp_path), "read"))
    async with app.run_test(size=(110, 30)) as pilot:
        await settled(app, pilot, lambda: "not_null([bold]id)" in app.text())
        text = app.text()
        assert "! not_null([bold]id)  `id` is null in 12 of 900 rows" in text
        assert "! freshness(at)  the newest `at` is 3 days old" in text
        assert "1 expectation met" in text
        assert next(row for row in app.rows() if "not_null" in row).endswith("enter rows")
        app.query_one(RunCard).focus()
        await pilot.press("enter")
        await settled(app, pilot, lambda: isinstance(app.screen, TextScreen))
        assert "what read expects" in app.text()


async def test_enter_on_a_step_whose_data_is_not_as_expected_shows_the_rows(tmp_path):
    app = PaneApp(RunPane, session_of(expecting_run(tmp_path), "read"))
    async with app.run_test(size=(110, 30)) as pilot:
        app.query_one(Timeline).focus()
        await pilot.press("enter")
        await settled(app, pilot, lambda: isinstance(app.screen, TextScreen))
        assert "what read expects" in app.text() and "id=None  name=c" in app.text()
        assert app.screen_stack[0].actions == []


def test_all_that_is_known_can_be_read_and_copied(tmp_path):
    step = expecting_run(tmp_path).record.steps[0]
    assert expectation_text(step).splitlines() == [
        "not_null([bold]id): not met (warn): `id` is null in 12 of 900 rows",
        "    id=None  name=ab",
        "    id=None  name=c",
        "    and 10 more rows",
        "row_count: met",
        "freshness(at): not met (warn): the newest `at` is 3 days old, more than 2 days",
    ]


@pytest.mark.parametrize(("met", "sign"), [(True, "✓ read_orders"), (False, "! read_orders")])
async def test_the_tree_warns_of_what_is_not_as_expected(tmp_path, met, sign):
    run = RunFiles(tmp_path / "tracker_logs").begin(info("read_orders", "ingest"))
    run.add(ev.StepStarted(step="read_orders"))
    run.add(ev.Expectation(step="read_orders", name="x", kind="sql", passed=met, severity="warn"))
    run.add(ev.StepFinished(step="read_orders", state="success"))
    async with shown(project(tmp_path), checked=False) as (app, pilot):
        app.session.show_run(run.builder.view())
        await until(app, pilot, lambda: any(sign in row for row in app.rows()))


def profiled_run(tmp_path):
    """A run that stored a profile of 12,391,000 rows beside the first three."""
    run = RunFiles(tmp_path).begin(info("read", "ingest"))
    columns = (ev.ColumnInfo("id", "int64", "BIGINT"), ev.ColumnInfo("name", "string", "VARCHAR"))
    run.table("read", pa.table({"id": [1, 2, 3], "name": ["a", "", "b"]}), rows=12_391_000)
    whole = pa.table({"id": [*range(100), None], "name": ["", "a", "a"] * 33 + ["b", None]})
    profile = profile_arrow(whole, columns, rows=12_391_000, basis="sample", nulls={0: 77_000})
    file = run.paths.data_file(2, "profile")
    (run.paths.directory / file).write_bytes(encode_profile(profile))
    run.add(ev.DatasetStored(dataset="read", kind="profile", file=file, rows=101))
    return run.step("read", 0, 5, rows_out=12_391_000, columns=columns, key="read").end()


async def test_the_columns_tab_shows_the_stored_profile_and_what_it_is_of(tmp_path):
    app = PaneApp(DataPane, session_of(profiled_run(tmp_path), "read"))
    async with app.run_test(size=(150, 30)) as pilot:
        await settled(app, pilot, lambda: "After" in app.text())
        app.pane.turn_tab(1)
        await settled(app, pilot, lambda: "2 columns: sample of 101 of 12,391,000 rows" in app.text())
        assert "77,000" in app.text() and "█" in app.text()


def test_a_profile_that_is_gone_or_was_never_stored_is_that_of_the_rows_there_are(tmp_path):
    run = profiled_run(tmp_path)
    (dataset,) = datasets_of(run.record, run.record.steps[0])
    assert read_profile(dataset, run.paths.directory).basis == "sample"
    (run.paths.directory / dataset.profile_file).unlink()
    found = read_profile(dataset, run.paths.directory)
    assert (found.said_basis(), found.columns[0].max) == ("the first 3 of 12,391,000 rows", 3)
    samples = replace(dataset, preview_file=None, profile_file=None, sample=({"id": 7, "name": "x"},))
    found = read_profile(samples, None)  # as of a log that another program wrote
    assert (found.said_basis(), found.columns[0].min) == ("sample of 1 of 12,391,000 rows", 7)
