"""The JSON Schema of a config: valid configs are valid by it, mistakes of shape are not; all is described."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from odibi_core.checks.editors.json_schema import EXAMPLES, config_schema
from odibi_core.core.node import ENGINES, LAYERS, TYPES

ROOT = Path(__file__).parents[2]
CASES = Path(__file__).parent / "cases"
SCHEMA = config_schema()
VALIDATOR = Draft202012Validator(SCHEMA)
SAMPLES = [
    *(path for path in (ROOT / "sample_configs").glob("*.json") if path.name != "broken_pipeline.json"),
    ROOT / "odibi_core/examples/configs/simple_pipeline.json",
]
# Mistakes of shape, and of what a step of a layer and type needs.
OF_SHAPE = sorted(
    path
    for path in CASES.iterdir()
    if re.match(r"ODB(12\d|106)", path.name) and (path / "mistake.json").exists()
)


def problems(config: Any) -> list[str]:
    return [error.message for error in VALIDATOR.iter_errors(config)]


def step(**fields: Any) -> list[dict[str, Any]]:
    return [{"name": "it"} | fields]


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_a_sample_is_valid(path: Path) -> None:
    assert problems(json.loads(path.read_text("utf-8"))) == []


def test_its_examples_are_valid() -> None:
    assert problems(EXAMPLES) == []
    assert [example for example in EXAMPLES if problems([example])] == []


@pytest.mark.parametrize("case", OF_SHAPE, ids=lambda case: case.name)
def test_a_mistake_of_shape_is_not_valid_and_what_looks_like_it_is(case: Path) -> None:
    assert problems(json.loads((case / "mistake.json").read_text("utf-8"))) != []
    for lookalike in case.glob("lookalike.json"):
        assert problems(json.loads(lookalike.read_text("utf-8"))) == []


def test_every_layer_type_and_engine_is_offered() -> None:
    fields = SCHEMA["$defs"]["step"]["properties"]
    for name, known in (("layer", LAYERS), ("type", TYPES), ("engine", ENGINES)):
        assert fields[name]["enum"] == [*known, None]
        assert len(fields[name]["enumDescriptions"]) == len(known) + 1


@pytest.mark.parametrize(("config", "valid"), [
    (step(metadata={"timeout": 30, "retries": 2, "isolate": True}), True),
    (step(metadata={"timeout": "30s"}), False),
    (step(params={"timeout": 0}), False),
    (step(metadata={"retries": 1.5}), False),
    (step(params={"filter": "a > 1", "sort": ["-a"], "limit": 5}), True),
    (step(params={"filtr": "a > 1"}), False),
    (step(params={"operations": [{"filter": "a > 1"}, {"sort": "a"}]}), True),
    (step(params={"operations": [{"filter": "a > 1", "sort": "a"}]}), False),
    (step(type="function", value="m.f", params={"anything": [1]}), True),
    (step(type="function"), False),
    (step(layer="store", value="x.csv", inputs={"d": "x"}, params={"mode": "append", "sep": ";"}), True),
    (step(layer="store", value="x.csv", inputs={"d": "x"}, params={"mode": "apend"}), False),
    (step(layer="store", value="x.csv", inputs={"d": "x"}, params={"mode": "${var:mode}"}), True),
    (step(layer="store", value="x.csv"), False),
    (step(layer="connect", params={"driver": "postgresql", "port": "5432"}), True),
    (step(layer="ingest", type="api", value="https://x.org", params={"method": "FETCH"}), False),
    (step(metadata={"odibi": {"ignore": ["ODB304", "unknown-column", "odb304"]}}), True),
    (step(metadata={"odibi": {"ignore": "ODB304"}}), False),
    (step(metadata={"odibi": {"ignore": ["unknown-colum"]}}), False),
    (step(metadata={"key": ["id"], "anything": {"else": 1}}), True),
    (step(metadata={"expect": [{"unique": "id"}, {"range": {"a": {"min": 0}}, "severity": "warn"}]}), True),
    (step(metadata={"expect": [{"severity": "warn"}]}), False),
    (step(layer=None, params=None, inputs=None, value=None), True),
])  # fmt: skip
def test_options_are_held_to_what_they_take(config: Any, valid: bool) -> None:
    assert (problems(config) == []) == valid


def applied(value: str, **params: Any) -> set[str]:
    """Returns the options that an editor would offer for the params of an ingest step."""
    step_schema = SCHEMA["$defs"]["step"]
    found: set[str] = set()
    instance = {"name": "read", "layer": "ingest", "value": value, "params": params}
    for rule in step_schema["allOf"]:
        if Draft202012Validator(rule["if"]).is_valid(instance):
            offered = rule["then"].get("properties", {}).get("params", {})
            if "$ref" in offered:
                offered = SCHEMA["$defs"][offered["$ref"].rpartition("/")[2]]
            found |= offered.get("properties", {}).keys()
    return found


def test_options_of_a_format_are_offered_where_it_is_read() -> None:
    assert {"sep", "usecols", "format", "timeout"} <= applied("data/orders.csv.gz")
    assert "filters" not in applied("data/orders.csv")
    assert {"filters", "columns"} <= applied("data/orders.parquet")
    assert "sep" not in applied("data/orders.parquet")
    assert {"sheet_name", "connection"} <= applied("somewhere", format="excel")


# What a rule adds to a field that is described elsewhere.
NARROWING = {"type", "pattern", "minProperties", "$ref", "properties", "additionalProperties"}


def described(schema: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yields the fields that have no description."""
    if isinstance(schema, dict):
        for name, value in schema.items():
            # In a condition a field is only looked at.
            if name == "properties" and "if" not in path and path[-2:] != ("items", "properties"):
                for field, meaning in value.items():
                    only_narrowed = set(meaning) <= NARROWING
                    if "description" not in meaning and not only_narrowed:
                        yield (*path, field)
            yield from described(value, (*path, name))
    elif isinstance(schema, list):
        for index, item in enumerate(schema):
            yield from described(item, (*path, str(index)))


def test_every_field_and_option_has_a_description() -> None:
    assert list(described(SCHEMA)) == []
    assert all(field["description"] for field in SCHEMA["$defs"]["step"]["properties"].values())


def test_patterns_are_ones_that_editors_read_too() -> None:
    text = json.dumps(SCHEMA)
    assert "(?i" not in text and "(?P" not in text
