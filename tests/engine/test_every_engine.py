"""What every engine context does: one body, run on pandas, DuckDB and Spark."""

import datetime as dt
import threading
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pytest

from odibi_core.engine import create_engine_context
from odibi_core.errors import EngineError, FormatError, StepOptionError, TargetExistsError
from tests.counts import count

TABLE = pa.table(
    {
        "id": pa.array([1, 2, 2**60 + 1], pa.int64()),
        "gaps": pa.array([None, 2**60 + 1, 3], pa.int64()),
        "small": pa.array([1, 2, 3], pa.int32()),
        "ratio": pa.array([1.5, None, -0.25]),
        "name": pa.array(["a", "é", None]),
        "flag": pa.array([True, None, False]),
        "day": pa.array([dt.date(2024, 1, 2), None, dt.date(1969, 12, 31)]),
        "at": pa.array([dt.datetime(2024, 1, 2, 3, 4, 5, 600000), None, None], pa.timestamp("us")),
        "zoned": pa.array([dt.datetime(2024, 1, 2, 3, tzinfo=dt.UTC), None, None], pa.timestamp("us", "UTC")),
        "price": pa.array([Decimal("1.10"), None, Decimal("-3.05")], pa.decimal128(10, 2)),
    }
)
TYPES = {
    "id": "int64",
    "gaps": "int64",
    "small": "int32",
    "ratio": "double",
    "name": "string",
    "flag": "bool",
    "day": "date32",
    "at": "timestamp[us]",
    "zoned": "timestamp[us, tz=UTC]",
    "price": "decimal128(10, 2)",
}


def rows(context, frame):
    return context.to_arrow(frame).to_pylist()


def types(context, frame):
    return {column.name: column.type for column in context.columns(frame)}


def test_the_same_data_has_the_same_type_names_and_values(context):
    frame = context.adopt(TABLE)
    assert types(context, frame) == TYPES
    assert rows(context, frame) == TABLE.to_pylist()
    assert all(column.native for column in context.columns(frame))


@pytest.mark.parametrize("other", ["pandas", "duckdb"])
def test_crossing_engines_changes_no_column_and_no_value(context, other, tmp_path):
    with create_engine_context(other, base_dir=tmp_path) as second:
        there = second.adopt(context.adopt(TABLE))
        assert types(second, there) == TYPES
        back = context.adopt(there)
        assert types(context, back) == TYPES
        assert rows(context, back) == TABLE.to_pylist()


def test_a_frame_of_its_own_is_adopted_as_it_is(context):
    frame = context.adopt([{"a": 1, "b": "x"}, {"a": 2}])
    assert context.is_frame(frame)
    assert context.adopt(frame) is frame
    assert rows(context, frame) == [{"a": 1, "b": "x"}, {"a": 2, "b": None}]


@pytest.mark.parametrize("value", [3, "text", None, {"a": 1}, [1, 2]])
def test_what_is_not_tabular_is_refused(context, value):
    with pytest.raises(TypeError, match="expected a frame"):
        context.adopt(value)


def test_sql_runs_over_registered_frames(context):
    context.register_temp("data", TABLE.select(["id", "ratio"]))
    context.register_temp("odd name", [{"id": 1, "label": "one"}])
    quote = "`" if context.name == "spark" else '"'
    result = context.execute_sql(
        f"SELECT d.id, label, ratio FROM data d JOIN {quote}odd name{quote} o ON d.id = o.id"
    )
    assert context.is_frame(result)
    assert rows(context, result) == [{"id": 1, "label": "one", "ratio": 1.5}]


def test_sums_and_counts_of_whole_numbers_are_whole_numbers(context):
    context.register_temp("data", [{"k": "a", "n": 1}, {"k": "a", "n": 2}])
    result = context.execute_sql("SELECT k, sum(n) AS total, count(*) AS n FROM data GROUP BY k")
    assert types(context, result) == {"k": "string", "total": "int64", "n": "int64"}


def test_a_name_can_be_registered_again_with_another_kind_of_frame(context, tmp_path):
    with context.scope("s") as scope:
        for value in (pd.DataFrame({"x": [1]}), scope.adopt([{"x": 2}]), [{"x": 3}], scope.adopt([{"x": 4}])):
            scope.register_temp("data", value)
            assert rows(scope, scope.execute_sql("SELECT x FROM data")) == rows(scope, value)


def test_names_that_differ_in_case_only_are_refused(context):
    with context.scope("s") as scope:
        scope.register_temp("data", [{"x": 1}])
        with pytest.raises(EngineError, match="one name in SQL"):
            scope.register_temp("DATA", [{"x": 2}])


def test_names_of_a_scope_end_with_it(context):
    with context.scope("one") as scope:
        scope.register_temp("data", [{"x": 1}])
        scope.execute_sql("SELECT * FROM data")
    with context.scope("two") as scope, pytest.raises(Exception, match="data"):
        scope.execute_sql("SELECT * FROM data")


def test_names_that_a_person_registers_are_known_in_scopes_and_may_be_covered_there(context):
    context.register_temp("data", [{"x": 1}])
    with context.scope("one") as scope:
        assert rows(scope, scope.execute_sql("SELECT x FROM data")) == [{"x": 1}]
        scope.register_temp("data", [{"x": 2}])
        assert rows(scope, scope.execute_sql("SELECT x FROM data")) == [{"x": 2}]
    assert rows(context, context.execute_sql("SELECT x FROM data")) == [{"x": 1}]


def test_a_result_outlives_the_scope_that_made_it(context):
    with context.scope("one") as scope:
        scope.register_temp("data", [{"x": 1}, {"x": 2}])
        result = scope.execute_sql("SELECT x + 1 AS y FROM data")
    assert rows(context, result) == [{"y": 2}, {"y": 3}]
    with context.scope("two") as scope:
        scope.register_temp("other", result)
        assert rows(scope, scope.execute_sql("SELECT max(y) AS m FROM other")) == [{"m": 3}]


def test_steps_side_by_side_never_see_each_others_inputs(context):
    """The bug this engine was built against: one `data` for everybody."""
    steps = 24 if context.name == "spark" else count(400)
    wrong, gate = [], threading.Barrier(8)

    def step(number):
        with context.scope(f"step_{number}") as scope:
            scope.register_temp("data", [{"x": number}] * 3)
            result = scope.execute_sql("SELECT sum(x) AS total, count(*) AS n FROM data")
            return rows(scope, result) == [{"total": 3 * number, "n": 3}]

    def work(lane):
        gate.wait()
        for number in range(lane, steps, 8):
            try:
                if not step(number):
                    wrong.append(number)
            except Exception as error:
                wrong.append(error)

    threads = [threading.Thread(target=work, args=(lane,)) for lane in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_setup_statements_may_come_first_and_end_with_the_scope(context):
    make = "CREATE TEMPORARY VIEW kept AS" if context.name == "spark" else "CREATE TABLE kept AS"
    for _ in range(2):  # a retry does not find what the first attempt made
        with context.scope("s") as scope:
            scope.register_temp("data", [{"x": 1}, {"x": 5}])
            result = scope.execute_sql(
                f"{make} SELECT * FROM data WHERE x > 1; -- then; really\nSELECT count(*) AS n FROM kept;"
            )
            assert rows(scope, result) == [{"n": 1}]
    with context.scope("t") as scope, pytest.raises(Exception, match="kept"):
        scope.execute_sql("SELECT * FROM kept")


@pytest.mark.parametrize("query", ["", "  ", "-- only words"])
def test_an_empty_query_is_refused(context, query):
    with pytest.raises(EngineError, match="the query is empty"):
        context.execute_sql(query)


def test_the_last_statement_must_give_rows(context):
    with pytest.raises(EngineError, match="the last statement gives no rows"):
        context.execute_sql("SELECT 1; CREATE TEMPORARY VIEW v AS SELECT 1")


def test_a_sample_is_a_pandas_frame_of_the_first_rows(context):
    sample = context.collect_sample(context.adopt(TABLE), 2)
    assert isinstance(sample, pd.DataFrame)
    assert sample["id"].tolist() == [1, 2]
    assert len(context.collect_sample(context.adopt(TABLE))) == 3


def test_rows_are_limited_when_asked(context):
    frame = context.adopt(pa.table({"x": list(range(3_000))}))
    for limit in (0, 5, 1_000, 2_000, 10_000):
        assert context.to_arrow(frame, limit=limit).num_rows == min(limit, 3_000)
    assert context.to_arrow(frame).column("x").to_pylist() == list(range(3_000))


def test_the_row_count_is_known_where_it_costs_nothing(context):
    assert context.row_count(context.adopt(TABLE)) == 3
    context.register_temp("data", TABLE)
    lazy = context.execute_sql("SELECT id FROM data")
    expected = None if context.name == "spark" else 3
    assert context.row_count(lazy) == expected


def test_an_empty_frame_keeps_its_columns_and_types(context):
    empty = context.adopt(TABLE.slice(0, 0))
    assert types(context, empty).keys() == TYPES.keys()
    assert context.to_arrow(empty).num_rows == 0
    assert len(context.collect_sample(empty)) == 0


@pytest.mark.parametrize(
    "name", ["a.parquet", "a.avro", "a.json", "a.jsonl", "a.csv", "a.tsv", "a.xlsx", "A.CSV.GZ"]
)
def test_what_is_written_is_read_back(context, name):
    data = pa.table({"id": [1, 2], "name": ["a,b", 'c"\nd'], "ratio": [0.1, 2.5]})
    context.write(context.adopt(data), f"deep/er/{name}")
    frame = context.read(f"deep/er/{name}")
    assert rows(context, frame) == data.to_pylist()
    assert types(context, frame) == {"id": "int64", "name": "string", "ratio": "double"}


@pytest.mark.parametrize("name", ["a.parquet", "a.avro", "a.json", "a.jsonl", "a.csv", "a.xlsx", "a.csv.gz"])
def test_modes_overwrite_append_and_error(context, name):
    one, two = context.adopt([{"id": 1, "t": "x"}]), context.adopt([{"id": 2, "t": "y"}])
    context.write(one, name, mode="error")
    with pytest.raises(TargetExistsError):
        context.write(two, name, mode="error")
    context.write(two, name, mode="append")
    assert [row["id"] for row in rows(context, context.read(name))] == [1, 2]
    context.write(two, name)
    assert [row["id"] for row in rows(context, context.read(name))] == [2]
    with pytest.raises(StepOptionError, match="did you mean `overwrite`"):
        context.write(two, name, mode="overwrit")


def test_a_missing_source_names_the_nearest(context, tmp_path):
    (tmp_path / "orders.csv").write_text("a\n1\n")
    with pytest.raises(FileNotFoundError, match=r"`order\.csv` does not exist; `orders\.csv` is there"):
        context.read("order.csv")


def test_an_unknown_option_names_the_nearest(context, tmp_path):
    (tmp_path / "in.csv").write_text("a\n1\n")
    with pytest.raises(
        StepOptionError, match="the csv reader has no option `delimeter`; did you mean `delimiter`"
    ):
        context.read("in.csv", delimeter=";")


OPTIONS = [
    ({"sep": ";"}, "a;b\n1;x\n"),
    ({"delimiter": ";"}, "a;b\n1;x\n"),
    ({"header": None, "names": ["a", "b"]}, "1,x\n"),
    ({"names": ["a", "b"]}, "1,x\n"),
    ({"header": False, "names": ["a", "b"]}, "1,x\n"),
    ({"header": True}, "a,b\n1,x\n"),
    ({"header": 0, "names": ["a", "b"]}, "c,d\n1,x\n"),
    ({"usecols": ["b", "a"]}, "a,z,b\n1,9,x\n"),
    ({"usecols": [0, 2]}, "a,z,b\n1,9,x\n"),
    ({"nrows": 1}, "a,b\n1,x\n2,y\n"),
    ({"skiprows": 1}, "a note\na,b\n1,x\n"),
    ({"skiprows": [1]}, "a,b\n7,z\n1,x\n"),
    ({"quotechar": "'"}, "a,b\n1,'x'\n"),
    ({"comment": "#"}, "a,b\n# no\n1,x\n"),
    ({"encoding": "utf-8"}, "a,b\n1,x\n"),
    ({"compression": None}, "a,b\n1,x\n"),
    ({"thousands": ".", "sep": ";"}, "a;b\n1;x\n"),
    ({"skipfooter": 1, "engine": "python"}, "a,b\n1,x\nend,\n"),
    ({"converters": {"b": str.lower}}, "a,b\n1,X\n"),
    ({"dtype": {"a": "int64"}}, "a,b\n1,x\n"),
]


@pytest.mark.parametrize(("options", "text"), OPTIONS, ids=[str(list(o.items())) for o, _ in OPTIONS])
def test_pandas_option_names_work_on_every_engine(context, tmp_path, options, text):
    (tmp_path / "in.csv").write_text(text)
    assert rows(context, context.read("in.csv", **options)) == [{"a": 1, "b": "x"}]


def test_dtype_na_values_and_dates(context, tmp_path):
    (tmp_path / "in.csv").write_text("code,n,at\n007,-,2024-01-02 03:04:05\n008,2,2024-01-02 03:04:06\n")
    frame = context.read("in.csv", dtype={"code": "str"}, na_values="-", parse_dates=["at"])
    assert rows(context, frame)[0]["code"] == "007"
    assert rows(context, frame)[0]["n"] is None
    assert rows(context, frame)[1]["n"] == 2
    assert types(context, frame)["at"] == "timestamp[us]"


def test_globs_and_directories_are_read_in_order_of_name(context, tmp_path):
    for number in (2, 1, 3):
        (tmp_path / f"part_{number}.csv").write_text(f"n,t\n{number},x\n")
    for source in ("part_*.csv", ".", "part_[1-3].csv"):
        assert [row["n"] for row in rows(context, context.read(source, format="csv"))] == [1, 2, 3]
    with pytest.raises(FileNotFoundError, match="no file matches"):
        context.read("nothing_*.csv")


def test_a_name_with_wildcards_in_it_is_that_file(context, tmp_path):
    (tmp_path / "a[1].csv").write_text("n\n1\n")
    (tmp_path / "a1.csv").write_text("n\n2\n")
    assert rows(context, context.read("a[1].csv")) == [{"n": 1}]


@pytest.mark.parametrize(
    "name", ["in.csv", "in.json", "in.jsonl", "in.parquet", "in.avro", "in.xlsx", "in.csv.gz"]
)
@pytest.mark.parametrize(
    "content", [b"", bytes(range(256)) * 4, b"\xff\xfe\x00"], ids=["empty", "binary", "bom"]
)
def test_a_damaged_file_is_told_by_name(context, tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    if name == "in.jsonl" and not content and context.name == "pandas":
        assert context.row_count(context.read(name)) == 0
        return
    if context.name == "spark" and name == "in.csv" and content.startswith(b"\xff\xfe"):
        pytest.skip("Spark takes any bytes for text")
    with pytest.raises(Exception, match="in") as caught:
        context.to_arrow(context.read(name))
    if context.name != "spark":  # whose reader is lazy: its own error comes when the rows are asked for
        assert isinstance(caught.value, FormatError)
        assert f"`{name}`" in str(caught.value)


def test_secrets_are_handed_out_by_name(engine):
    context = create_engine_context(engine, secrets={"key": "v"})
    assert context.get_secret("key") == "v"
    with pytest.raises(ValueError, match="Secret not found: other"):
        context.get_secret("other")
    with pytest.raises(ValueError, match="No secrets configured"):
        create_engine_context(engine).get_secret("key")


def test_an_unknown_setting_names_the_nearest(engine):
    wrong = {"masterr": "x"} if engine == "spark" else {"thread": 2}
    context = create_engine_context(engine, **wrong)
    with pytest.raises(EngineError, match=r"has no setting .*did you mean"):
        context.connect().execute_sql("SELECT 1")


def test_closing_twice_is_harmless_and_connect_returns_itself(context):
    assert context.connect() is context
    context.close()
    context.close()
