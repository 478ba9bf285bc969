"""What is done with all findings at the end: ignores, secrets, order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from odibi_core.checks.ignores import apply_ignores
from odibi_core.checks.secrets import find_secrets, hidden

if TYPE_CHECKING:
    from collections.abc import Iterable

    from odibi_core.checks.pipeline import Pipeline
    from odibi_core.diagnostics import Diagnostic


def finished(pipeline: Pipeline, diagnostics: Iterable[Diagnostic], *, whole: bool) -> tuple[Diagnostic, ...]:
    """Returns the diagnostics as they are shown: without the ignored ones and without secrets, by place.

    Args:
        pipeline: The steps that were checked.
        diagnostics: What was found.
        whole: Whether the data was checked too.
    """
    from odibi_core.checks import by_place, safety_codes

    found = list(diagnostics)
    has_secrets = any(one.code == safety_codes.LITERAL_SECRET.code for one in found)
    found = apply_ignores(pipeline.steps, found, whole=whole)
    if has_secrets:
        found = hidden(found, find_secrets(pipeline.steps))
    return tuple(sorted(found, key=by_place))
