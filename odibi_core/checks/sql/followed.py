"""Names that are missing only because a mistake before was mended under its wrong name."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from odibi_core.checks.sql.lab_errors import SqlProblem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from odibi_core.checks.schemas import Schema
    from odibi_core.checks.sql.mending import Mending
    from odibi_core.checks.sql.rewriting import Rewritten

    _Answer = Schema | SqlProblem

# How a name that is not there is told; UNPIVOT has its own words.
_OF_NAMES = frozenset({"column", "refused"})


@dataclass(frozen=True)
class Renamed:
    """A mended column that goes on under the name it was written by, `SELECT statsu` as `statsu`.

    Attributes:
        mending: What mended it.
        others: What else may have been meant.
    """

    mending: Mending
    others: frozenset[str]

    def names_for(self, wanted: str | None) -> Iterator[str]:
        """Yields the names it may have had in mind."""
        if self.mending.meant is not None:
            yield self.mending.meant
        if wanted is not None and not self.mending.certain and wanted.casefold() in self.others:
            yield wanted


def under_meant_names(
    problem: SqlProblem,
    now: Rewritten,
    renamed: list[Renamed],
    describe: Callable[[str], _Answer],
) -> tuple[_Answer, Rewritten]:
    """Returns what a query comes to where mended columns are called what was meant, and its text.

    `WITH a AS (SELECT statsu FROM t) SELECT status FROM a` has one mistake: once the first name is right,
    the second is. The problem stays as it is where that is not so.

    Args:
        problem: A problem that is met after others were mended.
        now: The text that has it.
        renamed: The columns mended so far under their wrong names; those called otherwise are taken out.
        describe: Says what a query comes to.
    """
    waiting = list(renamed) if problem.kind in _OF_NAMES else []
    while waiting:
        entry = waiting.pop(0)
        for name in entry.names_for(problem.name):
            mending = replace(entry.mending, keeps=name)
            text = now.with_edit(mending.start, mending.end, mending.full_text)
            answer = describe(text.text)
            is_same = isinstance(answer, SqlProblem) and _is_same(answer, text, problem, now)
            if not (entry.mending.certain if is_same else _wants(problem, name)):
                continue
            renamed.remove(entry)
            if not isinstance(answer, SqlProblem) or answer.kind not in _OF_NAMES:
                return answer, text
            problem, now = answer, text  # what is offered in its place is called what was meant, too
            if not is_same:
                waiting = list(renamed)
            break
    return problem, now


def _wants(problem: SqlProblem, name: str) -> bool:
    """Whether a name is the one that is missing; UNPIVOT says it in its words only."""
    wanted = problem.name or problem.message
    return name.casefold() == wanted.casefold() or (problem.name is None and f'"{name}"' in wanted)


def _is_same(answer: SqlProblem, text: Rewritten, problem: SqlProblem, now: Rewritten) -> bool:
    """Whether the same name is missing at the same place."""
    return (answer.kind, answer.name, _place(answer, text)) == (
        problem.kind,
        problem.name,
        _place(problem, now),
    ) and (problem.name is not None or answer.message == problem.message)


def _place(problem: SqlProblem, text: Rewritten) -> tuple[int, int] | None:
    if problem.start is None or problem.end is None:
        return None
    return text.back(problem.start, problem.end)


__all__ = ["Renamed", "under_meant_names"]
