"""The frame of the command line: help without heavy imports, errors in one line, exit codes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from odibi_core import __version__
from odibi_core.cli import main


def test_help_names_every_command_and_imports_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["--help"]) == 0
    text = capsys.readouterr().out
    for command in ("check", "run", "runs", "init", "graph"):
        assert f"\n  {command} " in text
    probe = (
        "import sys, odibi_core.cli.main as main; main.run(['--help']);"
        "names = [n.removeprefix('odibi_core.cli.') for n in sys.modules if n.startswith('odibi_core.cli.')];"
        "print([n for n in names if n not in ('main', 'lazy')])"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("[]")


def test_a_misspelled_command_is_a_usage_error_that_names_the_right_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main.run(["chek", "x.json"]) == 2
    assert "'check'" in capsys.readouterr().err


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["--version"]) == 0
    assert capsys.readouterr().out == f"odibi-core {__version__}\n"


def test_a_missing_file_is_one_line_and_exit_code_two(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.run(["run", str(tmp_path / "gone.json")]) == 2
    error = capsys.readouterr().err
    assert "Config source not found" in error
    assert "Traceback" not in error


def test_a_reader_that_goes_away_is_not_an_error() -> None:
    done = subprocess.run(
        f"{sys.executable} -m odibi_core --help | head -n 1", shell=True, capture_output=True, text=True
    )
    assert done.stderr == ""
