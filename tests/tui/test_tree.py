"""The step tree: what it shows, and that it keeps its place."""

import pytest

from odibi_tui.session import Reading, Session
from odibi_tui.widgets.step_tree import StepTree
from tests.tui.builders import NOON, RunFiles
from tests.tui.shell import PIPELINE, project, shown, step, write


def tree_of(app):
    return app.screen.query_one(StepTree)


def under_cursor(app):
    tree = tree_of(app)
    return tree.rows[tree.cursor]


async def test_steps_stand_under_their_layer_in_the_order_of_the_layers(tmp_path):
    config = project(tmp_path, [PIPELINE[3], *PIPELINE[:3]])
    async with shown(config) as (app, _):
        titles = [(row.kind, row.text) for row in tree_of(app).rows]
        assert titles == [
            ("group", "ingest"), ("step", "read_orders"), ("group", "transform"), ("step", "clean_orders"),
            ("step", "by_region"), ("group", "store"), ("step", "write_report"),
        ]  # fmt: skip


async def test_an_error_stands_under_its_step_and_what_needs_it_is_not_red(tmp_path):
    config = project(
        tmp_path, [PIPELINE[0], step("clean_orders", inputs={"data": "read_ordres"}), *PIPELINE[2:]]
    )
    async with shown(config) as (app, _):
        rows = app.rows()
        at = next(i for i, row in enumerate(rows) if "✗ clean_orders" in row)
        assert "╰ no step outputs `read_ordres`" in rows[at + 1]
        assert any("by_region" in row and "? ← clean_orders" in row for row in rows)
        assert not any("✗ by_region" in row for row in rows)


async def test_cursor_and_folds_stay_when_the_config_is_read_again(tmp_path):
    config = project(tmp_path)
    async with shown(config) as (app, pilot):
        await pilot.press("left")  # folds ingest
        await pilot.press("down", "down", "down")
        assert under_cursor(app).text == "by_region"
        write(
            config,
            [
                step("a_new_one", "ingest", value="orders.csv"),
                step("b", inputs={"data": "a_new_one"}),
                *PIPELINE,
            ],
        )
        app.reread()
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert under_cursor(app).text == "by_region" and app.session.selected == "by_region"
        group = tree_of(app).rows[0]
        assert (group.text, group.expanded, group.total) == ("ingest", False, 2)


async def test_the_filter_shows_what_matches_and_leaves_the_place_when_it_goes(tmp_path):
    async with shown(project(tmp_path)) as (app, pilot):
        await pilot.press("down", "down")
        assert app.session.selected == "clean_orders"
        await pilot.press("slash", *"orders", "enter")
        names = [row.text for row in tree_of(app).rows if row.kind == "step"]
        assert names == ["read_orders", "clean_orders"]
        assert under_cursor(app).text == "clean_orders" and tree_of(app).has_focus
        await pilot.press("escape")
        assert len(tree_of(app).rows) == 7 and under_cursor(app).text == "clean_orders"


async def test_the_selection_follows_a_filter_that_hides_it(tmp_path):
    async with shown(project(tmp_path), size=(160, 40)) as (app, pilot):
        assert app.session.selected == "read_orders"
        await pilot.press("slash", *"by_region", "enter")
        assert under_cursor(app).text == "by_region" and app.session.selected == "by_region"
        assert any("gives" in row and "by_region" in row for row in app.rows())
        await pilot.press("escape")
        assert under_cursor(app).text == "by_region" and app.session.selected == "by_region"


async def test_a_filter_given_up_while_it_is_typed_gives_the_selection_back(tmp_path):
    async with shown(project(tmp_path)) as (app, pilot):
        await pilot.press("slash", *"report")
        assert under_cursor(app).text == "write_report" and app.session.selected == "write_report"
        await pilot.press("escape")
        assert under_cursor(app).text == "read_orders" and app.session.selected == "read_orders"


async def test_a_filter_that_finds_a_step_in_a_folded_group_opens_it(tmp_path):
    async with shown(project(tmp_path)) as (app, pilot):
        await pilot.press("down", "left")
        tree_of(app)._fold("store", fold=True)
        await pilot.press("slash", *"report", "enter")
        assert under_cursor(app).text == "write_report" and app.session.selected == "write_report"


async def test_no_row_is_highlighted_while_the_selected_step_is_hidden_by_a_filter(tmp_path):
    async with shown(project(tmp_path)) as (app, pilot):
        await pilot.press("slash", *"by_region", "enter")
        tree = tree_of(app)
        assert tree.ground_of(tree.cursor) == "cursor"
        app.session.select("write_report")
        await pilot.pause()
        assert [tree.ground_of(y) for y in range(len(tree.rows))] == [""] * len(tree.rows)


async def test_g_changes_to_the_graphs_order_and_back(tmp_path):
    async with shown(project(tmp_path, [PIPELINE[3], PIPELINE[2], *PIPELINE[:2]])) as (app, pilot):
        await pilot.press("g")
        rows = [(row.text, row.depth) for row in tree_of(app).rows]
        assert rows == [("read_orders", 0), ("clean_orders", 1), ("by_region", 2), ("write_report", 3)]
        await pilot.press("g")
        assert tree_of(app).rows[0].text == "ingest"


async def test_n_and_N_walk_the_problems_around_the_end(tmp_path):
    wrong = [PIPELINE[0], step("a", inputs={"data": "nope"}), step("b", inputs={"data": "nothing"})]
    async with shown(project(tmp_path, wrong)) as (app, pilot):
        seen = []
        for key in ("n", "n", "n", "N"):
            await pilot.press(key)
            seen.append(app.session.selected)
        assert seen == ["a", "b", "a", "b"]
        assert under_cursor(app).step == "b"


async def test_rows_and_columns_stand_beside_a_step_that_a_run_knows(tmp_path):
    from odibi_core.journal.events import ColumnInfo, StepInfo

    run = RunFiles(tmp_path / "tracker_logs")
    run.begin(StepInfo("read_orders", "ingest"), StepInfo("clean_orders", "transform"))
    run.step("read_orders", 0, 1200, rows_out=12480, columns=[ColumnInfo("id", "int64")] * 9)
    async with shown(project(tmp_path)) as (app, pilot):
        app.session.show_run(run.builder.view())
        await pilot.pause()
        assert any("✓ read_orders" in row and "12,480 × 9" in row for row in app.rows())
        assert NOON is not None


async def test_a_run_of_another_pipeline_shows_its_own_steps_beside_the_run_only(tmp_path):
    from odibi_core.journal.events import StepInfo

    run = RunFiles(tmp_path / "tracker_logs").begin(StepInfo("elsewhere", "ingest"))
    async with shown(project(tmp_path)) as (app, pilot):
        app.session.show_run(run.builder.view())
        tree = tree_of(app)
        tree.mode = "run"
        await pilot.pause()
        assert [row.text for row in tree.rows] == ["ingest", "elsewhere"]
        tree.mode = "pipeline"
        await pilot.pause()
        assert [row.text for row in tree.rows][1] == "read_orders"


async def test_markup_and_escapes_in_names_show_literally(tmp_path):
    config = project(tmp_path, [step("[bold]x[/bold]\x1b[31mred", "ingest", value="orders.csv")])
    async with shown(config) as (app, _):
        assert any("[bold]x[/bold]red" in row for row in app.rows())


async def test_ten_thousand_steps_draw_only_what_is_in_sight(tmp_path):
    steps = [step(f"step_{i:05d}", "ingest", value="orders.csv") for i in range(10_000)]
    async with shown(project(tmp_path, steps)) as (app, pilot):
        tree = tree_of(app)
        drawn = []
        row = tree.row
        tree.row = lambda y, width: drawn.append(y) or row(y, width)
        await pilot.press("end")
        await pilot.pause()
        assert under_cursor(app).text == "step_09999"
        assert len(drawn) < 500


@pytest.mark.parametrize("folded", [False, True])
def test_selecting_by_name_is_remembered_without_a_screen(folded):
    session = Session()
    told = []
    unsubscribe = session.subscribe(told.append)
    session.adopt(Reading(None))
    session.select("a")
    assert session.selected == "a" and told
    unsubscribe()
    count = len(told)
    session.select("b")
    assert len(told) == count
