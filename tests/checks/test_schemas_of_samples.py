"""The schemas that a check works out for the samples are those that a run of them has."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from odibi_core.checks.checker import Checker
from odibi_core.config import read_document
from odibi_core.core import create_engine_context
from odibi_core.engine.base_context import EngineContext
from tests.builders import orchestrator

SAMPLES = Path(__file__).parents[2] / "sample_configs"


def columns_of(context: EngineContext, frame: Any) -> list[tuple[str, str]]:
    """Returns names and types of a frame as the SQL of a step on its engine meets them."""
    with context.scope("look") as scope:
        scope.register_temp("data", frame)
        rows = scope.to_arrow(scope.execute_sql("SELECT * FROM (DESCRIBE data)")).to_pylist()
    return [(row["column_name"], row["column_type"]) for row in rows]


@pytest.mark.parametrize("name", ["simple_pipeline", "branching_pipeline", "retail_pipeline"])
def test_a_check_knows_the_schemas_of_a_run(name: str, tmp_path: Path) -> None:
    base = tmp_path / "samples"
    shutil.copytree(SAMPLES, base)
    document = read_document(base / f"{name}.json")
    with Checker(base_dir=base, environ={}) as checker:
        found = checker.whole(document)
    assert found.diagnostics == ()
    engines = {key: step.engine for step in document.steps for key in step.outputs.values()}
    contexts = {engine: create_engine_context(engine, base_dir=base) for engine in ("duckdb", "pandas")}
    run = orchestrator(list(document.steps), tmp_path, base_dir=base, context=contexts["duckdb"])
    known = 0
    try:
        for key, frame in run.run().data_map.items():
            schema = found.schemas.get(key)
            if schema is None or isinstance(frame, str):
                continue
            real = columns_of(contexts[engines[key]], frame)
            assert [name for name, _ in real] == list(schema.names), key
            wrong = [
                (column.name, column.type, there)
                for column, (_, there) in zip(schema.columns, real, strict=True)
                if column.type not in (None, there)
            ]
            assert wrong == [], key
            known += 1
    finally:
        run.close()
        for context in contexts.values():
            context.close()
    assert known >= 3
