"""JournalWriter: appends a run's events to its journal, from one process or several forked ones."""

from __future__ import annotations

import errno
import fcntl
import mmap
import os
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Self

from odibi_core.errors import JournalError
from odibi_core.journal import lock
from odibi_core.journal.codec import encode_event, line_of, seq_of

if TYPE_CHECKING:
    from odibi_core.journal.events import Event
    from odibi_core.journal.redaction import Redactor

_TAIL_CHUNK = 64 * 1024
_CLAIM_PATIENCE_S = 2.0


class SharedCounter:
    """The last sequence number given out, and the mutex around it; forked processes share both.

    The mutex is a record lock on an unnamed file of its own. On the journal itself it would meet the
    liveness lock: macOS, BSD and NFS let `flock` and `fcntl` locks of one file wait for each other.
    """

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 16)
        self._mutex = tempfile.TemporaryFile(prefix="odibi-")  # noqa: SIM115 - open as long as the counter
        self._descriptor = self._mutex.fileno()
        # Record locks belong to a process, so its threads need a lock as well. One each process: a
        # fork while another thread holds it would leave the child's copy locked for ever.
        self._thread_locks: dict[int, threading.Lock] = {}

    def __enter__(self) -> Self:
        pid = os.getpid()
        thread_lock = self._thread_locks.get(pid) or self._thread_locks.setdefault(pid, threading.Lock())
        thread_lock.acquire()
        try:
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX)
        except BaseException:
            thread_lock.release()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        try:
            fcntl.lockf(self._descriptor, fcntl.LOCK_UN)
        finally:
            self._thread_locks[os.getpid()].release()

    @property
    def last(self) -> int:
        """The last number given out."""
        return int.from_bytes(self._memory[:8], "little")

    @last.setter
    def last(self, value: int) -> None:
        self._memory[:8] = value.to_bytes(8, "little")

    @property
    def writing(self) -> bool:
        """Whether somebody is inside a write; where the next holder finds it so, the last one died in it."""
        return self._memory[8] != 0

    @writing.setter
    def writing(self, value: bool) -> None:
        self._memory[8] = value

    def close(self) -> None:
        """Releases this process's share."""
        self._mutex.close()


class JournalWriter:
    """Appends events to a journal, each as one line in one write, numbered without gaps.

    While it, or a copy of it in a forked process, is open, it holds an advisory lock on the journal:
    that is how others know that the run lives. Threads and forked processes may append at will. A tail
    torn by a killed writer is closed with a newline before anything follows it.

    Args:
        path: The journal; made, with its directory, if it does not exist.
        redactor: Takes secrets out of every line.
        counter: Shares numbering and mutex with another writer of the same journal.

    Raises:
        JournalError: The journal cannot be opened, or another run is writing it.
    """

    def __init__(
        self, path: str | Path, *, redactor: Redactor | None = None, counter: SharedCounter | None = None
    ) -> None:
        self.path = Path(path)
        self.redactor = redactor
        self._own_counter = counter is None
        self._unsynced = False
        self._named = False  # whether the journal's name, too, has been forced to the disk
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_CLOEXEC", 0)
            self._descriptor = os.open(self.path, flags, 0o644)
        except OSError as error:
            raise _cannot_write(self.path, error) from error
        try:
            self._counter = counter if counter is not None else SharedCounter()
            if self._own_counter:
                self._claim()
                with self._counter:
                    self._recover()
        except OSError as error:
            os.close(self._descriptor)
            if isinstance(error, JournalError):
                raise
            raise _cannot_write(self.path, error) from error
        self._closed = False

    @property
    def counter(self) -> SharedCounter:
        """Numbering and mutex, to share with another writer of the same journal."""
        return self._counter

    @property
    def last_seq(self) -> int:
        """The number of the last event written by anyone."""
        return self._counter.last

    def append(self, event: Event) -> int:
        """Writes an event and returns its number. It survives a kill from here on, and `sync` a power cut.

        Raises:
            JournalError: The line cannot be written; nothing of it is left in the journal.
        """
        if self._closed:
            raise JournalError(f"the journal `{self.path}` is closed")
        body = encode_event(event)
        if self.redactor is not None:
            body = self.redactor.line(body)
        counter = self._counter
        with counter:
            if counter.writing:
                self._recover()
            seq = counter.last + 1
            self._write(line_of(seq, body))
            counter.last = seq
            counter.writing = False
        self._unsynced = True
        return seq

    def sync(self) -> None:
        """Forces what this process has appended to the disk; does nothing if that has been done.

        Raises:
            JournalError: The disk refuses.
        """
        if not self._unsynced or self._closed:
            return
        self._unsynced = False
        try:
            os.fsync(self._descriptor)
            if not self._named:
                self._named = True
                _sync_directory(self.path.parent)
                _sync_directory(self.path.parent.parent)
        except OSError as error:
            raise _cannot_write(self.path, error) from error

    def close(self) -> None:
        """Syncs and closes; the journal's lock is released when the last process has closed it."""
        if self._closed:
            return
        try:
            self.sync()
        finally:
            self._closed = True
            os.close(self._descriptor)
            if self._own_counter:
                self._counter.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _claim(self) -> None:
        """Takes the liveness lock; waits a moment, because whoever asks for it holds it for an instant."""
        pause = threading.Event()
        for _ in range(int(_CLAIM_PATIENCE_S / 0.01)):
            if lock.hold(self._descriptor) != "gone":
                return
            pause.wait(0.01)
        raise JournalError(
            f"another process is writing the journal `{self.path}`",
            help="start the run under an id of its own",
        )

    def _write(self, line: bytes) -> None:
        self._counter.writing = True
        written = 0
        try:
            written = os.write(self._descriptor, line)
            while written < len(line):  # a full disk takes a part, then refuses the rest
                written += os.write(self._descriptor, line[written:])
        except OSError as error:
            if written:
                os.ftruncate(self._descriptor, os.fstat(self._descriptor).st_size - written)
            self._counter.writing = False
            raise _cannot_write(self.path, error) from error

    def _recover(self) -> None:
        """Closes a torn tail and finds the last number, after somebody died while writing."""
        end = os.fstat(self._descriptor).st_size
        if end and os.pread(self._descriptor, 1, end - 1) != b"\n":
            self._write(b"\n")
            end += 1
        self._counter.last = max(self._counter.last, _last_seq(self._descriptor, end))
        self._counter.writing = False


def _last_seq(descriptor: int, end: int) -> int:
    """Returns the number of the last undamaged line before `end`, or 0."""
    tail = b""
    while end > 0:
        start = max(0, end - _TAIL_CHUNK)
        tail = os.pread(descriptor, end - start, start) + tail
        end = start
        lines = tail.split(b"\n")
        for line in reversed(lines if start == 0 else lines[1:]):
            seq = seq_of(line) if line else None
            if seq is not None:
                return seq
        tail = lines[0]
    return 0


def _sync_directory(path: Path) -> None:
    """Forces a directory's entries to the disk, where its file system does that."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EBADF):
            raise
    finally:
        os.close(descriptor)


def _cannot_write(path: Path, error: OSError) -> JournalError:
    return JournalError(
        f"cannot write the journal `{path}`: {error.strerror or error}",
        help="free some space or choose another directory with `--log-dir`; nothing is done unrecorded",
    )
