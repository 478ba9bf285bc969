"""The duckdb engine: frames are tables of an in-memory database, SQL is DuckDB's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

from odibi_core.engine.duckdb_frame import DuckDBFrame
from odibi_core.engine.duckdb_session import quoted
from odibi_core.engine.scoped_context import ScopedContext
from odibi_core.errors import EngineError
from odibi_core.formats.arrow import arrow_to_pandas, is_tabular, table_of
from odibi_core.formats.arrow_structs import whole_structs

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb
    import pandas as pd
    import pyarrow as pa

    from odibi_core.journal.events import ColumnInfo
    from odibi_core.journal.profile import Profile

__all__ = ["DuckDBEngineContext", "DuckDBFrame"]


class DuckDBEngineContext(ScopedContext):
    """Reads, writes and queries with DuckDB.

    Settings: `memory_limit`, `threads`, `temp_directory`, `database` (a file, else in memory), `read_only`,
    and `settings`: DuckDB's own by their names.
    """

    name: ClassVar[str] = "duckdb"

    # -- the contract -------------------------------------------------------------------------------------

    def connect(self) -> Self:
        """Opens the database; does nothing if it is open. Returns itself."""
        self._session.open()
        return self

    def read(self, source: str | Path = "", **params: Any) -> DuckDBFrame:
        """Reads a file, glob or database table into a table: csv, json and parquet with DuckDB's own readers.

        Options go by pandas' names or DuckDB's. One that DuckDB's reader has no like of is read with pandas'.
        """
        import duckdb

        from odibi_core.engine.duckdb_files import refused, scan
        from odibi_core.engine.io import read_any

        with self._workspace.lock:
            try:
                sql = scan(source, params, self.resolve, self._workspace.cursor)
                if sql is not None:
                    return self._create(sql)
            except duckdb.InterruptException:
                raise
            except (duckdb.Error, UnicodeDecodeError) as error:  # the latter: its message quotes the file
                raise refused(source, error) from error
        return self._load(table_of(read_any(source, params, self)))

    def write(self, df: Any, target: str | Path, **params: Any) -> Any:
        """Writes a frame of any engine to a file or database table, whole or not at all."""
        from odibi_core.engine.duckdb_files import copy_out
        from odibi_core.engine.io import write_any

        if isinstance(df, DuckDBFrame) and df.session is self._session:
            with self._workspace.lock:
                written = copy_out(df, target, params, self.resolve, self._workspace.cursor)
            if written is not None:
                return written
        return write_any(self.to_arrow(df), target, params, self)

    def execute_sql(self, query: str) -> DuckDBFrame:
        """Runs a query over the registered names; its rows become a table.

        Statements that prepare (CREATE, SET, INSERT, ...) may come first; what they make is this scope's own
        and ends with it. The last statement must give rows.

        Raises:
            duckdb.Error: DuckDB's own error, with its message.
            EngineError: The query is empty or its last statement gives no rows.
        """
        import duckdb

        work = self._workspace
        with work.lock:
            parsed = work.parse(query)
            work.run_setup(parsed)
            try:
                if parsed.is_select:
                    return self._narrowed(self._create(parsed.text))
                relation = work.cursor.sql(parsed.last)
            except duckdb.Error as error:
                raise work.fail(parsed, error) from None
            return self._load(relation.to_arrow_table())

    def register_temp(self, name: str, df: Any) -> None:
        """Makes a frame of any engine known to `execute_sql` under `name`, in this scope only."""
        if isinstance(df, DuckDBFrame) and df.session is self._session:
            df._check()
            self._workspace.register(name, df.table)
        else:
            self._workspace.register(name, table_of(df))

    def collect_sample(self, df: Any, n: int = 5) -> pd.DataFrame:
        """Returns the first `n` rows as a pandas frame."""
        return arrow_to_pandas(self.to_arrow(df, limit=n))

    # -- what a run needs beyond it -----------------------------------------------------------------------

    def is_frame(self, value: Any) -> bool:
        """Whether `value` is a `DuckDBFrame` of this context."""
        return isinstance(value, DuckDBFrame) and value.session is self._session

    def adopt(self, frame: Any) -> DuckDBFrame:
        """Returns any tabular value as a table of this context, through Arrow."""
        if isinstance(frame, DuckDBFrame) and frame.session is self._session:
            return frame
        if not is_tabular(frame):
            raise TypeError(f"expected a frame, got `{type(frame).__name__}`")
        return self._load(table_of(frame))

    def columns(self, df: Any) -> tuple[ColumnInfo, ...]:
        """Returns the schema in Arrow's type names, DuckDB's beside them."""
        frame = self.adopt(df)
        with self._workspace.lock:
            return frame.infos(self._workspace.cursor)

    def row_count(self, df: Any) -> int | None:
        """Returns the number of rows, which the making of the table gave."""
        return len(df) if isinstance(df, DuckDBFrame) else int(table_of(df).num_rows)

    def to_arrow(self, df: Any, limit: int | None = None) -> pa.Table:
        """Returns the frame, or its first `limit` rows, as an Arrow table."""
        if isinstance(df, DuckDBFrame) and df.session is self._session:
            with self._workspace.lock:
                return df.fetch(self._workspace.cursor, limit)
        if isinstance(df, DuckDBFrame):
            return df.arrow(limit)
        table = table_of(df)
        return table if limit is None else table.slice(0, limit)

    def profile(self, df: Any, *, full: bool = False) -> Profile:
        """Returns the statistics of a frame's columns; above `EXACT_ROWS` rows of a sample, unless `full`."""
        from odibi_core.engine.profile_table import profile_table

        frame = self.adopt(df)
        with self._workspace.lock:
            cursor = self._workspace.cursor
            scratch, known = self._session.new_table(), self._known_columns
            return profile_table(
                cursor, frame.table, frame.infos(cursor), len(frame), scratch, known, full=full
            )

    def release(self, frame: Any) -> None:
        """Drops the table of a frame that nobody needs any more."""
        if isinstance(frame, DuckDBFrame) and frame.session is self._session and self._session.is_open:
            frame.forget()
            self._session.execute(f"DROP TABLE IF EXISTS {frame.table}")

    # -- making tables ------------------------------------------------------------------------------------

    def _create(self, select: str) -> DuckDBFrame:
        work = self._workspace
        with work.lock:
            cursor = work.cursor
            table = self._session.new_table()
            told = cursor.execute(f"CREATE TABLE {table} AS\n{select}").fetchall()
            if not told:  # a PIVOT, which DuckDB makes several statements of
                told = cursor.execute(f"SELECT count(*) FROM {table}").fetchall()
            return DuckDBFrame(self._session, table, int(told[0][0]), cursor)

    def _load(self, table: pa.Table) -> DuckDBFrame:
        if not table.num_columns:
            raise EngineError("a frame without columns cannot be a table in DuckDB")
        work = self._workspace
        name = f"odibi_{id(table):x}"
        with work.lock:
            work.cursor.register(name, whole_structs(table))
            try:
                return self._create(f"FROM {quoted(name)}")
            finally:
                work.cursor.unregister(name)

    def _narrowed(self, frame: DuckDBFrame) -> DuckDBFrame:
        """Makes HUGEINT columns, which `sum` of whole numbers gives, BIGINT where their values fit.

        Pandas and Spark sum whole numbers to 64 bits; Arrow has no 128-bit type and would say decimal.
        """
        import duckdb

        wide = frame.wide_columns()
        if not wide:
            return frame
        cursor: duckdb.DuckDBPyConnection = self._workspace.cursor
        for column in wide:
            try:
                cursor.execute(f"ALTER TABLE {frame.table} ALTER {quoted(column)} SET DATA TYPE BIGINT")
            except duckdb.ConversionException:
                continue  # a value beyond 64 bits: the column stays as it is
        return DuckDBFrame(self._session, frame.table, len(frame), cursor)
