"""SQLite configs: columns in any case, order, filters, cells, and databases that cannot be read."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from odibi_core.config import Document, read_document
from odibi_core.errors import ConfigFormatError

COLUMNS = (
    "Layer, StepName, StepType, Engine, Value, Params, Inputs, Outputs, Metadata, "
    "project, enabled, execution_order"
)


def database(
    tmp_path: Path, *rows: dict[str, Any], columns: str = COLUMNS, table: str = "transformation_config"
) -> Path:
    path = tmp_path / "x.db"
    with sqlite3.connect(path) as connection:
        connection.execute(f'CREATE TABLE "{table}" ({columns})')
        for row in rows:
            names = ", ".join(row)
            connection.execute(
                f'INSERT INTO "{table}" ({names}) VALUES ({", ".join("?" * len(row))})', tuple(row.values())
            )
    connection.close()
    return path


def names(document: Document) -> list[str]:
    return [step.name for step in document.steps]


def test_a_row_is_a_step_and_what_is_null_or_empty_has_the_steps_default(tmp_path: Path) -> None:
    path = database(
        tmp_path,
        {"Layer": "INGEST", "StepName": "a", "StepType": "SQL", "Engine": "DuckDB", "Value": "SELECT 1",
         "Params": '{"n": 1}', "Outputs": '{"data": "x"}', "Metadata": '{"key": ["id"]}'},
        {"StepName": "b", "Layer": "", "Params": None, "Inputs": ""},
    )  # fmt: skip
    document = read_document(path)
    assert document.diagnostics == ()
    first, second = document.steps
    assert (first.layer, first.type, first.engine, first.value) == ("ingest", "sql", "duckdb", "SELECT 1")
    assert (first.params, first.outputs, first.metadata) == ({"n": 1}, {"data": "x"}, {"key": ["id"]})
    assert (second.layer, second.type, second.engine, second.params) == (
        "transform",
        "config_op",
        "pandas",
        {},
    )
    assert document.kind == "sqlite"
    assert document.text is None


def test_columns_are_taken_in_any_case_and_only_the_name_is_needed(tmp_path: Path) -> None:
    path = database(tmp_path, {"STEPNAME": "a", "layer": "store"}, columns="STEPNAME, layer, note")
    (step,) = read_document(path).steps
    assert (step.name, step.layer) == ("a", "store")


@pytest.mark.parametrize("suffix", [".sqlite", ".sqlite3", ".DB"])
def test_suffixes(tmp_path: Path, suffix: str) -> None:
    path = database(tmp_path, {"StepName": "a"})
    assert names(read_document(path.rename(tmp_path / f"y{suffix}"))) == ["a"]


def test_rows_come_in_execution_order_then_row_order_those_without_one_last(tmp_path: Path) -> None:
    path = database(
        tmp_path,
        *({"StepName": name, "execution_order": order} for name, order in
          [("last", None), ("b", 2), ("a2", 1), ("a3", "1"), ("a1", 0.5), ("later", None)]),
    )  # fmt: skip
    assert names(read_document(path)) == ["a1", "a2", "a3", "b", "last", "later"]


def test_rows_that_are_not_enabled_are_left_out_unless_asked_for(tmp_path: Path) -> None:
    rows = [("a", 1), ("b", 0), ("c", None), ("d", "false"), ("e", "Yes"), ("f", "no")]
    path = database(tmp_path, *({"StepName": name, "enabled": enabled} for name, enabled in rows))
    assert names(read_document(path)) == ["a", "c", "e"]
    assert names(read_document(path, enabled_only=False)) == ["a", "b", "c", "d", "e", "f"]


def test_what_a_row_that_is_not_enabled_would_output_is_known(tmp_path: Path) -> None:
    path = database(tmp_path, {"StepName": "a", "enabled": 0, "Outputs": '{"d": "x"}'})
    assert read_document(path).gaps.left_out == {"x": "a"}


def test_rows_of_a_project_or_layer(tmp_path: Path) -> None:
    path = database(
        tmp_path,
        {"StepName": "a", "project": "retail", "Layer": "Ingest"},
        {"StepName": "b", "project": "bank", "Layer": "ingest"},
        {"StepName": "c", "project": "retail", "Layer": "store"},
        {"StepName": "d"},
    )
    assert names(read_document(path, project="retail")) == ["a", "c"]
    assert names(read_document(path, project="retail", layer="ingest")) == ["a"]
    assert names(read_document(path, layer="INGEST")) == ["a", "b"]


def test_a_project_that_is_not_there_is_told_with_the_nearest(tmp_path: Path) -> None:
    path = database(tmp_path, {"StepName": "a", "project": "retail"})
    (found,) = read_document(path, project="retial").diagnostics
    assert (found.code, found.suggestion) == ("ODB146", "retail")


def test_a_project_cannot_be_chosen_without_the_column(tmp_path: Path) -> None:
    path = database(tmp_path, {"StepName": "a"}, columns="StepName")
    assert [found.code for found in read_document(path, project="x").diagnostics] == ["ODB148"]


def test_bad_json_in_a_cell_names_step_field_row_and_place_and_is_never_an_empty_object(
    tmp_path: Path,
) -> None:
    path = database(
        tmp_path,
        {"StepName": "a", "Outputs": '{"d": "x"}'},
        {"StepName": "b", "Inputs": '{"d": "x"', "Params": "[1]", "Outputs": '{"d": "y", "d": "z"}'},
    )
    document = read_document(path)
    found = {diagnostic.field: diagnostic for diagnostic in document.diagnostics}
    assert found["inputs"].message == "Inputs: expected `}`, but the text ends (column 10 of the cell)"
    assert found["params"].message == "Params holds an array, not a JSON object"
    assert found["outputs.d"].code == "ODB110"
    for diagnostic in document.diagnostics:
        assert diagnostic.step == "b"
        assert diagnostic.span is not None
        assert (diagnostic.span.table, diagnostic.span.row) == ("transformation_config", 2)
        cell = diagnostic.span.cell
        assert cell is not None and diagnostic.field is not None
        assert cell.column.lower() == diagnostic.field.partition(".")[0]
        assert str(diagnostic.span).endswith(
            f"x.db: table transformation_config, row 2, column {cell.column}"
        )
    assert {(1, "inputs"), (1, "params")} <= document.gaps.fields


def test_bytes_where_text_belongs_and_odd_flags_are_told(tmp_path: Path) -> None:
    path = database(
        tmp_path,
        {"StepName": "a", "Value": b"\xff\xfe", "Params": b"\xff"},
        {"StepName": "b", "enabled": "perhaps", "execution_order": "first"},
        {"StepName": 3, "Value": 4.0, "Params": 5},
    )
    document = read_document(path)
    assert [(found.code, found.step, found.field) for found in document.diagnostics] == [
        ("ODB144", "b", "execution_order"),
        ("ODB144", "b", "enabled"),
        ("ODB144", "a", "value"),
        ("ODB140", "a", "params"),
        ("ODB140", "3", "params"),
    ]
    assert [(step.name, step.value) for step in document.steps] == [("a", ""), ("b", ""), ("3", "4")]


def test_a_row_without_a_name_is_told_with_its_row(tmp_path: Path) -> None:
    path = database(tmp_path, {"StepName": "a"}, {"Layer": "ingest"})
    (found,) = read_document(path).diagnostics
    assert found.code == "ODB121"
    assert found.span is not None
    assert found.span.row == 2


def test_sources_become_ingest_steps_before_the_others(tmp_path: Path) -> None:
    path = database(tmp_path, {"StepName": "clean", "Inputs": '{"d": "orders"}', "execution_order": -5})
    with sqlite3.connect(path) as connection:
        connection.execute(
            "CREATE TABLE ingestion_source_config "
            "(SourceID, Engine, source_type, SourcePath, TargetID, project, enabled)"
        )
        connection.executemany(
            "INSERT INTO ingestion_source_config VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                ("read_orders", "DuckDB", "csv", "orders.csv", "orders", "retail", 1),
                ("count", None, "SQL", "SELECT 1", None, "retail", None),
                ("off", None, None, "x.csv", "x", "retail", 0),
            ],
        )
    connection.close()
    document = read_document(path)
    assert document.diagnostics == ()
    assert names(document) == ["read_orders", "count", "clean"]
    orders, counted, _ = document.steps
    assert (orders.layer, orders.type, orders.engine, orders.value) == (
        "ingest",
        "config_op",
        "duckdb",
        "orders.csv",
    )
    assert orders.outputs == {"data": "orders"}
    assert orders.params == {"format": "csv"}
    assert (counted.type, counted.outputs) == ("sql", {"data": "count"})


def test_a_database_with_sources_alone_is_a_config(tmp_path: Path) -> None:
    path = database(
        tmp_path, {"source_id": "a", "source_path_or_query": "a.csv", "target_id": "x"},
        columns="source_id, engine, source_type, source_path_or_query, target_id",
        table="ingestion_source_config",
    )  # fmt: skip
    document = read_document(path)
    assert document.diagnostics == ()
    assert document.steps[0].outputs == {"data": "x"}


def test_a_database_without_the_table_names_the_nearest(tmp_path: Path) -> None:
    path = database(tmp_path, table="transformation_confg")
    (found,) = read_document(path).diagnostics
    assert (found.code, found.suggestion) == ("ODB141", "transformation_confg")


def test_a_misspelled_column_is_told_and_a_column_of_ones_own_is_not(tmp_path: Path) -> None:
    path = database(tmp_path, {"StepName": "a"}, columns="StepName, Inptus, created_at, owner, description")
    (found,) = read_document(path).diagnostics
    assert (found.code, found.suggestion) == ("ODB143", "Inputs")


def test_a_view_is_read_and_its_rows_are_counted(tmp_path: Path) -> None:
    path = database(tmp_path, {"StepName": "a"}, {"StepName": "b", "Params": "x"}, table="base")
    with sqlite3.connect(path) as connection:
        connection.execute('CREATE VIEW "Transformation_Config" AS SELECT * FROM base')
    connection.close()
    document = read_document(path)
    assert names(document) == ["a", "b"]
    assert document.diagnostics[0].span is not None
    assert document.diagnostics[0].span.row == 2


def test_the_digest_changes_with_the_rows(tmp_path: Path) -> None:
    path = database(tmp_path, {"StepName": "a"})
    before = read_document(path).digest
    assert read_document(path).digest == before
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE transformation_config SET Value = 'x'")
    connection.close()
    assert read_document(path).digest != before


def test_a_locked_database_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("odibi_core.config.sqlite_source._LOCK_WAIT_S", 0.05)
    path = database(tmp_path, {"StepName": "a"})
    connection = sqlite3.connect(path)
    connection.execute("BEGIN EXCLUSIVE")
    with pytest.raises(ConfigFormatError, match="is locked; another program"):
        read_document(path)
    connection.close()


def test_a_damaged_database_is_told(tmp_path: Path) -> None:
    path = database(tmp_path, *({"StepName": f"s{n}", "Value": "x" * 500} for n in range(200)))
    data = bytearray(path.read_bytes())
    data[4096:20000] = os.urandom(20000 - 4096)
    path.write_bytes(data)
    with pytest.raises(ConfigFormatError, match=r"damaged|cannot read|not a SQLite"):
        read_document(path)


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_text("this is not a database" * 50)
    with pytest.raises(ConfigFormatError, match="is not a SQLite database"):
        read_document(tmp_path / "x.db")


def test_an_empty_file_is_a_database_without_tables(tmp_path: Path) -> None:
    (tmp_path / "x.db").touch()
    (found,) = read_document(tmp_path / "x.db").diagnostics
    assert (found.code, found.help) == ("ODB141", "it is empty")


def test_reading_leaves_nothing_behind_and_changes_nothing(tmp_path: Path) -> None:
    path = database(tmp_path, {"StepName": "a"})
    before = path.read_bytes()
    read_document(path)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.db"]


def test_a_name_with_signs_that_mean_something_in_a_uri(tmp_path: Path) -> None:
    path = database(tmp_path, {"StepName": "a"}).rename(tmp_path / "a?b#c%20 d.db")
    assert names(read_document(path)) == ["a"]
