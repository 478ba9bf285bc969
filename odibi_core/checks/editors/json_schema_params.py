"""The `params` of a step in the JSON Schema of a config, by its layer, type and format."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from odibi_core.formats.base import Format

JsonSchema = dict[str, Any]

_DEFAULT_LAYER, _DEFAULT_TYPE = "transform", "config_op"
_PARAGRAPH = 300
# What the docstrings of pandas and pyarrow say of no option.
_OWN = {
    "nrows": "How many rows to read.",
    "usecols": "The columns to read.",
    "columns": "The columns to read, or to write.",
    "filters": "Which rows to read, as pyarrow takes it: a list of [column, operator, value].",
    "codec": "How blocks are compressed: null, deflate, snappy.",
    "schema": "The schema to write by; made of the frame if not given.",
    "index": "Whether to write the index.",
}
_OPERATIONS: JsonSchema = {
    "select": {"description": "The columns that stay, in this order.", "$ref": "#/$defs/columns"},
    "drop": {"description": "The columns that go.", "$ref": "#/$defs/columns"},
    "rename": {
        "description": "Old name -> new name.", "type": "object",
        "additionalProperties": {"type": "string"}, "examples": [{"amt": "amount"}],
    },
    "filter": {
        "description": "An SQL expression: rows for which it is true stay.", "type": "string",
        "examples": ["amount > 100"],
    },
    "derive": {
        "description": "Column -> SQL expression: adds the column, or replaces it.", "type": "object",
        "additionalProperties": {"type": "string"}, "examples": [{"total": "price * quantity"}],
    },
    "cast": {
        "description": "Column -> type, by Arrow's names (int64, double, string, date32[day], timestamp[us]) "
        "or the engine's.",
        "type": "object", "additionalProperties": {"type": "string"}, "examples": [{"id": "int64"}],
    },
    "fill": {
        "description": "Column -> the value in place of nulls.", "type": "object",
        "examples": [{"discount": 0}],
    },
    "dedupe": {
        "description": "true, or the columns that tell rows apart; the first row of each kind stays.",
        "type": ["boolean", "string", "array"], "items": {"type": "string"},
    },
    "sort": {
        "description": "The columns to sort by, `-` before one for descending; nulls last.",
        "$ref": "#/$defs/columns", "examples": [["-amount", "id"]],
    },
    "limit": {"description": "How many of the first rows stay.", "type": ["integer", "string"], "minimum": 0},
}  # fmt: skip
_HTTP: JsonSchema = {
    "method": {"description": "The method of the request.", "enum": ["GET", "POST", "PUT", "PATCH"]},
    "headers": {
        "description": "Headers of the request; secrets as ${env:NAME}.", "type": "object",
        "examples": [{"Authorization": "Bearer ${env:TOKEN}"}],
    },
    "query": {"description": "Parameters of the URL.", "type": "object"},
    "format": {"description": "Form of the rows.", "enum": ["json", "jsonl", "csv"]},
    "records": {"description": "Dotted path to the rows in a JSON answer.", "type": "string"},
    "batch_size": {"description": "Rows a request; all in one if not given.", "type": ["integer", "string"]},
    "body": {"description": "What is sent, as JSON."},
}  # fmt: skip
_CONNECT: JsonSchema = {
    "url": {"description": "A file or SQLAlchemy URL, if not in `value`.", "type": "string"},
    "driver": {
        "description": "The kind of database.", "type": "string",
        "examples": ["sqlite", "duckdb", "postgresql", "mysql"],
    },
    "database": {"description": "The file, or the database's name on the host.", "type": "string"},
    "host": {"description": "Where the database is.", "type": "string"},
    "port": {"description": "Its port.", "type": ["integer", "string"]},
    "username": {"description": "Who connects.", "type": "string"},
    "password": {
        "description": "The password; written as ${env:NAME}.", "type": "string",
        "examples": ["${env:DB_PASSWORD}"],
    },
    "query": {"description": "What follows `?` in the URL.", "type": "object"},
    "create": {"description": "Let the first write make a file that is not there.", "type": "boolean"},
}  # fmt: skip
_PLACES: JsonSchema = {
    "connection": {
        "description": "The name of a connect step, whose database is read or written.", "type": "string",
    },
    "connection_string": {
        "description": "A SQLAlchemy URL, instead of a connect step.", "type": "string",
        "examples": ["postgresql://etl:${env:DB_PASSWORD}@db/sales"],
    },
    "table": {"description": "The table that is read or written.", "type": "string"},
    "schema": {"description": "The schema of the table; for files the writer's own."},
}  # fmt: skip


def step_options(*left_out: str) -> JsonSchema:
    """Returns the options that a step as a whole has."""
    number = ["number", "null"]
    options: JsonSchema = {
        "timeout": {
            "description": "Seconds an attempt may take; its work is then ended.", "type": number,
            "exclusiveMinimum": 0,
        },
        "retries": {
            "description": "Attempts after the first.", "type": ["number", "null"], "minimum": 0,
            "multipleOf": 1,
        },
        "max_retries": {
            "description": "The same as `retries`.", "type": number, "minimum": 0, "multipleOf": 1,
        },
        "retry_delay": {
            "description": "Seconds before the second attempt; it doubles with each.", "type": number,
            "minimum": 0,
        },
        "isolate": {
            "description": "Whether its function runs in a process of its own.", "type": ["boolean", "null"],
        },
    }  # fmt: skip
    return {name: schema for name, schema in options.items() if name not in left_out}


def params_rules() -> list[JsonSchema]:
    """Returns what `params` may hold, a rule for each layer and type, and each format of a file."""
    reading = {**step_options(), **_PLACES, "query": _query(), "format": _format()}
    writing = {**step_options(), **_PLACES, "mode": _mode(), "format": _format()}
    return [
        _rule("connect", None, {**_CONNECT, **step_options("timeout")}),
        _rule(None, "function", step_options("retries", "max_retries", "retry_delay")),
        _rule("ingest", "config_op", reading),
        _rule("ingest", "sql", {**step_options(), **_PLACES}),
        _rule("ingest", "api", {**_HTTP, **step_options()}),
        _rule("transform", "sql", {**step_options(), **_PLACES}),
        _rule("transform", "api", {**_HTTP, **step_options()}),
        _rule("transform", "config_op", {**_operations(), **step_options()}, closed=True),
        _rule("store", "config_op", writing),
        _rule("store", "sql", writing),
        _rule("publish", "config_op", writing),
        _rule("publish", "api", {**_HTTP, **step_options()}),
        *_of_formats("ingest", "read"),
        *_of_formats("store", "write"),
        *_of_formats("publish", "write"),
    ]


def options_of_formats() -> JsonSchema:
    """Returns the definitions of the options that the readers and writers of files take."""
    made: JsonSchema = {}
    for format, read, written in _formats():
        made[f"read_{format.name}"] = {"properties": _described(format.read_options(), read)}
        made[f"write_{format.name}"] = {"properties": _described(format.write_options(), written)}
    return made


def _operations() -> JsonSchema:
    each = {
        "type": "object", "minProperties": 1, "maxProperties": 1, "properties": _OPERATIONS,
        "additionalProperties": False,
    }  # fmt: skip
    return {
        **_OPERATIONS,
        "operations": {
            "description": "Operations in this order, where one is needed twice.",
            "type": "array",
            "items": each,
            "examples": [[{"filter": "amount > 0"}, {"sort": "-amount"}]],
        },
    }


def _query() -> JsonSchema:
    return {"description": "A query whose rows are read, instead of a table.", "type": "string"}


def _format() -> JsonSchema:
    from odibi_core.formats.registry import format_names

    return {
        "description": "The format, where the suffix does not say it.",
        "type": "string",
        "anyOf": [{"enum": format_names()}, {}],
    }


def _mode() -> JsonSchema:
    return {
        "description": "What happens to a target that exists: overwrite, append to it, or error.",
        "anyOf": [
            {"enum": ["overwrite", "append", "error"]},
            {"description": "pandas' words, for tables", "enum": ["replace", "fail"]},
            {"type": "string", "pattern": r"\$\{"},
        ],
        "default": "overwrite",
    }


def _rule(layer: str | None, kind: str | None, properties: JsonSchema, *, closed: bool = False) -> JsonSchema:
    params: JsonSchema = {"properties": properties}
    if closed:
        params["additionalProperties"] = False
    return {
        "if": {"allOf": [_given("layer", layer, _DEFAULT_LAYER), _given("type", kind, _DEFAULT_TYPE)]},
        "then": {"properties": {"params": params}},
    }


def _given(field: str, value: str | None, default: str) -> JsonSchema:
    """Returns the condition that a field has a value, which it also has by default."""
    if value is None:
        return {}
    if value != default:
        return {"required": [field], "properties": {field: {"const": value}}}
    return {"properties": {field: {"enum": [value, None]}}}


def _of_formats(layer: str, verb: str) -> list[JsonSchema]:
    """Returns a rule a format: files of its suffixes, or named so, take its options."""
    rules = []
    for format, _, _ in _formats():
        suffixes = "|".join(re.escape(suffix) for suffix in format.suffixes)
        compressed = r"(\.(gz|bz2|xz|zst|zip))?" if format.compressed else ""
        named = {
            "required": ["params"],
            "properties": {
                "params": {"required": ["format"], "properties": {"format": {"const": format.name}}}
            },
        }
        by_suffix = {
            "required": ["value"],
            "properties": {"value": {"pattern": f"^[^\\n]*({suffixes}){compressed}$"}},
        }
        rules.append(
            {
                "if": {
                    "allOf": [
                        _given("layer", layer, _DEFAULT_LAYER),
                        _given("type", "config_op", _DEFAULT_TYPE),
                        {"anyOf": [named, by_suffix]},
                    ]
                },
                "then": {"properties": {"params": {"$ref": f"#/$defs/{verb}_{format.name}"}}},
            }
        )
    return rules


def _formats() -> Iterable[tuple[Format, Callable[..., Any] | None, Callable[..., Any] | None]]:
    """Yields the formats of files, each with the functions whose options its reader and writer take."""
    import pandas as pd
    import pyarrow.parquet as pq

    from odibi_core.formats.registry import formats

    sources: dict[str, tuple[Callable[..., Any] | None, Callable[..., Any] | None]] = {
        "csv": (pd.read_csv, pd.DataFrame.to_csv),
        "tsv": (pd.read_csv, pd.DataFrame.to_csv),
        "json": (pd.read_json, pd.DataFrame.to_json),
        "jsonl": (pd.read_json, pd.DataFrame.to_json),
        "parquet": (pd.read_parquet, pq.write_table),
        "excel": (pd.read_excel, pd.DataFrame.to_excel),
    }
    for format in formats():
        yield format, *sources.get(format.name, (None, None))


def _described(names: Iterable[str], source: Callable[..., Any] | None) -> JsonSchema:
    told = {} if source is None else _parameters(source.__doc__ or "")
    return {
        name: {
            "description": _OWN.get(name) or told.get(name) or f"`{name}` of the engine's reader or writer"
        }
        for name in sorted(names)
    }


def _parameters(doc: str) -> dict[str, str]:
    """Returns what a docstring in numpy's form says of each parameter: its type and first paragraph."""
    found: dict[str, str] = {}
    lines = doc.expandtabs().split("\n")
    try:
        at = next(n for n, line in enumerate(lines) if line.strip() == "Parameters") + 2
    except StopIteration:
        return found
    indent = len(lines[at]) - len(lines[at].lstrip()) if at < len(lines) else 0
    names: list[str] = []
    kind = ""
    body: list[str] = []
    for line in [*lines[at:], ""]:
        stripped = line.strip()
        if stripped.startswith("---") or stripped in ("Returns", "See Also", "Notes", "Raises"):
            break
        head = re.match(r"(\*{0,2}\w+(?:\s*,\s*\w+)*)\s*:\s*(.*)$", stripped)
        if stripped and len(line) - len(line.lstrip()) == indent and head is not None:
            _keep(found, names, kind, body)
            names, kind, body = [name.strip("* ") for name in head[1].split(",")], head[2], []
        elif stripped or body:
            body.append(stripped)
    _keep(found, names, kind, body)
    return found


def _keep(found: dict[str, str], names: list[str], kind: str, body: list[str]) -> None:
    paragraph = " ".join(body[: body.index("")] if "" in body else body)
    paragraph = re.sub(r":\w+:`~?\.?([^`]*)`", r"`\1`", paragraph).replace("``", "`")
    if len(paragraph) > _PARAGRAPH:
        cut = paragraph.rfind(". ", 0, _PARAGRAPH)
        paragraph = paragraph[: cut + 1] if cut > 0 else paragraph[:_PARAGRAPH].rsplit(" ", 1)[0] + " …"
    for name in names:
        found[name] = f"{paragraph} ({kind})".strip() if kind else paragraph
