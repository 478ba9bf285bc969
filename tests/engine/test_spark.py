"""What is Spark's alone: starting, cancelling, directories, and what is said where it cannot start."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import pandas as pd
import pytest

from odibi_core.engine import SparkEngineContext, create_engine_context
from odibi_core.engine.spark_sql import split_statements
from odibi_core.errors import EngineError, MissingDependencyError

SLOW = "SELECT sum(CAST(a.id AS DOUBLE) * b.id) AS s FROM range(3000000) a, range(3000000) b"


def test_the_class_does_not_import_pyspark():
    code = (
        "import sys; from odibi_core.engine import SparkEngineContext, create_engine_context;"
        "create_engine_context('spark');"
        "assert not {'pyspark', 'pandas', 'duckdb', 'pyarrow'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_java_the_remedy_is_told(monkeypatch, tmp_path):
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineError, match=r"needs Java 17, and there is no `java`.*JAVA_HOME.*sc://host"):
        SparkEngineContext().connect()


def test_a_java_home_without_java_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(EngineError, match=r"JAVA_HOME is .* no `bin/java`"):
        SparkEngineContext().connect()


def test_without_pyspark_the_extra_is_named(monkeypatch):
    import importlib.util

    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "pyspark" else find(name))
    with pytest.raises(MissingDependencyError, match=r'pip install "odibi-tui\[spark\]"'):
        SparkEngineContext().connect()


@pytest.mark.parametrize(
    ("text", "statements"),
    [
        ("SELECT 1", ["SELECT 1"]),
        ("a; b;", ["a", "b"]),
        ("SELECT ';' ; SELECT `a;b`", ["SELECT ';'", "SELECT `a;b`"]),
        ("-- a; b\nSELECT 1 /* ; */", ["-- a; b\nSELECT 1 /* ; */"]),
        (r"SELECT 'it\'s;'; SELECT " + '"x;y"', [r"SELECT 'it\'s;'", 'SELECT "x;y"']),
        ("; ; -- nothing", []),
        ("SELECT 'open; text", ["SELECT 'open; text"]),
        ("SELECT 1 - 2 / 3", ["SELECT 1 - 2 / 3"]),
    ],
)
def test_statements_are_split_at_semicolons_outside_text_and_comments(text, statements):
    assert split_statements(text) == statements


@pytest.mark.spark
@pytest.mark.parametrize("look", [True, False])
def test_a_job_is_cancelled_from_another_thread_and_only_that_scopes(spark_context, look):
    with spark_context.scope("slow") as slow, spark_context.scope("other") as other:
        ended = []

        def work():
            with pytest.raises(Exception, match=r"SPARK_JOB_CANCELLED|cancelled"):
                frame = slow.execute_sql(SLOW)
                _ = slow.collect_sample(frame) if look else slow.to_arrow(frame)
            ended.append(time.monotonic())

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        tracker = spark_context.session.sparkContext.statusTracker()
        while not tracker.getActiveJobsIds() and thread.is_alive():
            time.sleep(0.05)  # a job that has not begun cannot be cancelled
        other.interrupt()
        time.sleep(0.5)
        assert not ended
        for _ in range(100):
            slow.interrupt()
            thread.join(0.2)
            if ended:
                break
        assert ended
        assert slow.to_arrow(slow.execute_sql("SELECT 2 AS x")).to_pylist() == [{"x": 2}]


@pytest.mark.spark
def test_a_directory_of_files_is_written_whole_and_appended_to(spark_context, tmp_path):
    frame = spark_context.adopt(pd.DataFrame({"k": ["a", "b"], "n": [1, 2]}))
    spark_context.write(frame, "out.parquet", single_file=False)
    spark_context.write(frame, "out.parquet", single_file=False, mode="append")
    assert (tmp_path / "out.parquet").is_dir()
    assert spark_context.to_arrow(spark_context.read("out.parquet")).num_rows == 4
    with create_engine_context("pandas", base_dir=tmp_path) as pandas:
        assert sorted(pandas.read("out.parquet")["n"]) == [1, 1, 2, 2]


@pytest.mark.spark
def test_a_target_is_one_file_like_on_the_other_engines(spark_context, tmp_path):
    spark_context.write(spark_context.adopt([{"n": 1}]), "out.parquet")
    assert (tmp_path / "out.parquet").is_file()
    assert [path.name for path in tmp_path.iterdir()] == ["out.parquet"]


@pytest.mark.spark
def test_columns_of_json_lines_stand_as_written(spark_context, tmp_path):
    (tmp_path / "in.jsonl").write_text('{"z": 1, "a": "x"}\n{"z": 2, "m": true}\n')
    assert spark_context.read("in.jsonl").columns == ["z", "a", "m"]


@pytest.mark.spark
def test_nothing_is_left_where_the_person_works(tmp_path):
    code = (
        "from odibi_core.engine import create_engine_context\n"
        "with create_engine_context('spark') as context:\n"
        "    context.execute_sql('CREATE TABLE t AS SELECT 1 AS a; SELECT * FROM t').collect()\n"
        "    print(context.session.conf.get('spark.sql.warehouse.dir'))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.iterdir()) == []
    assert not Path(done.stdout.strip().removeprefix("file:")).exists()
