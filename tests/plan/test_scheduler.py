"""The scheduler alone, through chosen and through random histories."""

from __future__ import annotations

import random
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odibi_core.plan.scheduler import (
    Backoff,
    Cancel,
    CancelRequested,
    End,
    Finish,
    KeptLost,
    Queue,
    RetryAfter,
    RetryDue,
    Reuse,
    Scheduler,
    Start,
    StepCancelled,
    StepFailed,
    StepReused,
    StepSucceeded,
    StepTimedOut,
    WorkerLost,
)
from tests.counts import count


def ends(instructions):
    return {i.step: (i.state, i.reason) for i in instructions if isinstance(i, End)}


def starts(instructions):
    return [i.step for i in instructions if isinstance(i, Start)]


def test_a_chain_runs_in_order():
    scheduler = Scheduler({"a": [], "b": ["a"], "c": ["b"]})
    assert scheduler.begin() == [Start("a", 1, 0)]
    assert scheduler.apply(StepSucceeded("a", 1)) == [End("a", "success", 1), Start("b", 1, 0)]
    assert scheduler.apply(StepSucceeded("b", 1)) == [End("b", "success", 1), Start("c", 1, 0)]
    assert scheduler.apply(StepSucceeded("c", 1)) == [End("c", "success", 1), Finish("success")]


def test_reused_steps_wait_for_nothing_and_what_needs_them_starts_in_config_order():
    scheduler = Scheduler({"d": [], "a": [], "b": ["a"], "c": ["b"]}, reuse=["b", "a"], max_workers=1)
    assert scheduler.begin() == [Reuse("a"), Reuse("b")]
    assert scheduler.apply(StepReused("b")) == [End("b", "reused", 0)]
    assert scheduler.apply(StepReused("b")) == []
    assert scheduler.apply(StepReused("a")) == [End("a", "reused", 0), Start("d", 1, 0), Queue("c")]
    assert scheduler.apply(StepSucceeded("d", 1)) == [End("d", "success", 1), Start("c", 1, 0)]
    assert scheduler.apply(StepSucceeded("c", 1))[-1] == Finish("success")


def test_a_step_whose_kept_result_is_lost_runs():
    scheduler = Scheduler({"a": [], "b": ["a"]}, reuse=["a", "b"])
    scheduler.begin()
    assert scheduler.apply(KeptLost("b")) == []  # what it needs is still to come
    assert scheduler.apply(KeptLost("a")) == [Start("a", 1, 0)]
    assert scheduler.apply(StepSucceeded("a", 1)) == [End("a", "success", 1), Start("b", 1, 0)]


def test_a_step_that_is_left_out_takes_along_what_needs_it_but_not_what_is_reused():
    needs = {"a": [], "b": ["a"], "c": ["b"], "d": ["a"], "e": ["d"]}
    scheduler = Scheduler(needs, reuse=["d"], leave_out={"a": "not selected"})
    begun = scheduler.begin()
    assert ends(begun) == {
        "a": ("skipped", "not selected"),
        "b": ("skipped", "needs `a`, which was left out"),
        "c": ("skipped", "needs `b`, which was left out"),
    }
    assert starts(scheduler.apply(StepReused("d"))) == ["e"]
    assert scheduler.apply(StepSucceeded("e", 1))[-1] == Finish("success")


def test_a_kept_result_that_is_lost_behind_a_step_that_was_left_out_fails_the_run():
    scheduler = Scheduler({"a": [], "b": ["a"], "c": ["b"]}, reuse=["b"], leave_out={"a": "not selected"})
    scheduler.begin()
    lost = scheduler.apply(KeptLost("b"))
    assert ends(lost)["b"] == ("failed", "needs `a`, which did not run")
    assert lost[-1] == Finish("failed", "b", "`b` failed")


def test_no_steps_are_a_success():
    assert Scheduler({}).begin() == [Finish("success")]


def test_ready_steps_start_in_config_order_and_wait_for_a_lane():
    scheduler = Scheduler({name: [] for name in "dcba"}, max_workers=2)
    assert scheduler.begin() == [Start("d", 1, 0), Start("c", 1, 1), Queue("b"), Queue("a")]
    assert scheduler.apply(StepSucceeded("c", 1)) == [End("c", "success", 1), Start("b", 1, 1)]


def test_a_failure_lets_what_runs_finish_and_starts_nothing_new():
    scheduler = Scheduler({"a": [], "b": [], "after_a": ["a"], "deep": ["after_a"], "x": []}, max_workers=2)
    scheduler.begin()
    failed = scheduler.apply(StepFailed("a", 1))
    assert ends(failed) == {
        "a": ("failed", None),
        "after_a": ("skipped", "needs `a`, which failed"),
        "deep": ("skipped", "needs `a`, which failed"),
        "x": ("skipped", "the run stopped when `a` failed"),
    }
    assert scheduler.finished is None
    assert scheduler.apply(StepSucceeded("b", 1)) == [
        End("b", "success", 1),
        Finish("failed", "a", "`a` failed"),
    ]


def test_keep_going_leaves_out_only_what_needs_the_failed_step():
    needs = {"a": [], "b": [], "after_a": ["a"], "after_b": ["b"], "both": ["after_a", "after_b"]}
    scheduler = Scheduler(needs, keep_going=True)
    scheduler.begin()
    assert set(ends(scheduler.apply(StepFailed("a", 1)))) == {"a", "after_a", "both"}
    assert starts(scheduler.apply(StepSucceeded("b", 1))) == ["after_b"]
    assert scheduler.apply(StepSucceeded("after_b", 1))[-1] == Finish("failed", "a", "`a` failed")


def test_retries_back_off_with_the_jitter_that_is_handed_in():
    scheduler = Scheduler({"a": []}, backoff=Backoff(retries=3, delay_s=2.0), random=lambda: 0.0)
    scheduler.begin()
    for attempt, delay in ((1, 1.5), (2, 3.0), (3, 6.0)):
        assert scheduler.apply(StepFailed("a", attempt)) == [RetryAfter("a", attempt, delay)]
        assert scheduler.apply(RetryDue("a", attempt)) == [Start("a", attempt + 1, 0)]
    assert ends(scheduler.apply(StepFailed("a", 4))) == {"a": ("failed", None)}


def test_a_delay_has_a_limit():
    assert Backoff(retries=99, delay_s=1.0, limit_s=60).delay(90, 0.5) == 60


def test_a_step_waiting_for_its_retry_leaves_its_lane_to_others():
    scheduler = Scheduler({"a": [], "b": []}, max_workers=1, backoff=Backoff(retries=1))
    scheduler.begin()
    assert starts(scheduler.apply(StepFailed("a", 1))) == ["b"]


def test_an_error_that_no_retry_can_help_is_not_tried_again():
    scheduler = Scheduler({"a": []}, backoff=Backoff(retries=5))
    scheduler.begin()
    assert scheduler.apply(StepFailed("a", 1, retryable=False))[-1] == Finish("failed", "a", "`a` failed")


def test_a_step_waiting_for_its_retry_fails_when_another_stops_the_run():
    scheduler = Scheduler({"a": [], "b": []}, backoffs={"a": Backoff(retries=1)})
    scheduler.begin()
    scheduler.apply(StepFailed("a", 1))
    stopped = scheduler.apply(StepFailed("b", 1))
    assert ends(stopped)["a"] == ("failed", "not tried again because `b` failed")
    assert stopped[-1] == Finish("failed", "b", "`b` failed")
    assert scheduler.apply(RetryDue("a", 1)) == []


def test_a_lost_worker_is_a_failure_that_can_be_tried_again():
    scheduler = Scheduler({"a": []}, backoff=Backoff(retries=1))
    scheduler.begin()
    assert isinstance(scheduler.apply(WorkerLost("a", 1))[0], RetryAfter)


def test_a_run_that_only_a_timeout_stopped_timed_out():
    scheduler = Scheduler({"a": [], "b": ["a"]})
    scheduler.begin()
    assert scheduler.apply(StepTimedOut("a", 1))[-1] == Finish("timed_out", "a", "`a` timed out")


def test_a_timeout_that_was_tried_again_and_then_failed_is_a_failure():
    scheduler = Scheduler({"a": []}, backoff=Backoff(retries=1))
    scheduler.begin()
    scheduler.apply(StepTimedOut("a", 1))
    scheduler.apply(RetryDue("a", 1))
    assert scheduler.apply(StepFailed("a", 2))[-1] == Finish("failed", "a", "`a` failed")


def test_a_need_may_be_named_twice():
    scheduler = Scheduler({"a": [], "b": ["a", "a"]})
    scheduler.begin()
    assert starts(scheduler.apply(StepSucceeded("a", 1))) == ["b"]
    scheduler.validate_state()


def test_cancelling_skips_what_never_started_and_interrupts_what_runs():
    scheduler = Scheduler({"a": [], "b": ["a"], "w": []}, backoffs={"w": Backoff(retries=1)})
    scheduler.begin()
    scheduler.apply(StepFailed("w", 1))
    cancelled = scheduler.apply(CancelRequested())
    assert ends(cancelled) == {
        "b": ("skipped", "the run was cancelled"),
        "w": ("cancelled", "the run was cancelled"),
    }
    assert Cancel("a", 1) in cancelled
    assert scheduler.apply(CancelRequested()) == []
    assert scheduler.apply(StepCancelled("a", 1))[-1] == Finish("cancelled", reason="the run was cancelled")


def test_a_run_cancelled_before_it_begins_starts_nothing():
    scheduler = Scheduler({"a": [], "b": ["a"]})
    assert scheduler.apply(CancelRequested()) == []
    begun = scheduler.begin()
    assert set(ends(begun).values()) == {("skipped", "the run was cancelled")}
    assert begun[-1] == Finish("cancelled", reason="the run was cancelled")
    scheduler.validate_state()


def test_a_cancel_that_comes_too_late_leaves_a_success():
    scheduler = Scheduler({"a": []})
    scheduler.begin()
    scheduler.apply(CancelRequested())
    assert scheduler.apply(StepSucceeded("a", 1))[-1].state == "success"


def test_a_failing_run_that_is_cancelled_stays_failed():
    scheduler = Scheduler({"a": [], "b": []})
    scheduler.begin()
    scheduler.apply(StepFailed("a", 1))
    assert scheduler.apply(CancelRequested()) == [Cancel("b", 1)]
    assert scheduler.apply(StepCancelled("b", 1))[-1] == Finish("failed", "a", "`a` failed")


def test_news_of_an_attempt_that_is_over_changes_nothing():
    scheduler = Scheduler({"a": []}, backoff=Backoff(retries=1))
    scheduler.begin()
    scheduler.apply(StepTimedOut("a", 1))
    assert scheduler.apply(StepSucceeded("a", 1)) == []
    scheduler.apply(RetryDue("a", 1))
    assert scheduler.apply(StepFailed("a", 1)) == []
    assert scheduler.apply(StepSucceeded("a", 2))[-1] == Finish("success")


def test_steps_on_a_cycle_are_left_out_and_the_run_fails():
    scheduler = Scheduler({"a": ["b"], "b": ["a"], "c": ["b"], "d": []}, keep_going=True)
    begun = scheduler.begin()
    assert set(ends(begun)) == {"a", "b", "c"}
    assert starts(begun) == ["d"]
    assert scheduler.apply(StepSucceeded("d", 1))[-1].state == "failed"


def test_what_is_needed_must_be_a_step():
    with pytest.raises(ValueError, match="no step"):
        Scheduler({"a": ["b"]})


@pytest.mark.parametrize("end", [StepSucceeded, StepFailed])
def test_a_long_chain_costs_a_moment_each(end):
    size = 10_000
    scheduler = Scheduler({f"s{i}": [f"s{i - 1}"] if i else [] for i in range(size)})
    scheduler.begin()
    if end is StepFailed:
        assert len(ends(scheduler.apply(StepFailed("s0", 1)))) == size
    else:
        for i in range(size):
            scheduler.apply(StepSucceeded(f"s{i}", 1))
    assert scheduler.finished is not None


def lines_run(work):
    """Returns how many lines of Python `work` runs: a measure of work that no busy machine disturbs."""
    lines = 0

    def trace(frame, event, arg):
        nonlocal lines
        lines += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return lines


@pytest.mark.parametrize("keep_going", [True, False])
@pytest.mark.parametrize("end", [StepSucceeded, StepFailed])
def test_the_work_grows_with_the_needs_alone(end, keep_going):
    def run(size):
        wide = {f"s{i}": [f"s{j}" for j in range(max(0, i - 3), i)] for i in range(size)}
        scheduler = Scheduler(wide, keep_going=keep_going)
        todo = starts(scheduler.begin())
        while todo:
            todo += starts(scheduler.apply(end(todo.pop(), 1)))

    assert lines_run(lambda: run(800)) < 2.2 * lines_run(lambda: run(400))


# -- random histories ---------------------------------------------------------------------------------


@st.composite
def graphs(draw):
    size = draw(st.integers(0, 8))
    shuffled = draw(st.permutations(range(size)))
    needs = {}
    for place in range(size):
        pool = [f"s{shuffled[other]}" for other in range(place)]
        wanted = draw(st.lists(st.sampled_from(pool), max_size=3)) if pool else []
        needs[f"s{shuffled[place]}"] = wanted
    return {name: needs[name] for name in sorted(needs)}


class History:
    """Drives a scheduler at random and keeps its own account of what it was told."""

    def __init__(self, needs, rng, **options):
        self.needs = needs
        self.rng = rng
        self.keep_going = options["keep_going"]
        self.left_out = options["leave_out"]
        self.taking = set()
        self.retries = options["backoff"].retries
        self.max_workers = options["max_workers"]
        self.scheduler = Scheduler(needs, random=rng.random, **options)
        self.running = {}
        self.waiting = {}
        self.ended = {}
        self.started = {}
        self.worked = set()
        self.finish = None
        self.cancelled = False
        self.failed = False
        self.take(self.scheduler.begin())

    def take(self, instructions):
        for instruction in instructions:
            assert self.finish is None, "an instruction after the last"
            match instruction:
                case Start(step, attempt, lane):
                    assert step not in self.ended and step not in self.running, "started twice"
                    assert set(self.needs[step]) <= self.worked, "started before what it needs"
                    assert not self.cancelled, "started after the cancel"
                    assert self.keep_going or not self.failed, "started after a failure"
                    assert attempt == self.started.get(step, 0) + 1 <= self.retries + 1
                    assert lane not in {lane for _, lane in self.running.values()}
                    self.started[step] = attempt
                    self.running[step] = (attempt, lane)
                    assert len(self.running) <= self.max_workers
                case Reuse(step):
                    assert step not in self.ended and step not in self.left_out
                    self.taking.add(step)
                case RetryAfter(step, attempt, delay_s):
                    assert delay_s > 0 and not self.cancelled
                    self.waiting[step] = attempt
                case End(step, state, attempt, reason):
                    assert step not in self.ended, "ended twice"
                    assert step not in self.running, "ended while it runs"
                    assert attempt == self.started.get(step, 0)
                    assert reason or state in ("success", "reused", "failed")
                    self.waiting.pop(step, None)
                    self.ended[step] = state
                    if state in ("success", "reused"):
                        self.worked.add(step)
                    if state == "failed":
                        self.failed = True
                case Cancel(step, attempt):
                    assert self.running[step][0] == attempt
                case Finish():
                    self.finish = instruction
        self.scheduler.validate_state()

    def report(self, happening):
        over = isinstance(happening, StepSucceeded)
        del self.running[happening.step]
        if over:
            self.worked.add(happening.step)
        self.take(self.scheduler.apply(happening))

    def move(self):
        choice = self.rng.random()
        if choice < 0.02:
            self.cancelled = not (self.failed and not self.keep_going)
            self.take(self.scheduler.apply(CancelRequested()))
            return
        if choice < 0.06:  # news that comes too late
            step = self.rng.choice([*self.needs])
            kind = self.rng.choice([StepSucceeded, StepFailed, StepTimedOut, RetryDue])
            attempt = self.started.get(step, 0)
            if step not in self.running and not (kind is RetryDue and step in self.waiting):
                assert self.scheduler.apply(kind(step, attempt)) == []
            return
        if self.taking and (choice < 0.5 or not (self.running or self.waiting)):
            step = self.rng.choice(sorted(self.taking))
            self.taking.remove(step)
            self.take(self.scheduler.apply(self.rng.choice([StepReused, StepReused, KeptLost])(step)))
            return
        if self.waiting and (choice < 0.3 or not self.running):
            step = self.rng.choice(sorted(self.waiting))
            self.take(self.scheduler.apply(RetryDue(step, self.waiting.pop(step))))
            return
        step = self.rng.choice(sorted(self.running))
        attempt, _ = self.running[step]
        kinds = [
            StepSucceeded,
            StepSucceeded,
            StepSucceeded,
            StepFailed,
            StepTimedOut,
            WorkerLost,
        ]
        if self.cancelled:
            kinds += [StepCancelled] * 3
        self.report(self.rng.choice(kinds)(step, attempt))


@settings(
    max_examples=count(10_000), deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)
@given(
    needs=graphs(),
    seed=st.integers(0, 2**32),
    max_workers=st.integers(1, 4),
    retries=st.integers(0, 2),
    keep_going=st.booleans(),
    kept=st.sets(st.sampled_from([f"s{i}" for i in range(8)])),
    left_out=st.sets(st.sampled_from([f"s{i}" for i in range(8)]), max_size=2),
)
def test_no_step_is_lost_run_twice_or_started_too_early(
    needs, seed, max_workers, retries, keep_going, kept, left_out
):
    history = History(
        needs,
        random.Random(seed),
        max_workers=max_workers,
        backoff=Backoff(retries, 0.5),
        keep_going=keep_going,
        reuse=kept & set(needs),
        leave_out=dict.fromkeys(sorted(left_out & set(needs)), "not selected"),
    )
    moves = 0
    while history.finish is None:
        history.move()
        moves += 1
        assert moves < 1_000, "the run does not end"
    assert set(history.ended) == set(needs), "a step is lost"
    assert not history.running and not history.waiting
    assert not history.taking
    bad = {state for name, state in history.ended.items() if name not in history.left_out}
    if history.left_out:  # what needs them is left out too, and that is no failure
        assert history.cancelled or (history.finish.state == "success") == (not bad & {"failed", "cancelled"})
    else:
        assert (history.finish.state == "success") == (not bad - {"success", "reused"})
    for step, state in history.ended.items():
        if state == "skipped" and keep_going and not history.cancelled and step not in history.left_out:
            assert any(history.ended[n] in ("failed", "skipped") for n in needs[step]), "skipped for nothing"
