"""Runs as processes of their own, and what they leave behind: start, follow, list, read, compare.

What is named here is the Python API of past runs (docs/reader.md). Names are imported when first used, so
that importing this package costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from odibi_core.journal.profile import ColumnProfile, Profile
    from odibi_core.journal.record import LogLine, RunRecord, SnapshotRecord, StepRecord
    from odibi_core.runs.compare import RunComparison, StepComparison
    from odibi_core.runs.diff import DataDiff, RowDiff, diff_files, diff_tables
    from odibi_core.runs.drift import ColumnDrift, compare_profiles
    from odibi_core.runs.follow import RunFollower
    from odibi_core.runs.store import RunStore, open_store, read_run
    from odibi_core.runs.summary import RunSummary

_HOMES = {
    "ColumnDrift": "odibi_core.runs.drift",
    "ColumnProfile": "odibi_core.journal.profile",
    "DataDiff": "odibi_core.runs.diff",
    "LogLine": "odibi_core.journal.record",
    "Profile": "odibi_core.journal.profile",
    "RowDiff": "odibi_core.runs.diff",
    "RunComparison": "odibi_core.runs.compare",
    "RunFollower": "odibi_core.runs.follow",
    "RunRecord": "odibi_core.journal.record",
    "RunStore": "odibi_core.runs.store",
    "RunSummary": "odibi_core.runs.summary",
    "SnapshotRecord": "odibi_core.journal.record",
    "StepComparison": "odibi_core.runs.compare",
    "StepRecord": "odibi_core.journal.record",
    "compare_profiles": "odibi_core.runs.drift",
    "diff_files": "odibi_core.runs.diff",
    "diff_tables": "odibi_core.runs.diff",
    "open_store": "odibi_core.runs.store",
    "read_run": "odibi_core.runs.store",
}

__all__ = [
    "ColumnDrift",
    "ColumnProfile",
    "DataDiff",
    "LogLine",
    "Profile",
    "RowDiff",
    "RunComparison",
    "RunFollower",
    "RunRecord",
    "RunStore",
    "RunSummary",
    "SnapshotRecord",
    "StepComparison",
    "StepRecord",
    "compare_profiles",
    "diff_files",
    "diff_tables",
    "open_store",
    "read_run",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(home), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
