"""Values that an option cannot have: told at the option, where and only where a run fails of them."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from odibi_core.checks import check
from odibi_core.config import read_document
from odibi_core.core import ConfigLoader, create_engine_context
from odibi_core.diagnostics import Diagnostic
from odibi_core.errors import OdibiError
from tests.builders import orchestrator

ROWS = pd.DataFrame(
    {"id": [1, 2], "price": [1.5, 2.5], "status": ["open", "paid"], "day": ["2024-01-02", "2024-03-04"]}
)
ENGINES = ("pandas", "duckdb")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import duckdb

    from odibi_core.formats import write_target

    home = tmp_path_factory.mktemp("values")
    for name in ("a.csv", "a.json", "a.jsonl", "a.parquet", "a.xlsx", "a.avro"):
        write_target(ROWS, name, {}, home.joinpath)
    (home / "semi.csv").write_text("id;price\n1;2,5\n")
    with closing(sqlite3.connect(home / "a.db")) as database:
        ROWS.to_sql("orders", database, index=False)
        database.execute("CREATE VIEW v_orders AS SELECT * FROM orders")
        database.execute("CREATE VIEW v_taking AS SELECT * FROM orders")
        database.execute("CREATE TRIGGER takes INSTEAD OF INSERT ON v_taking BEGIN SELECT new.id; END")
        database.commit()
    with duckdb.connect(str(home / "a.duckdb")) as database:
        frame = ROWS
        database.execute("CREATE TABLE orders AS FROM frame")
        database.execute("CREATE VIEW v_orders AS FROM orders")
        assert len(frame)
    return home


def steps_of(engine: str, kind: str, value: str, params: dict[str, Any]) -> list[dict[str, Any]]:
    read = {"layer": "ingest", "name": "read", "engine": engine, "outputs": {"data": "rows"}}
    if kind == "read":
        return [read | {"value": value, "params": params}]
    write = {"layer": "store", "name": "write", "engine": engine, "inputs": {"data": "rows"}}
    return [read | {"value": "a.csv"}, write | {"value": value, "params": params}]


def told_and_failed(
    here: Path, steps: list[dict[str, Any]], **variables: Any
) -> tuple[list[Diagnostic], Exception | None]:
    config = here / "p.json"
    config.write_text(json.dumps(steps, indent=1))
    document = read_document(config)
    told = [found for found in check(document, variables=variables) if found.is_error]
    context = create_engine_context("pandas", base_dir=here)
    try:
        orchestrator(
            ConfigLoader().load(config), here / "logs", context=context, base_dir=here, variables=variables
        ).run()
    except Exception as error:
        return told, error
    finally:
        context.close()
    return told, None


def here_in(tmp_path: Path, world: Path) -> Path:
    here = tmp_path / "here"
    shutil.copytree(world, here)
    return here


WRONG: list[tuple[str, str, dict[str, Any], str]] = [
    ("write", "o.parquet", {"compression": 5}, "compression"),
    ("write", "o.parquet", {"compression": True}, "compression"),
    ("write", "o.parquet", {"compression": ["x"]}, "compression"),
    ("write", "o.parquet", {"codec": {"a": 1}}, "codec"),
    ("write", "o.parquet", {"compression_level": "x"}, "compression_level"),
    ("write", "o.parquet", {"compression_level": [1]}, "compression_level"),
    ("write", "o.parquet", {"max_rows_per_page": -1}, "max_rows_per_page"),
    ("write", "o.parquet", {"max_rows_per_page": 0}, "max_rows_per_page"),
    ("write", "o.parquet", {"write_batch_size": 0}, "write_batch_size"),
    ("write", "o.csv", {"chunksize": 0}, "chunksize"),
    ("read", "a.csv", {"sep": ["a"]}, "sep"),
    ("read", "a.csv", {"delimiter": {}}, "delimiter"),
    ("read", "a.csv", {"delim": ["a"]}, "delim"),
    ("read", "a.json", {"encoding": 5}, "encoding"),
    ("read", "a.json", {"encoding": ["x"]}, "encoding"),
    ("read", "a.jsonl", {"encoding": {"a": 1}}, "encoding"),
    ("read", "a.xlsx", {"index_col": {"a": 1}}, "index_col"),
    ("read", "a.duckdb", {"table": "orders", "parse_dates": True}, "parse_dates"),
    ("read", "a.duckdb", {"table": "orders", "parse_dates": 5}, "parse_dates"),
    ("read", "a.parquet", {"filters": [["id", ">>", 1]]}, "filters"),
    ("read", "a.parquet", {"filters": [["id", ">", "a"]]}, "filters"),
    ("read", "a.parquet", {"filters": "id > 1"}, "filters"),
    ("read", "a.parquet", {"filters": 5}, "filters"),
    ("read", "a.parquet", {"nrows": "ten"}, "nrows"),
    ("read", "a.parquet", {"nrows": [1]}, "nrows"),
    ("write", "o.csv", {"encoding": 5}, "encoding"),
    ("write", "o.csv", {"errors": ["x"]}, "errors"),
    ("write", "o.csv", {"quotechar": "zz"}, "quotechar"),
    ("write", "o.csv", {"float_format": "%"}, "float_format"),
    ("write", "o.json", {"encoding": True}, "encoding"),
    ("write", "o.jsonl", {"encoding": ["x"]}, "encoding"),
    ("write", "o.avro", {"codec": "foo"}, "codec"),
    ("write", "o.avro", {"compression": 5}, "compression"),
    ("write", "o.avro", {"codec_compression_level": "x"}, "codec_compression_level"),
    ("write", "o.avro", {"schema": {"zz": 1}}, "schema"),
    ("write", "o.avro", {"schema": "zz"}, "schema"),
    ("write", "o.avro", {"metadata": {"a": 1}}, "metadata"),
    ("write", "o.avro", {"sync_interval": "x"}, "sync_interval"),
    ("write", "o.csv", {"mode": None}, "mode"),
    ("write", "a.db", {"table": "new", "mode": None}, "mode"),
    ("write", "a.db", {"table": "new", "if_exists": None}, "if_exists"),
    ("write", "a.db", {"table": "v_orders"}, "table"),
    ("write", "a.db", {"table": "v_orders", "mode": "append"}, "table"),
    ("write", "a.duckdb", {"table": "v_orders"}, "table"),
    ("write", "a.duckdb", {"table": "v_orders", "mode": "append"}, "table"),
    ("read", "a.parquet", {"filters": [["idd", ">", 1]]}, "filters.0.0"),
    ("read", "a.parquet", {"filters": [[["id", ">", 1], ["idd", ">", 1]]]}, "filters.0.1.0"),
    ("read", "a.parquet", {"filters": [["id", ">", 1]], "nrows": 1}, "filters"),
    *[
        ("read", file, params, option)
        for file in ("a.db", "a.duckdb")
        for params, option in (
            ({"table": 5}, "table"),
            ({"table": True}, "table"),
            ({"table": ["orders"]}, "table"),
            ({"query": ""}, "query"),
            ({"query": "SELECT id FROM orders", "columns": ["id"]}, "columns"),
            ({"query": "SELECT id FROM orders", "nrows": "x"}, "nrows"),
            ({"query": "SELECT id FROM orders", "dtype": "zz"}, "dtype"),
            ({"query": "SELECT id FROM orders", "parse_dates": True}, "parse_dates"),
            ({"query": "SELECT id FROM orders WHERE id = ?", "params": 5}, "params"),
            ({"table": "orders", "columns": ["id", "x"]}, "columns.1"),
            ({"table": "orders", "usecols": ["x"]}, "usecols.0"),
            ({"table": "orders", "columns": 5}, "columns"),
            ({"table": "orders", "nrows": "x"}, "nrows"),
            ({"table": "orders", "nrows": [1]}, "nrows"),
            ({"table": "orders", "dtype": "zz"}, "dtype"),
            ({"table": "orders", "dtype": 5}, "dtype"),
            ({"table": "orders", "dtype": {"id": "int64", "status": "zz"}}, "dtype.status"),
            ({"table": "orders", "params": [1]}, "params"),
            ({"connection_string": "foo", "table": "orders"}, "connection_string"),
            ({"connection_string": 5, "table": "orders"}, "connection_string"),
            ({"connection": 5, "table": "orders"}, "connection"),
        )
    ],
    ("read", "a.duckdb", {"query": "SELECT id FROM orders WHERE id = ?", "params": [1, 2]}, "params"),
    ("read", "a.duckdb", {"query": "SELECT id FROM orders WHERE id = $n", "params": {"m": 1}}, "params"),
    ("read", "a.duckdb", {"table": "orders", "nrows": -1}, "nrows"),
    ("read", "a.csv", {"dtype": {"status": "int64"}}, "dtype.status"),
    ("read", "a.csv", {"dtype": {"id": "int64", "status": "float"}}, "dtype.status"),
    ("read", "semi.csv", {"sep": ";", "dtype": {"price": "float"}}, "dtype.price"),
]
ONLY_ON: list[tuple[str, str, str, dict[str, Any], str]] = [
    ("pandas", "read", "a.parquet", {"memory_map": "x"}, "memory_map"),
    ("pandas", "read", "a.parquet", {"memory_map": 5}, "memory_map"),
    ("duckdb", "read", "a.csv", {"parse_dates": ["day", "status"]}, "parse_dates.1"),
    ("duckdb", "read", "a.csv", {"parse_dates": ["day"], "date_format": "%d/%m/%Y"}, "date_format"),
]
RIGHT: list[tuple[str, str, dict[str, Any]]] = [
    ("write", "o.parquet", {"compression": "gzip", "max_rows_per_page": 1}),
    ("write", "o.parquet", {"compression": {"id": "gzip"}}),
    ("write", "o.csv", {"na_rep": "-", "float_format": "%.1f", "encoding": None}),
    ("write", "o.csv", {"quotechar": "'"}),
    ("read", "a.csv", {"memory_map": True}),
    ("read", "a.parquet", {"filters": [["id", ">", 1]], "columns": ["status"]}),
    ("read", "a.parquet", {"filters": [[["id", "in", [1]], ["status", "==", "open"]]]}),
    ("read", "a.parquet", {"nrows": "1", "memory_map": True}),
    ("write", "o.avro", {"codec": "null", "metadata": {"by": "us"}, "sync_interval": 10_000}),
    ("write", "o.avro", {"schema": None, "compression": None, "codec_compression_level": 1}),
    ("write", "a.db", {"table": "v_taking", "mode": "append"}),
    ("read", "a.csv", {"parse_dates": ["day"], "date_format": "%Y-%m-%d", "dtype": {"status": "str"}}),
    ("read", "a.csv", {"dtype": {"id": "float", "price": "str"}}),
    ("read", "semi.csv", {"sep": ";", "decimal": ",", "dtype": {"price": "float"}}),
    *[
        ("read", file, params)
        for file in ("a.db", "a.duckdb")
        for params in (
            {"table": "ORDERS", "columns": ["ID", "status"], "nrows": "1"},
            {"table": "orders", "columns": [], "params": [], "dtype": {"id": "float"}},
            {"table": "orders", "parse_dates": ""},
            {"table": "orders", "parse_dates": {"day": "%Y-%m-%d"}},
            {"table": "v_orders", "columns": ["id"], "parse_dates": False},
            {"query": "SELECT id FROM orders WHERE id = ?", "params": [1], "nrows": 5},
            {"query": "SELECT id FROM orders WHERE id = $n", "params": {"n": 1}, "dtype": "str"},
            {"query": "SELECT id, day FROM orders", "parse_dates": ["day"]},
        )
    ],
    ("read", "a.db", {"table": "orders", "nrows": -1}),
]


@pytest.mark.parametrize(
    ("engine", "kind", "value", "params", "option"),
    [(engine, *case) for case in WRONG for engine in ENGINES] + ONLY_ON,
)
def test_a_wrong_value_is_told_at_the_option_and_fails_the_run(
    engine: str, kind: str, value: str, params: dict[str, Any], option: str, world: Path, tmp_path: Path
) -> None:
    told, failed = told_and_failed(here_in(tmp_path, world), steps_of(engine, kind, value, params))
    assert [found.field for found in told] == [f"params.{option}"], told
    assert told[0].span is not None
    assert told[0].span.start is not None
    assert failed is not None


@pytest.mark.parametrize(
    ("engine", "kind", "value", "params"), [(engine, *case) for case in RIGHT for engine in ENGINES]
)
def test_a_right_value_is_no_error_and_runs(
    engine: str, kind: str, value: str, params: dict[str, Any], world: Path, tmp_path: Path
) -> None:
    told, failed = told_and_failed(here_in(tmp_path, world), steps_of(engine, kind, value, params))
    assert (told, failed) == ([], None)


def test_a_number_from_a_variable_is_told_too(world: Path, tmp_path: Path) -> None:
    steps = steps_of("pandas", "write", "o.parquet", {"compression": "${var:c}"})
    told, failed = told_and_failed(here_in(tmp_path, world), steps, c=5)
    assert [found.field for found in told] == ["params.compression"]
    assert failed is not None


@pytest.mark.parametrize(
    ("kind", "value", "params", "named"),
    [
        ("read", "a.csv", {"sep": ["a"]}, "`sep`"),
        ("read", "a.json", {"encoding": 5}, "`encoding`"),
        ("write", "o.json", {"encoding": 5}, "`encoding`"),
        ("write", "o.parquet", {"max_rows_per_page": -1}, "`max_rows_per_page`"),
        ("write", "o.parquet", {"compression": 5}, "parquet writer"),
        ("write", "o.csv", {"chunksize": 0}, "csv writer"),
        ("read", "a.parquet", {"nrows": "ten"}, "`nrows`"),
        ("read", "a.parquet", {"filters": 5}, "parquet reader"),
        ("read", "a.xlsx", {"index_col": {"a": 1}}, "excel reader"),
    ],
)
def test_a_run_says_what_it_refuses(
    kind: str, value: str, params: dict[str, Any], named: str, world: Path, tmp_path: Path
) -> None:
    _, failed = told_and_failed(here_in(tmp_path, world), steps_of("pandas", kind, value, params))
    assert isinstance(failed, OdibiError)
    assert named in str(failed)


@pytest.mark.parametrize("target", ["/proc/odibi/o.csv", "/proc/o.csv"])
def test_a_target_in_the_kernels_directories_is_told(target: str, world: Path, tmp_path: Path) -> None:
    told, failed = told_and_failed(here_in(tmp_path, world), steps_of("pandas", "write", target, {}))
    assert [(found.code, found.field) for found in told] == [("ODB411", "value")]
    assert isinstance(failed, OSError)


def test_a_table_has_no_column_of_a_text_that_is_none(world: Path, tmp_path: Path) -> None:
    steps = steps_of("pandas", "read", "a.db", {"table": "orders", "columns": ["id", "nope"]})
    _, failed = told_and_failed(here_in(tmp_path, world), steps)
    assert isinstance(failed, OdibiError)
    assert "nope" in str(failed)


def test_a_table_by_connection_that_is_a_view_is_told(world: Path, tmp_path: Path) -> None:
    connect = {"layer": "connect", "name": "shop", "value": "a.db"}
    write = steps_of("pandas", "write", "v_orders", {"connection": "shop"})
    told, failed = told_and_failed(here_in(tmp_path, world), [connect, *write])
    assert [(found.code, found.field) for found in told] == [("ODB411", "value")]
    assert isinstance(failed, OdibiError)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"dtype": {"v": "int64"}}, "`v` does not work here: could not convert string \"x\" to 'BIGINT'"),
        ({"parse_dates": ["v"]}, "`v` does not work here: could not convert string \"0\" to 'TIMESTAMP'"),
    ],
)
def test_duckdb_says_which_value_of_a_small_csv_is_not_so(
    params: dict[str, Any], message: str, world: Path, tmp_path: Path
) -> None:
    here = here_in(tmp_path, world)
    (here / "late.csv").write_text("id,v\n" + "".join(f"{i},{i}\n" for i in range(3_000)) + "3000,x\n")
    told, failed = told_and_failed(here, steps_of("duckdb", "read", "late.csv", params))
    assert [found.message for found in told] == [message]
    assert isinstance(failed, OdibiError)


def test_texts_in_a_list_are_the_nulls_that_duckdb_writes(world: Path, tmp_path: Path) -> None:
    steps = steps_of("duckdb", "write", "o.csv", {"na_rep": ["zz"]})
    assert told_and_failed(here_in(tmp_path, world), steps) == ([], None)
