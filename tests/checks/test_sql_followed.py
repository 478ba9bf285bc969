"""One mistake is told once: what follows from it is not, and what is wrong besides is."""

from __future__ import annotations

import functools

import duckdb
import pytest

from odibi_core.checks.sql.lab import Lab
from tests.checks.sql_case import CUSTOMERS, ORDERS, examine_step

# Query, what is told, and what makes it run.
ONE = [
    ("WITH a AS (SELECT regoin FROM data) SELECT region FROM a", "ODB304", "regoin", "region"),
    ("SELECT a.region FROM (SELECT regoin, id FROM data) a", "ODB304", "regoin", "region"),
    ("SELECT * FROM (SELECT id, amout FROM data) UNPIVOT (v FOR k IN (amount))", "ODB304", "amout", "amount"),
    ("PIVOT (SELECT regoin, id FROM data) ON region IN ('ab') USING sum(id)", "ODB304", "regoin", "region"),
    ("WITH a AS (SELECT rgn FROM data) SELECT region FROM a", "ODB304", "rgn", "region"),
    ("WITH a AS (SELECT xxxxxx FROM data) SELECT region FROM a", "ODB304", "xxxxxx", "region"),
    ("WITH a AS (SELECT address.ctiy FROM data) SELECT city FROM a", "ODB315", "ctiy", "city"),
    ("WITH a AS (SELECT regoin FROM data UNION SELECT region FROM data) SELECT region FROM a",
     "ODB304", "regoin", "region"),
    ("WITH a AS (SELECT region, count(*) AS n FROM data GROUP BY max(region)) SELECT region FROM a",
     "ODB309", "max(region)", "region"),
    ("WITH a AS (SELECT max(id) AS m, region FROM data) SELECT region FROM a",
     "ODB310", "region", "any_value(region) AS region"),
    ("SELECT max(id) AS m, day + INTERVAL 3 DAY AS d FROM data", "ODB310", "day", "any_value(day)"),
    ("SELECT id, amount orders WHERE region = 'ab'", "ODB304", "region", None),
]  # fmt: skip
MORE = [
    ("WITH a AS (SELECT regoin FROM data) SELECT regiom FROM a",
     [("regoin", "region"), ("regiom", "region")]),
    ("WITH a AS (SELECT regoin, amout FROM data) SELECT region, amount FROM a",
     [("regoin", "region"), ("amout", "amount")]),
    ("WITH a AS (SELECT regoin, id FROM data) SELECT region, idd FROM a",
     [("regoin", "region"), ("idd", "id")]),
    ("WITH a AS (SELECT regoin AS region FROM data) SELECT region, amout FROM a",
     [("regoin", "region"), ("amout", None)]),
    ("WITH a AS (SELECT regoin, amount FROM data) SELECT regoin, amout FROM a",
     [("regoin", "region"), ("amout", "amount")]),
]  # fmt: skip


@pytest.fixture(scope="module")
def look():
    with Lab() as lab:
        yield functools.partial(examine_step, lab=lab)


@pytest.fixture(scope="module")
def database() -> duckdb.DuckDBPyConnection:
    made = duckdb.connect()
    for name, schema in (("data", ORDERS), ("customers", CUSTOMERS)):
        columns = ", ".join(f'"{column.name}" {column.type}' for column in schema.columns)
        made.execute(f"CREATE TABLE {name} ({columns})")
    return made


@pytest.mark.parametrize(("query", "code", "place", "right"), ONE)
def test_what_follows_from_a_mistake_is_not_told(look, database, query, code, place, right):
    with pytest.raises(duckdb.Error):
        database.execute(query)
    assert look(query).told == [(code, place)]
    if right is not None:
        mended = query.replace(place, right, 1)
        database.execute(mended)
        assert look(mended).told == []


@pytest.mark.parametrize(("query", "mistakes"), MORE)
def test_what_is_wrong_besides_is_told(look, database, query, mistakes):
    found = look(query)
    assert [(found.at(told), told.suggestion) for told in found.diagnostics] == mistakes
    for place, right in mistakes:
        with pytest.raises(duckdb.Error):
            database.execute(query)
        query = query.replace(place, right or "region")
    database.execute(query)


def test_a_missing_from_is_told_as_such(look):
    (told,) = look("SELECT id, amount orders WHERE region = 'ab'").diagnostics
    assert told.message == "there is no column `region`, as FROM is missing"
    assert told.help == "write FROM and the table that has it"


@pytest.mark.parametrize("query", ["SELECT id FROM data LIMIT «id»", "SELECT * FROM range(«id»)"])
def test_a_column_where_none_can_be_read_is_not_said_to_be_missing(look, database, query):
    place = query[query.index("«") + 1 : query.index("»")]
    query = query.replace("«", "").replace("»", "")
    with pytest.raises(duckdb.BinderException):
        database.execute(query)
    found = look(query)
    assert found.told == [("ODB308", place)]
    assert found.diagnostics[0].message == "`id` is a column, and none can be read here"
