"""What is said of files, tables and targets is what a run comes to: mistakes fail, lookalikes do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from odibi_core.core import ConfigLoader, create_engine_context
from tests.builders import orchestrator
from tests.checks.case import Case, cases

# Codes that come of an endpoint or of the machine, and those of other fields than this is about.
_ELSEWHERE = {"ODB416", "ODB420", "ODB422"}
_OF_FILES = {
    "ODB301-sql-syntax.sqlite", "ODB302-unknown-table.params", "ODB302-unknown-table.sqlite",
    "ODB304-unknown-column.sqlite", "ODB304-unknown-column.target", "ODB304-unknown-column.usecols",
}  # fmt: skip
CASES = [
    case
    for case in cases()
    if case.name in _OF_FILES or (case.code.startswith("ODB4") and case.code not in _ELSEWHERE)
]


def fails(case: Case, which: str, directory: Path) -> Exception | None:
    """Runs a config of a case and returns what it raised."""
    (config,) = directory.glob(f"{which}.*")
    context = create_engine_context("pandas", base_dir=directory)
    try:
        orchestrator(
            ConfigLoader().load(config), directory / "logs", context=context, base_dir=directory
        ).run()
    except Exception as error:
        return error
    finally:
        context.close()
    return None


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_run_comes_to_what_was_said(case: Case, tmp_path: Path) -> None:
    if case.left_out:
        pytest.skip(case.left_out)
    is_error = {found["severity"] for found in case.expected} == {"error"}
    for which in ("mistake", "lookalike"):
        directory = tmp_path / which
        directory.mkdir()
        case.build(directory)
        error = fails(case, which, directory)
        if which == "mistake" and is_error:
            assert error is not None
        elif "https://" not in (directory / f"{which}.json").read_text():
            assert error is None
