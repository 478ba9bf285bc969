"""Taking the profile of a dataset, and writing it beside the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from odibi_core.errors import EngineError, JournalError, ProfileError
from odibi_core.journal.profile import Histogram, Profile, TopValue, encode_profile

if TYPE_CHECKING:
    from pathlib import Path

    from odibi_core.engine.base_context import EngineContext
    from odibi_core.journal.profile import Basis, ColumnProfile
    from odibi_core.journal.redaction import Redactor

FIRST_ROWS = 1_000  # what is looked at where an engine can do no more


def profile_frame(
    frame: Any, context: EngineContext, *, full: bool, shown: int | None = None
) -> Profile | None:
    """Returns a frame's profile, or None if it would tell no more than the `shown` rows of its preview.

    Raises:
        ProfileError: It cannot be told, of this data.
        duckdb.InterruptException: It was interrupted.
    """
    import duckdb
    import pyarrow as pa

    try:
        profile = context.profile(frame, full=full)
        return profile if profile is not None or shown is not None else _of_first_rows(frame, context)
    except duckdb.InterruptException:
        raise
    except (duckdb.Error, pa.ArrowException, EngineError) as error:
        raise ProfileError(str(error)) from error


def write_profile(redactor: Redactor, profile: Profile, target: Path) -> int:
    """Writes a profile as JSON, whole or not at all and without secrets, and returns its size in bytes.

    Raises:
        JournalError: The disk refuses.
    """
    if redactor:
        columns = tuple(_redacted(column, redactor) for column in profile.columns)
        profile = msgspec.structs.replace(profile, columns=columns)
    data = encode_profile(profile)
    try:
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(data)
    except OSError as error:
        target.unlink(missing_ok=True)
        reason = error.strerror or error
        raise JournalError(f"cannot write the profile `{target}`: {reason}") from error
    return len(data)


def _of_first_rows(frame: Any, context: EngineContext) -> Profile:
    from odibi_core.engine.profiling import profile_arrow

    table = context.to_arrow(frame, limit=FIRST_ROWS)
    rows = context.row_count(frame)
    basis: Basis = "all" if rows == table.num_rows else "first"
    return profile_arrow(table, context.columns(frame), rows=rows, basis=basis)


def _redacted(column: ColumnProfile, redactor: Redactor) -> ColumnProfile:
    """Returns a column's profile with the secrets in its name and values redacted."""
    histogram = column.histogram
    if histogram is not None:
        histogram = Histogram(tuple(map(redactor.value, histogram.edges)), histogram.counts)
    return msgspec.structs.replace(
        column,
        name=redactor.text(column.name),
        min=redactor.value(column.min),
        max=redactor.value(column.max),
        quantiles=tuple(map(redactor.value, column.quantiles)),
        top=tuple(TopValue(redactor.value(top.value), top.count) for top in column.top),
        histogram=histogram,
    )
