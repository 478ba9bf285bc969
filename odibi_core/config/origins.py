"""Where loaded steps stand in their sources; places inside a step are looked up when asked for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from odibi_core.config.json_reader import JsonReader
from odibi_core.config.json_tree import ReadingStoppedError
from odibi_core.config.places import TextSource, json_offset
from odibi_core.diagnostics import Cell, Fix, Span

if TYPE_CHECKING:
    from collections.abc import Mapping

    from odibi_core.config.json_tree import Node
    from odibi_core.core.node import Origin
    from odibi_core.diagnostics import Applicability


class JsonOrigin:
    """A step of a JSON text, from its opening to its closing brace."""

    __slots__ = ("end", "index", "source", "start")

    def __init__(self, source: TextSource, index: int, start: int, end: int) -> None:
        self.source = source
        self.index = index
        self.start = start
        self.end = end

    @property
    def path(self) -> str:
        """The source as the person named it."""
        return self.source.path

    def locate(
        self,
        *field: str | int,
        key: bool = False,
        start: int | None = None,
        end: int | None = None,
    ) -> Span:
        """Returns the span of the step or of a field in it; see `odibi_core.core.node.Origin`."""
        if not field:
            return self.source.span(self.start, self.end)
        found = _walk(read_tree(self.source.text, self.start), field)
        if found is None:
            # The whole step is no help to the eye: its first brace answers.
            return self.source.span(self.start, self.start + 1)
        key_node, node, complete = found
        if not complete:
            return self.source.span(node.start, node.start + 1)
        if key and key_node is not None:
            return self.source.span(key_node.start + 1, max(key_node.end - 1, key_node.start + 1))
        if start is not None and node.kind == "string":
            return self.source.span(*_inside(self.source.text, node, start, end))
        return self.source.span(node.start, node.end)

    def written(self, text: str, *field: str | int) -> str:
        """Returns `text` as it has to stand inside a quoted text of the source."""
        return json.dumps(text, ensure_ascii=False)[1:-1]


class TableOrigin:
    """A step of a row in a database.

    Attributes:
        cells: Field -> its column and what the cell holds.
    """

    __slots__ = ("cells", "index", "path", "row", "table")

    def __init__(
        self, path: str, index: int, table: str, row: int, cells: Mapping[str, tuple[str, Any]]
    ) -> None:
        self.path = path
        self.index = index
        self.table = table
        self.row = row
        self.cells = cells

    def locate(
        self,
        *field: str | int,
        key: bool = False,
        start: int | None = None,
        end: int | None = None,
    ) -> Span:
        """Returns the row, or the place in the cell that holds the field."""
        column, text = self.cells.get(str(field[0]), ("", None)) if field else ("", None)
        if not isinstance(text, str):
            return Span(self.path, table=self.table, row=self.row)
        if len(field) == 1:
            place = (0, len(text)) if start is None else (start, len(text) if end is None else end)
        elif not text.lstrip().startswith("{"):  # what is a field in a step is a text in other tables
            place = (0, len(text))
        else:
            place = _in_json(text, *field[1:], key=key, start=start, end=end)
        first, last = min(place[0], len(text)), min(max(place), len(text))
        return Span(self.path, table=self.table, row=self.row, cell=Cell(column, text, first, last))

    def written(self, text: str, *field: str | int) -> str:
        """Returns `text` as it has to stand in the field's cell."""
        return json.dumps(text, ensure_ascii=False)[1:-1] if len(field) > 1 else text

    def rewritten(self, text: str, *field: str | int) -> str:
        """Returns JSON text as it has to stand in the field's cell."""
        return text


def _in_json(text: str, *field: str | int, key: bool, start: int | None, end: int | None) -> tuple[int, int]:
    """Returns where a field of the JSON text in a cell stands in that text."""
    inside = JsonOrigin(TextSource("", text), 0, 0, len(text)).locate(*field, key=key, start=start, end=end)
    return inside.start or 0, inside.end or 0


class CellPlace:
    """Where the text of a CSV cell stands: inside its quotes if it has them."""

    __slots__ = ("end", "quoted", "start")

    def __init__(self, start: int, end: int, quoted: bool) -> None:
        self.start = start
        self.end = end
        self.quoted = quoted

    def offset(self, text: str, index: int) -> int:
        """Returns where the `index`-th character of the cell's decoded text stands in the file."""
        if not self.quoted:
            return min(self.start + index, self.end)
        at = self.start
        for _ in range(index):
            at += 2 if text.startswith('""', at) else 1
        return min(at, self.end)

    def written(self, text: str) -> str:
        """Returns `text` as it has to stand in the cell."""
        return text.replace('"', '""') if self.quoted else text


class CsvOrigin:
    """A step of a row in a CSV text."""

    __slots__ = ("cells", "end", "index", "source", "start")

    def __init__(
        self, source: TextSource, index: int, start: int, end: int, cells: Mapping[str, CellPlace]
    ) -> None:
        self.source = source
        self.index = index
        self.start = start
        self.end = end
        self.cells = cells

    @property
    def path(self) -> str:
        """The source as the person named it."""
        return self.source.path

    def locate(
        self,
        *field: str | int,
        key: bool = False,
        start: int | None = None,
        end: int | None = None,
    ) -> Span:
        """Returns the span of the row, of a cell, or of a place in a cell's JSON text."""
        if not field:
            return self.source.span(self.start, self.end)
        cell = self.cells.get(str(field[0]))
        if cell is None:
            return self.source.span(self.start, self.start + 1)
        text = self.source.text
        if len(field) == 1:
            if start is None:
                return self.source.span(cell.start, cell.end)
            last = cell.end if end is None else cell.offset(text, end)
            return self.source.span(cell.offset(text, start), last)
        content = text[cell.start : cell.end]
        content = content.replace('""', '"') if cell.quoted else content
        first, after = _in_json(content, *field[1:], key=key, start=start, end=end)
        return self.source.span(cell.offset(text, first), cell.offset(text, after))

    def written(self, text: str, *field: str | int) -> str:
        """Returns `text` as it has to stand in the field's cell."""
        cell = self.cells.get(str(field[0])) if field else None
        inner = json.dumps(text, ensure_ascii=False)[1:-1] if len(field) > 1 else text
        return inner if cell is None else cell.written(inner)

    def rewritten(self, text: str, *field: str | int) -> str:
        """Returns JSON text as it has to stand in the field's cell."""
        cell = self.cells.get(str(field[0])) if field else None
        return text if cell is None else cell.written(text)


def replacement(
    origin: Origin | None,
    text: str,
    *field: str | int,
    key: bool = False,
    start: int | None = None,
    end: int | None = None,
    safe: bool = True,
) -> Fix | None:
    """Returns a fix that puts `text` in place of a text value or a part of it.

    Returns None for a step that was built by hand, where the field is not a text in the source, and for a
    placeholder: what it stands for is wrong, and not the config.

    Args:
        origin: Where the step stands.
        text: What to write, decoded.
        *field: The field whose value is replaced.
        key: Replace the field's key.
        start: First decoded character to replace; 0 if not given.
        end: Character after the last one; the value's end if not given.
        safe: Whether it is the one right answer.
    """
    if not isinstance(origin, JsonOrigin | CsvOrigin | TableOrigin):
        return None
    span = (
        origin.locate(*field, key=True) if key else origin.locate(*field, start=start or 0, end=end)
    )  # fmt: skip
    if "${" in _covered(origin, span) and "${" not in text:
        return None
    return edit_at(span, f'replace with "{text}"', origin.written(text, *field), safe=safe)


def _covered(origin: JsonOrigin | CsvOrigin | TableOrigin, span: Span) -> str:
    """Returns what stands at a place now."""
    if span.cell is not None:
        return span.cell.text[span.cell.start : span.cell.end]
    if isinstance(origin, TableOrigin) or span.start is None or span.end is None:
        return ""
    return origin.source.text[span.start : span.end]


def edit_at(span: Span, message: str, text: str, *, safe: bool = True) -> Fix | None:
    """Returns a fix that puts `text`, as it is to be written, in place of a span; None if nothing can be."""
    applicability: Applicability = "safe" if safe else "unsafe"
    if span.cell is not None:
        return Fix(
            message, applicability, span.cell.start, span.cell.end, text, span.table, span.row,
            span.cell.column,
        )  # fmt: skip
    if span.start is None or span.end is None:
        return None
    return Fix(message, applicability, span.start, span.end, text)


def read_tree(text: str, start: int) -> Node | None:
    """Returns the value at `start` as a tree; None where it cannot be read."""
    try:
        return JsonReader(text, start).value()
    except ReadingStoppedError:
        return None


def _walk(node: Node | None, field: tuple[Any, ...]) -> tuple[Node | None, Node, bool] | None:
    """Returns key, value and whether the field was reached; else the nearest ancestor."""
    if node is None:
        return None
    key: Node | None = None
    reached = 0
    for name in field:
        found = node.member(name)
        if found is None:
            break
        key, node = found
        reached += 1
    if reached == 0:
        return None
    return key, node, reached == len(field)


def _inside(text: str, node: Node, start: int, end: int | None) -> tuple[int, int]:
    if not text.startswith('"', node.start):
        return node.start, node.end
    size = len(node.value)
    first = json_offset(text, node.start, min(start, size))
    if end is None or end >= size:
        return first, node.end - 1
    return first, json_offset(text, node.start, end)
