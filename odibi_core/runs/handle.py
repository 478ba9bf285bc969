"""RunHandle: the application's side of a run that it has started."""

from __future__ import annotations

import os
import pickle
import select
import time
from pathlib import Path
from typing import TYPE_CHECKING

from odibi_core.errors import RunError
from odibi_core.journal.events import RunEnd
from odibi_core.runs import words

if TYPE_CHECKING:
    from odibi_core.runs.channel import Channel
    from odibi_core.runs.request import Start

__all__ = ["RunEnd", "RunHandle"]


class RunHandle:
    """A run that has been started. It is cancelled when the last handle's process ends, unless detached.

    Attributes:
        run_id: The run's id.
        run_dir: The run's directory, with its journal in it.
        pid: The process that carries out the steps.
        problem: Why the run could not be recorded to its end, if so.
    """

    def __init__(self, warden: Channel, run_id: str, run_dir: Path, pid: int, reap: int | None) -> None:
        self._warden = warden
        self.run_id = run_id
        self.run_dir = run_dir
        self.pid = pid
        self.problem: str | None = None
        self._reap = reap
        self._end: RunEnd | None = None

    @classmethod
    def start(cls, warden: Channel, start: Start, reap: int | None = None) -> RunHandle:
        """Hands a request to a warden and waits until the run has its id.

        Args:
            warden: The channel to a warden that has nothing to do yet.
            start: The request.
            reap: The warden's process, where it is a child of this one.

        Raises:
            RunError: The run cannot be started.
        """
        warden.send(words.START + pickle.dumps(start, protocol=pickle.HIGHEST_PROTOCOL))
        answer = warden.receive()
        word, rest = words.split(answer) if answer is not None else (b"", b"")
        if word == words.STARTED:
            said = words.content(rest)
            return cls(warden, said["run_id"], Path(said["directory"]), said["pid"], reap)
        warden.close()
        _reap(reap)
        if word == words.FAILED:
            said = words.content(rest)
            raise RunError(said["message"], help=said["help"])
        raise RunError("the run's processes ended before the run had begun")

    def cancel(self) -> None:
        """Asks the run to end; it is killed when it has not within its grace."""
        self._warden.send(words.CANCEL)

    def kill(self) -> None:
        """Ends the run at once."""
        self._warden.send(words.KILL)

    def detach(self) -> None:
        """Lets the run go on when this process ends."""
        self._warden.send(words.DETACH)

    def fileno(self) -> int:
        """Returns a descriptor that is readable when the run has ended; to wait on, not to read."""
        return self._warden.fileno()

    def poll(self) -> RunEnd | None:
        """Returns how the run ended, or None while it has not."""
        if self._end is None:
            self._take(self._warden.pending())
        return self._end

    def wait(self, timeout: float | None = None) -> RunEnd | None:
        """Waits for the run's end, `timeout` seconds at most, and returns like `poll`."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while self.poll() is None:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                return None
            select.select([self._warden], [], [], left)
        return self._end

    def close(self) -> None:
        """Gives the run up: unless it has ended or is detached, it is cancelled."""
        if self._end is None:
            self._warden.close()

    def _take(self, messages: list[bytes]) -> None:
        for message in messages:
            word, rest = words.split(message)
            said = words.content(rest)
            if word == words.ENDED:
                self._end = said["state"]
                self.problem = said["problem"]
            elif word == words.FAILED:
                self._end = "crashed"
                self.problem = said["message"]
        if self._warden.closed and self._end is None:
            # The warden was killed, and with it the run; nobody has recorded that.
            self._end = "crashed"
            self.problem = "the processes of the run have been killed"
        if self._end is not None:
            self._warden.close()
            _reap(self._reap)
            self._reap = None


def _reap(pid: int | None) -> None:
    if pid is not None:
        try:
            os.waitpid(pid, 0)
        except ChildProcessError:  # somebody's SIGCHLD handler was faster
            return
