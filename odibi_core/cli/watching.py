"""Watches a run from the command line until it has ended: what is shown is a fold of its journal."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING, Any, Protocol, Self

import click

from odibi_core.cli.main import CANCELLED, COULD_NOT_WORK, FINE, FOUND_ERRORS
from odibi_core.journal.fold import RunBuilder
from odibi_core.journal.reader import JournalReader
from odibi_core.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from odibi_core.journal.events import Event
    from odibi_core.journal.record import RunRecord
    from odibi_core.runs.handle import RunHandle

_LOOK_EVERY_S = 0.04
_BATCH = 5_000
_CANCELLING = "cancelling; Ctrl+C again ends the run at once"


class View(Protocol):
    """Shows a run as it goes."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc: object) -> None: ...

    def take(self, events: list[Event]) -> None:
        """Shows what has happened."""

    def note(self, text: str) -> None:
        """Shows what is not of the run."""

    def conclude(self, record: RunRecord) -> None:
        """Shows how it ended."""


def watch(handle: RunHandle, *, form: str, verbose: bool = False, quiet: bool = False) -> int:
    """Shows a run until its end and returns the exit code; Ctrl+C cancels it, a second one kills it."""
    journal = handle.run_dir / "events.jsonl"
    with _Interrupts(handle) as interrupts:
        if form == "jsonl":
            _pass_on(handle, journal, interrupts)
        else:
            _show(handle, journal, interrupts, _view(verbose=verbose, quiet=quiet))
    if handle.problem is not None:
        click.echo(f"error: {one_line(handle.problem)}", err=True)
        return COULD_NOT_WORK
    return {"success": FINE, "cancelled": CANCELLED}.get(handle.poll() or "", FOUND_ERRORS)


def _show(handle: RunHandle, journal: Path, interrupts: _Interrupts, view: View) -> None:
    builder = RunBuilder()
    reader = JournalReader(journal)

    def look() -> None:
        if interrupts.is_news():
            view.note(_CANCELLING)
        while events := [event for _, event in reader.read(_BATCH)]:
            for event in events:
                builder.apply(event)
            view.take(events)

    with view, reader:
        _until_the_end(handle, look)
    view.conclude(builder.view())


def _view(*, verbose: bool, quiet: bool) -> View:
    from odibi_core.cli.run_lines import LineView

    if quiet or not sys.stdout.isatty():
        return LineView(verbose=verbose, quiet=quiet)
    from odibi_core.cli.run_bars import BarView

    return BarView(verbose=verbose)


def _pass_on(handle: RunHandle, journal: Path, interrupts: _Interrupts) -> None:
    """Writes the journal's whole lines to standard output, byte for byte, as they come."""
    out = sys.stdout.buffer
    pending = b""
    with journal.open("rb") as file:

        def look() -> None:
            nonlocal pending
            if interrupts.is_news():
                click.echo(_CANCELLING, err=True)
            while chunk := file.read(1 << 20):
                whole, newline, pending = (pending + chunk).rpartition(b"\n")
                out.write(whole + newline)
            out.flush()

        _until_the_end(handle, look)


def _until_the_end(handle: RunHandle, look: Callable[[], None]) -> None:
    ended = None
    while ended is None:
        ended = handle.wait(_LOOK_EVERY_S)
        look()


class _Interrupts:
    """While it is open, Ctrl+C (and SIGTERM) ask the run to end instead of this process."""

    def __init__(self, handle: RunHandle) -> None:
        self._handle = handle
        self._asked = False
        self._told = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._interrupt)
        return self

    def __exit__(self, *exc: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _interrupt(self, *_: object) -> None:
        if self._asked:
            self._handle.kill()
        else:
            self._asked = True
            self._handle.cancel()

    def is_news(self) -> bool:
        """Whether there has been one that nobody has told; the handler cannot: it interrupts a write."""
        news = self._asked and not self._told
        self._told = self._asked
        return news
