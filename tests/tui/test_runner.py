"""Starting, following, cancelling and opening runs from the application, with real processes."""

import asyncio
import json
import os
import random
import signal

import pytest

from odibi_core.runs.store import open_store
from odibi_tui.runner import Runner
from odibi_tui.screens.run import RunPane
from odibi_tui.session import Session
from tests.counts import count
from tests.tui.builders import RunFiles, failed_run, filtered_run, info
from tests.tui.panes import PaneApp, settled

FUNCTIONS = """
import time

import pandas as pd


def slow():
    time.sleep(60)
    return pd.DataFrame({"a": [1]})


def talks():
    for i in range(10_000):
        print("line", i)
        time.sleep(0.005)
    return pd.DataFrame({"a": [1]})


def fails():
    return pd.DataFrame({"a": [1]})["b"]
"""


@pytest.fixture
def project(tmp_path):
    (tmp_path / "in.csv").write_text("id,v\n1,10\n2,20\n")
    (tmp_path / "runner_functions.py").write_text(FUNCTIONS)
    return tmp_path


def read(name="read", output="rows"):
    return {"layer": "ingest", "name": name, "value": "in.csv", "outputs": {"data": output}}


def sql(name, query, of="rows"):
    return {"name": name, "type": "sql", "value": query, "inputs": {"data": of}, "outputs": {"data": name}}


def call(name, function):
    return {"name": name, "layer": "ingest", "type": "function", "value": f"runner_functions.{function}",
            "outputs": {"data": name}}  # fmt: skip


class Bench:
    """An application with a pipeline, and its runner."""

    def __init__(self, project, *steps):
        self.source = project / "pipeline.json"
        self.write(*steps)
        self.session = Session(source=self.source, base_dir=project, log_dir=project / "tracker_logs")
        self.app = PaneApp(RunPane, self.session)
        self.runner = Runner(self.app, self.session)

    def write(self, *steps):
        self.source.write_text(json.dumps(steps))

    @property
    def state(self):
        return self.session.record.state if self.session.record is not None else None

    def said(self):
        return [notification.message for notification in self.app._notifications]

    async def ran(self, pilot, state="success"):
        await settled(self.app, pilot, lambda: self.state == state and self.session.handle is None, tries=500)


async def test_a_run_is_started_followed_and_let_go(project):
    bench = Bench(project, read(), sql("big", "SELECT * FROM data WHERE v > 15"))
    async with bench.app.run_test(size=(100, 30)) as pilot:
        bench.runner.start()
        await bench.ran(pilot)
        assert [step.state for step in bench.session.record.steps] == ["success", "success"]
        assert bench.session.record.step("big").after.rows == 1
        assert bench.session.record.pipeline == "pipeline"
        log = project / "tracker_logs" / f"{bench.session.record.run_id}.json"
        await settled(bench.app, pilot, log.is_file)
        bench.runner.close(detach=False)


async def test_what_is_on_disk_is_run_not_what_is_on_screen(project):
    bench = Bench(project, read())
    async with bench.app.run_test(size=(100, 30)) as pilot:
        bench.runner.start()
        await bench.ran(pilot)
        bench.write(read("other_name"))
        bench.runner.start()
        await settled(
            bench.app, pilot, lambda: bench.session.record.steps[0].info.name == "other_name", tries=500
        )
        await bench.ran(pilot)
        assert [step.name for step in bench.session.steps] == ["other_name"]
        bench.runner.close(detach=False)


async def test_with_errors_nothing_is_started_and_the_first_is_selected(project):
    bench = Bench(project, read(), sql("a", "SELECT 1", of="nothing"), sql("b", "SELECT 1", of="nobody"))
    async with bench.app.run_test(size=(100, 30)) as pilot:
        bench.runner.start()
        await settled(bench.app, pilot, lambda: bench.said(), tries=500)
        assert bench.said() == ["2 errors in pipeline.json; mend them first"]
        assert bench.session.selected == "a"
        assert bench.session.problem is bench.session.diagnostics[0]
        assert not (project / "tracker_logs").exists()
        bench.write(read())
        bench.runner.start()
        await bench.ran(pilot)
        bench.runner.close(detach=False)


async def test_a_source_that_is_gone_is_told(project):
    bench = Bench(project, read())
    bench.source.unlink()
    async with bench.app.run_test(size=(100, 30)) as pilot:
        bench.runner.start()
        await settled(bench.app, pilot, lambda: bench.said(), tries=500)
        assert "Config source not found" in bench.said()[0]
        bench.runner.close(detach=False)


async def test_when_a_run_fails_the_failed_step_is_selected(project):
    bench = Bench(project, read(), call("broken", "fails"), sql("later", "SELECT * FROM data", of="broken"))
    async with bench.app.run_test(size=(100, 30)) as pilot:
        bench.session.selected = "read"
        bench.runner.start()
        await bench.ran(pilot, "failed")
        assert bench.session.selected == "broken"
        await settled(bench.app, pilot, lambda: "KeyError" in bench.app.text())
        assert bench.app.pane.place() == (1, bench.source.read_text().index('"runner_functions') + 1)
        bench.write(read(), call("broken", "slow"))
        bench.session.adopt(bench.runner._read_source())
        assert bench.app.pane.place() is None
        bench.runner.close(detach=False)


async def test_a_run_is_cancelled_and_meanwhile_no_second_one_starts(project):
    bench = Bench(project, call("waits", "slow"))
    async with bench.app.run_test(size=(100, 30)) as pilot:
        bench.runner.start()
        await settled(bench.app, pilot, lambda: bench.state == "running", tries=500)
        assert bench.session.is_live
        bench.runner.start()
        await settled(bench.app, pilot, lambda: bench.said())
        assert bench.said() == ["a run is under way; `x` cancels it"]
        bench.runner.cancel()
        assert bench.runner.cancelling == bench.session.record.run_id
        await bench.ran(pilot, "cancelled")
        assert bench.runner.cancelling is None
        bench.runner.close(detach=False)


async def test_a_past_run_can_be_looked_at_while_one_goes_on_and_come_back_from(project):
    past = filtered_run(project / "tracker_logs")
    bench = Bench(project, call("waits", "slow"))
    async with bench.app.run_test(size=(100, 30)) as pilot:
        bench.runner.start()
        await settled(bench.app, pilot, lambda: bench.state == "running", tries=500)
        live = bench.session.record.run_id
        bench.runner.open(past.paths.run_id)
        await settled(bench.app, pilot, lambda: bench.session.record.run_id == past.paths.run_id)
        assert bench.session.selected == "read_orders"
        assert bench.app.pane.status().startswith("run of retail.json  ✓ success")
        assert bench.session.is_live
        bench.runner.open(live)
        await settled(bench.app, pilot, lambda: bench.session.record.run_id == live)
        bench.runner.cancel()
        await bench.ran(pilot, "cancelled")
        bench.runner.close(detach=False)


async def test_opening_a_failed_run_selects_its_failed_step(tmp_path):
    run = failed_run(tmp_path)
    session = Session(log_dir=tmp_path, base_dir=tmp_path)
    app = PaneApp(RunPane, session)
    async with app.run_test(size=(100, 30)) as pilot:
        Runner(app, session).open(run.paths.run_id)
        await settled(app, pilot, lambda: session.record is not None)
        assert session.selected == "join_orders"


@pytest.mark.parametrize("by", ["directory", "log", "id"])
async def test_a_run_is_opened_by_its_directory_its_log_or_its_id(tmp_path, by):
    run = failed_run(tmp_path)
    session = Session(log_dir=tmp_path, base_dir=tmp_path)
    app = PaneApp(RunPane, session)
    what = {"directory": run.paths.directory, "log": run.paths.final_log, "id": run.paths.run_id}[by]
    async with app.run_test(size=(100, 30)) as pilot:
        Runner(app, session).open(what)
        await settled(app, pilot, lambda: session.record is not None)
        assert session.record.state == "failed"
        assert session.follower.run_dir == run.paths.directory


async def test_another_programs_log_is_opened_and_junk_is_told(tmp_path):
    log = {"pipeline_id": "run_other", "start_time": "2026-01-30T10:00:00", "summary": {},
           "steps": [{"step_name": "a", "layer": "ingest", "state": "success"}]}  # fmt: skip
    (tmp_path / "theirs.json").write_text(json.dumps(log))
    (tmp_path / "junk.json").write_text("{")
    session = Session(log_dir=tmp_path, base_dir=tmp_path)
    app = PaneApp(RunPane, session)
    async with app.run_test(size=(100, 30)) as pilot:
        runner = Runner(app, session)
        runner.open(tmp_path / "theirs.json")
        await settled(app, pilot, lambda: session.record is not None)
        assert session.record.foreign
        runner.open(tmp_path / "junk.json")
        await settled(app, pilot, lambda: bool(app._notifications))
        assert session.record.foreign


async def test_a_run_another_process_holds_is_followed_and_asked_to_end(tmp_path):
    run = RunFiles(tmp_path).begin(info("a"))
    session = Session(log_dir=tmp_path, base_dir=tmp_path)
    app = PaneApp(RunPane, session)
    async with app.run_test(size=(100, 30)) as pilot:
        runner = Runner(app, session)
        runner.open(run.paths.run_id)
        await settled(app, pilot, lambda: session.record is not None)
        assert session.record.is_live
        runner.cancel()
        assert run.paths.cancel_file.exists()
        run.step("a", 0, 10).end("cancelled")
        await settled(app, pilot, lambda: session.record.state == "cancelled")
        assert runner.cancelling is None


async def test_at_the_end_a_run_goes_on_if_it_was_let_go_and_else_is_cancelled(project):
    for detach in (False, True):
        bench = Bench(project, call("waits", "slow"))
        async with bench.app.run_test(size=(100, 30)) as pilot:
            bench.runner.start()
            await settled(bench.app, pilot, lambda b=bench: b.state == "running", tries=500)
            bench.runner.close(detach=detach)
        follower = bench.session.follower
        assert follower.poll_all().state == ("running" if detach else "cancelled")
        if detach:
            follower.paths.cancel_file.touch()
            for _ in range(200):
                await asyncio.sleep(0.05)
                if not follower.poll_all().is_live:
                    break
            assert follower.record.state == "cancelled"


async def test_whatever_was_shown_of_a_run_that_is_killed_is_in_its_journal(project):
    bench = Bench(project, read(), call("talks", "talks"))
    chance = random.Random(7)
    in_the_middle = 0
    async with bench.app.run_test(size=(100, 30)) as pilot:
        for _ in range(count(50)):
            bench.runner.start()
            await settled(
                bench.app, pilot, lambda: bench.session.is_live and bench.state == "running", tries=500
            )
            await pilot.pause(chance.uniform(0, 0.6))
            shown = bench.session.record
            os.kill(bench.session.handle.pid, signal.SIGKILL)
            await bench.ran(pilot, "crashed")
            kept = open_store(project / "tracker_logs").open(shown.run_id)
            assert kept.state == "crashed"
            assert kept.log_count >= shown.log_count
            for before, after in zip(shown.steps, kept.steps, strict=True):
                assert after.attempts[: len(before.attempts) - 1] == before.attempts[:-1]
                assert before.state in ("pending", "running", after.state)
            talking = shown.step("talks")
            in_the_middle += shown.log_count >= 5 and talking is not None and talking.state == "running"
        assert {run.state for run in open_store(project / "tracker_logs").runs()} == {"crashed"}
        bench.runner.close(detach=False)
    print(f"\n{count(50)} runs killed, {in_the_middle} in the middle of a step with five lines shown")
    assert in_the_middle >= count(50) * 0.6


async def test_a_failed_run_is_resumed_and_another_is_run_from_the_selected_step_on(project):
    mid = sql("mid", "SELECT v FROM data")
    bench = Bench(project, read(), mid, sql("end", "SELECT error('no') FROM data"))

    def states():
        return {step.info.name: step.state for step in bench.session.record.steps}

    async with bench.app.run_test(size=(100, 30)) as pilot:
        bench.runner.start()
        await bench.ran(pilot, "failed")
        failed = bench.session.record.run_id
        assert bench.session.is_resumable
        bench.write(read(), mid, sql("end", "SELECT v + 1 AS w FROM data"))
        bench.runner.start("resume")
        await bench.ran(pilot)
        assert states() == {"read": "reused", "mid": "reused", "end": "success"}
        assert f"carries on with {failed}" in bench.said() and not bench.session.is_resumable
        bench.session.select("end")
        bench.runner.start("here")
        await settled(bench.app, pilot, lambda: states().get("mid") == "skipped", tries=500)
        await bench.ran(pilot)
        assert states() == {"read": "reused", "mid": "skipped", "end": "success"}
        bench.runner.reuse = True
        bench.runner.start()
        await settled(bench.app, pilot, lambda: set(states().values()) == {"reused"}, tries=500)
        await bench.ran(pilot)
        first = bench.session.record.run_id
        bench.runner.start("fresh")
        await settled(bench.app, pilot, lambda: bench.session.record.run_id != first, tries=500)
        await bench.ran(pilot)
        assert set(states().values()) == {"success"}
        bench.runner.close(detach=False)


async def test_running_from_a_step_whose_inputs_nobody_kept_is_refused(project):
    bench = Bench(project, read(), sql("end", "SELECT v FROM data"))
    async with bench.app.run_test(size=(100, 30)) as pilot:
        bench.session.adopt(bench.runner._read_source())
        bench.session.select("end")
        bench.runner.start("here")
        await settled(bench.app, pilot, bench.said)
        assert "`end` needs `read`" in bench.said()[0] and bench.session.record is None
        bench.runner.close(detach=False)
