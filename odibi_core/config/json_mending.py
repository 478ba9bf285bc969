"""doubted: edits that mend JSON stay safe only where, all made, they give what was read and nothing odd."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from odibi_core.config.shape import FIELDS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from odibi_core.config.json_tree import Edit, Problem


def doubted(
    problems: Sequence[Problem],
    text: str,
    start: int,
    end: int,
    fits: Callable[[dict[str, Any]], bool] = lambda _value: True,
) -> list[Problem]:
    """Returns problems, their edits no longer safe where these do not mend a value.

    One slip can look like several: a brace too much like a missing one further on, a comma too many like
    another step. So the value must parse with every safe edit made, fit where it stands, and two brackets,
    quotes or commas put into one line are taken for a guess.

    Args:
        problems: What is wrong in the value.
        text: The whole text.
        start: Where the value begins in it.
        end: Where it ends.
        fits: Whether an object can be what is meant, where brackets, quotes or commas were put in.
    """
    edits = [problem.edit for problem in problems if problem.edit is not None and problem.edit.safe]
    if not edits or (not _are_guesses(edits, text) and _mends(edits, text, start, end, fits)):
        return list(problems)
    return [
        problem if problem.edit is None else replace(problem, edit=replace(problem.edit, safe=False))
        for problem in problems
    ]


def is_step(value: dict[str, Any]) -> bool:
    """Whether an object is a step with a name and no field that steps do not have."""
    return isinstance(value.get("name"), str) and value.keys() <= FIELDS


def is_structural(edit: Edit) -> bool:
    """Whether an edit puts in or takes away brackets, quotes, commas or colons alone."""
    return edit.text.strip() != "" and not any(char.isalnum() for char in edit.text)


def mended(text: str, edits: Sequence[Edit], start: int, end: int) -> str | None:
    """Returns a part of a text with edits made; None where one is outside or meets another."""
    parts: list[str] = []
    at = start
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        if edit.start < at or edit.end > end:
            return None
        parts += [text[at : edit.start], edit.text]
        at = edit.end
    return "".join([*parts, text[at:end]])


def _are_guesses(edits: Sequence[Edit], text: str) -> bool:
    lines = [text.count("\n", 0, edit.start) for edit in edits if is_structural(edit)]
    return len(set(lines)) < len(lines)


def _mends(
    edits: Sequence[Edit], text: str, start: int, end: int, fits: Callable[[dict[str, Any]], bool]
) -> bool:
    whole = mended(text, edits, start, end)
    if whole is None:
        return False
    try:
        value = json.loads(whole)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and (fits(value) or not any(map(is_structural, edits)))


__all__ = ["doubted", "is_step", "is_structural", "mended"]
