"""check_types: the values of an expectation can be held against a column of its type and what it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from odibi_core.checks.codes import data_codes, expect_codes
from odibi_core.checks.pipeline import place
from odibi_core.checks.sql.lab_errors import SqlProblem
from odibi_core.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from odibi_core.checks.schemas import Column
    from odibi_core.checks.sql.lab import Lab
    from odibi_core.core.node import Step
    from odibi_core.diagnostics import Diagnostic
    from odibi_core.plan.expectations import Expectation, Path

_WORDS = {"number": "numbers", "time": "times", "text": "texts", "boolean": "true and false"}
_SAMPLES = {"number": "1", "boolean": "TRUE", "time": "'2000-01-01'"}
_SAYS_NOTHING = frozenset({"internal", "extension", "outside"})


def check_types(
    step: Step, expectation: Expectation, name: str, column: Column, lab: Lab
) -> Iterator[Diagnostic]:
    """Yields the values of an expectation that the engine cannot compare with a column.

    Args:
        step: The step.
        expectation: What is expected.
        name: The column, as the expectation names it.
        column: The column.
        lab: Where DuckDB is asked, with constants.
    """
    from odibi_core.engine.profile_sql import ProfiledColumn

    native = column.type or ""
    kind = ProfiledColumn(name, native).kind
    if kind == "other":
        return
    if expectation.kind == "freshness":
        # Spark takes a number for seconds since 1970.
        if (kind in ("number", "boolean") and step.engine != "spark") or native == "TIME":
            yield _misfit(
                step, expectation.path, f"`{name}` is {native} and has no age",
                "freshness is of a column of times", key=True,
            )  # fmt: skip
        elif native == "VARCHAR" and step.engine != "spark":
            yield from _check_texts(
                step, column, expectation.path, "is no time", "freshness is of a column of times",
                lambda text: _refuses(lab, f"SELECT CAST({_literal(text)} AS TIMESTAMPTZ)"), key=True,
            )  # fmt: skip
        return
    values = [(value, path) for value, path in _values(expectation) if not _is_open(value)]
    if step.engine == "spark":
        for value, path in values:
            # Spark's settings decide what it makes of a text beside a number.
            if not _fits_on_spark(value, kind):
                yield _unfit(step, value, path, name, kind, native)
    elif native == "VARCHAR" and expectation.kind == "accepted_values":
        yield from _check_accepted(step, expectation, column, values, lab)
    else:
        sample = "'10:00'" if native == "TIME" else "'1'" if native == "VARCHAR" else _SAMPLES.get(kind)
        for value, path in values if sample is not None else ():
            compared = (
                f"IN ({_literal(value)})" if expectation.kind == "accepted_values" else f"< {_literal(value)}"
            )
            if _refuses(lab, f"SELECT CAST({sample} AS {native}) {compared}"):
                yield _unfit(step, value, path, name, kind, native)


def _check_accepted(
    step: Step, expectation: Expectation, column: Column, values: Sequence[tuple[Any, Path]], lab: Lab
) -> Iterator[Diagnostic]:
    """Yields the value for which DuckDB makes all texts of a column something else, if they are none."""
    other = next(((value, path) for value, path in values if not isinstance(value, str)), None)
    if other is None or len(values) < len(expectation.values):
        return
    value, path = other
    listed = ", ".join(_literal(accepted) for accepted, _ in values)
    if _refuses(lab, f"SELECT CAST('1' AS VARCHAR) IN ({listed})"):
        yield _unfit(step, value, path, column.name, "text", "VARCHAR")
        return
    yield from _check_texts(
        step, column, path, f"cannot be compared with {_shown(value)}", f'write texts: "{_shown(value)}"',
        lambda text: _refuses(lab, f"SELECT CAST({_literal(text)} AS VARCHAR) IN ({listed})"),
    )  # fmt: skip


def _check_texts(
    step: Step,
    column: Column,
    path: Path,
    what: str,
    help: str,
    refuses: Callable[[str], bool],
    *,
    key: bool = False,
) -> Iterator[Diagnostic]:
    """Yields that a column holds texts which the engine refuses: for certain, or if their rows are there."""
    if column.texts is None:
        return
    bad = [text for text in column.texts.some if refuses(text)]
    if not bad or (not column.texts.surely and len(bad) < len(column.texts.some)):
        return
    code = expect_codes.EXPECTATION_TYPE if column.texts.surely else data_codes.DOUBTFUL_CONVERSION
    yield code.found(
        f"`{column.name}` holds the text `{one_line(bad[0])}`, which {what}", step=step.name,
        field=".".join(map(str, path)), span=place(step, *path, key=key, start=0), help=help,
    )  # fmt: skip


def _refuses(lab: Lab, select: str) -> bool:
    """Whether DuckDB refuses to work out a SELECT over constants."""
    try:
        lab.describe(select, {})
    except SqlProblem as problem:
        return problem.kind not in _SAYS_NOTHING
    return lab.tried(select) is not None


def _values(expectation: Expectation) -> list[tuple[Any, Path]]:
    """Returns the values an expectation holds a column against, each with its place."""
    if expectation.kind == "accepted_values":
        return [(value, (*expectation.path, index)) for index, value in enumerate(expectation.values)]
    # The function `expect` has them in a list.
    low, high = ("min", "max") if expectation.path[0] == "metadata" else (0, 1)
    ends = ((low, expectation.minimum), (high, expectation.maximum))
    return [(value, (*expectation.path, end)) for end, value in ends if value is not None]


def _is_open(value: Any) -> bool:
    """Whether a placeholder stands for a value."""
    return isinstance(value, str) and "${" in value


def _fits_on_spark(value: Any, kind: str) -> bool:
    if not isinstance(value, str):
        return kind != "time"
    # Spark takes more for a time than ISO's form.
    words = ("infinity", "-infinity", "epoch")
    return kind != "time" or any(map(str.isdigit, value)) or value.strip().lower() in words


def _literal(value: Any) -> str:
    """Returns a value as the run writes it in SQL."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else repr(value)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"`{value}`" if isinstance(value, str) else f"{value}"


def _unfit(step: Step, value: Any, path: Path, name: str, kind: str, native: str) -> Diagnostic:
    said = f"{_shown(value)} cannot be compared with `{name}`, which is {native}"
    if isinstance(value, str) and kind == "time" and any(map(str.isdigit, value)):
        return _misfit(step, path, said, "write times as in `2026-01-31` or `2026-01-31 18:30:00`")
    return _misfit(step, path, said, f"write {_WORDS[kind]}")


def _misfit(step: Step, path: Path, message: str, help: str, *, key: bool = False) -> Diagnostic:
    return expect_codes.EXPECTATION_TYPE.found(
        message, step=step.name, field=".".join(map(str, path)),
        span=place(step, *path, key=key, start=0), help=help,
    )  # fmt: skip
