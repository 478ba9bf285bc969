"""Rule about `metadata.key`: the columns that tell rows apart are among those that the step puts out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from odibi_core.checks.codes import data_codes
from odibi_core.checks.pipeline import place
from odibi_core.checks.sql.names import best
from odibi_core.config.origins import replacement

if TYPE_CHECKING:
    from collections.abc import Iterator

    from odibi_core.checks.outcome import Outcome
    from odibi_core.core.node import Step
    from odibi_core.diagnostics import Diagnostic

_SHOWN = 8


def check_key(step: Step, outcome: Outcome) -> Iterator[Diagnostic]:
    """Yields the columns of a step's key that its first output, which is compared by it, does not have."""
    key = step.metadata.get("key")
    if not key or not step.outputs:
        return
    schema = outcome.outputs.get(next(iter(step.outputs)))
    if schema is None:
        return
    columns: list[tuple[tuple[str | int, ...], str]] = []
    if isinstance(key, str):
        columns.append((("metadata", "key"), key))
    elif isinstance(key, list):
        columns += [(("metadata", "key", i), name) for i, name in enumerate(key) if isinstance(name, str)]
    for path, name in columns:
        if name in schema.names:  # as it is compared: case counts
            continue
        meant, certain = best(name, schema.names)
        names = ", ".join(f"`{column}`" for column in schema.names[:_SHOWN])
        yield data_codes.UNKNOWN_KEY.found(
            f"what `{step.name}` puts out has no column `{name}`", step=step.name,
            field=".".join(map(str, path)), span=place(step, *path, start=0), suggestion=meant,
            help=f"a column `{meant}` exists" if meant else f"its columns are {names}",
            fix=None if meant is None else replacement(step.origin, meant, *path, safe=certain),
        )  # fmt: skip
