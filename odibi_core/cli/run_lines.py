"""A run as plain lines, one a step, and its end as every view of the command line tells it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import click

from odibi_core.cli import phrases
from odibi_core.cli.check_text import echo
from odibi_core.core.executions import summary_of
from odibi_core.journal.events import Log, RunStarted, StepFinished
from odibi_core.text import one_line, plain

if TYPE_CHECKING:
    from odibi_core.journal.events import ErrorInfo, Event
    from odibi_core.journal.record import RunRecord

_LOUD = frozenset({"warning", "error", "critical"})


class LineView:
    """Writes a line for each step that ends, and the log's lines as far as they are wanted.

    Args:
        verbose: Shows all that steps print and log, else warnings and errors.
        quiet: Shows nothing but what made the run fail.
    """

    def __init__(self, *, verbose: bool = False, quiet: bool = False) -> None:
        self._verbose = verbose
        self._quiet = quiet
        self._unicode = phrases.takes_unicode()
        self._held: dict[str, Log] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        """Nothing is left to do."""

    def take(self, events: list[Event]) -> None:
        """Shows what has happened."""
        if not self._quiet:
            for event in events:
                self.show(event)

    def note(self, text: str) -> None:
        """Shows what is not of the run."""
        echo(text, err=True)

    def conclude(self, record: RunRecord) -> None:
        """Shows the summary, what went wrong, and where the run is recorded."""
        for step in list(self._held):
            self._release(step)
        if not self._quiet:
            echo(f"\n{summary_of(record)}")
        echo_failure(record)

    def show(self, event: Event) -> None:
        """Shows an event, if there is anything to show of it."""
        match event:
            case RunStarted():
                self.write(f"{event.run_id}  {one_line(event.pipeline)}  {_steps(len(event.steps))}")
                if isinstance(resumed := event.options.get("resume"), str):
                    self.write(f"carries on with {one_line(resumed)}")
            case Log(level="error", stream=None, step=str(step)):
                # Of a failure the step's own line tells more, if that is what follows.
                self._release(step)
                self._held[step] = event
            case Log():
                self._log(event)
            case StepFinished():
                held = self._held.pop(event.step, None)
                if held is not None and (event.error is None or event.error.message not in held.message):
                    self._log(held)
                self.write(self._ended(event), phrases.state_style(event.state))

    def write(self, text: str, style: str = "") -> None:
        """Writes a line."""
        echo(text)

    def _release(self, step: str) -> None:
        held = self._held.pop(step, None)
        if held is not None:
            self._log(held)

    def _log(self, event: Log) -> None:
        loud = event.level in _LOUD
        if loud or self._verbose:
            sign = phrases.state_sign("problem" if loud else "pending", unicode=self._unicode)
            step = f"{one_line(event.step)}  " if event.step else ""
            for line in plain(event.message).split("\n"):
                self.write(f"{sign} {step}{one_line(line)}", "yellow" if loud else "dim")

    def _ended(self, event: StepFinished) -> str:
        sign = phrases.state_sign(event.state, unicode=self._unicode)
        parts = [f"{sign} {one_line(event.step)}"]
        if event.duration_ms is not None:
            parts.append(phrases.duration(event.duration_ms, unicode=self._unicode))
        if event.rows is not None:
            parts.append(f"{event.rows:,} {'row' if event.rows == 1 else 'rows'}")
        if event.error is not None:
            parts.append(_said(event.error))
        elif event.reason and event.state != "success":
            parts.append(one_line(event.reason))
        elif event.why and event.state == "success":
            parts.append(one_line(event.why))
        return "  ".join(parts)


def echo_failure(record: RunRecord) -> None:
    """Writes to standard error what made a run fail, where in the config, and what to do."""
    errors: list[tuple[str, ErrorInfo]] = [
        (step.info.name, step.error)
        for step in record.steps
        if step.error is not None and step.state == "failed"
    ]
    if record.error is not None and all(error.message != record.error.message for _, error in errors):
        errors.append(("", record.error))
    for step, error in errors:
        where = f"step `{one_line(step)}`: " if step else ""
        echo(click.style(f"\nerror: {where}{_said(error)}", fg="red"), err=True)
        for line in plain(error.message).rstrip("\n").split("\n")[1:]:
            echo(f"  {line}", err=True)
        place = place_of(error)
        if place:
            echo(f"  at {place}", err=True)
        if error.help:
            echo(f"  help: {one_line(error.help)}", err=True)
    if record.state == "timed_out" and record.reason:
        echo(click.style(f"\nerror: {one_line(record.reason)}", fg="red"), err=True)


def place_of(error: ErrorInfo) -> str:
    """Returns `path:line:column` of an error in the config, as far as it is known."""
    found = error.diagnostic or {}
    if not isinstance(found.get("path"), str):
        return ""
    places = [str(found[name]) for name in ("line", "column") if isinstance(found.get(name), int)]
    if not places and isinstance(found.get("table"), str):
        return one_line(f"{found['path']}: table {found['table']}, row {found.get('row')}")
    return one_line(":".join([found["path"], *places]))


def _said(error: ErrorInfo) -> str:
    kind = error.type.rpartition(".")[2]
    first = one_line(plain(error.message).split("\n", 1)[0])
    return f"{kind}: {first}" if kind else first


def _steps(number: int) -> str:
    return f"{number:,} {'step' if number == 1 else 'steps'}"
