"""Statements before the last one: what their text decides is told, each as DuckDB refuses it when it runs."""

from __future__ import annotations

import functools
import json

import duckdb
import pytest

from odibi_core.checks.sql.lab import Lab
from tests.checks.sql_case import CUSTOMERS, ORDERS, examine_step

MAKE = "CREATE TABLE t (a INT, b VARCHAR); "
# «» stands around what is pointed at.
WRONG = [
    ("ODB314", "CREATE TABLE t (a INT, b «VARCHR»(5) NOT NULL)", "there is no type `VARCHR`"),
    ("ODB308", "CREATE TABLE t (a INT, b INT CHECK (b > 0), «A» INT)", "column with name `A` already exists"),
    ("ODB308", MAKE + "CREATE TABLE «t» (b INT)", "a table or view `t` was made before"),
    ("ODB308", MAKE + "CREATE VIEW «T» AS SELECT 1 AS b", "a table or view `T` was made before"),
    ("ODB308", "CREATE TEMP TABLE «data» (a INT)", "`data` is an input, and no other table can be called so"),
    ("ODB308", "CREATE TEMP VIEW «data» AS SELECT 1 AS a",
     "`data` is an input, and no other table can be called so"),
    ("ODB304", MAKE + "INSERT INTO t (a, «c») VALUES (1, 2)", "`t` has no column `c`"),
    ("ODB311", MAKE + "INSERT INTO t VALUES «(1)»", "`t` takes 2 values here, not 1"),
    ("ODB311", MAKE + "INSERT INTO t (a) VALUES «(1, (2))»", "`t` takes 1 value here, not 2"),
    ("ODB311", MAKE + "INSERT INTO t «SELECT id FROM data»", "`t` takes 2 values here, not 1"),
    ("ODB304", MAKE + "INSERT INTO t SELECT id, «regon» FROM data", "`data` has no column `regon`"),
    ("ODB302", "INSERT INTO «nope» VALUES (1)", "there is no table `nope`"),
    ("ODB302", "UPDATE «nope» SET a = 1", "there is no table `nope`"),
    ("ODB302", "DELETE FROM «nope»", "there is no table `nope`"),
    ("ODB302", MAKE + "DROP TABLE t; DROP TABLE «t»", "there is no table `t`"),
    ("ODB302", "DROP VIEW «nope»", "there is no table `nope`"),
    ("ODB304", MAKE + "UPDATE t SET a = 1, «c» = 2", "`t` has no column `c`"),
    ("ODB304", MAKE + "UPDATE t SET a = 1, b = upper(«c»)", "`t` has no column `c`"),
    ("ODB304", MAKE + "UPDATE t AS x SET a = 1 WHERE x.«c» = 2", "`x` has no column `c`"),
    ("ODB304", MAKE + "UPDATE t SET a = id FROM data WHERE data.«regon» = b", "`data` has no column `regon`"),
    ("ODB303", MAKE + "UPDATE t SET b = «uper»(b)", "there is no function `uper`"),
    ("ODB304", MAKE + "DELETE FROM t WHERE «c» = 1", "`t` has no column `c`"),
    ("ODB304", "CREATE TABLE t AS SELECT * FROM data; DELETE FROM t WHERE «amuont» > 1",
     "`t` has no column `amuont`"),
    ("ODB304", "CREATE /* so */ TABLE t /* it's */ AS SELECT 1 AS a; DELETE FROM t WHERE «nope» = 1",
     "`t` has no column `nope`"),
    ("ODB304", 'CREATE /* ( */ TABLE t (a INT); DELETE FROM t WHERE «nope» = 1',
     "`t` has no column `nope`"),
    *(
        ("ODB308", change, "`data` is an input, which can only be read")
        for change in (
            "INSERT INTO «data» SELECT * FROM data", "UPDATE «data» SET id = 1", "DELETE FROM «data»",
            "TRUNCATE «data»", "ALTER TABLE «data» RENAME id TO key", "ALTER TABLE «data» ADD COLUMN z INT",
            "DROP TABLE «data»",
            "DROP TABLE IF EXISTS «data»",
            "MERGE INTO «data» USING customers ON data.id = customers.id WHEN MATCHED THEN DELETE",
        )
    ),
    ("ODB308", "CREATE VIEW v AS SELECT 1 AS a; DELETE FROM «v»", "`v` is a view, which can only be read"),
]  # fmt: skip
RIGHT = [
    """CREATE TABLE t (a INT, b VARCHAR(10) NOT NULL DEFAULT 'x, y(', c DECIMAL(10, 2) CHECK (c > 0), d INT[],
    e STRUCT(x INT, y VARCHAR), "f g" TIMESTAMP WITH TIME ZONE, PRIMARY KEY (a));
    INSERT INTO t (a, "f g") VALUES (1, now()), (2, NULL)""",
    "CREATE TABLE t (a INT, b INT GENERATED ALWAYS AS (a + 1)); INSERT INTO t VALUES (1)",
    "CREATE TABLE t (a INT DEFAULT 5); INSERT INTO t DEFAULT VALUES; INSERT INTO t VALUES (DEFAULT)",
    MAKE + "CREATE TABLE IF NOT EXISTS t (c INT); INSERT INTO t VALUES (1, 'a')",
    MAKE + "CREATE OR REPLACE TABLE t (c INT); INSERT INTO t (c) VALUES (1)",
    MAKE + "DROP TABLE t; CREATE TABLE t (c INT); UPDATE t SET c = 1",
    MAKE + "DROP TABLE IF EXISTS nope; DROP TABLE IF EXISTS t",
    MAKE + "INSERT INTO t BY NAME SELECT 'x' AS b; INSERT INTO t (SELECT 1, 2)",
    MAKE + "INSERT INTO t (VALUES (1, 2)); INSERT INTO t VALUES (1, 'a, b')",
    MAKE + "INSERT INTO t (b) (SELECT 5); INSERT INTO t VALUES ('1', 2), (3, 'x')",
    MAKE + "INSERT INTO t SELECT id, region FROM data",
    MAKE + "INSERT INTO t WITH x AS (SELECT 1 AS y) SELECT y, y FROM x",
    MAKE + "INSERT INTO t VALUES (1, 'a') RETURNING a; UPDATE t SET a = 2 RETURNING a",
    MAKE + """UPDATE t AS x SET a = CASE WHEN x.a IS DISTINCT FROM 3 THEN 1 ELSE extract(year FROM now()) END
    FROM customers c WHERE c.id = x.a AND b <> 'a, FROM b'""",
    MAKE + "DELETE FROM t USING data d WHERE d.id = t.a; DELETE FROM t x WHERE x.a > 3; DELETE FROM t",
    MAKE + "UPDATE t SET a = (SELECT max(id) FROM data WHERE data.id > t.a) WHERE rowid > 2; TRUNCATE t",
    MAKE + "CREATE INDEX i ON t (a); ALTER TABLE t ADD COLUMN z INT; UPDATE t SET z = 3",
    "CREATE TEMP TABLE t (a INT); CREATE TABLE t (b INT); INSERT INTO t VALUES (1)",
    "CREATE SCHEMA s; CREATE TABLE s.t (a INT); INSERT INTO s.t VALUES (1); DROP TABLE s.t",
    "CREATE TYPE mood AS ENUM ('a'); CREATE TABLE t (a mood); INSERT INTO t VALUES ('a')",
    "CREATE TABLE t (year INT, key VARCHAR, unique_id INT); INSERT INTO t (year, key) VALUES (1, 'a')",
    'CREATE TABLE "My T" (a INT, "b""c" INT); UPDATE "my t" SET "b""c" = 2; DELETE FROM "MY T"',
    MAKE + "MERGE INTO t USING data d ON t.a = d.id WHEN NOT MATCHED THEN INSERT VALUES (d.id, d.region)",
    "ALTER TABLE data RENAME TO other",
    "CREATE TEMP TABLE IF NOT EXISTS data (a INT); CREATE OR REPLACE TEMP VIEW data AS SELECT 1 AS a",
    "/* ; */ CREATE TABLE t (a INT); -- (\nINSERT INTO t /* ( */ VALUES (1)",
]  # fmt: skip


@pytest.fixture(scope="module")
def look():
    with Lab() as lab:
        yield functools.partial(examine_step, lab=lab)


@pytest.fixture
def database():
    """A database in which inputs are what they are in a run: temporary views."""
    with duckdb.connect() as made:
        for name, schema in (("data", ORDERS), ("customers", CUSTOMERS)):
            columns = ", ".join(f'NULL::{column.type} AS "{column.name}"' for column in schema.columns)
            made.execute(f"CREATE TEMP VIEW {name} AS SELECT {columns} WHERE false")
        yield made


@pytest.mark.parametrize(("code", "marked", "message"), WRONG)
def test_what_a_statement_before_the_last_does_wrong_is_told(look, database, code, marked, message):
    query = marked.replace("«", "").replace("»", "") + "; SELECT 1 AS one"
    with pytest.raises(duckdb.Error):
        database.execute(query)
    found = look(query)
    assert [(told.code, told.message) for told in found.diagnostics] == [(code, message)]
    span = found.diagnostics[0].span
    assert span is not None and span.start is not None and span.end is not None
    start = found.text.index(json.dumps(query)[1:-1])
    assert (span.start - start, span.end - start) == (marked.index("«"), marked.index("»") - 1)


@pytest.mark.parametrize("query", RIGHT)
def test_what_runs_is_not_told(look, database, query):
    query += ";\nSELECT 1 AS one"
    database.execute(query)
    assert look(query).told == []


def test_the_columns_that_a_table_is_made_with_are_known(look):
    query = "CREATE TABLE t (a INT, b DECIMAL(8, 2)[]); SELECT * FROM t"
    assert look(query).columns == [("a", "INTEGER"), ("b", "DECIMAL(8,2)[]")]
    (found,) = look(query.replace("*", "aa")).diagnostics
    assert (found.code, found.suggestion) == ("ODB304", "a")


def test_a_misspelled_column_or_table_has_a_fix(look):
    make = "CREATE TABLE totals (region VARCHAR); "
    fixes = [
        (told.suggestion, told.fix and told.fix.applicability)
        for change in ("UPDATE totals SET regon = 'x'", "INSERT INTO total VALUES ('x')")
        for told in look(f"{make}{change}; SELECT 1 AS one").diagnostics
    ]
    assert fixes == [("region", "safe"), ("totals", "safe")]


def test_what_only_the_run_knows_is_not_judged_in_them(look):
    query = "INSERT INTO ${ident:table} VALUES (1); SELECT 1 AS one"
    assert look(query).told == []
    assert look(query, variables={"table": "nope"}).told == [("ODB302", "${ident:table}")]
