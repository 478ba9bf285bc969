"""Valid pipelines, grown step by step from a seed."""

from __future__ import annotations

from random import Random
from typing import Any

from benchmarks.mutations import grow_functions, grow_operations, grow_sources, grow_targets
from benchmarks.mutations.project import Made, Project
from benchmarks.mutations.queries import Queries
from benchmarks.mutations.tables import Col, Columns

LOCALS = ["data", "orders", "src", "left_side", "Größen", "my input", "x"]


class Grower:
    """A pipeline as it grows.

    Attributes:
        rng: Where all chance comes from.
        project: What there is so far.
        datasets: Columns of each dataset, by key, and the engine its frame is on.
        unused: Keys that nothing reads yet.
    """

    def __init__(self, rng: Random, *, spark: bool = False) -> None:
        self.rng = rng
        self.spark = spark
        self.project = Project([], {}, spark=spark)
        self.project.kind = rng.choices(["json", "csv", "sqlite"], [6, 2, 2])[0]
        self.datasets: dict[str, Columns] = {}
        self.engines: dict[str, str] = {}
        self.unused: list[str] = []
        self.project.variables = {"minimum": 7, "share": 2.5, "label": "it's", "Grenze": 3}
        self.project.environ = {"ODIBI_MUT_REGION": "north", "ODIBI_MUT_DIR": "data"}
        self.words: dict[str, list[str]] = {
            "number": ["minimum", "share", "Grenze"], "text": ["var:label", "env:ODIBI_MUT_REGION"],
        }  # fmt: skip
        self.style = rng.choice(["{verb}_{noun}", "{noun} {verb}", "{verb}-{noun}"])

    def grow(self, count: int) -> Project:
        """Returns a pipeline of about `count` steps, whose results are all used."""
        grow_sources.prepare(self)
        for _ in range(max(1, min(12, count // 4))):
            grow_sources.add(self)
        targets = max(1, count // 6)
        while len(self.project.steps) < count - targets:
            self.transform()
        while self.unused:
            grow_targets.add(self)
        self.order()
        return self.project

    def order(self) -> None:
        """Puts some steps out of order: the graph, not the file, decides."""
        steps = self.project.steps
        if self.rng.random() < 0.3:
            for _ in range(len(steps) // 4):
                a, b = self.rng.randrange(len(steps)), self.rng.randrange(len(steps))
                steps[a], steps[b] = steps[b], steps[a]

    # -- what growing steps share --------------------------------------------------------------------

    def engine(self) -> str:
        choices = ["pandas", "duckdb", "duckdb"]
        return self.rng.choice([*choices, "spark"] if self.spark else choices)

    def name(self, verb: str) -> str:
        number = len(self.project.steps)
        noun = self.rng.choice(["orders", "kunden", "größen", "sales", "data set", "x"]) + f"_{number:03d}"
        return self.style.format(verb=verb, noun=noun)

    def key(self) -> str:
        return f"{self.rng.choice(['clean', 'raw', 'set', 'Menge', 'part one'])}_{len(self.datasets):03d}"

    def pick(self) -> str:
        """Returns the key of a dataset to read, sooner one that nothing reads yet."""
        if self.unused and self.rng.random() < 0.7:
            return self.rng.choice(self.unused[-6:])
        return self.rng.choice(list(self.datasets)[-30:])

    def read(self, key: str) -> Columns:
        if key in self.unused:
            self.unused.remove(key)
        return self.datasets[key]

    def put(self, made: Made, columns: Columns, *, outputs: int = 1) -> None:
        """Adds a step and what it puts out."""
        made.columns = columns
        keys = {}
        for number in range(outputs):
            key = self.key()
            keys["data" if number == 0 else f"copy_{number}"] = key
            self.datasets[key] = columns
            self.engines[key] = made.engine
            self.unused.append(key)
        made.fields["outputs"] = keys
        self.add(made)

    def add(self, made: Made) -> None:
        """Adds a step, its fields in an order of their own, defaults sometimes left out."""
        fields: dict[str, Any] = made.fields
        for name, default in (("layer", "transform"), ("type", "config_op"), ("engine", "pandas")):
            if fields.get(name) == default and self.rng.random() < 0.4:
                del fields[name]
        if self.rng.random() < 0.1:
            fields["metadata"] = {"owner": "sales", "retries": 1, "note": 'a "quoted" word, größer\n'}
        self.project.steps.append(made)

    # -- transforms ----------------------------------------------------------------------------------

    def transform(self) -> None:
        which = self.rng.choices(["sql", "operations", "own", "builtin"], [6, 2, 1, 1])[0]
        if which == "sql":
            self.sql()
        elif which == "operations":
            grow_operations.add(self)
        elif which == "own":
            grow_functions.add_own(self)
        else:
            grow_functions.add_builtin(self)

    def sql(self) -> None:
        """Adds a query over one to three datasets."""
        engine = self.engine()
        names = self.rng.sample(LOCALS, self.rng.choice([1, 1, 2, 2, 3]))
        inputs = {name: self.pick() for name in names}
        columns = {name: self.datasets[key] for name, key in inputs.items()}
        sql, made = Queries(self.rng, engine, columns, self.words if engine != "spark" else {}).make()
        used = {token.info for token in sql.tokens if token.role == "table"}
        inputs = {name: key for name, key in inputs.items() if name in used}
        for key in inputs.values():
            self.read(key)
        fields = {
            "layer": "transform", "name": self.name("query"), "type": "sql", "engine": engine,
            "value": sql.text, "inputs": inputs,
        }  # fmt: skip
        step = Made(fields, "sql", sql, {name: columns[name] for name in inputs})
        if engine == "pandas":  # dates are objects there, whose type is lost where no row is left
            made = tuple(Col(c.name, "any" if c.kind in ("date", "list", "struct") else c.kind) for c in made)
        self.put(step, made, outputs=2 if self.rng.random() < 0.08 else 1)


def grow(seed: int, *, steps: int | None = None, spark: bool = False) -> Project:
    """Returns the pipeline of a seed: 5 to 200 steps, more often few than many."""
    rng = Random(seed)
    count = steps or round(5 * 40 ** (rng.random() ** 1.5))
    return Grower(rng, spark=spark).grow(count)
