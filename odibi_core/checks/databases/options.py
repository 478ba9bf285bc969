"""Values of options that no table can be read with, found by trying them on no rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from odibi_core.checks.files.options import bad_value, blamed_option, refusal_of, said
from odibi_core.plan.reading import CONNECTED, QUERY, TABLE

if TYPE_CHECKING:
    from odibi_core.checks.step_filling import FilledStep
    from odibi_core.diagnostics import Diagnostic
    from odibi_core.formats.looks import ArrowColumns

_BESIDES = frozenset({*CONNECTED, *TABLE, *QUERY, "format", "schema"})


def refused_value(
    filled: FilledStep, kind: str, columns: ArrowColumns | None, *, is_query: bool
) -> Diagnostic | None:
    """Returns the option without whose value a table or query could be read; None where all can be.

    Args:
        filled: The step.
        kind: sqlite or duckdb.
        columns: What is read, where that is known.
        is_query: Whether a query is read.
    """
    options = {name: value for name, value in filled.params.items() if name not in _BESIDES}
    if not options or filled.unknown:
        return None

    def attempt(given: dict[str, Any]) -> None:
        _try(kind, given, columns, is_query=is_query)

    blamed = blamed_option(options, attempt)
    if blamed is None:
        return None
    name, error = blamed
    value = options[name]
    field: tuple[str, ...] = ("params", name)
    if isinstance(value, dict):

        def works(part: dict[str, Any]) -> bool:
            return refusal_of(attempt, {**options, name: part}) is None

        wrong = [key for key in value if not works({key: value[key]})]
        field = (*field, wrong[0]) if wrong and works({}) else field
    message = f"`{field[-1]}` does not work here: {filled.told(said(error, value))}"
    return bad_value(filled.step, *field, message=message)


def _try(kind: str, given: dict[str, Any], columns: ArrowColumns | None, *, is_query: bool) -> None:
    import pyarrow as pa

    from odibi_core.formats.databases import SPELLINGS, check_values, converted

    options = {SPELLINGS.get(name, name): value for name, value in given.items()}
    check_values(kind, options, is_query=is_query)
    if columns is None:
        if isinstance(options.get("dtype"), dict):
            return
        columns, options = [("odibi", None)], {"dtype": options.get("dtype")}
    chosen = options.get("columns")
    if chosen:
        wanted = {str(name).casefold() for name in chosen}
        columns = [(name, dtype) for name, dtype in columns if name.casefold() in wanted]
    if len({name for name, _ in columns}) < len(columns):
        return
    # SQLite holds other values than it declares.
    types = [pa.null() if kind == "sqlite" or dtype is None else dtype for _, dtype in columns]
    fields = [(name, dtype) for (name, _), dtype in zip(columns, types, strict=True)]
    converted(pa.schema(fields).empty_table(), options)
