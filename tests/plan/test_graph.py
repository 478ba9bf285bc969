"""Graph: who needs whom, order, depth and cycles, also for long chains and tangled graphs."""

from __future__ import annotations

import random
from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from odibi_core.core.node import Step
from odibi_core.plan.graph import Graph
from tests.counts import count


def step(name: str, *needs: str, **fields: object) -> Step:
    """A step that outputs a dataset of its own name."""
    return Step(name=name, inputs={need: need for need in needs}, outputs={"data": name}, **fields)  # type: ignore[arg-type]


def test_a_step_needs_the_steps_whose_outputs_it_reads_in_the_order_of_its_inputs() -> None:
    graph = Graph([step("a"), step("b"), step("c", "b", "a")])
    assert graph.needs == {"a": (), "b": (), "c": ("b", "a")}
    assert graph.dependents == {"a": ("c",), "b": ("c",), "c": ()}
    assert graph.producers == {"a": "a", "b": "b", "c": "c"}


def test_a_step_needs_the_connect_step_whose_connection_it_uses() -> None:
    connect = Step("connect", "warehouse", value="x.db")
    read = Step("ingest", "read", params={"connection": "warehouse", "table": "t"}, outputs={"d": "raw"})
    other = Step("ingest", "other", params={"connection": "read"}, outputs={"d": "other"})
    graph = Graph([read, connect, other])
    assert graph.needs["read"] == ("warehouse",)
    assert graph.needs["other"] == ()
    assert graph.order() == ["warehouse", "read", "other"]


def test_an_input_nobody_outputs_is_undefined_and_needs_nobody() -> None:
    graph = Graph([step("a", "nowhere")])
    assert graph.undefined == {"a": {"nowhere": "nowhere"}}
    assert graph.needs["a"] == ()
    assert graph.order() == ["a"]


def test_of_two_steps_with_one_name_or_key_the_first_counts() -> None:
    first, second = step("a"), Step(name="a", inputs={"x": "b"}, outputs={"d": "other"})
    rival = Step(name="b", outputs={"d": "a"})
    graph = Graph([first, second, rival])
    assert graph.names == ("a", "b")
    assert graph.needs["a"] == ()
    assert graph.producers == {"a": "a", "other": "a"}


def test_order_follows_the_config_among_equals() -> None:
    graph = Graph([step("z", "m"), step("b"), step("m"), step("a")])
    assert graph.order() == ["b", "m", "z", "a"]


def test_steps_on_a_cycle_are_left_out_of_the_order_and_those_behind_it_are_not() -> None:
    graph = Graph([step("a", "b"), step("b", "a"), step("c", "b"), step("d")])
    assert graph.order() == ["c", "d"]
    assert graph.cycles() == [["a", "b"]]


def test_a_step_that_reads_its_own_output_is_a_cycle() -> None:
    assert Graph([step("a", "a")]).cycles() == [["a"]]


def test_a_cycle_goes_the_way_the_data_goes_from_its_first_step_on() -> None:
    graph = Graph([step("b", "a"), step("c", "b"), step("a", "c")])
    assert graph.cycles() == [["b", "c", "a"]]


def test_all_cycles_through_the_same_steps_are_found() -> None:
    names = ["a", "b", "c"]
    graph = Graph([step(name, *(other for other in names if other != name)) for name in names])
    assert graph.cycles() == [["a", "b"], ["a", "b", "c"], ["a", "c"], ["a", "c", "b"], ["b", "c"]]


def test_cycles_that_share_a_step_are_all_found() -> None:
    graph = Graph([step("hub", "x", "y"), step("x", "hub"), step("y", "hub"), step("p", "q"), step("q", "p")])
    assert graph.cycles() == [["hub", "x"], ["hub", "y"], ["p", "q"]]


def test_a_tangle_gives_a_number_of_cycles_that_can_be_read_with_every_step_in_one() -> None:
    names = [f"s{number}" for number in range(40)]
    graph = Graph([step(name, *names) for name in names])
    cycles = graph.cycles()
    assert 1 <= len(cycles) <= 60
    assert {name for cycle in cycles for name in cycle} == set(names)


def test_a_cycle_of_ten_thousand_steps() -> None:
    size = 10_000
    graph = Graph([step(f"s{number}", f"s{(number - 1) % size}") for number in range(size)])
    (cycle,) = graph.cycles()
    assert cycle == [f"s{number}" for number in range(size)]
    assert graph.order() == []
    assert graph.depth("s7") == 0


def test_a_chain_of_ten_thousand_steps() -> None:
    size = 10_000
    steps = [step(f"s{number}", *([f"s{number - 1}"] if number else [])) for number in range(size)]
    random.Random(4).shuffle(steps)
    graph = Graph(steps)
    assert graph.order() == [f"s{number}" for number in range(size)]
    assert graph.depth(f"s{size - 1}") == size - 1
    assert len(graph.ancestors(f"s{size - 1}")) == size - 1
    assert len(graph.descendants("s0")) == size - 1
    assert graph.cycles() == []


def test_depth_is_the_longest_path_from_a_source() -> None:
    graph = Graph(
        [step("a"), step("b", "a"), step("c", "a", "b"), step("d", "c"), step("e", "d", "a"), step("f")]
    )
    assert [graph.depth(name) for name in "abcdef"] == [0, 1, 2, 3, 4, 0]


edges = st.integers(1, 6).flatmap(
    lambda size: st.tuples(
        st.just(size), st.sets(st.tuples(st.integers(0, size - 1), st.integers(0, size - 1)))
    )
)


@settings(max_examples=count(3000), deadline=None)
@given(edges)
def test_cycles_are_those_that_trying_every_order_of_every_choice_finds(
    given_: tuple[int, set[tuple[int, int]]],
) -> None:
    size, pairs = given_  # (a, b): b reads a
    names = [chr(ord("a") + number) for number in range(size)]
    steps = [step(names[b], *(names[a] for a in range(size) if (a, b) in pairs)) for b in range(size)]
    expected = set()
    for length in range(1, size + 1):
        for chosen in permutations(range(size), length):
            if chosen[0] != min(chosen):
                continue
            if all((chosen[i], chosen[(i + 1) % length]) in pairs for i in range(length)):
                expected.add(tuple(names[i] for i in chosen))
    graph = Graph(steps)
    found = [tuple(cycle) for cycle in graph.cycles()]
    assert len(found) == len(set(found))
    if len(expected) <= 50:
        assert set(found) == expected
    else:
        assert set(found) <= expected
    on_cycle = {name for cycle in expected for name in cycle}
    order = graph.order()
    assert set(order) == set(names) - on_cycle
    for at, name in enumerate(order):
        assert all(need in on_cycle or need in order[:at] for need in graph.needs[name])
