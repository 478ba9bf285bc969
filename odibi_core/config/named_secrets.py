"""The secrets that steps name: placeholders of the environment and of secret variables, anywhere."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from odibi_core.config.placeholders import Values, find_placeholders
from odibi_core.errors import SecretError
from odibi_core.text import texts_within

if TYPE_CHECKING:
    from collections.abc import Iterable

    from odibi_core.config.placeholders import PlaceholderKind
    from odibi_core.core.node import Step


def named_secrets(steps: Iterable[Step]) -> set[tuple[PlaceholderKind, str]]:
    """Returns kind and name of each placeholder in steps whose value is secret."""
    return {
        (found.kind, found.name)
        for step in steps
        for text in texts_within([step.value, step.params, step.metadata])
        for found in find_placeholders(text)
        if Values.is_secret(found.kind, found.name)
    }


def secrets_of(steps: Iterable[Step], values: Values) -> set[str]:
    """Returns what the secrets that steps name are now; one that nothing is set for is left out.

    Args:
        steps: The steps.
        values: What placeholders are filled with.
    """
    for kind, name in named_secrets(steps):
        with suppress(SecretError):  # told where it is used
            values.get(kind, name)
    return set(values.secrets)
