"""Files that a query reads by their literal name: their columns are known, and whether they are there."""

from __future__ import annotations

from pathlib import Path

import pytest

from odibi_core.checks.sql.files import columns_of_file
from odibi_core.checks.sql.lab import Lab
from tests.checks.sql_case import Found, examine_step


@pytest.fixture(scope="module")
def lab():
    with Lab() as lab:
        yield lab


@pytest.fixture
def look(lab, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("orders.csv").write_text("id,amount,day\n1,2.5,2026-01-31\n", encoding="utf-8")
    Path("lines.json").write_text('[{"a": 1, "b": "x"}]', encoding="utf-8")

    def examine(query: str, **options: object) -> Found:
        return examine_step(query, lab=lab, inputs={}, **options)

    return examine


@pytest.mark.parametrize(
    ("query", "columns"),
    [
        ("FROM 'orders.csv'", [("id", "BIGINT"), ("amount", "DOUBLE"), ("day", "DATE")]),
        ('SELECT orders.id FROM "orders.csv"', [("id", "BIGINT")]),
        ("SELECT read_csv.day FROM read_csv('orders.csv')", [("day", "DATE")]),
        ("SELECT o.day FROM read_csv('orders.csv', all_varchar = true) AS o", [("day", "VARCHAR")]),
        ("SELECT a, b FROM read_json_auto('lines.json')", [("a", "BIGINT"), ("b", "VARCHAR")]),
        ("CREATE TABLE t AS FROM 'orders.csv'; SELECT id FROM t", [("id", "BIGINT")]),
        ("SELECT x FROM read_csv('orders.csv') AS o(x, y, z)", [("x", "BIGINT")]),
    ],
)
def test_its_columns_are_known(look, query, columns):
    found = look(query)
    assert found.told == []
    assert found.columns == columns
    assert any(path.endswith((".csv", ".json")) for path in found.outcome.looked_at)


def test_a_column_that_it_does_not_have_is_told(look):
    found = look("SELECT 'é', o.amout FROM read_csv('orders.csv') AS o WHERE o.id > 1")
    assert found.told == [("ODB304", "amout")]
    assert found.diagnostics[0].message == "`o` has no column `amout`"


def test_a_file_that_is_not_there_is_told_at_its_name(look):
    found = look("SELECT 'é', * FROM read_csv('ordrs.csv')")
    assert found.told == [("ODB401", "ordrs.csv")]
    assert found.diagnostics[0].help == "a file `orders.csv` exists there"


@pytest.mark.parametrize(
    "query",
    [
        "SELECT anything FROM '*.csv'", "SELECT anything FROM read_csv('https://example.org/x.csv')",
        "SELECT anything FROM read_csv(['orders.csv', 'nothing.csv'])", "SELECT x FROM read_csv('/')",
        "SELECT anything FROM read_csv(getvariable('x'))", "SELECT x FROM read_csv('${env:DIR}/x.csv')",
        "COPY (SELECT 1) TO 'made.csv'; SELECT anything FROM 'made.csv'",
    ],
)  # fmt: skip
def test_what_is_no_one_local_file_is_left_alone(look, query):
    assert look(query, environ={"DIR": "elsewhere"}).told == []


def test_only_the_file_named_may_be_read(tmp_path):
    (tmp_path / "a.csv").write_text("id\n1\n", encoding="utf-8")
    (tmp_path / "b.csv").write_text("id\n1\n", encoding="utf-8")
    a, b = str(tmp_path / "a.csv"), str(tmp_path / "b.csv")
    assert columns_of_file(f"'{a}'", a).names == ("id",)
    assert columns_of_file(f"'{b}'", a) is None
