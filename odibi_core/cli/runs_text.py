"""Run summaries, records and logs as text and JSON for the command line."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from odibi_core.cli import phrases
from odibi_core.cli.table import Cell, Printer
from odibi_core.journal.final_log import to_log
from odibi_core.journal.schema_diff import schema_diff
from odibi_core.journal.stats import rows_out, steps_done
from odibi_core.journal.values import json_value
from odibi_core.text import one_line, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from odibi_core.journal.events import ErrorInfo
    from odibi_core.journal.record import LogLine, RunRecord, SnapshotRecord, StepRecord
    from odibi_core.runs.summary import RunSummary

_LEVEL_STYLES = {"debug": "dim", "warning": "yellow", "warn": "yellow", "error": "red", "critical": "red"}
_MAX_NAMES = 6


def summary_json(summary: RunSummary) -> str:
    """Returns a summary as a JSON object on one line."""
    values = {field.name: getattr(summary, field.name) for field in fields(summary)}
    return _json({**values, "path": str(summary.path)})


def record_json(record: RunRecord, lines: Iterable[LogLine] | None) -> Iterator[str]:
    """Yields the pieces of a record's JSON, which is one line; the log comes last, as `log`."""
    text = _json(to_log(record))
    if lines is None:
        yield text
        return
    yield text[:-1] + ',"log":['
    for number, line in enumerate(lines):
        values = {field.name: getattr(line, field.name) for field in fields(line)}
        yield ("," if number else "") + _json(values)
    yield "]}"


def echo_list(runs: Sequence[RunSummary]) -> None:
    """Writes a table of runs."""
    unicode = phrases.takes_unicode()
    heads = ["", "run", "started", "length", "steps", "rows out", "pipeline", "note"]
    rows = [[Cell(head, "dim", right=head in ("length", "steps", "rows out")) for head in heads]]
    for run in runs:
        sign = "problem" if run.problem is not None else run.state
        steps = "" if run.steps_total is None else str(run.steps_total)
        if run.steps_done is not None:
            steps = f"{run.steps_done}/{steps}"
        rows.append(
            [
                Cell(phrases.state_sign(sign, unicode=unicode), phrases.state_style(sign)),
                Cell(run.run_id),
                Cell(phrases.moment(run.started, unicode=unicode)),
                Cell(phrases.duration(run.duration_ms, unicode=unicode), right=True),
                Cell(steps, right=True),
                Cell(phrases.count(run.rows_out, unicode=unicode), right=True),
                Cell(run.pipeline),
                Cell(run.problem or run.note or ("running" if run.state == "running" else ""), "dim"),
            ]
        )
    Printer().table(rows)


def echo_run(record: RunRecord) -> None:
    """Writes a run: what it was, its steps, and what went wrong."""
    unicode = phrases.takes_unicode()
    printer = Printer()
    sign, style = phrases.state_sign(record.state, unicode=unicode), phrases.state_style(record.state)
    printer.line(
        (f"{sign} {one_line(record.run_id) or 'run'}  {record.state.replace('_', ' ')}", style),
        (f"  {_length(record, unicode)}", ""),
    )
    printer.table([[Cell(name, "dim"), Cell(value)] for name, value in _facts(record)], indent=2)
    if record.steps:
        printer.line()
        printer.table([_step_row(step, unicode) for step in record.steps], indent=2)
    _echo_unmet(printer, record, unicode)
    for step in record.steps:
        if step.error is not None:
            _echo_error(printer, f"{step.info.name}: ", step.error)
    if record.error is not None and all(step.error != record.error for step in record.steps):
        _echo_error(printer, "", record.error)


def _length(record: RunRecord, unicode: bool) -> str:
    """Returns how long a run took, or has taken until now."""
    if record.duration_ms is None and record.is_live and record.started is not None:
        so_far = (datetime.now(UTC) - record.started).total_seconds() * 1000
        return f"{phrases.duration(max(so_far, 0.0), unicode=unicode)} so far"
    return phrases.duration(record.duration_ms, unicode=unicode)


def echo_log(lines: Iterable[LogLine]) -> int:
    """Writes log lines after an empty line; returns how many there were."""
    printer = Printer()
    number = 0
    for number, line in enumerate(lines, 1):
        if number == 1:
            printer.line()
        style = _LEVEL_STYLES.get(line.level.lower(), "")
        step = f"{one_line(line.step)}  " if line.step else ""
        first, *rest = plain(line.message).split("\n")
        at = f"{line.ts.astimezone():%H:%M:%S.%f}"[:-3]
        level = f"{one_line(line.level):<7} "
        printer.line((f"{at} ", "dim"), (level, style), (step, "bold"), (first, style))
        for more in rest:
            printer.line((f"{'':<21}{more}", style))
    return number


def _facts(record: RunRecord) -> list[tuple[str, str]]:
    facts = [
        ("pipeline", record.pipeline),
        ("source", record.source or ""),
        ("started", phrases.moment(record.started) if record.started is not None else ""),
        ("resumes", str(record.options.get("resume") or "")),
        ("steps", f"{steps_done(record)}/{len(record.steps)} done" if record.steps else ""),
        ("rows out", f"{rows:,}" if (rows := rows_out(record)) is not None else ""),
        ("log", f"{record.log_count:,} line{'s' * (record.log_count > 1)}" if record.log_count else ""),
        ("why", record.reason or ""),
        ("written", "by another program" if record.foreign else ""),
    ]
    return [(name, value) for name, value in facts if value]


def _step_row(step: StepRecord, unicode: bool) -> list[Cell]:
    style = phrases.state_style(step.state)
    attempts = len(step.attempts)
    notes = [
        step.reason or step.why or "",
        f"{attempts} attempts" if attempts > 1 else "",
        _schema_note(step),
    ]
    if step.expectations:
        unmet, all_of = len(step.unmet), len(step.expectations)
        plural = "s" * (all_of != 1)
        notes.append(
            f"{unmet} of {all_of} expectation{plural} not met"
            if unmet
            else f"{all_of} expectation{plural} met"
        )
    return [
        Cell(phrases.state_sign(step.state, unicode=unicode), style),
        Cell(step.info.name),
        Cell(step.info.layer, "dim"),
        Cell(phrases.duration(step.duration_ms, unicode=unicode), right=True),
        Cell(_shape(step.before, unicode), right=True),
        Cell(("→" if unicode else "->") if step.before is not None and step.after is not None else "", "dim"),
        Cell(_shape(step.after, unicode), right=True),
        Cell("; ".join(note for note in notes if note), "dim"),
    ]


def _shape(snapshot: SnapshotRecord | None, unicode: bool) -> str:
    if snapshot is None:
        return ""
    return (
        f"{phrases.count(snapshot.rows, unicode=unicode)} {'×' if unicode else 'x'} {len(snapshot.columns)}"
    )


def _echo_unmet(printer: Printer, record: RunRecord, unicode: bool) -> None:
    """Writes what was expected of the data and is not so, with a row that shows it."""
    unmet = [(step.info.name, expectation) for step in record.steps for expectation in step.unmet]
    if unmet:
        printer.line()
    for step, expectation in unmet:
        sign = "failed" if expectation.severity == "error" else "problem"
        printer.line(
            (f"  {phrases.state_sign(sign, unicode=unicode)} ", phrases.state_style(sign)),
            (f"{one_line(step)}: {one_line(expectation.name)}", "bold"),
            (f"  {one_line(expectation.found or '')}", ""),
        )
        for row in expectation.sample:
            printer.line((f"      {one_line(_json(row))}", "dim"))


def _schema_note(step: StepRecord) -> str:
    """Returns the columns a step added, removed and changed in type."""
    if step.before is None or step.after is None:
        return ""
    found = schema_diff(step.before.columns, step.after.columns)
    parts = [f"+{name}" for name in found["added_columns"]] + [
        f"-{name}" for name in found["removed_columns"]
    ]
    parts += [f"{c['column']} {c['before']} to {c['after']}" for c in found["changed_types"]]
    rest = len(parts) - _MAX_NAMES
    return " ".join(parts[:_MAX_NAMES]) + (f" and {rest} more" if rest > 0 else "")


def _echo_error(printer: Printer, where: str, error: ErrorInfo) -> None:
    printer.line()
    kind = error.type.rpartition(".")[2]
    first, *rest = plain(error.message).split("\n")
    said = f"{one_line(kind)}: {first}" if kind else first
    printer.line((f"  {one_line(where)}", "bold"), (said, "red"))
    for line in rest:
        printer.line((f"    {line}", "red"))
    place = _place(error.diagnostic)
    if place:
        printer.line((f"    at {place}", "dim"))
    if error.help:
        printer.line((f"    {one_line(error.help)}", ""))


def _place(diagnostic: dict[str, Any] | None) -> str:
    if not diagnostic or not isinstance(diagnostic.get("path"), str):
        return ""
    place: str = diagnostic["path"]
    for part in ("line", "column"):
        if isinstance(diagnostic.get(part), int):
            place += f":{diagnostic[part]}"
    return one_line(place)


def _json(value: Any) -> str:
    try:
        return msgspec.json.encode(value).decode()
    except (TypeError, UnicodeEncodeError):
        return msgspec.json.encode(json_value(value)).decode()
