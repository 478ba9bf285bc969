"""Run mode, driven by keys."""

import shutil

import pytest

from odibi_core.journal import events as ev
from odibi_core.runs.follow import RunFollower
from odibi_tui.screens.run import RunPane, clock_of, status_of
from odibi_tui.screens.viewer import TextScreen
from odibi_tui.session import Session
from odibi_tui.widgets.log_view import LogView
from odibi_tui.widgets.timeline import Timeline
from tests.tui.builders import NOON, RunFiles, at, failed_run, info
from tests.tui.panes import LATER, PaneApp, session_of, settled


@pytest.fixture
def failed(tmp_path):
    return failed_run(tmp_path)


def app_of(run, selected="join_orders", now=LATER):
    return PaneApp(RunPane, session_of(run, selected), now)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_a_failed_run_looks_like_this(snap_compare, failed, size):
    assert snap_compare(app_of(failed), terminal_size=size)


def live_run(tmp_path):
    run = RunFiles(tmp_path)
    run.begin(info("read", "ingest"), info("join", inputs=["read"]), info("write", "store", inputs=["join"]))
    run.step("read", 0, 900, rows_out=12480, key="read")
    run.add(
        ev.StepStarted(ts=run.at(900), step="join", worker=0),
        ev.Log(ts=run.at(950), step="join", message="joining"),
        ev.Progress(ts=run.at(1500), step="join", rows=500_000, fraction=0.4),
    )
    return run


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_a_live_run_looks_like_this(snap_compare, tmp_path, size):
    run = live_run(tmp_path)
    assert snap_compare(app_of(run, "join", now=at(2000)), terminal_size=size)
    run.close()


def test_without_a_run_it_says_what_to_press(snap_compare, tmp_path):
    session = Session(source=tmp_path / "pipeline.json", log_dir=tmp_path, base_dir=tmp_path)
    app = PaneApp(RunPane, session)
    assert snap_compare(app, terminal_size=(80, 24))


async def test_the_card_of_a_failed_step_says_why_and_where(failed):
    app = app_of(failed)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(app, pilot, lambda: "KeyError: 'region'" in app.text())
        text = app.text()
        assert "help: `customers` has no column `region`; `area` exists" in text
        assert "retail.json:18:34  value" in text


async def test_enter_on_a_failed_step_shows_its_traceback_and_escape_comes_back(failed):
    app = app_of(failed)
    async with app.run_test(size=(100, 30)) as pilot:
        app.query_one(Timeline).focus()
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(app.screen, TextScreen)
        assert "line 12" in app.text()
        await pilot.press("escape")
        assert not isinstance(app.screen, TextScreen)


async def test_enter_on_another_step_goes_to_its_data(failed):
    app = app_of(failed, "read_orders")
    async with app.run_test(size=(100, 30)) as pilot:
        app.query_one(Timeline).focus()
        await pilot.press("enter")
        await pilot.pause()
        assert app.screen.actions == ["data"]


async def test_moving_in_the_timeline_moves_the_selection(failed):
    app = app_of(failed, "read_orders")
    async with app.run_test(size=(100, 30)) as pilot:
        app.query_one(Timeline).focus()
        await pilot.press("down")
        await pilot.pause()
        assert app.session.selected == "read_customers"
        app.session.select("geocode")
        await pilot.pause()
        assert app.query_one(Timeline).step_at(app.query_one(Timeline).cursor) == "geocode"


async def test_the_log_is_narrowed_by_level_step_and_text_and_widened_again(failed):
    app = app_of(failed, "geocode")
    async with app.run_test(size=(120, 30)) as pilot:
        log = app.query_one(LogView)
        log.focus()
        assert log.row_total == 4
        await pilot.press("L", "L")
        await settled(app, pilot, lambda: log.row_total == 2)
        await pilot.press("T")
        await settled(app, pilot, lambda: log.row_total == 1)
        assert "HTTP 503" in app.text()
        assert "warnings and up   only geocode" in app.text()
        await pilot.press("T", "L", "L")
        await settled(app, pilot, lambda: log.row_total == 4)
        app.pane.action_filter()
        await pilot.press(*"markup")
        await settled(app, pilot, lambda: log.row_total == 1)
        assert "[bold]not markup[/] ␛[31mnor an escape" in app.text()
        assert app.pane.leave()
        await settled(app, pilot, lambda: log.row_total == 4)
        assert not app.pane.leave()


def lines(app):
    """The log lines in sight, without the scroll bar beside them."""
    return [row[:78].rstrip() for row in app.rows() if " info " in row]


async def test_the_log_follows_until_the_person_looks_up(tmp_path):
    run = RunFiles(tmp_path).begin(info("a"))
    run.add(*(ev.Log(ts=NOON, step="a", message=f"line {i}") for i in range(200)))
    app = app_of(run, "a")
    async with app.run_test(size=(80, 24)) as pilot:
        log = app.query_one(LogView)
        log.focus()
        await settled(app, pilot, lambda: "line 199" in app.text())

        def more(start):
            run.add(*(ev.Log(ts=NOON, step="a", message=f"line {i}") for i in range(start, start + 100)))
            app.session.follower.poll()
            app.session.show_run(app.session.follower.record, follower=app.session.follower)

        more(200)
        await settled(app, pilot, lambda: "line 299" in app.text())
        assert [log.line(y).message for y in (199, 200, 255, 256)] == [
            "line 199",
            "line 200",
            "line 255",
            "line 256",
        ]
        await pilot.press("pageup")
        assert not log.following
        here = lines(app)
        more(300)
        await pilot.pause()
        assert log.row_total == 400
        assert lines(app) == here
        await pilot.press("t")
        await settled(app, pilot, lambda: "line 399" in app.text())
    run.close()


async def test_a_run_whose_files_are_deleted_while_it_is_shown_stays_on_screen(tmp_path):
    run = RunFiles(tmp_path).begin(info("a"))
    run.add(*(ev.Log(ts=NOON, step="a", message=f"line {i}") for i in range(1000)))
    run.end()
    app = app_of(run, "a")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        app.session.follower.close()
        shutil.rmtree(run.paths.directory)
        app.query_one(LogView).focus()
        await pilot.press("home")
        await settled(app, pilot, lambda: "a " in app.text())
        app.pane.action_filter()
        await pilot.press(*"line 5")
        await pilot.pause(0.2)


async def test_enter_on_a_log_line_shows_all_of_it_and_y_copies_it(tmp_path):
    run = RunFiles(tmp_path).begin(info("a"))
    run.add(ev.Log(ts=NOON, step="a", message="x" * 3000))
    app = app_of(run, "a")
    async with app.run_test(size=(80, 24)) as pilot:
        app.query_one(LogView).focus()
        await pilot.pause()
        assert app.pane.value_to_copy() == "x" * 3000
        await pilot.press("enter")
        await settled(app, pilot, lambda: "3,000 characters" in app.text())
        await pilot.press("y")
        assert app.clipboard == "x" * 3000
    run.close()


async def test_what_the_mouse_selects_in_the_log_can_be_copied(failed):
    app = app_of(failed)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        log = app.query_one(LogView)
        at_x = log.region.x + app.rows()[log.region.y].index("asking")
        await pilot.mouse_down(offset=(at_x, log.region.y))
        await pilot.hover(offset=(at_x + 9, log.region.y))
        await pilot.mouse_up(offset=(at_x + 9, log.region.y))
        await pilot.pause()
        assert app.pane.value_to_copy() == "asking api"


async def test_a_thousand_steps_scroll(tmp_path):
    run = RunFiles(tmp_path).begin(*(info(f"step_{i:04d}") for i in range(1000)))
    app = app_of(run, "step_0000")
    async with app.run_test(size=(100, 30)) as pilot:
        app.query_one(Timeline).focus()
        await pilot.press("end")
        await pilot.pause()
        assert app.session.selected == "step_0999"
        assert "step_0999" in app.text()
        assert "Timeline" in app.rows()[0]
    run.close()


async def test_the_timeline_goes_along_with_a_live_run_and_leaves_the_selection(tmp_path):
    run = RunFiles(tmp_path).begin(*(info(f"step_{i:03d}") for i in range(100)))
    app = app_of(run, "step_000")
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        assert "step_080" not in app.text()
        app.query_one(LogView).focus()
        await pilot.pause()
        run.add(ev.StepStarted(ts=at(5), step="step_080"))
        app.session.show_run(app.session.follower.poll_all(), follower=app.session.follower)
        await settled(app, pilot, lambda: "step_080" in app.text())
        assert app.session.selected == "step_000"
    run.close()


async def test_names_and_errors_are_shown_literally(tmp_path):
    run = RunFiles(tmp_path).begin(info("[red]a[/]\x1b[2J"))
    error = ev.ErrorInfo(type="E", message="[bold]\x1b[31mno[/]\nsecond line")
    run.add(ev.StepStarted(ts=NOON, step="[red]a[/]\x1b[2J"))
    run.add(ev.StepFinished(ts=at(9), step="[red]a[/]\x1b[2J", state="failed", error=error))
    app = app_of(run, "[red]a[/]\x1b[2J")
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(app, pilot, lambda: "[red]a[/]" in app.text())
        assert "[bold]no[/] second line" in app.text()
        assert "\x1b" not in app.text()
    run.close()


def test_the_top_line_tells_state_time_steps_rate_and_memory(failed, tmp_path):
    assert status_of(failed.record, LATER) == (
        "✗ failed 3.1 s  3/6  4.8 k rows/s  412 MB  run_20260131_120412"
    )
    live = live_run(tmp_path / "live")
    text = status_of(RunFollower(live.paths.directory).poll_all(), at(7000))
    assert text == "◐ running 00:07  1/3  73 k rows/s  run_20260131_120412"
    live.close()


def test_a_long_run_counts_hours():
    assert clock_of(3_725_000) == "1:02:05"
