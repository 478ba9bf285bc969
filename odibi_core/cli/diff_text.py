"""A comparison of two runs as text: what differs, one section a kind of difference."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from odibi_core.cli import phrases
from odibi_core.cli.table import Cell, Printer
from odibi_core.errors import RunLogError
from odibi_core.runs.compare_config import text_diff
from odibi_core.runs.compare_words import (
    claim,
    drift_words,
    expectation_words,
    rate_words,
    row_words,
    value_words,
)
from odibi_core.text import one_line, plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from odibi_core.cli.diff_report import Report
    from odibi_core.journal.record import RunRecord, StepRecord
    from odibi_core.runs.compare import RunComparison, StepComparison
    from odibi_core.runs.data import Compared
    from odibi_core.runs.diff import DataDiff

_TONES = {"+": "green", "-": "red", "~": "yellow", "!": "yellow", "=": "dim", " ": "dim"}
_STATUS = {"new": "+", "gone": "-"}

_Row = list[Cell]


def echo_report(report: Report, *, everything: bool, named: bool) -> None:
    """Writes a comparison.

    Args:
        report: What to tell.
        everything: Tell what is the same, too.
        named: The steps were named, so that stores among them tell of their data, too.
    """
    printer, comparison = Printer(), report.comparison
    unicode = phrases.takes_unicode()
    arrow = "→" if unicode else "->"
    for letter, record in (("A", comparison.before), ("B", comparison.after)):
        printer.line((f"{letter} {_title(record)}", "bold"))
    sections = (
        ("run", list(_run_rows(comparison, arrow))),
        ("steps", list(_step_rows(report.steps, everything, unicode))),
        ("schema", list(_schema_rows(report.steps, arrow))),
        ("rows", list(_count_rows(report.steps, everything, arrow))),
        ("expectations", list(_expectation_rows(report.steps, arrow))),
    )
    for title, rows in sections[:2]:
        _section(printer, title, rows)
    _configuration(printer, report.steps)
    for title, rows in sections[2:]:
        _section(printer, title, rows)
    if report.options is not None:
        told = _data(printer, report, everything, named, arrow)
    else:
        told = False
    if not told and not any(rows for _, rows in sections) and not any(s.configuration for s in report.steps):
        printer.line()
        printer.line(("nothing differs", "green"))


def _title(record: RunRecord) -> str:
    started = phrases.moment(record.started, unicode=phrases.takes_unicode())
    parts = [record.run_id, started, record.pipeline, record.state]
    if record.duration_ms is not None:
        parts.append(phrases.duration(record.duration_ms))
    return "  ".join(one_line(part) for part in parts)


def _section(printer: Printer, title: str, rows: list[_Row]) -> None:
    if rows:
        printer.line()
        printer.line((title, "bold"))
        printer.table(rows, indent=2)


def _sign(sign: str) -> Cell:
    return Cell(sign, _TONES[sign])


def _run_rows(comparison: RunComparison, arrow: str) -> Iterator[_Row]:
    for changed in comparison.run:
        name = "config" if changed.name == "digest" else changed.name
        before, after = (value_words(value, 40) for value in (changed.before, changed.after))
        if changed.name == "digest":
            before, after = before[:12], after[:12]
        yield [_sign("~"), Cell(name), Cell(f"{before} {arrow} {after}")]
    if comparison.pace is not None:
        lengths = _lengths(comparison.before.duration_ms, comparison.after.duration_ms, arrow)
        yield [_sign("~"), Cell("length"), Cell(f"{lengths}  {comparison.pace}")]


def _lengths(before: float | None, after: float | None, arrow: str) -> str:
    unicode = arrow != "->"
    return f"{phrases.duration(before, unicode=unicode)} {arrow} {phrases.duration(after, unicode=unicode)}"


def _step_rows(steps: tuple[StepComparison, ...], everything: bool, unicode: bool) -> Iterator[_Row]:
    arrow = "→" if unicode else "->"
    for step in steps:
        state = _state(step.after or step.before)
        if step.status != "both":
            yield [_sign(_STATUS[step.status]), Cell(step.name), Cell(state), Cell(step.status)]
        elif step.state_changed:
            states = f"{_state(step.before)} {arrow} {_state(step.after)}"
            yield [_sign("~"), Cell(step.name), Cell(states), Cell(_why(step.after))]
        elif step.pace is not None and step.before is not None and step.after is not None:
            lengths = _lengths(step.before.duration_ms, step.after.duration_ms, arrow)
            yield [_sign("~"), Cell(step.name), Cell(lengths), Cell(step.pace)]
        elif everything:
            yield [_sign("="), Cell(step.name, "dim"), Cell(state, "dim"), Cell("")]


def _state(step: StepRecord | None) -> str:
    return "" if step is None else step.state


def _why(step: StepRecord | None) -> str:
    if step is None:
        return ""
    return step.error.message.split("\n", 1)[0] if step.error is not None else step.reason or ""


def _configuration(printer: Printer, steps: tuple[StepComparison, ...]) -> None:
    changed = [step for step in steps if step.configuration or step.code_changed]
    if not changed:
        return
    printer.line()
    printer.line(("configuration", "bold"))
    for step in changed:
        for field in step.configuration:
            printer.line(
                ("  ~ ", _TONES["~"]), (one_line(step.name), ""), (f"  {one_line(field.name)}", "dim")
            )
            for sign, line in text_diff(field):
                printer.line((f"      {sign} {plain(line)}", _TONES[sign]))
        if step.code_changed:
            printer.line(
                ("  ~ ", _TONES["~"]), (one_line(step.name), ""), ("  the code of its function", "dim")
            )


def _schema_rows(steps: tuple[StepComparison, ...], arrow: str) -> Iterator[_Row]:
    for step in steps:
        if step.schema:
            parts = [f"+ {name}" for name in step.schema.added]
            parts += [f"- {name}" for name in step.schema.removed]
            parts += [f"{c.name} {c.before} {arrow} {c.after}" for c in step.schema.types]
            yield [_sign("~"), Cell(step.name), Cell("   ".join(parts))]


def _count_rows(steps: tuple[StepComparison, ...], everything: bool, arrow: str) -> Iterator[_Row]:
    for step in steps:
        differs = step.status == "both" and step.rows_before != step.rows_after
        if differs or (everything and step.status == "both"):
            counts = [phrases.count(n, unicode=arrow != "->") for n in (step.rows_before, step.rows_after)]
            delta = f"{step.row_delta:+,}" if step.row_delta else ""
            text = f"{counts[0]} {arrow} {counts[1]}" if differs else counts[1]
            yield [_sign("~" if differs else "="), Cell(step.name), Cell(text, right=True), Cell(delta)]


def _expectation_rows(steps: tuple[StepComparison, ...], arrow: str) -> Iterator[_Row]:
    for step in steps:
        for changed in step.expectations:
            words = f"{expectation_words(changed.before)} {arrow} {expectation_words(changed.after)}"
            yield [_sign("~"), Cell(step.name), Cell(changed.name), Cell(words)]


def _data(printer: Printer, report: Report, everything: bool, named: bool, arrow: str) -> bool:
    """Writes what differs in the data; returns whether anything was written."""
    same, told = 0, False

    def head() -> None:
        nonlocal told
        if not told:
            printer.line()
            printer.line(("data", "bold"))
        told = True

    for step in report.steps:
        for dataset in report.datasets(step, stores=named):
            try:
                with report.open(dataset) as compared:
                    report.note(step, compared.diff)
                    if compared.diff.is_empty and not (everything or named):
                        same += 1
                        continue
                    head()
                    _echo_diff(printer, step.name, dataset, compared, report, arrow)
                    _echo_drift(printer, report, dataset, compared.diff, arrow, everything)
            except RunLogError as error:  # of one dataset; the others can be told
                report.note_failure()
                head()
                printer.line(
                    ("  ! ", "yellow"), (one_line(step.name), ""), (f"  {one_line(str(error))}", "dim")
                )
    if same and told:
        printer.line((f"  = {same} other dataset{'s' * (same > 1)} the same", "dim"))
    return told


def _echo_diff(
    printer: Printer, step: str, dataset: str, compared: Compared, report: Report, arrow: str
) -> None:
    diff = compared.diff
    name = one_line(step if step == dataset else f"{step} ({dataset})")
    sign = "=" if diff.is_empty else "~" if diff.differing or diff.schema else " "
    printer.line((f"  {sign} ", _TONES[sign]), (name, "bold"), (f"  {one_line(claim(diff))}", ""))
    for line in rate_words(diff):
        printer.line((f"      {one_line(line)}", "yellow"))
    for column, reason in diff.not_compared.items():
        printer.line((f"      `{one_line(column)}` not compared: {one_line(reason)}", "dim"))
    wanted = report.options.rows if report.options is not None else 0
    shown = 0
    for row in islice(compared.rows(wanted), wanted):
        printer.line((f"      {row.sign} {one_line(row_words(row, arrow))}", _TONES[row.sign]))
        shown += 1
    if diff.differing > shown and wanted:
        printer.line((f"      {diff.differing - shown:,} more; `--full` shows all", "dim"))


def _echo_drift(
    printer: Printer, report: Report, dataset: str, diff: DataDiff, arrow: str, everything: bool
) -> None:
    for column in report.drift(dataset, diff, everything=everything):
        words = drift_words(column, arrow)
        if words:
            printer.line((f"      drift of {one_line(column.name)}: {one_line(words)}", "cyan"))
