"""Values as text: nothing is obeyed, nothing looks like something else."""

import datetime as dt
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from odibi_tui.widgets.cells import column_texts, full_text, value_text, visible


def texts(values, data_type=None):
    return column_texts(pa.chunked_array([pa.array(values, data_type)]))


def test_null_is_not_the_text_null():
    assert texts([None, "null", "", " x "]) == [None, '"null"', '""', '" x "']


def test_control_characters_are_shown_not_obeyed():
    assert visible("a\x1b[31mb\n\t\x07\x9b\u202e") == "a␛[31mb␊␉␇\\x9b\\u202e"


@given(st.text())
def test_what_is_shown_is_one_printable_line(text):
    shown = visible(text)
    assert "\n" not in shown
    assert not any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 for c in shown)


def test_markup_is_text():
    assert texts(["[bold]x[/]"]) == ["[bold]x[/]"]


def test_floats_of_a_column_have_the_same_number_of_decimals():
    assert texts([1.0, 2.25, None, 100.5]) == ["1.00", "2.25", None, "100.50"]


def test_a_float_too_small_for_the_decimals_is_not_shown_as_nought():
    assert texts([0.0, 1e-9, 1.5]) == ["0.0", "1e-09", "1.5"]


def test_a_float_keeps_its_meaning():
    assert texts([float("nan"), float("inf"), float("-inf"), 1e300]) == ["NaN", "inf", "-inf", "1e+300"]


def test_times_are_iso_without_an_empty_fraction():
    assert texts([dt.datetime(2026, 1, 31, 12, 4, 12)]) == ["2026-01-31 12:04:12"]
    assert texts([dt.datetime(2026, 1, 31, 12, 4, 12, 500)])[0].startswith("2026-01-31 12:04:12.0005")
    assert texts([dt.date(2026, 1, 31), None]) == ["2026-01-31", None]


def test_a_time_outside_of_what_python_holds_is_still_shown():
    far = pa.array([2**62], pa.timestamp("s"))
    assert column_texts(pa.chunked_array([far]))[0]


def test_nested_binary_and_other_values():
    assert texts([[1, None]]) == ["[1, null]"]
    assert texts([{"a": 1}]) == ['{"a": 1}']
    assert texts([b"\x00\xff"]) == ["0x00ff"]
    assert texts([True, False]) == ["true", "false"]
    assert texts([Decimal("1.50")]) == ["1.50"]
    assert column_texts(pa.chunked_array([pa.array(["a", None]).dictionary_encode()])) == ["a", None]


def test_a_long_text_is_cut_in_the_cell_and_whole_in_full():
    text = "x" * 10_000
    assert len(value_text(text)) == 501
    assert full_text(text) == text


@pytest.mark.parametrize("value", ["a\nb", "\x1b[1m", "null", ""])
def test_copying_a_text_gives_the_text(value):
    assert full_text(value) == value
