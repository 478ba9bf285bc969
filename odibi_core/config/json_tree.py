"""JSON text as a tree with positions, also where it is damaged.

`json` itself is faster and decodes what is right; this reads a value again when a place is needed, and
reads on past mistakes so that all of them are told and what is around them is still there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from odibi_core.diagnostics import CodeInfo


class Node:
    """A value in the text.

    Attributes:
        kind: object, array, string, scalar (number, true, false, null) or missing.
        start: Offset of its first character.
        end: Offset after its last character.
        value: The decoded string or scalar.
        members: Key and value nodes of an object, in order, duplicates included.
        items: Values of an array.
    """

    __slots__ = ("end", "items", "kind", "members", "start", "value")

    def __init__(self, kind: str, start: int, end: int = -1, value: Any = None) -> None:
        self.kind = kind
        self.start = start
        self.end = end
        self.value = value
        self.members: list[tuple[Node, Node]] = []
        self.items: list[Node] = []

    def member(self, name: str | int) -> tuple[Node | None, Node] | None:
        """Returns key and value of a member (the last of duplicates), or an item of an array."""
        if isinstance(name, int):
            return (None, self.items[name]) if 0 <= name < len(self.items) else None
        return next((pair for pair in reversed(self.members) if pair[0].value == name), None)

    def decoded(self) -> Any:
        """Returns the value as `json` would decode it; the last of duplicate keys wins."""
        if self.kind == "object":
            return {key.value: value.decoded() for key, value in self.members}
        if self.kind == "array":
            return [item.decoded() for item in self.items]
        return self.value

    def strings(self) -> Iterator[str]:
        """Yields every text value in it."""
        if self.kind == "string":
            yield self.value
        for _, value in self.members:
            yield from value.strings()
        for item in self.items:
            yield from item.strings()


@dataclass(frozen=True, slots=True)
class Edit:
    """A replacement that mends a problem; `safe` where it is the one right answer."""

    message: str
    start: int
    end: int
    text: str
    safe: bool = True


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong at a place of the text.

    Attributes:
        info: Kind of problem.
        message: What is wrong.
        start: Offset of the first wrong character.
        end: Offset after the last.
        path: Keys and indexes down to it, from the value the reading began at.
        help: What to do.
        edit: A replacement that mends it.
        opened: Offset of the bracket that is not closed.
        first: Offsets of the first of two duplicates.
    """

    info: CodeInfo
    message: str
    start: int
    end: int
    path: tuple[str | int, ...] = ()
    help: str | None = None
    edit: Edit | None = None
    opened: int | None = None
    first: tuple[int, int] | None = None


@dataclass(slots=True)
class Damage:
    """What a reading found wrong.

    Attributes:
        problems: In the order they were met.
        syntax: Whether the text is not JSON (rather than JSON a config must not hold).
    """

    problems: list[Problem] = field(default_factory=list)
    syntax: bool = False


class ReadingStoppedError(Exception):
    """The rest of the text is not read: it is nested too deeply, or has too many problems."""
