"""Tools: what the rules about data work with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from odibi_core.engine.desk import Desk

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from odibi_core.checks.outcome import Outcome
    from odibi_core.checks.pipeline import Pipeline
    from odibi_core.checks.schemas import Schema
    from odibi_core.checks.sql.lab import Lab
    from odibi_core.checks.world import World
    from odibi_core.core.node import Step

    # Step, the schemas of its inputs by local name (None: not known), tools -> what was found.
    Rule = Callable[[Step, Mapping[str, Schema | None], "Tools"], Outcome]


@dataclass(frozen=True)
class Tools:
    """What a rule may use to check a step.

    Attributes:
        world: What it may look at outside the config.
        lab: Describes queries over empty tables; it opens when first used.
        pipeline: The steps, their graph, and what could not be read of them.
        desk: What looks at sources and databases share; it opens when first used.
    """

    world: World
    lab: Lab
    pipeline: Pipeline
    desk: Desk = field(default_factory=Desk)
