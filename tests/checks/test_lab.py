"""Lab: it describes, and does nothing else."""

from __future__ import annotations

import threading

import duckdb
import pytest

from odibi_core.checks.schemas import Schema
from odibi_core.checks.sql.lab import Lab, SqlProblem
from odibi_core.checks.sql.lab_errors import LabInterruptedError
from odibi_core.checks.sql.lab_types import refuses_text, refuses_type, type_called

DATA = Schema.of([("id", "BIGINT"), ("name", "VARCHAR"), ("odd", None)])


@pytest.fixture(scope="module")
def lab():
    with Lab() as lab:
        yield lab


def problem(lab: Lab, sql: str) -> SqlProblem:
    with pytest.raises(SqlProblem) as caught:
        lab.describe(sql, {"data": DATA})
    return caught.value


def test_a_query_is_described_over_the_tables_given(lab):
    assert lab.describe("SELECT id + 1 AS next, name, odd FROM data", {"data": DATA}) == Schema.of(
        [("next", "BIGINT"), ("name", "VARCHAR"), ("odd", None)]
    )


def test_tables_of_an_earlier_query_are_not_known_any_more(lab):
    lab.describe("FROM data", {"data": DATA})
    with pytest.raises(SqlProblem) as caught:
        lab.describe("FROM data", {"other": DATA})
    assert (caught.value.kind, caught.value.name) == ("table", "data")


def test_a_table_of_the_same_name_has_the_columns_it_is_given_now(lab):
    lab.describe("FROM data", {"data": DATA})
    assert lab.describe("FROM data", {"data": Schema.of([("x", "DATE")])}).names == ("x",)


def test_types_of_every_kind_can_be_those_of_a_table(lab):
    kinds = [
        "DECIMAL(10,2)", "STRUCT(a INTEGER, b VARCHAR[])", "MAP(VARCHAR, INTEGER)", "ENUM('a', 'b''c')",
        "TIME", "TIMESTAMP WITH TIME ZONE", "INTERVAL", "UUID", "HUGEINT", "INTEGER[3]", "BLOB", "JSON",
    ]  # fmt: skip
    schema = Schema.of((f"c{index}", kind) for index, kind in enumerate(kinds))
    assert lab.describe("FROM data", {"data": schema}) == schema


@pytest.mark.parametrize(
    "sql",
    [
        'SELECT "Account" AS account, "X y" AS "x Y" FROM data',
        "SELECT account, ACCOUNT AS Account FROM data",
        "SELECT account, account FROM data",
        "SELECT * REPLACE (account + 1 AS ACCOUNT) FROM data;",
        "SELECT * RENAME (account AS ACCOUNT) FROM data -- x",
        "WITH a AS (SELECT account AS acc FROM data) SELECT acc AS Acc FROM a",
        "SELECT a.account FROM data AS a JOIN data AS b USING (ACCOUNT)",
    ],
)
def test_names_have_the_case_that_a_run_gives_them(lab, sql):
    with duckdb.connect() as database:
        database.execute('CREATE TABLE data ("Account" BIGINT, "X y" VARCHAR)')
        given = database.sql(sql).columns
    described = lab.describe(sql, {"data": Schema.of([("Account", "BIGINT"), ("X y", "VARCHAR")])})
    assert list(described.names) == given


@pytest.mark.parametrize("before", ["", "'é', ", "'😀', ", "/* ü */ '日本', "])
def test_places_are_counted_in_characters(lab, before):
    sql = f"SELECT {before}nme FROM data"
    found = problem(lab, sql)
    assert found.kind == "column"
    assert sql[found.start : found.end] == "nme"


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("SELECT nme FROM data", "column"), ("SELECT d.nme FROM data AS d", "column"),
        ("SELECT x.id FROM data", "qualifier"), ("SELECT * FROM dta", "table"), ("SELECT foo(1)", "function"),
        ("SELECT sum(name) FROM data", "type"), ("SELECT id FROM data a JOIN data b ON true", "ambiguous"),
        ("SELECT id, count(*) FROM data", "group"), ("SELECT id FROM data WHERE sum(id) > 1", "aggregate"),
        ("SELECT 1 UNION SELECT 1, 2", "count"), ("SELECT id FROM data ORDER BY 3", "position"),
        ("SELECT CAST(id AS INTEGR) FROM data", "type-name"), ("SELECT {'a': 1}.b", "field"),
        ("SELECT id FROM data LIMIT 'x'", "constant"), ("SELECT * FROM data d JOIN data d ON true", "alias"),
        ("SELECT * FROM read_csv('x.csv')", "outside"), ("SELECT * FROM 'x.parquet'", "outside"),
        ("SELECT * FROM glob('/*')", "outside"), ("SELECT * FROM read_text('/etc/passwd')", "outside"),
        ("SELECT st_point(1, 2)", "extension"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_by_its_kind(lab, sql, kind):
    assert problem(lab, sql).kind == kind


def test_a_python_variable_is_no_table(lab):
    frame = [{"id": 1}]
    assert frame and problem(lab, "SELECT * FROM frame").kind == "table"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT nextval('counter')",
        "SELECT error('executed')",
        "SELECT (SELECT count(*) FROM range(100000000000))",
        "SELECT * FROM data WHERE (SELECT error('executed'))",
        "SELECT * FROM range((SELECT count(*) FROM range(9999999999)))",
    ],
)  # fmt: skip
def test_nothing_of_a_query_is_executed(sql):
    with Lab() as lab:
        lab._open().execute("CREATE SEQUENCE counter")
        lab.describe(sql, {"data": DATA})
        assert lab._open().execute("SELECT nextval('counter')").fetchall() == [(1,)]


@pytest.mark.parametrize(
    "sql", ["SET threads = 4", "SET enable_external_access = true", "LOAD httpfs", "INSTALL httpfs"]
)
def test_its_settings_are_locked(lab, sql):
    with pytest.raises(Exception, match=r"(?i)lock|external|disabled|permission"):
        lab._open().execute(sql)


def test_statements_are_cut_where_they_begin(lab):
    text = "-- first\nSET x = 1; /* ; */ CREATE TABLE t AS SELECT ';é' AS a;\nSELECT 'é' AS b -- end\n"
    found = lab.statements(text)
    assert [statement.kind for statement in found] == ["SET", "CREATE", "SELECT"]
    assert [statement.gives_rows for statement in found] == [False, False, True]
    assert all(text[statement.start :].startswith(statement.text) for statement in found)


def test_a_text_that_does_not_parse_has_a_place(lab):
    with pytest.raises(SqlProblem) as caught:
        lab.statements("SELECT 1;\nSELEC 'é' 2")
    assert (caught.value.kind, caught.value.start) == ("syntax", 10)


@pytest.mark.parametrize(
    "columns", [[("a", "NO SUCH TYPE")], [("a", "BIGINT"), ("A", "BIGINT")], [("\ud800", "BIGINT")], []]
)
def test_a_schema_that_is_none_to_duckdb_says_nothing_of_the_query(lab, columns):
    with pytest.raises(SqlProblem) as caught:
        lab.describe("FROM data", {"data": Schema.of(columns)})
    assert caught.value.kind == "internal"
    assert lab.describe("FROM data", {"data": DATA}).names == DATA.names


def test_half_a_character_is_no_query(lab):
    for ask in (lab.statements, lambda sql: lab.describe(sql, {})):
        with pytest.raises(SqlProblem) as caught:
            ask("SELECT '\ud800'")
        assert caught.value.kind == "internal"


def test_what_a_fault_of_duckdb_breaks_is_opened_again():
    with Lab() as lab:
        lab.describe("FROM data", {"data": DATA})
        lab.close()
        assert lab.describe("FROM data", {"data": DATA}).names == DATA.names


def test_conversions_that_no_value_survives_are_known(lab):
    assert refuses_type(lab, "DATE", "INTEGER")
    assert refuses_type(lab, "BIGINT", "DOUBLE") is None
    assert refuses_text(lab, "2026-02-30", "DATE")
    assert refuses_text(lab, "2026-02-28", "DATE") is None
    assert type_called(lab, "int") == "INTEGER"
    assert type_called(lab, "nonsense") is None
    assert type_called(lab, "INTEGER; DROP TABLE data") is None


def test_several_threads_take_turns(lab):
    found: list[Schema] = []

    def describe(index: int) -> None:
        name = f"c{index}"
        found.append(lab.describe("FROM data", {"data": Schema.of([(name, "BIGINT")])}))

    threads = [threading.Thread(target=describe, args=(index,)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(schema.names[0] for schema in found) == [f"c{index}" for index in range(8)]


def test_what_is_deeper_than_python_reads_is_described_and_not_taken_apart(lab):
    deep = "SELECT " + " || ".join(["name"] * 900) + " AS x FROM data"
    assert lab.describe(deep, {"data": DATA}).names == ("x",)
    assert lab.parsed(deep) is None and lab.tree(deep) is None


@pytest.mark.parametrize("ask", ["tried", "refused"])
def test_an_interrupt_is_no_answer(lab, ask):
    """What was interrupted is asked again the next time."""
    slow = "SELECT count(*) FROM range(10_000_000_000) t(i) WHERE hash(i) = 0"
    ended: list[BaseException | None] = []

    def asking() -> None:
        try:
            getattr(lab, ask)(slow)
            ended.append(None)
        except LabInterruptedError as error:
            ended.append(error)

    thread = threading.Thread(target=asking)
    thread.start()
    while thread.is_alive():
        lab.interrupt()
        thread.join(0.05)
    assert isinstance(ended[0], LabInterruptedError)
    assert ("tried", slow) not in lab._answers
