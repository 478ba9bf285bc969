"""How soon a check says what is wrong: whole files, cold processes, and edits on the screen."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.measure import Verdict, in_turn, options
from benchmarks.startup import large_config

ROOT = Path(__file__).parent.parent
STRUCTURE_STEPS = 10_000
STRUCTURE_FACTOR, STRUCTURE_S = 1.5, 0.1
SQL_STEPS = 1_000
COLD_S = 2.0
EDIT_MEDIAN_MS, EDIT_P95_MS = 60.0, 120.0
HEAD_STRUCTURE_S, HEAD_SCHEMAS_S = 0.1, 2.0
BRANCH = 10  # steps of a branch: an edit has fewer dependents than that
PATIENCE_S = 30

_ESCAPES = re.compile(rb"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[ -/]*[0-~]")
_COLD = (
    "import sys; from pathlib import Path; from odibi_core.config import read_document; "
    "from odibi_core.checks import check; found = check(read_document(sys.argv[1])); "
    "assert not [f for f in found if f.is_error], found[:3]"
)


def sql_steps(count: int, engine: str) -> list[dict[str, Any]]:
    """Returns a pipeline of branches of ten: a file, then queries, each over the one before."""
    steps: list[dict[str, Any]] = []
    for number in range(count):
        place = number % BRANCH
        step: dict[str, Any] = {
            "layer": "transform",
            "name": f"step_{number:04d}",
            "type": "sql",
            "engine": engine,
        }
        if place == 0:
            step |= {"layer": "ingest", "type": "config_op", "value": "orders.csv"}
        else:
            # No two queries are the same: what is remembered of one is of no use to another.
            step["value"] = _QUERIES[place % len(_QUERIES)].replace("NUMBER", str(number))
            step["inputs"] = {"data": f"data_{number - 1:04d}"}
            if "JOIN" in step["value"]:
                step["inputs"]["first"] = f"data_{number - place:04d}"
        steps.append(step | {"outputs": {"data": f"data_{number:04d}"}})
    return steps


_QUERIES = [
    "SELECT id, name, value + NUMBER AS value FROM data WHERE value > 0",
    "SELECT id, upper(name) AS name, round(value, 2) AS value FROM data WHERE id <> NUMBER ORDER BY id",
    "SELECT d.id, d.name, d.value, f.value * NUMBER AS v FROM data AS d JOIN first AS f ON d.id = f.id",
    "SELECT id, name, CASE WHEN value > NUMBER THEN value ELSE 0 END AS value FROM data",
    "WITH t AS (SELECT id, name, sum(value) AS value FROM data GROUP BY id, name) FROM t LIMIT NUMBER",
    "SELECT id, name, value, row_number() OVER (PARTITION BY name ORDER BY id) + NUMBER AS place FROM data",
]


def write_steps(path: Path, steps: list[dict[str, Any]]) -> Path:
    """Writes a config and the file it reads."""
    path.write_text(json.dumps(steps, indent=2))
    (path.parent / "orders.csv").write_text("id,name,value\n1,ada,2.5\n2,bo,3.5\n")
    return path


def chain(count: int) -> list[dict[str, Any]]:
    """Returns a chain: each query over the one before, all columns passed on."""
    steps: list[dict[str, Any]] = [
        {
            "layer": "ingest",
            "name": "read",
            "engine": "duckdb",
            "value": "orders.csv",
            "outputs": {"data": "data_0000"},
        }
    ]
    for number in range(1, count):
        steps.append(
            {
                "layer": "transform", "name": f"step_{number:04d}", "type": "sql", "engine": "duckdb",
                "value": f"SELECT * FROM data WHERE value > {number}",
                "inputs": {"data": f"data_{number - 1:04d}"}, "outputs": {"data": f"data_{number:04d}"},
            }
        )  # fmt: skip
    return steps


def timed(work: Callable[[], object]) -> float:
    """Returns how many seconds something takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


# -- whole files -------------------------------------------------------------------------------------


def structure(home: Path, rounds: int, verdict: Verdict) -> None:
    """Reading and checking 10,000 steps against `json.loads` of their text."""
    from odibi_core.checks import check
    from odibi_core.config import read_document

    path = large_config(home / "large.json", STRUCTURE_STEPS)
    text = path.read_text()
    medians = in_turn(
        {
            "json.loads": lambda: timed(lambda: json.loads(text)),
            "check": lambda: timed(lambda: check(read_document(path), data=False)),
        },
        rounds,
    )
    limit = STRUCTURE_FACTOR * medians["json.loads"] + STRUCTURE_S
    print(f"json.loads of {len(text) / 1e6:.1f} MB: {medians['json.loads'] * 1000:.0f} ms")
    verdict.add(f"{STRUCTURE_STEPS:,} steps, structure", medians["check"] * 1000, limit * 1000, "ms")


def cold(home: Path, rounds: int, verdict: Verdict) -> None:
    """A process that imports, reads and checks 1,000 SQL steps with their schemas, less an empty process."""
    commands: dict[str, list[str]] = {"nothing": ["-c", "pass"]}
    for engine in ("duckdb", "pandas"):
        directory = home / engine
        directory.mkdir()
        path = write_steps(directory / "pipeline.json", sql_steps(SQL_STEPS, engine))
        commands[engine] = ["-c", _COLD, str(path)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    run = {
        name: (
            lambda c=command: timed(lambda: subprocess.run([sys.executable, *c], check=True, env=environment))
        )
        for name, command in commands.items()
    }
    medians = in_turn(run, rounds)
    for engine in ("duckdb", "pandas"):
        seconds = medians[engine] - medians["nothing"]
        verdict.add(f"{SQL_STEPS:,} SQL steps with schemas, cold, {engine}", seconds, COLD_S, "s")


# -- edits in this process ---------------------------------------------------------------------------


def edits(home: Path, rounds: int, verdict: Verdict) -> None:
    """From the text of an edited file to all diagnostics: an edit with few dependents, and one with all."""
    from odibi_core.checks.checker import Checker
    from odibi_core.config import read_document

    path = write_steps(home / "branches.json", sql_steps(SQL_STEPS, "duckdb"))
    steps = json.loads(path.read_text())
    checker = Checker(base_dir=home)
    checker.whole(read_document(path))
    times = []
    for turn in range(max(20, rounds * 4)):
        index = (turn * 37 % (SQL_STEPS // BRANCH)) * BRANCH + 1
        edited = json.loads(json.dumps(steps))
        edited[index]["value"] = edited[index]["value"].replace("upper(name)", f"upper(nam{turn})")
        text = json.dumps(edited, indent=2)

        def look(text: str = text, name: str = steps[index]["name"]) -> None:
            found = checker.whole(read_document(path, text=text)).diagnostics
            assert [f.step for f in found if f.is_error] == [name], found

        times.append(timed(look) * 1000)
    verdict.add(
        "edit with <= 10 dependents of 1,000 steps, median", statistics.median(times), EDIT_MEDIAN_MS, "ms"
    )
    verdict.add("  the same, p95", sorted(times)[int(len(times) * 0.95) - 1], EDIT_P95_MS, "ms")

    path = write_steps(home / "chain.json", chain(SQL_STEPS))
    steps = json.loads(path.read_text())
    checker = Checker(base_dir=home)
    checker.whole(read_document(path))
    structures, wholes = [], []
    for turn in range(rounds):
        steps[1]["value"] = f"SELECT *, {turn} AS extra_{turn} FROM data"
        text = json.dumps(steps, indent=2)
        document = read_document(path, text=text)
        structures.append(timed(lambda t=text: checker.structure(read_document(path, text=t))))
        wholes.append(timed(lambda d=document: checker.whole(d)))
    verdict.add(
        "edit at the head of a chain of 1,000: structure",
        statistics.median(structures),
        HEAD_STRUCTURE_S,
        "s",
    )
    verdict.add("  the same: schemas", statistics.median(wholes), HEAD_SCHEMAS_S, "s")


# -- edits as the application shows them -------------------------------------------------------------


class Application:
    """`odibi-tui` in a pseudo-terminal of 120 by 40."""

    def __init__(self, config: Path, home: Path) -> None:
        environment = {key: value for key, value in os.environ.items() if not key.startswith("TEXTUAL")}
        environment |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", "PYTHONPATH": str(ROOT)}
        for name in ("CONFIG", "STATE", "DATA", "CACHE"):
            environment[f"XDG_{name}_HOME"] = str(home / name.lower())
        command = [sys.executable, "-m", "odibi_tui", str(config)]
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.execvpe(command[0], command, environment)
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self.shown = b""

    def wait(self, mark: bytes) -> None:
        """Waits until something is painted; what was painted before counts no more."""
        end = time.monotonic() + PATIENCE_S
        while mark not in _ESCAPES.sub(b"", self.shown):
            if not select.select([self.terminal], [], [], max(0.0, end - time.monotonic()))[0]:
                text = _ESCAPES.sub(b"", self.shown).decode(errors="replace")
                raise SystemExit(f"odibi-tui did not paint {mark!r} in {PATIENCE_S} s:\n{text[-2000:]}")
            self.shown += os.read(self.terminal, 1 << 16)
        self.shown = b""

    def settle(self, quiet_s: float = 0.5) -> None:
        """Waits until nothing more is painted."""
        while select.select([self.terminal], [], [], quiet_s)[0]:
            os.read(self.terminal, 1 << 16)
        self.shown = b""

    def close(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.terminal)


def save(path: Path, text: str) -> None:
    """Saves as editors do: a new file, moved over the old one."""
    new = path.with_name(f".{path.name}.new")
    new.write_text(text)
    new.replace(path)


def on_screen(home: Path, rounds: int, verdict: Verdict) -> None:
    """From the save of a misspelled column to its message on the screen."""
    directory = home / "screen"
    directory.mkdir()
    path = write_steps(directory / "pipeline.json", sql_steps(SQL_STEPS, "duckdb"))
    right = path.read_text()
    application = Application(path, home / "person")
    times = []
    try:
        application.wait(b"step_0000")
        application.settle(3.0)
        for turn in range(max(20, rounds * 4)):
            # A name that stands nowhere else: what is painted of it is the message.
            wrong = f"nm{turn:02d}zz"
            at = right.index("upper(name)", len(right) * (turn % 7 + 1) // 9)
            text = right[:at] + f"upper({wrong})" + right[at + len("upper(name)") :]
            started = time.perf_counter()
            save(path, text)
            application.wait(wrong.encode())
            times.append((time.perf_counter() - started) * 1000)
            application.settle()
            save(path, right)
            application.settle()
    finally:
        application.close()
    verdict.add(
        "from a save to the message on the screen, median", statistics.median(times), EDIT_MEDIAN_MS, "ms"
    )
    verdict.add("  the same, p95", sorted(times)[int(len(times) * 0.95) - 1], EDIT_P95_MS, "ms")


def main(arguments: list[str] | None = None) -> int:
    parser = options(__doc__, rounds=5)
    parser.add_argument(
        "--only", choices=["structure", "cold", "edits", "screen"], help="one of the measurements"
    )
    asked = parser.parse_args(arguments)
    verdict = Verdict()
    parts = {"structure": structure, "cold": cold, "edits": edits, "screen": on_screen}
    with tempfile.TemporaryDirectory() as directory:
        for name, measure in parts.items():
            if asked.only in (None, name):
                measure(Path(directory), asked.rounds, verdict)
    return verdict.exit_code(asked.check)


if __name__ == "__main__":
    sys.exit(main())
