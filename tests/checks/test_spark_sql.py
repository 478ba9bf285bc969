"""Spark SQL before the run, without Spark: what Spark accepts is left alone, what is told it refuses."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import Any

import pytest

from odibi_core.checks import check
from odibi_core.checks.spark.examine import examine_spark
from odibi_core.checks.sql.examine import Examined
from odibi_core.config import read_document
from tests.checks.spark import TABLES, queries, schemas
from tests.counts import count

HAS_JAVA = shutil.which("java") is not None
RIGHT = queries("right.sql")
WRONG = [tuple(part.strip() for part in line.rpartition("-->")[::2]) for line in queries("wrong.sql")]


@pytest.mark.parametrize("query", RIGHT)
def test_nothing_is_said_of_what_spark_accepts(query):
    assert [(m.problem.kind, m.problem.name) for m in examine_spark(query, schemas()).mistakes] == []


@pytest.mark.parametrize(("query", "expected"), WRONG)
def test_a_mistake_is_found_at_its_place(query, expected):
    kind, _, token = expected.partition(" ")
    (mistake,) = examine_spark(query, schemas()).mistakes
    assert mistake.problem.kind == kind
    assert not token or query[mistake.problem.start : mistake.problem.end] == token


@pytest.mark.parametrize("query", [query for query in RIGHT if "orders" in query])
def test_of_tables_that_are_not_known_nothing_is_said(query):
    unknown = dict.fromkeys(schemas())
    assert examine_spark(query, unknown).mistakes == ()


def test_what_a_query_gives_is_known_as_far_as_it_is_certain():
    query = (
        "SELECT region, count(*) AS n, sum(amount) AS total, CAST(max(day) AS STRING) AS d, avg(qty) AS a, "
        "amount > 3 AS big, my_udf(note) AS u, sum(price) AS p FROM orders GROUP BY ALL"
    )
    schema = examine_spark(query, schemas()).schema
    assert schema is not None
    assert [(column.name, column.type) for column in schema.columns] == [
        ("region", "VARCHAR"), ("n", "BIGINT"), ("total", "DOUBLE"), ("d", "VARCHAR"), ("a", "DOUBLE"),
        ("big", "BOOLEAN"), ("u", None), ("p", None),
    ]  # fmt: skip


READ = {"layer": "ingest", "name": "read", "type": "sql", "engine": "duckdb", "outputs": {"data": "orders"},
        "value": "SELECT 1::BIGINT AS id, 'north' AS region, 2.5::DOUBLE AS amount"}  # fmt: skip


def found(query: str, *more: dict[str, Any], **given: Any) -> list[Any]:
    step = {"name": "s", "type": "sql", "engine": "spark", "value": query, "inputs": {"orders": "orders"},
            "outputs": {"data": "out"}}  # fmt: skip
    write = {"layer": "store", "name": "write", "value": "out.parquet", "inputs": {"data": "out"}}
    given.setdefault("environ", {})
    return list(check(read_document("x.json", text=json.dumps([READ, step, write, *more])), **given))


def codes(query: str, *more: dict[str, Any], **given: Any) -> list[str]:
    return [diagnostic.code for diagnostic in found(query, *more, **given) if diagnostic.code != "ODB207"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("CREATE OR REPLACE TEMP VIEW v AS SELECT id AS k FROM orders; SELECT k FROM v", []),
        ("CREATE OR REPLACE TEMP VIEW v AS SELECT id AS k FROM orders; SELECT id FROM v", ["ODB304"]),
        ("CREATE TEMPORARY VIEW v AS SELECT idd FROM orders; SELECT x FROM v", ["ODB304"]),
        ("SET spark.sql.ansi.enabled = false; SELECT idd FROM orders", ["ODB304"]),
        ("CREATE TABLE t USING parquet AS SELECT 1 AS x; SELECT x FROM t", []),
        ("SELECT id FROM ordrs", ["ODB302"]),
        ("SELECT id FROM other.orders", []),
        ("SHOW TABLES", []),
        ("-- nothing\n", ["ODB301"]),
        ("DROP VIEW v", ["ODB307"]),
        ("SELECT id FROM orders; -- the end", []),
        ("SELECT id FROM orders WHERE region = '${env:REGION}' AND id > ${var:least}", []),
        ("SELECT idd FROM orders WHERE id > ${var:least}", ["ODB304"]),
        ("SELECT ${ident:column} FROM orders", []),
    ],
)
def test_statements_are_checked_as_the_engine_runs_them(query, expected):
    given = {"environ": {"REGION": "north"}, "variables": {"least": 3, "column": "amount"}}
    assert codes(query, **given) == expected


def test_the_schema_goes_on_to_the_steps_below():
    below = {"name": "next", "type": "sql", "engine": "duckdb", "value": "SELECT totl FROM d",
             "inputs": {"d": "out"}, "outputs": {"data": "last"}}  # fmt: skip
    said = found("SELECT region, sum(amount) AS total FROM orders GROUP BY region", below)
    assert [(d.code, d.step, d.suggestion) for d in said if d.code == "ODB304"] == [
        ("ODB304", "next", "total")
    ]


def test_an_unknown_function_is_a_warning_and_only_if_it_is_one_slip_from_sparks_own():
    (said,) = found("SELECT uper(region) AS u FROM orders")
    assert (said.code, said.severity, said.suggestion) == ("ODB303", "warning", "upper")
    assert codes("SELECT my_udf(region) AS u FROM orders") == []


def test_what_a_function_step_on_spark_may_have_registered_is_left_alone(tmp_path):
    (tmp_path / "udfs.py").write_text("def register(context): return made")
    other = {"layer": "ingest", "name": "udfs", "type": "function", "engine": "spark",
             "value": "udfs.register", "outputs": {"data": "made"}}  # fmt: skip
    assert codes("SELECT uper(region) AS u FROM ordrs", other, base_dir=tmp_path) == []


def test_what_another_step_may_have_made_is_left_alone():
    other = {"layer": "ingest", "name": "prices", "type": "sql", "engine": "spark",
             "outputs": {"data": "made"},
             "value": "CREATE TABLE prices AS SELECT 1 AS price; SELECT * FROM prices"}  # fmt: skip
    assert codes("SELECT price FROM prices", other) == []
    assert codes("SELECT price FROM prices") == ["ODB302"]


def test_pyspark_is_not_imported():
    step = {"name": "s", "type": "sql", "engine": "spark", "value": "SELECT idd FROM orders",
            "inputs": {"orders": "orders"}, "outputs": {"data": "out"}}  # fmt: skip
    text = json.dumps([READ, step])
    program = (
        "import sys\nfrom odibi_core.checks import check\nfrom odibi_core.config import read_document\n"
        f"found = check(read_document('x.json', text={text!r}))\n"
        "assert 'ODB304' in [d.code for d in found], found\n"
        "assert not [m for m in sys.modules if m.split('.')[0] in ('pyspark', 'py4j')]"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)


@pytest.fixture(scope="module")
def session():
    if not HAS_JAVA:
        if os.environ.get("ODIBI_REQUIRE_SPARK") == "1":
            pytest.fail("Java is needed for Spark")
        pytest.skip("Java is needed for Spark")
    from odibi_core.engine import create_engine_context

    with create_engine_context("spark") as context:
        yield context.session


@pytest.mark.spark
def test_spark_says_so_too(session):
    from pyspark.errors import PySparkException

    from odibi_core.engine.spark_sql import select

    frames = {
        name: session.createDataFrame(
            [], ", ".join(f"`{column}` {types[1]}" for column, types in columns.items())
        )
        for name, columns in TABLES.items()
    }
    step = max(1, len(RIGHT) // count(len(RIGHT)))
    for query in RIGHT[::step]:
        given = select(session, query, frames).columns
        schema = examine_spark(query, schemas()).schema
        assert schema is None or list(schema.names) == given, query
    for query, _ in WRONG[::step]:
        with pytest.raises(PySparkException):
            select(session, query, frames)


@pytest.mark.spark
def test_deep_asks_spark_what_sqlglot_does_not_know(session):
    query = "SELECT id, date_add(region, 'many') AS d, explode(amount) AS e FROM orders"
    assert codes(query) == []
    (said,) = found(query, deep=True)
    assert said.code == "ODB306"
    text = json.dumps([READ, {"name": "s", "type": "sql", "engine": "spark", "value": query}])
    assert text[said.span.start : said.span.end] in ("explode(amount)", "date_add(region, 'many')")
    assert codes("SELECT id, upper(region) AS u FROM orders", deep=True) == []


def test_a_query_nested_deeper_than_python_reads_is_left_alone():
    assert found(f"SELECT {'(' * 900}id{')' * 900} FROM data") == []


@pytest.mark.parametrize(
    "query",
    [
        "SELECT map('a') AS m FROM orders",
        "SELECT var_map('a', 1, 2) FROM orders",
        "SELECT date_trunc() FROM orders",
    ],
)
def test_a_call_that_sqlglot_cannot_take_apart_is_not_known(query):
    assert examine_spark(query, schemas()) == Examined(None)
    assert found(query) is not None


def test_names_that_come_twice_are_told_apart_where_spark_hands_them_on():
    below = {"name": "pick", "engine": "duckdb", "params": {"select": ["id", "id_1", "id_2"]},
             "inputs": {"d": "out"}, "outputs": {"data": "last"}}  # fmt: skip
    said = found("SELECT a.id, b.id FROM orders a JOIN orders b ON a.id = b.id", below)
    assert [d.message for d in said if d.step == "pick" and d.is_error] == ["`d` has no column `id_2`"]


def test_the_set_operation_is_named_whose_sides_have_different_numbers_of_columns():
    for operator in ("UNION ALL", "EXCEPT"):
        (said,) = [
            d for d in found(f"SELECT id FROM orders {operator} SELECT id, amount FROM orders") if d.is_error
        ]
        assert said.message == f"the two sides of {operator.split()[0]} have different numbers of columns"


def test_operations_know_what_a_function_step_on_spark_may_have_registered(tmp_path):
    (tmp_path / "udfs.py").write_text("def register(context): return made")
    other = {"layer": "ingest", "name": "udfs", "type": "function", "engine": "spark",
             "value": "udfs.register", "outputs": {"data": "made"}}  # fmt: skip
    derive = {"name": "derive", "engine": "spark", "params": {"derive": {"u": "uper(region)"}},
              "inputs": {"d": "out"}, "outputs": {"data": "last"}}  # fmt: skip
    query = "SELECT id, region FROM orders"
    assert "ODB303" not in codes(query, derive, other, base_dir=tmp_path)
    (said,) = [d for d in found(query, derive) if d.code == "ODB303"]
    assert said.severity == "warning"


@pytest.mark.spark
def test_deep_knows_times_with_a_zone_and_says_why_a_query_is_refused(session):
    zoned = {"layer": "ingest", "name": "zoned", "type": "sql", "engine": "duckdb", "outputs": {"data": "z"},
             "value": "SELECT TIMESTAMPTZ '2025-01-01 00:00:00+00' AS ts"}  # fmt: skip
    epoch = {"name": "epoch", "type": "sql", "engine": "spark", "value": "SELECT cast(ts AS BIGINT) FROM z",
             "inputs": {"z": "z"}, "outputs": {"data": "seconds"}}  # fmt: skip
    query = "SELECT datediff('day', current_date(), current_date()) AS n FROM orders"
    said = [d for d in found(query, zoned, epoch, deep=True) if d.is_error]
    assert [(d.code, d.step) for d in said] == [("ODB308", "s")]
    assert "without quotes" in said[0].message
