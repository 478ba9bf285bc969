"""A rehearsal of writing: no rows, to memory, with the options of a step, to see whether they can be."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from odibi_core.checks.files.options import blamed_option, said
from odibi_core.errors import FormatError, OdibiError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from odibi_core.checks.schemas import Schema
    from odibi_core.engine.desk import Desk
    from odibi_core.formats.base import Format


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

    def rehearse(given: dict[str, Any]) -> None:
        checked = fmt.checked(given, fmt.write_options(), "writer")
        if engine != "duckdb" or not _is_copied(fmt, checked, target, desk):
            fmt.rehearse(frame, checked)

    blamed = blamed_option(options, rehearse)
    if blamed is None:
        return None
    name, error = blamed
    text = said(error, options[name])
    is_long = isinstance(error, OdibiError) and "refuses" in text.partition(": ")[0]
    return name, text.partition(": ")[2] if is_long else text


def _is_copied(fmt: Format, checked: dict[str, Any], target: str, desk: Desk) -> bool:
    """Whether DuckDB writes the file itself.

    Raises:
        FormatError: It would refuse a value, as it says when it is asked to explain the COPY.
    """
    import duckdb

    from odibi_core.engine.duckdb_files import copy_options, literal
    from odibi_core.engine.duckdb_options import OWN

    copied = copy_options(fmt, dict(checked), Path(target)) if fmt.name in OWN else None
    if copied is None:
        return False
    settings = ", ".join(f"{name} {literal(value)}" for name, value in copied.items())
    try:
        desk.connection().execute(f"EXPLAIN COPY (SELECT 1 AS a) TO 'nowhere' ({settings})")
    except duckdb.Error as error:
        raise FormatError(str(error).partition(": ")[2].partition("\n")[0]) from error
    return True


def _no_rows(schema: Schema, desk: Desk) -> Any:
    import pyarrow as pa

    columns = desk.arrow_columns([(column.name, column.type) for column in schema.columns])
    return pa.schema(
        [(name, pa.string() if dtype is None else dtype) for name, dtype in columns]
    ).empty_table()
