"""Any JSON text, whole or damaged: nothing but the named errors, and places that are inside the text."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from odibi_core.checks import check
from odibi_core.config import read_document
from odibi_core.config.json_reader import JsonReader
from odibi_core.config.json_tree import Node
from odibi_core.diagnostics import Diagnostic, Span
from tests.counts import count

names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | names,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=8,
)
steps = st.fixed_dictionaries(
    {"name": names},
    optional={
        "layer": st.sampled_from(["ingest", "transform", "ingset", 3, None]),
        "type": names,
        "value": names | st.integers(),
        "params": st.dictionaries(names, values, max_size=3) | values,
        "inputs": st.dictionaries(names, names, max_size=2) | values,
        "outputs": st.dictionaries(names, names, max_size=2) | values,
        "inptus": values,
    },
)
configs = st.lists(steps | values, max_size=4)
texts = st.builds(
    lambda config, indent, ascii_: json.dumps(config, indent=indent, ensure_ascii=ascii_),
    configs,
    st.sampled_from([None, 1, 4]),
    st.booleans(),
)
pieces = st.sampled_from(
    [*list("[]{}:,\"\\ntux0123456789.-+eE \r\t'#/*“é\ufeff\x00\x1b"), "null", "NaN", "1e999", "\\ud83d", "//"]
)


@st.composite
def damaged(draw: st.DrawFn) -> str:
    text = draw(texts)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(text)))
        cut = draw(st.integers(0, 3))
        text = text[:at] + draw(st.just("") | pieces) + text[at + cut :]
    return text


def spans_of(found: Diagnostic) -> list[Span]:
    return [span for span in (found.span, *(related.span for related in found.related)) if span is not None]


def assert_places_are_in(text: str, diagnostics: tuple[Diagnostic, ...]) -> None:
    lines = text.split("\n")
    for found in diagnostics:
        for span in spans_of(found):
            assert span.start is not None and span.end is not None
            assert 0 <= span.start <= span.end <= len(text)
            assert span.line is not None and span.column is not None
            assert 1 <= span.line <= len(lines)
            mark = 1 if span.line == 1 and text.startswith("\ufeff") else 0
            assert sum(len(line) + 1 for line in lines[: span.line - 1]) + span.column - 1 + mark == max(
                span.start, mark if span.line == 1 else 0
            )
        if found.fix is not None:
            assert 0 <= found.fix.start <= found.fix.end <= len(text)


@settings(max_examples=count(5000), deadline=None)
@given(texts)
def test_what_json_can_read_is_read_the_same(text: str) -> None:
    document = read_document("x.json", text=text)
    assert document.parsed
    assert_places_are_in(text, check(document))
    raw = json.loads(text)
    for step in document.steps:
        written = raw[step.origin.index]
        assert step.name == written["name"]
        if isinstance(written.get("params"), dict):
            assert step.params == written["params"]


@settings(max_examples=count(10_000), deadline=None)
@given(damaged())
def test_damaged_text_gives_diagnostics_with_places_and_nothing_else(text: str) -> None:
    document = read_document("x.json", text=text)
    found = check(document)
    assert_places_are_in(text, found)
    if not document.parsed:
        assert any(diagnostic.is_error for diagnostic in document.diagnostics)


@settings(max_examples=count(10_000), deadline=None)
@given(damaged())
def test_text_counts_as_parsed_exactly_when_strict_json_reads_it(text: str) -> None:
    def refuse(_: Any) -> None:
        raise ValueError

    try:
        json.loads(text, parse_constant=lambda word: 0.0)
        is_json = True
    except ValueError:
        is_json = False
    document = read_document("x.json", text=text)
    if text.startswith("\ufeff"):
        return  # `json` refuses a byte order mark that we read past, told by the decoding of the bytes
    assert document.parsed == is_json


@settings(max_examples=count(3000), deadline=None)
@given(st.text(st.characters(codec="utf-8"), max_size=60) | st.lists(pieces, max_size=30).map("".join))
def test_any_text_at_all(text: str) -> None:
    assert_places_are_in(text, check(read_document("x.json", text=text)))


def walk(node: Node, path: tuple[Any, ...] = ()) -> list[tuple[tuple[Any, ...], Node]]:
    found = [(path, node)]
    for key, value in node.members:
        found += walk(value, (*path, key.value))
    for index, item in enumerate(node.items):
        found += walk(item, (*path, index))
    return found


@settings(max_examples=count(5000), deadline=None)
@given(texts)
def test_the_text_at_a_place_is_the_value_that_json_reads_there(text: str) -> None:
    reader = JsonReader(text)
    root = reader.value()
    assert not reader.damage.problems
    whole = json.loads(text)
    for path, node in walk(root):
        value = whole
        for name in path:
            value = value[name]
        assert json.loads(text[node.start : node.end]) == value
        assert node.decoded() == value


@settings(max_examples=count(5000), deadline=None)
@given(names, st.text(st.characters(codec="utf-8"), max_size=30), st.booleans(), st.data())
def test_characters_inside_a_text_are_found_whatever_their_escapes(
    name: str, value: str, ascii_: bool, data: st.DataObject
) -> None:
    text = json.dumps([{"name": name, "value": value}], ensure_ascii=ascii_)
    (step,) = read_document("x.json", text=text).steps or (None,)
    if step is None:  # a name of spaces
        return
    start = data.draw(st.integers(0, len(value)))
    end = data.draw(st.integers(start, len(value)))
    span = step.origin.locate("value", start=start, end=end)
    assert json.loads(f'"{text[span.start : span.end]}"') == value[start:end]
