"""What the tests of the nodes share: contexts, and a node that is run by itself."""

from __future__ import annotations

import pytest

from odibi_core.core import EventEmitter, Tracker, create_engine_context
from odibi_core.nodes import NODE_REGISTRY


@pytest.fixture(params=["pandas", "duckdb"])
def context(request, tmp_path):
    with create_engine_context(request.param, base_dir=tmp_path) as context:
        yield context


class Bench:
    """Runs steps one by one, as a person using the nodes by themselves would."""

    def __init__(self, context):
        self.context = context
        self.tracker = Tracker()
        self.events = EventEmitter()
        self.data_map = {}

    def run(self, step):
        self.node = NODE_REGISTRY[step.layer](step, self.context, self.tracker, self.events)
        return self.node.run(self.data_map)

    def frame(self, key):
        """Returns a frame as a dict, column -> values."""
        return self.context.to_arrow(self.data_map[key]).to_pydict()

    def execution(self, name):
        return next(e for e in self.tracker.executions if e.step_name == name)


@pytest.fixture
def bench(context):
    return Bench(context)
