"""The edit that lets a step ignore a code: what it makes, and that all else stays as it is."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odibi_core.checks.editors.edits import edit_text
from odibi_core.config import read_document
from odibi_core.config.ignoring import ignore_fix


def ignored(text: str, at: int = 0, code: str = "ODB304") -> str | None:
    step = read_document("p.json", text=text).steps[at]
    fix = ignore_fix(step, code)
    return None if fix is None else edit_text(text, [fix]).text


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ('{"name": "a"}', '{"name": "a", "metadata": {"odibi": {"ignore": ["ODB304"]}}}'),
        ('{"name": "a", "metadata": {}}', '{"name": "a", "metadata": {"odibi": {"ignore": ["ODB304"]}}}'),
        (
            '{"metadata": {"key": ["id"]}, "name": "a"}',
            '{"metadata": {"key": ["id"], "odibi": {"ignore": ["ODB304"]}}, "name": "a"}',
        ),
        (
            '{"name": "a", "metadata": {"odibi": {}}}',
            '{"name": "a", "metadata": {"odibi": {"ignore": ["ODB304"]}}}',
        ),
        (
            '{"name": "a", "metadata": {"odibi": {"ignore": []}}}',
            '{"name": "a", "metadata": {"odibi": {"ignore": ["ODB304"]}}}',
        ),
        (
            '{"name": "a", "metadata": {"odibi": {"ignore": ["ODB213"]}}}',
            '{"name": "a", "metadata": {"odibi": {"ignore": ["ODB213", "ODB304"]}}}',
        ),
        (
            '{\r\n  "name": "a",\r\n  "value": "é"\r\n}',
            '{\r\n  "name": "a",\r\n  "value": "é",\r\n  "metadata": {"odibi": {"ignore": ["ODB304"]}}\r\n}',
        ),
        (
            '{\n\t"name": "a",\n\t"metadata": {\n\t\t"key": ["id"]\n\t}\n}',
            '{\n\t"name": "a",\n\t"metadata": {\n\t\t"key": ["id"],\n\t\t'
            '"odibi": {"ignore": ["ODB304"]}\n\t}\n}',
        ),
    ],
)
def test_the_code_stands_where_it_belongs_in_the_style_of_the_text(step, expected):
    before, after = '[\n  {"name": "other"},\n  ', "\n]\n"
    assert ignored(f"{before}{step}{after}", 1) == f"{before}{expected}{after}"


@pytest.mark.parametrize("metadata", ['"x"', '{"odibi": 1}', '{"odibi": {"ignore": "ODB1"}}'])
def test_what_is_not_as_it_should_be_is_left(metadata):
    assert ignored(f'[{{"name": "a", "metadata": {metadata}}}]') is None


_JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3), max_leaves=5
)

_OBJECT = st.dictionaries(st.text(max_size=5), _JSON, max_size=3)


@given(
    st.fixed_dictionaries(
        {"name": st.text(min_size=1, max_size=8).filter(str.strip)},
        optional={"params": _OBJECT, "metadata": _OBJECT.filter(lambda made: "odibi" not in made)},
    ),
    st.sampled_from([None, 2, "\t"]),
)  # fmt: skip
def test_any_step_is_as_before_but_for_the_code(step, indent):
    text = json.dumps([step], indent=indent, ensure_ascii=False)
    if not read_document("p.json", text=text).steps:
        return
    made = ignored(text)
    assert made is not None
    expected = {**step, "metadata": {**step.get("metadata", {}), "odibi": {"ignore": ["ODB304"]}}}
    assert json.loads(made) == [expected]
