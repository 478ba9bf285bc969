"""Exceptions as data: what a journal keeps of a failure, and the place in the config it belongs to."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any

from odibi_core.errors import OdibiError, RemoteStepError, StepOptionError
from odibi_core.journal.events import ErrorInfo
from odibi_core.text import one_line

if TYPE_CHECKING:
    from odibi_core.core.node import Step
    from odibi_core.diagnostics import CodeInfo
    from odibi_core.journal.redaction import Redactor

TRACEBACK_LENGTH = 100_000


def error_info(error: BaseException, step: Step | None = None) -> ErrorInfo:
    """Returns an exception as data, with the diagnostic that locates it where `step` has an origin."""
    if isinstance(error, RemoteStepError):
        kind, text = error.type_name, error.traceback_text
    else:
        kind, text = _type_name(error), ""
    if not text:
        text = "".join(traceback.format_exception(error))
    return ErrorInfo(
        type=kind,
        message=_message(error),
        traceback=text if len(text) <= TRACEBACK_LENGTH else "…" + text[-TRACEBACK_LENGTH:],
        help=error.help if isinstance(error, OdibiError) else None,
        diagnostic=_diagnostic(error, step),
    )


def scrub(error: BaseException, redactor: Redactor) -> None:
    """Takes known secrets out of what an exception, and those that led to it, say."""
    if not redactor:
        return
    seen: set[int] = set()
    pending: list[BaseException | None] = [error]
    while pending:
        current = pending.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        clean = tuple(redactor.text(part) if isinstance(part, str) else part for part in current.args)
        if clean != current.args:
            current.args = clean
        if isinstance(current, OdibiError):
            current.message = redactor.text(current.message)
            current.help = redactor.text(current.help) if current.help is not None else None
        pending += [current.__cause__, current.__context__]


def _type_name(error: BaseException) -> str:
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _message(error: BaseException) -> str:
    return error.message if isinstance(error, OdibiError) else str(error) or _type_name(error)


def _diagnostic(error: BaseException, step: Step | None) -> dict[str, Any] | None:
    """Returns the diagnostic that says where in the config the failure belongs, if the step has a place."""
    if step is None or step.origin is None:
        return None
    from odibi_core.diagnostics import to_dict

    code = _code(error, step)
    field = error.field if isinstance(error, OdibiError) and error.field else "value"
    help = error.help if isinstance(error, OdibiError) else None
    message = one_line(_message(error).partition("\n\nLINE ")[0])
    start: int | None = None
    end: int | None = None
    if step.type == "sql" and field == "value":
        from odibi_core.core.sql_place import place_in_sql

        start, end = place_in_sql(str(error), step.value) or (None, None)
    span = step.origin.locate(*_path(field), start=start, end=end)
    found = code.found(message, step=step.name, field=field, span=span, help=help)
    return to_dict(found, step.origin.path)


def _code(error: BaseException, step: Step) -> CodeInfo:
    from odibi_core.checks import codes
    from odibi_core.checks.codes import run_codes

    if isinstance(error, StepOptionError):
        return codes.INVALID_OPTION
    if step.layer == "ingest" and isinstance(error, FileNotFoundError):
        return codes.MISSING_SOURCE
    if step.type == "sql":
        return run_codes.SQL_FAILED
    return run_codes.FUNCTION_FAILED if step.type == "function" else run_codes.STEP_FAILED


def _path(field: str) -> list[str | int]:
    """Returns a dotted field as the path to it; numbers count in lists."""
    return [int(part) if part.isdigit() else part for part in field.split(".")]
