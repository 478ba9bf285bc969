"""Recorder: takes a run's events, writes the journal and folds them into a record."""

from __future__ import annotations

import functools
import os
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from odibi_core.journal import events as journal_events
from odibi_core.journal.codec import encode_event
from odibi_core.journal.events import AnyEvent
from odibi_core.journal.fold import RunBuilder
from odibi_core.journal.redaction import Redactor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from odibi_core.journal.events import ErrorInfo, Event, RunEnd, StepInfo
    from odibi_core.journal.layout import RunPaths
    from odibi_core.journal.record import RunRecord
    from odibi_core.journal.writer import JournalWriter

_decode = msgspec.json.Decoder(AnyEvent).decode


class Recorder:
    """The part of a tracker that knows about runs and files; `Tracker` adds steps and their data."""

    def __init__(
        self,
        log_dir: str | Path = "tracker_logs",
        *,
        journal: JournalWriter | None = None,
        redactor: Redactor | None = None,
    ) -> None:
        self.log_dir = log_dir
        self.redactor = redactor if redactor is not None else Redactor()
        self._lock = threading.RLock()
        self._journal = journal
        self._owns_journal = False
        self._paths: RunPaths | None = None
        self._builder = RunBuilder()
        self._run_id: str | None = None
        self._started: datetime | None = None

    @property
    def log_dir(self) -> Path:
        """The directory logs go to."""
        return self._log_dir

    @log_dir.setter
    def log_dir(self, value: str | Path) -> None:
        self._log_dir = Path(value)

    # -- the run --------------------------------------------------------------------------------------

    def begin(
        self,
        pipeline: str,
        *,
        steps: Sequence[StepInfo] = (),
        source: str | None = None,
        digest: str | None = None,
        base_dir: str | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> str:
        """Begins a run of which more is known, and returns its id."""
        import platform

        with self._lock:
            paths = self._paths if self._journal is not None else None
            self._reset()
            self._paths = paths
            at = journal_events.now()
            self._started = at
            self._run_id = paths.run_id if paths is not None else f"run_{at.astimezone():%Y%m%d_%H%M%S}"
            self.record(
                journal_events.RunStarted(
                    ts=at,
                    run_id=self._run_id,
                    pipeline=pipeline,
                    source=source,
                    digest=digest,
                    base_dir=base_dir,
                    steps=tuple(steps),
                    host=platform.node(),
                    pid=os.getpid(),
                    versions=versions(),
                    options=dict(options or {}),
                )
            )
            return self._run_id

    def finish(self, state: RunEnd, *, error: ErrorInfo | None = None, reason: str | None = None) -> None:
        """Ends the run."""
        at = journal_events.now()
        with self._lock:
            duration = (at - self._started).total_seconds() * 1000 if self._started is not None else None
            self.record(
                journal_events.RunFinished(
                    ts=at, state=state, duration_ms=duration, error=error, reason=reason
                )
            )

    @property
    def run_id(self) -> str:
        """The id of the run; without a journal it is settled by the first `save()`."""
        with self._lock:
            self._begin_if_needed()
            assert self._run_id is not None
            return self._run_id

    @property
    def named(self) -> str | None:
        """The name of a run that was begun and in which nothing has happened yet."""
        record = self.view
        return record.pipeline or None if record.is_live and not record.steps else None

    @property
    def paths(self) -> RunPaths | None:
        """Where the run's files lie, None while it has none."""
        return self._paths

    @property
    def view(self) -> RunRecord:
        """The run as recorded so far."""
        with self._lock:
            record = self._builder.view()
            if self._run_id is not None and record.run_id != self._run_id:
                record = replace(record, run_id=self._run_id)
            return record

    # -- the journal ----------------------------------------------------------------------------------

    def open_journal(self, paths: RunPaths | None = None) -> RunPaths:
        """Gives the events of the run that begins next a journal on disk.

        Args:
            paths: A run directory that has been claimed, else one is claimed under `log_dir`.

        Raises:
            odibi_core.errors.JournalError: It cannot be made.
        """
        from odibi_core.journal.layout import claim_run
        from odibi_core.journal.writer import JournalWriter

        with self._lock:
            self.close_journal()
            if paths is None:
                paths = claim_run(self.log_dir, journal_events.now().astimezone())
            self._paths = paths
            if self._journal is None:
                self._journal = JournalWriter(paths.journal)  # what is recorded is redacted already
                self._owns_journal = True
            return paths

    @property
    def has_journal(self) -> bool:
        """Whether a journal is open."""
        return self._journal is not None

    def sync(self) -> None:
        """Makes what is recorded survive a power cut."""
        journal = self._journal
        if journal is not None:
            journal.sync()

    def close_journal(self) -> None:
        """Syncs and closes the journal that `open_journal` made; one that was handed in stays open."""
        with self._lock:
            if self._owns_journal and self._journal is not None:
                journal, self._journal, self._owns_journal = self._journal, None, False
                journal.sync()
                journal.close()

    def record(self, event: Event) -> None:
        """Records an event: in the journal, if one is open, and in the record.

        Raises:
            odibi_core.errors.JournalError: The journal cannot be written; nothing may go on unrecorded.
        """
        event = self._redacted(event)
        with self._lock:
            if self._journal is not None:
                self._journal.append(event)
            self._builder.apply(event)

    def save(self, filepath: str | Path | None = None) -> str:
        """Writes the final log; saving again replaces it.

        Args:
            filepath: The file, else `<log_dir>/<run id>.json`.

        Returns:
            The file's path.
        """
        from odibi_core.journal.final_log import write_log

        with self._lock:
            self._begin_if_needed()
            claimed = None
            if filepath is None:
                if self._paths is None or (self._journal is None and self._paths.log_dir != self.log_dir):
                    claimed = self._paths = self._claim()
                target = self._paths.final_log
            else:
                target = Path(filepath)
                target.parent.mkdir(parents=True, exist_ok=True)
            write_log(self.view, target)
            if claimed is not None:
                claimed.directory.rmdir()  # the log keeps the id now; there is no journal to put there
            return str(target)

    # -- inside ---------------------------------------------------------------------------------------

    def _reset(self) -> None:
        """Forgets the run before this one."""
        self._builder = RunBuilder()
        self._run_id = None
        self._started = None
        self._paths = None

    def _redacted(self, event: Event) -> Event:
        if not self.redactor:
            return event
        body = encode_event(event)
        clean = self.redactor.line(body)
        return event if clean is body else _decode(clean)

    def _begin_if_needed(self) -> None:
        if self._run_id is None:
            self.begin("pipeline")

    def _claim(self) -> RunPaths:
        from odibi_core.journal.layout import claim_run

        at = self._started if self._started is not None else journal_events.now()
        paths = claim_run(self.log_dir, at.astimezone())
        self._run_id = paths.run_id
        return paths


def versions() -> dict[str, str]:
    """Returns the versions of what results may depend on, by package."""
    return dict(_versions())


@functools.cache
def _versions() -> tuple[tuple[str, str], ...]:
    import platform
    from importlib.metadata import PackageNotFoundError, version

    found = [("python", platform.python_version())]
    for package in ("odibi-tui", "pandas", "duckdb", "pyarrow", "pyspark"):
        try:
            found.append((package, version(package)))
        except PackageNotFoundError:  # an optional one, or Odibi run from its source
            continue
    return tuple(found)
