"""Placeholders: what is one, and how values are written in texts, params and SQL so that they stay values."""

from __future__ import annotations

import datetime
import sqlite3
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from odibi_core.config.placeholders import (
    Placeholder,
    Values,
    fill_params,
    fill_sql,
    fill_text,
    find_placeholders,
)
from odibi_core.config.sql_text import (
    DIALECTS,
    DUCKDB,
    MSSQL,
    MYSQL,
    ORACLE,
    SPARK,
    SQLITE,
    UNKNOWN,
    Dialect,
    regions,
)
from odibi_core.errors import SecretError, StepOptionError
from tests.counts import count


def values(**variables: Any) -> Values:
    return Values(variables, {"HOME_DIR": "/srv", "PASSWORD": "it's"})


def test_placeholders_are_found_with_their_places() -> None:
    assert find_placeholders("a ${env:X_1}/${var:day}, ${ident:t} $${var:no} ${x} $1 ${var:}") == [
        Placeholder("env", "X_1", 2, 12),
        Placeholder("var", "day", 13, 23),
        Placeholder("ident", "t", 25, 35),
    ]


@pytest.mark.parametrize(
    "text", ["$", "${", "${x}", "${Env:X}", "${var:a b}", "$var", "$1", "{var:x}", "${var:x", "$$"]
)
def test_nothing_else_that_starts_with_a_dollar_is_special(text: str) -> None:
    assert fill_text(text, values(x="no")) == text
    assert fill_sql(f"SELECT {text}", values(x="no")) == f"SELECT {text}"


def test_two_dollars_stand_for_one_placeholder_that_is_none() -> None:
    assert fill_text("$${var:x} ${var:x} $$${var:x}", values(x="1")) == "${var:x} 1 $${var:x}"
    assert fill_sql("SELECT '$${var:x}' || ${var:x}", values(x="1")) == "SELECT '${var:x}' || '1'"


def test_what_is_filled_in_is_not_filled_again() -> None:
    assert fill_text("${var:a}", values(a="${env:PASSWORD}")) == "${env:PASSWORD}"
    assert fill_sql("SELECT ${var:a}", values(a="${env:PASSWORD}")) == "SELECT '${env:PASSWORD}'"


def test_what_is_not_set_is_named_and_its_neighbours_are_not_shown() -> None:
    with pytest.raises(SecretError, match="the environment variable `TOKEN` is not set"):
        fill_text("${env:TOKEN}", values())
    with pytest.raises(SecretError, match="the variable `day` is not set; give it with --var day=VALUE"):
        fill_sql("SELECT ${var:day}", values())


def test_params_are_filled_in_all_their_texts_and_one_placeholder_alone_keeps_its_type() -> None:
    params = {"n": "${var:n}", "deep": [{"path": "${env:HOME_DIR}/x", "keep": 1}], "${var:n}": True}
    assert fill_params(params, values(n=5)) == {
        "n": 5,
        "deep": [{"path": "/srv/x", "keep": 1}],
        "${var:n}": True,
    }


def test_a_query_in_params_is_filled_as_sql() -> None:
    filled = fill_params({"query": "SELECT ${var:s}", "other": {"query": "${var:s}!"}}, values(s="it's"))
    assert filled == {"query": "SELECT 'it''s'", "other": {"query": "it's!"}}


@pytest.mark.parametrize(
    ("value", "literal"),
    [
        ("it's", "'it''s'"), (5, "5"), (-5, "(-5)"), (1.5, "1.5"), (True, "TRUE"), (False, "FALSE"),
        (None, "NULL"),
        (Decimal("1.10"), "1.10"), (datetime.date(2026, 1, 31), "DATE '2026-01-31'"),
        (datetime.datetime(2026, 1, 31, 12), "TIMESTAMP '2026-01-31 12:00:00'"), ([1, "a"], "(1, 'a')"),
    ],
)  # fmt: skip
def test_outside_quotes_a_value_is_a_literal_of_its_type(value: Any, literal: str) -> None:
    assert fill_sql("SELECT ${var:v}", values(v=value)) == f"SELECT {literal}"


def test_inside_quotes_it_is_escaped_text() -> None:
    filled = fill_sql("""SELECT '%${var:v}%', "col ${var:v}", 'a''${var:v}'""", values(v="""'x"y"""))
    assert filled == """SELECT '%''x"y%', "col 'x""y", 'a''''x"y'"""


def test_comments_are_left_alone() -> None:
    query = "SELECT 1 -- ${var:gone} '\n + ${var:v} /* ${var:gone} ' /* nested */ ${var:gone} */ + ${var:v}"
    assert fill_sql(query, values(v=2)) == query.replace("${var:v}", "2")


def test_an_identifier_is_quoted_and_a_list_is_a_dotted_name() -> None:
    assert fill_sql("SELECT ${ident:c} FROM ${ident:t}", values(c='a"b', t=["main", "x"])) == (
        'SELECT "a""b" FROM "main"."x"'
    )
    with pytest.raises(StepOptionError, match="is not a name"):
        fill_sql("SELECT * FROM ${ident:t}", values(t=5))
    assert fill_text("${ident:t}", values(t="x")) == "${ident:t}"


def test_a_minus_before_a_negative_number_starts_no_comment() -> None:
    assert duckdb.execute(fill_sql("SELECT 1 -${var:n}", values(n=-1))).fetchall() == [(2,)]


def test_a_literal_beside_quotes_or_letters_joins_nothing() -> None:
    assert fill_sql("SELECT E${var:v}, 'a'${var:v}", values(v="x")) == "SELECT E 'x', 'a' 'x'"


def test_dollar_quoted_text_takes_what_cannot_end_it() -> None:
    assert fill_sql("SELECT $$a ${var:v}$$", values(v="it's")) == "SELECT $$a it's$$"
    with pytest.raises(StepOptionError, match="ends the text around it"):
        fill_sql("SELECT $$a ${var:v}$$", values(v="x$$ || secret"))


def test_texts_with_backslashes_are_escaped_where_backslashes_escape() -> None:
    tricky = "\\' OR 1=1 --"
    assert fill_sql("SELECT E'${var:v}'", values(v=tricky)) == "SELECT E'\\\\\\' OR 1=1 --'"
    for dialect in (SPARK, MYSQL):
        assert fill_sql("SELECT ${var:v}", values(v=tricky), dialect=dialect) == "SELECT '\\\\\\' OR 1=1 --'"
        assert fill_sql('SELECT "${var:v}"', values(v='"'), dialect=dialect) == 'SELECT "\\""'
        assert fill_sql("SELECT ${ident:v}", values(v="a`b"), dialect=dialect) == "SELECT `a``b`"


def test_an_empty_list_matches_nothing_and_its_opposite_everything() -> None:
    for operator, rows in (("IN", 0), ("NOT IN", 3)):
        query = fill_sql(f"SELECT * FROM range(3) t(n) WHERE n {operator} ${{var:ids}}", values(ids=[]))
        assert len(duckdb.execute(query).fetchall()) == rows
    query = fill_sql("SELECT * FROM range(3) t(n) WHERE n IN ${var:ids}", values(ids=[0, 2]))
    assert duckdb.execute(query).fetchall() == [(0,), (2,)]


def test_a_value_without_a_literal_is_refused() -> None:
    with pytest.raises(StepOptionError, match="the value of `v` has no literal in SQL"):
        fill_sql("SELECT ${var:v}", values(v={"a": 1}))


def test_what_was_handed_out_and_is_secret_is_remembered_in_every_form_it_was_written() -> None:
    source = values(day="2026-01-31", api_key="k'1", Token=["a", "b"])
    assert source.secrets == frozenset()
    fill_text("${env:PASSWORD} ${var:day} ${var:Token}", source)
    fill_sql("SELECT ${var:api_key}, 'x ${env:PASSWORD}'", source)
    assert {"it's", "it''s", "k'1", "'k''1'", "a", "b"} <= source.secrets
    assert "2026-01-31" not in source.secrets
    assert "/srv" not in source.secrets
    assert "it's" not in repr(source)


texts = st.text(
    st.sampled_from(list("'\"\\$-/*\n ;a{}0`")) | st.characters(codec="utf-8", exclude_characters="\0"),
    max_size=12,
)


@settings(max_examples=count(3000), deadline=None)
@given(texts)
def test_duckdb_reads_back_the_very_text_wherever_it_stands(text: str) -> None:
    # DuckDB turns spaces of Unicode outside quotes into plain ones, and takes quotes in comments for quotes.
    assume(not any((char.isspace() and char > "\x7f") or char in "\u200b\ufeff" for char in text))
    query = (
        "SELECT ${var:v}, '${var:v}', '<${var:v}>', E'${var:v}' /* ' */, 1 AS ${ident:v}, -- \"\n ${var:v}"
    )
    cursor = duckdb.connect()
    name = text or "x"
    rows = cursor.execute(fill_sql(query.replace("${ident:v}", "${ident:name}"), values(v=text, name=name)))
    assert rows.fetchall() == [(text, text, f"<{text}>", text, 1, text)]
    assert cursor.description[4][0] == name


@settings(max_examples=count(3000), deadline=None)
@given(texts, st.sampled_from(list(DIALECTS.values())))
def test_a_value_never_changes_how_the_query_around_it_is_read(text: str, dialect: Any) -> None:
    query = "SELECT ${var:v} + '${var:v}' -- c\n, x"
    plain = fill_sql(query, values(v="a"), dialect=dialect)
    filled = fill_sql(query, values(v=text), dialect=dialect)
    assert [region.kind for region in regions(filled, dialect)] == [
        region.kind for region in regions(plain, dialect)
    ]


@pytest.mark.parametrize(
    ("dialect", "before"),
    [
        (SQLITE, "select 1 as [it's], "), (MSSQL, "select 1 as [it's], "), (MSSQL, "select 1 as [a]]'], "),
        (ORACLE, "select q'[it's]', "), (ORACLE, "select nq'!it's!', "), (SPARK, "select r'a\\', "),
        (SPARK, "select R\"a\\\", "), (MYSQL, "select 1--'a'\n, "),
        (DIALECTS["snowflake"], "select // it's\n "),
        (DIALECTS["snowflake"], "select $$it's$$, "),
    ],
)  # fmt: skip
def test_what_only_one_dialect_reads_as_a_quote_or_comment_does_not_turn_a_value_into_code(
    dialect: Dialect, before: str
) -> None:
    filled = fill_sql(before + "${var:v}", values(v="(select 1)"), dialect=dialect)
    assert filled == before + "'(select 1)'"


@settings(max_examples=count(3000), deadline=None)
@given(st.text(st.sampled_from(list("[]'\"`-/*\n ax")), max_size=8), texts)
def test_sqlite_reads_back_the_very_text_behind_whatever_name(name: str, text: str) -> None:
    query = f"SELECT 1 AS [{name}], ${{var:v}}"
    connection = sqlite3.connect(":memory:")
    try:
        rows = connection.execute(query.replace("${var:v}", "'x'")).fetchall()
        assume(rows == [(1, "x")])
    except sqlite3.Error:
        assume(False)
    assert connection.execute(fill_sql(query, values(v=text), dialect=SQLITE)).fetchall() == [(1, text)]


def test_inside_brackets_and_raw_texts_a_value_cannot_hold_what_ends_them() -> None:
    assert fill_sql("select [${var:v}]", values(v="it's"), dialect=MSSQL) == "select [it's]"
    for dialect, query, value in (
        (MSSQL, "select [${var:v}]", "a]"), (ORACLE, "select q'[${var:v}]'", "a'"),
        (SPARK, "select r'${var:v}'", "a'"), (DUCKDB, "select $a$ ${var:v}$a$", "$"),
    ):  # fmt: skip
        with pytest.raises(StepOptionError, match="the mark that ends the text around it"):
            fill_sql(query, values(v=value), dialect=dialect)


def test_a_database_that_is_not_known_gets_values_only_where_all_read_the_query_alike() -> None:
    query = "select ${var:v} as \"a\", '${var:v}', ${ident:v} -- it's\n, 1"
    assert (
        fill_sql(query, values(v="it's"), dialect=UNKNOWN)
        == "select 'it''s' as \"a\", 'it''s', \"it's\" -- it's\n, 1"
    )
    for doubtful in (
        "'\\', ${var:v}",
        "[it's], ${var:v}",
        "# it's\n ${var:v}",
        '"${var:v}"',
        "q'[it's]' + ${var:v}",
    ):
        with pytest.raises(StepOptionError, match="read the quotes and comments of this query"):
            fill_sql(f"select {doubtful}", values(v="x"), dialect=UNKNOWN)
    for place in ("${var:v}", "'${var:v}'"):
        with pytest.raises(StepOptionError, match="has a backslash"):
            fill_sql(f"select {place}", values(v="\\' or 1=1"), dialect=UNKNOWN)


@settings(max_examples=count(3000), deadline=None)
@given(
    st.text(st.sampled_from(list("'\"`$a-/*#\n\\E{}:[]qr")), max_size=40),
    st.sampled_from(list(DIALECTS.values())),
)
def test_regions_are_the_whole_query_in_order(query: str, dialect: Any) -> None:
    found = list(regions(query, dialect))
    assert "".join(query[region.start : region.end] for region in found) == query
    assert all(region.start < region.end for region in found)


@settings(max_examples=count(3000), deadline=None)
@given(st.text(max_size=40))
def test_any_text_is_filled_or_left(text: str) -> None:
    assert fill_text(text, Values()) == text.replace("$${", "${") or "${" in text
    fill_params({"a": [text]}, Values({}, {})) if not find_placeholders(text) else None
