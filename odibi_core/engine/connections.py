"""Named connections to databases: what connect steps open and later steps use by name."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from odibi_core.errors import EngineError, SourceNotFoundError, StepOptionError
from odibi_core.text import nearest, one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from odibi_core.formats.databases import Database

SPELLINGS = {
    "connection_string": "url",
    "drivername": "driver",
    "dialect": "driver",
    "type": "driver",
    "format": "driver",
    "kind": "driver",
    "user": "username",
    "path": "database",
    "file": "database",
}
_PARTS = ("username", "password", "host", "port")


def open_connection(
    value: str, params: Mapping[str, Any] | None = None, *, resolve: Callable[[str | Path], Path]
) -> Database:
    """Opens and checks the database that a connect step describes.

    Args:
        value: A database file or a SQLAlchemy URL; may be empty where `params` say it.
        params: `url` (or `connection_string`), or `driver` (`sqlite`, `duckdb`, `postgresql`, ...) with
            `database`, `host`, `port`, `username`, `password` and `query`; `create: true` lets the first
            write make a file that is not there; anything else is a setting of the driver.
        resolve: Makes a path absolute.

    Returns:
        The database, for `ConnectionRegistry.add`.

    Raises:
        FileNotFoundError: A database file does not exist.
        FormatError: It cannot be opened.
        StepOptionError: The description is not whole, or says a thing twice.
    """
    from odibi_core.formats.databases import open_database

    kind, place, create, settings = described(value, params)
    database = open_database(place, kind=kind, resolve=resolve, create=create, **settings)
    try:
        database.check()
    except SourceNotFoundError as error:
        error.help = f"{error.help}; `create: true` lets the first write make it"
        raise
    except BaseException:
        database.close()
        raise
    return database


def described(
    value: str, params: Mapping[str, Any] | None = None
) -> tuple[str | None, str, bool, dict[str, Any]]:
    """Returns what a connect step describes; nothing is opened.

    Args:
        value: A database file or a SQLAlchemy URL; may be empty where `params` say it.
        params: As of `open_connection`.

    Returns:
        The kind of database if it is said, its file or URL, whether it may be made, and other settings.

    Raises:
        StepOptionError: The description is not whole, or says a thing twice.
        MissingDependencyError: SQLAlchemy is needed and not installed.
    """
    options: dict[str, Any] = {}
    for given, content in (params or {}).items():
        name = SPELLINGS.get(given, given)
        if name in options:
            raise StepOptionError(f"`{given}` says again what `{name}` says", field="params")
        options[name] = content
    create = bool(options.pop("create", False))
    kind, place = _place(value.strip(), options)
    return kind, place, create, options


def _place(value: str, options: dict[str, Any]) -> tuple[str | None, str]:
    """Takes from `options` what says where the database is; returns its kind, if said, and file or URL."""
    driver = str(options.pop("driver", "") or "").lower() or None
    url, database = options.pop("url", None), options.pop("database", None)
    given = [str(place) for place in (value, url) if place]
    if len(given) > 1:
        raise StepOptionError("the database is named twice, in `value` and in `params`", field="params")
    is_file = driver in (None, "sqlite", "duckdb", "sql")
    if given:
        return (driver if is_file else None), given[0]
    if is_file:
        if not database:
            raise StepOptionError(
                "no database is named",
                field="value",
                help="give a file or URL in `value`, or `connection_string`",
            )
        return driver, str(database)
    from odibi_core.formats.base import require

    require("sqlalchemy", "sql", f"a {driver} database")
    import sqlalchemy

    parts = {name: options.pop(name) for name in _PARTS if name in options}
    query = options.pop("query", None) or {}
    try:
        built = sqlalchemy.URL.create(str(driver), database=database, query=query, **parts)
    except (TypeError, ValueError, sqlalchemy.exc.ArgumentError):
        # The cause is not shown: a password may be in it.
        raise StepOptionError(
            f"the parts of the {driver} connection do not make a URL", field="params"
        ) from None
    return None, built.render_as_string(hide_password=False)


class ConnectionRegistry:
    """The connections of a run, by name. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connections: dict[str, Database] = {}

    def add(self, name: str, connection: Database) -> None:
        """Makes a connection known under `name`; one that had the name before is closed."""
        with self._lock:
            before = self._connections.get(name)
            self._connections[name] = connection
        if before is not None and before is not connection:
            before.close()

    def get(self, name: str) -> Database:
        """Returns the connection of that name.

        Raises:
            EngineError: There is none.
        """
        with self._lock:
            found = self._connections.get(name)
            names = list(self._connections)
        if found is not None:
            return found
        close = nearest(name, names)
        if close:
            advice = f"did you mean `{one_line(close)}`"
        elif names:
            advice = f"open are {', '.join(f'`{one_line(known)}`' for known in names)}"
        else:
            advice = "a connect step of that name opens it"
        raise EngineError(f"no connection is called `{one_line(name)}`", help=advice)

    def names(self) -> list[str]:
        """Returns the names, in the order they were added."""
        with self._lock:
            return list(self._connections)

    def close(self) -> None:
        """Closes every connection."""
        with self._lock:
            connections = list(self._connections.values())
            self._connections.clear()
        for connection in connections:
            connection.close()
