"""Diagnostics as data: what is wrong, where, and what to write instead.

Checks yield these; the tree, the problems strip, `odibi-core check` and `ConfigValidationError`
all render the same list. Message style follows the rustc guide: lower case, no full stop, names in
backticks, the smallest span that is wrong; the help says what to do.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Severity = Literal["error", "warning", "info"]
Applicability = Literal["safe", "unsafe", "display"]


@dataclass(frozen=True, slots=True)
class Cell:
    """A place in a cell of a table.

    Attributes:
        column: The column, as the table spells it.
        text: What the cell holds.
        start: First character of the place in that text, from 0.
        end: Character after its last.
    """

    column: str
    text: str = field(repr=False)
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Span:
    """A place in a config source.

    Text sources set lines and columns; SQLite sources set `table`, `row` (rowid) and, where the place is in
    one, `cell`.

    Attributes:
        path: The source, as the person named it.
        line: First line, from 1.
        column: First column in characters, from 1.
        end_line: Last line, from 1.
        end_column: Column after the last character.
        start: Offset of the first character in the text, from 0.
        end: Offset after the last character.
        table: Table in a database source.
        row: Rowid in that table.
        cell: The cell of that row, and the place in it.
    """

    path: str
    line: int | None = None
    column: int | None = None
    end_line: int | None = None
    end_column: int | None = None
    start: int | None = None
    end: int | None = None
    table: str | None = None
    row: int | None = None
    cell: Cell | None = None

    def __str__(self) -> str:
        if self.line is not None:
            return f"{self.path}:{self.line}:{self.column or 1}"
        if self.table is not None:
            return f"{self.path}: {self.in_table}"
        return self.path

    @property
    def in_table(self) -> str:
        """The place in a database, in words: `table t, row 2, column Value`."""
        row = f", row {self.row}" if self.row is not None else ""
        return f"table {self.table}{row}" + (f", column {self.cell.column}" if self.cell is not None else "")


@dataclass(frozen=True, slots=True)
class Related:
    """Another place that belongs to a diagnostic, such as the first of two duplicates."""

    message: str
    step: str | None = None
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Fix:
    """A replacement of the characters `start` to `end` of the source by `text`.

    Attributes:
        message: What it does.
        applicability: safe (the one right answer), unsafe (a guess) or display (only to be shown).
        start: Offset of the first character to replace, in the source's text or in the cell.
        end: Offset after the last.
        text: What to write.
        table: The table of the cell, in a database.
        row: Its rowid.
        column: Its column.
    """

    message: str
    applicability: Applicability
    start: int
    end: int
    text: str
    table: str | None = None
    row: int | None = None
    column: str | None = None


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding about a config.

    Attributes:
        code: `ODB` and three digits; families are in docs/diagnostics.md.
        name: The code's short name, such as `undefined-input`.
        severity: error, warning or info.
        message: What is wrong.
        step: Name of the step it belongs to.
        field: Field of the step, dotted for nested ones (`inputs.data`).
        span: The place, when known.
        suggestion: What was probably meant.
        help: What to do.
        related: Other places.
        fix: A replacement that mends it.
    """

    code: str
    name: str
    severity: Severity
    message: str
    step: str | None = None
    field: str | None = None
    span: Span | None = None
    suggestion: str | None = None
    help: str | None = None
    related: tuple[Related, ...] = ()
    fix: Fix | None = None

    @property
    def is_error(self) -> bool:
        """Whether this stops a run."""
        return self.severity == "error"


@dataclass(frozen=True, slots=True)
class CodeInfo:
    """A kind of finding, as `odibi_core.checks.catalogue` lists it and `docs/diagnostics.md` tells it.

    Attributes:
        code: `ODB` and three digits.
        name: Its short name, such as `undefined-input`.
        severity: error, warning or info.
        summary: What it says, in one line.
        cause: Why it is a problem.
        example: A config, or a piece of one, that has it.
        remedy: What to do.
    """

    code: str
    name: str
    severity: Severity
    summary: str
    cause: str
    example: str
    remedy: str

    def found(
        self,
        message: str,
        *,
        step: str | None = None,
        field: str | None = None,
        span: Span | None = None,
        suggestion: str | None = None,
        help: str | None = None,
        related: tuple[Related, ...] = (),
        fix: Fix | None = None,
    ) -> Diagnostic:
        """Returns a diagnostic of this kind."""
        return Diagnostic(
            self.code, self.name, self.severity, message, step, field, span, suggestion, help, related, fix
        )  # fmt: skip


def to_dict(diagnostic: Diagnostic, path: str | None = None) -> dict[str, Any]:
    """Returns the JSON form of a diagnostic (docs/diagnostics.md); unknown values are None."""
    fix = diagnostic.fix
    return {
        "code": diagnostic.code,
        "name": diagnostic.name,
        "severity": diagnostic.severity,
        "message": diagnostic.message,
        "step": diagnostic.step,
        "field": diagnostic.field,
        **_place(diagnostic.span, path),
        "suggestion": diagnostic.suggestion,
        "help": diagnostic.help,
        "related": [
            {"message": related.message, "step": related.step, **_place(related.span, path)}
            for related in diagnostic.related
        ],
        "fix": None if fix is None else _fix(fix),
    }


def _fix(fix: Fix) -> dict[str, Any]:
    made: dict[str, Any] = {
        "message": fix.message,
        "applicability": fix.applicability,
        "start": fix.start,
        "end": fix.end,
        "text": fix.text,
    }
    if fix.table is not None:
        made |= {"table": fix.table, "row": fix.row, "cell": fix.column}
    return made


def _place(span: Span | None, path: str | None) -> dict[str, Any]:
    place: dict[str, Any] = {
        "path": span.path if span else path,
        "line": span.line if span else None,
        "column": span.column if span else None,
        "end_line": span.end_line if span else None,
        "end_column": span.end_column if span else None,
    }
    if span is not None and span.table is not None:
        cell = span.cell
        place |= {
            "table": span.table,
            "row": span.row,
            "cell": None if cell is None else {"column": cell.column, "start": cell.start, "end": cell.end},
        }
    return place
