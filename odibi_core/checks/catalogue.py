"""Every kind of finding by its code: what `odibi-core explain`, the screens and the docs tell about it."""

from __future__ import annotations

from odibi_core.checks import codes
from odibi_core.checks.codes import (
    data_codes,
    expect_codes,
    file_codes,
    function_codes,
    graph_codes,
    run_codes,
    safety_codes,
)
from odibi_core.config import codes as config_codes
from odibi_core.diagnostics import CodeInfo

ALL: tuple[CodeInfo, ...] = tuple(
    info
    for module in (
        config_codes, codes, graph_codes, data_codes, expect_codes, file_codes, function_codes, safety_codes,
        run_codes,
    )
    for info in module.CODES
)  # fmt: skip
CODES: dict[str, CodeInfo] = {info.code: info for info in sorted(ALL, key=lambda info: info.code)}

FAMILIES = {
    "1": "the text and the shape of a step",
    "2": "the graph",
    "3": "SQL, columns and types",
    "4": "files, formats and options",
    "5": "functions and plugins",
    "6": "secrets and safety",
}

__all__ = ["ALL", "CODES", "FAMILIES", "CodeInfo"]
