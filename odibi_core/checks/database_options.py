"""Values of options that no table can be read with, found by trying them on no rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from odibi_core.checks.file_options import REFUSALS, bad_value, said
from odibi_core.plan.reading import CONNECTED

if TYPE_CHECKING:
    from odibi_core.checks.step_filling import FilledStep
    from odibi_core.diagnostics import Diagnostic
    from odibi_core.formats.looks import ArrowColumns

_BESIDES = frozenset({*CONNECTED, "format", "table", "table_name", "query", "sql", "schema"})


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

    def refusal(given: dict[str, Any]) -> Exception | None:
        try:
            _try(kind, given, columns, is_query=is_query)
        except REFUSALS as error:
            return error
        return None

    error = refusal(options)
    if error is None:
        return None
    for name, value in options.items():
        rest = {other: kept for other, kept in options.items() if other != name}
        if refusal(rest) is not None:
            continue
        field: tuple[str, ...] = ("params", name)
        if isinstance(value, dict):
            wrong = [key for key in value if refusal({**rest, name: {key: value[key]}}) is not None]
            field = (*field, wrong[0]) if wrong and refusal({**rest, name: {}}) is None else field
        message = f"`{field[-1]}` does not work here: {filled.told(said(error, value))}"
        return bad_value(filled.step, *field, message=message)
    return None


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
