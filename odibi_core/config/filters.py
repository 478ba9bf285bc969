"""Taking only the steps of a project or a layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from odibi_core.config import codes
from odibi_core.text import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from odibi_core.config.places import TextSource
    from odibi_core.config.shape import StepBuilder
    from odibi_core.core.node import Step
    from odibi_core.diagnostics import Diagnostic, Span


def keep_layer(builder: StepBuilder, layer: str) -> list[Step]:
    """Returns the steps of `layer`; the outputs of the others count as left out, not as missing."""
    kept: list[Step] = []
    for step in builder.steps:
        if step.layer.lower() == layer.lower():
            kept.append(step)
        else:
            builder.leave_out(step)
    return kept


def no_project_in_json(source: TextSource, project: str) -> Diagnostic:
    """Returns the diagnostic for asking a JSON config for a project."""
    return codes.FILTER_WITHOUT_COLUMN.found(
        f"steps of a JSON config belong to no project, so `{project}` cannot be chosen",
        span=source.span(0, 0), help="leave the project out",
    )  # fmt: skip


def no_such_project(project: str, projects: Iterable[str], span: Span) -> Diagnostic:
    """Returns the diagnostic for a project that no row belongs to."""
    known = sorted(set(projects))
    close = nearest(project, known)
    listed = ", ".join(f"`{name}`" for name in known[:5])
    help = f"a project `{close}` exists" if close else f"projects are {listed}" if known else None
    return codes.NO_SUCH_PROJECT.found(
        f"no row belongs to the project `{project}`", span=span, suggestion=close, help=help
    )
