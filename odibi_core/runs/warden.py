"""The warden: the small process between an application and a run. It records what the run cannot.

It claims the run's id, opens the journal, reads the run's pipes into log events, passes on the wish to
cancel, ends the run when asking does not help, and writes the events a killed run still owes. It has
one thread and imports nothing heavy.
"""

from __future__ import annotations

import os
import pickle
import select
import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

from odibi_core.errors import JournalError, OdibiError
from odibi_core.journal import lock
from odibi_core.journal.events import Log, Memory, now
from odibi_core.journal.layout import claim_run
from odibi_core.journal.redaction import Redactor
from odibi_core.journal.writer import JournalWriter, SharedCounter
from odibi_core.runs import words
from odibi_core.runs.board import Board
from odibi_core.runs.channel import Channel
from odibi_core.runs.child import Joint, become_run
from odibi_core.runs.forking import leave_parent
from odibi_core.runs.lines import ByteLines
from odibi_core.runs.reaping import adopt_orphans, end_children, kill_group, resident_bytes
from odibi_core.runs.streams import STREAM_LEVELS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from odibi_core.journal.events import ErrorInfo, Event
    from odibi_core.journal.layout import RunPaths
    from odibi_core.runs.child import Body
    from odibi_core.runs.request import Start

_TICK_S = 0.1
_MEMORY_EVERY_S = 1.0
_CHUNK = 16_384
_EARLY_LINES = 1_000


def become_warden(parent: Channel, body: Body | None = None) -> NoReturn:
    """Turns this freshly forked process into a warden; returns only to the system.

    Args:
        parent: The channel to the application.
        body: What the run does instead of orchestrating its steps; for tests of the machinery.
    """
    try:
        leave_parent(parent.fileno())
        Warden(parent, body).tend()
    except BaseException as error:  # noqa: BLE001 - nobody is above; the application must hear of it
        parent.send(words.failed(f"the run's warden failed: {type(error).__name__}: {error}"))
    finally:
        os._exit(0)


class Warden:
    """Tends one run from before its start until after its end."""

    def __init__(self, parent: Channel, body: Body | None = None) -> None:
        self._parent = parent
        self._board = Board()
        self._counter = SharedCounter()
        self._redactor = Redactor()
        self._start: Start | None = None
        self._paths: RunPaths | None = None
        self._journal: JournalWriter | None = None
        self._journal_problem: JournalError | None = None
        self._names: list[str] = []
        self._early: list[Log] = []  # printed before the run's first event, which is to be the journal's
        self._detached = False
        self._status = 0
        self._raised: ErrorInfo | None = None
        self._ask: words.Ask | None = None
        self._kill_at: float | None = None
        self._killed = False
        self._started_at = time.monotonic()
        self._memory_at = self._started_at + _MEMORY_EVERY_S
        self._terminated = False
        self._wakeup, wakeup_end = os.pipe()
        os.set_blocking(self._wakeup, False)
        os.set_blocking(wakeup_end, False)
        signal.set_wakeup_fd(wakeup_end, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, self._terminate)
        self._fork_run(body)
        adopt_orphans()

    def tend(self) -> None:
        """Tends the run until nothing of it is left."""
        poll = select.poll()
        for descriptor in (self._parent.fileno(), self._run.fileno(), self._wakeup, *self._pipes):
            poll.register(descriptor, select.POLLIN)
        hears_parent = hears_run = True
        while not self._has_exited():
            ready = {descriptor for descriptor, _ in poll.poll(_TICK_S * 1000)}
            if self._wakeup in ready:
                with suppress(BlockingIOError):
                    os.read(self._wakeup, 4096)
            if hears_parent and self._parent.fileno() in ready:
                self._hear_parent()
                if self._parent.closed:
                    poll.unregister(self._parent.fileno())
                    hears_parent = False
            for descriptor in [pipe for pipe in self._pipes if pipe in ready]:
                if not self._read_pipe(descriptor):
                    poll.unregister(descriptor)
                    del self._pipes[descriptor]
            if hears_run and self._run.fileno() in ready:
                self._hear_run()
                if self._run.closed:
                    poll.unregister(self._run.fileno())
                    hears_run = False
            self._look_around()
        self._settle()

    # -- the application ------------------------------------------------------------------------------

    def _hear_parent(self) -> None:
        for message in self._parent.pending():
            word, rest = words.split(message)
            if word == words.START:
                self._begin(pickle.loads(rest), rest)  # from the application that forked us
            elif word == words.CANCEL:
                self._ask_run(words.Ask("cancelled", "cancelled by the person"))
            elif word == words.KILL:
                self._ask_run(words.Ask("cancelled", "cancelled by the person"))
                self._kill_run()
            elif word == words.DETACH:
                self._detached = True
        if self._parent.closed and not self._detached:
            self._ask_run(words.Ask("cancelled", "the application that started the run has ended"))

    def _begin(self, start: Start, pickled: bytes) -> None:
        self._start = start
        try:
            start.surroundings.take_over()
            time.tzset()
            self._paths = claim_run(start.log_dir, now().astimezone())
            self._journal = JournalWriter(self._paths.journal, redactor=self._redactor, counter=self._counter)
            # Held by the warden alone: when it dies, the journal reads as interrupted at once.
            lock.hold(os.open(self._paths.journal, os.O_RDWR | os.O_CLOEXEC))
        except (OdibiError, OSError) as error:
            help_ = error.help if isinstance(error, OdibiError) else None
            self._parent.send(words.failed(str(getattr(error, "message", error)), help_))
            self._kill_run()
            return
        self._names = [step.name for step in start.request.steps]
        self._started_at = time.monotonic()
        self._parent.send(words.started(self._paths.run_id, str(self._paths.directory), self._pid))
        self._run.send(words.START + os.fsencode(self._paths.directory) + b"\0" + pickled)

    # -- the run --------------------------------------------------------------------------------------

    def _fork_run(self, body: Body | None) -> None:
        self._run, run_end = Channel.pair()
        out, out_end = os.pipe()
        err, err_end = os.pipe()
        lifeline, self._lifeline_end = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGCHLD, signal.SIGTERM):
                signal.signal(number, signal.SIG_DFL)
            for descriptor in (self._parent.fileno(), self._run.fileno(), self._wakeup, out, err):
                os.close(descriptor)
            os.close(self._lifeline_end)
            become_run(Joint(run_end, self._board, self._counter, out_end, err_end, lifeline), body)
        run_end.close()
        for descriptor in (out_end, err_end, lifeline):
            os.close(descriptor)
        for descriptor in (out, err):
            os.set_blocking(descriptor, False)
        self._pipes = {out: _Pipe("stdout", self._redactor.text), err: _Pipe("stderr", self._redactor.text)}

    def _hear_run(self) -> None:
        for message in self._run.pending():
            word, rest = words.split(message)
            if word == words.SECRET:
                self._redactor.add(rest.decode("utf-8", "surrogatepass"))
            elif word == words.RAISED:
                self._raised = words.heard_raised(rest)

    def _read_pipe(self, descriptor: int) -> bool:
        """Records what a pipe holds; returns False at its end."""
        self._board.show_reading(True)  # before the read: see `RunTracker`, which waits for it
        try:
            data = os.read(descriptor, _CHUNK)
        except BlockingIOError:
            return True
        else:
            self._hear_run()  # a secret that is printed here was told before it was printed
            pipe = self._pipes[descriptor]
            self._record_lines(pipe, pipe.lines.feed(data) if data else pipe.lines.close())
            return bool(data)
        finally:
            self._board.show_reading(False)

    def _record_lines(self, pipe: _Pipe, lines: list[str]) -> None:
        running = self._board.running
        step = self._names[running] if running is not None else None
        level, stream = STREAM_LEVELS[pipe.stream], pipe.stream
        self._record([Log(message=line, level=level, step=step, stream=stream) for line in lines])

    def _record(self, events: list[Log]) -> None:
        if not self._board.begun and len(self._early) < _EARLY_LINES:
            self._early += events
            return
        self._append([*self._early, *events])
        self._early.clear()

    def _append(self, events: Sequence[Event]) -> None:
        if self._journal is None or self._journal_problem is not None:
            return
        try:
            for event in events:
                self._journal.append(event)
        except JournalError as error:
            self._stop_unrecorded(error)

    # -- ending it ------------------------------------------------------------------------------------

    def _look_around(self) -> None:
        """What is to be done from time to time: the cancel file, the clock, the memory."""
        at = time.monotonic()
        if self._terminated:
            self._ask_run(words.Ask("cancelled", "the run's warden was told to terminate"))
        if self._start is not None and self._paths is not None:
            timeout = self._start.request.timeout
            if timeout is not None and at - self._started_at >= timeout:
                self._ask_run(words.Ask("timed_out", f"the run took longer than {timeout:g} s"))
            if self._ask is None and self._paths.cancel_file.exists():
                self._ask_run(words.Ask("cancelled", "cancelled by a `cancel` file"))
        if self._kill_at is not None and at >= self._kill_at:
            self._kill_run()
        if at >= self._memory_at:
            self._memory_at = at + _MEMORY_EVERY_S
            self._record_memory()

    def _ask_run(self, ask: words.Ask) -> None:
        """Asks the run to end; once, and where it cannot listen yet, ends it."""
        if self._ask is not None:
            return
        self._ask = ask
        if self._start is None or not self._board.ready:
            self._kill_run()
            return
        self._run.send(words.ask(ask))
        self._kill_at = time.monotonic() + self._start.request.grace

    def _kill_run(self) -> None:
        if not self._killed:
            self._killed = True
            os.kill(self._pid, signal.SIGKILL)  # it may not have come to make its group yet
            kill_group(self._pid)

    def _terminate(self, *_: object) -> None:
        self._terminated = True

    def _stop_unrecorded(self, error: JournalError) -> None:
        """Ends a run whose journal cannot be written: nothing may be done unrecorded."""
        if self._journal_problem is None:
            self._journal_problem = error
            self._kill_run()

    def _record_memory(self) -> None:
        resident = resident_bytes(self._pid)
        if resident is not None and self._board.begun and self._board.end is None:
            self._append([Memory(rss_bytes=resident)])

    def _has_exited(self) -> bool:
        """Reaps what has ended, the run or an orphan adopted from it; says whether the run has."""
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == self._pid:
                self._status = status
                return True
            if pid == 0:
                return False

    def _settle(self) -> None:
        """Leaves nothing behind: no process, no output unread, no event unwritten."""
        kill_group(self._pid)
        end_children()
        self._hear_run()
        for descriptor, pipe in self._pipes.items():
            while self._has_data(descriptor) and self._read_pipe(descriptor):
                pass
            self._record_lines(pipe, pipe.lines.close())
        if self._paths is None or self._journal is None or self._start is None:
            return
        state, problem = self._board.end, self._journal_problem
        try:
            if state is None and problem is None:
                from odibi_core.runs.aftermath import begin, crash, settle  # 18 ms that a good run saves

                if not self._board.begun:
                    begin(self._start.request, self._paths, self._journal)
                self._append(self._early)
                error = self._raised or (crash(self._status) if self._ask is None else None)
                state = settle(self._paths, self._journal, error, self._ask)
            self._journal.close()
        except JournalError as error:
            problem = error
        self._parent.send(words.ended(state or "failed", None if problem is None else str(problem)))

    def _has_data(self, descriptor: int) -> bool:
        return bool(select.select([descriptor], [], [], 0)[0])


class _Pipe:
    """One of the run's output pipes."""

    def __init__(self, stream: str, mask: Callable[[str], str]) -> None:
        self.stream = stream
        self.lines = ByteLines(mask)
