"""examine: what a query gives, or every mistake in it: each is mended for a moment to see the next."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

from odibi_core.checks.schemas import Column, Schema
from odibi_core.checks.sql.conversions import Types, impossible_conversions, may_fail
from odibi_core.checks.sql.followed import Renamed, under_meant_names
from odibi_core.checks.sql.keywords import keyword_behind
from odibi_core.checks.sql.lab_errors import SqlProblem
from odibi_core.checks.sql.mending import Mending, Seen, mendings, narrowed
from odibi_core.checks.sql.names import written_name
from odibi_core.checks.sql.rewriting import Rewritten
from odibi_core.checks.sql.stateful import as_values, reads_by_state, values_of_state
from odibi_core.checks.sql.text_uses import unfit_texts
from odibi_core.checks.sql.texts import flow_of, with_texts
from odibi_core.checks.sql.trials import clashing_sides
from odibi_core.checks.sql.unknown import OTHERS, Invented, invent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from odibi_core.checks.sql.lab import Lab
    from odibi_core.checks.sql.texts import Flow
    from odibi_core.checks.sql.tree import SqlTree

_ROUNDS = 8  # mistakes of one query that are looked for
_MOST_UNFIT = 50  # conversions of one query that are told
# What a column whose type is not known may be: where these disagree, nothing is said.
_PROBES = ("VARCHAR", "DOUBLE", "DATE", "BIGINT", "STRUCT(odibi INTEGER)", "BIGINT[]")
_QUIET = frozenset({"extension", "outside", "internal"})
# One column that is not grouped by is as good as all; it says nothing about the aggregates beside it.
_BEFORE_ALL = frozenset({"group"})
# What is told even where a mistake before it was mended by a guess.
_TOLD_AFTER = frozenset({"column", "qualifier", "ambiguous", "function", "type"})
_ABOUT_NAMES = frozenset(
    {"table", "qualifier", "column", "ambiguous", "function", "type-name", "alias", "syntax"}
)
_OWN_NAME = "referenced that exists in the SELECT clause"
# What DuckDB finds before it looks at types, though it is said of expressions.
_WHATEVER_THE_TYPES = frozenset({"group", "aggregate", "count", "position"})
# What may be wrong whatever value stands for what the run's state decides.
_WITHOUT_VALUES = _WHATEVER_THE_TYPES | {"type", "field"}


@dataclass(frozen=True)
class Mistake:
    """Something wrong with a query, and what was probably meant.

    Attributes:
        problem: What DuckDB says; its place is in the query as given.
        meant: The name that makes it right; None where there is none.
        certain: Whether `meant` is one slip away and nothing else is.
        tables: What the tables are called that the place sees; empty where that is not known.
        inputs: The tables given that are behind these names, one for each; None for what is no input.
    """

    problem: SqlProblem
    meant: str | None = None
    certain: bool = False
    tables: tuple[str, ...] = ()
    inputs: tuple[str | None, ...] = ()

    def moved(self, text: Rewritten) -> Mistake:
        """Returns the mistake at its place in the text that was rewritten."""
        problem = self.problem
        if problem.start is None or problem.end is None or not text.edits:
            return self
        return replace(self, problem=problem.at(*text.back(problem.start, problem.end)))


@dataclass(frozen=True)
class Examined:
    """What a query comes to.

    Attributes:
        schema: What it gives; None where it has a mistake or cannot be known.
        mistakes: What is wrong with it, in the order found.
    """

    schema: Schema | None
    mistakes: tuple[Mistake, ...] = ()


def examine(
    lab: Lab,
    sql: str,
    tables: Mapping[str, Schema | None],
    *,
    blind: Callable[[int, int], bool] | None = None,
    types_known: bool = True,
) -> Examined:
    """Returns what one query gives over its tables, or what is wrong with it.

    Args:
        lab: Where it is described; nothing is executed.
        sql: One statement that gives rows.
        tables: The tables it knows, by name; None where their columns are not known.
        blind: Says whether something else stands at a place at run time, so that nothing is said of it.
        types_known: Whether the types that DuckDB comes to are those of the run.
    """
    if blind is not None:
        return _examined(lab, sql, tables, blind, types_known)
    key = ("examine", sql, tuple(tables.items()), types_known)
    return lab.recall(key, lambda: _examined(lab, sql, tables, None, types_known))


def _examined(
    lab: Lab,
    sql: str,
    tables: Mapping[str, Schema | None],
    blind: Callable[[int, int], bool] | None,
    types_known: bool,
) -> Examined:
    known = {name: schema for name, schema in tables.items() if schema is not None}
    outcome = _described(lab, sql, known)
    invented = None
    if isinstance(outcome, SqlProblem) and len(known) < len(tables):
        found = _with_invented(lab, sql, known, tuple(name for name in tables if name not in known))
        if found is not None:
            known, outcome, invented = found
    if isinstance(outcome, Schema):
        if OTHERS in outcome.names:
            return Examined(None)
        has_texts = any(schema.has_texts for schema in known.values())
        schema = _typed(lab, sql, known, outcome, types_known)
        judged = types_known and (has_texts or may_fail(sql)) and not reads_by_state(sql)
        parsed = lab.parsed(sql) if judged else None
        if parsed is None:
            return Examined(schema)
        flow = flow_of(known, parsed)
        unfit = _unfit(lab, sql, known, parsed, flow, _blind_to(values_of_state(sql), blind))
        return Examined(with_texts(schema, flow.result) if has_texts else schema, unfit)
    return _Examination(lab, sql, known, tables, blind, types_known, invented).mistakes_from(outcome)


def _with_invented(
    lab: Lab, sql: str, known: Mapping[str, Schema], unknown: tuple[str, ...]
) -> tuple[dict[str, Schema], Schema | SqlProblem, Invented] | None:
    """Returns what a query comes to with the columns it names itself in the tables that are not known.

    None where that says nothing certain.
    """
    problems: list[tuple[dict[str, Schema], SqlProblem, Invented]] = []
    answers = invent(sql, lab.parsed(sql), lab.tree(sql), known, unknown)
    for invented in answers:
        every = {**known, **invented.tables}
        outcome = _described(lab, sql, every)
        if isinstance(outcome, Schema):
            return every, outcome, invented
        if invented is not answers[-1] and (outcome.kind == "column" or _OWN_NAME in outcome.message):
            continue  # so the name is a column
        problems.append((every, outcome, invented))
    places = {(problem.kind, problem.start, problem.end) for _, problem, _ in problems}
    return problems[0] if len(places) == 1 else None


def _unfit(
    lab: Lab,
    sql: str,
    known: Mapping[str, Schema],
    parsed: dict[str, Any],
    flow: Flow,
    blind: Callable[[int, int], bool] | None,
) -> tuple[Mistake, ...]:
    """Returns the conversions that cannot work."""
    types = Types(lab, sql, known)
    problems = unfit_texts(lab, sql, flow, types.of)
    if may_fail(sql):
        others = impossible_conversions(lab, sql, known, parsed, flow, types)
        problems = [*others, *clashing_sides(lab, sql, known, parsed), *problems]
    told = (
        Mistake(problem)
        for problem in problems
        if blind is None
        or problem.start is None
        or problem.end is None
        or not blind(problem.start, problem.end)
    )
    return tuple(islice(told, _MOST_UNFIT))


def _blind_to(
    places: list[tuple[int, int]], blind: Callable[[int, int], bool] | None
) -> Callable[[int, int], bool] | None:
    """Returns `blind` with what is at these places added."""
    if not places:
        return blind

    def added(start: int, end: int) -> bool:
        return any(first < end and start < last for first, last in places) or (
            blind is not None and blind(start, end)
        )

    return added


def _described(lab: Lab, sql: str, known: Mapping[str, Schema]) -> Schema | SqlProblem:
    try:
        return lab.describe(sql, known)
    except SqlProblem as problem:
        return problem


def _typed(lab: Lab, sql: str, known: Mapping[str, Schema], found: Schema, types_known: bool) -> Schema:
    """Returns a schema with the types that are certain."""
    if not types_known or reads_by_state(sql):
        return Schema(tuple(Column(column.name) for column in found.columns))
    has_values = bool(values_of_state(sql))
    if not has_values and not any(schema.has_unknown_types for schema in known.values()):
        return found
    if not any(column.type for schema in known.values() for column in schema.columns):
        # Nothing to begin with: asking six times tells little, and all below a mistake would pay for it.
        return Schema(tuple(Column(column.name) for column in found.columns))
    certain = [{column.type} for column in found.columns]
    answers = 0
    for probe in _PROBES:
        if all(None in types or len(types) > 1 for types in certain):
            break  # no type is certain, whatever the others say
        asked = as_values(sql, probe).text if has_values else sql
        answer = _described(lab, asked, _as_type(known, probe))
        if isinstance(answer, SqlProblem):
            continue
        # A column without a name of its own is called as what it is worked out of.
        same = len(answer.names) == len(found.names) if has_values else answer.names == found.names
        if not same:
            return Schema(tuple(Column(column.name) for column in found.columns))
        answers += 1
        for types, column in zip(certain, answer.columns, strict=True):
            types.add(column.type)
    return Schema(
        tuple(
            Column(column.name, column.type if answers > 1 and len(types) == 1 else None)
            for column, types in zip(found.columns, certain, strict=True)
        )
    )


def _as_type(known: Mapping[str, Schema], probe: str) -> dict[str, Schema]:
    return {
        name: Schema(tuple(Column(column.name, column.type or probe) for column in schema.columns))
        if schema.has_unknown_types
        else schema
        for name, schema in known.items()
    }


class _Examination:
    def __init__(
        self,
        lab: Lab,
        sql: str,
        known: Mapping[str, Schema],
        tables: Mapping[str, Schema | None],
        blind: Callable[[int, int], bool] | None,
        types_known: bool,
        invented: Invented | None,
    ) -> None:
        self._lab = lab
        self._sql = sql
        self._known = known
        self._names = tuple(tables)
        self._unknown = {name.casefold() for name in tables if name not in known}
        self._blind = blind
        self._reads_by_state = reads_by_state(sql)
        # What the run's own state decides is NULL here.
        self._has_values = bool(values_of_state(sql))
        self._types_known = types_known and not self._reads_by_state
        self._invented = invented
        self._doubt = any(schema.has_unknown_types for schema in known.values())

    @cached_property
    def _seen(self) -> Seen:
        tree: SqlTree | None = self._lab.tree(self._sql)
        return Seen(self._sql, tree, self._known, self._names)

    def mistakes_from(self, problem: SqlProblem) -> Examined:
        """Returns what is wrong, of which `problem` is the first that DuckDB met."""
        found: list[Mistake] = []
        now = Rewritten(self._sql)
        told: set[str] = set()
        renamed: list[Renamed] = []
        for _ in range(_ROUNDS):
            answer, now = under_meant_names(problem, now, renamed, self._described)
            if not isinstance(answer, SqlProblem):
                break
            problem = answer
            if problem.kind in _QUIET:
                break
            if self._reads_unknown(problem):
                found += [] if "table" in told else self._unknown_tables()
                break
            here = self._in_original(problem, now)
            if here is None:
                break
            here = narrowed(here, self._seen) if here.kind != "syntax" else here
            if self._is_blind(here):
                break
            is_told = self._is_told(problem, now) and (here.kind in _TOLD_AFTER or told <= _BEFORE_ALL)
            is_told = is_told and not (here.kind == "group" and "group" in told)
            # Which of two columns is meant was guessed, and with it its type.
            is_told = is_told and not (here.kind == "type" and "ambiguous" in told)
            if "table" in told and here.kind != "table":
                break  # what is said of the columns of a table that was guessed may be wrong
            # The columns of a query without FROM are one mistake.
            is_told = is_told and not (here.lacks_from and "from" in told) and not _is_of_null(here, now)
            is_first = not now.edits
            mending, after, now = self._mended(here, now)
            if is_told and is_first and (here.kind != "column" or mending is None or not mending.certain):
                keyword = keyword_behind(here, self._seen, self._lab)
                if keyword is not None:
                    return Examined(None, (Mistake(here.as_syntax(*keyword[:2]), keyword[2], certain=True),))
            if is_told:
                found.append(self._mistake(here, mending))
                told |= {here.kind, "from"} if here.lacks_from else {here.kind}
            if mending is not None and mending.keeps is not None:
                others = frozenset(name.casefold() for name in self._seen.columns_for(here))
                renamed.append(Renamed(mending, others))
            if not isinstance(after, SqlProblem):
                break
            problem = after
        return Examined(None, tuple(found))

    def _reads_unknown(self, problem: SqlProblem) -> bool:
        """Whether it is only that the columns of an input are not known."""
        return problem.kind == "table" and (problem.name or "").split(".")[-1].casefold() in self._unknown

    def _unknown_tables(self) -> list[Mistake]:
        """Returns the tables that are not there, where one of unknown columns keeps DuckDB from going on."""
        tree = self._seen.tree
        if tree is None or self._blind is not None:
            return []
        found = []
        for table in tree.tables:
            folded = table.name.casefold()
            if len(table.path) > 1 or folded in self._unknown or folded in tree.with_names:
                continue
            answer = _described(self._lab, f"SELECT * FROM {written_name(table.name)}", self._known)
            if isinstance(answer, SqlProblem) and answer.kind == "table":
                problem = narrowed(answer.at(table.start, table.end), self._seen)
                meant = next(iter(mendings(problem, self._seen, self._lab)), None)
                found.append(self._mistake(problem, meant))
        return found

    def _in_original(self, problem: SqlProblem, now: Rewritten) -> SqlProblem | None:
        """Returns the problem at its place in the query as given; None for what follows from a mending."""
        if problem.start is None or problem.end is None:
            return None if now.edits else problem
        if now.touches(problem.start, problem.end):
            return None
        return problem.at(*now.back(problem.start, problem.end))

    def _is_blind(self, problem: SqlProblem) -> bool:
        if self._blind is None:
            return False
        if problem.start is None or problem.end is None:
            return problem.kind not in _ABOUT_NAMES and self._blind(0, len(self._sql))
        return self._blind(problem.start, problem.end)

    def _is_told(self, problem: SqlProblem, now: Rewritten) -> bool:
        """Whether the problem is there whatever the columns and types are that are not known."""
        if self._invented is not None and not self._invented.tells(problem):
            return False
        if problem.kind == "syntax" and (self._reads_by_state or self._has_values):
            return False
        if self._reads_by_state and problem.kind not in _ABOUT_NAMES:
            return False
        if problem.kind in _ABOUT_NAMES:
            return True
        if self._has_values and problem.kind not in _WITHOUT_VALUES:
            return False
        if problem.kind not in _WHATEVER_THE_TYPES and not self._types_known:
            return False
        if not self._has_values and (problem.kind in _WHATEVER_THE_TYPES or not self._doubt):
            return True
        for probe in _PROBES:
            asked = as_values(now.text, probe)
            answer = _described(self._lab, asked.text, _as_type(self._known, probe))
            if not isinstance(answer, SqlProblem) or answer.kind != problem.kind:
                return False
            start = None if answer.start is None else asked.back(answer.start, answer.start + 1)[0]
            if start != problem.start:
                return False
        return True

    def _mended(
        self, problem: SqlProblem, now: Rewritten
    ) -> tuple[Mending | None, Schema | SqlProblem | None, Rewritten]:
        """Returns what mends the problem, and what DuckDB says then; None where nothing does."""
        for mending in mendings(problem, self._seen, self._lab):
            mended = now.with_edit(mending.start, mending.end, mending.full_text)
            answer = self._described(mended.text)
            if isinstance(answer, SqlProblem):
                if answer.kind == "syntax" or answer.start is None or answer.end is None:
                    continue
                first, last = mended.back(answer.start, answer.end)
                if mended.touches(answer.start, answer.end) and first < mending.end and mending.start < last:
                    continue  # it is no better
            return mending, answer, mended
        return None, None, now

    def _described(self, sql: str) -> Schema | SqlProblem:
        return _described(self._lab, sql, self._known)

    def _mistake(self, problem: SqlProblem, mending: Mending | None) -> Mistake:
        tables, inputs = self._seen.tables_of(problem)
        if mending is None or mending.meant is None:
            return Mistake(problem, None, False, tables, inputs)
        return Mistake(problem, mending.meant, mending.certain, tables, inputs)


def _is_of_null(problem: SqlProblem, now: Rewritten) -> bool:
    """Whether what is said of types is said of a NULL that stands for a mistake."""
    if problem.kind != "type" or problem.start is None or problem.end is None:
        return False
    first, last = problem.start, problem.end
    return any(
        edit.text.lstrip().startswith("NULL") and first <= edit.start and edit.end <= last
        for edit in now.edits
    )
