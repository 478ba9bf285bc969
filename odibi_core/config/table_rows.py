"""Rows of a table -> raw steps, the same for SQLite and CSV: columns in any case, JSON in cells, order."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from odibi_core.config import codes
from odibi_core.config.json_mending import doubted
from odibi_core.config.json_reader import JsonReader
from odibi_core.config.json_tree import ReadingStoppedError
from odibi_core.config.origins import CsvOrigin, TableOrigin, edit_at
from odibi_core.config.shape import DICT_FIELDS, distance, type_name
from odibi_core.diagnostics import Fix
from odibi_core.text import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from odibi_core.config.json_tree import Problem
    from odibi_core.config.shape import StepBuilder
    from odibi_core.core.node import Origin
    from odibi_core.diagnostics import Diagnostic, Span

# Column (in lower case) -> field.
STEP_COLUMNS = {
    "layer": "layer", "stepname": "name", "steptype": "type", "engine": "engine", "value": "value",
    "params": "params", "inputs": "inputs", "outputs": "outputs", "metadata": "metadata",
    "project": "project", "enabled": "enabled", "execution_order": "execution_order",
}  # fmt: skip
COLUMN_NAMES = {
    "layer": "Layer", "name": "StepName", "type": "StepType", "engine": "Engine", "value": "Value",
    "params": "Params", "inputs": "Inputs", "outputs": "Outputs", "metadata": "Metadata",
}  # fmt: skip
_LOWERED = ("layer", "type", "engine")
_YES = frozenset({"1", "true", "t", "yes", "y", "on"})
_NO = frozenset({"0", "false", "f", "no", "n", "off"})


@dataclass(slots=True)
class TableRow:
    """A row as read: its cells by field (None and empty are not given), and where it stands."""

    cells: dict[str, Any]
    origin: Origin


@dataclass(frozen=True, slots=True)
class Filters:
    """Which rows are asked for."""

    project: str | None = None
    enabled_only: bool = True
    layer: str | None = None


def find_columns(
    header: Sequence[str], known: Mapping[str, str]
) -> tuple[dict[int, str], list[int], list[tuple[int, str]]]:
    """Matches column names with the known ones.

    Returns:
        The field of each column, a misspelled one taken for what is meant, so that nothing follows from it;
        the columns that repeat an earlier one; and those that are misspelled, with the known name.
    """
    fields: dict[int, str] = {}
    repeated: list[int] = []
    for index, name in enumerate(header):
        field = known.get(name.strip().casefold())
        if field is None:
            continue
        if field in fields.values():
            repeated.append(index)
        else:
            fields[index] = field
    taken = set(fields.values())
    free = {column for column, field in known.items() if field not in taken}
    wrong: list[tuple[int, str]] = []
    for index, name in enumerate(header):
        folded = name.strip().casefold()
        if folded in known or not folded:
            continue
        close = nearest(folded, free)
        # One slip, two in long names: a column of the person's own must not be taken for a misspelled one.
        if close is not None and distance(_bare(folded), _bare(close)) <= (1 if len(close) <= 6 else 2):
            wrong.append((index, close))
            fields[index] = known[close]
            free.discard(close)
    return fields, repeated, wrong


def _bare(name: str) -> str:
    return name.replace("_", "").replace(" ", "")


def add_rows(builder: StepBuilder, rows: Iterable[TableRow], filters: Filters) -> set[str]:
    """Adds the rows asked for to the builder, in execution order; returns the projects there are."""
    projects: set[str] = set()
    chosen: list[tuple[float, int, TableRow]] = []
    for number, row in enumerate(rows):
        project = row.cells.pop("project", None)
        if project is not None:
            projects.add(str(project))
        if filters.project is not None and (project is None or str(project) != filters.project):
            continue
        order = _order(builder, row)
        enabled = _enabled(builder, row)
        if not enabled and filters.enabled_only:
            _leave_out(builder, row)
            continue
        chosen.append((order, number, row))
    for _, _, row in sorted(chosen, key=lambda entry: entry[:2]):
        _add_row(builder, row)
    return projects


def _add_row(builder: StepBuilder, row: TableRow) -> None:
    raw: dict[str, Any] = {}
    for field, cell in row.cells.items():
        if cell is None:
            continue
        if field in DICT_FIELDS:
            raw[field] = _json_cell(builder, row, field, cell)
        elif isinstance(cell, bytes):
            _bad_cell(builder, row, field, "holds bytes that are not text")
        else:
            text = _text(cell)
            raw[field] = text.strip().lower() if field in _LOWERED else text
    builder.add(raw, row.origin)


def _leave_out(builder: StepBuilder, row: TableRow) -> None:
    """Remembers what a disabled row would have output; its mistakes are nobody's business."""
    silent = type(builder)()
    _add_row(silent, row)
    for step in silent.steps:
        builder.leave_out(step)


def _text(cell: Any) -> str:
    """Returns a cell's text; a column without a type may hold numbers."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def _json_cell(builder: StepBuilder, row: TableRow, field: str, cell: Any) -> dict[str, Any] | None:
    """Returns the object in a cell; what is wrong with its text is told and the field left out."""
    if isinstance(cell, dict):  # made of other columns, not read
        return cell
    if not isinstance(cell, str):
        _not_json(builder, row, field, f"holds {_kind(cell)}, not a JSON object")
        return None
    reader = JsonReader(cell)
    stopped = False
    try:
        node = reader.value()
        if reader.skip():
            reader.report(
                codes.SYNTAX, "text after the end of the object", reader.pos, reader.pos + 1,
                help="the cell ends with its object",
            )  # fmt: skip
    except ReadingStoppedError:
        stopped = True
    problems = reader.damage.problems
    if reader.damage.syntax:
        problems = doubted(problems, cell, 0, len(cell))
    for problem in problems:
        builder.diagnostics.append(_cell_problem(row, field, cell, problem))
    if stopped or reader.damage.syntax:
        builder.spoil(row.origin.index, field)
        # A cell of CSV that was cut at a comma of its own leaves the ones after it in the wrong places.
        builder.incomplete |= isinstance(row.origin, CsvOrigin) and not cell.rstrip().endswith("}")
        if field == "outputs" and not stopped:
            builder.hide_outputs(node.strings())
        return None
    value = node.decoded()
    if value is None:
        return None
    if not isinstance(value, dict):
        if field == "outputs":
            builder.hide_outputs(node.strings())
        _not_json(builder, row, field, f"holds {type_name(value)}, not a JSON object")
        return None
    return value


def _cell_problem(row: TableRow, field: str, cell: str, problem: Problem) -> Diagnostic:
    span = row.origin.locate(field, start=problem.start, end=max(problem.end, problem.start + 1))
    path = ".".join(map(str, (field, *problem.path)))
    message = problem.message
    if span.line is None:  # no place in a text: say where in the cell
        line = cell.count("\n", 0, problem.start) + 1
        column = problem.start - (cell.rfind("\n", 0, problem.start) + 1) + 1
        message += (
            f" (line {line}, column {column} of the cell)" if line > 1 else f" (column {column} of the cell)"
        )
    fix = None
    if problem.edit is not None and isinstance(row.origin, CsvOrigin | TableOrigin):
        edit = problem.edit
        place = row.origin.locate(field, start=edit.start, end=edit.end)
        fix = edit_at(place, edit.message, row.origin.written(edit.text, field), safe=edit.safe)
    info = codes.CELL_JSON if problem.info is codes.SYNTAX else problem.info
    return info.found(
        f"{COLUMN_NAMES[field]}: {message}",
        step=_name(row),
        field=path,
        span=span,
        help=problem.help,
        fix=fix,
    )


def _not_json(builder: StepBuilder, row: TableRow, field: str, what: str) -> None:
    builder.spoil(row.origin.index, field)
    builder.diagnostics.append(
        codes.CELL_JSON.found(
            f"{COLUMN_NAMES[field]} {what}", step=_name(row), field=field, span=row.origin.locate(field),
            help='write an object such as {"data": "orders"}',
        )
    )  # fmt: skip


def _bad_cell(builder: StepBuilder, row: TableRow, field: str, what: str, help: str | None = None) -> None:
    builder.spoil(row.origin.index, field)
    builder.diagnostics.append(
        codes.BAD_CELL.found(
            f"{COLUMN_NAMES.get(field, field)} {what}", step=_name(row), field=field,
            span=row.origin.locate(field), help=help,
        )
    )  # fmt: skip


def _order(builder: StepBuilder, row: TableRow) -> float:
    """Returns the execution order; rows without one come last."""
    cell = row.cells.pop("execution_order", None)
    if cell is None:
        return math.inf
    try:
        order = float(cell)
    except (TypeError, ValueError):
        order = math.nan
    if math.isnan(order):
        _bad_cell(builder, row, "execution_order", f"is {_shown(cell)}, not a number", "write a number")
        return math.inf
    return order


def _enabled(builder: StepBuilder, row: TableRow) -> bool:
    cell = row.cells.pop("enabled", None)
    if cell is None:
        return True
    if isinstance(cell, int | float):
        return cell != 0
    word = cell.strip().casefold() if isinstance(cell, str) else ""
    if word in _YES or word in _NO:
        return word in _YES
    _bad_cell(builder, row, "enabled", f"is {_shown(cell)}, neither yes nor no", "write 1 or 0")
    return True


def _shown(cell: Any) -> str:
    return "bytes" if isinstance(cell, bytes) else f"`{cell}`"


def _kind(cell: Any) -> str:
    return "bytes that are not text" if isinstance(cell, bytes) else "a number"


def _name(row: TableRow) -> str | None:
    name = row.cells.get("name")
    return None if name is None or isinstance(name, bytes) else _text(name)


def column_problems(
    header: Sequence[str],
    repeated: Sequence[int],
    wrong: Sequence[tuple[int, str]],
    spell: Mapping[str, str],
    where: Mapping[int, Span],
) -> list[Diagnostic]:
    """Returns what is wrong with the names of columns."""
    found = [
        codes.DUPLICATE_COLUMN.found(
            f"the column `{header[index].strip()}` stands twice",
            span=where.get(index),
            help="rename one of them",
        )
        for index in repeated
    ]
    for index, meant in wrong:
        right = COLUMN_NAMES.get(spell[meant], meant) if meant in STEP_COLUMNS else meant
        span = where.get(index)
        fix = None
        if span is not None and span.start is not None and span.end is not None:
            fix = Fix(f'replace with "{right}"', "safe", span.start, span.end, right)
        found.append(
            codes.MISSPELLED_COLUMN.found(
                f"`{header[index].strip()}` is not a column that Odibi reads", span=span, suggestion=right,
                help=f"write `{right}`", fix=fix,
            )
        )  # fmt: skip
    return found
