"""What functions declare about themselves, and that a run holds them to it."""

from __future__ import annotations

import importlib
from typing import Annotated

import pandas as pd
import pyarrow as pa
import pytest

from odibi_core.core import Step
from odibi_core.engine import create_engine_context
from odibi_core.engine.duckdb_types import native_name
from odibi_core.errors import StepOptionError
from odibi_core.formats.arrow import type_name
from odibi_core.functions import Returns, call, hold_to, odibi_function, result_of
from odibi_core.functions.declaration import columns_of, duckdb_type, family
from odibi_core.functions.registry import REGISTRY

FRAME = pd.DataFrame({"id": [1], "score": [0.5]})


@pytest.fixture(autouse=True)
def forget():
    before = set(REGISTRY.names())
    yield
    modules = {REGISTRY.specs()[name].module for name in set(REGISTRY.names()) - before}
    REGISTRY.forget_modules(modules)


@pytest.mark.parametrize(
    "dtype",
    [
        pa.bool_(), pa.int8(), pa.uint64(), pa.float32(), pa.float64(), pa.string(), pa.binary(), pa.date32(),
        pa.time64("us"), pa.timestamp("s"), pa.timestamp("us"), pa.timestamp("ns"), pa.timestamp("us", "UTC"),
        pa.timestamp("ns", "Europe/Berlin"), pa.duration("us"), pa.month_day_nano_interval(),
        pa.decimal128(10, 2), pa.list_(pa.list_(pa.int64())), pa.map_(pa.string(), pa.int64()),
        pa.struct([("a", pa.int64()), ("b c", pa.list_(pa.string()))]),
        pa.dictionary(pa.int32(), pa.string()),
    ],
    ids=str,
)  # fmt: skip
def test_a_declared_type_is_the_one_that_duckdb_gives_such_a_column(dtype):
    assert duckdb_type(str(dtype)) == duckdb_type(type_name(dtype)) == native_name(dtype)


@pytest.mark.parametrize(
    "kind", ["int65", "", "timestamp[day]", "decimal128(99, 2)", "struct<int64>", "list<x>"]
)
def test_what_is_no_type_cannot_be_declared(kind):
    assert duckdb_type(kind) is None
    with pytest.raises(ValueError, match="which Arrow does not have"):
        columns_of({"id": kind})


def test_types_of_one_sort_are_one_family():
    assert family("int32") == family("double") == family("decimal128(10, 2)") == "number"
    assert family("date32") != family("timestamp[us]") != family("time64[us]")
    assert family("null") is None


def annotated_result(df) -> Annotated[pd.DataFrame, Returns(id="int64", score="double")]:
    return df


def test_an_annotation_declares_what_the_decorator_does():
    declared = odibi_function("decl_a", returns={"id": "int64", "score": "double"})(lambda df: df)
    assert result_of(annotated_result) == result_of(declared) is not None


def test_an_annotation_kept_as_text_is_read(tmp_path, monkeypatch):
    (tmp_path / "kept_as_text.py").write_text(
        "from __future__ import annotations\nfrom typing import TYPE_CHECKING, Annotated\n"
        "from odibi_core.functions import Returns\nif TYPE_CHECKING:\n    import pandas as pd\n"
        "def f(df) -> Annotated[pd.DataFrame, Returns(id='int64')]: return df\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    assert result_of(importlib.import_module("kept_as_text").f) == columns_of({"id": "int64"})


STEP = Step(name="s", value="f", outputs={"data": "out"})


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ([("id", "int64")], "declares the column `score`, which its result does not have"),
        ([("id", "int64"), ("scor", "double")], "it has a column `scor`"),
        (
            [("id", "int64"), ("score", "string")],
            "declares the column `score` as double, its result has string",
        ),
        ([("id", "int64"), ("score", "double"), ("more", "bool")], "does not declare the column `more`"),
    ],
)
def test_a_result_that_is_not_as_declared_is_refused(columns, said):
    with pytest.raises(StepOptionError, match=said):
        hold_to(columns_of({"id": "int64", "score": "double"}), "data", columns, STEP)


@pytest.mark.parametrize(
    ("columns", "other"),
    [
        ([("score", "double"), ("id", "int64")], None),
        ([("id", "null"), ("score", "double")], None),
        ([("id", "int32"), ("score", "double")], "`id` is int32, not int64"),
    ],
)
def test_what_does_no_harm_is_let_through(columns, other):
    said = hold_to(columns_of({"id": "int64", "score": "double"}), "data", columns, STEP)
    assert said is None if other is None else other in said


def test_outputs_are_held_to_their_own_columns():
    declared = columns_of({"good": {"id": "int64"}, "bad": {"why": "string"}})
    assert hold_to(declared, "good", [("id", "int64")], STEP) is None
    assert hold_to(declared, "unheard", [("x", "int64")], STEP) is None
    with pytest.raises(StepOptionError):
        hold_to(declared, "bad", [("id", "int64")], STEP)


def test_columns_are_required_of_the_frame_of_a_parameter():
    @odibi_function("decl_requires", requires={"right": "key"})
    def join(left, right):
        return left

    with create_engine_context("pandas") as context:
        call(join, {"a": FRAME, "b": FRAME.rename(columns={"id": "key"})}, context=context)
        with pytest.raises(StepOptionError, match="`b` has no column `key`") as raised:
            call(join, {"a": FRAME.copy(), "b": FRAME}, context=context)
    assert raised.value.field == "inputs.b"
