"""Misspelled keywords: a name or a right keyword is not called one, and a fix makes the query run."""

from __future__ import annotations

import functools

import duckdb
import pytest

from odibi_core.checks.sql.lab import Lab
from tests.checks.sql_case import ORDERS, examine_step

# What is pointed at, and the keyword that is put there.
MISSPELLED = [
    ("SELECT CAST(note ASS INTEGER) AS n FROM (SELECT '5' AS note FROM data)", "ASS", "AS"),
    ("SELECT CAST(region ASS VARCHAR) AS n FROM data", "ASS", "AS"),
    ("SELECT ARRAY(SELECT id FROM data) ASS ids", "ASS", "AS"),
    ("SELECT exists(SELECT 1 FROM data) ASx has FROM data", "ASx", "AS"),
    ("SELECT * FROM (SELECT region, id FROM data) PIVOT (sum(id) FOR region INN ('ab'))", "INN", "IN"),
    ("SELECT id FORM data", "FORM", "FROM"),
    ("SELECT id FROM data ODER BY id", "ODER", "ORDER"),
]
# Where the parser stops, and no guess is good enough.
UNREADABLE = [
    ("SELECT CAST(note INTEGER) AS n FROM (SELECT '5' AS note FROM data)", "INTEGER"),
    ("SELECT CAST(nota INTEGER) AS n FROM (SELECT '5' AS nota FROM data)", "INTEGER"),
    ("SELECT CAST(amount INTEGER) AS n FROM data", "INTEGER"),
    ("SELECT * FROM (SELECT region, id FROM data) PIVOT (sum(id) FOR region INzq ('ab'))", "INzq"),
    ("SELECT * FROM (SELECT region, id FROM data) PIVOT (sum(id) FOR region IN 'ab')", "'ab'"),
]


@pytest.fixture(scope="module")
def look():
    with Lab() as lab:
        yield functools.partial(examine_step, lab=lab)


@pytest.fixture(scope="module")
def database() -> duckdb.DuckDBPyConnection:
    made = duckdb.connect()
    columns = ", ".join(f'"{column.name}" {column.type}' for column in ORDERS.columns)
    made.execute(f"CREATE TABLE data ({columns})")
    return made


@pytest.mark.parametrize(("query", "word", "keyword"), MISSPELLED)
def test_the_keyword_that_makes_the_query_run_is_meant(look, database, query, word, keyword):
    with pytest.raises(duckdb.ParserException):
        database.execute(query)
    found = look(query)
    assert found.told == [("ODB301", word)]
    (told,) = found.diagnostics
    assert told.fix is not None and (told.fix.text, told.fix.applicability) == (keyword, "safe")
    database.execute(query.replace(f" {word} ", f" {keyword} "))


@pytest.mark.parametrize(("query", "place"), UNREADABLE)
def test_a_name_or_a_right_keyword_is_not_called_misspelled(look, database, query, place):
    with pytest.raises(duckdb.ParserException):
        database.execute(query)
    found = look(query)
    assert found.told == [("ODB301", place)]
    assert found.diagnostics[0].fix is None


def test_a_column_is_no_misspelled_keyword_though_it_is_written_once(look):
    inputs = {"data": None, "nota": None}
    assert look("SELECT CAST(nota INTEGER) FROM data", inputs=inputs).told == [("ODB301", "INTEGER")]
