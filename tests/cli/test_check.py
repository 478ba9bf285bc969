"""`odibi-core check`: what it prints as text and as JSON, colours, exit codes, and bad input."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from odibi_core.cli import main
from odibi_core.cli.check_text import render
from odibi_core.config.places import TextSource
from odibi_core.diagnostics import Diagnostic, Span

SAMPLES = Path(__file__).parents[2] / "sample_configs"
GOOD = '[{"layer": "ingest", "name": "read", "type": "sql", "value": "SELECT 1", "outputs": {"d": "x"}}]'
WARNED = GOOD.replace('"layer"', '"owner": "sales", "layer"')
BROKEN = GOOD.replace('"ingest"', '"ingset"')


@pytest.fixture(autouse=True)
def _in_a_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in (("good.json", GOOD), ("warned.json", WARNED), ("broken.json", BROKEN)):
        (tmp_path / name).write_text(text, encoding="utf-8")


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main.run(["check", *arguments])
    told = capsys.readouterr()
    return code, told.out, told.err


def test_a_sound_config(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "good.json") == (0, "", "")


def test_a_mistake_is_shown_with_its_line_and_carets(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "broken.json")
    assert (code, err) == (1, "")
    assert out == (
        "broken.json:1:13: error ODB126 `ingset` is not a layer\n"
        "  |\n"
        f"1 | {BROKEN}\n"
        f"  | {' ' * 12}^^^^^^\n"
        "  = step read, field layer\n"
        "  = help: write `ingest`\n"
        "\n"
        "broken.json: 1 step, 1 error (1 can be fixed with --fix)\n"
    )


def test_warnings_count_only_when_they_shall(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "warned.json")
    assert code == 0
    assert "warning ODB123" in out and out.endswith("warned.json: 1 step, 1 warning\n")
    assert run(capsys, "warned.json", "--strict")[0] == 1


def test_json_is_one_object_a_path_each_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "good.json", "broken.json", "--format", "json")
    assert (code, err) == (1, "")
    good, broken = (json.loads(line) for line in out.splitlines())
    assert good == {"path": "good.json", "steps": 1, "errors": 0, "warnings": 0, "diagnostics": []}
    assert broken["errors"] == 1
    assert broken["diagnostics"] == [
        {
            "code": "ODB126", "name": "invalid-layer", "severity": "error",
            "message": "`ingset` is not a layer", "step": "read", "field": "layer", "path": "broken.json",
            "line": 1, "column": 13, "end_line": 1, "end_column": 19, "suggestion": "ingest",
            "help": "write `ingest`", "related": [],
            "fix": {
                "message": 'replace with "ingest"', "applicability": "safe", "start": 12, "end": 18,
                "text": "ingest",
            },
        }
    ]  # fmt: skip


def test_the_broken_pipeline_lists_all_its_mistakes(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, str(SAMPLES / "broken_pipeline.json"), "--format", "json")
    report: dict[str, Any] = json.loads(out)
    assert code == 1
    assert report["errors"] == sum(1 for found in report["diagnostics"] if found["severity"] == "error")
    assert report["errors"] > 20 and report["warnings"] > 2
    assert all(found["line"] and found["column"] for found in report["diagnostics"])


def test_a_row_of_a_database_is_named_with_table_and_row(capsys: pytest.CaptureFixture[str]) -> None:
    path = str(SAMPLES / "broken" / "cell_not_json.db")
    code, out, _ = run(capsys, path)
    assert code == 1
    assert f"{path}: table transformation_config, row 2, column Inputs: error ODB140" in out
    found = json.loads(run(capsys, path, "--format", "json")[1])["diagnostics"][0]
    assert (found["table"], found["row"], found["line"]) == ("transformation_config", 2, None)


def test_what_cannot_be_read_is_one_line_and_the_others_are_checked(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "dir.json").mkdir()
    (tmp_path / "x.yaml").touch()
    (tmp_path / "text.db").write_text("no database" * 100)
    code, out, err = run(capsys, "gone.json", "dir.json", "x.yaml", "text.db", "broken.json")
    assert code == 2
    assert out.endswith("broken.json: 1 step, 1 error (1 can be fixed with --fix)\n")
    assert [line.split(":")[0] for line in err.splitlines()] == ["error"] * 4
    code, out, _ = run(capsys, "gone.json", "good.json", "--format", "json")
    gone, good = (json.loads(line) for line in out.splitlines())
    assert code == 2
    assert (gone["steps"], gone["problem"]) == (None, "Config source not found: gone.json")
    assert good["steps"] == 1


def test_bad_input_is_told_without_a_traceback(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    cases = {
        "junk.json": bytes(range(256)) * 20, "empty.json": b"",
        "latin.json": GOOD.replace("x", "é").encode("latin-1"),
        "bom.json": b"\xef\xbb\xbf" + GOOD.encode(), "deep.json": b"[" * 1_000_000,
        "log.json": b'{"steps": [], "pipeline_id": "x"}',
        "element.json": b'["x"]', "empty.csv": b"", "junk.csv": b"\x00\x01" * 100,
    }  # fmt: skip
    for name, data in cases.items():
        (tmp_path / name).write_bytes(data)
        code, out, err = run(capsys, name)
        assert (code, err) == (1, "")
        assert out.startswith(f"{name}:1:")
        assert "Traceback" not in out


def test_the_base_directory(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "configs").mkdir()
    config = '[{"layer": "ingest", "name": "read", "value": "orders.csv", "outputs": {"d": "x"}}]'
    (tmp_path / "configs" / "x.json").write_text(config)
    (tmp_path / "orders.csv").write_text("id\n1\n")
    code, out, _ = run(capsys, "configs/x.json")
    assert code == 1
    assert "use --base-dir ." in out
    assert run(capsys, "configs/x.json", "--base-dir", ".")[0] == 0


def test_the_project(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "x.db") as connection:
        connection.execute(
            "CREATE TABLE transformation_config (StepName, Layer, StepType, Value, Outputs, project)"
        )
        for name, layer, project in (("a", "ingest", "retail"), ("b", "ingset", "bank")):
            row = (name, layer, "sql", "SELECT 1", f'{{"d": "{name}"}}', project)
            connection.execute("INSERT INTO transformation_config VALUES (?, ?, ?, ?, ?, ?)", row)
    connection.close()
    assert run(capsys, "x.db", "--project", "retail")[0] == 0
    assert run(capsys, "x.db")[0] == 1


def test_help_has_examples_and_usage_errors_exit_with_two(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "--help")
    assert code == 0
    assert "odibi-core check pipeline.json" in out and "Exit codes" in out
    assert run(capsys)[0] == 2
    assert run(capsys, "good.json", "--format", "xml")[0] == 2


def test_names_with_terminal_escapes_and_markup_are_shown_as_plain_text(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    name = "\x1b]0;owned\x07\x1b[31m[bold]x"
    (tmp_path / "x.json").write_text(json.dumps([{"name": name, "layer": name, "inputs": {"d": name}}]))
    (tmp_path / "y.json").write_bytes(b'[{"name": "\x1b[31m[bold]x", "layer": "\x1b[2J"}]')
    _, out, err = run(capsys, "x.json", "y.json")
    assert "\x1b" not in out + err
    assert "[bold]x" in out


def test_an_output_that_cannot_write_a_character_gets_it_escaped(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('[{"name": "größe", "layer": "→"}]', encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "odibi_core", "check", "x.json"], cwd=tmp_path, capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONPATH": str(SAMPLES.parent)},
    )  # fmt: skip
    assert done.returncode == 1
    assert b"`\\u2192` is not a layer" in done.stdout
    assert b"Traceback" not in done.stderr


def on_a_terminal(directory: Path, path: str, **settings: str) -> tuple[int, bytes]:
    import pty

    leader, follower = pty.openpty()
    environ = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    process = subprocess.Popen(
        [sys.executable, "-m", "odibi_core", "check", path], cwd=directory, stdout=follower,
        stdin=follower, env=environ | settings | {"PYTHONPATH": str(SAMPLES.parent), "TERM": "xterm"},
    )  # fmt: skip
    os.close(follower)
    out = b""
    while True:
        try:
            piece = os.read(leader, 4096)
        except OSError:
            break
        if not piece:
            break
        out += piece
    os.close(leader)
    return process.wait(), out


@pytest.mark.parametrize(("settings", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colour_on_a_terminal_unless_it_is_unwanted(
    settings: dict[str, str], coloured: bool, tmp_path: Path
) -> None:
    code, out = on_a_terminal(tmp_path, "broken.json", **settings)
    assert code == 1
    assert b"ODB126" in out
    assert (b"\x1b[31m" in out) == coloured


def test_a_person_hears_that_nothing_was_found(tmp_path: Path) -> None:
    assert on_a_terminal(tmp_path, "good.json", NO_COLOR="1") == (0, b"good.json: 1 step, no problems\r\n")


def shown(text: str, start: int, end: int, width: int = 120) -> list[str]:
    line = text.count("\n", 0, start) + 1
    column = start - (text.rfind("\n", 0, start) + 1) + 1
    end_line = text.count("\n", 0, end) + 1
    end_column = end - (text.rfind("\n", 0, end) + 1) + 1
    span = Span("x.json", line, column, end_line, end_column, start, end)
    found = Diagnostic("ODB126", "invalid-layer", "error", "wrong", span=span)
    import click

    return [click.unstyle(row) for row in render(found, TextSource("", text), width=width).splitlines()]


def test_carets_stand_under_wide_characters_and_tabs() -> None:
    text = '\t"名前é": "x"'
    rows = shown(text, text.index("x"), text.index("x") + 1)
    assert rows[2] == '1 |     "名前é": "x"'
    assert rows[3] == "  | " + " " * 14 + "^"


def test_a_long_line_is_cut_around_its_place() -> None:
    text = '{"value": "' + "a" * 500 + "WRONG" + "b" * 500 + '"}'
    rows = shown(text, text.index("WRONG"), text.index("WRONG") + 5, width=80)
    assert len(rows[2]) <= 80
    assert rows[2].startswith("1 | …a") and rows[2].endswith("b…")
    assert rows[2][rows[3].index("^") : rows[3].rindex("^") + 1] == "WRONG"


def test_a_place_of_several_lines_is_underlined_to_the_end_of_its_first() -> None:
    text = "[\n  {\n  }\n]"
    rows = shown(text, 4, 8)
    assert rows[2:4] == ["2 |   {", "  |   ^"]


def test_the_end_of_the_text_has_a_caret() -> None:
    rows = shown('[{"name": "a"}', 14, 14)
    assert rows[3] == "  | " + " " * 14 + "^"
