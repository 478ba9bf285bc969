"""The process that watches one worker and ends it, with everything it started."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
from typing import NoReturn

from odibi_core.functions.isolation import system


def run_guard(control: int, out: int, err: int, log: int, question: int, answer: int) -> NoReturn:
    """Forks the worker, watches it and the run, and reports how the worker ended. Never returns.

    Says on `control`: `S` when the worker has started, `E` and its wait status when it and all its
    descendants are dead, `X` and a reason when that could not be brought about.

    Args:
        control: Socket to the run. Anything that comes from there, and its end, is the order to kill.
        out: What the worker gets as standard output.
        err: What it gets as standard error.
        log: Where its logging goes.
        question: Memory file with the function and its arguments.
        answer: Memory file for the result.
    """
    line = socket.socket(fileno=control)
    try:
        _guard(line, out, err, log, question, answer)
    except BaseException as error:  # noqa: BLE001 - reported; there is nobody else to tell
        line.sendall(f"X {type(error).__name__}: {error}\n".encode())
    finally:
        os._exit(0)


def _guard(line: socket.socket, out: int, err: int, log: int, question: int, answer: int) -> None:
    system.name_process("odibi-guard")
    system.adopt_orphans()
    woken, waker = os.pipe()
    os.set_blocking(waker, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(waker)
    guard = os.getpid()
    worker = system.fork()
    if worker == 0:
        try:
            line.close()
            from odibi_core.functions.isolation.worker import run_worker

            system.die_with_parent(guard)
            run_worker(out, err, log, question, answer)
        finally:
            os._exit(1)
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2, out, err, log, question, answer):
        os.dup2(null, descriptor)  # the run sees the end of the pipes when the worker's side is gone
    with contextlib.suppress(PermissionError, ProcessLookupError):
        os.setpgid(worker, worker)  # the worker does the same; whoever comes first
    line.sendall(b"S\n")
    while True:
        readable, _, _ = select.select([line.fileno(), woken], [], [])
        if line.fileno() in readable:
            break
        os.read(woken, 512)
        if os.waitid(os.P_PID, worker, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            break  # left unreaped, so that its number is still its group's
    status = system.end_all(worker)
    if status is None:
        line.sendall(f"X a process did not end within {system.GIVE_UP_S:g} s of being killed\n".encode())
    else:
        line.sendall(f"E {status}\n".encode())
