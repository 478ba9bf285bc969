"""A Parquet file as one side of a comparison, in a DuckDB that stays within its memory."""

from __future__ import annotations

import contextlib
import glob
import tempfile
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from odibi_core.errors import RunLogError
from odibi_core.runs.diff import TIMES
from odibi_core.runs.diff_sql import FileColumn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import duckdb
    import pyarrow as pa

_ROW = "file_row_number"


@contextlib.contextmanager
def bounded(memory_limit: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """Opens a DuckDB that puts on disk what its memory does not hold, and removes that at the end.

    Raises:
        RunLogError: `memory_limit` is no amount of memory.
    """
    import duckdb

    with tempfile.TemporaryDirectory(prefix="odibi-diff-") as spill:
        config: dict[str, Any] = {
            "memory_limit": memory_limit,
            "temp_directory": spill,
            "preserve_insertion_order": False,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "python_enable_replacements": False,
        }
        try:
            connection = duckdb.connect(config=config)
        except duckdb.Error as error:
            raise RunLogError(
                f"`{memory_limit}` is no memory limit: {_first_line(error)}",
                help="write it as `1GB` or `500MB`",
            ) from error
        with connection:
            # Where Python seems to be used interactively, one is printed when it takes longer.
            connection.execute("SET enable_progress_bar = false").fetchall()
            yield connection


@contextlib.contextmanager
def told() -> Iterator[None]:
    """Turns what DuckDB raises into our own error.

    Raises:
        RunLogError: A file is gone or damaged, or there is no room.
    """
    import duckdb

    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise RunLogError(
            f"the rows could not be compared: {_first_line(error)}",
            help="give it more memory, or more room where temporary files go (TMPDIR)",
        ) from error
    except duckdb.Error as error:
        raise RunLogError(f"the rows could not be compared: {_first_line(error)}") from error


def row_of(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    """Returns the first row of a result, read to its end: a connection does one thing at a time."""
    rows = connection.execute(query).fetchall()
    return rows[0] if rows else ()


class Side(NamedTuple):
    """A Parquet file: its columns in order, and how many rows it has.

    Where `once` is set, rows that are copies of another one to the last cell are one row, also in `rows`.
    """

    path: Path
    schema: pa.Schema
    columns: tuple[FileColumn, ...]
    rows: int
    once: bool = False

    @classmethod
    def of(cls, connection: duckdb.DuckDBPyConnection, path: Path) -> Self:
        """Opens a file.

        Raises:
            RunLogError: It is gone or damaged.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            with pq.ParquetFile(path) as file:
                schema, rows = file.schema_arrow, file.metadata.num_rows
        except (pa.ArrowException, OSError) as error:
            raise RunLogError(f"`{path}` cannot be read as Parquet: {_first_line(error)}") from error
        if _ROW in schema.names:
            raise RunLogError(f"`{path}` has a column `{_ROW}`, which stands for the number of a row")
        side = cls(path, schema, (), rows)
        kinds = connection.sql(f"FROM {side.source}").types
        columns = tuple(
            FileColumn(field.name, field.type, kind) for field, kind in zip(schema, kinds, strict=True)
        )
        return side._replace(columns=columns)

    @property
    def source(self) -> str:
        """SQL that reads the file, whatever its name looks like."""
        name = glob.escape(str(self.path)).replace("'", "''")
        return f"read_parquet('{name}', hive_partitioning=false)"

    def relation(self, name: str) -> str:
        """Returns SQL of its rows as a table of that name, with the columns `row`, `c0`, `c1` and so on."""
        columns = "".join(f", c{i}" for i in range(len(self.schema)))
        every = f"(SELECT {_ROW}, * FROM {self.source}) AS {name}(row{columns})"
        if not self.once:
            return every
        cells = columns.removeprefix(", ")
        return f"(SELECT min(row) AS row{columns}, count(*) AS times FROM {every} GROUP BY {cells}) AS {name}"

    def with_copies_once(self, connection: duckdb.DuckDBPyConnection) -> Self:
        """Returns the same file with rows that are copies of another one taken as one."""
        side = self._replace(once=True)
        return side._replace(rows=int(row_of(connection, f"SELECT count(*) FROM {side.relation('s')}")[0]))

    @property
    def width(self) -> int:
        """How many columns it has."""
        return len(self.columns)

    def table(self, batch: pa.RecordBatch, prefix: str) -> pa.Table:
        """Returns this side's columns of a result, which are named `prefix` and number, as in the file."""
        import pyarrow as pa

        columns = []
        for i, field in enumerate(self.schema):
            column = batch.column(f"{prefix}{i}")
            if column.type != field.type:
                with contextlib.suppress(pa.ArrowException):  # what DuckDB makes of it will do
                    column = column.cast(field.type)
            columns.append(column)
        names = list(self.schema.names)
        if self.once:
            columns.append(batch.column(f"{prefix}times"))
            names.append(TIMES)
        return pa.table(columns, names=names)

    def number(self, name: str) -> int:
        """Returns the place of the only column of that name; -1 where there is none, -2 where several."""
        return self.schema.get_field_index(name) if self.schema.names.count(name) < 2 else -2


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
