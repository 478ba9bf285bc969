"""What is open and what is selected, for every mode: plain Python that knows nothing of Textual."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Flag, auto
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from odibi_core.checks.schemas import Schema
    from odibi_core.config import Document
    from odibi_core.core.node import Step
    from odibi_core.diagnostics import Diagnostic
    from odibi_core.errors import OdibiError
    from odibi_core.journal.record import RunRecord
    from odibi_core.plan.graph import Graph
    from odibi_core.runs.follow import RunFollower
    from odibi_core.runs.process import RunHandle, RunLauncher
    from odibi_tui.reading import Checking


class Change(Flag):
    """What has changed since the last call; several may come at once."""

    DOCUMENT = auto()
    """The config has been read again: steps, graph, stale, source gone or back."""
    DIAGNOSTICS = auto()
    """The list of problems is another one."""
    SELECTION = auto()
    """The selected step or the current problem is another one."""
    RUN = auto()
    """The run that Run and Data show has moved on, or is another one: `record`, `follower`, `handle`."""
    HISTORY = auto()
    """The runs in the log directory are others."""
    STATUS = auto()
    """Something the top line tells: watching on or off, a check under way."""


Subscriber = Callable[[Change], None]


@dataclass(frozen=True)
class Reading:
    """One reading of the config, made off the event loop and then given to `Session.adopt`.

    Attributes:
        document: What was read, None where the source cannot be read at all.
        diagnostics: Everything that is wrong with it; None where it has not been checked yet.
        graph: The graph of its steps.
        schemas: By dataset key, None in place of a schema that is not known; None where only the structure
            has been checked yet.
        error: Why it cannot be read (deleted, unreadable, not a database).
        saved: When the file was last written.
    """

    document: Document | None
    diagnostics: tuple[Diagnostic, ...] | None = None
    graph: Graph | None = None
    schemas: Mapping[str, Schema | None] | None = None
    error: OdibiError | None = None
    saved: datetime | None = None


@dataclass(eq=False)
class Session:
    """The state that all modes share. Only the thread of the event loop changes it.

    Attributes:
        source: The config that is open, None on the start screen or where only a run log is open.
        base_dir: What relative paths in the config are relative to.
        log_dir: Where runs are written and History looks.
        variables: `--var` and `--vars`, for runs.
        project: `--project`, for configs in SQLite.
        document: The last one that parsed, or, before there was one, the last one read.
        latest: The last one read, which is `document` unless that is stale.
        stale: `document` is older than the source: its present text does not parse, or it is gone.
        diagnostics: What is wrong with the source as it is now.
        checked: Whether the source as it is now has been checked whole, its data too.
        read_error: Why the source cannot be read at all now.
        saved: When the source was last written.
        graph: Of the steps in `document`.
        schemas: What the check knows of the datasets' columns, by key.
        selected: Name of the selected step.
        problem: The current one of `diagnostics`, that `n` and `N` walk.
        watching: Whether saving the source reads it again.
        record: The run that Run and Data show, live or past; the tree takes states and counts from it.
        follower: What reads the run's journal; None for run logs of other programs.
        launcher: Starts runs; warmed up after the first paint.
        handle: The run started here and not yet ended or let go.
    """

    source: Path | None = None
    base_dir: Path = field(default_factory=Path.cwd)
    log_dir: Path = field(default_factory=lambda: Path.cwd() / "tracker_logs")
    variables: Mapping[str, Any] = field(default_factory=dict)
    project: str | None = None
    document: Document | None = None
    latest: Document | None = None
    stale: bool = False
    diagnostics: tuple[Diagnostic, ...] = ()
    checked: bool = False
    read_error: OdibiError | None = None
    saved: datetime | None = None
    graph: Graph | None = None
    schemas: Mapping[str, Schema | None] = field(default_factory=dict)
    selected: str | None = None
    problem: Diagnostic | None = None
    watching: bool = True
    record: RunRecord | None = None
    follower: RunFollower | None = None
    launcher: RunLauncher | None = None
    handle: RunHandle | None = None
    _checking: Checking | None = field(default=None, repr=False)
    _subscribers: list[Subscriber] = field(default_factory=list, repr=False)
    _steps: dict[str, Step] = field(default_factory=dict, repr=False)
    _problems: dict[str | None, list[Diagnostic]] = field(default_factory=dict, repr=False)

    # -- telling ----------------------------------------------------------------------------------

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Calls `subscriber` after each change; returns what ends that."""
        self._subscribers.append(subscriber)

        def unsubscribe() -> None:
            if subscriber in self._subscribers:
                self._subscribers.remove(subscriber)

        return unsubscribe

    def changed(self, change: Change) -> None:
        """Tells all subscribers, in the order they came."""
        for subscriber in tuple(self._subscribers):
            subscriber(change)

    # -- the document -----------------------------------------------------------------------------

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps of the document on screen."""
        return self.document.steps if self.document is not None else ()

    @property
    def pipeline(self) -> str:
        """The pipeline's name: the source's file name, or that of the run on screen."""
        if self.source is not None:
            return self.source.name
        return self.record.pipeline if self.record is not None else ""

    def step(self, name: str | None = None) -> Step | None:
        """Returns the step of that name, by default the selected one."""
        wanted = self.selected if name is None else name
        return self._steps.get(wanted) if wanted is not None else None

    def problems_of(self, name: str | None) -> list[Diagnostic]:
        """Returns the problems of one step; of None: those that belong to no step."""
        return self._problems.get(name, [])

    @property
    def errors(self) -> int:
        """How many problems stop a run."""
        return sum(1 for diagnostic in self.diagnostics if diagnostic.severity == "error")

    @property
    def warnings(self) -> int:
        """How many problems do not."""
        return sum(1 for diagnostic in self.diagnostics if diagnostic.severity == "warning")

    @property
    def checking(self) -> Checking:
        """What checks the config that is open; remembers what it found of earlier states."""
        if self._checking is None:
            from odibi_tui.reading import Checking

            self._checking = Checking(self.base_dir, self.variables)
        return self._checking

    def open(self, source: Path) -> None:
        """Opens another config in place of this one; it has yet to be read."""
        kept_logs = self.log_dir
        self.source, self.base_dir = source, source.parent
        self.log_dir = (
            kept_logs
            if kept_logs.is_dir() and source.parent == kept_logs.parent
            else source.parent / "tracker_logs"
        )
        self.document = self.latest = self.graph = self.problem = self.selected = self.saved = None
        self.record = self.follower = None
        self.stale = self.checked = False
        self.read_error, self.diagnostics, self._steps, self._problems = None, (), {}, {}
        self.schemas, self._checking = {}, None
        self.changed(~Change(0))

    def adopt(self, reading: Reading) -> None:
        """Takes a reading of the source; keeps the last good document where the text does not parse."""
        self.read_error, self.saved = reading.error, reading.saved or self.saved
        change = Change.DOCUMENT
        if reading.document is None:
            self.stale = self.document is not None
            self.diagnostics, self.checked = (), True
            change |= Change.DIAGNOSTICS
        else:
            self.latest = reading.document
            self.stale = not reading.document.parsed and self.document is not None and self.document.parsed
            if not self.stale:
                self.document, self.graph = reading.document, reading.graph
                self.schemas = self.schemas if reading.schemas is None else reading.schemas
                self._steps = {step.name: step for step in reversed(reading.document.steps)}
            self.checked = reading.schemas is not None
            self.diagnostics = (
                reading.document.diagnostics if reading.diagnostics is None else reading.diagnostics
            )
            change |= Change.DIAGNOSTICS
        self._problems = {}
        for diagnostic in self.diagnostics:
            self._problems.setdefault(diagnostic.step, []).append(diagnostic)
        self.problem = self._same_problem(self.problem)
        if self.selected not in self._steps and self.record is None:
            self.selected = self.steps[0].name if self.steps else None
            change |= Change.SELECTION
        self.changed(change)

    def _same_problem(self, before: Diagnostic | None) -> Diagnostic | None:
        """Returns what the current problem has become in the new list: the same one, else one like it."""
        if before is None:
            return None
        alike = [
            d
            for d in self.diagnostics
            if (d.code, d.step, d.field) == (before.code, before.step, before.field)
        ]
        return next((d for d in alike if d.message == before.message), alike[0] if alike else None)

    # -- the selection ----------------------------------------------------------------------------

    def select(self, name: str | None) -> None:
        """Selects a step, in every mode; its first problem becomes the current one."""
        if name == self.selected:
            return
        self.selected = name
        self.problem = next(iter(self._problems.get(name, ())), None) if name is not None else None
        self.changed(Change.SELECTION)

    def select_problem(self, diagnostic: Diagnostic | None) -> None:
        """Makes a problem the current one and selects its step."""
        self.problem = diagnostic
        if diagnostic is not None and diagnostic.step in self._steps:
            self.selected = diagnostic.step
        self.changed(Change.SELECTION)

    def walk_problems(self, forward: bool = True) -> Diagnostic | None:
        """Makes the next (or previous) problem the current one, around the end, and returns it."""
        if not self.diagnostics:
            return None
        here = next((i for i, d in enumerate(self.diagnostics) if d is self.problem), None)
        if here is None:
            target = 0 if forward else len(self.diagnostics) - 1
        else:
            target = (here + (1 if forward else -1)) % len(self.diagnostics)
        self.select_problem(self.diagnostics[target])
        return self.problem

    # -- the run ----------------------------------------------------------------------------------

    @property
    def is_live(self) -> bool:
        """Whether a run started here is still going."""
        return self.handle is not None

    @property
    def is_resumable(self) -> bool:
        """Whether the run on screen is one of this pipeline that did not end well."""
        record, source = self.record, self.source
        if record is None or source is None or record.is_live or record.foreign:
            return False
        return record.pipeline == source.stem and record.state not in ("success", "unknown")

    def show_run(
        self,
        record: RunRecord | None,
        *,
        follower: RunFollower | None = None,
        handle: RunHandle | None = None,
    ) -> None:
        """Makes a run the one that Run and Data show."""
        self.record, self.follower, self.handle = record, follower, handle
        change = Change.RUN
        names = {step.info.name for step in record.steps} if record is not None else set()
        if self.selected not in self._steps and self.selected not in names:
            first = record.steps[0].info.name if record is not None and record.steps else None
            self.selected = first or (self.steps[0].name if self.steps else None)
            change |= Change.SELECTION
        self.changed(change)
