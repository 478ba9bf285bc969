"""Events and journals for the tests of what a run leaves behind."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import strategies as st

from odibi_core.journal import events as ev
from odibi_core.journal.writer import JournalWriter

START = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def write_journal(path: Path, events, **options) -> Path:
    with JournalWriter(path, **options) as writer:
        for event in events:
            writer.append(event)
    return path


def steps(*names: str) -> tuple[ev.StepInfo, ...]:
    """Steps in a chain, each needing the one before."""
    return tuple(
        ev.StepInfo(name=name, layer="transform", needs=names[i - 1 : i] if i else (), outputs={"out": name})
        for i, name in enumerate(names)
    )


def small_run(state: str = "success", run_id: str = "run_20260131_120000", pipeline: str = "retail.json"):
    """The events of a run of two steps, as far as one that ends so has them ("running": no end)."""
    columns = (ev.ColumnInfo("id", "int64"), ev.ColumnInfo("amount", "double", "DOUBLE"))
    yield ev.RunStarted(run_id=run_id, pipeline=pipeline, steps=steps("read", "sum"), pid=1, ts=at(0))
    yield ev.StepQueued(step="read", ts=at(0))
    yield ev.StepStarted(step="read", worker=0, ts=at(1))
    yield ev.Log(message="reading", step="read", ts=at(1.5))
    yield ev.Snapshot(
        step="read", position="after", dataset="read", rows=3, columns=columns, sample=({"id": 1},), ts=at(2)
    )
    yield ev.StepFinished(step="read", state="success", duration_ms=1000.0, rows=3, ts=at(2))
    yield ev.StepStarted(step="sum", worker=0, ts=at(3))
    yield ev.Snapshot(step="sum", position="before", dataset="read", rows=3, columns=columns, ts=at(3))
    if state == "running":
        return
    if state == "success":
        yield ev.Snapshot(step="sum", position="after", dataset="sum", rows=2, columns=columns[1:], ts=at(4))
        yield ev.StepFinished(step="sum", state="success", duration_ms=1000.0, rows=2, ts=at(4))
    elif state == "failed":
        error = ev.ErrorInfo("builtins.KeyError", "'region'", traceback="Traceback ...")
        yield ev.StepFinished(step="sum", state="failed", duration_ms=1000.0, error=error, ts=at(4))
    yield ev.RunFinished(state=state, duration_ms=5000.0, ts=at(5))


_names = st.sampled_from(["a", "b", "c", "d"])
_times = st.floats(0, 1e6).map(at)
_counts = st.none() | st.integers(0, 10**9)
_text = st.text(max_size=8)
_errors = st.builds(ev.ErrorInfo, type=_text, message=_text, traceback=_text, help=st.none() | _text)
_columns = st.lists(st.builds(ev.ColumnInfo, _text, st.sampled_from(["int64", "string"])), max_size=3).map(
    tuple
)
_samples = st.lists(
    st.dictionaries(
        _text, st.none() | st.integers(-9, 9) | _text | st.floats(allow_nan=False, allow_infinity=False)
    ),
    max_size=2,
).map(tuple)

any_event = st.one_of(
    st.builds(
        ev.RunStarted,
        run_id=_text,
        pipeline=_text,
        steps=st.lists(_names, unique=True).map(lambda names: steps(*names)),
        ts=_times,
    ),
    st.builds(ev.StepQueued, step=_names, ts=_times),
    st.builds(
        ev.StepStarted, step=_names, attempt=st.integers(1, 3), worker=st.none() | st.just(0), ts=_times
    ),
    st.builds(
        ev.Progress, step=_names, rows=_counts, bytes=_counts, fraction=st.none() | st.floats(0, 1), ts=_times
    ),
    st.builds(
        ev.Snapshot,
        step=_names,
        position=st.sampled_from(["before", "after"]),
        dataset=st.none() | _names,
        rows=_counts,
        columns=_columns,
        sample=_samples,
        ts=_times,
    ),
    st.builds(ev.DatasetRows, dataset=_names, rows=st.integers(0, 9), ts=_times),
    st.builds(
        ev.DatasetStored,
        dataset=_names,
        kind=st.sampled_from(["preview", "profile"]),
        file=_text,
        rows=st.integers(0, 9),
        ts=_times,
    ),
    st.builds(
        ev.Expectation,
        step=_names,
        name=_text,
        kind=st.sampled_from(["not_null", "sql"]),
        passed=st.booleans(),
        severity=st.sampled_from(["error", "warn"]),
        on=st.lists(_text, max_size=2).map(tuple),
        rows=_counts,
        failing=_counts,
        found=st.none() | _text,
        sample=_samples,
        ts=_times,
    ),
    st.builds(
        ev.Log, message=_text, level=st.sampled_from(["info", "error"]), step=st.none() | _names, ts=_times
    ),
    st.builds(
        ev.Retry, step=_names, attempt=st.integers(1, 3), delay_s=st.just(0.5), error=_errors, ts=_times
    ),
    st.builds(
        ev.StepFinished,
        step=_names,
        state=st.sampled_from(["success", "failed", "skipped", "cancelled", "reused"]),
        duration_ms=st.none() | st.floats(0, 1e9),
        rows=_counts,
        error=st.none() | _errors,
        reason=st.none() | _text,
        ts=_times,
    ),
    st.builds(ev.Memory, rss_bytes=st.integers(0, 2**40), ts=_times),
    st.builds(
        ev.RunFinished,
        state=st.sampled_from(["success", "failed", "cancelled", "crashed", "timed_out"]),
        error=st.none() | _errors,
        ts=_times,
    ),
)
