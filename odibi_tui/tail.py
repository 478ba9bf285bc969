"""Tail: reads one run's journal in a thread and gives the event loop its newest record."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from odibi_core.errors import OdibiError

if TYPE_CHECKING:
    from collections.abc import Callable

    from odibi_core.journal.record import RunRecord
    from odibi_core.runs.follow import RunFollower
    from odibi_core.runs.process import RunHandle

BATCH_S = 0.066
"""At most one delivery in this time: enough to look alive, little enough to leave the keys their time."""
_BEHIND_S = 0.3
"""While there is more to read than can be read in one go, drawing it would only hold the reading up."""
_MAX_LINES = 20_000
_FIRST_LINES = 2_000
"""The steps and the first lines of the log are there at once."""
_BREATH_S = 0.002
_WATCH_S = 1.0


class Tail:
    """One run being followed.

    Between the thread and the event loop stands one record, the newest: a journal that grows faster than
    the screen can draw costs memory for its index, never for a queue.

    Attributes:
        follower: What reads and folds; only the thread polls it.
        handle: The run's process where it was started here.
        record: The newest record, None before the first poll.
        error: Why following ended early, if it did.
        behind: There is more in the journal than has been read.
        ended: Nothing more will come.
    """

    def __init__(
        self,
        follower: RunFollower,
        deliver: Callable[[Tail], None],
        post: Callable[[Callable[[], None]], None],
        *,
        handle: RunHandle | None = None,
    ) -> None:
        """Makes a tail.

        Args:
            follower: The run to follow.
            deliver: Called on the event loop with this tail when there is something new.
            post: Has a function called on the event loop, from any thread.
            handle: The run's process, if it was started here.
        """
        self.follower = follower
        self.handle = handle
        self.record: RunRecord | None = None
        self.error: OdibiError | None = None
        self.behind = False
        self.ended = False
        self._deliver, self._post = deliver, post
        self._stopped = threading.Event()
        self._waiting = threading.Event()  # a delivery is on its way and has not been taken yet

    def stop(self) -> None:
        """Ends following and closes the journal; the thread returns within a moment."""
        self._stopped.set()
        if self.ended:
            self.follower.close()

    def read(self) -> None:
        """Follows until the run has ended or `stop`; the body of the thread."""
        delivered, dirty = 0.0, False
        while not self._stopped.is_set():
            try:
                most = _MAX_LINES if delivered else min(_FIRST_LINES, _MAX_LINES)
                lines = self.follower.advance(most)
                record = self.follower.record
            except OdibiError as error:
                self.error = error
                break
            dirty = bool(record.run_id and record.started) and (dirty or record is not self.record)
            self.record = record
            if not lines and (self.follower.ended or not self._may_grow(record)):
                break
            self.behind = lines >= most
            pause = _BEHIND_S if self.behind and delivered else BATCH_S
            if dirty and not self._waiting.is_set() and time.monotonic() - delivered >= pause:
                delivered, dirty = time.monotonic(), False
                self._hand_over()
            if self.behind:
                self._stopped.wait(_BREATH_S)
            else:
                self._stopped.wait(_WATCH_S if record.state == "unknown" and not dirty else BATCH_S)
        self.behind = False
        self.ended = True
        if self._stopped.is_set():
            self.follower.close()
        else:
            self._hand_over()

    def _may_grow(self, record: RunRecord) -> bool:
        """A run that only a final log tells of, as others write them, gets no more events."""
        return not record.steps or self.follower.paths.journal.exists()

    def _hand_over(self) -> None:
        self._waiting.set()
        self._post(self._taken)

    def _taken(self) -> None:
        self._waiting.clear()
        if not self._stopped.is_set():
            self._deliver(self)
