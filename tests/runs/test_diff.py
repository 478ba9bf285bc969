"""What a diff of two tables may claim, and that it is true: against an oracle on every kind of column."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odibi_core.journal.events import ColumnInfo
from odibi_core.runs.diff import diff_tables
from tests.counts import count


def diff(before: pa.Table, after: pa.Table, **options):
    options = {"before_rows": before.num_rows, "after_rows": after.num_rows, **options}
    return diff_tables(before, after, **options)


def signs(found) -> list[tuple[str, object]]:
    return [(row.sign, next(iter(row.key.values()))) for row in found.rows]


def test_rows_are_compared_by_the_key_given():
    before = pa.table({"k": [1, 2, 3], "v": ["a", "b", "c"]})
    after = pa.table({"k": [3, 4, 1], "v": ["c", "d", "A"]})
    found = diff(before, after, key=("k",))
    assert (found.basis, found.added, found.removed, found.changed, found.same) == ("all rows", 1, 1, 1, 1)
    assert found.changed_cells == {"v": 1}
    by_sign = {row.sign: row for row in found.rows}
    assert by_sign["+"].after == {"k": 4, "v": "d"} and by_sign["+"].before is None
    assert by_sign["-"].before == {"k": 2, "v": "b"} and by_sign["-"].after is None
    assert by_sign["~"].changed == ("v",)
    assert (by_sign["~"].before, by_sign["~"].after) == ({"k": 1, "v": "a"}, {"k": 1, "v": "A"})


def test_equal_tables_have_an_empty_diff_whatever_their_order():
    table = pa.table({"k": [1, 2, 3], "v": [None, float("nan"), 1.5]})
    found = diff(table, table.take([2, 0, 1]))
    assert found.is_empty and found.key == ("k",) and found.key_found


def test_a_filter_invents_no_rows():
    before = pa.table({"id": list(range(2000)), "v": [i % 7 for i in range(2000)]})
    after = before.filter(pa.compute.field("v") < 2)
    found = diff(before, after)
    assert (found.added, found.changed, found.removed) == (0, 0, 2000 - after.num_rows)
    assert found.row_delta == after.num_rows - 2000


def test_previews_that_do_not_hold_every_row_tell_of_schema_and_counts_only():
    table = pa.table({"id": list(range(1000))})
    found = diff(table, table, before_rows=12_391, after_rows=2_104)
    assert found.basis == "schema and counts" and found.rows == () and found.added is None
    assert found.row_delta == 2_104 - 12_391
    assert found.reason == "only 1,000 of 12,391 rows are stored"


@pytest.mark.parametrize(
    ("before_rows", "reason"),
    [(None, "it is not known how many rows there are"), (1, "2 rows are stored where there should be 1")],
)
def test_counts_that_are_unknown_or_contradict_the_data_allow_no_claim(before_rows, reason):
    table = pa.table({"id": [1, 2]})
    found = diff(table, table, before_rows=before_rows)
    assert (found.basis, found.reason) == ("schema and counts", reason)


def test_without_tables_the_schema_comes_from_what_was_recorded():
    found = diff_tables(
        None,
        None,
        before_rows=10,
        after_rows=6,
        before_columns=[ColumnInfo("a", "int64"), ColumnInfo("gone", "string")],
        after_columns=[ColumnInfo("a", "double"), ColumnInfo("new", "bool")],
    )
    assert found.schema.added == ("new",) and found.schema.removed == ("gone",)
    assert [(c.name, c.before, c.after) for c in found.schema.types] == [("a", "int64", "double")]
    assert found.row_delta == -4 and found.reason == "the rows are not stored"


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ({"k": [1, 1]}, {"k": [1, 2]}, "`k` is not unique before"),
        ({"k": [1, 2]}, {"k": [2, 2]}, "`k` is not unique after"),
        ({"k": [1, None]}, {"k": [1, 2]}, "key column `k` has rows without a value before"),
        ({"k": [1.5, math.nan]}, {"k": [1.5, 2.5]}, "key column `k` has rows without a value before"),
        ({"j": [1]}, {"k": [1]}, "key column `k` is missing before"),
        ({"k": [1]}, {"k": ["1"]}, "the types of the key columns cannot be compared"),
        ({"k": [[1]]}, {"k": [[1]]}, "the types of the key columns cannot be compared"),
    ],
)
def test_a_given_key_that_does_not_hold_is_not_replaced_by_another(before, after, reason):
    first, second = ({"other": list(range(len(t[next(iter(t))]))), **t} for t in (before, after))
    found = diff(pa.table(first), pa.table(second), key=("k",))
    assert (found.basis, found.reason) == ("schema and counts", reason)


def test_a_column_named_like_a_key_is_found_first():
    table = pa.table({"name": ["x", "y"], "order_id": [7, 8]})
    assert diff(table, table).key == ("order_id",)


def test_a_column_with_gaps_is_no_key():
    table = pa.table({"id": [1, None], "name": ["x", "y"]})
    assert diff(table, table).key == ("name",)
    assert diff(table.select(["id"]), table.select(["id"])).basis == "schema and counts"


def test_floats_of_other_widths_are_compared_exactly():
    before = pa.table({"k": [1, 2], "v": pa.array([0.1, 0.5], pa.float32())})
    after = pa.table({"k": [1, 2], "v": [0.1, 0.5]})
    assert [row.key for row in diff(before, after).rows] == [{"k": 1}]


def test_two_columns_make_a_key_where_one_does_not():
    before = pa.table({"day": ["mon", "mon", "tue"], "shop": [1, 2, 1], "v": [0.5, 0.5, 0.5]})
    after = pa.table({"day": ["mon", "tue", "tue"], "shop": [1, 1, 2], "v": [0.5, 1.5, 0.5]})
    found = diff(before, after)
    assert found.key == ("day", "shop")
    assert (found.added, found.removed, found.changed) == (1, 1, 1)


def test_floats_are_no_key_unless_given():
    table = pa.table({"v": [0.5, 1.5]})
    assert diff(table, table).basis == "schema and counts"
    assert diff(table, table, key=("v",)).is_empty


def test_keys_are_compared_across_types_that_hold_the_same_values():
    before = pa.table({"k": pa.array([1, 2], pa.int32()), "s": pa.array(["a", "b"]).dictionary_encode()})
    after = pa.table({"k": [1.0, 3.0], "s": pa.array(["a", "c"], pa.large_string())})
    found = diff(before, after, key=("k",))
    assert (found.added, found.removed, found.same) == (1, 1, 1)
    assert diff(before, after, key=("s",)).same == 1  # k is 1 and 1.0


def test_large_integers_are_not_rounded_into_one_another():
    before = pa.table({"k": [1], "v": pa.array([2**53 + 1], pa.int64())})
    after = pa.table({"k": [1], "v": pa.array([float(2**53)], pa.float64())})
    assert diff(before, after, key=("k",)).changed == 1
    assert diff(before.select(["v"]), after.select(["v"]), key=("v",)).removed == 1
    after = pa.table({"v": [2.0**54]})
    assert diff(before.select(["v"]), after, key=("v",)).reason is not None


def test_a_column_whose_type_became_another_sort_is_named_not_compared():
    before = pa.table({"k": [1, 2], "v": ["1.5", "2.5"]})
    after = pa.table({"k": [1, 2], "v": [1.5, 2.5]})
    found = diff(before, after)
    assert (found.changed, found.same) == (0, 2)
    assert found.not_compared == {"v": "its type changed from string to double"}
    assert not found.is_empty


def test_a_tolerance_forgives_small_differences_of_floats_only():
    before = pa.table({"k": [1, 2, 3], "f": [1.0, 1e6, math.inf], "n": [1, 2, 3]})
    after = pa.table({"k": [1, 2, 3], "f": [1.0 + 1e-9, 1e6 + 1e-3, 1e300], "n": [1, 2, 4]})
    assert diff(before, after).changed == 3
    found = diff(before, after, tolerance=1e-8)
    assert found.changed == 1 and found.changed_cells == {"f": 1, "n": 1}


def test_a_zero_and_a_minus_zero_are_the_same():
    before = pa.table({"k": [0.0, 1.5], "v": [0.0, 1.0]})
    after = pa.table({"k": [-0.0, 1.5], "v": [-0.0, 1.0]})
    assert diff(before, after, key=("k",)).is_empty


def test_more_rows_than_asked_for_are_counted_and_every_sign_is_shown():
    before = pa.table({"k": list(range(0, 300)), "v": [0] * 300})
    after = pa.table({"k": list(range(100, 400)), "v": [1] * 300})
    found = diff(before, after, max_rows=30)
    assert (found.removed, found.changed, found.added) == (100, 200, 100)
    assert len(found.rows) == 30 and found.truncated == 370
    assert {row.sign for row in found.rows} == {"+", "-", "~"}
    assert diff(before, after, max_rows=0).rows == ()


def test_columns_of_one_name_are_not_compared():
    before = pa.table([pa.array([1, 2]), pa.array([1, 2]), pa.array([3, 4])], names=["k", "v", "v"])
    after = pa.table([pa.array([1, 2]), pa.array([5, 6])], names=["k", "v"])
    found = diff(before, after)
    assert found.not_compared == {"v": "several columns have this name"}
    assert found.schema.removed == ("v",)


def test_above_the_limit_only_keys_of_one_bucket_are_compared_and_every_finding_is_true():
    before = pa.table({"id": list(range(5000)), "v": [0] * 5000})
    after = pa.table({"id": list(range(1000, 6000)), "v": [i % 2 for i in range(5000)]})
    found = diff(before, after, exact_up_to=1000, max_rows=10_000)
    assert found.basis == "sample of keys" and found.buckets == 5
    assert found.truncated == 0 and found.rows
    for row in found.rows:
        key = row.key["id"]
        assert row.sign == ("-" if key < 1000 else "+" if key >= 5000 else "~")
        if row.sign == "~":
            assert (key - 1000) % 2 == 1
    assert 0.1 < (found.removed + found.changed + found.same) / 5000 < 0.3


ODD = {
    "decimal256": pa.array([Decimal(1), Decimal(2)], pa.decimal256(50, 2)),
    "decimal32": pa.array([Decimal(1), Decimal(2)], pa.decimal32(5, 2)),
    "half": pa.array([1.0, 2.0], pa.float32()).cast(pa.float16()),
    "bool": pa.array([True, False]),
    "date64": pa.array([dt.date(2020, 1, 1), dt.date(2020, 1, 2)], pa.date64()),
    "time32": pa.array([1, 2], pa.time32("s")),
    "fixed": pa.array([b"ab", b"cd"], pa.binary(2)),
    "text view": pa.array(["a", "b"], pa.string_view()),
    "binary view": pa.array([b"a", b"b"], pa.binary_view()),
    "uuid": pa.array([b"1" * 16, b"2" * 16], pa.uuid()),
    "null": pa.nulls(2),
    "interval": pa.array([pa.MonthDayNano([1, 0, 0]), pa.MonthDayNano([2, 0, 0])]),
    "list": pa.array([[1], [2]]),
    "list view": pa.array([[1], [2]], pa.list_view(pa.int64())),
    "dictionary": pa.array(["a", "b"]).dictionary_encode(),
    "zoned": pa.array([1, 2], pa.timestamp("ms", "Europe/Berlin")),
    "ns": pa.array([1, 2], pa.timestamp("ns")),
    "far": pa.array([dt.datetime(9999, 1, 1), dt.datetime(1, 1, 1)], pa.timestamp("us")),
    "runs": pa.RunEndEncodedArray.from_arrays([1, 2], ["a", "b"]),
    "uint64": pa.array([1, 2**63 + 1], pa.uint64()),
    "int8": pa.array([1, 2], pa.int8()),
    "union": pa.UnionArray.from_sparse(pa.array([0, 1], pa.int8()), [pa.array([1, 2]), pa.array(["a", "b"])]),
}


@pytest.mark.parametrize("one", ODD)
def test_types_however_odd_are_compared_or_named(one):
    for other in ODD:
        before = pa.table({"k": ODD[one], "v": ODD[other], "id": [1, 2]})
        after = pa.table({"k": ODD[other], "v": ODD[one], "id": [1, 2]})
        for key in ((), ("k",), ("id",)):
            for limit in (1, 100):
                assert diff(before, before, key=key, exact_up_to=limit).changed in (0, None)
                found = diff(before, after, key=key, exact_up_to=limit)
                assert found.basis == "schema and counts" or found.key
        assert diff(before, before, key=("id",)).is_empty


# -- against the oracle ----------------------------------------------------------------------------

KEYS = {
    pa.int64(): st.integers(-5, 5) | st.sampled_from([2**62, -(2**62)]),
    pa.string(): st.text("abé\0", max_size=2),
    pa.date32(): st.dates(dt.date(2020, 1, 1), dt.date(2020, 1, 9)),
    pa.timestamp("us"): st.datetimes(dt.datetime(2020, 1, 1), dt.datetime(2020, 1, 2)).map(
        lambda t: t.replace(minute=0, second=0, microsecond=0)
    ),
    pa.decimal128(10, 2): st.integers(-4, 4).map(lambda n: Decimal(n) / 4),
    pa.binary(): st.binary(max_size=1),
    pa.bool_(): st.booleans(),
    pa.time64("us"): st.integers(0, 5).map(lambda h: dt.time(h)),
    pa.duration("ms"): st.integers(0, 5).map(lambda n: dt.timedelta(seconds=n)),
}
VALUES = {
    **KEYS,
    pa.float64(): st.sampled_from([0.0, -0.0, 1.5, math.nan, math.inf, -math.inf, 1e300]),
    pa.float32(): st.sampled_from([0.0, 1.5, math.nan]),
    pa.float16(): st.sampled_from([0.0, 1.5, math.nan]),
    pa.list_(pa.float64()): st.lists(st.sampled_from([1.0, math.nan, None]), max_size=2),
    pa.struct([("a", pa.int64())]): st.fixed_dictionaries({"a": st.sampled_from([1, 2, None])}),
    pa.null(): st.none(),
    pa.dictionary(pa.int8(), pa.string()): st.sampled_from(["x", "y"]),
    pa.month_day_nano_interval(): st.integers(0, 2).map(lambda n: pa.MonthDayNano([n, 0, 0])),
}


def equal(a, b) -> bool:
    if isinstance(a, float) and isinstance(b, float) and math.isnan(a) and math.isnan(b):
        return True
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(equal, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(equal(a[k], b[k]) for k in a)
    return (a is None) == (b is None) and a == b


@st.composite
def table_pairs(draw):
    key_types = draw(st.lists(st.sampled_from(list(KEYS)), min_size=1, max_size=2))
    names = [f"k{i}" for i in range(len(key_types))]
    value_types = draw(st.lists(st.sampled_from(list(VALUES)), max_size=3))
    sides = []
    for _ in range(2):
        keys = draw(st.lists(st.tuples(*(KEYS[t] for t in key_types)), unique=True, max_size=8))
        columns = {n: pa.array([k[i] for k in keys], key_types[i]) for i, n in enumerate(names)}
        for i, kind in enumerate(value_types):
            cells = st.none() | VALUES[kind]
            chosen = draw(st.lists(cells, min_size=len(keys), max_size=len(keys)))
            if pa.types.is_dictionary(kind):
                columns[f"v{i}"] = pa.array(chosen, kind.value_type).dictionary_encode()
            elif pa.types.is_float16(kind):
                import numpy as np

                halves = np.array([np.nan if c is None else c for c in chosen], np.float16)
                columns[f"v{i}"] = pa.array(halves, mask=np.array([c is None for c in chosen], bool))
            else:
                columns[f"v{i}"] = pa.array(chosen, kind)
        sides.append(pa.table(columns))
    return names, *sides


@given(table_pairs())
@settings(max_examples=count(2000), deadline=None)
def test_every_finding_agrees_with_a_plain_comparison(pair):
    names, before, after = pair
    found = diff(before, after, key=names)
    old = {tuple(row[n] for n in names): row for row in before.to_pylist()}
    new = {tuple(row[n] for n in names): row for row in after.to_pylist()}
    expected = dict.fromkeys(old.keys() - new.keys(), ("-", ()))
    expected |= dict.fromkeys(new.keys() - old.keys(), ("+", ()))
    for key in old.keys() & new.keys():
        changed = tuple(c for c in after.column_names if not equal(old[key][c], new[key][c]))
        if changed:
            expected[key] = ("~", changed)
    assert {tuple(r.key[n] for n in names): (r.sign, r.changed) for r in found.rows} == expected
    assert found.basis == "all rows" and found.truncated == 0
    assert found.same == len(old.keys() & new.keys()) - found.changed
    for row in found.rows:
        key = tuple(row.key[n] for n in names)
        assert row.before is None or equal(row.before, old[key])
        assert row.after is None or equal(row.after, new[key])
    cells = [c for _, changed in expected.values() for c in changed]
    assert found.changed_cells == {c: cells.count(c) for c in cells}


@given(table_pairs(), st.integers(1, 4))
@settings(max_examples=count(500), deadline=None)
def test_a_sample_finds_a_part_of_what_all_rows_show_and_nothing_else(pair, limit):
    names, before, after = pair
    whole = diff(before, after, key=names)
    sampled = diff(before, after, key=names, exact_up_to=limit)
    facts = {(tuple(r.key[n] for n in names), r.sign, r.changed) for r in whole.rows}
    assert {(tuple(r.key[n] for n in names), r.sign, r.changed) for r in sampled.rows} <= facts
    assert sampled.basis == ("all rows" if max(len(before), len(after)) <= limit else "sample of keys")


@given(table_pairs())
@settings(max_examples=count(500), deadline=None)
def test_a_key_that_is_found_is_unique_and_never_null_on_both_sides(pair):
    _, before, after = pair
    found = diff(before, after)
    for table in (before, after) if found.key else ():
        keys = [tuple(row[n] for n in found.key) for row in table.to_pylist()]
        assert len(set(keys)) == len(keys) and not any(None in key for key in keys)


def test_a_key_is_missed_for_its_nulls_where_that_is_the_reason():
    table = pa.table({"k": [1, 2, None], "v": [1.0, 1.0, 1.0]})
    assert diff(table, table).reason == (
        "`k` would be a key, but has rows without a value; name another in `metadata.key`"
    )
    assert "no set of up to three columns is unique" in diff(*[pa.table({"v": [1.0, 1.5]})] * 2).reason


def test_a_missing_key_column_is_told_with_the_one_that_may_be_meant():
    table = pa.table({"order_id": [1, 2], "v": [1.0, 2.0]})
    assert diff(table, table, key=("ordre_id",)).reason == (
        "key column `ordre_id` is missing before; there is `order_id`"
    )


def test_types_are_named_as_in_the_schema():
    before = pa.table({"k": [1], "v": pa.array(["x"], pa.large_string())})
    after = pa.table({"k": [1], "v": [1.5]})
    assert diff(before, after, key=("k",)).not_compared == {"v": "its type changed from string to double"}
