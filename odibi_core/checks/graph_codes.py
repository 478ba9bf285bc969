"""The kinds of findings about the graph beyond its links: unused, unreached, written twice (ODB207 on)."""

from __future__ import annotations

from odibi_core.diagnostics import CodeInfo

CODES = tuple(value for value in list(globals().values()) if isinstance(value, CodeInfo))
