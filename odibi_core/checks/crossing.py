"""What becomes of types on the way: in an engine's result of SQL, and from one engine to another."""

from __future__ import annotations

import functools
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from odibi_core.checks.schemas import Column, Schema
from odibi_core.checks.sql.words import split_types
from odibi_core.engine.duckdb_types import distinct_names

if TYPE_CHECKING:
    from collections.abc import Collection

_SAME = frozenset({
    "BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT",
    "FLOAT", "DOUBLE", "VARCHAR", "BLOB", "DATE", "TIME", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS",
    "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE", "INTERVAL",
})  # fmt: skip
# A pandas frame takes these through Arrow, which has no such types.
_AS_PANDAS = {
    "UUID": "VARCHAR", "JSON": "VARCHAR", "BIT": "BLOB", "BIGNUM": "BLOB", "TIME WITH TIME ZONE": "TIME",
    "TIME_NS": "TIME", "HUGEINT": "DECIMAL(38,0)", "UHUGEINT": "DECIMAL(38,0)",
}  # fmt: skip
_DECIMAL = re.compile(r"DECIMAL\(\d+,\s*\d+\)")


def crossed(schema: Schema | None, made_on: str, used_on: str) -> Schema | None:
    """Returns a schema as a step on another engine meets it."""
    if schema is not None and made_on == "spark" and used_on != "spark":  # whose names may come twice
        names = distinct_names(schema.names)
        schema = Schema(tuple(replace(c, name=name) for c, name in zip(schema.columns, names, strict=True)))
    if schema is None or used_on != "pandas" or made_on == "pandas":
        return schema
    return Schema(tuple(replace(column, type=in_pandas(column.type)) for column in schema.columns))


@functools.lru_cache(maxsize=4096)
def in_pandas(kind: str | None) -> str | None:
    """Returns the type that a column has once it was a pandas frame's; None where its values decide."""
    if kind is None or kind in _SAME or _DECIMAL.fullmatch(kind):
        return kind
    if kind in _AS_PANDAS:
        return _AS_PANDAS[kind]
    if kind.startswith("ENUM("):
        return "VARCHAR"
    if kind.endswith("[]") and "MAP(" not in kind:
        inner = kind[:-2]
        if inner == "TIMESTAMP WITH TIME ZONE":
            return "TIMESTAMP[]"
        item = in_pandas(inner)
        return None if item is None or item.startswith("DECIMAL") else f"{item}[]"
    if "MAP(" in kind:
        return _as_arrow(kind)  # which keeps what has maps in it
    return None  # of structs and fixed arrays pandas infers the types from the values


def _as_arrow(kind: str) -> str | None:
    """Returns the type that a column has once it was Arrow's; None where that is not certain."""
    if kind in _SAME or _DECIMAL.fullmatch(kind):
        return kind
    if kind in _AS_PANDAS:
        return _AS_PANDAS[kind]
    if kind.endswith("[]"):
        item = _as_arrow(kind[:-2])
        return None if item is None else f"{item}[]"
    if kind.startswith("MAP(") and kind.endswith(")"):
        parts = [_as_arrow(part) for part in split_types(kind[4:-1])]
        return f"MAP({parts[0]}, {parts[1]})" if len(parts) == 2 and None not in parts else None
    return None


def of_query(schema: Schema, engine: str, inputs: Collection[Schema | None]) -> Schema:
    """Returns the schema of a query's result as the engine keeps it.

    Args:
        schema: What the query gives in DuckDB.
        engine: pandas or duckdb.
        inputs: The schemas of the step's inputs.
    """
    names = distinct_names(schema.names)
    types = [column.type for column in schema.columns]
    if engine == "duckdb":
        types = ["BIGINT" if kind == "HUGEINT" else kind for kind in types]
    else:
        decimals = _have_decimals(inputs)
        types = [_pandas_result(kind, decimals) for kind in types]
    texts = [column.texts for column in schema.columns]
    return Schema(tuple(map(Column, names, types, texts)))


def _pandas_result(kind: str | None, decimals: bool | None) -> str | None:
    if kind == "HUGEINT":
        return "BIGINT"
    kind = in_pandas(kind)
    if kind is None or not kind.startswith("DECIMAL") or decimals:
        return kind
    return "DOUBLE" if decimals is False else None


def _have_decimals(inputs: Collection[Schema | None]) -> bool | None:
    """Whether any input has exact decimals; None where that is not known."""
    unsure = False
    for schema in inputs:
        if schema is None or schema.has_unknown_types:
            unsure = True
        if schema is not None and any((column.type or "").startswith("DECIMAL") for column in schema.columns):
            return True
    return None if unsure else False
