"""Every kind of finding by its code: what `odibi-core explain`, the screens and the docs tell about it."""

from __future__ import annotations

from odibi_core.checks import codes as checks_codes
from odibi_core.checks import run_codes
from odibi_core.config import codes as config_codes
from odibi_core.diagnostics import CodeInfo

CODES: dict[str, CodeInfo] = {
    info.code: info
    for info in sorted(
        (*config_codes.CODES, *checks_codes.CODES, *run_codes.CODES), key=lambda info: info.code
    )
}

FAMILIES = {
    "1": "the text and the shape of a step",
    "2": "the graph",
    "3": "SQL, columns and types",
    "4": "files, formats and options",
    "5": "functions and plugins",
    "6": "secrets and safety",
}

__all__ = ["CODES", "FAMILIES", "CodeInfo"]
