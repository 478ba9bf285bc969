"""Reader: what a dotted name in a config stands for, told from source text."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from odibi_core.functions.reading.found import (
    BrokenModule,
    Found,
    FoundClass,
    FoundFunction,
    FoundModule,
    MissingMember,
    MissingModule,
    NotCallable,
    Thing,
    Undecided,
)
from odibi_core.functions.reading.modules import (
    ModuleFile,
    ModuleFinder,
    Source,
    SourceProblem,
    read_source,
)
from odibi_core.functions.reading.namespaces import Binding, Namespace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MAX_STEPS = 40  # re-exports of re-exports; more is a cycle


class _BrokenError(Exception):
    def __init__(self, broken: BrokenModule) -> None:
        super().__init__()
        self.broken = broken


class Reader:
    """Resolves names as a run would, from the text of modules alone.

    Attributes:
        finder: Where modules are.
        trail: The modules that the name resolved last leads through, each of which a run imports.
    """

    def __init__(self, base: Path) -> None:
        self.finder = ModuleFinder(base)
        self.trail: list[str] = []
        self._steps = 0

    def resolve(self, name: str) -> Found:
        """Returns what `package.module.function` (or an attribute of a class in there) stands for."""
        parts = name.split(".")
        self._steps = 0
        file = self.finder.find(parts[0])
        if file is None:
            return MissingModule(parts[0], tuple(self.finder.listed([str(self.finder.base)])))
        thing: Thing = FoundModule(file)
        self.trail = [file.name]
        try:
            for index, part in enumerate(parts[1:], 1):
                owner = thing
                found = self.member(owner, part)
                if found is None:
                    path, kind = self._described(owner)
                    owner_name = ".".join(parts[:index])
                    return MissingMember(index, owner_name, kind, path, tuple(self._candidates(owner)))
                thing = found
                if isinstance(thing, FoundModule):
                    self.trail.append(thing.file.name)
            if isinstance(thing, FoundModule) and self._source(thing.file) is not None:
                return NotCallable("module")
        except _BrokenError as error:
            return error.broken
        return thing

    def source(self, file: ModuleFile) -> Source | BrokenModule | None:
        """Returns a module's text taken apart; None where there is none to read."""
        try:
            return self._source(file)
        except _BrokenError as error:
            return error.broken

    def expression(self, file: ModuleFile, node: ast.expr) -> Thing | None:
        """Returns what a name or dotted name in a module's text stands for; None if nothing binds it.

        Built-in names such as `int` are not told apart from names that nothing binds.
        """
        self._steps = 0
        try:
            source = self._source(file)
            return Undecided() if source is None else self._expression(file, source.namespace, node)
        except _BrokenError:
            return Undecided()

    def qualified(self, file: ModuleFile, node: ast.expr) -> str | None:
        """Returns the dotted name that a name in a module's text comes from, as its imports tell it.

        Modules outside the base directory are not read for it: `from functools import wraps` is enough.
        """
        if isinstance(node, ast.Attribute):
            owner = self.qualified(file, node.value)
            return None if owner is None else f"{owner}.{node.attr}"
        source = read_source(file)
        if not isinstance(node, ast.Name) or not isinstance(source, Source):
            return None
        binding = source.namespace.get(node.id)
        if binding is None:
            return None if source.namespace.is_open or source.namespace.stars else f"builtins.{node.id}"
        if binding.alias is not None and isinstance(binding.node, ast.Import):
            name = binding.alias.name
            return name if binding.alias.asname else name.partition(".")[0]
        if binding.alias is not None and isinstance(binding.node, ast.ImportFrom):
            origin = absolute_name(file, binding.node)
            target = self.finder.find(origin) if origin is not None else None
            self._steps += 1
            if target is not None and target.is_own and target.name != file.name and self._steps < _MAX_STEPS:
                return self.qualified(target, ast.Name(binding.alias.name, ast.Load()))
            return None if origin is None else f"{origin}.{binding.alias.name}"
        return f"{file.name}.{node.id}" if binding.kind in ("function", "class", "value") else None

    def constant(self, file: ModuleFile, node: ast.expr) -> ast.expr | None:
        """Returns the value that a module gives a name, once and for all; None where it does not."""
        source = read_source(file)
        if not isinstance(node, ast.Name) or not isinstance(source, Source):
            return None
        found = source.namespace.bindings.get(node.id, [])
        value = found[0].node if len(found) == 1 and found[0].kind == "value" else None
        return value if isinstance(value, ast.expr) else None

    def module_member(self, file: ModuleFile, name: str) -> Thing | None:
        """Returns what `from file import name` gets; None if that certainly fails."""
        self._steps = 0
        try:
            return self.member(FoundModule(file), name)
        except _BrokenError:
            return Undecided()

    def member(self, owner: Thing, name: str) -> Thing | None:
        """Returns an attribute; None if there certainly is none."""
        self._steps += 1
        if self._steps > _MAX_STEPS or (name.startswith("__") and name.endswith("__")):
            return Undecided()
        if isinstance(owner, FoundModule):
            return self._in_module(owner.file, name)
        if isinstance(owner, FoundClass):
            return self._in_class(owner, name)
        return Undecided()

    # -- modules --------------------------------------------------------------------------------------

    def _in_module(self, file: ModuleFile, name: str) -> Thing | None:
        source = self._source(file)
        if source is None:
            inside = self.finder.find(f"{file.name}.{name}") if file.is_package else None
            if inside is not None:
                return FoundModule(inside)
            return None if file.is_own and file.is_package else Undecided()
        binding = source.namespace.get(name)
        if binding is not None:
            return self._follow(file, source.namespace, binding, name)
        for star in reversed(source.namespace.stars):
            found = self._through_star(file, star, name)
            if found is not None:
                return found
        inside = self.finder.find(f"{file.name}.{name}") if file.is_package else None
        if inside is not None:
            return FoundModule(inside)
        return Undecided() if source.namespace.is_open else None

    def _through_star(self, file: ModuleFile, star: ast.ImportFrom, name: str) -> Thing | None:
        target = self._from(file, star)
        if target is None or target.name == file.name:
            return Undecided()
        source = self._source(target)
        if source is None:
            return Undecided()
        exported = source.namespace.get("__all__")
        if exported is None and name.startswith("_"):
            return None
        if exported is not None:
            names = _literal_names(exported) if len(source.namespace.bindings["__all__"]) == 1 else None
            if names is None:
                return Undecided()
            if name not in names:
                return None
        return self._in_module(target, name)

    def _follow(self, file: ModuleFile, namespace: Namespace, binding: Binding, name: str) -> Thing | None:
        self._steps += 1
        if self._steps > _MAX_STEPS:
            return Undecided()
        node = binding.node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and binding.kind == "function":
            return FoundFunction(file, node, name)
        if isinstance(node, ast.ClassDef) and binding.kind == "class":
            return FoundClass(file, node, name)
        if binding.alias is not None and isinstance(node, ast.Import):
            wanted = binding.alias.name if binding.alias.asname else binding.alias.name.partition(".")[0]
            return self._module(wanted)
        if binding.alias is not None and isinstance(node, ast.ImportFrom):
            target = self._from(file, node)
            if target is None:
                return Undecided()
            if target.name == file.name:  # `from . import clean` in the package itself
                inside = self.finder.find(f"{file.name}.{binding.alias.name}")
                return FoundModule(inside) if inside is not None else Undecided()
            found = self.member(FoundModule(target), binding.alias.name)
            return Undecided() if found is None else found
        if binding.kind == "value" and isinstance(node, ast.expr):
            return self._value(file, namespace, node, name)
        return Undecided()

    def _module(self, name: str) -> Thing:
        file = self.finder.find(name)
        return Undecided() if file is None else FoundModule(file)

    def _from(self, file: ModuleFile, node: ast.ImportFrom) -> ModuleFile | None:
        name = absolute_name(file, node)
        return None if name is None else self.finder.find(name)

    # -- classes and values ---------------------------------------------------------------------------

    def _in_class(self, owner: FoundClass, name: str) -> Thing | None:
        self._steps += 1
        if self._steps > _MAX_STEPS:
            return Undecided()
        namespace = Namespace.of(owner.node.body)
        binding = namespace.get(name)
        if binding is not None:
            return self._class_member(owner, namespace, binding, name)
        if owner.node.keywords or owner.node.decorator_list or namespace.is_open:
            return Undecided()
        source = self._source(owner.module)
        for base in owner.node.bases:
            if isinstance(base, ast.Name) and base.id == "object":
                continue
            above = (
                None if source is None else self._expression(owner.module, source.namespace, base)
            )  # fmt: skip
            if not isinstance(above, FoundClass):
                return Undecided()
            found = self._in_class(above, name)
            if found is not None:
                return found
        return None

    def _class_member(
        self, owner: FoundClass, namespace: Namespace, binding: Binding, name: str
    ) -> Thing | None:
        qualname = f"{owner.qualname}.{name}"
        if isinstance(binding.node, ast.ClassDef) and binding.kind == "class":
            return FoundClass(owner.module, binding.node, qualname)
        if not isinstance(binding.node, ast.FunctionDef | ast.AsyncFunctionDef) or binding.kind != "function":
            if binding.kind == "value" and isinstance(binding.node, ast.expr):
                found = self._value(owner.module, namespace, binding.node, name)
                return found if isinstance(found, NotCallable) else Undecided()
            return Undecided()
        marks = {mark.id for mark in binding.node.decorator_list if isinstance(mark, ast.Name)}
        if "staticmethod" in marks:
            return FoundFunction(owner.module, binding.node, qualname)
        if "classmethod" in marks:
            return FoundFunction(owner.module, binding.node, qualname, is_bound=True)
        if "property" in marks:
            return NotCallable("property")
        return FoundFunction(owner.module, binding.node, qualname, is_plain=True)

    def _value(self, file: ModuleFile, namespace: Namespace, node: ast.expr, name: str) -> Thing | None:
        if isinstance(node, ast.Lambda):
            return FoundFunction(file, node, "<lambda>")
        if isinstance(node, ast.Name | ast.Attribute):
            if isinstance(node, ast.Name) and node.id == name:
                return Undecided()
            return self._expression(file, namespace, node) or Undecided()
        kind = _literal_kind(node)
        return Undecided() if kind is None else NotCallable(kind)

    def _expression(self, file: ModuleFile, namespace: Namespace, node: ast.expr) -> Thing | None:
        if isinstance(node, ast.Name):
            binding = namespace.get(node.id)
            if binding is not None:
                return self._follow(file, namespace, binding, node.id)
            return Undecided() if namespace.is_open or namespace.stars else None
        if isinstance(node, ast.Attribute):
            owner = self._expression(file, namespace, node.value)
            return None if owner is None else self.member(owner, node.attr)
        return Undecided()

    # -- pieces ---------------------------------------------------------------------------------------

    def _source(self, file: ModuleFile) -> Source | None:
        source = read_source(file)
        if isinstance(source, SourceProblem):
            raise _BrokenError(BrokenModule(file, source))
        return source

    def _described(self, owner: Thing) -> tuple[str | None, str]:
        if isinstance(owner, FoundModule):
            return owner.file.path, "module"
        return (owner.module.path if isinstance(owner, FoundClass) else None), "class"

    def _candidates(self, owner: Thing) -> Iterator[str]:
        if isinstance(owner, FoundModule):
            source = self._source(owner.file)
            if source is not None:
                yield from source.namespace.names()
            if owner.file.is_package:
                yield from self.finder.listed(owner.file.search)
        elif isinstance(owner, FoundClass):
            yield from Namespace.of(owner.node.body).names()
            source = self._source(owner.module)
            for base in owner.node.bases:
                if source is None:
                    break
                above = self._expression(owner.module, source.namespace, base)
                yield from self._candidates(above) if isinstance(above, FoundClass) else ()


def absolute_name(file: ModuleFile, node: ast.ImportFrom) -> str | None:
    """Returns the module that `from ... import` takes from; None where it points above the top."""
    if node.level == 0:
        return node.module
    package = file.name.split(".") if file.is_package else file.name.split(".")[:-1]
    kept = len(package) - (node.level - 1)
    if kept <= 0:
        return None
    return ".".join([*package[:kept], *([node.module] if node.module else [])])


def _literal_names(binding: Binding) -> list[str] | None:
    if not isinstance(binding.node, ast.List | ast.Tuple):
        return None
    names = [item.value for item in binding.node.elts if isinstance(item, ast.Constant)]
    if len(names) != len(binding.node.elts):
        return None
    return [name for name in names if isinstance(name, str)]


_KINDS: tuple[tuple[type[ast.expr], str], ...] = (
    (ast.List, "list"),
    (ast.ListComp, "list"),
    (ast.Tuple, "tuple"),
    (ast.Dict, "dict"),
    (ast.DictComp, "dict"),
    (ast.Set, "set"),
    (ast.SetComp, "set"),
    (ast.JoinedStr, "str"),
)


def _literal_kind(node: ast.expr) -> str | None:
    if isinstance(node, ast.Constant):
        return type(node.value).__name__
    return next((kind for literal, kind in _KINDS if isinstance(node, literal)), None)
