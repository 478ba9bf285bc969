"""CompareView: two runs side by side: the runs, their steps, configuration, schema and rows."""

from __future__ import annotations

import difflib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len

from odibi_tui import format as fmt
from odibi_tui.widgets.cells import value_text
from odibi_tui.widgets.lines import LineView, Part, fit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from odibi_core.journal.record import RunRecord, StepRecord
    from odibi_core.runs.compare import RunComparison, StepComparison

_NAME = 28
_SIDE = 22
_COUNT = 13
_SIGNS = {"new": ("+", "ok"), "gone": ("-", "error"), "both": ("~", "warning")}
_STEADY = 0.2
"""A step's length counts as different when it changed by more than this part, and by 100 ms."""

Row = list[Part]


class CompareView(LineView):
    """Only what differs, until `toggle_all`."""

    def __init__(self, *, now: Callable[[], datetime] | None = None, id: str | None = None) -> None:
        super().__init__(id=id)
        self._now = now or (lambda: datetime.now(UTC))
        self._comparison: RunComparison | None = None
        self._rows: Sequence[Row] = ()
        self._all = False

    def show(self, comparison: RunComparison) -> None:
        """Shows a comparison, from its top."""
        self._comparison, self._all = comparison, False
        self._made()
        self.cursor = 0
        self.scroll_to(y=0, animate=False, immediate=True)

    def toggle_all(self) -> None:
        """Shows all steps, or again only what differs."""
        self._all = not self._all
        self._made()

    def _made(self) -> None:
        if self._comparison is not None:
            self._rows = list(rows_of(self._comparison, self._now(), all_steps=self._all))
            self.set_rows(len(self._rows))

    def row(self, y: int, width: int) -> Sequence[Part]:
        """A line of the comparison."""
        return fit(self._rows[y], width)


def rows_of(comparison: RunComparison, now: datetime, *, all_steps: bool) -> Iterator[Row]:
    """Yields the lines of a comparison, a heading above each part that has something to say."""
    before, after = comparison.before, comparison.after
    shown = "all steps" if all_steps else "only what differs"
    yield [(f" A {_run_title(before, now)}", "strong"), (f"     {shown}", "muted")]
    yield [
        (f" B {_run_title(after, now)}", "strong"),
        ("     = ", "key"),
        ("all" if not all_steps else "less", "muted"),
    ]
    for title, rows in (
        ("Run", list(_run_rows(comparison))),
        ("Steps", list(_step_rows(comparison.steps, all_steps))),
        ("Configuration", list(_configuration_rows(comparison.steps))),
        ("Schema", list(_schema_rows(comparison.steps))),
        ("Rows", list(_count_rows(comparison.steps, all_steps))),
    ):
        yield []
        yield [(f" {title}", "heading"), *_column_heads(title)]
        yield from rows or [[("     the same", "muted")]]


def _column_heads(title: str) -> Row:
    if title not in ("Run", "Steps", "Rows"):
        return []
    sides = [side.rjust(_COUNT) if title == "Rows" else side for side in "AB"]
    return [(" " * (_NAME + 5 - len(title) - 1) + sides[0].ljust(_SIDE) + sides[1], "muted")]


def _run_title(record: RunRecord, now: datetime) -> str:
    return f"{record.run_id}   {fmt.moment(record.started, now=now)}   {record.pipeline}"


def _run_rows(comparison: RunComparison) -> Iterator[Row]:
    before, after = comparison.before, comparison.after
    for changed in comparison.run:
        short = changed.name == "digest"
        texts = [_short(value, 12 if short else _SIDE - 2) for value in (changed.before, changed.after)]
        yield _line("~", "config" if short else changed.name, *texts)
    delta = comparison.duration_delta_ms
    if delta is not None and _differs(before.duration_ms, after.duration_ms):
        yield _line(
            "~", "length", fmt.duration(before.duration_ms), fmt.duration(after.duration_ms), _delta_ms(delta)
        )


def _step_rows(steps: Sequence[StepComparison], all_steps: bool) -> Iterator[Row]:
    for step in steps:
        slower = step.duration_delta_ms is not None and _differs(
            step.before.duration_ms if step.before else None, step.after.duration_ms if step.after else None
        )
        if not (all_steps or step.status != "both" or step.state_changed or slower):
            continue
        delta = _delta_ms(step.duration_delta_ms) if slower and step.duration_delta_ms is not None else ""
        sign = "~" if slower or step.state_changed else " "
        if step.status != "both":
            sign = _SIGNS[step.status][0]
        yield _line(sign, step.name, _state_of(step.before), _state_of(step.after), delta)


def _configuration_rows(steps: Sequence[StepComparison]) -> Iterator[Row]:
    for step in steps:
        for changed in step.configuration:
            yield [("   ~ ", "warning"), (step.name, "strong"), (f"  {changed.name}", "muted")]
            for line in _text_diff(changed.before, changed.after):
                sign = line[0]
                yield [(f"       {line}", "ok" if sign == "+" else "error" if sign == "-" else "muted")]


def _schema_rows(steps: Sequence[StepComparison]) -> Iterator[Row]:
    arrow = fmt.sign("right", ascii_only=fmt.wants_ascii())
    for step in steps:
        if step.schema:
            row: Row = [("   ~ ", "warning"), (_padded(step.name), "strong")]
            row += [(f"+ {name}  ", "ok") for name in step.schema.added]
            row += [(f"- {name}  ", "error") for name in step.schema.removed]
            row += [(f"{c.name} {c.before} {arrow} {c.after}  ", "warning") for c in step.schema.types]
            yield row


def _count_rows(steps: Sequence[StepComparison], all_steps: bool) -> Iterator[Row]:
    for step in steps:
        differs = step.status == "both" and step.rows_before != step.rows_after
        if differs or all_steps:
            delta = f"{step.row_delta:+,}" if step.row_delta else ""
            before, after = (f"{fmt.count(rows):>{_COUNT}}" for rows in (step.rows_before, step.rows_after))
            yield _line("~" if differs else " ", step.name, before, after, delta)


def _line(sign: str, name: str, before: str, after: str, delta: str = "") -> Row:
    tone = {"+": "ok", "-": "error", "~": "warning"}.get(sign, "")
    return [
        (f"   {sign} ", tone),
        (_padded(name), "strong" if sign.strip() else ""),
        (before + " " * max(1, _SIDE - cell_len(before)), ""),
        (after + " " * max(1, _SIDE - cell_len(after)), ""),
        (delta, tone),
    ]


def _padded(name: str) -> str:
    name = fmt.shorten(name, _NAME - 1)
    return name + " " * (_NAME - cell_len(name))


def _state_of(step: StepRecord | None) -> str:
    if step is None:
        return "–"
    text = f"{fmt.glyph(step.state, ascii_only=fmt.wants_ascii())} {step.state}"
    return text if step.duration_ms is None else f"{text} {fmt.duration(step.duration_ms)}"


def _differs(before: float | None, after: float | None) -> bool:
    if before is None or after is None:
        return False
    return abs(after - before) > max(100.0, _STEADY * max(before, after))


def _delta_ms(delta: float) -> str:
    return f"{'+' if delta > 0 else '-'}{fmt.duration(abs(delta))}"


def _short(value: Any, width: int) -> str:
    return "–" if value is None else fmt.shorten(value_text(value), width)


def _text_diff(before: Any, after: Any) -> Iterator[str]:
    """Yields what changed in a field's text, a line at a time; a short one is told whole."""
    old, new = _lines_of(before), _lines_of(after)
    for line in difflib.unified_diff(old, new, n=1, lineterm=""):
        if not line.startswith(("---", "+++", "@@")):
            yield line[0] + " " + line[1:]


def _lines_of(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [f"{key}: {item}" for key, item in value.items()]
    if isinstance(value, list | tuple):
        return [str(item) for item in value]
    return str(value).splitlines() or [""]
