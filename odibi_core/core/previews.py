"""Writing the first rows of a dataset beside the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from odibi_core.errors import JournalError

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

MAX_BYTES = 32 * 1024 * 1024  # a preview is for looking at; rows of megabytes are fewer


def write_preview(table: pa.Table, target: Path) -> int:
    """Writes a preview as Parquet, whole or not at all, and returns the number of rows in it.

    Raises:
        JournalError: The disk refuses.
        pyarrow.ArrowException: Parquet has no such type.
    """
    import pyarrow.parquet as pq

    while table.nbytes > MAX_BYTES and table.num_rows > 1:
        table = table.slice(0, table.num_rows // 2)
    try:
        target.parent.mkdir(exist_ok=True)
        pq.write_table(table, target, compression="zstd", write_statistics=False)
    except BaseException as error:
        target.unlink(missing_ok=True)
        if isinstance(error, OSError):
            reason = error.strerror or str(error)
            raise JournalError(f"cannot write the preview `{target}`: {reason}") from error
        raise
    return int(table.num_rows)
