"""Reading and writing in a process of its own, for steps that have to be killed at a timeout."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from odibi_core.engine.base_context import EngineContext
    from odibi_core.nodes.base import Node

Recipes = dict[str, tuple[str, dict[str, Any]]]  # connection -> value and params of its connect step


def read_apart(node: Node, scope: EngineContext, source: str, params: Mapping[str, Any]) -> Any:
    """Returns what `scope.read` would, as Arrow."""
    step = dataclasses.replace(node.step, outputs={"data": "data"})
    options = {"source": source, "options": dict(params), "connections": _recipes(node, params)}
    return node.call_apart(step, f"{__name__}.read", {}, options, scope)


def write_apart(node: Node, scope: EngineContext, frame: Any, target: str, params: Mapping[str, Any]) -> None:
    """Does what `scope.write` would. A write that is killed leaves the target as it was."""
    step = dataclasses.replace(node.step, outputs={})
    options = {"target": target, "options": dict(params), "connections": _recipes(node, params)}
    node.call_apart(step, f"{__name__}.write", {"frame": frame}, options, scope)


def read(context: EngineContext, source: str, options: dict[str, Any], connections: Recipes) -> Any:
    """Reads; runs in the worker."""
    _open(context, connections)
    return context.read(source, **options)


def write(
    frame: Any, context: EngineContext, target: str, options: dict[str, Any], connections: Recipes
) -> None:
    """Writes; runs in the worker."""
    _open(context, connections)
    context.write(frame, target, **options)


def _recipes(node: Node, params: Mapping[str, Any]) -> Recipes:
    """Returns how the connection that `params` name was opened: an open one cannot be handed over."""
    name = params.get("connection")
    known = node.runtime.connections
    return {name: known[name]} if isinstance(name, str) and name in known else {}


def _open(context: EngineContext, connections: Recipes) -> None:
    from odibi_core.engine.connections import open_connection

    for name, (value, params) in connections.items():
        context.connections.add(name, open_connection(value, params, resolve=context.resolve))
