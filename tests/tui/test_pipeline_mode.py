"""Pipeline mode and the keys that work on the config."""

import pytest

from odibi_tui.screens.dialogs import Page, Question
from odibi_tui.session import Change
from odibi_tui.widgets.graph_view import GraphView
from odibi_tui.widgets.problems import Problems
from odibi_tui.widgets.source_view import SourceView
from tests.tui.builders import RunFiles, info
from tests.tui.shell import PIPELINE, finding, project, shown, step, until, write

BROKEN = [PIPELINE[0], step("clean_orders", inputs={"data": "read_ordres"}), *PIPELINE[2:]]


async def test_the_span_is_marked_and_told_under_its_line(tmp_path):
    async with shown(project(tmp_path, BROKEN)) as (app, pilot):
        await pilot.press("n")
        rows = app.rows()
        at = next(i for i, row in enumerate(rows) if '"data": "read_ordres"' in row)
        start = rows[at].index("read_ordres")
        assert rows[at + 1][start] == "╰" and rows[at + 1][start + len("read_ordres") - 1] == "╯"
        assert "ODB203 no step outputs `read_ordres`" in rows[at + 2]
        assert any("a replace with" in row and "o explain" in row for row in rows[at + 3 : at + 5])


async def test_the_strip_lists_every_problem_and_takes_no_room_where_there_is_none(tmp_path):
    config = project(tmp_path, BROKEN)
    async with shown(config) as (app, pilot):
        assert app.screen.query_one(Problems).display
        assert any("clean_orders" in row and "a fix" in row for row in app.rows()[-5:])
        write(config, PIPELINE)
        app.reread()
        await until(app, pilot, lambda: not app.session.diagnostics)
        assert not app.screen.query_one(Problems).display
        assert any("no problems" in row for row in app.rows())


async def test_a_writes_the_fix_and_a_changed_file_is_left_alone(tmp_path):
    config = project(tmp_path, BROKEN)
    async with shown(config) as (app, pilot):
        good = config.read_text().replace("read_ordres", "read_orders")
        changed = config.read_text() + "\n\n"
        config.write_text(changed)
        await pilot.press("n", "a")
        await until(app, pilot, lambda: app.session.latest.text == changed)
        assert config.read_text() == changed
        await pilot.press("a")
        await until(app, pilot, lambda: not app.session.diagnostics)
        assert config.read_text() == good + "\n\n"


async def test_text_that_does_not_parse_keeps_the_last_good_tree_and_shows_the_error_at_its_place(tmp_path):
    config = project(tmp_path)
    async with shown(config) as (app, pilot):
        await pilot.press("down", "down")
        config.write_text(config.read_text().replace('"type": "sql",', '"type" "sql",', 1))
        app.reread()
        await until(app, pilot, lambda: app.session.stale)
        assert [s.name for s in app.session.steps] == [s["name"] for s in PIPELINE]
        assert app.session.selected == "clean_orders"
        assert "stale" in app.rows()[0] and "1 error" in app.rows()[0]
        await pilot.press("n")
        assert any('"type" "sql"' in row for row in app.rows())


async def test_o_explains_the_code_and_esc_comes_back(tmp_path):
    async with shown(project(tmp_path, BROKEN)) as (app, pilot):
        await pilot.press("o")
        assert isinstance(app.screen, Page) and "ODB203" in app.text() and "what to do" in app.text()
        await pilot.press("escape")
        assert not isinstance(app.screen, Page)


async def test_question_mark_shows_the_keys_that_work_here(tmp_path):
    async with shown(project(tmp_path)) as (app, pilot):
        await pilot.press("question_mark")
        text = app.text()
        assert "graph order" in text and "check again" in text
        assert "apply the fix" not in text, "there is nothing to fix"


async def test_the_graph_tab_draws_what_feeds_a_step_and_enter_selects_another(tmp_path):
    async with shown(project(tmp_path)) as (app, pilot):
        await pilot.press("down", "down", "right_square_bracket", "enter")
        text = app.text()
        assert "1 before it" in text and "2 after it" in text and "╭── read_orders" in text
        assert "╰─▸ by_region" in text
        assert app.screen.query_one(GraphView).has_focus
        await pilot.press("up", "enter")
        assert app.session.selected == "read_orders"


async def test_the_preview_says_what_to_press_before_there_is_a_run(tmp_path):
    async with shown(project(tmp_path)) as (app, pilot):
        await pilot.press("left_square_bracket")
        assert "has not run yet" in app.text() and "r  runs the pipeline" in app.text()


async def test_y_copies_the_value_and_Y_the_command(tmp_path):
    async with shown(project(tmp_path)) as (app, pilot):
        app.session.variables = {"day": "2026-01-31", "api_key": "hidden"}
        await pilot.press("y")
        assert app.clipboard == "orders.csv"
        await pilot.press("Y")
        assert app.clipboard == f"odibi-core check {tmp_path / 'retail.json'}"


def test_the_command_that_runs_it_names_no_secret(tmp_path):
    from odibi_tui.commands import run_command
    from odibi_tui.session import Session

    session = Session(
        source=tmp_path / "a b.json", base_dir=tmp_path, log_dir=tmp_path / "tracker_logs",
        variables={"day": "x y", "api_key": "hidden"},
    )  # fmt: skip
    command = run_command(session)
    assert command == f"odibi-core run '{tmp_path}/a b.json' --var 'day=x y' --var api_key=\"$API_KEY\""


@pytest.mark.parametrize(
    ("only", "words"),
    [
        (None, ""),
        (["by_region", "write_report"], " --select by_region+"),
        (["read_orders", "by_region"], " --select 'read_orders by_region'"),
        (["gone"], ""),
    ],
)
async def test_the_command_of_a_run_names_the_steps_it_was_about(tmp_path, only, words):
    options = {} if only is None else {"only": only}
    run = RunFiles(tmp_path / "tracker_logs").begin(info("by_region"), pipeline="retail", options=options)
    async with shown(project(tmp_path)) as (app, pilot):
        app.session.show_run(run.end().record)
        await pilot.press("2", "Y")
        assert app.clipboard == f"odibi-core run {tmp_path / 'retail.json'}{words}"


async def test_a_click_on_a_problem_selects_it(tmp_path):
    async with shown(project(tmp_path, BROKEN)) as (app, pilot):
        assert app.session.selected != "clean_orders" and app.session.problem is None
        await pilot.click(Problems, offset=(10, 1))
        await pilot.pause()
        assert app.session.problem is not None
        assert app.session.selected == app.session.problem.step == "clean_orders"


async def test_at_80_by_24_enter_opens_the_pane_over_the_tree_and_esc_returns(tmp_path):
    async with shown(project(tmp_path), size=(80, 24)) as (app, pilot):
        assert "▾ ingest" in app.text() and "Config" not in app.text()
        await pilot.press("down", "down", "enter")
        assert "Config" in app.text() and "▾ ingest" not in app.text()
        assert app.screen.query_one(SourceView).has_focus
        await pilot.press("escape")
        assert "▾ ingest" in app.text() and app.session.selected == "clean_orders"


async def test_z_gives_one_region_the_screen_and_takes_it_back(tmp_path):
    async with shown(project(tmp_path)) as (app, pilot):
        await pilot.press("z")
        assert "Config" not in app.text()
        await pilot.press("z")
        assert "Config" in app.text()


async def test_q_asks_while_a_run_is_live(tmp_path):
    class Handle:
        run_id = "run_20260131_120412"

    closed = []

    class Runner:
        def close(self, *, detach):
            closed.append(detach)

    async with shown(project(tmp_path)) as (app, pilot):
        app.session.handle, app._runner = Handle(), Runner()
        await pilot.press("q")
        assert isinstance(app.screen, Question) and "leave it running" in app.text()
        await pilot.press("escape")
        assert not isinstance(app.screen, Question) and not closed
        await pilot.press("q", "l")
        assert closed == [True]


async def test_a_table_shows_the_steps_row(tmp_path):
    import sqlite3

    config = tmp_path / "retail.db"
    with sqlite3.connect(config) as db:
        columns = "Layer, StepName, StepType, Engine, Value, Params, Inputs, Outputs"
        db.execute(f"CREATE TABLE transformation_config ({columns})")
        row = ("ingest", "read_it", "config_op", "pandas", "orders.csv", None, None, '{"data": "orders"}')
        db.execute("INSERT INTO transformation_config VALUES (?,?,?,?,?,?,?,?)", row)
    (tmp_path / "orders.csv").write_text("id\n1\n")
    async with shown(config) as (app, _):
        text = app.text()
        assert "table transformation_config, row 1" in text and "orders.csv" in text
        assert " e edit" not in app.rows()[-1], "a database is not edited as text"


async def test_thousands_of_problems_are_told_in_the_strip_and_quickly_in_place(tmp_path):
    async with shown(project(tmp_path)) as (app, pilot):
        session = app.session
        session.diagnostics = tuple(finding("clean_orders", f"wrong {i}", line=3) for i in range(5_000))
        session._problems = {"clean_orders": list(session.diagnostics)}
        session.changed(Change.DIAGNOSTICS)
        await pilot.pause()
        await pilot.press("N")
        assert "wrong 4999" in app.text()


@pytest.mark.parametrize("key", ["1", "2", "3", "4"])
async def test_modes_keep_the_selection(tmp_path, key):
    async with shown(project(tmp_path)) as (app, pilot):
        await pilot.press("down", "down", key)
        await pilot.pause(0.1)
        await pilot.press("1")
        assert app.session.selected == "clean_orders"


async def test_every_key_that_works_is_in_the_palette(tmp_path):
    async with shown(project(tmp_path, BROKEN)) as (app, _):
        titles = {command.title for command in app.get_system_commands(app.screen)}
        assert {
            "Run",
            "Edit",
            "Apply the fix",
            "Explain",
            "Check again",
            "History",
            "Theme",
            "Quit",
        } <= titles


async def test_keys_can_be_remapped(tmp_path):
    from odibi_tui.settings import Settings

    async with shown(project(tmp_path), settings=Settings(keys={"mode.history": "f4"})) as (app, pilot):
        await pilot.press("f4")
        assert app.workbench.mode == "history"


async def test_what_was_written_before_the_watch_began_is_read(tmp_path, monkeypatch):
    """Between the first reading and the watch the file may change: nobody tells of it."""
    import os

    from odibi_tui import watching

    source = project(tmp_path)

    def load():
        write(source, PIPELINE[:2])
        os.utime(source, (1, 1))
        return original()

    original = watching._load
    monkeypatch.setattr(watching, "_load", load)
    async with shown(source) as (app, pilot):
        app.session.watching = True
        app._watch_source()
        await until(app, pilot, lambda: len(app.session.document.steps) == 2)


async def test_i_lets_the_step_ignore_the_problem(tmp_path):
    unused = [*PIPELINE, step("extra", inputs={"data": "read_orders"}, value="SELECT 1 AS a FROM data")]
    source = project(tmp_path, unused)
    async with shown(source) as (app, pilot):
        await until(app, pilot, lambda: app.session.diagnostics)
        code = app.session.diagnostics[0].code
        await pilot.press("n", "i")
        await until(app, pilot, lambda: not app.session.diagnostics)
    import json

    assert json.loads(source.read_text())[-1]["metadata"] == {"odibi": {"ignore": [code]}}


SALES = [
    step("read", "ingest", value="orders.csv", engine="duckdb", output="orders"),
    step("pick", inputs={"o": "orders"}, value="SELECT id, amount FROM o", engine="duckdb", output="picked"),
    step("total", inputs={"p": "picked"}, value="SELECT sum(amount) AS s FROM p", engine="duckdb"),
]  # fmt: skip


async def test_a_misspelled_column_is_told_after_a_save_and_the_steps_below_say_where_to_look(tmp_path):
    import json

    source = project(tmp_path, SALES)
    (tmp_path / "orders.csv").write_text("id,amount\n1,2\n")
    async with shown(source) as (app, pilot):
        await until(app, pilot, lambda: app.session.schemas.get("picked") is not None)
        await pilot.press("down", "down")
        assert app.session.selected == "pick"
        assert " reads  orders  as o  id, amount" in app.text() and " gives  picked  id, amount" in app.text()
        source.write_text(json.dumps(SALES, indent=2).replace("SELECT id, amount", "SELECT id, amuont"))
        await pilot.press("v")
        await until(app, pilot, lambda: app.session.errors)
        (problem,) = app.session.diagnostics
        assert (problem.code, problem.step, problem.suggestion) == ("ODB304", "pick", "amount")
        assert "unknown until the error is mended" in app.text() and "? ← pick" in app.text()
        await pilot.press("a")
        await until(app, pilot, lambda: not app.session.diagnostics)
        assert "SELECT id, amount FROM" in source.read_text()


async def test_the_structure_is_shown_before_the_data_have_been_looked_at(tmp_path, monkeypatch):
    import threading

    from odibi_core.checks.checker import Checker

    may_go_on, whole = threading.Event(), Checker.whole

    def slow(self, document, *, cancelled=None):
        may_go_on.wait(10)
        return whole(self, document, cancelled=cancelled)

    monkeypatch.setattr(Checker, "whole", slow)
    (tmp_path / "orders.csv").write_text("id,amount\n1,2\n")
    wrong = [SALES[0], {**SALES[1], "value": "SELECT amuont FROM o"}, {**SALES[2], "inputs": {"p": "pikced"}}]
    async with shown(project(tmp_path, wrong), checked=False) as (app, pilot):
        await until(app, pilot, lambda: app.session.diagnostics)
        assert [d.code for d in app.session.diagnostics] == ["ODB203"] and not app.session.schemas
        may_go_on.set()
        await until(app, pilot, lambda: app.session.schemas)
        assert [d.code for d in app.session.diagnostics] == ["ODB304", "ODB203"]


async def test_a_fault_in_a_check_is_told_and_leaves_the_screen(tmp_path, monkeypatch):
    from odibi_core.checks.checker import Checker
    from odibi_tui.screens.viewer import TextScreen

    whole = Checker.whole

    def faulty(self, document, *, cancelled=None):
        raise IndexError("[bold]out of range")

    monkeypatch.setattr(Checker, "whole", faulty)
    async with shown(project(tmp_path)) as (app, pilot):
        await until(app, pilot, lambda: isinstance(app.screen, TextScreen))
        assert "IndexError: [bold]out of range" in app.text()
        await pilot.press("escape")
        assert "clean_orders" in app.text()
        await pilot.press("v")
        await until(app, pilot, lambda: not app._reading_now)
        assert not isinstance(app.screen, TextScreen)
        monkeypatch.setattr(Checker, "whole", whole)
        await pilot.press("v")
        await until(app, pilot, lambda: app.session.schemas)
