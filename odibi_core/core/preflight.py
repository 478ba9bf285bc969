"""What a run refuses before it begins: steps that no order could carry out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from odibi_core.errors import ConfigFormatError, SelectionError
from odibi_core.plan.graph import Graph
from odibi_core.text import nearest, one_line

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from odibi_core.core.node import Step


def refuse_unrunnable(steps: Sequence[Step]) -> None:
    """Raises ConfigFormatError for two steps or outputs with one name, and for cycles.

    Everything else that may be wrong shows when its step runs; `ConfigValidator` says all of it before.
    """
    names: set[str] = set()
    makers: dict[str, str] = {}
    for step in steps:
        if step.name in names:
            raise ConfigFormatError(f"two steps are called `{step.name}`", step=step.name, field="name")
        names.add(step.name)
        for local, key in step.outputs.items():
            other = makers.setdefault(key, step.name)
            if other != step.name:
                raise ConfigFormatError(
                    f"`{other}` and `{step.name}` both output `{key}`",
                    step=step.name,
                    field=f"outputs.{local}",
                )
    cycles = Graph(steps).cycles()
    if cycles:
        path = " → ".join([*cycles[0], cycles[0][0]])
        raise ConfigFormatError(f"the steps need each other in a cycle: {path}", step=cycles[0][0])


def refuse_unknown(only: Collection[str] | None, steps: Sequence[Step]) -> None:
    """Raises SelectionError for the name of a step to run that no step has."""
    names = [step.name for step in steps]
    for name in sorted(set(only or ()).difference(names)):
        close = nearest(name, names)
        raise SelectionError(
            f"`only`: no step is called `{one_line(name)}`",
            help=f"did you mean `{one_line(close)}`" if close else None,
        )
