"""Which argument gets which input, parameter, context and step."""

import asyncio
import contextvars
import functools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odibi_core.core.node import Step
from odibi_core.errors import StepOptionError
from odibi_core.functions import call


def refusal(function, frames, params=None):
    with pytest.raises(StepOptionError) as caught:
        call(function, frames, params, step=Step(name="clean"))
    assert caught.value.step == "clean"
    return caught.value.field, str(caught.value)


class Context:
    base_dir = None


def test_an_input_goes_to_the_parameter_of_its_name():
    assert call(lambda orders, customers: (orders, customers), {"customers": 1, "orders": 2}) == (2, 1)


def test_other_inputs_go_to_what_is_free_in_input_order():
    assert call(lambda a, b, c: (a, b, c), {"x": 1, "b": 2, "y": 3}) == (1, 2, 3)


def test_an_input_does_not_take_the_place_of_a_parameter():
    assert call(lambda factor, df: (factor, df), {"data": "frame"}, {"factor": 2}) == (2, "frame")


def test_more_inputs_go_to_star_args_in_order():
    def union(first, *rest, by="id"):
        return first, rest, by

    assert call(union, {"a": 1, "b": 2, "c": 3}, {"by": "x"}) == (1, (2, 3), "x")
    assert call(lambda a, b=5, *rest: (a, b, rest), {"x": 1, "y": 2, "z": 3}) == (1, 2, (3,))


def test_star_star_takes_parameters_and_inputs_without_a_place():
    assert call(lambda df, **options: (df, options), {"data": 1}, {"n": 2}) == (1, {"n": 2})
    assert call(lambda **frames: frames, {"a": 1, "b": 2}) == {"a": 1, "b": 2}


def test_positional_only_parameters_are_filled():
    def clean(df, /, n):
        return df, n

    assert call(clean, {"df": 1}, {"n": 2}) == (1, 2)


def test_context_and_step_are_handed_in_when_named():
    step, context = Step(name="s"), Context()

    def clean(df, *, context, step):
        return df, context, step

    assert call(clean, {"df": 1}, context=context, step=step) == (1, context, step)


def test_a_parameter_of_that_name_comes_before_the_step():
    assert call(lambda df, step: step, {"df": 1}, {"step": 5}, step=Step(name="s")) == 5


def test_the_options_of_the_step_reach_only_those_who_name_them():
    assert call(lambda df: df, {"df": 1}, {"timeout": 5, "isolate": True}) == 1
    assert call(lambda df, timeout: timeout, {"df": 1}, {"timeout": 5}) == 5
    assert call(lambda df, **rest: rest, {"df": 1}, {"timeout": 5}) == {}


def test_a_missing_parameter_is_named():
    def clean(df, limit):
        return df

    assert refusal(clean, {"df": 1}) == (
        "params",
        f"function `{clean.__qualname__}` needs `limit`; give an input or a parameter `limit`",
    )


def test_an_unknown_parameter_is_named_with_the_nearest():
    def clean(df, threshold=1, other=2):
        return df

    field, text = refusal(clean, {"df": 1}, {"treshold": 2})
    assert field == "params.treshold"
    assert (
        text == f"function `{clean.__qualname__}` has no parameter `treshold`; a parameter `threshold` exists"
    )
    assert refusal(clean, {"df": 1}, {"qqqqq": 2})[1].endswith("it takes `df`, `threshold`, `other`")


def test_a_misspelled_required_parameter_is_called_misspelled_not_missing():
    def clean(df, threshold):
        return df

    assert refusal(clean, {"df": 1}, {"treshold": 2})[1].endswith("a parameter `threshold` exists")


def test_too_many_inputs_are_refused():
    field, text = refusal(lambda df: df, {"df": 1, "more": 2})
    assert field == "inputs.more"
    assert "has no parameter for the input `more`; it takes `df`" in text


def test_a_name_that_is_input_and_parameter_is_refused():
    assert refusal(lambda df: df, {"df": 1}, {"df": 2}) == (
        "params.df",
        "`df` is both an input and a parameter; rename one of them",
    )


def test_a_function_without_a_signature_is_called_as_it_comes():
    assert call(max, {"a": 1, "b": 2}) == 2
    assert call(print, {}, {"end": ""}) is None


def test_partials_classes_and_callable_objects_are_functions():
    class Scale:
        def __call__(self, df, by):
            return df * by

    assert call(functools.partial(lambda df, by, n: (df, by, n), n=3), {"df": 1}, {"by": 2}) == (1, 2, 3)
    assert call(Scale(), {"df": 2}, {"by": 3}) == 6


def test_an_async_function_is_awaited_also_from_inside_a_loop():
    async def clean(df):
        await asyncio.sleep(0)
        return df

    async def main():
        return call(clean, {"df": 2})

    assert call(clean, {"df": 1}) == 1
    assert asyncio.run(main()) == 2


def test_an_async_function_sees_the_context_of_its_caller_and_its_error_arrives():
    current = contextvars.ContextVar("current")

    async def clean(df):
        if df is None:
            raise KeyError("gone")
        return current.get()

    async def main(df):
        current.set("step")
        return call(clean, {"df": df})

    assert asyncio.run(main(1)) == "step"
    with pytest.raises(KeyError, match="gone"):
        asyncio.run(main(None))


def test_a_functions_own_error_is_not_touched():
    def clean(df):
        raise TypeError("mine")

    with pytest.raises(TypeError, match=r"^mine$"):
        call(clean, {"df": 1})


names = st.sampled_from("abcdef")


@given(st.lists(names, unique=True, max_size=5), st.lists(names, unique=True, max_size=5))
def test_every_input_arrives_exactly_once_or_is_refused(parameters, inputs):
    namespace = {}
    exec(f"def f({', '.join(parameters)}): return [{', '.join(parameters)}]", namespace)
    frames = {name: f"frame {name}" for name in inputs}
    if len(parameters) != len(inputs):
        with pytest.raises(StepOptionError):
            call(namespace["f"], frames)
        return
    result = call(namespace["f"], frames)
    assert sorted(result) == sorted(frames.values())
    for name, value in zip(parameters, result, strict=True):
        if name in frames:
            assert value == frames[name]
    others = [value for name, value in zip(parameters, result, strict=True) if name not in frames]
    assert others == [frames[name] for name in inputs if name not in parameters]
