"""A query in `params` is filled as SQL of the database it is sent to."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from odibi_core.config.placeholders import Values
from odibi_core.core import EventEmitter, Step, Tracker, create_engine_context
from odibi_core.nodes import NODE_REGISTRY
from odibi_core.nodes.runtime import NodeRuntime

BACKSLASH_QUOTE = r"\' OR 1 = 1 -- "


@pytest.mark.parametrize(
    ("dialect", "filled"),
    [("mysql", r"SELECT '\\\' OR 1 = 1 -- '"), ("sqlite", r"SELECT '\'' OR 1 = 1 -- '")],
)
def test_a_query_in_params_is_escaped_for_its_database(dialect: str, filled: str) -> None:
    step = Step(
        "ingest",
        "read",
        params={"connection": "shop", "query": "SELECT '${var:name}'"},
        outputs={"d": "x"},
    )
    runtime = NodeRuntime(Values({"name": BACKSLASH_QUOTE}, {}))
    node = NODE_REGISTRY["ingest"](
        step, create_engine_context("pandas"), Tracker(), EventEmitter(), runtime=runtime
    )
    connections = SimpleNamespace(get=lambda name: SimpleNamespace(dialect=dialect))
    scope = SimpleNamespace(name="pandas", connections=connections)
    assert node.params(scope) == {"connection": "shop", "query": filled}
