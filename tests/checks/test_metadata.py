"""What checks say of a step's `metadata` holds in the run: what is refused before it is refused by it too."""

from __future__ import annotations

import json
from typing import Any

import pytest

from odibi_core.checks import check
from odibi_core.checks.editors.edits import edit_text
from odibi_core.config import read_document
from odibi_core.core.runfiles import step_infos
from odibi_core.errors import StepOptionError
from odibi_core.plan.graph import Graph
from tests.builders import orchestrator

QUERY = {
    "layer": "ingest", "name": "one", "type": "sql", "engine": "duckdb",
    "value": "SELECT 1 AS id, 'a' AS name", "outputs": {"data": "one"},
}  # fmt: skip


def written(directory: Any, steps: list[dict[str, Any]]) -> str:
    path = directory / "pipeline.json"
    path.write_text(json.dumps(steps), "utf-8")
    return str(path)


@pytest.mark.parametrize("key", ["id", ["id"], ["id", "name"], None])
def test_a_key_in_its_form_is_right(key: Any, tmp_path: Any) -> None:
    path = written(tmp_path, [QUERY | {"metadata": {"key": key}}])
    assert check(read_document(path)) == ()
    steps = list(read_document(path).steps)
    orchestrator(steps, tmp_path / "logs").run()
    assert step_infos(steps, Graph(steps))[0].key == (
        () if key is None else (key,) if isinstance(key, str) else tuple(key)
    )


@pytest.mark.parametrize(
    ("key", "field"),
    [
        (5, "metadata.key"), (True, "metadata.key"), ({"id": 1}, "metadata.key"), ([], "metadata.key"),
        ("", "metadata.key"), ([1], "metadata.key.0"), (["id", None], "metadata.key.1"),
    ],
)  # fmt: skip
def test_any_other_key_is_told_by_the_check_and_refused_by_the_run(
    key: Any, field: str, tmp_path: Any
) -> None:
    path = written(tmp_path, [QUERY | {"metadata": {"key": key}}])
    (found,) = check(read_document(path))
    assert (found.code, found.step, found.field) == ("ODB402", "one", field)
    with pytest.raises(StepOptionError) as refused:
        orchestrator(list(read_document(path).steps), tmp_path / "logs").run()
    assert (refused.value.step, refused.value.field) == ("one", "metadata.key")


SLIPS: list[tuple[str, Any, str]] = [
    ("timout", 30, "timeout"), ("time_out", 30, "timeout"), ("Timeout", 30, "timeout"),
    ("timeuot", "30", "timeout"), ("retrys", 2, "retries"), ("retrise", 2, "retries"),
    ("max-retries", 2, "max_retries"), ("retryDelay", 1, "retry_delay"), ("isolat", True, "isolate"),
    ("isloate", False, "isolate"), ("expct", [{"not_null": "id"}], "expect"), ("kee", "id", "key"),
    ("kye", ["id"], "key"), ("Key", "id", "key"), ("tasg", ["daily"], "tags"),
    ("odbi", {"ignore": ["ODB604"]}, "odibi"),
]  # fmt: skip
OWN: dict[str, Any] = {
    "owner": "Ann", "team": "sales", "sla": 3, "note": "x", "description": "x", "source": "crm",
    "notes": ["x"], "kept": True, "tag": "daily", "keys": ["id"], "pkey": "id", "path": "x",
    "paths": ["x"], "entries": 7,
    "metrics": 3, "series": 2, "expert": ["Ann"], "expected": [1], "isolated": True, "retired": 2020,
    "retry": 3, "time": 5, "timezone": "UTC+1", "timeline": "2026", "delay": 4, "layer_key": "id",
    "expires": "2027", "aspect": ["x"], "stage": ["x"], "days": [1], "aged": "5", "": 1, "k": "x",
}  # fmt: skip


@pytest.mark.parametrize(("name", "value", "meant"), SLIPS)
def test_an_option_with_a_slip_in_its_name_is_told(name: str, value: Any, meant: str, tmp_path: Any) -> None:
    path = written(tmp_path, [QUERY | {"metadata": {name: value}}])
    (found,) = check(read_document(path))
    assert (found.code, found.severity, found.field) == ("ODB135", "warning", f"metadata.{name}")
    assert found.suggestion == meant
    assert found.fix is not None and found.fix.applicability == "unsafe"
    edited = edit_text((tmp_path / "pipeline.json").read_text("utf-8"), [found.fix])
    assert json.loads(edited.text)[0]["metadata"] == {meant: value}


@pytest.mark.parametrize("name", OWN)
def test_what_people_call_their_own_data_is_not_told(name: str, tmp_path: Any) -> None:
    path = written(tmp_path, [QUERY | {"metadata": {name: OWN[name]}}])
    assert check(read_document(path)) == ()


@pytest.mark.parametrize("metadata", [{"timout": "not yet"}, {"isolat": 5}, {"timeout": 30, "time_out": 60}])
def test_what_cannot_be_meant_as_the_option_is_not_told(metadata: dict[str, Any], tmp_path: Any) -> None:
    path = written(tmp_path, [QUERY | {"metadata": metadata}])
    assert check(read_document(path)) == ()
