"""CSV configs: cells with their places, also inside JSON text in a cell, and broken quotes."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odibi_core.config import Document, read_document
from odibi_core.config.csv_text import read_rows
from tests.counts import count

HEADER = "Layer,StepName,StepType,Engine,Value,Params,Inputs,Outputs"


def read(*lines: str, **options: Any) -> Document:
    return read_document("x.csv", text="\n".join(lines) + "\n", **options)


def test_a_row_is_a_step() -> None:
    document = read(HEADER, 'Ingest,a,SQL,DuckDB,"SELECT 1, 2","{""n"": 1}",,"{""d"": ""x""}"', ",b,,,,,,")
    assert document.diagnostics == ()
    first, second = document.steps
    assert (first.layer, first.name, first.type, first.engine) == ("ingest", "a", "sql", "duckdb")
    assert (first.value, first.params, first.outputs) == ("SELECT 1, 2", {"n": 1}, {"d": "x"})
    assert (second.layer, second.type, second.engine, second.value) == (
        "transform",
        "config_op",
        "pandas",
        "",
    )


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_other_delimiters_line_endings_and_a_byte_order_mark(
    delimiter: str, ending: str, tmp_path: Path
) -> None:
    text = ending.join(
        line.replace(",", delimiter) for line in (HEADER, "ingest,a,,,x.csv,,,", "", "store,b,,,,,,")
    )
    (tmp_path / "x.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
    document = read_document(tmp_path / "x.csv")
    assert document.diagnostics == ()
    assert [(step.name, step.value) for step in document.steps] == [("a", "x.csv"), ("b", "")]


def test_line_breaks_inside_quotes() -> None:
    document = read(HEADER, 'transform,a,sql,,"SELECT 1', 'FROM t",,,', 'transform,b,sql,,"x",,,"{bad"')
    assert document.steps[0].value == "SELECT 1\nFROM t"
    assert {found.span.line for found in document.diagnostics if found.span} == {4}


def test_the_place_of_a_mistake_in_the_json_of_a_quoted_cell_and_its_fix() -> None:
    line = 'ingest,a,,,x.csv,"{""a"": ""q"", ""b"": True}",,'
    text = f"{HEADER}\n{line}\n"
    (found,) = read_document("x.csv", text=text).diagnostics
    assert found.span is not None and found.fix is not None
    assert (found.span.line, found.span.column) == (2, line.index("True") + 1)
    assert text[found.span.start : found.span.end] == "True"
    mended = text[: found.fix.start] + found.fix.text + text[found.fix.end :]
    (step,) = read_document("x.csv", text=mended).steps
    assert step.params == {"a": "q", "b": True}


def test_the_place_of_a_value_inside_a_cells_json() -> None:
    line = 'transform,a,sql,,SELECT 1,,"{""d"": ""say \\""hi\\"" there""}",'
    text = f"{HEADER}\n{line}\n"
    (step,) = read_document("x.csv", text=text).steps
    assert step.inputs == {"d": 'say "hi" there'}
    assert step.origin is not None
    span = step.origin.locate("inputs", "d", start=9, end=14)
    assert text[span.start : span.end] == "there"
    key = step.origin.locate("inputs", "d", key=True)
    assert text[key.start : key.end] == "d"
    cell = step.origin.locate("value")
    assert text[cell.start : cell.end] == "SELECT 1"
    assert step.origin.locate("value", start=7, end=8).column == line.index("1,,") + 1


def test_rows_in_execution_order_of_a_project_enabled() -> None:
    header = HEADER + ",project,enabled,execution_order"
    lines = [
        header,
        "ingest,b,,,,,,,p,1,2",
        "ingest,a,,,,,,,p,yes,1",
        "ingest,c,,,,,,,p,0,0",
        "ingest,d,,,,,,,q,1,0",
    ]
    assert [step.name for step in read(*lines, project="p").steps] == ["a", "b"]
    assert [step.name for step in read(*lines, enabled_only=False).steps] == ["c", "d", "a", "b"]


def test_quotes_that_are_never_closed_are_told_where_they_open() -> None:
    document = read(HEADER, "ingest,a,,,x.csv,,,", 'ingest,b,,,"x.csv,,,', "ingest,c,,,y.csv,,,")
    (found,) = document.diagnostics
    assert found.span is not None
    assert (found.code, found.span.line, found.span.column) == ("ODB101", 3, 12)
    assert not document.parsed
    assert [step.name for step in document.steps] == ["a", "b"]


def test_text_behind_a_closing_quote_is_told() -> None:
    document = read(HEADER, 'ingest,a,,,"x" y,,,', "ingest,b,,,,,,")
    (found,) = document.diagnostics
    assert found.message == "text after the closing quote of a cell"
    assert [step.name for step in document.steps] == ["a", "b"]


def test_a_row_with_too_many_cells_is_told_once_and_its_cells_are_not_judged() -> None:
    document = read(HEADER, 'ingest,a,,,x.csv,{"a": 1, "b": 2},,')
    (found,) = document.diagnostics
    assert (found.code, found.message) == ("ODB145", "the row has 9 cells, the first line 8")


def test_short_rows_are_filled_with_what_is_not_given() -> None:
    document = read(HEADER, "ingest,a,,,x.csv")
    assert document.diagnostics == ()
    assert document.steps[0].value == "x.csv"


def test_an_empty_file_and_a_header_alone() -> None:
    assert [found.code for found in read_document("x.csv", text="\n\n").diagnostics] == ["ODB105"]
    document = read(HEADER)
    assert document.diagnostics == () and document.steps == ()


@settings(max_examples=count(5000), deadline=None)
@given(
    st.lists(
        st.lists(
            st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=8),
            min_size=2,
            max_size=4,
        ),
        max_size=5,
    )
)
def test_cells_are_those_that_the_csv_module_reads(rows: list[list[str]]) -> None:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    text = buffer.getvalue()
    expected = [row for row in csv.reader(io.StringIO(text)) if any(cell.strip() for cell in row)]
    found = list(read_rows(text, ","))
    assert [[cell.text for cell in row.cells] for row in found] == expected
    for row in found:
        for cell in row.cells:
            assert text[cell.start : cell.end].replace('""', '"') == cell.text or not cell.quoted


@settings(max_examples=count(5000), deadline=None)
@given(st.text(st.sampled_from(list('a",;\n\r{}:[] \t1')), max_size=60))
def test_any_csv_text_gives_diagnostics_inside_the_text(text: str) -> None:
    document = read_document("x.csv", text=HEADER + "\n" + text)
    for found in document.diagnostics:
        assert found.span is not None and found.span.start is not None and found.span.end is not None
        assert 0 <= found.span.start <= found.span.end <= len(document.text or "")


@settings(max_examples=count(2000), deadline=None)
@given(
    st.dictionaries(st.text(min_size=1, max_size=5), st.text(max_size=8) | st.integers(), max_size=3),
    st.text(max_size=20),
)
def test_what_is_written_with_the_csv_and_json_modules_is_read_back(
    params: dict[str, Any], value: str
) -> None:
    if "\r" in value or "\0" in value or not value.strip():
        return
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["StepName", "Value", "Params"])
    writer.writerow(["a", value, json.dumps(params)])
    (step,) = read_document("x.csv", text=buffer.getvalue()).steps
    assert (step.value, step.params) == (value, params)
