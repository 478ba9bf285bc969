"""Mistakes of which DuckDB names no place, or a wrong one: the wrong token is pointed at all the same."""

from __future__ import annotations

import functools
import json

import duckdb
import pytest

from odibi_core.checks.schemas import Schema
from odibi_core.checks.sql.lab import Lab
from tests.checks.sql_case import CUSTOMERS, ORDERS, examine_step

# «» stands around what is pointed at.
PLACES = [
    ("ODB302", "SELECT «o».* FROM data", "no table is called `o` here"),
    ("ODB310", "SELECT «*», count(*) AS n FROM data GROUP BY region",
     "`*` selects `id`, which is neither in GROUP BY nor in an aggregate"),
    ("ODB310", "SELECT «*» EXCLUDE (id), count(*) AS n FROM data GROUP BY region",
     "`*` selects `amount`, which is neither in GROUP BY nor in an aggregate"),
    ("ODB310", "SELECT «data.*», count(*) AS n FROM data",
     "`data.*` selects `id`, which is neither in GROUP BY nor in an aggregate"),
    ("ODB304", "SELECT region FROM data UNION ALL SELECT fullname FROM customers ORDER BY «amount»",
     "the result that ORDER BY sorts has no column `amount`"),
    ("ODB304", "SELECT region AS r FROM data UNION SELECT fullname FROM customers ORDER BY data.«amount»",
     "the result that ORDER BY sorts has no column `amount`"),
    ("ODB306", "UNPIVOT customers ON id, «fullname» INTO NAME k VALUE v",
     "BIGINT and VARCHAR cannot be mixed in UNPIVOT"),
    ("ODB306", "SELECT id, «list_sum(fullname)» FROM customers", "`list_sum` does not take VARCHAR"),
    ("ODB308", "SELECT list_transform([1, 2], x «->» x + id) AS l FROM data",
     "a lambda is not written with `->` any more"),
    ("ODB311", "SELECT * FROM data, (VALUES (1, 2)) t(a, b, «c»)",
     "table `t` has 2 columns available but 3 columns specified"),
    ("ODB311", 'SELECT * FROM (SELECT id FROM data) AS "t t" ("a b", «b»)',
     "table `t t` has 1 columns available but 2 columns specified"),
    ("ODB317", "SELECT quantile_cont(amount, «1.5») FROM data", "`1.5` is no quantile"),
    ("ODB317", "SELECT quantile_cont(amount, [0.5, «2»]) FROM data", "`2` is no quantile"),
    ("ODB317", "SELECT percentile_cont(«2») WITHIN GROUP (ORDER BY amount) FROM data", "`2` is no quantile"),
    ("ODB317", "SELECT approx_quantile(amount, «1.5») FROM data", "`1.5` is no quantile"),
    ("ODB306", "UNPIVOT customers ON COLUMNS(«*») INTO NAME k VALUE v",
     "BIGINT and VARCHAR cannot be mixed in UNPIVOT"),
    ("ODB310", "SELECT region, n FROM (SELECT «*», count(*) AS n FROM data GROUP BY region) AS s",
     "`*` selects `id`, which is neither in GROUP BY nor in an aggregate"),
    ("ODB302", "SELECT s.id FROM (SELECT «p».* FROM data) AS s", "no table is called `p` here"),
    ("ODB312", "WITH t AS (SELECT id FROM data), «t» (a) AS (SELECT id FROM t) SELECT * FROM t",
     "two tables are called `t`"),
    ("ODB317", "SELECT regexp_matches(region, «'('») FROM data", "'(' is no regular expression"),
    ("ODB317", "SELECT regexp_replace(region, 'a', 'b'), regexp_matches(region, «'[x'») FROM data",
     "'[x' is no regular expression"),
    ("ODB317", "SELECT *, 150 AS n FROM data TABLESAMPLE «150»%", "a sample is of 0 to 100 percent"),
    ("ODB306", "SELECT list_transform(«region», lambda x: x) FROM data",
     "`list_transform` works on a list, and `region` is none"),
    ("ODB306", "SELECT sum(id) OVER (ORDER BY «region» RANGE BETWEEN 1 PRECEDING AND CURRENT ROW) FROM data",
     "a RANGE frame of an offset cannot be over VARCHAR"),
    ("ODB302", "SELECT «adress».city.x FROM data", "no table is called `adress` here"),
    ("ODB302", "SELECT «x».address.city FROM data", "no table is called `x` here"),
    ("ODB302", "SELECT (SELECT «x».address.city) FROM data", "no table is called `x` here"),
    ("ODB304", "SELECT data.«adress».city FROM data", "`data` has no column `adress`"),
    ("ODB304", "SELECT data.«adress».city.x FROM data", "`data` has no column `adress`"),
]  # fmt: skip
RIGHT = [
    "SELECT data.* FROM data",
    "SELECT *, count(*) AS n FROM data GROUP BY ALL",
    "SELECT region FROM data UNION ALL SELECT fullname FROM customers ORDER BY region",
    "SELECT region AS r FROM data UNION ALL SELECT fullname FROM customers ORDER BY region",
    "UNPIVOT customers ON id, credit INTO NAME k VALUE v",
    "SELECT list_sum([id]) FROM data",
    "SELECT list_transform([1, 2], lambda x: x + id) AS l FROM data",
    "SELECT * FROM data, (VALUES (1, 2)) t(a, b)",
    "SELECT quantile_cont(amount, [0.5, 1]) FROM data",
    "SELECT regexp_matches(region, '[(]') FROM data",
    "SELECT * FROM data TABLESAMPLE 15%",
    "SELECT sum(id) OVER (ORDER BY id RANGE BETWEEN 1 PRECEDING AND CURRENT ROW) FROM data",
]


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


@pytest.mark.parametrize(("code", "marked", "message"), PLACES)
def test_the_token_that_is_wrong_is_pointed_at(look, database, code, marked, message):
    query = marked.replace("«", "").replace("»", "")
    with pytest.raises(duckdb.Error):
        database.execute(query)
    found = look(query)
    assert [(told.code, told.message) for told in found.diagnostics] == [(code, message)]
    span = found.diagnostics[0].span
    assert span is not None and span.start is not None and span.end is not None
    start = found.text.index(json.dumps(query)[1:-1])
    written = json.dumps(marked, ensure_ascii=False)
    assert (span.start - start, span.end - start) == (written.index("«") - 1, written.index("»") - 2)


@pytest.mark.parametrize("query", RIGHT)
def test_what_looks_like_it_and_runs_is_not_told(look, database, query):
    database.execute(query)
    assert look(query).told == []


@pytest.mark.parametrize("query", ["SELECT adress.city FROM data", "SELECT data.adress.city FROM data"])
def test_a_column_with_fields_may_be_what_stands_before_a_dot(look, database, query):
    (told,) = look(query).diagnostics
    assert told.fix is not None and (told.fix.text, told.fix.applicability) == ("address", "safe")
    assert told.help is not None and told.help.startswith("a column `address` exists")
    database.execute(query.replace("adress", "address"))


def test_a_table_that_is_missing_is_told_wherever_it_is_named(look):
    found = look("SELECT o.*, o.id FROM data WHERE o.id > 1")
    assert {code for code, _ in found.told} == {"ODB302"}
    assert {place for _, place in found.told} == {"o"} and len(found.told) == 3


@pytest.mark.parametrize("query", ["UNPIVOT data ON id, {} INTO NAME k VALUE v",
                                   "SELECT * FROM data UNPIVOT (v FOR k IN (id, {}))"])  # fmt: skip
def test_a_column_that_unpivot_does_not_find_has_a_safe_fix(look, query):
    data = {"data": Schema.of([("id", "BIGINT"), ("size", "BIGINT")])}
    (found,) = look(query.format("sise"), inputs=data).diagnostics
    assert (found.code, found.message, found.suggestion) == ("ODB304", "`data` has no column `sise`", "size")
    assert found.fix is not None and (found.fix.text, found.fix.applicability) == ("size", "safe")
    assert look(query.format("size"), inputs=data).told == []


def test_the_result_of_a_union_offers_its_own_columns(look):
    query = "SELECT region FROM data UNION ALL SELECT fullname FROM customers ORDER BY "
    (found,) = look(query + "regin").diagnostics
    assert (found.suggestion, found.help) == ("region", "a column `region` exists")
    (found,) = look(query + "amount").diagnostics
    assert (found.suggestion, found.help) == (None, "its columns are `region`")


def test_the_help_for_an_arrow_is_the_lambda_as_it_is_written_now(look):
    (found,) = look("SELECT list_filter([1, 2], (x, i) -> x > i) AS l FROM data").diagnostics
    assert found.help == "write `lambda x, i: x > i`"


@pytest.mark.parametrize(
    ("query", "place", "replaced", "text", "applicability"),
    [
        ("SELECT * FROM public.data", "public", "public.data", "data", "safe"),
        ("SELECT * FROM a.b . Data AS d", "a.b", "a.b . Data", "data", "safe"),
        ("SELECT * FROM public.dta", "public", "public.dta", "data", "unsafe"),
    ],
)
def test_a_schema_that_is_not_there_is_told_and_taken_away(look, query, place, replaced, text, applicability):
    found = look(query)
    (told,) = found.diagnostics
    assert found.told == [("ODB302", place)]
    assert told.message == f"there is no schema `{place}`"
    assert told.help == "the input is `data`, without a schema"
    assert told.fix is not None
    assert (found.text[told.fix.start : told.fix.end], told.fix.text) == (replaced, text)
    assert told.fix.applicability == applicability


def test_the_schema_that_inputs_are_in_is_right(look):
    assert look("SELECT id FROM main.data").told == []


def test_a_schema_with_nothing_like_the_table_has_no_fix(look):
    (told,) = look("SELECT * FROM public.something_else").diagnostics
    assert (told.message, told.fix) == ("there is no schema `public`", None)
    assert told.help == "the inputs are `data`, `customers`"


def test_of_several_list_functions_none_is_pointed_at_by_guess(look):
    query = "SELECT 'ü' AS u, list_sum(id), list_avg([id]) FROM data"
    (found,) = look(query).diagnostics
    assert (found.code, found.message) == ("ODB306", "`list_aggr` does not take BIGINT and a text")
    assert look(query).at(found) == query
