"""EventEmitter: a run's happenings as named events with keywords, for listeners and streams."""

from __future__ import annotations

import asyncio
import inspect
import logging
import threading
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

_log = logging.getLogger(__name__)

PIPELINE_ENDS = frozenset({"pipeline_complete", "pipeline_error", "pipeline_cancelled"})


class EmittedEvent(NamedTuple):
    """One event of `EventEmitter.stream()`: its name and its keywords."""

    name: str
    kwargs: dict[str, Any]


class EventEmitter:
    """Delivers events to listeners, in the order they were added, on the emitting thread.

    A listener is called with those of the event's keywords that it names (all of them if it takes
    `**kwargs`). One that raises never stops a run: the failure is logged with its traceback.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: dict[str, list[tuple[Callable[..., Any], frozenset[str] | None]]] = {}
        self._streams: list[tuple[asyncio.AbstractEventLoop, asyncio.Queue[EmittedEvent]]] = []

    def on(self, event: str, listener: Callable[..., Any]) -> None:
        """Calls `listener` at each `event`."""
        with self._lock:
            self._listeners.setdefault(event, []).append((listener, _accepted_keywords(listener)))

    def off(self, event: str, listener: Callable[..., Any]) -> None:
        """Stops calling `listener` at `event`; does nothing if it was not listening."""
        with self._lock:
            registered = self._listeners.get(event, [])
            for entry in registered:
                if entry[0] == listener:
                    registered.remove(entry)
                    return

    def clear(self, event: str | None = None) -> None:
        """Forgets the listeners of `event`, or all of them."""
        with self._lock:
            if event is None:
                self._listeners.clear()
            else:
                self._listeners.pop(event, None)

    def emit(self, event: str, **kwargs: Any) -> None:
        """Tells every listener and every open stream."""
        with self._lock:
            listeners = tuple(self._listeners.get(event, ()))
            streams = tuple(self._streams)
        for listener, accepted in listeners:
            passed = kwargs if accepted is None else {k: v for k, v in kwargs.items() if k in accepted}
            try:
                listener(**passed)
            except Exception:  # noqa: BLE001 - a listener never stops a run
                _log.exception("listener %r of event %r failed", listener, event)
        for loop, queue in streams:
            try:
                loop.call_soon_threadsafe(queue.put_nowait, EmittedEvent(event, kwargs))
            except RuntimeError:  # the stream's loop has been closed; its reader is gone
                with self._lock:
                    self._streams = [s for s in self._streams if s[1] is not queue]

    async def stream(self) -> AsyncIterator[EmittedEvent]:
        """Yields events as they happen, until the pipeline has ended.

        Events are counted from the first `anext()`; start iterating before the run, or beside it.
        """
        queue: asyncio.Queue[EmittedEvent] = asyncio.Queue()
        entry = (asyncio.get_running_loop(), queue)
        with self._lock:
            self._streams.append(entry)
        try:
            while True:
                event = await queue.get()
                yield event
                if event.name in PIPELINE_ENDS:
                    return
        finally:
            with self._lock:
                if entry in self._streams:
                    self._streams.remove(entry)


def _accepted_keywords(listener: Callable[..., Any]) -> frozenset[str] | None:
    """Returns the keywords a listener takes, or None for all of them."""
    try:
        parameters = inspect.signature(listener).parameters.values()
    except (TypeError, ValueError):  # some builtins have no signature; let them judge
        return None
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return None
    return frozenset(p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY))
