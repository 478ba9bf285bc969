"""Data mode, driven by keys."""

import pyarrow as pa
import pytest

from odibi_core.journal import events as ev
from odibi_tui.screens.data import DataPane
from odibi_tui.screens.picker import PickScreen
from odibi_tui.session import Change, Session
from tests.tui.builders import RunFiles, filtered_run, info
from tests.tui.panes import PaneApp, session_of, settled


def app_of(run, selected="keep_large"):
    return PaneApp(DataPane, session_of(run, selected))


async def shown(app, pilot, *texts):
    await settled(app, pilot, lambda: all(text in app.text() for text in texts))


def turned(by, *texts):
    """What a snapshot does before the picture is taken: turn the tab, wait for its content."""

    async def run_before(pilot):
        await shown(pilot.app, pilot, "After 30 × 4", "rows 1 to")
        pilot.app.pane.turn_tab(by)
        await shown(pilot.app, pilot, *texts)
        pilot.app.pane.focus_inside()
        await pilot.pause()

    return run_before


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
@pytest.mark.parametrize(
    ("by", "texts"),
    [(0, ["After"]), (-1, ["note 3"]), (1, ["all rows compared"]), (2, ["4 columns: all rows"])],
    ids=["after", "before", "diff", "columns"],
)
def test_the_tabs_look_like_this(snap_compare, tmp_path, size, by, texts):
    app = app_of(filtered_run(tmp_path))
    assert snap_compare(app, terminal_size=size, run_before=turned(by, *texts))


async def test_before_and_after_of_a_step_are_shown_with_their_counts(tmp_path):
    app = app_of(filtered_run(tmp_path))
    async with app.run_test(size=(100, 50)) as pilot:
        await shown(app, pilot, "Before 40 × 4", "After 30 × 4", "rows 1 to 30 of 30")
        app.pane.turn_tab(-1)
        await shown(app, pilot, "rows 1 to 40 of 40")


async def test_null_the_text_null_markup_and_escapes_are_told_apart(tmp_path):
    app = app_of(filtered_run(tmp_path))
    async with app.run_test(size=(100, 50)) as pilot:
        await shown(app, pilot, " null ", '"null"', "a␛[31mb", "two␊lines")
        app.pane.turn_tab(-1)
        await shown(app, pilot, "[bold]x[/]")


async def test_selecting_another_step_shows_its_data_and_keeps_the_tab(tmp_path):
    app = app_of(filtered_run(tmp_path))
    async with app.run_test(size=(100, 50)) as pilot:
        await shown(app, pilot, "rows 1 to 30 of 30")
        app.session.select("read_orders")
        await shown(app, pilot, "rows 1 to 40 of 40")
        assert "Before" not in app.text()


async def test_sorting_filtering_and_going_to_a_column(tmp_path):
    app = app_of(filtered_run(tmp_path))
    async with app.run_test(size=(100, 50)) as pilot:
        await shown(app, pilot, "rows 1 to 30 of 30")
        app.pane.focus_inside()
        await pilot.press("s", "s")
        await shown(app, pilot, "id ▼", "sorted by id, largest first")
        assert app.rows()[2].split()[0] == "39"
        app.pane.action_filter()
        await pilot.press(*"north")
        await shown(app, pilot, "rows 0 to 0 of 0 that contain “north”, of 30")
        await pilot.press(*["backspace"] * 5, *"south")
        await shown(app, pilot, "rows 1 to 5 of 5 that contain “south”")
        await pilot.press("enter", "c")
        await pilot.pause()
        assert isinstance(app.screen, PickScreen)
        await pilot.press(*"eur", "enter")
        await pilot.pause()
        assert app.query_one("#data-table").cursor_column == 3
        assert app.pane.leave()
        await shown(app, pilot, "rows 1 to 30 of 30")


async def test_enter_shows_a_value_whole_and_y_copies_it(tmp_path):
    app = app_of(filtered_run(tmp_path))
    async with app.run_test(size=(100, 50)) as pilot:
        await shown(app, pilot, "rows 1 to 30 of 30")
        app.pane.focus_inside()
        await pilot.press("right", "right", *["down"] * 4)
        assert app.pane.value_to_copy() == "two\nlines"
        await pilot.press("enter")
        await shown(app, pilot, "region · row 5", "9 characters")


async def test_five_hundred_columns_open_and_scroll(tmp_path):
    run = RunFiles(tmp_path).begin(info("wide", "ingest"))
    columns = [ev.ColumnInfo(f"c{i}", "int64") for i in range(500)]
    run.table("wide", pa.table({f"c{i}": range(1000) for i in range(500)}), rows=5000)
    run.step("wide", 0, 5, rows_out=5000, columns=columns, key="wide").end()
    app = app_of(run, "wide")
    async with app.run_test(size=(100, 30)) as pilot:
        await shown(app, pilot, "After 5,000 × 500", "of 1,000 kept (5,000 in all)")
        app.pane.focus_inside()
        await pilot.press("ctrl+right", "end")
        await shown(app, pilot, "c499", "999")
        app.pane.turn_tab(1)
        await shown(app, pilot, "500 columns: the first 1,000 of 5,000 rows")


async def test_data_of_a_step_appears_when_a_live_run_comes_to_it(tmp_path):
    run = RunFiles(tmp_path).begin(info("read", "ingest"))
    app = app_of(run, "read")
    async with app.run_test(size=(100, 30)) as pilot:
        await shown(app, pilot, "read has not come so far yet")
        run.table("read", pa.table({"x": [1, 2]}))
        run.step("read", 0, 5, rows_out=2, columns=[ev.ColumnInfo("x", "int64")], key="read").end()
        app.session.show_run(app.session.follower.poll_all(), follower=app.session.follower)
        await shown(app, pilot, "After 2 × 1", "rows 1 to 2 of 2")


async def test_a_damaged_file_is_told_in_place(tmp_path):
    run = filtered_run(tmp_path)
    (run.paths.directory / "data/0002.preview.parquet").write_bytes(b"junk")
    app = app_of(run)
    async with app.run_test(size=(140, 30)) as pilot:
        await shown(app, pilot, "cannot be read as")
        app.pane.turn_tab(-1)
        await shown(app, pilot, "rows 1 to")


async def test_without_a_run_it_says_what_to_press(tmp_path):
    app = PaneApp(DataPane, Session(log_dir=tmp_path, base_dir=tmp_path))
    async with app.run_test(size=(80, 24)) as pilot:
        await shown(app, pilot, "no run is open", "4  open one")
        app.session.source = tmp_path / "pipeline.json"
        app.session.changed(~Change(0))
        await shown(app, pilot, "no run yet", "r  run this pipeline")
