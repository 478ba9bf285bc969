"""What changed from one Parquet file to another, however many rows: DuckDB joins them in bounded memory."""

from __future__ import annotations

import contextlib
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

from odibi_core.formats.arrow import type_name
from odibi_core.runs.compare import compare_schemas
from odibi_core.runs.diff import (
    MEMORY_LIMIT,
    SIGNS,
    TIMES,
    TOLERANCE,
    DataDiff,
    RowDiff,
    Sign,
    columns_of,
    shares,
)
from odibi_core.runs.diff_file_keys import FileKey, find_file_key, given_file_key
from odibi_core.runs.diff_rows import cells_of, sample_reason
from odibi_core.runs.diff_side import Side, bounded, row_of, told
from odibi_core.runs.diff_sql import same_cells

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    import pyarrow as pa

    from odibi_core.journal.events import ColumnInfo

_WORD = 60  # columns whose changes one BIGINT holds
_BATCH = 4096
_SAME, _GONE, _CHANGED, _NEW = range(4)
_SIGN_OF = {_GONE: SIGNS[0], _CHANGED: SIGNS[1], _NEW: SIGNS[2]}


class FileDiff:
    """Two Parquet files compared; as a context manager, at whose end what DuckDB put on disk is gone.

    One pass over the full outer join of both by their key makes a table of the rows that differ, by their
    numbers in the files; figures and rows come from there. The same pass counts the rows that are the same.

    Attributes:
        diff: The figures; `rows` has the rows.
    """

    def __init__(
        self,
        before: Path,
        after: Path,
        *,
        before_columns: Iterable[ColumnInfo] | None = None,
        after_columns: Iterable[ColumnInfo] | None = None,
        key: Sequence[str] = (),
        tolerance: float = TOLERANCE,
        exact_up_to: int | None = None,
        memory_limit: str = MEMORY_LIMIT,
    ) -> None:
        """Compares them; arguments and errors are those of `diff.diff_files`."""
        self._columns: tuple[str, ...] = ()
        self._stack = contextlib.ExitStack()
        try:
            self._connection = self._stack.enter_context(bounded(memory_limit))
            with told():
                self._old, self._new = (Side.of(self._connection, path) for path in (before, after))
                old_columns = columns_of(self._old.schema) if before_columns is None else before_columns
                new_columns = columns_of(self._new.schema) if after_columns is None else after_columns
                schema = compare_schemas(tuple(old_columns), tuple(new_columns))
                claimed = DataDiff(schema, self._old.rows, self._new.rows, "schema and counts")
                self.diff = self._compared(claimed, key, tolerance, exact_up_to)
        except BaseException:
            self._stack.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    def rows(self, most: int | None = None) -> Iterator[RowDiff]:
        """Yields the rows that differ, in the order of their keys, at most `most`.

        Where there are more, each sign keeps a third of the room, and what one leaves the others take.

        Raises:
            RunLogError: A file is gone, or there is no room for sorting them.
        """
        found = self.diff
        counts: dict[Sign, int] = {"-": found.removed or 0, "~": found.changed or 0, "+": found.added or 0}
        room = shares(counts, found.differing if most is None else most)
        key = ", ".join(f"k{i}" for i in range(len(found.key)))
        picked = " UNION ALL ".join(
            f"(FROM found WHERE sign = {number} ORDER BY {key} LIMIT {room[sign]})"
            for number, sign in _SIGN_OF.items()
            if room[sign]
        )
        if not picked:
            return
        sides = (("x", self._old), ("y", self._new))
        cells = "".join(f", {name}.c{i} AS {name}{i}" for name, side in sides for i in range(side.width))
        if self._old.once:
            cells += ", x.times AS xtimes, y.times AS ytimes"
        with told():
            reader: Any = self._connection.sql(
                f"SELECT p.*{cells} FROM ({picked}) AS p"
                f" LEFT JOIN {self._old.relation('x')} ON p.a = x.row"
                f" LEFT JOIN {self._new.relation('y')} ON p.b = y.row ORDER BY {key}, p.sign"
            ).to_arrow_reader(_BATCH)
            for batch in reader:
                yield from self._rows_of(batch)

    def _rows_of(self, batch: pa.RecordBatch) -> Iterator[RowDiff]:
        old, new = (cells_of(s.table(batch, n)) for s, n in ((self._old, "x"), (self._new, "y")))
        words = [batch.column(f"m{i}").to_pylist() for i in range(_words(self._columns))]
        for row, number in enumerate(batch.column("sign").to_pylist()):
            sign = _SIGN_OF[number]
            identity = old[row] if sign == "-" else new[row]
            yield RowDiff(
                sign,
                {column: identity[column] for column in self.diff.key},
                None if sign == "+" else old[row],
                None if sign == "-" else new[row],
                tuple(
                    name for i, name in enumerate(self._columns) if words[i // _WORD][row] >> i % _WORD & 1
                ),
            )

    def _compared(
        self, claimed: DataDiff, names: Sequence[str], tolerance: float, exact_up_to: int | None
    ) -> DataDiff:
        found = self._by_key(claimed, names, tolerance, exact_up_to)
        if found.key or not all(side.width for side in (self._old, self._new)):
            return found
        # No key holds. Where rows that stand several times are copies to the last cell, one may hold of them.
        rows = self._old.rows, self._new.rows
        self._old, self._new = (side.with_copies_once(self._connection) for side in (self._old, self._new))
        copies = rows[0] - self._old.rows, rows[1] - self._new.rows
        if not any(copies):
            return found
        again = self._by_key(replace(claimed, copies=copies), names, tolerance, exact_up_to)
        return again if again.key else found

    def _by_key(
        self, claimed: DataDiff, names: Sequence[str], tolerance: float, exact_up_to: int | None
    ) -> DataDiff:
        sides = self._connection, self._old, self._new
        key = given_file_key(*sides, names) if names else find_file_key(*sides)
        if isinstance(key, str):
            return replace(claimed, reason=key)
        largest = max(self._old.rows, self._new.rows)
        buckets = 1 if exact_up_to is None or not largest else -(-largest // max(1, exact_up_to))
        tests, not_compared = _tests(self._old, self._new, key, tolerance)
        self._columns = tuple(tests)
        self._join(key, list(tests.values()), buckets)
        counts = self._counts()
        side = self._side_with_twins(key, counts, buckets)
        if side is not None:
            return replace(claimed, reason=key.not_unique(side))
        compared = replace(
            claimed,
            basis="all rows",
            key=key.columns,
            key_found=key.found,
            added=counts[_NEW],
            removed=counts[_GONE],
            changed=counts[_CHANGED],
            same=counts[_SAME],
            changed_cells=self._changed_cells(),
            not_compared=not_compared,
        )
        if buckets > 1 and exact_up_to is not None:
            told_why = sample_reason(exact_up_to, buckets)
            return replace(compared, basis="sample of keys", reason=told_why, buckets=buckets)
        return compared

    def _join(self, key: FileKey, tests: list[str], buckets: int) -> None:
        """Makes the table `found`: a row for each that differs, and one that counts those that do not."""
        numbers = range(len(key.columns))
        sides = []
        for side, name, parts in ((self._old, "a", key.before), (self._new, "b", key.after)):
            keys = "".join(f", {part} AS k{i}" for i, part in enumerate(parts))
            sides.append(f"(SELECT *{keys} FROM {side.relation('s')}{_bucket(parts, buckets)}) AS {name}")
        both = f"{sides[0]} FULL OUTER JOIN {sides[1]} ON {' AND '.join(f'a.k{i} = b.k{i}' for i in numbers)}"
        lonely = "a.row IS NULL OR b.row IS NULL"
        masks = [f"m{i}" for i in range(_words(tests))]
        columns = ["a.row AS a", "b.row AS b"]
        for i, mask in enumerate(masks):
            part = tests[i * _WORD : (i + 1) * _WORD]
            bits = " | ".join(f"if({test}, 0, CAST({1 << bit} AS BIGINT))" for bit, test in enumerate(part))
            columns.append(f"if({lonely}, 0, {bits}) AS {mask}")
        columns += [f"coalesce(b.k{i}, a.k{i}) AS k{i}" for i in numbers]
        differs = " OR ".join(f"{mask} <> 0" for mask in masks) or "false"
        sign = (
            f"CASE WHEN b IS NULL THEN {_GONE} WHEN a IS NULL THEN {_NEW}"
            f" WHEN {differs} THEN {_CHANGED} ELSE {_SAME} END"
        )
        rest = ", ".join([*masks, *(f"if(sign = {_SAME}, NULL, k{i}) AS k{i}" for i in numbers)])
        self._connection.execute(
            f"CREATE OR REPLACE TEMP TABLE found AS SELECT if(sign = {_SAME}, NULL, a) AS a,"
            f" if(sign = {_SAME}, NULL, b) AS b, sign, {rest}, count(*) AS number"
            f" FROM (SELECT *, {sign} AS sign FROM (SELECT {', '.join(columns)} FROM {both})) GROUP BY ALL"
        ).fetchall()

    def _counts(self) -> dict[int, int]:
        """Returns the number of pairs and of rows without a partner, by what became of them."""
        query = "SELECT sign, CAST(sum(number) AS BIGINT) FROM found GROUP BY sign"
        return {**dict.fromkeys(range(4), 0), **dict(self._connection.execute(query).fetchall())}

    def _side_with_twins(self, key: FileKey, counts: dict[int, int], buckets: int) -> str | None:
        """Returns on which side a key stands twice.

        A row with two partners is counted twice, so there are more pairs than rows; others show in `found`.
        """
        keys = ", ".join(f"k{i}" for i in range(len(key.columns)))
        query = (
            f"SELECT DISTINCT sign FROM (SELECT sign FROM found WHERE sign IN ({_GONE}, {_NEW})"
            f" GROUP BY sign, {keys} HAVING count(*) > 1)"
        )
        lonely_twins = {sign for (sign,) in self._connection.execute(query).fetchall()}
        pairs = counts[_SAME] + counts[_CHANGED]
        if _GONE in lonely_twins or pairs + counts[_NEW] > self._total(self._new, key.after, buckets):
            return "before"
        if _NEW in lonely_twins or pairs + counts[_GONE] > self._total(self._old, key.before, buckets):
            return "after"
        return None

    def _total(self, side: Side, parts: Sequence[str], buckets: int) -> int:
        if buckets == 1:
            return side.rows
        query = f"SELECT count(*) FROM {side.relation('s')}{_bucket(parts, buckets)}"
        return int(row_of(self._connection, query)[0])

    def _changed_cells(self) -> dict[str, int]:
        if not self._columns:
            return {}
        counts = ", ".join(
            f"count(*) FILTER (WHERE m{i // _WORD} >> {i % _WORD} & 1 = 1)" for i in range(len(self._columns))
        )
        row = row_of(self._connection, f"SELECT {counts} FROM found WHERE sign = {_CHANGED}")
        return {name: count for name, count in zip(self._columns, row, strict=True) if count}


def _tests(old: Side, new: Side, key: FileKey, tolerance: float) -> tuple[dict[str, str], dict[str, str]]:
    """Returns SQL that says whether a cell is the same, by column; and why a column is not compared."""
    tests: dict[str, str] = {}
    not_compared: dict[str, str] = {}
    known = Counter(old.schema.names)
    for name in dict.fromkeys(new.schema.names):
        if name in key.columns or not known[name]:
            continue
        i, j = old.number(name), new.number(name)
        if i < 0 or j < 0:
            not_compared[name] = "several columns have this name"
            continue
        one, other = old.columns[i], new.columns[j]
        test = same_cells(one, other, f"a.c{i}", f"b.c{j}", tolerance)
        if test is not None:
            tests[name] = test
        elif one.arrow != other.arrow:
            not_compared[name] = f"its type changed from {type_name(one.arrow)} to {type_name(other.arrow)}"
        else:
            not_compared[name] = f"values of type {type_name(one.arrow)} cannot be compared in files"
    if old.once:
        tests[TIMES] = "a.times = b.times"
    return tests, not_compared


def _bucket(parts: Sequence[str], buckets: int) -> str:
    return f" WHERE hash({', '.join(parts)}) % {buckets} = 0" if buckets > 1 else ""


def _words(columns: Sequence[str]) -> int:
    return -(-len(columns) // _WORD)
