"""Every mistake planted in the samples is found: code, line and column, step, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from odibi_core.checks import check
from odibi_core.config import read_document
from odibi_core.diagnostics import Diagnostic
from odibi_core.errors import ConfigFormatError

SAMPLES = Path(__file__).parents[2] / "sample_configs"

# Code, line (table), column (row), step.
Finding = tuple[str, int | str | None, int | None, str | None]

PIPELINE: list[Finding] = [
    ("ODB401", 10, 15, "read_orders"),
    ("ODB130", 15, 14, "read_customers"),
    ("ODB205", 21, 31, "read_sensors"),
    ("ODB126", 25, 15, "read_regions"),
    ("ODB127", 35, 14, "clean_orders"),
    ("ODB601", 36, 49, "clean_orders"),
    ("ODB203", 37, 25, "clean_orders"),
    ("ODB128", 44, 16, "clean_customers"),
    ("ODB124", 46, 6, "clean_customers"),
    ("ODB122", 54, 15, "join_orders"),
    ("ODB111", 62, 25, "fill_amounts"),
    ("ODB110", 71, 5, "add_rates"),
    ("ODB202", 73, 26, "add_rates"),
    ("ODB204", 80, 43, "score"),
    ("ODB123", 90, 6, "rank"),
    ("ODB204", 97, 25, "repeat"),
    ("ODB132", 102, 14, "count_orders"),
    ("ODB120", 107, 3, None),
    ("ODB121", 108, 3, None),
    ("ODB125", 116, 13, None),
    ("ODB131", 123, 14, "write_ranked"),
    ("ODB402", 125, 25, "write_ranked"),
    ("ODB402", 126, 30, "write_ranked"),
    ("ODB113", 126, 51, "write_ranked"),
    ("ODB208", 132, 25, "write_scored"),
    ("ODB133", 132, 35, "write_scored"),
    ("ODB201", 136, 14, "write_scored"),
    ("ODB122", 137, 14, "write_scored"),
]

BROKEN: dict[str, list[Finding]] = {
    "bad_cell.csv": [("ODB144", 3, 104, "clean_orders")],
    "binary.json": [("ODB102", 1, 1, None)],
    "byte_order_mark.json": [("ODB104", 1, 1, None)],
    "cell_not_json.csv": [("ODB140", 3, 57, "clean_orders")],
    "cell_not_json.db": [
        ("ODB140", "transformation_config", 2, "clean_orders"),
        ("ODB140", "transformation_config", 2, "clean_orders"),
    ],
    "comment.json": [("ODB108", 3, 25, "read_orders")],
    "cycle.json": [("ODB204", 14, 43, "clean_orders")],
    "duplicate_column.csv": [("ODB147", 1, 38, None)],
    "duplicate_key.json": [("ODB110", 14, 5, "clean_orders")],
    "duplicate_output_key.json": [("ODB202", 14, 26, "clean_orders")],
    "duplicate_step_name.json": [("ODB201", 10, 14, "read_orders")],
    "empty.csv": [("ODB105", 1, 1, None)],
    "empty.json": [("ODB105", 1, 1, None)],
    "empty_name.json": [("ODB125", 4, 13, None)],
    "extra_cells.csv": [("ODB145", 3, 88, "clean_orders")],
    "half_a_character.json": [("ODB113", 4, 26, "read_orders �")],
    "invalid_engine.json": [("ODB128", 12, 16, "clean_orders")],
    "invalid_layer.json": [("ODB126", 3, 15, "read_orders")],
    "invalid_mode.json": [("ODB402", 21, 25, "write_clean")],
    "invalid_timeout.json": [("ODB402", 14, 30, "clean_orders")],
    "invalid_type.json": [("ODB127", 11, 14, "clean_orders")],
    "latin1.json": [("ODB103", 20, 23, None)],
    "line_break_in_text.json": [("ODB101", 13, 33, "clean_orders")],
    "malformed_placeholder.json": [("ODB606", 13, 48, "clean_orders")],
    "missing_column.csv": [("ODB142", 1, 1, None)],
    "missing_comma.json": [("ODB101", 12, 5, "clean_orders")],
    "missing_inputs.json": [("ODB131", 19, 14, "write_clean")],
    "missing_name.json": [("ODB121", 2, 3, None)],
    "missing_source.json": [("ODB401", 5, 15, "read_orders")],
    "missing_table.db": [("ODB141", None, None, None)],
    "missing_value.json": [("ODB130", 4, 14, "read_orders")],
    "misspelled_column.csv": [("ODB143", 1, 45, None)],
    "misspelled_field.json": [("ODB124", 14, 6, "clean_orders")],
    "no_outputs.json": [("ODB132", 10, 14, "clean_orders")],
    "no_steps.json": [("ODB206", 1, 1, None)],
    "not_a_number.json": [("ODB111", 14, 24, "clean_orders")],
    "not_an_array.json": [("ODB106", 1, 1, None)],
    "python_words.json": [("ODB101", 14, 26, "clean_orders")],
    "run_log.json": [("ODB107", 1, 1, None)],
    "single_quotes.json": [("ODB101", 11, 13, "clean_orders")],
    "step_not_an_object.json": [("ODB120", 8, 3, None)],
    "too_deep.json": [("ODB112", 1, 101, None)],
    "too_many_inputs.json": [("ODB133", 21, 34, "write_clean")],
    "trailing_comma.json": [("ODB109", 21, 32, "write_clean")],
    "unclosed_array.json": [("ODB101", 22, 4, None)],
    "unclosed_quotes.csv": [("ODB101", 3, 80, None)],
    "unclosed_step.json": [("ODB101", 17, 3, "clean_orders")],
    "unclosed_text.json": [("ODB101", 13, 14, "clean_orders")],
    "undefined_connection.json": [("ODB205", 10, 31, "read_orders")],
    "undefined_input.json": [("ODB203", 14, 25, "clean_orders")],
    "unknown_field.json": [("ODB123", 6, 6, "read_orders")],
    "utf16.json": [("ODB103", 1, 1, None)],
    "windows_path.json": [("ODB101", 20, 17, "write_clean"), ("ODB101", 20, 21, "write_clean")],
    "wrong_type.json": [("ODB122", 14, 15, "clean_orders")],
}


def findings(name: str) -> list[Finding]:
    return [as_finding(found) for found in check(read_document(SAMPLES / name))]


def as_finding(found: Diagnostic) -> Finding:
    span = found.span
    assert span is not None
    if span.table is not None:
        return (found.code, span.table, span.row, found.step)
    return (found.code, span.line, span.column, found.step)


def test_every_mistake_in_the_broken_pipeline_is_found_at_its_place() -> None:
    assert findings("broken_pipeline.json") == PIPELINE


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_sample_has_its_mistake_and_no_other(name: str) -> None:
    assert findings(f"broken/{name}") == BROKEN[name]


def test_every_broken_sample_is_listed_here() -> None:
    files = {path.name for path in (SAMPLES / "broken").iterdir()}
    assert files == {*BROKEN, "not_a_database.db"}


def test_a_text_file_called_db_is_no_database() -> None:
    with pytest.raises(ConfigFormatError, match="is not a SQLite database"):
        read_document(SAMPLES / "broken" / "not_a_database.db")
