"""History mode, driven by keys."""

import json
import os
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from odibi_core.runs.store import RunStore, RunSummary
from odibi_tui import log_dir
from odibi_tui.screens import history
from odibi_tui.screens.dialogs import Question
from odibi_tui.screens.history import HistoryPane
from odibi_tui.screens.viewer import TextScreen
from odibi_tui.session import Change, Session
from odibi_tui.widgets.run_list import RunList, trends_of
from odibi_tui.widgets.steps_side import FilterInput
from odibi_tui.widgets.timeline import Timeline
from tests.tui.builders import NOON, RunFiles, at, failed_run, filtered_run, info
from tests.tui.panes import PaneApp, settled
from tests.tui.shell import project, shown


@pytest.fixture
def logs(tmp_path):
    """A failed run, four good ones, a live one, an interrupted one, another program's, and no run log."""
    directory = tmp_path / "tracker_logs"
    directory.mkdir()
    failed_run(directory)
    for i in range(4):
        filtered_run(
            directory, run_id=f"run_20260131_11{i:02d}00", start=NOON - timedelta(minutes=64 - i), rows=40 + i
        )
    gone = RunFiles(directory, "run_20260130_170200", start=NOON - timedelta(hours=19))
    gone.begin(info("a", "ingest"), pipeline="nightly.db").close()
    live = RunFiles(directory, "run_20260131_120500", start=at(48_000)).begin(
        info("a", "ingest"), pipeline="live.json"
    )
    other = {
        "pipeline_id": "run_other", "start_time": "2026-01-29T10:00:00", "summary": {"total_steps": 1},
        "steps": [{"step_name": "a", "layer": "ingest", "state": "success", "duration_ms": 12}],
    }  # fmt: skip
    (directory / "run_other.json").write_text(json.dumps(other))
    broken = directory / "run_x.json"
    broken.write_text("[1, 2]")
    os.utime(broken, (at(-86_400_000 * 3).timestamp(),) * 2)
    yield directory
    live.close()


def app_of(directory):
    return PaneApp(HistoryPane, Session(log_dir=directory, base_dir=directory))


async def listed(app, pilot, number):
    await settled(app, pilot, lambda: app.query_one(RunList).row_total == number)
    app.pane.focus_inside()
    await pilot.pause()


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_the_list_looks_like_this(snap_compare, logs, size):
    async def run_before(pilot):
        await listed(pilot.app, pilot, 9)
        await pilot.press("down", "space", "down")

    assert snap_compare(app_of(logs), terminal_size=size, run_before=run_before)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_a_comparison_looks_like_this(snap_compare, logs, size):
    async def run_before(pilot):
        await listed(pilot.app, pilot, 9)
        await pilot.press("down", "space", "down", "equals_sign")
        await settled(pilot.app, pilot, lambda: "only what differs" in pilot.app.text())

    assert snap_compare(app_of(logs), terminal_size=size, run_before=run_before)


def test_without_runs_it_says_what_to_press(snap_compare, tmp_path):
    async def run_before(pilot):
        await settled(pilot.app, pilot, lambda: "no runs in" in pilot.app.text())

    directory = tmp_path / "tracker_logs"
    app = app_of(directory)
    app.session.log_dir = directory.relative_to(tmp_path)  # the same picture wherever the test runs
    assert snap_compare(app, terminal_size=(80, 24), run_before=run_before)


async def test_runs_are_listed_newest_first_with_state_time_and_note(logs):
    app = app_of(logs)
    async with app.run_test(size=(120, 30)) as pilot:
        await listed(app, pilot, 9)
        rows = [" ".join(row.split()) for row in app.rows()[1:10]]
        assert rows[0].startswith("◐ today 12:05 live.json – 0/1")
        assert rows[1].startswith("✗ today 12:04 retail.json 3.1 s")
        assert rows[1].endswith("join_orders: KeyError 'region'")
        assert rows[2].startswith("✓ today 11:03 retail.json 950 ms")
        assert "interrupted" in rows[6]
        assert rows[6].startswith("? yesterday 17:04 nightly.db")
        assert "another program's log" in rows[7]
        assert rows[8] == "! run_x.json not a run log: expected an object, found a list"
        assert app.pane.status() == "tracker_logs  9 runs"


async def test_enter_opens_a_run_and_says_why_one_cannot_be_opened(logs):
    app = app_of(logs)
    async with app.run_test(size=(120, 30)) as pilot:
        await listed(app, pilot, 9)
        await pilot.press("down", "enter")
        await pilot.pause()
        assert app.runner.asked == [("open", "run_20260131_120412")]
        assert app.screen.actions == ["run"]
        await pilot.press("end", "enter")
        await pilot.pause()
        assert len(app.runner.asked) == 1
        assert "not a run log" in [n.message for n in app._notifications][-1]


async def test_the_filter_takes_words_of_state_pipeline_time_and_note(logs):
    app = app_of(logs)
    async with app.run_test(size=(120, 30)) as pilot:
        await listed(app, pilot, 9)
        for text, number in (("nightly", 1), ("retail today", 5), ("keyerror", 1), ("zzz", 0)):
            app.pane.action_filter()
            app.query_one(FilterInput).value = text
            await settled(app, pilot, lambda number=number: app.query_one(RunList).row_total == number)
        assert app.pane.leave()
        await settled(app, pilot, lambda: app.query_one(RunList).row_total == 9)


async def test_delete_asks_and_deletes_only_then(logs):
    app = app_of(logs)
    async with app.run_test(size=(120, 30)) as pilot:
        await listed(app, pilot, 9)
        await pilot.press("down", "d")
        await pilot.pause()
        assert isinstance(app.screen, Question)
        await pilot.press("escape")
        await pilot.pause()
        assert (logs / "run_20260131_120412").is_dir()
        await pilot.press("d", "d")
        await settled(app, pilot, lambda: app.query_one(RunList).row_total == 8)
        assert not (logs / "run_20260131_120412").exists()
        assert not (logs / "run_20260131_120412.json").exists()


async def test_a_live_run_is_not_deleted(logs):
    app = app_of(logs)
    async with app.run_test(size=(120, 30)) as pilot:
        await listed(app, pilot, 9)
        await pilot.press("home", "d", "d")
        await settled(app, pilot, lambda: any("is running" in n.message for n in app._notifications))
        assert (logs / "run_20260131_120500").is_dir()


async def test_new_runs_appear_and_the_cursor_stays_on_its_run(logs):
    app = app_of(logs)
    async with app.run_test(size=(120, 30)) as pilot:
        await listed(app, pilot, 9)
        await pilot.press("down", "down")
        here = app.query_one(RunList).current.run_id
        filtered_run(logs, run_id="run_20260131_130000", start=NOON + timedelta(hours=1))
        await settled(app, pilot, lambda: app.query_one(RunList).row_total == 10, tries=250)
        assert app.query_one(RunList).current.run_id == here


async def test_a_directory_that_comes_later_is_seen(tmp_path):
    app = app_of(tmp_path / "later")
    async with app.run_test(size=(120, 30)) as pilot:
        await settled(app, pilot, lambda: "no runs in" in app.text())
        failed_run(tmp_path / "later")
        await settled(app, pilot, lambda: app.query_one(RunList).row_total == 1, tries=250)


async def test_comparing_needs_a_mark_and_another_run(logs):
    app = app_of(logs)
    async with app.run_test(size=(120, 30)) as pilot:
        await listed(app, pilot, 9)
        await pilot.press("down", "equals_sign")
        await pilot.pause()
        assert "mark one run with space" in [n.message for n in app._notifications][-1]
        await pilot.press("space", "down", "equals_sign")
        await settled(app, pilot, lambda: "only what differs" in app.text())
        assert "A run_20260131_110300" in app.text()  # the older one first, whichever was marked
        assert "- keep_large" in app.text()
        await pilot.press("equals_sign")
        await settled(app, pilot, lambda: "all there is" in app.text())
        assert app.pane.leave()
        await pilot.pause()
        assert "only what differs" not in app.text()


async def test_each_kind_of_difference_has_a_tab_and_data_are_compared_when_theirs_is_opened(logs):
    app = app_of(logs)
    async with app.run_test(size=(120, 30)) as pilot:
        await listed(app, pilot, 9)
        await pilot.press("down", "down", "space", "down", "equals_sign")
        await settled(app, pilot, lambda: "only what differs" in app.text())
        tabs = next(row for row in app.rows() if "Configuration" in row).split()
        assert tabs == ["Steps", "Configuration", "Schema", "Rows", "2", "Data"]
        assert "the same steps, states and lengths" in app.text()
        app.pane.turn_tab(-1)
        await settled(app, pilot, lambda: "Data 2" in app.text() and "comparing" not in app.text())
        rows = [" ".join(row.split()) for row in app.rows()]
        assert "~ read_orders (orders) +1 -0 ~0 =42 by id (found), all rows" in rows
        assert "+ id=43 amount=537.5 region=null notes=null" in rows
        assert "~ keep_large (large) +1 -0 ~0 =32 by id, all rows" in rows
        await pilot.press("y")
        assert app.pane.value_to_copy().startswith("~ read_orders (orders)")
        assert "runs diff run_20260131_110200 run_20260131_110300" in app.pane.command_line()
        await pilot.press("enter")
        await settled(app, pilot, lambda: isinstance(app.screen, TextScreen))


async def test_the_equals_key_is_called_what_it_does(logs, tmp_path):
    async with shown(project(tmp_path)) as (app, pilot):
        await pilot.press("4")
        await settled(app, pilot, lambda: isinstance(app.screen.focused, RunList))
        assert "= compare with mark" in app.rows()[-1]
        await pilot.press("down", "space", "down", "equals_sign")
        await settled(app, pilot, lambda: "only what differs" in app.text())
        await settled(app, pilot, lambda: "= all, or what differs" in app.rows()[-1])
        assert "compare with mark" not in app.rows()[-1]
        await pilot.press("equals_sign")
        await settled(app, pilot, lambda: "all there is" in app.text())
        await pilot.press("escape")
        await settled(app, pilot, lambda: "= compare with mark" in app.rows()[-1])


async def test_a_run_opened_from_the_list_can_be_walked_at_once(logs, tmp_path):
    async with shown(project(tmp_path)) as (app, pilot):
        await pilot.press("4")
        await settled(app, pilot, lambda: isinstance(app.screen.focused, RunList))
        await pilot.press("down", "enter")
        await settled(app, pilot, lambda: isinstance(app.screen.focused, Timeline))
        assert "enter open" in app.rows()[-1]
        await pilot.press("up")
        await settled(app, pilot, lambda: app.session.selected == "geocode")


async def test_a_log_without_pipeline_and_time_is_named_by_its_id(tmp_path):
    directory = tmp_path / "tracker_logs"
    directory.mkdir()
    steps = [{"step_name": "a", "layer": "ingest", "state": "success"}]
    (directory / "run_of_old.json").write_text(json.dumps({"pipeline_id": "", "steps": steps}))
    app = app_of(directory)
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(app, pilot, 1)
        assert "run_of_old" in app.rows()[1]


async def test_two_runs_with_the_same_data_say_so(tmp_path):
    directory = tmp_path / "tracker_logs"
    for i in range(2):
        filtered_run(directory, run_id=f"run_20260131_11{i:02d}00", start=NOON - timedelta(minutes=60 - i))
    app = app_of(directory)
    async with app.run_test(size=(100, 30)) as pilot:
        await listed(app, pilot, 2)
        await pilot.press("space", "down", "equals_sign")
        await settled(app, pilot, lambda: "only what differs" in app.text())
        app.pane.turn_tab(-1)
        await settled(app, pilot, lambda: "the same: 2 datasets" in app.text())
        await pilot.press("equals_sign")
        await settled(app, pilot, lambda: "+0 -0 ~0 =40" in app.text())


async def test_the_first_screenful_of_many_runs_does_not_wait_for_the_rest(logs, monkeypatch):
    app = app_of(logs)
    go_on = threading.Event()
    every = RunStore.runs

    def slowly(store):
        go_on.wait(20)
        return every(store)

    monkeypatch.setattr(RunStore, "runs", slowly)
    monkeypatch.setattr(history, "_FIRST", 4)
    async with app.run_test(size=(120, 30)) as pilot:
        await settled(app, pilot, lambda: app.query_one(RunList).row_total == 4)
        assert "today 12:05" in app.text()
        go_on.set()
        await settled(app, pilot, lambda: app.query_one(RunList).row_total == 9)


async def test_the_folder_is_told_where_nothing_can_open_it(logs, monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    app = app_of(logs)
    async with app.run_test(size=(120, 30)) as pilot:
        await listed(app, pilot, 9)
        await pilot.press("O")
        await pilot.pause()
        assert [n.message for n in app._notifications][-1] == str(logs / "run_20260131_120500")


def test_where_the_system_has_no_watches_left_the_directory_is_looked_at_again_and_again(
    tmp_path, monkeypatch
):
    def no_watch(*_, **__):
        raise OSError("OS file watch limit reached")

    monkeypatch.setattr("watchfiles.watch", no_watch)
    monkeypatch.setattr(log_dir, "_PAUSE_S", 0.01)
    stopped, looks = threading.Event(), []

    def changed():
        looks.append(1)
        if len(looks) == 3:
            stopped.set()

    log_dir.watch(tmp_path, changed, stopped)
    assert len(looks) == 3


def test_an_opener_is_used_where_there_is_a_desktop(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(log_dir.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(log_dir.subprocess, "Popen", lambda command, **_: asked.append(command))
    assert log_dir.open_folder(tmp_path)
    assert asked[0][1] == str(tmp_path)


async def test_ten_thousand_runs_can_be_listed_and_walked(tmp_path):
    directory = tmp_path / "tracker_logs"
    directory.mkdir()
    run = filtered_run(directory, run_id="run_20250101_000000")
    text = run.paths.final_log.read_text()
    for i in range(10_000):
        run_id = f"run_2026{1 + i // 1000:02d}01_{i % 1000:06d}"
        (directory / f"{run_id}.json").write_text(text.replace("run_20250101_000000", run_id))
    app = app_of(directory)
    async with app.run_test(size=(120, 30)) as pilot:
        await settled(app, pilot, lambda: app.query_one(RunList).row_total == 10_001, tries=1000)
        app.pane.focus_inside()
        await pilot.press("end")
        await pilot.pause()
        assert app.query_one(RunList).current is not None
        assert app.query_one(RunList).cursor == 10_000


def test_steady_lengths_have_a_flat_trend_and_a_slow_run_stands_out():
    def runs(*lengths):
        return [
            RunSummary(f"run_{i}", Path("x"), "success", duration_ms=length, pipeline="p")
            for i, length in enumerate(lengths)
        ]

    assert trends_of(runs(100, 101, 99), ascii_only=False) == {"run_0": "▁▁▁"}
    assert trends_of(runs(300, 100, 100), ascii_only=False) == {"run_0": "▁▁█"}
    assert trends_of(runs(100), ascii_only=False) == {}


async def test_history_is_read_again_when_the_session_says_so(logs):
    app = app_of(logs)
    async with app.run_test(size=(120, 30)) as pilot:
        await listed(app, pilot, 9)
        (logs / "run_20260131_090000").mkdir()
        (logs / "run_20260131_090000" / "events.jsonl").write_text("")
        app.session.changed(Change.HISTORY)
        await settled(app, pilot, lambda: app.query_one(RunList).row_total == 10, tries=200)


async def test_the_list_has_the_focus_as_soon_as_there_is_one(logs, tmp_path):
    """The pane opens before the runs are read: enter must work when they have come."""
    async with shown(project(tmp_path)) as (app, pilot):
        await pilot.press("4")
        await settled(app, pilot, lambda: isinstance(app.screen.focused, RunList))
        assert app.workbench.mode == "history"
        await pilot.press("enter")
        await settled(app, pilot, lambda: app.workbench.mode == "run")
