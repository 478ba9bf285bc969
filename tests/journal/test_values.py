"""Cells of every library become strict JSON."""

from __future__ import annotations

import datetime as dt
import enum
import json
import math
import uuid
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from odibi_core.journal.values import json_row, json_value


class Colour(enum.Enum):
    RED = "red"


class Number(enum.IntEnum):
    ONE = 1


@pytest.mark.parametrize(
    ("value", "json_form"),
    [
        (None, None),
        (True, True),
        (2**53, 2**53),
        (2**53 + 1, str(2**53 + 1)),
        (math.nan, None),
        (-math.inf, None),
        (Decimal("1.50"), "1.50"),
        (Decimal("NaN"), None),
        (dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC), "2026-01-31T12:00:00+00:00"),
        (dt.date(2026, 1, 31), "2026-01-31"),
        (dt.time(12, 0), "12:00:00"),
        (dt.timedelta(hours=1), "1:00:00"),
        (b"\xff", "/w=="),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (Path("a/b"), "a/b"),
        (Colour.RED, "red"),
        (Number.ONE, 1),
        ((1, {2}), [1, [2]]),
        ({None: 1, 2: 3}, {"None": 1, "2": 3}),
        ("\ud800", "\\ud800"),
        (np.int64(3), 3),
        (np.float64("nan"), None),
        (np.float32(1.5), 1.5),
        (np.bool_(True), True),
        (np.str_("x"), "x"),
        (np.array([1, 2]), [1, 2]),
        (np.datetime64("2026-01-31"), "2026-01-31"),
        (np.datetime64("NaT"), None),
        (pd.NaT, None),
        (pd.NA, None),
        (pd.Timestamp("2026-01-31 12:00:00.123456789"), "2026-01-31T12:00:00.123456789"),
        (pd.Timedelta("1h"), "0 days 01:00:00"),
        (pa.scalar(5), 5),
        (pa.scalar(None), None),
        (pa.scalar([1, None]), [1, None]),
        (3 + 4j, "(3+4j)"),
    ],
    ids=repr,
)
def test_a_value_has_its_json_form(value, json_form):
    found = json_value(value)
    assert found == json_form and type(found) is type(json_form)


def test_what_contains_itself_ends():
    knot: dict[str, object] = {}
    knot["self"] = knot
    json.dumps(json_value(knot))


def test_a_row_has_text_keys():
    assert json_row({1: math.nan, ("a", "b"): 2}) == {"1": None, "('a', 'b')": 2}


nested = st.recursive(
    st.none() | st.floats() | st.integers() | st.text() | st.binary() | st.decimals() | st.datetimes(),
    lambda inner: st.lists(inner) | st.dictionaries(st.integers() | st.text(), inner) | st.tuples(inner),
    max_leaves=10,
)


@given(nested)
def test_any_value_is_strict_json(value):
    assert json.loads(json.dumps(json_value(value), allow_nan=False)) == json_value(value)
