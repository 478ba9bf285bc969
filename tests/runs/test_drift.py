"""How columns have drifted, by two profiles."""

from __future__ import annotations

import datetime as dt
import math

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odibi_core.engine.profiling import profile_arrow
from odibi_core.journal.profile import ColumnProfile, Histogram, Profile, TopValue
from odibi_core.runs.compare_words import drift_words
from odibi_core.runs.drift import LARGE, MODERATE, compare_profiles
from tests.counts import count

FLOATS = st.floats(-1e100, 1e100) | st.sampled_from([math.nan, math.inf])


def profile(values, kind=None) -> Profile:
    return profile_arrow(pa.table({"v": pa.array(values, kind)}))


def drift(before, after, kind=None):
    (found,) = compare_profiles(profile(before, kind), profile(after, kind))
    return found


def test_what_did_not_move_has_not_drifted():
    for values in (
        [1.0, 2.0, None, math.nan],
        ["a", "b", "a"],
        [True, None],
        [dt.date(2020, 1, 1)],
        [None, None],
    ):
        found = drift(values, values)
        assert (found.level, found.changes) == ("none", ()) and found.psi in (None, 0.0)


def test_a_few_far_values_are_told_and_are_no_large_drift():
    values = [i % 10 for i in range(1000)]
    found = drift(values, [*values[:-5], *[500] * 5])
    assert {c.name: (c.before, c.after) for c in found.changes}["max"] == (9, 500)
    assert found.level == "small" and found.psi < MODERATE


def test_a_shift_of_a_numeric_column_is_a_large_drift():
    found = drift([i / 10 for i in range(1000)], [i / 10 + 50 for i in range(1000)])
    assert found.level == "large" and found.psi > LARGE


def test_categories_that_grow_and_shrink_are_measured_by_their_shares():
    found = drift(["a"] * 50 + ["b"] * 50, ["a"] * 90 + ["b"] * 10)
    expected = (0.9 - 0.5) * math.log(0.9 / 0.5) + (0.1 - 0.5) * math.log(0.1 / 0.5)
    assert (found.basis, found.level) == ("values", "large") and found.psi == pytest.approx(expected)


def test_more_nulls_are_drift_of_their_own():
    found = drift([1.0, 2.0, 3.0, 4.0] * 25, [1.0, 2.0, None, None] * 25)
    assert found.nulls == (0.0, 0.5) and found.level == "large"


def test_histograms_with_the_same_edges_are_compared_bin_by_bin():
    def side(counts):
        histogram = Histogram((0.0, 1.0, 2.0), counts)
        column = ColumnProfile("v", "double", "number", 0, histogram=histogram, quantiles=(0.5, 1.0, 1.5))
        return Profile(100, 100, "all", (column,))

    (found,) = compare_profiles(side((50, 50)), side((20, 80)))
    assert found.basis == "histogram"
    assert found.psi == pytest.approx(-0.3 * math.log(0.4) + 0.3 * math.log(1.6))


def test_of_samples_what_may_be_chance_is_no_drift():
    def side(mean, nulls):
        column = ColumnProfile("v", "double", "number", nulls, mean=mean, top=(TopValue(1, 3),))
        return Profile(10_000, 1000, "sample", (column,))

    (found,) = compare_profiles(side(1.0, 5), side(1.1, 6))
    assert found.changes and found.level == "none" and not found.whole
    (found,) = compare_profiles(side(1.0, 5), side(1.0, 25))
    assert found.level == "small"


def test_columns_that_are_on_one_side_only_have_no_drift():
    before, after = (
        profile_arrow(pa.table({"a": [1], "b": [1]})),
        profile_arrow(pa.table({"c": [1], "b": [1]})),
    )
    assert [column.name for column in compare_profiles(before, after)] == ["b"]


@given(
    st.lists(st.none() | FLOATS, min_size=10, max_size=20).map(lambda cells: cells * 10),
    st.lists(st.none() | FLOATS, min_size=10, max_size=20).map(lambda cells: cells * 10),
)
@settings(max_examples=count(500), deadline=None)
def test_the_index_is_never_negative_and_zero_only_where_shares_are_equal(before, after):
    found = drift(before, after, pa.float64())
    assert found.psi is None or found.psi >= 0.0
    assert drift(before, before, pa.float64()).level == "none"


def test_frequent_values_that_are_none_are_called_so_and_times_are_told_apart():
    words = drift_words(drift([1.0, 1.8, 2.0, 3.0], [1.0, 1.0, 1.8, 1.8]), "→")
    assert "most frequent none → 1, 1.8" in words
    times = [dt.datetime(2026, 1, 1, hour) for hour in range(3)]
    words = drift_words(drift([times[0]] * 3 + [times[1]] * 2, [times[2]] * 3 + [times[1]] * 2), "→")
    moments = [f"2026-01-01T0{hour}:00:00" for hour in range(3)]
    assert f"most frequent {moments[0]}, {moments[1]} → {moments[2]}, {moments[1]}" in words
