"""Whatever stands in a frame comes back from a file as it was."""

import datetime as dt
import string
import tempfile
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odibi_core.formats import read_source, write_target
from odibi_core.formats.arrow import arrow_to_pandas, table_of, type_name
from odibi_core.formats.databases import open_database
from tests.counts import count

# Excel and csv have no such characters, or do not tell an empty text from none.
TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=20)
PLAIN_TEXT = st.text(string.ascii_letters + "äß,;'\"|é漢", min_size=1, max_size=12).map(
    lambda text: f"x{text}"
)
INTS = st.integers(-(2**63), 2**63 - 1)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
TIMES = st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2100, 1, 1))
NAMES = st.lists(
    st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True), min_size=1, max_size=4, unique_by=str.casefold
)


@st.composite
def tables(draw, kinds, nulls=True):
    names, size = draw(NAMES), draw(st.integers(1, 12))
    arrays = []
    for _ in names:
        values, dtype = draw(st.sampled_from(kinds))
        column = draw(st.lists(st.none() | values if nulls else values, min_size=size, max_size=size))
        arrays.append(pa.array(column, dtype))
    return pa.table(arrays, names=names)


EXACT = [(INTS, pa.int64()), (FLOATS, pa.float64()), (TEXT, pa.string()), (st.booleans(), pa.bool_())]
RICH = [
    *EXACT,
    (TIMES, pa.timestamp("us")),
    (st.dates(dt.date(1, 1, 1)), pa.date32()),
    (st.binary(max_size=8), pa.binary()),
    (st.decimals(-1000, 1000, places=2), pa.decimal128(10, 2)),
    (st.lists(INTS, max_size=3), pa.list_(pa.int64())),
]
BOUND = settings(max_examples=count(400), deadline=None, suppress_health_check=[HealthCheck.too_slow])


def there_and_back(table, name, write=None, read=None):
    with tempfile.TemporaryDirectory() as directory:
        resolve = Path(directory).joinpath
        write_target(table, name, write or {}, resolve)
        return table_of(read_source(name, read or {}, resolve))


@BOUND
@given(tables(RICH))
def test_parquet_and_avro_keep_values_and_types(table):
    for name in ("t.parquet", "t.avro"):
        back = there_and_back(table, name)
        assert back.to_pylist() == table.to_pylist()
        assert [type_name(kind) for kind in back.schema.types] == [
            type_name(kind) for kind in table.schema.types
        ]


@BOUND
@given(tables(EXACT))
def test_json_and_jsonl_keep_every_digit_and_character(table):
    for name in ("t.json", "t.jsonl", "t.json.gz", "t.jsonl.zst"):
        assert there_and_back(table, name).to_pylist() == table.to_pylist()


@BOUND
@given(
    tables(
        [(st.integers(-(2**53), 2**53), pa.int64()), (FLOATS, pa.float64()), (PLAIN_TEXT, pa.string())],
        nulls=False,
    )
)
def test_csv_and_tsv_keep_numbers_and_text(table):
    for name in ("t.csv", "t.tsv", "t.csv.bz2", "t.csv.xz"):
        read = {"keep_default_na": False}
        assert there_and_back(table, name, read=read).to_pylist() == table.to_pylist()


@BOUND
@given(tables(RICH))
def test_arrow_to_pandas_and_back_keeps_values_and_types(table):
    back = table_of(arrow_to_pandas(table))
    assert back.to_pylist() == table.to_pylist()
    assert [type_name(kind) for kind in back.schema.types] == [type_name(kind) for kind in table.schema.types]


@BOUND
@given(tables([*EXACT, (TIMES, pa.timestamp("us")), (st.dates(dt.date(1, 1, 1)), pa.date32())]))
def test_sqlite_and_duckdb_tables_keep_values_and_types(table):
    with tempfile.TemporaryDirectory() as directory:
        for name in ("t.db", "t.duckdb"):
            base = open_database(name, resolve=Path(directory).joinpath, create=True)
            base.store(table, "rows", "overwrite", {})
            back = table_of(base.select("SELECT * FROM rows"))
            base.close()
            assert back.to_pylist() == table.to_pylist()
            assert [type_name(k) for k in back.schema.types] == [type_name(k) for k in table.schema.types]


@pytest.mark.parametrize("name", ["t.csv", "t.json", "t.jsonl", "t.parquet", "t.avro", "t.xlsx"])
@settings(max_examples=count(40), deadline=None)
@given(
    st.lists(st.tuples(st.integers(-1000, 1000), PLAIN_TEXT), min_size=1, max_size=5),
    st.lists(st.tuples(st.integers(-1000, 1000), PLAIN_TEXT), min_size=1, max_size=5),
)
def test_appending_is_writing_both(name, first, second):
    tables = [pa.table({"n": [n for n, _ in part], "t": [t for _, t in part]}) for part in (first, second)]
    with tempfile.TemporaryDirectory() as directory:
        resolve = Path(directory).joinpath
        write_target(tables[0], name, {}, resolve)
        write_target(tables[1], name, {"mode": "append"}, resolve)
        back = table_of(read_source(name, {}, resolve)).to_pylist()
    assert back == tables[0].to_pylist() + tables[1].to_pylist()
