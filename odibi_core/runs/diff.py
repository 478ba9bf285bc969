"""What changed from one table to another, claiming only what the data at hand proves."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from odibi_core.journal.events import ColumnInfo
from odibi_core.runs.compare import SchemaChange, compare_schemas
from odibi_core.runs.diff_cells import differing_cells
from odibi_core.runs.diff_keys import Key, find_key, given_key
from odibi_core.runs.diff_types import plain_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pyarrow as pa

Basis = Literal["all rows", "sample of keys", "schema and counts"]
Sign = Literal["+", "-", "~"]

EXACT_UP_TO = 100_000
_SIGNS: tuple[Sign, ...] = ("-", "~", "+")


@dataclass(frozen=True, slots=True)
class RowDiff:
    """A row that differs.

    Attributes:
        sign: "+" only after, "-" only before, "~" on both sides with other cells.
        key: Its key, column -> value.
        before: Its cells before, None for "+".
        after: Its cells after, None for "-".
        changed: The columns whose cells differ, for "~".
    """

    sign: Sign
    key: dict[str, Any]
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    changed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DataDiff:
    """What changed from one table to another.

    Attributes:
        schema: Columns added, removed and changed in type.
        before_rows: Rows before, None where unknown.
        after_rows: Rows after, None where unknown.
        basis: What the figures and rows below rest on. "all rows": everything was compared. "sample of
            keys": the rows whose key falls into one of `buckets` equal buckets on both sides, so that each
            finding is true but there are more. "schema and counts": no rows were compared.
        reason: Why no rows were compared, or why only a sample.
        key: The columns that say which rows are the same.
        key_found: Whether the key was found in the data rather than given.
        added: Rows compared that are only after; None where no rows were compared.
        removed: Rows compared that are only before.
        changed: Rows compared that are on both sides with other cells.
        same: Rows compared that are on both sides unchanged.
        changed_cells: How many cells changed, by column.
        rows: The rows that differ, in the order of the tables, as many as were asked for.
        buckets: Into how many buckets the keys were divided; 1 where all rows were compared.
        not_compared: Columns on both sides whose cells were not compared, with the reason.
    """

    schema: SchemaChange
    before_rows: int | None
    after_rows: int | None
    basis: Basis
    reason: str | None = None
    key: tuple[str, ...] = ()
    key_found: bool = False
    added: int | None = None
    removed: int | None = None
    changed: int | None = None
    same: int | None = None
    changed_cells: dict[str, int] = field(default_factory=dict)
    rows: tuple[RowDiff, ...] = ()
    buckets: int = 1
    not_compared: dict[str, str] = field(default_factory=dict)

    @property
    def row_delta(self) -> int | None:
        """How many more rows there are after, None where unknown."""
        if self.before_rows is None or self.after_rows is None:
            return None
        return self.after_rows - self.before_rows

    @property
    def truncated(self) -> int:
        """How many differing rows were found beyond those in `rows`."""
        return (self.added or 0) + (self.removed or 0) + (self.changed or 0) - len(self.rows)

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs, and that has been proved."""
        return (
            self.basis == "all rows"
            and not self.schema
            and not self.not_compared
            and not (self.added or self.removed or self.changed)
        )


def diff_tables(
    before: pa.Table | None,
    after: pa.Table | None,
    *,
    before_rows: int | None,
    after_rows: int | None,
    key: Sequence[str] = (),
    before_columns: Iterable[ColumnInfo] | None = None,
    after_columns: Iterable[ColumnInfo] | None = None,
    tolerance: float = 0.0,
    max_rows: int = 1000,
    exact_up_to: int = EXACT_UP_TO,
) -> DataDiff:
    """Compares two tables, of which all rows or only the first may be at hand.

    Args:
        before: The rows at hand before; None if there are none.
        after: The rows at hand after.
        before_rows: How many rows there are in all, None where unknown.
        after_rows: Likewise.
        key: Columns that identify a row. Without, one or two columns that do are looked for.
        before_columns: The schema, where there is no table to tell it.
        after_columns: Likewise.
        tolerance: Floats this close, relatively or absolutely, count as equal.
        max_rows: Most rows returned; the figures count all.
        exact_up_to: With more rows than this on a side, a sample of keys is compared.
    """
    schema = compare_schemas(_columns(before, before_columns), _columns(after, after_columns))
    claimed = DataDiff(schema, before_rows, after_rows, "schema and counts")
    if before is None or after is None:
        return _only_counts(claimed, "the rows are not stored")
    for table, rows in ((before, before_rows), (after, after_rows)):
        if rows is None:
            return _only_counts(claimed, "it is not known how many rows there are")
        if rows > table.num_rows:
            return _only_counts(claimed, f"only {table.num_rows:,} of {rows:,} rows are stored")
        if rows < table.num_rows:
            return _only_counts(claimed, f"{table.num_rows:,} rows are stored where there should be {rows:,}")
    before, after = plain_table(before), plain_table(after)
    found = given_key(before, after, key) if key else find_key(before, after)
    if found is None:
        return _only_counts(claimed, "no column is unique on both sides; name the key in `metadata.key`")
    if isinstance(found, str):
        return _only_counts(claimed, found)
    return _compare_rows(claimed, before, after, found, tolerance, max_rows, exact_up_to)


def _only_counts(claimed: DataDiff, reason: str) -> DataDiff:
    return DataDiff(claimed.schema, claimed.before_rows, claimed.after_rows, "schema and counts", reason)


def _columns(table: pa.Table | None, columns: Iterable[ColumnInfo] | None) -> tuple[ColumnInfo, ...]:
    if columns is not None:
        return tuple(columns)
    return () if table is None else tuple(ColumnInfo(f.name, str(f.type)) for f in table.schema)


def _compare_rows(
    claimed: DataDiff,
    before: pa.Table,
    after: pa.Table,
    key: Key,
    tolerance: float,
    max_rows: int,
    exact_up_to: int,
) -> DataDiff:
    largest = max(before.num_rows, after.num_rows)
    buckets = -(-largest // max(1, exact_up_to)) if largest else 1
    if buckets > 1:
        key, before, after = _sample(key, before, after, buckets)
    olds, news, matched = _match(key)
    differing, not_compared = differing_cells(before, after, key, matched, tolerance)
    changed: dict[int, list[str]] = {}
    for column, places in differing.items():
        for place in places:
            changed.setdefault(place, []).append(column)
    pairs = {place: (matched[0][place], matched[1][place]) for place in changed}
    picked = _pick(olds, {place: pair[1] for place, pair in pairs.items()}, news, max_rows)
    return DataDiff(
        claimed.schema,
        claimed.before_rows,
        claimed.after_rows,
        "all rows" if buckets == 1 else "sample of keys",
        None
        if buckets == 1
        else f"more than {exact_up_to:,} rows: compared are 1 in {buckets:,} of the keys",
        key.columns,
        key.found,
        added=len(news),
        removed=len(olds),
        changed=len(changed),
        same=len(matched[0]) - len(changed),
        changed_cells={column: len(places) for column, places in differing.items() if places},
        rows=_rows(picked, before, after, key.columns, pairs, changed),
        buckets=buckets,
        not_compared=not_compared,
    )


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
    """Returns at most `most` differing rows as (order, sign, place), in table order.

    Where there are too many, each sign keeps a third of the room, and what one leaves the others take.
    """
    ordered: dict[Sign, list[tuple[int, int]]] = {
        "-": [(place, place) for place in removed],
        "~": sorted((order, place) for place, order in changed.items()),
        "+": [(place, place) for place in added],
    }
    room = max(0, most)
    share: dict[Sign, int] = {}
    for left, sign in zip((3, 2, 1), sorted(_SIGNS, key=lambda s: len(ordered[s])), strict=True):
        share[sign] = min(len(ordered[sign]), room // left)
        room -= share[sign]
    rank = {sign: i for i, sign in enumerate(_SIGNS)}
    picked = [(order, sign, place) for sign in _SIGNS for order, place in ordered[sign][: share[sign]]]
    return sorted(picked, key=lambda row: (row[0], rank[row[1]]))


def _rows(
    picked: list[tuple[int, Sign, int]],
    before: pa.Table,
    after: pa.Table,
    key: tuple[str, ...],
    pairs: dict[int, tuple[int, int]],
    changed: dict[int, list[str]],
) -> tuple[RowDiff, ...]:
    places = [
        {"-": (place, None), "+": (None, place), "~": pairs.get(place, (None, None))}[sign]
        for _, sign, place in picked
    ]
    old = iter(_cells(before, [a for a, _ in places if a is not None]))
    new = iter(_cells(after, [b for _, b in places if b is not None]))
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


def _cells(table: pa.Table, places: list[int]) -> list[dict[str, Any]]:
    import pyarrow as pa

    taken = table.take(pa.array(places, pa.int64()))
    columns = {name: taken.column(i).to_pylist() for i, name in reversed(list(enumerate(taken.column_names)))}
    return [{name: columns[name][row] for name in table.column_names} for row in range(len(places))]
