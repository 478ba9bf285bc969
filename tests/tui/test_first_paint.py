"""What is imported by the time the screen is first painted: nothing heavy, design decision 7."""

import subprocess
import sys
from pathlib import Path

SAMPLES = Path(__file__).parents[2] / "sample_configs"

HEAVY = (
    "pandas", "numpy", "duckdb", "pyarrow", "pyspark", "sqlglot", "watchfiles", "anyio", "click", "msgspec",
    "textual_fastdatatable", "multiprocessing", "sqlite3", "odibi_core.checks", "odibi_core.runs",
    "odibi_core.journal.fold",
    "odibi_tui.runner", "odibi_tui.screens.run", "odibi_tui.screens.data", "odibi_tui.screens.history",
)  # fmt: skip

PROGRAM = f"""
import sys
from odibi_tui import __main__ as entry
from odibi_tui.app import OdibiApp
class Stops(OdibiApp):
    def on_ready(self):
        tree = self.screen.query_one("#steps")
        print("steps", sum(row.kind == "step" for row in tree.rows))
        print("heavy", [name for name in {HEAVY!r} if name in sys.modules])
        self.exit(0)
    def run(self):
        super().run(headless=True)
import odibi_tui.app
odibi_tui.app.OdibiApp = Stops
sys.stdin.isatty = sys.__stdout__.isatty = lambda: True
sys.exit(entry.run([{str(SAMPLES / "simple_pipeline.json")!r}]))
"""


def test_the_tree_is_painted_before_anything_heavy_is_imported():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "steps 5" in done.stdout
    assert "heavy []" in done.stdout


def test_without_a_terminal_it_says_what_to_use_instead():
    command = [sys.executable, "-m", "odibi_tui", str(SAMPLES / "simple_pipeline.json")]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=60
    )
    assert done.returncode == 2
    assert done.stderr == "odibi-tui: this is not a terminal; `odibi-core` does the same without a screen\n"
