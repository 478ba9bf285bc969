"""Lab: DuckDB that can touch nothing outside, where queries are described over empty typed tables."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, TypeVar

from odibi_core.checks.schemas import Schema
from odibi_core.checks.sql.lab_errors import LabInterruptedError, SqlProblem, problem_of
from odibi_core.checks.sql.tree import SqlTree, tree_of
from odibi_core.config.sql_text import DUCKDB
from odibi_core.engine.duckdb_session import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

    import duckdb

SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    # A misspelled table would otherwise resolve to a Python variable of that name.
    "python_enable_replacements": "false",
    "errors_as_json": "true",
    "temp_directory": "",
    "threads": "1",
    "memory_limit": "512MB",
}
_DESCRIBE = "DESCRIBE "
_PREPARE = (
    "PREPARE odibi_serialize AS "
    "SELECT json_serialize_sql(?, skip_default := true, skip_empty := true, skip_null := true)"
)
_ANSWERS_KEPT = 4_000
_T = TypeVar("_T")
# What is known to be there and nothing else: it fits everywhere, so that nothing false is said of it.
_UNKNOWN = '"NULL"'


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a text of SQL.

    Attributes:
        text: The statement, with what follows it up to the next.
        start: Where it begins in the text.
        kind: DuckDB's word for it: SELECT, CREATE, SET, MULTI (a PIVOT), …
        is_select: Whether it is a query.
        gives_rows: Whether a step's SQL may end with it.
    """

    text: str
    start: int
    kind: str
    is_select: bool
    gives_rows: bool


class Lab:
    """An in-memory DuckDB that executes no user's SQL: it only says what a query would give, or why not.

    It opens when first used. One thread at a time uses it; any may call `interrupt`.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._tables: dict[str, tuple[str, Schema]] = {}
        self._functions: frozenset[str] | None = None
        self._types: frozenset[str] | None = None
        self._answers: dict[Hashable, Any] = {}

    def recall(self, key: Hashable, work: Callable[[], _T]) -> _T:
        """Returns what `work` came to under this key before, or else now; the last few thousand are kept."""
        with self._lock:
            if key in self._answers:
                answer: _T = self._answers[key]
                return answer
        answer = work()
        with self._lock:
            if len(self._answers) >= _ANSWERS_KEPT:
                del self._answers[next(iter(self._answers))]
            self._answers[key] = answer
        return answer

    def describe(self, sql: str, tables: Mapping[str, Schema]) -> Schema:
        """Returns the schema of what a query gives.

        Args:
            sql: One statement that gives rows, as `extract_statements` cuts it; it is not executed.
            tables: The tables it knows, by name. A column whose type is None fits anywhere.

        Raises:
            SqlProblem: DuckDB refuses it.
        """
        import duckdb

        with self._lock:
            cursor = self._open()
            _check_text(sql)
            try:
                self._lay_out(cursor, tables)
            except (duckdb.Error, UnicodeEncodeError, TypeError, RuntimeError) as error:
                # A name or type that DuckDB does not take as a table's: nothing is said of the query.
                self.close()
                raise SqlProblem("internal", str(error)) from None
            try:
                rows = self._rows(_DESCRIBE + sql)
            except duckdb.Error as error:
                problem = problem_of(error, sql, len(_DESCRIBE))
                if problem.kind == "internal":
                    self.close()  # DuckDB's own faults make the whole database refuse to work
                raise problem from None
            names = self._as_written([row[0] for row in rows], sql)
        return Schema.of(
            (name, None if row[1] == _UNKNOWN else row[1]) for name, row in zip(names, rows, strict=True)
        )

    def _as_written(self, names: list[str], sql: str) -> list[str]:
        """Returns the names of a result's columns in the case in which a run gives them.

        Of `SELECT "Id" AS id` DESCRIBE tells the name of the column (DuckDB 2.0), except through a WITH.
        """
        import duckdb

        folded = sql.casefold()
        if all(sql.count(name) == folded.count(name.casefold()) for name in names):
            return names
        try:
            rows = self._rows(f"{_DESCRIBE}WITH odibi AS ({sql.rstrip().rstrip(';')}\n) FROM odibi")
        except duckdb.Error:
            return names
        if len(rows) != len(names):
            return names
        # A name that is there twice gets a number there.
        written = [row[0] for row in rows]
        return [
            new if new.casefold() == old.casefold() else old for new, old in zip(written, names, strict=True)
        ]

    def statements(self, sql: str) -> list[Statement]:
        """Returns the statements of a text, without running any.

        Raises:
            SqlProblem: It is not SQL.
        """
        return self.recall(("statements", sql), lambda: self._cut(sql))

    def _cut(self, sql: str) -> list[Statement]:
        import duckdb

        from odibi_core.engine.duckdb_workspace import gives_rows, is_select

        _check_text(sql)
        with self._lock:
            try:
                found = self._open().extract_statements(sql)
            except duckdb.InterruptException:
                raise LabInterruptedError("the check was interrupted") from None
            except duckdb.Error as error:
                raise problem_of(error, sql, 0) from None
            statements: list[Statement] = []
            end = len(sql)
            for statement in reversed(found):
                # Each begins where the one before ends; only what stands before the first is left out.
                text = statement.query
                start = end - len(text)
                if sql[start:end] != text:
                    start = sql.rfind(text, 0, end)
                name = statement.type.name
                statements.append(
                    Statement(text, max(start, 0), name, is_select(statement), gives_rows(statement))
                )
                end = start
            return statements[::-1]

    def tree(self, sql: str) -> SqlTree | None:
        """Returns what a query is made of, by DuckDB's parser; None for what is no SELECT."""
        parsed = self.parsed(sql)
        return None if parsed is None else tree_of(parsed, sql)

    def parsed(self, sql: str) -> dict[str, Any] | None:
        """Returns a query as DuckDB's parser serializes it; None for what it does not know."""
        import duckdb

        literal = DUCKDB.quote_text(sql)  # a prepared statement takes no parameter here
        try:
            ((text,),) = self._rows(f"EXECUTE odibi_serialize({literal})")
        except duckdb.Error:
            return None  # its parser takes statements that the serializer does not know
        try:
            found: dict[str, Any] = json.loads(text)
        except RecursionError:
            return None  # deeper than Python reads: some hundred operators in a row
        return None if found.get("error") else found

    def written(self, node: dict[str, Any]) -> str | None:
        """Returns the text of a query that the parser has serialized; None where it cannot be written."""
        import duckdb

        whole = json.dumps({"error": False, "statements": [{"node": node, "named_param_map": []}]})
        try:
            ((text,),) = self._rows("SELECT json_deserialize_sql(?::JSON)", [whole])
        except duckdb.Error:
            return None
        return str(text)

    def refused(self, select: str, values: Sequence[str] = ()) -> str | None:
        """Returns why a SELECT of our own fails to convert a constant; None where it does not fail."""
        import duckdb

        try:
            self._rows(select, list(values))
        except duckdb.ConversionException as error:
            return problem_of(error, select, 0).message
        except duckdb.Error:
            return None
        return None

    def tried(self, select: str) -> str | None:
        """Returns why a SELECT of our own over constants fails when worked out; None where it does not."""
        import duckdb

        refusals = (
            duckdb.ConversionException, duckdb.InvalidInputException, duckdb.OutOfRangeException,
            duckdb.NotImplementedException,
        )  # fmt: skip

        def work() -> str | None:
            try:
                self._execute(select)  # its rows may need packages to be Python's
            except refusals as error:
                return problem_of(error, select, 0).message
            except duckdb.Error:
                return None
            return None

        with self._lock:
            return self.recall(("tried", select), work)

    def functions(self) -> frozenset[str]:
        """Returns the names of all functions there are."""
        with self._lock:
            if self._functions is None:
                rows = self._open().execute("SELECT DISTINCT function_name FROM duckdb_functions()")
                self._functions = frozenset(name for (name,) in rows.fetchall())
            return self._functions

    def types(self) -> frozenset[str]:
        """Returns the names of all types there are, in upper case."""
        with self._lock:
            if self._types is None:
                rows = self._open().execute("SELECT DISTINCT upper(type_name) FROM duckdb_types()")
                self._types = frozenset(name for (name,) in rows.fetchall())
            return self._types

    def settings(self) -> frozenset[str]:
        """Returns the names of all settings there are."""

        def work() -> frozenset[str]:
            return frozenset(name for (name,) in self._rows("SELECT name FROM duckdb_settings()"))

        return self.recall("settings", work)

    def interrupt(self) -> None:
        """Ends what it is doing, from any thread; harmless when idle."""
        connection = self._connection
        if connection is not None:
            connection.interrupt()

    def close(self) -> None:
        """Closes the database; the next use opens another."""
        with self._lock:
            connection, self._connection = self._connection, None
            self._tables.clear()
            self._answers.clear()
            if connection is not None:
                connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _rows(self, sql: str, values: Sequence[str] = ()) -> list[Any]:
        with self._lock:
            return self._execute(sql, values).fetchall()

    def _execute(self, sql: str, values: Sequence[str] = ()) -> duckdb.DuckDBPyConnection:
        """Executes what is ours.

        Raises:
            LabInterruptedError: `interrupt` was called.
            duckdb.Error: DuckDB refuses it.
        """
        import duckdb

        try:
            return self._open().execute(sql, values) if values else self._open().execute(sql)
        except duckdb.InterruptException:
            raise LabInterruptedError("the check was interrupted") from None

    def _open(self) -> duckdb.DuckDBPyConnection:
        if self._connection is None:
            import duckdb

            connection = duckdb.connect(":memory:", config=SETTINGS)
            connection.execute("SET GLOBAL TimeZone = 'UTC'")
            connection.execute("SET lock_configuration = true")
            connection.execute(_PREPARE)  # planned anew for each query it would take twice the time
            self._connection = connection
        return self._connection

    def _lay_out(self, cursor: duckdb.DuckDBPyConnection, tables: Mapping[str, Schema]) -> None:
        """Makes exactly these tables known; those that are there already with the same columns stay."""
        wanted = {name.casefold(): (name, schema) for name, schema in tables.items()}
        for folded in [folded for folded in self._tables if folded not in wanted]:
            cursor.execute(f"DROP TABLE {quoted(self._tables.pop(folded)[0])}")
        for folded, (name, schema) in wanted.items():
            if self._tables.get(folded) == (name, schema):
                continue
            columns = ", ".join(
                f"{quoted(column.name)} {column.type or _UNKNOWN}" for column in schema.columns
            )
            cursor.execute(f"CREATE OR REPLACE TABLE {quoted(name)} ({columns})")
            self._tables[folded] = (name, schema)


def _check_text(sql: str) -> None:
    """Raises SqlProblem for half a character (a lone surrogate), which no database takes."""
    try:
        sql.encode()
    except UnicodeEncodeError as error:
        raise SqlProblem("internal", str(error)) from None


__all__ = ["SETTINGS", "Lab", "SqlProblem", "Statement"]
