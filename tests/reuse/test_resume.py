"""A pipeline of twenty steps that fails at the fifteenth: what is done again once the cause is repaired."""

from __future__ import annotations

from typing import Any

import pytest

from odibi_core.core import EventEmitter, Step
from odibi_core.errors import RunError
from tests.builders import function, sql
from tests.reuse.pipelines import Bench, data_of, ran, states, told

FUNCTIONS = """
import helper

def enrich(data, factor):
    return helper.scaled(data, factor)

def never_called(data):
    return data
"""
HELPER = """
def scaled(data, factor):
    data = data.copy()
    data["total"] = data["total"] * factor
    return data
"""


def twenty(engine: str, **changes: Any) -> list[Step]:
    """Returns the steps; `changes` name a step and what is other about it."""
    steps = [
        Step("ingest", "s01", "config_op", engine, "orders.csv", outputs={"data": "s01"}),
        Step("ingest", "s02", "config_op", engine, "customers.csv", outputs={"data": "s02"}),
        Step("ingest", "s03", "config_op", engine, "rates.csv", outputs={"data": "s03"}),
        sql("s04", "SELECT * FROM o WHERE amount > 0", engine=engine, o="s01"),
        sql("s05", "SELECT *, upper(name) AS shout FROM c", engine=engine, c="s02"),
        sql("s06", "SELECT currency, rate FROM r", engine=engine, r="s03"),
        sql("s07", "SELECT o.*, c.shout FROM o JOIN c USING (customer)", engine=engine, o="s04", c="s05"),
        sql("s08", "SELECT *, amount * rate AS eur FROM o, r", engine=engine, o="s07", r="s06"),
        sql("s09", "SELECT shout, sum(eur) AS total FROM d GROUP BY ALL ORDER BY 1", engine=engine, d="s08"),
        sql("s10", "SELECT count(*) AS n FROM d", engine=engine, d="s08"),
        Step("store", "s11", "config_op", engine, "out/eur.csv", inputs={"d": "s08"}),
        sql("s12", "SELECT max(rate) AS top FROM r", engine=engine, r="s06"),
        sql("s13", "SELECT * FROM d WHERE total > 1", engine=engine, d="s09"),
        Step("store", "s14", "config_op", engine, "out/counts.json", inputs={"d": "s10"}),
        function("s15", "steps.enrich", engine="pandas", params={"factor": 2}, data="s13"),
        sql("s16", "SELECT * FROM d, t", engine=engine, d="s15", t="s12"),
        Step("store", "s17", "config_op", engine, "out/totals.parquet", inputs={"d": "s16"}),
        sql("s18", "SELECT avg(total) AS mean FROM d", engine=engine, d="s15"),
        Step("publish", "s19", "config_op", engine, "out/mean.csv", inputs={"d": "s18"}),
        Step("store", "s20", "config_op", engine, "out/top.csv", inputs={"d": "s12"}),
    ]
    by_name = {step.name: step for step in steps}
    for name, change in changes.items():
        for field, value in change.items():
            setattr(by_name[name], field, value)
    return steps


BEFORE = {f"s{i:02}" for i in range(1, 15)}  # one at a time, in the config's order
AFTER = {"s15", "s16", "s17", "s18", "s19", "s20"}


@pytest.fixture(params=["pandas", "duckdb"])
def bench(request, tmp_path) -> Bench:
    (tmp_path / "orders.csv").write_text("customer,amount\n1,10\n2,20\n1,-5\n2,7\n")
    (tmp_path / "customers.csv").write_text("customer,name\n1,ada\n2,bob\n")
    (tmp_path / "rates.csv").write_text("currency,rate\nUSD,0.5\n")
    (tmp_path / "steps.py").write_text(FUNCTIONS)
    (tmp_path / "helper.py").write_text(HELPER.replace('["total"]', '["totl"]'))
    return Bench(tmp_path, request.param)


def test_a_run_that_failed_in_its_fifteenth_step_is_resumed_there(bench):
    failed = bench.run(twenty(bench.engine), max_workers=1)
    assert ran(failed) == {*BEFORE, "s15"} and states(failed)["s15"] == "failed"
    (bench.directory / "helper.py").write_text(HELPER)
    resumed = bench.run(twenty(bench.engine), resume=failed.directory)
    assert ran(resumed) == AFTER and set(states(resumed).values()) == {"success", "reused"}
    assert told(resumed, "s15") == f"it failed in {failed.run_id}"
    assert told(resumed, "s16") == "`s15` runs again"
    assert told(resumed, "s09") == f"unchanged since {failed.run_id}"
    assert {resumed.steps[name].reused_from for name in BEFORE} == {failed.run_id}
    whole = bench.run(twenty(bench.engine), log_dir=bench.directory / "other")
    assert ran(whole) == BEFORE | AFTER
    assert data_of(resumed) == data_of(whole)
    for name in ("s09", "s16"):  # the screens show as much of a step that was reused
        assert resumed.steps[name].after.rows == whole.steps[name].after.rows
        assert resumed.steps[name].after.sample == whole.steps[name].after.sample
    assert resumed.record.datasets["s09"].preview_file is not None


@pytest.mark.parametrize(
    ("change", "again"),
    [
        ({"s04": {"value": "SELECT * FROM o WHERE amount > 9"}}, {"s04", "s07", "s08", "s09", "s10", "s13"}),
        ({"s12": {"value": "SELECT min(rate) AS top FROM r"}}, {"s12"}),
        ({"s15": {"params": {"factor": 3}}}, set()),
        ({"s20": {"value": "out/other.csv"}}, set()),
        ({"s09": {"metadata": {"tags": ["daily"]}}}, set()),
    ],
)
def test_what_was_changed_since_runs_again_with_all_that_depends_on_it(bench, change, again):
    failed = bench.run(twenty(bench.engine), max_workers=1)
    (bench.directory / "helper.py").write_text(HELPER)
    resumed = bench.run(twenty(bench.engine, **change), resume=failed.directory)
    stores = {"s11", "s14"} if "s08" in again else set()
    assert ran(resumed) == AFTER | again | stores
    whole = bench.run(twenty(bench.engine, **change), log_dir=bench.directory / "other")
    assert data_of(resumed) == data_of(whole)


def test_a_source_that_has_changed_is_read_again_and_one_that_was_touched_is_not(bench):
    (bench.directory / "helper.py").write_text(HELPER)
    first = bench.run(twenty(bench.engine))
    (bench.directory / "customers.csv").touch()
    (bench.directory / "rates.csv").write_text("currency,rate\nUSD,0.7\n")
    second = bench.run(twenty(bench.engine), use_cache=True)
    assert states(second)["s02"] == "reused" and states(second)["s05"] == "reused"
    assert told(second, "s03") == f"the files it reads have changed since {first.run_id}"
    assert {name for name, state in states(second).items() if state == "reused"} == {
        "s01", "s02", "s04", "s05", "s07",
    }  # fmt: skip


def test_a_target_that_somebody_else_wrote_is_written_again(bench):
    (bench.directory / "helper.py").write_text(HELPER)
    first = bench.run(twenty(bench.engine))
    mean = bench.directory / "out" / "mean.csv"
    was = mean.read_text()
    mean.write_text("mean\n0\n")
    (bench.directory / "out" / "top.csv").unlink()
    (bench.directory / "out" / "counts.json").touch()
    second = bench.run(twenty(bench.engine), use_cache=True)
    assert ran(second) == {"s19", "s20"}
    assert told(second, "s19") == f"`out/mean.csv` is not what {first.run_id} wrote"
    assert mean.read_text() == was


def test_a_kept_result_that_is_gone_or_damaged_is_made_again_where_it_is_needed(bench):
    failed = bench.run(twenty(bench.engine), max_workers=1)
    (bench.directory / "helper.py").write_text(HELPER)
    kept = {key: failed.directory / d.full_file for key, d in failed.record.datasets.items()}
    kept["s13"].unlink()
    whole = kept["s09"].read_bytes()
    kept["s09"].write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    kept["s05"].unlink()  # nobody needs it
    resumed = bench.run(twenty(bench.engine), resume=failed.directory)
    assert ran(resumed) == AFTER | {"s13", "s09"}
    assert told(resumed, "s13") == "unchanged, but its kept result is gone"
    assert told(resumed, "s09") == "unchanged, but its kept result is damaged"
    assert states(resumed)["s05"] == "reused"


def test_a_resumed_run_can_be_resumed_when_the_first_is_gone(bench):
    failed = bench.run(twenty(bench.engine), max_workers=1)
    again = bench.run(twenty(bench.engine), resume=failed.directory, max_workers=1)
    assert ran(again) == {"s15"}
    (bench.directory / "helper.py").write_text(HELPER)
    for path in sorted(failed.directory.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    resumed = bench.run(twenty(bench.engine), resume=again.directory)
    assert ran(resumed) == AFTER
    assert resumed.steps["s13"].reused_from == failed.run_id


def test_only_runs_that_have_a_journal_can_be_resumed(bench):
    bench.run(twenty(bench.engine), resume=bench.directory / "run_20260101_000000")
    assert isinstance(bench.error, RunError) and "cannot be resumed" in str(bench.error)


def test_from_python_every_frame_is_there_after_a_reuse(bench):
    (bench.directory / "helper.py").write_text(HELPER)
    bench.run(twenty(bench.engine))
    run = bench.run(twenty(bench.engine), use_cache=True, keep_frames=True)
    assert ran(run) == set()
    assert set(bench.data_map) == {step.outputs["data"] for step in twenty(bench.engine) if step.outputs}
    assert len(bench.data_map["s09"]) == 2


def test_what_was_expected_is_told_of_a_reused_step_too(bench):
    steps = [sql("a", "SELECT 1 AS n", engine=bench.engine)]
    steps[0].metadata["expect"] = [{"range": {"n": {"max": 0}}, "severity": "warn"}]
    first, second = bench.run(steps), bench.run(steps, use_cache=True)
    assert states(second) == {"a": "reused"}
    assert second.steps["a"].expectations == first.steps["a"].expectations != ()
    steps[0].metadata["expect"] = [{"range": {"n": {"max": 0}}}]
    assert states(bench.run(steps, use_cache=True)) == {"a": "failed"}


def test_what_was_made_of_a_source_that_changed_while_it_was_read_is_not_reused(bench):
    (bench.directory / "helper.py").write_text(HELPER)
    source = bench.directory / "rates.csv"
    events = EventEmitter()

    def change(step: Step) -> None:
        if step.name == "s03":
            source.write_text("currency,rate\nUSD,0.9\n")

    events.on("snapshot", change)
    first = bench.run(twenty(bench.engine), events=events)
    assert first.steps["s03"].fingerprint is None and first.steps["s06"].fingerprint is None
    source.write_text("currency,rate\nUSD,0.5\n")  # as it was when the run began
    second = bench.run(twenty(bench.engine), use_cache=True)
    assert {"s03", "s06", "s12"} <= ran(second) and states(second)["s04"] == "reused"


def test_a_kept_result_that_goes_away_between_the_plan_and_the_run_is_made_again(bench, monkeypatch):
    from odibi_core.core import reusing

    failed = bench.run(twenty(bench.engine), max_workers=1)
    (bench.directory / "helper.py").write_text(HELPER)
    going = failed.directory / failed.record.datasets["s13"].full_file
    link = reusing._link

    def without(source, target):
        return source != going and link(source, target)

    monkeypatch.setattr(reusing, "_link", without)
    resumed = bench.run(twenty(bench.engine), resume=failed.directory)
    assert ran(resumed) == AFTER | {"s13"} and resumed.record.state == "success"
    assert told(resumed, "s13") == "unchanged, but its kept result went away as the run began"
