"""contract.md, "ConfigLoader" and "ConfigValidator"."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from odibi_core.core import ConfigLoader, ConfigValidationError, ConfigValidator, Step


def write(path: Path, value: object) -> Path:
    path.write_text(json.dumps(value))
    return path


def database(path: Path, *statements: str) -> Path:
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()
    return path


CONFIG_TABLE = """CREATE TABLE transformation_config (Layer, StepName, StepType, Engine, Value, Params,
Inputs, Outputs, project, enabled, execution_order)"""


def test_a_missing_source(tmp_path: Path) -> None:
    for source in (str(tmp_path / "gone.json"), tmp_path / "gone.db"):
        with pytest.raises(FileNotFoundError, match="Config source not found"):
            ConfigLoader().load(source)


def test_json_with_defaults_and_suffixes_in_any_case(tmp_path: Path) -> None:
    steps = ConfigLoader().load(
        str(write(tmp_path / "c.JSON", [{"name": "a"}, {"name": "b", "layer": "ingest"}]))
    )
    assert steps == [Step(name="a"), Step(name="b", layer="ingest")]


def test_json_that_is_no_array(tmp_path: Path) -> None:
    with pytest.raises(ValueError):
        ConfigLoader().load(write(tmp_path / "c.json", {"name": "a"}))


def test_a_step_without_name(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        ConfigLoader().load(write(tmp_path / "c.json", [{"layer": "ingest"}]))


def test_an_unknown_suffix_names_itself_and_the_known_ones(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("")
    with pytest.raises(ValueError) as caught:
        ConfigLoader().load(path)
    for suffix in (".yaml", ".json", ".db", ".sqlite", ".sqlite3", ".csv"):
        assert suffix in str(caught.value)


def test_sqlite_filters_order_case_and_nulls(tmp_path: Path) -> None:
    path = database(
        tmp_path / "c.sqlite3",
        CONFIG_TABLE,
        """INSERT INTO transformation_config VALUES
        ('Transform', 'second', 'SQL', 'Pandas', 'SELECT 1', NULL, '{"d": "x"}', '', 'p', 1, 2),
        ('INGEST', 'first', NULL, NULL, 'a.csv', '{"sep": ";"}', NULL, '{"d": "x"}', 'p', 1, 1),
        ('store', 'off', NULL, NULL, 'b.csv', NULL, '{"d": "x"}', NULL, 'p', 0, 3),
        ('store', 'other', NULL, NULL, 'b.csv', NULL, '{"d": "x"}', NULL, 'q', 1, 4)""",
    )
    load = ConfigLoader().load
    assert load(path, project="p") == [
        Step("ingest", "first", value="a.csv", params={"sep": ";"}, outputs={"d": "x"}),
        Step("transform", "second", "sql", "pandas", "SELECT 1", inputs={"d": "x"}),
    ]
    assert [step.name for step in load(path)] == ["first", "second", "other"]
    assert [step.name for step in load(path, enabled_only=False)] == ["first", "second", "off", "other"]
    assert [step.name for step in load(path, layer="store")] == ["other"]


def test_sqlite_column_names_in_any_case_and_optional_ones_absent(tmp_path: Path) -> None:
    path = database(
        tmp_path / "c.db",
        "CREATE TABLE transformation_config"
        " (LAYER, stepname, steptype, ENGINE, value, params, inputs, outputs)",
        """INSERT INTO transformation_config VALUES ('store', 's', '', '', 'b.csv', '', '{"d": "x"}', '')""",
    )
    assert ConfigLoader().load(path) == [Step("store", "s", value="b.csv", inputs={"d": "x"})]


@pytest.mark.parametrize("names", ["source_id, {}, target_id", "SourceID, {}, TargetID"])
def test_an_ingestion_table_supplies_ingest_steps(tmp_path: Path, names: str) -> None:
    path_column = "source_path_or_query" if "source_id" in names else "SourcePath"
    path = database(
        tmp_path / "c.db",
        CONFIG_TABLE,
        f"CREATE TABLE ingestion_source_config"
        f" ({names.format(path_column)}, engine, source_type, project, enabled)",
        "INSERT INTO ingestion_source_config VALUES ('src', 'a.csv', 'raw', 'DuckDB', 'csv', 'p', 1)",
    )
    (step,) = ConfigLoader().load(path)
    assert (step.layer, step.name, step.value, step.engine) == ("ingest", "src", "a.csv", "duckdb")
    assert list(step.outputs.values()) == ["raw"]


def test_csv_has_the_same_columns(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_text(
        "Layer,StepName,StepType,Engine,Value,Params,Inputs,Outputs\n"
        'transform,t,sql,,SELECT 1,,"{""a"": ""b""}",\n'
    )
    assert ConfigLoader().load(path) == [Step("transform", "t", "sql", value="SELECT 1", inputs={"a": "b"})]


def test_json_text_that_does_not_parse_names_step_field_and_place(tmp_path: Path) -> None:
    path = database(
        tmp_path / "c.db",
        CONFIG_TABLE,
        """INSERT INTO transformation_config VALUES
        ('store', 'broken_step', '', '', 'b.csv', '{"a": ', NULL, NULL, 'p', 1, 1)""",
    )
    with pytest.raises(ValueError) as caught:
        ConfigLoader().load(path)
    message = str(caught.value)
    assert "broken_step" in message
    assert "params" in message.lower()
    assert "row 1" in message


def test_placeholders_are_kept_as_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTRACT_SECRET", "hunter2")
    written = {"name": "s", "value": "${env:CONTRACT_SECRET}", "params": {"a": "${var:x} $y $${z"}}
    (step,) = ConfigLoader().load(write(tmp_path / "c.json", [written]))
    assert step.value == "${env:CONTRACT_SECRET}"
    assert step.params == {"a": "${var:x} $y $${z"}


@pytest.mark.parametrize(
    ("steps", "fragment"),
    [
        ([], "Config is empty"),
        ([Step(name="a"), Step(name="a")], "Duplicate step names found"),
        (
            [Step(name="a", outputs={"d": "x"}), Step(name="b", outputs={"d": "x"})],
            "Duplicate output keys found",
        ),
        ([Step(name="a", inputs={"d": "nowhere"})], "references undefined input"),
        ([Step(name="a", layer="bronze")], "invalid layer"),
        ([Step(name="a", engine="polars")], "invalid engine"),
        ([Step(name="a", type="magic")], "invalid type"),
    ],
)
def test_the_validator_names_the_problem(steps: list[Step], fragment: str) -> None:
    with pytest.raises(ConfigValidationError) as caught:
        ConfigValidator().validate_config(steps)
    assert fragment in str(caught.value)


def test_a_cycle_is_shown_as_a_path() -> None:
    steps = [
        Step(name="a", inputs={"d": "z"}, outputs={"d": "x"}),
        Step(name="b", inputs={"d": "x"}, outputs={"d": "y"}),
        Step(name="c", inputs={"d": "y"}, outputs={"d": "z"}),
    ]
    with pytest.raises(ConfigValidationError, match="Circular dependency") as caught:
        ConfigValidator().validate_config(steps)
    assert "a → b → c → a" in str(caught.value)


def test_every_problem_is_listed_one_a_line_and_carried_as_data() -> None:
    steps = [Step(name="a", layer="bronze", engine="polars"), Step(name="a", inputs={"d": "nowhere"})]
    with pytest.raises(ConfigValidationError) as caught:
        ConfigValidator().validate_config(steps)
    lines = str(caught.value).splitlines()
    for fragment in (
        "invalid layer", "invalid engine", "Duplicate step names found", "references undefined input",
    ):  # fmt: skip
        assert sum(fragment in line for line in lines) == 1, fragment
    assert len(caught.value.diagnostics) >= 4
    assert all(
        diagnostic.span is None or diagnostic.span.line is None for diagnostic in caught.value.diagnostics
    )


def test_a_valid_config_passes_and_the_names_are_attributes() -> None:
    steps = [
        Step("ingest", "r", value="a.csv", outputs={"d": "x"}),
        Step("transform", "t", "sql", value="SELECT * FROM d", inputs={"d": "x"}, outputs={"d": "y"}),
    ]
    assert ConfigValidator().validate_config(steps) is None
    assert set(ConfigValidator.VALID_LAYERS) == {"connect", "ingest", "transform", "store", "publish"}
    assert set(ConfigValidator.VALID_ENGINES) == {"pandas", "spark", "duckdb"}
    assert set(ConfigValidator.VALID_TYPES) == {"sql", "function", "config_op", "api"}
