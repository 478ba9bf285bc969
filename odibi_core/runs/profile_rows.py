"""The statistics of a dataset's columns as rows of text, for the command line and the screens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from odibi_core.journal.profile import ColumnProfile, Histogram, Profile

NAMES = (
    "column", "type", "histogram", "nulls", "distinct", "min", "max", "mean", "25 %", "50 %", "75 %",
    "top values", "native",
)  # fmt: skip
RIGHT = frozenset({3, 4, 5, 6, 7, 8, 9, 10})

_BARS = "▁▂▃▄▅▆▇█"
_ASCII_BARS = ".:-=+*#@"
_NONE = "–"


def column_rows(
    profile: Profile, native: Mapping[str, str | None], *, ascii_only: bool = False
) -> list[list[str]]:
    """Returns a row a column, as `NAMES` has it.

    Args:
        profile: The statistics.
        native: The engine's own name of each column's type, where known.
        ascii_only: Draw with ASCII.
    """
    return [_row(column, native.get(column.name), ascii_only) for column in profile.columns]


def bars(histogram: Histogram, *, ascii_only: bool = False) -> str:
    """Returns a histogram as a row of blocks; what is empty is a space, what is not never is."""
    signs = _ASCII_BARS if ascii_only else _BARS
    most = max(histogram.counts, default=0)
    return "".join(
        signs[min(len(signs) - 1, count * len(signs) // most)] if count else " " for count in histogram.counts
    ).rstrip()


def _row(column: ColumnProfile, native: str | None, ascii_only: bool) -> list[str]:
    about = "~" if ascii_only else "≈"
    distinct = _NONE
    if column.distinct is not None:
        distinct = f"{'' if column.distinct_exact else about}{column.distinct:,}"
    quantiles = [_shown(value) for value in column.quantiles] or [_NONE] * 3
    return [
        column.name,
        column.type,
        "" if column.histogram is None else bars(column.histogram, ascii_only=ascii_only),
        f"{column.nulls:,}" + (f" +{column.not_finite:,} not finite" if column.not_finite else ""),
        distinct,
        _shown(column.min),
        _shown(column.max),
        _shown(column.mean),
        *quantiles,
        ", ".join(f"{_shown(top.value)} {'x' if ascii_only else '×'}{top.count:,}" for top in column.top),
        native or _NONE,
    ]


def _shown(value: Any) -> str:
    if value is None:
        return _NONE
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.6g}"
    text = str(value)
    return text if text.strip() == text and text not in ("", "null") else f'"{text}"'  # as cells show it
