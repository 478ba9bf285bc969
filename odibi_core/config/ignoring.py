"""ignore_fix: the edit that writes a code into a step's `metadata.odibi.ignore`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from odibi_core.config.origins import JsonOrigin, read_tree
from odibi_core.diagnostics import Fix

if TYPE_CHECKING:
    from odibi_core.config.json_tree import Node
    from odibi_core.core.node import Step


def ignore_fix(step: Step, code: str) -> Fix | None:
    """Returns what has to be inserted so that a step ignores a code, in the style of what stands there.

    Returns:
        None where the step is not of a JSON text, or holds in `metadata`, `odibi` or `ignore` something
        that is not what belongs there.
    """
    origin = step.origin
    if not isinstance(origin, JsonOrigin):
        return None
    text = origin.source.text
    node: Node | None = read_tree(text, origin.start)
    missing = ["metadata", "odibi", "ignore"]
    while node is not None and node.kind == "object" and missing:
        found = node.member(missing[0])
        if found is None:
            value: Any = [code]
            for name in reversed(missing[1:]):
                value = {name: value}
            at, written = _new_member(text, node, missing[0], value)
            return _insertion(code, at, written)
        node = found[1]
        missing.pop(0)
    if node is None or missing or node.kind != "array":
        return None
    if node.items:
        return _insertion(code, node.items[-1].end, f", {json.dumps(code)}")
    return _insertion(code, node.start + 1, json.dumps(code))


def _insertion(code: str, at: int, text: str) -> Fix:
    return Fix(f"ignore {code} in this step", "unsafe", at, at, text)


def _new_member(text: str, node: Node, name: str, value: Any) -> tuple[int, str]:
    """Returns where a member goes at the end of an object, and its text: on a line of its own, where the
    last member has one.
    """
    member = f"{json.dumps(name)}: {json.dumps(value)}"
    if not node.members:
        return node.start + 1, member
    key, last = node.members[-1]
    line = text.rfind("\n", node.start, key.start) + 1
    indent = text[line : key.start] if line else ""
    if line and not indent.strip():
        newline = "\r\n" if text[line - 2 : line] == "\r\n" else "\n"
        return last.end, f",{newline}{indent}{member}"
    return last.end, f", {member}"
