"""Calls whose value only the run knows: variables and settings."""

from __future__ import annotations

import re

from odibi_core.checks.sql.pieces import closing, masked
from odibi_core.checks.sql.rewriting import Rewritten

_VALUE = re.compile(r"\b(?:getvariable|current_setting)\s*(?=\()", re.IGNORECASE)
# What these read is decided by the run's own state.
_TABLE = re.compile(r"\b(?:query|query_table)\s*\(", re.IGNORECASE)


def reads_by_state(sql: str) -> bool:
    """Whether the run's state decides which tables or columns a query reads."""
    return _TABLE.search(sql) is not None


def values_of_state(sql: str) -> list[tuple[int, int]]:
    """Returns where calls stand whose value, and with it their type, the run's state decides."""
    if not _VALUE.search(sql):
        return []
    code = masked(sql)
    return [(found.start(), closing(code, found.end())) for found in _VALUE.finditer(code)]


def as_values(sql: str, kind: str) -> Rewritten:
    """Returns a query with a NULL of a type in place of each value that the run's state decides."""
    now = Rewritten(sql)
    for start, end in values_of_state(sql):
        now = now.with_edit(start, end, f"CAST(NULL AS {kind})")
    return now
