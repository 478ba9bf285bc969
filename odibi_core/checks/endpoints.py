"""What steps say about HTTP endpoints: URL, method, format and the other options. Nothing is opened."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from odibi_core.checks.codes import file_codes
from odibi_core.checks.files.options import bad_value, unknown_options
from odibi_core.checks.pipeline import place
from odibi_core.checks.sql.names import best
from odibi_core.config.origins import replacement
from odibi_core.core.options import in_params
from odibi_core.plan.endpoints import FORMATS, OPTIONS, SCHEMES, SENDING
from odibi_core.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from odibi_core.checks.step_filling import FilledStep
    from odibi_core.core.node import Step
    from odibi_core.diagnostics import Diagnostic

_UNSENDABLE = re.compile(r"[\x00-\x20\x7f]")


def check_endpoint(filled: FilledStep, *, sends: bool) -> Iterator[Diagnostic]:
    """Yields what is wrong with a step that asks an endpoint, or (`sends`) only sends to one."""
    step, params = filled.step, filled.params
    if filled.value:
        yield from _check_url(filled)
    if sends:
        yield from unknown_options(step, OPTIONS, "an HTTP target")
    else:
        yield from _ignored_options(step)
    form = params.get("format")
    if form is not None and form not in FORMATS:
        does = "sent" if sends else "read"
        yield bad_value(
            step, "params", "format", message=f"{_shown(form)} cannot be {does} over HTTP",
            help="use json, jsonl or csv", candidates=FORMATS,
        )  # fmt: skip
    method = params.get("method")
    if sends and method is not None and str(method).upper() not in SENDING:
        yield bad_value(
            step, "params", "method", message=f"method {_shown(method)} does not send data",
            help="use POST, PUT or PATCH",
        )  # fmt: skip
    elif method is not None and (not isinstance(method, str) or not re.fullmatch(r"[A-Za-z]+", method)):
        yield bad_value(
            step, "params", "method", message=f"{_shown(method)} is no HTTP method", help="use GET or POST"
        )
    for name in ("headers", "query"):
        value = params.get(name)
        if value is not None and not isinstance(value, dict) and (name == "headers" or value):
            yield bad_value(
                step, "params", name, message=f"`{name}` is an object, not {_shown(value)}",
                help=f'write "{name}": {{"name": "value"}}',
            )  # fmt: skip
    size = params.get("batch_size")
    if sends and size is not None and (isinstance(size, bool) or not isinstance(size, int) or size < 0):
        yield bad_value(
            step, "params", "batch_size", message=f"`batch_size` is a number of rows, not {_shown(size)}",
            help="write a whole number; 0 sends all rows at once",
        )  # fmt: skip


def _check_url(filled: FilledStep) -> Iterator[Diagnostic]:
    step, url = filled.step, filled.value or ""
    try:
        parts = urlsplit(url)
        has_host, scheme = bool(parts.hostname), parts.scheme
        _ = parts.port
    except ValueError as error:
        yield _invalid(step, f"the URL is none: {filled.told(str(error))}", "write https://host/path")
        return
    if scheme.lower() not in SCHEMES:
        close, certain = best(scheme, SCHEMES) if scheme and "://" in url else (None, False)
        fix = None
        if close is not None and step.value.startswith(scheme):
            fix = replacement(step.origin, close, "value", start=0, end=len(scheme), safe=certain)
        yield file_codes.INVALID_URL.found(
            f"`{one_line(step.value)}` does not start with `http://` or `https://`", step=step.name,
            field="value", span=place(step, "value", start=0), suggestion=close,
            help=f"write {close}://" if close else "write the whole URL: https://host/path", fix=fix,
        )  # fmt: skip
    elif not has_host:
        yield _invalid(step, f"`{one_line(step.value)}` names no host", "write https://host/path")
    elif _UNSENDABLE.search(url):
        yield _invalid(
            step, "the URL has a space or a control character in it", "write %20 for a space, or use `query`"
        )


def _invalid(step: Step, message: str, help: str) -> Diagnostic:
    return file_codes.INVALID_URL.found(
        message, step=step.name, field="value", span=place(step, "value", start=0), help=help
    )


def _ignored_options(step: Step) -> Iterator[Diagnostic]:
    """Yields options that are nearly one of a request; others may be the csv reader's."""
    own = in_params(step)
    for name in step.params:
        if name in OPTIONS or name in own or name == "header":  # which is the csv reader's
            continue
        meant, certain = best(name, OPTIONS)
        if meant is None or not certain:
            continue
        yield file_codes.IGNORED_OPTION.found(
            f"nothing looks at `{one_line(name)}`", step=step.name, field=f"params.{name}",
            span=place(step, "params", name, key=True), suggestion=meant, help=f"did you mean `{meant}`",
            fix=replacement(step.origin, meant, "params", name, key=True, safe=certain),
        )  # fmt: skip


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return f"`{one_line(value)}`"
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    return (
        str(value)
        if isinstance(value, int | float)
        else "an array"
        if isinstance(value, list)
        else "an object"
    )
