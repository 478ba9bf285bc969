"""Full results kept beside a run: exact or not at all, within bounds, and harmless when they cannot be."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import textwrap
import threading
import time
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pandas.testing
import pyarrow as pa
import pytest

from odibi_core.core import (
    EventEmitter,
    Orchestrator,
    Step,
    Tracker,
    create_engine_context,
    keeping,
)
from odibi_core.core.contexts import Contexts
from odibi_core.core.frames import FrameStore
from odibi_core.core.keeping import Keeper
from odibi_core.core.kept_files import NotKeepableError, check_same, read_full, write_full, write_index
from odibi_core.journal.redaction import Redactor
from odibi_core.reuse.past import Kept, PastRun
from tests.builders import orchestrator, sql
from tests.counts import count

BIG = "SELECT i AS id, hash(i)::VARCHAR AS text FROM range(50000) t(i)"


def kept_of(run: PastRun) -> dict[str, str | None]:
    """Returns dataset -> what is wrong with its kept result, for those the journal says are kept."""
    return {
        key: Kept(run.run_id, run.directory, dataset).problem()
        for key, dataset in run.record.datasets.items()
        if dataset.full_file is not None
    }


def run_of(tracker: Tracker) -> PastRun:
    assert tracker.paths is not None
    return PastRun(tracker.paths.directory)


def messages(tracker: Tracker) -> str:
    assert tracker.paths is not None
    return tracker.paths.journal.read_text()


# -- what comes back ----------------------------------------------------------------------------------

PANDAS = {
    "plain": pd.DataFrame({"i": [1, 2], "f": [0.5, float("nan")], "s": ["a", None], "b": [True, False]}),
    "nullable": pd.DataFrame({"i": pd.array([1, None], "Int64"), "b": pd.array([True, None], "boolean")}),
    "times": pd.DataFrame(
        {
            "ns": pd.to_datetime(["2026-01-31", None]).as_unit("ns"),
            "s": pd.to_datetime(["2026-01-31", None]).as_unit("us"),
            "tz": pd.to_datetime(["2026-01-31", "2026-02-01"], utc=True),
            "delta": pd.to_timedelta([1, 2], unit="s"),
        }
    ),
    "category": pd.DataFrame({"c": pd.Categorical(["x", "y", "x"], ordered=True)}),
    "decimals": pd.DataFrame({"d": pd.array([Decimal("1.10"), None], pd.ArrowDtype(pa.decimal128(9, 2)))}),
    "gaps in the index": pd.DataFrame({"v": range(5)})[lambda d: d["v"] % 2 == 1],
    "named index": pd.DataFrame({"k": ["x", "y", "x"], "v": [1, 2, 3]}).groupby("k").sum(),
    "two levels": pd.DataFrame({"k": [1, 1], "l": ["a", "b"], "v": [1, 2]}).set_index(["k", "l"]),
    "times as index": pd.DataFrame({"v": [1.0]}, index=pd.to_datetime(["2026-01-31"])),
    "no rows": pd.DataFrame({"i": pd.Series([], dtype="int64"), "s": pd.Series([], dtype="str")}),
}


@pytest.mark.parametrize("frame", PANDAS.values(), ids=PANDAS.keys())
def test_a_pandas_frame_comes_back_as_it_was(tmp_path, frame):
    file, index = tmp_path / "full.parquet", tmp_path / "index.parquet"
    with create_engine_context("pandas") as context:
        write_full(frame, context, file, redactor=Redactor(), stop=lambda _: None)
        check_same(frame, context, file)
        has_index = write_index(frame, context, index)
        back = read_full(file, index if has_index else None, context)
    pandas.testing.assert_frame_equal(back, frame, check_freq=False)


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"when": pd.to_datetime(["2026-01-31"]).as_unit("s")}),
        pd.DataFrame({"lists": [[1, 2], [3]]}),
        pd.DataFrame({"arrow": pd.array([1.5], dtype="double[pyarrow]")}),
        pd.DataFrame({"text": pd.Series(["a", None], dtype="object")}),
        pd.DataFrame({"whole": pd.Series([1, 2], dtype="object")}),
        pd.DataFrame([[1, 2]], columns=["same", "same"]),
        pd.DataFrame({1: ["a"]}),
    ],
)
def test_a_pandas_frame_that_would_come_back_as_another_is_not_kept(tmp_path, frame):
    file = tmp_path / "full.parquet"
    with create_engine_context("pandas") as context, pytest.raises(NotKeepableError):
        write_full(frame, context, file, redactor=Redactor(), stop=lambda _: None)
        check_same(frame, context, file)
        back = read_full(file, None, context)
        pandas.testing.assert_frame_equal(back, frame)  # not reached


@pytest.mark.parametrize(
    ("query", "is_kept"),
    [
        (
            "SELECT 1::TINYINT a, 2::UBIGINT b, 1.5::FLOAT c, DATE '2026-01-31' d, 'x' e, '\\xAA'::BLOB f",
            True,
        ),
        ("SELECT 1.50::DECIMAL(9,2) a, 2::DECIMAL(38,0) b, TIMESTAMP '2026-01-31 12:00' c", True),
        ("SELECT TIMESTAMPTZ '2026-01-31 12:00+02' a, TIME '12:00' b, [1, 2] c, {'x': 1, 'y': 'z'} d", True),
        ("SELECT MAP {'a': 1} a, uuid() b", True),
        ("SELECT 170141183460469231731687303715884105727::HUGEINT a", False),
        ("SELECT 'x'::ENUM ('x', 'y') a", False),
        ("SELECT '101'::BIT a", False),
        ("SELECT TIMESTAMP_S '2026-01-31 12:00' a", False),
        ("SELECT [1, 2]::INT[2] a", False),
        ("SELECT INTERVAL '1.000001 second' a", False),
        ("SELECT [INTERVAL '26 hours'] a", False),
        ("SELECT '12:00:00+02'::TIMETZ a", False),
        ("""SELECT '{"a":  1}'::JSON a, [uuid()] b, TIMESTAMP_NS '2026-01-31 12:00:00.123456789' c""", True),
    ],
)
@pytest.mark.parametrize("secrets", [(), ("sesame-1234",)])
def test_a_duckdb_table_comes_back_with_its_types_or_is_not_kept(tmp_path, query, is_kept, secrets):
    file = tmp_path / "full.parquet"
    with create_engine_context("duckdb") as context:
        frame = context.execute_sql(query)
        write_full(frame, context, file, redactor=Redactor(secrets), stop=lambda _: None)
        if not is_kept:
            with pytest.raises(NotKeepableError, match="would be read as"):
                check_same(frame, context, file)
            return
        check_same(frame, context, file)
        back = read_full(file, None, context)
        assert back.natives == frame.natives
        assert back.arrow().to_pylist() == frame.arrow().to_pylist()


@pytest.mark.parametrize("rows", [3, 3000])
def test_small_and_large_results_of_one_type_are_kept_alike(tmp_path, rows):
    steps = [
        sql("ids", f"SELECT uuid() AS u, '{{}}'::JSON AS j FROM range({rows})"),
        sql("bits", f"SELECT '101'::BIT AS b FROM range({rows})"),
    ]
    run = orchestrator(steps, tmp_path)
    run.run()
    assert kept_of(run_of(run.tracker)) == {"ids": None}
    assert "`bits` is not kept: a column of type BIT" in messages(run.tracker)
    with create_engine_context("duckdb") as context:
        past = run_of(run.tracker)
        back = read_full(past.directory / past.record.datasets["ids"].full_file, None, context)
        assert list(back.natives) == ["UUID", "JSON"]


def test_a_result_with_a_secret_anywhere_in_it_is_not_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("ODIBI_TEST_TOKEN", "sesame-1234")
    steps = [
        sql(
            "far",
            "SELECT if(i = 4000, ${env:ODIBI_TEST_TOKEN}, '') AS t FROM range(5000) r(i)",
        ),
        sql("near", "SELECT ${env:ODIBI_TEST_TOKEN} AS t"),
        sql("clean", BIG),
        sql("few", "SELECT 1 AS one"),
    ]
    run = orchestrator(steps, tmp_path, max_workers=1)
    run.run()
    assert kept_of(run_of(run.tracker)) == {"clean": None, "few": None}
    assert "sesame" not in "".join(str(p.read_bytes()) for p in tmp_path.rglob("*") if p.is_file())
    assert "`far` is not kept: a secret stands in it" in messages(run.tracker)


# -- how much -----------------------------------------------------------------------------------------


@pytest.fixture
def keeping_bench(tmp_path):
    """Returns what makes a keeper with a budget over two steps that `use` reads."""
    context = create_engine_context("duckdb").connect()
    contexts = Contexts(context)
    contexts.get("duckdb")
    steps = [Step("ingest", n, outputs={"data": n}) for n in ("a", "b", "c")]
    steps.append(Step(name="use", inputs={"x": "a"}))
    frames = FrameStore({}, contexts, steps, keep=False)
    tracker = Tracker(tmp_path)
    tracker.open_journal()
    tracker.begin("p")

    def make(budget: int, mode: str = "auto"):
        return Keeper(tracker, frames, mode, budget=budget)

    def offer(keeper: Keeper, name: str, cost_ms: float) -> None:
        step = next(step for step in steps if step.name == name)
        frame = context.execute_sql(BIG)
        frames.add(step, {name: frame})
        keeper.offer(step, {name: frame}, context, cost_ms)

    yield make, offer, tracker, frames
    tracker.close_journal()
    context.close()


def size_of_big(tmp_path: Path) -> int:
    with create_engine_context("duckdb") as context:
        file = tmp_path / "size.parquet"
        write_full(context.execute_sql(BIG), context, file, redactor=Redactor(), stop=lambda _: None)
        return file.stat().st_size


def test_when_the_budget_is_reached_the_cheapest_that_nobody_needs_goes(keeping_bench, tmp_path):
    make, offer, tracker, _ = keeping_bench
    keeper = make(int(size_of_big(tmp_path) * 2.5))
    offer(keeper, "a", 1.0)  # the cheapest, and yet to be read
    offer(keeper, "b", 10.0)
    offer(keeper, "c", 20.0)
    keeper.close(hurry=False)
    assert kept_of(run_of(tracker)) == {"a": None, "c": None}
    assert "room was made for `c`" in messages(tracker)
    assert not (tracker.paths.directory / "data" / "0002.full.parquet").exists()


def test_what_is_worth_less_than_what_is_there_is_not_kept(keeping_bench, tmp_path):
    make, offer, tracker, _ = keeping_bench
    keeper = make(int(size_of_big(tmp_path) * 1.5))
    offer(keeper, "b", 10.0)
    offer(keeper, "c", 5.0)
    keeper.close(hurry=False)
    assert kept_of(run_of(tracker)) == {"b": None}
    assert not list((tracker.paths.directory / "data").glob(".*"))


def test_all_knows_no_budget(keeping_bench):
    make, offer, tracker, _ = keeping_bench
    keeper = make(1, "all")
    for name in "abc":
        offer(keeper, name, 1.0)
    keeper.close(hurry=False)
    assert set(kept_of(run_of(tracker))) == {"a", "b", "c"}


def test_a_frame_is_held_until_it_is_written_and_not_longer(keeping_bench, monkeypatch):
    make, offer, tracker, frames = keeping_bench
    began, go_on = threading.Event(), threading.Event()
    real = keeping.write_full

    def slow(*args, **options):
        began.set()
        assert go_on.wait(10)
        return real(*args, **options)

    monkeypatch.setattr(keeping, "write_full", slow)
    keeper = make(10**9)
    offer(keeper, "b", 1.0)
    assert began.wait(10)
    frames.step_ended(Step("ingest", "b", outputs={"data": "b"}))
    assert "b" in frames.data_map
    go_on.set()
    keeper.close(hurry=False)
    assert "b" not in frames.data_map and kept_of(run_of(tracker)) == {"b": None}


def test_none_keeps_nothing_and_no_previews_mean_none(tmp_path):
    for options in ({"keep": "none"}, {"previews": False}):
        run = orchestrator([sql("a", BIG)], tmp_path, **options)
        run.run()
        assert kept_of(run_of(run.tracker)) == {}
    run = orchestrator([sql("a", BIG)], tmp_path, previews=False, keep="all")
    run.run()
    assert kept_of(run_of(run.tracker)) == {"a": None}
    with pytest.raises(ValueError, match="auto, all, none"):
        orchestrator([], tmp_path, keep="some")


def test_two_names_of_one_result_are_one_file(tmp_path):
    steps = [
        Step("ingest", "a", "sql", "duckdb", BIG, outputs={"x": "one", "y": "two"}),
        Step(
            "store",
            "s",
            "config_op",
            "duckdb",
            str(tmp_path / "t.csv"),
            inputs={"d": "one"},
            outputs={"d": "three"},
        ),
    ]
    run = orchestrator(steps, tmp_path, keep="all", keep_frames=False)
    run.run()
    past = run_of(run.tracker)
    assert set(kept_of(past)) == {"one", "two", "three"}
    assert len({(past.directory / d.full_file).stat().st_ino for d in past.record.datasets.values()}) == 1


# -- what goes wrong ----------------------------------------------------------------------------------


def test_a_disk_that_is_full_is_told_and_harms_nothing(tmp_path):
    script = textwrap.dedent(f"""
        import resource, signal
        from odibi_core.core import *
        from odibi_core.core import create_engine_context
        steps = [
            Step("ingest", "big", "sql", "duckdb", {BIG!r}, outputs={{"data": "big"}}),
            Step("transform", "small", "sql", "duckdb", "SELECT count(*) AS n FROM d", inputs={{"d": "big"}},
                 outputs={{"data": "small"}}),
            Step("store", "out", "config_op", "duckdb", "out.csv", inputs={{"d": "small"}}),
        ]
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
        with create_engine_context("duckdb", base_dir=".") as context:
            Orchestrator(steps, context, Tracker("logs"), EventEmitter(), keep="all").run()
    """)
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=60,
        env=os.environ | {"PYTHONPATH": os.getcwd()},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (directory,) = (path for path in (tmp_path / "logs").iterdir() if path.is_dir())
    run = PastRun(directory)
    assert run.record.state == "success" and (tmp_path / "out.csv").read_text() == "n\n50000\n"
    told = (directory / "events.jsonl").read_text()
    assert "`big` is not kept" in told and "nothing more is kept" in told
    assert "big" not in kept_of(run)
    assert not list((directory / "data").glob(".*"))


def test_a_file_system_without_hard_links_gets_copies(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(OSError(95, "not supported")))
    run = orchestrator([sql("a", "SELECT 1 AS one")], tmp_path)
    run.run()
    assert kept_of(run_of(run.tracker)) == {"a": None}


def test_what_cannot_be_written_is_told_and_the_rest_is_kept(tmp_path, monkeypatch):
    real = keeping.write_full

    def fails(frame, *args, **options):
        if len(frame) == 50_000:
            raise PermissionError(13, "Permission denied")
        return real(frame, *args, **options)

    monkeypatch.setattr(keeping, "write_full", fails)
    run = orchestrator([sql("a", BIG), sql("b", BIG + " WHERE i > 3")], tmp_path)
    run.run()
    assert kept_of(run_of(run.tracker)) == {"b": None}
    assert "`a` is not kept: Permission denied" in messages(run.tracker)


def test_a_cancelled_run_does_not_wait_for_what_is_being_written(tmp_path, monkeypatch):
    began, interrupted = threading.Event(), threading.Event()

    def endless(frame, context, target, *, redactor, stop):
        stop(interrupted.set)
        began.set()
        assert interrupted.wait(20)
        raise NotKeepableError("interrupted")

    monkeypatch.setattr(keeping, "write_full", endless)
    events = EventEmitter()
    count_rows = "SELECT count(*) AS n FROM d"
    steps = [sql("a", BIG), sql("b", count_rows, d="a"), sql("c", count_rows, d="b")]
    run = orchestrator(steps, tmp_path, events=events)
    events.on("step_complete", lambda step: began.wait(10) and run.cancel())
    with pytest.raises(Exception, match="cancelled"):
        run.run()
    assert interrupted.is_set() and "a" not in kept_of(run_of(run.tracker))


def test_runs_side_by_side_keep_their_own(tmp_path):

    trackers = [Tracker(tmp_path) for _ in range(4)]

    def go(number: int) -> None:
        with create_engine_context("duckdb") as context:
            step = sql("a", f"SELECT i + {number} AS i FROM range(2000) t(i)")
            Orchestrator([step], context, trackers[number], EventEmitter(), pipeline="p").run()

    threads = [threading.Thread(target=go, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({tracker.run_id for tracker in trackers}) == 4
    for number, tracker in enumerate(trackers):
        run = run_of(tracker)
        assert kept_of(run) == {"a": None}
        file = run.directory / run.record.datasets["a"].full_file
        assert pd.read_parquet(file)["i"].min() == number


KILLED = textwrap.dedent("""
    import sys
    from odibi_core.core import *
    from odibi_core.core import create_engine_context
    steps = [Step("ingest", "s0", "sql", "duckdb", "SELECT i, hash(i)::VARCHAR AS t FROM range(60000) r(i)",
                  outputs={"data": "s0"})]
    steps += [Step("transform", f"s{n}", "sql", "duckdb", f"SELECT i + {n} AS i, t FROM d",
                   inputs={"d": f"s{n - 1}"}, outputs={"data": f"s{n}"}) for n in range(1, 6)]
    with create_engine_context("duckdb", base_dir=".") as context:
        options = {"resume": sys.argv[1]} if len(sys.argv) > 1 else {}
        run = Orchestrator(steps, context, Tracker("logs"), EventEmitter(), keep="all", **options)
        print("begin", flush=True)
        print(context.to_arrow(run.run().data_map["s5"]).to_pandas()["i"].sum(), flush=True)
""")


@pytest.mark.parametrize("seed", range(count(10)))
def test_a_kill_in_the_middle_leaves_no_half_file_that_is_taken_for_whole(tmp_path, seed):
    def start(*arguments: str) -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, "-c", KILLED, *arguments], cwd=tmp_path, stdout=subprocess.PIPE, text=True,
            env=os.environ | {"PYTHONPATH": os.getcwd()},
        )  # fmt: skip

    killed = start()
    assert killed.stdout is not None and killed.stdout.readline() == "begin\n"
    time.sleep(random.Random(seed).uniform(0.0, 0.35))
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    found = [path for path in (tmp_path / "logs").glob("run_*") if path.is_dir()]
    if not found or not (found[0] / "events.jsonl").exists():
        return  # killed before there was a run
    run = PastRun(found[0])
    assert set(kept_of(run).values()) <= {None}
    again = start(str(found[0]))
    out, _ = again.communicate(timeout=60)
    assert again.returncode == 0
    assert int(out.split()[1]) == sum(range(60_000)) + 60_000 * 15
