"""The store of past runs: every run has its row, opens, and can be deleted without harm to anything else."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odibi_core.errors import RunError, RunLogError
from odibi_core.journal import events as ev
from odibi_core.journal.final_log import write_log
from odibi_core.journal.fold import RunBuilder
from odibi_core.journal.layout import RunPaths
from odibi_core.journal.lock import holder_state
from odibi_core.journal.writer import JournalWriter
from odibi_core.runs import store as store_module
from odibi_core.runs import summary as summary_module
from odibi_core.runs.store import open_store, read_run
from tests.counts import count
from tests.journal.journals import any_event, at
from tests.runs.past import LiveRun, make_run, store_table

FOREIGN = Path(__file__).parent.parent / "data" / "run_logs"


def rows(store):
    return {summary.run_id: summary for summary in store.runs()}


def test_a_directory_that_does_not_exist_has_no_runs(tmp_path):
    assert open_store(tmp_path / "gone").runs() == []
    assert open_store(tmp_path / "gone").latest() is None


def test_a_file_is_no_log_directory(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(RunLogError, match="cannot list"):
        open_store(tmp_path / "file").runs()


def test_every_run_has_a_row_newest_first(tmp_path):
    good = make_run(tmp_path, minute=1)
    failed = make_run(tmp_path, "failed", minute=2)
    killed = make_run(tmp_path, "running", minute=3)
    crashed = make_run(tmp_path, "crashed", log=False, minute=4)
    runs = open_store(tmp_path).runs()
    assert [run.run_id for run in runs] == [p.run_id for p in (crashed, killed, failed, good)]
    assert [run.state for run in runs] == ["crashed", "interrupted", "failed", "success"]
    success = runs[3]
    assert (success.pipeline, success.started, success.duration_ms) == ("retail.json", at(60), 5000.0)
    assert (success.steps_done, success.steps_total, success.rows_out, success.note) == (2, 2, 2, None)
    assert success.path == good.final_log and runs[0].path == crashed.directory
    assert (runs[2].steps_done, runs[2].rows_out, runs[2].note) == (1, None, "sum: KeyError 'region'")
    assert (runs[1].steps_done, runs[1].note) == (1, "interrupted (process gone)")
    assert not any(run.foreign or run.problem for run in runs)


def test_runs_of_one_second_are_in_the_order_of_their_numbers(tmp_path):
    ids = [make_run(tmp_path).run_id for _ in range(11)]
    assert [run.run_id for run in open_store(tmp_path).runs()] == ids[::-1]


def test_foreign_and_damaged_files_have_their_rows(tmp_path):
    shutil.copytree(FOREIGN, tmp_path, dirs_exist_ok=True)
    (tmp_path / "run_list.json").write_text("[1]")
    (tmp_path / "run_torn.json").write_text('{"steps": [')
    (tmp_path / "run_20260101_000000").mkdir()  # claimed, nothing written yet
    (tmp_path / "run_20260101_000001").mkdir()
    (tmp_path / "run_20260101_000001" / "events.jsonl").write_text("hello\n")
    (tmp_path / "other.json").write_text("{}")
    found = rows(open_store(tmp_path))
    assert found.keys() == {
        "run_20240115_093000",
        "run_20240116_failed",
        "run_list",
        "run_torn",
        "run_20260101_000001",
    }
    foreign = found["run_20240115_093000"]
    assert (foreign.foreign, foreign.state, foreign.steps_done, foreign.rows_out) == (True, "success", 2, 4)
    assert found["run_20240116_failed"].note == "clean: KeyError: 'region' in row 3"
    assert found["run_list"].problem == "not a run log: expected an object, found a list"
    assert "at line 1, column 12" in found["run_torn"].problem
    assert found["run_20260101_000001"].problem.startswith("not a journal")
    assert open_store(tmp_path).latest().problem is None


def test_a_live_run_is_running_until_it_is_killed(tmp_path):
    store = open_store(tmp_path)
    with LiveRun(tmp_path) as run:
        assert [summary.state for summary in store.runs()] == ["running"]
        assert store.open(run.paths.run_id).state == "running"
        run.kill()
        assert [summary.state for summary in store.runs()] == ["interrupted"]
        record = store.open(run.paths.run_id)
        assert record.state == "interrupted" and record.steps[1].state == "cancelled"


def test_what_has_not_changed_is_not_read_again(tmp_path, monkeypatch):
    make_run(tmp_path)
    make_run(tmp_path, "failed", log=False)
    changing = make_run(tmp_path, "running")
    store = open_store(tmp_path)
    first = store.runs()
    read: list[str] = []
    real = summary_module.SummaryReader._summarise

    def counted(self, paths, **known):
        read.append(paths.run_id)
        return real(self, paths, **known)

    monkeypatch.setattr(summary_module.SummaryReader, "_summarise", counted)
    assert store.runs() == first and read == []
    with JournalWriter(changing.journal) as writer:
        writer.append(ev.RunFinished(state="cancelled"))
    assert rows(store)[changing.run_id].state == "cancelled" and read == [changing.run_id]


def test_of_our_final_logs_only_the_head_is_read(tmp_path, monkeypatch):
    make_run(tmp_path)
    make_run(tmp_path, "failed")

    def refuse(*args, **kwargs):
        raise AssertionError("read whole")

    monkeypatch.setattr(summary_module, "read_log", refuse)
    monkeypatch.setattr(summary_module, "load_journal", refuse)
    assert [run.state for run in open_store(tmp_path).runs()] == ["failed", "success"]


def test_of_a_large_journal_only_the_ends_are_read(tmp_path, monkeypatch):
    noise = [ev.Log(message="x" * 1000, ts=at(1)) for _ in range(600)]
    make_run(tmp_path, "crashed", log=False, more=noise)
    make_run(tmp_path, "running", log=False, more=noise)
    monkeypatch.setattr(summary_module, "load_journal", None)
    killed, crashed = open_store(tmp_path).runs()
    assert (crashed.state, crashed.duration_ms, crashed.steps_total) == ("crashed", 5000.0, 2)
    assert (killed.state, killed.pipeline, killed.steps_total) == ("interrupted", "retail.json", 2)
    assert crashed.steps_done is None  # the middle, which tells, was not read


def test_a_run_opens_by_id_by_file_and_by_directory(tmp_path):
    paths = make_run(tmp_path, "failed")
    store = open_store(tmp_path)
    by_id = store.open(paths.run_id)
    assert (
        by_id == store.open(paths.final_log) == store.open(str(paths.final_log)) == read_run(paths.final_log)
    )
    assert by_id == store.open(paths.directory) == read_run(paths.journal)
    paths.final_log.unlink()
    assert store.open(paths.run_id) == by_id


def test_a_damaged_final_log_is_made_up_for_by_the_journal(tmp_path):
    paths = make_run(tmp_path)
    expected = read_run(paths.journal)
    paths.final_log.write_text("{")
    store = open_store(tmp_path)
    assert store.open(paths.run_id) == expected
    assert store.runs()[0].state == "success" and store.runs()[0].problem is None


def test_a_final_log_saved_while_the_run_went_on_does_not_hide_how_it_ended(tmp_path, monkeypatch):
    paths = make_run(tmp_path)
    log = json.loads(paths.final_log.read_text())
    paths.final_log.write_text(json.dumps({**log, "state": "running", "end_time": None}))
    store = open_store(tmp_path)
    assert store.runs()[0].state == "success"
    monkeypatch.setattr(store_module, "_FOLD_UP_TO", 0)
    assert store.open(paths.run_id).state == "success"
    shutil.rmtree(paths.directory)
    log["steps"][1]["state"] = "running"
    paths.final_log.write_text(json.dumps({**log, "state": "running", "end_time": None}))
    assert store.runs()[0].state == store.open(paths.run_id).state == "unknown"


def test_of_a_huge_journal_the_final_log_speaks(tmp_path, monkeypatch):
    paths = make_run(tmp_path, "failed")
    expected = read_run(paths.journal)
    monkeypatch.setattr(store_module, "_FOLD_UP_TO", 0)
    monkeypatch.setattr(store_module, "load_journal", None)
    assert open_store(tmp_path).open(paths.run_id) == expected


def test_a_damaged_journal_is_made_up_for_by_the_final_log(tmp_path):
    paths = make_run(tmp_path, "failed")
    expected = read_run(paths.final_log)
    paths.journal.write_text("junk\n")
    assert open_store(tmp_path).open(paths.run_id) == expected


def test_a_link_to_nothing_and_an_empty_directory_have_their_rows(tmp_path):
    (tmp_path / "run_link.json").symlink_to(tmp_path / "gone.json")
    (tmp_path / "run_20260101_000000").mkdir()
    os.utime(tmp_path / "run_20260101_000000", (0, 0))
    (tmp_path / "run_things").mkdir()
    (tmp_path / "run_things" / "note").write_text("mine")
    os.utime(tmp_path / "run_things", (0, 0))
    store = open_store(tmp_path)
    found = rows(store)
    assert found.keys() == {"run_link", "run_20260101_000000"}
    assert found["run_link"].problem == f"a link to `{tmp_path / 'gone.json'}`, where nothing is"
    assert found["run_20260101_000000"].problem == "an empty directory: nothing of a run is in it"
    for name in found:
        store.delete(name)
    assert os.listdir(tmp_path) == ["run_things"]


def test_an_empty_log_is_said_to_be_empty(tmp_path):
    (tmp_path / "run_x.json").touch()
    (run,) = open_store(tmp_path).runs()
    assert run.problem == "not a run log: it is empty"


def test_a_pipe_among_the_logs_is_left_alone(tmp_path):
    os.mkfifo(tmp_path / "run_pipe.json")
    make_run(tmp_path)
    assert len(open_store(tmp_path).runs()) == 1


@given(st.lists(any_event, max_size=20))
@settings(max_examples=count(500), deadline=None)
def test_the_head_of_a_final_log_tells_the_same_as_the_whole(tmp_path_factory, events):
    paths = RunPaths(tmp_path_factory.mktemp("head"), "run_20260131_120000")
    builder = RunBuilder()
    for event in events:
        builder.apply(event)
    write_log(builder.view(), paths.final_log)
    (summary,) = open_store(paths.log_dir).runs()
    whole = summary_module._of_record(read_run(paths.final_log), paths, paths.final_log)
    assert summary == whole


@pytest.mark.parametrize("name", ["run_gone", "", "..", "run_x/../..", "/etc", "run_\0"])
def test_a_name_that_is_no_run_is_an_error(tmp_path, name):
    make_run(tmp_path)
    with pytest.raises(RunError, match="no run"):
        open_store(tmp_path).paths(name)
    with pytest.raises(RunError):
        open_store(tmp_path).delete(name)


def test_a_path_that_is_no_run_is_an_error(tmp_path):
    store = open_store(tmp_path)
    with pytest.raises(RunLogError, match=r"has no `events.jsonl`"):
        store.open(tmp_path)
    with pytest.raises(RunLogError, match="No such file"):
        store.open(tmp_path / "x.json")


def test_following_works_for_every_kind_of_run(tmp_path):
    ours = make_run(tmp_path)
    shutil.copy(FOREIGN / "run_20240115_093000.json", tmp_path)
    store = open_store(tmp_path)
    for run in (ours.run_id, ours.directory, ours.final_log, ours.journal):
        with store.follow(run) as follower:
            assert follower.poll_all().state == "success" and len(follower.log) == 1
    with store.follow("run_20240115_093000") as follower:
        assert follower.poll() == [] and follower.ended and len(follower.log) == 0
        assert follower.record.foreign and len(follower.record.steps) == 2


def test_a_saved_stream_of_events_can_be_followed(tmp_path):
    paths = make_run(tmp_path)
    saved = tmp_path / "saved.jsonl"
    saved.write_bytes(paths.journal.read_bytes())
    store = open_store(tmp_path)
    assert store.open(saved).state == "success"
    with store.follow(saved) as follower:
        assert follower.poll_all().state == "success"


def test_a_foreign_run_goes_by_the_name_of_its_file(tmp_path):
    log = json.loads((FOREIGN / "run_20240116_failed.json").read_text())
    (tmp_path / "run_b.json").write_text(json.dumps({**log, "pipeline_id": "run_a"}))
    store = open_store(tmp_path)
    assert store.open("run_b").run_id == store.runs()[0].run_id == "run_b"


# -- data --------------------------------------------------------------------------------------------


def test_stored_rows_are_read_from_the_runs_directory(tmp_path):
    paths = make_run(tmp_path, "running", log=False)
    table = pa.table({"id": [1, 2, 3]})
    with JournalWriter(paths.journal) as writer:
        store_table(paths, writer, 1, "preview", "read", table.slice(0, 2))
        store_table(paths, writer, 2, "full", "read", table)
    store = open_store(tmp_path)
    assert store.preview(paths.run_id, "read").num_rows == 2
    assert store.full(paths.run_id, "read") == table
    assert store.preview(paths.directory, "read").num_rows == 2
    assert store.preview(paths.run_id, "sum") is None and store.full(paths.run_id, "nobody") is None
    (paths.data / "0001.preview.parquet").unlink()
    assert store.preview(paths.run_id, "read") is None
    assert store.kept(paths.run_id, "sum") is None
    kept = store.kept(paths.run_id, "read")
    assert kept == paths.data / "0002.full.parquet"
    kept.write_bytes(kept.read_bytes()[:-1])
    assert store.kept(paths.run_id, "read") is None
    kept.unlink()
    assert store.kept(paths.run_id, "read") is None


@pytest.mark.parametrize("file", ["../secret.parquet", "/etc/passwd", "data/../../secret.parquet"])
def test_a_journal_cannot_lead_out_of_its_runs_directory(tmp_path, file):
    pa.parquet.write_table(pa.table({"a": [1]}), tmp_path / "secret.parquet")
    paths = make_run(tmp_path, "running", log=False)
    with JournalWriter(paths.journal) as writer:
        writer.append(ev.DatasetStored(dataset="k", kind="preview", file=file, rows=1))
    with pytest.raises(RunLogError, match="not inside the run's directory"):
        open_store(tmp_path).preview(paths.run_id, "k")


def test_a_link_cannot_lead_out_of_a_runs_directory(tmp_path):
    pa.parquet.write_table(pa.table({"a": [1]}), tmp_path / "secret.parquet")
    paths = make_run(tmp_path, "running", log=False)
    paths.data.mkdir()
    (paths.data / "0001.preview.parquet").symlink_to(tmp_path / "secret.parquet")
    with JournalWriter(paths.journal) as writer:
        writer.append(ev.DatasetStored(dataset="k", kind="preview", file="data/0001.preview.parquet", rows=1))
    with pytest.raises(RunLogError, match="not inside the run's directory"):
        open_store(tmp_path).preview(paths.run_id, "k")


def test_a_damaged_data_file_says_so(tmp_path):
    paths = make_run(tmp_path, "running", log=False)
    with JournalWriter(paths.journal) as writer:
        store_table(paths, writer, 1, "preview", "k", pa.table({"a": [1]}))
    (paths.data / "0001.preview.parquet").write_bytes(b"junk")
    with pytest.raises(RunLogError, match="cannot be read as Parquet"):
        open_store(tmp_path).preview(paths.run_id, "k")


# -- deleting ----------------------------------------------------------------------------------------


def test_deleting_removes_one_run_and_nothing_else(tmp_path):
    gone, kept = make_run(tmp_path), make_run(tmp_path)
    foreign = tmp_path / "run_foreign.json"
    foreign.write_text('{"steps": []}')
    store = open_store(tmp_path)
    store.runs()
    store.delete(gone.run_id)
    store.delete("run_foreign")
    assert sorted(os.listdir(tmp_path)) == [kept.run_id, f"{kept.run_id}.json"]
    assert [run.run_id for run in store.runs()] == [kept.run_id]


def test_a_live_run_is_not_deleted(tmp_path):
    with LiveRun(tmp_path) as run:
        with pytest.raises(RunError, match=r"is running and cannot be deleted; cancel it first"):
            open_store(tmp_path).delete(run.paths.run_id)
        assert holder_state(run.paths.journal) == "live"
    open_store(tmp_path).delete(run.paths.run_id)
    assert os.listdir(tmp_path) == []


def test_links_are_removed_not_followed(tmp_path):
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_text("keep")
    (precious / "events.jsonl").write_text("")
    logs = tmp_path / "logs"
    paths = make_run(logs)
    (paths.directory / "link").symlink_to(precious)
    (logs / "run_linked").symlink_to(precious)
    store = open_store(logs)
    store.delete(paths.run_id)
    store.delete("run_linked")
    assert os.listdir(logs) == [] and (precious / "file").read_text() == "keep"


def test_a_directory_that_is_no_run_is_not_deleted(tmp_path):
    (tmp_path / "run_book").mkdir()
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "events.jsonl").touch()
    for name in ("run_book", "data"):
        with pytest.raises(RunError, match="no run"):
            open_store(tmp_path).delete(name)
    assert sorted(os.listdir(tmp_path)) == ["data", "run_book"]


def test_the_newest_runs_are_those_that_the_whole_list_begins_with(tmp_path):
    for minute in range(5):
        make_run(tmp_path, minute=minute)
    make_run(tmp_path)  # in the same second as the first: its id is numbered
    foreign = tmp_path / "run_by_another.json"
    foreign.write_text('{"steps": [{"step_name": "a"}]}')
    store = open_store(tmp_path)
    for limit in (1, 3, 7, 99):
        assert store.recent(limit) == store.runs()[:limit]
    assert store.recent(1)[0].run_id == "run_by_another"  # written just now
    assert open_store(tmp_path / "none").recent(3) == []


def test_of_the_newest_only_so_many_are_read(tmp_path, monkeypatch):
    for minute in range(5):
        make_run(tmp_path, minute=minute)
    read = []
    real = summary_module.SummaryReader.read
    monkeypatch.setattr(
        summary_module.SummaryReader, "read", lambda *args: read.append(args[2]) or real(*args)
    )
    monkeypatch.setattr(store_module, "_ALMOST_RECENT", 1)
    assert [run.run_id for run in open_store(tmp_path).recent(2)] == [
        "run_20260131_120400",
        "run_20260131_120300",
    ]
    assert sorted(read) == ["run_20260131_120200", "run_20260131_120300", "run_20260131_120400"]


def test_where_the_newest_files_cannot_be_opened_the_latest_run_is_an_older_one(tmp_path, monkeypatch):
    run = make_run(tmp_path)
    for minute in range(3):
        (tmp_path / f"run_20260201_12{minute:02d}00.json").write_text("[1]")
    monkeypatch.setattr(store_module, "_ALMOST_RECENT", 1)
    assert open_store(tmp_path).latest().run_id == run.run_id
