"""Steps on Spark, in one pipeline with steps on the other engines."""

from __future__ import annotations

import pytest

from odibi_core.core import Step, create_engine_context
from odibi_core.errors import StepTimeoutError
from odibi_core.functions import odibi_function
from tests.builders import function, orchestrator, sql
from tests.engine.conftest import spark_home  # noqa: F401 - a fixture

pytestmark = [pytest.mark.spark, pytest.mark.usefixtures("spark_home")]

ORDERS = """
    SELECT * FROM (VALUES (3, 'north', 30.5::DOUBLE), (1, NULL, 10.0), (2, 'south', NULL), (4, 'north', 30.5))
    AS t(id, "Region Name", amount)
"""


def test_operations_mean_the_same_on_spark(tmp_path):
    operations = {
        "sorted": {"sort": ["-amount", "id"]},
        "first": {"sort": "id", "limit": 1},
        "filled": {"fill": {"Region Name": "it's \\ unknown", "amount": 0}, "sort": "id"},
        "deduped": {"dedupe": ["Region Name"], "sort": "id"},
        "derived": {"derive": {"double": "amount * 2", "id": "id + 100"}, "drop": "amount", "sort": "id"},
        "renamed": {"rename": {"Region Name": 're`gi"on'}, "cast": {"amount": "string"}, "sort": "id"},
        "reading": {
            "operations": [
                {"derive": {"most": "(SELECT max(amount) FROM d)"}},
                {"filter": "amount = most AND id >= (SELECT avg(id) FROM D)"},
                {"sort": "id"},
            ]
        },
        "filtered": {"filter": "amount > 20 -- large ones", "select": ["amount", "id"], "sort": "id"},
    }
    steps = [sql("orders", ORDERS)]
    for name, params in operations.items():
        for engine in ("duckdb", "spark"):
            steps.append(
                Step(name=f"{name}_{engine}", engine=engine, params=params, inputs={"d": "orders"},
                     outputs={"d": f"{name}_{engine}"})
            )  # fmt: skip
    data_map = orchestrator(steps, tmp_path, previews=False).run().data_map
    pandas = create_engine_context("pandas")
    for name in operations:
        on_duckdb, on_spark = (
            pandas.to_arrow(data_map[f"{name}_{e}"]).to_pylist() for e in ("duckdb", "spark")
        )
        assert on_spark == on_duckdb, name


def test_a_pipeline_crosses_all_engines_and_changes_no_column(tmp_path):
    @odibi_function("test_on_spark_frame")
    def keep_large(data, least):
        return data.filter(data.amount >= least)

    steps = [
        sql("orders", ORDERS, engine="duckdb"),
        function("large", "test_on_spark_frame", engine="spark", params={"least": 20}, data="orders"),
        sql("back", "SELECT * FROM data ORDER BY id", engine="pandas", data="large"),
    ]
    result = orchestrator(steps, tmp_path).run()
    assert result.data_map["back"]["id"].tolist() == [3, 4]
    record = result.tracker.view
    assert record.step("large").after.rows == 2
    nothing = {"added_columns": [], "removed_columns": [], "changed_types": []}
    for execution in result.tracker.executions[1:]:
        assert execution.schema_diff == nothing


def test_a_job_that_takes_too_long_is_cancelled(tmp_path):
    endless = (
        "SELECT count(*) AS n FROM range(10000000000) a CROSS JOIN range(1000) b WHERE a.id * b.id % 7 = 1"
    )
    step = sql("s", endless, engine="spark")
    step.metadata = {"timeout": 3}
    run = orchestrator([step], tmp_path, engine="spark")
    with pytest.raises(StepTimeoutError):
        run.run()
    assert run.tracker.view.step("s").state == "failed"
    assert run.run_step(sql("after", "SELECT 1 AS a", engine="spark"))["after"].toArrow().to_pylist() == [
        {"a": 1}
    ]
