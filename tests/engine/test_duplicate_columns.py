"""A query whose columns have one name: every engine of DuckDB's gives them names of their own."""

from __future__ import annotations

import pytest

from odibi_core.core import create_engine_context
from odibi_core.engine.duckdb_types import distinct_names


@pytest.mark.parametrize("engine", ["pandas", "duckdb"])
def test_columns_of_one_name_are_told_apart_and_keep_their_types(engine: str) -> None:
    with create_engine_context(engine) as context:
        frame = context.execute_sql("SELECT 1 AS x, 'q' AS x, 2.5::DOUBLE AS X, 'w' AS x_1")
        columns = [(column.name, column.type) for column in context.columns(frame)]
        row = context.collect_sample(frame).iloc[0].tolist()
    assert columns == [("x", "int32"), ("x_1", "string"), ("X_2", "double"), ("x_1_1", "string")]
    assert row == [1, "q", 2.5, "w"]


def test_names_are_made_distinct_as_duckdb_does() -> None:
    assert distinct_names(["id", "id", "ID", "id_1", "é", "É"]) == ["id", "id_1", "ID_2", "id_1_1", "é", "É"]
