"""The timeline's drawing: times to cells, attempts and gaps, the axis."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odibi_core.journal import events as ev
from odibi_core.journal.record import Attempt, RunRecord, StepRecord
from odibi_tui.widgets.gantt import Scale, axis, row_of, scale_of, tick_label, with_note
from tests.tui.builders import NOON, at, info

ERROR = ev.ErrorInfo("ValueError", "no")


def step(state, *attempts, **fields):
    return StepRecord(info("s"), state, attempts=attempts, **fields)


def drawn(pieces, width=20):
    line = [" "] * width
    for piece in pieces:
        for i, character in enumerate(piece.text):
            line[piece.start + i] = character
    return "".join(line)


def test_a_bar_goes_from_start_to_end():
    scale = Scale(NOON, 2000, 20)
    pieces = row_of(step("success", Attempt(1, at(500), at(1500)), ended=at(1500)), scale, at(9000))
    assert drawn(pieces) == "     ██████████     "


def test_a_running_step_reaches_to_now_and_points_on():
    scale = Scale(NOON, 2000, 20)
    pieces = row_of(step("running", Attempt(1, at(0))), scale, at(1000))
    assert drawn(pieces) == "█████████▶          "
    assert pieces[0].kind == "running"


def test_a_step_shorter_than_a_cell_is_still_seen():
    pieces = row_of(step("success", Attempt(1, at(0), at(1)), ended=at(1)), Scale(NOON, 100_000, 20), at(9))
    assert drawn(pieces).strip() == "█"


def test_attempts_stand_apart_with_the_wait_between_them():
    tries = (Attempt(1, at(0), at(500), error=ERROR), Attempt(2, at(1000), at(2000)))
    pieces = row_of(step("success", *tries, ended=at(2000)), Scale(NOON, 2000, 20), at(9000))
    assert drawn(pieces) == "█████▒▒▒▒▒██████████"
    assert [piece.kind for piece in pieces] == ["tried", "gap", "success"]


def test_a_step_that_waits_for_its_next_attempt_is_drawn_to_now():
    pieces = row_of(step("retry", Attempt(1, at(0), at(500), error=ERROR)), Scale(NOON, 2000, 20), at(1000))
    assert drawn(pieces) == "█████▒▒▒▒▒          "


def test_waiting_for_a_worker_is_drawn_before_the_bar():
    waiting = step("success", Attempt(1, at(1000), at(1500)), queued=at(500), ended=at(1500))
    assert drawn(row_of(waiting, Scale(NOON, 2000, 20), at(9000))) == "     ┄┄┄┄┄█████     "


@pytest.mark.parametrize(("state", "mark"), [("failed", "✗"), ("cancelled", "■")])
def test_a_bad_end_is_marked_without_colour(state, mark):
    ended = step(state, Attempt(1, at(0), at(1000)), ended=at(1000))
    assert drawn(row_of(ended, Scale(NOON, 2000, 20), at(9000))).rstrip().endswith(mark)


def test_a_step_nobody_saw_end_is_not_drawn_as_running():
    pieces = row_of(step("cancelled", Attempt(1, at(0))), Scale(NOON, 2000, 20), at(2000))
    assert "▶" not in drawn(pieces)


def test_a_step_that_has_not_started_has_no_pieces():
    assert row_of(step("pending"), Scale(NOON, 2000, 20), at(0)) == []


def test_while_a_run_lives_its_end_is_rounded_up_so_that_bars_keep_their_place():
    record = RunRecord("run", "p", "running", started=NOON)
    spans = {scale_of(record, 40, at(ms)).span_ms for ms in range(4001, 4999, 50)}
    assert spans == {5000}


def test_an_ended_run_fills_the_line():
    ended = step("success", Attempt(1, at(0), at(1234)), started=at(0), ended=at(1234))
    record = RunRecord("run", "p", "success", started=NOON, ended=at(1234), steps=(ended,))
    scale = scale_of(record, 40, at(99_999))
    assert scale.span_ms == 1234
    assert drawn(row_of(ended, scale, at(99_999)), 40) == "█" * 40


def test_nothing_started_has_no_scale():
    assert scale_of(RunRecord("run", "p", "running"), 40, NOON) is None


def test_the_axis_never_overlaps_itself():
    for span in (3, 90, 1000, 7000, 61_000, 5_000_000):
        pieces = axis(Scale(NOON, span, 70))
        ends = [piece.start + len(piece.text) for piece in pieces]
        assert pieces[0].start == 0
        assert all(end < piece.start for end, piece in zip(ends, pieces[1:], strict=False))


def test_labels_are_as_short_as_they_can_be():
    assert tick_label(0, 1000) == "0 s"
    assert tick_label(1500, 500) == "1.5 s"
    assert tick_label(40, 20) == "40 ms"
    assert tick_label(90_000, 30_000) == "1 m 30"
    assert tick_label(7_200_000, 3_600_000) == "2 h 00"


def test_a_note_stands_where_there_is_room():
    pieces = row_of(step("success", Attempt(1, at(0), at(500)), ended=at(500)), Scale(NOON, 2000, 20), NOON)
    assert drawn(with_note(pieces, "500 ms", 20)) == "█████ 500 ms        "
    late = row_of(
        step("success", Attempt(1, at(1500), at(2000)), ended=at(2000)), Scale(NOON, 2000, 20), NOON
    )
    assert drawn(with_note(late, "500 ms", 20)) == "        500 ms █████"
    full = row_of(step("success", Attempt(1, at(0), at(2000)), ended=at(2000)), Scale(NOON, 2000, 20), NOON)
    assert drawn(with_note(full, "2.0 s", 20)) == "█" * 20


offsets = st.integers(-5_000, 50_000)


@given(
    times=st.lists(st.tuples(offsets, st.none() | offsets, st.booleans()), max_size=6),
    state=st.sampled_from(
        ["running", "retry", "success", "failed", "cancelled", "skipped", "reused", "pending"]
    ),
    width=st.integers(1, 200),
    span=st.floats(0.5, 100_000),
    now=offsets,
)
def test_whatever_the_times_the_pieces_stay_inside_and_in_order(times, state, width, span, now):
    attempts = tuple(
        Attempt(n, at(start), None if end is None else at(end), error=ERROR if failed else None)
        for n, (start, end, failed) in enumerate(times, 1)
    )
    started = attempts[0].started if attempts else None
    scale = Scale(NOON, span, width)
    pieces = row_of(step(state, *attempts, started=started), scale, NOON + timedelta(milliseconds=now))
    end = 0
    for piece in pieces:
        assert piece.text
        assert piece.start >= end
        end = piece.start + len(piece.text)
    assert end <= width
    if attempts:
        assert pieces[-1].kind != "tried" or attempts[-1].error is not None
