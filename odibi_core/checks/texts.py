"""The texts of a step that a run fills in, with where they stand and whether they are SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from odibi_core.plan.reading import QUERY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from odibi_core.core.node import Step

_SQL_OPERATIONS = frozenset({"filter", "derive"})


class StepText(NamedTuple):
    """A text in `value` or `params`.

    Attributes:
        path: The field and what leads to the text in it.
        text: The text, decoded.
        is_sql: Whether it is a query or an expression.
    """

    path: tuple[str | int, ...]
    text: str
    is_sql: bool


def texts_of(step: Step, holding: str = "") -> Iterator[StepText]:
    """Yields the texts of `value`, `params` and `metadata.expect` that hold a text."""
    if holding in step.value:
        yield StepText(("value",), step.value, value_is_sql(step))
    if step.params:
        operates = step.layer == "transform" and step.type == "config_op"
        for name, value in step.params.items():
            is_sql = name in QUERY or (operates and name in _SQL_OPERATIONS)
            if isinstance(value, str):
                if holding in value:
                    yield StepText(("params", name), value, is_sql)
            elif isinstance(value, dict | list):
                yield from _inside(value, ("params", name), holding, operates and is_sql, operates)
    if step.metadata and isinstance(step.metadata.get("expect"), list):
        yield from _in_expectations(step.metadata["expect"], holding)


def _in_expectations(entries: list[Any], holding: str) -> Iterator[StepText]:
    for index, entry in enumerate(entries):
        for name, value in entry.items() if isinstance(entry, dict) else ():
            if name != "name":  # which stays as it is written
                yield from _inside(value, ("metadata", "expect", index, name), holding, name == "sql", False)


def texts_in(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yields the texts in a value of `params`, each with what leads to it."""
    for found in _inside(value, path, "", False, False):
        yield found.path, found.text


def value_is_sql(step: Step) -> bool:
    """Whether a step's value is a query."""
    return step.type == "sql" and step.layer in ("ingest", "transform")


def _inside(
    value: Any, path: tuple[str | int, ...], holding: str, is_sql: bool, operates: bool
) -> Iterator[StepText]:
    if isinstance(value, str):
        if holding in value:
            yield StepText(path, value, is_sql)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _inside(
                item, (*path, key), holding, is_sql or (operates and key in _SQL_OPERATIONS), operates
            )
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _inside(item, (*path, index), holding, is_sql, operates)
