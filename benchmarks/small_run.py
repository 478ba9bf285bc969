"""`odibi-core run` of the simple pipeline as a whole process, against a script that does the same by hand."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.measure import Verdict, in_turn, options

ROOT = Path(__file__).parent.parent
LIMIT = 1.6


def timed(command: list[str], directory: Path) -> float:
    """Returns the seconds a command takes, whole."""
    started = time.perf_counter()
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True)
    took = time.perf_counter() - started
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return took


def main(arguments: list[str] | None = None) -> int:
    asked = options(__doc__, rounds=15).parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        config = directory / "simple_pipeline.json"
        shutil.copy(ROOT / "sample_configs" / "simple_pipeline.json", config)
        (directory / "data").mkdir()
        shutil.copy(ROOT / "sample_configs" / "data" / "sample.csv", directory / "data")
        script = [sys.executable, str(ROOT / "benchmarks" / "by_hand.py"), "data", "by_hand"]
        medians = in_turn(
            {
                "by hand": lambda: timed(script, directory),
                "odibi": lambda: timed([sys.executable, "-m", "odibi_core", "run", str(config)], directory),
            },
            asked.rounds,
        )
    for subject, seconds in medians.items():
        print(f"{subject:<8} {seconds * 1000:7.0f} ms")
    verdict = Verdict()
    verdict.add("odibi-core run against a script", medians["odibi"] / medians["by hand"], LIMIT, "x")
    return verdict.exit_code(asked.check)


if __name__ == "__main__":
    sys.exit(main())
