"""Builders for tests of SQL checks: a step over two inputs, checked alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from odibi_core.checks.outcome import Outcome
from odibi_core.checks.pipeline import Pipeline
from odibi_core.checks.schemas import Schema
from odibi_core.checks.sql.lab import Lab
from odibi_core.checks.sql.schema import infer_sql
from odibi_core.checks.tools import Tools
from odibi_core.checks.world import World
from odibi_core.config import read_document
from odibi_core.diagnostics import Diagnostic

ORDERS = Schema.of(
    [
        ("id", "BIGINT"), ("amount", "DOUBLE"), ("region", "VARCHAR"), ("day", "DATE"), ("paid", "BOOLEAN"),
        ("address", "STRUCT(city VARCHAR, zip INTEGER)"), ("größe", "INTEGER"),
    ]
)  # fmt: skip
CUSTOMERS = Schema.of([("id", "BIGINT"), ("fullname", "VARCHAR"), ("credit", "DECIMAL(10,2)")])


@dataclass(frozen=True)
class Found:
    """What was found in a query, and the text it stands in."""

    outcome: Outcome
    text: str

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        return self.outcome.diagnostics

    @property
    def told(self) -> list[tuple[str, str]]:
        """Code and the characters it points at, of each diagnostic."""
        return [(found.code, self.at(found)) for found in self.diagnostics]

    def at(self, found: Diagnostic) -> str:
        assert found.span is not None
        return self.text[found.span.start : found.span.end]

    @property
    def columns(self) -> list[tuple[str, str | None]] | None:
        schema = self.outcome.outputs.get("data")
        return None if schema is None else [(column.name, column.type) for column in schema.columns]


def examine_step(
    query: str,
    *,
    lab: Lab | None = None,
    engine: str = "duckdb",
    inputs: Mapping[str, Schema | None] | None = None,
    environ: Mapping[str, str] | None = None,
    variables: Mapping[str, Any] | None = None,
    ascii_only: bool = False,
) -> Found:
    """Checks a query over `data` (orders) and `customers`, written in a JSON config."""
    given = {"data": ORDERS, "customers": CUSTOMERS} if inputs is None else inputs
    keys = {name: f"{name}_set" for name in given}
    steps: list[dict[str, Any]] = [
        {"layer": "ingest", "name": f"read_{name}", "value": "x.csv", "outputs": {"data": key}}
        for name, key in keys.items()
    ]
    steps.append(
        {
            "name": "make", "type": "sql", "engine": engine, "value": query, "inputs": keys,
            "outputs": {"data": "made"},
        }
    )  # fmt: skip
    text = json.dumps(steps, ensure_ascii=ascii_only)
    document = read_document("p.json", text=text)
    world = World(Path("/nowhere"), environ=environ or {}, variables=variables or {})
    own = lab or Lab()
    try:
        outcome = infer_sql(document.steps[-1], given, Tools(world, own, Pipeline(document.steps)))
    finally:
        if lab is None:
            own.close()
    return Found(outcome, text)
