"""Databases by URL: whether SQLAlchemy makes an engine for them, which connects to nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from odibi_core.checks.codes import file_codes
from odibi_core.checks.files.options import bad_value
from odibi_core.checks.pipeline import place
from odibi_core.errors import FormatError, MissingDependencyError, OdibiError, StepOptionError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from odibi_core.checks.step_filling import FilledStep
    from odibi_core.checks.world import World
    from odibi_core.diagnostics import CodeInfo, Diagnostic


def refused_url(
    url: str, settings: Mapping[str, Any], world: World
) -> tuple[CodeInfo, FormatError | MissingDependencyError | StepOptionError] | None:
    """Returns why no engine can be made for the URL of a database; None where it can, or only a driver knows.

    Args:
        url: The URL, its placeholders filled.
        settings: What SQLAlchemy's engine is given.
        world: Where relative paths are.
    """
    from odibi_core.formats.databases import open_database

    try:
        database = open_database(url, resolve=world.resolve, kind="sql", **settings)
        database.quote("odibi")
        database.close()
    except MissingDependencyError as error:
        return file_codes.MISSING_PACKAGE, error
    except StepOptionError as error:
        return file_codes.UNKNOWN_OPTION, error
    except FormatError as error:
        return file_codes.INVALID_URL, error
    except (OdibiError, ValueError, TypeError):  # a setting that only the driver can judge
        return None
    return None


def check_url(filled: FilledStep) -> list[Diagnostic]:
    """Returns what is wrong with the URL of the database that a step itself names."""
    from odibi_core.formats.databases import which_database

    params, step = filled.params, filled.step
    if {"connection", "connection_string"} & filled.unknown:
        return []
    connection, url = params.get("connection"), params.get("connection_string")
    if connection is not None:
        if isinstance(connection, str):
            return []
        message = "`connection` is the name of a connect step"
        return [bad_value(step, "params", "connection", message=message)]
    field = ("value",) if url is None else ("params", "connection_string")
    text = filled.value if url is None else url
    if url is not None:
        text = str(url)
    elif not isinstance(text, str) or not text:
        return []
    kind = params.get("format") if url is None else None
    try:
        found, url = which_database(text, kind.strip().lower() if isinstance(kind, str) else None)
    except OdibiError as error:
        if url is None and "://" not in text:
            return []  # told with the format
        code, why = file_codes.INVALID_URL, error
    else:
        refused = refused_url(url, {}, filled.world) if found == "sql" else None
        if refused is None:
            return []
        code, why = refused
    return [
        code.found(
            filled.told(why.message), step=step.name, field=".".join(field),
            span=place(step, *field, start=0), help=why.help,
        )
    ]  # fmt: skip
