"""Filled: a query as a check sees it; what only the run knows has something else in its place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from odibi_core.checks.sql.rewriting import Edit, Rewritten
from odibi_core.config.placeholders import PlaceholderKind, Values, find_placeholders, sql_parts
from odibi_core.config.sql_text import DUCKDB, Dialect, regions
from odibi_core.errors import SecretError

if TYPE_CHECKING:
    from odibi_core.checks.world import World


@dataclass(frozen=True)
class Filled:
    """A query with its placeholders filled.

    Attributes:
        rewritten: The query as written, and as filled.
        stand_ins: Places, as written, where something else stands at run time.
        names_known: Whether every name in it is known; without, only its syntax can be judged.
    """

    rewritten: Rewritten
    stand_ins: tuple[tuple[int, int], ...] = ()
    names_known: bool = True

    @property
    def text(self) -> str:
        """The query as filled."""
        return self.rewritten.text

    def stands_in(self, start: int, end: int) -> bool:
        """Whether part of a place, as written, is known at run time only."""
        return any(first < max(end, start + 1) and start < last for first, last in self.stand_ins)


def fill(query: str, world: World, *, stand_in: Any = None, dialect: Dialect = DUCKDB) -> Filled:
    """Returns a query with its placeholders filled.

    A secret's value never gets into it: `stand_in` stands there, as it does for variables that are not
    set. In quotes nothing stands for them.

    Raises:
        StepOptionError: A value cannot be written where it stands.
    """
    if "${" not in query:
        return Filled(Rewritten(query))
    known = world.values()
    values = _StandIns(known.variables, known.environ, stand_in=stand_in)
    edits: list[Edit] = []
    stand_ins: list[tuple[int, int]] = []
    for part in sql_parts(query, values, dialect):
        if part.placeholder is None:
            if query[part.start : part.end] != part.text:
                edits.append(Edit(part.start, part.end, part.text))
            continue
        text = part.text
        if values.is_unknown(part.placeholder.kind, part.placeholder.name):
            stand_ins.append((part.start, part.end))
        edits.append(Edit(part.start, part.end, text))
    return Filled(Rewritten(query, tuple(edits)), tuple(stand_ins), _names_known(query, values, dialect))


def _names_known(query: str, values: _StandIns, dialect: Dialect) -> bool:
    """Whether no name depends on what is known at run time only."""
    for region in regions(query, dialect):
        if region.kind == "comment":
            continue
        for found in find_placeholders(query[region.start : region.end]):
            if (region.kind == "name" or found.kind == "ident") and values.is_unknown(found.kind, found.name):
                return False
    return True


@dataclass(frozen=True)
class _StandIns(Values):
    """Values with something else in place of secrets and of what is not set."""

    stand_in: Any = field(default=None, kw_only=True)

    def is_unknown(self, kind: PlaceholderKind, name: str) -> bool:
        """Whether what the run fills in must not, or cannot, be known now."""
        if self.is_secret(kind, name):
            return True
        return name not in self.variables

    def get(self, kind: PlaceholderKind, name: str) -> Any:
        if not self.is_unknown(kind, name):
            return self.variables[name]
        return "unknown" if kind == "ident" else self._alike(kind, name)

    def _alike(self, kind: PlaceholderKind, name: str) -> Any:
        """Returns the stand-in; a list of them for a list, which is written otherwise."""
        try:
            value = super().get(kind, name)
        except SecretError:  # not set
            return self.stand_in
        if isinstance(value, list | tuple):
            return [self.stand_in for _ in value]
        return self.stand_in

    def keep_secret(self, value: Any) -> None:
        """Keeps nothing: no secret is handed out."""
