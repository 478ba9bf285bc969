"""Rules about options that every step may have: timeout, retries, isolate, key, mode."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from odibi_core.checks import codes
from odibi_core.checks.pipeline import place
from odibi_core.config.origins import replacement
from odibi_core.config.shape import is_slip, rewriting
from odibi_core.core.options import KEY_FORM, key_columns
from odibi_core.plan.numbers import is_number
from odibi_core.text import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from odibi_core.checks.pipeline import Pipeline
    from odibi_core.core.node import Step
    from odibi_core.diagnostics import Diagnostic

MODES = ("overwrite", "append", "error")
_MODE_ALIASES = {"w": "overwrite", "replace": "overwrite", "a": "append", "x": "error", "fail": "error"}


# What databases take besides: pandas' words for `if_exists`.
_DATABASE_MODES = frozenset({"replace", "fail"})


def _is_positive(value: Any) -> bool:
    return is_number(value) and value > 0


def _is_delay(value: Any) -> bool:
    return is_number(value) and value >= 0


def _is_count(value: Any) -> bool:
    return is_number(value) and value >= 0 and value == int(value)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


_OPTIONS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "timeout": (_is_positive, "a number of seconds above 0"),
    "retries": (_is_count, "a whole number from 0"),
    "max_retries": (_is_count, "a whole number from 0"),
    "retry_delay": (_is_delay, "a number of seconds from 0"),
    "isolate": (_is_flag, "true or false"),
}


def check_options(pipeline: Pipeline) -> Iterator[Diagnostic]:
    """Yields options whose value they cannot have."""
    for step in pipeline.steps:
        if step.params and not _OPTIONS.keys().isdisjoint(step.params):
            yield from _check(step, "params", step.params, _in_params(step))
        if step.metadata and not _OPTIONS.keys().isdisjoint(step.metadata):
            yield from _check(step, "metadata", step.metadata, _OPTIONS.keys())
        if step.metadata and key_columns(step) is None:
            yield _wrong_key(step)
        if step.params and step.layer in ("store", "publish") and step.type in ("config_op", "sql"):
            yield from _check_mode(step)


def _wrong_key(step: Step) -> Diagnostic:
    key: Any = step.metadata["key"]
    path: tuple[str | int, ...] = ("metadata", "key")
    if isinstance(key, list) and key:
        wrong = next(i for i, name in enumerate(key) if not isinstance(name, str) or not name)
        path, key = (*path, wrong), key[wrong]
    what = "an empty list" if key == [] else "an empty text" if key == "" else _shown(key)
    return codes.INVALID_OPTION.found(
        f"`key` must be a {KEY_FORM}, not {what}", step=step.name, field=".".join(map(str, path)),
        span=place(step, *path), help=f"write a {KEY_FORM}, or leave it out",
    )  # fmt: skip


def _in_params(step: Step) -> Collection[str]:
    """Returns the options that may stand in `params`: a function's params are its own, apart from two, and
    so is a connection's timeout.
    """
    if step.type == "function":
        return ("timeout", "isolate")
    return _OPTIONS.keys() - {"timeout"} if step.layer == "connect" else _OPTIONS.keys()


def _check(step: Step, field: str, options: dict[str, Any], names: Collection[str]) -> Iterator[Diagnostic]:
    for name, (is_right, wanted) in _OPTIONS.items():
        value = options.get(name)
        if name not in names or value is None or is_right(value):
            continue
        meant = _without_quotes(value, is_right)
        yield codes.INVALID_OPTION.found(
            f"`{name}` must be {wanted}, not {_shown(value)}", step=step.name, field=f"{field}.{name}",
            span=place(step, field, name, start=0), suggestion=meant,
            help=f"write {wanted}" if meant is None else f"write {meant}",
            fix=None if meant is None else rewriting(step.origin, meant, field, name),
        )  # fmt: skip


def _without_quotes(value: Any, is_right: Callable[[Any], bool]) -> str | None:
    """Returns a number, true or false that was written as text, as it should have been."""
    if not isinstance(value, str):
        return None
    try:
        meant = json.loads(value.strip().lower())
    except ValueError:
        return None
    return json.dumps(meant) if is_right(meant) else None


def _check_mode(step: Step) -> Iterator[Diagnostic]:
    mode = step.params.get("mode", "overwrite")
    if mode in MODES or (isinstance(mode, str) and "${" in mode):
        return
    if (
        isinstance(mode, str)
        and mode in _DATABASE_MODES
        and not {"connection", "connection_string"}.isdisjoint(step.params)
    ):
        return
    if step.value.startswith(("http://", "https://")):
        return  # not a file or table: such targets have options of their own
    meant, certain = None, False
    if isinstance(mode, str):
        meant = _MODE_ALIASES.get(mode.lower()) or nearest(mode, MODES)
        certain = meant is not None and (mode.lower() in _MODE_ALIASES or is_slip(mode, meant))
    yield codes.INVALID_OPTION.found(
        f"`mode` cannot be {_shown(mode)}", step=step.name, field="params.mode",
        span=place(step, "params", "mode", start=0), suggestion=meant,
        help=f"write {meant}" if meant else "write overwrite, append or error",
        fix=None if meant is None else replacement(step.origin, meant, "params", "mode", safe=certain),
    )  # fmt: skip


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return f"`{value}`"
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if value is None:
        return "null"
    return (
        f"{value}"
        if isinstance(value, int | float)
        else "an array"
        if isinstance(value, list)
        else "an object"
    )
