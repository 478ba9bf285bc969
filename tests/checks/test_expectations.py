"""What checks say of expectations holds in the run: what is refused before it would fail in it."""

from __future__ import annotations

import json
from typing import Any

import duckdb
import pytest

from odibi_core.checks import check
from odibi_core.checks.expectations.rules import check_expectations
from odibi_core.checks.outcome import Outcome
from odibi_core.checks.pipeline import Pipeline
from odibi_core.checks.schemas import Schema
from odibi_core.checks.sql.lab import Lab
from odibi_core.checks.tools import Tools
from odibi_core.checks.world import World
from odibi_core.config import read_document
from odibi_core.core import EventEmitter, Step, Tracker, create_engine_context
from odibi_core.errors import ExpectationError, StepOptionError
from odibi_core.nodes import NODE_REGISTRY
from tests.builders import orchestrator

TYPES = {
    "INTEGER": "1", "DOUBLE": "1.5", "DECIMAL(9,2)": "1.5", "HUGEINT": "5", "VARCHAR": "'1'",
    "BOOLEAN": "true", "DATE": "'2020-01-01'", "TIMESTAMP": "'2020-01-01'",
    "TIMESTAMP WITH TIME ZONE": "'2020-01-01'",
    "TIME": "'10:00'", "ENUM('a', 'b')": "'a'", "UUID": "'6ba7b810-9dad-11d1-80b4-00c04fd430c8'",
}  # fmt: skip
VALUES = [1, -1.5, True, "one", "1", "true", "2020-01-01", "10:00", "today", "infinity", "", "a"]


@pytest.fixture(scope="module")
def context() -> Any:
    with create_engine_context("duckdb") as context:
        yield context


@pytest.fixture(scope="module")
def lab() -> Any:
    with Lab() as lab:
        yield lab


def entries() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [{"freshness": {"x": "2 days"}}, {"unique": "x"}, {"not_null": "X"}]
    found += [{"accepted_values": {"x": [value]}} for value in VALUES]
    found += [{"range": {"x": {"min": value}}} for value in VALUES if not isinstance(value, bool)]
    conditions = ["x > 1", "x = 'a'", "x IS NULL", "y = 1", "length(x) > 0", "x + 1 > 0", "sum(x) > 0", "x >"]
    return found + [{"sql": condition} for condition in conditions]


@pytest.mark.parametrize("native", TYPES)
def test_what_is_refused_before_the_run_fails_in_it(
    native: str, context: Any, lab: Any, tmp_path: Any
) -> None:
    frame = context.execute_sql(f"SELECT CAST({TYPES[native]} AS {native}) AS x")
    refused, told_in_vain = 0, []
    for entry in entries():
        step = Step(
            "store", "write", "function", "duckdb", "tests.nodes.test_expectations.nowhere",
            inputs={"data": "d"}, metadata={"expect": [entry]},
        )  # fmt: skip
        tools = Tools(World(tmp_path, tmp_path, {}, {}), lab, Pipeline([step]))
        inputs = {"data": Schema.of([("x", native)])}
        if list(check_expectations(step, inputs, Outcome(), tools)):
            refused += 1
            if not fails(step, context, frame):
                told_in_vain.append(entry)
    assert not told_in_vain
    assert refused >= 3  # the column and the text that are not there, and the aggregate


def fails(step: Step, context: Any, frame: Any) -> bool:
    """Whether the run cannot evaluate a step's expectations."""
    tracker = Tracker()
    tracker.start_step(step.name, step.layer)
    try:
        NODE_REGISTRY["store"](step, context, tracker, EventEmitter()).run({"d": frame})
    except StepOptionError:
        return True
    except ExpectationError:
        return False
    return False


ORDERS = "order_id,region,amount,status,ordered_at\n1,north,10.5,new,2026-01-01\n2,south,3,old,2026-01-02\n"
CONDITIONS = [
    "order_id IN (SELECT order_id FROM data)", "order_id IN (SELECT order_id FROM res)", "res.amount > 0",
    "data.amount > 0", "EXISTS (SELECT 1 FROM data WHERE data.order_id = res.order_id)",
    "amount <= (SELECT max(r.amount) FROM res r WHERE r.region = res.region)",
    "order_id IN (SELECT nope FROM data)", "order_id IN (SELECT order_id FROM nowhere)",
    "sum(amount) > (SELECT 1 FROM res)", "amount > 0 -- from",
]  # fmt: skip


def outcome(
    entry: dict[str, Any] | None, where: str, engine: str, directory: Any, **changes: Any
) -> tuple[list[Any], bool]:
    """Returns what a check says of an expectation of one of four steps, and whether the run fails on it."""
    (directory / "orders.csv").write_text(ORDERS)
    query = "SELECT *, CAST(ordered_at AS DATE) AS day, CAST(amount AS DECIMAL(4, 1)) AS money FROM data"
    steps: list[dict[str, Any]] = [
        {"layer": "ingest", "name": "read", "value": "orders.csv", "outputs": {"data": "orders"}},
        {"name": "query", "type": "sql", "value": query, "inputs": {"data": "orders"},
         "outputs": {"data": "res"}},
        {"name": "operations", "params": {"sort": "order_id"}, "inputs": {"data": "orders"},
         "outputs": {"out": "res"}},
        {"layer": "store", "name": "write", "value": "out.parquet", "inputs": {"data": "res"}},
    ]  # fmt: skip
    steps = [step for step in steps if step["name"] != ("query" if where == "operations" else "operations")]
    for step in steps:
        step["engine"] = engine
        if step["name"] == where:
            step |= changes | ({} if entry is None else {"metadata": {"expect": [entry]}})
    document = read_document("pipeline.json", text=json.dumps(steps))
    found = list(check(document, base_dir=directory))
    try:
        orchestrator(list(document.steps), directory / "logs", engine=engine, base_dir=directory).run()
    except ExpectationError:
        return found, False
    except (StepOptionError, duckdb.Error):
        return found, True
    return found, False


@pytest.mark.parametrize("engine", ["pandas", "duckdb"])
@pytest.mark.parametrize("where", ["read", "query", "operations", "write"])
@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_condition_reads_the_same_tables_before_the_run_and_in_it(
    condition: str, where: str, engine: str, tmp_path: Any
) -> None:
    found, fails = outcome({"sql": condition}, where, engine, tmp_path)
    assert bool(found) == fails
    if where in ("query", "operations"):
        assert fails == any(part in condition for part in ("data.amount", "nope", "nowhere", "sum("))


UNFIT = [
    {"range": {"day": {"min": "2026-13-01"}}}, {"range": {"day": {"max": "10:00"}}},
    {"range": {"amount": {"min": "abc"}}}, {"accepted_values": {"day": ["2026-01-01", "2026-02-30"]}},
    {"accepted_values": {"region": [1, 2]}}, {"accepted_values": {"status": ["new", 1]}},
    {"accepted_values": {"status": [True]}}, {"freshness": {"status": "2 days"}}, {"sql": "status"},
    {"sql": "status = 1"},
]  # fmt: skip
FIT = [
    {"range": {"day": {"min": "2026-1-1"}}}, {"range": {"amount": {"min": "1e3"}}},
    {"accepted_values": {"order_id": ["0x1", " 1 ", 2]}}, {"accepted_values": {"day": ["2026/01/01"]}},
    {"range": {"money": {"max": "99.5"}}}, {"range": {"ordered_at": {"max": "2026-12-31"}}},
    {"freshness": {"ordered_at": "2 days"}}, {"accepted_values": {"region": ["1", "north"]}},
]  # fmt: skip


@pytest.mark.parametrize("engine", ["pandas", "duckdb"])
@pytest.mark.parametrize("where", ["query", "write"])
@pytest.mark.parametrize(("entry", "unfit"), [(one, True) for one in UNFIT] + [(one, False) for one in FIT])
def test_values_that_cannot_be_compared_are_told_and_others_are_not(
    entry: dict[str, Any], unfit: bool, where: str, engine: str, tmp_path: Any
) -> None:
    found, fails = outcome(entry, where, engine, tmp_path)
    assert (bool(found), fails) == (unfit, unfit)
    assert all(one.severity == "error" and one.step == where for one in found)


def test_texts_whose_rows_may_be_left_out_are_only_doubted(tmp_path: Any) -> None:
    (tmp_path / "orders.csv").write_text(ORDERS)
    steps = [
        {"layer": "ingest", "name": "read", "value": "orders.csv", "outputs": {"data": "orders"}},
        {"name": "query", "type": "sql", "value": "SELECT * FROM data WHERE amount > 100",
         "inputs": {"data": "orders"}, "outputs": {"data": "res"},
         "metadata": {"expect": [{"accepted_values": {"region": [1]}}, {"freshness": {"status": "1 day"}}]}},
        {"layer": "store", "name": "write", "value": "out.parquet", "inputs": {"data": "res"}},
    ]  # fmt: skip
    found = check(read_document("pipeline.json", text=json.dumps(steps)), base_dir=tmp_path)
    assert [(one.code, one.severity) for one in found] == [("ODB321", "warning")] * 2


OPTIONS: list[tuple[str, dict[str, Any], str | None]] = [
    ("expect", {"matches": {"status": "("}}, "params.matches.status"),
    ("expect", {"matches": {"status": "^[a-z]+$"}, "min_rows": 1, "max_rows": 9}, None),
    ("expect", {"matches": "new"}, "params.matches"),
    ("expect", {"min_rows": "x"}, "params.min_rows"),
    ("expect", {"max_rows": [1]}, "params.max_rows"),
    ("expect", {"one_of": {"region": "north"}}, "params.one_of.region"),
    ("expect", {"one_of": {"region": {"north": 1}}}, "params.one_of.region"),
    ("expect", {"one_of": {"region": ["north", "south"]}}, None),
    ("expect", {"one_of": {"region": [1, 2]}}, "params.one_of.region.0"),
    ("expect", {"one_of": {"amount": [1, "x"]}, "min_rows": 1}, "params.one_of.amount.1"),
    ("expect", {"between": {"amount": "09"}}, "params.between.amount"),
    ("expect", {"between": {"amount": [None, "abc"]}}, "params.between.amount.1"),
    ("expect", {"between": {"amount": [0, None]}}, None),
    ("expect", {"not_null": 5}, "params.not_null"),
    ("date_parts", {"column": "status"}, "params.column"),
    ("date_parts", {"column": "ordered_at"}, None),
]


@pytest.mark.parametrize("engine", ["pandas", "duckdb"])
@pytest.mark.parametrize(("function", "params", "field"), OPTIONS)
def test_options_of_built_in_functions_that_fail_in_the_run_are_told(
    function: str, params: dict[str, Any], field: str | None, engine: str, tmp_path: Any
) -> None:
    step = {"type": "function", "value": function, "params": params}
    found, fails = outcome(None, "query", engine, tmp_path, **step)
    assert [one.field for one in found] == ([] if field is None else [field])
    assert fails == (field is not None)
