"""What checks say of a step's `metadata` holds in the run: what is refused before it is refused by it too."""

from __future__ import annotations

import json
from typing import Any

import pytest

from odibi_core.checks import check
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
