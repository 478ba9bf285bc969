"""The five nodes: the contract's section, as written there."""

from __future__ import annotations

import sqlite3

import pandas as pd
import pytest

from odibi_core.core import EventEmitter, NodeBase, NodeState, Step, Tracker
from odibi_core.errors import (
    EngineError,
    FunctionNotFoundError,
    MissingInputError,
    SecretError,
    StepOptionError,
    TargetExistsError,
)
from odibi_core.functions import odibi_function
from odibi_core.nodes import NODE_REGISTRY
from odibi_core.nodes.connect_node import ConnectNode
from odibi_core.nodes.ingest_node import IngestNode
from odibi_core.nodes.publish_node import PublishNode
from odibi_core.nodes.store_node import StoreNode
from odibi_core.nodes.transform_node import TransformNode


def test_there_is_a_node_for_each_layer():
    nodes = {
        "connect": ConnectNode,
        "ingest": IngestNode,
        "transform": TransformNode,
        "store": StoreNode,
        "publish": PublishNode,
    }
    assert nodes == NODE_REGISTRY


def test_a_node_adds_its_output_to_the_data_map_it_is_given(context, tmp_path):
    (tmp_path / "in.csv").write_text("id,name\n1,a\n2,b\n")
    step = Step("ingest", "read", "config_op", context.name, "in.csv", outputs={"data": "raw"})
    node = IngestNode(step, context, Tracker(), EventEmitter())
    assert isinstance(node, NodeBase) and node.state is NodeState.PENDING
    data_map = {"other": 1}
    assert node.run(data_map) is data_map
    assert set(data_map) == {"other", "raw"}
    assert node.state is NodeState.SUCCESS
    node._update_state(NodeState.RETRY)
    assert node.state is NodeState.RETRY


def test_a_node_that_raises_has_failed(bench):
    with pytest.raises(FileNotFoundError):
        bench.run(Step("ingest", "read", "config_op", value="nowhere.csv", outputs={"data": "raw"}))
    assert bench.node.state is NodeState.FAILED


@pytest.mark.parametrize("layer", ["connect", "ingest", "transform", "store", "publish"])
def test_a_type_that_is_none_of_the_four_is_refused(bench, layer):
    with pytest.raises(StepOptionError, match="no type is called `sqll`") as raised:
        bench.run(Step(layer, "s", "sqll", value="x"))
    assert "sql" in raised.value.help


def test_names_registered_for_a_step_end_with_it(bench):
    bench.data_map["x"] = bench.context.adopt(pd.DataFrame({"a": [1]}))
    bench.run(
        Step(name="s", type="sql", value="SELECT * FROM data", inputs={"data": "x"}, outputs={"o": "y"})
    )
    with pytest.raises(Exception, match="data"):
        bench.context.execute_sql("SELECT * FROM data")


def test_a_missing_input_names_the_key(bench):
    bench.data_map["raw_data"] = bench.context.adopt(pd.DataFrame({"a": [1]}))
    step = Step(name="s", type="sql", value="SELECT 1", inputs={"data": "raw_dta"}, outputs={"o": "y"})
    with pytest.raises(MissingInputError, match="`raw_dta` not found in data_map") as raised:
        bench.run(step)
    assert raised.value.help == "a step outputs `raw_data`"
    assert raised.value.field == "inputs.data" and raised.value.step == "s"


# -- ingest -------------------------------------------------------------------------------------------


def test_ingest_snapshots_after(bench, tmp_path):
    (tmp_path / "in.csv").write_text("id,name\n1,a\n2,b\n")
    bench.run(Step("ingest", "read", value="in.csv", outputs={"data": "raw"}))
    assert bench.frame("raw") == {"id": [1, 2], "name": ["a", "b"]}
    execution = bench.execution("read")
    assert execution.before_snapshot is None
    assert execution.after_snapshot.row_count == 2
    assert execution.after_snapshot.metadata["dataset"] == "raw"


def test_ingest_takes_globs_and_the_readers_options(bench, tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"part_{name}.csv").write_text(f"id;name\n1;{name}\n")
    bench.run(Step("ingest", "read", value="part_*.csv", params={"sep": ";"}, outputs={"data": "raw"}))
    assert bench.frame("raw") == {"id": [1, 1], "name": ["a", "b"]}


def test_placeholders_in_values_and_params_are_filled_in(bench, tmp_path, monkeypatch):
    monkeypatch.setenv("ODIBI_TEST_NAME", "in")
    monkeypatch.setenv("ODIBI_TEST_SEP", ";")
    (tmp_path / "in.csv").write_text("id;name\n1;a\n")
    step = Step(
        "ingest", "read", value="${env:ODIBI_TEST_NAME}.csv", params={"sep": "${env:ODIBI_TEST_SEP}"},
        outputs={"data": "raw"},
    )  # fmt: skip
    bench.run(step)
    assert bench.frame("raw") == {"id": [1], "name": ["a"]}
    assert step.value == "${env:ODIBI_TEST_NAME}.csv"


def test_a_placeholder_that_is_not_set_names_it(bench):
    with pytest.raises(SecretError, match="ODIBI_NOT_SET"):
        bench.run(Step("ingest", "read", value="${env:ODIBI_NOT_SET}.csv", outputs={"data": "raw"}))


def test_ingest_runs_sql_on_the_engine(bench):
    bench.run(
        Step("ingest", "read", "sql", value="SELECT 1 AS a UNION ALL SELECT 2", outputs={"data": "raw"})
    )
    assert sorted(bench.frame("raw")["a"]) == [1, 2]


def test_ingest_calls_a_function(bench):
    @odibi_function("test_rows")
    def rows(n):
        return [{"i": i} for i in range(n)]

    bench.run(Step("ingest", "read", "function", value="test_rows", params={"n": 3}, outputs={"data": "raw"}))
    assert bench.frame("raw") == {"i": [0, 1, 2]}


def test_an_ingest_without_a_value_says_what_is_missing(bench):
    with pytest.raises(StepOptionError, match="needs a `value`"):
        bench.run(Step("ingest", "read", outputs={"data": "raw"}))


# -- connect ------------------------------------------------------------------------------------------


@pytest.fixture
def shop(tmp_path):
    with sqlite3.connect(tmp_path / "shop.db") as database:
        database.execute("CREATE TABLE orders (id INTEGER, name TEXT)")
        database.executemany("INSERT INTO orders VALUES (?, ?)", [(1, "a"), (2, "it's"), (3, "c")])
    return tmp_path / "shop.db"


@pytest.mark.parametrize(
    ("type", "value", "params"),
    [
        ("config_op", "orders", {}),
        ("config_op", "", {"table": "orders"}),
        ("config_op", "SELECT * FROM orders", {}),
        ("config_op", "", {"query": "SELECT * FROM orders"}),
        ("sql", "SELECT * FROM orders", {}),
    ],
)
def test_a_connection_is_used_by_its_name(bench, shop, type, value, params):
    bench.run(Step("connect", "shop", value="shop.db"))
    step = Step(
        "ingest", "read", type, value=value, params={"connection": "shop", **params}, outputs={"d": "raw"}
    )
    bench.run(step)
    assert bench.frame("raw")["id"] == [1, 2, 3]


def test_placeholders_in_a_query_are_values_of_the_databases_sql(bench, shop, monkeypatch):
    monkeypatch.setenv("ODIBI_TEST_WHO", "it's")
    bench.run(Step("connect", "shop", value="shop.db"))
    query = "SELECT * FROM orders WHERE name = '${env:ODIBI_TEST_WHO}' OR name = ${env:ODIBI_TEST_WHO}"
    bench.run(Step("ingest", "read", "sql", value=query, params={"connection": "shop"}, outputs={"d": "raw"}))
    assert bench.frame("raw") == {"id": [2], "name": ["it's"]}


def test_a_connection_is_checked_when_it_is_opened(bench, tmp_path):
    with pytest.raises(FileNotFoundError):
        bench.run(Step("connect", "shop", value="nowhere.db"))
    (tmp_path / "junk.db").write_bytes(b"this is no database, whatever its name says" * 50)
    with pytest.raises(ValueError, match="junk"):
        bench.run(Step("connect", "shop", value="junk.db"))


def test_a_connection_nobody_opened_names_those_that_are(bench, shop):
    bench.run(Step("connect", "shop", value="shop.db"))
    with pytest.raises(EngineError, match="shpo") as raised:
        bench.run(
            Step("ingest", "read", "sql", value="SELECT 1", params={"connection": "shpo"}, outputs={"d": "r"})
        )
    assert "shop" in raised.value.help


def test_the_output_of_a_connect_step_can_be_waited_for(bench, shop):
    bench.run(Step("connect", "shop", value="shop.db", outputs={"c": "opened"}))
    step = Step(
        "ingest", "read", "sql", value="SELECT id FROM orders", params={"connection": "shop"},
        inputs={"after": "opened"}, outputs={"d": "raw"},
    )  # fmt: skip
    bench.run(step)
    assert bench.frame("raw") == {"id": [1, 2, 3]}


# -- transform ----------------------------------------------------------------------------------------


def test_transform_snapshots_before_and_after(bench):
    bench.data_map["x"] = bench.context.adopt(pd.DataFrame({"a": [1, 2, 3]}))
    step = Step(
        name="s", type="sql", value="SELECT a, a * 2 AS b FROM data WHERE a > 1",
        inputs={"data": "x"}, outputs={"data": "y"},
    )  # fmt: skip
    snapshots = []
    bench.events.on("snapshot", lambda step, snapshot: snapshots.append((step.name, snapshot.name)))
    bench.run(step)
    assert bench.frame("y") == {"a": [2, 3], "b": [4, 6]}
    execution = bench.execution("s")
    assert (execution.before_snapshot.row_count, execution.after_snapshot.row_count) == (3, 2)
    assert execution.schema_diff["added_columns"] == ["b"]
    assert snapshots == [("s", "before"), ("s", "after")]


def test_sql_joins_its_inputs_by_their_local_names(bench):
    bench.data_map["orders"] = bench.context.adopt(pd.DataFrame({"id": [1, 2], "who": [7, 8]}))
    bench.data_map["people"] = bench.context.adopt(pd.DataFrame({"id": [7, 8], "name": ["a", "b"]}))
    step = Step(
        name="s", type="sql", inputs={"o": "orders", "Order By": "people"}, outputs={"data": "y"},
        value='SELECT o.id, p.name FROM o JOIN "Order By" p ON o.who = p.id ORDER BY o.id',
    )  # fmt: skip
    bench.run(step)
    assert bench.frame("y") == {"id": [1, 2], "name": ["a", "b"]}


def test_a_frame_of_another_engine_is_taken_over(bench):
    import pyarrow as pa

    bench.data_map["x"] = pa.table({"a": [1, 2]})
    bench.run(
        Step(
            name="s",
            type="sql",
            value="SELECT sum(a) AS s FROM data",
            inputs={"data": "x"},
            outputs={"d": "y"},
        )
    )
    assert bench.frame("y") == {"s": [3]}


def test_a_function_gets_inputs_params_context_and_step(bench):
    seen = {}

    @odibi_function("test_all_of_it")
    def all_of_it(left, right, factor, context, step):
        seen.update(factor=factor, engine=context.name, step=step.name)
        return {"one": left, "two": right}

    bench.data_map["a"] = bench.context.adopt(pd.DataFrame({"v": [1]}))
    bench.data_map["b"] = bench.context.adopt(pd.DataFrame({"v": [2]}))
    step = Step(
        name="s", type="function", value="test_all_of_it", params={"factor": 3},
        inputs={"left": "a", "right": "b"}, outputs={"two": "second", "one": "first"},
    )  # fmt: skip
    bench.run(step)
    assert seen == {"factor": 3, "engine": bench.context.name, "step": "s"}
    assert (bench.frame("first"), bench.frame("second")) == ({"v": [1]}, {"v": [2]})


def test_of_what_is_returned_only_the_declared_outputs_are_merged(bench):
    @odibi_function("test_more")
    def more():
        return {"wanted": [{"v": 1}], "other": [{"v": 2}]}

    bench.run(Step(name="s", type="function", value="test_more", outputs={"wanted": "w"}))
    assert set(bench.data_map) == {"w"}


def test_a_function_that_returns_no_frame_says_so(bench):
    @odibi_function("test_no_frame")
    def no_frame():
        return 42

    with pytest.raises(StepOptionError, match="of type int"):
        bench.run(Step(name="s", type="function", value="test_no_frame", outputs={"d": "y"}))


def test_a_function_that_is_not_there_says_what_was_tried(bench):
    with pytest.raises(FunctionNotFoundError, match="test_no_such"):
        bench.run(Step(name="s", type="function", value="test_no_such", outputs={"d": "y"}))


def test_a_step_without_operations_passes_its_input_through(bench):
    frame = bench.data_map["x"] = bench.context.adopt(pd.DataFrame({"a": [1]}))
    bench.run(Step(name="s", inputs={"data": "x"}, outputs={"data": "y"}))
    assert bench.data_map["y"] is frame


# -- store and publish --------------------------------------------------------------------------------


@pytest.mark.parametrize("layer", ["store", "publish"])
def test_store_and_publish_snapshot_before_and_write_a_file(bench, tmp_path, layer):
    bench.data_map["x"] = bench.context.adopt(pd.DataFrame({"a": [1, 2]}))
    bench.run(Step(layer, "write", value="deep/er/out.csv", inputs={"data": "x"}))
    assert (tmp_path / "deep" / "er" / "out.csv").read_text() == "a\n1\n2\n"
    execution = bench.execution("write")
    assert execution.before_snapshot.row_count == 2
    assert execution.after_snapshot is None


def test_mode_decides_what_becomes_of_an_existing_target(bench, tmp_path):
    bench.data_map["x"] = bench.context.adopt(pd.DataFrame({"a": [1]}))
    target = tmp_path / "out.csv"
    for mode, text in (("overwrite", "a\n1\n"), ("append", "a\n1\n1\n")):
        bench.run(Step("store", "write", value="out.csv", params={"mode": mode}, inputs={"data": "x"}))
        assert target.read_text() == text
    with pytest.raises(TargetExistsError):
        bench.run(Step("store", "write", value="out.csv", params={"mode": "error"}, inputs={"data": "x"}))


@pytest.mark.parametrize("layer", ["store", "publish"])
def test_store_and_publish_write_a_table(bench, shop, layer):
    bench.run(Step("connect", "shop", value="shop.db"))
    bench.data_map["x"] = bench.context.adopt(pd.DataFrame({"a": [1, 2]}))
    bench.run(
        Step(layer, "write", "sql", value="totals", params={"connection": "shop"}, inputs={"data": "x"})
    )
    params = {"connection": "shop", "table": "others"}
    bench.run(Step(layer, "write2", params=params, inputs={"data": "x"}))
    with sqlite3.connect(shop) as database:
        assert database.execute("SELECT a FROM totals").fetchall() == [(1,), (2,)]
        assert database.execute("SELECT a FROM others").fetchall() == [(1,), (2,)]


def test_a_store_may_call_a_function(bench):
    written = []

    @odibi_function("test_sink")
    def sink(data, where):
        written.append((where, len(data)))

    bench.data_map["x"] = bench.context.adopt(pd.DataFrame({"a": [1, 2]}))
    bench.run(
        Step("store", "write", "function", value="test_sink", params={"where": "there"}, inputs={"data": "x"})
    )
    assert written == [("there", 2)]


def test_the_output_of_a_store_is_what_it_wrote(bench):
    frame = bench.data_map["x"] = bench.context.adopt(pd.DataFrame({"a": [1]}))
    bench.run(Step("store", "write", value="out.csv", inputs={"data": "x"}, outputs={"data": "written"}))
    assert bench.data_map["written"] is frame


def test_a_store_takes_one_input(bench):
    bench.data_map["x"] = bench.context.adopt(pd.DataFrame({"a": [1]}))
    for inputs in ({}, {"a": "x", "b": "x"}):
        with pytest.raises(StepOptionError, match="takes one input"):
            bench.run(Step("store", "write", value="out.csv", inputs=inputs))


def test_the_size_of_a_lazy_frame_is_filled_in_when_it_is_known(bench, monkeypatch):
    known = {"rows": None}
    monkeypatch.setattr(type(bench.context), "row_count", lambda self, frame: known["rows"])
    bench.run(Step("ingest", "read", "sql", value="SELECT 1 AS a", outputs={"data": "x"}))
    assert bench.execution("read").after_snapshot.row_count is None
    known["rows"] = 1
    bench.run(Step(name="s", inputs={"data": "x"}, outputs={"data": "y"}))
    assert bench.execution("read").after_snapshot.row_count == 1
    assert bench.execution("s").before_snapshot.row_count == 1


def test_a_step_run_again_shows_its_new_result(bench):
    for rows in (1, 3):
        query = f"SELECT range AS a FROM range({rows})"
        bench.run(Step("ingest", "read", "sql", value=query, outputs={"one": "x", "two": "y"}))
        bench.run(Step(name="use", inputs={"data": "y"}, outputs={"data": "z"}))
        assert bench.execution("use").before_snapshot.row_count == rows
