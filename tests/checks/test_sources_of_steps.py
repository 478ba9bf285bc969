"""What is known of sources, and what looking at them leaves alone."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import socket
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from odibi_core.checks.checker import Checked, Checker
from odibi_core.config import read_document
from odibi_core.core import ConfigLoader, EventEmitter, Orchestrator, Tracker, create_engine_context
from odibi_core.formats import write_target


@pytest.fixture
def check(tmp_path: Path) -> Any:
    def check(*steps: dict[str, Any], **options: Any) -> Checked:
        config = tmp_path / "pipeline.json"
        config.write_text(json.dumps(steps, indent=1))
        checker = Checker(**options)
        try:
            return checker.whole(read_document(config))
        finally:
            checker.close()

    return check


def read(value: str = "orders.csv", engine: str = "pandas", **params: Any) -> dict[str, Any]:
    return {"name": "read", "layer": "ingest", "engine": engine, "value": value, "params": params,
            "outputs": {"data": "orders"}}  # fmt: skip


def said(checked: Checked) -> list[str]:
    return [
        f"{found.code} {found.message}; {found.help}"
        for found in checked.diagnostics
        if found.code != "ODB207"  # what is read here is used by nobody
    ]


def columns(checked: Checked, key: str = "orders") -> list[tuple[str, str | None]] | None:
    schema = checked.schemas.get(key)
    return None if schema is None else [(column.name, column.type) for column in schema.columns]


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    path = tmp_path / "orders.csv"
    path.write_text("id,amount,day\n1,2.5,2024-01-02\n2,3.5,2024-02-03\n")
    return path


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    path = tmp_path / "shop.db"
    with closing(sqlite3.connect(path)) as database:
        database.executescript(
            "CREATE TABLE orders (id INTEGER, amount REAL, day DATE, note);"
            "INSERT INTO orders VALUES (1, 2.5, '2024-01-02', 'x'), (2, 3.5, 'not a day', 5);"
            "CREATE VIEW big AS SELECT id, upper(note) AS note FROM orders WHERE amount > 3;"
        )
    return path


def test_each_engine_has_its_own_types(check: Any, orders: Path) -> None:
    assert columns(check(read())) == [("id", "BIGINT"), ("amount", "DOUBLE"), ("day", "VARCHAR")]
    assert columns(check(read(engine="duckdb")))[2] == ("day", "DATE")
    assert columns(check(read(engine="spark")))[2] == ("day", "DATE")


def test_a_table_of_sqlite_is_read_as_a_run_reads_it(check: Any, shop: Path) -> None:
    found = check(read("shop.db", table="Orders"))
    # What is no day stays text, and what mixes types has none.
    assert columns(found) == [("id", "BIGINT"), ("amount", "DOUBLE"), ("day", "VARCHAR"), ("note", None)]
    assert columns(check(read("shop.db", table="big"))) == [("id", "BIGINT"), ("note", None)]
    # Of a query only the declared types are known, and what is declared a day may be text.
    assert columns(check(read("shop.db", query="SELECT id, day FROM orders"))) == [
        ("id", "BIGINT"), ("day", None),
    ]  # fmt: skip
    assert said(found) == []


def test_sqlite_in_wal_mode_is_left_as_it_is(check: Any, shop: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(shop)) as database:
        database.execute("PRAGMA journal_mode = WAL")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert columns(check(read("shop.db", table="orders"))) is not None
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir() if p.name != "pipeline.json"} == before


def test_what_is_not_yet_in_a_sqlite_file_makes_it_unknown(check: Any, shop: Path) -> None:
    with closing(sqlite3.connect(shop)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE later (x)")
        found = check(read("shop.db", table="later"))
    assert said(found) == [] and columns(found) is None


def test_a_duckdb_file_that_is_open_elsewhere_is_unknown(check: Any, tmp_path: Path) -> None:
    import duckdb

    with duckdb.connect(str(tmp_path / "x.duckdb")) as database:
        database.execute("CREATE TABLE t (a INTEGER)")
        assert said(check(read("x.duckdb", table="tt"))) == []
    assert columns(check(read("x.duckdb", table="t"))) == [("a", "INTEGER")]
    (found,) = said(check(read("x.duckdb", table="tt")))
    assert found == "ODB302 `x.duckdb` has no table `tt`; a table `t` exists"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pipeline.json", "x.duckdb"]


def test_a_query_to_duckdb_is_bound_and_not_run(check: Any, tmp_path: Path) -> None:
    import duckdb

    with duckdb.connect(str(tmp_path / "x.duckdb")) as database:
        database.execute("CREATE TABLE t AS SELECT 1 AS a, DATE '2024-01-02' AS day")
    connect = {"name": "shop", "layer": "connect", "value": "x.duckdb"}
    step = read("SELECT a, max(day) AS last FROM t GROUP BY a", connection="shop") | {"type": "sql"}
    assert columns(check(connect, step)) == [("a", "INTEGER"), ("last", "DATE")]
    for harmful in ("COPY t TO 'out.csv'", "SELECT * FROM t; DROP TABLE t", "ATTACH 'y.db'"):
        check(connect, step | {"value": harmful})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pipeline.json", "x.duckdb"]
    with duckdb.connect(str(tmp_path / "x.duckdb")) as database:
        assert database.execute("SELECT count(*) FROM t").fetchall() == [(1,)]


def test_a_query_that_never_ends_is_not_started(check: Any, shop: Path) -> None:
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) AS n FROM n"
    found = check(read("shop.db", query=endless))
    assert [name for name, _ in columns(found) or []] == ["n"]


def test_no_socket_is_opened_and_no_process_started(
    check: Any, orders: Path, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("something outside was touched")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(subprocess, "Popen", refuse)
    steps = [
        {"name": "far", "layer": "connect", "value": "postgresql://user@localhost/db"},
        {"name": "near", "layer": "connect", "value": "shop.db"},
        read() | {"outputs": {"data": "a"}},
        read("http://localhost:1/x.csv") | {"name": "b", "outputs": {"data": "b"}},
        read("http://localhost:1/x") | {"name": "c", "type": "api", "outputs": {"data": "c"}},
        read("SELECT 1 AS x", connection="far") | {"name": "d", "type": "sql", "outputs": {"data": "d"}},
        read("s3://bucket/*.parquet", engine="duckdb") | {"name": "e", "outputs": {"data": "e"}},
        read("orders", connection="near") | {"name": "f", "outputs": {"data": "f"}},
        read(engine="spark") | {"name": "g", "outputs": {"data": "g"}},
        {"name": "send", "layer": "publish", "value": "https://localhost:1/in", "inputs": {"data": "a"}},
    ]
    found = check(*steps)
    assert {found.code for found in found.diagnostics} <= {"ODB207", "ODB408", "ODB420"}


def test_placeholders_are_filled_and_secrets_not_shown(check: Any, orders: Path) -> None:
    step = read("${env:DATA_DIR}/orders.csv", usecols=["${var:column}"])
    hidden = str(orders.parent)
    found = check(step, environ={"DATA_DIR": hidden}, variables={"column": "amout"})
    assert [f.code for f in found.diagnostics] == ["ODB304"]
    assert hidden not in str(said(found))
    found = check(step, environ={"DATA_DIR": "/top-secret"}, variables={"column": "amount"})
    assert [f.code for f in found.diagnostics] == ["ODB401"] and "top-secret" not in str(said(found))
    found = check(step, environ={"DATA_DIR": hidden}, variables={"column": "amount"})
    assert columns(found) == [("amount", "DOUBLE")]
    assert columns(check(step, environ={}, variables={})) is None


@pytest.mark.parametrize("engine", ["pandas", "duckdb"])
def test_what_an_earlier_step_writes_is_not_missing(check: Any, orders: Path, engine: str) -> None:
    for suffix, kinds in (("parquet", ["BIGINT", "DOUBLE"]), ("csv", [None, None]), ("json", None)):
        store = {"name": "write", "layer": "store", "engine": engine, "value": f"./out.{suffix}",
                 "inputs": {"data": "orders"}, "outputs": {"data": "written"}}  # fmt: skip
        back = read(f"out.{suffix}", engine) | {
            "name": "back", "inputs": {"after": "written"}, "outputs": {"data": "again"},
        }  # fmt: skip
        found = check(read(engine=engine), store, back)
        assert said(found) == []
        told = columns(found, "again")
        assert kinds is None if told is None else [kind for _, kind in told][:2] == kinds


def test_an_old_file_that_is_written_anew_first_does_not_count(
    check: Any, orders: Path, tmp_path: Path
) -> None:
    (tmp_path / "out.parquet").write_text("this is old, and no parquet")
    store = {"name": "write", "layer": "store", "value": "out.parquet", "inputs": {"data": "orders"},
             "outputs": {"data": "written"}}  # fmt: skip
    back = read("out.parquet") | {"name": "back", "inputs": {"w": "written"}, "outputs": {"data": "again"}}
    assert said(check(read(), store, back)) == []


def test_an_outcome_rests_on_the_files_that_were_looked_at(tmp_path: Path, orders: Path) -> None:
    from odibi_core.checks.pipeline import Pipeline
    from odibi_core.checks.source_schema import infer_source
    from odibi_core.checks.sql.lab import Lab
    from odibi_core.checks.targets import infer_target
    from odibi_core.checks.tools import Tools
    from odibi_core.checks.world import World
    from odibi_core.core import Step

    steps = [
        Step("ingest", "a", value="orders.csv"), Step("ingest", "b", value="missing/no.csv"),
        Step("ingest", "c", value="*.csv"), Step("store", "d", value="new/out.csv"),
    ]  # fmt: skip
    tools = Tools(World(tmp_path), Lab(), Pipeline(steps))
    looked = [set(infer_source(step, {}, tools).looked_at) for step in steps[:3]]
    assert looked[0] == {str(orders)}
    assert {f"{tmp_path}/missing/no.csv", f"{tmp_path}/missing/"} <= looked[1]
    assert {str(orders), f"{tmp_path}/"} <= looked[2]  # of which the names in it count
    assert {f"{tmp_path}/new", str(tmp_path)} <= set(infer_target(steps[3], {}, tools).looked_at)


def test_pipes_and_devices_are_not_waited_for(check: Any, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "null.csv").symlink_to("/dev/null")
    for name in ("pipe.csv", "null.csv"):
        assert said(check(read(name))) == []
        write = {"name": "write", "layer": "store", "value": name, "inputs": {"data": "orders"}}
        assert said(check(read("SELECT 1 AS x") | {"type": "sql"}, write)) == []


def test_a_directory_that_may_not_be_written_is_told(
    check: Any, orders: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "kept").mkdir()
    real = os.access

    def access(path: Any, mode: int, **options: Any) -> bool:
        return real(path, mode, **options) and not (str(path).endswith("kept") and mode & os.W_OK)

    monkeypatch.setattr(os, "access", access)
    write = {"name": "write", "layer": "store", "value": "kept/new/out.csv", "inputs": {"data": "orders"}}
    assert said(check(read(), write)) == [
        "ODB411 nothing may be written in `kept`; its permissions do not allow it"
    ]
    monkeypatch.setattr(os, "access", lambda path, mode, **_: not str(path).endswith("orders.csv"))
    assert said(check(read()))[0].startswith("ODB405 `orders.csv` may not be read")


def test_missing_packages_are_told_with_the_line_that_installs_them(
    check: Any, orders: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_target(pa.table({"a": [1]}), "x.xlsx", {}, tmp_path.joinpath)
    find = importlib.util.find_spec
    gone = ("openpyxl", "fastavro", "pyspark")
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *a: None if name in gone else find(name, *a)
    )
    assert said(check(read("x.xlsx"))) == [
        "ODB408 reading Excel files needs `openpyxl`, which is not installed; "
        'install it with `pip install "odibi-tui[excel]"`'
    ]
    write = {"name": "write", "layer": "store", "value": "out.avro", "inputs": {"data": "orders"}}
    assert "odibi-tui[avro]" in said(check(read(), write))[0]
    assert "odibi-tui[spark]" in said(check(read(engine="spark")))[0]


@pytest.mark.skipif(importlib.util.find_spec("psycopg") is not None, reason="the driver is installed")
def test_of_a_database_server_only_the_missing_driver_is_told(check: Any) -> None:
    found = check(read("postgresql+psycopg://h/d", table="t"))
    assert said(found) == [
        "ODB408 `postgresql+psycopg://h/d` needs the driver `psycopg`, which is not installed; "
        "install it with `pip install psycopg`"
    ]
    assert columns(found) is None


def test_what_is_not_known_is_not_judged(check: Any, tmp_path: Path) -> None:
    steps = [
        read("${var:file}"), read("data-${var:day}.csv"), read("https://example.org/x.csv"),
        read("x", connection="${var:c}"), read("sqlite://", table="t"),
    ]  # fmt: skip
    for step in steps:
        found = check(step, environ={}, variables={})
        assert [f.code for f in found.diagnostics if f.code.startswith(("ODB3", "ODB4"))] == []
        assert columns(found) is None


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize("engine", ["pandas", "duckdb"])
def test_a_file_that_changed_is_read_anew(tmp_path: Path, engine: str, suffix: str) -> None:
    config = tmp_path / "pipeline.json"
    config.write_text(json.dumps([read(f"x.{suffix}", engine)]))
    checker = Checker()
    for names in (["a", "b"], ["a", "c"], ["d"]):
        write_target(pa.table({name: [1, 2] for name in names}), f"x.{suffix}", {}, tmp_path.joinpath)
        schema = checker.whole(read_document(config)).schemas["orders"]
        assert schema is not None and list(schema.names) == names
    checker.close()


def test_a_table_that_changed_is_read_anew(tmp_path: Path, shop: Path) -> None:
    config = tmp_path / "pipeline.json"
    config.write_text(json.dumps([read("shop.db", table="orders")]))
    checker = Checker()
    assert [name for name, _ in columns(checker.whole(read_document(config))) or []][-1] == "note"
    with closing(sqlite3.connect(shop)) as database:
        database.execute("ALTER TABLE orders ADD COLUMN more TEXT")
        database.commit()
    assert [name for name, _ in columns(checker.whole(read_document(config))) or []][-1] == "more"
    checker.close()


@pytest.mark.parametrize("params", [{"table_name": "orders"}, {"sql": "SELECT id FROM orders"}])
def test_pandas_spellings_name_a_table_or_query_of_a_connection(
    check: Any, shop: Path, tmp_path: Path, params: dict[str, str]
) -> None:
    steps = [
        {"layer": "connect", "name": "db", "value": "shop.db"},
        {"layer": "ingest", "name": "r", "params": {"connection": "db"} | params, "outputs": {"d": "out"}},
    ]
    found = check(*steps)
    assert [told.code for told in found.diagnostics if told.code != "ODB207"] == []
    assert found.schemas["out"] is not None
    with contextlib.chdir(tmp_path), create_engine_context("pandas") as context:
        loaded = ConfigLoader().load("pipeline.json")
        result = Orchestrator(loaded, context, Tracker(), EventEmitter()).run()
    assert len(result.data_map["out"]) == 2
