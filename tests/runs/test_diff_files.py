"""What a diff of two Parquet files says: the same as one of two tables, and true of keys that do not hold."""

from __future__ import annotations

import datetime as dt
import math
import os
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odibi_core.errors import RunLogError
from odibi_core.runs.diff import TIMES, diff_files
from odibi_core.runs.diff_join import FileDiff
from tests.counts import count
from tests.runs.test_diff import ODD, equal, table_pairs


@pytest.fixture
def diff(tmp_path):
    """Compares two tables, or columns of them, through files."""

    def compare(before, after, **options):
        paths = []
        for name, table in (("before", before), ("after", after)):
            table, path = pa.table(table), tmp_path / f"{name}.parquet"
            pq.write_table(table, path, row_group_size=3 if table.num_rows < 100 else None)
            paths.append(path)
        return diff_files(*paths, **options)

    return compare


def test_rows_are_compared_by_the_key_given(diff):
    found = diff({"k": [1, 2, 3], "v": ["a", "b", "c"]}, {"k": [3, 4, 1], "v": ["c", "d", "A"]}, key=("k",))
    assert (found.basis, found.added, found.removed, found.changed, found.same) == ("all rows", 1, 1, 1, 1)
    assert (found.changed_cells, found.cells, found.change_rates) == ({"v": 1}, 1, {"v": 0.5})
    assert [(row.sign, row.key, row.before, row.after, row.changed) for row in found.rows] == [
        ("~", {"k": 1}, {"k": 1, "v": "a"}, {"k": 1, "v": "A"}, ("v",)),
        ("-", {"k": 2}, {"k": 2, "v": "b"}, None, ()),
        ("+", {"k": 4}, None, {"k": 4, "v": "d"}, ()),
    ]


def test_names_and_paths_are_never_taken_for_sql(tmp_path):
    odd = ['we"ird', "a'b", "", "select", "ROW", "row", "c0", "k0", "größe, *"]
    directory = tmp_path / "day=1" / "a'b [x] *?"
    directory.mkdir(parents=True)
    before, after = directory / "before.parquet", directory / "after.parquet"
    pq.write_table(pa.table({name: [1, 2] for name in odd}), before)
    pq.write_table(pa.table({name: [1, 2 if name != "c0" else 3] for name in reversed(odd)}), after)
    found = diff_files(before, after, key=('we"ird', "row"))
    assert (found.changed, found.changed_cells) == (1, {"c0": 1})
    assert set(found.rows[0].after) == set(odd)


def test_columns_of_one_name_and_columns_on_one_side_are_not_compared(tmp_path):
    before, after = tmp_path / "before.parquet", tmp_path / "after.parquet"
    pq.write_table(pa.table([pa.array([1]), pa.array([2]), pa.array([3])], names=["k", "v", "v"]), before)
    pq.write_table(pa.table({"k": [1], "v": [5], "new": [0]}), after)
    found = diff_files(before, after)
    assert found.not_compared == {"v": "several columns have this name"}
    assert (found.schema.added, found.schema.removed) == (("new",), ("v",))
    assert (found.changed, found.is_empty) == (0, False)


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ({"k": [1, 1]}, {"k": [1, 2]}, "`k` is not unique before"),
        ({"k": [1, 2]}, {"k": [2, 2]}, "`k` is not unique after"),
        ({"k": [1, 2]}, {"k": [3, 3]}, "`k` is not unique after"),
        ({"k": [3, 3]}, {"k": [1, 2]}, "`k` is not unique before"),
        ({"k": [1, 1]}, {"k": [1, 1]}, "`k` is not unique before"),
        ({"k": [1, None]}, {"k": [1, 2]}, "key column `k` has rows without a value before"),
        ({"k": [1.5, 2.5]}, {"k": [1.5, math.nan]}, "key column `k` has rows without a value after"),
        ({"j": [1]}, {"k": [1]}, "key column `k` is missing before"),
        ({"k": [1]}, {"k": ["1"]}, "the types of the key columns cannot be compared"),
        ({"k": [1, 2]}, {"k": [1.0, 2.5]}, "the types of the key columns cannot be compared"),
        ({"k": [[1]]}, {"k": [[1]]}, "the types of the key columns cannot be compared"),
    ],
)
def test_a_given_key_that_does_not_hold_is_not_replaced_by_another(diff, before, after, reason):
    first, second = ({"other": list(range(len(t[next(iter(t))]))), **t} for t in (before, after))
    found = diff(first, second, key=("k",))
    assert (found.basis, found.reason, found.rows) == ("schema and counts", reason, ())


@pytest.mark.parametrize(
    ("before", "after", "side"),
    [
        ([5], [], "before"),  # twice before, once after
        ([], [5], "after"),
        ([5], [5], "before"),
        ([200, 200], [], "before"),  # twice before, not at all after
        ([], [200, 200], "after"),
    ],
)
def test_one_key_among_many_that_stands_twice_is_seen(diff, before, after, side):
    rows = list(range(100))
    tables = [{"k": rows + more, "v": list(range(100 + len(more)))} for more in (before, after)]
    found = diff(*tables, key=("k",))
    assert (found.basis, found.reason) == ("schema and counts", f"`k` is not unique {side}")


def test_a_value_that_stands_very_often_is_seen_before_the_join(diff):
    often = {"k": [0] * 60_000 + list(range(60_000)), "v": list(range(120_000))}
    assert diff(often, often, key=("k",)).reason == "`k` is not unique before"


def test_copies_of_a_row_to_the_last_cell_are_compared_as_one_row(diff):
    before = {"id": [1, 1, 2, 3, 3], "v": ["a", "a", "b", "c", "c"]}
    after = {"id": [1, 1, 3, 4], "v": ["A", "A", "c", "d"]}
    found = diff(before, after, key=("id",))
    assert (found.added, found.removed, found.changed, found.same, found.copies) == (1, 1, 2, 0, (2, 1))
    assert found.changed_cells == {"v": 1, TIMES: 1}
    assert [(r.sign, r.key["id"], r.changed) for r in found.rows] == [
        ("~", 1, ("v",)),
        ("-", 2, ()),
        ("~", 3, (TIMES,)),
        ("+", 4, ()),
    ]
    assert (found.rows[2].before[TIMES], found.rows[2].after[TIMES]) == (2, 1)
    assert diff(before, before).is_empty and diff(before, before).key_found
    other = {"id": [1, 1], "v": ["a", "b"]}  # not copies: which is which cannot be told
    assert diff(other, other, key=("id",)).reason == "`id` is not unique before"


def test_the_smallest_set_of_columns_that_is_unique_is_found(diff):
    assert diff({"name": ["x", "y"], "order_id": [7, 8]}, {"name": ["x"], "order_id": [7]}).key == (
        "order_id",
    )
    table = {
        "day": ["a", "a", "b", "b"] * 2,
        "shop": [1, 2, 1, 2] * 2,
        "till": [1] * 4 + [2] * 4,
        "f": [0.5] * 8,
    }
    found = diff(table, table)
    assert (found.key, found.key_found, found.is_empty) == (("day", "shop", "till"), True, True)
    assert "up to three columns" in diff({"f": [0.5]}, {"f": [0.5]}).reason
    assert diff({"id": [1, None], "name": ["x", "y"]}, {"id": [1, 2], "name": ["x", "y"]}).key == ("name",)


def test_floats_within_the_tolerance_are_the_same_also_inside_of_lists_and_structs(diff):
    before = {"k": [1, 2, 3, 4, 5], "f": [1.0, 1e6, math.inf, math.nan, 0.0]}
    after = {"k": [1, 2, 3, 4, 5], "f": [1.0 + 1e-10, 1e6 + 1, 1e300, math.nan, -0.0]}
    assert diff(before, after).changed_cells == {"f": 2}
    assert diff(before, after, tolerance=0.0).changed_cells == {"f": 3}
    assert diff(before, after, tolerance=0.1).changed_cells == {"f": 1}
    nested = {"k": [1, 2], "l": [[{"x": 1.0}, None], None], "s": [{"x": [2.0]}, {"x": []}]}
    moved = {"k": [1, 2], "l": [[{"x": 1.0 + 1e-10}, None], None], "s": [{"x": [2.0 + 1e-10]}, {"x": []}]}
    assert diff(nested, moved).is_empty
    assert diff(nested, moved, tolerance=0.0).changed_cells == {"l": 1, "s": 1}
    moved["l"], moved["s"] = [[{"x": 1.0}], []], [{"x": [2.0]}, {"x": None}]
    assert diff(nested, moved).changed_cells == {"l": 2, "s": 1}


def test_values_are_compared_across_types_that_hold_the_same(diff):
    moments = [dt.datetime(2020, 1, 1), dt.datetime(2020, 1, 2, 3)]
    before = {
        "k": pa.array([1, 2], pa.int32()),
        "n": pa.array([1, 2**53 + 1], pa.int64()),
        "d": pa.array([Decimal("1.50"), Decimal("2.25")], pa.decimal128(10, 2)),
        "t": pa.array(moments, pa.timestamp("us")),
        "day": pa.array([dt.date(2020, 1, 1)] * 2, pa.date32()),
        "l": pa.array([1, 2000], pa.duration("ms")),
        "s": pa.array(["a", "b"]).dictionary_encode(),
        "u": pa.array([1, 2**64 - 1], pa.uint64()),
    }
    after = {
        "k": pa.array([1.0, 2.0]),
        "n": pa.array([1.0, float(2**53)]),
        "d": pa.array([Decimal("1.5000"), Decimal("2.2501")], pa.decimal128(12, 4)),
        "t": pa.array(moments, pa.timestamp("ns")),
        "day": pa.array([dt.datetime(2020, 1, 1), dt.datetime(2020, 1, 1, 0, 0, 1)], pa.timestamp("ms")),
        "l": pa.array([1000, 2_000_001], pa.duration("us")),
        "s": pa.array(["a", "B"], pa.large_string()),
        "u": pa.array([1, -1], pa.int64()),
    }
    found = diff(before, after, key=("k",), tolerance=0.0)
    assert found.changed_cells == {"n": 1, "d": 1, "day": 1, "l": 1, "s": 1, "u": 1}
    assert found.rows[0].before["l"] == dt.timedelta(seconds=2)


def test_a_column_whose_type_became_another_sort_is_named_not_compared(diff):
    found = diff({"k": [1, 2], "v": ["1.5", "2.5"]}, {"k": [1, 2], "v": [1.5, 2.5]})
    assert (found.changed, found.not_compared) == (0, {"v": "its type changed from string to double"})
    wide = pa.array([Decimal(1), Decimal(2)], pa.decimal256(50, 2))
    found = diff({"k": [1, 2], "v": wide}, {"k": [1, 2], "v": wide})
    assert found.not_compared == {"v": "values of type decimal256(50, 2) cannot be compared in files"}


def test_more_columns_than_a_word_has_bits_are_told_apart(diff):
    before = {"k": [1, 2], **{f"v{i}": [0, 0] for i in range(130)}}
    after = {"k": [1, 2], **{f"v{i}": [0, i % 3] for i in range(130)}}
    found = diff(before, after)
    assert found.changed_cells == {f"v{i}": 1 for i in range(130) if i % 3}
    assert found.rows[0].changed == tuple(f"v{i}" for i in range(130) if i % 3)


def test_more_rows_than_asked_for_are_counted_and_every_sign_is_shown(tmp_path):
    before, after = tmp_path / "before.parquet", tmp_path / "after.parquet"
    pq.write_table(pa.table({"k": list(range(0, 9000)), "v": [0] * 9000}), before)
    pq.write_table(pa.table({"k": list(range(3000, 12_000)), "v": [1] * 9000}), after)
    found = diff_files(before, after, max_rows=30)
    assert (found.removed, found.changed, found.added) == (3000, 6000, 3000)
    assert [row.sign for row in found.rows] == ["-"] * 10 + ["~"] * 10 + ["+"] * 10
    assert found.truncated == 12_000 - 30
    with FileDiff(before, after) as every:
        rows = list(every.rows())
    assert len(rows) == 12_000 and sum(row.sign == "~" for row in rows) == 6000
    assert diff_files(before, after, max_rows=0).rows == ()


def test_above_a_limit_only_keys_of_one_bucket_are_compared(diff):
    before = {"id": list(range(5000)), "v": [0] * 5000}
    after = {"id": list(range(1000, 6000)), "v": [i % 2 for i in range(5000)]}
    found = diff(before, after, exact_up_to=1000, max_rows=10_000)
    assert (found.basis, found.buckets) == ("sample of keys", 5)
    assert 0.1 < (found.removed + found.changed + found.same) / 5000 < 0.3 and found.truncated == 0
    for row in found.rows:
        key = row.key["id"]
        assert row.sign == ("-" if key < 1000 else "+" if key >= 5000 else "~")


def test_nothing_is_left_where_temporary_files_go(diff, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    rows = 200_000
    before = {"id": list(range(rows)), "v": [f"{i:040d}" for i in range(rows)]}
    after = {**before, "v": [f"{i:041d}" for i in range(rows)]}
    assert diff(before, after, key=("id",), memory_limit="100MB").changed == rows
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []


def test_a_file_that_is_gone_or_damaged_and_a_limit_that_is_none_are_told(tmp_path):
    good, bad = tmp_path / "good.parquet", tmp_path / "bad.parquet"
    pq.write_table(pa.table({"id": [1]}), good)
    bad.write_bytes(good.read_bytes()[:-20])
    with pytest.raises(RunLogError, match=r"bad.parquet` cannot be read as Parquet"):
        diff_files(good, bad)
    with pytest.raises(RunLogError, match=r"gone.parquet` cannot be read as Parquet"):
        diff_files(good, tmp_path / "gone.parquet")
    with pytest.raises(RunLogError, match="`much` is no memory limit"):
        diff_files(good, good, memory_limit="much")


@pytest.mark.parametrize("one", ODD)
def test_types_however_odd_are_compared_or_named(diff, one):
    for other in ODD if os.environ.get("ODIBI_VERIFY") else (one, "int8", "text view", "zoned"):
        columns = (
            {"k": ODD[one], "v": ODD[other], "id": [1, 2]},
            {"k": ODD[other], "v": ODD[one], "id": [1, 2]},
        )
        for key in ((), ("k",), ("id",)):
            try:
                found = diff(*columns, key=key)
            except (pa.ArrowNotImplementedError, pa.ArrowInvalid):  # not a type that Parquet holds
                return
            assert found.basis == "schema and counts" or found.key
        assert diff(columns[0], columns[0], key=("id",)).changed == 0


@given(table_pairs())
@settings(max_examples=count(1000), deadline=None)
def test_every_finding_agrees_with_a_plain_comparison(tmp_path_factory, pair):
    names, before, after = pair
    directory = tmp_path_factory.mktemp("pair")
    for name, table in (("before", before), ("after", after)):
        kept = [c for c in table.column_names if not str(table.schema.field(c).type).startswith("month_day")]
        pq.write_table(table.select(kept), directory / f"{name}.parquet")
    before, after = before.select(kept), after.select(kept)
    found = diff_files(directory / "before.parquet", directory / "after.parquet", key=names, tolerance=0.0)
    old = {tuple(row[n] for n in names): row for row in before.to_pylist()}
    new = {tuple(row[n] for n in names): row for row in after.to_pylist()}
    expected = dict.fromkeys(old.keys() - new.keys(), ("-", ()))
    expected |= dict.fromkeys(new.keys() - old.keys(), ("+", ()))
    for key in old.keys() & new.keys():
        changed = tuple(c for c in after.column_names if not equal(old[key][c], new[key][c]))
        if changed:
            expected[key] = ("~", changed)
    assert {tuple(r.key[n] for n in names): (r.sign, r.changed) for r in found.rows} == expected
    assert found.basis == "all rows" and found.same == len(old.keys() & new.keys()) - found.changed
    for row in found.rows:
        key = tuple(row.key[n] for n in names)
        assert row.before is None or equal(row.before, old[key])
        assert row.after is None or equal(row.after, new[key])


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.booleans()), max_size=8),
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.booleans()), max_size=8),
)
@settings(max_examples=count(500), deadline=None)
def test_a_key_holds_exactly_where_it_is_unique_and_one_that_is_found_does(tmp_path_factory, old, new):
    directory = tmp_path_factory.mktemp("keys")
    for name, rows in (("before", old), ("after", new)):
        columns = {"a": [r[0] for r in rows], "b": [r[1] for r in rows], "v": [r[2] for r in rows]}
        schema = pa.schema([("a", pa.int64()), ("b", pa.int64()), ("v", pa.bool_())])
        pq.write_table(pa.table(columns, schema), directory / f"{name}.parquet")
    paths = directory / "before.parquet", directory / "after.parquet"
    unique = all(len({row[:2] for row in rows}) == len(set(rows)) for rows in (old, new))
    found = diff_files(*paths, key=("a", "b"))
    assert (found.basis == "all rows") is unique
    searched = diff_files(*paths)
    assert bool(searched.key) is unique


def test_a_key_is_missed_for_its_nulls_where_that_is_the_reason(diff):
    table = pa.table({"k": [1, 2, None], "v": [1.0, 1.0, 1.0]})
    assert diff(table, table).reason == (
        "`k` would be a key, but has rows without a value; name another in `metadata.key`"
    )
    assert "no set of up to three columns is unique" in diff(*[pa.table({"v": [1.0, 1.5]})] * 2).reason


def test_a_missing_key_column_is_told_with_the_one_that_may_be_meant(diff):
    table = pa.table({"order_id": [1, 2], "v": [1.0, 2.0]})
    assert diff(table, table, key=("ordre_id",)).reason == (
        "key column `ordre_id` is missing before; there is `order_id`"
    )


def test_types_are_named_as_in_the_schema(diff):
    before = pa.table({"k": [1], "v": pa.array(["x"], pa.large_string())})
    after = pa.table({"k": [1], "v": [1.5]})
    assert diff(before, after, key=("k",)).not_compared == {"v": "its type changed from string to double"}
