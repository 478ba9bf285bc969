"""Some texts of a column, of each shape that is met: what says whether it can be numbers, dates or truths."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from odibi_core.formats.base import Look

ROWS = 1_000  # from the start that are looked at
_MOST = 24  # texts of a column
_LONGEST = 60  # characters; a longer text is neither number nor date
_DIGITS = re.compile(r"[0-9]+")
_LETTERS = re.compile(r"[^\W\d_]+")


def some_texts(values: Iterable[str]) -> tuple[str, ...]:
    """Returns the shortest and the longest of each shape among texts: `12`, `3-1` and `n/a` have three."""
    shapes: dict[str, list[str]] = {}
    for value in dict.fromkeys(values):
        if len(value) > _LONGEST:
            value = value[:_LONGEST]
        known = shapes.setdefault(_LETTERS.sub("a", _DIGITS.sub("9", value)), [])
        if not known:
            known.append(value)
        elif len(value) < len(known[0]):
            known[:1] = [value] if len(known) > 1 else [value, known[0]]
        elif len(value) > len(known[-1]):
            known[1:] = [value]
        if len(shapes) >= _MOST:
            break
    found = [text for known in shapes.values() for text in known]
    return tuple(found[:_MOST])


def texts_of(look: Look) -> dict[str, tuple[str, ...]]:
    """Returns some texts of each column of a start of a source that holds texts and nothing else."""
    import pyarrow as pa

    frame: Any = look.frame
    if isinstance(frame, pa.Table):
        return _of_arrow(frame)
    found: dict[str, tuple[str, ...]] = {}
    for at, name in enumerate(frame.columns):
        column = frame.iloc[:ROWS, at]
        if column.dtype != object and not _is_string(column.dtype):
            continue
        values = column[column.notna()].tolist()
        if values and all(isinstance(value, str) for value in values):
            found[str(name)] = some_texts(values)
    return found


def _is_string(dtype: Any) -> bool:
    return getattr(dtype, "type", None) is str


def _of_arrow(table: Any) -> dict[str, tuple[str, ...]]:
    import pyarrow.types as t

    found: dict[str, tuple[str, ...]] = {}
    for field, column in zip(table.schema, table.slice(0, ROWS).columns, strict=True):
        dtype = field.type.value_type if t.is_dictionary(field.type) else field.type
        if t.is_string(dtype) or t.is_large_string(dtype) or t.is_string_view(dtype):
            values = [value for value in column.to_pylist() if value is not None]
            if values:
                found[field.name] = some_texts(values)
    return found
