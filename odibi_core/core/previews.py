"""Writing the first rows of a dataset beside the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from odibi_core.errors import JournalError

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

MAX_BYTES = 32 * 1024 * 1024  # a preview is for looking at; rows of megabytes are fewer


def write_preview(table: pa.Table, target: Path) -> int:
    """Writes a preview as Parquet, whole or not at all, and returns the number of rows in it.

    A column of a type that Parquet does not have, such as an interval, is written as text.

    Raises:
        JournalError: The disk refuses.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    while table.nbytes > MAX_BYTES and table.num_rows > 1:
        table = table.slice(0, table.num_rows // 2)
    try:
        target.parent.mkdir(exist_ok=True)
        try:
            pq.write_table(table, target, compression="zstd", write_statistics=False)
        except pa.ArrowNotImplementedError:
            pq.write_table(_in_parquet(table), target, compression="zstd", write_statistics=False)
    except BaseException as error:
        target.unlink(missing_ok=True)
        if isinstance(error, OSError):
            reason = error.strerror or str(error)
            raise JournalError(f"cannot write the preview `{target}`: {reason}") from error
        raise
    return int(table.num_rows)


def _in_parquet(table: pa.Table) -> pa.Table:
    """Returns a table whose every column has a type that Parquet has."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    def is_known(part: pa.Table) -> bool:
        try:
            pq.write_table(part.slice(0, 0), pa.BufferOutputStream())
        except pa.ArrowNotImplementedError:
            return False
        return True

    for at, name in enumerate(table.column_names):
        if not is_known(table.select([at])):
            texts = [None if value is None else _text(value) for value in table.column(at).to_pylist()]
            table = table.set_column(at, name, pa.array(texts, pa.string()))
    return table


def _text(value: Any) -> str:
    """Returns a value as text; an interval as DuckDB writes it: `1 month 2 days 00:00:03.5`."""
    if not all(hasattr(value, name) for name in ("months", "days", "nanoseconds")):
        return str(value)
    parts = [
        f"{count} {word}{'' if abs(count) == 1 else 's'}"
        for count, word in ((value.months, "month"), (value.days, "day"))
        if count
    ]
    if value.nanoseconds or not parts:
        seconds, rest = divmod(abs(value.nanoseconds), 10**9)
        clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
        fraction = f"{rest:09}".rstrip("0")
        parts.append(("-" if value.nanoseconds < 0 else "") + clock + (f".{fraction}" if rest else ""))
    return " ".join(parts)
