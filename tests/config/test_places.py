"""Where a step, a field and a character of a text stand."""

from __future__ import annotations

from odibi_core.config import read_document
from odibi_core.core.node import Origin
from odibi_core.diagnostics import Span

TEXT = """[
  {
    "name": "a",
    "value": "SELECT \\"x\\", '\\u00e9' FROM t\\nWHERE y",
    "params": {"list": [1, {"deep": "z"}]}
  }
]"""


def origin() -> Origin:
    (step,) = read_document("x.json", text=TEXT).steps
    assert step.origin is not None
    return step.origin


def text_at(span: Span) -> str:
    return TEXT[span.start : span.end]


def test_the_step_is_from_its_opening_to_its_closing_brace() -> None:
    span = origin().locate()
    assert text_at(span).startswith("{\n") and text_at(span).endswith("}")
    assert (span.line, span.column, span.end_line, span.end_column) == (2, 3, 6, 4)


def test_a_field_is_its_value_and_on_request_its_key() -> None:
    assert text_at(origin().locate("name")) == '"a"'
    assert text_at(origin().locate("name", key=True)) == "name"
    assert text_at(origin().locate("params", "list", 1, "deep")) == '"z"'


def test_where_a_field_is_not_there_the_nearest_that_is_answers_with_its_first_character() -> None:
    assert text_at(origin().locate("inputs", "data")) == "{"
    assert origin().locate("inputs").line == 2
    span = origin().locate("params", "gone")
    assert (text_at(span), span.line) == ("{", 5)
    assert text_at(origin().locate("params", "list", 7)) == "["


def test_characters_of_a_text_are_counted_decoded() -> None:
    value = "SELECT \"x\", 'é' FROM t\nWHERE y"
    for word in ("SELECT", '"x"', "é", "FROM", "WHERE", "y", "\n"):
        at = value.index(word)
        found = text_at(origin().locate("value", start=at, end=at + len(word)))
        assert found.replace('\\"', '"').replace("\\u00e9", "é").replace("\\n", "\n") == word
    assert text_at(origin().locate("value", start=0)) == TEXT.splitlines()[3][14:-2]
    assert text_at(origin().locate("value", start=5000, end=5001)) == ""
