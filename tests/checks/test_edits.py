"""Fixes applied: to the characters they name, to nothing else, and only to the file they were made for."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odibi_core.checks import check
from odibi_core.checks.editors.edits import apply_fixes, edit_text
from odibi_core.config import read_document
from odibi_core.diagnostics import Diagnostic, Fix
from odibi_core.errors import ConfigError
from tests.counts import count

CLEAN = [
    {"layer": "ingest", "name": "read", "type": "sql", "value": "SELECT 1 AS id", "outputs": {"data": "raw"}},
    {"layer": "transform", "name": "rank", "type": "sql", "engine": "duckdb", "value": "SELECT * FROM data",
     "inputs": {"data": "raw"}, "outputs": {"data": "ranked"}},
    {"layer": "store", "name": "write", "value": "out.csv", "params": {"mode": "append"},
     "inputs": {"data": "ranked"}, "metadata": {"note": "a “note”, with \\ and é"}},
]  # fmt: skip
# What a person writes by mistake, each with one right answer.
SLIPS = [
    ('"ingest"', '"ingset"'), ('"transform"', '"Transform"'), ('"duckdb"', '"duckbd"'), ('"sql"', '"SQL"'),
    ('"outputs"', '"output"'), ('"engine"', '"engnie"'), ('"append"', '"appned"'), ('"append"', "'append'"),
    ('"ranked"}', '"ranked",}'), ('"raw"}}', '"raw"}} // the orders'), ('"name": "rank"', '"name" = "rank"'),
    ('"value": "SELECT 1', '"value" "SELECT 1'), ('"rank", ', '"rank" '), ("[{", "[ /* all */ {"),
    ('"mode": "append"', '"mode": "append", "flag": True'), ('"mode"', "mode"),
    ('"out.csv"', '"out\\q.csv"'), ('{"data": "ranked"}', '{"data": "rankde"}'),
]  # fmt: skip


def fix(start: int, end: int, text: str) -> Fix:
    return Fix("m", "safe", start, end, text)


def safe_fixes(found: tuple[Diagnostic, ...]) -> list[Fix]:
    return [one.fix for one in found if one.fix is not None and one.fix.applicability == "safe"]


def found_in(text: str) -> tuple[Diagnostic, ...]:
    return check(read_document("x.json", text=text), data=False)


def test_fixes_change_their_characters_and_no_others() -> None:
    edited = edit_text("one two three", [fix(8, 13, "3"), fix(0, 3, "1")])
    assert edited.text == "1 two 3"
    assert [one.start for one in edited.applied] == [0, 8]


def test_of_fixes_that_touch_each_other_the_first_is_applied_and_the_rest_left() -> None:
    edited = edit_text("abcdef", [fix(0, 3, "x"), fix(2, 4, "y"), fix(3, 3, "z"), fix(5, 6, "w")])
    assert edited.text == "xzdew"
    assert [one.text for one in edited.left] == ["y"]
    assert edit_text("ab", [fix(1, 1, "x"), fix(1, 1, "y")]).text == "axb"


def test_a_fix_that_two_findings_have_is_applied_once() -> None:
    assert edit_text("ab", [fix(1, 1, ","), fix(1, 1, ",")]).text == "a,b"


@settings(max_examples=count(400), deadline=None)
@given(
    st.lists(st.sampled_from(SLIPS), min_size=1, max_size=5, unique=True),
    st.sampled_from([None, 1, 4]),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)
def test_safe_fixes_mend_what_they_say_and_leave_the_rest(
    slips: list[tuple[str, str]], indent: int | None, newline: str, ends: bool
) -> None:
    text = json.dumps(CLEAN, indent=indent, ensure_ascii=False).replace("\n", newline) + newline * ends
    assert found_in(text) == ()
    broken = text
    for right, wrong in slips:
        if indent is not None or "//" not in wrong:  # else the comment has the rest of the config in it
            broken = broken.replace(right, wrong, 1)
    now, rounds = broken, 0
    while fixes := safe_fixes(found_in(now)):
        edited = edit_text(now, fixes)
        outside, at = [], 0
        for one in edited.applied:
            outside.append(now[at : one.start])
            at = one.end
        outside.append(now[at:])
        place = 0
        for piece in outside:  # every piece between the fixes is still there, in order
            place = edited.text.index(piece, place) + len(piece)
        now, rounds = edited.text, rounds + 1
        assert rounds < 12
    assert now.count(newline) == broken.count(newline)
    assert now.endswith(newline) == ends
    assert edit_text(now, safe_fixes(found_in(now))).text == now
    assert [one for one in found_in(now) if one.fix is not None and one.fix.applicability == "safe"] == []


CSV_SLIPS = [
    ("ingest", "ingset"), ("duckdb", "duckbd"), ("transform", "trasnform"), ('""raw""}', '""raw"",}'),
    ('{""data"": ""raw""}', "{'data': ""raw""}"), ('{""data"": ""ranked""}', '{data: ""ranked""}'),
    ('""append""', '""apend""'),
    ("StepName", "StepNmae"), ("Inputs", "Inptus"),
]  # fmt: skip


@settings(max_examples=count(200), deadline=None)
@given(st.lists(st.sampled_from(CSV_SLIPS), min_size=1, max_size=4, unique=True), st.sampled_from(",;"))
def test_safe_fixes_of_csv_leave_quotes_and_delimiters(slips: list[tuple[str, str]], delimiter: str) -> None:
    rows = [("Layer", "StepName", "StepType", "Engine", "Value", "Params", "Inputs", "Outputs")]
    for step in CLEAN:
        texts = [step.get(field, "") for field in ("layer", "name", "type", "engine", "value")]
        objects = [
            json.dumps(step[field]) if field in step else "" for field in ("params", "inputs", "outputs")
        ]
        rows.append((*texts, *objects))
    sound = "".join(delimiter.join(quoted(cell) for cell in row) + "\r\n" for row in rows)
    broken = sound
    for right, wrong in slips:
        broken = broken.replace(right, wrong, 1)
    for _ in range(8):
        found = check(read_document("x.csv", text=broken), data=False)
        broken = edit_text(broken, safe_fixes(found)).text
    assert [one.code for one in check(read_document("x.csv", text=broken), data=False)] == []
    assert broken == sound


def quoted(cell: str) -> str:
    doubled = cell.replace('"', '""')
    return f'"{doubled}"' if set(cell) & set('",;') else cell


@pytest.mark.parametrize(("before", "after"), [
    ('{"name": "a",\n "type": "sql"}\n', '[{"name": "a",\n "type": "sql"}]\n'),
    ('{"steps": [\n {"name": "a"}\n]}\n', '[\n {"name": "a"}\n]\n'),
    ('[{"name": "a", "value": "x", "value": "x"}]', '[{"name": "a", "value": "x"}]'),
    ('[{"name": "a"}; {"name": "b"}]', '[{"name": "a"}, {"name": "b"}]'),
    ('[{"name": "a"}], {"name": "b"}]', '[{"name": "a"}, {"name": "b"}]'),
    ('[{"name" "a"}]', '[{"name": "a"}]'),
    ('[{"name": 5}]', '[{"name": "5"}]'),
    ('[{"name": "a", "inputs": {"d": 2026}}]', '[{"name": "a", "inputs": {"d": "2026"}}]'),
    ('[{"name": "a", "metadata": {"timeout": "30", "isolate": "TRUE"}}]',
     '[{"name": "a", "metadata": {"timeout": 30, "isolate": true}}]'),
])  # fmt: skip
def test_what_has_one_right_answer_is_mended(before: str, after: str) -> None:
    for _ in range(3):
        before = edit_text(before, safe_fixes(found_in(before))).text
    assert before == after


def test_an_option_beside_its_field_can_be_moved_into_it() -> None:
    text = '[{"name": "a", "timeout": 30, "type": "sql", "value": "SELECT 1"}]'
    (found,) = [one for one in found_in(text) if one.code == "ODB123"]
    assert found.help == "it is read past here; it belongs in `metadata`"
    assert found.fix is not None and found.fix.applicability == "unsafe"
    assert edit_text(text, [found.fix]).text == text.replace('"timeout": 30', '"metadata": {"timeout": 30}')
    (there,) = [one for one in found_in(text.replace("[{", '[{"metadata": {}, ')) if one.code == "ODB123"]
    assert there.fix is None


def test_a_file_keeps_its_line_ends_and_its_mode(tmp_path: Path) -> None:
    config = tmp_path / "x.json"
    config.write_bytes(
        b'[\r\n  {"name": "a", "layer": "ingset", "type": "sql", "value": "SELECT 1"}\r\n]\r\n'
    )
    config.chmod(0o640)
    document = read_document(config)
    apply_fixes(config, document, safe_fixes(check(document, data=False)))
    assert config.read_bytes() == (
        b'[\r\n  {"name": "a", "layer": "ingest", "type": "sql", "value": "SELECT 1"}\r\n]\r\n'
    )
    assert config.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in tmp_path.iterdir()] == ["x.json"]


def test_a_byte_order_mark_is_taken_out_and_nothing_else(tmp_path: Path) -> None:
    config = tmp_path / "x.json"
    config.write_bytes(b"\xef\xbb\xbf[]\n")
    document = read_document(config)
    apply_fixes(config, document, safe_fixes(document.diagnostics))
    assert config.read_bytes() == b"[]\n"


def test_a_csv_keeps_its_byte_order_mark_and_quotes(tmp_path: Path) -> None:
    config = tmp_path / "x.csv"
    config.write_bytes(
        b"\xef\xbb\xbfLayer;StepName;StepType;Value;Outputs\r\n"
        b'ingset;"read";sql;"SELECT ""a"" AS ""b""";"{""data"": ""x"",}"\r\n'
    )
    document = read_document(config)
    apply_fixes(config, document, safe_fixes(check(document, data=False)))
    assert config.read_bytes() == (
        b"\xef\xbb\xbfLayer;StepName;StepType;Value;Outputs\r\n"
        b'ingest;"read";sql;"SELECT ""a"" AS ""b""";"{""data"": ""x""}"\r\n'
    )


def test_a_file_that_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    config = tmp_path / "x.json"
    config.write_text('[{"name": "a", "layer": "ingset"}]')
    document = read_document(config)
    config.write_text('[{"name": "abc", "layer": "ingset"}]')
    with pytest.raises(ConfigError, match="has changed since"):
        apply_fixes(config, document, safe_fixes(check(document, data=False)))
    assert config.read_text() == '[{"name": "abc", "layer": "ingset"}]'


def test_a_file_that_is_not_utf8_is_left_alone(tmp_path: Path) -> None:
    config = tmp_path / "x.json"
    data = '[{"name": "é", "layer": "ingset"}]'.encode("latin-1")
    config.write_bytes(data)
    document = read_document(config)
    with pytest.raises(ConfigError, match="is not UTF-8"):
        apply_fixes(config, document, safe_fixes(check(document, data=False)))
    assert config.read_bytes() == data


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "x.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE transformation_config (StepName, Layer, StepType, Value, Outputs)")
        rows = [
            ("a", "ingest", "sql", "SELECT 'é' AS x", '{"data": "raw"}'),
            ("b", "ingset", "SLQ", "SELECT 1", "{'data': 'b',}"),
        ]
        connection.executemany("INSERT INTO transformation_config VALUES (?, ?, ?, ?, ?)", rows)
        connection.commit()
    return path


def cells(path: Path) -> list[tuple[str, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT * FROM transformation_config ORDER BY rowid").fetchall()


def test_cells_of_a_database_are_mended_in_their_row(database: Path) -> None:
    before = cells(database)
    document = read_document(database)
    apply_fixes(database, document, safe_fixes(check(document, data=False)))
    assert cells(database) == [before[0], ("b", "ingest", "sql", "SELECT 1", '{"data": "b"}')]


def test_a_comment_that_swallows_the_config_is_not_taken_out_for_certain() -> None:
    (comment,) = [one for one in found_in('[{"name": "a"} // {"name": "b"}]') if one.code == "ODB108"]
    assert comment.fix is not None and comment.fix.applicability == "unsafe"


def test_a_database_that_changed_meanwhile_is_left_alone(database: Path) -> None:
    document = read_document(database)
    fixes = safe_fixes(check(document, data=False))
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("UPDATE transformation_config SET Value = 'SELECT 2' WHERE rowid = 1")
        connection.commit()
    before = cells(database)
    with pytest.raises(ConfigError, match="has changed since"):
        apply_fixes(database, document, fixes)
    assert cells(database) == before


def test_a_view_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE steps AS SELECT 'b' AS StepName, 'ingset' AS Layer")
        connection.execute("CREATE VIEW transformation_config AS SELECT * FROM steps")
        connection.commit()
    document = read_document(path)
    fixes = safe_fixes(check(document, data=False))
    assert fixes
    with pytest.raises(ConfigError, match="cannot write"):
        apply_fixes(path, document, fixes)


def test_a_place_in_a_cell_is_that_of_its_characters(database: Path) -> None:
    (wrong,) = [one for one in check(read_document(database), data=False) if one.code == "ODB126"]
    assert wrong.span is not None and wrong.span.cell is not None
    assert (wrong.span.cell.column, wrong.span.cell.start, wrong.span.cell.end) == ("Layer", 0, 6)


@pytest.mark.parametrize("suffix", [".json", ".csv", ".db"])
def test_no_fix_puts_a_name_in_place_of_a_placeholder(tmp_path: Path, suffix: str) -> None:
    query = "SELECT ${ident:col} FROM data"
    if suffix == ".json":
        steps = json.loads(json.dumps(CLEAN))
        steps[1]["value"] = query
        text = json.dumps(steps)
    else:
        text = (
            "Layer,StepName,StepType,Engine,Value,Inputs,Outputs\n"
            'ingest,read,sql,duckdb,SELECT 1 AS id,,"{""data"": ""raw""}"\n'
            f'transform,rank,sql,duckdb,{query},"{{""data"": ""raw""}}","{{""data"": ""ranked""}}"\n'
        )
    path = tmp_path / f"x{suffix}"
    if suffix == ".db":
        rows = list(csv.reader(io.StringIO(text)))
        with closing(sqlite3.connect(path)) as database:
            database.execute(f"CREATE TABLE transformation_config ({', '.join(rows[0])})")
            marks = ", ".join("?" * len(rows[0]))
            database.executemany(f"INSERT INTO transformation_config VALUES ({marks})", rows[1:])
            database.commit()
    else:
        path.write_text(text)
    found = [one for one in check(read_document(path), variables={"col": "idd"}) if one.code == "ODB304"]
    assert [(one.suggestion, one.fix) for one in found] == [("id", None)]
