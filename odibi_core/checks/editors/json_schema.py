"""config_schema: a JSON Schema (2020-12) of a config, for completion and hover in editors."""

from __future__ import annotations

from typing import Any

from odibi_core.checks.editors.json_schema_params import options_of_formats, params_rules
from odibi_core.core.node import ENGINES, LAYERS, TYPES

JsonSchema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_SOME_TEXT = r"\S"
_LAYERS = {
    "connect": "opens a database under the step's name, for `params.connection` of others",
    "ingest": "reads a file, a table, a query or an endpoint",
    "transform": "makes datasets of datasets",
    "store": "writes a dataset to a file or table",
    "publish": "writes a dataset, or sends it to an endpoint",
}
_TYPES = {
    "sql": "`value` is a query",
    "function": "`value` names a Python function",
    "config_op": "`value` is a path (ingest, store, publish), or `params` name operations (transform)",
    "api": "`value` is a URL",
}
_ENGINES = {
    "pandas": "frames in memory; its SQL runs in DuckDB",
    "duckdb": "tables of a DuckDB that is private to the run",
    "spark": "Spark, which needs Java and `odibi-tui[spark]`",
}
EXAMPLES: list[JsonSchema] = [
    {"layer": "ingest", "name": "read_orders", "value": "data/orders.csv", "outputs": {"data": "orders"}},
    {
        "layer": "transform", "name": "large_orders", "type": "sql", "engine": "duckdb",
        "value": "SELECT * FROM data WHERE amount > 100", "inputs": {"data": "orders"},
        "outputs": {"data": "large_orders"},
    },
    {
        "layer": "store", "name": "write_orders", "value": "out/large_orders.parquet",
        "inputs": {"data": "large_orders"},
    },
]  # fmt: skip


def config_schema() -> JsonSchema:
    """Returns the schema. It imports pandas and pyarrow, whose options are those of readers and writers."""
    return {
        "$schema": DIALECT,
        "$id": "urn:odibi:config",
        "title": "Odibi pipeline",
        "description": "The steps of a pipeline. Their order is that of their data, not of this list.",
        "type": "array",
        "items": {"$ref": "#/$defs/step"},
        "examples": [EXAMPLES],
        "$defs": {
            "step": _step(),
            "datasets": _datasets(),
            "expectation": _expectation(),
            "columns": _columns("a column, or a list of columns"),
            **options_of_formats(),
        },
    }


def _step() -> JsonSchema:
    return {
        "title": "step",
        "type": "object",
        "required": ["name"],
        "additionalProperties": False,
        "properties": _fields(),
        "allOf": [*_needs(), *params_rules()],
        "examples": EXAMPLES,
        "defaultSnippets": [
            {"label": f"{step['layer']} step", "description": _LAYERS[step["layer"]], "body": step}
            for step in EXAMPLES
        ],
    }


def _fields() -> JsonSchema:
    return {
        "layer": _choice("What the step does.", LAYERS, _LAYERS, "transform"),
        "name": {
            "description": "What the step is called; unique in the pipeline.",
            "type": "string",
            "pattern": _SOME_TEXT,
            "examples": ["read_orders"],
        },
        "type": _choice("What `value` is.", TYPES, _TYPES, "config_op"),
        "engine": _choice("Where the step runs.", ENGINES, _ENGINES, "pandas"),
        "value": {
            "description": "A path, a query, a function's dotted name or a URL, by layer and type. "
            "`${env:NAME}` and `${var:NAME}` are filled in when the step runs.",
            "type": ["string", "null"],
            "examples": ["data/orders.csv", "SELECT * FROM data", "cleaning.drop_test_orders"],
        },
        "params": {
            "description": "Options of the operation, by layer, type and format.",
            "type": ["object", "null"],
        },
        "inputs": {
            "description": "What the step reads: local name -> the key of another step's output. In SQL the "
            "local names are the tables.",
            "$ref": "#/$defs/datasets",
            "examples": [{"data": "orders"}],
        },
        "outputs": {
            "description": "What the step makes: local name -> a key that others read it by; unique in the "
            "pipeline.",
            "$ref": "#/$defs/datasets",
            "examples": [{"data": "orders"}],
        },
        "metadata": _metadata(),
    }


def _choice(description: str, names: tuple[str, ...], told: dict[str, str], default: str) -> JsonSchema:
    return {
        "description": f"{description} " + "; ".join(f"{name}: {told[name]}" for name in names) + ".",
        "enum": [*names, None],
        "enumDescriptions": [*(told[name] for name in names), f"not given: {default}"],
        "default": default,
    }


def _datasets() -> JsonSchema:
    return {
        "type": ["object", "null"],
        "propertyNames": {"pattern": _SOME_TEXT},
        "additionalProperties": {"type": "string", "pattern": _SOME_TEXT},
    }


def _metadata() -> JsonSchema:
    from odibi_core.checks.editors.json_schema_params import step_options

    return {
        "description": "Free-form; some of it means something.",
        "type": ["object", "null"],
        "properties": {
            "description": {"description": "What the step is for.", "type": "string"},
            "key": {
                "description": "The columns that tell rows apart; runs are compared by them.",
                "$ref": "#/$defs/columns",
            },
            "expect": {
                "description": "What the data of the step must be like, each time it runs.",
                "type": "array",
                "items": {"$ref": "#/$defs/expectation"},
            },
            "odibi": {
                "description": "What checks are to know of the step.",
                "type": "object",
                "properties": {
                    "ignore": {
                        "description": "Codes or names of findings that are not told for this step.",
                        "type": "array",
                        "items": _code(),
                        "examples": [["ODB604"]],
                    }
                },
            },
            **step_options(),
        },
    }


def _code() -> JsonSchema:
    from odibi_core.checks.catalogue import CODES

    return {
        "description": "A code such as ODB604, or its name; `odibi-core explain --all` lists them.",
        "type": "string",
        "anyOf": [
            {
                "enum": list(CODES),
                "enumDescriptions": [f"{info.name}: {info.summary}" for info in CODES.values()],
            },
            {"enum": [info.name for info in CODES.values()]},
            {"pattern": "^[Oo][Dd][Bb][0-9]{3}$"},
        ],
    }


def _columns(description: str) -> JsonSchema:
    return {
        "description": description,
        "type": ["string", "array"],
        "items": {"type": "string"},
        "examples": [["id"]],
    }


def _expectation() -> JsonSchema:
    from odibi_core.plan.expectations import KINDS, SEVERITIES

    limit = {"type": ["number", "string"]}
    count = {"type": ["integer", "string"]}
    kinds: JsonSchema = {
        "not_null": {"description": "No value of these columns is null.", "$ref": "#/$defs/columns"},
        "unique": {
            "description": "No two rows have the same values in these columns.",
            "$ref": "#/$defs/columns",
        },
        "accepted_values": {
            "description": "Column -> the values it may have; null is one of them.",
            "type": "object",
            "additionalProperties": {"type": "array"},
            "examples": [{"region": ["north", "south"]}],
        },
        "range": {
            "description": "Column -> the least and the greatest value, both included.",
            "type": "object",
            "additionalProperties": {"type": "object", "properties": {"min": limit, "max": limit}},
            "examples": [{"amount": {"min": 0}}],
        },
        "row_count": {
            "description": "How many rows there are at least and at most.",
            "type": "object",
            "properties": {"min": count, "max": count},
            "examples": [{"min": 1}],
        },
        "freshness": {
            "description": "Column -> the age that its newest time may have.",
            "type": "object",
            "additionalProperties": {"type": "string"},
            "examples": [{"ordered_at": "2 days"}],
        },
        "sql": {
            "description": "A condition that is true, or null, for every row; in the engine's SQL.",
            "type": "string",
            "examples": ["amount >= discount"],
        },
    }
    return {
        "type": "object",
        "properties": {
            **{kind: kinds[kind] for kind in KINDS},
            "severity": {
                "description": "error: the step fails; warn: it is told, and the run goes on.",
                "enum": list(SEVERITIES),
                "default": "error",
            },
            "name": {"description": "What it is called in records.", "type": "string"},
            "output": {
                "description": "The local name of the output it is about; the first if not given.",
                "type": "string",
            },
        },
        "oneOf": [{"required": [kind]} for kind in KINDS],
    }


def _needs() -> list[JsonSchema]:
    """Returns what steps of a layer and type cannot do without."""
    text = {"type": "string", "pattern": _SOME_TEXT}
    one = {"type": "object", "minProperties": 1}
    return [
        {
            "if": _is(layer=["store", "publish"]),
            "then": {"required": ["inputs"], "properties": {"inputs": one}},
        },
        {
            "if": _is(layer=["ingest", "transform"], type=["sql", "function", "api"]),
            "then": {"required": ["value"], "properties": {"value": text}},
        },
        {
            "if": {"required": ["type"], "properties": {"type": {"const": "function"}}},
            "then": {"required": ["value"], "properties": {"value": text}},
        },
    ]


def _is(**fields: list[str]) -> JsonSchema:
    """Returns the condition that each of these fields has one of some values."""
    return {
        "required": list(fields),
        "properties": {name: {"enum": values} for name, values in fields.items()},
    }
