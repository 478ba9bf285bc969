"""Rules about what placeholders are filled with: variables and the environment have it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from odibi_core.checks.codes import safety_codes
from odibi_core.checks.pipeline import place
from odibi_core.checks.texts import texts_of
from odibi_core.config.origins import replacement
from odibi_core.config.placeholders import find_placeholders
from odibi_core.config.shape import is_slip
from odibi_core.config.sql_text import regions
from odibi_core.text import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from odibi_core.checks.pipeline import Pipeline
    from odibi_core.checks.texts import StepText
    from odibi_core.checks.world import World
    from odibi_core.config.placeholders import Placeholder
    from odibi_core.core.node import Step
    from odibi_core.diagnostics import Diagnostic


def check_variables(pipeline: Pipeline, world: World) -> Iterator[Diagnostic]:
    """Yields the placeholders that nothing is set for, each at its place.

    What is set is asked for by name only; no value is looked at.
    """
    for step in pipeline.steps:
        unused_value = step.layer == "transform" and step.type == "config_op"
        for text in texts_of(step, "${"):
            if unused_value and text.path == ("value",):
                continue
            for found in _filled_in(text):
                yield from _check(step, text, found, world)


def _filled_in(text: StepText) -> list[Placeholder]:
    """Returns the placeholders of a text that a run fills in: in SQL not those in comments."""
    found = find_placeholders(text.text)
    if not found or not text.is_sql or ("--" not in text.text and "/*" not in text.text):
        return found
    comments = [part for part in regions(text.text) if part.kind == "comment"]
    return [
        placeholder
        for placeholder in found
        if not any(part.start <= placeholder.start < part.end for part in comments)
    ]


def _check(step: Step, text: StepText, found: Placeholder, world: World) -> Iterator[Diagnostic]:
    kind, name = found.kind, found.name
    field = ".".join(map(str, text.path))
    # The whole placeholder is shown, its name replaced.
    span = place(step, *text.path, start=found.start, end=found.end)
    if kind == "ident" and not text.is_sql:
        start = found.start + len("${")
        yield safety_codes.IDENT_OUTSIDE_SQL.found(
            f"`${{ident:{name}}}` stays as it is outside SQL", step=step.name, field=field, span=span,
            suggestion=f"${{var:{name}}}", help=f"write ${{var:{name}}}",
            fix=replacement(
                step.origin, "var", *text.path, start=start, end=start + len("ident"),
                safe=name in world.variables,
            ),
        )  # fmt: skip
        return
    known: Iterable[str] = world.environ if kind == "env" else world.variables
    if name in known:
        return
    close = nearest(name, known)
    if close is not None and kind == "env" and not is_slip(name, close):
        close = None  # names of the environment are told only to somebody who nearly wrote them
    fix = None
    if close is not None:
        start = found.start + len("${") + len(kind) + 1
        fix = replacement(
            step.origin, close, *text.path, start=start, end=start + len(name), safe=False
        )  # fmt: skip
    info = safety_codes.UNSET_ENVIRONMENT if kind == "env" else safety_codes.UNSET_VARIABLE
    what = "environment variable" if kind == "env" else "variable"
    set_it = (
        f"set {name} before the run" if kind == "env" else f"give it with --var {name}=VALUE or --vars FILE"
    )
    yield info.found(
        f"the {what} `{name}` is not set", step=step.name, field=field, span=span, suggestion=close,
        help=set_it if close is None else f"`{close}` is set; or {set_it}", fix=fix,
    )  # fmt: skip
