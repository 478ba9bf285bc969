"""Rewritten: a text with parts of it replaced, which knows where everything stood before."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True, slots=True)
class Edit:
    """What stands in place of the characters `start` to `end`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Rewritten:
    """A text and its edits, which do not overlap and are in order.

    Attributes:
        original: The text as it was.
        edits: What is replaced in it.
    """

    original: str
    edits: tuple[Edit, ...] = ()

    @cached_property
    def text(self) -> str:
        """The text as it is now."""
        if not self.edits:
            return self.original
        parts: list[str] = []
        done = 0
        for edit in self.edits:
            parts += self.original[done : edit.start], edit.text
            done = edit.end
        return "".join([*parts, self.original[done:]])

    def back(self, start: int, end: int) -> tuple[int, int]:
        """Returns where a part of the text stood; what touches an edit is widened to the whole of it."""
        if not self.edits:
            return start, end
        first, last, shift = start, end, 0
        for edit in self.edits:
            begin = edit.start + shift
            stop = begin + len(edit.text)
            shift += len(edit.text) - (edit.end - edit.start)
            if stop <= start:
                first, last = start - shift, end - shift
                continue
            if begin >= end and begin > start:
                break
            if begin <= start:
                first = edit.start
            last = edit.end if end <= stop else end - shift
        return first, max(first, last)

    def touches(self, start: int, end: int) -> bool:
        """Whether a part of the text has anything of an edit in it."""
        shift = 0
        for edit in self.edits:
            begin = edit.start + shift
            stop = begin + len(edit.text)
            shift += len(edit.text) - (edit.end - edit.start)
            if begin < max(end, start + 1) and start < max(stop, begin + 1):
                return True
        return False

    def with_edit(self, start: int, end: int, text: str) -> Rewritten:
        """Returns it with the characters `start` to `end` of the original replaced as well."""
        edits = [edit for edit in self.edits if edit.end <= start or edit.start >= end]
        edits.append(Edit(start, end, text))
        return Rewritten(self.original, tuple(sorted(edits, key=lambda edit: edit.start)))
