"""One call from the run's side: wait, pass on what is printed, keep the timeout, read the answer."""

from __future__ import annotations

import json
import os
import pickle
import re
import selectors
import signal
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from odibi_core.errors import (
    RemoteStepError,
    RunCancelledError,
    StepCrashedError,
    StepOptionError,
    StepTimeoutError,
)
from odibi_core.functions.isolation import system
from odibi_core.functions.isolation.parcel import read_parcel, write_parcel
from odibi_core.functions.resolution import importable

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from odibi_core.core.node import Step

LogSink = Callable[[str, str], None]
Starter = Callable[[list[int]], int | None]

BOOT_S = 120.0  # for the zygote to import what it must, on a slow machine; no part of a step's timeout
_LONGEST_WAIT_S = 86_400.0  # at a time: the kernel counts milliseconds in 31 bits
_CHUNK = 1 << 16
_END = re.compile(rb"^[EX] .*\n", re.MULTILINE)
_LONGEST_LINE = 1 << 20


class GuardedCall:
    """A function running in a worker."""

    def __init__(self, step: Step, function: str, timeout: float | None, on_log: LogSink | None) -> None:
        self._step = step
        self._function = function
        self._timeout = timeout
        self._on_log = on_log
        self._lock = threading.Lock()
        self._line: socket.socket | None = None  # to the guard
        self._killed = False  # by `kill`
        self._timed_out = False
        self._reports = b""

    def kill(self) -> None:
        """Has the guard end the worker, from any thread."""
        self._killed = True
        self._order_kill()

    def run(self, question: Mapping[str, Any], tables: Mapping[str, pa.Table], start: Starter) -> Any:
        """Starts the worker, waits for its end, and returns or raises what came of it."""
        files = [system.memory_file(), system.memory_file()]
        try:
            self._write(files[0], question, tables)
            self._attempt(start, files)
            if not (self._reports or self._killed or self._timed_out):
                self._attempt(start, files)  # the zygote died with the request: nothing has been started
            return self._outcome(files[1], question["base_dir"])
        finally:
            for descriptor in files:
                os.close(descriptor)

    def _attempt(self, start: Starter, files: list[int]) -> None:
        line, readers, guard = self._start(start, files)
        try:
            self._follow(line, readers)
        finally:
            self._end(line, readers)
            if guard is not None:
                with suppress(ChildProcessError):
                    os.waitpid(guard, 0)

    # -- start ----------------------------------------------------------------------------------------

    def _write(self, file: int, question: Mapping[str, Any], tables: Mapping[str, pa.Table]) -> None:
        try:
            write_parcel(file, question, tables)
        except (pickle.PicklingError, TypeError, AttributeError) as error:
            raise StepOptionError(
                f"the parameters cannot be handed to the step's own process: {error}",
                step=self._step.name,
                field="params",
                help="use plain values, or take out `timeout` and `isolate`",
            ) from error

    def _start(self, start: Starter, files: list[int]) -> tuple[socket.socket, list[_Reader], int | None]:
        line, theirs = socket.socketpair()
        readers, writers = [], []
        for name in ("stdout", "stderr", "log"):
            readable, writable = os.pipe()
            os.set_blocking(readable, False)
            readers.append(_Reader(name, readable, self._on_log))
            writers.append(writable)
        try:
            guard = start([theirs.fileno(), *writers, *files])
        except BaseException:
            line.close()
            for reader in readers:
                reader.close()
            raise
        finally:
            theirs.close()
            for writable in writers:
                os.close(writable)
        with self._lock:
            self._line = line
        if self._killed:  # while it was being started
            self._order_kill()
        return line, readers, guard

    # -- follow ---------------------------------------------------------------------------------------

    def _follow(self, line: socket.socket, readers: list[_Reader]) -> None:
        """Reads until the guard has said how it ended, and what was printed until then."""
        deadline: float | None = time.monotonic() + BOOT_S
        running = False
        with selectors.DefaultSelector() as selector:
            selector.register(line, selectors.EVENT_READ, None)
            for reader in readers:
                selector.register(reader.descriptor, selectors.EVENT_READ, reader)
            while True:
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    if self._timed_out or self._killed:
                        return  # the guard cannot be reached either
                    self._timed_out = True
                    self._order_kill()
                    deadline = time.monotonic() + 2 * system.GIVE_UP_S
                    continue
                for key, _ in selector.select(None if left is None else min(left, _LONGEST_WAIT_S)):
                    if key.data is not None:
                        with suppress(BlockingIOError):  # `select` may be wrong about it
                            if not key.data.read():
                                selector.unregister(key.fd)
                        continue
                    received = line.recv(4096)
                    self._reports += received
                    if not received or _END.search(self._reports):
                        return
                    if not running and b"S" in self._reports:
                        running = True
                        deadline = None if self._timeout is None else time.monotonic() + self._timeout

    def _end(self, line: socket.socket, readers: list[_Reader]) -> None:
        with self._lock:
            self._line = None
            line.close()  # if the guard is still there, it kills and ends
        try:
            for reader in readers:
                reader.drain()
        finally:
            for reader in readers:
                reader.close()

    def _order_kill(self) -> None:
        with self._lock:
            if self._line is not None:
                with suppress(OSError):  # it has ended by itself
                    self._line.send(b"k")

    # -- outcome --------------------------------------------------------------------------------------

    def _outcome(self, answer: int, base_dir: str | None) -> Any:
        parcel = read_parcel(answer)
        if parcel is None:
            raise self._no_answer()
        message, tables = parcel
        if message["kind"] == "none":
            return None
        if message["kind"] == "single":
            return next(iter(tables.values()))
        if message["kind"] == "several":
            return tables
        raise self._remote_error(message, base_dir)

    def _no_answer(self) -> Exception:
        name = self._step.name
        if self._killed:
            return RunCancelledError(f"step `{name}` was cancelled", step=name)
        report = self._reports.partition(b"S\n")[2].decode(errors="replace").strip()
        if self._timed_out:
            if b"S" not in self._reports:
                return StepCrashedError(
                    f"the process for a step did not start within {BOOT_S:g} s", step=name
                )
            return StepTimeoutError(
                f"function `{self._function}` took longer than its timeout of {self._timeout:g} s",
                step=name,
                field="params.timeout",
                help=report[2:] if report.startswith("X") else None,
            )
        if not report.startswith("E "):
            reason = report[2:] if report.startswith("X ") else "its guard has ended"
            return StepCrashedError(
                f"the process of function `{self._function}` was lost: {reason}", step=name
            )
        return self._crash(int(report[2:]))

    def _crash(self, status: int) -> StepCrashedError:
        if not os.WIFSIGNALED(status):
            code = os.WEXITSTATUS(status)
            return StepCrashedError(
                f"function `{self._function}` ended its process with exit code {code}", step=self._step.name
            )
        number = os.WTERMSIG(status)
        try:
            label = signal.Signals(number).name
        except ValueError:
            label = f"signal {number}"
        return StepCrashedError(
            f"the process of function `{self._function}` was ended by {label}",
            step=self._step.name,
            help="the system may have run out of memory" if number == signal.SIGKILL else None,
        )

    def _remote_error(self, message: dict[str, Any], base_dir: str | None) -> BaseException:
        name = self._step.name
        if message["type"] == "SystemExit":
            return StepCrashedError(
                f"function `{self._function}` called `sys.exit({message['exit']!r})`", step=name
            )
        error: BaseException | None = None
        if message["pickled"] is not None:
            try:
                with importable(base_dir):
                    error = pickle.loads(message["pickled"])
            except Exception:  # noqa: BLE001 - its class cannot be made here; the text says what it was
                error = None
        if not isinstance(error, Exception):
            return RemoteStepError(
                f"{message['type']}: {message['text']}",
                type_name=message["type"],
                traceback_text=message["traceback"],
                step=name,
            )
        error.add_note(f"in the process of step `{name}`:\n{message['traceback'].rstrip()}")
        return error


class _Reader:
    """One stream of a worker, cut into lines."""

    def __init__(self, name: str, descriptor: int, on_log: LogSink | None) -> None:
        self.name = name
        self.descriptor = descriptor
        self._on_log = on_log
        self._rest = b""

    def read(self) -> bool:
        """Passes on the next chunk; returns False at the end.

        Raises:
            BlockingIOError: Nothing is there, but something may still come.
        """
        chunk = os.read(self.descriptor, _CHUNK)
        if not chunk:
            return False
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            self._emit(line)
        if len(self._rest) > _LONGEST_LINE:
            self._emit(self._rest)
            self._rest = b""
        return True

    def drain(self) -> None:
        """Passes on what is left without waiting for more."""
        with suppress(BlockingIOError):
            while self.read():
                pass
        if self._rest:
            self._emit(self._rest)
            self._rest = b""

    def close(self) -> None:
        os.close(self.descriptor)

    def _emit(self, line: bytes) -> None:
        if self._on_log is None:
            return
        text = line.decode("utf-8", errors="replace").rstrip("\r")
        if self.name != "log":
            self._on_log(self.name, text)
            return
        try:
            level, message = json.loads(text)
        except ValueError:  # cut off by the end of its process
            self._on_log("info", text)
            return
        for part in message.splitlines() or [""]:
            self._on_log(level, part)
