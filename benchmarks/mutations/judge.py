"""Checks a mutant, runs it for real, and says how the one fits the other."""

from __future__ import annotations

import json
import logging
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.mutations.faults import Mutant, Spot
from benchmarks.mutations.project import Project
from benchmarks.mutations.render import Rendered
from benchmarks.mutations.sql import unquote

RUN_S = 60
# What a value makes, not a schema: a cast, an overflow.
_OF_DATA = frozenset(
    {"ConversionException", "OutOfRangeException", "InvalidInputException", "ExpectationError"}
)


class RunTookTooLongError(Exception):
    """A run did not end in time."""


@dataclass
class Ran:
    """What a run came to.

    Attributes:
        failed: Names of the steps that failed, with the type and the text of what they raised.
        refused: What was raised before any step could run.
        skipped: Names of the steps that were not reached.
        without_rows: Names of the steps that got an input without any rows.
    """

    failed: dict[str, tuple[str, str]] = field(default_factory=dict)
    refused: str | None = None
    skipped: set[str] = field(default_factory=set)
    without_rows: set[str] = field(default_factory=set)

    @property
    def is_fine(self) -> bool:
        return not self.failed and self.refused is None

    @property
    def of_data(self) -> bool:
        return bool(self.failed) and all(kind in _OF_DATA for kind, _ in self.failed.values())


@dataclass
class Verdict:
    """What became of a mutant.

    Attributes:
        outcome: right, warned, wrong place, missed, data, unknown, harmless, false alarm or crashed.
        found: Every diagnostic.
        beside: The errors that are not where the fault is.
        ran: The run.
        detail: For a person.
    """

    outcome: str
    found: Sequence[Any] = ()
    beside: list[Any] = field(default_factory=list)
    ran: Ran = field(default_factory=Ran)
    detail: str = ""


def check(path: Path, project: Project) -> tuple[Any, ...]:
    """Returns the diagnostics of the config at `path`."""
    from odibi_core.checks import check
    from odibi_core.config import read_document
    from odibi_core.errors import ConfigError

    try:
        document = read_document(path)
    except ConfigError as error:
        from odibi_core.diagnostics import Diagnostic

        return (Diagnostic("ODB000", "unreadable", "error", str(error)),)
    return tuple(check(document, base_dir=path.parent, environ=project.environ, variables=project.variables))


def run(path: Path, project: Project) -> Ran:
    """Runs the config at `path`, and goes on after failures as far as it goes."""
    from odibi_core.core import ConfigLoader, EventEmitter, Orchestrator, Tracker, create_engine_context
    from odibi_core.errors import OdibiError

    try:
        steps = ConfigLoader().load(path)
    except (OdibiError, ValueError, KeyError) as error:
        return Ran(refused=f"{type(error).__name__}: {error}")
    tracker = Tracker(path.parent / "logs")
    failed: dict[str, tuple[str, str]] = {}
    events = EventEmitter()
    events.on("step_error", lambda step, error: failed.__setitem__(step.name, (_kind(error), str(error))))
    context = create_engine_context("duckdb", base_dir=path.parent)
    run = Orchestrator(
        steps, context, tracker, events, parallel=False, keep_going=True, variables=project.variables,
        previews=False, base_dir=path.parent,
    )  # fmt: skip
    try:
        with _silence(), _within(RUN_S):
            run.run()
    except RunTookTooLongError:
        failed.setdefault("", ("RunTookTooLongError", "the run did not end in time"))
    except Exception as error:  # noqa: BLE001 - whatever a fault leads to is what is asked for
        if not failed:
            return Ran(refused=f"{type(error).__name__}: {error}")
    finally:
        run.close()
        context.close()
    states = {made.step_name: str(made.state) for made in tracker.executions}
    return Ran(
        failed,
        skipped={name for name, state in states.items() if state in ("skipped", "pending")},
        without_rows={
            made.step_name
            for made in tracker.executions
            if made.before_snapshot is not None and made.before_snapshot.row_count == 0
        },
    )


@contextmanager
def _silence() -> Iterator[None]:
    """Keeps what runs log about their failures, which are wanted here, out of sight."""
    logger = logging.getLogger("odibi_core")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)


def _kind(error: BaseException) -> str:
    while error.__cause__ is not None and type(error).__module__.startswith("odibi_core"):
        error = error.__cause__
    return type(error).__name__


@contextmanager
def _within(seconds: int) -> Iterator[None]:
    def stop(*_: object) -> None:
        raise RunTookTooLongError

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def judge(mutant: Mutant, rendered: Rendered, text: str | None, found: Sequence[Any], ran: Ran) -> Verdict:
    """Says whether what was found is what went wrong."""
    errors = [diagnostic for diagnostic in found if diagnostic.is_error]
    told = "; ".join(f"{step}: {kind}: {said[:200]}" for step, (kind, said) in ran.failed.items())
    verdict = Verdict("missed", found, ran=ran, detail=ran.refused or told)
    if ran.is_fine:
        # What would fail for any row is no false alarm where no row came.
        alarms = [diagnostic for diagnostic in errors if diagnostic.step not in ran.without_rows]
        verdict.outcome = "false alarm" if alarms else "harmless"
        return verdict
    places = _Places(mutant, rendered, text, ran)
    verdict.beside = [diagnostic for diagnostic in errors if not places.accepts(diagnostic)]
    if len(verdict.beside) < len(errors):
        verdict.outcome = "right"
    elif any(places.accepts(one) for one in found if one.severity == "warning"):
        verdict.outcome = "warned"  # of what fails for any row, and may meet none
    elif errors:
        verdict.outcome = "wrong place"
    elif ran.of_data:
        verdict.outcome = "data"
    elif ran.failed and set(ran.failed) <= mutant.project.unknowable():
        verdict.outcome = "unknown"
    return verdict


class _Places:
    """Where a mutant's fault may be told."""

    def __init__(self, mutant: Mutant, rendered: Rendered, text: str | None, ran: Ran) -> None:
        self.mutant = mutant
        self.rendered = rendered
        self.text = text
        self.failed: Mapping[str, Any] = ran.failed
        self.skipped = ran.skipped
        self.numbers = {made.name: number for number, made in reversed(list(enumerate(mutant.project.steps)))}

    def accepts(self, found: Any) -> bool:
        if any(self._at(spot, found) for spot in self.mutant.spots):
            return True
        if not self.mutant.follows or not self._names(found):
            return False
        # A step behind one that failed was not reached, and would have failed as well for want of the same.
        return found.step in self.failed or (self.mutant.name is not None and found.step in self.skipped)

    def _names(self, found: Any) -> bool:
        name, span = self.mutant.name, found.span
        if name is None or span is None or span.start is None or self.text is None:
            return True
        there = self.text[span.start : span.end]
        if self.mutant.project.kind == "json":
            there = str(json.loads(f'"{there}"'))
        there = there.replace('""', '"').strip()
        # With a qualifier, or in quotes.
        return unquote(there.rpartition(".")[2]).casefold() in (name.casefold(), f'"{name}"'.casefold())

    def _at(self, spot: Spot, found: Any) -> bool:
        span = found.span
        if spot.step is not None and not self._is_step(spot, found):
            return False
        if self.text is None:
            return self._is_field(spot, found)
        if span is None or span.start is None:
            return False
        start, end = self._range(spot)
        # Quotes around what is wrong may belong to it.
        return (
            start - 1 <= span.start and span.end <= end + 1 and (span.end > start or span.end == span.start)
        )

    def _is_step(self, spot: Spot, found: Any) -> bool:
        step = spot.step or ""
        if not step.startswith("#"):
            return bool(found.step == step)
        fields = self.mutant.project.steps[int(step[1:])].as_fields()
        name = fields.get("name") if isinstance(fields, dict) else None
        return found.step is None or found.step == name

    def _is_field(self, spot: Spot, found: Any) -> bool:
        if spot.chars is not None or not spot.path or found.field is None:
            return True
        there = found.field.split(".")
        asked = ".".join(map(str, spot.path)).split(".")
        common = min(len(there), len(asked))
        return bool(there[:common] == asked[:common])

    def _range(self, spot: Spot) -> tuple[int, int]:
        if spot.chars is not None:
            return spot.chars
        step = spot.step or ""
        number = int(step[1:]) if step.startswith("#") else self.numbers[step]
        rendered, path = self.rendered, (number, *spot.path)
        places = rendered.keys if spot.key else rendered.values
        while path not in places and len(path) > 1:  # cells of a table hold what is below them
            path, places = path[:-1], rendered.values
        if (
            spot.start is not None
            and spot.end is not None
            and path in rendered.inside
            and len(path) == 1 + len(spot.path)
        ):
            return rendered.chars(path, spot.start, spot.end)
        return places[path]
