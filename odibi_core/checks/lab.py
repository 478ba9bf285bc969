"""Lab: DuckDB that can touch nothing outside, where queries are described over empty typed tables."""

from __future__ import annotations

import json
import os
import re
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, TypeVar

from odibi_core.checks.lab_errors import LabInterruptedError, SqlProblem, problem_of
from odibi_core.checks.schemas import Schema
from odibi_core.checks.sql_tree import SqlTree, tree_of
from odibi_core.engine.duckdb_session import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

    import duckdb

_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
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
_FILES_KEPT = 1_000
_ANSWERS_KEPT = 4_000
_T = TypeVar("_T")
_TYPE = re.compile(r"[A-Za-z_][\w ]*(?:\(\s*\d+(?:\s*,\s*\d+)?\s*\))?(?:\[\])*")
_FAMILY = re.compile(r"\(.*\)")
# A value of each type that others may not be made of; texts are made anything, or not, one by one.
_SAMPLES = {
    "BOOLEAN": "TRUE", "TINYINT": "1::TINYINT", "SMALLINT": "1::SMALLINT", "INTEGER": "1::INTEGER",
    "BIGINT": "1::BIGINT", "HUGEINT": "1::HUGEINT", "UTINYINT": "1::UTINYINT", "USMALLINT": "1::USMALLINT",
    "UINTEGER": "1::UINTEGER", "UBIGINT": "1::UBIGINT", "FLOAT": "1::FLOAT", "DOUBLE": "1::DOUBLE",
    "DECIMAL": "1::DECIMAL(4, 2)", "DATE": "DATE '2000-01-01'", "TIME": "TIME '10:00:00'",
    "TIMESTAMP": "TIMESTAMP '2000-01-01'", "TIMESTAMP_S": "TIMESTAMP_S '2000-01-01'",
    "TIMESTAMP_MS": "TIMESTAMP_MS '2000-01-01'", "TIMESTAMP_NS": "TIMESTAMP_NS '2000-01-01'",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMPTZ '2000-01-01'", "INTERVAL": "INTERVAL 1 DAY",
    "BLOB": "'1'::BLOB", "UUID": "uuid()",
}  # fmt: skip
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
        self._files: dict[tuple[str, int, int, int], Schema | None] = {}
        self._types_called: dict[str, str | None] = {}
        self._refusals: dict[tuple[str, str], str | None] = {}
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
                rows = cursor.execute(_DESCRIBE + sql).fetchall()
            except duckdb.InterruptException:
                raise LabInterruptedError("the check was interrupted") from None
            except duckdb.Error as error:
                problem = problem_of(error, sql, len(_DESCRIBE))
                if problem.kind == "internal":
                    self.close()  # DuckDB's own faults make the whole database refuse to work
                raise problem from None
        return Schema.of((row[0], None if row[1] == _UNKNOWN else row[1]) for row in rows)

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

        query = "SELECT json_serialize_sql(?, skip_default := true, skip_empty := true, skip_null := true)"
        with self._lock:
            try:
                ((text,),) = self._open().execute(query, [sql]).fetchall()
            except duckdb.Error:
                return None  # its parser takes statements that the serializer does not know
        found: dict[str, Any] = json.loads(text)
        return None if found.get("error") else found

    def type_called(self, text: str) -> str | None:
        """Returns DuckDB's own name of a type; None where there is none, or it has more to it than a name."""
        if text not in self._types_called:
            found = None
            if _TYPE.fullmatch(text):
                try:
                    found = self.describe(f"SELECT CAST(NULL AS {text})", {}).columns[0].type
                except SqlProblem:
                    found = None
            self._types_called[text] = found
        return self._types_called[text]

    def refuses_text(self, text: str, kind: str) -> str | None:
        """Returns why a text cannot be converted to a type, as DuckDB says it; None where it can.

        Args:
            text: The text.
            kind: DuckDB's name of the type, as `type_called` gives it.
        """
        return self._refused(f"SELECT CAST(? AS {kind})", [text])

    def refuses_type(self, kind: str, to: str) -> str | None:
        """Returns why no value of a type can be converted to another one; None where some can, or unknown."""
        sample = _SAMPLES.get(_FAMILY.sub("", kind))
        if sample is None or kind == to:
            return None
        key = (sample, to)
        if key not in self._refusals:
            why = self._refused(f"SELECT CAST({sample} AS {to})", [])
            self._refusals[key] = why if why is not None and why.startswith("Unimplemented type") else None
        return self._refusals[key]

    def _refused(self, select: str, values: list[str]) -> str | None:
        """Returns why a SELECT of our own over one value fails; None where it does not."""
        import duckdb

        with self._lock:
            try:
                self._open().execute(select, values).fetchall()
            except duckdb.ConversionException as error:
                return problem_of(error, select, 0).message
            except duckdb.Error:
                return None
        return None

    def columns_of_file(self, call: str, path: str) -> Schema | None:
        """Returns the columns that a reading gives; None where DuckDB cannot tell.

        Args:
            call: What stands behind FROM, in our own words: a reader with literals, or a quoted path.
            path: The one file that may be read for it.
        """
        import duckdb

        found = os.stat(path)  # noqa: PTH116 - as looked at
        key = (call, found.st_mtime_ns, found.st_size, found.st_ino)
        if key in self._files:
            return self._files[key]
        settings = {name: value for name, value in _SETTINGS.items() if name != "enable_external_access"}
        schema = None
        with duckdb.connect(":memory:", config=settings) as reading:
            reading.execute("SET GLOBAL TimeZone = 'UTC'")
            reading.execute("SET allowed_paths = ?", [[path]])
            reading.execute("SET enable_external_access = false")
            reading.execute("SET lock_configuration = true")
            try:
                rows = reading.execute(f"DESCRIBE SELECT * FROM {call}").fetchall()
                schema = Schema.of((row[0], row[1]) for row in rows)
            except duckdb.Error:
                schema = None
        if len(self._files) >= _FILES_KEPT:
            self._files.clear()
        self._files[key] = schema
        return schema

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

    def _open(self) -> duckdb.DuckDBPyConnection:
        if self._connection is None:
            import duckdb

            connection = duckdb.connect(":memory:", config=_SETTINGS)
            connection.execute("SET GLOBAL TimeZone = 'UTC'")
            connection.execute("SET lock_configuration = true")
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


__all__ = ["Lab", "SqlProblem", "Statement"]
