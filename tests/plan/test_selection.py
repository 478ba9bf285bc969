"""The language that selects steps."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odibi_core.core import Step
from odibi_core.errors import SelectionError
from odibi_core.plan.graph import Graph
from odibi_core.plan.selection import parse, quoted, select
from tests.counts import count

#  a ── b ── d ── e      f
#   ╲─ c ──╱
STEPS = [
    Step("ingest", "a", outputs={"x": "a"}, metadata={"tags": ["daily", "raw"]}),
    Step("transform", "b", "sql", "duckdb", inputs={"x": "a"}, outputs={"x": "b"}),
    Step("transform", "c", "function", inputs={"x": "a"}, outputs={"x": "c"}, metadata={"tags": "daily"}),
    Step("transform", "d", "sql", inputs={"x": "b", "y": "c"}, outputs={"x": "d"}),
    Step("store", "e", inputs={"x": "d"}),
    Step("store", "stage/my step, 1+1", inputs={}),
]
ODD = "stage/my step, 1+1"
GRAPH = Graph(STEPS)


def chosen(*include: str, exclude: tuple[str, ...] = (), changed: set[str] | None = None) -> str:
    found = select(STEPS, GRAPH, include, exclude, changed=None if changed is None else lambda: changed)
    return "".join(name if name != ODD else "F" for name in GRAPH.names if name in found)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("b", "b"),
        ("b d", "bd"),
        ("+d", "abcd"),
        ("1+d", "bcd"),
        ("2+e", "bcde"),
        ("0+e", "e"),
        ("b+", "bde"),
        ("b+1", "bd"),
        ("1+d+", "bcde"),
        ("@b", "abcde"),
        ("@e", "abcde"),
        ("layer:store", "eF"),
        ("+layer:store", "abcdeF"),
        ("tag:daily", "ac"),
        ("tag:daily+1", "abcd"),
        ("engine:duckdb", "b"),
        ("type:sql", "bd"),
        ("+d,c+", "cd"),
        ("+b,c+ e", "e"),
        ("[bc]", "bc"),
        ("stage/*", "F"),
        ("*", "abcdeF"),
        (f'"{ODD}"', "F"),
        (f"+'{ODD}'+ a", "aF"),
        (f'name:"{ODD}"', "F"),
        ("name:a", "a"),
    ],
)
def test_what_a_selection_means(text, names):
    assert chosen(text) == names


def test_selections_add_up_and_exclusions_take_away():
    assert chosen("a", "b") == "ab"
    assert chosen("+e", exclude=("b", "tag:raw")) == "cde"
    assert chosen(exclude=("layer:store",)) == "abcd"


def test_changed_is_asked_only_where_it_is_wanted():
    def never():
        raise AssertionError

    assert select(STEPS, GRAPH, ["b"], changed=never) == {"b"}
    assert chosen("changed", changed={"c", "gone"}) == "c"
    assert chosen("changed+", changed={"c"}) == "cde"
    assert chosen("changed", changed=set()) == ""
    assert chosen("changed,tag:daily", changed={"b"}) == ""


def test_without_a_selection_all_steps_are_meant_and_an_empty_exclusion_takes_none():
    assert chosen() == "abcdeF" and select([], Graph([])) == frozenset()
    assert chosen("b", exclude=("",)) == "b"


@pytest.mark.parametrize(
    ("text", "message", "help"),
    [
        ("bb", "no step is called `bb`", None),
        ("stage/my", "no step is called `stage/my`", None),
        ("+layer:stor", "`+layer:stor`: no step has the layer `stor`", "did you mean `layer:store`"),
        ("tag:dayly", "`tag:dayly`: no step has the tag `dayly`", "did you mean `tag:daily`"),
        ("tag:zzzzzz", "`tag:zzzzzz`: no step has the tag `zzzzzz`", "there are `daily`, `raw`"),
        ("x*", "no step's name matches `x*`", None),
        ("layr:store", "`layr:store`: nothing can be selected by `layr`", "did you mean `layer:store`"),
        (
            "foo:bar",
            "no step is called `foo:bar`, and nothing can be selected by `foo`",
            "what can be is `name:`, `layer:`, `tag:`, `engine:`, `type:`",
        ),
        ("path:x+", "no step is called `path:x`, and nothing can be selected by `path`", "what can be is"),
        ('"foo:bar"', '`"foo:bar"`: no step is called `foo:bar`', None),
        ("", "the selection is empty", "write a name, `+name`"),
        (" ", "the selection is empty", "write a name, `+name`"),
        ("b,c", "`b,c`: no step is in all that stands between commas", "a comma means"),
        ("b,c e,tag:daily", "`b,c e,tag:daily`: no step is in all that stands between commas", None),
        ("layer:", "`layer:` says nothing after the colon", None),
        ("a,,b", "`a,,b`: nothing stands beside a comma", None),
        ("a,", "`a,`: nothing stands beside a comma", None),
        ("+", "a selection has a term that says nothing", None),
        ('"a', '`"a`: a quote is not closed', None),
        ("changed", "`changed` means nothing here: no runs are known", None),
    ],
)
def test_an_error_names_the_term_and_what_is_nearest(text, message, help):
    with pytest.raises(SelectionError) as caught:
        chosen(text)
    assert caught.value.message == message
    assert help is None or (caught.value.help or "").startswith(help)


def test_a_step_with_the_name_of_a_word_of_the_language_can_be_named():
    steps = [Step("ingest", "changed"), Step("ingest", "layer:x"), Step("ingest", "*")]
    graph = Graph(steps)
    assert select(steps, graph, ["name:changed"]) == {"changed"}
    assert select(steps, graph, ['"layer:x"']) == {"layer:x"}
    assert select(steps, graph, ['"*"']) == {"*"}


NAMES = st.text(st.characters(blacklist_characters="\"'", codec="utf-8"), min_size=1, max_size=6)


@st.composite
def pipelines(draw):
    names = draw(st.lists(NAMES, min_size=1, max_size=6, unique=True))
    steps = []
    for at, name in enumerate(names):
        above = draw(st.lists(st.sampled_from(names[:at]), max_size=2)) if at else []
        inputs = {f"i{n}": f"d{names.index(other)}" for n, other in enumerate(above)}
        steps.append(Step("transform", name, inputs=inputs, outputs={"x": f"d{at}"}))
    return steps


@settings(max_examples=count(1000))
@given(pipelines(), st.data())
def test_any_step_can_be_named_and_what_is_around_it(steps, data):
    graph = Graph(steps)
    name = data.draw(st.sampled_from(graph.names))
    term = data.draw(st.sampled_from([quoted(name), f'"{name}"', f"'{name}'"]))
    assert select(steps, graph, [term]) == {name}
    assert select(steps, graph, [f"+{term}"]) == {name} | graph.ancestors(name)
    assert select(steps, graph, [f"{term}+"]) == {name} | graph.descendants(name)
    below = {name} | graph.descendants(name)
    around = below.union(*(graph.ancestors(other) for other in below))
    assert select(steps, graph, [f"@{term}"]) == around
    other = f'"{data.draw(st.sampled_from(graph.names))}"+'
    one, two = select(steps, graph, [f"+{term}"]), select(steps, graph, [other])
    assert select(steps, graph, [f"+{term} {other}"]) == one | two
    if one & two:
        assert select(steps, graph, [f"+{term},{other}"]) == one & two
    else:
        with pytest.raises(SelectionError, match="no step is in all that"):
            select(steps, graph, [f"+{term},{other}"])
    assert select(steps, graph, [f"+{term}"], [other]) == one - two
    assert select(steps, graph, [f"+{term}", other]) == one | two


def test_a_name_with_both_kinds_of_quotes_cannot_be_written():
    assert quoted("it's") == '"it\'s"' and quoted("changed") == '"changed"' and quoted("a.b") == "a.b"
    with pytest.raises(SelectionError, match="both kinds"):
        quoted("\"'")


@settings(max_examples=count(2000))
@given(st.text(max_size=30) | st.text("ab+@,: \"'*0[]", max_size=20))
def test_any_text_is_a_selection_or_an_error(text):
    try:
        terms = parse(text)
    except SelectionError:
        return
    assert all(group for group in terms)
    assert all(term.value or term.exact for group in terms for term in group)
