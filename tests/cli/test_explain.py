"""`odibi-core explain` and `odibi-core schema`: what they print, where to, and what they say of bad input."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from odibi_core.checks.catalogue import CODES
from odibi_core.cli import main


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main.run(list(arguments))
    told = capsys.readouterr()
    return code, told.out, told.err


def test_a_code_is_explained_with_cause_example_and_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "explain", "ODB203")
    assert (code, err) == (0, "")
    assert out == (
        "ODB203 undefined-input (error): a step reads a dataset that no step outputs\n"
        "\n"
        "The step could never start.\n"
        "\n"
        "Example\n"
        "\n"
        '    {"name": "clean", "inputs": {"data": "raw_dta"}}\n'
        "\n"
        "What to do\n"
        "\n"
        "Write the key of a step's output, or add the step that outputs it.\n"
    )


@pytest.mark.parametrize("asked", ["odb203", "undefined-input", "Undefined_Input", " ODB203 "])
def test_codes_are_found_by_name_and_in_any_case(capsys: pytest.CaptureFixture[str], asked: str) -> None:
    assert run(capsys, "explain", asked)[1].startswith("ODB203 undefined-input")


def test_several_are_explained_one_after_the_other(capsys: pytest.CaptureFixture[str]) -> None:
    out = run(capsys, "explain", "ODB204", "ODB203")[1]
    assert out.index("ODB204 circular") < out.index("ODB203 undefined")


def test_the_nearest_is_named_for_what_is_no_code(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "explain", "undefined-imput")
    assert (code, out) == (2, "")
    assert err == "error: there is no code `undefined-imput`; did you mean `undefined-input`\n"
    assert "explain --all" in run(capsys, "explain", "zzz")[2]
    assert run(capsys, "explain")[0] == 2


def test_all_codes_are_listed_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    out = run(capsys, "explain", "--all")[1]
    lines = [line for line in out.splitlines() if line.startswith("  ODB")]
    assert [line.split()[0] for line in lines] == list(CODES)


def test_json_has_everything(capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(run(capsys, "explain", "--all", "--format", "json")[1])
    assert [one["code"] for one in found] == list(CODES)
    assert set(found[0]) == {"code", "name", "severity", "summary", "cause", "example", "remedy"}


@pytest.mark.parametrize("code", CODES)
def test_every_code_can_be_explained(capsys: pytest.CaptureFixture[str], code: str) -> None:
    ended, out, _ = run(capsys, "explain", code)
    assert ended == 0
    assert max(map(len, out.splitlines())) < 140


def test_explaining_imports_nothing_heavy() -> None:
    code = (
        "import sys; from odibi_core.cli import main; main.run(['explain', 'ODB203']);"
        "print([m for m in ('pandas', 'duckdb', 'pyarrow', 'sqlglot', 'textual') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_schema_is_printed_or_written(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = run(capsys, "schema")
    assert (code, err) == (0, "")
    schema = json.loads(out)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert run(capsys, "schema", "-o", "deep/odibi.schema.json") == (0, "", "")
    assert json.loads(Path("deep/odibi.schema.json").read_text("utf-8")) == schema


@pytest.mark.parametrize("command", ["explain", "schema"])
def test_help_has_examples(capsys: pytest.CaptureFixture[str], command: str) -> None:
    code, out, _ = run(capsys, command, "--help")
    assert code == 0
    assert f"odibi-core {command}" in out
