"""A cursor and the names known on it: where the SQL of one step, or of one person, runs."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from odibi_core.engine.duckdb_session import DuckDBSession, quoted
from odibi_core.errors import EngineError
from odibi_core.formats.arrow_structs import whole_structs
from odibi_core.text import one_line

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_RETURNING = re.compile(r"\breturning\b", re.IGNORECASE)


@dataclass(frozen=True)
class Query:
    """SQL taken apart: what prepares, and the last statement, which gives the rows."""

    setup: tuple[duckdb.Statement, ...]
    last: duckdb.Statement
    text: str  # of the last statement, without its semicolon
    is_select: bool  # can stand in CREATE TABLE ... AS


def is_select(statement: duckdb.Statement) -> bool:
    """Whether a statement is a query (a PIVOT, which DuckDB makes several of, is one too)."""
    import duckdb

    return statement.type in (duckdb.StatementType.SELECT, duckdb.StatementType.MULTI)


def gives_rows(statement: duckdb.Statement) -> bool:
    """Whether a statement may be the last one of a step: whether it gives rows."""
    import duckdb

    kinds = duckdb.StatementType
    if is_select(statement) or statement.type in (kinds.EXPLAIN, kinds.PRAGMA, kinds.CALL):
        return True
    changes = (kinds.INSERT, kinds.UPDATE, kinds.DELETE, kinds.MERGE_INTO)
    return statement.type in changes and _RETURNING.search(statement.query) is not None


class Workspace:
    """A cursor of a session with its own names. One thread at a time uses it; any may call `interrupt`."""

    def __init__(self, session: DuckDBSession, names: dict[str, str | pa.Table] | None = None) -> None:
        self.session = session
        self.lock = threading.RLock()
        self._cursor: duckdb.DuckDBPyConnection | None = None
        self._names: dict[str, str | pa.Table] = {}
        self._inherited = dict(names or {})
        self._schema: str | None = None

    @property
    def cursor(self) -> duckdb.DuckDBPyConnection:
        """The cursor, opened when first needed."""
        if self._cursor is None:
            with self.lock:
                if self._cursor is None:
                    self._cursor = self.session.cursor()
                    for name, what in self._inherited.items():
                        self.register(name, what)
        return self._cursor

    def names(self) -> dict[str, str | pa.Table]:
        """Returns what is registered: quoted table name or Arrow table by name."""
        return {**self._inherited, **self._names}

    def register(self, name: str, what: str | pa.Table) -> None:
        """Makes a table (by its quoted name) or Arrow table known under `name`, in place of an earlier one.

        Raises:
            EngineError: Another name differs from it in case only, which SQL cannot tell apart.
        """
        if not name:
            raise EngineError("a name to register is empty")
        with self.lock:
            cursor = self.cursor
            for other in self._names:
                if other != name and other.casefold() == name.casefold() and other not in self._inherited:
                    raise EngineError(f"`{name}` and `{other}` are one name in SQL, which ignores case")
            if isinstance(what, str):
                if name in self._names and not isinstance(self._names[name], str):
                    cursor.unregister(name)
                cursor.execute(f"CREATE OR REPLACE TEMP VIEW {quoted(name)} AS FROM {what}")
            else:
                if isinstance(self._names.get(name), str):
                    cursor.execute(f"DROP VIEW IF EXISTS temp.{quoted(name)}")
                cursor.register(name, whole_structs(what))
            self._names[name] = what

    def parse(self, query: str) -> Query:
        """Takes SQL apart.

        Setup statements (CREATE, SET, INSERT, ...) may stand before; the last must give rows.

        Raises:
            EngineError: There is no statement, or the last gives no rows.
            duckdb.ParserException: It is not SQL.
        """
        statements = self.cursor.extract_statements(query)
        if not statements:
            raise EngineError("the query is empty")
        last = statements[-1]
        if not gives_rows(last):
            shown = one_line(last.query.strip().split("\n")[0][:60])
            raise EngineError(
                f"the last statement gives no rows: `{shown}`",
                help="end the query with a SELECT; what it gives is the result",
            )
        return Query(tuple(statements[:-1]), last, last.query.strip().rstrip(";"), is_select(last))

    def run_setup(self, query: Query) -> None:
        """Runs what stands before the last statement, in a schema of this workspace's own.

        Tables that it makes are this step's alone, so that steps side by side and retries do not collide.
        """
        if not query.setup:
            return
        if self._schema is None:
            schema = self.session.new_schema()
            self.cursor.execute(f"CREATE SCHEMA {schema}")
            database = self.cursor.execute("SELECT current_database()").fetchall()[0][0]
            # Tables of the database stay known; new ones go into the first schema of the path.
            path = f"{schema},{quoted(database)}.main".replace("'", "''")
            self.cursor.execute(f"SET search_path = '{path}'")
            self._schema = schema
        for statement in query.setup:
            self.cursor.execute(statement)

    def fail(self, query: Query, error: duckdb.Error) -> duckdb.Error:
        """Returns the error of a query as DuckDB tells it of the query alone, with its line and place.

        What came of `CREATE TABLE ... AS` would count our own words as a line; what came of a parsed
        statement has no place at all. A query that does not bind can be asked again without running.
        """
        import duckdb

        if isinstance(error, duckdb.BinderException | duckdb.CatalogException | duckdb.ParserException):
            try:
                self.cursor.execute(query.text)
            except duckdb.Error as plain:
                return plain
        return error

    def interrupt(self) -> None:
        """Ends what the cursor is running; from any thread, harmless when idle."""
        cursor = self._cursor
        if cursor is not None:
            cursor.interrupt()

    def close(self) -> None:
        """Closes the cursor; its names and the tables of its setup end with it."""
        with self.lock:
            cursor, self._cursor = self._cursor, None
            self._names.clear()
            if cursor is not None:
                cursor.close()
            if self._schema is not None and self.session.is_open:
                self.session.execute(f"DROP SCHEMA IF EXISTS {self._schema} CASCADE")
                self._schema = None
