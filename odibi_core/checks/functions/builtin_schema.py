"""What Odibi's own functions give: they are called as a run calls them, over frames without rows."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from odibi_core.checks.functions.builtin_values import unfit_values
from odibi_core.checks.functions.param_errors import mend, told
from odibi_core.checks.schemas import Schema
from odibi_core.checks.sql.lab_errors import SqlProblem
from odibi_core.errors import ExpectationError, ParamError, StepOptionError
from odibi_core.text import texts_within

if TYPE_CHECKING:
    from collections.abc import Mapping

    from odibi_core.checks.tools import Tools
    from odibi_core.core.node import Step
    from odibi_core.diagnostics import Diagnostic
    from odibi_core.functions.registry import FunctionSpec
    from odibi_core.journal.events import ColumnInfo

_ROUNDS = 10  # columns of one step that are not there and are told
# What comes of values of a shape that a function does not look at, and of rows that are not there.
_NOT_LOOKED_AT = (
    SqlProblem, StepOptionError, ExpectationError, TypeError, ValueError, AttributeError, KeyError, IndexError
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class EmptyFrame:
    """Stands for a frame: its columns, and no rows."""

    schema: Schema

    def to_pylist(self) -> list[dict[str, Any]]:
        """Returns one row of nothing in particular: a query for rows is one of counts."""
        return [{column.name: "odibi" if column.type == "VARCHAR" else 0 for column in self.schema.columns}]


class DescribingContext:
    """What Odibi's own functions use of an engine's context, for frames without rows.

    The SQL is DuckDB's whatever the engine: the columns are the same on all.
    """

    name = "duckdb"

    def __init__(self, tools: Tools) -> None:
        self._lab = tools.lab
        self._tables: dict[str, Schema] = {}

    def columns(self, frame: EmptyFrame) -> tuple[ColumnInfo, ...]:
        """Returns the schema in Arrow's type names; an unknown type has an empty one."""
        from odibi_core.engine.duckdb_types import arrow_name
        from odibi_core.journal.events import ColumnInfo

        return tuple(
            ColumnInfo(c.name, (arrow_name(c.type) or "") if c.type is not None else "", c.type or "")
            for c in frame.schema.columns
        )

    def register_temp(self, name: str, frame: EmptyFrame) -> None:
        """Makes a frame known under a name."""
        self._tables[name] = frame.schema

    def execute_sql(self, query: str) -> EmptyFrame:
        """Returns what a query would give."""
        return EmptyFrame(self._lab.describe(query, self._tables))

    def to_arrow(self, frame: EmptyFrame) -> EmptyFrame:
        """Returns the frame: it can be asked for its rows."""
        return frame


def infer_builtin(
    step: Step,
    spec: FunctionSpec,
    inputs: Mapping[str, Schema | None],
    params: Mapping[str, Any],
    tools: Tools,
) -> tuple[Schema | None, list[Diagnostic]]:
    """Returns what one of Odibi's own functions gives, and what is wrong with its options.

    Args:
        step: The step.
        spec: The function.
        inputs: The schemas of its inputs by local name. Where one is not known, only what no column decides
            is told.
        params: The step's options without those that a placeholder decides, whose parameters are left out.
        tools: What a rule works with.
    """
    found: list[Diagnostic] = []
    known = {local: schema for local, schema in inputs.items() if schema is not None}
    if len(known) < len(inputs):
        named = Schema.of((text, None) for text in dict.fromkeys(texts_within(params)))
        try:
            _call(step, spec, dict.fromkeys(inputs, named), params, tools)
        except ParamError as error:
            return None, [told(step, error, known, tools.pipeline)] if error.kind in ("word", "value") else []
        except _NOT_LOOKED_AT:
            pass
        return None, []
    tried = copy.deepcopy(dict(params))
    for _ in range(_ROUNDS):
        try:
            result = _call(step, spec, known, tried, tools)
        except ParamError as error:
            if found and error.kind != "column":
                break  # it may come of a column that was put in for another
            found.append(told(step, error, known, tools.pipeline))
            if error.kind != "column" or not mend(tried, error):
                break
        except SqlProblem as problem:
            found += () if found else unfit_values(step, spec, known, tried, tools)
            if not found and problem.kind == "type" and _types_count(step, known):
                found.append(_unfit_types(step, spec, problem))
            break
        except ExpectationError:
            found += () if found else unfit_values(step, spec, known, tried, tools)
            # Data decides; a frame that meets them is given back as it is.
            return (None if found else next(iter(known.values()))), found
        except _NOT_LOOKED_AT:
            break
        else:
            found += () if found else unfit_values(step, spec, known, tried, tools)
            unknown = bool(found) or spec.data_decides
            return (None if unknown else _on_engine(result.schema, step.engine, known)), found
    return None, found


def _on_engine(schema: Schema, engine: str, inputs: Mapping[str, Schema]) -> Schema:
    """Returns a result as the engine keeps it; on Spark only columns that came in have a certain type."""
    if engine != "spark":
        from odibi_core.checks.crossing import of_query

        return of_query(schema, engine, list(inputs.values()))
    types = {(column.name, column.type) for known in inputs.values() for column in known.columns}
    return Schema.of((c.name, c.type if (c.name, c.type) in types else None) for c in schema.columns)


def _call(
    step: Step, spec: FunctionSpec, inputs: Mapping[str, Schema], params: Mapping[str, Any], tools: Tools
) -> EmptyFrame:
    import inspect

    from odibi_core.functions.calling import Matching

    frames = {local: EmptyFrame(schema) for local, schema in inputs.items()}
    offers = {"context": DescribingContext(tools), "step": step}
    matched = Matching(spec.qualname, inspect.signature(spec.function)).match(frames, params, offers)
    result: EmptyFrame = spec.function(*matched.arguments.args, **matched.arguments.kwargs)
    return result


def _types_count(step: Step, inputs: Mapping[str, Schema]) -> bool:
    """Whether types that DuckDB refuses are refused by the run: Spark converts, what is unknown may fit."""
    return step.engine != "spark" and not any(schema.has_unknown_types for schema in inputs.values())


def _unfit_types(step: Step, spec: FunctionSpec, problem: SqlProblem) -> Diagnostic:
    from odibi_core.checks.codes import data_codes
    from odibi_core.checks.pipeline import place
    from odibi_core.checks.sql.words import words_of

    message, _ = words_of(problem, "", None)
    return data_codes.TYPE_MISMATCH.found(
        f"function `{spec.name}` cannot work with these columns: {message}", step=step.name, field="params",
        span=place(step, "params") if step.params else place(step, "value", start=0),
        help="convert the column before, or name another",
    )  # fmt: skip
