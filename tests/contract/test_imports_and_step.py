"""contract.md, "Import surface" and "Step"."""

from __future__ import annotations

import subprocess
import sys

import pytest

from odibi_core.core import Step

SURFACE = """
from odibi_core.core import (
    Step, NodeBase, NodeState,
    ConfigLoader, ConfigValidator, ConfigValidationError,
    Orchestrator, OrchestrationResult, Tracker, Snapshot, StepExecution,
    EventEmitter, create_engine_context,
)
from odibi_core.core.config_loader import ConfigLoader, ConfigValidator, ConfigValidationError
from odibi_core.core.tracker import Tracker, Snapshot, StepExecution
from odibi_core.core.orchestrator import Orchestrator, OrchestrationResult
from odibi_core.core.node import Step, NodeBase, NodeState
from odibi_core.core.events import EventEmitter
from odibi_core.nodes import NODE_REGISTRY
from odibi_core.nodes.connect_node import ConnectNode
from odibi_core.nodes.ingest_node import IngestNode
from odibi_core.nodes.transform_node import TransformNode
from odibi_core.nodes.store_node import StoreNode
from odibi_core.nodes.publish_node import PublishNode
from odibi_core.engine import EngineContext, PandasEngineContext, SparkEngineContext
from odibi_core.engine.base_context import EngineContext
from odibi_core.engine.pandas_context import PandasEngineContext
from odibi_core.engine.spark_context import SparkEngineContext
from odibi_core.engine.duckdb_context import DuckDBEngineContext
import sys
heavy = sorted({"pandas", "duckdb", "pyarrow", "pyspark"} & set(sys.modules))
assert not heavy, heavy
assert list(NODE_REGISTRY) == ["connect", "ingest", "transform", "store", "publish"], list(NODE_REGISTRY)
"""


def test_every_name_is_there_and_none_imports_an_engine() -> None:
    done = subprocess.run([sys.executable, "-c", SURFACE], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_only_the_name_of_a_step_is_required() -> None:
    step = Step(name="s")
    assert (step.layer, step.type, step.engine, step.value) == ("transform", "config_op", "pandas", "")
    assert step.params == step.inputs == step.outputs == step.metadata == {}
    with pytest.raises(TypeError, match="name"):
        Step()


def test_steps_are_made_by_keyword_and_by_position() -> None:
    assert Step(name="s", inputs={"a": "b"}, outputs={"c": "d"}).inputs == {"a": "b"}
    step = Step("ingest", "read", "config_op", "pandas", "in.csv")
    assert step == Step(layer="ingest", name="read", type="config_op", engine="pandas", value="in.csv")
    assert Step("a", "b", "c", "d", "e", {"f": 1}, {"g": "h"}, {"i": "j"}, {"k": 2}).metadata == {"k": 2}


def test_two_steps_do_not_share_their_defaults() -> None:
    Step(name="a").params["x"] = 1
    assert Step(name="b").params == {}
