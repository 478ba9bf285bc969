"""What is told of a source from the start of its files is what reading it gives, on each engine."""

import contextlib
import datetime as dt
import string
import tempfile
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odibi_core.engine import create_engine_context
from odibi_core.engine.source_columns import source_columns
from odibi_core.errors import EngineError, FormatError, StepOptionError
from odibi_core.formats import write_target
from odibi_core.formats.arrow import table_of
from tests.counts import count

TEXT = st.text(string.ascii_letters + string.digits + "-:. äß,;'\"|", max_size=12)
VALUES = [
    (st.integers(-(2**63), 2**63 - 1), pa.int64()),
    (st.integers(0, 100), pa.int64()),
    (st.floats(allow_nan=False, allow_infinity=False), pa.float64()),
    (TEXT, pa.string()),
    (st.booleans(), pa.bool_()),
    (st.dates(dt.date(1900, 1, 1)).map(str), pa.string()),
]
RICH = [
    *VALUES,
    (st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2100, 1, 1)), pa.timestamp("us")),
    (st.dates(dt.date(1900, 1, 1)), pa.date32()),
    (st.binary(max_size=8), pa.binary()),
    (st.decimals(-1000, 1000, places=2), pa.decimal128(10, 2)),
    (st.lists(st.integers(0, 9), max_size=3), pa.list_(pa.int64())),
    (st.integers(0, 255), pa.uint8()),
    (TEXT, pa.dictionary(pa.int32(), pa.string())),
]
FORMATS = {
    "csv": VALUES, "tsv": VALUES, "csv.gz": VALUES, "json": VALUES, "jsonl": VALUES, "jsonl.gz": VALUES,
    "parquet": RICH, "avro": VALUES, "xlsx": VALUES[1:2] + VALUES[3:4],
}  # fmt: skip


@st.composite
def tables(draw, kinds):
    names = draw(st.lists(st.from_regex(r"[a-z]{1,6}", fullmatch=True), min_size=1, max_size=4, unique=True))
    size = draw(st.integers(0, 8))
    arrays = []
    for _ in names:
        values, dtype = draw(st.sampled_from(kinds))
        arrays.append(pa.array(draw(st.lists(st.none() | values, min_size=size, max_size=size)), dtype))
    return pa.table(arrays, names=names)


def as_read(engine, context, source, params):
    """Returns names and DuckDB types of what SQL on the engine sees after reading."""
    if engine == "duckdb":
        frame = context.read(source, **params)
        return [(info.name, info.native) for info in context.columns(frame)]
    table = table_of(context.read(source, **params)).slice(0, 0)
    if not table.num_columns:
        return []
    with duckdb.connect() as connection:
        relation = connection.from_arrow(table)
        return list(zip(relation.columns, map(str, relation.types), strict=True))


def pairs(columns):
    """Returns the names and types of columns."""
    return None if columns is None else [(column.name, column.type) for column in columns]


def check(engine, context, directory, source, params=None):
    """Asserts that what is told is what is read, where anything is told."""
    try:
        real = as_read(engine, context, source, params or {})
    except EngineError:  # an empty array has no columns
        return None
    except (FormatError, StepOptionError) as error:
        with pytest.raises(type(error)):
            source_columns(engine, source, params or {}, directory.joinpath)
        return None
    told = pairs(source_columns(engine, source, params or {}, directory.joinpath))
    if told is None:
        return None
    assert [name for name, _ in told] == [name for name, _ in real]
    assert [(a, b) for (_, a), (_, b) in zip(told, real, strict=True) if a not in (None, b)] == []
    return told, real


@pytest.mark.parametrize("engine", ["pandas", "duckdb"])
@pytest.mark.parametrize("suffix", FORMATS)
def test_small_files_are_told_exactly(engine, suffix):
    with create_engine_context(engine) as context:

        @settings(max_examples=count(250), suppress_health_check=[HealthCheck.too_slow])
        @given(tables(FORMATS[suffix]))
        def compare(table):
            with tempfile.TemporaryDirectory() as name:
                directory = Path(name)
                context.base_dir = directory
                write_target(table, f"data.{suffix}", {}, directory.joinpath)
                found = check(engine, context, directory, f"data.{suffix}")
                if found is not None:
                    told, real = found
                    untyped = [name for (name, kind), (_, is_) in zip(told, real, strict=True)
                               if kind is None and is_ != '"NULL"']  # fmt: skip
                    assert untyped == []

        compare()


@pytest.fixture
def files(tmp_path):
    def write(name, text):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


ORDERS = "id;amount;day;note\n1;2,5;2024-01-02;x\n2;3,5;2024-02-03;\n"
OPTIONS = [
    {"sep": ";"},
    {"sep": ";", "decimal": ","},
    {"sep": ";", "decimal": ",", "parse_dates": ["day"]},
    {"sep": ";", "dtype": {"id": "str"}, "usecols": ["note", "id"]},
    {"sep": ";", "header": None},
    {"sep": ";", "names": ["a", "b", "c", "d"], "skiprows": 1},
    {"sep": ";", "index_col": "id"},
    {"sep": ";", "dtype": "str"},
    {"sep": ";", "nrows": 1},
    {"sep": ";", "skipfooter": 1, "engine": "python"},
    {"sep": ";", "engine": "pyarrow"},
    {"sep": ";", "dtype": {"note": "category", "amount": "str"}},
    {"delimiter": ";", "na_values": ["x"]},
    {"sep": ";", "usecols": ["nope"]},
    {"sep": ";", "encoding": "utf-99"},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_options_are_the_readers(engine, files, tmp_path, options):
    if engine == "spark" and "encoding" in options:
        pytest.skip("Spark reads encodings in its own way")
    files("orders.csv", ORDERS)
    with create_engine_context(engine, base_dir=tmp_path) as context:
        check(engine, context, tmp_path, "orders.csv", options)


@pytest.mark.parametrize("engine", ["pandas", "duckdb"])
def test_several_files_are_one_source(engine, files, tmp_path):
    for number, text in enumerate(["a,b\n1,x\n", "a,c\n2.5,y\n", "b,a\nz,3\n"]):
        files(f"in/part-{number}.csv", text)
    with create_engine_context(engine, base_dir=tmp_path) as context:
        for source in ("in/*.csv", "in"):
            told, _ = check(engine, context, tmp_path, source, {"format": "csv"})
            assert told == [("a", "DOUBLE"), ("b", "VARCHAR"), ("c", "VARCHAR")]


@pytest.mark.parametrize("engine", ["pandas", "duckdb"])
def test_of_a_big_file_the_start_is_read(engine, files, tmp_path):
    rows = "".join(f"{n},{n}.5,word {n},{'later' * (n == 40_000)}\n" for n in range(60_000))
    files("big.csv", f"id,price,word,empty\n{rows}")
    with create_engine_context(engine, base_dir=tmp_path) as context:
        told, _ = check(engine, context, tmp_path, "big.csv")
    assert told[:3] == [("id", "BIGINT"), ("price", "DOUBLE"), ("word", "VARCHAR")]
    assert told[3][1] == (None if engine == "pandas" else "VARCHAR")


def test_numbers_that_end_in_text_have_no_certain_type(files, tmp_path):
    numbers = "".join(f"{n:08},x\n" for n in range(100_000))
    files("sorted.csv", f"code,x\n{numbers}" + "A1,x\n" * 100)
    found = source_columns("pandas", "sorted.csv", {}, tmp_path.joinpath)
    assert pairs(found) == [("code", None), ("x", "VARCHAR")]


@pytest.mark.parametrize("engine", ["pandas", "duckdb", "spark"])
def test_big_json_is_told_by_its_first_rows_where_they_are_alike(engine, files, tmp_path):
    row = '{"id": 1, "word": "x", "day": "2024-01-02"}'
    files("same.jsonl", f"{row}\n" * 40_000)
    files("same.json", f"[{f'{row}, ' * 40_000}{row}]")
    files("other.jsonl", f"{row}\n" * 40_000 + '{"more": 1}\n')
    files("mixed.jsonl", '{"id": 1}\n{"id": 2, "more": 3}\n' * 40_000)
    day = None if engine == "duckdb" else "VARCHAR"
    expected = [("id", "BIGINT"), ("word", "VARCHAR"), ("day", day)]
    assert pairs(source_columns(engine, "same.jsonl", {}, tmp_path.joinpath)) == expected
    assert pairs(source_columns(engine, "same.json", {}, tmp_path.joinpath)) == expected
    assert source_columns(engine, "mixed.jsonl", {}, tmp_path.joinpath) is None


@pytest.mark.parametrize("engine", ["pandas", "duckdb", "spark"])
@pytest.mark.parametrize("name", ["line.json", "line.jsonl", "line.csv"])
def test_a_huge_line_is_not_read_whole(engine, files, tmp_path, name):
    path = files(name, '[{"text": "' if "json" in name else "text\n")
    with path.open("r+b") as handle:
        handle.truncate(1 << 32)  # 4 GB of nothing: reading it whole would need more memory than there is
    with contextlib.suppress(FormatError):  # DuckDB sees at once that this is no csv
        assert source_columns(engine, name, {}, tmp_path.joinpath) is None


def test_pipes_are_not_waited_for(tmp_path):
    import os

    os.mkfifo(tmp_path / "pipe.csv")
    for engine in ("pandas", "duckdb", "spark"):
        assert source_columns(engine, "pipe.csv", {}, tmp_path.joinpath) is None


def test_urls_are_not_opened():
    for engine in ("pandas", "duckdb", "spark"):
        for url in ("http://localhost:1/x.csv", "s3://bucket/x.parquet"):
            assert source_columns(engine, url, {}, Path) is None


@pytest.mark.spark
def test_spark_is_told_without_spark(spark_context, tmp_path):
    @settings(max_examples=count(80), suppress_health_check=[HealthCheck.too_slow])
    @given(st.sampled_from(["csv", "jsonl", "parquet", "json"]), tables(VALUES))
    def compare(suffix, table):
        with tempfile.TemporaryDirectory(dir=tmp_path) as name:
            directory = Path(name)
            spark_context.base_dir = directory
            write_target(table, f"data.{suffix}", {}, directory.joinpath)
            try:
                frame = spark_context.read(f"data.{suffix}")
                infos = spark_context.columns(frame)
            except (FormatError, EngineError):
                return
            told = pairs(source_columns("spark", f"data.{suffix}", {}, directory.joinpath))
            if told is None:
                return
            assert [n for n, _ in told] == [info.name for info in infos]
            real = {info.name: SPARK_TYPES.get(info.native) for info in infos}
            assert {n: (kind, real[n]) for n, kind in told if kind not in (None, real[n])} == {}

    compare()


SPARK_TYPES = {
    "bigint": "BIGINT", "double": "DOUBLE", "string": "VARCHAR", "boolean": "BOOLEAN", "date": "DATE",
    "timestamp_ntz": "TIMESTAMP", "int": "INTEGER", "decimal(20,0)": "DECIMAL(20,0)",
}  # fmt: skip


@pytest.mark.parametrize("engine", ["pandas", "duckdb"])
@pytest.mark.parametrize("suffix", FORMATS)
def test_texts_are_those_that_are_there(tmp_path, engine, suffix):
    cells = ["12", "n/a", None, "12 345", "2026-01-31"]
    table = pa.table({"text": cells, "number": [1, 2, 3, 4, 5]})
    write_target(table, f"data.{suffix}", {}, tmp_path.joinpath)
    text, number = source_columns(engine, f"data.{suffix}", {}, tmp_path.joinpath)
    assert set(text.texts) <= {*filter(None, cells)} and len(text.texts) >= 3
    assert number.texts == ()
