"""Secrets that steps name: made known before the first step tells anything."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from odibi_core.config.named_secrets import named_secrets, secrets_of
from odibi_core.config.placeholders import Values, find_placeholders

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from odibi_core.core.node import Step
    from odibi_core.journal.redaction import Redactor
    from odibi_core.reuse.past import PastRun


def hide_named_secrets(steps: Iterable[Step], variables: Mapping[str, Any], redactor: Redactor) -> None:
    """Makes the secrets that placeholders anywhere in steps stand for known to the redactor.

    A step's data may hold what only a later step's placeholder names, and what is written is not taken
    back. A placeholder that nothing is set for is left to its step, which says so.

    Args:
        steps: The steps.
        variables: What `${var:NAME}` stands for.
        redactor: Is told.
    """
    for secret in secrets_of(steps, Values(variables, os.environ)):
        redactor.add(secret)


def knew_secrets(run: PastRun, steps: Iterable[Step]) -> bool:
    """Whether an earlier run knew all secrets that steps name, and so kept them out of what it stored."""
    try:
        config = (run.directory / "config.json").read_text()
    except (OSError, UnicodeDecodeError):
        return False
    known = {(found.kind, found.name) for found in find_placeholders(config)}
    unset = any(
        step.error is not None and step.error.type.endswith("SecretError") for step in run.record.steps
    )
    return not unset and known.issuperset(named_secrets(steps))


def holds_secret(file: Path, redactor: Redactor) -> bool:
    """Whether a secret stands in a stored file: Parquet, else text."""
    if file.suffix != ".parquet":
        text = file.read_text()
        return redactor.text(text) != text
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetFile(file) as opened:
        return any(redactor.is_in(pa.Table.from_batches([batch])) for batch in opened.iter_batches())
