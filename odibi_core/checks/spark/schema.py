"""infer_spark_sql: what SQL on the spark engine makes of its inputs, and what is wrong with it.

sqlglot decides, so the verdict is the same on every machine and no Java starts. With `--deep` Spark's own
analyser is asked as well.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from odibi_core.checks.codes import data_codes
from odibi_core.checks.outcome import NOTHING, Outcome
from odibi_core.checks.pipeline import place
from odibi_core.checks.spark.examine import examine_spark, is_query
from odibi_core.checks.sql.filling import fill
from odibi_core.checks.sql.told import SqlText, tell
from odibi_core.config.sql_text import SPARK
from odibi_core.engine.spark_sql import split_statements
from odibi_core.errors import StepOptionError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from odibi_core.checks.schemas import Schema
    from odibi_core.checks.sql.examine import Examined, Mistake
    from odibi_core.checks.sql.filling import Filled
    from odibi_core.checks.tools import Tools
    from odibi_core.core.node import Step
    from odibi_core.diagnostics import Diagnostic

# Where Spark keeps tables of its own: what is in them, only a run sees.
_CATALOGS = ("SPARK_REMOTE", "SPARK_CONF_DIR", "HADOOP_CONF_DIR")
# Statements that change nothing a query can name.
_HARMLESS = ("set", "reset", "cache", "uncache", "clear", "refresh", "analyze", "explain", "show", "describe")


def infer_spark_sql(step: Step, inputs: Mapping[str, Schema | None], tools: Tools) -> Outcome:
    """Returns the schema of a step's query as Spark sees it, and what is certainly wrong with it."""
    if not step.value.strip():
        return NOTHING
    try:
        filled = fill(step.value, tools.world, dialect=SPARK)
    except StepOptionError as error:
        unfillable = data_codes.UNFILLABLE_VALUE.found(
            error.message, step=step.name, field="value", span=place(step, "value", start=0), help=error.help
        )
        return Outcome(diagnostics=(unfillable,))
    if not filled.names_known:
        return NOTHING
    query = _Query(step, inputs, tools, filled)
    schema = query.schema()
    if any(diagnostic.is_error for diagnostic in query.found):
        schema = None
    return Outcome(dict.fromkeys(step.outputs, schema), tuple(query.found))


@dataclass(frozen=True)
class _Statement:
    text: str
    start: int  # in the filled query


class _Query:
    def __init__(self, step: Step, inputs: Mapping[str, Schema | None], tools: Tools, filled: Filled) -> None:
        self.step = step
        self.tools = tools
        self.filled = filled
        self.tables: dict[str, Schema | None] = dict(inputs)
        self.found: list[Diagnostic] = []
        # Tables and functions of a catalog, or made by another step on the session that Spark steps share.
        closed = not any(name in tools.world.environ for name in _CATALOGS)
        closed = closed and not tools.pipeline.spark_makers - {step.name}
        self.tables_known = self.functions_known = closed

    def schema(self) -> Schema | None:
        """Returns what the last statement gives; tells what is wrong on the way."""
        statements = self._statements()
        if not statements:
            self.found.append(
                data_codes.SQL_SYNTAX.found(
                    "the query is empty", step=self.step.name, field="value",
                    span=place(self.step, "value", start=0), help="write a query",
                )
            )  # fmt: skip
            return None
        for statement in statements[:-1]:
            self._set_up(statement)
        last = statements[-1]
        examined = self._examine(last)
        self._tell(examined, last)
        if self._gives_no_rows(last):
            return None
        if self.tools.world.deep and not self.found and not self.filled.stand_ins and len(statements) == 1:
            from odibi_core.checks.spark.deep import analyse

            answer = analyse(last.text, self.tables)
            if answer is not None:
                self._tell(answer, last)
                return answer.schema
        return None if self.filled.stand_ins else examined.schema

    def _statements(self) -> list[_Statement]:
        found, at = [], 0
        for text in split_statements(self.filled.text):
            start = self.filled.text.find(text, at)
            found.append(_Statement(text, start))
            at = start + len(text)
        return found

    def _set_up(self, statement: _Statement) -> None:
        """Learns what a statement before the last makes known."""
        view = _view(statement.text)
        if view is not None:
            name, query, offset = view
            made = _Statement(query, statement.start + offset)
            examined = self._examine(made)
            self._tell(examined, made)
            self.tables[name] = examined.schema
            return
        words = statement.text.split(maxsplit=1)
        if is_query(statement.text) or words[0].lower() in _HARMLESS:
            return
        self.tables_known = self.functions_known = False

    def _examine(self, statement: _Statement) -> Examined:
        stand_ins = bool(self.filled.stand_ins)
        return examine_spark(
            statement.text, self.tables, tables_known=self.tables_known,
            functions_known=self.functions_known,
            blind=(lambda start, end: self._stands_in(statement, start, end)) if stand_ins else None,
        )  # fmt: skip

    def _stands_in(self, statement: _Statement, start: int, end: int) -> bool:
        return self.filled.stands_in(*self._at(statement, start, end))

    def _at(self, statement: _Statement, start: int, end: int) -> tuple[int, int]:
        return self.filled.rewritten.back(statement.start + start, statement.start + end)

    def _tell(self, examined: Examined, statement: _Statement) -> None:
        for mistake in examined.mistakes:
            self.found.append(self._told(mistake, statement))

    def _told(self, mistake: Mistake, statement: _Statement) -> Diagnostic:
        text = SqlText(
            self.step, ("value",), self.tables, self.tools.pipeline, self.step.value,
            lambda start, end: self._at(statement, start, end),
        )  # fmt: skip
        said = tell(mistake, text)
        # Functions can be registered on the session, so a name nobody knows is no more than likely wrong.
        return replace(said, severity="warning") if mistake.problem.kind == "function" else said

    def _gives_no_rows(self, statement: _Statement) -> bool:
        words = statement.text.split(maxsplit=1)
        if is_query(statement.text) or words[0].lower() not in ("create", "drop", "insert", "alter", "use"):
            return False
        start, end = self._at(statement, 0, len(words[0]))
        shown = words[0].upper()
        self.found.append(
            data_codes.NO_ROWS.found(
                f"the last statement, {shown}, gives no rows", step=self.step.name, field="value",
                span=place(self.step, "value", start=start, end=end),
                help="end the query with a SELECT; what it gives is the result",
            )
        )  # fmt: skip
        return True


def _view(text: str) -> tuple[str, str, int] | None:
    """Returns name, query and where the query begins of `CREATE TEMPORARY VIEW ... AS ...`."""
    found = re.match(
        r"create\s+(?:or\s+replace\s+)?(?:global\s+)?temp(?:orary)?\s+view\s+(?:if\s+not\s+exists\s+)?"
        r"(?:`([^`]+)`|(\w+))\s+as\s+",
        text,
        re.IGNORECASE,
    )
    if found is None or not is_query(text[found.end() :]):
        return None
    return found[1] or found[2], text[found.end() :], found.end()
