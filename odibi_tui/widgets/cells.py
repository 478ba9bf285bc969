"""Values of an Arrow column as text: what a cell shows, and what its full value is."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

CELL_CHARACTERS = 500
"""A cell never shows more of a value than this; `full_text` gives all of it."""

_MAX_DECIMALS = 6
_HEX_BYTES = 24

# Control characters are shown, not obeyed: C0 as their pictures, the others by number.
_SHOWN = {code: chr(0x2400 + code) for code in range(0x20)} | {0x7F: "␡"}
_SHOWN |= {code: f"\\x{code:02x}" for code in range(0x80, 0xA0)}
_SHOWN |= {
    code: f"\\u{code:04x}"
    for code in (*range(0x200B, 0x2010), *range(0x2028, 0x202F), *range(0x2066, 0x206A), 0xFEFF)
}
_SHOWN_IN_LINES = {code: shown for code, shown in _SHOWN.items() if code not in (0x09, 0x0A)}


def visible(text: str) -> str:
    """Returns `text` on one line, every control character shown as a picture or a number."""
    return text if text.isprintable() else text.translate(_SHOWN)


def visible_lines(text: str) -> str:
    """Returns `visible(text)` with its line breaks and tabs left as they are."""
    return text if text.isprintable() else text.translate(_SHOWN_IN_LINES)


def is_numeric(data_type: pa.DataType) -> bool:
    """Whether a column of this type stands to the right."""
    import pyarrow.types as pt

    return bool(pt.is_integer(data_type) or pt.is_floating(data_type) or pt.is_decimal(data_type))


def column_texts(column: pa.ChunkedArray | pa.Array) -> list[str | None]:
    """Returns the text of each cell; None where the value is null.

    Text that would look like something else (empty, `null`, with blanks at its ends) is quoted.
    """
    import pyarrow as pa
    import pyarrow.types as pt

    data_type = column.type
    if isinstance(data_type, pa.BaseExtensionType):
        return column_texts(
            pa.chunked_array([chunk.storage for chunk in _chunks(column)], data_type.storage_type)
        )
    if pt.is_dictionary(data_type):
        return column_texts(column.cast(data_type.value_type))
    if pt.is_floating(data_type):
        return _float_texts(column.cast(pa.float64()).to_pylist())
    if pt.is_temporal(data_type) and not pt.is_duration(data_type):
        return _temporal_texts(column)
    return [None if value is None else value_text(value) for value in _values(column)]


def value_text(value: Any) -> str:
    """Returns one Python value as the text of a cell."""
    if isinstance(value, str):
        shown = visible(value[: CELL_CHARACTERS + 1])
        if len(value) > CELL_CHARACTERS:
            return shown[:CELL_CHARACTERS] + "…"
        return f'"{shown}"' if value in ("", "null") or value != value.strip() else shown
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        more = f"… {len(value):,} bytes" if len(value) > _HEX_BYTES else ""
        return f"0x{value[:_HEX_BYTES].hex()}{more}"
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, dict | list | tuple):
        shown = visible(json.dumps(value, ensure_ascii=False, default=_plain_json))
        return shown if len(shown) <= CELL_CHARACTERS else shown[:CELL_CHARACTERS] + "…"
    return visible(str(value))


def full_text(value: Any) -> str:
    """Returns all of a value, line breaks kept; this is what copying gives."""
    if value is None:
        return "null"
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.hex(" ")
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, ensure_ascii=False, indent=2, default=_plain_json)
    return value_text(value)


def _values(column: Any) -> list[Any]:
    try:
        return list(column.to_pylist())
    except (OverflowError, ValueError, ArithmeticError):  # outside of what Python's types hold
        return [_value_or_text(scalar) for chunk in _chunks(column) for scalar in chunk]


def _value_or_text(scalar: Any) -> Any:
    try:
        return scalar.as_py()
    except (OverflowError, ValueError, ArithmeticError):
        return str(scalar)


def _temporal_texts(column: Any) -> list[str | None]:
    import pyarrow as pa

    try:
        texts = column.cast(pa.string()).to_pylist()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):  # time zones without a database, exotic units
        return [None if value is None else str(value) for value in _values(column)]
    present = [text for text in texts if text is not None]
    if all("." in text for text in present):
        tail = max((len(text.partition(".")[2].rstrip("0Z")) for text in present), default=0)
        if tail == 0:
            return [None if text is None else _without_fraction(text) for text in texts]
    return list(texts)


def _without_fraction(text: str) -> str:
    return text.partition(".")[0] + ("Z" if text.endswith("Z") else "")


def _float_texts(values: list[float | None]) -> list[str | None]:
    """Returns floats with the same number of decimals, so that they stand under each other."""
    present = [v for v in values if v is not None and math.isfinite(v)]
    decimals = max((_decimals(v) for v in present), default=1)
    if decimals > _MAX_DECIMALS:
        decimals = _MAX_DECIMALS
    return [None if v is None else _number(v, decimals) for v in values]


def _decimals(value: float) -> int:
    text = repr(value)
    return 1 if "e" in text else len(text.partition(".")[2])


def _number(value: float, decimals: int | None = None) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    small_or_large = value != 0 and not 10**-_MAX_DECIMALS <= abs(value) < 1e15
    if decimals is None or small_or_large:
        return repr(value)
    return f"{value:.{decimals}f}"


def _chunks(column: Any) -> list[Any]:
    return list(column.chunks) if hasattr(column, "chunks") else [column]


def _plain_json(value: Any) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)
