"""Any Python, NumPy, pandas or Arrow value as plain, strict JSON: how cells become sample rows."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Any
from uuid import UUID

MAX_DEPTH = 32
_EXACT_INTEGER = 2**53  # beyond it JavaScript and jq round; the digits are kept as text


def json_value(value: Any) -> Any:
    """Returns `value` as JSON: numbers, text, booleans, None, lists and dicts with text keys.

    NaN, infinities and every library's "not there" become None; times ISO text; decimals, UUIDs and
    integers that JSON readers would round, text; bytes base64. What nests beyond 32 levels becomes text.
    """
    return _convert(value, 0)


def json_row(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Returns a row, column -> cell, as JSON."""
    return {str(column): _convert(cell, 1) for column, cell in row.items()}


def clean_text(text: str) -> str:
    """Returns `text` with lone surrogates, which no JSON can hold, written out as escapes."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode("utf-8")
    return text


def _convert(value: Any, depth: int) -> Any:
    kind = type(value)
    if value is None or kind is bool:
        return value
    if kind is str:
        return value if value.isascii() else clean_text(value)
    if kind is int:
        return value if -_EXACT_INTEGER <= value <= _EXACT_INTEGER else str(value)
    if kind is float:
        return value if math.isfinite(value) else None
    if depth >= MAX_DEPTH:
        return clean_text(str(value))
    if isinstance(value, Mapping):
        return {clean_text(str(k)): _convert(v, depth + 1) for k, v in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_convert(item, depth + 1) for item in value]
    return _convert_other(value, depth)


def _convert_other(value: Any, depth: int) -> Any:
    if isinstance(value, Enum):
        return _convert(value.value, depth + 1)
    if isinstance(value, str):  # a subclass, such as numpy.str_
        return clean_text(str.__str__(value))
    if isinstance(value, (bytes, bytearray, memoryview)):
        return base64.b64encode(bytes(value)).decode("ascii")
    if isinstance(value, (datetime, date, time)):
        text = value.isoformat()
        return None if text == "NaT" else text
    if isinstance(value, timedelta):
        return None if str(value) == "NaT" else str(value)
    if isinstance(value, Decimal):
        return str(value) if value.is_finite() else None
    if isinstance(value, (UUID, PurePath)):
        return str(value)
    if isinstance(value, (int, float)):  # subclasses, such as IntEnum's members and numpy.float64
        return _convert(int(value) if isinstance(value, int) else float(value), depth)
    return _convert_foreign(value, depth)


def _convert_foreign(value: Any, depth: int) -> Any:
    """Converts by what a value can do, so that no library has to be imported to know it."""
    if type(value).__name__ in ("NAType", "NaTType"):
        return None
    if type(value).__name__ == "datetime64":
        text = str(value)
        return None if text == "NaT" else text
    for method in ("as_py", "tolist", "item"):  # Arrow scalars; NumPy arrays and scalars
        convert = getattr(value, method, None)
        if callable(convert):
            try:
                converted = convert()
            except (TypeError, ValueError, OverflowError):
                continue
            if type(converted) is not type(value):
                return _convert(converted, depth + 1)
    if isinstance(value, Iterable) and not hasattr(value, "__next__"):
        return [_convert(item, depth + 1) for item in value]
    return clean_text(str(value))
