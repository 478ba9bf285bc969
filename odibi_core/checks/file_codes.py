"""The kinds of findings about files, formats, options and targets (ODB403 on)."""

from __future__ import annotations

from odibi_core.diagnostics import CodeInfo

CODES = tuple(value for value in list(globals().values()) if isinstance(value, CodeInfo))
