"""Expectations: what a step's data must be like, held against it on every engine."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odibi_core.core import EventEmitter, Step, Tracker, create_engine_context
from odibi_core.errors import ExpectationError, StepOptionError
from odibi_core.nodes import NODE_REGISTRY
from odibi_core.runs.store import open_store
from tests.builders import orchestrator, sql
from tests.counts import count
from tests.engine.conftest import spark_home  # noqa: F401 - a fixture

ROWS = (
    "SELECT * FROM (VALUES (1, 1.5, 'north', TIMESTAMP '2025-01-01 00:00:00'), (1, NULL, 'west', NULL), "
    "(3, -2.0, NULL, TIMESTAMP '2026-01-01 00:00:00')) AS v(id, amount, region, placed)"
)


def expecting(*entries: Any, query: str = ROWS, engine: str = "duckdb", **changes: Any) -> Step:
    return replace(sql("read", query, engine=engine), metadata={"expect": list(entries)}, **changes)


def results(bench: Any, *entries: Any, query: str = ROWS) -> dict[str, Any]:
    """Runs a step that only warns and returns its expectations by name."""
    step = expecting(*({"severity": "warn", **entry} for entry in entries), query=query)
    bench.tracker.start_step("read", "ingest")
    bench.run(replace(step, engine=bench.context.name))
    return {found.name: found for found in bench.tracker.view.steps[0].expectations}


def told(found: Any) -> Any:
    return (found.passed, found.failing, found.found)


def test_each_kind_counts_the_rows_that_are_not_as_expected(bench: Any) -> None:
    found = results(
        bench,
        {"not_null": ["id", "region"]},
        {"unique": "id"},
        {"unique": ["id", "region"]},
        {"accepted_values": {"region": ["north", "south"]}},
        {"range": {"amount": {"min": 0}, "id": {"min": 1, "max": 2}}},
        {"row_count": {"min": 1, "max": 2}},
        {"sql": "amount > 0 -- of those that are there"},
    )
    assert {name: told(result) for name, result in found.items()} == {
        "not_null(id)": (True, 0, None),
        "not_null(region)": (False, 1, "`region` is null in 1 of 3 rows"),
        "unique(id)": (False, 2, "`id` is not unique in 2 of 3 rows"),
        "unique(id, region)": (True, 0, None),
        "accepted_values(region)": (False, 1, "`region` is another value in 1 of 3 rows"),
        "range(amount)": (False, 1, "`amount` is below 0 in 1 of 3 rows"),
        "range(id)": (False, 1, "`id` is outside 1 to 2 in 1 of 3 rows"),
        "row_count": (False, None, "3 rows, more than 2"),
        "sql(amount > 0 -- of those that are there)": (False, 1, "it is false in 1 of 3 rows"),
    }
    assert [row["id"] for row in found["unique(id)"].sample] == [1, 1]
    assert found["range(amount)"].sample[0]["id"] == 3
    assert (found["unique(id, region)"].on, found["unique(id)"].rows) == (("id", "region"), 3)


def test_a_row_with_a_null_is_like_no_other(bench: Any) -> None:
    query = "SELECT * FROM (VALUES (1, NULL), (1, NULL), (NULL, 2), (NULL, 2), (4, 4)) AS v(a, b)"
    assert results(bench, {"unique": ["a", "b"]}, query=query)["unique(a, b)"].passed


def test_times_are_held_against_now(bench: Any) -> None:
    moment = (datetime.now(UTC) - timedelta(hours=30)).strftime("%Y-%m-%d %H:%M:%S")
    query = (
        f"SELECT TIMESTAMP '{moment}' AS a, '{moment}' AS b, CAST(NULL AS TIMESTAMP) AS c "
        "UNION ALL SELECT TIMESTAMP '2020-01-01', '2020-01-01', NULL"
    )
    found = results(
        bench, {"freshness": {"a": "2 days", "b": "31 hours", "c": "1 week"}, "name": "kept"},
        {"freshness": {"a": "1.3 days"}}, {"freshness": {"a": "29 hours"}}, query=query,
    )  # fmt: skip
    assert [result.passed for result in found.values()] == [True, True, False, True, False]
    assert found["kept #3"].found == "there is no time in `c`"
    stale = found["freshness(a) #2"].found
    assert stale.startswith("the newest `a` is 20") and stale.endswith("old, more than 1.2 days")


def test_nan_is_in_no_range_and_null_in_pandas(bench: Any) -> None:
    query = "SELECT CAST('NaN' AS DOUBLE) AS x UNION ALL SELECT 1.0"
    found = results(bench, {"range": {"x": {"min": 0}}}, {"not_null": "x"}, query=query)
    is_null = bench.context.name == "pandas"
    assert (found["range(x)"].failing, found["not_null(x)"].failing) == ((0, 1) if is_null else (1, 0))


def test_columns_of_any_name_and_texts_with_quotes(bench: Any) -> None:
    query = """SELECT 'it''s \\ "x"' AS "a"" b; --", 2 AS "Über" """
    found = results(
        bench, {"not_null": 'a" b; --'}, {"accepted_values": {'a" b; --': ['it\'s \\ "x"']}},
        {"unique": ['a" b; --', "Über"]}, {"range": {"über": {"min": 2, "max": 2}}}, query=query,
    )  # fmt: skip
    assert len(found) == 4 and all(result.passed for result in found.values())


def test_no_rows_are_as_expected_unless_some_are(bench: Any) -> None:
    found = results(
        bench, {"not_null": "x"}, {"unique": "x"}, {"range": {"x": {"min": 5}}}, {"sql": "x > 1"},
        {"row_count": {"min": 1}}, query="SELECT 1 AS x WHERE 1 = 0",
    )  # fmt: skip
    assert [result.passed for result in found.values()] == [True, True, True, True, False]


# -- what follows -------------------------------------------------------------------------------------


def failed(tmp_path: Any, step: Step, *more: Step, **options: Any) -> tuple[Any, Any]:
    """Runs steps that fail and returns the error and the record."""
    run = orchestrator([step, *more], tmp_path / "logs", base_dir=tmp_path, **options)
    with pytest.raises(ExpectationError) as caught:
        run.run()
    return caught.value, run


def test_an_error_fails_the_step_and_says_where_how_many_and_the_first(tmp_path: Any) -> None:
    error, run = failed(tmp_path, expecting({"unique": "id"}, {"not_null": "region"}, {"not_null": "id"}))
    assert str(error).splitlines() == [
        "2 expectations are not met",
        "expectation `unique(id)` is not met: `id` is not unique in 2 of 3 rows; the first: "
        '{"id":1,"amount":"1.5","region":"north","placed":"2025-01-01T00:00:00"}',
        "expectation `not_null(region)` is not met: `region` is null in 1 of 3 rows; the first: "
        '{"id":3,"amount":"-2.0","region":null,"placed":"2026-01-01T00:00:00"}',
    ]
    assert (error.step, error.field) == ("read", "metadata.expect.0.unique")
    assert run.data_map == {}  # its outputs are not handed on
    assert [step.state for step in run.tracker.view.steps] == ["failed"]


def test_a_store_step_writes_nothing_that_is_not_as_expected(tmp_path: Any) -> None:
    source = sql("read", ROWS)
    store = Step(
        "store", "write", "config_op", "duckdb", "out.csv", inputs={"data": "read"},
        metadata={"expect": [{"not_null": "region"}]},
    )  # fmt: skip
    error, run = failed(tmp_path, source, store)
    assert error.step == "write" and not (tmp_path / "out.csv").exists()
    assert run.tracker.view.steps[1].expectations[0].dataset == "read"
    store.metadata["expect"][0]["severity"] = "warn"
    orchestrator([source, store], tmp_path / "logs", base_dir=tmp_path).run()
    assert (tmp_path / "out.csv").exists()


def test_a_failure_is_not_tried_again_unless_the_step_says_so(tmp_path: Any) -> None:
    step = expecting({"not_null": "region"})
    _, run = failed(tmp_path, step, max_retries=3, retry_delay=0)
    assert len(run.tracker.view.steps[0].attempts) == 1
    step.metadata |= {"retries": 2, "retry_delay": 0}
    _, run = failed(tmp_path, step)
    record = run.tracker.view.steps[0]
    assert len(record.attempts) == 3 and len(record.expectations) == 1


def test_results_are_events_records_and_in_the_final_log(tmp_path: Any) -> None:
    heard: list[Any] = []
    logged: list[tuple[str, str]] = []
    events = EventEmitter()
    events.on("expectation", lambda step, expectation: heard.append((step.name, expectation.name)))
    events.on("log", lambda level, message: logged.append((level, message)))
    step = expecting(
        {"not_null": "region", "severity": "warn"}, {"not_null": "id"}, {"row_count": {"max": 3}}
    )
    tracker = orchestrator([step], tmp_path, events=events).run().tracker
    assert heard == [("read", "not_null(region)"), ("read", "not_null(id)"), ("read", "row_count")]
    assert ("info", "2 expectations are met") in logged
    assert [message.split(";")[0] for level, message in logged if level == "warning"] == [
        "expectation `not_null(region)` is not met: `region` is null in 1 of 3 rows"
    ]
    store = open_store(tmp_path)
    from_journal = store.open(tracker.run_id).steps[0]
    assert [found.name for found in from_journal.unmet] == ["not_null(region)"]
    written = json.loads(tracker.paths.final_log.read_text())["steps"][0]["expectations"]
    assert (written[0]["name"], written[0]["passed"], written[0]["severity"]) == (
        "not_null(region)",
        False,
        "warn",
    )
    tracker.paths.journal.unlink()
    assert store.open(tracker.run_id).steps[0].expectations == from_journal.expectations


def test_placeholders_are_filled_and_secrets_kept_out(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "hunter2-hunter2")
    step = expecting(
        {"sql": "t <> ${env:TOKEN}", "severity": "warn"}, {"accepted_values": {"t": ["${env:TOKEN}"]}},
        {"range": {"n": {"max": "${var:most}"}}, "severity": "${var:how}"},
        query="SELECT ${env:TOKEN} AS t, 7 AS n",
    )  # fmt: skip
    tracker = orchestrator([step], tmp_path, variables={"most": 5, "how": "warn"}).run().tracker
    by_name = {found.name: found for found in tracker.view.steps[0].expectations}
    assert by_name["sql(t <> ${env:TOKEN})"].sample == ({"t": "***", "n": 7},)
    assert by_name["accepted_values(t)"].passed
    assert by_name["range(n)"].found == "`n` is above 5 in 1 of 1 row"
    assert "hunter2" not in tracker.paths.journal.read_text() + tracker.paths.final_log.read_text()


def test_an_output_is_named_where_there_are_several(tmp_path: Any) -> None:
    step = Step(
        "transform", "split", "function", "duckdb", "tests.nodes.test_expectations.two_halves",
        inputs={"data": "read"}, outputs={"low": "low", "high": "high"},
        metadata={"expect": [
            {"row_count": {"max": 1}}, {"row_count": {"max": 1}, "output": "high", "severity": "warn"},
        ]},
    )  # fmt: skip
    tracker = orchestrator([sql("read", ROWS), step], tmp_path).run().tracker
    found = tracker.view.steps[1].expectations
    assert [(one.dataset, one.rows, one.passed) for one in found] == [("low", 1, True), ("high", 2, False)]


def two_halves(data: Any, context: Any) -> dict[str, Any]:
    context.register_temp("halves", data)
    return {
        "low": context.execute_sql("FROM halves LIMIT 1"),
        "high": context.execute_sql("FROM halves OFFSET 1"),
    }


@pytest.mark.parametrize(
    ("entry", "message", "field"),
    [
        ({"not_null": "idd"}, "`read` has no column `idd`; a column `id` exists", "0.not_null"),
        ({"sql": "nothing > 1"}, "the expectation `sql(nothing > 1)` cannot be evaluated: ", "0.sql"),
        ({"range": {"id": {"min": "x"}}}, "the expectation `range(id)` cannot be evaluated: ", "0.range.id"),
        ({"notnull": "id"}, "no expectation is called `notnull`; did you mean `not_null`", "0.notnull"),
        ({"not_null": "id", "output": "x"}, "the step has no output `x`; it has `data`", "0.not_null"),
    ],
)
def test_what_cannot_be_evaluated_names_its_place_and_is_not_tried_again(
    tmp_path: Any, entry: Any, message: str, field: str
) -> None:
    run = orchestrator([expecting(entry, {"not_null": "id"})], tmp_path, max_retries=2, retry_delay=0)
    with pytest.raises(StepOptionError) as caught:
        run.run()
    assert str(caught.value).startswith(message)
    assert caught.value.field == f"metadata.expect.{field}"
    assert len(run.tracker.view.steps[0].attempts) == 1


def test_a_connect_step_has_nothing_to_expect_anything_of(tmp_path: Any) -> None:
    step = Step("connect", "shop", value="sqlite:///:memory:", metadata={"expect": [{"not_null": "x"}]})
    with pytest.raises(StepOptionError, match="a connect step has no data"):
        NODE_REGISTRY["connect"](
            step, create_engine_context("duckdb"), Tracker(tmp_path), EventEmitter()
        ).run({})


@pytest.mark.spark
@pytest.mark.usefixtures("spark_home")
def test_spark_tells_the_same(tmp_path: Any) -> None:
    entries = [
        {"not_null": ["id", "region"]}, {"unique": "id"}, {"row_count": {"min": 5}}, {"sql": "amount > 0"},
        {"accepted_values": {"region": ["north", 's"\'\\']}}, {"range": {"amount": {"min": 0, "max": 9}}},
        {"freshness": {"placed": "1 day"}}, {"sql": "amount < (SELECT max(r.amount) FROM read r)"},
        {"sql": "region IN (SELECT region FROM read WHERE amount > 0) AND read.id > 0"},
    ]  # fmt: skip
    told_by = {}
    for engine in ("duckdb", "spark"):
        step = expecting(*({**entry, "severity": "warn"} for entry in entries), engine=engine)
        view = orchestrator([step], tmp_path / engine, engine=engine).run().tracker.view
        told_by[engine] = [
            (f.name, f.passed, f.failing, (f.found or "")[:40]) for f in view.steps[0].expectations
        ]
    assert told_by["spark"] == told_by["duckdb"]


VALUES = st.lists(st.tuples(st.none() | st.integers(-3, 6), st.none() | st.sampled_from("abc")), max_size=12)


@settings(max_examples=count(300), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=VALUES)
def test_counts_are_those_of_plain_python(rows: Any) -> None:
    import pyarrow as pa

    context = _contexts()
    table = pa.table(
        {"n": pa.array([n for n, _ in rows], pa.int64()), "t": pa.array([t for _, t in rows], pa.string())}
    )
    entries = [
        {"not_null": "n"}, {"unique": "n"}, {"unique": ["n", "t"]}, {"accepted_values": {"t": ["a", "b"]}},
        {"range": {"n": {"min": 0, "max": 4}}}, {"sql": "n < 3 OR t = 'a'"},
    ]  # fmt: skip
    step = Step(
        "store", "write", "function", "duckdb", "tests.nodes.test_expectations.nowhere", inputs={"data": "d"},
        metadata={"expect": [{**entry, "severity": "warn"} for entry in entries]},
    )  # fmt: skip
    tracker = Tracker()
    tracker.start_step("write", "store")
    NODE_REGISTRY["store"](step, context, tracker, EventEmitter()).run({"d": context.adopt(table)})
    found = [one.failing for one in tracker.view.steps[0].expectations]
    pairs = [(n, t) for n, t in rows if n is not None and t is not None]
    numbers = [n for n, _ in rows if n is not None]

    def holds(n: Any, t: Any) -> Any:
        left, right = (None if n is None else n < 3), (None if t is None else t == "a")
        return True if left or right else None if left is None or right is None else False

    assert found == [
        sum(n is None for n, _ in rows),
        sum(numbers.count(n) > 1 for n in numbers),
        sum(pairs.count(pair) > 1 for pair in pairs),
        sum(t == "c" for _, t in rows),
        sum(not 0 <= n <= 4 for n in numbers),
        sum(holds(n, t) is False for n, t in rows),
    ]


def nowhere(data: Any) -> None:
    """Delivers to nobody."""


def _contexts() -> Any:
    if not _OPEN:
        _OPEN.append(create_engine_context("duckdb"))
    return _OPEN[0]


_OPEN: list[Any] = []
