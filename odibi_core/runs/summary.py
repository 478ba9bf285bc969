"""RunSummary: a run in one row of a list, read from as little of its files as will do."""

from __future__ import annotations

import os
import re
import stat
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from odibi_core.errors import RunLogError
from odibi_core.journal.codec import UNREADABLE, decode_line
from odibi_core.journal.events import RunFinished, RunStarted
from odibi_core.journal.final_log import read_log
from odibi_core.journal.fold import RunBuilder, settle
from odibi_core.journal.layout import RunPaths
from odibi_core.journal.load import load_journal
from odibi_core.journal.lock import holder_state
from odibi_core.journal.stats import note_of, rows_out, steps_done
from odibi_core.runs.follow import fate_of

if TYPE_CHECKING:
    from pathlib import Path

    from odibi_core.journal.record import RunRecord

_HEAD = 8 * 1024
_TAIL = 64 * 1024
_FOLD_UP_TO = 512 * 1024
_CLAIMED_S = 60.0  # a run that begins makes its directory first
_STEPS_KEY = re.compile(rb',\s*"steps":\s*\[')


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What a list shows of a run.

    Attributes:
        run_id: The run's id, by which the store opens it.
        path: Its final log, else its directory.
        state: One of `RUN_STATES`.
        started: When it started, None where unknown.
        duration_ms: How long it took, None where unknown.
        pipeline: The pipeline's name, empty where unknown.
        steps_total: How many steps it has, None where unknown.
        steps_done: How many of them succeeded or were reused.
        rows_out: Rows that left the pipeline.
        note: Why it did not succeed, in one line.
        foreign: Whether another program wrote its log.
        problem: Why it cannot be opened, None if it can.
    """

    run_id: str
    path: Path
    state: str
    started: datetime | None = None
    duration_ms: float | None = None
    pipeline: str = ""
    steps_total: int | None = None
    steps_done: int | None = None
    rows_out: int | None = None
    note: str | None = None
    foreign: bool = False
    problem: str | None = None


class _LogHead(msgspec.Struct):
    """What stands before `steps` in a final log of ours."""

    summary: dict[str, Any]
    log_version: int
    state: str
    start_time: datetime | None = None
    pipeline: str = ""
    duration_ms: float | None = None
    steps_done: int | None = None
    rows_out: int | None = None
    note: str | None = None


_decode_head = msgspec.json.Decoder(_LogHead).decode


class SummaryReader:
    """Reads summaries, and remembers those of files that have not changed."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[tuple[int, ...], RunSummary, RunRecord | None]] = {}

    def read(self, log_dir: Path, run_id: str) -> tuple[float, RunSummary] | None:
        """Returns a run's place in time and its summary, or None if nothing of a run is there."""
        known = self._known.get(run_id)
        # As text: of 10,000 runs, making paths takes longer than asking the system.
        log = _stamp(f"{log_dir}/{run_id}.json")
        if known is not None and known[2] is None and log is not None and known[0][:2] == log:
            return self._placed(known[0], known[1])  # it has ended, so its journal is not written any more
        journal = _stamp(f"{log_dir}/{run_id}/events.jsonl")
        if log is None and journal is None:
            return _nothing(RunPaths(log_dir, run_id))
        stamp = (*(log or (0, 0)), *(journal or (0, 0)))
        paths = RunPaths(log_dir, run_id)
        if known is None or known[0] != stamp:
            summary, live = self._summarise(paths, has_log=log is not None, has_journal=journal is not None)
            known = self._known[paths.run_id] = (stamp, summary, live)
        _, summary, live = known
        if live is not None:
            summary = _with_fate(summary, live, paths)
        return self._placed(stamp, summary)

    def _placed(self, stamp: tuple[int, ...], summary: RunSummary) -> tuple[float, RunSummary]:
        at = summary.started.timestamp() if summary.started is not None else max(stamp[0], stamp[2]) / 1e9
        return at, summary

    def forget(self, run_id: str) -> None:
        """Forgets a run that has been deleted."""
        self._known.pop(run_id, None)

    def _summarise(
        self, paths: RunPaths, *, has_log: bool, has_journal: bool
    ) -> tuple[RunSummary, RunRecord | None]:
        problem = None
        if has_log:
            try:
                if paths.final_log.stat().st_size == 0:
                    raise RunLogError(f"`{paths.final_log}` is not a run log: it is empty")
                summary = _of_log(paths)
                if summary.state != "running":
                    return summary, None
                if not has_journal:  # saved before the end; its steps tell how far it came
                    return _of_record(read_log(paths.final_log), paths, paths.final_log), None
            except OSError:  # deleted in this moment
                problem = "gone"
            except RunLogError as error:
                problem = error.message.removeprefix(f"`{paths.final_log}` ").removeprefix("is ")
                if not has_journal:
                    return _problem(paths, paths.final_log, problem), None
        try:
            return _of_journal(paths)
        except RunLogError as error:
            told = problem or error.message.removeprefix(f"`{paths.journal}` ").removeprefix("is ")
            return _problem(paths, paths.final_log if has_log else paths.directory, told), None


def _of_log(paths: RunPaths) -> RunSummary:
    """Reads the head of a final log of ours; of others' the whole, which their order of keys asks for."""
    try:
        with paths.final_log.open("rb") as file:
            head = file.read(_HEAD)
    except OSError as error:
        raise RunLogError(f"cannot be read: {error.strerror or error}") from error
    cut = _STEPS_KEY.search(head)
    if cut is not None:
        try:
            found = _decode_head(head[: cut.start()] + b"}")
        except UNREADABLE:
            pass  # not ours
        else:
            total = found.summary.get("total_steps")
            return RunSummary(
                run_id=paths.run_id,
                path=paths.final_log,
                state=found.state,
                started=None if found.start_time is None else _aware(found.start_time),
                duration_ms=found.duration_ms,
                pipeline=found.pipeline,
                steps_total=total if isinstance(total, int) else None,
                steps_done=found.steps_done,
                rows_out=found.rows_out,
                note=found.note,
            )
    return _of_record(read_log(paths.final_log), paths, paths.final_log)


def _of_journal(paths: RunPaths) -> tuple[RunSummary, RunRecord | None]:
    """Folds a small journal; reads the first and the last lines of a large one."""
    size = paths.journal.stat().st_size
    whole = size <= _FOLD_UP_TO
    builder = load_journal(paths.journal) if whole else _fold_ends(paths.journal, size)
    record = builder.view()
    summary = _of_record(record, paths, paths.directory)
    if not whole:
        summary = replace(summary, steps_done=None, rows_out=None)
    return summary, (None if builder.finished else record)


def _fold_ends(path: Path, size: int) -> RunBuilder:
    builder = RunBuilder()
    with path.open("rb") as file:
        first = decode_line(file.readline(_FOLD_UP_TO * 64))
        if first is not None and isinstance(first[1], RunStarted):
            builder.apply(first[1])
        file.seek(size - _TAIL)
        for line in file.read().split(b"\n")[1:-1]:
            decoded = decode_line(line)
            if decoded is not None and isinstance(decoded[1], RunFinished):
                builder.apply(decoded[1])
    return builder


def _of_record(record: RunRecord, paths: RunPaths, path: Path) -> RunSummary:
    return RunSummary(
        run_id=paths.run_id,
        path=path,
        state=record.state,
        started=record.started,
        duration_ms=record.duration_ms,
        pipeline=record.pipeline,
        steps_total=len(record.steps),
        steps_done=steps_done(record),
        rows_out=rows_out(record),
        note=note_of(record),
        foreign=record.foreign,
    )


def _with_fate(summary: RunSummary, record: RunRecord, paths: RunPaths) -> RunSummary:
    """Tells what has become of a run that has not said how it ended; asked anew each time."""
    fate = fate_of(record, holder_state(paths.journal))
    if fate == "running":
        return summary
    return replace(summary, state=fate, note=note_of(settle(record, fate)))


def _nothing(paths: RunPaths) -> tuple[float, RunSummary] | None:
    """Returns the row of a name that no run has: a link to nothing, a directory that has long been empty."""
    try:
        if paths.final_log.is_symlink():
            told = f"a link to `{paths.final_log.readlink()}`, where nothing is"
            at = paths.final_log.lstat().st_mtime
            return (at, _problem(paths, paths.final_log, told)) if not paths.final_log.exists() else None
        at = paths.directory.stat().st_mtime
        if time.time() - at < _CLAIMED_S or any(paths.directory.iterdir()):
            return None
        return at, _problem(paths, paths.directory, "an empty directory: nothing of a run is in it")
    except OSError:
        return None


def _problem(paths: RunPaths, path: Path, problem: str) -> RunSummary:
    return RunSummary(run_id=paths.run_id, path=path, state="unknown", note=problem, problem=problem)


def _stamp(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)  # noqa: PTH116 - see above
    except OSError:
        return None
    if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
        return None  # to open a pipe would wait for ever
    return status.st_mtime_ns, status.st_size


def _aware(time: datetime) -> datetime:
    return time if time.tzinfo is not None else time.replace(tzinfo=UTC)
