"""What connect steps open: its schema, and what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from odibi_core.checks.outcome import NOTHING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from odibi_core.checks.outcome import Outcome
    from odibi_core.checks.schemas import Schema
    from odibi_core.checks.tools import Tools
    from odibi_core.core.node import Step


def infer_connection(step: Step, inputs: Mapping[str, Schema | None], tools: Tools) -> Outcome:
    """Returns what is known of a step's data."""
    return NOTHING
