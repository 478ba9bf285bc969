"""Contexts: the engines of one run, each made when a step first needs it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from odibi_core.engine.base_context import EngineContext
    from odibi_core.journal.redaction import Redactor


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

    def settings(self) -> dict[str, dict[str, Any]]:
        """Returns engine -> the settings it is made with; others than the given one have none."""
        return {self._given.name: dict(self._given.config)} if self._given.config else {}

    def owner(self, frame: object) -> EngineContext | None:
        """Returns the open context whose frame it is."""
        return next((context for context in tuple(self._open.values()) if context.is_frame(frame)), None)

    def hide_secrets(self, redactor: Redactor) -> None:
        """Keeps the secrets of the given context, and those asked for from now on, out of what is told."""
        secrets = self._given.secrets
        if isinstance(secrets, Mapping):
            for secret in secrets.values():
                redactor.add(str(secret))
        elif secrets is not None:
            asked = secrets.asked if isinstance(secrets, _ToldSecrets) else secrets
            self._given.secrets = _ToldSecrets(asked, redactor)

    def close(self) -> None:
        """Closes the contexts made here; frames of theirs are gone then."""
        with self._lock:
            made = [context for context in self._open.values() if context is not self._given]
            self._open.clear()
        for context in made:
            context.close()


class _ToldSecrets:
    """A source of secrets whose answers the redactor learns; pickled, it is the source itself."""

    def __init__(self, asked: Callable[[str], str | None], redactor: Redactor) -> None:
        self.asked = asked
        self._redactor = redactor

    def __call__(self, name: str) -> str | None:
        secret = self.asked(name)
        if secret is not None:
            self._redactor.add(secret)
        return secret

    def __reduce__(self) -> tuple[Any, ...]:
        return _itself, (self.asked,)


def _itself(value: Any) -> Any:
    return value
