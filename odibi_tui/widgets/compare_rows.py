"""The rows of a comparison of two runs, tab by tab, as toned text; no widget in here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.cells import cell_len

from odibi_core.runs.compare_config import text_diff
from odibi_core.runs.compare_words import expectation_words
from odibi_tui import format as fmt
from odibi_tui.widgets.cells import value_text
from odibi_tui.widgets.lines import Part

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from odibi_core.journal.record import StepRecord
    from odibi_core.runs.compare import RunComparison, StepComparison

_NAME = 28
_SIDE = 22
_COUNT = 13
SIGN_TONES = {"+": "ok", "-": "error", "~": "warning", "!": "warning"}
_STATUS = {"new": "+", "gone": "-"}

Row = list[Part]


def step_tab(comparison: RunComparison, everything: bool) -> list[Row]:
    """Returns what differs of the runs and their steps: new, gone, ended otherwise, slower or faster."""
    run = list(_run_rows(comparison))
    steps = list(_step_rows(comparison.steps, everything))
    rows: list[Row] = []
    if run:
        rows += [[(" Run", "heading"), *_heads("Run")], *run, []]
    rows += [
        [(" Steps", "heading"), *_heads("Steps")],
        *(steps or [_same("the same steps, states and lengths")]),
    ]
    expectations = list(_expectation_rows(comparison.steps))
    if expectations:
        rows += [[], [(" Expectations", "heading")], *expectations]
    return rows


def configuration_tab(comparison: RunComparison, everything: bool) -> list[Row]:
    """Returns the fields of steps that differ, as a text diff."""
    rows: list[Row] = []
    for step in comparison.steps:
        for changed in step.configuration:
            rows.append([(" ~ ", "warning"), (step.name, "strong"), (f"  {changed.name}", "muted")])
            for sign, line in text_diff(changed):
                rows.append([(f"     {sign} {line}", SIGN_TONES.get(sign, "muted"))])
        if step.code_changed:
            told = "  the code of its function is another one"
            rows.append([(" ~ ", "warning"), (step.name, "strong"), (told, "muted")])
    rows += _quiet(comparison.steps, lambda s: not s.configuration and not s.code_changed, everything)
    return rows or [_same("the same configuration of every step that is in both")]


def schema_tab(comparison: RunComparison, everything: bool) -> list[Row]:
    """Returns the columns that results have gained, lost and changed in type."""
    arrow = fmt.sign("right", ascii_only=fmt.wants_ascii())
    rows: list[Row] = []
    for step in comparison.steps:
        if step.schema:
            row: Row = [(" ~ ", "warning"), (_padded(step.name), "strong")]
            row += [(f"+ {name}  ", "ok") for name in step.schema.added]
            row += [(f"- {name}  ", "error") for name in step.schema.removed]
            row += [(f"{c.name} {c.before} {arrow} {c.after}  ", "warning") for c in step.schema.types]
            rows.append(row)
    rows += _quiet(comparison.steps, lambda s: s.schema is not None and not s.schema, everything)
    return rows or [_same("the same columns and types")]


def count_tab(comparison: RunComparison, everything: bool) -> list[Row]:
    """Returns the row counts that differ."""
    rows: list[Row] = []
    for step in comparison.steps:
        differs = step.status == "both" and step.rows_before != step.rows_after
        if differs or (everything and step.status == "both"):
            delta = f"{step.row_delta:+,}" if step.row_delta else ""
            before, after = (f"{fmt.count(n):>{_COUNT}}" for n in (step.rows_before, step.rows_after))
            rows.append(_line("~" if differs else " ", step.name, before, after, delta))
    return [[*_heads("Rows")], *rows] if rows else [_same("as many rows everywhere")]


def tab_counts(comparison: RunComparison) -> tuple[int, int, int, int]:
    """Returns how many steps differ in each of the four tabs."""
    steps = comparison.steps
    return (
        sum(step.status != "both" or step.state_changed or step.pace is not None for step in steps),
        sum(bool(step.configuration) or step.code_changed for step in steps),
        sum(bool(step.schema) for step in steps),
        sum(step.status == "both" and step.rows_before != step.rows_after for step in steps),
    )


def _run_rows(comparison: RunComparison) -> Iterator[Row]:
    before, after = comparison.before, comparison.after
    for changed in comparison.run:
        short = changed.name == "digest"
        texts = [_short(value, 12 if short else _SIDE - 2) for value in (changed.before, changed.after)]
        yield _line("~", "config" if short else changed.name, *texts)
    if comparison.pace is not None and comparison.duration_delta_ms is not None:
        delta = _delta_ms(comparison.duration_delta_ms, comparison.pace)
        had, has = fmt.duration(before.duration_ms), fmt.duration(after.duration_ms)
        yield _line("~", "length", had, has, delta)


def _step_rows(steps: Iterable[StepComparison], everything: bool) -> Iterator[Row]:
    for step in steps:
        if not (everything or step.status != "both" or step.state_changed or step.pace is not None):
            continue
        delta = ""
        if step.pace is not None and step.duration_delta_ms is not None:
            delta = _delta_ms(step.duration_delta_ms, step.pace)
        sign = _STATUS.get(step.status) or ("~" if step.pace is not None or step.state_changed else " ")
        yield _line(sign, step.name, _state_of(step.before), _state_of(step.after), delta)


def _expectation_rows(steps: Iterable[StepComparison]) -> Iterator[Row]:
    for step in steps:
        for changed in step.expectations:
            words = [expectation_words(side) for side in (changed.before, changed.after)]
            yield _line("~", f"{step.name}: {changed.name}", *words)


def _quiet(
    steps: Iterable[StepComparison], is_same: Callable[[StepComparison], bool], everything: bool
) -> Iterator[Row]:
    """Yields the steps that are the same, where everything is to be seen."""
    for step in steps if everything else ():
        if step.status == "both" and is_same(step):
            yield [("   ", ""), (_padded(step.name), "muted"), ("the same", "muted")]


def _heads(title: str) -> Row:
    sides = [side.rjust(_COUNT) if title == "Rows" else side for side in "AB"]
    start = 0 if title == "Rows" else len(title) + 1
    return [(" " * (_NAME + 3 - start) + sides[0].ljust(_SIDE) + sides[1], "muted")]


def _same(told: str) -> Row:
    return [(f"   {told}", "muted")]


def _line(sign: str, name: str, before: str, after: str, delta: str = "") -> Row:
    tone = SIGN_TONES.get(sign, "")
    return [
        (f" {sign} ", tone),
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


def _delta_ms(delta: float, pace: str) -> str:
    return f"{'+' if delta > 0 else '-'}{fmt.duration(abs(delta))} {pace}"


def _short(value: Any, width: int) -> str:
    return "–" if value is None else fmt.shorten(value_text(value), width)
