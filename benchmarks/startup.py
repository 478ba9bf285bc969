"""Process start to first paint with the tree drawn, in a pseudo-terminal, against a static application."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import sys
import tempfile
import termios
import time
from pathlib import Path

from benchmarks.measure import Verdict, in_turn, options

ROOT = Path(__file__).parent.parent
SIMPLE = ROOT / "sample_configs" / "simple_pipeline.json"
STATIC = ROOT / "benchmarks" / "static_app.py"
SIMPLE_LIMIT = 1.25
LARGE_LIMIT = 2.0
LARGE_STEPS = 10_000

_ESCAPES = re.compile(rb"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[ -/]*[0-~]")
_PATIENCE_S = 30


def first_paint(command: list[str], marks: list[bytes], environment: dict[str, str]) -> float:
    """Returns seconds from the start of a command until all of `marks` are on its screen."""
    started = time.perf_counter()
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvpe(command[0], command, environment)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    shown = b""
    try:
        while True:
            if not select.select([terminal], [], [], _PATIENCE_S)[0]:
                raise SystemExit(f"{' '.join(command)} did not draw {marks} in {_PATIENCE_S} s")
            try:
                shown += os.read(terminal, 1 << 16)
            except OSError:  # the other side is closed
                text = _ESCAPES.sub(b"", shown).decode(errors="replace")
                raise SystemExit(f"{' '.join(command)} ended early:\n{text[-2000:]}") from None
            plain = _ESCAPES.sub(b"", shown)
            if all(mark in plain for mark in marks):
                return time.perf_counter() - started
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(terminal)


def large_config(path: Path, steps: int) -> Path:
    """Writes a pipeline of many steps, a hundred chains side by side."""
    written = []
    for i in range(steps):
        before = f"data_{i - 100:05d}" if i >= 100 else None
        written.append(
            {
                "layer": "transform" if before else "ingest",
                "name": f"step_{i:05d}",
                "type": "sql" if before else "config_op",
                "engine": "duckdb",
                "value": f"SELECT id, name, value + {i} AS value FROM data" if before else "sample.csv",
                "params": {},
                "inputs": {"data": before} if before else {},
                "outputs": {"data": f"data_{i:05d}"},
            }
        )
    path.write_text(json.dumps(written, indent=2))
    (path.parent / "sample.csv").write_text("id,name,value\n1,a,2\n")
    return path


def main(arguments: list[str] | None = None) -> int:
    asked = options(__doc__, rounds=11).parse_args(arguments)
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory)
        large = large_config(home / "large.json", LARGE_STEPS)
        # Its own settings and recent files, and no variable that changes how Textual draws.
        environment = {key: value for key, value in os.environ.items() if not key.startswith("TEXTUAL")}
        environment |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", "PYTHONPATH": str(ROOT)}
        for name in ("CONFIG", "STATE", "DATA", "CACHE"):
            environment[f"XDG_{name}_HOME"] = str(home / name.lower())
        names = [
            b"read_sample_csv",
            b"filter_high_value",
            b"write_filtered_parquet",
            b"write_aggregated_json",
        ]
        odibi = [sys.executable, "-m", "odibi_tui"]
        medians = in_turn(
            {
                "static": lambda: first_paint([sys.executable, str(STATIC)], names, environment),
                "simple": lambda: first_paint([*odibi, str(SIMPLE)], names, environment),
                "large": lambda: first_paint(
                    [*odibi, str(large)], [b"step_00000", b"step_00010"], environment
                ),
            },
            asked.rounds,
        )
    for name, seconds in medians.items():
        print(f"{name:<8} {seconds * 1000:7.0f} ms")
    verdict = Verdict()
    verdict.add(
        "simple pipeline against a static application",
        medians["simple"] / medians["static"],
        SIMPLE_LIMIT,
        "x",
    )
    verdict.add(f"{LARGE_STEPS:,} steps against it", medians["large"] / medians["static"], LARGE_LIMIT, "x")
    return verdict.exit_code(asked.check)


if __name__ == "__main__":
    sys.exit(main())
