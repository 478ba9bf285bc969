"""The fold: any events make a record, and in how many portions they come makes no difference."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from odibi_core.journal import events as ev
from odibi_core.journal.fold import RunBuilder, settle
from odibi_core.journal.load import load_journal
from odibi_core.journal.record import RUN_STATES, RunRecord
from tests.counts import count
from tests.journal.journals import any_event, at, small_run, steps, write_journal


def fold(events) -> RunRecord:
    builder = RunBuilder()
    for event in events:
        builder.apply(event)
    return builder.view()


def test_a_successful_run():
    record = fold(small_run())
    assert (record.state, record.duration_ms, record.started, record.ended) == (
        "success",
        5000.0,
        at(0),
        at(5),
    )
    read, total = record.steps
    assert (read.state, read.queued, read.started, read.ended) == ("success", at(0), at(1), at(2))
    assert (read.rows, read.after.rows, read.before) == (3, 3, None)
    assert total.before.dataset == "read" and total.after.rows == 2
    assert record.datasets["sum"].rows == 2 and record.log_count == 1
    assert not record.is_live and record.step("sum") is total and record.step("gone") is None


def test_an_unfinished_run_is_live_and_its_open_step_runs():
    record = fold(small_run("running"))
    assert record.is_live and [step.state for step in record.steps] == ["success", "running"]


def test_an_attempt_that_failed_stays_in_sight_after_the_next():
    error = ev.ErrorInfo("IOError", "503")
    record = fold(
        [
            ev.StepStarted(step="s", attempt=1, worker=2, ts=at(0)),
            ev.Retry(step="s", attempt=1, delay_s=1.0, error=error, ts=at(1)),
            ev.StepStarted(step="s", attempt=2, worker=0, ts=at(2)),
            ev.StepFinished(step="s", state="success", attempt=2, ts=at(4)),
        ]
    )
    (step,) = record.steps
    assert (step.state, step.error, step.started, step.duration_ms) == ("success", None, at(0), 4000.0)
    first, second = step.attempts
    assert (first.number, first.worker, first.ended, first.error) == (1, 2, at(1), error)
    assert (second.number, second.worker, second.ended, second.error) == (2, 0, at(4), None)


def test_a_step_waiting_for_its_next_attempt_says_why():
    error = ev.ErrorInfo("IOError", "503")
    record = fold(
        [
            ev.StepStarted(step="s", ts=at(0)),
            ev.Retry(step="s", attempt=1, delay_s=1.0, error=error, ts=at(1)),
        ]
    )
    assert (record.steps[0].state, record.steps[0].error) == ("retry", error)


def test_a_count_that_comes_late_fills_in_every_snapshot_of_the_dataset():
    record = fold(
        [
            ev.Snapshot(step="a", position="after", dataset="k"),
            ev.Snapshot(step="b", position="before", dataset="k"),
            ev.Snapshot(step="b", position="after", dataset="other"),
            ev.DatasetRows(dataset="k", rows=7),
            ev.Snapshot(step="c", position="before", dataset="k"),
        ]
    )
    a, b, c = record.steps
    assert (a.after.rows, b.before.rows, b.after.rows, c.before.rows) == (7, 7, None, 7)
    assert record.datasets["k"].rows == 7


def test_a_stored_preview_does_not_tell_how_many_rows_there_are_but_a_full_result_does():
    stored = {"dataset": "k", "rows": 1000}
    preview = ev.DatasetStored(kind="preview", file="data/0001.preview.parquet", **stored)
    record = fold([preview])
    assert record.datasets["k"].rows is None and record.datasets["k"].preview_rows == 1000
    kept = ev.DatasetKept(file="data/0001.full.parquet", bytes=9, digest="d", **stored)
    record = fold([preview, kept])
    dataset = record.datasets["k"]
    assert (dataset.rows, dataset.full_file, dataset.full_bytes) == (1000, "data/0001.full.parquet", 9)
    dropped = fold([preview, kept, ev.DatasetDropped(dataset="k", reason="no room")]).datasets["k"]
    assert (dropped.full_file, dropped.preview_file) == (None, "data/0001.preview.parquet")


def test_expectations_are_those_of_the_last_attempt():
    builder = RunBuilder()
    builder.apply(ev.StepStarted(step="a"))
    for passed in (False, True):
        builder.apply(ev.Expectation(step="a", name="unique(id)", kind="unique", passed=passed, on=("id",)))
    (only,) = builder.view().steps[0].expectations
    assert only.passed and only.on == ("id",) and builder.view().steps[0].unmet == ()
    builder.apply(ev.StepStarted(step="a", attempt=2))
    assert builder.view().steps[0].expectations == ()


def test_steps_a_run_did_not_live_to_settle():
    def end(state: str) -> list[tuple[str, str | None]]:
        started = ev.RunStarted(run_id="r", pipeline="p", steps=steps("a", "b"), ts=at(0))
        finished = ev.RunFinished(state=state, error=ev.ErrorInfo("Signal", "SIGSEGV"), ts=at(9))
        record = fold([started, ev.StepStarted(step="a", ts=at(1)), finished])
        return [(step.state, step.error and step.error.message) for step in record.steps]

    assert end("crashed") == end("timed_out") == [("failed", "SIGSEGV"), ("skipped", None)]
    assert end("cancelled") == end("failed") == [("cancelled", None), ("skipped", None)]
    assert end("success") == [("running", None), ("pending", None)]


def test_an_interrupted_run_has_no_step_at_work_and_an_unknown_one_may_have():
    record = fold(small_run("running"))
    interrupted = settle(record, "interrupted")
    assert interrupted.state == "interrupted" and interrupted.steps[1].state == "cancelled"
    assert interrupted.steps[0] is record.steps[0]
    assert settle(record, "unknown").steps == record.steps


def test_steps_to_which_nothing_happened_are_the_same_objects():
    builder = RunBuilder()
    events = list(small_run())
    for event in events[:6]:
        builder.apply(event)
    before = builder.view()
    assert builder.view() is before
    builder.apply(events[6])
    after = builder.view()
    assert after is not before and after.steps[0] is before.steps[0] and after.steps[1] is not before.steps[1]
    assert before.steps[1].state == "pending"


def test_an_unknown_event_changes_nothing():
    class Teleported(ev.Event, frozen=True, tag="teleported"):
        step: str

    builder = RunBuilder()
    for event in small_run("running"):
        builder.apply(event)
    before = builder.view()
    builder.apply(Teleported(step="read"))
    assert builder.view() is before


@given(st.lists(any_event, max_size=30), st.data())
@settings(max_examples=count(3000), deadline=None)
def test_a_record_does_not_depend_on_when_it_was_looked_at(events, data):
    looked = RunBuilder()
    for i, event in enumerate(events):
        looked.apply(event)
        if data.draw(st.booleans()):
            assert looked.view() == fold(events[: i + 1])
    record = looked.view()
    assert record == fold(events)
    assert record.state in RUN_STATES
    assert record.log_count == sum(isinstance(event, ev.Log) for event in events)
    assert len({step.info.name for step in record.steps}) == len(record.steps)
    for step in record.steps:
        assert all(attempt.ended is not None for attempt in step.attempts[:-1])


@given(st.lists(any_event, min_size=1, max_size=30))
@settings(max_examples=count(1000), deadline=None)
def test_a_journal_read_from_disk_folds_to_the_same_record(tmp_path_factory, events):
    path = write_journal(tmp_path_factory.mktemp("fold") / "j", events)
    assert load_journal(path).view() == fold(events)
