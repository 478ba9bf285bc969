"""Expectations: what a step's `metadata.expect` says its data must be like; read by checks and by runs."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from odibi_core.plan.numbers import is_number
from odibi_core.text import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Kind = Literal["not_null", "unique", "accepted_values", "range", "row_count", "freshness", "sql"]
Severity = Literal["error", "warn"]
Path = tuple[str | int, ...]

KINDS: tuple[Kind, ...] = (
    "not_null", "unique", "accepted_values", "range", "row_count", "freshness", "sql",
)  # fmt: skip
OPTIONS = ("name", "severity", "output")
SEVERITIES: tuple[Severity, ...] = ("error", "warn")

_AGE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(second|minute|hour|day|week)s?\s*", re.IGNORECASE)
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}
_READS = re.compile(r"\b(?:from|table)\b", re.IGNORECASE)
_ENDS = ("min", "max")
_NAME_LENGTH = 60
_FORMS = {
    "not_null": '{"not_null": "column"}, or a list of columns',
    "unique": '{"unique": "column"}, or a list of columns that together name a row',
    "accepted_values": '{"accepted_values": {"column": ["a", "b"]}}',
    "range": '{"range": {"column": {"min": 0, "max": 100}}}',
    "row_count": '{"row_count": {"min": 1}}',
    "freshness": '{"freshness": {"column": "2 days"}}',
    "sql": '{"sql": "amount >= discount"}',
}


@dataclass(frozen=True, slots=True)
class Expectation:
    """One thing that is expected of a dataset.

    Attributes:
        kind: Which of `KINDS`.
        name: What it is called in records; one of its kind in a step.
        severity: Whether the step fails when it is not met, or only tells so.
        path: Where it stands in the step: `("metadata", "expect", 0, "not_null", 1)`.
        columns: The columns it is about; none for `row_count` and `sql`.
        minimum: Of `range` and `row_count`.
        maximum: Of `range` and `row_count`.
        values: Of `accepted_values`.
        age: Of `freshness`, in seconds.
        sql: Of `sql`: true for every row that is as it should be.
        output: The step's output it is about, by local name; None for the first.
    """

    kind: Kind
    name: str
    severity: Severity
    path: Path
    columns: tuple[str, ...] = ()
    minimum: Any = None
    maximum: Any = None
    values: tuple[Any, ...] = ()
    age: float | None = None
    sql: str = ""
    output: str | None = None

    @property
    def reads(self) -> bool:
        """Whether the condition may hold a query over tables, not only columns."""
        return _READS.search(self.sql) is not None

    @property
    def field(self) -> str:
        """Its place as the dotted field of a diagnostic or error."""
        return ".".join(map(str, self.path))


@dataclass(frozen=True, slots=True)
class ExpectationProblem:
    """Something in `metadata.expect` that cannot be read.

    Attributes:
        path: Where it stands in the step.
        message: What is wrong.
        help: What to do.
        known: Whether the kind of expectation is a known one.
        suggestion: The key that was probably meant.
        certain: Whether that is the one right answer.
        at_key: Whether the key itself is wrong rather than what it leads to.
    """

    path: Path
    message: str
    help: str | None = None
    known: bool = True
    suggestion: str | None = None
    certain: bool = False
    at_key: bool = False


def read_expectations(metadata: dict[str, Any]) -> tuple[list[Expectation], list[ExpectationProblem]]:
    """Returns the expectations in a step's metadata, and what of them cannot be read.

    A text with a placeholder stands for any value: what it is filled with is not known to a check.
    """
    if metadata.get("expect") is None:
        return [], []
    written = metadata["expect"]
    root: Path = ("metadata", "expect")
    if not isinstance(written, list):
        help = f"write [{_FORMS['not_null'].partition(',')[0]}, ...]"
        return [], [ExpectationProblem(root, "`expect` is a list of expectations", help)]
    found: list[Expectation] = []
    problems: list[ExpectationProblem] = []
    for index, entry in enumerate(written):
        for item in _read_entry(entry, (*root, index)):
            (found if isinstance(item, Expectation) else problems).append(item)  # type: ignore[arg-type]
    return _with_names_apart(found), problems


def _read_entry(entry: Any, at: Path) -> Iterator[Expectation | ExpectationProblem]:
    if not isinstance(entry, dict):
        yield ExpectationProblem(at, "an expectation is an object", f"write {_FORMS['not_null']}")
        return
    kinds = [key for key in entry if key in KINDS]
    for key in entry:
        if key not in KINDS and key not in OPTIONS:
            names = OPTIONS if kinds else KINDS
            meant, certain = _meant(key, names)
            yield ExpectationProblem(
                (*at, key), f"no {'option' if kinds else 'expectation'} is called `{key}`",
                f"did you mean `{meant}`" if meant else f"use one of {', '.join(names)}",
                known=bool(kinds), suggestion=meant, certain=certain, at_key=True,
            )  # fmt: skip
            if not kinds:
                return
    if len(kinds) != 1:
        said = "names no expectation" if not kinds else f"is both `{kinds[0]}` and `{kinds[1]}`"
        help = f"use one of {', '.join(KINDS)}" if not kinds else "make two of it"
        yield ExpectationProblem(at, f"the expectation {said}", help)
        return
    yield from _read_kind(kinds[0], entry, at)


def _read_kind(kind: Kind, entry: dict[str, Any], at: Path) -> Iterator[Expectation | ExpectationProblem]:
    name, severity, output = (entry.get(option) for option in OPTIONS)
    if "name" in entry and (not isinstance(name, str) or not name.strip()):
        yield ExpectationProblem((*at, "name"), "`name` is a text", "write a name, or leave it out")
        return
    if "severity" in entry and severity not in SEVERITIES and not _is_open(severity):
        meant, certain = _meant(severity, SEVERITIES) if isinstance(severity, str) else (None, False)
        yield ExpectationProblem(
            (*at, "severity"), f"`severity` is error or warn, not {_shown(severity)}",
            f"did you mean `{meant}`" if meant else "write error or warn",
            suggestion=meant, certain=certain,
        )  # fmt: skip
        return
    if "output" in entry and not isinstance(output, str):
        yield ExpectationProblem((*at, "output"), "`output` is the local name of an output")
        return
    said = "warn" if severity == "warn" else "error"
    base = Expectation(kind, name or kind, said, (*at, kind), output=output)  # type: ignore[arg-type]
    for item in _READERS[kind](entry[kind], base):
        if isinstance(item, Expectation) and name is None:
            item = replace(item, name=_name_of(item))
        yield item


def _not_null(value: Any, base: Expectation) -> Iterator[Expectation | ExpectationProblem]:
    names = _names(value)
    if names is None:
        yield _wrong(base, "the columns that are never null")
        return
    listed = isinstance(value, list)
    for index, column in enumerate(names):
        yield replace(base, columns=(column,), path=(*base.path, index) if listed else base.path)


def _unique(value: Any, base: Expectation) -> Iterator[Expectation | ExpectationProblem]:
    names = _names(value)
    yield (
        _wrong(base, "the columns that together name a row")
        if names is None
        else replace(base, columns=names)
    )


def _accepted_values(value: Any, base: Expectation) -> Iterator[Expectation | ExpectationProblem]:
    if not _names_columns(value):
        yield _wrong(base, "each column with the values it may have")
        return
    for column, values in value.items():
        one = replace(base, columns=(column,), path=(*base.path, column))
        if _is_open(values):
            yield replace(one, values=(values,))
        elif not isinstance(values, list) or not values or not all(map(_is_scalar, values)):
            listed = values if isinstance(values, list) else []
            wrong = next((i for i, item in enumerate(listed) if not _is_scalar(item)), None)
            nulls = wrong is not None and listed[wrong] is None
            yield ExpectationProblem(
                one.path if wrong is None else (*one.path, wrong),
                f"the values that `{column}` may have are a list of texts, numbers or booleans",
                "leave null out: it is always accepted" if nulls else f"write {_FORMS[base.kind]}",
            )  # fmt: skip
        else:
            yield replace(one, values=tuple(values))


def _range(value: Any, base: Expectation) -> Iterator[Expectation | ExpectationProblem]:
    if not _names_columns(value):
        yield _wrong(base, "each column with its limits")
        return
    for column, limits in value.items():
        one = replace(base, columns=(column,), path=(*base.path, column))
        yield _limited(limits, one, f"the range of `{column}`", _is_limit, "numbers, or texts for times")


def _row_count(value: Any, base: Expectation) -> Iterator[Expectation | ExpectationProblem]:
    if isinstance(value, dict):  # --var gives texts
        value = {key: int(item) if _is_digits(item) else item for key, item in value.items()}
    yield _limited(value, base, "`row_count`", _is_count, "whole numbers from 0")


def _freshness(value: Any, base: Expectation) -> Iterator[Expectation | ExpectationProblem]:
    if not _names_columns(value):
        yield _wrong(base, "a column with the age that its newest time may have")
        return
    for column, text in value.items():
        one = replace(base, columns=(column,), path=(*base.path, column))
        match = _AGE.fullmatch(text) if isinstance(text, str) else None
        if match is not None:
            yield replace(one, age=float(match[1]) * _SECONDS[match[2].lower()])
        elif _is_open(text):
            yield one
        else:
            yield ExpectationProblem(
                one.path, f"the age that `{column}` may have is a text such as `2 days`, not {_shown(text)}",
                "write a number and seconds, minutes, hours, days or weeks",
            )  # fmt: skip


def _sql(value: Any, base: Expectation) -> Iterator[Expectation | ExpectationProblem]:
    if isinstance(value, str) and value.strip():
        yield replace(base, sql=value)
    else:
        yield _wrong(base, "a condition that is true for every row")


def _limited(
    value: Any, one: Expectation, what: str, is_right: Callable[[Any], bool], wanted: str
) -> Expectation | ExpectationProblem:
    """Returns an expectation with the `min` and `max` that `value` gives."""
    form = f"write {_FORMS[one.kind]}"
    limits = value if isinstance(value, dict) else {}
    for key, limit in limits.items():
        if key not in _ENDS:
            meant, certain = _meant(key, _ENDS)
            return ExpectationProblem(
                (*one.path, key), f"{what} has `min` and `max`, not `{key}`",
                f"did you mean `{meant}`" if meant else form,
                suggestion=meant, certain=certain, at_key=True,
            )  # fmt: skip
        if limit is not None and not is_right(limit) and not _is_open(limit):
            said = f"`min` and `max` are {wanted}, not {_shown(limit)}"
            return ExpectationProblem((*one.path, key), said, form)
    low, high = limits.get("min"), limits.get("max")
    if low is None and high is None:
        return ExpectationProblem(one.path, f"{what} needs a `min`, a `max`, or both", form)
    if _are_apart(low, high):
        return ExpectationProblem(one.path, f"{what} has a `min` above its `max`", "no value is between them")
    return replace(one, minimum=low, maximum=high)


_READERS = {
    "not_null": _not_null,
    "unique": _unique,
    "accepted_values": _accepted_values,
    "range": _range,
    "row_count": _row_count,
    "freshness": _freshness,
    "sql": _sql,
}


def _names(value: Any) -> tuple[str, ...] | None:
    """Returns one column or a list of columns as a tuple, None for anything else."""
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not names:
        return None
    return tuple(names) if all(isinstance(name, str) and name for name in names) else None


def _names_columns(value: Any) -> bool:
    return isinstance(value, dict) and bool(value)


def _meant(name: Any, names: Sequence[str]) -> tuple[str | None, bool]:
    """Returns the name that was probably meant, and whether it is one slip away and no other is."""
    meant = nearest(str(name), names)
    if meant is None:
        return None, False
    from odibi_core.config.shape import is_slip

    letters = str(name).replace("_", "").casefold()
    return meant, letters == meant.replace("_", "").casefold() or is_slip(str(name), meant)


def _wrong(base: Expectation, wanted: str) -> ExpectationProblem:
    return ExpectationProblem(base.path, f"`{base.kind}` takes {wanted}", f"write {_FORMS[base.kind]}")


def _is_open(value: Any) -> bool:
    """Whether a placeholder stands for the value."""
    return isinstance(value, str) and "${" in value


def _is_scalar(value: Any) -> bool:
    return isinstance(value, (str, bool)) or is_number(value)


def _is_limit(value: Any) -> bool:
    return isinstance(value, str) or is_number(value)


def _is_count(value: Any) -> bool:
    return is_number(value) and value >= 0 and value == int(value)


def _is_digits(value: Any) -> bool:
    return isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 19


def _are_apart(low: Any, high: Any) -> bool:
    """Whether no value can be from `low` to `high`."""
    if _is_open(low) or _is_open(high):
        return False
    return (is_number(low) and is_number(high) and low > high) or (
        isinstance(low, str) and isinstance(high, str) and low > high
    )


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return f"`{value}`"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return "a list" if isinstance(value, list) else "an object" if isinstance(value, dict) else f"{value}"


def _name_of(expectation: Expectation) -> str:
    """Returns a name for one that was given none: `not_null(id)`, `sql(amount >= discount)`."""
    about = " ".join(expectation.sql.split()) if expectation.kind == "sql" else ", ".join(expectation.columns)
    if len(about) > _NAME_LENGTH:
        about = about[:_NAME_LENGTH] + "…"
    return f"{expectation.kind}({about})" if about else expectation.kind


def _with_names_apart(found: list[Expectation]) -> list[Expectation]:
    """Numbers those that share a name, so that each can be followed from run to run."""
    seen: dict[str, int] = {}
    apart = []
    for expectation in found:
        number = seen[expectation.name] = seen.get(expectation.name, 0) + 1
        apart.append(
            expectation if number == 1 else replace(expectation, name=f"{expectation.name} #{number}")
        )
    return apart
