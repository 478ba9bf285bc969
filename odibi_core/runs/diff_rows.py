"""Rows of two Arrow tables compared by key: for what has room in memory."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from odibi_core.runs.diff import SIGNS, DataDiff, RowDiff, Sign, shares
from odibi_core.runs.diff_cells import differing_cells
from odibi_core.runs.diff_keys import Key

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa


def compare_rows(
    claimed: DataDiff,
    before: pa.Table,
    after: pa.Table,
    key: Key,
    tolerance: float,
    max_rows: int,
    exact_up_to: int,
    partial: str | None,
) -> DataDiff:
    """Returns `claimed` with what a comparison of the rows by `key` shows.

    Args:
        claimed: What is known without.
        before: The rows before.
        after: The rows after.
        key: What makes two rows the same, of these tables.
        tolerance: Floats whose difference is at most this part of the larger one count as the same.
        max_rows: Most rows returned.
        exact_up_to: With more rows than this on a side, a sample of keys is compared.
        partial: Why not all rows are at hand; then only rows on both sides are told of. None: all are.
    """
    largest = max(before.num_rows, after.num_rows)
    buckets = -(-largest // max(1, exact_up_to)) if largest and partial is None else 1
    if buckets > 1:
        key, before, after = _sample(key, before, after, buckets)
    olds, news, matched = _match(key)
    if partial is not None:
        olds, news = [], []
    differing, not_compared = differing_cells(before, after, key, matched, tolerance)
    changed: dict[int, list[str]] = {}
    for column, places in differing.items():
        for place in places:
            changed.setdefault(place, []).append(column)
    pairs = {place: (matched[0][place], matched[1][place]) for place in changed}
    picked = _pick(olds, {place: pair[1] for place, pair in pairs.items()}, news, max_rows)
    compared = replace(
        claimed,
        basis="all rows",
        key=key.columns,
        key_found=key.found,
        added=len(news),
        removed=len(olds),
        changed=len(changed),
        same=len(matched[0]) - len(changed),
        changed_cells={column: len(places) for column, places in differing.items() if places},
        rows=_rows(picked, before, after, key.columns, pairs, changed),
        not_compared=not_compared,
    )
    if partial is not None:
        told = f"{partial}: compared are the {len(matched[0]):,} that both previews hold"
        return replace(compared, basis="previews", reason=told, added=None, removed=None)
    if buckets > 1:
        told = sample_reason(exact_up_to, buckets)
        return replace(compared, basis="sample of keys", reason=told, buckets=buckets)
    return compared


def sample_reason(exact_up_to: int, buckets: int) -> str:
    """Says why only a sample of the keys was compared."""
    return f"more than {exact_up_to:,} rows: compared are 1 in {buckets:,} of the keys"


def _sample(key: Key, before: pa.Table, after: pa.Table, buckets: int) -> tuple[Key, pa.Table, pa.Table]:
    """Keeps the rows whose key falls into the first of `buckets` buckets, the same on both sides."""
    import duckdb
    import pyarrow as pa

    columns = [f"k{i}" for i in range(len(key.columns))]

    def places(keys: pa.Table) -> pa.Array:
        hashed = [  # DuckDB has no decimals that wide; their text is as good, the scale being one
            column.cast(pa.string()) if pa.types.is_decimal256(column.type) else column
            for column in keys.columns
        ]
        keys = pa.table(hashed, names=keys.column_names)
        numbered = keys.rename_columns(columns).append_column(
            "place", pa.array(range(keys.num_rows), pa.int64())
        )
        with duckdb.connect() as connection:
            relation = connection.from_arrow(numbered)
            chosen = relation.filter(f"hash({', '.join(columns)}) % {buckets} = 0").project("place")
            table = chosen.to_arrow_table().sort_by("place")
        return table.column("place").combine_chunks()

    old, new = places(key.before), places(key.after)
    sampled = Key(key.columns, key.found, key.before.take(old), key.after.take(new))
    return sampled, before.take(old), after.take(new)


def _match(key: Key) -> tuple[list[int], list[int], tuple[list[int], list[int]]]:
    """Returns the places of rows only before, only after, and of the pairs on both sides, in table order."""
    import pyarrow as pa
    import pyarrow.compute as pc

    names = [f"k{i}" for i in range(len(key.columns))]
    old = key.before.rename_columns(names).append_column(
        "old", pa.array(range(key.before.num_rows), pa.int64())
    )
    new = key.after.rename_columns(names).append_column(
        "new", pa.array(range(key.after.num_rows), pa.int64())
    )
    joined = old.join(new, names, join_type="full outer", use_threads=False).select(["old", "new"])
    only_old = joined.filter(pc.is_null(joined["new"]))["old"].to_pylist()
    only_new = joined.filter(pc.is_null(joined["old"]))["new"].to_pylist()
    both = joined.drop_null().sort_by("new")
    return sorted(only_old), sorted(only_new), (both["old"].to_pylist(), both["new"].to_pylist())


def _pick(
    removed: Sequence[int], changed: dict[int, int], added: Sequence[int], most: int
) -> list[tuple[int, Sign, int]]:
    """Returns at most `most` differing rows as (order, sign, place), in table order."""
    ordered: dict[Sign, list[tuple[int, int]]] = {
        "-": [(place, place) for place in removed],
        "~": sorted((order, place) for place, order in changed.items()),
        "+": [(place, place) for place in added],
    }
    share = shares({sign: len(places) for sign, places in ordered.items()}, most)
    rank = {sign: i for i, sign in enumerate(SIGNS)}
    picked = [(order, sign, place) for sign in SIGNS for order, place in ordered[sign][: share[sign]]]
    return sorted(picked, key=lambda row: (row[0], rank[row[1]]))


def _rows(
    picked: list[tuple[int, Sign, int]],
    before: pa.Table,
    after: pa.Table,
    key: tuple[str, ...],
    pairs: dict[int, tuple[int, int]],
    changed: dict[int, list[str]],
) -> tuple[RowDiff, ...]:
    import pyarrow as pa

    places = [
        {"-": (place, None), "+": (None, place), "~": pairs.get(place, (None, None))}[sign]
        for _, sign, place in picked
    ]
    old = iter(cells_of(before.take(pa.array([a for a, _ in places if a is not None], pa.int64()))))
    new = iter(cells_of(after.take(pa.array([b for _, b in places if b is not None], pa.int64()))))
    rows: list[RowDiff] = []
    for (_, sign, place), (a, b) in zip(picked, places, strict=True):
        cells_before = next(old) if a is not None else None
        cells_after = next(new) if b is not None else None
        identity = cells_after if cells_after is not None else cells_before or {}
        rows.append(
            RowDiff(
                sign,
                {column: identity[column] for column in key},
                cells_before,
                cells_after,
                tuple(changed[place]) if sign == "~" else (),
            )
        )
    return tuple(rows)


def cells_of(table: pa.Table) -> list[dict[str, Any]]:
    """Returns the rows of a table, column -> cell; of columns of one name, the first."""
    columns = {name: _python(table.column(i)) for i, name in reversed(list(enumerate(table.column_names)))}
    return [{name: columns[name][row] for name in table.column_names} for row in range(table.num_rows)]


def _python(column: pa.ChunkedArray) -> list[Any]:
    import pyarrow as pa

    try:
        cells: list[Any] = column.to_pylist()
    except (OverflowError, ValueError, ArithmeticError):  # times beyond what Python's types hold
        cells = column.cast(pa.string()).to_pylist()
    return cells
