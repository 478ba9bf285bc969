"""A run holds functions to what they declare about themselves."""

from __future__ import annotations

import sys

import pytest

from odibi_core.core import create_engine_context
from odibi_core.errors import StepOptionError
from odibi_core.functions.registry import REGISTRY
from tests.builders import function, orchestrator, sql

MODULE = """
from odibi_core.functions import odibi_function

@odibi_function("decl_{n}", returns={{"id": "int64"}}, requires=["id"], engines=["pandas"])
def f(data):
    return data.assign(more=1) if "wrong" in data else data
"""


@pytest.fixture
def run(tmp_path):
    (tmp_path / "decl_module.py").write_text(MODULE.format(n="run"))

    def run(query, engine="pandas", **params):
        steps = [
            sql("read", query, engine=engine),
            function("f", "decl_module.f", engine=engine, params=params, data="read"),
        ]
        with create_engine_context(engine, base_dir=tmp_path) as context:
            orchestrator(steps, tmp_path / "logs", context=context, base_dir=tmp_path).run()

    before = set(REGISTRY.names())
    yield run
    REGISTRY.forget_modules({"decl_module"})
    sys.modules.pop("decl_module", None)
    assert set(REGISTRY.names()) <= before


def test_a_run_holds_a_function_to_what_it_declares(run):
    run("SELECT 1::BIGINT AS id")
    with pytest.raises(StepOptionError, match="does not declare the column"):
        run("SELECT 1::BIGINT AS id, 2 AS wrong")
    with pytest.raises(StepOptionError, match="`data` has no column `id`, which function `f` requires"):
        run("SELECT 1 AS idd")
    with pytest.raises(StepOptionError, match="does not take frames of the engine `duckdb`"):
        run("SELECT 1::BIGINT AS id", engine="duckdb")


def test_a_function_in_a_process_of_its_own_is_held_to_it_too(run):
    with pytest.raises(StepOptionError, match="does not declare the column"):
        run("SELECT 1::BIGINT AS id, 2 AS wrong", isolate=True)
