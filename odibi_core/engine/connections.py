"""Named connections to databases: what connect steps open and later steps use by name."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from odibi_core.errors import EngineError
from odibi_core.text import nearest, one_line

if TYPE_CHECKING:
    from odibi_core.formats.databases import Database


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
