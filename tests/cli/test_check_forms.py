"""The forms of `odibi-core check` for machines, fixes, ignores and secrets."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator

from odibi_core.cli import main
from odibi_core.cli.check_github import render_github
from odibi_core.cli.check_report import Report
from odibi_core.config import read_document
from odibi_core.diagnostics import Diagnostic, Span

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "tests/data/sarif/sarif-schema-2.1.0.json").read_text("utf-8"))
READ = {
    "layer": "ingest",
    "name": "read",
    "type": "sql",
    "value": "SELECT 1 AS id",
    "outputs": {"data": "raw"},
}
WRITE = {"layer": "store", "name": "write", "value": "out.csv", "inputs": {"data": "raw"}}
SECRET = "bluebird77"
SEND = {"layer": "publish", "name": "send", "type": "api", "value": f"https://etl:{SECRET}@x.org/in",
        "inputs": {"data": "raw"}}  # fmt: skip


@pytest.fixture(autouse=True)
def _in_a_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Any:
    def run_(*arguments: str) -> tuple[int, str, str]:
        code = main.run(["check", *arguments, "--no-data"])
        told = capsys.readouterr()
        return code, told.out, told.err

    return run_


def config(*steps: dict[str, Any], name: str = "x.json", **changes: str) -> str:
    text = json.dumps(steps, indent=1, ensure_ascii=False)
    Path(name).write_text(text, encoding="utf-8", newline="\n")
    return name


# -- sarif -------------------------------------------------------------------------------------------


def log_of(run: Any, *arguments: str) -> tuple[int, dict[str, Any]]:
    code, out, _ = run(*arguments, "--format", "sarif")
    log: dict[str, Any] = json.loads(out)
    Draft4Validator(SCHEMA).validate(log)
    (found,) = log["runs"]
    return code, found


def test_sarif_of_all_samples_is_valid(run: Any) -> None:
    samples = ROOT / "sample_configs"
    code, found = log_of(run, str(samples), str(samples / "broken"), "gone.json")
    assert code == 2
    assert len(found["results"]) > 60
    rules = [rule["id"] for rule in found["tool"]["driver"]["rules"]]
    assert rules == sorted(set(rules))
    for result in found["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        location = result["locations"][0]["physicalLocation"]["artifactLocation"]
        assert found["artifacts"][location["index"]]["location"]["uri"] == location["uri"]
    (unread,) = found["invocations"][0]["toolExecutionNotifications"]
    assert "gone.json" in unread["message"]["text"]
    assert found["invocations"][0]["executionSuccessful"] is False


def test_sarif_tells_places_in_characters_with_the_fix(run: Any) -> None:
    path = config(READ | {"name": "größe 😀", "layer": "ingset"}, name="a b.json")
    code, found = log_of(run, path)
    (result,) = found["results"]
    assert (code, found["columnKind"]) == (1, "unicodeCodePoints")
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "a%20b.json"
    region = place["region"]
    assert (region["startLine"], region["startColumn"], region["endColumn"]) == (3, 13, 19)
    text = Path(path).read_text("utf-8")
    assert text[region["charOffset"] : region["charOffset"] + region["charLength"]] == "ingset"
    (replacement,) = result["fixes"][0]["artifactChanges"][0]["replacements"]
    assert replacement["insertedContent"] == {"text": "ingest"}
    assert result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] == "größe 😀.layer"


def test_sarif_has_related_places(run: Any) -> None:
    _, found = log_of(run, config(READ, READ | {"outputs": {"data": "other"}}))
    (duplicate,) = [one for one in found["results"] if one["ruleId"] == "ODB201"]
    (related,) = duplicate["relatedLocations"]
    assert related["physicalLocation"]["region"]["startLine"] == 4
    assert related["message"] == {"text": "the first one"}


def test_the_fingerprint_of_a_finding_stays_when_lines_are_added_above(run: Any) -> None:
    wrong = READ | {"layer": "ingset"}
    before = log_of(run, config(wrong))[1]["results"][0]
    after = log_of(run, config(READ | {"name": "first", "outputs": {"d": "x"}}, wrong))[1]["results"][0]
    assert before["partialFingerprints"] == after["partialFingerprints"]


# -- github ------------------------------------------------------------------------------------------


def test_github_commands_annotate_the_place(run: Any) -> None:
    code, out, _ = run(config(READ | {"layer": "ingset"}), "--format", "github")
    assert code == 1
    assert out == (
        "::error file=x.json,line=3,col=13,endLine=3,endColumn=18,title=ODB126 invalid-layer::"
        "`ingset` is not a layer%0Astep read, field layer%0Ahelp: write `ingest`\n"
    )


def test_what_ends_a_github_command_or_property_is_escaped() -> None:
    name = "a,b:c%d\ne.json"
    span = Span(name, 1, 1, 1, 2, 0, 1)
    found = Diagnostic("ODB126", "invalid-layer", "warning", "100%: a,b\r\n::error::c", span=span)
    document = read_document("x.json", text="[]")
    (line,) = render_github(Report(name, document, (found,)), {})
    assert line == (
        "::warning file=a%2Cb%3Ac%25d%0Ae.json,line=1,col=1,endLine=1,endColumn=1,"
        "title=ODB126 invalid-layer::100%25: a,b ::error::c"
    )
    assert "\n" not in line


def test_github_paths_are_those_of_the_repository(tmp_path: Path) -> None:
    document = read_document("x.json", text="[]")
    found = Diagnostic(
        "ODB206", "empty-config", "info", "m", span=Span(str(tmp_path / "sub" / "x.json"), 2, 3, 4, 1)
    )
    (line,) = render_github(Report("x.json", document, (found,)), {"GITHUB_WORKSPACE": str(tmp_path)})
    assert line.startswith("::notice file=sub/x.json,line=2,endLine=4,title=")


def test_github_names_table_and_row_of_a_database(run: Any) -> None:
    path = str(ROOT / "sample_configs/broken/cell_not_json.db")
    first = run(path, "--format", "github")[1].splitlines()[0]
    assert f"file={path},title=ODB140" in first and "line=" not in first
    assert "table transformation_config, row 2, column Inputs: " in first


# -- databases ---------------------------------------------------------------------------------------


def database(*rows: tuple[str, ...]) -> str:
    with closing(sqlite3.connect("x.db")) as connection:
        connection.execute(
            "CREATE TABLE transformation_config (StepName, Layer, StepType, Value, Params, Outputs)"
        )
        connection.executemany("INSERT INTO transformation_config VALUES (?, ?, ?, ?, ?, ?)", rows)
        connection.commit()
    return "x.db"


def test_a_cell_is_shown_with_carets_under_its_line(run: Any) -> None:
    path = database(("a", "ingest", "sql", "SELECT 1,\n  '${env:ODIBI_NO_SUCH}'", "{}", '{"d": "x"}'))
    code, out, _ = run(path)
    assert code == 1
    assert out.startswith(
        "x.db: table transformation_config, row 1, column Value: error ODB602 the environment variable "
        "`ODIBI_NO_SUCH` is not set\n"
        " |\n"
        " |   '${env:ODIBI_NO_SUCH}'\n"
        " |    ^^^^^^^^^^^^^^^^^^^^\n"
        " = step a, field value\n"
    )


def test_cells_of_a_database_are_fixed(run: Any) -> None:
    path = database(("a", "ingset", "sql", "SELECT 1", "{'x': 1,}", '{"d": "x"}'))
    assert "+ingest\n" in run(path, "--diff")[1]
    code, out, _ = run(path, "--fix")
    assert (code, out) == (0, "x.db: 1 step, 3 problems fixed, no problems\n")
    assert run(path)[0] == 0


# -- fixes -------------------------------------------------------------------------------------------


def test_fix_mends_what_is_certain_and_tells_what_is_left(run: Any) -> None:
    path = config(READ | {"layer": "Ingest", "engine": "duckdbb"}, WRITE | {"type": "sequel"})
    before = Path(path).read_text("utf-8")
    code, out, _ = run(path, "--fix")
    assert code == 1
    assert "ODB127" in out
    assert out.endswith("x.json: 2 steps, 2 problems fixed, 1 error (1 with --unsafe-fixes)\n")
    assert Path(path).read_text("utf-8") == before.replace('"Ingest"', '"ingest"').replace(
        "duckdbb", "duckdb"
    )


def test_fixes_that_others_bring_to_light_are_applied_too(run: Any) -> None:
    path = config(READ, WRITE)
    Path(path).write_text(
        Path(path).read_text().replace('"ingest",', '"ingset"  // comment\n,').replace("}\n]", "},\n]")
    )
    code, out, _ = run(path, "--fix")
    assert (code, out) == (0, "x.json: 2 steps, 3 problems fixed, no problems\n")
    assert json.loads(Path(path).read_text()) == [READ, WRITE]


def test_guesses_are_applied_when_they_are_asked_for(run: Any) -> None:
    path = config(READ | {"type": "sequel"})
    assert run(path, "--fix")[0] == 1
    assert run(path, "--fix", "--unsafe-fixes")[0] == 0
    assert json.loads(Path(path).read_text())[0]["type"] == "sql"


def test_diff_shows_what_would_change_and_writes_nothing(run: Any) -> None:
    path = config(READ | {"layer": "ingset"})
    before = Path(path).read_bytes()
    code, out, _ = run(path, "--diff")
    assert code == 1
    assert out.splitlines()[:2] == ["--- x.json", "+++ x.json"]
    assert [line for line in out.splitlines() if re.match(r"[-+] ", line)] == [
        '-  "layer": "ingset",', '+  "layer": "ingest",',
    ]  # fmt: skip
    assert Path(path).read_bytes() == before


def test_a_sound_config_is_not_touched(run: Any) -> None:
    path = config(READ, WRITE)
    stamp = Path(path).stat()
    assert run(path, "--fix") == (0, "", "")
    assert (Path(path).stat().st_mtime_ns, Path(path).stat().st_ino) == (stamp.st_mtime_ns, stamp.st_ino)
    assert run(path, "--diff")[1] == ""


def test_options_that_make_no_sense_together_are_told(run: Any) -> None:
    path = config(READ)
    assert run(path, "--fix", "--diff")[0] == 2
    assert "--unsafe-fixes" in run(path, "--unsafe-fixes")[2]
    code, _, err = run(path, "--ignore", "unknown-feild")
    assert code == 2 and "did you mean unknown-field" in err


# -- ignores, variables, directories, files ----------------------------------------------------------


def test_codes_are_left_out_by_code_or_name(run: Any) -> None:
    path = config(READ | {"owner": "sales"})
    assert "ODB123" in run(path)[1]
    assert run(path, "--strict", "--ignore", "odb123")[0] == 0
    assert run(path, "--strict", "--ignore", "Unknown-Field")[0] == 0


def test_variables_are_given_as_to_a_run(run: Any) -> None:
    path = config(READ | {"value": "SELECT ${var:day} AS day"})
    assert "ODB603" in run(path)[1]
    assert run(path, "--var", "day=2026-01-31")[0] == 0
    Path("vars.json").write_text('{"day": 1}')
    assert run(path, "--vars", "vars.json")[0] == 0
    assert run(path, "--vars", "gone.json")[0] == 2


def test_a_directory_stands_for_the_configs_in_it(run: Any) -> None:
    Path("configs/below").mkdir(parents=True)
    config(READ, name="configs/a.json")
    Path("configs/damaged.json").write_text('[{"layer": "ingest" "name": "x"}]')
    Path("configs/b.csv").write_text("Layer,StepName,Value\ningest,x,a.csv\n")
    Path("configs/data.json").write_text('[{"id": 1}]')
    Path("configs/data.csv").write_text("id\n1\n")
    Path("configs/data.db").touch()
    config(READ, name="configs/below/c.json")
    _, out, _ = run("configs", "--format", "json")
    paths = [json.loads(line)["path"] for line in out.splitlines()]
    assert paths == [str(Path("configs") / name) for name in ("a.json", "b.csv", "damaged.json")]
    Path("empty").mkdir()
    code, _, err = run("empty")
    assert code == 2 and "there is no config in `empty`" in err


@pytest.mark.parametrize("form", ["text", "json", "github", "sarif"])
def test_every_form_is_written_to_a_file(run: Any, form: str) -> None:
    path = config(READ | {"layer": "ingset"})
    code, out, _ = run(path, "--format", form, "-o", "deep/report")
    assert (code, out) == (1, "")
    text = Path("deep/report").read_text("utf-8")
    assert "ODB126" in text and "\x1b" not in text
    assert [file.name for file in Path("deep").iterdir()] == ["report"]


# -- secrets -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["text", "json", "github", "sarif"])
@pytest.mark.parametrize("more", [[], ["--diff", "--unsafe-fixes"], ["--ignore", "ODB604"]])
def test_no_form_shows_a_secret(run: Any, form: str, more: list[str]) -> None:
    odd = SEND | {
        "params": {"mode": f"x{SECRET}", "token": f"'{SECRET}-token", "batch_size": "12"},
        "tpe": SECRET,
    }
    config(READ, odd, SEND | {"name": "again", "metadata": {"odibi": {"ignore": ["literal-secret"]}}})
    text = Path("x.json").read_text().replace('"name": "send"', "'name': \"send\"")
    text = text.replace(f'"{SEND["value"]}"', f"'{SEND['value']}'", 1)
    Path("x.json").write_text(text)
    database(("a", "publish", "sql", SEND["value"], f'{{"token": "{SECRET}-token",}}', "{}"))
    _, out, err = run("x.json", "x.db", "--format", form, *more)
    assert SECRET not in out + err
    assert "x.json" in out


@pytest.mark.parametrize("form", ["text", "json", "github", "sarif"])
def test_no_secret_is_shown_of_what_is_no_list_of_steps(run: Any, form: str) -> None:
    Path("x.json").write_text(json.dumps({"steps": [SEND | {"params": {"password": SECRET}}]}))
    _, out, err = run("x.json", "--format", form)
    assert "ODB106" in out and SECRET not in out + err


def test_a_run_that_does_not_start_shows_no_secret(capsys: pytest.CaptureFixture[str]) -> None:
    config(READ, SEND | {"layer": "publsh"})
    text = json.dumps([READ, SEND | {"layer": "publsh"}])
    Path("x.json").write_text(text)
    assert main.run(["run", "x.json"]) == 1
    told = capsys.readouterr()
    assert "publsh" in told.err and SECRET not in told.out + told.err
