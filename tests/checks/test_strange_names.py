"""Whatever a source, target or connection is called, checks end with diagnostics."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from odibi_core.checks import check
from odibi_core.config import read_document

LONG = "x" * 3_000
NAMES = [
    LONG, f"{LONG}.csv", f"{LONG}.db", f"{LONG}.duckdb", f"{LONG}/a.csv", f"sqlite:///{LONG}.db",
    f"duckdb:///{LONG}", f"{LONG}*.csv", "a\0b.csv", "a\0b/c.db", "sqlite:///a\0b.db", "postgre://a]b@h/d",
    "https://a]b/c.csv", "sqlite://host/a.db", "//a]b/c.csv", "\ud83d.csv", "sqlite:///\ud83d.db",
    ":memory:x",
    f":memory:{LONG}", "~" + LONG, "file:///" + LONG, "a" * 256 + ".parquet", "**/" + LONG, "[a-", "http://[::1",
    "postgresql://h:port/d", "mysql://", "://", "a://", "\u202e.csv", "\x1b[31m.csv", "/dev/null/x.csv",
]  # fmt: skip
PARAMS: list[dict[str, Any]] = [{}, {"table": "t"}, {"format": "sqlite", "table": "t"}, {"format": "csv"}]


def steps_of(name: str, params: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns steps that read, write and connect to what is called so, in every field that can say it."""
    by_url = {**params, "connection_string": name}
    return [
        {"layer": "connect", "name": "c", "value": name},
        {"layer": "connect", "name": "d", "params": {"database": name, "driver": "sqlite"}},
        {"layer": "ingest", "name": "r", "value": name, "params": params, "outputs": {"data": "a"}},
        {"layer": "ingest", "name": "s", "value": "t", "params": by_url, "outputs": {"data": "b"}},
        {
            "layer": "ingest", "name": "q", "type": "sql", "value": "SELECT 1 AS x",
            "params": {"connection": "c"}, "outputs": {"data": "e"},
        },
        {
            "layer": "ingest", "name": "f", "type": "sql", "engine": "duckdb",
            "value": f"SELECT * FROM '{name}'", "outputs": {"data": "g"},
        },
        {"layer": "store", "name": "w", "value": name, "params": params, "inputs": {"data": "e"}},
        {"layer": "publish", "name": "p", "value": "t", "params": by_url, "inputs": {"data": "e"}},
    ]  # fmt: skip


@pytest.mark.parametrize("at", range(len(NAMES)))
def test_a_check_ends_whatever_the_name(tmp_path: Path, at: int) -> None:
    for params in PARAMS:
        for engine in ("pandas", "duckdb"):
            steps = [{"engine": engine, **step} for step in steps_of(NAMES[at], params)]
            document = read_document(tmp_path / "p.json", text=json.dumps(steps))
            assert check(document, environ={})
