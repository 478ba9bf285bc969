"""Profiles: the statistics of columns, the same on every engine, held against plain Python."""

from __future__ import annotations

import math
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odibi_core.engine import create_engine_context, profile_table, profiling
from odibi_core.engine.profile_known import KnownColumns
from odibi_core.journal import profile as profile_words
from odibi_core.journal.profile import decode_profile, encode_profile
from odibi_core.journal.values import json_value
from tests.counts import count

TYPES = {
    "int": (pa.int64(), st.integers(-(2**40), 2**40) | st.integers(-3, 3)),
    "float": (
        pa.float64(),
        st.floats(-1e12, 1e12, allow_nan=False) | st.sampled_from([0.5, 1.5, math.nan, math.inf, -math.inf]),
    ),
    "text": (pa.string(), st.text(max_size=4) | st.sampled_from(["a", "b", "é", "x'y\"z"])),
    "bool": (pa.bool_(), st.booleans()),
    "date": (pa.date32(), st.dates(date(1950, 1, 1), date(2080, 1, 1)) | st.sampled_from([date(2026, 1, 1)])),
    "moment": (
        pa.timestamp("us"),
        st.datetimes(datetime(1950, 1, 1), datetime(2080, 1, 1)) | st.just(datetime(2026, 1, 1)),
    ),
    "decimal": (
        pa.decimal128(12, 2),
        st.decimals(-(10**6), 10**6, places=2, allow_nan=False) | st.just(Decimal("1.50")),
    ),
}


@st.composite
def tables(draw: Any) -> pa.Table:
    """Returns a table with a column of each type, with nulls, in any number of rows."""
    rows = draw(st.integers(0, 40))
    columns = {}
    for name, (dtype, values) in TYPES.items():
        cells = draw(st.lists(st.none() | values, min_size=rows, max_size=rows))
        columns[name] = pa.array(cells, dtype)
    return pa.table(columns)


@pytest.fixture(scope="module", params=["duckdb", "pandas"])
def own_context(request: pytest.FixtureRequest) -> Any:
    with create_engine_context(request.param) as context:
        yield context


@settings(max_examples=count(400), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(table=tables())
def test_statistics_are_those_of_plain_python(own_context: Any, table: pa.Table) -> None:
    found = own_context.profile(own_context.adopt(table))
    assert (found.rows, found.looked_at, found.basis) == (table.num_rows, table.num_rows, "all")
    assert [column.name for column in found.columns] == table.column_names
    for column in found.columns:
        values = table.column(column.name).to_pylist()
        if own_context.name == "pandas":  # where NaN is null
            values = [None if isinstance(v, float) and math.isnan(v) else v for v in values]
        hold(column, values)


def hold(column: Any, values: list[Any]) -> None:
    """Asserts that a profile tells of a column what its values say."""
    there = [value for value in values if value is not None]
    finite = [v for v in there if not isinstance(v, float) or math.isfinite(v)]
    assert column.nulls == len(values) - len(there)
    assert column.not_finite == len(there) - len(finite)
    counts = Counter("NaN" if isinstance(v, float) and math.isnan(v) else v for v in there)
    assert (column.distinct, column.distinct_exact) == (len(counts), True)
    expected = (
        sorted((n for n in counts.values()), reverse=True)[:10] if max(counts.values(), default=0) > 1 else []
    )
    assert [top.count for top in column.top] == expected
    by_shown = Counter({shown(key): n for key, n in counts.items()})
    assert all(by_shown[shown(top.value)] == top.count for top in column.top)
    if column.kind in ("number", "time", "text") and finite:
        assert (column.min, column.max) == (cell(min(finite)), cell(max(finite)))
    else:
        assert column.min is None and column.max is None
    if column.kind not in ("number", "time") or not finite:
        assert column.quantiles == () and column.histogram is None
        return
    ordered = sorted(finite)
    ranks = [max(0, math.ceil(fraction * len(ordered)) - 1) for fraction in (0.25, 0.5, 0.75)]
    assert column.quantiles == tuple(cell(ordered[rank]) for rank in ranks)
    if column.kind == "number":
        assert column.mean == pytest.approx(sum(map(float, finite)) / len(finite), rel=1e-9, abs=1e-6)
    histogram = column.histogram
    assert sum(histogram.counts) == len(finite)
    assert len(histogram.edges) == len(histogram.counts) + 1 <= 22
    assert list(histogram.edges) == sorted(histogram.edges)


def cell(value: Any) -> Any:
    return json_value(value)


def shown(value: Any) -> str:
    if isinstance(value, float) and math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return str(cell(value))


def test_each_histogram_bin_counts_its_own_values(context: Any) -> None:
    numbers = [0.0, 0.5, 1.0, 1.5, 10.0, 20.0]
    found = full(context, pa.table({"x": numbers, "n": [1, 2, 2, 3, 3, 3]}))
    x, n = found.columns
    assert x.histogram.edges == tuple(map(float, range(21)))
    assert x.histogram.counts == (3, 1, *[0] * 7, 1, *[0] * 9, 1)  # an edge belongs to the bin below
    assert (n.histogram.edges, n.histogram.counts) == ((0, 1, 2, 3), (1, 2, 3))


def full(context: Any, table: pa.Table) -> Any:
    return context.profile(context.adopt(table), full=True)


def test_what_has_no_order_is_counted(duckdb_context: Any) -> None:
    table = pa.table(
        {
            "nested": [[1], None, []],
            "binary": [b"a", b"a", None],
            "nothing": pa.nulls(3),
            "span": [timedelta(1), timedelta(1), None],
            "clock": [time(1), time(2), None],
            "zoned": pa.array([datetime(2026, 1, 1, tzinfo=UTC)] * 2 + [None]),
            "big": pa.array([2**64 - 1, 1, None], pa.uint64()),
        }
    )
    found = {column.name: column for column in full(duckdb_context, table).columns}
    assert [found[name].nulls for name in table.column_names] == [1, 1, 3, 1, 1, 1, 1]
    assert (found["nested"].kind, found["nested"].distinct) == ("other", None)
    assert (found["binary"].distinct, found["span"].distinct) == (1, 1)
    assert (found["clock"].min, found["clock"].quantiles) == (
        "01:00:00",
        ("01:00:00", "01:00:00", "02:00:00"),
    )
    assert found["zoned"].min == "2026-01-01T00:00:00+00:00"
    assert found["big"].max == str(2**64 - 1)


@pytest.mark.parametrize("dtype", [pa.float16(), pa.decimal256(50, 2), pa.month_day_nano_interval()])
def test_types_that_duckdb_lacks_are_counted_too(dtype: pa.DataType) -> None:
    table = pa.table(
        {"x": pa.array([1, None], dtype) if "interval" not in str(dtype) else pa.nulls(2, dtype)}
    )
    assert profiling.profile_arrow(table).columns[0].nulls == (1 if "interval" not in str(dtype) else 2)


def test_names_of_any_kind_are_kept_apart(duckdb_context: Any, pandas_context: Any) -> None:
    names = ['"; drop table x; --', "select", "", "a.b", "ä" * 200, "x y"]
    table = pa.table([[i] for i in range(len(names))], names=names)
    for context in (duckdb_context, pandas_context):
        if context.name == "duckdb":
            table = table.drop_columns([""])
        found = full(context, table)
        assert [(c.name, c.min) for c in found.columns] == [
            (n, table[n][0].as_py()) for n in table.column_names
        ]
    twice = pa.table([[1], [2], [3]], names=["a", "a", "A"])
    assert [(c.name, c.min) for c in profiling.profile_arrow(twice).columns] == [("a", 1), ("a", 2), ("A", 3)]


def test_long_texts_are_cut_and_no_rows_are_no_error(duckdb_context: Any) -> None:
    column = full(duckdb_context, pa.table({"x": ["y" * 5_000] * 2})).columns[0]
    assert column.min == "y" * 200 + "…" == column.top[0].value
    empty = full(duckdb_context, pa.table({"x": pa.array([], pa.int64())}))
    assert (empty.rows, empty.columns[0].min, empty.columns[0].distinct) == (0, None, 0)


def test_infinities_and_sums_beyond_doubles(duckdb_context: Any) -> None:
    found = full(duckdb_context, pa.table({"x": [1e308, 1e308, math.inf]})).columns[0]
    assert (found.mean, found.max, found.not_finite) == (None, 1e308, 1)


@pytest.mark.parametrize(
    "ends",
    [(0.0, 9.46e306), (-1e308, 1e308), (1.6e308, 1.7e308), (0.0, 5e-324), (-0.0, 0.0), (1e16, 1e16 + 2)],
)
def test_a_histogram_of_numbers_at_the_ends_of_doubles(
    duckdb_context: Any, ends: tuple[float, float]
) -> None:
    histogram = full(duckdb_context, pa.table({"x": list(ends)})).columns[0].histogram
    assert sum(histogram.counts) == 2 and len(histogram.edges) == len(histogram.counts) + 1
    assert all(map(math.isfinite, histogram.edges))


def test_many_columns_are_asked_in_parts(duckdb_context: Any) -> None:
    table = pa.table({f"c{i}": [i, i + 1] for i in range(95)})
    found = full(duckdb_context, table)
    assert [(c.name, c.min, c.max) for c in found.columns] == [(f"c{i}", i, i + 1) for i in range(95)]


@pytest.fixture
def small_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than 2,000 rows are sampled, 500 of them."""
    for module in (profile_words, profile_table):
        monkeypatch.setattr(module, "EXACT_ROWS", 2_000)
    monkeypatch.setattr(profiling, "SAMPLE_ROWS", 500)
    monkeypatch.setattr(profiling, "_SAMPLE_BLOCK", 10)


def many(rows: int) -> pa.Table:
    return pa.table(
        {
            "id": range(rows),
            "group": [i % 7 for i in range(rows)],
            "some": [i if i % 4 else None for i in range(rows)],
        }
    )


@pytest.mark.usefixtures("small_samples")
def test_above_the_limit_a_sample_says_so(own_context: Any) -> None:
    frame = own_context.adopt(many(10_000))
    found = own_context.profile(frame)
    assert (found.rows, found.looked_at, found.basis) == (10_000, 500, "sample")
    assert found.said_basis() == "sample of 500 of 10,000 rows"
    ident, group, some = found.columns
    assert (ident.distinct, group.distinct) == (500, 7)
    assert some.nulls == 2_500 and "nulls" in some.whole  # of all rows, though the rest is of the sample
    assert 0 <= ident.min < 1_000 and 9_000 < ident.max < 10_000
    assert own_context.profile(frame) == found  # the same rows each time


@pytest.mark.usefixtures("small_samples")
def test_in_full_all_rows_are_looked_at(own_context: Any) -> None:
    found = own_context.profile(own_context.adopt(many(10_000)), full=True)
    assert (found.looked_at, found.basis) == (10_000, "all")
    ident, group, _ = found.columns
    assert (ident.min, ident.max, ident.mean) == (0, 9_999, 4_999.5)
    assert ident.quantiles[1] == pytest.approx(5_000, rel=0.05)
    assert sum(top.count for top in group.top) == 10_000


@pytest.mark.usefixtures("small_samples")
def test_frequent_values_among_very_many_are_those_of_the_sample_with_all_their_rows(
    duckdb_context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(profiling, "FEW_VALUES", 100)
    table = pa.table({"x": [-1 if i % 5 == 0 else i for i in range(10_000)]})
    found = full(duckdb_context, table).columns[0]
    assert [(top.value, top.count) for top in found.top] == [(-1, 2_000)]
    assert not found.distinct_exact and found.distinct == pytest.approx(8_001, rel=0.1)


@pytest.mark.parametrize(
    ("last", "top", "exact"), [(999, [], True), (0, [(0, 2)], False)], ids=["all different", "one twice"]
)
def test_of_very_many_values_those_are_told_that_are_there_more_than_once(
    duckdb_context: Any, monkeypatch: pytest.MonkeyPatch, last: int, top: list[Any], exact: bool
) -> None:
    monkeypatch.setattr(profiling, "FEW_VALUES", 100)
    column = full(duckdb_context, pa.table({"x": [*range(999), last]})).columns[0]
    assert [(value.value, value.count) for value in column.top] == top
    assert column.distinct_exact == exact
    assert column.distinct == (1_000 if exact else pytest.approx(999, rel=0.1))


def test_a_sample_has_its_size_and_stays_inside() -> None:
    for rows in (1_000_001, 1_234_567, 50_000_000):
        picked = profiling.sample_rows(rows)
        assert len(set(picked)) == len(picked) == profiling.SAMPLE_ROWS
        assert picked[0] >= 0 and picked[-1] < rows and picked == sorted(picked)


def test_a_profile_survives_json(duckdb_context: Any) -> None:
    found = full(duckdb_context, many(50))
    assert decode_profile(encode_profile(found)) == found


def test_the_scratch_table_of_a_sample_is_dropped(duckdb_context: Any, small_samples: None) -> None:
    duckdb_context.profile(duckdb_context.adopt(many(10_000)))
    assert duckdb_context._session.execute("SELECT count(*) FROM duckdb_tables()") == [(1,)]


@pytest.fixture
def counted_columns(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The columns that are looked at, when those of any number of rows are remembered."""
    looked: list[str] = []
    asked = profiling._profiled

    def listening(cursor: Any, source: str, columns: Any, *rest: Any) -> Any:
        looked.extend(column.native for column in columns)
        return asked(cursor, source, columns, *rest)

    monkeypatch.setattr(profiling, "WORTH_ROWS", 1)
    monkeypatch.setattr(profiling, "_profiled", listening)
    return looked


def test_a_column_that_a_step_hands_on_is_not_looked_at_again(
    duckdb_context: Any, counted_columns: list[str]
) -> None:
    duckdb_context.profile(duckdb_context.execute_sql("SELECT range AS a, 'x' || range AS b FROM range(50)"))
    assert counted_columns == ["BIGINT", "VARCHAR"]
    query = "SELECT 49 - range AS c, 'x' || range AS b, range / 2.0 AS d FROM range(50)"
    found = duckdb_context.profile(duckdb_context.execute_sql(query))
    assert counted_columns[2:] == ["DOUBLE"]  # in another order and of another name it is the same column
    assert [(c.name, c.type, c.max) for c in found.columns] == [
        ("c", "int64", 49), ("b", "string", "x9"), ("d", "double", 24.5),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "changed", ["range + 1", "CASE WHEN range = 3 THEN NULL ELSE range END", "range::INTEGER", "range % 49"]
)
def test_a_column_that_differs_in_anything_is_looked_at(
    duckdb_context: Any, counted_columns: list[str], changed: str
) -> None:
    duckdb_context.profile(duckdb_context.execute_sql("SELECT range AS a FROM range(50)"))
    duckdb_context.profile(duckdb_context.execute_sql(f"SELECT {changed} AS a FROM range(50)"))
    assert len(counted_columns) == 2


@settings(max_examples=count(200), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(one=tables(), other=tables())
def test_what_is_remembered_is_what_would_be_found(one: pa.Table, other: pa.Table) -> None:
    import duckdb

    known = KnownColumns()
    with duckdb.connect() as connection, pytest.MonkeyPatch.context() as patch:
        patch.setattr(profiling, "WORTH_ROWS", 1)
        for table in (one, other, one):
            anew = profiling.profile_arrow(table, cursor=connection)
            assert profiling.profile_arrow(table, cursor=connection, known=known) == anew


@pytest.mark.spark
@pytest.mark.usefixtures("small_samples")
def test_spark_looks_at_more_than_the_first_rows_only_in_full(spark_context: Any) -> None:
    frame = spark_context.adopt(many(10_000))
    assert spark_context.profile(frame) is None
    found = spark_context.profile(frame, full=True)
    assert (found.rows, found.basis) == (10_000, "sample") and 300 < found.looked_at < 700
    small = spark_context.profile(
        spark_context.execute_sql("SELECT id, id % 3 AS g FROM range(90)"), full=True
    )
    assert (small.rows, small.basis) == (90, "all")
    assert [top.count for top in small.columns[1].top] == [30, 30, 30]
