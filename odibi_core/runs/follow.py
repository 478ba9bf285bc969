"""RunFollower: watches one run through its journal, live or long past, whoever started it."""

from __future__ import annotations

import os
import socket
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from odibi_core.journal.events import Log
from odibi_core.journal.fold import RunBuilder, settle
from odibi_core.journal.layout import RunPaths
from odibi_core.journal.lock import Holder, holder_state
from odibi_core.journal.reader import JournalReader
from odibi_core.runs.log_index import LogIndex

if TYPE_CHECKING:
    from collections.abc import Callable

    from odibi_core.journal.events import Event
    from odibi_core.journal.reader import Entry
    from odibi_core.journal.record import RunRecord

_PROBE_EVERY_S = 0.25


class RunFollower:
    """Folds a run's journal as it grows.

    Args:
        run_dir: The run's directory.
        journal: The journal, where it is not the one in that directory.
        clock: Seconds, for how often to ask whether the run still lives.

    Attributes:
        run_dir: The run's directory; of a run known by its final log alone, the one it would have.
        log: The run's log lines.
    """

    def __init__(
        self,
        run_dir: str | Path,
        *,
        journal: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.run_dir = Path(run_dir)
        self.paths = RunPaths.of(self.run_dir)
        self._journal = journal if journal is not None else self.paths.journal
        self.log = LogIndex(self._journal)
        self._reader = JournalReader(self._journal)
        self._builder = RunBuilder()
        self._clock = clock
        self._probed: float | None = None
        self._fate = "running"
        self._fixed: RunRecord | None = None
        self._made: tuple[RunRecord, str, RunRecord] | None = None

    @classmethod
    def of_record(cls, record: RunRecord, run_dir: str | Path) -> Self:
        """Returns a follower of a run that only its final log tells of: nothing more will happen."""
        follower = cls(run_dir)
        follower._fixed = record
        return follower

    def poll(self, max_events: int = 5000) -> list[Event]:
        """Returns what has happened since the last call, at most `max_events`, and folds it.

        Raises:
            RunLogError: The journal cannot be read or is none.
        """
        if self._fixed is not None:
            return []
        events = self._take(self._reader.read_entries(max_events))
        if len(events) < max_events and not self._builder.finished and self._time_to_probe():
            fate = fate_of(self._builder.view(), holder_state(self._journal))
            if fate != "running":  # it may have written its last words just before it went
                events += self._take(self._reader.read_entries(max_events))
            self._fate = fate
        return events

    def advance(self, max_lines: int = 5000) -> int:
        """Folds what has happened since the last call, at most `max_lines`, without returning the events.

        Quicker than `poll`: of log lines only the places are noted, `log` reads those that are asked for.

        Returns:
            How many lines were read; 0 where nothing has happened.

        Raises:
            RunLogError: The journal cannot be read or is none.
        """
        if self._fixed is not None:
            return 0
        number = self._scan(max_lines)
        if number < max_lines and not self._builder.finished and self._time_to_probe():
            fate = fate_of(self._builder.view(), holder_state(self._journal))
            if fate != "running":  # it may have written its last words just before it went
                number += self._scan(max_lines)
            self._fate = fate
        return number

    def poll_all(self) -> RunRecord:
        """Folds everything there is, and returns the record."""
        while self.advance(50_000) >= 50_000:
            pass
        return self.record

    @property
    def record(self) -> RunRecord:
        """The run as far as it has been polled.

        Where the journal does not say how the run ended and nobody holds it any more, its state is
        interrupted; where nobody can tell, unknown.
        """
        if self._fixed is not None:
            return self._fixed
        view = self._builder.view()
        if self._made is None or self._made[0] is not view or self._made[1] != self._fate:
            record = view if view.run_id else replace(view, run_id=self.run_dir.name)
            if record.state == "running" and self._fate != "running":
                record = settle(record, self._fate)
            self._made = (view, self._fate, record)
        return self._made[2]

    @property
    def ended(self) -> bool:
        """Whether the run has ended, as far as it has been polled."""
        return not self.record.is_live and self.record.state != "unknown"

    @property
    def skipped_lines(self) -> int:
        """Lines of the journal that could not be used: damaged, or of a newer version's types."""
        return self._reader.damaged + self._reader.unknown

    def close(self) -> None:
        """Closes the journal; the record stays."""
        self._reader.close()
        self.log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _scan(self, max_lines: int) -> int:
        before = len(self.log)
        try:
            return self._reader.scan(self._builder.apply, self.log.add, max_lines)
        finally:
            self._builder.count_logs(len(self.log) - before)

    def _take(self, entries: list[Entry]) -> list[Event]:
        events: list[Event] = []
        for offset, length, _, event in entries:
            self._builder.apply(event)
            if type(event) is Log:
                self.log.add(offset, length, event.level, event.step)
            events.append(event)
        return events

    def _time_to_probe(self) -> bool:
        now = self._clock()
        if self._probed is not None and now - self._probed < _PROBE_EVERY_S:
            return False
        self._probed = now
        return True


def fate_of(record: RunRecord, holder: Holder) -> str:
    """Returns what has become of a run whose journal does not tell: running, interrupted or unknown.

    Where locks do not work, the process is looked for, if the run is of this machine: one that is not
    there is gone for certain; a number that is there may by now be another process's.
    """
    if holder == "live":
        return "running"
    if holder == "gone":
        return "interrupted"
    if record.pid is not None and record.host and record.host == socket.gethostname():
        try:
            os.kill(record.pid, 0)
        except ProcessLookupError:
            return "interrupted"
        except OSError:
            return "unknown"
    return "unknown"
