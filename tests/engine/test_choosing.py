"""Choosing an engine by name; making a context touches nothing."""

import subprocess
import sys

import pytest

from odibi_core.engine import DuckDBEngineContext, EngineContext, PandasEngineContext, create_engine_context
from odibi_core.errors import UnknownEngineError


def test_an_engine_is_found_by_name_in_any_case():
    assert isinstance(create_engine_context("pandas"), PandasEngineContext)
    assert isinstance(create_engine_context("DuckDB"), DuckDBEngineContext)
    assert issubclass(DuckDBEngineContext, EngineContext)


@pytest.mark.parametrize("name", ["polars", "", None, 3])
def test_an_unknown_engine_names_the_known_ones(name):
    with pytest.raises(ValueError, match="the engines are `pandas`, `spark`, `duckdb`"):
        create_engine_context(name)


def test_an_unknown_engine_names_the_nearest():
    with pytest.raises(UnknownEngineError, match="did you mean `pandas`"):
        create_engine_context("panda")


def test_making_a_context_imports_no_engine(tmp_path):
    code = (
        "import sys; from odibi_core.engine import create_engine_context;"
        "[create_engine_context(name, database='x.duckdb') for name in ('pandas', 'duckdb', 'spark')];"
        "print(sorted({'pandas', 'duckdb', 'pyarrow', 'pyspark', 'sqlalchemy'} & set(sys.modules)))"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == "[]"
    assert list(tmp_path.iterdir()) == []
