"""Kept results as files: all rows of a frame, read as the same frame, or not written."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from odibi_core.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import duckdb
    import pandas as pd
    import pyarrow as pa

    from odibi_core.engine.base_context import EngineContext
    from odibi_core.engine.duckdb_frame import DuckDBFrame
    from odibi_core.journal.redaction import Redactor

_BATCH_ROWS = 100_000
_LEVEL = 1  # of zstd: as small as the usual 3 within a few per cent, in little more than half the time
_COMPARE_ROWS = 100_000  # of a frame whose values have to be compared one by one
_COLUMNS_OF_INDEX = b"odibi_index_columns"
# Types that are read from Parquet as they were written; others are compared after writing.
_PLAIN_DUCKDB = re.compile(
    r"BOOLEAN|U?(TINY|SMALL|BIG)INT|U?INTEGER|FLOAT|DOUBLE|VARCHAR|BLOB|DATE|TIMESTAMP|"
    r"TIMESTAMP WITH TIME ZONE|DECIMAL\(\d+,\d+\)"
)
# Of these Parquet has no microseconds, no days apart from hours, no offsets.
_CUT_DUCKDB = re.compile(r"\bINTERVAL\b|\bTIME WITH TIME ZONE")
_PLAIN_PANDAS = re.compile(
    r"u?int(8|16|32|64)|U?Int(8|16|32|64)|float(32|64)|bool|boolean|str|datetime64\[(us|ns)\]"
)


class NotKeepableError(Exception):
    """A frame that a file cannot hold exactly, or must not hold."""


def keepable(frame: Any, context: EngineContext) -> None:
    """Raises NotKeepableError for a frame of an engine whose frames are not written."""
    if context.name == "spark":
        raise NotKeepableError("all rows of a Spark frame would have to be computed again")
    if context.name == "pandas":
        if not frame.columns.is_unique:
            raise NotKeepableError("two of its columns have one name")
        if any(not isinstance(name, str) for name in frame.columns):
            raise NotKeepableError("its columns' names are not texts")
        if frame.attrs:
            raise NotKeepableError("it has `attrs`")


def write_full(
    frame: Any,
    context: EngineContext,
    target: Path,
    *,
    redactor: Redactor,
    stop: Callable[[Callable[[], None] | None], None],
) -> int:
    """Writes all rows as Parquet and returns their number; `target` is not looked at by anybody yet.

    Args:
        frame: The frame.
        context: Its engine.
        target: Where to write.
        redactor: Knows the secrets: what holds one is not kept.
        stop: Is told how the writing can be interrupted, and None when it is over.

    Raises:
        NotKeepableError: It would not be the same when it is read.
        OSError, duckdb.Error, pyarrow.ArrowException: It cannot be written.
    """
    keepable(frame, context)
    if context.name != "duckdb":
        return _write_table(context.to_arrow(frame), target, redactor)
    cursor = frame.session.cursor()
    stop(cursor.interrupt)
    try:
        if redactor:
            _look_through(frame, cursor, redactor)
        from odibi_core.engine.duckdb_files import literal

        cursor.execute(
            f"COPY (FROM {frame.table}) TO {literal(str(target))} (FORMAT parquet, COMPRESSION zstd,"
            f" COMPRESSION_LEVEL {_LEVEL})"
        )
    finally:
        stop(None)
        cursor.close()
    return len(frame)


def check_same(frame: Any, context: EngineContext, written: Path) -> None:
    """Raises NotKeepableError if what was written would be read as something else."""
    if context.name == "duckdb":
        _check_duckdb(frame, written)
    elif context.name == "pandas":
        _check_pandas(frame, written)


def write_index(frame: Any, context: EngineContext, target: Path) -> bool:
    """Writes the index of a pandas frame; returns False where it is only the rows' numbers."""
    if context.name != "pandas":
        return False
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    index = frame.index
    if type(index) is pd.RangeIndex and index.equals(pd.RangeIndex(len(frame))) and index.name is None:
        return False
    shown = sum(name is not None and name not in frame.columns for name in index.names)
    table = pa.Table.from_pandas(pd.DataFrame(index=index), preserve_index=True)
    metadata = {**(table.schema.metadata or {}), _COLUMNS_OF_INDEX: str(shown).encode()}
    pq.write_table(table.replace_schema_metadata(metadata), target, compression="zstd")
    back, _ = _read_index(target)
    if not back.equals(index) or back.dtype != index.dtype or list(back.names) != list(index.names):
        raise NotKeepableError("its index does not fit into a file")
    return True


def read_full(file: Path, index_file: Path | None, context: EngineContext) -> Any:
    """Returns a kept frame, of the engine it was kept from.

    Raises:
        OSError, duckdb.Error, pyarrow.ArrowException, EngineError: It cannot be read.
    """
    if context.name == "duckdb":
        return context.read(str(file), format="parquet")
    import pyarrow.parquet as pq

    table = pq.read_table(file, memory_map=False, partitioning=None)
    if context.name != "pandas":
        return context.adopt(table)
    return _pandas_of(table, index_file)


def _pandas_of(table: pa.Table, index_file: Path | None) -> pd.DataFrame:
    from odibi_core.formats.arrow import arrow_to_pandas

    frame = arrow_to_pandas(table)
    if index_file is not None:
        index, shown = _read_index(index_file)
        frame = frame.iloc[:, shown:]
        frame.index = index
    return frame


def _read_index(file: Path) -> tuple[pd.Index, int]:
    import pyarrow.parquet as pq

    table = pq.read_table(file, memory_map=False, partitioning=None)
    shown = (table.schema.metadata or {}).get(_COLUMNS_OF_INDEX)
    if shown is None:
        raise EngineError(f"`{file}` holds no index")
    index: pd.Index = table.to_pandas().index
    return index, int(shown)


def _write_table(table: pa.Table, target: Path, redactor: Redactor) -> int:
    import pyarrow.parquet as pq

    if redactor.is_in(table):
        raise NotKeepableError("a secret stands in it")
    pq.write_table(table, target, compression="zstd", compression_level=_LEVEL)
    return int(table.num_rows)


def _look_through(frame: DuckDBFrame, cursor: duckdb.DuckDBPyConnection, redactor: Redactor) -> None:
    """Looks for secrets, piece by piece: to write these pieces would lose types that Arrow lacks."""
    import pyarrow as pa

    for batch in cursor.sql(f"FROM {frame.table}").to_arrow_reader(_BATCH_ROWS):
        if redactor.is_in(pa.Table.from_batches([batch])):
            raise NotKeepableError("a secret stands in it")


def _check_duckdb(frame: DuckDBFrame, written: Path) -> None:
    natives = frame.natives
    if all(_PLAIN_DUCKDB.fullmatch(native) for native in natives):
        return
    from odibi_core.engine.duckdb_files import literal

    cursor = frame.session.cursor()
    try:
        read = [str(dtype) for dtype in cursor.sql(f"FROM read_parquet({literal([str(written)])})").types]
    finally:
        cursor.close()
    for name, native, back in zip(frame.columns, natives, read, strict=True):
        if _CUT_DUCKDB.search(native):
            raise NotKeepableError(f"values of type {native} (`{name}`) would be read as others")
        if native != back:
            raise NotKeepableError(f"a column of type {native} (`{name}`) would be read as {back}")


def _check_pandas(frame: pd.DataFrame, written: Path) -> None:
    if all(_PLAIN_PANDAS.fullmatch(str(dtype)) for dtype in frame.dtypes):
        return
    import pyarrow.parquet as pq

    objects = [name for name, dtype in frame.dtypes.items() if str(dtype) == "object"]
    if objects and len(frame) > _COMPARE_ROWS:
        raise NotKeepableError(f"a column of Python objects (`{objects[0]}`) is too long to be compared")
    shown = sum(name is not None and name not in frame.columns for name in frame.index.names)
    table = pq.read_table(written, memory_map=False, partitioning=None)
    back = _pandas_of(table, None).iloc[:, shown:]
    for name, dtype in frame.dtypes.items():
        if back[name].dtype != dtype:
            raise NotKeepableError(f"a column of type {dtype} (`{name}`) would be read as {back[name].dtype}")
    for name in objects:
        if not all(map(_is_same, frame[name].tolist(), back[name].tolist())):
            raise NotKeepableError(f"the values of `{name}` would be read as others")


def _is_same(left: Any, right: Any) -> bool:
    if type(left) is not type(right):
        return False
    if isinstance(left, list | tuple):
        return len(left) == len(right) and all(map(_is_same, left, right))
    if isinstance(left, dict):
        return list(left) == list(right) and all(map(_is_same, left.values(), right.values()))
    if hasattr(left, "tobytes") and hasattr(left, "dtype"):
        return bool(left.dtype == right.dtype) and left.tolist() == right.tolist()
    return bool(left == right) or (left != left and right != right)
