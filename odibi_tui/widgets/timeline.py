"""Timeline: the steps of a run over time, attempts and waits between them, the live edge."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.cells import cell_len

from odibi_tui.format import duration, glyph, shorten, tone, wants_ascii
from odibi_tui.widgets.gantt import Piece, Scale, axis, row_of, scale_of, with_note
from odibi_tui.widgets.lines import Line, LineView, Part

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from odibi_core.journal.record import RunRecord, StepRecord

_ASCII = str.maketrans(
    {"█": "#", "▒": ":", "▶": ">", "┄": ".", "✗": "x", "■": "#", **dict.fromkeys("▏▎▍▌▋▊▉", "#")}
)
_TONES = {"tried": "error", "gap": "warning", "waiting": "gutter", "note": "muted", "axis": "muted"}
_NAME_CELLS = 26
_TURNS_A_SECOND = 4


class Timeline(LineView):
    """One row a step, in the pipeline's order; the cursor is the selected step.

    Data: a `RunRecord`, given by `show`. While the run lives its owner calls `tick` to move the edge.
    """

    def __init__(self, *, now: Callable[[], datetime] | None = None, id: str | None = None) -> None:
        super().__init__(id=id)
        self._now = now or (lambda: datetime.now(UTC))
        self._ascii = wants_ascii()
        self._steps: tuple[StepRecord, ...] = ()
        self._index: dict[str, int] = {}
        self._record: RunRecord | None = None
        self._scale: Scale | None = None
        self.name_cells = 0
        self._newest = -1

    def step_at(self, row: int) -> str:
        """Returns the name of the step in a row."""
        return self._steps[row].info.name

    def show(self, record: RunRecord | None, selected: str | None) -> None:
        """Shows a run, or the next state of the same one."""
        steps = record.steps if record is not None else ()
        if len(steps) != len(self._index) or any(s.info.name not in self._index for s in steps):
            self._index = {step.info.name: i for i, step in enumerate(steps)}
            self.name_cells = max((cell_len(shorten(name, _NAME_CELLS)) for name in self._index), default=0)
        self._record, self._steps, self._scale = record, steps, None
        self.set_rows(len(steps))
        self.select(selected)

    def select(self, name: str | None) -> None:
        """Puts the cursor on a step."""
        if name is not None and name in self._index:
            self.cursor = self._index[name]

    def follow(self) -> None:
        """Brings the step that started last into sight, once; the cursor stays where it is."""
        at_work = [i for i, step in enumerate(self._steps) if step.state == "running" and step.attempts]
        newest = max(at_work, key=lambda i: (self._steps[i].attempts[-1].started, i), default=-1)
        if newest not in (-1, self._newest):
            self.keep_in_sight(newest, margin=1)
        self._newest = newest

    def tick(self) -> None:
        """Moves the live edge to now."""
        if self._record is not None and self._record.is_live:
            self._scale = None
            self.refresh()

    def axis(self) -> Sequence[Part]:
        """Returns the line of times that belongs above the rows."""
        names, cells = self._split(self.size.width)
        scale = self._scaled(cells)
        line: list[Part] = [(" Timeline".ljust(names), "heading")]
        return line if scale is None else _laid(line, names, axis(scale))

    def row(self, y: int, width: int) -> Sequence[Part]:
        """Draws one step."""
        step = self._steps[y]
        names, cells = self._split(width)
        name = shorten(step.info.name, names - 4)
        turn = int(self._now().timestamp() * _TURNS_A_SECOND)
        line: list[Part] = [
            (f" {glyph(step.state, ascii_only=self._ascii, turn=turn)} ", tone(step.state)),
            (name + " " * (names - 3 - cell_len(name)), ""),
        ]
        scale = self._scaled(cells)
        if scale is None:
            return line
        live = self._record is not None and self._record.is_live
        pieces = row_of(step, scale, self._now() if live else scale.end)
        pieces = with_note(pieces, self._note(step), cells)
        if self._ascii:
            pieces = [Piece(p.start, p.text.translate(_ASCII), p.kind) for p in pieces]
        return _laid(line, names, pieces)

    def _note(self, step: StepRecord) -> str:
        if step.state == "reused" or (step.state in ("skipped", "cancelled") and not step.attempts):
            return step.state
        if step.state == "retry" and step.attempts:
            return f"try {step.attempts[-1].number + 1} next"
        if step.ended is None or step.started is None:
            return ""
        ms = step.duration_ms
        return duration((step.ended - step.started).total_seconds() * 1000 if ms is None else ms)

    def _split(self, width: int) -> tuple[int, int]:
        names = min(max(self.name_cells + 4, 10), max(14, width // 3))  # never narrower than its heading
        return names, max(1, width - names - 1)

    def _scaled(self, width: int) -> Scale | None:
        if self._record is not None and (self._scale is None or self._scale.width != width):
            self._scale = scale_of(self._record, width, self._now())
        return self._scale


class TimelineAxis(Line):
    """The times above a timeline."""

    def __init__(self, timeline: Timeline, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.timeline = timeline

    def parts(self, width: int) -> Sequence[Part]:
        """What the timeline says."""
        return self.timeline.axis()


def _laid(line: list[Part], at: int, pieces: list[Piece]) -> list[Part]:
    """Returns the line with the pieces laid behind it, each at its cell."""
    end = at
    for piece in pieces:
        gap = at + piece.start - end
        if gap > 0:
            line.append((" " * gap, ""))
        line.append((piece.text, _TONES.get(piece.kind) or tone(piece.kind)))
        end = max(end, at + piece.start) + len(piece.text)
    return line
