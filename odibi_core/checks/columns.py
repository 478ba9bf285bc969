"""Columns that are named and are not there: said in one way, whoever names them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from odibi_core.checks.codes import data_codes
from odibi_core.checks.pipeline import place
from odibi_core.checks.sql.names import best
from odibi_core.config.origins import replacement
from odibi_core.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from odibi_core.checks.pipeline import Pipeline
    from odibi_core.checks.schemas import Schema
    from odibi_core.core.node import Step
    from odibi_core.diagnostics import Diagnostic

_SHOWN = 8


def unknown_column(
    step: Step,
    column: str,
    schema: Schema,
    *field: str | int,
    local: str,
    pipeline: Pipeline,
    key: bool = False,
) -> Diagnostic:
    """Returns the diagnostic of a column that a value of a step names and its data does not have.

    Args:
        step: The step.
        column: The column as written.
        schema: The columns there are.
        *field: Path to the text that is the column's name, such as `"params", "columns", 0`.
        local: The local name of the input that lacks it.
        pipeline: The steps, for where the input comes from.
        key: The column is the key at that path, not its value.
    """
    meant, certain = best(column, schema.names)
    return data_codes.UNKNOWN_COLUMN.found(
        one_line(missing_text(column, [local])), step=step.name, field=".".join(map(str, field)),
        span=place(step, *field, key=True) if key else place(step, *field, start=0), suggestion=meant,
        help=help_text(step, meant, local, schema.names, pipeline),
        fix=None if meant is None else replacement(step.origin, meant, *field, key=key, safe=certain),
    )  # fmt: skip


def missing_text(column: str, tables: Iterable[str]) -> str:
    """Returns the message of a column that none of some tables has; without tables, that none is in sight."""
    names = [f"`{name}`" for name in dict.fromkeys(tables)]
    if not names:
        return f"there is no column `{column}`"
    if len(names) == 1:
        return f"{names[0]} has no column `{column}`"
    if len(names) == 2:
        return f"neither {names[0]} nor {names[1]} has a column `{column}`"
    return f"none of {', '.join(names)} has a column `{column}`"


def help_text(
    step: Step, meant: str | None, local: str | None, columns: Iterable[str], pipeline: Pipeline
) -> str | None:
    """Returns what to do about a missing column: the one that was probably meant, or those there are."""
    source = None if local is None else came_from(step, local, pipeline)
    if meant is not None:
        return f"a column `{meant}` exists" + ("" if source is None else f"; `{local}` comes from {source}")
    shown = list(dict.fromkeys(columns))
    if local is None or not shown:
        return None
    names = ", ".join(f"`{name}`" for name in shown[:_SHOWN])
    more = f" and {len(shown) - _SHOWN:,} more" if len(shown) > _SHOWN else ""
    comes = "" if source is None else f"comes from {source} and "
    return f"`{local}` {comes}has {names}{more}"


def came_from(step: Step, local: str, pipeline: Pipeline) -> str | None:
    """Returns the step that outputs what an input reads."""
    key = step.inputs.get(local)
    return None if key is None else pipeline.graph.producers.get(key)
