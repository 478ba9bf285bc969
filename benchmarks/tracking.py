"""What watching costs: the retail pipeline at 10,000,000 orders, with snapshots and profiles on and off."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.measure import Verdict, in_turn, options

ROOT = Path(__file__).parent.parent
SNAPSHOTS_LIMIT = 1.05
SAMPLED_LIMIT = 1.10
SUMMARIZE_LIMIT = 1.0
MODES = ("off", "snapshots", "sampled")


def make_data(directory: Path, orders: int) -> None:
    """Writes the retail pipeline with so many orders, unless the directory has it."""
    if (directory / "made").exists() and (directory / "made").read_text() == str(orders):
        return
    path = ROOT / "sample_configs" / "generate.py"
    spec = importlib.util.spec_from_file_location("generate", path)
    assert spec is not None and spec.loader is not None
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    print(f"making {orders:,} orders in {directory} ...", file=sys.stderr, flush=True)
    generate.write_retail_data(directory / "data" / "retail", orders)
    for name in ("retail_pipeline.json", "sample_functions.py"):
        shutil.copy(ROOT / "sample_configs" / name, directory)
    (directory / "made").write_text(str(orders))


def run(directory: Path, mode: str) -> dict[str, float]:
    """Runs the pipeline in this process, nothing kept, and returns the seconds it took, among others.

    `off` takes no snapshots at all; `full` profiles all rows, and measures it beside SUMMARIZE.
    """
    from odibi_core.core import ConfigLoader, EventEmitter, Orchestrator, Tracker, create_engine_context
    from odibi_core.core.executions import Snapshot

    class Blind(Tracker):
        def snapshot(self, position: str, df: Any, context: Any, **where: Any) -> Snapshot:
            return Snapshot(position, None, None, [])

    spent = {"profile": 0.0, "summarize": 0.0}

    def measured(what: str, work: Callable[[], object]) -> None:
        started = time.perf_counter()
        work()
        spent[what] += time.perf_counter() - started

    class Measuring(Tracker):
        def store_profile(self, key: str, df: Any, context: Any, *args: Any, **kwargs: Any) -> Path | None:
            if context.name == "duckdb":
                cursor = context._workspace.cursor
                measured("summarize", lambda: cursor.execute(f"SUMMARIZE {df.table}").fetchall())
                measured("profile", lambda: context.profile(df, full=True))
            return None

    kinds = {"off": Blind, "full": Measuring}
    profile = {"sampled": "sample", "full": "full"}.get(mode, "off")
    with (
        tempfile.TemporaryDirectory() as logs,
        create_engine_context("duckdb", base_dir=directory) as context,
    ):
        tracker = kinds.get(mode, Tracker)(logs)
        orchestrator = Orchestrator(
            ConfigLoader().load(directory / "retail_pipeline.json"), context, tracker, EventEmitter(),
            parallel=mode != "full", keep_frames=False, previews=mode != "off", profile=profile, keep="none",
        )  # fmt: skip
        context.connect()
        started = time.perf_counter()
        orchestrator.run()
        took = {"run": time.perf_counter() - started}
        orchestrator.close()
        return took | (spent if mode == "full" else {})


def apart(directory: Path, mode: str) -> dict[str, float]:
    """Does it in a fresh process, so that none profits from what another has left in memory."""
    command = [sys.executable, "-m", "benchmarks.tracking", "--once", mode, "--data", str(directory)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr}")
    told: dict[str, float] = json.loads(done.stdout)
    return told


def main(arguments: list[str] | None = None) -> int:
    parser = options(__doc__, rounds=3)
    parser.add_argument("--rows", type=int, default=10_000_000, help="orders (%(default)s)")
    parser.add_argument("--data", type=Path, help="where the data is, or is to stay for the next time")
    parser.add_argument("--once", choices=[*MODES, "full"], help="run once and print seconds as JSON")
    asked = parser.parse_args(arguments)
    if asked.once:
        print(json.dumps(run(asked.data, asked.once)))
        return 0
    with tempfile.TemporaryDirectory(prefix="odibi-tracking-") as own:
        directory = asked.data if asked.data is not None else Path(own)
        directory.mkdir(parents=True, exist_ok=True)
        make_data(directory, asked.rows)
        medians = in_turn(
            {mode: lambda mode=mode: apart(directory, mode)["run"] for mode in MODES}, asked.rounds
        )
        for mode, seconds in medians.items():
            print(f"{mode:<10} {seconds:8.2f} s", flush=True)
        full = apart(directory, "full")
    print(f"full profiles {full['profile']:.2f} s, SUMMARIZE {full['summarize']:.2f} s")
    verdict = Verdict()
    verdict.add(
        "run with snapshots against one without", medians["snapshots"] / medians["off"], SNAPSHOTS_LIMIT, "x"
    )
    verdict.add("run with sampled profiles too", medians["sampled"] / medians["off"], SAMPLED_LIMIT, "x")
    verdict.add("full profiles against SUMMARIZE", full["profile"] / full["summarize"], SUMMARIZE_LIMIT, "x")
    return verdict.exit_code(asked.check)


if __name__ == "__main__":
    sys.exit(main())
