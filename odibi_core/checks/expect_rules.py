"""check_expectations: what a step expects fits the columns of its data."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from odibi_core.checks import expect_codes
from odibi_core.checks.columns import unknown_column
from odibi_core.checks.pipeline import place
from odibi_core.errors import StepOptionError
from odibi_core.plan.expectations import read_expectations

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from odibi_core.checks.lab import Lab
    from odibi_core.checks.outcome import Outcome
    from odibi_core.checks.schemas import Schema
    from odibi_core.checks.sql_examine import Mistake
    from odibi_core.checks.sql_filling import Filled
    from odibi_core.checks.tools import Tools
    from odibi_core.core.node import Step
    from odibi_core.diagnostics import Diagnostic
    from odibi_core.plan.expectations import Expectation, Path

_WORDS = {"number": "numbers", "time": "times", "text": "texts", "boolean": "true and false"}


def check_expectations(
    step: Step, inputs: Mapping[str, Schema | None], outcome: Outcome, tools: Tools
) -> Iterator[Diagnostic]:
    """Yields what of a step's expectations does not fit its data, as far as the columns are known.

    Args:
        step: The step.
        inputs: The schemas of its inputs, by local name.
        outcome: What its own check found; the schemas of its outputs.
        tools: The lab for conditions in SQL.
    """
    if not step.metadata or step.metadata.get("expect") is None:
        return
    delivers = step.layer in ("store", "publish")
    schemas = inputs if delivers else outcome.outputs
    locals_ = list(step.inputs if delivers else step.outputs)
    if not locals_:
        return
    expectations, _ = read_expectations(step.metadata)
    for expectation in expectations:
        local = expectation.output or locals_[0]
        schema = schemas.get(local)
        if schema is None:
            continue
        called = local if delivers else step.outputs.get(local, local)
        if expectation.kind == "sql":
            yield from _check_condition(step, expectation, called, schema, tools)
            continue
        for column in expectation.columns:
            if "${" in column:
                continue
            found = schema.find(column)
            if found is None:
                path, key = _place_of(column, expectation, step)
                yield unknown_column(
                    step, column, schema, *path, local=called, pipeline=tools.pipeline, key=key
                )
            elif found.type is not None:
                yield from _check_type(step, expectation, column, found.type)


def _place_of(column: str, expectation: Expectation, step: Step) -> tuple[Path, bool]:
    """Returns where a column is named, and whether it is a key there."""
    if expectation.kind in ("accepted_values", "range", "freshness"):
        return expectation.path, True
    written: Any = step.metadata["expect"][expectation.path[2]][expectation.kind]
    if expectation.kind == "unique" and isinstance(written, list):
        return (*expectation.path, expectation.columns.index(column)), False
    return expectation.path, False


def _check_type(step: Step, expectation: Expectation, column: str, native: str) -> Iterator[Diagnostic]:
    from odibi_core.engine.profile_sql import ProfiledColumn

    kind = ProfiledColumn(column, native).kind
    if kind == "other":
        return
    if expectation.kind == "freshness":
        if kind in ("number", "boolean") or native == "TIME":
            yield _misfit(
                step, expectation.path, f"`{column}` is {native} and has no age",
                "freshness is of a column of times", key=True,
            )  # fmt: skip
        return
    for value, path in _values(expectation):
        if not _fits(value, kind):
            yield _misfit(
                step, path, f"{_shown(value)} cannot be compared with `{column}`, which is {native}",
                f"write {_WORDS[kind]}",
            )  # fmt: skip


def _values(expectation: Expectation) -> list[tuple[Any, Path]]:
    """Returns the values an expectation holds a column against, each with its place."""
    if expectation.kind == "accepted_values":
        return [(value, (*expectation.path, index)) for index, value in enumerate(expectation.values)]
    ends = (("min", expectation.minimum), ("max", expectation.maximum))
    return [(value, (*expectation.path, end)) for end, value in ends if value is not None]


def _fits(value: Any, kind: str) -> bool:
    """Whether every engine can compare the value with a column; texts are read as what they stand for."""
    if isinstance(value, bool):
        return kind == "boolean"
    if not isinstance(value, str):
        return kind == "number"
    if "${" in value or kind == "text":
        return True
    with contextlib.suppress(ValueError):
        if kind == "number":
            float(value)
            return True
        if kind == "time":
            return _is_time(value)
    return kind == "boolean" and value.strip().lower() in ("true", "false", "t", "f", "1", "0", "yes", "no")


def _is_time(text: str) -> bool:
    """Whether a text may be a time; engines take more than ISO's form."""
    return any(map(str.isdigit, text)) or text.strip().lower() in ("infinity", "-infinity", "epoch")


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"`{value}`" if isinstance(value, str) else f"{value}"


def _misfit(step: Step, path: Path, message: str, help: str, *, key: bool = False) -> Diagnostic:
    return expect_codes.EXPECTATION_TYPE.found(
        message, step=step.name, field=".".join(map(str, path)), span=place(step, *path, key=key), help=help
    )


def _check_condition(
    step: Step, expectation: Expectation, local: str, schema: Schema, tools: Tools
) -> Iterator[Diagnostic]:
    """Describes the condition as the run would ask it; on Spark only the run itself can tell."""
    if step.engine == "spark":
        return
    from odibi_core.checks.sql_filling import fill
    from odibi_core.checks.sql_told import SqlText, tell
    from odibi_core.engine.duckdb_session import quoted

    try:
        filled = fill(expectation.sql, tools.world)
    except StepOptionError:
        return  # told where placeholders are judged
    if not filled.names_known:
        return
    # By itself first: what does not end must not be told of the parenthesis that follows.
    for before, after in (
        ("SELECT 1 WHERE\n", ""),
        (f"SELECT 1 FROM {quoted(local)} WHERE NOT (\n", "\n)"),
    ):
        condition = _Condition(filled, before, after)
        mistakes = condition.mistakes(tools.lab, {local: schema} if after else None)
        if mistakes is None:
            return
        text = SqlText(
            step, expectation.path, {local: schema}, tools.pipeline, expectation.sql, condition.at,
            are_inputs=False,
        )  # fmt: skip
        for mistake in mistakes:
            yield tell(mistake, text)
        if mistakes:
            return


@dataclass(frozen=True)
class _Condition:
    """A condition in the query that it is asked in."""

    filled: Filled
    before: str
    after: str

    def at(self, start: int, end: int) -> tuple[int, int]:
        """Returns a place of the query as one of the condition as written."""
        skipped, last = len(self.before), len(self.filled.text)
        return self.filled.rewritten.back(
            min(max(start - skipped, 0), last), min(max(end - skipped, 0), last)
        )

    def mistakes(self, lab: Lab, tables: Mapping[str, Schema] | None) -> Sequence[Mistake] | None:
        """Returns what is wrong with it, or None if nothing can be told.

        Args:
            lab: Where it is described.
            tables: What the query reads; None if it is only to be parsed.
        """
        from odibi_core.checks.lab_errors import SqlProblem
        from odibi_core.checks.sql_examine import Mistake, examine

        sql = f"{self.before}{self.filled.text}{self.after}"
        try:
            statements = lab.statements(sql)
        except SqlProblem as problem:
            return None if self.filled.stand_ins else [Mistake(problem)]
        if len(statements) != 1 or not statements[0].is_select:
            return None  # more than a condition
        if tables is None:
            return []
        return examine(lab, sql, tables, blind=self._stands_in if self.filled.stand_ins else None).mistakes

    def _stands_in(self, start: int, end: int) -> bool:
        return self.filled.stands_in(*self.at(start, end))
