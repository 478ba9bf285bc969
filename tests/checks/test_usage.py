"""Rules about the graph beyond its links, variables, secrets and ignores: what they say and leave alone."""

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


def findings(*steps: Any, **options: Any) -> tuple[Diagnostic, ...]:
    document = read_document("x.json", text=json.dumps(steps, indent=1))
    return check(document, **{"data": False, "environ": {}, **options})


def codes(*steps: Any, **options: Any) -> list[str]:
    return [found.code for found in findings(*steps, **options)]


def store(name: str, value: str, needs: str = "raw", **fields: Any) -> dict[str, Any]:
    return {"layer": "store", "name": name, "value": value, "inputs": {"data": needs}} | fields


def sql(name: str, needs: str = "raw", output: str | None = None, **fields: Any) -> dict[str, Any]:
    step = {"name": name, "type": "sql", "value": "SELECT * FROM data", "inputs": {"data": needs}}
    return step | {"outputs": {"data": output or name}} | fields


# -- what is for nothing -----------------------------------------------------------------------------


def test_only_the_end_of_a_chain_that_leads_nowhere_is_told() -> None:
    found = findings(READ, store("w", "x.csv"), sql("a"), sql("b", "a"), sql("c", "b"))
    assert [(one.code, one.step) for one in found] == [("ODB207", "c")]


@pytest.mark.parametrize("steps", [
    [READ, sql("a")],  # nothing is stored: the data is looked at
    [READ, store("w", "x.csv", "rwa"), sql("a")],  # the misspelled input may be the one
    [READ, {"layer": "store", "name": "w", "value": "x.csv"}, sql("a")],  # the input is not written yet
    [READ, store("w", "x.csv"), sql("a", metadata={"expect": [{"not_null": "id"}]})],
    [READ, store("w", "x.csv", outputs={"done": "written"})],
    [READ, store("w", "x.csv"), sql("a"), {"name": "b", "inputs": ["a"]}],
])  # fmt: skip
def test_outputs_that_may_be_meant_are_left_alone(steps: list[Any]) -> None:
    assert "ODB207" not in codes(*steps)


def test_a_step_left_out_may_use_what_another_makes(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(
        "StepName,Layer,StepType,Value,Inputs,Outputs,enabled\n"
        'read,ingest,sql,SELECT 1,,"{""d"": ""raw""}",1\n'
        'a,transform,sql,SELECT 1,"{""d"": ""raw""}","{""d"": ""a""}",1\n'
        'w,store,,x.csv,"{""d"": ""raw""}",,1\n'
        'v,store,,y.csv,"{""d"": ""a""}",,0\n'
    )
    assert check(read_document(tmp_path / "x.csv"), data=False) == ()


def test_a_connection_used_by_a_placeholder_or_a_function_is_left_alone() -> None:
    connect = {"layer": "connect", "name": "db", "value": "${env:URL}"}
    environ = {"URL": "u", "DB": "db"}
    assert codes(connect, READ, environ=environ) == ["ODB209"]
    reader = {
        "layer": "ingest",
        "name": "r2",
        "params": {"connection": "${env:DB}", "table": "t"},
        "outputs": {"d": "x"},
    }
    assert codes(connect, READ, reader, environ=environ) == []
    function = {"layer": "ingest", "name": "f", "type": "function", "value": "m.f", "outputs": {"d": "x"}}
    assert codes(connect, READ, function, environ=environ) == []
    waiting = sql("a", inputs={"data": "raw", "after": "ready"})
    assert codes(connect | {"outputs": {"c": "ready"}}, READ, waiting, environ=environ) == []


def test_only_the_first_step_behind_a_cycle_is_told_and_as_a_note() -> None:
    found = findings(sql("a", "b"), sql("b", "a"), sql("c", "a"), sql("d", "c"))
    assert [(one.code, one.step, one.severity) for one in found] == [
        ("ODB204", "a", "error"), ("ODB208", "c", "info"),
    ]  # fmt: skip


def test_every_cycle_through_the_same_steps_is_told() -> None:
    steps = [
        sql(f"s{n}", inputs={f"i{m}": f"s{m}" for m in range(4) if m != n}) for n in range(4)
    ]  # fmt: skip
    found = [one.message for one in findings(*steps) if one.code == "ODB204"]
    assert len(set(found)) == len(found) == 20  # of 2, 3 and 4 steps: 6 + 8 + 6


def test_more_cycles_than_anyone_could_read_are_bounded() -> None:
    steps = [sql(f"s{n}", inputs={f"i{m}": f"s{m}" for m in range(40)}) for n in range(40)]
    found = [one for one in findings(*steps) if one.code == "ODB204"]
    assert 0 < len(found) <= 50


def test_a_misspelled_input_is_mended_for_certain_only_where_one_key_is_as_near() -> None:
    def applied(key: str, *outputs: str) -> str:
        reads = [READ | {"name": name, "outputs": {"data": name}} for name in outputs]
        (found,) = [one for one in findings(*reads, sql("a", key)) if one.code == "ODB203"]
        assert found.fix is not None
        return found.fix.applicability

    assert applied("orders_1x", "orders_1") == "safe"
    assert applied("orders_3", "orders_1", "orders_2") == "unsafe"
    assert applied("ordres_of_2025", "orders_of_2024") == "unsafe"


# -- targets -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("one", "other"), [
    ("out/x.csv", "./out/x.csv"), ("out/x.csv", "out/sub/../x.csv"), ("out/x.csv", "out//x.csv"),
    ("${var:d}/x.csv", "${var:d}/./x.csv"), ("s3://b/x.csv", "s3://b/x.csv"),
])  # fmt: skip
def test_two_writes_of_one_file_are_told_however_it_is_written(one: str, other: str) -> None:
    found = findings(READ, store("a", one), store("b", other), variables={"d": "."})
    assert [(x.code, x.step, x.field) for x in found] == [("ODB210", "b", "value")]
    assert found[0].related[0].step == "a"


def test_a_file_named_absolutely_is_the_same(tmp_path: Path) -> None:
    found = codes(READ, store("a", "x.csv"), store("b", str(tmp_path / "x.csv")), base_dir=tmp_path)
    assert found == ["ODB210"]


@pytest.mark.parametrize(("one", "other"), [
    ({"mode": "append"}, {"mode": "append"}), ({}, {"mode": "append"}), ({}, {"mode": "${var:mode}"}),
])  # fmt: skip
def test_writes_in_order_that_keep_each_other_are_left_alone(one: Any, other: Any) -> None:
    first = store("a", "x.csv", params=one, outputs={"d": "done"})
    second = store("b", "x.csv", params=other, inputs={"data": "raw", "after": "done"})
    assert "ODB210" not in codes(READ, first, second, variables={"mode": "append"})


def test_appending_side_by_side_is_told_for_files_alone() -> None:
    append = {"params": {"mode": "append"}}
    assert codes(READ, store("a", "x.csv", **append), store("b", "x.csv", **append)) == ["ODB210"]
    table = {"params": {"mode": "append", "connection_string": "postgresql://db/x", "table": "t"}}
    assert codes(READ, store("a", "", **table), store("b", "", **table)) == []


def test_tables_are_told_apart_by_connection_and_schema() -> None:
    def write(name: str, **params: str) -> dict[str, Any]:
        return store(name, "", params={"table": "T", "connection_string": "postgresql://db/x"} | params)

    assert codes(READ, write("a"), write("b", table="t")) == ["ODB210"]
    assert codes(READ, write("a"), write("b", schema="other")) == []
    assert codes(READ, write("a"), write("b", connection_string="postgresql://db/y")) == []


def test_a_table_is_the_same_through_a_connection_and_through_its_file() -> None:
    connect = {"layer": "connect", "name": "db", "value": "data/x.db", "params": {"create": True}}
    one = store("a", "", params={"connection": "db", "table": "t"})
    other = store("b", "./data/x.db", params={"table": "T"})
    assert codes(connect, READ, one, other) == ["ODB210"]
    assert codes(connect, READ, one, other | {"value": "./data/y.db"}) == []


def test_tables_are_the_same_by_whichever_spelling_they_are_named() -> None:
    connect = {"layer": "connect", "name": "db", "value": "data/x.db", "params": {"create": True}}
    one = store("a", "", params={"connection": "db", "table": "t"})
    other = store("b", "", params={"connection": "db", "table_name": "T"})
    found = findings(connect, READ, one, other)
    assert [(x.code, x.step, x.field) for x in found] == [("ODB210", "b", "params.table_name")]
    first = one | {"outputs": {"d": "done"}}
    later = store(
        "b", "", params=other["params"] | {"if_exists": "fail"}, inputs={"data": "raw", "after": "done"}
    )
    (told,) = [found for found in findings(connect, READ, first, later) if found.code == "ODB210"]
    assert told.help == "its `if_exists` is fail, which refuses what exists: write elsewhere"


@pytest.mark.parametrize("value", ["out/x.csv", "./out/x.csv", "out/*.csv", "out/", "out"])
def test_a_read_that_does_not_wait_is_told(value: str, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "x.csv").write_text("id\n1\n")
    back = {"layer": "ingest", "name": "back", "value": value, "outputs": {"d": "again"}}
    steps = [READ, store("w", "out/x.csv", outputs={"d": "done"}), back, store("v", "y.csv", "again")]
    found = findings(*steps, base_dir=tmp_path)
    assert [(x.code, x.step) for x in found] == [("ODB211", "back")]
    steps[2] = back | {"inputs": {"after": "done"}}
    assert codes(*steps, base_dir=tmp_path) == []


def test_a_pipeline_that_writes_anew_what_it_read_is_ordered(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("id\n1\n")
    read = {"layer": "ingest", "name": "read", "value": "x.csv", "outputs": {"data": "raw"}}
    assert "ODB211" not in codes(read, sql("a"), store("w", "x.csv", "a"), base_dir=tmp_path)


# -- variables ---------------------------------------------------------------------------------------


def test_placeholders_are_told_at_their_place_wherever_they_are_filled_in() -> None:
    step = READ | {
        "value": "SELECT '${env:A}', ${ident:b}\n-- ${var:c}",
        "params": {"x": [{"y": "z${var:d}"}]},
    }
    text = json.dumps([step], indent=1)
    found = check(read_document("x.json", text=text), data=False, environ={}, variables={})
    assert [text[x.span.start : x.span.end] for x in found if x.span] == [
        "${env:A}",
        "${ident:b}",
        "${var:d}",
    ]
    assert [x.field for x in found] == ["value", "value", "params.x.0.y"]


def test_what_only_looks_like_a_placeholder_is_an_error_where_sql_stands() -> None:
    query = "SELECT ${var: a}, '${var: b}' -- ${var: c}\n/* ${d} */, ${e}, $1, '${f}'"
    text = json.dumps([READ | {"value": query}])
    found = check(read_document("x.json", text=text), data=False)
    assert [(one.code, text[one.span.start : one.span.end]) for one in found if one.span] == [
        ("ODB606", "${var: a}"), ("ODB601", "${var: b}"), ("ODB606", "${e}"),
    ]  # fmt: skip
    assert [one.fix.applicability for one in found if one.fix] == ["safe", "safe", "unsafe"]


def test_what_is_never_filled_in_needs_no_value() -> None:
    step = sql("a", type="config_op", value="${env:A}", metadata={"note": "${env:B}"})
    assert [code for code in codes(READ, step) if code.startswith("ODB6")] == []


def test_names_of_the_environment_are_told_only_where_they_were_nearly_written() -> None:
    def helped(name: str) -> str | None:
        step = READ | {"value": f"SELECT '${{env:{name}}}'"}
        (found,) = findings(step, environ={"DB_PASSWORD": "geheim"})
        assert "geheim" not in str(found)
        return found.suggestion

    assert helped("DB_PASSWORT") == "DB_PASSWORD"
    assert helped("DB_PASS") is None


def test_steps_built_by_hand_need_no_environment() -> None:
    assert (
        check_steps([Step("ingest", "a", "sql", value="SELECT '${env:NOWHERE}'", outputs={"d": "x"})]) == ()
    )


# -- secrets -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("params", [
    {"password": "x"}, {"Password": "x"}, {"db_password": "x"}, {"dbPassword": "x"}, {"api_key": "x"},
    {"headers": {"Authorization": "Basic dXNlcjpwYXNz"}}, {"headers": {"X-API-Key": "0123"}},
    {"token": "0123456789"}, {"auth": {"client_secret": "x"}},
    {"storage_options": {"account_key": "0123456789"}},
    {"url": "postgresql://u:pw@h/d"}, {"dsn": "host=h password=pw"},
    {"anything": "-----BEGIN RSA PRIVATE KEY-----\nMIIE"}, {"anything": "AKIAABCDEFGHIJKLMNOP"},
    {"anything": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl"},
    {"anything": "https://x.org/?api_key=0123456"},
])  # fmt: skip
def test_a_secret_in_params_is_told_and_not_shown(params: dict[str, Any]) -> None:
    step = READ | {"type": "function", "value": "m.f", "params": params}
    found = [one for one in findings(step) if one.code == "ODB604"]
    assert len(found) == 1
    secret = next(iter(_texts(params))).rpartition("password=")[2]
    assert secret not in found[0].message + (found[0].help or "")
    assert "${env:" in (found[0].help or "")


def _texts(value: Any) -> Any:
    for item in value.values():
        if isinstance(item, dict):
            yield from _texts(item)
        else:
            yield item


@pytest.mark.parametrize("params", [
    {"password": "${env:P}"}, {"headers": {"Authorization": "Bearer ${env:P}"}}, {"password": ""},
    {"token": "word"}, {"token": "a text of words"}, {"key": "id"}, {"keys": ["id"]}, {"password": None},
    {"dtype": {"password": "string"}}, {"url": "postgresql://u:${env:P}@h/d"}, {"url": "https://x.org:80/@a"},
    {"password": "***"}, {"password": "<your password>"}, {"tokenize": "sentences"},
    {"primary_key": "customer_id"},
    {"sort_key": "created_at"}, {"note": "write to etl@example.org: it is his"},
])  # fmt: skip
def test_what_only_looks_like_a_secret_is_left_alone(params: dict[str, Any]) -> None:
    step = READ | {"type": "function", "value": "m.f", "params": params}
    assert "ODB604" not in codes(step, environ={"P": "p"})


def test_other_findings_do_not_show_a_secret_either() -> None:
    steps = [READ, store("w", "x.csv", params={"mode": "bluebird77x", "password": "bluebird77x"})]
    found = findings(*steps)
    assert {"ODB402", "ODB604"} <= {one.code for one in found}
    assert all("bluebird77x" not in str((one.message, one.help, one.suggestion)) for one in found)


# -- ignores -----------------------------------------------------------------------------------------


def ignoring(*ignored: str, **fields: Any) -> dict[str, Any]:
    return READ | {"metadata": {"odibi": {"ignore": list(ignored)}}} | fields


def test_a_code_is_silenced_for_its_step_alone() -> None:
    other = READ | {"name": "other", "outputs": {"data": "o"}, "owner": "x"}
    found = findings(ignoring("Unknown-Field", owner="x"), other)
    assert [(one.code, one.step) for one in found] == [("ODB123", "other")]


def test_what_stops_every_run_cannot_be_ignored() -> None:
    found = findings(ignoring("ODB126", layer="ingset"))
    assert [one.code for one in found] == ["ODB126", "ODB620"]
    assert found[1].message == "`ODB126` cannot be ignored"


def test_what_was_not_looked_for_is_not_called_useless() -> None:
    assert codes(ignoring("ODB304")) == []
    assert codes(ignoring("ODB304"), data=True) == ["ODB620"]
    # below an error data is not looked at
    assert codes(ignoring("ODB304", value="SELECT FROM WHERE"), data=True)[-1:] != ["ODB620"]
    # what the machine decides may be useful on another one
    assert codes(ignoring("ODB602"), data=True) == []


def test_the_fix_takes_the_code_and_its_comma_out() -> None:
    for ignored, left in (
        (["ODB604"], []),
        (["ODB604", "ODB123"], ["ODB123"]),
        (["ODB123", "ODB604"], ["ODB123"]),
    ):
        text = json.dumps([ignoring(*ignored, owner="x")])
        (found,) = [
            one for one in check(read_document("x.json", text=text), data=False) if one.code == "ODB620"
        ]
        assert found.fix is not None
        mended = json.loads(text[: found.fix.start] + found.fix.text + text[found.fix.end :])
        assert mended[0]["metadata"]["odibi"]["ignore"] == left


@pytest.mark.parametrize(
    "odibi", [[], "x", {"ignore": {}}, {"ignore": 1}, {"ignore": [1]}, {"ignored": ["ODB123"]}]
)
def test_ignores_that_are_not_written_as_such_are_told(odibi: Any) -> None:
    assert codes(READ | {"metadata": {"odibi": odibi}}) == ["ODB622"]


def test_other_options_of_ours_are_left_alone() -> None:
    assert codes(READ | {"metadata": {"odibi": {"keep": True, "note": "x"}}}) == []
