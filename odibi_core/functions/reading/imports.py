"""What the modules of a base directory import at their top level that is not there."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from odibi_core.functions.reading.found import BrokenModule
from odibi_core.functions.reading.names import absolute_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from odibi_core.functions.reading.modules import ModuleFile
    from odibi_core.functions.reading.names import Reader


@dataclass(frozen=True, slots=True)
class FailingImport:
    """An import statement that certainly fails when its module is imported.

    Attributes:
        file: The module it stands in.
        line: Where, from 1.
        module: The module it imports.
        name: The name it takes from there; None if the module itself is not there.
        candidates: Names there are instead.
    """

    file: ModuleFile
    line: int
    module: str
    name: str | None = None
    candidates: tuple[str, ...] = ()


def failing_imports(reader: Reader, dotted: str) -> Iterator[FailingImport | BrokenModule]:
    """Yields what fails when a module is imported, and the modules of the base directory that it imports.

    Statements inside `try`, `if`, `with` and functions may be there to be left out, so they are not judged.

    Args:
        reader: Finds and reads modules.
        dotted: A module, as it is imported: `package.module` imports `package` first.
    """
    yield from _failing(reader, dotted, set())


_ANYWHERE = ""  # among the modules seen: one of them changes where modules are looked for


def _failing(reader: Reader, dotted: str, seen: set[str]) -> Iterator[FailingImport | BrokenModule]:
    parts = dotted.split(".")
    for count in range(1, len(parts) + 1):
        file = reader.finder.find(".".join(parts[:count]))
        if file is None or not file.is_own or file.name in seen:
            continue
        seen.add(file.name)
        source = reader.source(file)
        if isinstance(source, BrokenModule):
            yield source
        elif source is not None:
            if source.namespace.changes_path:
                seen.add(_ANYWHERE)
            for statement in source.namespace.imports:
                yield from _statement(reader, file, statement, seen)


def _statement(
    reader: Reader, file: ModuleFile, node: ast.Import | ast.ImportFrom, seen: set[str]
) -> Iterator[FailingImport | BrokenModule]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            missing = _missing(reader, alias.name)
            if missing is not None:
                if _ANYWHERE not in seen:
                    yield FailingImport(file, node.lineno, missing)
            else:
                yield from _failing(reader, alias.name, seen)
        return
    module = absolute_name(file, node)
    if module is None:
        return
    missing = _missing(reader, module)
    if missing is not None:
        if _ANYWHERE not in seen:
            yield FailingImport(file, node.lineno, missing)
        return
    yield from _failing(reader, module, seen)
    target = reader.finder.find(module)
    if target is None or target.name == file.name:
        return
    for alias in node.names:
        if alias.name == "*":
            continue
        if reader.module_member(target, alias.name) is not None:
            if target.is_package and target.is_own:
                yield from _failing(reader, f"{module}.{alias.name}", seen)
            continue
        source = reader.source(target)
        names = () if source is None or isinstance(source, BrokenModule) else source.namespace.names()
        yield FailingImport(file, node.lineno, module, alias.name, tuple(names))


def _missing(reader: Reader, dotted: str) -> str | None:
    """Returns the first part of a dotted module name that is not there."""
    parts = dotted.split(".")
    for count in range(1, len(parts) + 1):
        name = ".".join(parts[:count])
        if reader.finder.find(name) is None:
            return name
    return None
