"""Contexts: the engines of one run, each made when a step first needs it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from odibi_core.engine.base_context import EngineContext


class Contexts:
    """The given context, and others with the same secrets, base directory and connections.

    Args:
        given: The context the caller made; it is opened, and left open.
    """

    def __init__(self, given: EngineContext) -> None:
        self._given = given
        self._lock = threading.Lock()
        self._open: dict[str, EngineContext] = {}

    def get(self, engine: str) -> EngineContext:
        """Returns the open context of an engine.

        Raises:
            odibi_core.errors.UnknownEngineError: There is no such engine.
        """
        found = self._open.get(engine)
        if found is not None:
            return found
        with self._lock:
            found = self._open.get(engine)
            if found is None:
                if engine == self._given.name:
                    found = self._given
                else:
                    from odibi_core.engine import create_engine_context

                    found = create_engine_context(
                        engine,
                        secrets=self._given.secrets,
                        base_dir=self._given.base_dir,
                        connections=self._given.connections,
                    )
                found.connect()
                self._open[engine] = found
            return found

    def owner(self, frame: object) -> EngineContext | None:
        """Returns the open context whose frame it is."""
        return next((context for context in tuple(self._open.values()) if context.is_frame(frame)), None)

    def close(self) -> None:
        """Closes the contexts made here; frames of theirs are gone then."""
        with self._lock:
            made = [context for context in self._open.values() if context is not self._given]
            self._open.clear()
        for context in made:
            context.close()
