"""A message and Arrow tables in a memory file, complete or recognisably not.

Layout: 64 bytes of which the first 16 are offset and length of the message (zero until all is written),
then each table as an Arrow stream at a multiple of 64 bytes, then the pickled message.
"""

from __future__ import annotations

import mmap
import os
import pickle
import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

_HEAD = struct.Struct("<QQ")
_ALIGNMENT = 64


def write_parcel(descriptor: int, message: Mapping[str, Any], tables: Mapping[str, pa.Table]) -> None:
    """Writes a message and tables to an empty file.

    Raises:
        pickle.PicklingError: The message cannot be pickled (also TypeError, AttributeError).
    """
    body = pickle.dumps(dict(message), protocol=pickle.HIGHEST_PROTOCOL)
    places: dict[str, tuple[int, int]] = {}
    with open(descriptor, "wb", buffering=1 << 20, closefd=False) as file:
        file.seek(_ALIGNMENT)
        if tables:
            import pyarrow as pa

            for name, table in tables.items():
                start = file.tell()
                sink = pa.PythonFile(file, mode="w")
                with pa.ipc.new_stream(sink, table.schema) as writer:
                    writer.write_table(table)
                end = file.tell()
                places[name] = (start, end - start)
                file.seek(-end % _ALIGNMENT, os.SEEK_CUR)
        index = pickle.dumps(places)
        start = file.tell()
        file.write(struct.pack("<Q", len(index)) + index + body)
        end = file.tell()
    os.pwrite(descriptor, _HEAD.pack(start, end - start), 0)


def read_parcel(descriptor: int) -> tuple[dict[str, Any], dict[str, pa.Table]] | None:
    """Returns the message and the tables, which map the file's memory; None if it is not complete."""
    head = os.pread(descriptor, _HEAD.size, 0)
    if len(head) < _HEAD.size:
        return None
    start, length = _HEAD.unpack(head)
    if length == 0:
        return None
    whole = os.pread(descriptor, length, start)
    (split,) = struct.unpack_from("<Q", whole)
    places: dict[str, tuple[int, int]] = pickle.loads(whole[8 : 8 + split])
    message: dict[str, Any] = pickle.loads(whole[8 + split :])
    tables: dict[str, pa.Table] = {}
    if places:
        import pyarrow as pa

        memory = pa.py_buffer(mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ))
        for name, (offset, size) in places.items():
            tables[name] = pa.ipc.open_stream(memory.slice(offset, size)).read_all()
    return message, tables
