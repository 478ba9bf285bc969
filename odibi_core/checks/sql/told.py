"""tell: a mistake in a query as a diagnostic, at its place in the config."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from odibi_core.checks.codes import data_codes
from odibi_core.checks.columns import help_text, missing_text
from odibi_core.checks.pipeline import place
from odibi_core.checks.sql.files import OUR_NAME
from odibi_core.checks.sql.mending import AFTER_SCHEMA
from odibi_core.checks.sql.names import plain_name, written_name
from odibi_core.checks.sql.words import argument_count, words_of
from odibi_core.config.origins import replacement
from odibi_core.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from odibi_core.checks.pipeline import Pipeline
    from odibi_core.checks.schemas import Schema
    from odibi_core.checks.sql.examine import Mistake
    from odibi_core.core.node import Step
    from odibi_core.diagnostics import CodeInfo, Diagnostic

_CODES: dict[str, CodeInfo] = {
    "syntax": data_codes.SQL_SYNTAX,
    "table": data_codes.UNKNOWN_TABLE,
    "qualifier": data_codes.UNKNOWN_TABLE,
    "column": data_codes.UNKNOWN_COLUMN,
    "ambiguous": data_codes.AMBIGUOUS_COLUMN,
    "function": data_codes.UNKNOWN_FUNCTION,
    "type": data_codes.TYPE_MISMATCH,
    "aggregate": data_codes.MISPLACED_AGGREGATE,
    "group": data_codes.MISSING_GROUP_BY,
    "count": data_codes.COLUMN_COUNT,
    "alias": data_codes.DUPLICATE_ALIAS,
    "type-name": data_codes.UNKNOWN_TYPE,
    "field": data_codes.UNKNOWN_FIELD,
    "position": data_codes.POSITION,
    "constant": data_codes.INVALID_CONSTANT,
    "text": data_codes.UNFIT_TEXT,
    "refused": data_codes.SQL_REFUSED,
}
_SHOWN = 8
# What is said of a table that a statement before the last one wants to change, and that is not there.
NO_TABLE = "no such table to change"


@dataclass(frozen=True)
class SqlText:
    """A query in a step's field, as it is told about.

    Attributes:
        step: The step.
        field: Path to the text of the query.
        tables: What the query knows by name, with the columns where they are known.
        pipeline: The steps.
        written: The text of the field.
        at: Where a part of the query stands in that text.
        are_inputs: Whether the tables are the step's inputs.
    """

    step: Step
    field: tuple[str | int, ...]
    tables: Mapping[str, Schema | None]
    pipeline: Pipeline
    written: str
    at: Callable[[int, int], tuple[int, int]]
    are_inputs: bool = True


def tell(mistake: Mistake, text: SqlText) -> Diagnostic:
    """Returns a mistake as a diagnostic."""
    problem = mistake.problem
    code = _CODES[problem.kind]
    if problem.kind == "type" and argument_count(problem) is not None:
        code = data_codes.ARGUMENT_COUNT
    if not problem.always:
        code = data_codes.DOUBTFUL_CONVERSION
    start = end = None
    token = ""
    if problem.start is not None and problem.end is not None:
        start, end = text.at(problem.start, problem.end)
        if end <= start:  # the end of the text, or between two characters
            end = min(start + 1, len(text.written))
            start = min(start, max(end - 1, 0))
        token = text.written[start:end]
    message, help = _words(mistake, text, token)
    message, help = one_line(message), None if help is None else one_line(help)
    fix, end_of_fix = None, end
    if mistake.meant is not None and start is not None:
        new = mistake.meant if problem.kind == "syntax" else written_name(mistake.meant, token)
        if problem.is_about_schema and (after := AFTER_SCHEMA.match(text.written, end or 0)) is not None:
            end_of_fix = after.end()
        fix = replacement(
            text.step.origin, new, *text.field, start=start, end=end_of_fix, safe=mistake.certain
        )  # fmt: skip
    return code.found(
        message, step=text.step.name, field=".".join(map(str, text.field)),
        span=place(text.step, *text.field, start=0 if start is None else start, end=end),
        suggestion=mistake.meant, help=help, fix=fix,
    )  # fmt: skip


def _words(mistake: Mistake, text: SqlText, token: str) -> tuple[str, str | None]:
    """Returns message and help."""
    kind = mistake.problem.kind
    if kind == "column":
        return _column(mistake, text)
    if kind == "table":
        return _table(mistake, text)
    if kind == "qualifier":
        return _qualifier(mistake, text)
    return words_of(mistake.problem, token, mistake.meant)


def _column(mistake: Mistake, text: SqlText) -> tuple[str, str | None]:
    problem = mistake.problem
    message = missing_text(plain_name(problem.name or ""), mistake.tables)
    if problem.lacks_from:
        return f"{message}, as FROM is missing", "write FROM and the table that has it"
    if problem.message.startswith("Could not ORDER BY"):
        names = [f"`{name}`" for name in problem.candidates[:_SHOWN]]
        help = (
            f"a column `{mistake.meant}` exists" if mistake.meant else f"its columns are {', '.join(names)}"
        )
        message = f"the result that ORDER BY sorts has no column `{plain_name(problem.name or '')}`"
        return message, help if names else None
    owner = None
    for called, table in zip(mistake.tables, mistake.inputs, strict=True):
        schema = None if table is None else text.tables.get(table)
        if schema is not None and (mistake.meant is None or schema.find(mistake.meant) is not None):
            owner = (called, table, schema)
            break
    if owner is None or owner[1] is None:
        return message, help_text(text.step, mistake.meant, None, (), text.pipeline)
    local = None
    if text.are_inputs:
        local = owner[1] if owner[1] in text.step.inputs else owner[0]
    return message, help_text(text.step, mistake.meant, local, owner[2].names, text.pipeline)


def _table(mistake: Mistake, text: SqlText) -> tuple[str, str | None]:
    name = plain_name(mistake.problem.name or "")
    if mistake.problem.is_about_schema:
        what = "input" if text.are_inputs else "table"
        if mistake.meant is None:
            return f"there is no schema `{name}`", _listed(what, text.tables)
        return f"there is no schema `{name}`", f"the {what} is `{mistake.meant}`, without a schema"
    if mistake.problem.message == NO_TABLE:
        return f"there is no table `{name}`", (
            "CREATE TABLE makes one"
            if mistake.meant is None
            else f"a table `{mistake.meant}` was made before"
        )
    if not text.are_inputs:
        return f"there is no table `{name}`", _listed("table", text.tables)
    if text.step.layer == "ingest" and name in text.step.inputs:
        return (
            f"there is no table `{name}`",
            "a step of the layer transform reads its inputs, one of ingest does not",
        )
    message = f"no input is called `{name}`"
    producers = text.pipeline.graph.producers
    if name in text.step.inputs.values():
        local = next(local for local, key in text.step.inputs.items() if key == name)
        if local == name:
            return message, "a statement before drops it"
        return message, f"the query knows the dataset `{name}` as `{local}`"
    if mistake.meant is not None and mistake.certain:
        return message, f"an input `{mistake.meant}` exists"
    if name in producers:
        return message, f'`{name}` is a dataset of {producers[name]}: add "{name}": "{name}" to `inputs`'
    if name in text.pipeline.graph.needs:
        return message, f"`{name}` is a step; an input is the key that a step outputs"
    if mistake.meant is not None:
        return message, f"an input `{mistake.meant}` exists"
    return message, _listed("input", text.tables)


def _listed(what: str, tables: Mapping[str, Schema | None]) -> str:
    tables = {name: schema for name, schema in tables.items() if not name.startswith(OUR_NAME)}
    if not tables:
        return f"the step has no {what}s" if what == "input" else f"there are no {what}s"
    names = ", ".join(f"`{name}`" for name in list(tables)[:_SHOWN])
    more = f" and {len(tables) - _SHOWN:,} more" if len(tables) > _SHOWN else ""
    return f"the {what} is {names}" if len(tables) == 1 else f"the {what}s are {names}{more}"


def _qualifier(mistake: Mistake, text: SqlText) -> tuple[str, str | None]:
    name = plain_name(mistake.problem.name or "")
    message = f"no table is called `{name}` here"
    if mistake.meant is None:
        tables = ", ".join(f"`{table}`" for table in mistake.tables)
        return message, f"the query reads {tables}" if tables else None
    for called, table in zip(mistake.tables, mistake.inputs, strict=True):
        if called == mistake.meant and table is not None and table.casefold() == name.casefold():
            return message, f"`{table}` is called `{called}` in this query"
    given = (text.tables.get(table) for table in mistake.inputs if table is not None)
    is_column = mistake.meant not in mistake.tables and any(
        schema is not None and schema.find(mistake.meant) is not None for schema in given
    )
    return message, f"a {'column' if is_column else 'table'} `{mistake.meant}` exists"


__all__ = ["SqlText", "tell"]
