"""Settings that statements and queries name, and that DuckDB does not have."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from odibi_core.checks.sql.examine import Mistake
from odibi_core.checks.sql.lab_errors import SqlProblem
from odibi_core.checks.sql.names import best
from odibi_core.checks.sql.pieces import masked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from odibi_core.checks.sql.lab import Lab

_MAY_NAME = re.compile(r"\s*(?:RE)?SET\b|\s*PRAGMA\b|\bcurrent_setting\b", re.IGNORECASE)
_SET = re.compile(
    r"\s*(?:(?:RE)?SET\s+(?!VARIABLE\b|SESSION\s+VARIABLE\b)(?:(?:SESSION|LOCAL|GLOBAL)\s+)?(?P<name>\w+)\s*"
    r"(?:=|TO\b|;|$)|PRAGMA\s+(?P<pragma>\w+)\s*=)",
    re.IGNORECASE,
)
_ASKED = re.compile(r"\bcurrent_setting\s*\(\s*'(?P<name>x+)'\s*\)", re.IGNORECASE)
_NONE = "unrecognized configuration parameter"


def unknown_settings(sql: str, lab: Lab) -> Iterator[Mistake]:
    """Yields the settings that a statement sets or asks for and that are not there."""
    if not _MAY_NAME.search(sql):
        return
    code = masked(sql)
    changed = _SET.match(code)
    if changed is not None:
        yield from _unknown(sql, *changed.span("pragma" if changed["pragma"] else "name"), lab)
    for asked in _ASKED.finditer(code):
        yield from _unknown(sql, *asked.span("name"), lab)


def _unknown(sql: str, start: int, end: int, lab: Lab) -> Iterator[Mistake]:
    name = sql[start:end]
    if not re.fullmatch(r"\w+", name) or lab.recall(("setting", name), lambda: _is_there(name, lab)):
        return
    meant, certain = best(name, lab.settings())
    message = f'there is no setting "{name}"' + (f'\na setting "{meant}" exists' if meant else "")
    yield Mistake(SqlProblem("refused", message, start=start, end=end, name=name), meant, certain)


def _is_there(name: str, lab: Lab) -> bool:
    """Whether there is a setting, or may be one: extensions have their own."""
    try:
        lab.describe(f"SELECT current_setting('{name}')", {})
    except SqlProblem as problem:
        return not problem.message.startswith(_NONE)
    return True


__all__ = ["unknown_settings"]
