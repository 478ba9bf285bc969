"""unfit_values: what stands in the params of `expect` and `date_parts` and fails once there are rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from odibi_core.checks.codes import data_codes
from odibi_core.checks.expectations.types import check_types
from odibi_core.checks.functions.param_errors import told
from odibi_core.checks.pipeline import place
from odibi_core.checks.sql.lab_types import refuses_text
from odibi_core.errors import ParamError
from odibi_core.plan.expectations import Expectation
from odibi_core.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from odibi_core.checks.schemas import Schema
    from odibi_core.checks.tools import Tools
    from odibi_core.core.node import Step
    from odibi_core.diagnostics import Diagnostic
    from odibi_core.functions.registry import FunctionSpec


def unfit_values(
    step: Step, spec: FunctionSpec, inputs: Mapping[str, Schema], params: Mapping[str, Any], tools: Tools
) -> list[Diagnostic]:
    """Returns what DuckDB would refuse of the params of one of Odibi's own functions; nothing on Spark."""
    if step.engine == "spark":
        return []
    if spec.name == "date_parts":
        return list(_without_times(step, inputs, params, tools))
    if spec.name == "expect":
        return [*_bad_patterns(step, inputs, params, tools), *_unlike_columns(step, inputs, params, tools)]
    return []


def _bad_patterns(
    step: Step, inputs: Mapping[str, Schema], params: Mapping[str, Any], tools: Tools
) -> Iterator[Diagnostic]:
    """Yields the regular expressions of `expect` that are none for DuckDB."""
    for name, pattern in params["matches"].items() if isinstance(params.get("matches"), dict) else ():
        if isinstance(pattern, str):
            literal = "'" + pattern.replace("'", "''") + "'"
            why = tools.lab.tried(f"SELECT regexp_matches('', {literal})")
            if why is not None:
                error = ParamError(
                    f"`{one_line(pattern)}` is no regular expression: {one_line(why)}",
                    path=("params", "matches", name),
                )
                yield told(step, error, inputs, tools.pipeline)


def _without_times(
    step: Step, inputs: Mapping[str, Schema], params: Mapping[str, Any], tools: Tools
) -> Iterator[Diagnostic]:
    """Yields that the column of `date_parts` holds a text that is no time."""
    name = str(params.get("column"))
    column = next((schema.find(name) for schema in inputs.values()), None)
    if column is None or column.texts is None:
        return
    texts = column.texts
    bad = [text for text in texts.some if refuses_text(tools.lab, text, "TIMESTAMP") is not None]
    if not bad or (not texts.surely and len(bad) < len(texts.some)):
        return
    code = data_codes.UNFIT_TEXT if texts.surely else data_codes.DOUBTFUL_CONVERSION
    yield code.found(
        f"`{name}` holds the text `{one_line(bad[0])}`, which is no TIMESTAMP", step=step.name,
        field="params.column", span=place(step, "params", "column", start=0),
        help="convert it before, or name another column",
    )  # fmt: skip


def _unlike_columns(
    step: Step, inputs: Mapping[str, Schema], params: Mapping[str, Any], tools: Tools
) -> Iterator[Diagnostic]:
    """Yields the values of `expect` that cannot be compared with their columns."""
    schema = next(iter(inputs.values()))
    for field in ("one_of", "between"):
        given = params.get(field)
        for name, values in given.items() if isinstance(given, dict) else ():
            column = schema.find(name)
            if column is None or column.type is None or not isinstance(values, list):
                continue
            path = ("params", field, name)
            if field == "one_of":
                wanted = Expectation("accepted_values", field, "error", path, (name,), values=tuple(values))
            elif len(values) == 2:
                low, high = values
                wanted = Expectation("range", field, "error", path, (name,), minimum=low, maximum=high)
            else:
                continue
            yield from check_types(step, wanted, name, column, tools.lab)
