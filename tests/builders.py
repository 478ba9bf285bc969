"""Builders of pipelines and runs that tests of several rooms share."""

from __future__ import annotations

from typing import Any

from odibi_core.core import EventEmitter, Orchestrator, Step, Tracker, create_engine_context


def sql(name: str, query: str, *, engine: str = "duckdb", output: str | None = None, **inputs: str) -> Step:
    """Returns a SQL step that outputs `output`, by default its own name; keywords are its inputs."""
    layer = "transform" if inputs else "ingest"
    return Step(layer, name, "sql", engine, query, inputs=inputs, outputs={"data": output or name})


def function(name: str, value: str, *, engine: str = "pandas", params: Any = None, **inputs: str) -> Step:
    """Returns a function step that outputs its own name; keywords are its inputs."""
    layer = "transform" if inputs else "ingest"
    return Step(layer, name, "function", engine, value, params, inputs, {"data": name})


def orchestrator(steps: list[Step], log_dir: Any, *, engine: str = "duckdb", **options: Any) -> Orchestrator:
    """Returns an orchestrator with a tracker that logs to `log_dir`; `context` may be given."""
    context = options.pop("context", None) or create_engine_context(engine, base_dir=options.get("base_dir"))
    events = options.pop("events", None) or EventEmitter()
    return Orchestrator(steps, context, Tracker(log_dir), events, **options)
