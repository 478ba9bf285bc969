"""A pipeline of 20 steps with targets of every kind, and what must be true of it after any fault."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from odibi_core.core import Step

ROWS = 400
TARGETS = ("a.csv", "b.parquet", "c.json", "d.jsonl", "e.sqlite", "f.csv")


def write_source(home: Path) -> None:
    """Writes the file that the pipeline reads."""
    lines = [f"{i},{'abcd'[i % 4]},{i * 7 % 100}" for i in range(ROWS)]
    (home / "in.csv").write_text("id,region,amount\n" + "\n".join(lines) + "\n")


def steps() -> list[Step]:
    """Two reads, twelve queries, six targets; most side by side."""
    made = [
        Step("ingest", "read_a", "config_op", "duckdb", "in.csv", outputs={"data": "a0"}),
        Step("ingest", "read_b", "config_op", "pandas", "in.csv", outputs={"data": "b0"}),
    ]
    for letter, engine in (("a", "duckdb"), ("b", "pandas")):
        for number in range(6):
            query = f"SELECT id, region, amount + {number} AS amount FROM data"
            made.append(
                Step("transform", f"{letter}_{number + 1}", "sql", engine, query,
                     inputs={"data": f"{letter}{number}"}, outputs={"data": f"{letter}{number + 1}"})
            )  # fmt: skip
    for number, target in enumerate(TARGETS):
        letter = "ab"[number % 2]
        engine = "duckdb" if letter == "a" else "pandas"
        params = {"table": "t"} if target.endswith(".sqlite") else {}
        made.append(
            Step("store", f"write_{number}", "config_op", engine, f"out/{target}", params,
                 {"data": f"{letter}{number + 1}"})
        )  # fmt: skip
    assert len(made) == 20
    return made


def rows_of(path: Path) -> int:
    """Returns the number of rows of a target, all of which must be readable."""
    if path.suffix == ".csv":
        text = path.read_text()
        assert text.startswith("id,region,amount\n") and text.endswith("\n")
        rows = text.splitlines()[1:]
        assert all(row.count(",") == 2 for row in rows)
        return len(rows)
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        return int(pq.read_table(path).num_rows)
    if path.suffix == ".json":
        return len(json.loads(path.read_text()))
    if path.suffix == ".jsonl":
        return len([json.loads(line) for line in path.read_text().splitlines()])
    with closing(sqlite3.connect(path)) as database:
        (rows,) = database.execute("SELECT count(*) FROM t").fetchone()
    return int(rows)


def whole_targets(home: Path) -> list[str]:
    """Returns the targets that are there, each of which must be whole; a half-written one fails the test."""
    there = [name for name in TARGETS if (home / "out" / name).exists()]
    for name in there:
        assert rows_of(home / "out" / name) == ROWS, f"{name} is half-written"
    return there


def orchestrate(home: Path, **options: Any) -> None:
    """Runs the pipeline in this process."""
    from odibi_core.core import EventEmitter, Orchestrator, Tracker, create_engine_context

    context = create_engine_context("duckdb", base_dir=home)
    Orchestrator(
        steps(), context, Tracker(home / "logs"), EventEmitter(), base_dir=home, max_workers=3,
        pipeline="faulty", **options,
    ).run()  # fmt: skip
