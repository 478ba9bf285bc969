"""RunCard: what a run knows of the selected step; where it failed, why and what to do."""

from __future__ import annotations

import textwrap
from pathlib import PurePath
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widget import Widget

from odibi_core.text import one_line
from odibi_tui import format as fmt
from odibi_tui.widgets.expectation_lines import expectation_rows, expectation_text
from odibi_tui.widgets.lines import Part, fit, paint, spread, width_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from textual.geometry import Size
    from textual.strip import Strip

    from odibi_core.journal.events import ErrorInfo
    from odibi_core.journal.record import StepRecord

_MESSAGE_LINES, _HELP_LINES = 3, 2


class RunCard(Widget, can_focus=True):
    """A few lines about one step. Keys: enter shows the whole error, and rows that are not as expected."""

    DEFAULT_CSS = "RunCard { height: auto; width: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "traceback", "traceback")]

    class Opened(Message):
        """The person wants the whole error."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.step: StepRecord | None = None
        self._now: datetime | None = None
        self._ascii = fmt.wants_ascii()
        self._rows: list[Sequence[Part]] = []

    def show(self, step: StepRecord | None, now: datetime) -> None:
        """Shows a step, or its next state."""
        self.step, self._now = step, now
        self.can_focus = step is not None and (step.error is not None or bool(step.unmet))
        self._make(self.size.width or self.app.size.width)

    def on_resize(self) -> None:
        """Wraps the message anew."""
        self._make(self.size.width)

    def action_traceback(self) -> None:
        """Asks for the whole error."""
        self.post_message(self.Opened())

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many lines as there is something to say."""
        return max(1, len(self._rows))

    def render_line(self, y: int) -> Strip:
        """Draws one line."""
        return paint(self, self._rows[y] if y < len(self._rows) else (), self.size.width)

    # -- what it says ---------------------------------------------------------------------------------

    def _make(self, width: int) -> None:
        before = len(self._rows)
        self._rows = self._made(max(20, width))
        self.refresh(layout=len(self._rows) != before)

    def _made(self, width: int) -> list[Sequence[Part]]:
        step = self.step
        if step is None:
            return [[(" no step selected", "muted")]]
        rows: list[Sequence[Part]] = [self._head(step, width)]
        if step.error is not None:
            rows.extend(_error_rows(step.error, width))
        elif step.reason and step.state in ("skipped", "cancelled", "reused", "failed"):
            rows.append(fit([("   ", ""), (step.reason, "muted")], width))
        elif step.why:
            rows.append(fit([("   ", ""), (f"ran because {step.why}", "muted")], width))
        if step.expectations:
            rows.extend(expectation_rows(step, width, ascii_only=self._ascii))
        return rows

    def _head(self, step: StepRecord, width: int) -> Sequence[Part]:
        info = step.info
        left: list[Part] = [
            (f" {fmt.glyph(step.state, ascii_only=self._ascii)} ", fmt.tone(step.state)),
            (info.name, "strong"),
            (f"   {info.layer} · {info.type} · {info.engine}", "muted"),
        ]
        facts = self._facts(step)
        room = max(width - 24, 20)
        while facts and width_of(facts) > room:
            facts.pop(-2 if len(facts) > 2 else -1)  # the time stays longest
        return spread(left, [*facts, (" ", "")], width)

    def _facts(self, step: StepRecord) -> list[Part]:
        facts: list[str] = []
        if step.before is not None:
            facts.append(f"in {fmt.count(step.before.rows)}")
        if step.before is not None or step.after is not None:
            facts.append(f"out {fmt.count(step.after.rows if step.after is not None else None)}")
        elapsed = elapsed_of(step, self._now)
        rows = step.rows if step.rows is not None or step.after is None else step.after.rows
        if rows and elapsed and elapsed >= 50 and rows / elapsed >= 0.001:
            facts.append(f"{short_count(rows / elapsed * 1000)} rows/s")
        if step.fraction is not None and step.state == "running":
            facts.append(f"{step.fraction:.0%}")
        if step.attempts:
            facts.append(f"attempt {step.attempts[-1].number}")
        if elapsed is not None:
            facts.append(fmt.duration(elapsed))
        return [(f"   {fact}", "") for fact in facts]


def elapsed_of(step: StepRecord, now: datetime | None) -> float | None:
    """Returns how long a step took, or has taken until now; None before it started."""
    if step.duration_ms is not None or step.started is None:
        return step.duration_ms
    end = step.ended or (now if step.state in ("running", "retry") else None)
    return None if end is None else max(0.0, (end - step.started).total_seconds() * 1000)


def _error_rows(error: ErrorInfo, width: int) -> list[Sequence[Part]]:
    message = f"{error.type.rpartition('.')[2]}: {one_line(error.message) or 'no message'}"
    rows = _wrapped(message, "error", width, _MESSAGE_LINES)
    if error.help:
        rows += _wrapped(f"help: {one_line(error.help)}", "", width, _HELP_LINES)
    place = place_of(error)
    keys: list[Part] = [("e", "key"), (" edit   ", "muted")] if place else []
    if error.traceback:
        keys += [("enter", "key"), (" traceback ", "muted")]
    if keys:
        rows.append(spread([("   ", ""), (place, "field")], keys, width))
    return rows


def _wrapped(text: str, tones: str, width: int, most: int) -> list[Sequence[Part]]:
    lines = textwrap.wrap(text, max(20, width - 5)) or [text]
    if len(lines) > most:
        lines = [*lines[: most - 1], lines[most - 1] + " …"]
    return [fit([("   ", ""), (line, tones)], width) for line in lines]


def place_of(error: ErrorInfo) -> str:
    """Returns where in the config an error belongs, as `retail.json:18:34 value`, or nothing."""
    where = error.diagnostic
    if not where:
        return ""
    place = PurePath(str(where.get("path") or "")).name
    if where.get("line") is not None:
        place += f":{where['line']}:{where.get('column') or 1}"
    elif where.get("row") is not None:
        place += f" {where.get('table') or ''} row {where['row']}"
    return f"{place}  {where['field']}" if where.get("field") else place


def whole_error(step: StepRecord) -> str:
    """Returns everything known of why a step failed, or of what is not as expected, to read and to copy."""
    error = step.error
    expectations = expectation_text(step) if step.unmet else ""
    if error is None:
        return f"{step.info.name}: its data is not as expected\n\n{expectations}" if expectations else ""
    parts = [f"{step.info.name}: {error.type}: {error.message}"]
    if error.help:
        parts.append(f"help: {error.help}")
    if place_of(error):
        parts.append(f"place: {place_of(error)}")
    if expectations:
        parts.append("\n" + expectations)
    if error.traceback:
        parts.append("\n" + error.traceback.rstrip())
    return "\n".join(parts)


def short_count(number: float) -> str:
    """Returns `940`, `12 k`, `1.9 M`."""
    for unit in ("", " k", " M", " G"):
        if number < 999.5:
            return f"{number:.1f}{unit}" if unit and number < 9.95 else f"{number:.0f}{unit}"
        number /= 1000
    return f"{number:.0f} T"
