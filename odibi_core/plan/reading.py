"""What a step reads: the judgement that the nodes act on and the checks foresee, made in one place."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Container

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
# An option of databases may be given by any of its spellings.
TABLE, QUERY, MODE = ("table", "table_name"), ("query", "sql"), ("mode", "if_exists")
_QUERY = re.compile(r"\s*(?:\(|(?:select|with|from|values|show|describe|pragma|call|exec)\s)", re.IGNORECASE)


def spelled(params: Container[str], spellings: tuple[str, ...]) -> str | None:
    """Returns by which of its spellings an option is given, None where it is not."""
    return next((name for name in spellings if name in params), None)


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
    if spelled(step.params, (*TABLE, *QUERY)) is not None:
        return "params"
    return "query" if _QUERY.match(step.value) else "table"
