"""Exceptions as data: what is kept of them, and where in the config they point."""

from __future__ import annotations

import json

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odibi_core.core import ConfigLoader, Step
from odibi_core.core.failures import error_info, scrub
from odibi_core.core.sql_place import place_in_sql
from odibi_core.errors import MissingInputError, RemoteStepError, SourceNotFoundError, StepOptionError
from odibi_core.journal.redaction import Redactor
from tests.builders import orchestrator


def raised(error):
    try:
        raise error
    except type(error) as caught:
        return caught


def test_type_message_help_and_traceback_are_kept():
    info = error_info(raised(StepOptionError("bad value", help="use another")))
    assert (info.type, info.message, info.help) == (
        "odibi_core.errors.StepOptionError",
        "bad value",
        "use another",
    )
    assert "Traceback" in info.traceback and "test_failures.py" in info.traceback
    assert error_info(KeyError("region")).type == "KeyError"
    assert error_info(ValueError()).message == "ValueError"


def test_an_exception_from_another_process_keeps_its_own_type_and_traceback():
    error = RemoteStepError("no", type_name="user.OwnError", traceback_text="Traceback: there")
    info = error_info(error)
    assert (info.type, info.traceback) == ("user.OwnError", "Traceback: there")


def test_secrets_are_taken_out_of_an_exception_and_of_what_led_to_it():
    cause = ValueError("cannot open x://u:hunter22@h", 7)
    error = StepOptionError("no hunter22", help="not hunter22")
    error.__cause__ = cause
    cause.__context__ = error  # a loop, as re-raising makes them
    scrub(error, Redactor(["hunter22"]))
    assert str(error) == "no ***; not ***"
    assert cause.args == ("cannot open x://u:***@h", 7)


# -- places -------------------------------------------------------------------------------------------


def fail(tmp_path, step, *, variables=None):
    """Runs a config of one step and returns its diagnostic and the text it points at."""
    path = tmp_path / "p.json"
    path.write_text(json.dumps([step], indent=2, ensure_ascii=False))
    run = orchestrator(ConfigLoader().load(path), tmp_path / "logs", base_dir=tmp_path, variables=variables)
    with pytest.raises(Exception):  # noqa: B017 - whatever it is
        run.run()
    found = run.tracker.view.step(step["name"]).error.diagnostic
    assert found["path"] == str(path)
    line = path.read_text().splitlines()[found["line"] - 1]
    assert found["line"] == found["end_line"]
    return found, line[found["column"] - 1 : found["end_column"] - 1]


LONG = ", ".join(f"{i} AS column_number_{i}" for i in range(40))


@pytest.mark.parametrize("engine", ["pandas", "duckdb"])
@pytest.mark.parametrize(
    ("query", "token"),
    [
        ("SELECT amout FROM (SELECT 1 AS amount)", "amout"),
        ("SELECT 1 AS a,\n       nope\nFROM (SELECT 1 AS b)", "nope"),
        ("SELECT 1 frm x", "x"),
        ('SELECT \'日本\', "ünï", nope FROM (SELECT 1 AS "ünï")', "nope"),
        ("SELECT CAST('x' AS INTEGER) AS a", "CAST('x' AS INTEGER)"),
        (f"SELECT {LONG}, nope, {LONG}", "nope"),
        ("SELECT ${var:n} AS a, nope, '${var:text}' AS b", "nope"),
        ("SELECT '${var:text}' AS b, nope", "nope"),
    ],
)
def test_a_failing_query_points_at_the_token_in_the_config(tmp_path, engine, query, token):
    step = {
        "name": "s",
        "layer": "ingest",
        "type": "sql",
        "engine": engine,
        "value": query,
        "outputs": {"d": "x"},
    }
    found, text = fail(tmp_path, step, variables={"n": 12345, "text": "some longer text"})
    assert (found["code"], found["step"], found["field"]) == ("ODB390", "s", "value")
    assert text == token
    assert "LINE" not in found["message"]


def test_an_option_that_is_wrong_points_at_the_option(tmp_path):
    step = {"name": "s", "layer": "transform", "inputs": {"d": "x"}, "params": {"limit": -1}}
    (tmp_path / "x.csv").write_text("a\n1\n")
    read = {"name": "r", "layer": "ingest", "value": "x.csv", "outputs": {"d": "x"}}
    path = tmp_path / "p.json"
    path.write_text(json.dumps([read, step], indent=2))
    run = orchestrator(ConfigLoader().load(path), tmp_path / "logs", base_dir=tmp_path)
    with pytest.raises(StepOptionError):
        run.run()
    found = run.tracker.view.step("s").error.diagnostic
    line = path.read_text().splitlines()[found["line"] - 1]
    assert line[found["column"] - 1 : found["end_column"] - 1] == "-1"
    assert found["code"] == "ODB402"


def test_a_missing_source_and_a_missing_input_point_at_their_fields(tmp_path):
    read = {"name": "s", "layer": "ingest", "value": "nowhere.csv", "outputs": {"d": "x"}}
    found, text = fail(tmp_path, read)
    assert (found["code"], text) == ("ODB401", '"nowhere.csv"')
    use = {"name": "s", "type": "sql", "engine": "duckdb", "value": "SELECT 1", "inputs": {"d": "nowhere"}}
    found, text = fail(tmp_path, use)
    assert (found["field"], text) == ("inputs.d", '"nowhere"')


def test_a_function_that_raises_and_a_target_that_cannot_be_written_point_at_their_value(tmp_path):
    (tmp_path / "breaking.py").write_text("def read():\n    raise RuntimeError('no data today')\n")
    call = {
        "name": "s",
        "layer": "ingest",
        "type": "function",
        "value": "breaking.read",
        "outputs": {"d": "x"},
    }
    found, text = fail(tmp_path, call)
    assert (found["code"], found["field"], text) == ("ODB590", "value", '"breaking.read"')
    (tmp_path / "full.db").write_text("this is no database")
    connect = {"name": "s", "layer": "connect", "value": "sqlite:///full.db"}
    found, text = fail(tmp_path, connect)
    assert (found["code"], found["field"], text) == ("ODB490", "value", '"sqlite:///full.db"')


def test_a_step_built_by_hand_has_no_place():
    assert error_info(SourceNotFoundError("no"), Step(name="s")).diagnostic is None
    assert error_info(MissingInputError("no")).diagnostic is None


def test_a_line_that_stands_there_twice_is_told_by_its_number():
    query = "SELECT a FROM (\n  SELECT nope\n) t, (\n  SELECT nope\n) u"
    place = place_in_sql("Binder Error: x\n\nLINE 4:   SELECT nope\n                 ^^^^", query)
    assert place is not None and query.count("\n", 0, place[0]) == 3
    assert query[slice(*place)] == "nope"


@pytest.mark.parametrize(
    "message", ["no place at all", "LINE 1: SELECT other\n               ^^^^^", "LINE 1: \n ^"]
)
def test_what_cannot_be_found_has_no_place(message):
    assert place_in_sql(message, "SELECT nope") is None


words = st.text(
    st.characters(codec="utf-8", exclude_characters="'\r\x00", exclude_categories=["Cs", "Cc"]), max_size=30
)


@settings(deadline=None)
@given(before=words, after=words, gap=st.sampled_from([" ", "\n", "  \n  "]))
def test_the_token_is_found_whatever_stands_around_it(before, after, gap):
    query = f"SELECT '{before}' AS a,{gap}no_such_column,{gap}'{after}' AS b"
    with duckdb.connect() as connection, pytest.raises(duckdb.Error) as caught:
        connection.execute(query)
    place = place_in_sql(str(caught.value), query)
    assert place is None or query[slice(*place)] == "no_such_column"
    if before.isascii() and after.isascii():
        assert place is not None


@settings(deadline=None)
@given(message=st.text(), query=st.text())
def test_no_message_breaks_the_search(message, query):
    place = place_in_sql("LINE 1: " + message + "\n  ^", query)
    assert place is None or 0 <= place[0] < place[1]
