"""Past runs: listing 10,000, opening a journal of 100 MB, and comparing two results of 10,000,000 rows."""

from __future__ import annotations

import argparse
import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measure import Verdict, in_turn, options

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parent.parent
RUNS = 10_000
ROWS = 10_000_000
JOURNAL_BYTES = 100_000_000
MEMORY = "1GB"
FIRST_SCREEN_MS = 200.0
OPENED_MS = 300.0
FOLDED_MS = 2000.0
STALLED_MS = 100.0
JOIN_RATIO = 2.0
OWN_MB = 350.0  # of the process beside DuckDB: Python, Arrow, DuckDB's code

# What a person would write: a full outer join on the key that counts what differs.
BY_HAND = """
SELECT count(*) FILTER (WHERE a.id IS NULL), count(*) FILTER (WHERE b.id IS NULL),
  count(*) FILTER (WHERE a.id IS NOT NULL AND b.id IS NOT NULL AND a.amount IS DISTINCT FROM b.amount),
  count(*) FILTER (WHERE a.id IS NOT NULL AND b.id IS NOT NULL AND a.region IS DISTINCT FROM b.region),
  count(*) FILTER (WHERE a.id IS NOT NULL AND b.id IS NOT NULL AND a.at IS DISTINCT FROM b.at)
FROM '{before}' AS a FULL OUTER JOIN '{after}' AS b ON a.id = b.id
"""


def make_runs(log_dir: Path, number: int) -> None:
    """Leaves behind many runs of a small pipeline, each with its journal and final log."""
    from odibi_core.core import EventEmitter, Orchestrator, Step, Tracker, create_engine_context

    steps = [Step("ingest", "s0", "sql", "duckdb", "SELECT 1 AS v", outputs={"data": "d0"})]
    for i in range(1, 5):
        text = "SELECT v + 1 AS v FROM data"
        steps.append(
            Step("transform", f"s{i}", "sql", "duckdb", text, {}, {"data": f"d{i - 1}"}, {"data": f"d{i}"})
        )
    with tempfile.TemporaryDirectory() as once, create_engine_context("duckdb") as context:
        Orchestrator(steps, context, Tracker(once), EventEmitter()).run()
        (log,) = Path(once).glob("run_*.json")
        run_id, text = log.stem, log.read_text()
        journal = (log.with_suffix("") / "events.jsonl").read_text()
    start = datetime(2026, 1, 1)
    for i in range(number):
        new = f"run_{start + timedelta(seconds=97 * i):%Y%m%d_%H%M%S}"
        (log_dir / new).mkdir(parents=True)
        (log_dir / f"{new}.json").write_text(text.replace(run_id, new))
        (log_dir / new / "events.jsonl").write_text(journal.replace(run_id, new))


def make_journal(run_dir: Path, size: int) -> None:
    """Leaves behind a run of 20 steps that printed a lot."""
    from odibi_core.journal import events as ev
    from odibi_core.journal.codec import encode_event, line_of

    run_dir.mkdir(parents=True)
    names = [f"step_{i:02d}" for i in range(20)]
    infos = tuple(ev.StepInfo(name, "transform") for name in names)
    columns = tuple(ev.ColumnInfo(f"c{i}", "int64") for i in range(20))
    written = number = 0
    with (run_dir / "events.jsonl").open("wb") as file:

        def put(event: ev.Event) -> None:
            nonlocal written, number
            number += 1
            written += file.write(line_of(number, encode_event(event)))

        put(ev.RunStarted(run_id=run_dir.name, pipeline="large", steps=infos))
        for place, name in enumerate(names, 1):
            put(ev.StepStarted(step=name, worker=0))
            while written < size * place / len(names):
                text = f"row {number:,} of what the step printed, some hundred characters long in this case"
                put(ev.Log(message=text, step=name, stream="stdout"))
                if number % 20 == 0:
                    put(ev.Progress(step=name, rows=number, bytes=written, fraction=0.5))
            put(ev.Snapshot(step=name, position="after", rows=number, columns=columns, dataset=name))
            put(ev.StepFinished(step=name, state="success", duration_ms=1000.0, rows=number))
        put(ev.RunFinished(state="success", duration_ms=20_000.0))


def make_results(directory: Path, rows: int) -> tuple[Path, Path]:
    """Writes two results; in the second some rows have gone, some are new, one cell in a thousand changed."""
    import duckdb

    before, after = directory / "before.parquet", directory / "after.parquet"
    with duckdb.connect() as connection:
        connection.execute(
            "COPY (SELECT i AS id, (hash(i) % 1000000) / 7.0 AS amount,"
            " 'region ' || (hash(i * 3) % 50) AS region,"
            " TIMESTAMP '2026-01-01' + to_seconds(CAST(i % 1000000 AS BIGINT)) AS \"at\""
            f" FROM range({rows}) AS t(i)) TO '{before}'"
        )
        connection.execute(
            'COPY (SELECT id, CASE WHEN id % 1000 = 3 THEN amount + 1 ELSE amount END AS amount, region, "at"'
            f" FROM '{before}' WHERE id % 5000 <> 1"
            f" UNION ALL SELECT {rows} + i, 1.0, 'new', TIMESTAMP '2026-02-01' FROM range(1500) AS t(i))"
            f" TO '{after}'"
        )
    return before, after


async def in_the_application(log_dir: Path, opens: str | None) -> tuple[float, float, float]:
    """Returns ms to the first screen of History or of a run, to all of it, and the longest stall in ms.

    The stall is by how much the event loop was late for a tick of 5 ms, as a key would have been.
    """
    from odibi_tui.app import OdibiApp
    from odibi_tui.session import Session
    from odibi_tui.widgets.run_list import RunList

    session = Session(log_dir=log_dir, base_dir=log_dir)
    app = OdibiApp(session)
    stalls: list[float] = []

    async def tick() -> None:
        while True:
            at = time.perf_counter()
            await asyncio.sleep(0.005)
            stalls.append((time.perf_counter() - at - 0.005) * 1000)

    async def shown(is_there: Callable[[], bool], since: float) -> float:
        while not is_there():
            await asyncio.sleep(0.002)
        await pilot.pause(0)
        return (time.perf_counter() - since) * 1000

    def rows() -> str:
        strips = app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip) for strip in strips)

    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause(1.0)  # what loads after the first paint has loaded
        await pilot.press("2")  # so that both modes have been built
        await pilot.pause(0.2)
        watch = asyncio.create_task(tick())
        begun = time.perf_counter()
        if opens is None:
            await app.workbench.run_action("mode('history')")
            first = await shown(
                lambda: bool(app.query(RunList)) and app.query_one(RunList).row_total > 30, begun
            )
            whole = await shown(lambda: app.query_one(RunList).row_total == RUNS, begun)
        else:
            app.runner.open(opens)
            first = await shown(lambda: session.record is not None and "step_00" in rows(), begun)
            whole = await shown(
                lambda: session.record is not None and session.record.state == "success", begun
            )
        watch.cancel()
        if app.runner is not None:
            app.runner.close(detach=True)
        await pilot.pause(0.1)
    return first, whole, max(stalls, default=0.0)


def median_of(measure: Callable[[], tuple[float, float, float]], rounds: int) -> tuple[float, ...]:
    """Returns the median of each figure, after a round that does not count."""
    found = [measure() for _ in range(rounds + 1)][1:]
    return tuple(statistics.median(column) for column in zip(*found, strict=True))


def history(home: Path, rounds: int, verdict: Verdict) -> None:
    """Lists many runs, in the store and on the screen."""
    from odibi_core.runs import open_store

    log_dir = home / "many" / "tracker_logs"
    make_runs(log_dir, RUNS)
    screen = median_of(lambda: asyncio.run(in_the_application(log_dir, None)), rounds)
    command = [sys.executable, "-m", "odibi_core", "runs", "list", "--log-dir", str(log_dir)]
    medians = in_turn(
        {
            "python": lambda: timed(
                lambda: subprocess.run([sys.executable, "-c", "import click"], check=True)
            ),
            "runs list": lambda: timed(
                lambda: subprocess.run(command, check=True, cwd=ROOT, capture_output=True)
            ),
            "recent(100)": lambda: timed(lambda: open_store(log_dir).recent(100)),
            "runs()": lambda: timed(lambda: open_store(log_dir).runs()),
        },
        rounds,
    )
    for name, seconds in medians.items():
        print(f"{name:<30} {seconds * 1000:7.0f} ms")
    print(f"{'History, all of them':<30} {screen[1]:7.0f} ms, longest stall {screen[2]:.0f} ms")
    verdict.add(f"first screen of {RUNS:,} runs", screen[0], FIRST_SCREEN_MS, "ms")


def journal(home: Path, rounds: int, verdict: Verdict) -> None:
    """Opens a long journal on the screen."""
    log_dir = home / "long" / "tracker_logs"
    make_journal(log_dir / "run_20260131_120000", JOURNAL_BYTES)
    first, whole, stall = median_of(
        lambda: asyncio.run(in_the_application(log_dir, "run_20260131_120000")), rounds
    )
    megabytes = JOURNAL_BYTES // 1_000_000
    verdict.add(f"a journal of {megabytes} MB: first screen", first, OPENED_MS, "ms")
    verdict.add(f"a journal of {megabytes} MB: all of it", whole, FOLDED_MS, "ms")
    verdict.add(f"a journal of {megabytes} MB: longest stall of a key", stall, STALLED_MS, "ms")


def comparison(home: Path, rounds: int, verdict: Verdict, rows: int) -> None:
    """Compares two large results, in processes of their own so that each has its own peak of memory."""
    before, after = make_results(home, rows)
    own = f"from benchmarks.history import by_odibi; by_odibi({str(before)!r}, {str(after)!r})"
    hand = f"from benchmarks.history import by_hand; by_hand({str(before)!r}, {str(after)!r})"
    peaks: dict[str, list[float]] = {"by hand": [], "odibi": []}

    def measured(name: str, code: str) -> float:
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
        )
        seconds, megabytes = map(float, done.stdout.split())
        peaks[name].append(megabytes)
        return seconds

    medians = in_turn(
        {"by hand": lambda: measured("by hand", hand), "odibi": lambda: measured("odibi", own)}, rounds
    )
    for name, seconds in medians.items():
        print(f"{name:<30} {seconds * 1000:7.0f} ms, peak {statistics.median(peaks[name]):.0f} MB")
    ratio = medians["odibi"] / medians["by hand"]
    verdict.add(f"comparing {rows:,} rows against a full outer join", ratio, JOIN_RATIO, "x")
    limit = float(MEMORY.removesuffix("GB")) * 1000 + OWN_MB
    verdict.add(f"its peak of memory, DuckDB's limit being {MEMORY}", max(peaks["odibi"]), limit, "MB")


def by_hand(before: str, after: str) -> None:
    """Joins as one would by hand, and prints seconds and the peak of memory in MB."""
    import duckdb

    with tempfile.TemporaryDirectory() as spill, duckdb.connect() as connection:
        connection.execute(f"SET memory_limit = '{MEMORY}'; SET temp_directory = '{spill}'")
        connection.execute("SET preserve_insertion_order = false; SET enable_progress_bar = false")
        query = BY_HAND.format(before=before, after=after)
        print(timed(lambda: connection.execute(query).fetchall()), peak())


def by_odibi(before: str, after: str) -> None:
    """Compares, and prints seconds and the peak of memory in MB."""
    import duckdb  # noqa: F401 - as by hand, loading it does not count
    import pyarrow.parquet  # noqa: F401

    from odibi_core.runs.diff import diff_files
    from odibi_core.runs.diff_join import FileDiff  # noqa: F401

    print(timed(lambda: diff_files(Path(before), Path(after), key=["id"], memory_limit=MEMORY)), peak())


def peak() -> float:
    """Returns the most memory this process has had, in MB."""
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / 1e6 if sys.platform == "darwin" else used * 1024 / 1e6


def timed(call: Callable[[], object]) -> float:
    """Returns the seconds a call takes."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def main(arguments: list[str] | None = None) -> int:
    parser: argparse.ArgumentParser = options(__doc__, rounds=5)
    parser.add_argument("--only", choices=["list", "journal", "compare"], help="only one of the three")
    parser.add_argument("--rows", type=int, default=ROWS, help="rows compared (%(default)s)")
    asked = parser.parse_args(arguments)
    verdict = Verdict()
    with tempfile.TemporaryDirectory(prefix="odibi-history-") as name:
        home = Path(name)
        if asked.only in (None, "list"):
            history(home, asked.rounds, verdict)
        if asked.only in (None, "journal"):
            journal(home, asked.rounds, verdict)
        if asked.only in (None, "compare"):
            comparison(home, asked.rounds, verdict, asked.rows)
    return verdict.exit_code(asked.check)


if __name__ == "__main__":
    sys.exit(main())
