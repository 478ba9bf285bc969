"""What a comparison says in words, the same on the command line and on the screen."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from odibi_core.journal.values import json_value
from odibi_core.runs.diff import TIMES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from odibi_core.journal.record import ExpectationRecord
    from odibi_core.runs.diff import DataDiff, RowDiff
    from odibi_core.runs.drift import ColumnDrift

_CELLS_SHOWN = 8
_WIDTH = 40
_TOPS, _TOP_WIDTH = 3, 27  # a time with its zone has room: cut, all times of a day look alike
_NOT_UNIQUE = re.compile(" not unique (before|after)$")
_NAMES = {"not_finite": "NaN and infinities", "top": "most frequent"}


def claim(diff: DataDiff) -> str:
    """Returns what was found of the rows, and what that rests on: `+3 -2 ~5 =990  by id, all rows`."""
    if diff.basis == "schema and counts":
        remedy = ""
        if diff.reason is not None and _NOT_UNIQUE.search(diff.reason):
            remedy = "; name a key of more columns, `--key a,b` or `metadata.key`"
        return f"rows not compared: {diff.reason or 'they are not stored'}{remedy}"
    counts = [("+", diff.added), ("-", diff.removed), ("~", diff.changed), ("=", diff.same)]
    found = " ".join(f"{sign}{number:,}" for sign, number in counts if number is not None)
    if not diff.key:
        return f"{found}  the same file"
    key = f"by {', '.join(diff.key)}{' (found)' if diff.key_found else ''}"
    basis = {
        "all rows": "all rows",
        "sample of keys": f"a sample: 1 in {diff.buckets:,} of the keys",
        "previews": f"previews: {diff.reason}",
    }[diff.basis]
    once = ""
    if any(diff.copies):
        numbers = f"{diff.copies[0]:,} before, {diff.copies[1]:,} after"
        once = f"; rows that are copies of another one counted once ({numbers})"
    return f"{found}  {key}, {basis}{once}"


def rate_words(diff: DataDiff) -> Iterator[str]:
    """Yields how many cells changed in each column, and what part of the rows on both sides that is."""
    rates = diff.change_rates
    for column, cells in sorted(diff.changed_cells.items(), key=lambda item: -item[1]):
        yield f"{column}: {cells:,} cell{'s' * (cells != 1)} changed ({share(rates[column])})"


def share(part: float) -> str:
    """Returns a part of a whole as a percentage, with as many digits as it takes to tell it from none."""
    percent = part * 100
    for digits in (1, 2, 3, 4):
        if percent >= 10.0 ** (1 - digits) or percent == 0:
            return f"{percent:.{digits}f} %"
    return "less than 0.001 %"


def row_words(row: RowDiff, arrow: str) -> str:
    """Returns a row that differs on one line: its key, then its cells, or those that changed."""
    key = " ".join(f"{name}={value_words(value)}" for name, value in row.key.items())
    if row.before is not None and row.after is not None:
        cells = [
            f"{name} {value_words(row.before.get(name))} {arrow} {value_words(row.after.get(name))}"
            for name in row.changed
        ]
    else:
        only = (row.after if row.before is None else row.before) or {}
        cells = [
            f"{name}={value_words(value)}"
            for name, value in only.items()
            if name not in row.key and (name, value) != (TIMES, 1)
        ]
    more = f"  and {len(cells) - _CELLS_SHOWN} more" if len(cells) > _CELLS_SHOWN else ""
    return f"{key}  {'  '.join(cells[:_CELLS_SHOWN])}{more}".rstrip()


def is_worth_telling(column: ColumnDrift, diff: DataDiff) -> bool:
    """Whether a column's drift is to be told unasked: it moved markedly, or cells of it changed.

    A few rows more or less move every mean a little, and a key is different in every row.
    """
    if column.name in diff.key or column.level == "none":
        return False
    return column.level != "small" or column.name in diff.changed_cells


def drift_words(column: ColumnDrift, arrow: str) -> str:
    """Returns how a column has drifted: how far, then what of it changed."""
    parts: list[str] = [column.level]
    if column.psi is not None:
        parts = [
            f"{column.level}, PSI {column.psi:.3f}" if column.psi >= 0.0005 else "small, PSI below 0.001"
        ]
    for changed in column.changes:
        if changed.name == "top":
            sides = [(side or [])[:_TOPS] for side in (changed.before, changed.after)]
            if sides[0] == sides[1]:
                continue
            before, after = (", ".join(value_words(v, _TOP_WIDTH) for v in side) or "none" for side in sides)
        else:
            before, after = (value_words(value, 24) for value in (changed.before, changed.after))
        parts.append(f"{_NAMES.get(changed.name, changed.name)} {before} {arrow} {after}")
    return "  ".join(parts) + ("" if column.whole else "  (of samples)")


def expectation_words(expectation: ExpectationRecord | None) -> str:
    """Returns whether an expectation was met."""
    if expectation is None:
        return "not there"
    if expectation.passed:
        return "met"
    failing = "" if expectation.failing is None else f" by {expectation.failing:,} rows"
    return f"not met{failing}"


def value_words(value: Any, width: int = _WIDTH) -> str:
    """Returns a cell as text on one line, at most `width` characters."""
    if value is None:
        return "null"
    if isinstance(value, float):
        text = f"{value:.10g}"
    elif isinstance(value, bool):
        text = str(value).lower()
    elif isinstance(value, str):
        text = value
    elif isinstance(value, int):
        text = str(value)
    else:
        plain = json_value(value)
        text = plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False)
    return text if len(text) <= width else text[: width - 2] + ".."
