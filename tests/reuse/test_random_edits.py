"""Random pipelines, random damage and random edits: a resumed run gives what a whole run gives."""

from __future__ import annotations

import random
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from odibi_core.core import Step
from tests.counts import VERIFY
from tests.reuse.pipelines import Bench, data_of, ran

DONE = ("success", "reused")


@dataclass(frozen=True)
class Node:
    """A step as the test thinks of it: what makes its result, and nothing of how Odibi digests that.

    `number` is part of its text (`kind` sql), its params (function) or its rows (read).
    """

    name: str
    kind: str
    engine: str
    number: int = 0
    inputs: tuple[str, ...] = ()  # names of nodes
    broken: bool = False
    target: str = ""


@dataclass
class World:
    """A pipeline with its files and functions."""

    nodes: dict[str, Node]
    code: int = 0
    touched: int = 0
    names: int = field(default=0)

    def steps(self) -> list[Step]:
        return [self._step(node) for node in self.nodes.values()]

    def _step(self, node: Node) -> Step:
        inputs = {f"i{at}": f"d_{name}" for at, name in enumerate(node.inputs)}
        outputs = {"data": f"d_{node.name}"}
        if node.kind == "read":
            return Step("ingest", node.name, "config_op", node.engine, f"{node.name}.csv", outputs=outputs)
        if node.kind == "store":
            return Step("store", node.name, "config_op", node.engine, node.target, inputs=inputs)
        if node.kind == "function":
            name = "broken" if node.broken else "work"
            params = {"number": node.number}
            return Step("transform", node.name, "function", "pandas", f"work.{name}", params, inputs, outputs)
        total = " + ".join(f"(SELECT sum(v) FROM {local})" for local in inputs)
        wrong = ", error('broken')" if node.broken else ""
        query = f"SELECT k, v + {node.number} AS v, {total} AS total{wrong} FROM i0 ORDER BY k"
        return Step("transform", node.name, "sql", node.engine, query, {}, inputs, outputs)

    def write(self, directory: Path) -> None:
        for node in self.nodes.values():
            if node.kind == "read":
                rows = "".join(f"{k},{k * 3 + node.number}\n" for k in range(4))
                file = directory / f"{node.name}.csv"
                if not file.exists() or file.read_text() != f"k,v\n{rows}" or self.touched:
                    file.write_text(f"k,v\n{rows}")
        (directory / "work.py").write_text(
            "def work(number, **frames):\n"
            "    data = next(iter(frames.values())).copy()\n"
            f"    data['v'] = data['v'] * 2 + number + {self.code}\n"
            "    return data[data['v'] % 5 != 1]\n"
            "def broken(number, **frames):\n"
            "    raise ValueError('broken')\n"
        )

    def keys(self) -> dict[str, Any]:
        """Returns node -> all that its result depends on."""
        found: dict[str, Any] = {}
        for name in self.order():
            node = self.nodes[name]
            own = [node.kind, node.engine, node.number, node.broken, node.target]
            if node.kind in ("function", "read"):
                own.append(node.name)  # a function may ask for it, and a file is called so
            if node.kind == "function":
                own += [self.code, node.inputs]  # it may ask for its step, which has the names
            found[name] = (*own, tuple(found[other] for other in node.inputs))
        return found

    def order(self) -> list[str]:
        done: dict[str, None] = {}
        while len(done) < len(self.nodes):
            done |= {
                name: None
                for name, node in self.nodes.items()
                if name not in done and {*node.inputs} <= {*done}
            }
        return list(done)


def make_world(rng: random.Random) -> World:
    world = World({})
    for _ in range(rng.randint(3, 9)):
        add_node(world, rng)
    return world


def add_node(world: World, rng: random.Random) -> None:
    made = [node.name for node in world.nodes.values() if node.kind != "store"]
    kind = rng.choice(["sql", "sql", "function", "store", "read"]) if made else "read"
    name = f"n{world.names}"
    world.names += 1
    inputs: tuple[str, ...] = ()
    if kind == "store":
        inputs = (rng.choice(made),)
    elif kind != "read":
        inputs = tuple(rng.sample(made, min(len(made), rng.randint(1, 2))))
    engine = "pandas" if kind == "function" else rng.choice(["pandas", "duckdb"])
    target = f"{name}.out.csv" if kind == "store" else ""
    node = Node(name, kind, engine, rng.randint(0, 3), inputs, target=target)
    world.nodes[name] = node


def edit(world: World, rng: random.Random) -> None:
    """Changes something of a pipeline as a person would."""
    name = rng.choice(list(world.nodes))
    node = world.nodes[name]
    match rng.choice(["number", "code", "rewire", "add", "remove", "rename", "touch", "engine", "shuffle"]):
        case "number" if node.kind != "store":
            world.nodes[name] = replace(node, number=node.number + 1)
        case "code":
            world.code += 1
        case "rewire" if node.inputs:
            below = {name, *_after(world, name)}
            others = [n.name for n in world.nodes.values() if n.kind != "store" and n.name not in below]
            if others:
                world.nodes[name] = replace(node, inputs=(rng.choice(others), *node.inputs[1:]))
        case "add":
            add_node(world, rng)
        case "remove" if not _after(world, name) and len(world.nodes) > 1:
            del world.nodes[name]
        case "rename" if node.kind != "read":
            new = f"n{world.names}"
            world.names += 1
            renamed = {n: replace(o, inputs=tuple(new if i == name else i for i in o.inputs))
                       for n, o in world.nodes.items()}  # fmt: skip
            world.nodes = {
                (new if n == name else n): replace(o, name=new) if n == name else o
                for n, o in renamed.items()
            }
        case "touch":
            world.touched += 1
        case "engine":
            engine = "pandas" if node.engine == "duckdb" else "duckdb"
            world.nodes[name] = replace(node, engine="pandas" if node.kind == "function" else engine)
        case "shuffle":
            names = list(world.nodes)
            rng.shuffle(names)
            world.nodes = {n: world.nodes[n] for n in names}


def _after(world: World, name: str) -> set[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        current = waiting.pop()
        for other in world.nodes.values():
            if current in other.inputs and other.name not in found:
                found.add(other.name)
                waiting.append(other.name)
    return found


def expected(world: World, good: set[Any], lost: set[Any]) -> set[str]:
    """Returns the steps that have to run, from what ended well before and whose data were lost since."""
    keys = world.keys()
    running = {name for name, key in keys.items() if key not in good}
    while True:
        more = {
            other
            for name in running
            for other in world.nodes[name].inputs
            if other not in running and keys[other] in lost
        }
        if not more:
            return running
        running |= more


def outcome(bench: Bench, world: World) -> dict[str, str]:
    """Returns target -> what stands in it."""
    return {
        node.target: (bench.directory / node.target).read_text()
        for node in world.nodes.values()
        if node.kind == "store"
    }


@settings(max_examples=400 if VERIFY else 15)
@given(seed=st.integers(0, 2**32))
def test_resuming_gives_what_a_whole_run_gives_and_runs_only_what_has_to(seed):
    rng = random.Random(seed)
    world = make_world(rng)
    breakable = [node for node in world.nodes.values() if node.kind in ("sql", "function")]
    for node in rng.sample(breakable, min(len(breakable), rng.randint(0, 2))):
        world.nodes[node.name] = replace(node, broken=True)
    with tempfile.TemporaryDirectory() as name:
        bench = Bench(Path(name), rng.choice(["pandas", "duckdb"]))
        world.write(bench.directory)
        first = bench.run(world.steps(), keep_going=rng.random() < 0.5)
        keys = world.keys()
        states = {n: step.state for n, step in first.steps.items()}
        good = {keys[n] for n, state in states.items() if state in DONE}
        lost = lose(first, keys, rng)

        for node in list(world.nodes.values()):
            world.nodes[node.name] = replace(node, broken=False)
        for _ in range(rng.randint(0, 3)):
            edit(world, rng)
        world.write(bench.directory)
        resumed = bench.run(world.steps(), resume=first.directory)
        assert {step.state for step in resumed.steps.values()} <= {*DONE}, "the resumed run is whole"
        given = outcome(bench, world)
        whole = bench.run(world.steps(), log_dir=bench.directory / "other", keep="all")
        assert given == outcome(bench, world)
        there, here = data_of(whole), data_of(resumed)
        for key, table in here.items():
            assert table.equals(there[key]), f"`{key}` differs"
        must = expected(world, good, lost)
        assert ran(resumed) == must
        assert {f"d_{n}" for n in must if world.nodes[n].kind != "store"} <= set(here)


def lose(run: Any, keys: dict[str, Any], rng: random.Random) -> set[Any]:
    """Deletes or damages some kept results; returns the keys of which no file is left."""
    lost, there = set(), set()
    for node, key in keys.items():
        dataset = run.record.datasets.get(f"d_{node}")
        if dataset is None or dataset.full_file is None:
            continue
        file = run.directory / dataset.full_file
        if rng.random() < 0.8:
            there.add(key)
            continue
        lost.add(key)
        data = file.read_bytes()
        file.unlink()  # it may be another name of the preview
        match rng.choice(["gone", "torn", "flipped"]):
            case "torn":
                file.write_bytes(data[: rng.randrange(len(data))])
            case "flipped":
                at = rng.randrange(len(data))
                file.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
    return lost - there
