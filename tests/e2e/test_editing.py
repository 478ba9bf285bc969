"""A config that changes on disk while it is open, in a real terminal."""

import json
import os
import shutil
from pathlib import Path

import pytest

from tests.e2e.terminal import Terminal

SAMPLES = Path(__file__).parents[2] / "sample_configs"

pytestmark = pytest.mark.pty


@pytest.fixture
def config(tmp_path):
    (tmp_path / "data").mkdir()
    shutil.copy(SAMPLES / "simple_pipeline.json", tmp_path)
    shutil.copy(SAMPLES / "data" / "sample.csv", tmp_path / "data")
    return tmp_path / "simple_pipeline.json"


def opened(config, **options):
    state = {"XDG_STATE_HOME": str(config.parent / "state"), "XDG_CONFIG_HOME": str(config.parent / "config")}
    return Terminal.odibi(config.name, cwd=config.parent, **{**state, **options})


def replace_as_editors_do(path, text):
    beside = path.with_name(path.name + "~new")
    beside.write_text(text, encoding="utf-8")
    os.replace(beside, path)


@pytest.mark.parametrize("save", [Path.write_text, replace_as_editors_do])
def test_a_file_broken_on_disk_shows_its_error_at_the_line_and_repaired_shows_none(config, save):
    good = config.read_text()
    with opened(config) as terminal:
        terminal.wait_for("5 steps", "no problems", "write_aggregated_json")
        lines = good.splitlines()
        number = next(i for i, line in enumerate(lines) if '"inputs": {"data": "raw_data"}' in line)
        save(config, good.replace('"inputs": {"data": "raw_data"}', '"inputs": {"data": "raw_dta"}', 1))
        terminal.wait_for(
            "1 error", "no step outputs `raw_dta`", f" {number + 1}:", "`read_sample_csv` outputs `raw_data`"
        )
        save(config, good)
        terminal.wait_for("no problems", gone=["raw_dta", "1 error"])


def test_while_the_text_does_not_parse_the_last_good_tree_stays_and_is_marked_stale(config):
    good = config.read_text()
    with opened(config) as terminal:
        terminal.wait_for("no problems")
        terminal.press("down", "down", "down")
        broken = good.replace('"type": "sql",', '"type" "sql",', 1)
        config.write_text(broken)
        line = broken[: broken.index('"type" "sql"')].count("\n") + 1
        terminal.wait_for("stale", "1 error", "filter_high_value", "write_aggregated_json", f" {line}:")
        config.write_text(good)
        terminal.wait_for("no problems", gone=["stale"])


def test_a_deleted_file_is_told_and_its_return_too(config):
    good = config.read_text()
    with opened(config) as terminal:
        terminal.wait_for("no problems")
        config.unlink()
        terminal.wait_for("stale", "not found", "write_aggregated_json")
        config.write_text(good)
        terminal.wait_for("no problems", gone=["stale", "not found"])


def test_the_fix_is_written_to_the_file_and_the_error_goes(config):
    good = config.read_text()
    config.write_text(good.replace('"inputs": {"data": "raw_data"}', '"inputs": {"data": "raw_dta"}', 1))
    with opened(config) as terminal:
        terminal.wait_for("1 error")
        terminal.press("n", "a")
        terminal.wait_for("no problems")
    assert config.read_text() == good


def test_the_editor_opens_at_the_line_and_what_it_saved_is_checked(config, tmp_path):
    editor = tmp_path / "vi"
    editor.write_text('#!/bin/sh\necho "$@" > asked\nsed -i s/filtered_data/filtred_data/ "$2"\n')
    editor.chmod(0o755)
    with opened(config, EDITOR=str(editor)) as terminal:
        terminal.wait_for("no problems")
        terminal.press("down", "down", "e")
        terminal.wait_for("filtred_data", "no problems")
        assert (tmp_path / "asked").read_text().split() == ["+10", config.name]
        terminal.press("q")
        assert terminal.wait_for_end() == 0
        assert terminal.is_clean()[0]


def test_names_with_markup_and_escapes_show_literally(config):
    steps = json.loads(config.read_text())
    steps[0]["name"] = "[bold]raw[/bold]\x1b[31mred"
    config.write_text(json.dumps(steps))
    with opened(config) as terminal:
        terminal.wait_for("[bold]raw[/bold]red")


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("missing.json", None, "Config source not found"),
        ("notes.txt", b"hello", "Unsupported config source"),
        ("junk.db", b"\x00\x01" * 50, "junk.db"),
    ],
)
def test_what_cannot_be_opened_is_told_before_the_screen_and_ends_2(tmp_path, name, content, told):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with Terminal.odibi(name, cwd=tmp_path, XDG_CONFIG_HOME=str(tmp_path)) as terminal:
        assert terminal.wait_for_end() == 2
        assert told in terminal.text() and "Traceback" not in terminal.text()
        assert b"\x1b[?1049h" not in terminal.written
