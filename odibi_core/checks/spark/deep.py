"""analyse: what Spark's own analyser says of a query (`--deep`), over empty tables of the right types."""

from __future__ import annotations

import atexit
import functools
import re
from typing import TYPE_CHECKING, Any

from odibi_core.checks.schemas import Column, Schema
from odibi_core.checks.sql.examine import Examined, Mistake
from odibi_core.checks.sql.lab_errors import ProblemKind, SqlProblem
from odibi_core.checks.sql.names import best

if TYPE_CHECKING:
    from collections.abc import Mapping

# Spark's condition, or how it begins -> what sort of mistake it is.
_KINDS: tuple[tuple[str, ProblemKind], ...] = (
    ("PARSE_", "syntax"),
    ("TRAILING_COMMA", "syntax"),
    ("UNRESOLVED_COLUMN", "column"),
    ("UNRESOLVED_USING_COLUMN", "column"),
    ("UNRESOLVED_ROUTINE", "function"),
    ("TABLE_OR_VIEW_NOT_FOUND", "table"),
    ("AMBIGUOUS_REFERENCE", "ambiguous"),
    ("DATATYPE_MISMATCH", "type"),
    ("MISSING_GROUP_BY", "group"),
    ("MISSING_AGGREGATION", "group"),
    ("INVALID_WHERE_CONDITION", "aggregate"),
    ("NUM_COLUMNS_MISMATCH", "count"),
    ("FIELD_NOT_FOUND", "field"),
    ("UNSUPPORTED_DATATYPE", "type-name"),
)
_TYPES = {
    "BOOLEAN": "boolean", "TINYINT": "tinyint", "SMALLINT": "smallint", "INTEGER": "int", "BIGINT": "bigint",
    "FLOAT": "float", "DOUBLE": "double", "VARCHAR": "string", "BLOB": "binary", "DATE": "date",
    "TIMESTAMP": "timestamp_ntz",
    # Odibi's sessions read a plain TIMESTAMP as one without a zone (engine/spark_session.py).
    "TIMESTAMP WITH TIME ZONE": "timestamp_ltz",
}  # fmt: skip
_NATIVE = {spark: duckdb for duckdb, spark in _TYPES.items()} | {"timestamp": "TIMESTAMP WITH TIME ZONE"}
_DECIMAL = re.compile(r"decimal\((\d+),\s*(\d+)\)", re.IGNORECASE)
_NAMED = ("column", "function", "table", "ambiguous", "group", "field")


def analyse(sql: str, tables: Mapping[str, Schema | None]) -> Examined | None:
    """Returns what Spark says of a query; None where a table cannot be made for it.

    Args:
        sql: One query.
        tables: The tables it knows, by name.

    Raises:
        odibi_core.errors.MissingDependencyError: Spark or Java is not there.
    """
    ddl = {name: _ddl(schema) for name, schema in tables.items()}
    if any(columns is None for columns in ddl.values()):
        return None
    context = _context()
    from pyspark.errors import PySparkException

    session = context.session
    frames = {name: session.createDataFrame([], columns) for name, columns in ddl.items()}
    from odibi_core.engine.spark_sql import select

    try:
        frame = select(session, sql, frames)
    except PySparkException as error:
        return Examined(None, (_mistake(error, sql, tables),))
    return Examined(
        Schema(tuple(Column(f.name, _native(f.dataType.simpleString())) for f in frame.schema.fields))
    )


@functools.lru_cache(maxsize=1)
def _context() -> Any:
    from odibi_core.engine import create_engine_context

    context: Any = create_engine_context("spark").connect()
    atexit.register(context.close)
    return context


def _ddl(schema: Schema | None) -> str | None:
    if schema is None:
        return None
    columns = []
    for column in schema.columns:
        kind = _TYPES.get(column.type or "")
        if kind is None and column.type is not None and _DECIMAL.fullmatch(column.type):
            kind = column.type.lower()
        if kind is None:
            return None
        columns.append(f"`{column.name.replace('`', '``')}` {kind}")
    return ", ".join(columns)


def _native(kind: str) -> str | None:
    decimal = _DECIMAL.fullmatch(kind)
    return f"DECIMAL({decimal[1]},{decimal[2]})" if decimal else _NATIVE.get(kind)


def _mistake(error: Any, sql: str, tables: Mapping[str, Schema | None]) -> Mistake:
    condition = error.getCondition() or ""
    kind: ProblemKind = next((kind for start, kind in _KINDS if condition.startswith(start)), "refused")
    message = (
        re.sub(r"^\[[^\]]+\]\s*", "", str(error).strip().split("\n")[0]).partition(" SQLSTATE")[0].strip()
    )
    start, end = _place(error, sql)
    name = _name(error.getMessageParameters() or {})
    if name is not None and kind in _NAMED:
        at = re.search(rf"(?<!\w){re.escape(name)}(?!\w)", sql[start or 0 : end or len(sql)])
        if at is not None:
            start, end = (start or 0) + at.start(), (start or 0) + at.end()
    if kind == "syntax":
        message = f'syntax error at or near "{sql[start:end]}"'
    elif kind in ("group", "aggregate") and (start is None or end == len(sql)):
        kind = "refused"  # Spark names the whole query: its own words say more
    known = [column for schema in tables.values() if schema is not None for column in schema.names]
    meant, certain = None, False
    if name is not None and kind in ("column", "table"):
        meant, certain = best(name, known if kind == "column" else tables)
    sources = tuple(tables) if kind == "column" else ()
    problem = SqlProblem(kind, message, start=start, end=end, name=name)
    return Mistake(problem, meant, certain, sources, sources)


def _name(parameters: Mapping[str, str]) -> str | None:
    """Returns the name that an error is about: the last part of what it says in backticks or quotes."""
    for key in ("objectName", "relationName", "routineName", "name", "expression", "fieldName"):
        found = re.findall(r"[`\"]([^`\"]+)[`\"]", parameters.get(key, ""))
        if found:
            return str(found[-1])
    return None


def _place(error: Any, sql: str) -> tuple[int | None, int | None]:
    contexts = error.getQueryContext() if hasattr(error, "getQueryContext") else []
    for context in contexts or []:
        start, stop = context.startIndex(), context.stopIndex()
        if 0 <= start <= stop < len(sql):
            return start, stop + 1
    found = re.search(r"line (\d+),? pos (\d+)", str(error))
    if found is None:
        return None, None
    lines = sql.split("\n")
    at = sum(len(line) + 1 for line in lines[: int(found[1]) - 1]) + int(found[2])
    word = re.compile(r"\w+|\S|$").search(sql, min(at, len(sql)))
    return (word.start(), word.end()) if word is not None else (None, None)
