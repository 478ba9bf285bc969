"""Parquet, read and written by pyarrow; pandas' option names work."""

from __future__ import annotations

import functools
import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from odibi_core.errors import StepOptionError
from odibi_core.formats.base import Format, Look, damaged
from odibi_core.text import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from odibi_core.formats.base import Frame, Options
    from odibi_core.formats.sources import File

_READ = frozenset({"columns", "filters", "nrows", "engine", "memory_map", "dtype_backend"})
_MISSING = re.compile(r"No match for FieldRef\.Name\(([^)]*)\)")
_LOOK_ROWS = 200  # nested columns show in them what pandas makes of them; the footer tells the others
_NOT_WRITTEN = {"table", "where", "row_group_size", "kwargs", "filesystem", "encryption_properties"}


class Parquet(Format):
    """Columns on disk, with their types."""

    name = "parquet"
    aliases: ClassVar[tuple[str, ...]] = ("pq",)
    suffixes: ClassVar[tuple[str, ...]] = (".parquet", ".pq", ".parq")
    spellings: ClassVar[Mapping[str, str]] = {"usecols": "columns", "codec": "compression"}

    def read_options(self) -> frozenset[str]:
        """Returns what is taken of pandas' `read_parquet`, and `nrows`."""
        return _READ

    @functools.cache  # noqa: B019  # formats live as long as the program
    def write_options(self) -> frozenset[str]:
        """Returns pyarrow's `write_table` options and pandas' `index` and `engine`."""
        import pyarrow.parquet as pq

        known = frozenset(inspect.signature(pq.write_table).parameters) - _NOT_WRITTEN
        return known | {"index", "engine", "row_group_size"}

    def read(self, file: File, options: Options) -> Frame:
        """Reads into an Arrow table, of which pandas' own notes restore its types and index."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        _only_pyarrow(options.pop("engine", "auto"))
        nrows = options.pop("nrows", None)
        if options.pop("dtype_backend", None) not in (None, "pyarrow"):
            raise StepOptionError("`dtype_backend` of the parquet reader is `pyarrow` only", field="params")
        try:
            if file.is_url:
                import pandas as pd

                return pd.read_parquet(file.path, **options)
            # Opened once: by its name pyarrow opens it twice, and it may be replaced in between.
            with Path(file.path).open("rb") as handle:
                if nrows is not None:
                    return _first_rows(pq.ParquetFile(handle), int(nrows), options, file)
                return pq.read_table(handle, partitioning=None, **options)
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowKeyError, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            missing = _MISSING.match(str(error))
            if missing is not None and missing[1] in (options.get("columns") or ()):
                raise _no_column(file, missing[1]) from error
            raise damaged(file, self.name, error) from error

    def look(self, file: File, options: Options) -> Look | None:
        """Reads the first rows of the first row group; types and names are the footer's."""
        import pyarrow.parquet as pq

        plain = {name: value for name, value in options.items() if name != "filters"}
        wanted = plain.get("nrows")
        rows = min(wanted, _LOOK_ROWS) if isinstance(wanted, int) else _LOOK_ROWS
        frame: Any = self.read(file, {**plain, "nrows": rows})
        columns = plain.get("columns")
        if columns is not None and set(columns) <= set(frame.column_names):
            frame = frame.select(list(dict.fromkeys(columns)))  # in the order that reading it whole gives
        with Path(file.path).open("rb") as handle:
            total = pq.ParquetFile(handle).metadata.num_rows
        return Look(frame, whole=total <= len(frame) and "filters" not in options)

    def write(self, frame: Frame, path: Path, options: Options) -> None:
        """Writes with pyarrow, compressed with snappy unless `compression` says otherwise."""
        self._write(frame, path, options)

    def rehearse(self, frame: Frame, options: Options) -> None:
        """Writes to memory."""
        import pyarrow as pa

        try:
            self._write(frame, pa.BufferOutputStream(), dict(options))
        except (pa.ArrowException, OSError) as error:
            raise StepOptionError(f"the parquet writer refuses: {error}", field="params") from error

    def _write(self, frame: Frame, sink: Any, options: Options) -> None:
        import pyarrow.parquet as pq

        from odibi_core.formats.arrow import table_of

        _only_pyarrow(options.pop("engine", "auto"))
        table = table_of(frame, named_index=options.pop("index", None) is not False)
        if "compression" in options and options["compression"] is None:
            options["compression"] = "none"
        try:
            pq.write_table(table, sink, **options)
        except (TypeError, ValueError) as error:
            raise StepOptionError(f"the parquet writer refuses: {error}", field="params") from error


def _only_pyarrow(engine: Any) -> None:
    if engine not in ("auto", "pyarrow"):
        raise StepOptionError(f"parquet engine `{engine}` is not supported; `pyarrow` is", field="params")


def _no_column(file: File, column: str) -> StepOptionError:
    return StepOptionError(f"`{one_line(file.label)}` has no column `{one_line(column)}`", field="params")


def _first_rows(source: Any, nrows: int, options: Options, file: File) -> Any:
    """Reads no more row groups than the first `nrows` rows need."""
    import pyarrow as pa

    if options.get("filters") is not None:
        raise StepOptionError("the parquet reader takes `nrows` or `filters`, not both", field="params")
    columns = options.get("columns")
    there = set(source.schema_arrow.names)
    for column in columns or ():
        if column not in there and str(column).partition(".")[0] not in there:  # the latter: part of a struct
            raise _no_column(file, str(column))
    batches, left = [], nrows
    for batch in source.iter_batches(batch_size=max(1, min(nrows, 65_536)), columns=columns):
        if left <= 0:
            break
        batches.append(batch.slice(0, left))
        left -= batch.num_rows
    if batches:
        return pa.Table.from_batches(batches)
    schema = source.schema_arrow
    empty = schema.empty_table()
    return empty.select(columns) if columns is not None else empty
