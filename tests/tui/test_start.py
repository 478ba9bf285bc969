"""The start screen."""

import pytest

from odibi_tui import recents
from odibi_tui.screens.start import StartPane
from odibi_tui.session import Session
from tests.tui.builders import RunFiles
from tests.tui.shell import PIPELINE, ShellApp, project, step, until, write


@pytest.fixture
def directory(tmp_path, monkeypatch):
    monkeypatch.setattr(recents, "recents_file", lambda: tmp_path / "recent.json")
    here = tmp_path / "here"
    here.mkdir()
    project(here)
    write(here / "broken.json", [PIPELINE[0], step("b", inputs={"data": "nope"})])
    return here


async def looked(app, pilot):
    await until(app, pilot, lambda: app.pane is not None and app.pane.runs is not None)


async def test_it_lists_configs_with_steps_and_problems_recent_ones_and_runs(directory, tmp_path):
    other = tmp_path / "other.json"
    write(other, PIPELINE)
    recents.remember(other, tmp_path / "recent.json")
    run = RunFiles(directory / "tracker_logs")
    run.begin().close()
    app = ShellApp(Session(base_dir=directory, log_dir=directory / "tracker_logs"))
    async with app.run_test(size=(110, 30)) as pilot:
        await looked(app, pilot)
        text = app.text()
        assert "other.json" in text and "4 steps" in text and "1 error" in text
        assert "Runs in" in text and "retail.json  " in text


async def test_enter_opens_a_pipeline_with_the_focus_in_its_steps(directory):
    app = ShellApp(Session(base_dir=directory, log_dir=directory / "tracker_logs"))
    async with app.run_test(size=(80, 24)) as pilot:
        await looked(app, pilot)
        await pilot.press("down", "enter")
        await until(app, pilot, lambda: app.session.checked)
        assert app.session.source == directory / "retail.json" and app.workbench.mode == "pipeline"
        assert "read_orders" in app.text() and app.screen.focused.id == "steps"


async def test_the_filter_narrows_and_goes(directory):
    app = ShellApp(Session(base_dir=directory, log_dir=directory / "tracker_logs"))
    async with app.run_test(size=(100, 30)) as pilot:
        await looked(app, pilot)
        await pilot.press("slash", *"broken", "enter")
        assert "broken.json" in app.text() and "retail.json" not in app.text()
        await pilot.press("escape")
        assert "retail.json" in app.text()


async def test_an_empty_directory_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(recents, "recents_file", lambda: tmp_path / "recent.json")
    app = ShellApp(Session(base_dir=tmp_path, log_dir=tmp_path / "tracker_logs"))
    async with app.run_test(size=(100, 30)) as pilot:
        await looked(app, pilot)
        assert isinstance(app.pane, StartPane)
        assert "+ makes one from a data file" in app.text() and "no runs yet" in app.text()


async def test_plus_writes_a_pipeline_for_a_data_file_and_opens_it(directory):
    (directory / "sales.csv").write_text("id,region,amount\n1,north,10\n")
    app = ShellApp(Session(base_dir=directory, log_dir=directory / "tracker_logs"))
    async with app.run_test(size=(100, 30)) as pilot:
        await looked(app, pilot)
        await pilot.press("plus")
        await pilot.press(*"nowhere.csv", "enter")
        await until(app, pilot, lambda: "there is no file" in app.text())
        await pilot.press(*["backspace"] * 11, *"sal", "right", "enter")
        await until(app, pilot, lambda: app.session.checked and app.session.source is not None)
        assert app.session.source == directory / "sales_pipeline.json"
        assert [s.name for s in app.session.steps] == ["read_sales", "select_sales", "store_sales"]
        assert app.session.diagnostics == ()
