"""Options of all kinds on every format: an error is told exactly where reading or writing fails."""

from __future__ import annotations

import json
import random
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
from tests.builders import orchestrator
from tests.counts import count

ROWS = pd.DataFrame(
    {"id": [1, 2, 3], "amount": [1.5, None, 3.5], "name": ["a", "b", None], "day": ["2024-01-02"] * 3}
)
READ: list[tuple[str, list[Any]]] = [
    ("sep", [";", ",", 5, None, "|+", ""]),
    ("delimiter", [",", "\t"]),
    ("header", [0, None, True, False, "infer", 7, "x", -1]),
    ("names", [["a", "b", "c", "d"], ["a"], "abcd", []]),
    ("usecols", [["id"], ["id", "nope"], [0, 2], [9], "id", [], ["name", "id"]]),
    ("columns", [["id"], ["id", "nope"], ["name", "id"], "id", []]),
    (
        "dtype",
        ["str", {"id": "str"}, {"nope": "str"}, {"id": "nubmer"}, {"amount": "Int64"}, 5, {"name": "int64"}],
    ),
    ("parse_dates", [["day"], ["nope"], True, False, "day", [0]]),
    ("nrows", [1, 0, -1, "many", 2.5, 100]),
    ("skiprows", [0, 1, 100, "x", [1], -1]),
    ("encoding", ["utf-8", "latin-1", "utf-16", "utf-99", None]),
    ("compression", ["infer", "gzip", None, "rar", "none"]),
    ("na_values", ["a", ["a"], {"name": "b"}, 5]),
    ("index_col", ["id", "nope", 0, False, 9]),
    ("engine", ["c", "python", "pyarrow", "fast"]),
    ("quotechar", ["'", "ab", ""]),
    ("skipfooter", [1, "x"]),
    ("lines", [True, False]),
    ("orient", ["records", "split", "sideways"]),
    ("sheet_name", [0, 1, "Sheet1", "Nope", None, ["Sheet1"]]),
    ("filters", [[["id", ">", 1]], [["nope", ">", 1]], "x"]),
    ("decimal", [",", "ab"]),
    ("thousands", [",", "."]),
    ("table", ["orders", "ordrs", "ORDERS", 5, ""]),
    (
        "query",
        [
            "SELECT id FROM orders",
            "SELECT nope FROM orders",
            "SELEC id",
            "SELECT * FROM ordrs",
            "SELECT id FROM orders WHERE amount > ",
            "DELETE FROM orders",
            "",
            ";",
        ],
    ),
    ("schema", ["main", "nope"]),
    ("params", [{"a": 1}, [1]]),
    ("null_padding", [True, "x"]),
    ("sample_size", [5, "x"]),
    ("types", [{"id": "VARCHAR"}, {"nope": "VARCHAR"}]),
    ("seperator", [";"]),
    ("dtype_backend", ["pyarrow", "x"]),
    ("on_bad_lines", ["skip", "x"]),
    ("comment", ["#", "ab"]),
    ("convert_dates", [True]),
    ("format", ["csv", "json", "parquet", "csvv", "CSV", 5, "tsv", "sqlite"]),
]
WRITE: list[tuple[str, list[Any]]] = [
    ("sep", [";", ";;", 5]),
    ("index", [True, False, "x"]),
    ("header", [False, True, ["x"]]),
    ("columns", [["id"], ["nope"], "id"]),
    ("compression", ["gzip", "rar", None, "snappy", "zstd"]),
    ("mode", ["overwrite", "append", "error", "w"]),
    ("encoding", ["utf-16", "utf-99"]),
    ("na_rep", ["x", 5]),
    ("orient", ["records", "sideways"]),
    ("lines", [True]),
    ("sheet_name", ["A", 5, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", ""]),
    ("row_group_size", [10, "x"]),
    ("table", ["orders", "new", "sqlite_x", "", 5]),
    ("if_exists", ["append", "replace", "fail", "x"]),
    ("chunksize", [10]),
    ("format", ["csv", "parquet", "csvv"]),
    ("indx", [False]),
    ("date_format", ["%Y"]),
    ("double_precision", [3, 99]),
    ("codec", ["deflate", "x"]),
]
SOURCES = [
    "a.csv",
    "a.tsv",
    "a.json",
    "a.jsonl",
    "a.parquet",
    "a.xlsx",
    "a.avro",
    "a.db",
    "a.duckdb",
    "a.csv.gz",
    "empty.csv",
    "b.csv",
    "*.csv",
    "in",
]
TARGETS = [
    "o.csv",
    "o.json",
    "o.jsonl",
    "o.parquet",
    "o.xlsx",
    "o.avro",
    "o.db",
    "o.duckdb",
    "o.csv.gz",
    "o.orc",
    "o",
    "a.csv",
    "b.csv",
    "in",
    "a.csv/o.csv",
    "new/o.csv",
    "a.db",
    "a.duckdb",
    "a.parquet",
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import duckdb

    from odibi_core.formats import write_target

    home = tmp_path_factory.mktemp("options")
    for name in (
        "a.csv",
        "a.tsv",
        "a.json",
        "a.jsonl",
        "a.parquet",
        "a.xlsx",
        "a.avro",
        "a.csv.gz",
        "in/x.csv",
    ):
        write_target(ROWS, name, {}, home.joinpath)
    (home / "b.csv").write_text("id;amount;day\n1;2,5;x\n")
    (home / "empty.csv").write_text("")
    with closing(sqlite3.connect(home / "a.db")) as database:
        ROWS.to_sql("orders", database, index=False)
    with duckdb.connect(str(home / "a.duckdb")) as database:
        frame = ROWS
        database.execute("CREATE TABLE orders AS FROM frame")
        assert len(frame)
    return home


def chosen(rng: random.Random, pool: list[tuple[str, list[Any]]], most: int) -> dict[str, Any]:
    names = rng.sample(pool, rng.choice(range(most + 1)))
    return {name: rng.choice(values) for name, values in names}


def steps_for(rng: random.Random) -> list[dict[str, Any]]:
    engine = rng.choice(["pandas", "duckdb"])
    read = {"layer": "ingest", "name": "read", "engine": engine, "outputs": {"data": "read"}}
    if rng.random() < 0.65:
        return [read | {"value": rng.choice(SOURCES), "params": chosen(rng, READ, 2)}]
    write = {"layer": "store", "name": "write", "engine": engine, "inputs": {"data": "read"}}
    write |= {"value": rng.choice(TARGETS), "params": chosen(rng, WRITE, 2)}
    return [read | {"value": "a.csv"}, write]


@pytest.mark.parametrize("seed", range(count(400)))
def test_errors_are_told_where_runs_fail(seed: int, home: Path, tmp_path: Path) -> None:
    steps = steps_for(random.Random(seed))
    here = tmp_path / "here"
    shutil.copytree(home, here)
    config = here / "p.json"
    config.write_text(json.dumps(steps, indent=1))
    told = [found for found in check(read_document(config)) if found.is_error]
    context = create_engine_context("pandas", base_dir=here)
    failed: Exception | None = None
    try:
        orchestrator(ConfigLoader().load(config), tmp_path / "logs", context=context, base_dir=here).run()
    except Exception as error:
        failed = error
    finally:
        context.close()
    shown = f"{steps[-1]}\n{[(found.code, found.field, found.message) for found in told]}\n{failed!r}"
    assert not told or failed is not None, f"a false alarm: {shown}"
    assert told or failed is None, f"not told: {shown}"
