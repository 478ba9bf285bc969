"""Runs as OpenLineage events: they are in the published form, and say what was read and written."""

import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import jsonschema
import pytest
from referencing import Registry, Resource

from odibi_core.core import Step
from odibi_core.errors import RunError
from odibi_core.runs.lineage import column_edges, kept_steps, step_lineage
from odibi_core.runs.lineage_post import Collector, collector_of, post
from odibi_core.runs.openlineage import events
from odibi_core.runs.store import open_store
from tests.builders import orchestrator, sql

SPEC = Path(__file__).parent.parent / "data" / "openlineage"


def validator(schema_url: str) -> jsonschema.Draft202012Validator:
    contents = [json.loads(path.read_text()) for path in SPEC.rglob("*.json")]
    registry = Registry().with_resources((c["$id"], Resource.from_contents(c)) for c in contents)
    return jsonschema.Draft202012Validator(
        {"$ref": schema_url}, registry=registry,
        format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER,
    )  # fmt: skip


def check_form(told: list[dict]) -> int:
    """Validates events and each facet in them by its own schema; returns the number of facets."""
    facets = 0
    stack: list = list(told)
    for event in told:
        validator(event["schemaURL"]).validate(event)
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            if "_schemaURL" in value:
                facets += 1
                validator(value["_schemaURL"]).validate(value)
            stack.extend(value.values())
        elif isinstance(value, list):
            stack.extend(value)
    return facets


def run(tmp_path, steps, **options):
    (tmp_path / "orders.csv").write_text("id,region,amount\n1,north,10\n2,south,20\n3,north,5\n")
    made = orchestrator(steps, tmp_path / "logs", base_dir=tmp_path, pipeline="retail", **options)
    with contextlib.suppress(Exception):
        made.run()
    store = open_store(tmp_path / "logs")
    summary = store.latest()
    assert summary is not None
    return store.open(summary.run_id), kept_steps(store.paths(summary.run_id).config)


PIPELINE = [
    Step("ingest", "read", "config_op", "duckdb", "orders.csv", outputs={"data": "orders"}),
    sql("totals", "SELECT region, sum(amount) AS total FROM o GROUP BY region", o="orders"),
    Step("store", "write", "config_op", "duckdb", "totals.parquet", inputs={"data": "totals"}),
]


def test_events_and_facets_are_in_the_published_form(tmp_path):
    told = list(events(*run(tmp_path, PIPELINE), namespace="shop"))
    assert check_form(told) > 20
    assert [(e["eventType"], e["job"]["name"]) for e in told] == [
        ("START", "retail"),
        ("START", "retail.read"), ("COMPLETE", "retail.read"),
        ("START", "retail.totals"), ("COMPLETE", "retail.totals"),
        ("START", "retail.write"), ("COMPLETE", "retail.write"),
        ("COMPLETE", "retail"),
    ]  # fmt: skip


def test_datasets_schemas_counts_and_columns_are_told(tmp_path):
    ends = {e["job"]["name"]: e for e in events(*run(tmp_path, PIPELINE)) if e["eventType"] == "COMPLETE"}
    (source,) = ends["retail.read"]["inputs"]
    assert (source["namespace"], source["name"]) == ("file", str(tmp_path / "orders.csv"))
    totals = ends["retail.totals"]
    assert [d["name"] for d in totals["inputs"]] == ["retail.orders"]
    (out,) = totals["outputs"]
    assert [f["name"] for f in out["facets"]["schema"]["fields"]] == ["region", "total"]
    assert out["outputFacets"]["outputStatistics"]["rowCount"] == 2
    fields = out["facets"]["columnLineage"]["fields"]
    assert fields["total"]["inputFields"] == [
        {"namespace": "odibi", "name": "retail.orders", "field": "amount",
         "transformations": [{"type": "DIRECT", "subtype": "AGGREGATION"}]}
    ]  # fmt: skip
    assert totals["job"]["facets"]["sql"]["query"].startswith("SELECT region")
    (target,) = ends["retail.write"]["outputs"]
    assert target["name"] == str(tmp_path / "totals.parquet")
    assert target["facets"]["columnLineage"]["fields"]["region"]["inputFields"][0]["name"] == "retail.totals"


def test_a_failed_run_fails_with_its_message_and_its_steps_have_the_same_parent(tmp_path):
    steps = [PIPELINE[0], sql("bad", "SELECT CAST(region AS INTEGER) AS n FROM o", o="orders")]
    told = list(events(*run(tmp_path, steps)))
    check_form(told)
    last, step = told[-1], told[-2]
    assert (last["eventType"], step["eventType"]) == ("FAIL", "FAIL")
    assert "Could not convert" in step["run"]["facets"]["errorMessage"]["message"]
    assert step["run"]["facets"]["parent"]["run"]["runId"] == last["run"]["runId"]


def test_expectations_are_told_with_the_data_they_are_about(tmp_path):
    expect = [{"not_null": "id"}, {"range": {"amount": {"min": 6}}, "severity": "warn"}]
    read = Step(
        "ingest", "read", "config_op", "duckdb", "orders.csv", outputs={"data": "orders"},
        metadata={"expect": expect},
    )  # fmt: skip
    told = list(events(*run(tmp_path, [read])))
    check_form(told)
    (out,) = next(e for e in told if e["eventType"] == "COMPLETE" and e["outputs"])["outputs"]
    asserted = out["facets"]["dataQualityAssertions"]["assertions"]
    assert [(a["assertion"], a["success"], a["severity"], a["column"]) for a in asserted] == [
        ("not_null", True, "error", "id"), ("range", False, "warn", "amount"),
    ]  # fmt: skip


def test_exporting_again_tells_of_the_same_runs(tmp_path):
    record, steps = run(tmp_path, PIPELINE)
    assert list(events(record, steps)) == list(events(record, steps))


def test_a_table_of_a_database_file_is_told_with_its_table(tmp_path):
    import sqlite3

    with contextlib.closing(sqlite3.connect(tmp_path / "shop.db")) as database:
        database.executescript("CREATE TABLE orders (id INTEGER); INSERT INTO orders VALUES (1)")
    read = Step(
        "ingest", "read", "config_op", "duckdb", "shop.db", {"table": "orders"}, outputs={"data": "raw"}
    )
    told = list(events(*run(tmp_path, [read])))
    check_form(told)
    (source,) = next(e for e in told if e["eventType"] == "COMPLETE" and e["inputs"])["inputs"]
    assert (source["namespace"], source["name"]) == (f"file://{tmp_path / 'shop.db'}", "orders")


def test_a_password_in_a_connection_is_left_out(tmp_path):
    steps = [
        Step("connect", "db", value="postgresql://me:pa55@host:5432/shop"),
        Step("ingest", "read", params={"connection": "db", "table": "orders"}, outputs={"data": "raw"}),
    ]
    record, _ = run(tmp_path, [PIPELINE[0]])
    from dataclasses import replace

    from odibi_core.core.runfiles import step_infos
    from odibi_core.plan.graph import Graph

    infos = step_infos(steps, Graph(steps))
    read = replace(record.steps[0], info=infos[1])
    told = list(events(replace(record, steps=(replace(read, info=infos[0]), read)), steps))
    assert "pa55" not in json.dumps(told)
    assert any(d["namespace"] == "postgresql://host:5432" for e in told for d in e["inputs"])


class Service(HTTPServer):
    """A collector that keeps what it is sent, and refuses the second event if asked."""

    def __init__(self, refuse=False):
        self.got, self.refuse = [], refuse

        class Handler(BaseHTTPRequestHandler):
            def do_POST(handler):
                body = handler.rfile.read(int(handler.headers["Content-Length"]))
                self.got.append((handler.path, handler.headers["Authorization"], json.loads(body)))
                handler.send_response(422 if self.refuse and len(self.got) > 1 else 201)
                handler.end_headers()

            def log_message(handler, *arguments):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


def test_events_are_sent_to_a_collector_with_its_key():
    service = Service()
    collector = collector_of({"OPENLINEAGE_URL": service.url, "OPENLINEAGE_API_KEY": "k"})
    assert post([{"a": 1}, {"b": 2}], collector) == 2
    assert service.got == [
        ("/api/v1/lineage", "Bearer k", {"a": 1}), ("/api/v1/lineage", "Bearer k", {"b": 2}),
    ]  # fmt: skip
    service.shutdown()


def test_a_refusal_and_a_missing_collector_say_how_far_it_came():
    service = Service(refuse=True)
    with pytest.raises(RunError, match="refused event 2 with HTTP 422"):
        post([{}, {}, {}], Collector(f"{service.url}/x"))
    service.shutdown()
    service.server_close()
    with pytest.raises(RunError, match="cannot be reached"):
        post([{}], Collector(f"{service.url}/x"))
    with pytest.raises(RunError, match="is not a URL"):
        collector_of({}, "ftp://x")
    assert collector_of({}) is None


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, {"a": ["a"], "b": ["b"]}),
        ({"select": ["B"]}, {"b": ["b"]}),
        ({"drop": "a", "filter": "b > 1"}, {"b": ["b"]}),
        ({"rename": {"a": "x"}, "sort": "x"}, {"x": ["a"], "b": ["b"]}),
        ({"cast": {"a": "string"}}, {"a": ["a transformation"], "b": ["b"]}),
        (
            {"derive": {"c": "a + b", "b": "a"}},
            {"a": ["a"], "b": ["a"], "c": ["a transformation", "b transformation"]},
        ),
        (
            {"operations": [{"derive": {"c": "a"}}, {"rename": {"c": "d"}}]},
            {"a": ["a"], "b": ["b"], "d": ["a"]},
        ),
        ({"select": ["b", "a"], "filter": "data.a > ${var:low}"}, {"b": ["b"], "a": ["a"]}),
        ({"dedupe": ["a"], "limit": 5, "drop": "b"}, {"a": ["a"]}),
        ({"filtre": "x"}, None),
    ],
)  # fmt: skip
def test_operations_pass_columns_on(params, expected):
    step = Step("transform", "s", params=params, inputs={"data": "raw"}, outputs={"data": "out"})
    found = step_lineage(step, {"raw": ("a", "b")})
    told = None if found is None else {
        name: [s.column + ("" if s.kind == "identity" else f" {s.kind}") for s in sources]
        for name, sources in found.items()
    }  # fmt: skip
    assert told == expected


def test_edges_of_columns_are_by_dataset():
    columns = {"orders": ("region", "amount"), "totals": ("region", "total")}
    assert column_edges(PIPELINE, columns) == [
        (("orders", "region"), ("totals", "region"), "identity"),
        (("orders", "amount"), ("totals", "total"), "aggregation"),
    ]
