"""SqlProblem: why DuckDB refuses a query, read from its errors as JSON."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Literal

from odibi_core.errors import OdibiError

if TYPE_CHECKING:
    import duckdb

ProblemKind = Literal[
    "syntax",
    "table",  # no such table
    "qualifier",  # what stands before a dot is no table of the query
    "column",
    "ambiguous",
    "function",
    "type",  # types that a function or operator does not take
    "text",  # a text in the data that cannot be what it is made
    "aggregate",  # an aggregate or window function where none can stand
    "group",  # neither grouped by nor brought together
    "count",  # of columns
    "alias",  # a table's name twice
    "type-name",
    "field",  # of a struct
    "position",  # a number in ORDER BY or GROUP BY
    "constant",  # that cannot be converted
    "refused",  # anything else
    "extension",  # what an extension brings that the run may load
    "outside",  # a file or address, which the lab does not read
    "internal",  # the lab itself failed, for want of memory or by a fault of DuckDB's
]

_CANDIDATES = re.compile(r"\n+(?:Candidate \w+:(?: :)?|Did you mean:?) (.*)", re.DOTALL)
_QUOTED = re.compile(r'"((?:[^"]|"")*)"')
# Message -> kind, and the name it is about where DuckDB does not tell it apart.
_MESSAGES: tuple[tuple[str, ProblemKind], ...] = (
    (r'(?:Table|Values list) "(?P<qualifier>.*?)" does not have a column named "(?P<name>.*?)"', "column"),
    (r'Column "(?P<name>.*?)" in (?:EXCLUDE|REPLACE|RENAME) list not found', "column"),
    (r'Column "(?P<name>.*?)" does not exist on (?:left|right) side of join', "column"),
    (r"Referenced column (?P<name>.*?) not found in FROM clause and can't find in alias map", "column"),
    (r'Referenced column "(?P<name>.*?)" (?:was )?not found', "column"),
    (r'Referenced table "(?P<name>.*?)" not found', "qualifier"),
    (r'Table with name ".*" does not exist because schema "(?P<name>.*?)" does not exist', "table"),
    (r'Ambiguous reference to column name "(?P<name>.*?)"', "ambiguous"),
    (r'Column name "(?P<name>.*?)" is ambiguous', "ambiguous"),
    (r'Could not find key "(?P<name>.*?)" in struct', "field"),
    (r"Cannot (?:compare|mix) values of type", "type"),
    (r"No function matches the given name and argument types", "type"),
    (r"Could not choose a best candidate function", "type"),
    (r"Cannot unpivot columns of types", "type"),
    (r"Sample sample_size", "constant"),
    (r"UNNEST\(\) can only be applied|Cannot extract field from expression", "type"),
    (r'column "(?P<name>[^"]*)" must appear in the GROUP BY clause', "group"),
    (r".*must appear in the GROUP BY clause", "group"),
    (r".*cannot contain (?:aggregates|window functions)", "aggregate"),
    (r".*(?:aggregate|window) function(?:s| calls) (?:cannot be nested|are not allowed)", "aggregate"),
    (r".*cannot be used without groups", "aggregate"),
    (r".*term out of range|.*out of range - should be between", "position"),
    (r"Set operations can only apply|Subquery returns \d+ columns", "count"),
    (r"table .* has \d+ columns available|VALUES lists must all be the same length", "count"),
    (r'Ambiguous reference to table "(?P<name>.*?)"', "alias"),
    (r'Duplicate (?:alias|CTE name) "(?P<name>.*?)"', "alias"),
    (r'window "(?P<name>.*?)" does not exist', "refused"),
    (r'extract specifier "(?P<name>.*?)" not recognized', "constant"),
    (r".*is not in the catalog, but it exists in the", "extension"),
)
_TYPES: dict[str, ProblemKind] = {
    "Parser": "syntax", "Permission": "outside", "IO": "outside", "HTTP": "outside",
    "Missing Extension": "extension", "Autoload": "extension", "Conversion": "constant",
    "Invalid Input": "constant", "Out of Range": "constant", "Mismatch Type": "type", "Binder": "refused",
    "Catalog": "refused", "Not implemented": "refused", "Syntax": "syntax",
}  # fmt: skip


class SqlProblem(OdibiError):
    """A query that DuckDB refuses.

    Attributes:
        kind: What sort of mistake it is.
        start: First character of the place in the query, from 0; None where DuckDB names none.
        end: The character after the last one.
        name: The name it is about: a column, a table, a function.
        qualifier: For a column, the table before its dot.
        candidates: What DuckDB offers in its place.
        call: For a function, its name and the types it is given.
        signatures: For a function, what it takes.
        converted_to: For a conversion that cannot work, the type it is to; `name` is what it is of.
        always: Whether it fails whatever the rows are, if there are any.
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
        call: str | None = None,
        signatures: tuple[str, ...] = (),
        converted_to: str | None = None,
        always: bool = True,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.start = start
        self.end = end
        self.name = name
        self.qualifier = qualifier
        self.candidates = candidates
        self.call = call
        self.signatures = signatures
        self.converted_to = converted_to
        self.always = always

    @property
    def is_about_schema(self) -> bool:
        """Whether what is not there is the schema that a table is said to be in."""
        return self.kind == "table" and "because schema" in self.message

    @property
    def lacks_from(self) -> bool:
        """Whether a column is not found because nothing is read that could have it."""
        return self.message.endswith("because the FROM clause is missing")

    @property
    def has_place(self) -> bool:
        """Whether DuckDB names a place."""
        return self.start is not None and self.end is not None

    def as_syntax(self, start: int, end: int) -> SqlProblem:
        """Returns the problem that a word which was taken for a name is no keyword."""
        return SqlProblem("syntax", self.message, start=start, end=end)

    def at(self, start: int | None, end: int | None) -> SqlProblem:
        """Returns the same problem at another place."""
        return self.but(start=start, end=end)

    def but(self, **changes: Any) -> SqlProblem:
        """Returns the same problem with other attributes."""
        kept = {
            "kind": self.kind, "message": self.message, "start": self.start, "end": self.end,
            "name": self.name, "qualifier": self.qualifier, "candidates": self.candidates, "call": self.call,
            "signatures": self.signatures, "converted_to": self.converted_to, "always": self.always,
        }  # fmt: skip
        return SqlProblem(**{**kept, **changes})


class LabInterruptedError(OdibiError):
    """The lab was told to end what it was doing."""


def problem_of(error: duckdb.Error, sql: str, before: int) -> SqlProblem:
    """Returns an error of DuckDB as a problem of the query.

    Args:
        error: What was raised, with `errors_as_json` set.
        sql: The query.
        before: Bytes of what stood before the query in the statement that was refused.
    """
    said = _said(error)
    message = str(said.get("exception_message") or error)
    start, end = _place(said, sql, before)
    kind, found = _kind(said, message)
    name = found.get("name") or said.get("name")
    call = said.get("call")
    signatures = tuple(line.strip() for line in message.split("\n\t")[2:]) if call else ()
    offered = _CANDIDATES.search(message)
    return SqlProblem(
        kind,
        message,
        start=start,
        end=end,
        name=None if name is None else str(name),
        qualifier=found.get("qualifier"),
        candidates=tuple(_QUOTED.findall(offered[1])) if offered else (),
        call=None if call is None else str(call),
        signatures=signatures,
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


def _kind(said: dict[str, Any], message: str) -> tuple[ProblemKind, dict[str, str]]:
    for pattern, kind in _MESSAGES:
        match = re.match(pattern, message, re.DOTALL)
        if match is not None:
            return kind, {name: text for name, text in match.groupdict().items() if text is not None}
    if said.get("error_subtype") == "MISSING_ENTRY":
        what = str(said.get("type", ""))
        if "Function" in what:
            return "function", {}
        return {"Table": "table", "Type": "type-name"}.get(what, "refused"), {}  # type: ignore[return-value]
    if re.match(r"Table with name", message):
        return "table", {}
    return _TYPES.get(str(said.get("exception_type")), "internal"), {}


def _place(said: dict[str, Any], sql: str, before: int) -> tuple[int | None, int | None]:
    """Returns the place in characters of the query; DuckDB counts bytes."""
    if said.get("location") is not None:
        start, _, size = str(said["location"]).strip("[]").partition(",")
        first, length = int(start) - before, int(size)
    elif said.get("position") is not None:
        first, length = int(said["position"]) - before, len((said.get("name") or "").encode())
    else:
        return None, None
    if sql.isascii():
        return (first, first + length) if 0 <= first <= len(sql) else (None, None)
    data = sql.encode("utf-8", "surrogatepass")
    if not 0 <= first <= len(data):
        return None, None
    start_at = len(data[:first].decode("utf-8", "replace"))
    return start_at, start_at + len(data[first : first + length].decode("utf-8", "replace"))
