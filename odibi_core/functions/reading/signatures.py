"""A function's signature and the shape of its result, from its text."""

from __future__ import annotations

import ast
import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from odibi_core.functions.reading.declared import DECORATORS
from odibi_core.functions.reading.found import FoundFunction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from odibi_core.functions.reading.names import Reader
    from odibi_core.functions.reading.namespaces import FunctionNode

# Decorators that give back the function as it was, or one that gives the same result.
_SAME = DECORATORS | {
    "builtins.staticmethod",
    "builtins.classmethod",
    "functools.lru_cache",
    "functools.cache",
    "typing.no_type_check",
    "typing.final",
    "typing_extensions.deprecated",
    "warnings.deprecated",
}
Keeps = Literal["all", "signature", "nothing"]
_HAS_DEFAULT = object()  # what the default is does not matter here


@dataclass(frozen=True, slots=True)
class ResultShape:
    """What a function certainly returns, as far as its `return` statements show it.

    Attributes:
        nothing: It returns None whatever happens.
        kind: It returns something that is no frame, and what.
        keys: The keys of the dict it returns.
    """

    nothing: bool = False
    kind: str | None = None
    keys: tuple[str, ...] | None = None


def signature_of(reader: Reader, found: FoundFunction) -> inspect.Signature | None:
    """Returns the signature as `inspect.signature` would; None where a decorator may change it.

    Annotations are kept as expressions, defaults as the fact that there is one.
    """
    if decorators_keep(reader, found) == "nothing":
        return None
    arguments = found.node.args
    kinds = inspect.Parameter
    positional = [*arguments.posonlyargs, *arguments.args]
    plain = len(positional) - len(arguments.defaults)
    parameters = [
        kinds(
            argument.arg,
            kinds.POSITIONAL_ONLY if index < len(arguments.posonlyargs) else kinds.POSITIONAL_OR_KEYWORD,
            default=kinds.empty if index < plain else _HAS_DEFAULT,
            annotation=argument.annotation,
        )
        for index, argument in enumerate(positional)
    ]
    if found.is_bound:
        parameters = parameters[1:]
    if arguments.vararg is not None:
        parameters.append(kinds(arguments.vararg.arg, kinds.VAR_POSITIONAL))
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        parameters.append(
            kinds(
                argument.arg,
                kinds.KEYWORD_ONLY,
                default=kinds.empty if default is None else _HAS_DEFAULT,
                annotation=argument.annotation,
            )
        )
    if arguments.kwarg is not None:
        parameters.append(kinds(arguments.kwarg.arg, kinds.VAR_KEYWORD))
    return inspect.Signature(parameters)


def takes_none(found: FoundFunction, name: str) -> bool:
    """Whether the default of a parameter is None, which lets its annotation leave None out."""
    arguments = found.node.args
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults = dict(zip(reversed([a.arg for a in positional]), reversed(arguments.defaults), strict=False))
    keyword_only = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    defaults |= {argument.arg: default for argument, default in keyword_only if default is not None}
    default = defaults.get(name)
    return isinstance(default, ast.Constant) and default.value is None


def result_shape(reader: Reader, found: FoundFunction) -> ResultShape:
    """Returns what a function certainly returns; nothing is certain where a decorator may change it."""
    node = found.node
    if isinstance(node, ast.Lambda) or decorators_keep(reader, found) != "all":
        return ResultShape()
    inside = list(_own_nodes(node))
    if any(isinstance(inner, ast.Yield | ast.YieldFrom) for inner in inside):
        # An asynchronous generator cannot be awaited, a plain one is no frame.
        return ResultShape(kind="a generator")
    values = [inner.value for inner in inside if isinstance(inner, ast.Return)]
    given = [value for value in values if not _is_none(value)]
    if not given:
        # What only raises fails in a way of its own.
        return ResultShape(nothing=not any(isinstance(inner, ast.Raise) for inner in inside))
    if all(isinstance(value, ast.Tuple) for value in given):
        return ResultShape(kind="a tuple")
    if all(isinstance(value, ast.Constant | ast.JoinedStr) for value in given):
        return ResultShape(kind="a single value")
    keys = [_keys(value) for value in given]
    first = keys[0]
    same = first is not None and all(other is not None and set(other) == set(first) for other in keys)
    return ResultShape(keys=first if same and len(given) == len(values) else None)


def decorators_keep(reader: Reader, found: FoundFunction) -> Keeps:
    """Returns what the decorators of a function leave as it was."""
    kept: Keeps = "all"
    for mark in getattr(found.node, "decorator_list", ()):
        one = _keeps(reader, found, mark)
        if one == "nothing":
            return "nothing"
        if one == "signature":
            kept = "signature"
    return kept


def _keeps(reader: Reader, found: FoundFunction, mark: ast.expr) -> Keeps:
    func = mark.func if isinstance(mark, ast.Call) else mark
    if reader.qualified(found.module, func) in _SAME:
        return "all"
    decorator = reader.expression(found.module, func)
    if not isinstance(decorator, FoundFunction) or isinstance(decorator.node, ast.Lambda):
        return "nothing"
    node: FunctionNode | None = decorator.node
    if isinstance(mark, ast.Call):  # the call gives the decorator
        node = _returned_function(decorator.node)
    parameters = [*node.args.posonlyargs, *node.args.args] if node is not None else []
    if node is None or node.decorator_list or not parameters:
        return "nothing"
    returned = [inner.value for inner in _own_nodes(node) if isinstance(inner, ast.Return)]
    names = [value.id for value in returned if isinstance(value, ast.Name)]
    if not names or len(names) != len(returned):
        return "nothing"
    if all(name == parameters[0].arg for name in names):
        return "all"
    inner_function = _returned_function(node)
    if inner_function is None:
        return "nothing"
    for wrap in inner_function.decorator_list:
        if isinstance(wrap, ast.Call) and reader.qualified(decorator.module, wrap.func) == "functools.wraps":
            return "signature"
    return "nothing"


def _returned_function(node: FunctionNode) -> FunctionNode | None:
    """Returns the function inside another that the other returns."""
    functions = {
        inner.name: inner for inner in node.body if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    returned = [inner.value for inner in _own_nodes(node) if isinstance(inner, ast.Return)]
    if len(returned) != 1 or not isinstance(returned[0], ast.Name):
        return None
    return functions.get(returned[0].id)


def _own_nodes(node: FunctionNode) -> Iterator[ast.AST]:
    """Yields what is inside a function, without what is inside the functions and classes in there."""
    waiting: list[ast.AST] = list(node.body)
    while waiting:
        inner = waiting.pop()
        yield inner
        if not isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            waiting.extend(ast.iter_child_nodes(inner))


def _is_none(value: ast.expr | None) -> bool:
    return value is None or (isinstance(value, ast.Constant) and value.value is None)


def _keys(value: ast.expr | None) -> tuple[str, ...] | None:
    if not isinstance(value, ast.Dict):
        return None
    keys = [key.value for key in value.keys if isinstance(key, ast.Constant)]
    if len(keys) != len(value.keys):
        return None
    return tuple(key for key in keys if isinstance(key, str))
