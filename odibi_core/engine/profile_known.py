"""Columns that have been profiled: most of a dataset's columns are those of the dataset it is made from."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

    from odibi_core.engine.profile_sql import ProfiledColumn
    from odibi_core.journal.events import ColumnInfo
    from odibi_core.journal.profile import ColumnProfile

_KEPT = 1_024
WORTH_ROWS = 50_000  # below, looking is about as quick as asking whether it has been looked at

# Rows, type, whether estimated, and the sum of the values' 64-bit hashes, in whatever order they stand.
Print = tuple[int, str, bool, int]


class KnownColumns:
    """Remembers the statistics of columns by what is in them. Threads may share one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[Print, ColumnProfile] = OrderedDict()

    def prints(
        self,
        cursor: duckdb.DuckDBPyConnection,
        source: str,
        asked: Sequence[ProfiledColumn],
        rows: int,
        *,
        estimate: bool,
    ) -> list[Print]:
        """Returns what tells each column's content.

        To hash a column was measured to take a tenth of the time that profiling it takes.
        """
        sums = ", ".join(f"sum(hash({column.sql}))" for column in asked)
        answers = cursor.execute(f"SELECT {sums} FROM {source}").fetchall()[0]
        return [
            (rows, column.native, estimate, int(answer))
            for column, answer in zip(asked, answers, strict=True)
        ]

    def find(self, print_: Print, info: ColumnInfo) -> ColumnProfile | None:
        """Returns the statistics of a column with that content, under this name and type."""
        with self._lock:
            found = self._known.get(print_)
            if found is None:
                return None
            self._known.move_to_end(print_)
        return msgspec.structs.replace(found, name=info.name, type=info.type)

    def add(self, print_: Print, profile: ColumnProfile) -> None:
        """Remembers the statistics of a column."""
        with self._lock:
            self._known[print_] = profile
            if len(self._known) > _KEPT:
                self._known.popitem(last=False)
