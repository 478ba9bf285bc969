"""Parquet, read and written by pyarrow; pandas' option names work."""

from __future__ import annotations

import functools
import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from odibi_core.errors import StepOptionError
from odibi_core.formats.base import Format, Look, damaged, whole_number
from odibi_core.text import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from odibi_core.formats.base import Frame, Options
    from odibi_core.formats.sources import File

_READ = frozenset({"columns", "filters", "nrows", "engine", "memory_map", "dtype_backend"})
_MISSING = re.compile(r"No match for FieldRef\.Name\(([^)]*)\)")
_LOOK_ROWS = 200  # nested columns show in them what pandas makes of them; the footer tells the others
_AT_LEAST_ONE = ("max_rows_per_page", "write_batch_size")  # pyarrow crashes or hangs below
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
        nrows = None if nrows is None else whole_number(nrows, "nrows")
        if options.pop("dtype_backend", None) not in (None, "pyarrow"):
            raise StepOptionError("`dtype_backend` of the parquet reader is `pyarrow` only", field="params")
        try:
            if file.is_url:
                import pandas as pd

                return pd.read_parquet(file.path, **options)
            # Opened once: by its name pyarrow opens it twice, and it may be replaced in between.
            with Path(file.path).open("rb") as handle:
                if nrows is not None:
                    return _first_rows(pq.ParquetFile(handle), nrows, options, file)
                if not options.keys() <= {"columns"}:
                    _check_values(pq.ParquetFile(handle).schema_arrow, options, file)
                    handle.seek(0)
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

        plain = {name: value for name, value in options.items() if name not in ("filters", "memory_map")}
        wanted = plain.get("nrows")
        if wanted is not None and options.get("filters") is not None:
            raise _both()
        rows = _LOOK_ROWS if wanted is None else min(whole_number(wanted, "nrows"), _LOOK_ROWS)
        frame: Any = self.read(file, {**plain, "nrows": rows})
        columns = plain.get("columns")
        if columns is not None and set(columns) <= set(frame.column_names):
            frame = frame.select(list(dict.fromkeys(columns)))  # in the order that reading it whole gives
        with Path(file.path).open("rb") as handle:
            there = pq.ParquetFile(handle)
            total = there.metadata.num_rows
            if wanted is None:
                values: Options = {name: value for name, value in options.items() if name not in plain}
                _check_values(there.schema_arrow, values, file)
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
        for name in _AT_LEAST_ONE:
            if options.get(name) is not None:
                whole_number(options[name], name, least=1)
        try:
            pq.write_table(table, sink, **options)
        except AttributeError as error:  # pyarrow takes whatever is no text or number for a mapping
            raise StepOptionError(
                f"the parquet writer refuses a value of the wrong kind: {error}", field="params"
            ) from error
        except (TypeError, ValueError) as error:
            raise StepOptionError(f"the parquet writer refuses: {error}", field="params") from error


def _both() -> StepOptionError:
    return StepOptionError("the parquet reader takes `nrows` or `filters`, not both", field="params")


def _check_values(schema: pa.Schema, options: Options, file: File) -> None:
    """Reads a file of no rows with the same columns, to tell a wrong option from a damaged file.

    Raises:
        StepOptionError: pyarrow refuses a value.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not options:
        return
    sink = pa.BufferOutputStream()
    try:
        pq.write_table(schema.empty_table(), sink)
    except pa.ArrowException:  # a type that another program wrote and pyarrow does not write
        return
    plain = {name: value for name, value in options.items() if name != "columns"}
    try:
        pq.read_table(pa.BufferReader(sink.getvalue()), partitioning=None, **plain)
    except Exception as error:
        missing = _MISSING.match(str(error))
        if missing is not None:
            raise _no_column(file, missing[1]) from error
        is_said = isinstance(error, pa.ArrowException | ValueError)  # others are slips of pyarrow's own
        reason = str(error) if is_said else "a value is of the wrong kind"
        raise StepOptionError(f"the parquet reader refuses its options: {reason}", field="params") from error


def _only_pyarrow(engine: Any) -> None:
    if engine not in ("auto", "pyarrow"):
        raise StepOptionError(f"parquet engine `{engine}` is not supported; `pyarrow` is", field="params")


def _no_column(file: File, column: str) -> StepOptionError:
    return StepOptionError(f"`{one_line(file.label)}` has no column `{one_line(column)}`", field="params")


def _first_rows(source: Any, nrows: int, options: Options, file: File) -> Any:
    """Reads no more row groups than the first `nrows` rows need."""
    import pyarrow as pa

    if options.get("filters") is not None:
        raise _both()
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
