"""FilledStep: a step's value and params as the run will see them, and messages as the config says them."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from odibi_core.config.placeholders import fill_params, fill_text
from odibi_core.core.options import in_params
from odibi_core.errors import SecretError
from odibi_core.plan.reading import QUERY, what_is_read
from odibi_core.text import one_line

if TYPE_CHECKING:
    from pathlib import Path

    from odibi_core.checks.world import World
    from odibi_core.config.placeholders import Values
    from odibi_core.core.node import Step

_LEAST = 3  # a shorter secret is no use to anybody, and stands in every other word


@dataclass(frozen=True)
class FilledStep:
    """A step with its placeholders filled.

    Attributes:
        step: The step as written.
        value: Its value; None where something in it is known at run time only.
        params: Its params without options of the step itself, queries as written.
        unknown: Names of params in which something is known at run time only; they are not in `params`.
        world: Where it is checked.
    """

    step: Step
    value: str | None
    params: dict[str, Any]
    unknown: frozenset[str]
    world: World
    _values: Values = field(repr=False)

    @property
    def is_known(self) -> bool:
        """Whether everything in it is known."""
        return self.value is not None and not self.unknown

    def path(self, name: str | None = None) -> Path:
        """Returns the absolute path that the value, or another text, stands for."""
        return self.world.resolve(name if name is not None else self.value or "")

    def told(self, text: str) -> str:
        """Returns a message with the value as written, paths as the config would write them, no secrets."""
        written = self.step.value
        if self.value and self.value != written:
            text = text.replace(self.value, written)
        for secret in self._values.secrets:
            if len(secret) >= _LEAST:
                text = text.replace(secret, "***")
        base = str(self.world.base_dir.absolute())
        if base != os.sep:
            text = text.replace(f"{base}{os.sep}", "").replace(base, ".")
        return one_line(text)


def fill_step(step: Step, world: World) -> FilledStep:
    """Returns a step with its placeholders filled, as far as they are set."""
    values = world.values()
    try:
        value: str | None = fill_text(step.value, values)
        is_path = step.layer == "ingest" and what_is_read(step) == "place"
        if value is not None and "${" in value and "$${" not in step.value and not is_path:
            value = None  # what looks like a placeholder and is none, which is told elsewhere
    except SecretError:
        value = None
    own = in_params(step) if step.type != "function" else frozenset[str]()
    params: dict[str, Any] = {}
    unknown = set()
    for name, given in step.params.items():
        if name in own:
            continue
        if name in QUERY and isinstance(given, str):
            params[name] = given
            continue
        try:
            params[name] = fill_params(given, values, sql_keys=())
        except SecretError:
            unknown.add(name)
    return FilledStep(step, value, params, frozenset(unknown), world, values)
