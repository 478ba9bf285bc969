"""What a step costs: a chain of trivial SQL steps on DuckDB against the same statements by hand."""

from __future__ import annotations

import sys
import tempfile
import time

from benchmarks.measure import Verdict, in_turn, options

ON_LIMIT_MS = 4.0
OFF_LIMIT_MS = 1.5


def by_hand(steps: int) -> float:
    """Returns the seconds the statements take in one connection."""
    import duckdb

    with duckdb.connect() as connection:
        started = time.perf_counter()
        connection.execute("CREATE TABLE t0 AS SELECT 1 AS v")
        for i in range(1, steps):
            connection.execute(f"CREATE TABLE t{i} AS SELECT v + 1 AS v FROM t{i - 1}")
        found = connection.execute(f"SELECT v FROM t{steps - 1}").fetchone()
        assert found == (steps,)
        return time.perf_counter() - started


def by_odibi(steps: int, previews: bool) -> float:
    """Returns the seconds a run of the same takes, with journal, samples and final log."""
    from odibi_core.core import EventEmitter, Orchestrator, Step, Tracker, create_engine_context

    chain = [Step("transform", "s0", "sql", "duckdb", "SELECT 1 AS v", outputs={"data": "d0"})]
    chain += [
        Step(
            "transform",
            f"s{i}",
            "sql",
            "duckdb",
            "SELECT v + 1 AS v FROM data",
            inputs={"data": f"d{i - 1}"},
            outputs={"data": f"d{i}"},
        )
        for i in range(1, steps)
    ]
    with tempfile.TemporaryDirectory() as directory, create_engine_context("duckdb") as context:
        orchestrator = Orchestrator(chain, context, Tracker(directory), EventEmitter(), previews=previews)
        started = time.perf_counter()
        result = orchestrator.run()
        took = time.perf_counter() - started
        assert context.to_arrow(result.data_map[f"d{steps - 1}"]).to_pylist() == [{"v": steps}]
        return took


def main(arguments: list[str] | None = None) -> int:
    parser = options(__doc__, rounds=3)
    parser.add_argument("--steps", type=int, default=1000, help="length of the chain (%(default)s)")
    asked = parser.parse_args(arguments)
    steps = asked.steps
    medians = in_turn(
        {
            "by hand": lambda: by_hand(steps),
            "previews on": lambda: by_odibi(steps, previews=True),
            "previews off": lambda: by_odibi(steps, previews=False),
        },
        asked.rounds,
    )
    for name, seconds in medians.items():
        print(f"{name:<12} {seconds * 1000 / steps:7.2f} ms a step")
    verdict = Verdict()
    bare = medians["by hand"]
    for name, limit in (("previews on", ON_LIMIT_MS), ("previews off", OFF_LIMIT_MS)):
        verdict.add(f"a step more than by hand, {name}", (medians[name] - bare) * 1000 / steps, limit, "ms")
    return verdict.exit_code(asked.check)


if __name__ == "__main__":
    sys.exit(main())
