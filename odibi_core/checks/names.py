"""Rules about layer, type and engine: they are one of the known names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from odibi_core.checks import codes
from odibi_core.checks.pipeline import place
from odibi_core.config.origins import replacement
from odibi_core.config.shape import is_slip
from odibi_core.core.node import ENGINES, LAYERS, TYPES
from odibi_core.text import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from odibi_core.checks.pipeline import Pipeline
    from odibi_core.core.node import Step
    from odibi_core.diagnostics import CodeInfo, Diagnostic

_LAYERS, _TYPES, _ENGINES = frozenset(LAYERS), frozenset(TYPES), frozenset(ENGINES)


def check_names(pipeline: Pipeline) -> Iterator[Diagnostic]:
    """Yields the steps whose layer, type or engine is unknown."""
    for step in pipeline.steps:
        if step.layer not in _LAYERS and pipeline.is_known(step, "layer"):
            yield _unknown(step, "layer", step.layer, LAYERS, codes.INVALID_LAYER)
        if step.type not in _TYPES and pipeline.is_known(step, "type"):
            yield _unknown(step, "type", step.type, TYPES, codes.INVALID_TYPE)
        if step.engine not in _ENGINES and pipeline.is_known(step, "engine"):
            yield _unknown(step, "engine", step.engine, ENGINES, codes.INVALID_ENGINE)


def _unknown(step: Step, field: str, value: object, known: tuple[str, ...], info: CodeInfo) -> Diagnostic:
    listed = f"{', '.join(known[:-1])} or {known[-1]}"
    close = nearest(value, known) if isinstance(value, str) else None
    fix = None
    if close is not None:
        fix = replacement(step.origin, close, field, safe=is_slip(str(value), close))
    return info.found(
        f"`{value}` is not {'an' if field == 'engine' else 'a'} {field}",
        step=step.name, field=field, span=place(step, field, start=0), suggestion=close,
        help=f"write `{close}`" if close else f"write {listed}",
        fix=fix,
    )  # fmt: skip
