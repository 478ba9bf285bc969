"""Statements before the last one say what a query finds; what they leave open is no more than their own."""

from __future__ import annotations

import functools
import json

import duckdb
import pytest

from odibi_core.checks.sql.lab import Lab
from tests.checks.sql_case import CUSTOMERS, ORDERS, examine_step

MAKE = "CREATE TABLE t (a INT, b VARCHAR); "
HALF = "CREATE MACRO half(x) AS x / 2; "
# «» stands around what is pointed at.
WRONG = [
    *(
        ("ODB304", f"{harmless}; SELECT «amuont» FROM data", "`data` has no column `amuont`")
        for harmless in (
            "CREATE SEQUENCE s", "CREATE TYPE mood AS ENUM ('a')", "CREATE SCHEMA s", "ANALYZE", "VACUUM",
            "PRAGMA disable_progress_bar", "PRAGMA threads = 2", "SET threads = 2", "RESET threads",
            "SET VARIABLE x = 1", "BEGIN; COMMIT", "CHECKPOINT", "CREATE MACRO f(a) AS a + 1",
            "CREATE MACRO f(a) AS TABLE SELECT a AS b", "CREATE OR REPLACE TEMP MACRO f(a, b := 1) AS a + b",
            "CREATE SEQUENCE s; DROP SEQUENCE s", "CREATE TYPE m AS ENUM ('a'); DROP TYPE m",
            "CREATE MACRO f(a) AS a; DROP MACRO f", "DROP TABLE IF EXISTS nope",
            MAKE + "CREATE INDEX i ON t (a); DROP INDEX i", MAKE + "CREATE UNIQUE INDEX i ON t (a)",
            MAKE + "COMMENT ON TABLE t IS 'x'", "ATTACH ':memory:' AS other; DETACH other",
        )
    ),
    ("ODB304", "CREATE TABLE x AS SELECT id FROM data; ALTER TABLE x ADD COLUMN y INT; SELECT y, «z» FROM x",
     "`x` has no column `z`"),
    ("ODB304", MAKE + "ALTER TABLE t DROP COLUMN a; SELECT b, «a» FROM t", "`t` has no column `a`"),
    ("ODB304", MAKE + "ALTER TABLE t RENAME a TO c; SELECT c, «a» FROM t", "`t` has no column `a`"),
    ("ODB306", MAKE + "ALTER TABLE t ALTER a TYPE DATE; SELECT «a + b» FROM t",
     "`+` does not take DATE and VARCHAR"),
    ("ODB304", MAKE + "ALTER TABLE t RENAME TO u; SELECT a, «c» FROM u", "`u` has no column `c`"),
    ("ODB304", "CREATE VIEW v(a) AS SELECT id, amount FROM data; SELECT a, amount, «id» FROM v",
     "`v` has no column `id`"),
    ("ODB304", "CREATE TABLE v(a) AS SELECT id, amount FROM data; SELECT a, amount, «id» FROM v",
     "`v` has no column `id`"),
    ("ODB311", "CREATE VIEW v«(a, b)» AS SELECT id FROM data; SELECT a FROM v",
     "`v` has 1 column, and 2 names for them"),
    ("ODB311", 'CREATE TABLE v«(a, "b c", d)» AS SELECT id, 1 FROM data; SELECT a FROM v',
     "`v` has 2 columns, and 3 names for them"),
    ("ODB304", MAKE + "INSERT INTO t VALUES (1, 'a') RETURNING a, «c»", "`t` has no column `c`"),
    ("ODB304", MAKE + "UPDATE t SET a = 1 WHERE b = 'x' RETURNING «c» + 1", "`t` has no column `c`"),
    ("ODB304", MAKE + "DELETE FROM t RETURNING «c»", "`t` has no column `c`"),
    ("ODB302", "INSERT INTO «nope» VALUES (1) RETURNING a", "there is no table `nope`"),
    ("ODB304", MAKE + "INSERT INTO t BY NAME SELECT id AS a, region AS «bb» FROM data; SELECT a FROM t",
     "`t` has no column `bb`"),
    ("ODB317", MAKE + "INSERT INTO t VALUES (1, 'a'), («'x'», 'b'); SELECT a FROM t", "`x` is no INTEGER"),
    ("ODB306", MAKE + "INSERT INTO t (b, a) VALUES (1, «DATE '2026-01-31'»); SELECT a FROM t",
     "DATE cannot be converted to INTEGER"),
    ("ODB303", MAKE + "INSERT INTO t VALUES (DEFAULT, «uper»('a')); SELECT a FROM t",
     "there is no function `uper`"),
    ("ODB304", "CREATE TABLE data AS SELECT 1 AS x; SELECT «x» FROM data", "`data` has no column `x`"),
    ("ODB308", "CREATE TABLE data AS SELECT 1 AS x; INSERT INTO «data» VALUES (1); SELECT id FROM data",
     "`data` is an input, which can only be read"),
    ("ODB304", "CREATE TABLE data AS SELECT 1 AS x; DROP VIEW data; SELECT x, «id» FROM data",
     "`data` has no column `id`"),
    ("ODB304", "CREATE OR REPLACE TEMP VIEW data AS SELECT 1 AS x; SELECT «id» FROM data",
     "`data` has no column `id`"),
    ("ODB304", "CREATE TEMP VIEW IF NOT EXISTS data AS SELECT 1 AS x; SELECT «x» FROM data",
     "`data` has no column `x`"),
    ("ODB302", "DROP VIEW data; SELECT id FROM «data»", "no input is called `data`"),
    ("ODB308", "SET «thread» = 2; SELECT id FROM data", "there is no setting `thread`"),
    ("ODB308", "SET GLOBAL «nosuch» = 2; SELECT id FROM data", "there is no setting `nosuch`"),
    ("ODB308", "RESET «thread»; SELECT id FROM data", "there is no setting `thread`"),
    ("ODB308", "PRAGMA «thread» = 2; SELECT id FROM data", "there is no setting `thread`"),
    ("ODB308", "SELECT current_setting('«TimZone»') AS zone FROM data", "there is no setting `TimZone`"),
    ("ODB304", "CREATE SEQUENCE s; SELECT nextval('s') AS n, «amuont» FROM data",
     "`data` has no column `amuont`"),
    ("ODB304", HALF + "SELECT half(«amuont») AS h FROM data", "`data` has no column `amuont`"),
    ("ODB304", HALF + "SELECT half(half(amount)) AS h, half(id + «amuont») FROM data",
     "`data` has no column `amuont`"),
    ("ODB303", HALF + "CREATE TABLE x AS SELECT half(id) AS h, «uper»(region) FROM data; SELECT h FROM x",
     "there is no function `uper`"),
    ("ODB304", "CREATE MACRO f(x, y := 3) AS x + y; SELECT f(id), f(id, «amuont») FROM data",
     "`data` has no column `amuont`"),
    ("ODB310", "CREATE MACRO total(x) AS sum(x); SELECT total(amount) AS s, «id» FROM data",
     "`id` is neither in GROUP BY nor in an aggregate"),
]  # fmt: skip
RIGHT = [
    "CREATE SEQUENCE s; SELECT nextval('s') + currval('s') AS n, id FROM data",
    "CREATE TYPE mood AS ENUM ('a'); SELECT region::mood AS m, CAST('a' AS \"mood\") FROM data",
    "CREATE SCHEMA s; CREATE TABLE s.t (a INT); SELECT a FROM s.t",
    "ATTACH ':memory:' AS other; CREATE TABLE other.t (z INT); SELECT z FROM other.t",
    MAKE + "ALTER TABLE t ADD COLUMN z DECIMAL(5, 2) DEFAULT 3; SELECT a, z FROM t",
    MAKE + "ALTER TABLE t ADD COLUMN IF NOT EXISTS a DATE; SELECT a + 1 FROM t",
    MAKE + "ALTER TABLE t ALTER COLUMN a SET DATA TYPE VARCHAR USING a || 'x'; SELECT upper(a) FROM t",
    MAKE + "ALTER TABLE t ALTER a SET DEFAULT 3; ALTER TABLE t ALTER a DROP DEFAULT; SELECT a FROM t",
    "CREATE TABLE t (a STRUCT(x INT)); ALTER TABLE t ADD COLUMN a.y INT; SELECT a.y FROM t",
    MAKE + "ALTER TABLE t RENAME TO u; CREATE TABLE t (c INT); SELECT a FROM u, t WHERE c = 1",
    MAKE + "CREATE VIEW v AS SELECT a FROM t; ALTER VIEW v RENAME TO w; SELECT a FROM w",
    MAKE + "INSERT INTO t BY NAME SELECT 'x' AS B; SELECT a FROM t",
    MAKE + "INSERT INTO t VALUES ('1', 2), (3, DATE '2026-01-31'), (NULL, DEFAULT); SELECT a FROM t",
    "CREATE TABLE t (a VARCHAR); INSERT INTO t VALUES (1), ('x'); SELECT a FROM t",
    "CREATE TABLE t (a INT[], m MAP(TEXT, INT)); INSERT INTO t VALUES ([1], MAP {'a': 1}); SELECT a FROM t",
    MAKE + "INSERT INTO t VALUES (1, 'a') RETURNING a + 1 AS c, *",
    MAKE + "UPDATE t AS x SET a = 1 RETURNING a",
    "DROP VIEW data; CREATE TABLE data AS SELECT 1 AS x; SELECT x FROM data",
    "CREATE TABLE data AS SELECT 1 AS x; SELECT id FROM data",
    "CREATE VIEW data AS SELECT 1 AS x; DROP VIEW data; SELECT x FROM data",
    "CREATE TEMP TABLE IF NOT EXISTS data AS SELECT 1 AS x; SELECT id FROM data",
    "DROP VIEW data; CREATE TEMP TABLE data (x INT); INSERT INTO data VALUES (1); SELECT x FROM data",
    "SET memory_limit = '1GB'; SET SESSION TimeZone TO 'UTC'; RESET threads; SELECT id FROM data",
    "SELECT current_setting('threads') + 1 AS n FROM data",
    HALF + "SELECT half(id) FROM data",
    HALF + "SELECT \"half(id)\" FROM (SELECT half(id) FROM data)",
    HALF + "SELECT HALF (id), amount.half(), \"half\"(id), half(half(amount)) FROM data",
    HALF + "SELECT half FROM (SELECT 1 AS half)",
    HALF + "SELECT half(x := id), half(/* , */ id) FROM data",
    "CREATE MACRO twice(x) AS x + x; SELECT twice(id), twice(twice(id)) FROM data",
    "CREATE MACRO f(x) AS 2; SELECT f(nothing) FROM data",
    "CREATE MACRO f(x) AS x + 1, (x, y) AS x + y; SELECT f(id, 1), f(id) FROM data",
    "CREATE MACRO f(a, b) AS b - a; SELECT f(id, amount) FROM data",
    "CREATE MACRO f(a) AS (SELECT max(amount) + a FROM data); SELECT f(3) FROM data",
    "CREATE MACRO f(x) AS list_transform([1], lambda y: y + x); SELECT f(id) FROM data",
    "CREATE MACRO f(x) AS {'x': x}; SELECT f(id).x FROM data",
    "CREATE MACRO f(x) AS x.city; SELECT f(address), f({'city': 1}) FROM data",
    "CREATE MACRO upper(x) AS x + 1; SELECT upper(id) FROM data",
    "CREATE MACRO total(x) AS sum(x); SELECT total(amount), region FROM data GROUP BY region",
    "CREATE MACRO f(x BIGINT) AS x + 1; SELECT f(id) FROM data",
    "CREATE MACRO f(a) AS TABLE SELECT a AS b; SELECT b FROM f(1)",
    "CREATE MACRO f(x) AS x || 'a, b' /* ) */; SELECT f(region) AS r FROM data",
    "CREATE MACRO f(x) AS x + 1; CREATE OR REPLACE MACRO f(x) AS upper(x); SELECT f(region) FROM data",
    "CREATE MACRO f() AS 42; SELECT f() AS n, f() + id FROM data",
    "CREATE MACRO g(x) AS x + 1; CREATE MACRO f(x) AS g(x) * 2; SELECT f(id) FROM data",
]  # fmt: skip


@pytest.fixture(scope="module")
def look():
    with Lab() as lab:
        yield functools.partial(examine_step, lab=lab)


@pytest.fixture
def database():
    """A database in which inputs are what they are in a run: temporary views, of tables with a row."""
    with duckdb.connect() as made:
        for name, schema in (("data", ORDERS), ("customers", CUSTOMERS)):
            columns = ", ".join(f'NULL::{column.type} AS "{column.name}"' for column in schema.columns)
            made.execute(f"CREATE TEMP VIEW {name} AS SELECT {columns}")
        yield made


@pytest.mark.parametrize(("code", "marked", "message"), WRONG)
def test_what_a_query_gets_wrong_after_other_statements_is_told(look, database, code, marked, message):
    query = marked.replace("«", "").replace("»", "")
    with pytest.raises(duckdb.Error):
        database.execute(query)
    found = look(query)
    assert [(told.code, told.message) for told in found.diagnostics] == [(code, message)]
    span = found.diagnostics[0].span
    assert span is not None and span.start is not None and span.end is not None
    start = found.text.index(json.dumps(query)[1:-1])
    written = json.dumps(marked)[1:-1].replace("\\u00ab", "«").replace("\\u00bb", "»")
    assert (span.start - start, span.end - start) == (written.index("«"), written.index("»") - 1)


@pytest.mark.parametrize("query", RIGHT)
def test_what_runs_after_other_statements_is_not_told(look, database, query):
    given = [(column[0], str(column[1])) for column in database.execute(query).description]
    found = look(query)
    assert found.told == []
    known = found.columns or []
    assert [name for name, _ in known] == [name for name, _ in given][: len(known)]
    for (_, kind), (_, real) in zip(known, given, strict=False):
        assert kind is None or real.startswith(kind.partition("(")[0])


@pytest.mark.parametrize(
    ("query", "columns"),
    [
        (MAKE + "ALTER TABLE t ADD z DATE; SELECT * FROM t",
         [("a", "INTEGER"), ("b", "VARCHAR"), ("z", "DATE")]),
        ("CREATE VIEW v(a) AS SELECT id, amount FROM data; SELECT * FROM v",
         [("a", "BIGINT"), ("amount", "DOUBLE")]),
        (MAKE + "INSERT INTO t VALUES (1, 'a') RETURNING a AS c", [("c", "INTEGER")]),
        (HALF + "SELECT half(amount) AS h, id FROM data", [("h", "DOUBLE"), ("id", "BIGINT")]),
        ("CREATE SEQUENCE s; SELECT nextval('s') AS n, id FROM data", [("n", "BIGINT"), ("id", "BIGINT")]),
        ("SET threads = 2; SELECT id FROM data", [("id", "BIGINT")]),
    ],
)  # fmt: skip
def test_what_a_query_gives_after_other_statements_is_known(look, query, columns):
    assert look(query).columns == columns
