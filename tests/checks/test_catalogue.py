"""The catalogue: every code is told once, its example has it, and the docs are made from it."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

from odibi_core.checks import check
from odibi_core.checks.catalogue import ALL, CODES, FAMILIES
from odibi_core.config import read_document
from tests.checks.case import CASES, Case

DOCS = Path(__file__).parents[2] / "docs"
# Their examples are no JSON text: bytes, other files, cells, or what a run, a filter or a variable brings.
NOT_A_TEXT = {
    "ODB102", "ODB103", "ODB104", "ODB105", "ODB112", "ODB140", "ODB141", "ODB142", "ODB143", "ODB144",
    "ODB145", "ODB146", "ODB147", "ODB148", "ODB319", "ODB390", "ODB420", "ODB490", "ODB590",
}  # fmt: skip


def test_codes_and_names_are_there_once() -> None:
    assert len({info.code for info in ALL}) == len(ALL) == len(CODES)
    assert len({info.name for info in ALL}) == len(ALL)


@pytest.mark.parametrize("code", CODES)
def test_a_code_tells_all_about_itself(code: str) -> None:
    info = CODES[code]
    assert re.fullmatch(r"ODB[1-6]\d\d", code)
    assert code[3] in FAMILIES
    assert re.fullmatch(r"[a-z0-9-]+", info.name)
    assert info.summary and not info.summary.endswith(".")
    assert (info.cause.endswith(".") and info.remedy.endswith(".")) or info.remedy.endswith("}].")
    assert info.example


@pytest.mark.parametrize("code", sorted(set(CODES) - NOT_A_TEXT))
def test_the_example_of_a_code_has_it(code: str, tmp_path: Path) -> None:
    example = CODES[code].example
    for case in sorted(CASES.glob(f"{code}-*"))[:1]:  # the files and modules that examples name
        if Case(case).left_out is None:
            Case(case).build(tmp_path)
    text = example if code in ("ODB106", "ODB107") or example.startswith("[") else f"[{example}]"
    found = check(read_document(tmp_path / "x.json", text=text))
    assert code in {diagnostic.code for diagnostic in found}
    assert {d.severity for d in found if d.code == code} == {CODES[code].severity}


def test_the_docs_are_those_that_the_catalogue_makes() -> None:
    made = runpy.run_path(str(DOCS / "generate_diagnostics.py"))["text"]()
    assert (DOCS / "diagnostics.md").read_text(encoding="utf-8") == made
