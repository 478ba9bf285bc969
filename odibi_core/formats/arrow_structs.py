"""whole_structs: an Arrow table that DuckDB takes, whatever its structs were cut from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa


def whole_structs(table: pa.Table) -> pa.Table:
    """Returns the same table with structs in structs that begin where their memory begins.

    DuckDB 2.0 refuses an Arrow batch in which one begins later ("a struct or union below an offset"), which
    comes of a slice, and of columns whose chunks are cut in different places.

    Args:
        table: The table; without structs in structs it is given back as it is.
    """
    import pyarrow as pa

    deep = [index for index, field in enumerate(table.schema) if _depth(field.type) > 1]
    if not deep:
        return table
    table = table.combine_chunks()
    for index in deep:
        column = table.column(index)
        # Brought together with nothing it is copied.
        copies = [pa.concat_arrays([chunk, chunk.slice(0, 0)]) for chunk in column.chunks]
        table = table.set_column(index, table.schema.field(index), pa.chunked_array(copies, column.type))
    return table


def _depth(dtype: Any) -> int:
    """Returns how many structs or unions are within one another in a type."""
    import pyarrow.types as t

    inner: int = max((_depth(dtype.field(index).type) for index in range(dtype.num_fields)), default=0)
    return inner + int(t.is_struct(dtype) or t.is_union(dtype))


__all__ = ["whole_structs"]
