"""What is wrong with a database file that a step reads or writes, as diagnostics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from odibi_core.checks.codes import data_codes, file_codes
from odibi_core.checks.pipeline import place
from odibi_core.checks.sql.names import best
from odibi_core.config.origins import replacement
from odibi_core.text import one_line

if TYPE_CHECKING:
    from odibi_core.checks.databases.files import DatabaseFile
    from odibi_core.checks.step_filling import FilledStep
    from odibi_core.diagnostics import Diagnostic
    from odibi_core.errors import FormatError
    from odibi_core.formats.database_look import Catalogue

_SHOWN = 8


def no_database(filled: FilledStep, database: DatabaseFile, error: FormatError) -> Diagnostic:
    """Returns the diagnostic of a file that is no database of its kind."""
    kind = "SQLite" if database.kind == "sqlite" else "DuckDB"
    return file_codes.NOT_THE_FORMAT.found(
        f"`{one_line(filled.step.value or database.label)}` is no {kind} database", step=filled.step.name,
        field=".".join(database.field), span=place(filled.step, *database.field, start=0),
        help=filled.told(error.message.partition(": ")[2].partition("\n")[0]) or None,
    )  # fmt: skip


def empty_database(filled: FilledStep, database: DatabaseFile) -> Diagnostic:
    """Returns the diagnostic of a file that has nothing in it."""
    return file_codes.EMPTY_SOURCE.found(
        f"`{one_line(filled.step.value or database.label)}` is empty", step=filled.step.name,
        field=".".join(database.field), span=place(filled.step, *database.field, start=0),
        help="there are no tables in it",
    )  # fmt: skip


def no_table(
    filled: FilledStep, text: str, database: DatabaseFile, catalogue: Catalogue, field: tuple[str | int, ...]
) -> Diagnostic:
    """Returns the diagnostic of a table that a database does not have."""
    step = filled.step
    meant, certain = best(text, catalogue.tables)
    written = step.value if field == ("value",) else step.params[str(field[-1])]
    names = [f"`{one_line(name)}`" for name in list(catalogue.tables)[:_SHOWN]]
    more = f" and {len(catalogue.tables) - _SHOWN:,} more" if len(catalogue.tables) > _SHOWN else ""
    listed = f"it has {', '.join(names)}{more}" if names else "it has no tables"
    shown = step.params["connection"] if database.by_connection else database.label
    return data_codes.UNKNOWN_TABLE.found(
        f"`{filled.told(str(shown))}` has no table `{one_line(str(written))}`", step=step.name,
        field=".".join(map(str, field)), span=place(step, *field, start=0), suggestion=meant,
        help=f"a table `{one_line(meant)}` exists" if meant else listed,
        fix=None if meant is None or text != written
        else replacement(step.origin, meant, *field, safe=certain),
    )  # fmt: skip
