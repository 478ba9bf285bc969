"""The built-in functions, the same on every engine."""

import datetime
import inspect
import os
import re
import shutil
from pathlib import Path

import pyarrow as pa
import pytest

from odibi_core.core.node import Step
from odibi_core.engine import create_engine_context
from odibi_core.errors import ExpectationError, StepOptionError
from odibi_core.functions import builtin, call, resolve

HAS_JAVA = shutil.which("java") is not None


@pytest.fixture(scope="module", params=["pandas", "duckdb", pytest.param("spark", marks=pytest.mark.spark)])
def engine(request):
    if request.param == "spark" and not HAS_JAVA:
        if os.environ.get("ODIBI_REQUIRE_SPARK") == "1":
            pytest.fail("Java is needed for Spark")
        pytest.skip("Java is needed for Spark")
    with create_engine_context(request.param) as context:
        yield context


@pytest.fixture
def apply(engine):
    """Calls a built-in function by its short name on lists of dicts; returns a list of dicts."""

    def apply(name, /, *frames, **params):
        with engine.scope(name) as scope:
            tables = [pa.Table.from_pylist(rows) if isinstance(rows, list) else rows for rows in frames]
            given = {f"in_{i}": scope.adopt(table) for i, table in enumerate(tables)}
            result = call(resolve(name), given, params, context=scope, step=Step(name=name))
            return scope.to_arrow(result).to_pylist()

    return apply


def refusal(apply, *args, **kwargs):
    with pytest.raises(StepOptionError) as caught:
        apply(*args, **kwargs)
    return caught.value.field, str(caught.value)


SALES = [
    {"id": 1, "region": "north", "month": "jan", "amount": 10.0, "at": datetime.datetime(2026, 1, 5, 8, 30)},
    {"id": 2, "region": "south", "month": "jan", "amount": 20.0, "at": datetime.datetime(2026, 1, 6)},
    {"id": 1, "region": "north", "month": "feb", "amount": 30.0, "at": datetime.datetime(2026, 2, 1)},
    {"id": 3, "region": "north", "month": "feb", "amount": None, "at": datetime.datetime(2026, 12, 31)},
]


def test_dedupe_keeps_the_first_row_of_each_key_in_order(apply):
    assert [(row["id"], row["month"]) for row in apply("dedupe", SALES, keys="id")] == [
        (1, "jan"),
        (2, "jan"),
        (3, "feb"),
    ]


def test_dedupe_keeps_the_newest(apply):
    kept = apply("dedupe", SALES, keys=["id"], order_by="at", keep="last")
    assert [(row["id"], row["month"]) for row in kept] == [(2, "jan"), (1, "feb"), (3, "feb")]
    assert list(kept[0]) == list(SALES[0])


def test_dedupe_without_keys_drops_equal_rows(apply):
    assert apply("dedupe", [{"a": 1, "b": None}, {"a": 1, "b": None}, {"a": 2, "b": "x"}]) == [
        {"a": 1, "b": None},
        {"a": 2, "b": "x"},
    ]


def test_upsert_replaces_and_adds(apply):
    current = [{"id": 1, "v": "a"}, {"id": 2, "v": "b"}]
    changes = [{"v": "B", "id": 2}, {"v": "c", "id": 3}]
    rows = apply("upsert", current, changes, keys="id")
    assert sorted(rows, key=lambda row: row["id"]) == [
        {"id": 1, "v": "a"},
        {"id": 2, "v": "B"},
        {"id": 3, "v": "c"},
    ]


def test_upsert_refuses_what_is_ambiguous(apply):
    one = [{"id": 1, "v": "a"}]
    assert (
        "1 keys stand in `changes` more than once" in refusal(apply, "upsert", one, one + one, keys="id")[1]
    )
    assert (
        "`changes` lacks `v`, which `current` has" in refusal(apply, "upsert", one, [{"id": 1}], keys="id")[1]
    )


def test_expect_passes_the_data_on(apply):
    assert (
        apply(
            "expect",
            SALES,
            not_null=["id", "region"],
            unique=["id", "month"],
            between={"amount": [0, 100]},
            one_of={"month": ["jan", "feb"]},
            matches={"region": "^[a-z]+$"},
            min_rows=1,
            max_rows=4,
        )
        == SALES
    )


def test_expect_tells_everything_that_is_wrong(apply):
    with pytest.raises(ExpectationError) as caught:
        apply(
            "expect",
            SALES,
            not_null="amount",
            unique="id",
            between={"amount": [15, None]},
            one_of={"month": ["jan"]},
            matches={"region": "^n"},
            min_rows=9,
        )
    assert str(caught.value) == (
        "the data is not as expected: 1 rows have no `amount`; 1 rows have a `amount` below 15; "
        "2 rows have another `month`; 1 rows have a `region` that does not match `^n`; 1 rows repeat `id`; "
        "4 rows are fewer than 9"
    )


def test_expect_counts_no_rows_as_zero(apply):
    empty = pa.table({"id": pa.array([], pa.int64())})
    with pytest.raises(ExpectationError, match=r"expected: 0 rows are fewer than 1$"):
        apply("expect", empty, not_null="id", unique="id", min_rows=1)


def test_tidy_names_makes_plain_unique_names(apply):
    rows = apply(
        "tidy_names", [{"Order Date (UTC)": 1, "orderDate": 2, "Total": 3, "total ": 4, "HTTPCode": 5}]
    )
    assert list(rows[0]) == ["order_date_utc", "order_date", "total", "total_2", "http_code"]


def test_fill_missing_by_value(apply):
    rows = [{"a": None, "b": "x"}, {"a": 2, "b": None}]
    assert apply("fill_missing", rows, value={"a": 0, "b": "it's \\ none"}) == [
        {"a": 0, "b": "x"},
        {"a": 2, "b": "it's \\ none"},
    ]
    assert apply("fill_missing", rows, columns="a", value=7)[0] == {"a": 7, "b": "x"}


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("forward", [None, 1.0, 1.0, 1.0, 4.0]),
        ("backward", [1.0, 1.0, 4.0, 4.0, 4.0]),
        ("mean", [2.5, 1.0, 2.5, 2.5, 4.0]),
        ("median", [2.5, 1.0, 2.5, 2.5, 4.0]),
        ("min", [1.0, 1.0, 1.0, 1.0, 4.0]),
        ("max", [4.0, 1.0, 4.0, 4.0, 4.0]),
    ],
)
def test_fill_missing_from_other_rows(apply, method, expected):
    rows = [{"t": i, "v": v} for i, v in enumerate([None, 1.0, None, None, 4.0])]
    filled = apply("fill_missing", rows, columns="v", method=method, order_by="t")
    assert [row["v"] for row in filled] == expected


def test_fill_missing_keeps_groups_apart(apply):
    rows = [{"g": "a", "v": 1.0}, {"g": "b", "v": None}, {"g": "a", "v": None}, {"g": "b", "v": 5.0}]
    filled = apply("fill_missing", rows, columns="v", method="forward", by="g")
    assert [row["v"] for row in filled] == [1.0, None, 1.0, 5.0]


def test_fill_missing_wants_one_way(apply):
    assert "give `value` or `method`" in refusal(apply, "fill_missing", SALES)[1]
    assert refusal(apply, "fill_missing", SALES, method="forwards") == (
        "params.method",
        "unknown method `forwards`; `forward` exists",
    )


def test_date_parts_are_whole_numbers(apply):
    parts = ["year", "quarter", "month", "week", "day", "weekday", "day_of_year", "hour", "minute", "second"]
    row = apply("date_parts", SALES, column="at", parts=parts, prefix="at ")[0]
    assert [row[f"at {part}"] for part in parts] == [2026, 1, 1, 2, 5, 1, 5, 8, 30, 0]


def test_date_parts_of_text(apply):
    row = apply("date_parts", [{"day": "2026-03-04"}], column="day", parts="month")[0]
    assert row == {"day": "2026-03-04", "day_month": 3}
    assert refusal(apply, "date_parts", [{"d": "2026-03-04", "d_year": 1}], column="d")[0] == "params.prefix"


@pytest.mark.parametrize("method", ["iqr", "zscore"])
def test_flag_outliers_marks_what_is_far(apply, method):
    rows = [{"v": float(v)} for v in [1, 2, 3, 2, 1, 2, 3, 2, 1, 2, 3, 100]] + [{"v": None}]
    flags = [row["v_outlier"] for row in apply("flag_outliers", rows, columns="v", method=method)]
    assert flags == [False] * 11 + [True, False]


def test_flag_outliers_judges_each_group_by_itself(apply):
    rows = [
        {"g": g, "v": float(v)} for g in "ab" for v in ([1, 2, 3, 2] if g == "a" else [101, 102, 103, 102])
    ]
    assert not any(row["v_outlier"] for row in apply("flag_outliers", rows, columns="v", by="g"))


def test_pivot_makes_columns_of_values(apply):
    assert apply("pivot", SALES, index="region", columns="month", values="amount") == [
        {"region": "north", "feb": 30.0, "jan": 10.0},
        {"region": "south", "feb": None, "jan": 20.0},
    ]


def test_pivot_orders_number_columns_by_number_and_names_null(apply):
    rows = [{"k": 1, "c": c, "v": 1} for c in (10, 9, None)]
    result = apply("pivot", rows, index="k", columns="c", values="v", aggregate="count")
    assert list(result[0]) == ["k", "9", "10", "null"]


def test_pivot_refuses_two_columns_of_one_name(apply):
    rows = [{"k": 1, "c": "k", "v": 1}]
    assert refusal(apply, "pivot", rows, index="k", columns="c", values="v") == (
        "params.prefix",
        "two columns would be called `k`; give another `prefix`",
    )


def test_unpivot_undoes_pivot(apply):
    wide = [{"k": 1, "jan": 10, "feb": 30}, {"k": 2, "jan": 20, "feb": None}]
    long = apply("unpivot", wide, keep="k", name="month", value="amount")
    assert long == [
        {"k": 1, "month": "jan", "amount": 10},
        {"k": 1, "month": "feb", "amount": 30},
        {"k": 2, "month": "jan", "amount": 20},
        {"k": 2, "month": "feb", "amount": None},
    ]
    assert len(apply("unpivot", wide, keep="k", drop_null=True)) == 3


def test_an_unknown_column_is_named_with_the_nearest(apply):
    assert refusal(apply, "dedupe", SALES, keys="regoin") == (
        "params.keys",
        "`data` has no column `regoin`; a column `region` exists",
    )


def test_strange_column_names_are_only_names(apply):
    rows = [{'a "b" `c`; --': 1, "select": None}]
    assert apply("fill_missing", rows, columns="select", value="x") == [{'a "b" `c`; --': 1, "select": "x"}]


@pytest.mark.parametrize("name", builtin.__all__)
def test_each_is_documented_with_all_its_options(name):
    text = Path("docs/functions.md").read_text()
    section = re.search(rf"^### `{name}`\n(.*?)(?=^##|\Z)", text, re.DOTALL | re.MULTILINE)
    assert section is not None
    options = [
        p for p in inspect.signature(getattr(builtin, name)).parameters.values() if p.name != "context"
    ]
    frames = 2 if name == "upsert" else 1
    for option in options[frames:]:
        assert f"`{option.name}`" in section.group(1)
