"""The kinds of findings about SQL, columns and types (ODB3xx)."""

from __future__ import annotations

from odibi_core.diagnostics import CodeInfo

CODES = tuple(value for value in list(globals().values()) if isinstance(value, CodeInfo))
