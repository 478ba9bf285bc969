"""DuckDBFrame: a handle on a table in a DuckDB context's private schema."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from odibi_core.engine.duckdb_types import columns_of
from odibi_core.errors import EngineError
from odibi_core.formats.arrow import arrow_to_pandas, type_name
from odibi_core.journal.events import ColumnInfo

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb
    import pandas as pd
    import pyarrow as pa

    from odibi_core.engine.duckdb_session import DuckDBSession

_FEW_ROWS = 50  # a table of so many rows is looked at when it is made
_WHOLE_ROWS = 1_000  # a table of so many rows is fetched whole at the first look
_KEPT_BYTES = 65_536  # and kept with the frame if it is no bigger than this


class DuckDBFrame:
    """A table of a DuckDB context: what its `read`, `execute_sql` and `adopt` give.

    It can be used from any thread and in any scope of its context, until `context.release(frame)` or the
    context's end.

    Attributes:
        table: The quoted, qualified name of the table, as SQL takes it.
        session: The database it is in.
    """

    def __init__(
        self, session: DuckDBSession, table: str, rows: int, cursor: duckdb.DuckDBPyConnection
    ) -> None:
        self.session = session
        self.table = table
        self._rows = rows
        self._lock = threading.Lock()
        self._head: pa.Table | None = None
        self._released = False
        self._names: list[str]
        types: list[Any]
        if rows <= _FEW_ROWS:
            # Its rows as Python values tell the types as well, in 0.2 ms; the types alone cost 0.13 ms, and
            # the rows as Arrow another 0.33 ms.
            cursor.execute(f"FROM {table}")
            self._names = [column[0] for column in cursor.description]
            types = [column[1] for column in cursor.description]
            plain = _plain_types(self._names, types)
            if plain is not None:
                self._head = _table_of_rows(cursor.fetchall(), plain)
            else:
                cursor.abort()  # the rows are not wanted as Python values: some need pytz for it
        else:
            described = cursor.table(table)
            self._names, types = list(described.columns), list(described.types)
        self._natives = [str(dtype) for dtype in types]
        self._infos = columns_of(self._names, self._natives)

    # -- what a function step works with --------------------------------------------------------------

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return list(self._names)

    @property
    def natives(self) -> list[str]:
        """DuckDB's names of the columns' types."""
        return list(self._natives)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self._rows, len(self._names)

    def __len__(self) -> int:
        return self._rows

    def __repr__(self) -> str:
        return f"<DuckDBFrame {self._rows} rows x {len(self._names)} columns>"

    def df(self) -> pd.DataFrame:
        """Returns all rows as a pandas frame."""
        return arrow_to_pandas(self.arrow())

    def arrow(self, limit: int | None = None) -> pa.Table:
        """Returns all rows, or the first `limit`, as an Arrow table."""
        self._check()
        cursor = self.session.cursor()
        try:
            return self.fetch(cursor, limit)
        finally:
            cursor.close()

    def relation(self) -> duckdb.DuckDBPyRelation:
        """Returns a DuckDB relation over the table, on a cursor of its own, to build on with DuckDB's API."""
        self._check()
        return self.session.cursor().sql(f"FROM {self.table}")

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.arrow().__arrow_c_stream__(requested_schema)

    # -- what the context works with --------------------------------------------------------------------

    def infos(self, cursor: duckdb.DuckDBPyConnection) -> tuple[ColumnInfo, ...]:
        """Returns names and types; asks the database only for nested types, and once."""
        if self._infos is None:
            self._check()
            schema = cursor.sql(f"FROM {self.table} LIMIT 0").to_arrow_table().schema
            self._infos = tuple(
                ColumnInfo(name, type_name(dtype), native)
                for name, dtype, native in zip(schema.names, schema.types, self._natives, strict=True)
            )
        return self._infos

    def fetch(self, cursor: duckdb.DuckDBPyConnection, limit: int | None) -> pa.Table:
        """Returns the first `limit` rows, or all, on `cursor`. Small tables are fetched once and kept."""
        self._check()
        wanted = self._rows if limit is None else min(max(limit, 0), self._rows)
        with self._lock:
            head = self._head
        if head is not None and (head.num_rows >= wanted or head.num_rows == self._rows):
            return head if head.num_rows == wanted else head.slice(0, wanted)
        if self._rows <= _WHOLE_ROWS:  # without LIMIT, which costs twice as much
            table = cursor.sql(f"FROM {self.table}").to_arrow_table()
        else:
            clause = "" if wanted == self._rows else f" LIMIT {wanted}"
            table = cursor.sql(f"FROM {self.table}{clause}").to_arrow_table()
        if table.nbytes <= _KEPT_BYTES:
            with self._lock:
                self._head = table
        return table if table.num_rows == wanted else table.slice(0, wanted)

    def wide_columns(self) -> list[str]:
        """Returns the columns of DuckDB's 128-bit type."""
        return [name for name, native in zip(self._names, self._natives, strict=True) if native == "HUGEINT"]

    def forget(self) -> None:
        """Marks the table as dropped."""
        with self._lock:
            self._released = True
            self._head = None

    def _check(self) -> None:
        if self._released:
            raise EngineError("this frame has been released, its table is gone")
        if not self.session.is_open:
            raise EngineError("this frame's context has been closed, its table is gone")

    def __reduce__(self) -> Any:
        raise TypeError("a DuckDBFrame cannot be pickled; use `.arrow()` or `.df()`")


_PLAIN = {
    "BOOLEAN": "bool_",
    "TINYINT": "int8",
    "SMALLINT": "int16",
    "INTEGER": "int32",
    "BIGINT": "int64",
    "DOUBLE": "float64",
    "VARCHAR": "string",
}


def _plain_types(names: Sequence[str], types: Sequence[Any]) -> list[tuple[str, str]] | None:
    """Returns names and Arrow constructors of columns whose Python values are exactly Arrow's, else None."""
    found = []
    for name, dtype in zip(names, types, strict=True):
        constructor = _PLAIN.get(str(dtype))
        if constructor is None:
            return None
        found.append((name, constructor))
    return found


def _table_of_rows(rows: list[tuple[Any, ...]], columns: list[tuple[str, str]]) -> pa.Table:
    import pyarrow as pa

    values = zip(*rows, strict=True) if rows else ((),) * len(columns)
    arrays = [
        pa.array(column, getattr(pa, kind)()) for column, (_, kind) in zip(values, columns, strict=True)
    ]
    return pa.Table.from_arrays(arrays, names=[name for name, _ in columns])
