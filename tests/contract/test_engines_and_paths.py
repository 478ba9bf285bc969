"""contract.md, "Engine contexts" and "Paths and functions"."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from odibi_core.core import create_engine_context
from odibi_core.engine import EngineContext

SAMPLES = Path(__file__).parents[2] / "sample_configs"
ENGINES = ["pandas", "duckdb", pytest.param("spark", marks=pytest.mark.spark)]


@pytest.fixture(params=["pandas", "duckdb"])
def context(request: pytest.FixtureRequest) -> Any:
    with create_engine_context(request.param) as opened:
        yield opened


def test_an_unknown_engine_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match="pandas") as caught:
        create_engine_context("polars")
    assert "duckdb" in str(caught.value)
    assert "spark" in str(caught.value)


def test_making_a_context_touches_nothing() -> None:
    probe = (
        "import sys; from odibi_core.core import create_engine_context as create;"
        "[create(name) for name in ('pandas', 'duckdb', 'spark')];"
        "assert not {'duckdb', 'pyspark'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", probe], check=True)


def test_secrets() -> None:
    with pytest.raises(ValueError, match="No secrets configured"):
        create_engine_context("pandas").get_secret("x")
    for secrets in ({"x": "1"}, {"x": "1"}.get):
        context = create_engine_context("pandas", secrets=secrets)
        assert context.get_secret("x") == "1"
        with pytest.raises(ValueError, match="Secret not found: y"):
            context.get_secret("y")


def test_read_query_write(context: EngineContext, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("id;v\n1;1.5\n2;2.5\n")
    frame = context.read(tmp_path / "in.csv", sep=";")
    context.register_temp("t", frame)
    result = context.execute_sql("SELECT id, v * 2 AS v FROM t WHERE id > 1")
    sample = context.collect_sample(result)
    assert isinstance(sample, pd.DataFrame)
    assert sample.to_dict("records") == [{"id": 2, "v": 5.0}]
    target = tmp_path / "a" / "b" / "out.csv"
    context.write(result, target)
    assert target.read_text().splitlines() == ["id,v", "2,5.0"]


def test_write_modes(context: EngineContext, tmp_path: Path) -> None:
    frame = context.adopt(pd.DataFrame({"a": [1]}))
    target = tmp_path / "t.parquet"
    context.write(frame, target)
    context.write(frame, target, mode="append")
    assert len(pd.read_parquet(target)) == 2
    context.write(frame, target, mode="overwrite")
    assert len(pd.read_parquet(target)) == 1
    with pytest.raises(FileExistsError):
        context.write(frame, target, mode="error")


def test_an_sqlalchemy_url(context: EngineContext, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'x.db'}"
    context.write(context.adopt(pd.DataFrame({"a": [1, 2]})), "t", connection_string=url)
    read = context.read("", query="SELECT a FROM t WHERE a > 1", connection_string=url)
    assert context.collect_sample(read)["a"].tolist() == [2]


@pytest.mark.parametrize("engine", ENGINES)
def test_types_have_arrow_names_on_every_engine(engine: str) -> None:
    with create_engine_context(engine) as context:
        frame = context.execute_sql(
            "SELECT 1::BIGINT AS i, 1.5::DOUBLE AS d, 'x' AS s, TIMESTAMP '2026-01-01' AS t"
        )
        types = {column.name: column.type for column in context.columns(frame)}
    assert types["i"] == "int64"
    assert types["d"] == "double"
    assert types["s"] == "string"
    assert types["t"] == "timestamp[us]"


def odibi_core(cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "odibi_core", *arguments], cwd=cwd, capture_output=True, text=True
    )


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A pipeline in a directory below, while its source is in the current one."""
    (tmp_path / "conf").mkdir()
    shutil.copy(SAMPLES / "simple_pipeline.json", tmp_path / "conf")
    (tmp_path / "data").mkdir()
    shutil.copy(SAMPLES / "data" / "sample.csv", tmp_path / "data")
    return tmp_path


def test_a_source_beside_the_caller_suggests_the_base_directory(elsewhere: Path) -> None:
    done = odibi_core(elsewhere, "check", "conf/simple_pipeline.json", "--format", "json")
    assert done.returncode == 1
    (diagnostic,) = json.loads(done.stdout)["diagnostics"]
    assert diagnostic["step"] == "read_sample_csv"
    assert "--base-dir ." in diagnostic["help"]
    done = odibi_core(elsewhere, "run", "conf/simple_pipeline.json", "--base-dir", ".")
    assert done.returncode == 0, done.stderr
    assert (elsewhere / "out" / "filtered.parquet").exists()
    assert list((elsewhere / "tracker_logs").glob("run_*.json"))


def test_a_config_beside_its_data_runs_from_anywhere(elsewhere: Path) -> None:
    shutil.copytree(elsewhere / "data", elsewhere / "conf" / "data")
    done = odibi_core(elsewhere, "run", "conf/simple_pipeline.json", "--log-dir", "my_logs")
    assert done.returncode == 0, done.stderr
    assert list((elsewhere / "conf" / "my_logs").glob("run_*.json"))


def test_the_base_directory_is_importable(tmp_path: Path) -> None:
    (tmp_path / "my_functions.py").write_text(
        "import pandas as pd\ndef make(n):\n    return pd.DataFrame({'n': range(n)})\n"
    )
    steps = [
        {
            "name": "make",
            "type": "function",
            "value": "my_functions.make",
            "params": {"n": 3},
            "outputs": {"d": "x"},
        },
        {"name": "save", "layer": "store", "value": "x.csv", "inputs": {"d": "x"}},
    ]
    (tmp_path / "p.json").write_text(json.dumps(steps))
    done = odibi_core(tmp_path.parent, "run", str(tmp_path / "p.json"))
    assert done.returncode == 0, done.stderr
    assert len(pd.read_csv(tmp_path / "x.csv")) == 3


def test_a_run_log_is_told_from_a_config(tmp_path: Path) -> None:
    (tmp_path / "run_20260101_000000.json").write_text('{"pipeline_id": "run_20260101_000000", "steps": []}')
    done = odibi_core(tmp_path, "check", "run_20260101_000000.json")
    assert done.returncode == 1
    assert "run log" in done.stdout + done.stderr
