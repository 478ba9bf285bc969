"""SQL databases by SQLAlchemy URL (`pip install "odibi-tui[sql]"` and the database's driver)."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote_plus

from odibi_core.errors import (
    FormatError,
    MissingDependencyError,
    OdibiError,
    StepOptionError,
    TargetExistsError,
)
from odibi_core.formats.base import require
from odibi_core.formats.database_rows import frame_of_rows
from odibi_core.formats.databases import Database
from odibi_core.text import nearest, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import sqlalchemy

    from odibi_core.formats.atomic import Mode
    from odibi_core.formats.base import Frame

_SECRET_WORDS = ("password", "passwd", "pwd", "secret", "token", "key", "credential")


class SqlDatabase(Database):
    """Any database that SQLAlchemy has a dialect for. Passwords never show in its messages.

    Writing is one transaction; on MySQL and Oracle, where making a table ends a transaction, `overwrite` is
    not whole or not at all.
    """

    kind: ClassVar[str] = "sql"

    def __init__(self, url: str, settings: Mapping[str, Any] | None = None) -> None:
        require("sqlalchemy", "sql", "a SQL database by URL")
        import sqlalchemy

        try:
            self._url = sqlalchemy.make_url(url)
        except (sqlalchemy.exc.ArgumentError, ValueError):
            # Neither the text nor the cause is shown: a password may be in it.
            raise FormatError(
                "the connection string is not a URL that SQLAlchemy reads",
                help="it looks like `postgresql://user:password@host:5432/database`",
            ) from None
        self.shown = one_line(self._shown())
        self._settings = dict(settings or {})
        self._engine: sqlalchemy.Engine | None = None
        self._lock = threading.Lock()

    def check(self) -> None:
        """Connects, and lets go of the connection again."""
        with self._told("cannot be reached"), self._opened().connect():
            pass

    def tables(self, schema: str | None = None) -> list[str]:
        """Returns the names of the tables and views of a schema."""
        import sqlalchemy

        with self._told("cannot be read"):
            inspector = sqlalchemy.inspect(self._opened())
            return [*inspector.get_table_names(schema), *inspector.get_view_names(schema)]

    def select(self, query: str, params: Mapping[str, Any] | Sequence[Any] | None = None) -> Frame:
        """Returns the rows of a query; `params` are a mapping for `:name`, or what the driver takes."""
        import sqlalchemy

        with self._told("refuses the query"), self._opened().connect() as connection:
            if isinstance(params, dict):
                result = connection.execute(sqlalchemy.text(query), params)
            elif params is not None:
                result = connection.exec_driver_sql(query, tuple(params))
            else:
                # Not through text(), which would take `:name` in a literal for a parameter.
                result = connection.exec_driver_sql(query)
            if not result.returns_rows:
                raise FormatError(f"the query on `{self.shown}` gives no rows")
            return frame_of_rows(list(result.keys()), [tuple(row) for row in result])

    @property
    def dialect(self) -> str:
        """The name of its SQL dialect."""
        return self._url.get_backend_name()

    def limited(self, query: str, nrows: int) -> str:
        """Returns a query for the first rows of another, in the dialect's words."""
        inner = query.strip().rstrip(";")
        dialect = self.dialect
        if dialect == "mssql":
            return f"SELECT TOP {nrows} * FROM ({inner}\n) AS odibi_rows"
        if dialect == "oracle":
            return f"SELECT * FROM ({inner}\n) FETCH FIRST {nrows} ROWS ONLY"
        return super().limited(query, nrows)

    def store(self, frame: Frame, table: str, mode: Mode, options: Mapping[str, Any]) -> int:
        """Writes in one transaction."""
        import sqlalchemy

        from odibi_core.formats.arrow import pandas_of

        df = pandas_of(frame)
        schema = options.get("schema")
        policy = {"overwrite": "replace", "append": "append", "error": "fail"}[mode]
        with self._told("refuses the rows"), self._opened().begin() as connection:
            if mode == "error" and sqlalchemy.inspect(connection).has_table(table, schema=schema):
                raise TargetExistsError(
                    f"`{self.shown}` has a table `{one_line(table)}` and `mode` is `error`"
                )
            df.to_sql(
                table,
                connection,
                schema=schema,
                if_exists=policy,  # type: ignore[arg-type]
                index=False,
                chunksize=options.get("chunksize") or 10_000,
                dtype=options.get("dtype"),
            )
        return len(df)

    def quote(self, name: str) -> str:
        """Returns a name as an identifier of the dialect."""
        return str(self._opened().dialect.identifier_preparer.quote_identifier(name))

    def close(self) -> None:
        """Closes the pool of connections."""
        with self._lock:
            if self._engine is not None:
                self._engine.dispose()
                self._engine = None

    def _opened(self) -> sqlalchemy.Engine:
        import sqlalchemy

        with self._lock:
            if self._engine is None:
                try:
                    engine = sqlalchemy.create_engine(self._url, pool_pre_ping=True, **self._settings)
                except ModuleNotFoundError as error:
                    raise MissingDependencyError(
                        f"`{self.shown}` needs the driver `{error.name}`, which is not installed",
                        help=f"install it with `pip install {error.name}`",
                    ) from error
                except TypeError as error:
                    raise StepOptionError(
                        f"`{self.shown}` does not take these settings: {one_line(str(error))}", field="params"
                    ) from error
                except sqlalchemy.exc.NoSuchModuleError as error:
                    close = nearest(self._url.get_backend_name(), sqlalchemy.dialects.__all__)
                    raise FormatError(
                        f"SQLAlchemy has no dialect `{one_line(self._url.drivername)}`",
                        help=f"did you mean `{close}`"
                        if close
                        else "a package for that database may bring it",
                    ) from error
                except sqlalchemy.exc.ArgumentError:
                    raise FormatError(  # neither its text nor its cause: a password may be in it
                        f"`{self.shown}` is no URL that the database's dialect takes"
                    ) from None
                if self._url.get_backend_name() == "sqlite":
                    _begin_explicitly(engine)
                self._engine = engine
            return self._engine

    @contextlib.contextmanager
    def _told(self, what: str) -> Iterator[None]:
        """Turns the driver's errors into ours, with the database's name and without its secrets."""
        import pandas as pd
        import sqlalchemy

        try:
            yield
        except (sqlalchemy.exc.SQLAlchemyError, pd.errors.DatabaseError, ValueError, TypeError) as error:
            if isinstance(error, OdibiError):
                raise
            # pandas and SQLAlchemy repeat the statement and the rows; the driver's own words do not.
            cause: BaseException = error
            if isinstance(error, pd.errors.DatabaseError) and error.__cause__ is not None:
                cause = error.__cause__
            cause = getattr(cause, "orig", None) or cause
            text = str(cause)
            safe = text
            for secret in self._secrets():
                safe = safe.replace(secret, "***")
            told = FormatError(f"`{self.shown}` {what}: {one_line(safe)}")
            if safe != text or any(secret in str(error) for secret in self._secrets()):
                raise told from None  # the cause would show in a traceback
            raise told from error

    def _shown(self) -> str:
        url = self._url
        hidden = {name: "***" for name in url.query if any(word in name.lower() for word in _SECRET_WORDS)}
        return url.update_query_dict(hidden).render_as_string(hide_password=True) if hidden else str(url)

    def _secrets(self) -> list[str]:
        found = [str(self._url.password)] if self._url.password else []
        for name, value in self._url.query.items():
            if any(word in name.lower() for word in _SECRET_WORDS):
                found += [value] if isinstance(value, str) else list(value)
        return [text for secret in found if secret for text in {secret, quote_plus(secret)}]


def _begin_explicitly(engine: sqlalchemy.Engine) -> None:
    """Makes SQLite's driver begin transactions when told to: by itself it leaves DROP out of them."""
    import sqlalchemy

    def connected(connection: Any, _: Any) -> None:
        connection.isolation_level = None

    def begun(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN")

    sqlalchemy.event.listen(engine, "connect", connected)
    sqlalchemy.event.listen(engine, "begin", begun)
