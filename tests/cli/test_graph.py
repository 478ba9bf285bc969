"""`odibi-core graph` and `odibi-core runs export`: what is printed, written and sent, and the exit codes."""

import json

import pytest

from odibi_core.cli import main
from tests.runs.past import make_run

STEPS = [
    {"layer": "ingest", "name": "read", "engine": "duckdb", "value": "orders.csv",
     "outputs": {"data": "orders"}},
    {"layer": "transform", "name": "sums", "type": "sql", "engine": "duckdb", "inputs": {"o": "orders"},
     "value": "SELECT region, sum(amount) AS total FROM o GROUP BY region", "outputs": {"data": "sums"}},
]  # fmt: skip


@pytest.fixture
def config(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "orders.csv").write_text("region,amount\nnorth,1\n")
    (tmp_path / "p.json").write_text(json.dumps(STEPS))
    return "p.json"


def run(capsys, *arguments):
    code = main.run(arguments)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_the_graph_is_mermaid_unless_asked_otherwise(config, capsys):
    code, out, _ = run(capsys, "graph", config)
    assert (code, out.splitlines()[0]) == (0, "flowchart LR") and '  s0 -->|"orders"| s1' in out
    assert run(capsys, "graph", config, "--format", "dot")[1].startswith('digraph "p" {')


def test_columns_come_from_where_sql_says(config, capsys):
    told = json.loads(run(capsys, "graph", config, "--format", "json")[1])
    assert told["edges"] == [{"source": "read", "target": "sums", "dataset": "orders"}]
    assert told["datasets"]["sums"] == {"step": "sums", "columns": ["region", "total"]}
    assert {"from": ["orders", "amount"], "to": ["sums", "total"], "kind": "aggregation"} in told["columns"]
    assert "  d0_1 ==> d1_1" in run(capsys, "graph", config, "--columns")[1]


def test_a_graph_goes_into_a_file(config, capsys, tmp_path):
    assert run(capsys, "graph", config, "-o", "g.mmd")[:2] == (0, "")
    assert (tmp_path / "g.mmd").read_text().startswith("flowchart")


def test_a_config_without_steps_has_no_graph(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.json").write_text("[")
    code, out, err = run(capsys, "graph", "p.json")
    assert (code, out) == (2, "") and "odibi-core check p.json" in err


def test_a_run_is_exported_a_line_an_event(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    make_run(tmp_path / "tracker_logs")
    code, out, _ = run(capsys, "runs", "export", "--namespace", "shop")
    kinds = [json.loads(line)["eventType"] for line in out.splitlines()]
    assert code == 0 and kinds[0] == "START" and kinds[-1] == "COMPLETE"
    assert all(json.loads(line)["job"]["namespace"] == "shop" for line in out.splitlines())
    assert run(capsys, "runs", "export", "-o", "l.jsonl")[:2] == (0, "")
    assert len((tmp_path / "l.jsonl").read_text().splitlines()) == len(kinds)


def test_sending_needs_a_collector(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OPENLINEAGE_URL", raising=False)
    make_run(tmp_path / "tracker_logs")
    code, _, err = run(capsys, "runs", "export", "--send")
    assert code == 2 and "OPENLINEAGE_URL" in err
    code, _, err = run(capsys, "runs", "export", "--url", "http://127.0.0.1:9")
    assert code == 2 and "cannot be reached" in err


def test_a_log_without_times_has_nothing_to_export_and_that_is_said(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    steps = [{"step_name": "a", "layer": "ingest", "state": "success"}]
    (tmp_path / "run_old.json").write_text(json.dumps({"pipeline_id": "old", "steps": steps}))
    code, out, err = run(capsys, "runs", "export", "run_old.json")
    assert (code, out) == (2, "") and "its log does not tell when anything was" in err
