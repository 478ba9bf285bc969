"""Options of readers and writers: which there are, and which columns they name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from odibi_core.checks import codes
from odibi_core.checks.codes import file_codes
from odibi_core.checks.pipeline import place
from odibi_core.checks.sql.names import best
from odibi_core.config.origins import replacement
from odibi_core.core.options import in_params
from odibi_core.errors import OdibiError
from odibi_core.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from odibi_core.core.node import Step
    from odibi_core.diagnostics import Diagnostic

# Options whose value, or whose value's keys, are columns; and whether pandas refuses one that is not there.
_COLUMN_OPTIONS = {
    "usecols": True, "columns": True, "parse_dates": True, "index_col": True, "dtype": False,
    "na_values": False, "types": True, "partition_by": True, "partitionBy": True,
}  # fmt: skip
_KEYS_ONLY = frozenset({"dtype", "na_values", "types"})  # a text in them is no column
_KEYED = _KEYS_ONLY | {"parse_dates"}
_SHOWN = 8
# What a reader or writer raises when it is tried. Whatever it is, a run fails of it: pandas and pyarrow let
# AttributeError, AssertionError, ZeroDivisionError and others out where a value is not what they expect.
REFUSALS = (Exception,)
# What people write who have another program, or the English word, in mind.
_ALIASES = {
    "separator": "sep", "seperator": "sep", "delimeter": "delimiter", "field_delimiter": "sep",
    "skip_rows": "skiprows", "cols": "usecols", "fields": "usecols", "na": "na_values", "charset": "encoding",
    "rows": "nrows", "limit": "nrows", "n_rows": "nrows", "sheetname": "sheet_name", "types": "dtype",
    "dtypes": "dtype", "schema": "dtype", "date_columns": "parse_dates", "infer_schema": "inferSchema",
}  # fmt: skip


def unknown_options(
    step: Step, known: Collection[str], taker: str, besides: Collection[str] = ()
) -> Iterator[Diagnostic]:
    """Yields the options in `params` that nobody takes, each at its name.

    Args:
        step: The step.
        known: What `taker` takes.
        taker: Who takes them, such as "the csv reader".
        besides: Params that are not for it.
    """
    own = in_params(step)
    for name in step.params:
        if name in known or name in besides or name in own:
            continue
        alias = _ALIASES.get(name.casefold())
        meant, certain = best(name, {*known, *besides} - step.params.keys())
        if alias in known and not certain:
            meant = alias
        listed = sorted(known)
        if meant is not None:
            help = f"did you mean `{meant}`"
        elif len(listed) <= _SHOWN:
            help = f"it takes {', '.join(f'`{option}`' for option in listed)}"
        else:
            help = "docs/formats.md tells what it takes"
        yield file_codes.UNKNOWN_OPTION.found(
            f"{taker} has no option `{one_line(name)}`", step=step.name, field=f"params.{name}",
            span=place(step, "params", name, key=True), suggestion=meant, help=help,
            fix=None if meant is None
            else replacement(step.origin, meant, "params", name, key=True, safe=certain),
        )  # fmt: skip


def twice_given(step: Step, spellings: Mapping[str, str]) -> Iterator[Diagnostic]:
    """Yields the options that stand under two names."""
    first: dict[str, str] = {}
    for name in step.params:
        plain = spellings.get(name, name)
        before = first.setdefault(plain, name)
        if before != name:
            yield file_codes.CONFLICTING_OPTIONS.found(
                f"`{name}` says again what `{before}` says", step=step.name, field=f"params.{name}",
                span=place(step, "params", name, key=True), help="leave one of them out",
            )  # fmt: skip


def named_columns(params: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str | int, ...], bool, bool]]:
    """Yields each column that an option names: its name, the path to it, whether it is a key there, and
    whether pandas refuses one that is not there.
    """
    yield from _filtered(params.get("filters"), ("params", "filters"))
    for option, is_error in _COLUMN_OPTIONS.items():
        value = params.get(option)
        path: tuple[str | int, ...] = ("params", option)
        if isinstance(value, dict) and option in _KEYED:
            yield from ((name, (*path, name), True, is_error) for name in value if isinstance(name, str))
        elif option in _KEYS_ONLY:
            continue
        elif isinstance(value, str):
            yield value, path, False, is_error
        elif isinstance(value, list):
            yield from (
                (name, (*path, at), False, is_error) for at, name in enumerate(value) if isinstance(name, str)
            )


def _filtered(
    value: Any, path: tuple[str | int, ...]
) -> Iterator[tuple[str, tuple[str | int, ...], bool, bool]]:
    """Yields the columns of parquet's `filters`: arrays of [column, operator, value], or arrays of them."""
    for at, part in enumerate(value if isinstance(value, list) else ()):
        if isinstance(part, list) and len(part) == 3 and isinstance(part[0], str):
            yield part[0], (*path, at, 0), False, True
        elif len(path) == 2:
            yield from _filtered(part, (*path, at))


def said(error: Exception, value: Any) -> str:
    """Returns what a reader or writer says of an option's value that it refuses."""
    if isinstance(error, OdibiError):
        return error.message
    if isinstance(error, AttributeError | AssertionError | ArithmeticError) or not str(error):
        return f"it cannot be `{one_line(json.dumps(value, default=str))}`"
    return str(error)


def bad_value(
    step: Step, *field: str | int, message: str, help: str | None = None, candidates: Iterable[str] = ()
) -> Diagnostic:
    """Returns the diagnostic of an option whose value it cannot have, with the nearest it can."""
    value: Any = step.params
    for part in field[1:]:
        value = value[part]
    meant, certain = best(value, candidates) if isinstance(value, str) else (None, False)
    return codes.INVALID_OPTION.found(
        message, step=step.name, field=".".join(map(str, field)), span=place(step, *field, start=0),
        suggestion=meant, help=f"did you mean `{meant}`" if meant else help,
        fix=None if meant is None else replacement(step.origin, meant, *field, safe=certain),
    )  # fmt: skip


def refusal_of(attempt: Callable[[dict[str, Any]], object], options: Mapping[str, Any]) -> Exception | None:
    """Returns what a reader or writer raises when it is tried with options; None where it works."""
    try:
        attempt(dict(options))
    except REFUSALS as error:
        return error
    return None


def blamed_option(
    options: Mapping[str, Any], attempt: Callable[[dict[str, Any]], object]
) -> tuple[str, Exception] | None:
    """Returns the option without which a reader or writer works, and what is said with it.

    None where it works with all of them, or where no single one is to blame.
    """
    error = refusal_of(attempt, options)
    if error is None:
        return None
    for name in options:
        rest = {other: value for other, value in options.items() if other != name}
        if refusal_of(attempt, rest) is None:
            return name, error
    return None
