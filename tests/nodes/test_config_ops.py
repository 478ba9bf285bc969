"""The operations of a config_op transform."""

from __future__ import annotations

import pandas as pd
import pytest

from odibi_core.core import Step
from odibi_core.errors import StepOptionError

ORDERS = {
    "id": [3, 1, 2, 4],
    "Region Name": ["north", None, "south", "north"],
    "amount": [30.5, 10.0, None, 30.5],
}


@pytest.fixture
def apply(bench):
    def apply(data=ORDERS, **params):
        bench.data_map["x"] = bench.context.adopt(pd.DataFrame(data))
        bench.run(Step(name="s", params=params, inputs={"data": "x"}, outputs={"data": "y"}))
        return bench.frame("y")

    return apply


def test_select_keeps_columns_in_the_order_named(apply):
    assert apply(select=["amount", "id"]) == {"amount": ORDERS["amount"], "id": ORDERS["id"]}


def test_drop_takes_columns_out(apply):
    assert list(apply(drop="Region Name")) == ["id", "amount"]


def test_rename_keeps_place_and_values(apply):
    assert list(apply(rename={"Region Name": "region"})) == ["id", "region", "amount"]


def test_columns_may_swap_names(apply):
    assert apply({"a": [1], "b": [2]}, rename={"a": "b", "b": "a"}) == {"b": [1], "a": [2]}


def test_filter_takes_an_sql_expression(apply):
    assert apply(filter="amount > 20 -- large ones")["id"] == [3, 4]


def test_an_expression_may_read_the_data_as_it_is_by_then(apply):
    result = apply(
        operations=[
            {"filter": "amount IS NOT NULL"},
            {"derive": {"rows": "(SELECT count(*) FROM data)"}},
            {"filter": "amount < (SELECT max(amount) FROM data)"},
        ]
    )
    assert (result["id"], result["rows"]) == ([1], [3])


def test_derive_adds_and_replaces_columns(apply):
    result = apply(derive={"double": "amount * 2", "id": "id + 100"})
    assert list(result) == ["id", "Region Name", "amount", "double"]
    assert result["id"] == [103, 101, 102, 104]
    assert result["double"] == [61.0, 20.0, None, 61.0]


def test_cast_takes_arrow_and_sql_names(apply):
    result = apply({"a": ["1"], "b": [2.0]}, cast={"a": "int64", "b": "VARCHAR"})
    assert result == {"a": [1], "b": ["2.0"]}


def test_fill_replaces_what_is_not_there(apply):
    result = apply(fill={"Region Name": "it's unknown", "amount": 0})
    assert result["Region Name"] == ["north", "it's unknown", "south", "north"]
    assert result["amount"] == [30.5, 10.0, 0.0, 30.5]


def test_sort_takes_a_minus_for_descending_and_puts_what_is_not_there_last(apply):
    assert apply(sort=["-amount", "id"])["id"] == [3, 4, 1, 2]


def test_limit_keeps_the_first_rows(apply):
    assert apply(limit=2)["id"] == [3, 1]


def test_dedupe_keeps_the_first_of_equal_rows_in_order(apply):
    assert apply({"a": [2, 1, 2, 1], "b": [1, 2, 1, 3]}, dedupe=True) == {"a": [2, 1, 1], "b": [1, 2, 3]}
    assert apply({"a": [2, 1, 2, 1], "b": [1, 2, 1, 3]}, dedupe=["a"]) == {"a": [2, 1], "b": [1, 2]}


def test_operations_come_in_the_order_they_are_written(apply):
    assert apply(limit=1, sort="id")["id"] == [3]
    assert apply(sort="id", limit=1)["id"] == [1]


def test_a_list_of_operations_may_use_one_twice(apply):
    operations = [{"filter": "amount > 5"}, {"derive": {"amount": "amount / 10"}}, {"filter": "amount > 2"}]
    assert apply(operations=operations)["amount"] == [3.05, 3.05]


def test_placeholders_in_expressions_are_values(bench, monkeypatch):
    monkeypatch.setenv("ODIBI_TEST_NAME", "x' OR 'a' = 'a")
    bench.data_map["x"] = bench.context.adopt(pd.DataFrame({"name": ["x' OR 'a' = 'a", "other"]}))
    params = {"filter": "name = ${env:ODIBI_TEST_NAME}"}
    bench.run(Step(name="s", params=params, inputs={"data": "x"}, outputs={"data": "y"}))
    assert bench.frame("y") == {"name": ["x' OR 'a' = 'a"]}


def test_column_names_may_hold_anything(apply):
    name = 'we"ird; --`[x]'
    assert apply({name: [2, 1], "b": [1, 2]}, sort=name, select=[name]) == {name: [1, 2]}


@pytest.mark.parametrize(
    ("params", "field", "message", "help"),
    [
        ({"slect": ["id"]}, "params.slect", "no operation `slect`", "select"),
        ({"select": ["amuont"]}, "params.select.0", "no column `amuont`", "amount"),
        ({"limit": -1}, "params.limit", "limit", None),
        ({"limit": True}, "params.limit", "limit", None),
        ({"sort": []}, "params.sort", "column", None),
        ({"filter": ""}, "params.filter", "expression", None),
        ({"fill": {"amount": None}}, "params.fill.amount", "fill", None),
        ({"cast": {"amount": "INT); DROP TABLE x; --"}}, "params.cast.amount", "not a type", None),
        ({"rename": {"id": "amount"}}, "params.rename.id", "two columns", None),
        ({"operations": [{"sort": "id", "limit": 1}]}, "params.operations.0", "one operation", None),
        ({"operations": [{"sort": "id"}, {"limit": "x"}]}, "params.operations.1.limit", "limit", None),
    ],
)
def test_what_makes_no_sense_names_its_field(apply, params, field, message, help):
    with pytest.raises(StepOptionError, match=message) as raised:
        apply(**params)
    assert raised.value.field == field
    assert help is None or help in raised.value.help


def test_a_value_that_is_not_used_is_said(bench):
    recorded = []
    record = bench.tracker.record
    bench.tracker.record = lambda event: (recorded.append(event), record(event))[0]
    bench.data_map["x"] = bench.context.adopt(pd.DataFrame({"a": [1]}))
    bench.run(Step(name="s", value="SELECT 1", inputs={"data": "x"}, outputs={"data": "y"}))
    assert any("not used" in getattr(event, "message", "") for event in recorded)
