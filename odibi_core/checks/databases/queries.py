"""DatabaseQuery: a query that a step sends to a SQLite or DuckDB file, judged without executing it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from odibi_core.checks.codes import data_codes
from odibi_core.checks.pipeline import place
from odibi_core.checks.schemas import Schema
from odibi_core.checks.sql.examine import Mistake, examine
from odibi_core.checks.sql.filling import Filled, fill
from odibi_core.checks.sql.lab_errors import SqlProblem
from odibi_core.checks.sql.told import SqlText, tell
from odibi_core.config.sql_text import DUCKDB, SQLITE
from odibi_core.errors import StepOptionError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from odibi_core.checks.tools import Tools
    from odibi_core.core.node import Step
    from odibi_core.diagnostics import Diagnostic
    from odibi_core.formats.database_look import Catalogue
    from odibi_core.formats.looks import ArrowColumns


def params_mismatch(wanted: Collection[str], params: Any) -> str | None:
    """Returns why values are not those of a statement's placeholders; None where they are."""
    given = (
        {str(name) for name in params}
        if isinstance(params, dict)
        else set(map(str, range(1, len(params) + 1)))
    )
    if given == set(wanted):
        return None
    if not wanted:
        return "it has no placeholders"
    if isinstance(params, dict) or not all(name.isdecimal() for name in wanted):
        return f"its placeholders are {', '.join(f'`{name}`' for name in sorted(wanted))}"
    return f"it has {len(wanted)} placeholder{'s' if len(wanted) > 1 else ''}, not {len(given)}"


class DatabaseQuery:
    """A query and the database it goes to.

    Attributes:
        found: What is wrong with it.

    Args:
        step: The step that sends it.
        field: The field that holds it.
        tools: What may be used.
        catalogue: What the database has.
    """

    def __init__(self, step: Step, field: tuple[str | int, ...], tools: Tools, catalogue: Catalogue) -> None:
        self._step = step
        self._field = field
        self._tools = tools
        self._catalogue = catalogue
        self._written = step.value if field == ("value",) else str(step.params[str(field[-1])])
        self.found: list[Diagnostic] = []
        self._filled: Filled | None = None
        try:
            dialect = SQLITE if catalogue.kind == "sqlite" else DUCKDB
            self._filled = fill(self._written, tools.world, dialect=dialect)
        except StepOptionError as error:
            self.found.append(
                data_codes.UNFILLABLE_VALUE.found(
                    error.message, step=step.name, field=".".join(map(str, field)),
                    span=place(step, *field, start=0), help=error.help,
                )
            )  # fmt: skip

    @property
    def is_known(self) -> bool:
        """Whether its names are known now."""
        return self._filled is None or self._filled.names_known

    def names(self, table: str) -> bool:
        """Whether a table's name stands somewhere in it."""
        return table.casefold() in self._written.casefold()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing in it to execute."""
        return self._filled is not None and not self._filled.text.strip()

    def refused_params(self, params: Any) -> str | None:
        """Returns why DuckDB does not take the values for the query's placeholders; None where it does."""
        import duckdb

        if (
            params is None
            or self._filled is None
            or self._catalogue.kind != "duckdb"
            or "${" in self._written
        ):
            return None
        try:
            statements = self._tools.desk.connection().extract_statements(self._filled.text)
        except duckdb.Error:  # told as a mistake of the query's
            return None
        return params_mismatch(statements[0].named_parameters, params) if len(statements) == 1 else None

    def columns(self, params: Any = None) -> ArrowColumns | None:
        """Returns its columns with their Arrow types; None where they are not known, or it has a mistake."""
        if self._filled is None or not self._filled.text.strip():
            return None
        if self._catalogue.kind == "sqlite":
            return self._on_sqlite(self._filled, params)
        return self._on_duckdb(self._filled) if params is None and self._catalogue.whole else None

    def _on_sqlite(self, filled: Filled, params: Any) -> ArrowColumns | None:
        from odibi_core.checks.databases.sqlite_queries import columns_in, examine_sqlite

        answer = examine_sqlite(self._catalogue, filled.text, params)
        mistake = answer.mistake
        if mistake is None:
            return answer.columns
        problem = mistake.problem
        if problem.start is not None and problem.end is not None:
            back = filled.rewritten.back(problem.start, problem.end)
            if filled.stands_in(*back):
                return None
        self._tell(mistake, columns_in(self._catalogue), 0)
        return None

    def _on_duckdb(self, filled: Filled) -> ArrowColumns | None:
        lab = self._tools.lab
        tables: dict[str, Schema | None] = {
            name: None if columns is None else Schema.of(columns)
            for name, columns in self._catalogue.tables.items()
        }
        try:
            statements = lab.statements(filled.text)
        except SqlProblem as problem:
            self._tell(Mistake(problem), tables, 0)
            return None
        if len(statements) != 1 or not statements[0].is_select:
            return None
        base = statements[0].start

        def is_blind(start: int, end: int) -> bool:
            return filled.stands_in(*filled.rewritten.back(base + start, base + end))

        examined = examine(lab, statements[0].text, tables, blind=is_blind)
        for mistake in examined.mistakes:
            self._tell(mistake, tables, base)
        if examined.schema is None:
            return None
        return self._tools.desk.arrow_columns(
            [(column.name, column.type) for column in examined.schema.columns]
        )

    def _tell(self, mistake: Mistake, tables: Mapping[str, Schema | None], base: int) -> None:
        filled = self._filled
        if filled is None:
            return
        text = SqlText(
            self._step, self._field, tables, self._tools.pipeline, self._written,
            lambda start, end: filled.rewritten.back(base + start, base + end), are_inputs=False,
        )  # fmt: skip
        self.found.append(tell(mistake, text))
