"""Starts runs in processes of their own: `start_run` for the command line, `RunLauncher` for applications.

An application (or its fork server) forks a *warden*, the warden forks the *run*; docs/processes.md tells why.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING, Any, Self

from odibi_core.errors import RunError
from odibi_core.runs.channel import Channel

if TYPE_CHECKING:
    from odibi_core.journal.events import RunEnd
    from odibi_core.runs.child import Body
    from odibi_core.runs.handle import RunHandle
    from odibi_core.runs.launcher import RunLauncher
    from odibi_core.runs.request import RunRequest

__all__ = ["PreparedRun", "RunEnd", "RunHandle", "RunLauncher", "RunRequest", "prepare_run", "start_run"]

# Imported when first used: the command line forks before it needs any of them.
_HOMES = {
    "RunEnd": "odibi_core.journal.events",
    "RunHandle": "odibi_core.runs.handle",
    "RunLauncher": "odibi_core.runs.launcher",
    "RunRequest": "odibi_core.runs.request",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(home), name)


def start_run(request: RunRequest, *, body: Body | None = None) -> RunHandle:
    """Starts a run whose processes are forked from this one, which should have one thread and be light.

    Args:
        request: What to run.
        body: What the run does instead of orchestrating its steps.

    Raises:
        RunError: It cannot be started.
    """
    return prepare_run(body=body).start(request)


def prepare_run(*, body: Body | None = None) -> PreparedRun:
    """Forks the processes of a run before it is known what to run, so that they import meanwhile.

    Raises:
        RunError: This system cannot fork.
    """
    if not hasattr(os, "fork"):
        raise RunError("runs need a system that can fork", help="run pipelines from Python, or use WSL")
    from odibi_core.runs.warden import become_warden

    mine, wardens = Channel.pair()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        mine.close()
        become_warden(wardens, body)
    wardens.close()
    return PreparedRun(mine, pid)


class PreparedRun:
    """Processes that wait for a request; leaving the `with` block ends them if none came."""

    def __init__(self, warden: Channel, pid: int) -> None:
        self._warden = warden
        self._pid: int | None = pid

    def start(self, request: RunRequest) -> RunHandle:
        """Starts the run.

        Raises:
            RunError: It cannot be started.
        """
        from odibi_core.runs.handle import RunHandle
        from odibi_core.runs.request import Start, Surroundings

        pid, self._pid = self._pid, None
        return RunHandle.start(self._warden, Start(request, Surroundings.here()), reap=pid)

    def close(self) -> None:
        """Ends the processes if they have not been given a request."""
        if self._pid is not None:
            self._warden.close()
            os.waitpid(self._pid, 0)
            self._pid = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
