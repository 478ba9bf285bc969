"""The process that workers are forked from, and how it is started and asked."""

from __future__ import annotations

import gc
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from typing import Any

from odibi_core.functions.isolation import system
from odibi_core.functions.isolation.guard import run_guard
from odibi_core.functions.registry import REGISTRY

DESCRIPTORS = 6  # control, stdout, stderr, log, question, answer: what a guard is given
_PANDAS = ("pandas", "pyarrow", "odibi_core.engine.pandas_context")
_PRELOADED = {b"p": _PANDAS, b"d": (*_PANDAS, "duckdb", "odibi_core.engine.duckdb_context")}


class Zygote:
    """This side of a zygote.

    Attributes:
        inherits: Whether it was forked from this process, so that what was in memory then is there too.
    """

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        self._lock = threading.Lock()
        self._socket = ours
        self._process: subprocess.Popen[bytes] | None = None
        self._pid: int | None = None
        self.inherits = _can_be_copied()
        self._known: dict[str, Any] = {}
        with theirs:
            if self.inherits:
                self._known = _in_memory()
                self._pid = _fork_zygote(theirs)
            else:
                self._process = _spawn_zygote(theirs)

    def has(self, name: str) -> bool:
        """Whether a function that is in no module has the same meaning there as it has here now."""
        root = name.removeprefix("__main__.").split(".")[0] if name.startswith("__main__.") else name
        return self.inherits and root in self._known and self._known[root] is _in_memory().get(root)

    def start(self, engine: str, descriptors: list[int]) -> None:
        """Has a guard and its worker started, which get these descriptors.

        Raises:
            OSError: The zygote is gone.
        """
        assert len(descriptors) == DESCRIPTORS
        with self._lock:
            socket.send_fds(self._socket, [b"d" if engine == "duckdb" else b"p"], descriptors)

    def close(self) -> None:
        """Ends the zygote; workers that are still running end with their own calls."""
        with self._lock:
            self._socket.close()
        if self._process is not None:
            self._process.wait()
        elif self._pid is not None:
            with suppress(ChildProcessError):  # somebody waits for every child of this process
                os.waitpid(self._pid, 0)
            self._pid = None


def _can_be_copied() -> bool:
    """Whether a fork of this process is sound.

    Another thread may hold any lock at that moment, also one that Python does not know of (an open DuckDB
    has some). It does not matter of threads that say of themselves that they do nothing but wait.
    """
    others = (thread for thread in threading.enumerate() if thread is not threading.current_thread())
    if not all(getattr(thread, "only_waits", False) for thread in others):
        return False
    return system.native_threads() <= threading.active_count()


def _in_memory() -> dict[str, Any]:
    """Returns the objects that functions can be found by without importing anything."""
    return {**vars(sys.modules["__main__"]), **REGISTRY.specs()}


def _fork_zygote(theirs: socket.socket) -> int:
    pid = system.fork()
    if pid:
        return pid
    try:
        system.let_go_of_descriptors({2, theirs.fileno()})
        serve(theirs)
    finally:
        os._exit(1)


def _spawn_zygote(theirs: socket.socket) -> subprocess.Popen[bytes]:
    code = (
        "import json, socket, sys; sys.path[:] = json.loads(sys.argv[2]);"
        "from odibi_core.functions.isolation.zygote import serve;"
        "serve(socket.socket(fileno=int(sys.argv[1])))"
    )
    descriptor = theirs.fileno()
    return subprocess.Popen(
        [sys.executable, "-c", code, str(descriptor), json.dumps(sys.path)],
        pass_fds=(descriptor,),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )


def serve(requests: socket.socket) -> None:
    """Forks a guard for each request until the other side is gone; runs in the zygote and never returns."""
    requests.set_inheritable(False)
    system.reset_signals()
    system.name_process("odibi-zygote")
    if os.getpid() != os.getsid(0):
        os.setsid()  # a Ctrl+C in the terminal is for the run, which tells us
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # guards are reaped by the kernel
    loaded: set[bytes] = set()
    _load(b"p", loaded)  # while the run is still busy with other things
    while True:
        try:
            engine, descriptors, _, _ = socket.recv_fds(requests, 1, DESCRIPTORS)
        except ConnectionError:
            engine = b""
        if not engine:
            os._exit(0)
        _load(engine, loaded)
        if system.fork() == 0:
            requests.close()
            run_guard(*descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


def _load(engine: bytes, loaded: set[bytes]) -> None:
    """Imports what workers for an engine need, so that they are forked with it."""
    if engine in loaded:
        return
    loaded.add(engine)
    importlib.import_module("odibi_core.functions.isolation.worker")
    for module in _PRELOADED[engine]:
        # Where one is missing, the worker meets the same error and can report it.
        with suppress(ImportError):
            importlib.import_module(module)
    gc.collect()
    gc.freeze()  # collecting in a worker would copy the pages it shares with us
