"""Type names of every engine are Arrow's, and a schema diff tells what changed."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from odibi_core.journal.events import ColumnInfo
from odibi_core.journal.schema_diff import canonical_type, schema_diff


@pytest.mark.parametrize(
    ("native", "arrow"),
    [
        ("object", "string"),
        ("str", "string"),
        ("VARCHAR", "string"),
        ("varchar(20)", "string"),
        ("StringType()", "string"),
        ("large_string", "string"),
        ("ENUM('a', 'b')", "string"),
        ("dictionary<values=string, indices=int8, ordered=0>", "string"),
        ("extension<arrow.uuid>", "string"),
        ("float64", "double"),
        ("Float64", "double"),
        ("Int64", "int64"),
        ("BIGINT", "int64"),
        ("LongType()", "int64"),
        ("INTEGER", "int32"),
        ("FLOAT", "float"),
        ("boolean", "bool"),
        ("DATE", "date32[day]"),
        ("TIMESTAMP", "timestamp[us]"),
        ("TIMESTAMP(3)", "timestamp[ms]"),
        ("TIMESTAMP WITH TIME ZONE", "timestamp[us, tz=UTC]"),
        ("datetime64[ns]", "timestamp[ns]"),
        ("datetime64[us, Europe/Berlin]", "timestamp[us, tz=Europe/Berlin]"),
        ("timedelta64[ns]", "duration[ns]"),
        ("DECIMAL(10,2)", "decimal128(10, 2)"),
        ("DecimalType(10,2)", "decimal128(10, 2)"),
        ("numeric", "decimal128(18, 3)"),
        ("BLOB", "binary"),
        ("INTEGER[]", "list<item: int32>"),
        ("VARCHAR[][]", "list<item: list<item: string>>"),
        ("array<struct<a:int,b:string>>", "list<item: struct<a: int32, b: string>>"),
        ('STRUCT(a INTEGER, "b c" DECIMAL(4,1))', "struct<a: int32, b c: decimal128(4, 1)>"),
        ("MAP(VARCHAR, BIGINT)", "map<string, int64>"),
        ("list<element: double>", "list<item: double>"),
        ("GEOMETRY", "GEOMETRY"),
        ("", ""),
    ],
)
def test_names_of_engines_become_arrows(native, arrow):
    assert canonical_type(native) == arrow
    assert canonical_type(arrow) == arrow


def test_sparks_timestamp_is_a_point_in_time():
    assert canonical_type("timestamp", "spark") == "timestamp[us, tz=UTC]"
    assert canonical_type("timestamp_ntz", "spark") == "timestamp[us]"


ARROW = st.recursive(
    st.sampled_from(
        [
            pa.int8(),
            pa.uint64(),
            pa.float16(),
            pa.float32(),
            pa.float64(),
            pa.bool_(),
            pa.string(),
            pa.binary(),
            pa.date32(),
            pa.date64(),
            pa.time32("s"),
            pa.time64("ns"),
            pa.timestamp("us"),
            pa.timestamp("ns", "UTC"),
            pa.duration("ms"),
            pa.decimal128(20, 4),
            pa.null(),
            pa.month_day_nano_interval(),
            pa.large_binary(),
            pa.binary(4),
            pa.decimal256(50, 2),
        ]
    ),
    lambda inner: (
        inner.map(pa.list_)
        | st.lists(inner, min_size=1, max_size=3).map(
            lambda ts: pa.struct([(f"f{i}", t) for i, t in enumerate(ts)])
        )
        | inner.map(lambda t: pa.map_(pa.string(), t))
    ),
    max_leaves=4,
)


@given(ARROW)
def test_arrows_own_names_stay(kind):
    name = str(kind).replace("large_binary", "binary")
    assert canonical_type(name) == name


@given(st.text(max_size=30) | st.text("<>()[],: ab\"'", max_size=40))
def test_any_text_has_a_name_that_stays(text):
    name = canonical_type(text)
    assert canonical_type(name) == name


def test_a_deep_type_is_left_as_it_is():
    deep = "array<" * 500 + "int" + ">" * 500
    assert canonical_type(deep).startswith("list<item: ")


def columns(**types: str) -> list[ColumnInfo]:
    return [ColumnInfo(name, kind) for name, kind in types.items()]


def test_what_changed_between_two_schemas():
    before = columns(id="int64", name="object", gone="bool", amount="int64")
    after = columns(amount="double", id="BIGINT", name="VARCHAR", new="date32[day]")
    assert schema_diff(before, after) == {
        "added_columns": ["new"],
        "removed_columns": ["gone"],
        "changed_types": [{"column": "amount", "before": "int64", "after": "double"}],
    }


def test_a_name_that_stands_twice_counts_twice():
    twice = [ColumnInfo("a", "int64"), ColumnInfo("a", "string")]
    assert schema_diff(twice, twice)["changed_types"] == []
    assert schema_diff(twice, twice[:1]) == {
        "added_columns": [],
        "removed_columns": ["a"],
        "changed_types": [],
    }
    assert schema_diff(twice[:1], twice)["added_columns"] == ["a"]
