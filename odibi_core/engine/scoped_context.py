"""What the pandas and the duckdb engine share: a DuckDB session, and scopes with a cursor of their own."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any, Self

from odibi_core.engine.base_context import EngineContext
from odibi_core.engine.duckdb_session import DuckDBSession
from odibi_core.engine.duckdb_workspace import Workspace
from odibi_core.engine.profile_known import KnownColumns

if TYPE_CHECKING:
    from collections.abc import Iterator


class ScopedContext(EngineContext):
    """An engine whose SQL runs in a DuckDB session, with a cursor and names for each scope."""

    def __init__(self, **config: Any) -> None:
        super().__init__(**config)
        self._session = DuckDBSession(self.config, self.base_dir)
        self._workspace = Workspace(self._session)
        self._known_columns = KnownColumns()
        self._scopes: set[Workspace] = set()
        self._scopes_lock = threading.Lock()
        self._is_scope = False

    def close(self) -> None:
        """Closes the database, or the scope's cursor where this is a scope."""
        self._workspace.close()
        if not self._is_scope:
            self._session.close()

    @contextlib.contextmanager
    def scope(self, step: str) -> Iterator[Self]:
        """Gives a context with its own cursor and names; names of this context are known in it too."""
        scoped = object.__new__(type(self))
        scoped.__dict__.update(self.__dict__)
        scoped._workspace = Workspace(self._session, self._workspace.names())
        scoped._is_scope = True
        scoped._scopes, scoped._scopes_lock = set(), threading.Lock()
        with self._scopes_lock:
            self._scopes.add(scoped._workspace)
        try:
            yield scoped
        finally:
            with self._scopes_lock:
                self._scopes.discard(scoped._workspace)
            scoped._workspace.close()

    def interrupt(self) -> None:
        """Ends the SQL that this context and its open scopes are running, from any thread."""
        self._workspace.interrupt()
        with self._scopes_lock:
            scopes = list(self._scopes)
        for workspace in scopes:
            workspace.interrupt()
