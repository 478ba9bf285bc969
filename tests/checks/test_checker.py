"""Checker: what changed is checked again, and what depends on it; everything else is remembered."""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from odibi_core.checks import check
from odibi_core.checks.checker import Checked, Checker
from odibi_core.checks.sql.lab import Lab
from odibi_core.config import Document, read_document


def step(name: str, query: str, **inputs: str) -> dict[str, Any]:
    return {
        "layer": "transform" if inputs else "ingest", "name": name, "type": "sql", "engine": "duckdb",
        "value": query, "inputs": inputs, "outputs": {"data": f"{name}_set"},
    }  # fmt: skip


def chain(length: int) -> list[dict[str, Any]]:
    """A source and steps below it, each reading the one before."""
    steps = [step("s0", "SELECT 1 AS id, 2.5::DOUBLE AS amount, 'x' AS name")]
    for number in range(1, length):
        query = f"SELECT id, amount * {number} AS amount, name FROM data"
        steps.append(step(f"s{number}", query, data=f"s{number - 1}_set"))
    steps.append(
        {"layer": "store", "name": "write", "value": "out.csv", "inputs": {"data": f"s{length - 1}_set"}}
    )
    return steps


def document(steps: list[dict[str, Any]], path: Path | str = "p.json", indent: int = 1) -> Document:
    return read_document(path, text=json.dumps(steps, indent=indent))


@pytest.fixture
def checker(tmp_path):
    with Checker(base_dir=tmp_path, cwd=tmp_path, environ={}) as checker:
        yield checker


def messages(found: Checked) -> list[str]:
    return [diagnostic.message for diagnostic in found.diagnostics]


def test_the_schema_of_every_dataset_is_known(checker):
    found = checker.whole(document(chain(4)))
    assert found.complete
    assert found.diagnostics == ()
    assert {key: schema.names for key, schema in found.schemas.items() if schema} == {
        f"s{number}_set": ("id", "amount", "name") for number in range(4)
    }


def test_what_did_not_change_is_not_checked_again(checker):
    assert len(checker.whole(document(chain(6))).anew) == 7
    assert checker.whole(document(chain(6), indent=4)).anew == frozenset()


def test_a_change_that_keeps_the_schema_is_all_that_is_checked(checker):
    steps = chain(6)
    checker.whole(document(steps))
    steps[2]["value"] += " WHERE id > 5"
    assert checker.whole(document(steps)).anew == {"s2"}


def test_a_change_of_the_schema_goes_on_below(checker):
    steps = chain(4)
    checker.whole(document(steps))
    steps[2]["value"] = "SELECT id, 1::BIGINT AS amount, name FROM data"
    assert checker.whole(document(steps)).anew == {"s2", "s3", "write"}


def test_an_error_leaves_what_is_below_quiet_and_its_undoing_is_remembered(checker):
    steps = chain(5)
    right = document(steps)
    checker.whole(right)
    steps[1]["value"] = "SELECT id, amont * 1 AS amount, name FROM data"
    wrong = checker.whole(document(steps))
    assert messages(wrong) == ["`data` has no column `amont`"]
    assert wrong.schemas["s1_set"] is None
    undone = checker.whole(right)
    assert undone.diagnostics == ()
    assert undone.anew == frozenset()


def test_the_structure_shows_what_is_remembered_of_the_steps_that_stayed(checker):
    steps = chain(4)
    steps[3]["value"] = "SELECT nme FROM data"
    checker.whole(document(steps))
    steps[0]["value"] += " -- a comment"
    # s0 is not checked again yet, so nothing is known of what reads it.
    assert checker.structure(document(steps)) == ()
    checker.whole(document(steps))
    assert [found.message for found in checker.structure(document(steps))] == ["`data` has no column `nme`"]


def test_what_is_remembered_is_told_where_the_step_stands_now(checker):
    steps = chain(3)
    steps[2]["value"] = "SELECT 'é', nme FROM data"
    checker.whole(document(steps))
    moved = document([step("before", "SELECT 1 AS one"), *steps], indent=1)
    checker.whole(moved)
    again = document([step("before", "SELECT 1, 'longer' AS one"), *steps], indent=1)
    found = checker.whole(again)
    assert "s2" not in found.anew
    (told,) = [one for one in found.diagnostics if one.code == "ODB304"]
    assert again.text is not None and told.span is not None and told.fix is not None
    assert again.text[told.span.start : told.span.end] == "nme"
    assert again.text[told.fix.start : told.fix.end] == "nme"
    line = again.text.splitlines()[(told.span.line or 0) - 1]
    assert line[(told.span.column or 0) - 1 : (told.span.end_column or 0) - 1] == "nme"


def test_a_check_that_remembers_finds_what_a_fresh_one_finds(checker, tmp_path):
    states = []
    steps = chain(6)
    for change in ("", " WHERE amont > 1", " WHERE amount > 1", " ORDER BY nme", ""):
        steps[2]["value"] = "SELECT id, amount, name FROM data" + change
        states.append(document(steps, indent=len(states)))
        steps = [dict(one) for one in steps]
    for state in [*states, *reversed(states)]:
        fresh = check(state, base_dir=tmp_path, cwd=tmp_path, environ={})
        assert checker.whole(state).diagnostics == fresh


def test_a_file_that_changes_is_read_again(tmp_path):
    source = tmp_path / "in.csv"
    source.write_text("id,amount\n1,2.5\n", encoding="utf-8")
    os.utime(source, (1, 1))
    steps = [
        {
            "layer": "ingest",
            "name": "read",
            "engine": "duckdb",
            "value": "in.csv",
            "outputs": {"data": "raw"},
        },
        step("use", "SELECT amount FROM data", data="raw"),
        {"layer": "store", "name": "write", "value": "out.csv", "inputs": {"data": "use_set"}},
    ]
    with Checker(base_dir=tmp_path, cwd=tmp_path, environ={}) as checker:
        checker.whole(document(steps))
        assert checker.whole(document(steps)).anew == frozenset()
        (tmp_path / "beside.json").write_text(
            "[]", encoding="utf-8"
        )  # a save of the config changes the directory
        assert checker.whole(document(steps)).anew == frozenset()
        source.write_text("id,amout\n1,2.5\n", encoding="utf-8")
        os.utime(source, (2, 2))
        found = checker.whole(document(steps))
        assert "read" in found.anew
        assert messages(found) == ["`data` has no column `amount`"]
        source.unlink()
        assert "ODB401" in {one.code for one in checker.whole(document(steps)).diagnostics}


def test_a_file_that_is_being_written_is_not_remembered(tmp_path):
    source = tmp_path / "in.csv"
    steps = [
        {
            "layer": "ingest",
            "name": "read",
            "engine": "duckdb",
            "value": "in.csv",
            "outputs": {"data": "raw"},
        },
        step("use", "SELECT id FROM data", data="raw"),
        {"layer": "store", "name": "write", "value": "out.csv", "inputs": {"data": "use_set"}},
    ]
    with Checker(base_dir=tmp_path, cwd=tmp_path, environ={}) as checker:
        source.write_text("id\n1\n", encoding="utf-8")
        ahead = time.time() + 5
        os.utime(source, (ahead, ahead))
        checker.whole(document(steps))
        assert "read" in checker.whole(document(steps)).anew


def test_another_environment_is_another_world(tmp_path, monkeypatch):
    steps = [step("a", "SELECT id FROM (SELECT 1 AS id) WHERE id = ${env:ODIBI_TEST_ID}")]
    with Checker(base_dir=tmp_path, cwd=tmp_path) as checker:
        monkeypatch.setenv("ODIBI_TEST_ID", "1")
        checker.whole(document(steps))
        assert checker.whole(document(steps)).anew == frozenset()
        monkeypatch.setenv("ODIBI_TEST_ID", "2")
        assert checker.whole(document(steps)).anew == {"a"}


def test_renaming_a_step_renames_it_in_what_is_told_of_others(checker):
    steps = chain(3)
    steps[2]["value"] = "SELECT nothing_like_it FROM data"
    checker.whole(document(steps))
    steps[1]["name"] = "renamed"
    (told,) = checker.whole(document(steps)).diagnostics
    assert told.help is not None and "comes from renamed" in told.help


def test_a_cancelled_check_says_that_it_is_not_complete(checker):
    seen: list[int] = []

    def cancelled() -> bool:
        seen.append(1)
        return len(seen) > 3

    found = checker.whole(document(chain(8)), cancelled=cancelled)
    assert not found.complete
    assert found.anew == {"s0", "s1", "s2"}
    assert len(checker.whole(document(chain(8))).anew) == 6


def test_interrupting_ends_a_check_that_takes_long(checker, monkeypatch):
    started = threading.Event()
    execute = Lab._execute

    def slow(lab: Lab, sql: str, values: Any = ()) -> Any:
        started.set()
        if sql.startswith("DESCRIBE"):
            sql = "SELECT count(*) FROM range(10_000_000_000) t(i) WHERE hash(i) = 0"
        return execute(lab, sql, values)

    monkeypatch.setattr(Lab, "_execute", slow)
    found: list[Checked] = []
    thread = threading.Thread(target=lambda: found.append(checker.whole(document(chain(3)))))
    thread.start()
    assert started.wait(10)
    while thread.is_alive():
        checker.interrupt()
        thread.join(0.05)
    assert found and not found[0].complete


def test_steps_on_a_cycle_and_second_steps_know_nothing(checker):
    steps = [
        step("a", "SELECT nothing FROM data", data="b_set"),
        step("b", "SELECT nothing FROM data", data="a_set"),
        step("c", "SELECT nothing FROM data", data="a_set"), step("c", "SELEC"),
        step("d", "SELECT nothing FROM data", data="undefined"),
    ]  # fmt: skip
    codes = {found.code for found in checker.whole(document(steps)).diagnostics}
    assert codes <= {"ODB201", "ODB202", "ODB203", "ODB204", "ODB207", "ODB208"}


def test_a_long_chain_is_no_deep_one(checker):
    steps = [step("s0", "SELECT 1 AS id")]
    steps += [step(f"s{n}", "SELECT id FROM data", data=f"s{n - 1}_set") for n in range(1, 1200)]
    steps.append(step("last", "SELECT idd FROM data", data="s1199_set"))
    assert [found.step for found in checker.whole(document(steps)).diagnostics if found.is_error] == ["last"]


def test_forgotten_steps_are_forgotten(checker):
    checker.whole(document(chain(5)))
    checker.whole(document(chain(2)))
    assert set(checker._memory._kept) == {"s0", "s1", "write"}


def _calls(name: str, function: str, source: str) -> dict[str, Any]:
    return {
        "layer": "transform", "name": name, "type": "function", "value": function,
        "inputs": {"frame": source}, "outputs": {"data": f"{name}_set"},
    }  # fmt: skip


def test_a_function_that_another_steps_module_registers_is_looked_at_when_that_step_changes(tmp_path):
    (tmp_path / "registering.py").write_text(
        "from odibi_core.functions import odibi_function\n\n\n"
        "@odibi_function('score')\ndef add_score(frame):\n    return frame\n\n\n"
        "def plain(frame):\n    return frame\n"
    )
    (tmp_path / "other.py").write_text("def plain(frame):\n    return frame\n")
    old = time.time() - 60
    for file in tmp_path.glob("*.py"):
        os.utime(file, (old, old))
    steps = [
        step("s0", "SELECT 1 AS id"), _calls("first", "registering.plain", "s0_set"),
        _calls("second", "score", "first_set"),
        {"layer": "store", "name": "write", "value": "out.csv", "inputs": {"data": "second_set"}},
    ]  # fmt: skip
    with Checker(base_dir=tmp_path, cwd=tmp_path, environ={}) as checker:
        assert messages(checker.whole(document(steps, tmp_path / "p.json"))) == []
        steps[1]["value"] = "other.plain"
        changed = document(steps, tmp_path / "p.json")
        found = checker.whole(changed)
        assert [d.step for d in found.diagnostics] == ["second"]
        assert found.diagnostics == tuple(check(changed, base_dir=tmp_path, environ={}))


def test_a_table_that_another_spark_step_makes_is_known_as_long_as_it_does(checker):
    def spark(name: str, query: str, **inputs: str) -> dict[str, Any]:
        return step(name, query, **inputs) | {"engine": "spark"}

    steps = [
        spark("s0", "SELECT 1 AS id"),
        spark("s1", "CREATE TEMP VIEW v AS SELECT 1; SELECT * FROM data", data="s0_set"),
        spark("s2", "SELECT * FROM v CROSS JOIN data", data="s1_set"),
        {"layer": "store", "name": "write", "value": "out.csv", "inputs": {"data": "s2_set"}},
    ]  # fmt: skip
    assert [d.code for d in checker.whole(document(steps)).diagnostics if d.step == "s2"] == []
    steps[1]["value"] = "SELECT * FROM data"
    found = checker.whole(document(steps))
    assert [d.code for d in found.diagnostics if d.step == "s2"] == ["ODB302"]
