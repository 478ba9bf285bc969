"""Whether a csv is read with the separator it has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from odibi_core.checks.codes import file_codes
from odibi_core.checks.pipeline import place
from odibi_core.config.origins import replacement
from odibi_core.text import one_line

if TYPE_CHECKING:
    from odibi_core.checks.schemas import Schema
    from odibi_core.core.node import Step
    from odibi_core.diagnostics import Diagnostic
    from odibi_core.formats.base import Format

_SEPARATORS = (";", ",", "\t", "|")
_SHOWN = {"\t": "\\t"}


def other_separator(step: Step, fmt: Format, schema: Schema) -> Diagnostic | None:
    """Returns the diagnostic of a file whose whole header is one column with separators in it."""
    if fmt.name not in ("csv", "tsv") or len(schema.columns) != 1:
        return None
    name = schema.names[0]
    found = [separator for separator in _SEPARATORS if separator in name]
    if len(found) != 1 or not all(part and part == part.strip() for part in name.split(found[0])):
        return None
    option = next((option for option in ("sep", "delimiter", "delim") if option in step.params), None)
    field: tuple[str, ...] = ("value",) if option is None else ("params", option)
    shown = _SHOWN.get(found[0], found[0])
    return file_codes.WRONG_SEPARATOR.found(
        f"`{one_line(step.value)}` has one column, `{one_line(name)}`", step=step.name, field=".".join(field),
        span=place(step, *field, start=0), suggestion=shown if option is not None else None,
        help=f'its separator is probably another: "sep": "{shown}"',
        fix=None if option is None or not isinstance(step.params[option], str)
        else replacement(step.origin, found[0], *field, safe=False),
    )  # fmt: skip
