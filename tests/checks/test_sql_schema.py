"""SQL on pandas and duckdb against the schemas of its inputs: what it gives, and what is wrong with it."""

from __future__ import annotations

import pytest

from odibi_core.checks.schemas import Schema
from odibi_core.checks.sql.lab import Lab
from tests.checks.sql_case import CUSTOMERS, ORDERS, Found, examine_step


@pytest.fixture(scope="module")
def lab():
    with Lab() as lab:
        yield lab


@pytest.fixture
def look(lab):
    def examine(query: str, **options: object) -> Found:
        return examine_step(query, lab=lab, **options)

    return examine


# -- what it gives --------------------------------------------------------------------------------------


def test_the_result_has_the_types_that_the_engine_keeps(look):
    query = "SELECT sum(id) AS ids, 1.5 AS rate, count(*) AS n, uuid() AS u, {'a': 1} AS s FROM data"
    assert look(query).columns == [
        ("ids", "BIGINT"), ("rate", "DECIMAL(2,1)"), ("n", "BIGINT"), ("u", "UUID"),
        ("s", "STRUCT(a INTEGER)"),
    ]  # fmt: skip
    assert look(query, engine="pandas", inputs={"data": ORDERS}).columns == [
        ("ids", "BIGINT"), ("rate", "DOUBLE"), ("n", "BIGINT"), ("u", "VARCHAR"), ("s", None),
    ]  # fmt: skip


def test_decimals_stay_exact_on_pandas_beside_those_of_an_input(look):
    query = "SELECT credit, 1.5 AS rate FROM customers"
    assert look(query, engine="pandas").columns == [("credit", "DECIMAL(10,2)"), ("rate", "DECIMAL(2,1)")]


def test_columns_of_one_name_get_names_of_their_own(look):
    assert look("SELECT id, 'x' AS id, 1.5 AS ID FROM data").columns == [
        ("id", "BIGINT"), ("id_1", "VARCHAR"), ("ID_2", "DECIMAL(2,1)"),
    ]  # fmt: skip


def test_each_output_gets_the_one_result(lab):
    found = examine_step("SELECT id FROM data", lab=lab)
    assert found.columns == [("id", "BIGINT")]


@pytest.mark.parametrize(
    "query",
    [
        "CREATE TEMP TABLE big AS SELECT id FROM data WHERE amount > 9;\nSELECT * FROM big",
        "CREATE OR REPLACE VIEW big AS (SELECT id FROM data); FROM big;",
        "SET VARIABLE least = 9; SELECT id FROM data",
        "CREATE TABLE t AS FROM data; INSERT INTO t SELECT * FROM data; SELECT id FROM t",
        "WITH a AS (SELECT id FROM data) SELECT * FROM a",
    ],
)
def test_what_statements_before_the_last_make_is_known(look, query):
    assert look(query).columns == [("id", "BIGINT")]


@pytest.mark.parametrize(
    "query",
    [
        "ATTACH 'x.db'; SELECT anything FROM x.somewhere",
        "CREATE MACRO twice(x) AS x * 2; SELECT twice(id) FROM data",
        "LOAD spatial; SELECT st_point(1, 2)",
        "USE elsewhere; SELECT * FROM table_there",
        "CREATE TABLE t (anything INTEGER AS (1 + 1)); SELECT anything FROM t",
        "EXPLAIN SELECT nothing_known FROM nowhere",
        "PIVOT data ON region USING sum(amount)",
        "SELECT * FROM read_csv('*.csv')",
        "SELECT x FROM 's3://somewhere/x.parquet'",
        "SELECT x FROM read_parquet('https://example.org/x.parquet')",
        "SELECT text(amount, '0.00') FROM data",
        "SELECT * FROM query(getvariable('which'))",
    ],
)
def test_what_cannot_be_known_is_left_alone(look, query):
    found = look(query)
    assert found.told == []
    assert all(kind is None for _, kind in found.columns or ())


def test_settings_leave_the_names_and_not_the_types(look):
    assert look("SET integer_division = true; SELECT id / 2 AS half FROM data").columns == [("half", None)]
    assert look("SET integer_division = true; SELECT half FROM data").told == [("ODB304", "half")]


# -- what is not known of the inputs --------------------------------------------------------------------


def test_a_column_of_unknown_type_fits_everywhere(look):
    odd = {"data": Schema.of([("odd", None), ("name", "VARCHAR")])}
    query = (
        "SELECT odd + 1 AS a, odd || 'x' AS b, upper(odd) AS c, odd > DATE '2026-01-31' AS d, odd.part AS p, "
        "count(*) OVER () AS n FROM data WHERE odd"
    )
    assert look(query, inputs=odd).told == []


def test_types_that_an_unknown_one_does_not_decide_are_known(look):
    odd = {"data": Schema.of([("odd", None), ("name", "VARCHAR")])}
    query = "SELECT odd, coalesce(odd, odd) AS b, length(name) AS c, odd IS NULL AS d FROM data"
    assert look(query, inputs=odd).columns == [
        ("odd", None), ("b", None), ("c", "BIGINT"), ("d", "BOOLEAN"),
    ]  # fmt: skip


def test_what_is_wrong_beside_a_column_of_unknown_type_is_told(look):
    odd = {"data": Schema.of([("odd", None), ("name", "VARCHAR")])}
    assert look("SELECT sum(name), max(odd), nme FROM data", inputs=odd).told == [
        ("ODB306", "sum(name)"), ("ODB304", "nme"),
    ]  # fmt: skip


def test_over_an_unknown_input_the_syntax_is_checked_and_the_tables(look):
    unknown = {"data": None, "customers": CUSTOMERS}
    assert look("SELECT anything FROM data", inputs=unknown).told == []
    assert look("SELEC anything FROM data", inputs=unknown).told == [("ODB301", "SELEC")]
    assert look("SELECT 1 FROM data JOIN custmers ON true", inputs=unknown).told == [("ODB302", "custmers")]
    assert look("SELECT nme FROM customers", inputs=unknown).told == [("ODB304", "nme")]


# -- what is wrong ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("ascii_only", [False, True])
def test_places_hold_in_the_file_whatever_stands_before(look, ascii_only):
    query = 'SELECT \'é😀\t"x"\' AS "ü",\n  o.amout, "grösse"\nFROM data AS o'
    found = look(query, ascii_only=ascii_only)
    names = [found.at(diagnostic) for diagnostic in found.diagnostics]
    assert names[0] == "amout"
    assert names[1] == ('\\"gr\\u00f6sse\\"' if ascii_only else '\\"grösse\\"')
    fixes = [diagnostic.fix.text for diagnostic in found.diagnostics if diagnostic.fix]
    assert fixes[0] == "amount"


def test_every_mistake_of_a_query_is_told_once(look):
    query = (
        "SELECT amout, foo(day), sum(region), c.fulname, largest(1) FROM data, customers AS c WHERE day > 5"
    )
    assert sorted(look(query).told) == [
        ("ODB303", "foo"), ("ODB303", "largest"), ("ODB304", "amout"), ("ODB304", "fulname"),
        ("ODB306", "day > 5"), ("ODB306", "sum(region)"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("SELECT amout FROM (SELECT amout FROM data) AS t", [("ODB304", "amout")]),
        ("WITH t AS (SELECT amout, id FROM data) SELECT sum(amout) FROM t", [("ODB304", "amout")]),
        ("SELECT s.day FROM (SELECT d.id, k.day FROM data AS d) AS s", [("ODB302", "k")]),
        ("SELECT s.id FROM (SELECT id FROM data, customers) AS s", [("ODB305", "id")]),
        ("SELECT regin, sum(amount) FROM data GROUP BY region", [("ODB304", "regin")]),
        ("SELECT region, sum(amount) FROM data GROUP BY nothing_like_it", [("ODB304", "nothing_like_it")]),
        ("SELECT amout + 'x', amout FROM dta", [("ODB302", "dta")]),
        ("SELECT d.id FROM data AS d JOIN customrs AS c ON c.idd = d.id", [("ODB302", "customrs")]),
        ("SELECT unknwn(amount).field + 1 > 'x' FROM data", [("ODB303", "unknwn")]),
    ],
)  # fmt: skip
def test_nothing_follows_from_a_mistake(look, query, told):
    assert look(query).told == told


@pytest.mark.parametrize(
    ("query", "place", "meant"),
    [
        ("SELECT amount AS total FROM data ORDER BY totl", "totl", "total"),
        ("SELECT c.fullnam FROM data AS d JOIN customers AS c USING (id)", "fullnam", "fullname"),
        (
            "SELECT id FROM data WHERE EXISTS (SELECT 1 FROM customers AS c WHERE c.idd = data.id)",
            "idd",
            "id",
        ),
        ("SELECT * EXCLUDE (amout) FROM data", "amout", "amount"),
        ("SELECT * FROM data JOIN customers USING (idd)", "idd", "id"),
        ("SELECT address.cty FROM data", "cty", "city"),
        ("SELECT data.id FROM data AS o", "data", "o"),
        ("SELECT CAST(id AS VARCHR) FROM data", "VARCHR", "VARCHAR"),
        ("SELECT lenght(region) FROM data", "lenght", "length"),
        ("SELECT id FROM data ORDR BY id", "ORDR", "ORDER"),
        ("SELECT DISTNCT id FROM data", "DISTNCT", "DISTINCT"),
        ("SELECT data.id FROM data LFT JOIN customers ON data.id = customers.id", "LFT", "LEFT"),
        ("SELECT sum(AMOUT) FROM data", "AMOUT", "amount"),
    ],
)
def test_what_was_meant_is_found(look, query, place, meant):
    (found,) = look(query).diagnostics
    assert look(query).at(found) == place
    assert found.suggestion == meant
    assert found.fix is not None and found.fix.applicability == "safe"


def test_with_several_candidates_the_fix_is_not_safe(look):
    near = {"data": Schema.of([("cost_a", "BIGINT"), ("cost_b", "BIGINT")])}
    (found,) = look("SELECT cost_c FROM data", inputs=near).diagnostics
    assert found.fix is None or found.fix.applicability == "unsafe"


def test_help_names_the_step_that_the_data_come_from(look):
    (found,) = look("SELECT nothing_like_it FROM customers").diagnostics
    assert found.message == "`customers` has no column `nothing_like_it`"
    assert found.help == "`customers` comes from read_customers and has `id`, `fullname`, `credit`"


def test_names_that_quotes_are_needed_for_are_quoted_in_the_fix(look):
    odd = {"data": Schema.of([("net weight", "DOUBLE"), ("order", "BIGINT")])}
    fixes = [found.fix for found in look('SELECT "net wight", "ordr" FROM data', inputs=odd).diagnostics]
    assert [fix.text for fix in fixes if fix] == ['\\"net weight\\"', '\\"order\\"']


def test_an_error_in_a_statement_before_the_last_is_told(look):
    query = "CREATE TABLE big AS SELECT amout FROM data;\nSELECT amout, whatever FROM big"
    assert look(query).told == [("ODB304", "amout")]


def test_a_query_that_gives_no_rows_is_refused_as_the_run_does(look):
    assert look("SELECT 1; DELETE FROM data").told == [("ODB307", "DELETE FROM data")]
    assert [code for code, _ in look("/* nothing */").told] == ["ODB307"]


def test_a_deep_query_ends_the_check_of_its_step_only(look):
    deep = "SELECT " + "(" * 3000 + "1" + ")" * 3000
    assert [code for code, _ in look(deep).told] in ([], ["ODB301"], ["ODB308"])


# -- placeholders ----------------------------------------------------------------------------------------


def test_placeholders_stand_for_their_values_and_keep_their_places(look):
    query = "SELECT ${var:n} + amout, '${var:text}' AS t FROM ${ident:table} WHERE region = ${var:text}"
    found = look(query, variables={"n": 1_000_000, "text": "it's", "table": "data"})
    assert found.told == [("ODB304", "amout")]


def test_a_mistake_in_a_value_points_at_the_placeholder(look):
    assert look("SELECT ${ident:column} FROM data", variables={"column": "amout"}).told == [
        ("ODB304", "${ident:column}")
    ]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT id FROM data WHERE region = ${env:SECRET} AND amount > ${var:least} LIMIT ${var:most}",
        "SELECT id FROM data WHERE day > '${env:SECRET}' AND id IN ${var:tokens}",
        "SELECT id FROM data WHERE address.city = '${env:SECRET}' AND amount > ${var:least}",
    ],
)
def test_what_only_the_run_knows_is_not_judged(look, query):
    found = look(query, environ={"SECRET": "hunter22"}, variables={"tokens": ["a", "b"]})
    assert found.told == []
    assert found.columns == [("id", "BIGINT")]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT id FROM data ORDER BY date_trunc(${var:part}, day)",
        "SELECT id FROM data WHERE day > DATE ${var:since}",
    ],
)
def test_what_only_some_values_make_right_is_not_judged(look, query):
    assert look(query).told == []


def test_a_name_that_only_the_run_knows_leaves_the_syntax(look):
    assert look("SELECT anything FROM ${ident:unset} JOIN data ON x").told == []
    assert look('SELECT "${env:COLUMN}" FROM data').told == []
    assert look("SELEC anything FROM ${ident:unset}").told == [("ODB301", "SELEC")]


def test_a_secret_is_in_no_message(look):
    query = "SELECT amount + '${env:SECRET}', ${env:SECRET} + nme, upper(${env:SECRET}, 1) FROM data"
    found = look(query, environ={"SECRET": "hunter22"})
    assert found.diagnostics
    assert "hunter22" not in repr(found.diagnostics)


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("SELECT '${var:n}' AS n FROM data WHERE amount > ${ident:n} AND region = '${var:n}'", "${ident:n}"),
        ('SELECT ${var:n}, ${var:map} FROM data WHERE region = "${var:n}"', "${var:map}"),
    ],
)
def test_a_value_that_cannot_be_written_is_told_at_its_placeholder(look, query, place):
    assert look(query, variables={"n": 5, "map": {"a": 1}}).told == [("ODB319", place)]


def test_the_type_of_a_value_counts(look):
    assert look("SELECT * FROM data WHERE day > ${var:since}", variables={"since": 5}).told == [
        ("ODB306", "day > ${var:since}")
    ]
