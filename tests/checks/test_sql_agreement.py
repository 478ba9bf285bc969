"""The check and the run agree: random queries over random tables, on the engines whose SQL is DuckDB's."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import duckdb
import pytest

from odibi_core.checks.crossing import crossed, in_pandas
from odibi_core.checks.outcome import Outcome
from odibi_core.checks.pipeline import Pipeline
from odibi_core.checks.schemas import Column, Schema
from odibi_core.checks.sql.lab import Lab
from odibi_core.checks.sql.schema import infer_sql
from odibi_core.checks.tools import Tools
from odibi_core.checks.world import World
from odibi_core.core import Step, create_engine_context
from odibi_core.engine.base_context import EngineContext
from odibi_core.errors import EngineError
from tests.counts import count

VALUES = {
    "BIGINT": "1", "INTEGER": "7::INTEGER", "SMALLINT": "1::SMALLINT", "UTINYINT": "1::UTINYINT",
    "HUGEINT": "1::HUGEINT", "DOUBLE": "1.5::DOUBLE", "FLOAT": "1::FLOAT", "DECIMAL": "1.5::DECIMAL(10,2)",
    "VARCHAR": "'x'", "BOOLEAN": "true", "DATE": "DATE '2020-01-01'", "TIMESTAMP": "TIMESTAMP '2020-01-01'",
    "TIMESTAMPTZ": "'2020-01-01'::TIMESTAMPTZ", "TIME": "TIME '10:00'", "INTERVAL": "INTERVAL 1 DAY",
    "UUID": "uuid()", "BLOB": "'x'::BLOB", "JSON": "'{}'::JSON", "ENUM": "'a'::ENUM('a', 'b')",
    "LIST": "['a']", "STRUCT": "{'a': 1::INTEGER}",
}  # fmt: skip
NAMES = ("id", "amount", "name", "Day", "x y", "é", "select", "n_1")
CALLS = (
    "sum({})", "avg({})", "min({})", "max({})", "count({})", "abs({})", "upper({})", "length({})", "year({})",
    "round({})", "sqrt({})", "date_trunc('month', {})", "first({})", "list({})", "typeof({})", "md5({})",
    "(NOT {})", "(-{})", "({} IS NULL)", "CAST({} AS INTEGER)", "CAST({} AS VARCHAR)", "TRY_CAST({} AS DATE)",
    "coalesce({}, 0)", "unnest({})", "to_json({})", "median({})",
)  # fmt: skip
CONSTANTS = ("1", "1.5", "'a'", "NULL", "DATE '2020-02-02'", "true", "-3", "2::HUGEINT", "now()", "[1, 2]")
OPERATORS = ("+", "-", "*", "/", "||", ">", "=", "AND", "LIKE", "//", "%", "<=", "IS DISTINCT FROM")
# What the values decide: a cast of one of them, an overflow. Not that there is no cast at all.
OF_DATA = (duckdb.ConversionException, duckdb.OutOfRangeException, duckdb.InvalidInputException)


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


class Writer:
    """Writes random queries over a table `data`."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng

    def source(self, columns: dict[str, str]) -> str:
        row = "SELECT " + ", ".join(f"{VALUES[kind]} AS {quoted(name)}" for name, kind in columns.items())
        return f"{row} UNION ALL {row}"

    def query(self, columns: list[str]) -> str:
        rng = self.rng
        items = [self._item(columns) for _ in range(rng.randint(1, 4))]
        if rng.random() < 0.2:
            items.insert(0, "*")
        sql = f"SELECT {', '.join(items)} FROM data"
        if rng.random() < 0.3:
            sql += f" WHERE {self._expression(columns)}"
        if rng.random() < 0.3:
            sql += " GROUP BY ALL"
        if rng.random() < 0.2:
            sql += f" ORDER BY {rng.choice(['1', '2', quoted(rng.choice(columns))])}"
        return f"SELECT * FROM ({sql}) AS t JOIN data ON true" if rng.random() < 0.1 else sql

    def _item(self, columns: list[str]) -> str:
        alias = f" AS {quoted(self.rng.choice(NAMES))}" if self.rng.random() < 0.6 else ""
        return self._expression(columns) + alias

    def _expression(self, columns: list[str], depth: int = 0) -> str:
        chance = self.rng.random()
        if depth > 2 or chance < 0.4:
            return quoted(self.rng.choice(columns))
        if chance < 0.5:
            return self.rng.choice(CONSTANTS)
        inner = self._expression(columns, depth + 1)
        if chance < 0.75:
            return self.rng.choice(CALLS).format(inner)
        return f"({inner} {self.rng.choice(OPERATORS)} {self._expression(columns, depth + 1)})"


@pytest.fixture(scope="module")
def lab():
    with Lab() as lab:
        yield lab


@pytest.fixture(scope="module")
def contexts():
    opened = {engine: create_engine_context(engine).connect() for engine in ("pandas", "duckdb")}
    yield opened
    for context in opened.values():
        context.close()


def known_of(context: EngineContext, frame: Any) -> Schema:
    """Returns a frame as the SQL of a step on the engine meets it."""
    with context.scope("look") as scope:
        scope.register_temp("data", frame)
        rows = scope.to_arrow(scope.execute_sql("SELECT * FROM (DESCRIBE data)")).to_pylist()
    return Schema.of(
        (row["column_name"], None if '"NULL"' in row["column_type"] else row["column_type"]) for row in rows
    )


def told(lab: Lab, engine: str, query: str, inputs: dict[str, Schema | None]) -> Outcome:
    step = Step(
        "transform", "made", "sql", engine, query, inputs=dict.fromkeys(inputs, "x"), outputs={"data": "o"}
    )
    return infer_sql(step, inputs, Tools(World(Path("/nowhere"), environ={}), lab, Pipeline([step])))


def agrees(found: Schema, real: Schema) -> bool:
    """Whether a schema says nothing that is not so; a frame without rows has lost types."""
    return found.names == real.names and all(
        said.type in (None, there.type) or there.type is None
        for said, there in zip(found.columns, real.columns, strict=True)
    )


@pytest.mark.parametrize("seed", range(count(200)))
def test_a_check_says_what_the_run_does(lab: Lab, contexts: dict[str, EngineContext], seed: int) -> None:
    rng = random.Random(seed)
    writer = Writer(rng)
    engine = rng.choice(["pandas", "duckdb"])
    context = contexts[engine]
    columns = {name: rng.choice(list(VALUES)) for name in rng.sample(NAMES, rng.randint(1, 5))}
    source = writer.source(columns)
    frame = context.execute_sql(source)
    real = known_of(context, frame)
    said = told(lab, engine, source, {}).outputs["data"]
    assert said is not None and agrees(said, real)
    for _ in range(3):
        query = writer.query(list(columns))
        outcome = told(lab, engine, query, {"data": real})
        errors = [found.message for found in outcome.diagnostics if found.is_error]
        try:
            with context.scope("run") as scope:
                scope.register_temp("data", frame)
                result = scope.execute_sql(query)
        except OF_DATA:
            continue
        except (duckdb.Error, EngineError) as error:
            assert errors, f"{query} on {columns}: {error}"
            continue
        if errors:
            # Only a conversion that no row came to, or of nothing but NULL, may have gone well.
            assert all("condition" in text or "converted" in text for text in errors), f"{query}: {errors}"
            continue
        schema = outcome.outputs.get("data")
        if schema is not None:
            assert agrees(schema, known_of(context, result)), query


@pytest.mark.parametrize("kind", VALUES)
def test_types_cross_to_pandas_as_the_run_takes_them_there(
    contexts: dict[str, EngineContext], kind: str
) -> None:
    frame = contexts["duckdb"].execute_sql(f"SELECT {VALUES[kind]} AS c UNION ALL SELECT {VALUES[kind]}")
    before = known_of(contexts["duckdb"], frame)
    after = known_of(contexts["pandas"], contexts["pandas"].adopt(frame))
    said = crossed(before, "duckdb", "pandas")
    assert said is not None and said.columns[0].type in (None, after.columns[0].type)
    if kind != "STRUCT":
        assert said.columns[0].type is not None


def test_what_stays_on_its_engine_crosses_nothing() -> None:
    schema = Schema((Column("u", "UUID"), Column("h", "HUGEINT")))
    assert crossed(schema, "duckdb", "duckdb") is schema
    assert crossed(schema, "pandas", "duckdb") is schema
    assert crossed(None, "duckdb", "pandas") is None
    assert in_pandas("MAP(VARCHAR, INTEGER)") == "MAP(VARCHAR, INTEGER)"
    assert in_pandas("UNION(a INTEGER)") is None
    assert in_pandas("UUID[]") == "VARCHAR[]"
