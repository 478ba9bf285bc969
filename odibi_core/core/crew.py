"""Crew: the threads that carry steps out."""

from __future__ import annotations

import contextvars
import queue
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Crew:
    """Threads that run what they are given, each started when it is first needed.

    They are daemons: a function that never ends keeps neither a second Ctrl+C nor the end of the process
    waiting, as the threads of an executor would.

    Args:
        size: How many threads at most.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._jobs: queue.SimpleQueue[Callable[[], object] | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._busy = 0

    def start(self, work: Callable[[], object]) -> None:
        """Runs `work` on a thread, in a copy of the caller's context variables."""
        self._busy += 1
        if self._busy > len(self._threads) and len(self._threads) < self._size:
            name = f"odibi-worker-{len(self._threads)}"
            thread = threading.Thread(target=self._run, name=name, daemon=True)
            self._threads.append(thread)
            thread.start()
        context = contextvars.copy_context()
        self._jobs.put(lambda: context.run(work))

    def done(self) -> None:
        """Says that one of the jobs has ended; called where `start` is."""
        self._busy -= 1

    def close(self) -> None:
        """Lets the threads end when they have done what they were given."""
        for _ in self._threads:
            self._jobs.put(None)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
