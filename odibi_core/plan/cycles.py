"""Strongly connected components and elementary cycles, without recursion."""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

# Cycles through the same steps grow exponentially with their connections. Up to this many are all listed;
# beyond, as many as it takes for every connection that closes a cycle to be in one.
LIMIT = 50


def components(names: Sequence[str], edges: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Returns the strongly connected components (Tarjan); what a component points to comes before it."""
    number: dict[str, int] = {}
    low: dict[str, int] = {}
    on_stack: set[str] = set()
    stack: list[str] = []
    found: list[list[str]] = []
    for root in names:
        if root in number:
            continue
        number[root] = low[root] = len(number)
        stack.append(root)
        on_stack.add(root)
        work: list[tuple[str, Iterator[str]]] = [(root, iter(edges.get(root, ())))]
        while work:
            node, successors = work[-1]
            for successor in successors:
                if successor not in number:
                    number[successor] = low[successor] = len(number)
                    stack.append(successor)
                    on_stack.add(successor)
                    work.append((successor, iter(edges.get(successor, ()))))
                    break
                if successor in on_stack:
                    low[node] = min(low[node], number[successor])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == number[node]:
                    component: list[str] = []
                    while True:
                        member = stack.pop()
                        on_stack.discard(member)
                        component.append(member)
                        if member == node:
                            break
                    found.append(component)
    return found


def cycles(
    component: Sequence[str], edges: Mapping[str, Sequence[str]], index: Mapping[str, int]
) -> list[list[str]]:
    """Returns the cycles in a strongly connected component, each starting with its first step by `index`."""
    found = list(islice(_elementary(component, edges, index), LIMIT + 1))
    if len(found) > LIMIT:
        found = _covering(component, edges)
    return [_from_first(cycle, index) for cycle in found]


def _from_first(cycle: list[str], index: Mapping[str, int]) -> list[str]:
    first = min(range(len(cycle)), key=lambda at: index[cycle[at]])
    return cycle[first:] + cycle[:first]


def _elementary(
    component: Sequence[str], edges: Mapping[str, Sequence[str]], index: Mapping[str, int]
) -> Iterator[list[str]]:
    """Yields every elementary cycle once (Johnson's algorithm)."""
    waiting = [list(component)]
    while waiting:
        part = waiting.pop()
        inside = set(part)
        if len(part) == 1:
            if part[0] in edges.get(part[0], ()):
                yield [part[0]]
            continue
        start = min(part, key=lambda name: index[name])
        yield from _through(start, inside, edges)
        inside.discard(start)
        rest = {name: [to for to in edges.get(name, ()) if to in inside] for name in inside}
        waiting.extend(components(sorted(inside, key=lambda name: index[name]), rest))


def _through(start: str, inside: set[str], edges: Mapping[str, Sequence[str]]) -> Iterator[list[str]]:
    """Yields the elementary cycles in `inside` that go through `start`."""
    path = [start]
    blocked = {start}
    closed: set[str] = set()
    blocks: dict[str, set[str]] = {}
    work = [(start, [to for to in edges.get(start, ()) if to in inside])]
    while work:
        node, successors = work[-1]
        if successors:
            successor = successors.pop(0)
            if successor == start:
                yield list(path)
                closed.update(path)
            elif successor not in blocked:
                path.append(successor)
                work.append((successor, [to for to in edges.get(successor, ()) if to in inside]))
                closed.discard(successor)
                blocked.add(successor)
            continue
        if node in closed:
            _unblock(node, blocked, blocks)
        else:
            for to in edges.get(node, ()):
                if to in inside:
                    blocks.setdefault(to, set()).add(node)
        work.pop()
        path.pop()


def _unblock(node: str, blocked: set[str], blocks: dict[str, set[str]]) -> None:
    waiting = {node}
    while waiting:
        current = waiting.pop()
        if current in blocked:
            blocked.discard(current)
            waiting.update(blocks.pop(current, ()))


def _covering(component: Sequence[str], edges: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Returns shortest cycles until every edge inside the component is in one, up to a limit."""
    inside = set(component)
    covered: set[tuple[str, str]] = set()
    found: list[list[str]] = []
    for node in component:
        for to in edges.get(node, ()):
            if to not in inside or (node, to) in covered:
                continue
            cycle = _shortest(to, node, inside, edges)
            covered.update(zip(cycle, [*cycle[1:], cycle[0]], strict=True))
            found.append(cycle)
            if len(found) >= LIMIT:
                return found
    return found


def _shortest(start: str, goal: str, inside: set[str], edges: Mapping[str, Sequence[str]]) -> list[str]:
    """Returns the shortest path from `start` to `goal` inside a component, which there always is."""
    came_from = {start: start}
    waiting = deque([start])
    while waiting and goal not in came_from:
        node = waiting.popleft()
        for to in edges.get(node, ()):
            if to in inside and to not in came_from:
                came_from[to] = node
                waiting.append(to)
    path = [goal]
    while path[-1] != start:
        path.append(came_from[path[-1]])
    return path[::-1]
