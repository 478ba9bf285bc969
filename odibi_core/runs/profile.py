"""The profile of a dataset of a past run: the one it stored, else that of the rows it kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from odibi_core.errors import RunLogError
from odibi_core.journal.profile import ColumnProfile, Histogram, Profile, TopValue, decode_profile

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pyarrow as pa

    from odibi_core.journal.events import ColumnInfo
    from odibi_core.journal.profile import Basis
    from odibi_core.journal.record import RunRecord

__all__ = ["ColumnProfile", "Histogram", "Profile", "TopValue", "profile_of", "read_profile"]


def profile_of(run_dir: Path, record: RunRecord, dataset: str) -> Profile | None:
    """Returns the profile of a dataset, or None where the run stored neither it nor all rows.

    Raises:
        RunLogError: A file of it is damaged, or lies outside the run's directory.
    """
    stored = record.datasets.get(dataset)
    if stored is None:
        return None
    if stored.profile_file is not None:
        return read_profile(run_dir, stored.profile_file)
    if stored.preview_file is None:
        return None
    from odibi_core.engine.profiling import profile_arrow
    from odibi_core.runs.store import read_data

    table = read_data(run_dir, stored.preview_file)
    if table is None:
        return None
    basis: Basis = "all" if stored.rows == table.num_rows else "first"
    return profile_arrow(table, _columns_of(record, dataset, table), rows=stored.rows, basis=basis)


def _columns_of(record: RunRecord, dataset: str, table: pa.Table) -> Sequence[ColumnInfo] | None:
    """Returns the columns as a snapshot told them, where they are those of the stored rows."""
    for step in record.steps:
        for snapshot in (step.after, step.before):
            if snapshot is not None and snapshot.dataset == dataset:
                names = [column.name for column in snapshot.columns]
                return snapshot.columns if names == table.column_names else None
    return None


def read_profile(run_dir: Path, name: str) -> Profile | None:
    """Returns the profile in a file of a run, or None if the file is not there any more.

    Raises:
        RunLogError: It is damaged, or `name` leads out of the run's directory.
    """
    path = run_dir / name
    if not path.resolve().is_relative_to(run_dir.resolve()):
        raise RunLogError(f"`{name}` is not inside the run's directory `{run_dir}`")
    try:
        return decode_profile(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise RunLogError(f"cannot read `{path}`: {error.strerror or error}") from error
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise RunLogError(f"`{path}` is not a profile: {error}") from error
