"""Reading `metadata.expect`: what is understood, and what is told of the rest."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odibi_core.plan.expectations import KINDS, OPTIONS, Expectation, read_expectations
from tests.counts import count


def read(*entries: Any) -> tuple[list[Expectation], list[Any]]:
    return read_expectations({"expect": list(entries)})


def problem(entry: Any) -> tuple[str, str]:
    """Returns the place and message of the only problem of an entry."""
    found, problems = read(entry)
    assert not found
    (only,) = problems
    return ".".join(map(str, only.path[2:])), only.message


def test_each_form_is_read_with_its_place() -> None:
    found, problems = read(
        {"not_null": ["id", "name"]},
        {"unique": ["a", "b"], "severity": "warn", "name": "key", "output": "high"},
        {"accepted_values": {"r": ["n", 1, True]}},
        {"range": {"x": {"min": 0, "max": 2.5}, "t": {"max": "2026-01-01"}}},
        {"row_count": {"max": 10}},
        {"freshness": {"t": "1.5 hours"}},
        {"sql": "a > b"},
    )
    assert problems == []
    assert [(e.name, e.field) for e in found] == [
        ("not_null(id)", "metadata.expect.0.not_null.0"), ("not_null(name)", "metadata.expect.0.not_null.1"),
        ("key", "metadata.expect.1.unique"), ("accepted_values(r)", "metadata.expect.2.accepted_values.r"),
        ("range(x)", "metadata.expect.3.range.x"), ("range(t)", "metadata.expect.3.range.t"),
        ("row_count", "metadata.expect.4.row_count"), ("freshness(t)", "metadata.expect.5.freshness.t"),
        ("sql(a > b)", "metadata.expect.6.sql"),
    ]  # fmt: skip
    key = found[2]
    assert (key.columns, key.severity, key.output) == (("a", "b"), "warn", "high")
    assert (found[3].values, found[4].minimum, found[4].maximum, found[5].minimum) == (
        ("n", 1, True),
        0,
        2.5,
        None,
    )
    assert (found[6].maximum, found[7].age, found[8].sql) == (10, 5_400, "a > b")


def test_none_are_none() -> None:
    assert (
        read_expectations({})
        == read_expectations({"expect": None})
        == read_expectations({"expect": []})
        == ([], [])
    )


def test_those_of_one_name_are_told_apart() -> None:
    found, _ = read({"not_null": "id"}, {"not_null": "id"}, {"sql": "x", "name": "not_null(id)"})
    assert [e.name for e in found] == ["not_null(id)", "not_null(id) #2", "not_null(id) #3"]


@pytest.mark.parametrize(
    ("age", "seconds"), [("1 second", 1), ("90 Minutes", 5_400), (" 2 days ", 172_800), ("1 week", 604_800)]
)
def test_ages(age: str, seconds: int) -> None:
    assert read({"freshness": {"t": age}})[0][0].age == seconds


@pytest.mark.parametrize(
    ("entry", "place", "message"),
    [
        (3, "0", "an expectation is an object"),
        ({}, "0", "the expectation names no expectation"),
        ({"severity": "warn"}, "0", "the expectation names no expectation"),
        ({"notnull": "id"}, "0.notnull", "no expectation is called `notnull`"),
        ({"unique": "a", "sql": "b"}, "0", "the expectation is both `unique` and `sql`"),
        ({"unique": []}, "0.unique", "`unique` takes the columns that together name a row"),
        ({"not_null": [1]}, "0.not_null", "`not_null` takes the columns that are never null"),
        (
            {"accepted_values": ["a"]}, "0.accepted_values",
            "`accepted_values` takes each column with the values it may have",
        ),
        (
            {"range": {"x": {"min": True}}}, "0.range.x.min",
            "`min` and `max` are numbers, or texts for times, not true",
        ),
        ({"range": {"x": {}}}, "0.range.x", "the range of `x` needs a `min`, a `max`, or both"),
        ({"range": {"x": {"min": 2, "max": 1}}}, "0.range.x", "the range of `x` has a `min` above its `max`"),
        ({"row_count": {"min": -1}}, "0.row_count.min", "`min` and `max` are whole numbers from 0, not -1"),
        ({"row_count": {"min": 1.5}}, "0.row_count.min", "`min` and `max` are whole numbers from 0, not 1.5"),
        (
            {"freshness": {"t": "soon"}}, "0.freshness.t",
            "the age that `t` may have is a text such as `2 days`, not `soon`",
        ),
        ({"sql": " "}, "0.sql", "`sql` takes a condition that is true for every row"),
        ({"sql": "x", "severity": "loud"}, "0.severity", "`severity` is error or warn, not `loud`"),
        ({"sql": "x", "name": ""}, "0.name", "`name` is a text"),
        ({"sql": "x", "output": 1}, "0.output", "`output` is the local name of an output"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told_with_its_place(entry: Any, place: str, message: str) -> None:
    assert problem(entry) == (place, message)


def test_what_can_be_read_is_read_beside_what_cannot() -> None:
    found, problems = read({"not_null": "id"}, {"nothing": 1}, {"unique": "id", "sevrity": "warn"})
    assert [e.kind for e in found] == ["not_null", "unique"]
    assert [(p.known, p.suggestion, p.certain) for p in problems] == [
        (False, None, False),
        (True, "severity", True),
    ]


def test_a_placeholder_stands_for_any_value() -> None:
    found, problems = read(
        {"range": {"x": {"min": "${var:least}"}}}, {"row_count": {"max": "${var:most}"}},
        {"freshness": {"t": "${var:age}"}}, {"accepted_values": {"r": "${var:regions}"}},
        {"sql": "x > ${var:least}", "severity": "${var:how}"},
    )  # fmt: skip
    assert problems == [] and len(found) == 5


json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from([*KINDS, "${var:x}"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*KINDS, *OPTIONS, "min", "max", "x"]), inner, max_size=3)
    ),
    max_leaves=12,
)


@settings(max_examples=count(2000), deadline=None)
@given(json)
def test_whatever_is_written_is_read_or_told(written: Any) -> None:
    found, problems = read_expectations({"expect": written})
    assert all(p.message and p.path[:2] == ("metadata", "expect") for p in problems)
    assert len({e.name for e in found}) == len(found)


def test_a_count_from_the_command_line_is_a_text_of_digits() -> None:
    found, problems = read_expectations({"expect": [{"row_count": {"min": "5", "max": "10"}}]})
    assert problems == []
    assert [(one.minimum, one.maximum) for one in found] == [(5, 10)]
    _, problems = read_expectations({"expect": [{"row_count": {"min": "5", "max": "many"}}]})
    assert [problem.message for problem in problems] == [
        "`min` and `max` are whole numbers from 0, not `many`"
    ]
