"""Databases: opened by file or URL, read by table or query, written in one transaction."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import unquote, urlsplit

from odibi_core.errors import FormatError, SourceNotFoundError, StepOptionError
from odibi_core.formats.atomic import Mode, parse_mode
from odibi_core.formats.base import unknown_option, whole_number
from odibi_core.formats.registry import database_kind
from odibi_core.text import nearest, one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path

    from odibi_core.formats.base import Frame

READ_OPTIONS = frozenset({"table", "query", "schema", "columns", "nrows", "params", "dtype", "parse_dates"})
WRITE_OPTIONS = frozenset({"table", "schema", "mode", "chunksize", "dtype"})
SPELLINGS = {"usecols": "columns", "table_name": "table", "sql": "query", "if_exists": "mode"}
_MODES = {"replace": "overwrite", "fail": "error"}  # pandas' words for `if_exists`


class Database(ABC):
    """A database that can be read and written. Safe to use from several threads.

    Attributes:
        kind: sqlite, duckdb or sql.
        shown: What to call it in messages: its path or its URL, never with a password.
    """

    kind: ClassVar[str]
    shown: str

    @property
    def dialect(self) -> str:
        """The name of its SQL dialect."""
        return self.kind

    @abstractmethod
    def check(self) -> None:
        """Opens the database and asks it something small.

        Raises:
            FileNotFoundError: Its file does not exist.
            FormatError: It is not a database of its kind, is locked, or refuses.
        """

    @abstractmethod
    def tables(self, schema: str | None = None) -> list[str]:
        """Returns the names of its tables and views."""

    @abstractmethod
    def select(self, query: str, params: Mapping[str, Any] | Sequence[Any] | None = None) -> Frame:
        """Returns the rows of a query."""

    @abstractmethod
    def store(self, frame: Frame, table: str, mode: Mode, options: Mapping[str, Any]) -> int:
        """Writes a frame to a table in one transaction and returns the number of rows written.

        `overwrite` makes the table anew, `append` adds rows by column name, `error` refuses one that exists.
        """

    @abstractmethod
    def quote(self, name: str) -> str:
        """Returns a name as an identifier of its SQL."""

    def column(self, table: str, name: str) -> str:
        """Returns a column of a table that alone is read from, as SQL."""
        return self.quote(name)

    @abstractmethod
    def close(self) -> None:
        """Lets go of the database."""

    def limited(self, query: str, nrows: int) -> str:
        """Returns a query for the first rows of another."""
        return f"SELECT * FROM ({query.strip().rstrip(';')}\n) AS odibi_rows LIMIT {nrows}"

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.shown}>"


def open_database(
    place: str | Path,
    *,
    resolve: Callable[[str | Path], Path],
    kind: str | None = None,
    create: bool = False,
    **settings: Any,
) -> Database:
    """Returns a database by file or URL; nothing is opened yet.

    Args:
        place: A file, `sqlite:///file`, `duckdb:///file`, or any SQLAlchemy URL.
        resolve: Makes a path absolute.
        kind: `sqlite`, `duckdb` or `sql` where neither suffix nor URL says it.
        create: Whether a database file that does not exist is made by the first write.
        **settings: Of the driver: `timeout` (sqlite), `read_only` (duckdb), what `create_engine` takes (sql).

    Raises:
        FormatError: It cannot be told what kind of database this is.
        StepOptionError: The driver has no such setting.
    """
    kind, text = which_database(str(place), kind)
    if kind == "sql":
        from odibi_core.formats.database_sql import SqlDatabase

        return SqlDatabase(text, settings)
    path_or_memory = text if text == ":memory:" else resolve(text)
    if kind == "sqlite":
        from odibi_core.formats.database_sqlite import SqliteDatabase

        return SqliteDatabase(path_or_memory, text, create=create, settings=settings)
    from odibi_core.formats.database_duckdb import DuckDBDatabase

    return DuckDBDatabase(path_or_memory, text, create=create, settings=settings)


def which_database(text: str, kind: str | None = None) -> tuple[str, str]:
    """Returns the kind of a database, and its file (or `:memory:`), or for `sql` its URL.

    Args:
        text: A file, `sqlite:///file`, `duckdb:///file`, or any SQLAlchemy URL.
        kind: `sqlite`, `duckdb` or `sql` where neither suffix nor URL says it.

    Raises:
        FormatError: It cannot be told what kind of database this is.
    """
    if "://" in text:
        try:
            parts = urlsplit(text)
        except ValueError as error:  # without the text: a password may be in it
            raise FormatError(
                f"the URL of the database is none: {one_line(str(error))}",
                help="it looks like `postgresql://user:password@host:5432/database`",
            ) from error
        scheme = parts.scheme.lower()
        if scheme in ("sqlite", "sqlite+pysqlite", "duckdb") and not parts.netloc:
            kind, text = scheme.partition("+")[0], unquote(parts.path.removeprefix("/")) or ":memory:"
        elif kind in (None, "sql"):
            return "sql", text
        else:
            raise FormatError(f"`{_without_password(text)}` is not a {kind} database")
    kind = kind or database_kind(text)
    if not text.strip():
        raise FormatError("no database is named", help="give a file, a URL or `connection_string`")
    if kind not in ("sqlite", "duckdb"):
        raise FormatError(
            f"`{one_line(text)}` does not say what kind of database it is",
            help="use the suffix `.db`, `.sqlite` or `.duckdb`, or a URL such as `postgresql://host/name`",
        )
    return kind, text


def read_database(database: Database, name: str | None, params: Mapping[str, Any]) -> Frame:
    """Reads a table or query.

    Args:
        database: Where from.
        name: A table or, where it holds a space, a query; used when `params` has neither.
        params: `table` or `query`; `columns`, `nrows`, `schema`, `params` (values for the query's
            placeholders), `dtype`, `parse_dates`.

    Raises:
        StepOptionError: Both or neither are given, or an option is unknown.
        FileNotFoundError: There is no such table.
    """
    options = _named(params, READ_OPTIONS, f"the {database.kind} reader")
    table, query = options.get("table"), options.get("query")
    if table is None and query is None and name is not None:
        if any(character.isspace() for character in name.strip()):
            query = name
        else:
            table = name
    if (table is None) == (query is None):
        given = "both are" if table is not None else "neither is"
        raise StepOptionError(f"a database is read by `table` or `query`; {given} given", field="params")
    check_values(database.kind, options, is_query=query is not None)
    sql = str(query) if query is not None else _select_all(database, str(table), options)
    nrows = options.get("nrows")
    if nrows is not None:
        sql = database.limited(sql, int(nrows))
    return converted(database.select(sql, options.get("params")), options)


def check_values(kind: str, options: Mapping[str, Any], *, is_query: bool) -> None:
    """Raises `StepOptionError` for a value that no table or query can be read with.

    Args:
        kind: The kind of database.
        options: The reader's, by their own names.
        is_query: Whether a query is read.
    """
    columns, params, dates = options.get("columns"), options.get("params"), options.get("parse_dates")
    if columns is not None and is_query:
        raise StepOptionError("`columns` goes with `table`; a query names its columns itself", field="params")
    if columns is not None and not isinstance(columns, list | tuple):
        raise StepOptionError("`columns` is a list of names", field="params")
    if options.get("nrows") is not None:
        whole_number(options["nrows"], "nrows", least=0 if kind == "duckdb" else None)
    if params is not None and kind != "sql" and not isinstance(params, str | list | tuple | dict):
        raise StepOptionError("`params` is a list or an object of values", field="params")
    if dates and not isinstance(dates, str | list | tuple | dict):
        raise StepOptionError("`parse_dates` names columns: a name, a list or an object", field="params")


def write_database(database: Database, frame: Frame, name: str | None, params: Mapping[str, Any]) -> str:
    """Writes a frame to a table in one transaction and returns the table's name.

    Raises:
        StepOptionError: No table is named, or an option is unknown.
        TargetExistsError: The table exists and `mode` is `error`.
    """
    options = _named(params, WRITE_OPTIONS, f"the {database.kind} writer")
    table = options.pop("table", None) or name
    if not table:
        raise StepOptionError("no table to write to is named", field="params", help="name it with `table`")
    mode_text = options.pop("mode", "overwrite")
    mode = parse_mode(_MODES.get(mode_text, mode_text))
    database.store(frame, str(table), mode, options)
    return str(table)


def known_settings(settings: Mapping[str, Any] | None, known: Collection[str], kind: str) -> None:
    """Raises `StepOptionError` for a setting that a kind of database does not have."""
    for name in settings or {}:
        if name not in known:
            raise unknown_option(name, known, f"a {kind} connection")


def missing_table(database: Database, table: str, tables: Collection[str]) -> SourceNotFoundError:
    """Returns the error for a table that is not there, with the nearest that is."""
    close = nearest(table, tables)
    known = ", ".join(f"`{one_line(known)}`" for known in sorted(tables)[:10]) or "none"
    return SourceNotFoundError(
        f"`{database.shown}` has no table `{one_line(table)}`",
        help=f"did you mean `{one_line(close)}`" if close else f"its tables: {known}",
    )


def _named(params: Mapping[str, Any], known: frozenset[str], taker: str) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for given, value in params.items():
        name = SPELLINGS.get(given, given)
        if name not in known:
            raise unknown_option(given, known, taker)
        options[name] = value
    return options


def _select_all(database: Database, table: str, options: Mapping[str, Any]) -> str:
    schema = options.get("schema")
    tables = database.tables(schema)
    if table not in tables and table.casefold() not in {known.casefold() for known in tables}:
        if schema is None and "." in table:  # schema.table
            schema, _, table = table.rpartition(".")
            return _select_all(database, table, {**options, "schema": schema})
        raise missing_table(database, table, tables)
    columns = options.get("columns")
    what = ", ".join(database.column(table, str(name)) for name in columns) if columns else "*"
    where = f"{database.quote(str(schema))}.{database.quote(table)}" if schema else database.quote(table)
    return f"SELECT {what} FROM {where}"


def converted(frame: Frame, options: Mapping[str, Any]) -> Frame:
    """Returns what was read with its columns in the types that `dtype` and `parse_dates` ask for."""
    dtype, dates = options.get("dtype"), options.get("parse_dates")
    if dtype is None and not dates:
        return frame
    import pandas as pd

    from odibi_core.formats.arrow import pandas_of

    df = pandas_of(frame).copy()
    try:
        if isinstance(dates, str):
            dates = [dates]
        formats = dates if isinstance(dates, dict) else dict.fromkeys(dates or ())
        for column, form in formats.items():
            df[column] = pd.to_datetime(df[column], format=form)
        return df.astype(dtype) if dtype is not None else df
    except KeyError as error:
        raise StepOptionError(f"the result has no column {error}", field="params") from error
    except (TypeError, ValueError) as error:
        raise FormatError(f"the result cannot be converted: {error}") from error


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    if parts.password is None:
        return one_line(url)
    return one_line(url.replace(f":{parts.password}@", ":***@"))
