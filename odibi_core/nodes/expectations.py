"""Holding data against a step's expectations: one pass, a record of each, a failure where they ask for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from odibi_core.core.facts import Facts
from odibi_core.errors import ExpectationError, OdibiError, StepOptionError
from odibi_core.functions.builtin_sql import Table, listed
from odibi_core.journal.events import Expectation as ExpectationEvent
from odibi_core.nodes.expectation_sql import Question, question
from odibi_core.plan.expectations import Expectation, read_expectations
from odibi_core.text import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from odibi_core.engine.base_context import EngineContext
    from odibi_core.nodes.base import Node

SAMPLE_ROWS = 5
_SHOWN_ROW = 300  # characters of the row that a message quotes


def check_expectations(
    node: Node,
    frames: Mapping[str, tuple[str | None, Any]],
    scope: EngineContext,
    inputs: Mapping[str, Any] | None = None,
) -> None:
    """Holds data against the step's `metadata.expect`; each result is recorded.

    Args:
        node: The step at work.
        frames: Key and frame by the local name they go by in the step, the first one first.
        scope: The engine they are on.
        inputs: What the step was given, which conditions may read by local name.

    Raises:
        ExpectationError: Data is not as expected, and the expectation's severity is `error`.
        StepOptionError: An expectation cannot be read or evaluated.
    """
    wanted = _read(node, scope)
    if inputs and any(expectation.reads for expectation in wanted):
        for local, frame in inputs.items():
            scope.register_temp(local, frame)
    by_output: dict[str, list[Expectation]] = {}
    for expectation in wanted:
        by_output.setdefault(_output_of(expectation, frames, node), []).append(expectation)
    results: list[tuple[Expectation, ExpectationEvent]] = []
    for local, expectations in by_output.items():
        key, frame = frames[local]
        results += _evaluate(node, local, key, frame, expectations, scope)
    _conclude(node, results)


def _read(node: Node, scope: EngineContext) -> list[Expectation]:
    """Returns the expectations with their placeholders filled."""
    written = node.step.metadata["expect"]
    if isinstance(written, list):
        written = [_filled(entry, node) if isinstance(entry, dict) else entry for entry in written]
    expectations, problems = read_expectations({"expect": written})
    for problem in problems:
        raise node.bad_option(problem.message, ".".join(map(str, problem.path)), problem.help)
    return [
        replace(found, sql=node.fill_sql(found.sql, scope.name)) if found.sql else found
        for found in expectations
    ]


def _filled(entry: dict[str, Any], node: Node) -> dict[str, Any]:
    """Returns an entry with its placeholders filled, apart from what is SQL and what it is called."""
    return {key: value if key in ("sql", "name") else node.fill(value) for key, value in entry.items()}


def _output_of(expectation: Expectation, frames: Mapping[str, tuple[str | None, Any]], node: Node) -> str:
    local = expectation.output
    if not frames:
        raise node.bad_option("a step without outputs has no data to expect anything of", "metadata.expect")
    if local is None:
        return next(iter(frames))
    if local not in frames:
        raise node.bad_option(
            f"the step has no output `{local}`", expectation.field, f"it has {listed(frames)}"
        )
    return local


def _evaluate(
    node: Node,
    local: str,
    key: str | None,
    frame: Any,
    expectations: Sequence[Expectation],
    scope: EngineContext,
) -> list[tuple[Expectation, ExpectationEvent]]:
    """Returns an event for each expectation of one dataset."""
    table = Table(scope, frame, "expected")
    table.name = key or local
    called = local if node.step.layer in ("store", "publish") else table.name
    source = f"{table.sql} AS {table.quote(called)}"
    questions = [question(expectation, table, called) for expectation in expectations]
    figures = ["count(*) AS odibi_rows"] + [
        f"{asked.figure} AS odibi_{i}" for i, asked in enumerate(questions) if asked.figure is not None
    ]
    try:
        (answer,) = _rows(scope, f"SELECT {', '.join(figures)} FROM {source}")
    except Exception as error:
        _blame(node, questions, source, scope, error)
        raise
    rows = int(answer["odibi_rows"])
    current = node.tracker.current_step()
    attempt = current[1] if current is not None and current[0] == node.step.name else 1
    results = []
    for i, asked in enumerate(questions):
        expected = asked.expectation
        figure = answer.get(f"odibi_{i}")
        found = _found(expected, rows, figure)
        failing = None if asked.failing is None else int(figure or 0)
        sample = _sample(asked.failing, scope) if failing and asked.failing is not None else ()
        event = ExpectationEvent(
            step=node.step.name,
            name=expected.name,
            kind=expected.kind,
            passed=found is None,
            severity=expected.severity,
            attempt=attempt,
            dataset=key,
            on=expected.columns,
            rows=rows,
            failing=failing,
            found=found,
            sample=sample,
        )
        results.append((expected, event))
    return results


def _found(expected: Expectation, rows: int, figure: Any) -> str | None:
    """Returns what was found instead of what is expected, None where it is as expected."""
    if expected.kind == "row_count":
        return _miscounted(expected, rows)
    columns = listed(expected.columns)
    if expected.kind == "freshness":
        return _stale(expected, figure, columns)
    if not figure:
        return None
    where = f"in {int(figure):,} of {rows:,} {'row' if rows == 1 else 'rows'}"
    match expected.kind:
        case "not_null":
            return f"{columns} is null {where}"
        case "unique":
            return f"{columns} {'is' if len(expected.columns) == 1 else 'are'} not unique {where}"
        case "accepted_values":
            return f"{columns} is another value {where}"
        case "range":
            return f"{columns} is {_limits(expected)} {where}"
    return f"it is false {where}"


def _limits(expected: Expectation) -> str:
    low, high = expected.minimum, expected.maximum
    if high is None:
        return f"below {low}"
    return f"above {high}" if low is None else f"outside {low} to {high}"


def _miscounted(expected: Expectation, rows: int) -> str | None:
    there = f"{rows:,} {'row' if rows == 1 else 'rows'}"
    if expected.minimum is not None and rows < expected.minimum:
        return f"{there}, fewer than {int(expected.minimum):,}"
    if expected.maximum is not None and rows > expected.maximum:
        return f"{there}, more than {int(expected.maximum):,}"
    return None


def _stale(expected: Expectation, newest: float | None, columns: str) -> str | None:
    if newest is None:
        return f"there is no time in {columns}"
    age = datetime.now(UTC).timestamp() - newest
    if expected.age is None or age <= expected.age:
        return None
    at = datetime.fromtimestamp(newest, UTC).isoformat(sep=" ", timespec="seconds")
    return f"the newest {columns} is {at}, {_duration(age)} old, more than {_duration(expected.age)}"


def _duration(seconds: float) -> str:
    for unit, size in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if seconds >= size:
            number = f"{seconds / size:.1f}".removesuffix(".0")
            return f"{number} {unit}" + "s" * (number != "1")
    return f"{seconds:.0f} seconds"


def _sample(failing: str, scope: EngineContext) -> tuple[dict[str, Any], ...]:
    frame = scope.execute_sql(f"{failing} LIMIT {SAMPLE_ROWS}")
    try:
        return Facts.of(frame, scope).sample
    finally:
        scope.release(frame)


def _rows(scope: EngineContext, sql: str) -> list[dict[str, Any]]:
    frame = scope.execute_sql(sql)
    try:
        rows: list[dict[str, Any]] = scope.to_arrow(frame).to_pylist()
    finally:
        scope.release(frame)
    return rows


def _blame(
    node: Node, questions: Sequence[Question], source: str, scope: EngineContext, error: Exception
) -> None:
    """Raises the error of the expectation that cannot be evaluated, if it is one of them alone."""
    if node.is_interrupted:
        return
    for asked in questions:
        if asked.figure is None:
            continue
        try:
            _rows(scope, f"SELECT {asked.figure} AS odibi_0 FROM {source}")
        except Exception as own:
            if node.is_interrupted:
                raise
            said = own.message if isinstance(own, OdibiError) else str(own)
            raise StepOptionError(
                f"the expectation `{one_line(asked.expectation.name)}` cannot be evaluated: "
                f"{said.partition(chr(10))[0]}",
                step=node.step.name,
                field=asked.expectation.field,
            ) from own


def _conclude(node: Node, results: Sequence[tuple[Expectation, ExpectationEvent]]) -> None:
    """Records the results, tells them, and fails the step where an error is among them."""
    failed: list[tuple[Expectation, ExpectationEvent]] = []
    met = 0
    for expectation, event in results:
        node.tracker.record(event)
        node.events.emit("expectation", step=node.step, expectation=event)
        if event.passed:
            met += 1
        elif event.severity == "warn":
            node.tell(_message(event), "warning")
        else:
            failed.append((expectation, event))
    if met:
        node.tell(f"{met} {'expectation is' if met == 1 else 'expectations are'} met")
    if failed:
        lines = [_message(event) for _, event in failed]
        if len(failed) > 1:
            lines = [f"{len(failed)} expectations are not met", *lines]
        raise ExpectationError("\n".join(lines), step=node.step.name, field=failed[0][0].field)


def _message(event: ExpectationEvent) -> str:
    text = f"expectation `{one_line(event.name)}` is not met: {event.found}"
    if not event.sample:
        return text
    row = msgspec.json.encode(event.sample[0]).decode()
    return f"{text}; the first: {row if len(row) <= _SHOWN_ROW else row[:_SHOWN_ROW] + '…'}"
