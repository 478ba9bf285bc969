"""Secrets that steps name: made known before the first step tells anything."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from odibi_core.config.placeholders import Values, find_placeholders
from odibi_core.errors import SecretError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from odibi_core.core.node import Step
    from odibi_core.journal.redaction import Redactor


def hide_named_secrets(steps: Iterable[Step], variables: Mapping[str, Any], redactor: Redactor) -> None:
    """Makes the secrets that placeholders anywhere in steps stand for known to the redactor.

    A step's data may hold what only a later step's placeholder names, and what is written is not taken
    back. A placeholder that nothing is set for is left to its step, which says so.

    Args:
        steps: The steps.
        variables: What `${var:NAME}` stands for.
        redactor: Is told.
    """
    values = Values(variables, os.environ)
    named = {
        (found.kind, found.name)
        for step in steps
        for text in _texts([step.value, step.params, step.metadata])
        for found in find_placeholders(text)
    }
    for kind, name in named:
        if values.is_secret(kind, name):
            with suppress(SecretError):
                values.get(kind, name)
    for secret in values.secrets:
        redactor.add(secret)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(key)
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)
