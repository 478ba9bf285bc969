"""The packaged demo: every line the contract promises, and files that hold what it says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pandas as pd

STEPS = (
    "read_sample_csv",
    "filter_high_value",
    "aggregate_by_category",
    "write_filtered_parquet",
    "write_aggregated_json",
)


def run_demo(cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "odibi_core.examples.run_pipeline_demo", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
    )


def test_the_demo_prints_each_stage_and_writes_its_files(tmp_path: Path) -> None:
    done = run_demo(tmp_path)
    assert done.returncode == 0, done.stderr
    expected = [
        r"\[1/5\] Loading configuration\.\.\.",
        r"Loaded 5 steps",
        r"\[2/5\] Validating configuration\.\.\.",
        r"\[OK\] Config validation passed",
        r"\[3/5\] Executing pipeline\.\.\.",
        r"\[SUCCESS\] Pipeline completed",
        r"\[4/5\] Tracker Summary",
        r"Pipeline Execution Summary",
        r"\[5/5\] Verifying outputs\.\.\.",
        r"\[OK\] Filtered data written: filtered\.parquet \(6 rows\)",
        r"\[OK\] Aggregated data written: aggregated\.json \(3 categories\)",
    ]
    position = 0
    for pattern in expected:
        found = re.compile(pattern).search(done.stdout, position)
        assert found is not None, f"{pattern} is missing, or out of order, in:\n{done.stdout}"
        position = found.end()
    for step in STEPS:
        assert re.search(rf"^  \[OK\] {step} completed in \d+ms$", done.stdout, re.MULTILINE)
    assert len(pd.read_parquet(tmp_path / "odibi_demo" / "out" / "filtered.parquet")) == 6
    assert len(pd.read_json(tmp_path / "odibi_demo" / "out" / "aggregated.json")) == 3
    assert len(list((tmp_path / "odibi_demo" / "tracker_logs").glob("run_*.json"))) == 1


def test_the_demo_runs_where_it_is_told_and_twice(tmp_path: Path) -> None:
    assert run_demo(tmp_path, "elsewhere").returncode == 0
    assert run_demo(tmp_path, "elsewhere").returncode == 0
    assert not (tmp_path / "odibi_demo").exists()
    assert len(list((tmp_path / "elsewhere" / "tracker_logs").glob("run_*.json"))) == 2


def test_a_config_edited_into_nonsense_is_an_error_in_one_line(tmp_path: Path) -> None:
    assert run_demo(tmp_path, "demo").returncode == 0
    (tmp_path / "demo" / "simple_pipeline.json").write_text("[")
    done = run_demo(tmp_path, "demo")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("error: ")
