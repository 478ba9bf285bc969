"""SqlProblem: why DuckDB refuses a query, read from its errors as JSON."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Literal

from odibi_core.errors import OdibiError

if TYPE_CHECKING:
    import duckdb

ProblemKind = Literal["syntax", "table", "function", "column", "ambiguous", "type", "refused"]

_CANDIDATES = re.compile(r"\n+Candidate \w+: (?:: )?(.*)", re.DOTALL)
_QUOTED = re.compile(r'"((?:[^"]|"")*)"')
_NO_COLUMN = re.compile(r'(?:Table|Values list) "(.*)" does not have a column named "(.*)"')
_NO_QUALIFIER = re.compile(r'Referenced table "(.*)" not found!')


class SqlProblem(OdibiError):
    """A query that DuckDB refuses.

    Attributes:
        kind: What sort of mistake it is.
        start: First character of the place in the query, from 0; None where DuckDB names none.
        end: The character after the last one.
        name: The name it is about: a column, a table, a function.
        qualifier: For a column, the table before its dot.
        candidates: What DuckDB offers in its place.
    """

    def __init__(
        self,
        kind: ProblemKind,
        message: str,
        *,
        start: int | None = None,
        end: int | None = None,
        name: str | None = None,
        qualifier: str | None = None,
        candidates: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.start = start
        self.end = end
        self.name = name
        self.qualifier = qualifier
        self.candidates = candidates


def problem_of(error: duckdb.Error, sql: str, before: int) -> SqlProblem:
    """Returns an error of DuckDB as a problem of the query.

    Args:
        error: What was raised, with `errors_as_json` set.
        sql: The query.
        before: Bytes of what stood before the query in the statement that was refused.
    """
    said = _said(error)
    message = str(said.get("exception_message", error))
    start, end = _place(said, sql, before)
    name = said.get("name")
    kind, name, qualifier = _kind(said, message, None if name is None else str(name))
    offered = _CANDIDATES.search(message)
    candidates = tuple(_QUOTED.findall(offered[1])) if offered else ()
    if not candidates and kind in ("table", "function") and said.get("candidates"):
        candidates = tuple(part.strip() for part in str(said["candidates"]).split(","))
    return SqlProblem(
        kind, message, start=start, end=end, name=name, qualifier=qualifier, candidates=candidates
    )


def _said(error: duckdb.Error) -> dict[str, Any]:
    _, brace, rest = str(error).partition("{")
    if not brace:
        return {}
    try:
        said: dict[str, Any] = json.loads(brace + rest)
    except ValueError:
        return {}
    return said


def _kind(said: dict[str, Any], message: str, name: str | None) -> tuple[ProblemKind, str | None, str | None]:
    subtype = said.get("error_subtype")
    if said.get("exception_type") == "Parser":
        return "syntax", name, None
    if subtype == "COLUMN_NOT_FOUND":
        return "column", name, None
    of_table = _NO_COLUMN.match(message)
    if of_table is not None:
        return "column", of_table[2], of_table[1]
    no_table = _NO_QUALIFIER.match(message)
    if no_table is not None:
        return "table", no_table[1], None
    if subtype == "MISSING_ENTRY":
        what = str(said.get("type", ""))
        return ("table" if what == "Table" else "function" if "Function" in what else "refused"), name, None
    if message.startswith("Ambiguous reference"):
        found = _QUOTED.search(message)
        return "ambiguous", found[1] if found else name, None
    if subtype == "NO_MATCHING_FUNCTION" or message.startswith("Cannot compare values of type"):
        return "type", name, None
    return "refused", name, None


def _place(said: dict[str, Any], sql: str, before: int) -> tuple[int | None, int | None]:
    """Returns the place in characters of the query; DuckDB counts bytes."""
    location = said.get("location")
    if location is not None:
        start, _, size = str(location).strip("[]").partition(",")
        first, length = int(start) - before, int(size)
    elif said.get("position") is not None:
        first, length = int(said["position"]) - before, len((said.get("name") or " ").encode())
    else:
        return None, None
    data = sql.encode("utf-8", "surrogatepass")
    if not 0 <= first <= len(data):
        return None, None
    start_at = len(data[:first].decode("utf-8", "replace"))
    return start_at, start_at + len(data[first : first + length].decode("utf-8", "replace"))
