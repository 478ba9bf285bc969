"""The vocabulary and the conductor: steps, nodes, events, tracker, loader, validator, orchestrator.

Names are imported when first used, so that importing this package costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from odibi_core.core.config_loader import ConfigLoader, ConfigValidationError, ConfigValidator
    from odibi_core.core.events import EventEmitter
    from odibi_core.core.node import NodeBase, NodeState, Step
    from odibi_core.core.orchestrator import OrchestrationResult, Orchestrator
    from odibi_core.core.tracker import Snapshot, StepExecution, Tracker
    from odibi_core.engine import create_engine_context

_HOMES = {
    "ConfigLoader": "odibi_core.core.config_loader",
    "ConfigValidationError": "odibi_core.core.config_loader",
    "ConfigValidator": "odibi_core.core.config_loader",
    "EventEmitter": "odibi_core.core.events",
    "NodeBase": "odibi_core.core.node",
    "NodeState": "odibi_core.core.node",
    "OrchestrationResult": "odibi_core.core.orchestrator",
    "Orchestrator": "odibi_core.core.orchestrator",
    "Snapshot": "odibi_core.core.tracker",
    "Step": "odibi_core.core.node",
    "StepExecution": "odibi_core.core.tracker",
    "Tracker": "odibi_core.core.tracker",
    "create_engine_context": "odibi_core.engine",
}

__all__ = [
    "ConfigLoader",
    "ConfigValidationError",
    "ConfigValidator",
    "EventEmitter",
    "NodeBase",
    "NodeState",
    "OrchestrationResult",
    "Orchestrator",
    "Snapshot",
    "Step",
    "StepExecution",
    "Tracker",
    "create_engine_context",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(home), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
