"""Which columns say that a row of one Parquet file and a row of the other are the same row."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, islice
from typing import TYPE_CHECKING

from odibi_core.runs.diff_keys import FOUND_KINDS, KEY_LIKE, MAX_CANDIDATES, missing, no_key, said
from odibi_core.runs.diff_side import row_of
from odibi_core.runs.diff_sql import is_float, same_keys, whole_check
from odibi_core.runs.diff_types import kind_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

    from odibi_core.runs.diff_side import Side

# DuckDB's estimate of distinct values is off by a few per cent: enough to leave a set of columns out.
_NEARLY = 0.85
_BUCKETS = 4096
_CROWDED = 1.5
_EXACT = 2.0**53


@dataclass(frozen=True, slots=True)
class FileKey:
    """A key of two files.

    Attributes:
        columns: Its columns.
        found: Whether it was found rather than given.
        before: SQL of each column before, over a side's columns, in a type common to both sides.
        after: Likewise after.
    """

    columns: tuple[str, ...]
    found: bool
    before: tuple[str, ...]
    after: tuple[str, ...]

    def not_unique(self, side: str) -> str:
        """Says that it does not hold."""
        return said(self.columns, side)


def given_file_key(
    connection: duckdb.DuckDBPyConnection, old: Side, new: Side, columns: Sequence[str]
) -> FileKey | str:
    """Returns the key of the columns given, or why it cannot hold. That it is unique is left to the join."""
    for column in columns:
        for word, side in (("before", old), ("after", new)):
            if (number := side.number(column)) == -1:
                return missing(column, word, side.schema.names)
            if number < 0:
                return f"key column `{column}` is there twice {word}"
    key = _key(connection, old, new, tuple(columns), found=False)
    if key is None:
        return "the types of the key columns cannot be compared"
    for word, side, parts in (("before", old, key.before), ("after", new, key.after)):
        empty, is_crowded = _look_at(connection, side, columns, parts)
        if empty is not None:
            return f"key column `{empty}` has rows without a value {word}"
        if is_crowded and not _is_unique(connection, side, parts):
            return key.not_unique(word)
    return key


def find_file_key(connection: duckdb.DuckDBPyConnection, old: Side, new: Side) -> FileKey | str:
    """Returns the smallest set of up to three columns that are unique and never null on both sides.

    Floats are not looked at: that they are unique is chance. A column named like a key comes first. At most
    eight columns are looked at, and of their pairs and triples only those that have enough different values.
    """
    candidates: list[FileKey] = []
    with_nulls: list[FileKey] = []
    for name in sorted(_candidates(old, new), key=lambda name: not KEY_LIKE.search(name)):
        key = _key(connection, old, new, (name,), found=True)
        if key is None:
            continue
        sides = ((old, key.before), (new, key.after))
        if all(_look_at(connection, side, (name,), parts)[0] is None for side, parts in sides):
            candidates.append(key)
        else:
            with_nulls.append(key)
        if len(candidates) == MAX_CANDIDATES:
            break
    for size in (1, 2, 3):
        sets = [_joined(group) for group in combinations(candidates, size)]
        for key in _likely(connection, old, new, sets):
            if _is_unique(connection, old, key.before) and _is_unique(connection, new, key.after):
                return key
    unique = (
        key.columns[0]
        for key in with_nulls[:MAX_CANDIDATES]
        if all(_is_unique(connection, s, p, nulls=True) for s, p in ((old, key.before), (new, key.after)))
    )
    return no_key(list(islice(unique, 1)))


def _joined(keys: Sequence[FileKey]) -> FileKey:
    return FileKey(
        tuple(name for key in keys for name in key.columns),
        True,
        tuple(part for key in keys for part in key.before),
        tuple(part for key in keys for part in key.after),
    )


def _candidates(old: Side, new: Side) -> list[str]:
    return [
        column.name
        for column in old.columns
        if old.number(column.name) >= 0
        and (other := new.number(column.name)) >= 0
        and all(
            kind_of(side.arrow) in FOUND_KINDS and not is_float(side) for side in (column, new.columns[other])
        )
    ]


def _key(
    connection: duckdb.DuckDBPyConnection, old: Side, new: Side, names: tuple[str, ...], *, found: bool
) -> FileKey | None:
    before: list[str] = []
    after: list[str] = []
    for name in names:
        i, j = old.number(name), new.number(name)
        columns = old.columns[i], new.columns[j]
        parts = same_keys(*columns, f"c{i}", f"c{j}")
        if parts is None:
            return None
        for side, place, must_be_whole in zip((old, new), (i, j), whole_check(*columns), strict=True):
            if must_be_whole and not _is_whole(connection, side, place):
                return None
        before.append(parts[0])
        after.append(parts[1])
    return FileKey(names, found, tuple(before), tuple(after))


def _is_whole(connection: duckdb.DuckDBPyConnection, side: Side, column: int) -> bool:
    """Whether all floats of a column are whole numbers; that is what pandas makes of gaps."""
    cell = f"c{column}"
    return bool(
        _one(
            connection,
            f"SELECT coalesce(bool_and({cell} = trunc({cell}) AND abs({cell}) <= {_EXACT!r}), true)"
            f" FROM {side.relation('s')}",
        )
    )


def _look_at(
    connection: duckdb.DuckDBPyConnection, side: Side, names: Sequence[str], parts: Sequence[str]
) -> tuple[str | None, bool]:
    """Returns the first key column that has rows without a value, and whether many keys stand twice or more.

    A value that stands very often would make the join endless before its counts could show it: the pairs
    number the sum of m * m over all values that stand m times. That sum is estimated, to some 2 %, from how
    many rows fall into each of 4,096 buckets (the "fast AGMS" sketch of Cormode and Garofalakis, 2005).
    """
    cells = [(name, f"c{side.number(name)}", side.columns[side.number(name)]) for name in names]
    nan = [f"count(*) FILTER (WHERE isnan({cell}))" for _, cell, column in cells if is_float(column)]
    if nan:  # first: statistics in Parquet leave NaN out, and DuckDB's grouping trusts them (2.0)
        counts = row_of(connection, f"SELECT {', '.join(nan)} FROM {side.relation('s')}")
        for name, number in zip([n for n, _, column in cells if is_float(column)], counts, strict=True):
            if number:
                return name, False
    empty = ", ".join(
        f"count(*) FILTER (WHERE {cell} IS NULL) AS e{i}" for i, (_, cell, _) in enumerate(cells)
    )
    sums = ", ".join(f"sum(e{i})" for i in range(len(cells)))
    squares, *without = row_of(
        connection,
        f"SELECT sum(CAST(number AS DOUBLE) * number), {sums} FROM (SELECT count(*) AS number, {empty}"
        f" FROM {side.relation('s')} GROUP BY hash({', '.join(parts)}) % {_BUCKETS})",
    )
    pairs = ((squares or 0.0) - side.rows**2 / _BUCKETS) / (1 - 1 / _BUCKETS)
    found = next((name for name, number in zip(names, without, strict=True) if number), None)
    return found, pairs > _CROWDED * side.rows


def _likely(
    connection: duckdb.DuckDBPyConnection, old: Side, new: Side, keys: list[FileKey]
) -> list[FileKey]:
    """Returns those sets of columns that by an estimate are unique on both sides; one pass over each."""
    for side, is_old in ((old, True), (new, False)):
        if not keys:
            break
        estimates = _distinct(connection, side, [key.before if is_old else key.after for key in keys])
        keys = [key for key, found in zip(keys, estimates, strict=True) if found >= side.rows * _NEARLY]
    return keys


def _distinct(
    connection: duckdb.DuckDBPyConnection, side: Side, sets: Sequence[Sequence[str]]
) -> Sequence[int]:
    counts = ", ".join(f"approx_count_distinct(hash({', '.join(parts)}))" for parts in sets)
    return row_of(connection, f"SELECT {counts} FROM {side.relation('s')}")


def _is_unique(
    connection: duckdb.DuckDBPyConnection, side: Side, parts: Sequence[str], *, nulls: bool = False
) -> bool:
    """Whether no key stands twice; with `nulls`, those without a value do not count."""
    keys = ", ".join(parts)
    some = f" WHERE {parts[0]} IS NOT NULL" if nulls else ""
    twins = f"SELECT 1 FROM {side.relation('s')}{some} GROUP BY {keys} HAVING count(*) > 1 LIMIT 1"
    return not _one(connection, f"SELECT count(*) FROM ({twins})")


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    row = row_of(connection, query)
    return int(row[0] or 0) if row else 0
