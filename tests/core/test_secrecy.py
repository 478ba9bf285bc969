"""Secrets that only a later step names: what the steps before it leave behind shows none of them."""

from __future__ import annotations

import pytest

from odibi_core.core import EventEmitter, Orchestrator, Step, Tracker, create_engine_context
from odibi_core.core.secrecy import hide_named_secrets
from odibi_core.errors import SecretError
from odibi_core.journal.redaction import Redactor
from odibi_core.reuse.past import PastRun
from tests.builders import sql

SECRET = "topsecret123"


def run(steps, directory, variables=None, **options):
    tracker = Tracker(directory / "logs")
    with create_engine_context("duckdb", base_dir=directory) as context:
        orchestrator = Orchestrator(
            steps,
            context,
            tracker,
            EventEmitter(),
            variables=variables,
            max_workers=1,
            pipeline="p",
            **options,
        )
        orchestrator.run()
        orchestrator.close()
    assert tracker.paths is not None
    return PastRun(tracker.paths.directory)


def plain(directory):
    """Returns the files below a directory that hold the secret."""
    files = [path for path in directory.rglob("*") if path.is_file()]
    return [path.name for path in files if SECRET.encode() in path.read_bytes()]


def early(rows: int = 1) -> Step:
    return sql("early", f"SELECT '{SECRET[:3]}' || '{SECRET[3:]}' AS s, i FROM range({rows}) t(i)")


LATER = {
    "query": lambda: sql("late", "SELECT count(*) AS n FROM d WHERE s = ${env:ODIBI_T}", d="early"),
    "params": lambda: Step(
        "transform", "late", "config_op", "duckdb",
        params={"filter": "s = ${env:ODIBI_T}", "select": ["i"]},
        inputs={"d": "early"}, outputs={"d": "late"},
    ),
    "expectation": lambda: Step(
        "transform", "late", "sql", "duckdb", "SELECT 1 AS n FROM d", inputs={"d": "early"},
        outputs={"d": "late"}, metadata={"expect": [{"sql": "'' || n <> ${env:ODIBI_T}"}]},
    ),
    "note": lambda: Step(
        "transform", "late", "sql", "duckdb", "SELECT 1 AS n FROM d", inputs={"d": "early"},
        outputs={"d": "late"}, metadata={"owner": {"of": ["${env:ODIBI_T}"]}},
    ),
    "variable": lambda: sql("late", "SELECT count(*) AS n FROM d WHERE s = ${var:api_key}", d="early"),
}  # fmt: skip


@pytest.mark.parametrize("rows", [1, 3000])
@pytest.mark.parametrize("place", LATER)
def test_a_secret_that_only_a_later_step_names_stands_nowhere(tmp_path, monkeypatch, place, rows):
    monkeypatch.setenv("ODIBI_T", SECRET)
    past = run([early(rows), LATER[place]()], tmp_path, {"api_key": SECRET})
    assert past.record.state == "success"
    assert plain(tmp_path) == []
    assert past.steps["early"].after.sample[0]["s"] == "***"
    assert past.record.datasets["early"].full_file is None
    assert past.record.datasets["late"].full_file is not None


def test_a_single_step_hides_what_the_other_steps_name(tmp_path, monkeypatch):
    monkeypatch.setenv("ODIBI_T", SECRET)
    tracker = Tracker(tmp_path / "logs")
    with create_engine_context("duckdb", base_dir=tmp_path) as context:
        steps = [early(), LATER["query"]()]
        orchestrator = Orchestrator(steps, context, tracker, EventEmitter())
        orchestrator.run_step(steps[0])
        tracker.save()
    assert plain(tmp_path) == []


def test_short_values_are_hidden_only_as_whole_texts_as_before(monkeypatch):
    monkeypatch.setenv("ODIBI_T", ";")
    redactor = Redactor()
    hide_named_secrets([sql("a", "SELECT ${env:ODIBI_T}")], {}, redactor)
    assert redactor.text("a;b") == "a;b" and redactor.text(";") == "***"


def test_variables_of_other_names_are_no_secrets(monkeypatch):
    redactor = Redactor()
    hide_named_secrets([sql("a", "SELECT ${var:day} -- $${env:HOME}")], {"day": "2026-01-31"}, redactor)
    assert not redactor


def test_what_is_not_set_is_told_by_the_step_that_wants_it(tmp_path, monkeypatch):
    monkeypatch.delenv("ODIBI_T", raising=False)
    with pytest.raises(SecretError, match="`ODIBI_T` is not set") as raised:
        run([early(), LATER["query"]()], tmp_path)
    assert "step `late` failed" in raised.value.__notes__


@pytest.mark.parametrize("rows", [1, 3000])
def test_what_an_earlier_run_did_not_know_to_be_a_secret_is_not_taken_over(tmp_path, monkeypatch, rows):
    monkeypatch.setenv("ODIBI_T", SECRET)
    other = sql("other", "SELECT 1 AS n")
    first = run([early(rows), other], tmp_path)
    assert first.record.datasets["early"].full_file is not None
    second = run([early(rows), other, LATER["query"]()], tmp_path, use_cache=True)
    assert second.record.state == "success" and second.steps["other"].state == "reused"
    assert second.steps["early"].why == "unchanged, but its kept result holds a secret that was none then"
    assert plain(second.directory) == []
    third = run([early(rows), other, LATER["query"]()], tmp_path, use_cache=True, keep_frames=False)
    assert {step.state for step in third.steps.values()} == {"reused"}, "what nobody needs was not kept"
    assert plain(third.directory) == []


def test_a_secret_that_was_not_set_is_not_taken_over_when_it_is(tmp_path, monkeypatch):
    steps = [early(), LATER["query"]()]
    monkeypatch.delenv("ODIBI_T", raising=False)
    with pytest.raises(SecretError):
        run(steps, tmp_path)
    failed = next((tmp_path / "logs").glob("run_*/events.jsonl")).parent
    monkeypatch.setenv("ODIBI_T", SECRET)
    resumed = run(steps, tmp_path, resume=failed)
    assert resumed.steps["early"].state == "success" and plain(resumed.directory) == []
