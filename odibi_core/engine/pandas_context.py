"""The pandas engine: frames are pandas frames, SQL on them runs in DuckDB."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

from odibi_core.engine.duckdb_types import distinct_names
from odibi_core.engine.scoped_context import ScopedContext
from odibi_core.formats.arrow import (
    arrow_to_pandas,
    is_tabular,
    pandas_columns,
    pandas_of,
    pandas_to_arrow,
    table_of,
)
from odibi_core.journal.events import ColumnInfo

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    import pyarrow as pa

    from odibi_core.journal.profile import Profile


class PandasEngineContext(ScopedContext):
    """Reads and writes with pandas; runs SQL on pandas frames in DuckDB, to which they go through Arrow.

    Settings are those of the duckdb engine and mean its SQL: `memory_limit`, `threads`, `temp_directory`.
    """

    name: ClassVar[str] = "pandas"

    # -- the contract -------------------------------------------------------------------------------------

    def connect(self) -> Self:
        """Loads pandas; the database for SQL opens with the first query. Returns itself."""
        import pandas  # noqa: F401  # so that the first step does not pay for it

        return self

    def read(self, source: str | Path = "", **params: Any) -> pd.DataFrame:
        """Reads a file, glob, URL or database table with pandas' options."""
        from odibi_core.engine.io import read_any

        return pandas_of(read_any(source, params, self), named_index=False)

    def write(self, df: Any, target: str | Path, **params: Any) -> Any:
        """Writes a frame of any engine to a file or database table, whole or not at all."""
        from odibi_core.engine.io import write_any

        frame = df if self.is_frame(df) else table_of(df)
        return write_any(frame, target, params, self)

    def execute_sql(self, query: str) -> pd.DataFrame:
        """Runs a query in DuckDB over the registered frames.

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
                relation = work.cursor.sql(parsed.last)
                natives = [str(dtype) for dtype in relation.types]
                table = relation.to_arrow_table()
            except duckdb.Error as error:
                raise work.fail(parsed, error) from None
            # Two columns of one name are one to pandas, which mixes up their types.
            table = table.rename_columns(distinct_names(table.column_names))
            exact = any(_has_decimals(what) for what in work.names().values())
        return arrow_to_pandas(_as_pandas_counts(table, natives, exact=exact))

    def register_temp(self, name: str, df: Any) -> None:
        """Makes a frame of any engine known to `execute_sql` under `name`, in this scope only."""
        self._workspace.register(name, table_of(df))

    def collect_sample(self, df: Any, n: int = 5) -> pd.DataFrame:
        """Returns the first `n` rows."""
        if self.is_frame(df):
            return df.head(n)  # type: ignore[no-any-return]
        return arrow_to_pandas(self.to_arrow(df, limit=n))

    # -- what a run needs beyond it -----------------------------------------------------------------------

    def is_frame(self, value: Any) -> bool:
        """Whether `value` is a pandas frame."""
        import pandas as pd

        return isinstance(value, pd.DataFrame)

    def adopt(self, frame: Any) -> pd.DataFrame:
        """Returns any tabular value as a pandas frame, through Arrow."""
        if self.is_frame(frame):
            return frame  # type: ignore[no-any-return]
        if not is_tabular(frame):
            raise TypeError(f"expected a frame, got `{type(frame).__name__}`")
        return pandas_of(frame)

    def columns(self, df: Any) -> tuple[ColumnInfo, ...]:
        """Returns the schema in Arrow's type names, pandas' beside them."""
        return tuple(
            ColumnInfo(name, arrow, native) for name, arrow, native in pandas_columns(self.adopt(df))
        )

    def row_count(self, df: Any) -> int | None:
        """Returns the number of rows."""
        return len(self.adopt(df))

    def to_arrow(self, df: Any, limit: int | None = None) -> pa.Table:
        """Returns the frame as an Arrow table.

        With a `limit` it is for looking at: a column that mixes types, which no Arrow type holds, is then
        shown as text. Without one it is the data, and such a column is an error.
        """
        if not self.is_frame(df):
            table = table_of(df)
            return table if limit is None else table.slice(0, limit)
        if limit is None:
            return pandas_to_arrow(df)
        return pandas_to_arrow(df.head(limit), loose=True)

    def profile(self, df: Any, *, full: bool = False) -> Profile:
        """Returns the statistics of a frame's columns; above `EXACT_ROWS` rows of a sample, unless `full`."""
        from odibi_core.engine.profiling import profile_arrow, sample_rows
        from odibi_core.journal.profile import EXACT_ROWS

        frame = self.adopt(df)
        rows, infos = len(frame), self.columns(frame)
        with self._workspace.lock:
            cursor, known = self._workspace.cursor, self._known_columns
            if rows <= EXACT_ROWS or full:
                return profile_arrow(pandas_to_arrow(frame, loose=True), infos, cursor=cursor, known=known)
            taken = pandas_to_arrow(frame.iloc[sample_rows(rows)], loose=True)
            nulls = {i: int(frame.iloc[:, i].isna().sum()) for i in range(frame.shape[1])}
            return profile_arrow(
                taken, infos, rows=rows, basis="sample", nulls=nulls, cursor=cursor, known=known
            )


def _has_decimals(what: Any) -> bool:
    import pyarrow.types as t

    return not isinstance(what, str) and any(t.is_decimal(dtype) for dtype in what.schema.types)


def _as_pandas_counts(table: pa.Table, natives: list[str], *, exact: bool) -> pa.Table:
    """Returns a result of SQL with the number types that pandas itself would have come to.

    `sum` of whole numbers is HUGEINT in DuckDB: it becomes int64 where it fits. A decimal that the query
    alone made (`1.5` is one to DuckDB) becomes a double, as pandas has no decimals of its own; where an
    input has decimals they stay exact.
    """
    import pyarrow as pa
    import pyarrow.types as t

    for index, (field, native) in enumerate(zip(table.schema, natives, strict=True)):
        if native == "HUGEINT":
            try:
                narrow = table.column(index).cast(pa.int64())
            except pa.ArrowInvalid:
                continue  # beyond 64 bits: kept exact
            table = table.set_column(index, field.name, narrow)
        elif t.is_decimal(field.type) and not exact:
            table = table.set_column(index, field.name, table.column(index).cast(pa.float64()))
    return table
