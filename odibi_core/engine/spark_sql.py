"""Spark SQL text taken apart into statements, and queries over frames by name without shared names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from odibi_core.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyspark.sql import DataFrame, SparkSession

_PIECE = re.compile(
    r"--[^\n]*"
    r"|/\*.*?(?:\*/|\Z)"
    r"|'(?:[^'\\]|\\.|'')*(?:'|\Z)"
    r'|"(?:[^"\\]|\\.|"")*(?:"|\Z)'
    r"|`(?:[^`]|``)*(?:`|\Z)"
    r"|;"
    r"|[^-/'\"`;]+"
    r"|.",
    re.DOTALL,
)


def split_statements(text: str) -> list[str]:
    """Returns the statements of a text, without semicolons; those that are only comments are left out."""
    statements: list[str] = []
    current: list[str] = []
    has_content = False
    for match in _PIECE.finditer(text):
        piece = match[0]
        if piece == ";":
            if has_content:
                statements.append("".join(current).strip())
            current, has_content = [], False
            continue
        current.append(piece)
        if not piece.isspace() and not piece.startswith(("--", "/*")):
            has_content = True
    if has_content:
        statements.append("".join(current).strip())
    return statements


def is_remote(session: SparkSession) -> bool:
    """Whether a session is Spark Connect's."""
    return not hasattr(session, "_jsparkSession")


def select(session: SparkSession, query: str, frames: Mapping[str, DataFrame]) -> DataFrame:
    """Returns the frame of a query over frames by name. The caller sees to it that one does so at a time.

    A Spark in this process resolves names when `sql` is called: temporary views are made, the query
    resolved, the views dropped, and the frame keeps what they stood for. Spark Connect resolves names at
    each use of a frame, so there the query carries its frames with it, under their names.
    """
    if is_remote(session):
        return _select_remotely(session, query, frames)
    made = []
    try:
        for name, frame in frames.items():
            frame.createOrReplaceTempView(_view(name))
            made.append(name)
        return session.sql(query)
    finally:
        for name in made:
            session.catalog.dropTempView(name)


def run_all(session: SparkSession, query: str, frames: Mapping[str, DataFrame]) -> DataFrame:
    """Runs the statements of a text and returns the frame of the last.

    Temporary views that the earlier ones make are dropped at the end; they are this query's own.

    Raises:
        EngineError: There is no statement, or the last gives no rows.
    """
    statements = split_statements(query)
    if not statements:
        raise EngineError("the query is empty")
    if len(statements) == 1:
        return _with_rows(select(session, statements[0], frames), statements[0])
    before = {view.name for view in _temporary_views(session)}
    try:
        for statement in statements[:-1]:
            select(session, statement, frames)
        return _with_rows(select(session, statements[-1], frames), statements[-1])
    finally:
        for view in _temporary_views(session):
            if view.name not in before:
                session.catalog.dropTempView(view.name)


def _with_rows(frame: DataFrame, statement: str) -> DataFrame:
    if not frame.columns:
        shown = statement.split("\n")[0][:60]
        raise EngineError(
            f"the last statement gives no rows: `{shown}`",
            help="end the query with a SELECT; what it gives is the result",
        )
    return frame


def _temporary_views(session: SparkSession) -> list[Any]:
    return [table for table in session.catalog.listTables() if table.isTemporary]


def _view(name: str) -> str:
    """Returns a name as Spark parses the names of views."""
    return name if re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII) else f"`{name.replace('`', '``')}`"


def _select_remotely(session: Any, query: str, frames: Mapping[str, Any]) -> DataFrame:
    # What `session.sql(query, **frames)` does with `{name}` in the text, for names as they stand.
    from pyspark.sql.connect.dataframe import DataFrame as RemoteFrame
    from pyspark.sql.connect.plan import SQL, CachedRelation, SubqueryAlias

    views = [SubqueryAlias(frame._plan, name) for name, frame in frames.items()]
    command = SQL(query, [], {}, views)
    _, properties, _ = session.client.execute_command(command.command(session.client))
    if "sql_command_result" in properties:
        result: DataFrame = RemoteFrame(CachedRelation(properties["sql_command_result"]), session)
        return result
    lazy: DataFrame = RemoteFrame(command, session)
    return lazy
