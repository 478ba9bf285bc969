"""infer_sql: what SQL on the pandas and duckdb engines makes of its inputs, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from odibi_core.checks import codes
from odibi_core.checks.codes import data_codes
from odibi_core.checks.crossing import of_query
from odibi_core.checks.files.presence import nearest_name
from odibi_core.checks.outcome import NOTHING, Outcome
from odibi_core.checks.pipeline import place
from odibi_core.checks.placeholders import malformed
from odibi_core.checks.schemas import Column, Schema
from odibi_core.checks.sql.altered import alter
from odibi_core.checks.sql.examine import Mistake, examine
from odibi_core.checks.sql.expanding import expanded, has_unnamed, quoted_names
from odibi_core.checks.sql.files import FileRead, with_files
from odibi_core.checks.sql.filling import Filled, fill
from odibi_core.checks.sql.inserts import too_many_names, too_many_or_few
from odibi_core.checks.sql.keywords import misspelled_keyword
from odibi_core.checks.sql.lab_errors import SqlProblem
from odibi_core.checks.sql.pivot import as_static_pivot
from odibi_core.checks.sql.places import find_place
from odibi_core.checks.sql.prepared import Prepared
from odibi_core.checks.sql.settings import unknown_settings
from odibi_core.checks.sql.setup import Known, learn, made_by
from odibi_core.checks.sql.told import SqlText, tell
from odibi_core.config.placeholders import find_placeholders
from odibi_core.errors import StepOptionError
from odibi_core.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from odibi_core.checks.sql.lab import Statement
    from odibi_core.checks.sql.rewriting import Rewritten
    from odibi_core.checks.sql.setup import Made
    from odibi_core.checks.tools import Tools
    from odibi_core.core.node import Step
    from odibi_core.diagnostics import Diagnostic

# What a value that only the run knows may be: what stands for it is told of only where it is so for all.
_STAND_INS = (None, "odibi", 1)


def infer_sql(step: Step, inputs: Mapping[str, Schema | None], tools: Tools) -> Outcome:
    """Returns the schema of a step's query, and every mistake in it that is certain."""
    if step.layer == "ingest":
        inputs = {}  # it only waits for them
    if not step.value.strip():
        return NOTHING  # what lacks is told by the rules about the step itself
    if "${" in step.value and any(found.breaks_sql for found in malformed(step.value, in_sql=True)):
        return NOTHING  # told already; no SQL as it stands
    twins = _names_in_case(step)
    if twins is not None:
        return Outcome(diagnostics=(twins,))
    query = _Query(step, inputs, tools)
    try:
        statements = query.taken_apart()
    except StepOptionError as error:
        return Outcome(diagnostics=(_unfillable(step, error, tools),))
    schema = query.schema_of(statements) if statements else None
    looked_at = tuple(query.looked_at)
    if schema is None or any(found.is_error for found in query.found):
        return Outcome(diagnostics=tuple(query.found), looked_at=looked_at)
    schema = of_query(schema, step.engine, list(inputs.values()))
    return Outcome(dict.fromkeys(step.outputs, schema), tuple(query.found), looked_at)


class _Query:
    """The SQL of one step under check."""

    def __init__(self, step: Step, inputs: Mapping[str, Schema | None], tools: Tools) -> None:
        self.step = step
        self.inputs = inputs
        self.tools = tools
        self.filled: Filled
        self.found: list[Diagnostic] = []
        self.looked_at: list[str] = []

    def taken_apart(self) -> list[Statement]:
        """Returns the statements of the query; none where it has a mistake that is told."""
        first: SqlProblem | None = None
        filled: Filled | None = None
        for stand_in in _STAND_INS:
            self.filled = fill(self.step.value, self.tools.world, stand_in=stand_in)
            filled = filled or self.filled
            try:
                statements = self.tools.lab.statements(self.filled.text)
            except SqlProblem as problem:
                first = first or problem
                if not self.filled.stand_ins:
                    break
                continue
            if not statements:
                self.found.append(_empty(self.step))
            return statements
        if first is not None and filled is not None and first.kind != "internal":
            self.filled = filled
            self._tell(self._syntax_mistake(first), 0, {})
        return []

    def _syntax_mistake(self, problem: SqlProblem) -> Mistake:
        sql = self.filled.text
        if problem.kind == "syntax":
            found = misspelled_keyword(sql, problem, self.tools.lab, self._names())
            if found is not None and not self._stands_in(found[0], found[1], 0):
                start, end, keyword = found
                return Mistake(problem.at(start, end), keyword, certain=True)
        if not problem.has_place:
            return Mistake(problem.at(*(find_place(problem, sql) or (None, None))))
        return Mistake(problem)

    def _names(self) -> Iterator[str]:
        """Yields what the inputs and their columns are called."""
        for name, schema in self.inputs.items():
            yield name
            yield from () if schema is None else schema.names

    def schema_of(self, statements: list[Statement]) -> Schema | None:
        """Returns the schema of what the last statement gives; tells what is wrong on the way."""
        known = Known.of(self.inputs)
        for statement in statements[:-1]:
            self._set_up(statement, known)
        last = statements[-1]
        if not last.gives_rows:
            self._tell_no_rows(last)
            return None
        if not self.filled.names_known or known.leaves_open(last.text):
            return None
        if not last.is_select:
            return self._returned(last, known)
        if last.kind == "MULTI":
            self._look_at_pivot(last, known)
            return None
        schema = self._examined(last.text, last.start, known)
        return schema if schema is None or not self.filled.stand_ins else self._certain(schema, statements)

    def _set_up(self, statement: Statement, known: Known) -> None:
        quiet = known.leaves_open(statement.text) or not self.filled.names_known
        prepared = Prepared(statement, known, self.tools.lab)
        if not quiet:
            self._look_at_prepared(prepared, statement, known)
            if statement.kind in ("SET", "PRAGMA"):
                self._look_at_settings(statement.text, statement.start, known)
        if prepared.is_there_already():
            return
        made = made_by(statement)
        if made is not None:
            prepared.note(None if quiet else self._made(made, statement, known))
            return
        if statement.kind == "SELECT" and not quiet:
            self._examined(statement.text, statement.start, known)
        if prepared.note(prepared.columns()) or prepared.note_drop():
            return
        if not alter(statement, known, self.tools.lab):
            learn(statement, known)

    def _made(self, made: Made, statement: Statement, known: Known) -> Schema | None:
        """Returns the columns of a table or view that is made of a query; tells what is wrong with it."""
        schema = self._examined(made.query, statement.start + made.start, known)
        named = None if schema is None else made.named(schema)
        if schema is not None and named is None and made.columns_at is not None:
            start, end = made.columns_at
            if not self._stands_in(start, end, statement.start):
                problem = too_many_names(made.name, len(schema.columns), len(made.columns))
                self._tell(Mistake(problem.at(start, end)), statement.start, known.tables)
        return named

    def _returned(self, statement: Statement, known: Known) -> Schema | None:
        """Returns what a statement that changes a table gives back; tells what is wrong with it."""
        prepared = Prepared(statement, known, self.tools.lab)
        self._look_at_prepared(prepared, statement, known)
        select = prepared.returned()
        if select is None:
            return None
        schema = self._look_at_rewritten(select, statement, known, types_known=known.types_known)
        return None if self.filled.stand_ins else schema

    def _look_at_settings(self, sql: str, base: int, known: Known) -> None:
        for mistake in unknown_settings(sql, self.tools.lab):
            if not self._stands_in(mistake.problem.start or 0, mistake.problem.end or 0, base):
                self._tell(mistake, base, known.tables)

    def _look_at_prepared(self, prepared: Prepared, statement: Statement, known: Known) -> None:
        """Tells what is wrong with a statement that makes or changes a table."""
        mistakes = list(prepared.mistakes())
        for mistake in mistakes:
            problem = mistake.problem
            if not self._stands_in(problem.start or 0, problem.end or 0, statement.start):
                self._tell(mistake, statement.start, known.tables)
        insert = None if mistakes else prepared.insert()
        rows = None if insert is None else insert.rows()
        if rows is not None:
            schema = self._examined(rows.text, statement.start + rows.start, known)
            given = None if schema is None or self.filled.stand_ins else len(schema.columns)
            if given is not None and rows.wanted not in (None, given):
                problem = too_many_or_few(rows.table, rows.wanted or 0, given)
                place = problem.at(rows.start, rows.start + len(rows.text))
                self._tell(Mistake(place), statement.start, known.tables)
            for mistake in () if given is None or schema is None else rows.strangers(schema):
                self._tell(mistake, statement.start, known.tables)
        values = None if insert is None else insert.values()
        if values is not None:
            self._look_at_rewritten(
                values, statement, known, types_known=known.types_known, hides_edits=False
            )
        select = None if mistakes else prepared.as_select()
        if select is not None:
            self._look_at_rewritten(select, statement, known, types_known=False)

    def _look_at_pivot(self, statement: Statement, known: Known) -> None:
        """Tells what is wrong with a PIVOT whose columns the data decides."""
        static = as_static_pivot(statement.text)
        if static is not None:
            self._look_at_rewritten(static, statement, known, types_known=known.types_known)

    def _look_at_rewritten(
        self,
        query: Rewritten,
        statement: Statement,
        known: Known,
        *,
        types_known: bool,
        hides_edits: bool = True,
    ) -> Schema | None:
        """Returns what a query gives that stands for a statement; tells its mistakes."""
        if not self._is_query(query.text):
            return None
        if known.macros or known.sequences:
            called = expanded(query.text, known.macros, known.sequences)
            if called is None or called.edits:
                return None
        examined = examine(
            self.tools.lab, query.text, known.tables, types_known=types_known,
            blind=lambda start, end: self._stands_in(*query.back(start, end), statement.start)
            or (hides_edits and query.touches(start, end)),
        )  # fmt: skip
        for mistake in examined.mistakes:
            self._tell(mistake.moved(query), statement.start, known.tables)
        return examined.schema

    def _is_query(self, sql: str) -> bool:
        try:
            return [found.kind for found in self.tools.lab.statements(sql)] == ["SELECT"]
        except SqlProblem:
            return False

    def _examined(self, sql: str, base: int, known: Known) -> Schema | None:
        called = expanded(sql, known.macros, known.sequences)
        if called is None or known.leaves_open(sql):
            return None
        is_unnamed = bool(called.edits) and has_unnamed(self.tools.lab, called)
        if is_unnamed and any("(" in name for name in quoted_names(sql)):
            return None  # which may be one of those
        self._look_at_settings(sql, base, known)
        blind = None
        if self.filled.stand_ins or called.edits:
            blind = lambda start, end: (  # noqa: E731
                called.touches(start, end) or self._stands_in(*called.back(start, end), base)
            )
        files = with_files(called.text, self.tools.lab, self.tools.world.cwd, blind)
        self.looked_at += files.looked_at
        for file in files.missing:
            self._tell_missing(file, called, base)
        tables = {**known.tables, **files.tables}
        examined = examine(
            self.tools.lab, files.sql.text, tables, types_known=known.types_known,
            blind=blind and (lambda start, end: blind(*files.sql.back(start, end))),
        )  # fmt: skip
        for mistake in examined.mistakes:
            self._tell(mistake.moved(files.sql).moved(called), base, tables)
        return None if is_unnamed else examined.schema

    def _certain(self, schema: Schema, statements: list[Statement]) -> Schema | None:
        """Returns what of a schema does not depend on values that only the run knows."""
        if len(statements) > 1:
            return None
        answers = [answer for answer in map(self._with_stand_in, _STAND_INS) if answer is not None]
        if len(answers) < 2 or any(answer.names != schema.names for answer in answers):
            return None
        columns = zip(*(answer.columns for answer in answers), strict=True)
        return Schema(
            tuple(
                Column(same[0].name, same[0].type if len({column.type for column in same}) == 1 else None)
                for same in columns
            )
        )

    def _with_stand_in(self, stand_in: Any) -> Schema | None:
        """Returns what the query gives where `stand_in` is what only the run knows."""
        filled = fill(self.step.value, self.tools.world, stand_in=stand_in)
        try:
            (statement,) = self.tools.lab.statements(filled.text)
            return self.tools.lab.describe(
                statement.text, {name: schema for name, schema in self.inputs.items() if schema is not None}
            )
        except SqlProblem:
            return None

    def _stands_in(self, start: int, end: int, base: int) -> bool:
        return self.filled.stands_in(*self._written(start, end, base))

    def _written(self, start: int, end: int, base: int) -> tuple[int, int]:
        return self.filled.rewritten.back(base + start, base + end)

    def _tell(self, mistake: Mistake, base: int, tables: Mapping[str, Schema | None]) -> None:
        text = SqlText(
            self.step, ("value",), tables, self.tools.pipeline, self.step.value,
            lambda start, end: self._written(start, end, base),
        )  # fmt: skip
        self.found.append(tell(mistake, text))

    def _tell_missing(self, file: FileRead, called: Rewritten, base: int) -> None:
        """Tells of a file that is not there, unless the run may write it."""
        start, end = self._written(*called.back(file.start, file.end), base)
        written = (self.tools.world.resolve(value) for value in self.tools.pipeline.writers)
        if any(str(path) == file.path for path in written):
            return
        close = nearest_name(Path(file.path))
        self.found.append(
            codes.MISSING_SOURCE.found(
                f"the file `{one_line(file.written)}` does not exist", step=self.step.name, field="value",
                span=place(self.step, "value", start=start, end=end),
                help=f"a file `{close}` exists there" if close
                else "in SQL, names are relative to the current directory",
            )
        )  # fmt: skip

    def _tell_no_rows(self, statement: Statement) -> None:
        text = statement.text.split("\n")[0].rstrip().rstrip(";")
        start, end = self._written(0, max(len(text), 1), statement.start)
        self.found.append(
            data_codes.NO_ROWS.found(
                f"the last statement gives no rows: `{one_line(self.step.value[start:end])[:60]}`",
                step=self.step.name, field="value", span=place(self.step, "value", start=start, end=end),
                help="end the query with a SELECT; what it gives is the result",
            )
        )  # fmt: skip


def _names_in_case(step: Step) -> Diagnostic | None:
    """Returns what is wrong with inputs that SQL cannot tell apart."""
    if len(step.inputs) < 2 or step.layer == "ingest":
        return None
    first: dict[str, str] = {}
    for local in step.inputs:
        other = first.setdefault(local.casefold(), local)
        if other != local:
            return data_codes.NAMES_IN_CASE.found(
                f"`{other}` and `{local}` are one name in SQL, which ignores case", step=step.name,
                field=f"inputs.{local}", span=place(step, "inputs", local, key=True),
                help="give one of them another local name",
            )  # fmt: skip
    return None


def _empty(step: Step) -> Diagnostic:
    return data_codes.NO_ROWS.found(
        "the query is empty", step=step.name, field="value", span=place(step, "value", start=0),
        help="write a SELECT",
    )  # fmt: skip


def _unfillable(step: Step, error: StepOptionError, tools: Tools) -> Diagnostic:
    start, end = 0, None
    for placeholder in find_placeholders(step.value):
        try:
            # Whether it is in quotes is decided by what stands before it.
            fill(step.value[: placeholder.end], tools.world)
        except StepOptionError:
            start, end = placeholder.start, placeholder.end
            break
    return data_codes.UNFILLABLE_VALUE.found(
        error.message, step=step.name, field="value", span=place(step, "value", start=start, end=end),
        help=error.help,
    )  # fmt: skip
