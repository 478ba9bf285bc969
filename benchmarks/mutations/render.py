"""Configs as text, with the place of every field, known without the reader under test."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from random import Random
from typing import Any

from benchmarks.mutations.project import Project

TABLE_COLUMNS = {
    "Layer": "layer", "StepName": "name", "StepType": "type", "Engine": "engine", "Value": "value",
    "Params": "params", "Inputs": "inputs", "Outputs": "outputs", "Metadata": "metadata",
}  # fmt: skip
Path = tuple[str | int, ...]


@dataclass
class Rendered:
    """A config's text and where things stand in it, by the number of the step and the path below it.

    Attributes:
        text: The text; None for a database.
        values: Where a value stands, quotes included.
        keys: Where the key of a field stands, without its quotes.
        inside: For a text, the place of each of its characters, and that of its end.
    """

    text: str | None = ""
    values: dict[Path, tuple[int, int]] = field(default_factory=dict)
    keys: dict[Path, tuple[int, int]] = field(default_factory=dict)
    inside: dict[Path, list[int]] = field(default_factory=dict)

    def chars(self, path: Path, start: int, end: int) -> tuple[int, int]:
        """Returns the place of characters of a text."""
        places = self.inside[path]
        return places[start], places[end]


def render(project: Project, seed: int) -> Rendered:
    """Returns the config's text, written in one of many ways."""
    if project.kind == "sqlite":
        return Rendered(None)
    if project.kind == "csv":
        return _csv(project)
    return _Json(Random(seed)).render([made.as_fields() for made in project.steps])


class _Json:
    def __init__(self, rng: Random) -> None:
        self.indent = rng.choice([None, 2, 2, 4, "\t"])
        self.ascii = rng.random() < 0.3
        self.out = Rendered()
        self.parts: list[str] = []
        self.length = 0

    def render(self, steps: list[dict[str, Any]]) -> Rendered:
        self.put("[")
        for number, fields in enumerate(steps):
            self.put("," if number else "")
            self.line(1)
            self.value(fields, (number,), 1)
        self.line(0)
        self.put("]\n")
        self.out.text = "".join(self.parts)
        return self.out

    def put(self, text: str) -> None:
        self.parts.append(text)
        self.length += len(text)

    def line(self, depth: int) -> None:
        if self.indent is not None:
            self.put("\n" + (self.indent if isinstance(self.indent, str) else " " * self.indent) * depth)

    def value(self, value: Any, path: Path, depth: int) -> None:
        start = self.length
        if isinstance(value, str):
            self.string(value, path)
        elif isinstance(value, dict) and value:
            self.put("{")
            for number, (key, item) in enumerate(value.items()):
                self.put(", " if number and (depth > 1 or self.indent is None) else "," if number else "")
                if depth == 1:
                    self.line(depth + 1)
                written = json.dumps(key, ensure_ascii=self.ascii)
                self.out.keys[(*path, key)] = (self.length + 1, self.length + len(written) - 1)
                self.put(written + ": ")
                self.value(item, (*path, key), depth + 1)
            if depth == 1:
                self.line(depth)
            self.put("}")
        elif isinstance(value, list) and value:
            self.put("[")
            for number, item in enumerate(value):
                self.put(", " if number else "")
                self.value(item, (*path, number), depth + 1)
            self.put("]")
        else:
            self.put(json.dumps(value))
        self.out.values[path] = (start, self.length)

    def string(self, text: str, path: Path) -> None:
        places = []
        self.put('"')
        for character in text:
            places.append(self.length)
            self.put(json.dumps(character, ensure_ascii=self.ascii)[1:-1])
        places.append(self.length)
        self.put('"')
        self.out.inside[path] = places


def cell(value: Any) -> str | None:
    """Returns a field as the cell of a table."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False) if value or not isinstance(value, dict) else None


def _csv(project: Project) -> Rendered:
    out = Rendered()
    parts = [",".join(TABLE_COLUMNS), "\n"]
    length = sum(map(len, parts))
    for number, made in enumerate(project.steps):
        fields = made.as_fields()
        start = length
        for position, name in enumerate(TABLE_COLUMNS.values()):
            if position:
                parts.append(",")
                length += 1
            text = cell(fields.get(name)) or ""
            quoted = any(c in text for c in ',"\n\r') or text != text.strip()
            begin = length + quoted
            places = []
            at = begin
            for character in text:
                places.append(at)
                at += 2 if character == '"' else 1
            places.append(at)
            out.inside[(number, name)] = places
            out.values[(number, name)] = (begin - quoted, at + quoted)
            written = '"' + text.replace('"', '""') + '"' if quoted else text
            parts.append(written)
            length += len(written)
        out.values[(number,)] = (start, length)
        parts.append("\n")
        length += 1
    out.text = "".join(parts)
    return out
