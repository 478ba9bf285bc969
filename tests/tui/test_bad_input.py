"""Every kind of broken config opens, tells what is wrong, and answers the keys."""

from pathlib import Path

import pytest

from odibi_core.diagnostics import Diagnostic
from odibi_tui.arguments import parse
from odibi_tui.screens.dialogs import Page
from tests.tui.shell import shown, step, until, write

BROKEN = sorted(
    path
    for path in (Path(__file__).parents[2] / "sample_configs" / "broken").iterdir()
    if path.suffix in (".json", ".csv", ".db") and path.name not in ("run_log.json", "not_a_database.db")
)


@pytest.mark.parametrize("config", BROKEN, ids=lambda path: path.name)
async def test_a_broken_sample_is_shown_with_its_problem(config):
    assert parse([str(config)]).kind == "config"
    async with shown(config) as (app, pilot):
        assert app.session.diagnostics
        first = app.session.diagnostics[0]
        assert isinstance(first, Diagnostic)
        await pilot.press("n", "o")
        assert isinstance(app.screen, Page) and first.code in app.text()
        await pilot.press(
            "escape", "right_square_bracket", "right_square_bracket", "right_square_bracket", "g", "enter"
        )
        await pilot.press("escape", "1")
        assert first.code in app.text() or first.message[:20] in app.text()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n\n",
        b"[",
        b"[" * 200_000,
        b"\xef\xbb\xbf[]",
        b"[1, 2]",
        b"{}",
        b'[{"name": "a\\u001b[31m"}]',
        b"\x00\xff" * 99,
    ],
    ids=["empty", "blank", "open", "deep", "bom", "numbers", "object", "escape", "binary"],
)
async def test_anything_in_the_file_opens_without_a_crash(tmp_path, content):
    config = tmp_path / "x.json"
    config.write_bytes(content)
    async with shown(config, size=(80, 24)) as (app, pilot):
        assert app.session.diagnostics
        await pilot.press("n", "enter", "o", "escape", "escape", "a")
        await pilot.pause()
        assert "\x1b" not in app.text()


async def test_a_cycle_of_a_thousand_steps_is_shown_in_tree_and_graph(tmp_path):
    steps = [step(f"s{i}", inputs={"data": f"s{(i - 1) % 1000}"}) for i in range(1000)]
    async with shown(write(tmp_path / "x.json", steps)) as (app, pilot):
        await pilot.press("right_square_bracket", "g")
        await pilot.pause()
        assert "cycle" in app.text()


async def test_a_file_that_goes_and_comes_back(tmp_path):
    config = write(tmp_path / "x.json", [step("a", "ingest", value="o.csv")])
    (tmp_path / "o.csv").write_text("id\n1\n")
    async with shown(config) as (app, pilot):
        text = config.read_text()
        config.unlink()
        app.reread()
        await until(app, pilot, lambda: app.session.read_error is not None)
        assert app.session.stale and "file not found" in app.rows()[0] and "a" in app.text()
        config.write_text(text)
        app.reread()
        await until(app, pilot, lambda: app.session.read_error is None)
        assert not app.session.stale and "no problems" in app.rows()[0]
