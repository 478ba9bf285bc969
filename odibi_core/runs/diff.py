"""What changed from one table to another, claiming only what the data at hand proves."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from odibi_core.journal.events import ColumnInfo
from odibi_core.runs.compare import SchemaChange, compare_schemas

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pyarrow as pa

Basis = Literal["all rows", "sample of keys", "previews", "schema and counts"]
Sign = Literal["+", "-", "~"]

EXACT_UP_TO = 100_000
TOLERANCE = 1e-9
MEMORY_LIMIT = "1GB"
TIMES = "(times)"
SIGNS: tuple[Sign, ...] = ("-", "~", "+")


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
            finding is true but there are more. "previews": the rows that the previews of both sides hold, so
            that nothing is known of rows that came or went. "schema and counts": no rows were compared.
        reason: Why no rows were compared, or why not all.
        key: The columns that say which rows are the same.
        key_found: Whether the key was found in the data rather than given.
        added: Rows compared that are only after; None where that is not known.
        removed: Rows compared that are only before; None where that is not known.
        changed: Rows compared that are on both sides with other cells; None where no rows were compared.
        same: Rows compared that are on both sides unchanged.
        changed_cells: How many cells changed, by column.
        rows: The rows that differ, in the order of the tables, as many as were asked for.
        buckets: Into how many buckets the keys were divided; 1 where all rows were compared.
        not_compared: Columns on both sides whose cells were not compared, with the reason.
        copies: Rows before and after that are copies of another one to the last cell, and were compared with
            it as one row; how often it stands is then the cell `TIMES`.
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
    copies: tuple[int, int] = (0, 0)

    @property
    def row_delta(self) -> int | None:
        """How many more rows there are after, None where unknown."""
        if self.before_rows is None or self.after_rows is None:
            return None
        return self.after_rows - self.before_rows

    @property
    def differing(self) -> int:
        """How many rows were found to differ."""
        return (self.added or 0) + (self.removed or 0) + (self.changed or 0)

    @property
    def truncated(self) -> int:
        """How many differing rows were found beyond those in `rows`."""
        return self.differing - len(self.rows)

    @property
    def cells(self) -> int | None:
        """How many cells changed in all; None where no rows were compared."""
        return None if self.changed is None else sum(self.changed_cells.values())

    @property
    def change_rates(self) -> dict[str, float]:
        """The part of the rows on both sides, from 0 to 1, whose cell changed: of each column that did."""
        both = (self.changed or 0) + (self.same or 0)
        return {column: cells / both for column, cells in self.changed_cells.items()}

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs, and that has been proved."""
        return self.basis == "all rows" and not self.schema and not self.not_compared and self.differing == 0


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
        key: Columns that identify a row. Without, up to three columns that do are looked for, if all rows
            are at hand.
        before_columns: The schema, where there is no table to tell it.
        after_columns: Likewise.
        tolerance: Floats whose difference is at most this part of the larger one count as the same.
        max_rows: Most rows returned; the figures count all.
        exact_up_to: With more rows than this on a side, a sample of keys is compared.
    """
    from odibi_core.runs.diff_keys import find_key, given_key
    from odibi_core.runs.diff_rows import compare_rows
    from odibi_core.runs.diff_types import plain_table

    schema = compare_schemas(_columns(before, before_columns), _columns(after, after_columns))
    claimed = DataDiff(schema, before_rows, after_rows, "schema and counts")
    if before is None or after is None:
        return replace(claimed, reason="the rows are not stored")
    partial: str | None = None
    for table, rows in ((before, before_rows), (after, after_rows)):
        if rows is None:
            return replace(claimed, reason="it is not known how many rows there are")
        if rows < table.num_rows:
            return replace(
                claimed, reason=f"{table.num_rows:,} rows are stored where there should be {rows:,}"
            )
        if rows > table.num_rows and partial is None:
            partial = f"only {table.num_rows:,} of {rows:,} rows are stored"
    if partial is not None and not key:
        return replace(claimed, reason=partial)
    before, after = plain_table(before), plain_table(after)
    found = given_key(before, after, key) if key else find_key(before, after)
    if isinstance(found, str):
        return replace(claimed, reason=found)
    return compare_rows(claimed, before, after, found, tolerance, max_rows, exact_up_to, partial)


def diff_files(
    before: str | Path,
    after: str | Path,
    *,
    key: Sequence[str] = (),
    before_columns: Iterable[ColumnInfo] | None = None,
    after_columns: Iterable[ColumnInfo] | None = None,
    tolerance: float = TOLERANCE,
    max_rows: int = 1000,
    exact_up_to: int | None = None,
    memory_limit: str = MEMORY_LIMIT,
) -> DataDiff:
    """Compares two Parquet files that hold all rows, however many.

    Args:
        before: The file before.
        after: The file after.
        key: Columns that identify a row. Without, up to three columns that do are looked for.
        before_columns: The schema as a run recorded it, where it is not that of the file.
        after_columns: Likewise.
        tolerance: Floats whose difference is at most this part of the larger one count as the same.
        max_rows: Most rows returned; the figures count all.
        exact_up_to: With more rows than this on a side, a sample of keys is compared; None: all are.
        memory_limit: How much memory DuckDB may use, such as `1GB`; what needs more goes to a temporary file.

    Raises:
        RunLogError: A file is gone or damaged, or there is no room for the comparison.
    """
    from odibi_core.runs.diff_join import FileDiff

    with FileDiff(
        Path(before),
        Path(after),
        before_columns=before_columns,
        after_columns=after_columns,
        key=key,
        tolerance=tolerance,
        exact_up_to=exact_up_to,
        memory_limit=memory_limit,
    ) as found:
        return replace(found.diff, rows=tuple(found.rows(max_rows)))


def columns_of(schema: pa.Schema) -> tuple[ColumnInfo, ...]:
    """Returns an Arrow schema as a run records it."""
    return tuple(ColumnInfo(f.name, str(f.type)) for f in schema)


def shares(counts: Mapping[Sign, int], most: int) -> dict[Sign, int]:
    """Returns how many rows of each sign have room among `most`.

    Where there are too many, each sign keeps a third of the room, and what one leaves the others take.
    """
    room = max(0, most)
    share: dict[Sign, int] = {}
    for left, sign in zip((3, 2, 1), sorted(SIGNS, key=lambda s: counts[s]), strict=True):
        share[sign] = min(counts[sign], room // left)
        room -= share[sign]
    return share


def _columns(table: pa.Table | None, columns: Iterable[ColumnInfo] | None) -> tuple[ColumnInfo, ...]:
    if columns is not None:
        return tuple(columns)
    return () if table is None else columns_of(table.schema)
