"""What may be imported before somebody needs it: design decision 7, held in fresh processes."""

import json
import subprocess
import sys

import pytest

import odibi_core.core

ENGINES = ["duckdb", "numpy", "pandas", "pyarrow", "pyspark"]
HEAVY = [*ENGINES, "sqlglot", "sqlalchemy", "openpyxl", "fastavro"]
SCREEN = ["textual", "rich", "textual_fastdatatable"]

CORE = [f"from odibi_core.core import {name}" for name in odibi_core.core.__all__]
CONTRACT = [
    "from odibi_core.core.config_loader import ConfigLoader, ConfigValidator, ConfigValidationError",
    "from odibi_core.core.tracker import Tracker, Snapshot, StepExecution",
    "from odibi_core.core.orchestrator import Orchestrator, OrchestrationResult",
    "from odibi_core.core.node import Step, NodeBase, NodeState",
    "from odibi_core.core.events import EventEmitter",
    "from odibi_core.nodes import NODE_REGISTRY",
    "from odibi_core.nodes.ingest_node import IngestNode",
    "from odibi_core.nodes.connect_node import ConnectNode",
    "from odibi_core.nodes.transform_node import TransformNode",
    "from odibi_core.nodes.store_node import StoreNode",
    "from odibi_core.nodes.publish_node import PublishNode",
    "from odibi_core.engine import EngineContext, PandasEngineContext, SparkEngineContext",
    "from odibi_core.engine.base_context import EngineContext",
    "from odibi_core.engine.pandas_context import PandasEngineContext",
    "from odibi_core.engine.duckdb_context import DuckDBEngineContext",
    "from odibi_core.engine.spark_context import SparkEngineContext",
]
ROOMS = [
    "import odibi_core",
    "import odibi_core.config",
    "import odibi_core.checks",
    "import odibi_core.plan.graph",
    "import odibi_core.formats",
    "import odibi_core.functions",
    "import odibi_core.functions.isolation",
    "import odibi_core.journal.writer, odibi_core.journal.reader, odibi_core.journal.fold",
    "import odibi_core.runs.process, odibi_core.runs.follow",
    "import odibi_core.cli.main",
]


def imported_by(statement, candidates):
    """Returns which of `candidates` a fresh process has imported after a statement."""
    code = (
        f"{statement}\nimport json, sys\nprint(json.dumps([m for m in {candidates!r} if m in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("statement", CORE + CONTRACT + ROOMS)
def test_the_core_imports_neither_engines_nor_screens(statement):
    assert imported_by(statement, HEAVY + SCREEN) == []


def test_every_name_of_the_core_at_once_imports_nothing_heavy():
    assert imported_by("\n".join(CORE + CONTRACT), HEAVY + SCREEN) == []


@pytest.mark.parametrize(
    "statement", ["import odibi_tui", "import odibi_tui.app", "import odibi_tui.session, odibi_tui.__main__"]
)
def test_the_application_imports_no_engine_before_its_first_paint(statement):
    assert imported_by(statement, HEAVY) == []


def test_reading_and_checking_a_config_imports_no_engine():
    statement = (
        "from odibi_core.config import read_document\n"
        "from odibi_core.checks import check\n"
        "assert not check(read_document('sample_configs/simple_pipeline.json'), data=False)"
    )
    assert imported_by(statement, HEAVY + SCREEN) == []


def test_making_a_context_imports_no_engine():
    statement = (
        "from odibi_core.core import create_engine_context\n"
        "contexts = [create_engine_context(name) for name in ('pandas', 'duckdb', 'spark')]"
    )
    assert imported_by(statement, HEAVY + SCREEN) == []


@pytest.mark.parametrize("words", [["--help"], ["run", "--help"], ["check", "--help"], ["runs", "--help"]])
def test_help_imports_no_engine(words):
    statement = (
        "from click.testing import CliRunner\n"
        "from odibi_core.cli.main import cli\n"
        f"assert CliRunner().invoke(cli, {words!r}).exit_code == 0"
    )
    assert imported_by(statement, [*HEAVY, "textual"]) == []
