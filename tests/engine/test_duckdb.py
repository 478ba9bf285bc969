"""What is DuckDB's alone: its tables, its messages, its speed over long chains; and pandas' use of it."""

import threading
import time

import duckdb
import pandas as pd
import pyarrow as pa
import pytest

from odibi_core.engine import DuckDBEngineContext, create_engine_context
from odibi_core.engine.duckdb_context import DuckDBFrame
from odibi_core.errors import EngineError, FormatError, StepOptionError
from tests.counts import count


@pytest.fixture(params=["pandas", "duckdb"])
def sql_context(request, tmp_path):
    with create_engine_context(request.param, base_dir=tmp_path) as context:
        yield context


def test_a_chain_of_more_than_a_thousand_steps(duckdb_context):
    frame = duckdb_context.adopt([{"n": 0}])
    steps = max(1_200, count(3_000))
    for _ in range(steps):
        with duckdb_context.scope("s") as scope:
            scope.register_temp("data", frame)
            frame = scope.execute_sql("SELECT n + 1 AS n FROM data")
    assert duckdb_context.to_arrow(frame).to_pylist() == [{"n": steps}]


def test_an_error_keeps_duckdbs_message_with_the_place_in_the_query(sql_context):
    sql_context.register_temp("data", [{"amount": 1}])
    with pytest.raises(duckdb.BinderException) as caught:
        sql_context.execute_sql("SELECT\n  amout FROM data")
    assert 'Candidate bindings: "amount"' in str(caught.value)
    assert "LINE 2:   amout FROM data" in str(caught.value)
    assert "CREATE" not in str(caught.value)


def test_an_error_of_the_values_is_not_asked_twice(sql_context):
    with pytest.raises(duckdb.ConversionException, match="Could not convert string 'x'"):
        sql_context.execute_sql("SELECT CAST(v AS INTEGER) FROM (VALUES ('1'), ('x')) t(v)")


def test_a_misspelled_table_is_not_a_python_variable(sql_context):
    dta = pd.DataFrame({"x": [1]})
    with pytest.raises(duckdb.CatalogException, match="dta"):
        sql_context.execute_sql("SELECT * FROM dta")
    assert len(dta) == 1


def test_a_query_is_interrupted_from_another_thread_and_the_scope_works_on(sql_context):
    with sql_context.scope("slow") as scope:
        for target in (scope, sql_context):  # a context interrupts its scopes
            timer = threading.Timer(0.3, target.interrupt)
            timer.start()
            begun = time.monotonic()
            with pytest.raises(duckdb.InterruptException):
                scope.execute_sql(
                    "SELECT sum(a.i * b.i) AS s FROM range(10000000) a(i), range(10000000) b(i)"
                )
            assert time.monotonic() - begun < 60
            timer.join()
        scope.interrupt()  # idle
        assert scope.row_count(scope.execute_sql("SELECT 1 AS x")) == 1


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("FROM data", ["k", "v"]),
        ("DESCRIBE data", None),
        ("SUMMARIZE data", None),
        ("PIVOT data ON k USING sum(v)", ["a", "b"]),
        ("EXPLAIN SELECT 1", None),
        ("VALUES (1)", None),
        ("WITH t AS (FROM data) SELECT k FROM t; -- end", ["k"]),
        ("CREATE TABLE t AS FROM data; INSERT INTO t VALUES ('c', 3) RETURNING k", ["k"]),
    ],
)
def test_whatever_gives_rows_is_a_result(sql_context, query, names):
    sql_context.register_temp("data", [{"k": "a", "v": 1}, {"k": "b", "v": 2}])
    result = sql_context.execute_sql(query)
    found = [column.name for column in sql_context.columns(result)]
    assert found == names if names else found
    assert sql_context.row_count(result)


@pytest.mark.parametrize(
    "query", ["SET threads = 1", "INSERT INTO t VALUES (1)", "COPY (SELECT 1) TO 'x.csv'"]
)
def test_a_statement_without_rows_is_refused_before_it_runs(sql_context, tmp_path, query, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(EngineError, match="gives no rows"):
        sql_context.execute_sql(query)
    assert not (tmp_path / "x.csv").exists()


def test_a_sum_beyond_64_bits_stays_exact(sql_context):
    result = sql_context.execute_sql(f"SELECT sum(x) AS s FROM (VALUES ({2**62}), ({2**62})) t(x)")
    assert sql_context.to_arrow(result).to_pylist()[0]["s"] == 2**63
    assert sql_context.columns(result)[0].type == "decimal128(38, 0)"


def test_decimals_of_a_literal_are_doubles_to_pandas_but_those_of_an_input_stay(pandas_context):
    pandas_context.register_temp("data", [{"n": 2}])
    assert (
        pandas_context.columns(pandas_context.execute_sql("SELECT n * 1.5 AS x FROM data"))[0].type
        == "double"
    )
    price = pa.table({"p": pa.array([None], pa.decimal128(8, 2))})
    pandas_context.register_temp("prices", price)
    result = pandas_context.execute_sql("SELECT CAST(1 AS DECIMAL(8, 2)) AS p FROM prices")
    assert pandas_context.columns(result)[0].type.startswith("decimal128")


def test_a_frame_is_a_handle_that_any_thread_can_read(duckdb_context):
    frame = duckdb_context.execute_sql("SELECT i, i * 2 AS j FROM range(5000) t(i)")
    assert isinstance(frame, DuckDBFrame)
    assert (len(frame), frame.columns, frame.shape) == (5000, ["i", "j"], (5000, 2))
    found = []
    threads = [threading.Thread(target=lambda: found.append(frame.arrow().num_rows)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [5000] * 8
    assert frame.df()["j"].sum() == 2 * sum(range(5000))
    assert frame.relation().filter("i < 3").fetchall() == [(0, 0), (1, 2), (2, 4)]
    assert pa.table(frame).num_rows == 5000


def test_a_released_frame_is_gone_and_says_so(duckdb_context):
    frame = duckdb_context.execute_sql("SELECT 1 AS x")
    duckdb_context.release(frame)
    duckdb_context.release(frame)
    with pytest.raises(EngineError, match="released"):
        duckdb_context.to_arrow(frame)
    tables = duckdb_context.execute_sql("SELECT count(*) AS n FROM duckdb_tables() WHERE table_name = 't1'")
    assert frame.table.endswith('"t1"')
    assert duckdb_context.to_arrow(tables).to_pylist() == [{"n": 0}]


def test_a_frame_of_a_closed_context_says_so(tmp_path):
    context = create_engine_context("duckdb")
    frame = context.execute_sql("SELECT i FROM range(2000) t(i)")
    context.close()
    with pytest.raises(EngineError, match="closed"):
        frame.arrow()


def test_settings_reach_duckdb(tmp_path):
    config = {"threads": 1, "memory_limit": "300MB", "temp_directory": str(tmp_path / "spill")}
    with DuckDBEngineContext(**config, settings={"default_order": "DESC"}) as context:
        told = context.execute_sql(
            "SELECT current_setting('threads') AS threads, current_setting('temp_directory') AS spill, "
            "current_setting('default_order') AS o"
        )
        row = context.to_arrow(told).to_pylist()[0]
    assert (row["threads"], row["spill"]) == (1, str(tmp_path / "spill"))
    assert row["o"].lower().startswith("desc")


def test_a_database_file_is_queried_and_keeps_nothing_of_the_run(tmp_path):
    with duckdb.connect(str(tmp_path / "w.duckdb")) as base:
        base.execute("CREATE TABLE items AS SELECT 7 AS x")
    with create_engine_context("duckdb", database="w.duckdb", base_dir=tmp_path) as context:
        result = context.execute_sql(
            "CREATE TABLE mine AS FROM items; SELECT mine.x + 1 AS y FROM mine, items"
        )
        assert context.to_arrow(result).num_rows == 1
    with duckdb.connect(str(tmp_path / "w.duckdb")) as base:
        assert base.execute("SELECT table_name FROM duckdb_tables()").fetchall() == [("items",)]


def test_a_malformed_row_is_an_error_and_never_taken_for_a_header(duckdb_context, tmp_path):
    (tmp_path / "in.csv").write_text("id,n\n1,2\n1,2,3\n")
    with pytest.raises(FormatError, match=r"in\.csv"):
        duckdb_context.read("in.csv")


def test_a_key_that_comes_late_in_a_json_file_is_a_column(duckdb_context, tmp_path):
    lines = ['{"a": 1}\n'] * 30_000 + ['{"a": 2, "late": "x"}\n']
    (tmp_path / "in.jsonl").write_text("".join(lines))
    assert duckdb_context.read("in.jsonl").columns == ["a", "late"]


def test_an_option_of_duckdbs_own_works_but_not_beside_one_only_pandas_has(duckdb_context, tmp_path):
    (tmp_path / "in.csv").write_text("a,b\n1,2\n3\n")
    frame = duckdb_context.read("in.csv", null_padding=True)
    assert duckdb_context.to_arrow(frame).to_pylist() == [{"a": 1, "b": 2}, {"a": 3, "b": None}]
    with pytest.raises(StepOptionError, match="do not go together"):
        duckdb_context.read("in.csv", null_padding=True, skipfooter=1)


def test_columns_without_names_are_numbered_as_in_pandas(duckdb_context, tmp_path):
    (tmp_path / "in.csv").write_text("1,2\n")
    assert duckdb_context.read("in.csv", header=None).columns == ["0", "1"]


def test_a_column_that_mixes_types_is_an_error_as_data_and_text_to_look_at(pandas_context):
    frame = pd.DataFrame({"mixed": pd.Series([1, "a", None], dtype=object), "n": [1, 2, 3]})
    with pytest.raises(EngineError, match=r"column `mixed` .*\(int, str\)"):
        pandas_context.register_temp("data", frame)
    assert pandas_context.columns(frame)[0].type == "string"
    assert pandas_context.to_arrow(frame, limit=5).column("mixed").to_pylist() == ["1", "a", None]


def test_a_named_index_is_a_column_and_an_unnamed_one_is_not(pandas_context):
    frame = pd.DataFrame({"k": ["a", "b", "a"], "v": [1, 2, 3]})
    totals = frame.groupby("k").sum()
    pandas_context.register_temp("totals", totals)
    result = pandas_context.execute_sql("SELECT k, v FROM totals ORDER BY k")
    assert result.to_dict("list") == {"k": ["a", "b"], "v": [4, 2]}
    assert [column.name for column in pandas_context.columns(totals)] == ["k", "v"]
    pandas_context.write(totals, "out.csv")
    assert list(pandas_context.read("out.csv").columns) == ["k", "v"]
    pandas_context.write(frame[frame.v > 1], "plain.csv")
    assert list(pandas_context.read("plain.csv").columns) == ["k", "v"]
