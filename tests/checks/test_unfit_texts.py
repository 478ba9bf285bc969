"""Texts that the start of a source holds, and conversions that they do not survive."""

from __future__ import annotations

import json
import random
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from odibi_core.checks import check
from odibi_core.checks.schemas import Column, Schema, Texts
from odibi_core.checks.sql.examine import examine
from odibi_core.checks.sql.lab import Lab
from odibi_core.config import read_document
from odibi_core.diagnostics import Diagnostic
from odibi_core.formats.some_texts import some_texts
from tests.counts import count

TEXTS = ("open", "12", "n/a", "2026-01-31", "true", "closed")
ROWS = [(text, number, 1.5) for number, text in enumerate(TEXTS)]
DATA = Schema((
    Column("status", "VARCHAR", Texts(TEXTS)), Column("n", "BIGINT"), Column("f", "DOUBLE"),
    Column("name", "VARCHAR", Texts(("Ada", "Bo", "Cy"))),
))  # fmt: skip


@pytest.fixture(scope="module")
def lab() -> Lab:
    return Lab()


@pytest.fixture(scope="module")
def database() -> duckdb.DuckDBPyConnection:
    made = duckdb.connect()
    made.execute("CREATE TABLE data (status VARCHAR, n BIGINT, f DOUBLE, name VARCHAR)")
    made.executemany(
        "INSERT INTO data VALUES (?, ?, ?, ?)",
        [(*row, name) for row, name in zip(ROWS, ("Ada", "Bo", "Cy", "Ada", "Bo", "Cy"), strict=True)],
    )
    return made


def told(lab: Lab, sql: str) -> list[tuple[str, bool]]:
    """Returns what is pointed at, and whether it surely fails."""
    found = examine(lab, sql, {"data": DATA}).mistakes
    return [(sql[m.problem.start : m.problem.end], m.problem.always) for m in found]


def fails(database: duckdb.DuckDBPyConnection, sql: str) -> bool:
    try:
        database.execute(f"CREATE OR REPLACE TEMP TABLE result AS {sql}")
    except (duckdb.ConversionException, duckdb.InvalidInputException, duckdb.OutOfRangeException):
        return True
    return False


SURE = [
    ("SELECT CAST(status AS INTEGER) AS s FROM data", "CAST(status AS INTEGER)"),
    ("SELECT status::INTEGER FROM data", "status::INTEGER"),
    ("SELECT d.status::DATE FROM data AS d ORDER BY 1", "d.status::DATE"),
    ("SELECT * FROM data WHERE status = 1", "status = 1"),
    ("SELECT * FROM data WHERE -1 <> status", "-1 <> status"),
    ("SELECT * FROM data WHERE status = 1.5", "status = 1.5"),
    ("SELECT * FROM data WHERE status IN (1, 2)", "status IN (1, 2)"),
    ("SELECT * FROM data WHERE status", "status"),
    ("SELECT * FROM data WHERE NOT status", "status"),
    ("SELECT * FROM data WHERE status = true", "status = true"),
    ("SELECT * FROM data WHERE status = n", "status = n"),
    ("SELECT * FROM data WHERE status = DATE '2026-01-31'", "status = DATE '2026-01-31'"),
    ("SELECT CASE WHEN status THEN 1 ELSE 2 END FROM data", "status"),
    ("SELECT CASE status WHEN 1 THEN 'a' END FROM data", "status WHEN 1"),
    ("SELECT nullif(status, 0) FROM data", "nullif(status, 0)"),
    ("SELECT if(status, 1, 2) FROM data", "status"),
    ("SELECT sum(status::DOUBLE) FROM data", "status::DOUBLE"),
    ("SELECT n FROM data ORDER BY status::INTEGER", "status::INTEGER"),
    ("SELECT name::INTEGER FROM data", "name::INTEGER"),
    ("SELECT DISTINCT s::INTEGER FROM (SELECT status AS s FROM data)", "s::INTEGER"),
    ("WITH w AS (SELECT * EXCLUDE (n) FROM data) SELECT status::INTEGER FROM w", "status::INTEGER"),
    ("SELECT status::INTEGER, count(*) FROM data GROUP BY ALL", "status::INTEGER"),
    ("SELECT s::INTEGER FROM (SELECT status AS s FROM data GROUP BY status)", "s::INTEGER"),
    ("SELECT strptime(name, '%Y-%m-%d') FROM data", "strptime(name, '%Y-%m-%d')"),
    ("SELECT n FROM data UNION ALL SELECT status::BIGINT FROM data", "status::BIGINT"),
    ("SELECT s::BIGINT FROM (SELECT status AS s FROM data UNION ALL SELECT name FROM data)", "s::BIGINT"),
]  # fmt: skip
DOUBTFUL = [
    ("SELECT name::INTEGER FROM data WHERE n > 100", "name::INTEGER"),
    ("SELECT name::INTEGER FROM data LIMIT 0", "name::INTEGER"),
    ("SELECT a.name::INTEGER FROM data AS a JOIN data AS b ON a.n = b.n + 100", "a.name::INTEGER"),
    ("SELECT n FROM data WHERE n > 100 AND name = 1", "name = 1"),
    ("SELECT n FROM data WHERE name LIKE 'A%' AND name IN (1, 2)", "name IN (1, 2)"),
    ("SELECT count(*) FROM (SELECT name::INTEGER AS x, n FROM data)", "name::INTEGER"),
    ("SELECT k::INTEGER FROM (SELECT name AS k FROM data WHERE n > 100)", "k::INTEGER"),
    ("SELECT name::INTEGER FROM data QUALIFY row_number() OVER () > 100", "name::INTEGER"),
    ("SELECT * FROM data AS a JOIN data AS b ON a.name = b.n", "a.name = b.n"),
]  # fmt: skip
QUIET = [
    "SELECT TRY_CAST(status AS INTEGER) FROM data",
    "SELECT TRY(status::INTEGER) FROM data",
    "SELECT status::VARCHAR, n::INTEGER, f::BIGINT FROM data",
    "SELECT * FROM data WHERE status = '1' AND n = 1",
    "SELECT status::INTEGER FROM data WHERE n > 100",  # some texts are numbers
    "SELECT status::INTEGER FROM data WHERE regexp_full_match(status, '[0-9]+')",
    "SELECT CASE WHEN regexp_full_match(name, '[0-9]+') THEN name::INTEGER END FROM data",
    "SELECT n FROM data WHERE regexp_full_match(name, '[0-9]+') AND name::INTEGER = 1",
    "SELECT name FROM data WHERE name IN ('1', '2')",
    "SELECT length(name)::INTEGER FROM data",
    "SELECT name::INTEGER FROM (SELECT n::VARCHAR AS name FROM data)",
    "SELECT name::INTEGER FROM (SELECT * REPLACE ('1' AS name) FROM data)",
    "WITH data AS (SELECT '1' AS name) SELECT name::INTEGER FROM data",
    "SELECT x.name::INTEGER FROM (VALUES ('1')) AS x(name), data",
    "SELECT b::INTEGER FROM (SELECT n::VARCHAR, name FROM data) AS t(b, c)",
    "SELECT list_transform(['1'], lambda name: name::INTEGER) FROM data",
    "SELECT x::INTEGER FROM (SELECT n AS x FROM data EXCEPT SELECT 1)",
    "SELECT try_strptime(name, '%Y') FROM data",
    "SELECT * FROM data WHERE name = 'DATE'",
    "SELECT name::VARCHAR(3) FROM data",
    "SELECT name::BLOB FROM data",
    "SELECT sum(n) FILTER (WHERE name = '1') FROM data",
]


@pytest.mark.parametrize(("sql", "token"), SURE)
def test_what_surely_fails_is_an_error_at_its_place(
    lab: Lab, database: duckdb.DuckDBPyConnection, sql: str, token: str
) -> None:
    assert told(lab, sql) == [(token, True)]
    assert fails(database, sql)


@pytest.mark.parametrize(("sql", "token"), DOUBTFUL)
def test_what_fails_once_a_row_comes_to_it_is_a_warning(lab: Lab, sql: str, token: str) -> None:
    assert told(lab, sql) == [(token, False)]


@pytest.mark.parametrize("sql", QUIET)
def test_what_works_is_quiet(lab: Lab, database: duckdb.DuckDBPyConnection, sql: str) -> None:
    assert told(lab, sql) == []
    database.execute(f"CREATE OR REPLACE TEMP TABLE result AS {sql}")


def test_whatever_the_query_an_error_means_that_it_fails(
    lab: Lab, database: duckdb.DuckDBPyConnection
) -> None:
    rng = random.Random(20261124)
    told_sure = 0
    for _ in range(count(4_000)):
        sql = _random_query(rng)
        try:
            surely = any(always for _, always in told(lab, sql))
        except duckdb.Error:
            continue
        told_sure += surely
        if surely:
            assert fails(database, sql), sql
    assert told_sure > count(4_000) // 20


def _random_query(rng: random.Random) -> str:
    """Returns a query whose conversions may fail, or may never be come to."""

    def conversion(table: str) -> str:
        column = f"{table}.{rng.choice(['status', 'name'])}"
        return rng.choice([
            f"CAST({column} AS INTEGER)", f"{column} = 1", f"{column} IN (1, 2)", f"NOT {column}",
            f"coalesce({column} = 1, true)", f"TRY_CAST({column} AS INTEGER)", f"{column} = {table}.n",
            f"CASE WHEN {table}.n > 100 THEN {column}::INTEGER END", f"nullif({column}, 1)",
            f"{table}.n = 'abc'", f"{table}.f + 'abc'", f"{table}.n IN ('a', '1')", f"nullif({table}.n, 'x')",
            f"{table}.n BETWEEN 'a' AND 5", f"coalesce({table}.n, 'x')", f"round({table}.f, 'x')",
            f"if({table}.n < 0, 'x'::INTEGER, 0)", f"{table}.n::DATE", "300::TINYINT", "DATE '2026-02-30'",
            f"CASE WHEN {table}.n > 100 THEN {table}.n ELSE 'x' END",
            f"({table}.n > 100 AND {table}.n = 'x')",
            f"CASE WHEN {column} THEN 1 END", f"upper({column})", f"if({table}.n < 0, {column}::INTEGER, 0)",
            f"({table}.n < 0 AND {column} = 1)", f"({table}.n < 100 OR {column} = 1)",
        ])  # fmt: skip

    source, table = rng.choice([
        ("data", "data"), ("data AS d", "d"), ("(SELECT * FROM data) AS d", "d"),
        ("(SELECT * FROM data WHERE n > 100) AS d", "d"), ("(SELECT * FROM data LIMIT 0) AS d", "d"),
        ("data JOIN data AS d ON data.n = d.n + 100", "d"), ("data AS d CROSS JOIN data AS e", "d"),
        ("data LEFT JOIN data AS d ON data.n = d.n + 100", "d"),
        ("(SELECT status, name, n, f FROM data GROUP BY ALL HAVING count(*) > 1) AS d", "d"),
        ("data AS d TABLESAMPLE 0%", "d"), ("(FROM data UNION ALL FROM data) AS d", "d"),
    ])  # fmt: skip
    items = ", ".join(f"{conversion(table)} AS c{at}" for at in range(rng.randint(1, 2)))
    sql = f"SELECT {items} FROM {source}"
    if rng.random() < 0.3:
        sql += f" WHERE {rng.choice([f'{table}.n > 100', f'{table}.n >= 0', conversion(table) + ' IS NULL'])}"
    if rng.random() < 0.2:
        sql += " LIMIT 0" if rng.random() < 0.5 else " ORDER BY 1"
    if rng.random() < 0.2:
        sql = f"SELECT {rng.choice(['count(*)', 'c0', '*', '1'])} FROM ({sql}) AS x"
    return f"WITH w AS ({sql}) SELECT 1" if rng.random() < 0.1 else sql


def _checked(
    directory: Path, source: str, transforms: list[dict[str, object]], engine: str
) -> list[Diagnostic]:
    steps: list[dict[str, object]] = [
        {
            "layer": "ingest", "name": "read", "type": "config_op", "engine": engine, "value": source,
            "outputs": {"data": "step_0"},
        }
    ]  # fmt: skip
    for number, step in enumerate(transforms):
        inputs, outputs = {"data": f"step_{number}"}, {"data": f"step_{number + 1}"}
        steps.append({
            "layer": "transform", "name": f"make_{number}", "engine": engine, "inputs": inputs,
            "outputs": outputs, **step,
        })  # fmt: skip
    path = directory / "config.json"
    path.write_text(json.dumps(steps))
    return [found for found in check(read_document(path)) if found.code in ("ODB321", "ODB322")]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("texts")
    frame = pd.DataFrame({"status": ["open", "n/a", "shut", None], "n": [1, 2, 3, 4]})
    frame.to_csv(made / "data.csv", index=False)
    frame.to_parquet(made / "data.parquet")
    frame.to_json(made / "data.jsonl", orient="records", lines=True)
    frame.to_json(made / "data.json", orient="records")
    frame.to_excel(made / "data.xlsx", index=False)
    return made


SQL = {"type": "sql", "value": "SELECT status, n FROM data"}
CAST = {"type": "sql", "value": "SELECT CAST(status AS BIGINT) AS status FROM data"}


@pytest.mark.parametrize("engine", ["pandas", "duckdb"])
@pytest.mark.parametrize("source", ["data.csv", "data.parquet", "data.jsonl", "data.json", "data.xlsx"])
def test_texts_are_known_from_every_format(home: Path, engine: str, source: str) -> None:
    (found,) = _checked(home, source, [CAST], engine)
    assert (found.code, found.message) == (
        "ODB322", "`status` holds the text `open`, which is no BIGINT"
    )  # fmt: skip


@pytest.mark.parametrize("engine", ["pandas", "duckdb"])
def test_texts_go_through_steps_that_hand_them_on(home: Path, engine: str) -> None:
    chosen = {"type": "config_op", "params": {"operations": [{"select": ["status"]}]}}
    assert [found.step for found in _checked(home, "data.csv", [SQL, chosen, CAST], engine)] == ["make_2"]


@pytest.mark.parametrize("engine", ["pandas", "duckdb"])
def test_after_a_filter_it_is_a_warning(home: Path, engine: str) -> None:
    kept = {"type": "config_op", "params": {"operations": [{"filter": "n > 5"}]}}
    assert [found.code for found in _checked(home, "data.csv", [kept, CAST], engine)] == ["ODB321"]


@pytest.mark.parametrize("engine", ["pandas", "duckdb"])
def test_the_operation_cast_is_told_of_its_column(home: Path, engine: str) -> None:
    cast = {"type": "config_op", "params": {"operations": [{"cast": {"status": "int"}}]}}
    (found,) = _checked(home, "data.csv", [cast], engine)
    assert (found.code, found.field) == ("ODB322", "params.operations.0.cast.status")


def test_one_or_two_of_each_shape_are_kept() -> None:
    assert some_texts(["12", "7", "n/a", "3456", "2026-01-31", "12"]) == ("7", "3456", "n/a", "2026-01-31")
    assert len(some_texts("-" * length for length in range(1, 1_000))) <= 24


def test_a_text_that_is_a_secret_here_is_not_shown(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("status,n\ntopsecret123,1\n")
    steps = [
        {"layer": "ingest", "name": "read", "value": "data.csv", "outputs": {"data": "step_0"}},
        {
            "layer": "transform", "name": "make", "inputs": {"data": "step_0"}, "outputs": {"data": "made"},
            **CAST,
        },
        {
            "layer": "store", "name": "write", "value": "out.csv", "inputs": {"data": "made"},
            "metadata": {"note": "${env:PASSWORD}"},
        },
    ]  # fmt: skip
    path = tmp_path / "config.json"
    path.write_text(json.dumps(steps))
    (found,) = check(read_document(path), environ={"PASSWORD": "topsecret123"})
    assert found.message == "`status` holds the text `***`, which is no BIGINT"
