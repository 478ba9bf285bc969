"""The sample pipelines: the three forms of the simple one are equal, all check clean, and all run."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from odibi_core.checks import check
from odibi_core.config import read_document
from odibi_core.core import ConfigLoader

SAMPLES = Path(__file__).parent.parent / "sample_configs"
PIPELINES = ("simple_pipeline", "branching_pipeline", "retail_pipeline", "spark_pipeline")


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the samples with small generated data."""
    copy = tmp_path_factory.mktemp("samples") / "sample_configs"
    shutil.copytree(SAMPLES, copy, ignore=shutil.ignore_patterns("retail", "out", "tracker_logs", "*.db"))
    subprocess.run(
        [sys.executable, copy / "generate.py", "--orders", "2000", "--force"], check=True, capture_output=True
    )
    return copy


def test_the_three_forms_of_the_simple_pipeline_load_equal(generated: Path) -> None:
    loader = ConfigLoader()
    as_json, as_csv, as_db = (
        loader.load(generated / f"simple_pipeline.{suffix}") for suffix in ("json", "csv", "db")
    )
    assert as_json == as_csv == as_db
    assert [step.name for step in as_json] == [
        "read_sample_csv",
        "filter_high_value",
        "aggregate_by_category",
        "write_filtered_parquet",
        "write_aggregated_json",
    ]


def test_the_packaged_example_is_the_sample() -> None:
    packaged = SAMPLES.parent / "odibi_core" / "examples"
    assert (packaged / "configs" / "simple_pipeline.json").read_text() == (
        SAMPLES / "simple_pipeline.json"
    ).read_text()
    assert (packaged / "data" / "sample.csv").read_text() == (SAMPLES / "data" / "sample.csv").read_text()


@pytest.mark.parametrize("name", PIPELINES)
def test_a_sample_checks_without_a_finding(generated: Path, name: str) -> None:
    document = read_document(generated / f"{name}.json")
    assert check(document, base_dir=generated) == ()


@pytest.mark.parametrize("name", ["simple_pipeline", "branching_pipeline", "retail_pipeline"])
def test_a_sample_runs(generated: Path, name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "odibi_core", "run", str(generated / f"{name}.json")],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_retail_pipeline_keeps_its_promises(generated: Path) -> None:
    test_a_sample_runs(generated, "retail_pipeline")
    import pandas as pd

    orders = pd.read_csv(generated / "data" / "retail" / "orders.csv")
    expected = orders.dropna(subset=["quantity"])["order_id"].nunique()
    sales = pd.read_parquet(generated / "out" / "retail" / "sales.parquet")
    assert len(sales) == expected
    assert sales["order_id"].is_unique
    regions = json.loads((generated / "out" / "retail" / "regions.json").read_text())
    assert sum(region["orders"] for region in regions) == expected
