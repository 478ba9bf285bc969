"""What is done with all findings at the end: ignores, secrets, order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from odibi_core.checks.editors.ignores import apply_ignores
from odibi_core.checks.secrets import find_secrets, hidden

if TYPE_CHECKING:
    from collections.abc import Iterable

    from odibi_core.checks.pipeline import Pipeline
    from odibi_core.checks.world import World
    from odibi_core.diagnostics import Diagnostic


def finished(
    pipeline: Pipeline, diagnostics: Iterable[Diagnostic], *, whole: bool, world: World
) -> tuple[Diagnostic, ...]:
    """Returns the diagnostics as they are shown: without the ignored ones and without secrets, by place.

    Args:
        pipeline: The steps that were checked.
        diagnostics: What was found.
        whole: Whether the data was checked too.
        world: Where secrets come from.
    """
    from odibi_core.checks import by_place
    from odibi_core.checks.codes import data_codes, safety_codes

    of_data = {data_codes.UNFIT_TEXT.code, data_codes.DOUBTFUL_CONVERSION.code}

    found = list(diagnostics)
    has_secrets = any(one.code == safety_codes.LITERAL_SECRET.code for one in found)
    found = apply_ignores(pipeline.steps, found, whole=whole)
    if has_secrets:
        found = hidden(found, {secret.text for secret in find_secrets(pipeline.steps)})
    if any(one.code in of_data for one in found):  # a source may hold a value that is secret here
        from odibi_core.config.named_secrets import secrets_of

        found = hidden(found, secrets_of(pipeline.steps, world.values()))
    return tuple(sorted(found, key=by_place))
