"""What a function may return, and which output gets it."""

import duckdb
import pandas as pd
import pyarrow as pa
import pytest

from odibi_core.core.node import Step
from odibi_core.errors import StepOptionError
from odibi_core.functions import outputs_of

FRAME = pd.DataFrame({"a": [1]})


def step(*outputs):
    return Step(
        name="clean", type="function", value="mine.clean", outputs={name: f"key_{name}" for name in outputs}
    )


def refusal(result, *outputs):
    with pytest.raises(StepOptionError) as caught:
        outputs_of(result, step(*outputs))
    assert caught.value.step == "clean"
    return str(caught.value)


@pytest.mark.parametrize(
    "frame",
    [
        FRAME,
        pa.table({"a": [1]}),
        pa.record_batch({"a": [1]}),
        duckdb.sql("SELECT 1 AS a"),
        [{"a": 1}, {"a": 2}],
        [],
    ],
    ids=["pandas", "arrow", "batch", "duckdb", "dicts", "no dicts"],
)
def test_a_frame_of_any_kind_goes_to_every_output(frame):
    found = outputs_of(frame, step("x", "y"))
    assert list(found) == ["x", "y"]
    assert all(value is frame for value in found.values())


def test_a_dict_is_matched_by_local_name():
    other = FRAME.copy()
    found = outputs_of({"y": other, "x": FRAME, "more": 3}, step("x", "y"))
    assert found["x"] is FRAME
    assert found["y"] is other
    assert list(found) == ["x", "y"]


def test_without_outputs_the_result_does_not_matter():
    assert outputs_of(None, step()) == {}
    assert outputs_of(FRAME, step()) == {}


def test_none_is_refused_where_there_are_outputs():
    assert (
        refusal(None, "x") == "function `mine.clean` returned None, but the step has outputs; return a frame"
    )


@pytest.mark.parametrize(
    ("result", "kind", "advice"),
    [
        (5, "a value of type int", "return a pandas"),
        ("text", "a value of type str", "return a pandas"),
        (FRAME["a"], "a value of type pandas", "return `series.to_frame()`"),
        ([1, 2], "a list with an element of type int", "return a pandas"),
        (iter([{"a": 1}]), "a value of type list_iterator", "return a list, not a generator"),
    ],
)
def test_what_is_not_a_frame_is_refused(result, kind, advice):
    text = refusal(result, "x")
    assert f"function `mine.clean` returned {kind}" in text
    assert advice in text


def test_a_missing_output_is_named_with_the_nearest_returned():
    assert refusal({"reslt": FRAME}, "result").endswith(
        "nothing for the output `result`; it returned `reslt`"
    )
    assert refusal({}, "result").endswith("it returned an empty dict")


def test_a_dict_of_columns_is_not_a_frame():
    assert "returned a list with an element of type int for the output `x`" in refusal({"x": [1, 2]}, "x")
