"""The code behind a function step: a digest of its module and of what that imports from beside the config.

Nothing is imported: modules are found on disk and read. What the digest cannot see (docs/reuse.md): files and
services that a function reads, modules it imports by computed names, and the versions of installed packages
other than those the engines bring; a function that depends on them is marked volatile.
"""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from odibi_core.functions.reading.modules import ModuleFile, ModuleFinder, Source, read_source
from odibi_core.functions.reading.names import absolute_name
from odibi_core.reuse.digests import digest, file_digest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from odibi_core.functions.registry import FunctionSpec

_DECORATOR = "odibi_function"


# What modules looked like when they were imported, which belongs to the process as they do.
_IMPORTED: WeakKeyDictionary[ModuleType, str] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Code:
    """A function's code.

    Attributes:
        digest: Of all sources it is made of; empty where they cannot be found.
        never: Why results of it are never reused, None if they may be.
    """

    digest: str
    never: str | None = None


class CodeReader:
    """Reads the code behind functions' names, each module once.

    Args:
        base_dir: Where modules are looked for first; what lies in it is followed through imports.
    """

    def __init__(self, base_dir: Path) -> None:
        self._finder = ModuleFinder(base_dir.resolve())
        self._codes: dict[str, Code] = {}
        self._seen: dict[str, str] = {}  # module -> digest of its source, of all modules that were read

    def mark_imported(self) -> None:
        """Notes for the modules that have been imported since that they were as they were read."""
        for name, found in self._seen.items():
            module = sys.modules.get(name)
            if module is not None:
                _IMPORTED.setdefault(module, found)

    def of(self, name: str) -> Code:
        """Returns the code behind what a step's `value` names; it need not exist."""
        name = name.strip()
        code = self._codes.get(name)
        if code is None:
            code = self._codes[name] = self._code(name)
        return code

    def _code(self, name: str) -> Code:
        from odibi_core.functions.registry import REGISTRY
        from odibi_core.functions.resolution import BESIDE

        spec = REGISTRY.get(name)
        if "." in name:
            return self._registered(spec) if spec is not None else self._dotted(name)
        beside = self._finder.find(BESIDE)
        if beside is not None and not beside.is_own:
            beside = None
        if spec is not None and (beside is None or spec.module.partition(".")[0] != BESIDE):
            return self._registered(spec)
        return self._short(name) if beside is None else self._closure(beside, name)

    def _short(self, name: str) -> Code:
        from importlib import import_module

        from odibi_core.functions.registry import BUILTINS

        import_module("odibi_core.functions.builtin")
        if BUILTINS.get(name) is not None:
            return Code("built in")  # Odibi's version is part of every fingerprint
        return Code("", f"`{name}` comes from a plugin")

    def _registered(self, spec: FunctionSpec) -> Code:
        if spec.volatile:
            return Code("", "its function is volatile")
        if "<locals>" in spec.qualname:
            return Code("", "its function was made by another function")
        file = self._finder.find(spec.module)
        path = getattr(sys.modules.get(spec.module), "__file__", None)
        if file is None or file.path is None:
            if path is None:
                return Code("", f"the source of `{spec.name}` is not found")
            file = ModuleFile(spec.module, path, (), False)
        return self._closure(file, spec.qualname)

    def _dotted(self, name: str) -> Code:
        """Follows a dotted name through modules as long as there are any."""
        parts = name.split(".")
        found: ModuleFile | None = None
        end = 0
        for end in range(1, len(parts)):
            file = self._finder.find(".".join(parts[:end]))
            if file is None:
                break
            found = file
        if found is None or found.path is None:
            return Code("", f"the source of `{name}` is not found")
        return self._closure(found, parts[-1])

    # -- reading --------------------------------------------------------------------------------------

    def _closure(self, module: ModuleFile, function: str) -> Code:
        """Follows imports from a module through what lies in the base directory."""
        seen: dict[str, str] = {}
        never: str | None = None
        waiting = [module]
        parts = module.name.split(".")
        for end in range(1, len(parts)):  # importing a.b runs a's `__init__` too
            parent = self._finder.find(".".join(parts[:end]))
            if parent is not None and parent.is_own:
                waiting.append(parent)
        while waiting:
            file = waiting.pop()
            if file.path is None or file.name in seen:
                continue
            source = read_source(file)
            if not isinstance(source, Source):
                return Code("", f"`{file.name}` cannot be read")
            try:
                seen[file.name] = self._seen[file.name] = file_digest(Path(file.path))
            except OSError:
                return Code("", f"`{file.name}` cannot be read")
            if not _is_as_imported(file, seen[file.name]):
                never = f"`{file.name}` was changed after it had been imported"
            if file.name == module.name:
                marked = set(_volatile(source.tree))
                if "" in marked or function.rpartition(".")[2] in marked:
                    never = "its function is volatile"
            waiting.extend(self._imported(file, source.tree))
        return Code(digest(sorted(seen.items())), never)

    def _imported(self, file: ModuleFile, tree: ast.AST) -> Iterator[ModuleFile]:
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield from self._own(alias.name)
            elif isinstance(node, ast.ImportFrom):
                target = absolute_name(file, node)
                if target is not None:
                    yield from self._own(target)
                    for alias in node.names:
                        yield from self._own(f"{target}.{alias.name}")

    def _own(self, name: str) -> Iterator[ModuleFile]:
        parts = name.split(".")
        for end in range(1, len(parts) + 1):
            file = self._finder.find(".".join(parts[:end]))
            if file is None or not file.is_own:
                return
            yield file


def _is_as_imported(file: ModuleFile, found: str) -> bool:
    module = sys.modules.get(file.name)
    if module is None or getattr(module, "__file__", None) != file.path:
        return True
    return _IMPORTED.setdefault(module, found) == found


def _volatile(tree: ast.AST) -> Iterator[str]:
    """Yields the names a module registers as volatile; an empty one stands for what nobody can tell."""
    decorators: set[int] = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Call) and _marks_volatile(decorator):
                decorators.add(id(decorator))
                yield node.name
                if decorator.args and isinstance(decorator.args[0], ast.Constant):
                    yield str(decorator.args[0].value)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and id(node) not in decorators and _marks_volatile(node):
            yield ""


def _marks_volatile(call: ast.Call) -> bool:
    named = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    return named == _DECORATOR and any(
        keyword.arg == "volatile"
        and not (isinstance(keyword.value, ast.Constant) and not keyword.value.value)
        for keyword in call.keywords
    )
