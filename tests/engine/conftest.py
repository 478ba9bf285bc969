"""Contexts of every engine for one test body; Spark's tests say why they skip."""

import os
import shutil

import pytest

from odibi_core.engine import create_engine_context

ENGINES = ["pandas", "duckdb", pytest.param("spark", marks=pytest.mark.spark)]


@pytest.fixture(scope="session")
def spark_home():
    """A Spark that stays up for all tests, or the reason why there is none."""
    if shutil.which("java") is None and not os.environ.get("JAVA_HOME"):
        reason = "Spark needs Java 17, and there is no `java` here"
        if os.environ.get("ODIBI_REQUIRE_SPARK") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    if os.environ.get("ODIBI_REQUIRE_SPARK") != "1":
        pytest.importorskip("pyspark", reason="needs odibi-tui[spark]")
    context = create_engine_context("spark", master="local[2]").connect()
    yield context
    context.close()


@pytest.fixture(params=ENGINES)
def engine(request):
    if request.param == "spark":
        request.getfixturevalue("spark_home")
    return request.param


@pytest.fixture
def context(engine, tmp_path):
    context = create_engine_context(engine, base_dir=tmp_path)
    yield context
    context.close()


@pytest.fixture
def duckdb_context(tmp_path):
    context = create_engine_context("duckdb", base_dir=tmp_path)
    yield context
    context.close()


@pytest.fixture
def pandas_context(tmp_path):
    context = create_engine_context("pandas", base_dir=tmp_path)
    yield context
    context.close()


@pytest.fixture
def spark_context(spark_home, tmp_path):
    context = create_engine_context("spark", base_dir=tmp_path)
    yield context
    context.close()
