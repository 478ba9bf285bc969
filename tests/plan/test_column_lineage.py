"""Column lineage of queries: where each column comes from, and nothing claimed where it is not known."""

import pytest

from odibi_core.plan.column_lineage import query_lineage

TABLES = {"orders": ["id", "amount", "Currency"], "rates": ["currency", "to_eur"]}


def traced(query, tables=TABLES, **options):
    found = query_lineage(query, tables, **options)
    if found is None:
        return None
    return {
        name: [f"{s.table}.{s.column}" + ("" if s.kind == "identity" else f" {s.kind}") for s in sources]
        for name, sources in found.items()
    }


def test_a_column_passed_on_is_an_identity_in_the_inputs_own_spelling():
    assert traced("SELECT currency, id AS order_id FROM orders") == {
        "currency": ["orders.Currency"], "order_id": ["orders.id"],
    }  # fmt: skip


def test_columns_are_followed_through_ctes_subqueries_and_joins():
    query = """
        WITH priced AS (
            SELECT o.*, round(o.amount * r.to_eur, 2) AS eur FROM orders AS o JOIN rates AS r USING (currency)
        )
        SELECT currency, sum(eur) AS total, count(*) AS n FROM (SELECT * FROM priced) GROUP BY ALL
    """
    assert traced(query) == {
        "currency": ["orders.Currency"],
        "total": ["orders.amount aggregation", "rates.to_eur aggregation"],
        "n": [],
    }


def test_a_star_stands_for_the_columns_that_are_there():
    assert list(traced("SELECT * EXCLUDE (amount) FROM orders")) == ["id", "currency"]


def test_set_operations_join_what_both_sides_say():
    assert traced("SELECT id FROM orders UNION ALL SELECT to_eur FROM rates") == {
        "id": ["orders.id", "rates.to_eur"]
    }


def test_the_engines_names_of_the_result_are_used():
    query = "SELECT *, amount + 1 FROM orders"
    assert traced(query, result=["id", "amount", "Currency", "(amount + 1)"]) == {
        "id": ["orders.id"], "amount": ["orders.amount"], "Currency": ["orders.Currency"],
        "(amount + 1)": ["orders.amount transformation"],
    }  # fmt: skip


def test_placeholders_stand_for_values():
    query = "SELECT amount * ${var:factor} AS x, '${env:NOTE}' || currency AS y FROM orders"
    assert traced(query) == {
        "x": ["orders.amount transformation"], "y": ["orders.Currency transformation"],
    }  # fmt: skip


def test_spark_sql_is_read_as_such():
    query = "SELECT `id`, explode(split(currency, ',')) AS part FROM orders"
    assert traced(query, dialect="spark") == {
        "id": ["orders.id"], "part": ["orders.Currency transformation"],
    }  # fmt: skip


@pytest.mark.parametrize(
    "query",
    [
        "SELEC id FROM orders",
        "SELECT * FROM elsewhere",
        "SELECT columns('i.*') FROM orders",
        "SELECT 1 AS a; SELECT 2 AS b",
        "CREATE TABLE x (a INTEGER)",
        "",
        "(" * 300,
    ],
)
def test_what_cannot_be_told_is_not_claimed(query):
    assert query_lineage(query, TABLES) is None


def test_a_result_of_another_width_is_not_claimed():
    assert query_lineage("SELECT id FROM orders", TABLES, result=["a", "b"]) is None
