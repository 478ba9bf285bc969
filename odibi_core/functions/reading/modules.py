"""Where modules are and what their text says, found the way `import` would without importing anything."""

from __future__ import annotations

import ast
import functools
import importlib.machinery
import os
import pkgutil
import sys
import threading
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from odibi_core.functions.reading.namespaces import Namespace

if TYPE_CHECKING:
    from collections.abc import Sequence

_SOURCE = tuple(importlib.machinery.SOURCE_SUFFIXES)
_BINARY = (*importlib.machinery.EXTENSION_SUFFIXES, *importlib.machinery.BYTECODE_SUFFIXES)
# A package whose text holds one of these may have modules that no search finds (`six.moves`).
_MAKES_MODULES = (b"sys.modules", b"meta_path", b"__path__", b"import_module")
_MAX_BYTES = 2_000_000

Places = tuple[tuple[str, int | None], ...]


@dataclass(frozen=True, slots=True)
class ModuleFile:
    """A module that is there.

    Attributes:
        name: Its dotted name.
        path: Its source; None where there is none to read (written in C, a namespace package).
        search: Directories of its submodules; empty if it is no package.
        is_own: Whether it lies in the base directory.
    """

    name: str
    path: str | None
    search: tuple[str, ...]
    is_own: bool

    @property
    def is_package(self) -> bool:
        """Whether it has modules inside."""
        return bool(self.search)


@dataclass(frozen=True, slots=True)
class Source:
    """The text of a module, taken apart.

    Attributes:
        namespace: What its top level binds.
        tree: The whole.
    """

    namespace: Namespace
    tree: ast.Module


@dataclass(frozen=True, slots=True)
class SourceProblem:
    """Why a module cannot be compiled.

    Attributes:
        message: What Python says.
        line: Where, from 1; None where it says nothing.
        column: Where, from 1.
    """

    message: str
    line: int | None = None
    column: int | None = None


class ModuleFinder:
    """Finds modules in a base directory and where this Python looks for them.

    Attributes:
        base: The directory.
        looked_at: Paths that were looked for, there or not.
    """

    def __init__(self, base: Path) -> None:
        self.base = base
        self.looked_at: dict[str, None] = {}
        self._found: dict[str, ModuleFile | None] = {}
        self._listings: dict[str, frozenset[str]] = {}
        self._places: Places | None = None

    def find(self, name: str) -> ModuleFile | None:
        """Returns a module by its dotted name, or None if there certainly is none."""
        if name not in self._found:
            parent, _, last = name.rpartition(".")
            self._found[name] = self._inside(parent, last) if parent else self._top(name)
        return self._found[name]

    def is_hidden(self, name: str) -> bool:
        """Whether a module of the base directory has the name of one that Python may have loaded before."""
        return name in sys.stdlib_module_names and self._beside(name) is not None

    def listed(self, directories: Sequence[str]) -> list[str]:
        """Returns the names of the modules in some directories."""
        for directory in directories:
            self.looked_at[directory + os.sep] = None  # with the separator: what is in it counts
        return [found.name for found in pkgutil.iter_modules(list(directories))]

    def _top(self, name: str) -> ModuleFile | None:
        beside = self._beside(name)
        if beside is not None and name in sys.stdlib_module_names:
            return ModuleFile(name, None, (), False)  # which of the two is meant, the run alone knows
        if beside is not None and beside.path is not None:
            return beside
        installed = self._outside(name, None)
        if installed is not None and installed.path is not None:
            return installed
        return beside or installed

    def _beside(self, name: str) -> ModuleFile | None:
        return self._in_directory(str(self.base), name, name)

    def _inside(self, parent: str, last: str) -> ModuleFile | None:
        owner = self.find(parent)
        if owner is None:
            return None
        name = f"{parent}.{last}"
        if owner.is_own:
            for directory in owner.search:
                found = self._in_directory(directory, last, name)
                if found is not None:
                    return found
            return ModuleFile(name, None, (), False) if _may_make_modules(owner, namespace=True) else None
        found = self._outside(name, owner.search) if owner.search or name in sys.modules else None
        if found is None and _may_make_modules(owner):
            return ModuleFile(name, None, (), False)
        return found

    def _outside(self, name: str, search: tuple[str, ...] | None) -> ModuleFile | None:
        if self._places is None:
            self._places = _places()
        found = _installed(name, search, self._places)
        if found is None and name in sys.modules:  # made by a module, such as `os.path`
            return ModuleFile(name, None, (), False)
        return found

    def _in_directory(self, directory: str, last: str, name: str) -> ModuleFile | None:
        """Does for one directory what Python's own finder does for an entry of `sys.path`."""
        package = os.path.join(directory, last)  # noqa: PTH118 - as `sys.path` has it
        is_directory = last in self._listing(directory)
        self.looked_at[os.path.join(package, "__init__.py")] = None  # noqa: PTH118
        for suffix in (*_SOURCE, *_BINARY) if is_directory else ():
            path = os.path.join(package, "__init__" + suffix)  # noqa: PTH118
            if self._is_file(path, note=suffix in _SOURCE):
                return ModuleFile(name, path if suffix in _SOURCE else None, (package,), True)
        for suffix in (*importlib.machinery.EXTENSION_SUFFIXES, *_SOURCE, *_BINARY):
            if self._is_file(package + suffix, note=suffix in _SOURCE):
                return ModuleFile(name, package + suffix if suffix in _SOURCE else None, (), True)
        return ModuleFile(name, None, (package,), True) if is_directory and Path(package).is_dir() else None

    def _is_file(self, path: str, *, note: bool) -> bool:
        if note:
            self.looked_at[path] = None
        directory, name = os.path.split(path)
        # Most candidates are not there: one look at a directory is cheaper than one at each of them.
        return name in self._listing(directory) and Path(path).is_file()

    def _listing(self, directory: str) -> frozenset[str]:
        found = self._listings.get(directory)
        if found is None:
            try:
                found = frozenset(os.listdir(directory))  # noqa: PTH208 - names alone
            except OSError:
                found = frozenset()
            self._listings[directory] = found
        return found


def read_source(file: ModuleFile) -> Source | SourceProblem | None:
    """Returns the text of a module taken apart; None where it has none or cannot be read."""
    if file.path is None:
        return None
    try:
        status = Path(file.path).stat()
        if status.st_size > _MAX_BYTES:
            return None
        return _read(file.path, status.st_mtime_ns, status.st_size)
    except OSError:
        return None


@functools.lru_cache(maxsize=128)
def _read(path: str, _changed: int, _size: int) -> Source | SourceProblem:
    data = Path(path).read_bytes()
    try:
        with _QUIET, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # or `x is 1` in the module writes over the screen
            tree = ast.parse(data, path)
            # Some mistakes only the compiler sees, such as `return` outside a function. Nothing runs.
            compile(data, path, "exec", dont_inherit=True)
    except SyntaxError as error:
        return SourceProblem(error.msg or "invalid syntax", error.lineno, error.offset)
    except (ValueError, RecursionError, MemoryError) as error:
        return SourceProblem(str(error) or type(error).__name__)
    return Source(Namespace.of(tree.body, tree), tree)


# `catch_warnings` changes what belongs to the process, so only one thread at a time may.
_QUIET = threading.Lock()


@functools.lru_cache(maxsize=2048)
def _installed(name: str, search: tuple[str, ...] | None, _places: Places) -> ModuleFile | None:
    """Returns a module outside the base directory. Given the search path, no parent is imported.

    What is found is remembered as long as Python looks in the same places and nothing is put there.
    """
    for finder in sys.meta_path:
        find_spec = getattr(finder, "find_spec", None)
        spec = None if find_spec is None else find_spec(name, search)
        if spec is None:
            continue
        origin = spec.origin if spec.has_location else None
        path = origin if origin is not None and origin.endswith(_SOURCE) else None
        return ModuleFile(name, path, tuple(spec.submodule_search_locations or ()), False)
    return None


def _places() -> Places:
    """Returns where Python looks for modules, each place with when something was last put there."""
    places: list[tuple[str, int | None]] = []
    for entry in sys.path:
        try:
            places.append((entry, Path(entry or ".").stat().st_mtime_ns))
        except OSError:
            places.append((entry, None))
    return tuple(places)


def _may_make_modules(owner: ModuleFile, *, namespace: bool = False) -> bool:
    if owner.path is None:
        return not (namespace and owner.search)  # a plain directory has what lies in it
    try:
        text = Path(owner.path).read_bytes()
    except OSError:
        return True
    return any(mark in text for mark in _MAKES_MODULES)
