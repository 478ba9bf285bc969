"""The operations of a config_op transform before the run, and that a run gives and refuses the same."""

from __future__ import annotations

import gc
import json
from typing import Any

import duckdb
import pytest

from odibi_core.checks import check
from odibi_core.checks.data import check_data
from odibi_core.checks.pipeline import Pipeline
from odibi_core.checks.sql.lab import Lab
from odibi_core.checks.tools import Tools
from odibi_core.checks.world import World
from odibi_core.config import read_document
from odibi_core.core import Step, create_engine_context
from odibi_core.formats.arrow import type_name
from odibi_core.functions.declaration import duckdb_type
from tests.builders import orchestrator

QUERY = (
    "SELECT 1::BIGINT AS id, 'north' AS region, 2.5::DOUBLE AS amount, DATE '2024-01-01' AS day, "
    '1::INTEGER AS "Order No"'
)
READ = {"layer": "ingest", "name": "read", "type": "sql", "engine": "duckdb", "value": QUERY,
        "outputs": {"data": "orders"}}  # fmt: skip


@pytest.fixture(autouse=True, scope="module")
def leave_no_database_open():
    """Runs from Python leave their engines to the collector; tests that fork this process come later."""
    yield
    gc.collect()


def found(
    params: dict[str, Any], *, engine: str = "duckdb", read: dict[str, Any] = READ, **given: Any
) -> list[Any]:
    step = {"name": "s", "type": "config_op", "engine": engine, "params": params,
            "inputs": {"orders": "orders"},
            "outputs": {"data": "out"}}  # fmt: skip
    write = {"layer": "store", "name": "write", "value": "out.parquet", "inputs": {"data": "out"}}
    return list(check(read_document("x.json", text=json.dumps([read, step, write])), **given))


def steps(params: dict[str, Any], engine: str) -> list[Step]:
    return [
        Step("ingest", "read", "sql", engine, QUERY, outputs={"data": "orders"}),
        Step("transform", "s", "config_op", engine, "", params, {"orders": "orders"}, {"data": "out"}),
    ]


def run(params: dict[str, Any], engine: str, tmp_path: Any) -> list[tuple[str, str]]:
    with create_engine_context(engine, base_dir=tmp_path) as context:
        result = orchestrator(steps(params, engine), tmp_path, engine=engine, context=context).run()
        table = context.to_arrow(result.data_map["out"])
    return [(field.name, type_name(field.type)) for field in table.schema]


READS_ITSELF: list[dict[str, Any]] = [
    {"filter": "amount >= (SELECT avg(amount) FROM orders)"},
    {"filter": "amount >= (SELECT avg(o.amount) FROM Orders o WHERE o.region = orders.region)"},
    {"derive": {"part": "amount / (SELECT sum(amount) FROM orders)"}, "sort": "id"},
    {"operations": [
        {"rename": {"amount": "eur"}},
        {"derive": {"most": "(SELECT max(eur) FROM orders)"}},
        {"filter": "most = (SELECT max(most) FROM orders) -- of what is there by then"},
        {"dedupe": "id"},
        {"filter": "id IN (SELECT id FROM orders)"},
    ]},
]  # fmt: skip


@pytest.mark.parametrize("engine", ["pandas", "duckdb"])
@pytest.mark.parametrize("params", READS_ITSELF)
def test_an_expression_may_read_the_data_by_the_name_of_the_input(
    params: dict[str, Any], engine: str, tmp_path: Any
) -> None:
    assert found(params, engine=engine) == []
    assert run(params, engine, tmp_path)


RIGHT: list[dict[str, Any]] = [
    {},
    {"select": ["AMOUNT", "id"]},
    {"drop": "region", "rename": {"amount": "total", "id": "amount"}},
    {"filter": "amount > 1 -- large", "derive": {"double": "amount * 2", "more": "double + 1"}},
    {"filter": 'orders.amount > 1 AND "Order No" = 1'},
    {"derive": {"amount": "amount::VARCHAR", "n": "length(region)", "d": "day + 1"}},
    {"cast": {"id": "string", "amount": "DECIMAL(10, 2)", "day": "timestamp[us]", "Order No": "int64"}},
    {"fill": {"amount": 0, "region": "?", "id": -1}},
    {"dedupe": True, "sort": ["-amount", "id"], "limit": 3},
    {"operations": [{"rename": {"id": "key"}}, {"sort": "-key"}, {"select": "key"}, {"dedupe": "key"}]},
]


@pytest.mark.parametrize("engine", ["pandas", "duckdb"])
@pytest.mark.parametrize("params", RIGHT, ids=str)
def test_the_schema_is_that_of_a_run(params, engine, tmp_path):
    pipeline = Pipeline(steps(params, engine))
    with Lab() as lab:
        outcomes = {
            step.name: out for step, out in check_data(pipeline, Tools(World(tmp_path), lab, pipeline))
        }
    assert outcomes["s"].diagnostics == ()
    schema = outcomes["s"].outputs["data"]
    assert schema is not None
    made = run(params, engine, tmp_path)
    assert schema.names == tuple(name for name, _ in made)
    assert [column.type for column in schema.columns] == [duckdb_type(kind) for _, kind in made]


WRONG: list[tuple[dict[str, Any], list[tuple[str, str, str]]]] = [
    ({"select": ["id", "amuont"]}, [("ODB304", "params.select.1", "amuont")]),
    ({"drop": "amuont"}, [("ODB304", "params.drop", "amuont")]),
    ({"rename": {"amuont": "x", "regoin": "y"}},
     [("ODB304", "params.rename.amuont", "amuont"), ("ODB304", "params.rename.regoin", "regoin")]),
    ({"rename": {"amount": "ID2", "id": "ID2"}}, [("ODB523", "params.rename.amount", "ID2")]),
    ({"rename": {"amount": "total"}, "filter": "amount > 1"}, [("ODB304", "params.filter", "amount")]),
    ({"derive": {"x": "amuont * 2"}, "select": ["x", "id"]}, [("ODB304", "params.derive.x", "amuont")]),
    ({"derive": {"ok": "id", "x": "uper(region)"}}, [("ODB303", "params.derive.x", "uper")]),
    ({"filter": "day > 5 AND regoin = 'x'"},
     [("ODB306", "params.filter", "day > 5"), ("ODB304", "params.filter", "regoin")]),
    ({"filter": "amount >"}, [("ODB301", "params.filter", ">")]),
    ({"filter": "sum(amount) > 1"}, [("ODB309", "params.filter", "sum(amount)")]),
    ({"filter": "order.amount > 1"}, [("ODB301", "params.filter", "")]),
    ({"filter": "day"}, [("ODB321", "params.filter", "day")]),
    ({"derive": {"t": "sum(region) OVER ()"}}, [("ODB306", "params.derive.t", "sum(region)")]),
    ({"cast": {"amount": "duoble"}}, [("ODB314", "params.cast.amount", "duoble")]),
    ({"cast": {"amuont": "double"}}, [("ODB304", "params.cast.amuont", "amuont")]),
    ({"fill": {"region": 0}}, [("ODB306", "params.fill.region", "0")]),
    ({"fill": {"amount": None}}, [("ODB522", "params.fill.amount", "null")]),
    ({"sort": ["id", "-amuont"]}, [("ODB304", "params.sort.1", "amuont")]),
    ({"dedupe": ["idd"]}, [("ODB304", "params.dedupe.0", "idd")]),
    ({"limit": -1, "sort": []}, [("ODB522", "params.limit", "-1"), ("ODB522", "params.sort", "[]")]),
    ({"drop": ["id", "region", "amount", "day", "Order No"]}, [("ODB524", "params.drop", "drop")]),
    ({"derive": ["x"], "sort": "x"}, [("ODB522", "params.derive", "x")]),
    ({"operations": [{"select": "id"}, {"filter": "amount > 1"}]},
     [("ODB304", "params.operations.1.filter", "amount")]),
]  # fmt: skip


@pytest.mark.parametrize(("params", "expected"), WRONG, ids=lambda value: json.dumps(value)[:60])
def test_a_mistake_is_told_at_its_place_and_fails_in_a_run(params, expected, tmp_path):
    diagnostics = found(params)
    text = json.dumps([READ, {"name": "s", "type": "config_op", "engine": "duckdb", "params": params,
                              "inputs": {"orders": "orders"}, "outputs": {"data": "out"}}])  # fmt: skip
    places = [(d.code, d.field, text[d.span.start : d.span.end]) for d in diagnostics]
    assert [place[:2] for place in places] == [place[:2] for place in expected]
    for place, wanted in zip(places, expected, strict=True):
        assert wanted[2] in place[2]
    with pytest.raises((ValueError, duckdb.Error)):
        run(params, "duckdb", tmp_path)


def test_a_text_that_a_column_cannot_hold_is_a_warning():
    (said,) = found({"fill": {"amount": "none"}})
    assert (said.code, said.severity, said.field) == ("ODB321", "warning", "params.fill.amount")
    assert found({"fill": {"amount": "1.5", "day": "2024-01-01", "region": "none"}}) == []


UNKNOWN = READ | {"type": "function", "value": "made_elsewhere.f"}


@pytest.mark.parametrize(
    ("params", "codes"),
    [
        ({"select": ["a", "b"], "filter": "a > 1", "derive": {"c": "b + 1"}, "sort": "-c"}, []),
        ({"select": ["a", "b"], "filter": "c > 1"}, ["ODB304"]),
        ({"drop": ["a"], "rename": {"b": "a"}, "fill": {"x": 1}}, []),
        ({"limit": "5"}, ["ODB522"]),
        ({"filter": "a >"}, ["ODB301"]),
        ({"sortt": "a"}, ["ODB521"]),
    ],
    ids=str,
)
def test_of_an_unknown_input_only_shapes_and_syntax_are_told(params, codes, tmp_path):
    (tmp_path / "made_elsewhere.py").write_text("def f(): return something")
    said = found(params, read=UNKNOWN, base_dir=tmp_path)
    assert [diagnostic.code for diagnostic in said] == codes


def test_placeholders_are_filled_for_the_check_and_keep_their_places():
    variables = {"least": 5, "column": "amount", "n": 3}
    assert found({"filter": "${ident:column} > ${var:least}", "limit": "${var:n}"}, variables=variables) == []
    (said,) = found({"filter": "${var:least} < amuont"}, variables=variables)
    assert (said.code, said.suggestion) == ("ODB304", "amount")
    text = "${var:least} < amuont"
    assert said.span.end - said.span.start == len("amuont") and text.endswith("amuont")


def test_what_only_the_run_knows_is_left_alone():
    environ = {"LEAST": "5", "N": "3"}
    assert found({"filter": "amount > ${env:LEAST}", "limit": "${env:N}"}, environ=environ) == []


def test_an_expression_that_is_more_than_one_is_left_to_the_run(tmp_path):
    assert found({"filter": "true); CREATE TABLE made AS SELECT 1; SELECT (1"}) == []


SPARK = READ | {"engine": "spark", "value": "SELECT 1L AS id, 'north' AS region, 2.5D AS amount"}


@pytest.mark.parametrize(
    ("params", "codes"),
    [
        (
            {
                "filter": "array_contains(split(region, ','), 'x')",
                "derive": {"x": "amount * 2"},
                "sort": "-x",
            },
            [],
        ),
        ({"filter": "amuont > 1"}, ["ODB304"]),
        ({"derive": {"x": "amount +"}}, ["ODB301"]),
        ({"fill": {"region": 0}}, []),
        ({"cast": {"amount": "string"}, "select": ["amount", "idd"]}, ["ODB304"]),
    ],
    ids=str,
)
def test_on_spark_expressions_are_read_as_spark_reads_them(params, codes):
    assert [d.code for d in found(params, engine="spark", read=SPARK)] == codes
