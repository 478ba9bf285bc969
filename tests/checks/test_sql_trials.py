"""Operations of a query whose types clash, or whose constants cannot be what they have to be."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from odibi_core.checks.schemas import Schema
from odibi_core.checks.sql.examine import examine
from odibi_core.checks.sql.lab import Lab

COLUMNS = {
    "id": "BIGINT", "name": "VARCHAR", "price": "DOUBLE", "created": "TIMESTAMP", "day": "DATE",
    "active": "BOOLEAN", "tags": "VARCHAR[]",
}  # fmt: skip
ROW = "1, '2026-01-31', 1.5, TIMESTAMP '2026-01-31 12:00:00', DATE '2026-01-31', true, ['x']"
DATA = Schema.of(COLUMNS.items())


@pytest.fixture(scope="module")
def lab() -> Lab:
    return Lab()


@pytest.fixture(scope="module")
def database() -> duckdb.DuckDBPyConnection:
    made = duckdb.connect()
    made.execute("SET TimeZone = 'UTC'")
    made.execute(f"CREATE TABLE data ({', '.join(f'{name} {kind}' for name, kind in COLUMNS.items())})")
    made.execute(f"INSERT INTO data VALUES ({ROW})")
    return made


def told(lab: Lab, sql: str) -> list[str]:
    """Returns what is pointed at; all of it fails only once a row comes to it."""
    found = examine(lab, sql, {"data": DATA}).mistakes
    assert not any(mistake.problem.always for mistake in found)
    return [sql[mistake.problem.start : mistake.problem.end] for mistake in found]


FAILING = [
    # types
    ("SELECT * FROM data WHERE created = 5", "created = 5"),
    ("SELECT * FROM data WHERE created IN (1, 2)", "created IN (1, 2)"),
    ("SELECT * FROM data WHERE id = created", "id = created"),
    ("SELECT * FROM data WHERE active IS DISTINCT FROM created", "active IS DISTINCT FROM created"),
    ("SELECT 1 FROM data AS a JOIN data AS b ON a.id = b.created", "a.id = b.created"),
    ("SELECT nullif(created, 5) FROM data", "nullif(created, 5)"),
    ("SELECT id FROM data UNION ALL SELECT created FROM data", "created"),
    ("SELECT name, id FROM data EXCEPT SELECT name, day FROM data", "day"),
    ("SELECT id AS x FROM data UNION BY NAME SELECT name, tags AS x FROM data", "tags"),
    # texts that are among the results
    ("SELECT CASE WHEN id > 5 THEN price ELSE 'n/a' END FROM data", "'n/a'"),
    ("SELECT if(id > 5, id, 'none') FROM data", "'none'"),
    ("SELECT greatest(id, 'x') FROM data", "'x'"),
    ("SELECT [1, 'x'] FROM data", "'x'"),
    ("SELECT nullif(id, 'x') FROM data", "'x'"),
    ("SELECT lag(price, 1, 'none') OVER () FROM data", "'none'"),
    ("SELECT ntile('x') OVER () FROM data", "'x'"),
    # texts and numbers that operators and functions are given
    ("SELECT price + 'abc' FROM data", "'abc'"),
    ("SELECT 'a' * 2 FROM data", "'a'"),
    ("SELECT created + INTERVAL '3 dayz' FROM data", "'3 dayz'"),
    ("SELECT round(price, 'x') FROM data", "'x'"),
    ("SELECT tags['x'] FROM data", "'x'"),
    ("SELECT date_diff('days_', created, created) FROM data", "'days_'"),
    ("SELECT date_diff('day', created, 'soon') FROM data", "'soon'"),
    ("SELECT created AT TIME ZONE 'Foo/Bar' FROM data", "'Foo/Bar'"),
    ("SELECT regexp_replace(name, '(', 'x') FROM data", "'('"),
    ("SELECT make_date(2026, 13, 1) FROM data", "make_date(2026, 13, 1)"),
    ("SELECT 300::TINYINT FROM data", "300"),
]  # fmt: skip
WORKING = [
    "SELECT strptime(name, '%Y-%m-%d') FROM data",
    "SELECT price + '5', id % '2', -'5'::INTEGER, 'a' || id FROM data",
    "SELECT * FROM data WHERE id = price AND created = day AND day = '2026-01-31' AND id IN ('1', '2')",
    "SELECT id = 1.5, active = true, name = 'x', tags = ['x'], created = NULL FROM data",
    "SELECT CASE WHEN id > 5 THEN price ELSE '5' END, coalesce(price, '0'), greatest(id, '5') FROM data",
    "SELECT id FROM data UNION ALL SELECT price FROM data UNION SELECT '5'",
    "SELECT id, NULL FROM data UNION ALL SELECT id, day FROM data",
    "SELECT created + INTERVAL '3 days', created - INTERVAL 3 DAY, day + 1 FROM data",
    "SELECT date_trunc('month', created), date_diff('day', created, '2026-01-31') FROM data",
    "SELECT regexp_replace(name, '([0-9])', 'x'), round(price, '1'), lpad(name, 5, ' ') FROM data",
    "SELECT created AT TIME ZONE 'Europe/Oslo', make_date(2026, 12, 1), 100::TINYINT FROM data",
    "SELECT a.id FROM data AS a JOIN (SELECT day::VARCHAR AS id FROM data) AS b ON a.name = b.id",
    "SELECT TRY(price + 'abc'), TRY_CAST('x' AS INTEGER) FROM data",
    "WITH data2 AS (SELECT created::VARCHAR AS created FROM data) SELECT * FROM data2 WHERE created = '5'",
]


@pytest.mark.parametrize(("sql", "token"), FAILING)
def test_what_fails_at_the_first_row_is_told_at_its_place(
    lab: Lab, database: duckdb.DuckDBPyConnection, sql: str, token: str
) -> None:
    assert told(lab, sql) == [token]
    with pytest.raises(duckdb.Error):
        database.execute(f"CREATE OR REPLACE TEMP TABLE result AS {sql}")


@pytest.mark.parametrize("sql", WORKING)
def test_what_works_is_quiet(lab: Lab, database: duckdb.DuckDBPyConnection, sql: str) -> None:
    assert told(lab, sql) == []
    database.execute(f"CREATE OR REPLACE TEMP TABLE result AS {sql}")


def test_what_a_constant_is_not_is_said_in_our_words(lab: Lab) -> None:
    (mistake,) = examine(lab, "SELECT id + 'x' FROM data", {"data": DATA}).mistakes
    assert (mistake.problem.name, mistake.problem.converted_to) == ("x", "BIGINT")


def test_one_text_in_one_select_is_asked_about_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole query is bound for each question: a thousand conditions on one column are one question."""
    lab, asked = Lab(), []
    describe = Lab.describe

    def counted(self: Lab, sql: str, tables: Any) -> Schema:
        asked.append(sql)
        return describe(self, sql, tables)

    monkeypatch.setattr(Lab, "describe", counted)
    conditions = " AND ".join(f"id <> '{number}'" for number in range(200))
    assert told(lab, f"SELECT id FROM data WHERE {conditions} AND id <> 'x'") == ["'x'"]
    assert len(asked) < 5


def test_a_name_has_the_type_of_where_it_stands(lab: Lab) -> None:
    assert told(lab, "SELECT name AS id FROM data WHERE id = 'x' ORDER BY id = 'y'") == ["'x'", "'y'"]
    assert told(lab, "SELECT id AS name FROM data WHERE name = 'x' ORDER BY name = 'x'") == []
    assert told(lab, "SELECT list_filter(tags, lambda id: id = 'x') FROM data WHERE id = 5") == []
    query = (
        "SELECT id FROM data WHERE id IN (SELECT len(id) FROM (SELECT name AS id FROM data) WHERE id = 'x')"
    )
    assert told(lab, f"{query} AND id <> 'x'") == ["'x'"]


def test_a_query_too_long_to_be_asked_about_for_each_of_its_parts_is_checked_soon(lab: Lab) -> None:
    columns = ", ".join(f"CASE WHEN price > {n} THEN id + {n} ELSE '{n}' END AS c{n}" for n in range(1_000))
    assert examine(lab, f"SELECT {columns} FROM data", {"data": DATA}).schema is not None


@pytest.mark.parametrize(
    ("sql", "runs"),
    [
        ("SELECT a FROM (SELECT 1 AS a, 'x'::INT AS b)", True),
        ("WITH c AS (SELECT 'x'::INT AS b) SELECT 1 AS a", True),
        ("SELECT EXISTS (SELECT 'x'::INT) AS a", True),
        ("SELECT * FROM (SELECT 'x'::INT AS a)", False),
    ],
)
def test_a_constant_that_nothing_reads_is_no_error(
    lab: Lab, database: duckdb.DuckDBPyConnection, sql: str, runs: bool
) -> None:
    (mistake,) = examine(lab, sql, {}).mistakes
    assert mistake.problem.always is not runs
    if runs:
        assert database.execute(sql).fetchall() != []
    else:
        with pytest.raises(duckdb.ConversionException):
            database.execute(sql).fetchall()
