"""What the statements of a module or class bind, as far as that can be told without running them."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Kind = Literal["function", "class", "import", "from", "value", "unknown"]
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef

# A text that uses one of these may bind names that no statement shows.
_DYNAMIC = frozenset(
    {"globals", "exec", "eval", "vars", "locals", "setattr", "__import__", "import_module", "__dict__"}
)


@dataclass(frozen=True, slots=True)
class Binding:
    """One place where a name is bound.

    Attributes:
        kind: What binds it.
        node: The statement, or the value that is assigned.
        is_certain: Whether it is reached whatever happens.
        alias: Of an import: the name as the module it comes from has it.
    """

    kind: Kind
    node: ast.AST
    is_certain: bool
    alias: ast.alias | None = None


@dataclass(slots=True)
class Namespace:
    """Names and what they are bound to, in order.

    Attributes:
        bindings: Every binding of a name, in order.
        stars: `from ... import *`, in order.
        imports: Every import statement that is certainly carried out, in order.
        is_open: Whether there may be names that no statement shows.
        changes_path: Whether it changes where Python looks for modules.
    """

    bindings: dict[str, list[Binding]] = field(default_factory=dict)
    stars: list[ast.ImportFrom] = field(default_factory=list)
    imports: list[ast.Import | ast.ImportFrom] = field(default_factory=list)
    is_open: bool = False
    changes_path: bool = False

    @classmethod
    def of(cls, body: Sequence[ast.stmt], whole: ast.Module | None = None) -> Namespace:
        """Returns what a body binds; with the `whole` module, also what functions in there may bind."""
        namespace = cls()
        namespace._walk(body, True)
        if "__getattr__" in namespace.bindings or "__path__" in namespace.bindings:
            namespace.is_open = True
        for node in ast.walk(whole) if whole is not None else ():
            if isinstance(node, ast.Global):
                for name in node.names:
                    namespace._bind(name, Binding("unknown", node, False))
            elif isinstance(node, ast.Name) and node.id == "__all__" and isinstance(node.ctx, ast.Load):
                namespace._bind("__all__", Binding("unknown", node, False))  # `__all__.extend(...)`
            elif (isinstance(node, ast.Name) and node.id in _DYNAMIC) or (
                isinstance(node, ast.Attribute)
                and (node.attr in _DYNAMIC or (node.attr == "modules" and _is_name(node.value, "sys")))
            ):
                namespace.is_open = True
            elif isinstance(node, ast.Attribute) and node.attr in ("path", "meta_path", "addsitedir"):
                namespace.changes_path |= _is_name(node.value, "sys") or _is_name(node.value, "site")
        return namespace

    def get(self, name: str) -> Binding | None:
        """Returns what a name is bound to in the end: None if nothing binds it, `unknown` if undecided."""
        found = self.bindings.get(name)
        if not found:
            return None
        last = found[-1]
        return last if last.is_certain else Binding("unknown", last.node, False)

    def names(self) -> list[str]:
        """Returns the names that do not start with an underscore."""
        return [name for name in self.bindings if not name.startswith("_")]

    def _bind(self, name: str, binding: Binding) -> None:
        self.bindings.setdefault(name, []).append(binding)

    def _walk(self, body: Iterable[ast.stmt], certain: bool) -> None:
        for statement in body:
            self._statement(statement, certain)

    def _statement(self, node: ast.stmt, certain: bool) -> None:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            self._bind(node.name, Binding("function", node, certain))
        elif isinstance(node, ast.ClassDef):
            self._bind(node.name, Binding("class", node, certain))
        elif isinstance(node, ast.Import | ast.ImportFrom):
            self._import(node, certain)
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                self._target(target, node.value, certain)
        elif isinstance(node, ast.AnnAssign):
            if node.value is not None:
                self._target(node.target, node.value, certain)
        elif isinstance(node, ast.AugAssign):
            self._target(node.target, None, certain)
        elif isinstance(node, ast.Delete):
            for target in node.targets:
                self._target(target, None, certain)
        elif isinstance(node, ast.If):
            self._if(node, certain)
        else:
            self._block(node)
        for expression in _expressions(node):
            for inner in ast.walk(expression):
                if isinstance(inner, ast.NamedExpr):
                    self._target(inner.target, None, certain)

    def _import(self, node: ast.Import | ast.ImportFrom, certain: bool) -> None:
        if certain:
            self.imports.append(node)
        for alias in node.names:
            if alias.name == "*" and isinstance(node, ast.ImportFrom):
                self.stars.append(node)
                continue
            kind: Kind = "import" if isinstance(node, ast.Import) else "from"
            name = alias.asname or (alias.name.partition(".")[0] if kind == "import" else alias.name)
            self._bind(name, Binding(kind, node, certain, alias))

    def _target(self, target: ast.expr, value: ast.expr | None, certain: bool) -> None:
        if isinstance(target, ast.Name):
            kind: Kind = "value" if value is not None else "unknown"
            self._bind(target.id, Binding(kind, value if value is not None else target, certain))
        else:
            for inner in ast.walk(target):
                if isinstance(inner, ast.Name):
                    self._bind(inner.id, Binding("unknown", inner, certain))

    def _if(self, node: ast.If, certain: bool) -> None:
        truth = _truth(node.test)
        if truth is not False:
            self._walk(node.body, certain and truth is True)
        if truth is not True:
            self._walk(node.orelse, certain and truth is False)

    def _block(self, node: ast.stmt) -> None:
        """Walks what may be left half-way, or carried out never or often."""
        if isinstance(node, ast.For | ast.AsyncFor):
            self._target(node.target, None, False)
        elif isinstance(node, ast.With | ast.AsyncWith):
            for item in node.items:
                if item.optional_vars is not None:
                    self._target(item.optional_vars, None, False)
        elif isinstance(node, ast.Match):
            for inner in ast.walk(node):
                name = getattr(inner, "name", None) or getattr(inner, "rest", None)
                if isinstance(inner, ast.MatchAs | ast.MatchStar | ast.MatchMapping) and name:
                    self._bind(name, Binding("unknown", inner, False))
        for inner in ast.iter_child_nodes(node):
            if isinstance(inner, ast.ExceptHandler | ast.match_case):
                self._walk(inner.body, False)
            elif isinstance(inner, ast.stmt):
                self._statement(inner, False)


def _expressions(node: ast.stmt) -> Iterator[ast.expr]:
    """Yields the expressions of a statement itself, not those of the statements in it."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr):
            yield child


def _truth(test: ast.expr) -> bool | None:
    """Returns what a condition is when a module is imported, where that is always the same."""
    if isinstance(test, ast.Constant):
        return bool(test.value)
    if _is_name(test, "TYPE_CHECKING") or (isinstance(test, ast.Attribute) and test.attr == "TYPE_CHECKING"):
        return False
    if isinstance(test, ast.Compare) and _is_name(test.left, "__name__") and len(test.ops) == 1:
        (other,) = test.comparators
        if isinstance(other, ast.Constant) and other.value == "__main__":
            return isinstance(test.ops[0], ast.NotEq)
    return None


def _is_name(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name
