"""Which columns say that a row before and a row after are the same row."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from odibi_core.runs.diff_types import common_columns, integral, kind_of
from odibi_core.text import nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

# What a key is often called; such columns are tried first.
KEY_LIKE = re.compile(r"(?:^|_)(?:id|key|uuid|guid|code|nr|no|number|sku|email)$|Id$|ID$", re.IGNORECASE)
FOUND_KINDS = ("number", "text", "time of day and date", "instant", "binary")
MAX_CANDIDATES = 8
NO_KEY = "no set of up to three columns is unique on both sides; name the key in `metadata.key`"


@dataclass(frozen=True, slots=True)
class Key:
    """A key that holds on both sides.

    Attributes:
        columns: Its columns.
        found: Whether it was found rather than given.
        before: The columns before, in types common to both sides.
        after: The columns after, likewise.
    """

    columns: tuple[str, ...]
    found: bool
    before: pa.Table
    after: pa.Table


def given_key(before: pa.Table, after: pa.Table, columns: Sequence[str]) -> Key | str:
    """Returns the key of the columns given, or why it does not hold."""
    for column in columns:
        for side, table in (("before", before), ("after", after)):
            count = table.column_names.count(column)
            if count == 0:
                return missing(column, side, table.column_names)
            if count > 1:
                return f"key column `{column}` is there twice {side}"
    key = _key(before, after, tuple(columns), found=False)
    if key is None:
        return "the types of the key columns cannot be compared"
    for side, keys in (("before", key.before), ("after", key.after)):
        empty = [c for c in columns if keys.column(c).null_count or _has_nan(keys.column(c))]
        if empty:
            return f"key column `{empty[0]}` has rows without a value {side}"
        if not _is_unique(keys):
            return said(columns, side)
    return key


def missing(column: str, side: str, names: Sequence[str]) -> str:
    """Says that a side has no such key column, and which may be meant."""
    meant = nearest(column, names)
    return f"key column `{column}` is missing {side}" + (f"; there is `{meant}`" if meant else "")


def no_key(with_nulls: Sequence[str]) -> str:
    """Says that no key was found, and which columns were left out for their nulls alone."""
    if not with_nulls:
        return NO_KEY
    return f"`{with_nulls[0]}` would be a key, but has rows without a value; name another in `metadata.key`"


def said(columns: Sequence[str], side: str) -> str:
    """Says that a key is not unique on a side."""
    names = ", ".join(f"`{column}`" for column in columns)
    return f"{names} {'is' if len(columns) == 1 else 'are'} not unique {side}"


def find_key(before: pa.Table, after: pa.Table) -> Key | str:
    """Returns the smallest set of up to three columns that are unique and never null on both sides, or why
    there is none.

    Floats are not looked at: that they are unique is chance. A column named like a key comes first. Of the
    first eight columns, pairs and triples are tried that have enough different values for the rows.
    """
    if before.num_columns == 0 or after.num_columns == 0:
        return NO_KEY
    candidates: dict[str, int] = {}
    with_nulls: list[str] = []
    rows = max(before.num_rows, after.num_rows)
    for name in sorted(_candidates(before, after), key=lambda name: not KEY_LIKE.search(name)):
        key = _key(before, after, (name,), found=True)
        if key is None:
            continue
        if key.before.column(0).null_count or key.after.column(0).null_count:
            if all(_is_unique(side.drop_null()) for side in (key.before, key.after)):
                with_nulls.append(name)
            continue
        if _is_unique(key.before) and _is_unique(key.after):
            return key
        candidates[name] = max(_distinct(key.before), _distinct(key.after))
    tried = list(candidates)[:MAX_CANDIDATES]
    for names in (*combinations(tried, 2), *combinations(tried, 3)):
        if math.prod(candidates[name] for name in names) < rows:
            continue  # too few combinations to tell the rows apart
        key = _key(before, after, names, found=True)
        if key is not None and _is_unique(key.before) and _is_unique(key.after):
            return key
    return no_key(with_nulls)


def _candidates(before: pa.Table, after: pa.Table) -> list[str]:
    import pyarrow as pa

    names: list[str] = []
    for field in before.schema:
        if before.column_names.count(field.name) != 1 or after.column_names.count(field.name) != 1:
            continue
        kinds = (field.type, after.schema.field(field.name).type)
        if all(kind_of(kind) in FOUND_KINDS and not pa.types.is_floating(kind) for kind in kinds):
            names.append(field.name)
    return names


def _key(before: pa.Table, after: pa.Table, columns: tuple[str, ...], *, found: bool) -> Key | None:
    import pyarrow as pa

    old, new = [], []
    for column in columns:
        sides = common_columns(integral(before.column(column)), integral(after.column(column)))
        if sides is None or pa.types.is_nested(sides[0].type) or pa.types.is_null(sides[0].type):
            return None
        old.append(_positive_zero(sides[0]))
        new.append(_positive_zero(sides[1]))
    names = list(columns)
    return Key(columns, found, pa.table(old, names=names), pa.table(new, names=names))


def _positive_zero(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Returns a column with 0.0 for -0.0, which are equal but have different hashes."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.add(column, 0.0) if pa.types.is_float64(column.type) else column


def _has_nan(column: pa.ChunkedArray) -> bool:
    import pyarrow as pa
    import pyarrow.compute as pc

    return bool(pa.types.is_floating(column.type)) and bool(pc.any(pc.is_nan(column)).as_py())


def _is_unique(keys: pa.Table) -> bool:
    return bool(_distinct(keys) == keys.num_rows)


def _distinct(keys: pa.Table) -> int:
    import pyarrow.compute as pc

    if keys.num_columns == 1:
        return int(pc.count_distinct(keys.column(0), mode="all").as_py())
    return int(keys.group_by(keys.column_names, use_threads=False).aggregate([]).num_rows)
