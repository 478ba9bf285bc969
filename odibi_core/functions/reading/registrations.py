"""The short names that modules register with `@odibi_function`, read from their text."""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from odibi_core.functions.reading.declared import DECORATORS, NotLiteralError, literal
from odibi_core.functions.reading.found import BrokenModule, FoundFunction
from odibi_core.functions.reading.names import absolute_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from odibi_core.functions.reading.modules import ModuleFile
    from odibi_core.functions.reading.names import Reader

# Packages that register nothing. Any other one outside the base directory may.
_REGISTER_NOTHING = frozenset(sys.stdlib_module_names) | {
    "odibi_core", "pandas", "numpy", "pyarrow", "duckdb", "pyspark", "polars", "scipy", "sklearn", "requests",
    "httpx", "sqlalchemy", "dateutil", "pytz", "pydantic", "yaml", "boto3", "statsmodels", "matplotlib",
}  # fmt: skip
_MARK = "odibi_function"


@dataclass(slots=True)
class Registrations:
    """What modules register.

    Attributes:
        functions: The function that a short name stands for; the first one where there are two.
        twice: Short names that two functions have, and the second of them.
        is_open: Whether there may be more that the text does not show.
    """

    functions: dict[str, FoundFunction] = field(default_factory=dict)
    twice: dict[str, FoundFunction] = field(default_factory=dict)
    is_open: bool = False


def registrations_in(reader: Reader, dotted: str, into: Registrations, seen: set[str]) -> None:
    """Adds what a module and the modules that it imports register when it is imported.

    Args:
        reader: Finds and reads modules.
        dotted: The module.
        into: What is known so far.
        seen: Modules that were looked at before.
    """
    parts = dotted.split(".")
    if parts[0] in _REGISTER_NOTHING and not reader.finder.is_hidden(parts[0]):
        return
    for count in range(1, len(parts) + 1):
        name = ".".join(parts[:count])
        if name in seen:
            continue
        seen.add(name)
        file = reader.finder.find(name)
        if file is None:
            continue
        if not file.is_own:
            into.is_open = True
            continue
        source = reader.source(file)
        if source is None:
            into.is_open = into.is_open or not file.is_package
            continue
        if isinstance(source, BrokenModule):
            continue
        _read(reader, file, source.tree, into)
        into.is_open = into.is_open or _loads_by_name(source.tree)
        for module in _imported(file, source.tree):
            registrations_in(reader, module, into, seen)


def _read(reader: Reader, file: ModuleFile, tree: ast.Module, into: Registrations) -> None:
    told: set[int] = set()
    for node, owner, at_import in _functions(tree.body, "", True):
        for mark in node.decorator_list:
            func = mark.func if isinstance(mark, ast.Call) else mark
            if reader.qualified(file, func) not in DECORATORS:
                continue
            told.add(id(func))
            name = _short_name(reader, file, mark, node.name)
            if name is None or not at_import:
                into.is_open = True
                continue
            found = FoundFunction(file, node, f"{owner}{node.name}")
            known = into.functions.setdefault(name, found)
            if (known.module.name, known.qualname) != (file.name, found.qualname):
                into.twice.setdefault(name, found)
    for inner in ast.walk(tree):
        if (
            isinstance(inner, ast.Name | ast.Attribute)
            and id(inner) not in told
            and (inner.id if isinstance(inner, ast.Name) else inner.attr) == _MARK
        ):
            into.is_open = True  # `odibi_function("x")(f)` in a loop, or under another name


def _functions(
    body: list[ast.stmt], owner: str, at_import: bool
) -> Iterator[tuple[ast.FunctionDef | ast.AsyncFunctionDef, str, bool]]:
    """Yields every function, what its name is in, and whether importing the module certainly defines it."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node, owner, at_import
            yield from _functions(node.body, f"{owner}{node.name}.<locals>.", False)
        elif isinstance(node, ast.ClassDef):
            yield from _functions(node.body, f"{owner}{node.name}.", at_import)
        else:
            for name in ("body", "orelse", "finalbody"):
                yield from _functions(getattr(node, name, []), owner, False)
            for handler in getattr(node, "handlers", []):
                yield from _functions(handler.body, owner, False)


def _short_name(reader: Reader, file: ModuleFile, mark: ast.expr, own: str) -> str | None:
    if not isinstance(mark, ast.Call) or not mark.args:
        return own
    try:
        name = literal(reader, file, mark.args[0])
    except NotLiteralError:
        return None
    return name or own if isinstance(name, str) or name is None else None


def _imported(file: ModuleFile, tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = absolute_name(file, node)
            if module is not None:
                yield module
                yield from (f"{module}.{alias.name}" for alias in node.names if alias.name != "*")


def _loads_by_name(tree: ast.Module) -> bool:
    marks = {"import_module", "__import__", "exec", "eval", "load", "run_path", "iter_modules"}
    return any(
        (isinstance(node, ast.Name) and node.id in marks)
        or (isinstance(node, ast.Attribute) and node.attr in marks - {"load", "eval"})
        for node in ast.walk(tree)
    )
