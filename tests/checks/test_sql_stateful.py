"""What the run's state decides in a query has an unknown type; the rest of the query is looked at."""

from __future__ import annotations

import functools

import duckdb
import pytest

from odibi_core.checks.sql.lab import Lab
from tests.checks.sql_case import CUSTOMERS, ORDERS, examine_step

WRONG = [
    ("SELECT current_setting('TimeZone') AS z, upper(id) AS u FROM data", [("ODB306", "upper(id)")]),
    ("SELECT getvariable('a') AS z, max(amount) AS m, id FROM data", [("ODB310", "id")]),
    ("SELECT getvariable('a') AS z, upper(id), amuont FROM data",
     [("ODB306", "upper(id)"), ("ODB304", "amuont")]),
    ("SELECT getvariable('a') AS z, address.ctiy AS c FROM data", [("ODB315", "ctiy")]),
    ("SELECT getvariable('a') AS z, id FROM data ORDER BY 3", [("ODB316", "3")]),
    ("SELECT substr(id, getvariable('a')) AS z FROM data", [("ODB306", "substr(id, getvariable('a'))")]),
    ("SELECT getvariable('a') AS z, CAST('x' AS INT) AS n FROM data", [("ODB321", "CAST('x' AS INT)")]),
    ("SELECT upper(id) AS u FROM data, query('SELECT 1 AS a')", [("ODB306", "upper(id)")]),
    ("SELECT a FROM query('SELECT amuont AS a FROM data')", [("ODB304", "amuont")]),
    ("SELECT a, b FROM query('SELECT id AS a FROM data') AS q", [("ODB304", "b")]),
    ("SELECT upper(id) AS u FROM data, read_text('x.txt')", [("ODB306", "upper(id)")]),
    ("SELECT contents FROM read_blob('*.png')", [("ODB304", "contents")]),
    ("SELECT file, size FROM glob('*.png')", [("ODB304", "size")]),
]  # fmt: skip
RIGHT = [
    "SELECT getvariable('a') + id AS z, id + 1 AS m, upper(region) AS u FROM data",
    "SELECT getvariable('a')[1] AS z, upper(getvariable('a')) AS u, getvariable('a') + 1 AS v FROM data",
    "SELECT CAST(getvariable('a') AS DATE) AS d FROM data",
    "SELECT id FROM data ORDER BY getvariable('a') LIMIT getvariable('a')",
    "SELECT make_date(2026, current_setting('threads'), 1) AS d FROM data WHERE false",
    "SELECT sum(amount) FROM data GROUP BY getvariable('a')",
    "SELECT a, id FROM data, query('SELECT 1 AS a') WHERE a = 1",
    "SELECT q.a, id FROM data JOIN query('SELECT id AS a FROM data') q ON a = id",
    "SELECT id FROM query('SELECT 1 AS a;'), data",
    "SELECT z FROM query('SELECT ''x'' AS z')",
    "SELECT filename, upper(content) AS c, size + 1 AS s, last_modified FROM read_text('no such file')",
    "SELECT octet_length(r.content) AS n FROM read_blob('no such file') AS r",
    "SELECT upper(file) AS f FROM glob('no such file')",
]
GIVEN = [
    ("SELECT getvariable('a') AS z, id, getvariable('a') || 'x' AS t FROM data",
     [("z", None), ("id", "BIGINT"), ("t", None)]),
    ("SELECT current_setting('threads'), id + 1 AS m FROM data",
     [("current_setting('threads')", None), ("m", "BIGINT")]),
    ("SELECT a, id FROM data, query('SELECT 1 AS a')", [("a", "INTEGER"), ("id", "BIGINT")]),
    ("SELECT * FROM read_text('x.txt')",
     [("filename", "VARCHAR"), ("content", "VARCHAR"), ("size", "BIGINT"),
      ("last_modified", "TIMESTAMP WITH TIME ZONE")]),
]  # fmt: skip


@pytest.fixture(scope="module")
def look():
    with Lab() as lab:
        yield functools.partial(examine_step, lab=lab)


@pytest.fixture
def database():
    with duckdb.connect() as made:
        for name, schema in (("data", ORDERS), ("customers", CUSTOMERS)):
            columns = ", ".join(f'NULL::{column.type} AS "{column.name}"' for column in schema.columns)
            made.execute(f"CREATE TEMP VIEW {name} AS SELECT {columns}")
        yield made


@pytest.mark.parametrize(("query", "told"), WRONG)
def test_the_rest_of_a_query_is_looked_at(look, database, query, told):
    with pytest.raises(duckdb.Error):
        database.execute(query).fetchall()
    assert look(query).told == told


@pytest.mark.parametrize("query", RIGHT)
def test_what_runs_is_not_told(look, database, query):
    database.execute(query)
    assert look(query).told == []


@pytest.mark.parametrize(("query", "columns"), GIVEN)
def test_the_types_of_the_rest_are_known(look, query, columns):
    assert look(query).columns == columns


@pytest.mark.parametrize("value", ["1", "'x'", "DATE '2026-01-31'", "[1, 2]", "{'a': 1}"])
def test_whatever_a_variable_holds_what_runs_is_not_told(look, database, value):
    query = f"SET VARIABLE a = {value}; SELECT quantile_cont(id, 0.5), count(getvariable('a')) AS n FROM data"
    database.execute(query)
    assert look(query).told == []


def test_a_parameter_that_must_be_known_may_be_a_variable(look, database):
    query = "SET VARIABLE q = 0.5; SELECT quantile_cont(id, getvariable('q')) AS median FROM data"
    database.execute(query)
    assert look(query).told == []
