"""Gantt: steps over time as pieces of a line of cells; pure, no screen in here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from odibi_core.journal.record import RunRecord, StepRecord

_EIGHTHS = " ▏▎▍▌▋▊▉"
_SPANS = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
_TICKS = (1.0, 2.0, 5.0, 10.0)
_LABEL_CELLS = 9
_AT_WORK = ("running", "retry")
_ENDED_BADLY = {"failed": "✗", "cancelled": "■"}


@dataclass(frozen=True, slots=True)
class Piece:
    """Some cells of a line: where they start, what stands there, and what it means.

    `kind` is a step's state, or `tried` (an attempt that failed), `gap` (waiting for the next
    attempt), `waiting` (ready, but no worker free) or `note`.
    """

    start: int
    text: str
    kind: str


@dataclass(frozen=True, slots=True)
class Scale:
    """Times to cells: `span_ms` milliseconds from `origin` on `width` cells."""

    origin: datetime
    span_ms: float
    width: int

    @property
    def end(self) -> datetime:
        """The time at the right end."""
        return self.origin + timedelta(milliseconds=self.span_ms)

    def cell(self, at: datetime) -> float:
        """Returns the place of a time, held inside the line."""
        elapsed = (at - self.origin).total_seconds() * 1000
        return min(max(0.0, elapsed / self.span_ms * self.width), float(self.width))


def scale_of(record: RunRecord, width: int, now: datetime) -> Scale | None:
    """Returns the scale that shows a whole run, or None before anything has started.

    While a run lives its end is rounded up to a nice length, so that bars keep their place and the
    picture is drawn anew only now and then; when it has ended it fills the line.
    """
    starts = [step.started for step in record.steps if step.started is not None]
    origin = record.started or min(starts, default=None)
    if origin is None or width < 1:
        return None
    if record.is_live:
        span = _nice_above(max(1000.0, (now - origin).total_seconds() * 1000))
    else:
        ends = [step.ended for step in record.steps if step.ended is not None]
        end = max([*starts, *ends, record.ended or origin])
        span = max(1.0, (end - origin).total_seconds() * 1000)
    return Scale(origin, span, width)


def axis(scale: Scale) -> list[Piece]:
    """Returns the labels of the time axis, each starting at its time."""
    step = _nice_above(scale.span_ms / max(1, scale.width // _LABEL_CELLS), _TICKS)
    pieces: list[Piece] = []
    at, free = 0.0, 0
    while at < scale.span_ms:
        cell = round(at / scale.span_ms * scale.width)
        text = tick_label(at, step)
        if cell >= free and cell + len(text) <= scale.width:
            pieces.append(Piece(cell, text, "axis"))
            free = cell + len(text) + 1
        at += step
    return pieces


def tick_label(at_ms: float, step_ms: float) -> str:
    """Returns a time on the axis, as short as the distance of the ticks lets it be."""
    if at_ms == 0:
        return "0 m" if step_ms >= 60_000 else "0 ms" if step_ms < 100 else "0 s"
    if at_ms >= 60_000:
        hours, rest = divmod(round(at_ms / 1000), 3600)
        minutes, seconds = divmod(rest, 60)
        if hours:
            return f"{hours} h {minutes:02d}"
        return f"{minutes} m {seconds:02d}" if step_ms % 60_000 else f"{minutes} m"
    if step_ms < 1:
        return f"{at_ms:.1f} ms"
    if step_ms < 100:
        return f"{at_ms:.0f} ms"
    return f"{at_ms / 1000:.1f} s" if step_ms % 1000 else f"{at_ms / 1000:.0f} s"


def row_of(step: StepRecord, scale: Scale, now: datetime) -> list[Piece]:
    """Returns the pieces of one step, from left to right; `now` ends what has no end yet."""
    pieces: list[Piece] = []
    attempts = step.attempts
    if not attempts:
        if step.started is None:
            return pieces
        kind = step.state
        return [
            _bar(
                step.started,
                step.ended or now,
                scale,
                kind,
                live=step.ended is None and step.state in _AT_WORK,
            )
        ]
    if step.queued is not None:
        start, end = int(scale.cell(step.queued)), int(scale.cell(attempts[0].started))
        if end > start:
            pieces.append(Piece(start, "┄" * (end - start), "waiting"))
    for index, attempt in enumerate(attempts):
        last = index == len(attempts) - 1
        ended = attempt.ended or (step.ended if last else None)
        failed = attempt.error is not None
        kind = (
            step.state
            if last and step.state not in ("retry", "pending")
            else ("tried" if failed else "running")
        )
        bar = _bar(attempt.started, ended or now, scale, kind, live=ended is None and step.state in _AT_WORK)
        _append(pieces, bar, scale.width)
        resumes = attempts[index + 1].started if not last else (now if step.state == "retry" else None)
        if ended is not None and resumes is not None:
            gap = int(scale.cell(resumes)) - _end(pieces)
            if gap > 0:
                pieces.append(Piece(_end(pieces), "▒" * gap, "gap"))
    return pieces


def _append(pieces: list[Piece], bar: Piece, width: int) -> None:
    """Adds a bar behind the pieces there are; where no room is left it takes the last cell from them."""
    while pieces and _end(pieces) >= width:
        last = pieces.pop()
        if len(last.text) > 1:
            pieces.append(Piece(last.start, last.text[:-1], last.kind))
    start = max(bar.start, _end(pieces))
    room = width - start
    pieces.append(
        Piece(start, bar.text if len(bar.text) <= room else bar.text[: room - 1] + bar.text[-1], bar.kind)
    )


def with_note(pieces: list[Piece], note: str, width: int) -> list[Piece]:
    """Returns the pieces followed by a note, or led by it where there is no room behind them."""
    if not note:
        return pieces
    end = _end(pieces)
    if end + 1 + len(note) <= width:
        return [*pieces, Piece(end + 1 if pieces else 0, note, "note")]
    start = pieces[0].start if pieces else 0
    if start >= len(note) + 1:
        return [Piece(start - len(note) - 1, note, "note"), *pieces]
    return pieces


def _bar(start: datetime, end: datetime, scale: Scale, kind: str, *, live: bool) -> Piece:
    first = min(int(scale.cell(start)), scale.width - 1)
    exact = scale.cell(max(start, end))
    whole = max(1, int(exact) - first)
    if live:
        return Piece(first, "█" * (whole - 1) + "▶", kind)
    mark = _ENDED_BADLY.get(kind)
    if mark is not None:
        return Piece(first, "█" * (whole - 1) + mark, kind)
    part = _EIGHTHS[int((exact - int(exact)) * 8)].strip() if int(exact) > first else ""
    return Piece(first, "█" * whole + part, kind)


def _end(pieces: list[Piece]) -> int:
    return pieces[-1].start + len(pieces[-1].text) if pieces else 0


def _nice_above(value: float, factors: tuple[float, ...] = _SPANS) -> float:
    """Returns the next length above `value` that is easy to read."""
    base = 1.0
    while base * 10 <= value:
        base *= 10
    while base > value:
        base /= 10
    if value >= 60_000:  # minutes and hours do not count in tens
        for unit in (60_000, 3_600_000):
            for factor in (1, 1.5, 2, 3, 5, 10, 15, 20, 30, 45):
                if unit * factor >= value:
                    return unit * factor
        hours = 3_600_000.0
        while hours < value:
            hours *= 2
        return hours
    return next(base * factor for factor in factors if base * factor >= value * 0.999999)
