"""JSON with one mistake: what is said, where, which fix mends it, and that the other steps stay."""

from __future__ import annotations

import json

import pytest

from odibi_core.checks import check
from odibi_core.config import Document, read_document
from odibi_core.diagnostics import Diagnostic

A = '{"name": "a", "inputs": {"d": "x"}}'
C = '{"name": "c", "value": "v"}'


def read(text: str) -> Document:
    return read_document("x.json", text=text)


def only(document: Document) -> Diagnostic:
    assert len(document.diagnostics) == 1, document.diagnostics
    return document.diagnostics[0]


def mended(text: str, found: Diagnostic) -> str:
    assert found.fix is not None
    return text[: found.fix.start] + found.fix.text + text[found.fix.end :]


@pytest.mark.parametrize(
    ("middle", "code", "at", "message"),
    [
        ('{"name": "b" "value": "v"}', "ODB101", '"value"', "expected `,` or `}`, found `\"`"),
        ('{"name": "b", "value": "v",}', "ODB109", ",}", "a comma with nothing after it"),
        ('{"name": "b", "params": {"a": [1, 2,]}}', "ODB109", ",]", "a comma with nothing after it"),
        ('{"name": "b", /* x */ "value": "v"}', "ODB108", "/* x */", "a comment, which JSON does not have"),
        ('{"name": "b", "value": \'v\'}', "ODB101", "'v'", "a text in quotes that JSON does not have"),
        ('{"name": "b", value: "v"}', "ODB101", "value", "the key `value` has no quotes"),
        ('{"name": "b", "value": v}', "ODB101", "v}", "`v` has no quotes"),
        ('{"name": "b", "value" = "v"}', "ODB101", "=", "expected `:`, found `=`"),
        ('{"name": "b", "params": {"a": None}}', "ODB101", "None", "`None` is written `null` in JSON"),
        ('{"name": "b", "params": {"a": True}}', "ODB101", "True", "`True` is written `true` in JSON"),
        ('{"name": "b", "params": {"a": 007}}', "ODB101", "007", "`007` is not a number that JSON has"),
        ('{"name": "b", "params": {"a": .5}}', "ODB101", ".5", "`.5` is not a number that JSON has"),
        ('{"name": "b", "value": "C:\\data"}', "ODB101", "\\d", "`\\d` is not an escape that JSON has"),
        ('{"name": "b", "value": "x\ty"}', "ODB101", "\t", "a tab inside a text"),
        ('{"name": "b", "value": "SELECT\n 1", "type": "sql"}', "ODB101", "\n", "a line break inside a text"),
        ('{"name": "b",\n "value": "v,\n "type": "sql"}', "ODB101", '"v,', "this text is not closed"),
        ('{"name": "b", , "value": "v"}', "ODB101", ', "value"', "a comma with nothing before it"),
        ('{"name": "b", "value": "v"]', "ODB101", "]", "expected `}`, found `]`"),
        ('{"name": "b", "params": {"a": [1, 2}}', "ODB101", "}}", "expected `]`, found `}`"),
        ('{"name": "b", "params": {"a": 1], "value": "v"}', "ODB101", "]", "expected `}`, found `]`"),
        ('"name": "b", "value": "v"}', "ODB101", '"name"', "expected `{`, found `\"`"),
        ('{"name": "b", "params": "a": 1}}', "ODB101", '"a"', "expected `{`, found `\"`"),
        ('{"name": "b", "params": {"a": ["x": 1}]}}', "ODB101", '"x"', "expected `{`, found `\"`"),
        ('{"name": "b", "value": "v, "type": "sql"}', "ODB101", '"v,', "this text is not closed"),
        ('{"name": "b", "params": {"a": ["x, "y", "z"]}}', "ODB101", '"x,', "this text is not closed"),
        ('{"name": "b", "value: "v"}', "ODB101", '"value:', "this text is not closed"),
        ('{"name": "b", value": "v"}', "ODB101", 'value"', "the opening quote of a text is missing"),
        ('{"name": "b", "value": v"}', "ODB101", 'v"}', "the opening quote of a text is missing"),
        ('{"name": "b",\u00a0"value": "v"}', "ODB101", "\u00a0", "a space that JSON does not have"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_at_its_place_its_fix_mends_it_and_the_other_steps_stay(
    middle: str, code: str, at: str, message: str
) -> None:
    text = f"[{A},\n {middle},\n {C}]"
    document = read(text)
    found = only(document)
    assert (found.code, found.message) == (code, message)
    assert found.span is not None
    assert found.span.start == text.index(middle) + middle.index(at)
    assert [step.name for step in document.steps] == ["a", "b", "c"]
    assert not document.parsed
    again = read(mended(text, found))
    assert again.parsed
    assert again.diagnostics == ()
    assert [step.name for step in again.steps] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("middle", "code", "at", "message"),
    [
        ('{"name": "b", "name": "b"}', "ODB110", '"name": "b"}', "the key `name` stands twice"),
        ('{"name": "b", "params": {"a": {"k": 1, "k": 2}}}', "ODB110", '"k": 2', "the key `k` stands twice"),
        ('{"name": "b", "params": {"a": NaN}}', "ODB111", "NaN", "`NaN` is not JSON"),
        ('{"name": "b", "params": {"a": -Infinity}}', "ODB111", "-Inf", "`-Infinity` is not JSON"),
        ('{"name": "b", "params": {"a": 1e999}}', "ODB111", "1e999", "`1e999` is too large for a number"),
        ('{"name": "b", "value": "\\ud83d"}', "ODB113", "\\ud83d", "`\\ud83d` is half a character"),
    ],
)  # fmt: skip
def test_what_json_reads_silently_is_told(middle: str, code: str, at: str, message: str) -> None:
    text = f"[{A},\n {middle},\n {C}]"
    document = read(text)
    found = only(document)
    assert (found.code, found.message) == (code, message)
    assert found.span is not None
    assert found.span.start == text.index(middle) + middle.index(at)
    assert document.parsed
    assert [step.name for step in document.steps] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ('"sql"', '"s\\ud83dql"'),
        ('"type": "sql"', '"type": "sql", "type": "sequel"'),
        ('"inputs": {}', '"inputs": {"d": "c\\ud83d"}'),
        ('"d": "a"', '"d": "a\\ud83d"'),
        ('"inputs"', '"inp\\ud83duts"'),
    ],
)
def test_nothing_follows_from_what_is_not_what_was_meant(right: str, wrong: str) -> None:
    step = '{"name": "b", "type": "sql", "value": "SELECT 1 AS x", "inputs": {}, "outputs": {"d": "a"}}'
    after = '{"name": "c", "type": "sql", "value": "FROM d", "inputs": {"d": "a"}, "outputs": {"e": "f"}}'
    assert right in step
    found = check(read(f"[{step.replace(right, wrong)}, {after}]"), data=False)
    assert [found.code for found in found if found.is_error] in (["ODB110"], ["ODB113"])


def test_a_pair_of_surrogate_escapes_is_one_character() -> None:
    document = read('[{"name": "a", "value": "\\ud83d\\ude00 x"}]')
    assert document.diagnostics == ()
    (step,) = document.steps
    assert step.origin is not None
    span = step.origin.locate("value", start=2, end=3)
    assert (span.start, span.end) == (38, 39)


def test_a_number_of_ten_thousand_digits_is_told_and_not_converted() -> None:
    document = read('[{"name": "a", "params": {"n": ' + "9" * 10_000 + "}}]")
    assert only(document).message == "a number of 10,000 digits"


def test_the_first_of_two_equal_keys_is_a_related_place() -> None:
    found = only(read('[{"name": "a",\n  "value": "1",\n  "value": "2"}]'))
    (first,) = found.related
    assert first.span is not None
    assert found.span is not None
    assert (first.span.line, found.span.line) == (2, 3)


def test_an_object_that_is_not_closed_is_told_where_the_next_step_begins() -> None:
    document = read('[{"name": "a", "inputs": {"d": "x"},\n {"name": "b"},\n {"name": "c"}]')
    found = only(document)
    assert found.span is not None
    assert (found.span.line, found.span.column) == (2, 2)
    assert found.related[0].span is not None
    assert found.related[0].span.column == 2
    assert [step.name for step in document.steps] == ["a", "b", "c"]


def test_a_bracket_too_many_is_told_and_what_follows_is_read() -> None:
    document = read('[{"name": "a"}}, {"name": "b"}]')
    assert only(document).message == "expected `,` or `]`, found `}`"
    assert [step.name for step in document.steps] == ["a", "b"]


def test_a_file_that_ends_in_the_middle_keeps_what_was_whole() -> None:
    document = read(f'[{A},\n {{"name": "b", "value": "SELECT')
    assert [step.name for step in document.steps] == ["a", "b"]
    assert "this text is not closed" in [found.message for found in document.diagnostics]


def test_a_missing_opening_bracket_is_told_and_the_steps_are_read() -> None:
    document = read(f"{A},\n{C}]")
    assert only(document).message == "expected `[`, found `{`"
    assert [step.name for step in document.steps] == ["a", "c"]


def test_a_missing_closing_bracket_is_told_at_the_end() -> None:
    text = f"[{A}"
    document = read(text)
    found = only(document)
    assert found.message == "expected `]`, but the text ends"
    assert found.span is not None
    assert found.span.start == len(text)
    assert read(mended(text, found)).diagnostics == ()


def test_text_after_the_array_is_told() -> None:
    assert only(read(f"[{A}] x")).message == "text after the end of the array"


@pytest.mark.parametrize("text", ["", " \n\t"])
def test_an_empty_text(text: str) -> None:
    document = read(text)
    assert only(document).code == "ODB105"
    assert not document.parsed


@pytest.mark.parametrize(
    ("text", "what"), [("42", "a number"), ('"x"', "text"), ("null", "null"), ("true", "true")]
)
def test_a_top_level_that_is_no_array(text: str, what: str) -> None:
    assert only(read(text)).message == f"a config must be an array of steps, not {what}"


def test_a_run_log_is_recognised() -> None:
    found = only(read('{"pipeline_id": "run_20260131_120000", "steps": []}'))
    assert found.code == "ODB107"
    assert "runs show" in (found.help or "")


def test_an_object_around_the_array_is_explained() -> None:
    assert "without the object" in (only(read('{"steps": [{"name": "a"}]}')).help or "")
    assert only(read('{"name": "a"}')).help == "put the step in [ ]"


def test_prose_gives_one_diagnostic() -> None:
    assert only(read("hello, this is not a config [at all]")).message == "expected `[`, found `h`"


def test_a_hundred_million_brackets() -> None:
    document = read("[" * 100_000_000)
    assert only(document).code == "ODB112"
    assert document.steps == ()


@pytest.mark.parametrize("inner", ["[" * 5000 + "]" * 5000, '{"a":' * 5000 + "1" + "}" * 5000, "[" * 101])
def test_deep_nesting_in_a_step_is_told_and_the_steps_before_it_stay(inner: str) -> None:
    document = read(f'[{A}, {{"name": "b", "params": {{"p": {inner}}}}}]')
    assert only(document).code == "ODB112"
    assert [step.name for step in document.steps] == ["a"]


def test_a_text_of_rubbish_gives_up_after_a_hundred_problems() -> None:
    document = read("[" + "{x y z}," * 10_000)
    assert len(document.diagnostics) == 100


def test_many_damaged_steps_among_many_sound_ones() -> None:
    steps = [json.dumps({"name": f"s{number}"}) for number in range(1000)]
    for number in range(0, 1000, 50):
        steps[number] = steps[number].replace(":", "")
    document = read("[" + ",\n".join(steps) + "]")
    assert len(document.diagnostics) == 20
    assert [found.span.line for found in document.diagnostics if found.span] == list(range(1, 1001, 50))
    assert [step.name for step in document.steps] == [f"s{number}" for number in range(1000)]


@pytest.mark.parametrize(
    "text",
    [
        f'[{A[:-1]}}}, "value": "v"}}, {C}]',  # a brace too many
        f'[{{"value": "v"}}, "name": "b"}}, {C}]',
        f'[{{"name": "b", "outputs": {{}}"d": "x"}}}}, {C}]',
        f'[{{"name": "b", "params": {{"sort": ["-id", "limit": 2}}}}, {C}]',
        f'[{{"name": "b", "params": {{"sort": "-id"], "limit": 2}}}}, {C}]',
        f'[{{"name": "b", "params": {{"columns": ["" id", "region"]}}}}, {C}]',
        f'[{{"name": "b", "params": {{"columns": ["id", " "region"]}}}}, {C}]',
        f'[{{"name": "b", "params": {{"sep": ",, "nrows": 3}}}}, {C}]',
        f'[{{"name": "b", "metadata": {{"n": - 1}}}}, {C}]',
        f'[{{"name": "b", "metadata": {{"n": --1}}}}, {C}]',
    ],
)
def test_no_fix_is_safe_where_one_slip_can_be_mended_in_several_ways(text: str) -> None:
    found = [diagnostic for diagnostic in read(text).diagnostics if diagnostic.is_error]
    assert found
    assert not any(diagnostic.fix and diagnostic.fix.applicability == "safe" for diagnostic in found)


@pytest.mark.parametrize(
    ("text", "right"),
    [
        (f"[{A},\n", f"[{A}\n]\n"),
        (f"[{A},\n {C},\n\n", f"[{A},\n {C}\n]\n\n"),
        (f'[{{"name": "b" = "value": "v"}}, {C}]', f'[{{"name": "b" , "value": "v"}}, {C}]'),
        (f'[{{"name": "b"， "value": "v"}}, {C}]', f'[{{"name": "b", "value": "v"}}, {C}]'),
        ('[{"name": "b", "outputs"; {"d": "x"}}]', '[{"name": "b", "outputs": {"d": "x"}}]'),
        ('[{"name": "b", "outputs":: {"d": "x"}}]', '[{"name": "b", "outputs": {"d": "x"}}]'),
        (f"[{A}, -- it's the first\n {C}]", f"[{A}, \n {C}]"),
        ('[{"name": "b", "value": "SELECT \\\'a\\\'"}]', '[{"name": "b", "value": "SELECT \'a\'"}]'),
    ],
)
def test_what_has_one_right_answer_is_mended_to_it(text: str, right: str) -> None:
    fixes = [found.fix for found in read(text).diagnostics if found.fix is not None]
    assert all(fix.applicability == "safe" for fix in fixes)
    now = text
    for fix in sorted(fixes, key=lambda fix: -fix.start):
        now = now[: fix.start] + fix.text + now[fix.end :]
    assert now == right
    assert read(now).diagnostics == ()
