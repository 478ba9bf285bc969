"""CSV text -> document: the columns of `transformation_config`, one step a row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from odibi_core.config import codes
from odibi_core.config.csv_text import find_delimiter, read_rows
from odibi_core.config.document import Document
from odibi_core.config.filters import keep_layer, no_such_project
from odibi_core.config.origins import CellPlace, CsvOrigin
from odibi_core.config.places import BOM
from odibi_core.config.shape import StepBuilder
from odibi_core.config.table_rows import (
    STEP_COLUMNS,
    Filters,
    TableRow,
    add_rows,
    column_problems,
    find_columns,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from odibi_core.config.csv_text import Cell, Row
    from odibi_core.config.places import TextSource
    from odibi_core.diagnostics import CodeInfo, Diagnostic


def read_csv(
    source: TextSource,
    digest: str,
    before: tuple[Diagnostic, ...],
    *,
    project: str | None,
    enabled_only: bool,
    layer: str | None,
) -> Document:
    """Reads the steps of a CSV text; `before` are diagnostics of its encoding."""
    steps = _CsvSteps(source)
    steps.read(Filters(project, enabled_only, layer))
    builder = steps.builder
    kept = builder.steps if layer is None else keep_layer(builder, layer)
    diagnostics = sorted(builder.diagnostics, key=lambda found: (found.span.start or 0) if found.span else -1)
    return Document(
        source.path, "csv", source.text, digest, tuple(kept), (*before, *diagnostics),
        parsed=steps.parsed, gaps=builder.gaps,
    )  # fmt: skip


def _is_split(cells: list[Cell], width: int) -> bool:
    """Whether a cell without quotes was cut at its own commas, rather than the row only ending in some."""
    if len(cells) <= width:
        return False
    return any(cell.text.strip() for cell in cells[width:]) or any(
        cell.text.startswith("{") and not cell.text.rstrip().endswith("}") for cell in cells
    )


class _CsvSteps:
    def __init__(self, source: TextSource) -> None:
        self.source = source
        self.builder = StepBuilder()
        self.parsed = True

    def read(self, filters: Filters) -> None:
        text = self.source.text
        start = 1 if text.startswith(BOM) else 0
        rows = read_rows(text, find_delimiter(text, start, frozenset(STEP_COLUMNS)), start)
        header = next(rows, None)
        if header is None:
            self.parsed = False
            self._tell(codes.EMPTY, "the file is empty", 0, 0, "its first line names the columns")
            return
        names = [cell.text for cell in header.cells]
        fields, repeated, wrong = find_columns(names, STEP_COLUMNS)
        where = {i: self.source.span(cell.start, cell.end) for i, cell in enumerate(header.cells)}
        self.builder.diagnostics.extend(column_problems(names, repeated, wrong, STEP_COLUMNS, where))
        if "name" not in fields.values():
            self._tell(
                codes.MISSING_COLUMN, "the first line has no column `StepName`", header.start, header.end,
                "the columns are Layer, StepName, StepType, Engine, Value, Params, Inputs, Outputs",
            )  # fmt: skip
            self.builder.incomplete = True
            return
        if filters.project is not None and "project" not in fields.values():
            self._tell(
                codes.FILTER_WITHOUT_COLUMN,
                f"there is no column `project`, so `{filters.project}` cannot be chosen",
                header.start, header.end, "leave the project out",
            )  # fmt: skip
            filters = Filters(None, filters.enabled_only, filters.layer)
        projects = add_rows(self.builder, self._rows(rows, fields, len(names)), filters)
        if filters.project is not None and filters.project not in projects:
            span = self.source.span(header.start, header.end)
            self.builder.diagnostics.append(no_such_project(filters.project, projects, span))

    def _rows(self, rows: Iterator[Row], fields: dict[int, str], width: int) -> Iterator[TableRow]:
        for index, row in enumerate(rows):
            cells: dict[str, str | None] = {}
            places: dict[str, CellPlace] = {}
            for number, cell in enumerate(row.cells):
                if cell.broken:
                    self._broken(cell)
                field = fields.get(number)
                if field is not None:
                    cells[field] = cell.text if cell.text.strip() else None
                    places[field] = CellPlace(cell.start, cell.end, cell.quoted)
            origin = CsvOrigin(self.source, index, row.start, row.end, places)
            extra = row.cells[width:] if _is_split(row.cells, width) else []
            if extra or any(cell.broken for cell in row.cells):
                # The cells are not where they should be, so what follows from them is not told.
                self.builder.spoil(index)
                self.builder.hide_outputs(cell.text for cell in row.cells)
                self.builder.incomplete = True
                if extra and not any(cell.broken for cell in row.cells):
                    self._extra(row, extra, width, cells.get("name"))
                name = cells.get("name")
                cells = {"name": name, "layer": cells.get("layer")} if name else {}
                if not cells:
                    continue
            yield TableRow(cells, origin)

    def _extra(self, row: Row, extra: list[Cell], width: int, name: str | None) -> None:
        found = codes.EXTRA_CELLS.found(
            f"the row has {len(row.cells)} cells, the first line {width}", step=name,
            span=self.source.span(extra[0].start, row.end),
            help='put a cell with commas in quotes, and write "" for each quote in it',
        )  # fmt: skip
        self.builder.diagnostics.append(found)

    def _broken(self, cell: Cell) -> None:
        self.parsed = False
        if cell.broken == "open":
            self._tell(
                codes.SYNTAX, "the quotes of this cell are never closed", cell.start - 1, cell.start,
                'write " after its end',
            )  # fmt: skip
        else:
            self._tell(
                codes.SYNTAX, "text after the closing quote of a cell", cell.end, cell.end + 1,
                'write "" for a quote inside the cell',
            )  # fmt: skip

    def _tell(self, info: CodeInfo, message: str, start: int, end: int, help: str) -> None:
        self.builder.diagnostics.append(info.found(message, span=self.source.span(start, end), help=help))
