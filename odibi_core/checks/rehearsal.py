"""A rehearsal of writing: no rows, to memory, with the options of a step, to see whether they can be."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from odibi_core.errors import OdibiError, StepOptionError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from odibi_core.checks.schemas import Schema
    from odibi_core.engine.desk import Desk
    from odibi_core.formats.base import Format

_REFUSALS = (OdibiError, ValueError, TypeError, LookupError, OverflowError)


def refused_option(
    engine: str, fmt: Format, schema: Schema, options: Mapping[str, Any], target: str, desk: Desk
) -> tuple[str, str] | None:
    """Returns the option without which the writer works, and what it says of it; None where it works, or
    where no single one is to blame.

    Args:
        engine: The step's engine.
        fmt: The format that is written.
        schema: The columns that are written.
        options: The options as in `params`, without `format` and `mode`.
        target: The name of what is written.
        desk: What looks share.
    """
    if engine == "spark":
        return None
    frame = _no_rows(schema, desk)
    reason = _refusal(engine, fmt, frame, options, target)
    if reason is None:
        return None
    for name in options:
        rest = {other: value for other, value in options.items() if other != name}
        if _refusal(engine, fmt, frame, rest, target) is None:
            return name, reason
    return None


def _refusal(engine: str, fmt: Format, frame: Any, options: Mapping[str, Any], target: str) -> str | None:
    try:
        checked = fmt.checked(options, fmt.write_options(), "writer")
        if engine != "duckdb" or not _is_copied(fmt, checked, target):
            fmt.rehearse(frame, checked)
    except _REFUSALS as error:
        said = error.message if isinstance(error, OdibiError) else str(error)
        return said.partition(": ")[2] if "refuses" in said.partition(": ")[0] else said
    return None


def _is_copied(fmt: Format, checked: dict[str, Any], target: str) -> bool:
    """Whether DuckDB writes the file itself.

    Raises:
        StepOptionError: It would refuse a value.
    """
    from odibi_core.engine.duckdb_files import copy_options
    from odibi_core.engine.duckdb_options import OWN

    copied = copy_options(fmt, dict(checked), Path(target)) if fmt.name in OWN else None
    if copied is None:
        return False
    for name in ("DELIMITER", "NULLSTR", "QUOTE"):
        if name in copied and not isinstance(copied[name], str):
            raise StepOptionError(f"a text is needed, not {copied[name]!r}")
    return True


def _no_rows(schema: Schema, desk: Desk) -> Any:
    import pyarrow as pa

    columns = desk.arrow_columns([(column.name, column.type) for column in schema.columns])
    return pa.schema(
        [(name, pa.string() if dtype is None else dtype) for name, dtype in columns]
    ).empty_table()
