"""The run: what happens in the process that carries out a pipeline."""

from __future__ import annotations

import faulthandler
import os
import pickle
import signal
import sys
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from odibi_core.core.failures import error_info
from odibi_core.journal.layout import RunPaths
from odibi_core.journal.redaction import Redactor
from odibi_core.journal.writer import JournalWriter, SharedCounter
from odibi_core.runs import words
from odibi_core.runs.lifeline import hold_on

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from odibi_core.runs.board import Board
    from odibi_core.runs.channel import Channel
    from odibi_core.runs.request import RunRequest, Start

    Body = Callable[["Run"], None]


@dataclass(frozen=True)
class Joint:
    """What a run shares with its warden from the fork on.

    Attributes:
        warden: The channel to it.
        board: The memory both see.
        counter: Numbers the journal's lines.
        out: The pipe that becomes standard output.
        err: The pipe that becomes standard error.
        lifeline: The pipe whose other end the warden holds while it lives.
    """

    warden: Channel
    board: Board
    counter: SharedCounter
    out: int
    err: int
    lifeline: int


@dataclass(frozen=True)
class Run:
    """What a body works with.

    Attributes:
        request: What to run.
        base_dir: What relative paths are relative to, absolute.
        paths: Where the run is recorded.
        journal: Its journal, open.
        redactor: Its secrets; what is added here the warden hears too.
        board: The memory shared with the warden.
        pipes: The run's ends of the pipes behind its output, whatever becomes of descriptors 1 and 2.
        wishes: Calls back when the run is to end.
    """

    request: RunRequest
    base_dir: Path
    paths: RunPaths
    journal: JournalWriter
    redactor: Redactor
    board: Board
    pipes: tuple[int, int]
    wishes: Wishes


class Wishes(threading.Thread):
    """Listens to the warden: what to run, and the wish that it end. The warden's own end ends the run."""

    only_waits = True  # so that workers for functions can be forked from this process

    def __init__(self, warden: Channel) -> None:
        super().__init__(name="odibi-wishes", daemon=True)
        self._warden = warden
        self._told = threading.Event()
        self._lock = threading.Lock()
        self._start_text = b""
        self._on_ask: Callable[[], None] | None = None
        self.ask: words.Ask | None = None

    def run(self) -> None:
        """Listens until the warden has gone."""
        while (message := self._warden.receive()) is not None:
            word, rest = words.split(message)
            if word == words.START:
                self._start_text = rest
                self._told.set()
            elif word == words.ASK:
                with self._lock:
                    self.ask = words.heard_ask(rest)
                    callback = self._on_ask
                if callback is not None:
                    callback()
        os.killpg(0, signal.SIGKILL)  # without its warden a run is not recorded: it ends, with all it started

    def wait_for_start(self) -> tuple[RunPaths, Start]:
        """Waits for the first message."""
        self._told.wait()
        directory, _, pickled = self._start_text.partition(b"\0")
        start: Start = pickle.loads(pickled)
        return RunPaths.of(os.fsdecode(directory)), start

    def when_asked(self, callback: Callable[[], None]) -> None:
        """Calls `callback` on the listening thread when the run is to end, or now if that has been said."""
        with self._lock:
            self._on_ask = callback
            asked = self.ask is not None
        if asked:
            callback()


class _TellingRedactor(Redactor):
    """A redactor whose secrets the warden learns before anybody can print them."""

    def __init__(self, warden: Channel) -> None:
        super().__init__()
        self._warden = warden
        self._sending = threading.Lock()

    def add(self, secret: str) -> None:
        super().add(secret)
        with self._sending:
            self._warden.send(words.SECRET + secret.encode("utf-8", "surrogatepass"))


def become_run(joint: Joint, body: Body | None = None) -> NoReturn:
    """Turns this freshly forked process into a run; returns only to the system."""
    code = 1
    try:
        _settle_in(joint)
        wishes = Wishes(joint.warden)
        wishes.start()
        if body is None:
            from odibi_core.runs.preload import preload

            preload()
        paths, start = wishes.wait_for_start()
        start.surroundings.take_over()
        sys.path.insert(0, str(start.base_dir))
        redactor = _TellingRedactor(joint.warden)
        run = Run(
            request=start.request,
            base_dir=start.base_dir,
            paths=paths,
            journal=JournalWriter(paths.journal, redactor=redactor, counter=joint.counter),
            redactor=redactor,
            board=joint.board,
            pipes=(joint.out, joint.err),
            wishes=wishes,
        )
        if body is None:
            from odibi_core.runs.conducting import conduct

            conduct(run)
        else:
            body(run)
        code = 0
    except SystemExit as exit_:  # user code, in a body of its own; the warden reads the exit code
        code = exit_.code if isinstance(exit_.code, int) else 1
    except BaseException as error:  # noqa: BLE001 - nobody is above; the warden records it
        joint.warden.send(words.raised(error_info(error)))
    finally:
        # No interpreter shutdown: it would run handlers and destructors that belong to the application.
        os._exit(code)


def _settle_in(joint: Joint) -> None:
    os.setsid()
    null = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((null, 0), (joint.out, 1), (joint.err, 2)):
        os.dup2(source, target)
    os.close(null)
    hold_on(joint.lifeline)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - for the rest of the process
    faulthandler.enable(file=2, all_threads=False)
