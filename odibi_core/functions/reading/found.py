"""What a name in a config can turn out to stand for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ast

    from odibi_core.functions.reading.modules import ModuleFile, SourceProblem
    from odibi_core.functions.reading.namespaces import FunctionNode


@dataclass(frozen=True, slots=True)
class Undecided:
    """Something is or may be there, but what it is only running it would show."""


@dataclass(frozen=True, slots=True)
class FoundFunction:
    """A function.

    Attributes:
        module: Where it is defined.
        node: Its definition.
        qualname: Its name in there.
        is_bound: Whether its first parameter is filled already (a classmethod).
        is_plain: Whether it stands in a class without being a static method or classmethod.
    """

    module: ModuleFile
    node: FunctionNode | ast.Lambda
    qualname: str
    is_bound: bool = False
    is_plain: bool = False


@dataclass(frozen=True, slots=True)
class FoundClass:
    """A class."""

    module: ModuleFile
    node: ast.ClassDef
    qualname: str


@dataclass(frozen=True, slots=True)
class FoundModule:
    """A module."""

    file: ModuleFile


@dataclass(frozen=True, slots=True)
class NotCallable:
    """Something that is certainly no function, and of what type."""

    kind: str


@dataclass(frozen=True, slots=True)
class MissingModule:
    """There is no module of that name."""

    name: str
    candidates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MissingMember:
    """A module or class has no such name.

    Attributes:
        index: Which part of the dotted name it is, from 0.
        owner: Dotted name of what lacks it.
        kind: module or class.
        path: Its source.
        candidates: What it has.
    """

    index: int
    owner: str
    kind: str
    path: str | None
    candidates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BrokenModule:
    """A module whose text is no Python."""

    file: ModuleFile
    problem: SourceProblem


Thing = FoundFunction | FoundClass | FoundModule | NotCallable | Undecided
Found = Thing | MissingModule | MissingMember | BrokenModule
