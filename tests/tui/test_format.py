"""How states, durations, counts and times are written."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from odibi_tui import format as fmt
from odibi_tui.widgets.lines import fit, spread, width_of


@pytest.mark.parametrize(
    ("ms", "told"),
    [
        (None, "–"), (0, "0 ms"), (340.4, "340 ms"), (999.4, "999 ms"), (999.6, "1.0 s"), (1234, "1.2 s"),
        (59_900, "59.9 s"), (59_960, "1 m 00 s"), (125_000, "2 m 05 s"), (3_599_700, "1 h 00 m"),
        (3_720_000, "1 h 02 m"),
    ],
)  # fmt: skip
def test_durations(ms, told):
    assert fmt.duration(ms) == told


def test_counts_shapes_and_sizes():
    assert (fmt.count(12480), fmt.count(None)) == ("12,480", "–")
    assert (fmt.plural(1, "step"), fmt.plural(1204, "step")) == ("1 step", "1,204 steps")
    assert (fmt.shape(12480, 9), fmt.shape(None, 0), fmt.shape(5, 2, ascii_only=True)) == (
        "12,480 × 9",
        "",
        "5 x 2",
    )
    assert (fmt.size(412_000_000), fmt.size(1_500_000), fmt.size(12)) == ("412 MB", "1.5 MB", "12 B")


def test_moments_are_told_from_today():
    now = datetime(2026, 1, 31, 13, tzinfo=UTC)
    moments = [datetime(2026, 1, day, 12, 4, tzinfo=UTC) for day in (31, 30, 29)]
    told = [fmt.moment(at, now=now) for at in moments]
    assert told == ["today 12:04", "yesterday 12:04", "2026-01-29 12:04"]


def test_every_state_has_a_glyph_of_one_cell_and_one_in_ascii():
    for state in fmt.GLYPHS:
        assert cell_len(fmt.glyph(state)) == 1
        assert fmt.glyph(state, ascii_only=True).isascii()


@pytest.mark.parametrize(
    ("environ", "ascii_only"),
    [
        ({}, False),
        ({"ODIBI_ASCII": "1"}, True),
        ({"LANG": "en_US.ISO-8859-1"}, True),
        ({"LC_ALL": "C.UTF-8"}, False),
    ],
)
def test_ascii_is_used_where_the_terminal_has_nothing_else(environ, ascii_only):
    assert fmt.wants_ascii(environ) is ascii_only


@given(st.lists(st.tuples(st.text(max_size=12), st.just("")), max_size=4), st.integers(0, 30))
def test_fitted_parts_are_never_wider_than_their_room(parts, width):
    assert width_of(fit(parts, width)) <= width


@given(st.text(max_size=40), st.text(max_size=6), st.integers(1, 50))
def test_a_spread_line_fills_its_width_exactly(left, right, width):
    assert width_of(spread([(left, "")], [(right, "")], width)) == width


@given(st.text(max_size=40), st.integers(0, 30))
def test_shortened_text_has_room_and_no_escapes(text, width):
    shown = fmt.shorten(text, width)
    assert cell_len(shown) <= width and "\x1b" not in shown and "\n" not in shown
