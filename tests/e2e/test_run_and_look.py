"""From opening a pipeline to its data and back, in a real terminal."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.terminal import Terminal

SAMPLES = Path(__file__).parents[2] / "sample_configs"

STEPS = (
    "read_sample_csv",
    "filter_high_value",
    "aggregate_by_category",
    "write_filtered_parquet",
    "write_aggregated_json",
)

pytestmark = pytest.mark.pty


@pytest.fixture
def project(tmp_path):
    """A directory with the simple pipeline and its data, and nothing else."""
    (tmp_path / "data").mkdir()
    shutil.copy(SAMPLES / "simple_pipeline.json", tmp_path)
    shutil.copy(SAMPLES / "data" / "sample.csv", tmp_path / "data")
    return tmp_path


@pytest.mark.parametrize("size", [(120, 40), (200, 60)])
def test_a_pipeline_is_run_its_data_read_its_run_found_again_and_the_terminal_left_clean(project, size):
    columns, lines = size
    with Terminal.odibi("simple_pipeline.json", cwd=project, columns=columns, lines=lines) as terminal:
        terminal.wait_for("read_sample_csv", "filter_high_value", "write_aggregated_json", "no problems")
        terminal.press("r")
        terminal.wait_for("success", "5/5", *(f"✓ {step}" for step in STEPS))
        terminal.press("3", "down", "down")
        terminal.wait_for("Before 10 × 5", "After 6 × 5", "rows 1 to 6 of 6")
        terminal.press("[")
        terminal.wait_for("rows 1 to 10 of 10", "Alpha")
        terminal.press("]")
        terminal.wait_for("rows 1 to 6 of 6", gone=["Alpha"])
        terminal.press("4")
        terminal.wait_for("1 run", "simple_pipeline  ", "5/5")
        terminal.press("enter")
        terminal.wait_for("Timeline", "✓ success", "5/5")
        terminal.press("q")
        assert terminal.wait_for_end() == 0
        clean, modes = terminal.is_clean()
        assert clean, modes
        assert "Traceback" not in terminal.text()
    assert (project / "out" / "filtered.parquet").is_file()


def test_at_80_by_24_one_region_at_a_time(project):
    with Terminal.odibi("simple_pipeline.json", cwd=project, columns=80, lines=24) as terminal:
        terminal.wait_for("filter_high_value", "5 steps")
        terminal.press("r")
        terminal.wait_for("success", "5/5")
        terminal.press("3", "enter")
        terminal.wait_for("rows 1 to", "Columns")
        terminal.press("escape")
        terminal.wait_for("filter_high_value", gone=["rows 1 to"])
        terminal.press("q")
        assert terminal.wait_for_end() == 0


SLOW = """
import time

import pandas as pd


def wait():
    time.sleep(60)
    return pd.DataFrame({"a": [1]})
"""


def test_a_run_another_program_started_appears_and_can_be_followed_and_cancelled(project):
    step = {
        "name": "wait",
        "layer": "ingest",
        "type": "function",
        "value": "slow.wait",
        "outputs": {"d": "a"},
    }
    (project / "slow.py").write_text(SLOW)
    (project / "slow.json").write_text(json.dumps([step]))
    command = [sys.executable, "-m", "odibi_core", "run", "slow.json"]
    with Terminal.odibi("simple_pipeline.json", cwd=project) as terminal:
        terminal.wait_for("filter_high_value")
        terminal.press("4")
        terminal.wait_for("no runs in")
        other = subprocess.Popen(command, cwd=project, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            terminal.wait_for("slow", "0/1")
            terminal.press("enter")
            terminal.wait_for("◐ running", "0/1", "wait")
            terminal.press("x")
            terminal.wait_for("cancelled", gone=["running"])
            assert other.wait(10) == 130
        finally:
            other.kill()
            other.wait()
        terminal.press("q")
        assert terminal.wait_for_end() == 0
