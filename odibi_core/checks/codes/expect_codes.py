"""Codes of what is wrong with expectations."""

from __future__ import annotations

from odibi_core.diagnostics import CodeInfo

UNKNOWN_EXPECTATION = CodeInfo(
    "ODB350", "unknown-expectation", "error",
    "`metadata.expect` names an expectation that does not exist",
    "Each entry of the list is an object whose key says what is expected: not_null, unique, accepted_values, "
    "range, row_count, freshness or sql (docs/expectations.md).",
    '{"name": "clean", "type": "sql", "value": "SELECT 1 AS id", '
    '"metadata": {"expect": [{"notnull": "id"}]}}',
    "Write one of the expectations there are; anything else can be a condition in `sql`.",
)  # fmt: skip
INVALID_EXPECTATION = CodeInfo(
    "ODB351", "invalid-expectation", "error",
    "an expectation that is not in its form",
    "The run reads it before it looks at the data, and the step fails.",
    '{"name": "clean", "type": "sql", "value": "SELECT 1 AS id", '
    '"metadata": {"expect": [{"range": {"id": [0, 9]}}]}}',
    "Write it in the form that the help shows.",
)  # fmt: skip
EXPECTATION_TYPE = CodeInfo(
    "ODB352", "expectation-type", "error",
    "an expectation that does not fit its column's type",
    "A column of numbers cannot be held against texts, one of texts not against numbers, and only times, or "
    "texts that are times, can be fresh. The engine refuses to compare them and the step fails.",
    '{"name": "clean", "type": "sql", "engine": "duckdb", "value": "SELECT 1 AS id", '
    '"outputs": {"data": "d"}, "metadata": {"expect": [{"accepted_values": {"id": ["one", "two"]}}]}}',
    "Give values of the column's type, or expect it of another column.",
)  # fmt: skip
EXPECTATION_WITHOUT_DATA = CodeInfo(
    "ODB353", "expectation-without-data", "error",
    "expectations of a step that has no data",
    "A connect step opens a connection, and what a step without outputs makes goes nowhere: there is nothing "
    "that could be as expected.",
    '{"layer": "connect", "name": "shop", "value": "shop.db", "metadata": {"expect": [{"not_null": "id"}]}}',
    "Move `expect` to the step that reads the data.",
)  # fmt: skip

CODES = tuple(value for value in list(globals().values()) if isinstance(value, CodeInfo))
