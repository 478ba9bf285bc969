"""check_expectations: what a step expects fits the columns of its data."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from odibi_core.checks.columns import unknown_column
from odibi_core.checks.expectations.types import check_types
from odibi_core.errors import StepOptionError
from odibi_core.plan.expectations import read_expectations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from odibi_core.checks.outcome import Outcome
    from odibi_core.checks.schemas import Schema
    from odibi_core.checks.sql.examine import Mistake
    from odibi_core.checks.sql.filling import Filled
    from odibi_core.checks.sql.lab import Lab
    from odibi_core.checks.tools import Tools
    from odibi_core.core.node import Step
    from odibi_core.diagnostics import Diagnostic
    from odibi_core.plan.expectations import Expectation, Path

_MAKES = re.compile(r"\b(?:create|attach|use)\b", re.IGNORECASE)


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
            yield from _check_condition(step, expectation, called, schema, inputs, tools)
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
                yield from check_types(step, expectation, column, found, tools.lab)


def _place_of(column: str, expectation: Expectation, step: Step) -> tuple[Path, bool]:
    """Returns where a column is named, and whether it is a key there."""
    if expectation.kind in ("accepted_values", "range", "freshness"):
        return expectation.path, True
    written: Any = step.metadata["expect"][expectation.path[2]][expectation.kind]
    if expectation.kind == "unique" and isinstance(written, list):
        return (*expectation.path, expectation.columns.index(column)), False
    return expectation.path, False


def _check_condition(
    step: Step,
    expectation: Expectation,
    local: str,
    schema: Schema,
    inputs: Mapping[str, Schema | None],
    tools: Tools,
) -> Iterator[Diagnostic]:
    """Describes the condition as the run would ask it: over the data and what the step reads, by name."""
    from odibi_core.checks.sql.filling import fill
    from odibi_core.checks.sql.told import SqlText, tell
    from odibi_core.config.sql_text import DIALECTS

    dialect = DIALECTS[step.engine]
    try:
        filled = fill(expectation.sql, tools.world, dialect=dialect)
    except StepOptionError:
        return  # told where placeholders are judged
    if not filled.names_known:
        return
    reads = expectation.reads and step.layer == "transform" and step.type != "function"
    known = {name: schema for name, schema in inputs.items() if reads and name.casefold() != local.casefold()}
    known = {local: schema, **known}
    # By itself first: what does not end must not be told of the parenthesis that follows.
    for before, after in (
        ("SELECT 1 WHERE\n", ""),
        (f"SELECT 1 FROM {dialect.quote_identifier(local)} WHERE NOT (\n", "\n)"),
    ):
        condition = _Condition(filled, before, after)
        tables = known if after else None
        if step.engine == "spark":
            mistakes = condition.mistakes_on_spark(tables)
        else:
            mistakes = condition.mistakes(tools.lab, tables)
        if mistakes is None:
            return
        text = SqlText(
            step, expectation.path, known, tools.pipeline, expectation.sql, condition.at, are_inputs=False,
        )  # fmt: skip
        if _makes_tables(step) and any(mistake.problem.kind == "table" for mistake in mistakes):
            return
        for mistake in mistakes:
            yield tell(mistake, text)
        if mistakes:
            return


def _makes_tables(step: Step) -> bool:
    """Whether a step may have made names known that its conditions see too."""
    return step.type == "function" or (step.type == "sql" and _MAKES.search(step.value) is not None)


@dataclass(frozen=True)
class _Condition:
    """A condition in the query that it is asked in."""

    filled: Filled
    before: str
    after: str

    @property
    def sql(self) -> str:
        """The query."""
        return f"{self.before}{self.filled.text}{self.after}"

    def at(self, start: int, end: int) -> tuple[int, int]:
        """Returns a place of the query as one of the condition as written."""
        skipped, last = len(self.before), len(self.filled.text)
        return self.filled.rewritten.back(
            min(max(start - skipped, 0), last), min(max(end - skipped, 0), last)
        )

    def mistakes(self, lab: Lab, tables: Mapping[str, Schema | None] | None) -> Sequence[Mistake] | None:
        """Returns what DuckDB finds wrong with it, or None if nothing can be told.

        Args:
            lab: Where it is described.
            tables: What the query reads; None if it is only to be parsed.
        """
        from odibi_core.checks.sql.examine import Mistake, examine
        from odibi_core.checks.sql.lab_errors import SqlProblem

        try:
            statements = lab.statements(self.sql)
        except SqlProblem as problem:
            return None if self.filled.stand_ins else [Mistake(problem)]
        if len(statements) != 1 or not statements[0].is_select:
            return None  # more than a condition
        return [] if tables is None else examine(lab, self.sql, tables, blind=self._blind).mistakes

    def mistakes_on_spark(self, tables: Mapping[str, Schema | None] | None) -> Sequence[Mistake] | None:
        """Returns what is certainly wrong with it on Spark, or None if nothing can be told."""
        from odibi_core.checks.spark.examine import examine_spark, parse_spark
        from odibi_core.checks.sql.examine import Mistake
        from odibi_core.checks.sql.lab_errors import SqlProblem

        try:
            tree = parse_spark(self.sql)
        except SqlProblem as problem:
            return None if self.filled.stand_ins else [Mistake(problem)]
        if tree is None:
            return None
        if tables is None:
            return []
        # The session may have functions and tables of its own.
        return examine_spark(
            self.sql, tables, blind=self._blind, tables_known=False, functions_known=False
        ).mistakes

    @property
    def _blind(self) -> Callable[[int, int], bool] | None:
        if not self.filled.stand_ins:
            return None
        return lambda start, end: self.filled.stands_in(*self.at(start, end))
