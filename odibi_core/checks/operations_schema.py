"""infer_operations: what the operations of a config_op transform make of their input, one after the other."""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from odibi_core.checks.codes import data_codes
from odibi_core.checks.functions.param_errors import mend, told
from odibi_core.checks.outcome import NOTHING, Outcome
from odibi_core.checks.pipeline import place
from odibi_core.checks.schemas import Column, Schema
from odibi_core.checks.sql.examine import Examined, Mistake, examine
from odibi_core.checks.sql.filling import Filled, fill
from odibi_core.checks.sql.texts import doubted
from odibi_core.checks.sql.told import SqlText, tell
from odibi_core.config.sql_text import DUCKDB, SPARK
from odibi_core.core.options import in_params
from odibi_core.engine.operations import Builder, Operation, operations_in
from odibi_core.errors import ParamError, SecretError, StepOptionError
from odibi_core.text import texts_within

if TYPE_CHECKING:
    from collections.abc import Mapping

    from odibi_core.checks.tools import Tools
    from odibi_core.core.node import Step
    from odibi_core.diagnostics import Diagnostic

    Path = tuple[str | int, ...]

_ROUNDS = 10  # columns of one operation that are not there and are told
_MARK = re.compile("\x01(\\d+)\x01")
# What a mistake in them leaves unknown: the columns. The others keep them.
_CHOOSE_COLUMNS = ("select", "drop", "rename", "derive")
_WITHOUT_COLUMNS = ("value", "word", "operation")


def infer_operations(step: Step, inputs: Mapping[str, Schema | None], tools: Tools) -> Outcome:
    """Returns what the operations in a step's `params` give, and every mistake in them."""
    if len(inputs) != 1:
        return NOTHING  # told by the rules about the step itself
    return _Walk(step, inputs, tools).outcome()


class _RunDecidesError(Exception):
    """An argument holds a placeholder that only the run can, or may, fill."""


@dataclass(frozen=True)
class _Expression:
    """An SQL expression of an operation.

    Attributes:
        path: Where it stands in the step.
        written: Its text there.
        filled: The text with its placeholders filled.
        start: Where it begins in the query.
    """

    path: Path
    written: str
    filled: Filled
    start: int = 0

    @property
    def end(self) -> int:
        """Where it ends in the query."""
        return self.start + len(self.filled.text)

    def back(self, start: int, end: int) -> tuple[int, int]:
        """Returns where a part of the query stands in the text as written."""
        first = min(max(start, self.start), self.end) - self.start
        last = min(max(end, self.start), self.end) - self.start
        return self.filled.rewritten.back(first, last)


class _Walk:
    def __init__(self, step: Step, inputs: Mapping[str, Schema | None], tools: Tools) -> None:
        self.step = step
        self.tools = tools
        self.found: list[Diagnostic] = []
        ((self.local, self.schema),) = inputs.items()
        self.input = self.schema

    def outcome(self) -> Outcome:
        operations = list(operations_in(self.step.params, in_params(self.step)))
        for operation in operations:
            if isinstance(operation, ParamError):
                self._tell(operation)
                self.schema = None
            else:
                self._apply(operation)
        schema = self.schema
        if any(diagnostic.is_error for diagnostic in self.found):
            schema = None
        if schema is not None and operations and self.step.engine != "spark":
            from odibi_core.checks.crossing import of_query

            schema = of_query(schema, self.step.engine, [self.input])
        return Outcome(dict.fromkeys(self.step.outputs, schema), tuple(self.found))

    def _apply(self, operation: Operation) -> None:
        before = len(self.found)
        known, self.schema = self.schema, None
        columns = known.names if known is not None else tuple(dict.fromkeys(texts_within(self.step.params)))
        tried = copy.deepcopy(self.step.params)
        for _ in range(_ROUNDS):
            expressions: list[_Expression] = []
            now = Operation(operation.name, _at(tried, operation.path), operation.path)
            builder = self._builder(now, columns, expressions)
            try:
                builder.apply(now)
            except ParamError as error:
                if known is not None or error.kind in _WITHOUT_COLUMNS:
                    self._tell(error)
                if error.kind != "column" or known is None or not mend(tried, error):
                    break
            except _RunDecidesError:
                return
            except StepOptionError as error:  # a value that SQL cannot hold
                self.found.append(_unfillable(self.step, operation, error))
                break
            else:
                self.schema = self._examined(now, builder, expressions, known)
                break
        if len(self.found) > before and operation.name not in _CHOOSE_COLUMNS:
            self.schema = self.schema or known

    def _builder(self, operation: Operation, columns: tuple[str, ...], into: list[_Expression]) -> Builder:
        paths = [operation.path]
        if operation.name == "derive" and isinstance(operation.argument, dict):
            paths = [(*operation.path, name) for name in operation.argument]

        def expression(text: str) -> str:
            dialect = SPARK if self.step.engine == "spark" else DUCKDB
            into.append(_Expression(paths[len(into)], text, fill(text, self.tools.world, dialect=dialect)))
            return f"\x01{len(into) - 1}\x01"

        return Builder(
            self.step.engine, columns, self._fill, expression, name=self.local, table=self.local
        )  # fmt: skip

    def _fill(self, argument: Any) -> Any:
        from odibi_core.config.placeholders import fill_params, find_placeholders

        values = self.tools.world.values()
        for text in texts_within(argument):
            if any(values.is_secret(found.kind, found.name) for found in find_placeholders(text)):
                raise _RunDecidesError
        try:
            return fill_params(argument, values)
        except SecretError:
            raise _RunDecidesError from None

    # -- what the query says --------------------------------------------------------------------------

    def _examined(
        self, operation: Operation, builder: Builder, expressions: list[_Expression], known: Schema | None
    ) -> Schema | None:
        if operation.name == "fill" and known is not None:
            self._warn_of_texts(operation, known)
        sql, placed = _put_in(builder.sql, expressions)
        if not self._is_one_query(sql, placed):
            return None
        tables = {self.local: known}
        examined = self._examine(sql, tables, placed)
        mistakes = list(examined.mistakes)
        if operation.name == "fill":  # its texts are told of above
            mistakes = [mistake for mistake in mistakes if mistake.problem.kind != "constant"]
        if mistakes and not placed:
            self._tell_columns(operation, known)
        for mistake in mistakes if placed else ():
            expression = _of(mistake, placed)
            text = SqlText(
                self.step, expression.path, tables, self.tools.pipeline, expression.written, expression.back
            )
            said = tell(mistake, text)
            if mistake.problem.kind == "syntax" and (mistake.problem.start or 0) >= expression.end:
                # What stands there is ours, not the person's.
                said = replace(said, message="the expression ends too early", help="write what is missing")
            if mistake.problem.kind == "function" and self.step.engine == "spark":
                said = replace(said, severity="warning")  # as in a query: it may be registered elsewhere
            self.found.append(said)
        if known is None:
            # After `select` the names are known all the same.
            chosen = operation.name == "select" and not mistakes
            return Schema.of((name, None) for name in builder.columns) if chosen else None
        if operation.name == "filter":
            return doubted(known)
        if mistakes:  # the columns are known all the same, those that the operation makes without a type
            made = operation.argument if isinstance(operation.argument, dict) else {}
            types = {c.name: None if c.name in made else c.type for c in known.columns}
            return Schema.of((name, types.get(name)) for name in builder.columns)
        schema = examined.schema
        if schema is not None and any(expression.filled.stand_ins for expression in placed):
            same = set(known.columns)
            schema = Schema(tuple(c if c in same else Column(c.name) for c in schema.columns))
        return schema

    def _is_one_query(self, sql: str, placed: list[_Expression]) -> bool:
        """Whether expressions are expressions: `1); DROP TABLE x; SELECT (1` is none."""
        if not placed:
            return True
        if not all(expression.filled.names_known for expression in placed):
            return False
        if self.step.engine == "spark":
            from odibi_core.engine.spark_sql import split_statements

            return len(split_statements(sql)) == 1
        from odibi_core.checks.sql.lab_errors import SqlProblem

        try:
            return len(self.tools.lab.statements(sql)) == 1
        except SqlProblem:
            return True  # which says where

    def _examine(self, sql: str, tables: Mapping[str, Schema | None], placed: list[_Expression]) -> Examined:
        def blind(start: int, end: int) -> bool:
            return any(e.filled.stands_in(*e.back(start, end)) for e in placed if e.start <= start <= e.end)

        uncertain = blind if any(e.filled.stand_ins for e in placed) else None
        if self.step.engine == "spark":
            from odibi_core.checks.spark.examine import examine_spark

            # A function step on Spark may register functions and make tables on the session that all share.
            closed = not self.tools.pipeline.spark_makers
            return examine_spark(sql, tables, blind=uncertain, tables_known=closed, functions_known=closed)
        return examine(self.tools.lab, sql, tables, blind=uncertain)

    def _tell_columns(self, operation: Operation, known: Schema | None) -> None:
        """Tells which columns of `cast` or `fill` the engine refuses; each is looked at by itself."""
        if not isinstance(operation.argument, dict) or known is None:
            return
        for name, value in operation.argument.items():
            alone = Operation(operation.name, {name: value}, operation.path)
            builder = self._builder(alone, known.names, [])
            builder.apply(alone)
            for mistake in self._examine(builder.sql, {self.local: known}, []).mistakes[:1]:
                path = (*operation.path, name)
                text = SqlText(
                    self.step, path, {self.local: known}, self.tools.pipeline, str(value), lambda s, e: (0, 0)
                )
                said = tell(Mistake(mistake.problem.at(None, None), mistake.meant), text)
                inside = 0 if isinstance(value, str) else None
                self.found.append(replace(said, span=place(self.step, *path, start=inside), fix=None))

    def _warn_of_texts(self, operation: Operation, known: Schema) -> None:
        """Warns of a text for a column that cannot hold it: the first null in it makes the step fail."""
        arguments = operation.argument if isinstance(operation.argument, dict) else {}
        for name, value in arguments.items():
            column = known.find(name)
            if column is None or not isinstance(value, str) or "${" in value:
                continue
            if column.type is None or self.step.engine == "spark" or can_hold(column.type, value):
                continue
            path = (*operation.path, name)
            said = data_codes.DOUBTFUL_CONVERSION.found(
                f"`{name}` is {column.type}, which cannot hold the text `{value}`", step=self.step.name,
                field=".".join(map(str, path)), span=place(self.step, *path, start=0),
                help="the first null in the column makes the step fail: fill in a value of its type",
            )  # fmt: skip
            self.found.append(said)

    def _tell(self, error: ParamError) -> None:
        known = {self.local: self.input} if self.input is not None else {}
        self.found.append(told(self.step, error, known, self.tools.pipeline))


def can_hold(kind: str, text: str) -> bool:
    """Whether a column of a type can certainly not be ruled out to hold a text."""
    if kind.startswith(("DECIMAL", "DOUBLE", "FLOAT")) or kind.removeprefix("U") in _WHOLE:
        return re.search(r"\d", text) is not None or text.strip().lower() in (
            "nan",
            "inf",
            "infinity",
            "-inf",
        )
    if kind == "BOOLEAN":
        return text.strip().lower() in ("true", "false", "t", "f", "1", "0", "yes", "no", "y", "n")
    if kind.startswith(("DATE", "TIME")):
        return re.search(r"\d", text) is not None or text.strip().lower() in (
            "epoch",
            "infinity",
            "-infinity",
        )
    return True


_WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")


def _put_in(sql: str, expressions: list[_Expression]) -> tuple[str, list[_Expression]]:
    """Returns the query with the expressions in it, and the expressions with their places."""
    parts: list[str] = []
    placed: list[_Expression] = []
    done = size = 0
    for mark in _MARK.finditer(sql):
        expression = expressions[int(mark[1])]
        parts += sql[done : mark.start()], expression.filled.text
        size += mark.start() - done
        placed.append(replace(expression, start=size))
        size += len(expression.filled.text)
        done = mark.end()
    return "".join([*parts, sql[done:]]), placed


def _of(mistake: Mistake, placed: list[_Expression]) -> _Expression:
    """Returns the expression that a mistake is in; the last that begins before it."""
    start = mistake.problem.start
    before = [expression for expression in placed if start is not None and expression.start <= start]
    return before[-1] if before else placed[0]


def _at(params: Mapping[str, Any], path: Path) -> Any:
    value: Any = params
    for part in path[1:]:
        value = value[part]
    return value


def _unfillable(step: Step, operation: Operation, error: StepOptionError) -> Diagnostic:
    return data_codes.UNFILLABLE_VALUE.found(
        error.message, step=step.name, field=".".join(map(str, operation.path)),
        span=place(step, *operation.path, start=0), help=error.help,
    )  # fmt: skip
