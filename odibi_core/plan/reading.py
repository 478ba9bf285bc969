"""What a step reads: the judgement that the nodes act on and the checks foresee, made in one place."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from odibi_core.core.node import Step

Reading = Literal[
    "place",  # `value` is a path, a pattern, a URL or a database file
    "table",  # `value` is a table of the connection
    "query",  # `value` is a query over the connection
    "params",  # `params` name the table or query of the connection
    "engine",  # `value` is a query on the engine itself
    "endpoint",  # `value` is a URL that is asked
    "function",  # `value` is a function
]

CONNECTED = frozenset({"connection", "connection_string"})
_QUERY = re.compile(r"\s*(?:\(|(?:select|with|from|values|show|describe|pragma|call|exec)\s)", re.IGNORECASE)


def is_connected(step: Step) -> bool:
    """Whether a step's `params` name a database."""
    return not CONNECTED.isdisjoint(step.params)


def what_is_read(step: Step) -> Reading:
    """Returns what a step of the layer ingest reads; also of a sql transform with a connection."""
    if step.type == "function":
        return "function"
    if step.type == "api":
        return "endpoint"
    if step.type == "sql":
        return "query" if is_connected(step) else "engine"
    if not is_connected(step):
        return "place"
    if "table" in step.params or "query" in step.params:
        return "params"
    return "query" if _QUERY.match(step.value) else "table"
