"""Every code has a case: a config with the mistake and what is said of it, and one that only looks like it.

What a case consists of is told in `tests/checks/case.py`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from odibi_core.checks.catalogue import CODES
from odibi_core.config import read_document
from tests.checks.case import CASES, Case, as_json, cases

ALL = cases()
# What only a run finds: tests/core/test_failures.py has a test for each.
OF_A_RUN = {"ODB390", "ODB490", "ODB590"}


@pytest.fixture(params=ALL, ids=lambda case: case.name)
def case(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Case:
    """A case, built in the current directory."""
    built: Case = request.param
    if reason := built.left_out:
        pytest.skip(reason)
    built.build(tmp_path)
    monkeypatch.chdir(tmp_path)
    return built


def test_the_mistake_is_told_to_the_character(case: Case) -> None:
    document = case.read("mistake")
    assert as_json(case.find("mistake", document), document.path) == case.expected


def test_what_only_looks_like_it_is_left_alone(case: Case) -> None:
    allowed = case.options.get("lookalike_finds", [])
    assert case.code not in allowed
    found = [
        f"{found.code}: {found.message}" for found in case.find("lookalike") if found.code not in allowed
    ]
    assert found == []


def test_a_safe_fix_mends_the_mistake(case: Case) -> None:
    document = case.read("mistake")
    before = case.find("mistake", document)
    for diagnostic in before:
        fix = diagnostic.fix
        if fix is None or fix.applicability != "safe" or document.text is None:
            continue
        assert 0 <= fix.start <= fix.end <= len(document.text)
        text = document.text[: fix.start] + fix.text + document.text[fix.end :]
        after = case.find("mistake", read_document(document.path, text=text))
        assert len(after) < len(before), f"{diagnostic.message}: {[found.message for found in after]}"
        assert not {found.message for found in after} - {found.message for found in before}


def test_every_code_has_a_case_named_for_it() -> None:
    named = {code: info.name for code, info in CODES.items() if code not in OF_A_RUN}
    assert {case.name.partition(".")[0] for case in ALL} == {f"{c}-{n}" for c, n in named.items()}


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_a_case_expects_what_it_is_named_for(case: Case) -> None:
    found = [found for found in case.expected if found["code"] == case.code]
    assert found, "the mistake has no diagnostic of its code"
    assert {found["severity"] for found in found} == {CODES[case.code].severity}
    for diagnostic in case.expected:
        assert diagnostic["path"] is None or not Path(diagnostic["path"]).is_absolute()


def test_the_cases_are_directories() -> None:
    assert [path.name for path in CASES.iterdir() if not path.is_dir() and path.name != "__init__.py"] == []
