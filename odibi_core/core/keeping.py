"""Keeper: stores full results of steps under the run, beside the run and not in its way.

A result of which the preview is the whole costs a second name for the preview's file. Others are written
by one thread, to a hidden file that takes its name in one move; the journal tells of it only then. What goes
wrong is told in the log and harms nothing but the result's being kept.
"""

from __future__ import annotations

import os
import shutil
import threading
import weakref
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from odibi_core.core.kept_files import NotKeepableError, check_same, keepable, write_full, write_index
from odibi_core.errors import EngineError, JournalError
from odibi_core.journal.events import DatasetDropped, DatasetKept
from odibi_core.nodes.base import is_data
from odibi_core.reuse.past import digest_of_files

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from odibi_core.core.frames import FrameStore
    from odibi_core.core.node import Step
    from odibi_core.core.tracker import Tracker
    from odibi_core.engine.base_context import EngineContext

BUDGET = 256 * 1024 * 1024  # of files, a run with `keep = auto`
_WAITING = 512 * 1024 * 1024  # of frames in memory that are held only until they are written
_SHRINK = 4  # how much smaller than in memory a file is taken to be at most, before it is written
_RESERVE = 64 * 1024 * 1024  # of the disk, which is the journal's and the targets'


@dataclass(slots=True)
class _Job:
    step: Step
    key: str
    frame: Any
    context: EngineContext
    cost_ms: float
    size: int  # in memory, about


@dataclass(frozen=True, slots=True)
class _Entry:
    files: tuple[Path, ...]
    size: int
    worth: float  # milliseconds of work a byte


class Keeper:
    """Keeps results of one run.

    Args:
        tracker: Names the files and records what is kept.
        frames: Holds frames until they are written.
        mode: `all`, or `auto`: up to `budget`. When that is reached, results that every step has read go
            before those that one still needs, and of these the cheapest to make for their size.
        budget: Bytes of files.
    """

    def __init__(self, tracker: Tracker, frames: FrameStore, mode: str, *, budget: int = BUDGET) -> None:
        self._tracker = tracker
        self._frames = frames
        self._all = mode == "all"
        self._budget = budget
        self._jobs: deque[_Job] = deque()
        self._changed = threading.Condition()
        self._waiting = 0
        self._entries: dict[str, _Entry] = {}
        self._held = 0  # bytes of their files
        self._twins: dict[int, tuple[weakref.ref[Any], str]] = {}  # frames that have been written
        self._thread: threading.Thread | None = None
        self._closing = self._hurry = False
        self._gave_up = False
        self._interrupt: Callable[[], None] | None = None

    # -- the run's side -------------------------------------------------------------------------------

    def offer(
        self, step: Step, results: Mapping[str, Any], context: EngineContext, duration_ms: float
    ) -> None:
        """Takes a step's results; returns at once, unless all are kept and too many are waiting."""
        if self._tracker.paths is None or not self._tracker.has_journal:
            return
        for key in dict.fromkeys(step.outputs.values()):
            frame = results[key]
            if is_data(frame) and not self._gave_up:
                self._take(_Job(step, key, frame, context, duration_ms, _size(frame, context)))

    def close(self, *, hurry: bool) -> None:
        """Writes what is waiting, or (`hurry`) only what costs nothing, and ends the thread."""
        with self._changed:
            self._closing = True
            self._hurry = self._hurry or hurry
            interrupt = self._interrupt if self._hurry else None
            self._changed.notify_all()
        if interrupt is not None:
            interrupt()
        if self._thread is not None:
            self._thread.join()

    def hurry(self) -> None:
        """Interrupts what is being written: the run is to end."""
        with self._changed:
            self._hurry = True
            interrupt = self._interrupt
            self._changed.notify_all()
        if interrupt is not None:
            interrupt()

    def _take(self, job: _Job) -> None:
        if not self._all and job.size > self._budget * _SHRINK:
            self._say(job, "it is too large")
            return
        with self._changed:
            while self._waiting and self._waiting + job.size > _WAITING and not self._hurry:
                if not self._all:
                    self._say(job, "too much is waiting to be written")
                    return
                self._changed.wait()
            self._frames.hold(job.key)
            self._waiting += job.size
            self._jobs.append(job)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="odibi-keep", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    # -- the thread's side ----------------------------------------------------------------------------

    def _run(self) -> None:
        while (job := self._next()) is not None:
            try:
                if not self._gave_up:
                    self._keep(job)
            except JournalError:
                self._gave_up = True  # the run fails of it by itself, where it is seen
            finally:
                self._frames.let_go(job.key)
                with self._changed:
                    self._waiting -= job.size
                    self._changed.notify_all()
                del job

    def _next(self) -> _Job | None:
        with self._changed:
            while not self._jobs and not self._closing:
                self._changed.wait()
            return self._jobs.popleft() if self._jobs else None

    def _keep(self, job: _Job) -> None:
        import duckdb
        import pyarrow as pa

        number = self._tracker.number_of(job.key)
        paths = self._tracker.paths
        if number is None or paths is None:
            return
        file = paths.data_file(number, "full")
        index_file = paths.data_file(number, "index")
        target, index = paths.directory / file, paths.directory / index_file
        temporary = (target.with_name(f".{target.name}.tmp"), index.with_name(f".{index.name}.tmp"))
        done = False
        try:
            rows = self._write(job, temporary[0])
            has_index = write_index(job.frame, job.context, temporary[1])
            self._settle(job, rows, temporary if has_index else temporary[:1], (target, index))
            done = True
        except NotKeepableError as reason:
            self._say(job, str(reason), "debug" if job.context.name == "spark" else "info")
        except duckdb.InterruptException:
            self._say(job, "the run was to end")
        except (OSError, duckdb.Error) as error:
            if isinstance(error, JournalError):
                raise
            self._gave_up = _is_full(error)
            self._say(job, _told(error) + ("; nothing more is kept" if self._gave_up else ""), "warning")
        except (pa.ArrowException, EngineError, TypeError, ValueError) as error:
            self._say(job, _told(error))
        finally:
            for path in temporary if not done else ():
                with suppress(OSError):
                    path.unlink(missing_ok=True)

    def _write(self, job: _Job, temporary: Path) -> int:
        """Gives the rows a file: the preview's, if they are in there, or one of their own."""
        whole = self._tracker.whole_preview(job.key)
        source, rows = whole if whole is not None else (None, 0)
        twin = self._twin_of(job.frame)
        if source is None and twin is not None:
            source, rows = twin.files[0], job.context.row_count(job.frame) or 0
        if source is not None:
            try:
                os.link(source, temporary)
            except OSError:  # a file system without hard links
                shutil.copyfile(source, temporary)
            try:
                self._check(job, temporary)
                return rows
            except NotKeepableError:
                if job.context.name != "duckdb":
                    raise
                temporary.unlink()  # a preview comes through Arrow, which lacks some of DuckDB's types
        if self._hurry:
            raise NotKeepableError("the run was to end")
        temporary.parent.mkdir(exist_ok=True)
        free = shutil.disk_usage(temporary.parent).free
        if free < _RESERVE + job.size:
            raise NotKeepableError(f"the disk has only {free / 1e6:,.0f} MB left")
        rows = write_full(
            job.frame, job.context, temporary, redactor=self._tracker.redactor, stop=self._interruptible
        )
        self._check(job, temporary)
        return rows

    def _check(self, job: _Job, written: Path) -> None:
        if job.context.name != "spark":  # whose preview can be all there is; keepable() says no to the rest
            keepable(job.frame, job.context)
        check_same(job.frame, job.context, written)

    def _twin_of(self, frame: Any) -> _Entry | None:
        """Returns what was written of the same frame under another key, as a store step's output is."""
        found = self._twins.get(id(frame))
        return self._entries.get(found[1]) if found is not None and found[0]() is frame else None

    def _settle(self, job: _Job, rows: int, written: tuple[Path, ...], targets: tuple[Path, Path]) -> None:
        """Makes room for what was written, names it and tells the journal; or leaves it."""
        sizes = [path.stat().st_size for path in written]
        size = sum(sizes)
        worth = job.cost_ms / max(1, size)
        if not self._all and not self._make_room(job, size, worth):
            raise NotKeepableError("more has been kept already than `auto` allows")
        has_index = len(written) > 1
        digest = digest_of_files(written[0], written[1] if has_index else None)
        files = targets[: len(written)]
        for path, target in zip(written, files, strict=True):
            path.replace(target)
        self._entries[job.key] = _Entry(files, size, worth)
        self._held += size
        self._twins[id(job.frame)] = (weakref.ref(job.frame), job.key)
        self._tracker.record(
            DatasetKept(
                dataset=job.key,
                file=f"{targets[0].parent.name}/{targets[0].name}",
                rows=rows,
                bytes=sizes[0],
                digest=digest,
                step=job.step.name,
                index_file=f"{targets[1].parent.name}/{targets[1].name}" if has_index else None,
            )
        )

    def _make_room(self, job: _Job, size: int, worth: float) -> bool:
        held = self._held
        if held + size <= self._budget:
            return True
        mine = (self._frames.is_needed(job.key, beside=1), worth)
        ranked = sorted(
            ((self._frames.is_needed(key), entry.worth), key) for key, entry in self._entries.items()
        )
        going = []
        for rank, key in ranked:
            if held + size <= self._budget:
                break
            if rank >= mine:
                return False
            going.append(key)
            held -= self._entries[key].size
        if held + size > self._budget:
            return False
        for key in going:
            entry = self._entries.pop(key)
            self._held -= entry.size
            self._tracker.record(DatasetDropped(dataset=key, reason=f"room was made for `{job.key}`"))
            for path in entry.files:
                path.unlink(missing_ok=True)
        return True

    def _interruptible(self, interrupt: Callable[[], None] | None) -> None:
        with self._changed:
            self._interrupt = interrupt
            now = interrupt is not None and self._hurry
        if now and interrupt is not None:
            interrupt()

    def _say(self, job: _Job, reason: str, level: str = "info") -> None:
        message = self._tracker.redactor.text(f"`{job.key}` is not kept: {reason}")
        self._tracker.log(message, level=level, step=job.step.name)


def _size(frame: Any, context: EngineContext) -> int:
    """Returns about how much memory a frame takes, without looking at its data."""
    if context.name == "pandas":
        return int(frame.memory_usage(index=True, deep=False).sum())
    if context.name == "duckdb":
        rows, columns = frame.shape
        return int(rows * columns * 8)
    return 0


def _is_full(error: BaseException) -> bool:
    import errno

    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return True
    return "No space left" in str(error) or "File too large" in str(error)


def _told(error: BaseException) -> str:
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return text.strip().splitlines()[0] if text.strip() else type(error).__name__
