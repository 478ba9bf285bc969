"""What each rule says, and what it leaves alone: unknown is not wrong, no finding follows from another."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from odibi_core.checks import check, check_steps
from odibi_core.config import read_document
from odibi_core.core.node import Step
from odibi_core.diagnostics import Diagnostic

READ = {
    "layer": "ingest",
    "name": "read",
    "type": "sql",
    "value": "SELECT 1 AS id",
    "outputs": {"data": "raw"},
}


def findings(*steps: Any, base_dir: Path | None = None, cwd: Path | None = None) -> tuple[Diagnostic, ...]:
    document = read_document("x.json", text=json.dumps(steps, indent=1))
    given = {"environ": {"X": "x"}, "variables": {"name": "n", "mode": "append", "dir": "."}}
    return check(document, base_dir=base_dir, cwd=cwd, data=False, **given)


def codes(*steps: Any, **options: Any) -> list[str]:
    return [found.code for found in findings(*steps, **options)]


def mended(found: Diagnostic, *steps: Any) -> list[dict[str, Any]]:
    assert found.fix is not None
    text = json.dumps(steps, indent=1)
    mended_: list[dict[str, Any]] = json.loads(
        text[: found.fix.start] + found.fix.text + text[found.fix.end :]
    )
    return mended_


def transform(
    name: str, needs: str | None = "raw", output: str | None = None, **fields: Any
) -> dict[str, Any]:
    step: dict[str, Any] = {"layer": "transform", "name": name, "type": "sql", "value": "SELECT * FROM data"}
    if needs:
        step["inputs"] = {"data": needs}
    return step | {"outputs": {"data": output or name}} | fields


# -- names and links ---------------------------------------------------------------------------------


def test_a_sound_pipeline_has_no_findings() -> None:
    assert findings(READ, transform("clean")) == ()


@pytest.mark.parametrize(("field", "written", "meant"), [
    ("layer", "Transform", "transform"), ("type", "SQL", "sql"), ("engine", "Pandas", "pandas"),
    ("layer", "trasnform", "transform"), ("engine", "duckbd", "duckdb"),
])  # fmt: skip
def test_a_misspelled_name_has_a_safe_fix(field: str, written: str, meant: str) -> None:
    steps = (READ, transform("clean", **{field: written}))
    (found,) = findings(*steps)
    assert found.suggestion == meant
    assert found.fix is not None and found.fix.applicability == "safe"
    assert mended(found, *steps)[1][field] == meant


def test_a_name_that_is_like_none_has_no_fix() -> None:
    (found,) = findings(READ, transform("clean", engine="postgres"))
    assert (found.suggestion, found.fix) == (None, None)
    assert found.help == "write pandas, spark or duckdb"


def test_a_guess_is_an_unsafe_fix() -> None:
    (found,) = findings(READ, transform("clean", type="sequel"))
    assert found.suggestion == "sql"
    assert found.fix is not None and found.fix.applicability == "unsafe"


def test_three_steps_of_one_name_are_two_findings_that_point_at_the_first() -> None:
    found = findings(*(transform("a", None, output=f"k{n}") for n in range(3)))
    assert [diagnostic.code for diagnostic in found] == ["ODB201", "ODB201"]
    assert {diagnostic.related[0].span.line for diagnostic in found if diagnostic.related[0].span} == {4}


def test_one_key_twice_in_one_step() -> None:
    (found,) = findings(READ | {"outputs": {"a": "x", "b": "x"}})
    assert (found.code, found.field) == ("ODB202", "outputs.b")


def test_an_input_that_is_a_steps_name_is_explained() -> None:
    (found,) = findings(READ, transform("clean", "read"))
    assert found.help in ("`read` is a step; an input is the key that a step outputs", "`read` outputs `raw`")


def test_an_undefined_input_with_quotes_and_escapes_is_mended_in_place() -> None:
    steps = (READ | {"outputs": {"data": 'ra"w\n'}}, transform("clean", 'ra"v\n'))
    (found,) = findings(*steps)
    assert mended(found, *steps)[1]["inputs"]["data"] == 'ra"w\n'


def test_every_step_of_a_cycle_is_a_related_place() -> None:
    (found,) = findings(transform("a", "c"), transform("b", "a"), transform("c", "b"))
    assert found.message == "steps need each other in a cycle: a → b → c → a"
    assert [related.step for related in found.related] == ["b", "c"]
    assert found.field == "inputs.data"


def test_a_cycle_of_a_thousand_steps_is_one_finding_whose_text_can_be_read() -> None:
    (found,) = findings(*(transform(f"s{n}", f"s{(n - 1) % 1000}") for n in range(1000)))
    assert found.code == "ODB204"
    assert "… 981 more …" in found.message
    assert len(found.related) == 999


def test_a_connection_that_no_connect_step_opens() -> None:
    connect = {"layer": "connect", "name": "warehouse", "value": "x.db"}
    read = {
        "layer": "ingest",
        "name": "read",
        "params": {"connection": "warehous", "table": "t"},
        "outputs": {"d": "x"},
    }
    (found,) = findings(connect, read)
    assert (found.code, found.suggestion) == ("ODB205", "warehouse")
    assert mended(found, connect, read)[1]["params"]["connection"] == "warehouse"
    right = read | {"params": {"connection": "warehouse", "table": "t"}}
    assert codes(connect, right) == []
    assert codes(connect, read | {"params": {"connection": "${var:name}", "table": "t"}}) == []


def test_a_connection_named_like_a_step_of_another_layer_is_explained() -> None:
    other = transform("other", None) | {"params": {"connection": "read"}}
    (found,) = findings(READ, other)
    assert found.help == "`read` is a step of the layer ingest; a connect step opens connections"


# -- nothing follows from something else -------------------------------------------------------------


@pytest.mark.parametrize("outputs", ["raw", ["raw"], {"data": ["raw"]}])
def test_outputs_of_the_wrong_type_leave_no_input_undefined(outputs: Any) -> None:
    assert codes(READ | {"outputs": outputs}, transform("clean")) == ["ODB122"]


def test_a_misspelled_outputs_leaves_no_input_undefined() -> None:
    read = {key: value for key, value in READ.items() if key != "outputs"} | {"output": {"data": "raw"}}
    assert codes(read, transform("clean")) == ["ODB124"]


def test_a_step_without_a_name_still_outputs() -> None:
    read = {key: value for key, value in READ.items() if key != "name"}
    assert codes(read, transform("clean")) == ["ODB121"]


@pytest.mark.parametrize(("field", "value"), [("value", 5), ("params", []), ("inputs", "raw")])
def test_a_field_of_the_wrong_type_is_not_missing_too(field: str, value: Any) -> None:
    store = {"layer": "store", "name": "write", "value": "out.csv", "inputs": {"data": "raw"}} | {
        field: value
    }
    assert codes(READ, store) == ["ODB122"]


def test_text_that_does_not_parse_leaves_no_input_undefined_and_the_rest_is_checked() -> None:
    text = '[{"name": "read", "layer": "ingest" "outputs": {"d": "raw"},\n '
    text += '{"name": "b", "layer": "ingset", "inputs": {"d": "x"}}]'
    found = check(read_document("x.json", text=text))
    assert [diagnostic.code for diagnostic in found] == ["ODB101", "ODB101", "ODB126"]


def test_a_step_that_a_filter_leaves_out_is_named(tmp_path: Path) -> None:
    text = "StepName,Layer,StepType,Value,Inputs,Outputs,enabled\n"
    text += 'read,ingest,sql,SELECT 1,,"{""d"": ""raw""}",0\n'
    text += 'clean,transform,sql,SELECT 1,"{""d"": ""raw""}","{""d"": ""c""}",1\n'
    (found,) = check(read_document("x.csv", text=text))
    assert (found.code, found.help) == ("ODB203", "`read` outputs it, but is left out of this run")


def test_an_empty_array_has_no_steps_and_a_damaged_text_only_its_damage() -> None:
    assert codes() == ["ODB206"]
    assert [found.code for found in check(read_document("x.json", text="[1]"))] == ["ODB120"]


def test_steps_built_by_hand_have_no_place() -> None:
    (found,) = check_steps([Step("ingset", "a", "sql", "duckdb", "SELECT 1", outputs={"d": "x"})])
    assert (found.code, found.span, found.fix) == ("ODB126", None, None)
    assert [found.code for found in check_steps([])] == ["ODB206"]


# -- needs -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"layer": "ingest"}, ["ODB130"]),
        ({"layer": "ingest", "value": " \n"}, ["ODB130"]),
        ({"layer": "ingest", "type": "sql", "params": {"table": "t"}}, ["ODB130"]),
        ({"layer": "ingest", "type": "function"}, ["ODB130"]),
        ({"layer": "ingest", "type": "api"}, ["ODB130"]),
        ({"layer": "ingest", "params": {"connection_string": "sqlite://", "table": "t"}}, []),
        ({"layer": "ingest", "params": {"connection_string": "sqlite://"}}, ["ODB130"]),
        ({"layer": "transform", "type": "sql", "inputs": {"d": "raw"}}, ["ODB130"]),
        ({"layer": "transform", "type": "function"}, ["ODB130"]),
        ({"layer": "transform", "type": "config_op", "inputs": {"d": "raw"}}, []),
        ({"layer": "transform", "type": "config_op"}, ["ODB131"]),
        ({"layer": "transform", "type": "config_op", "inputs": {"d": "raw", "e": "raw"}}, ["ODB133"]),
        ({"layer": "transform", "type": "sql", "value": "SELECT 1"}, []),
        ({"layer": "connect"}, ["ODB130"]),
        ({"layer": "connect", "params": {"driver": "sqlite"}}, []),
        ({"layer": "store", "value": "x.csv"}, ["ODB131"]),
        ({"layer": "store", "inputs": {"d": "raw"}}, ["ODB130"]),
        ({"layer": "store", "inputs": {"d": "raw"}, "params": {"table": "t"}}, []),
        ({"layer": "publish", "inputs": {"d": "raw"}, "value": "https://x.org/in"}, []),
        ({"layer": "publish", "inputs": {"d": "raw", "e": "raw"}, "value": "x.csv"}, ["ODB133"]),
    ],
)
def test_what_a_step_of_a_layer_and_type_needs(fields: dict[str, Any], expected: list[str]) -> None:
    outputs = {"outputs": {"data": "x"}} if fields["layer"] in ("ingest", "transform") else {}
    found = codes(READ, {"name": "it"} | fields | outputs)
    assert [code for code in found if code not in ("ODB207", "ODB209")] == expected


def test_what_a_connect_step_outputs_is_no_data() -> None:
    connect = {"layer": "connect", "name": "warehouse", "value": "x.db", "outputs": {"c": "ready"}}
    store = {"layer": "store", "name": "w", "value": "x.csv", "inputs": {"data": "raw", "after": "ready"}}
    assert codes(READ, connect, store) == []


def test_a_result_that_goes_nowhere_is_a_warning() -> None:
    (found,) = findings({key: value for key, value in READ.items() if key != "outputs"})
    assert (found.code, found.severity) == ("ODB132", "warning")


# -- options and placeholders ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "right"),
    [
        ("timeout", 30, True), ("timeout", 0.5, True), ("timeout", 0, False), ("timeout", -1, False),
        ("timeout", "30", False), ("timeout", True, False), ("timeout", None, True), ("retries", 3, True),
        ("retries", 0, True), ("retries", 1.5, False), ("retries", 2.0, True), ("retries", -1, False),
        ("max_retries", "many", False), ("retry_delay", 0, True), ("retry_delay", [1], False),
        ("isolate", True, True), ("isolate", "yes", False), ("owner", "sales", True),
    ],
)  # fmt: skip
def test_options_of_every_step(name: str, value: Any, right: bool) -> None:
    for field in ("metadata", "params"):
        found = findings(READ, transform("clean", **{field: {name: value}}))
        assert [diagnostic.code for diagnostic in found] == ([] if right else ["ODB402"])
        assert right or found[0].field == f"{field}.{name}"


def test_what_a_function_calls_retries_is_its_own_affair() -> None:
    step = transform("clean", type="function", value="f", params={"retries": "many"})
    assert codes(READ, step) == []


@pytest.mark.parametrize(("mode", "params", "meant"), [
    ("overwrite", {}, None), ("append", {}, None), ("error", {}, None), ("${var:mode}", {}, None),
    ("replace", {"connection_string": "sqlite://"}, None), ("replace", {}, "overwrite"),
    ("w", {}, "overwrite"),
    ("Append", {}, "append"), ("fail", {}, "error"),
])  # fmt: skip
def test_modes_of_a_store_step(mode: str, params: dict[str, Any], meant: str | None) -> None:
    store = {
        "layer": "store",
        "name": "w",
        "value": "x.csv",
        "inputs": {"d": "raw"},
        "params": {"mode": mode} | params,
    }
    found = findings(READ, store)
    assert [diagnostic.suggestion for diagnostic in found] == ([] if meant is None else [meant])


@pytest.mark.parametrize(("text", "wrong"), [
    ("${env:X}", None), ("$${env: X}", None), ("${x}", None), ("$1", None), ("${env: X}", "${env: X}"),
    ("a ${vars:x} b", "${vars:x}"), ("${ENV:X}", "${ENV:X}"), ("${var.x}", "${var.x}"),
    ("${env:X", "${env:X"),
])  # fmt: skip
def test_what_looks_like_a_placeholder(text: str, wrong: str | None) -> None:
    steps = (READ, transform("clean", params={"deep": [{"x": text}]}))
    found = findings(*steps)
    assert [diagnostic.code for diagnostic in found] == ([] if wrong is None else ["ODB601"])
    if wrong is not None:
        span = found[0].span
        assert found[0].field == "params.deep.0.x"
        assert span is not None
        assert json.dumps(steps, indent=1)[span.start : span.end] == wrong


# -- sources -----------------------------------------------------------------------------------------


def ingest(value: str, **params: Any) -> dict[str, Any]:
    return {"layer": "ingest", "name": "read", "value": value, "params": params, "outputs": {"d": "x"}}


def test_a_missing_file_is_told_and_one_that_is_there_is_not(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").touch()
    (tmp_path / "parts").mkdir()
    assert codes(ingest("orders.csv"), base_dir=tmp_path) == []
    assert codes(ingest("parts"), base_dir=tmp_path) == []
    assert codes(ingest(str(tmp_path / "orders.csv")), base_dir=Path("/")) == []
    (found,) = findings(ingest("ordes.csv"), base_dir=tmp_path)
    assert (found.code, found.suggestion) == ("ODB401", "orders.csv")
    assert found.fix is not None and found.fix.applicability == "unsafe"


def test_a_file_that_is_in_the_current_directory_suggests_it_as_base_dir(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "orders.csv").touch()
    (found,) = findings(ingest("orders.csv"), base_dir=tmp_path / "here", cwd=tmp_path)
    assert found.help == "it exists in the current directory: use --base-dir ."


@pytest.mark.parametrize("value", [
    "data/*.csv", "data/[ab].csv", "s3://bucket/x.csv", "https://x.org/x.csv", "hdfs:/x", "${var:dir}/x.csv",
])  # fmt: skip
def test_what_cannot_be_known_is_not_missing(value: str, tmp_path: Path) -> None:
    assert codes(ingest(value), base_dir=tmp_path) == []


def test_what_is_read_over_a_connection_is_no_file(tmp_path: Path) -> None:
    assert codes(ingest("orders", connection_string="sqlite://"), base_dir=tmp_path) == []
    assert codes(ingest("http://x") | {"type": "api"}, base_dir=tmp_path) == []


def test_a_file_that_an_earlier_step_writes_is_not_missing(tmp_path: Path) -> None:
    store = {"layer": "store", "name": "w", "value": "out/../out/x.csv", "inputs": {"d": "raw"}}
    again = ingest("out/x.csv") | {"name": "again"}
    assert "ODB401" not in codes(READ, store, again, base_dir=tmp_path)
    assert "ODB401" in codes(READ, again, store, base_dir=tmp_path)
    parts = store | {"value": "parts"}
    assert "ODB401" not in codes(READ, parts, again | {"value": "parts/1.csv"}, base_dir=tmp_path)


def test_odd_file_names_are_no_accident(tmp_path: Path) -> None:
    assert codes(ingest("a\0b.csv"), base_dir=tmp_path) == ["ODB401"]
    assert codes(ingest("x" * 5000 + ".csv"), base_dir=tmp_path) in ([], ["ODB401"])


def test_a_query_where_a_file_belongs_is_explained(tmp_path: Path) -> None:
    (found,) = findings(ingest("SELECT id FROM orders"), base_dir=tmp_path)
    assert found.help == "a query needs `type` sql, or a `connection` in `params`"


def test_a_null_character_in_a_directory_of_a_source_is_a_missing_file(tmp_path: Path) -> None:
    text = '[{"name": "read", "layer": "ingest", "value": "d\\u0000a/orders.csv", "outputs": {"data": "a"}}]'
    found = check(read_document(tmp_path / "p.json", text=text), data=False)
    assert "ODB401" in {diagnostic.code for diagnostic in found}


def test_a_url_with_a_bracket_in_its_host_is_told(tmp_path: Path) -> None:
    for value, params in (
        ("postgre://re]ader@h/shop", {"table": "t"}),
        ("https://a]b/x.csv", {"format": "csv"}),
    ):
        steps = [
            {"layer": "ingest", "name": "read", "value": value, "params": params, "outputs": {"data": "a"}},
            {"layer": "store", "name": "write", "value": value, "params": params, "inputs": {"data": "a"}},
        ]
        assert check(read_document(tmp_path / "p.json", text=json.dumps(steps)))


def test_a_number_that_no_float_holds_is_no_number(tmp_path: Path) -> None:
    huge = 10**400
    for name in ("timeout", "retries", "retry_delay"):
        steps = [
            {
                "layer": "ingest", "name": "read", "type": "sql", "value": "SELECT 1",
                "outputs": {"data": "a"},
                "metadata": {name: huge, "expect": [{"row_count": {"min": huge}}]},
            },
        ]  # fmt: skip
        found = check(read_document(tmp_path / "p.json", text=json.dumps(steps)), data=False)
        assert {f"metadata.{name}", "metadata.expect.0.row_count.min"} <= {one.field for one in found}
