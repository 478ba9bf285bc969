"""What `@odibi_function` and a result's annotation declare, read from a function's text."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from odibi_core.core.node import ENGINES
from odibi_core.functions.declaration import Requires, Result, columns_of, engines_of, requires_of

if TYPE_CHECKING:
    from odibi_core.functions.reading.found import FoundFunction
    from odibi_core.functions.reading.modules import ModuleFile
    from odibi_core.functions.reading.names import Reader

DECORATORS = frozenset(
    {"odibi_core.functions.odibi_function", "odibi_core.functions.registry.odibi_function"}
)
_RETURNS = frozenset({"odibi_core.functions.Returns", "odibi_core.functions.declaration.Returns"})
_KEYWORDS = ("engines", "returns", "requires", "volatile")


class NotLiteralError(Exception):
    """A value that only running the text would show."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something in a declaration that makes the import of its module fail."""

    line: int
    message: str


@dataclass(slots=True)
class Declaration:
    """What is declared about a function; what cannot be read is as if it were not declared.

    Attributes:
        engines: Engines whose frames it takes.
        result: The columns of its result.
        requires: Columns that the frame of a parameter must have; None stands for its first parameter.
        mistakes: What is wrong in it.
    """

    engines: tuple[str, ...] = ENGINES
    result: Result | None = None
    requires: Requires = ()
    mistakes: list[Mistake] = field(default_factory=list)


def declaration_of(reader: Reader, found: FoundFunction) -> Declaration:
    """Returns what is declared about a function by decorator and annotation."""
    declared = Declaration()
    if isinstance(found.node, ast.Lambda):
        return declared
    for mark in found.node.decorator_list:
        if isinstance(mark, ast.Call) and reader.qualified(found.module, mark.func) in DECORATORS:
            _read(reader, found.module, mark, declared)
    if declared.result is None and found.node.returns is not None:
        note = _note(found.node.returns, lambda func: reader.qualified(found.module, func) in _RETURNS)
        if note is not None:
            declared.result = _result(reader, found.module, note, declared)
    return declared


def annotated(annotation: str) -> Result | None:
    """Returns what an annotation kept as text declares of a result; None where it cannot be read."""
    note = _note(ast.parse(annotation, mode="eval").body, _is_called_returns)
    try:
        return None if note is None else columns_of(_returns(None, None, note))
    except NotLiteralError:
        return None


def literal(reader: Reader | None, file: ModuleFile | None, node: ast.expr) -> Any:
    """Returns the value of a literal, also of one that the module gave a name.

    Raises:
        NotLiteralError: It is none.
    """
    if isinstance(node, ast.Name | ast.Attribute) and reader is not None and file is not None:
        found = reader.constant(file, node)
        if found is None:
            raise NotLiteralError
        return literal(None, None, found)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "dict":
        if node.args or any(keyword.arg is None for keyword in node.keywords):
            raise NotLiteralError
        return {keyword.arg: literal(reader, file, keyword.value) for keyword in node.keywords}
    if isinstance(node, ast.Dict):
        if any(key is None for key in node.keys):
            raise NotLiteralError
        return {
            literal(reader, file, key): literal(reader, file, value)
            for key, value in zip(node.keys, node.values, strict=True)
            if key is not None
        }
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError):
        raise NotLiteralError from None


def _read(reader: Reader, file: ModuleFile, call: ast.Call, declared: Declaration) -> None:
    for keyword in call.keywords:
        if keyword.arg is None:
            continue
        if keyword.arg not in _KEYWORDS:
            from odibi_core.text import nearest

            close = nearest(keyword.arg, _KEYWORDS)
            said = f"; `{close}` exists" if close else f"; it has {', '.join(f'`{k}`' for k in _KEYWORDS)}"
            declared.mistakes.append(
                Mistake(keyword.value.lineno, f"`@odibi_function` has no `{keyword.arg}`{said}")
            )
            continue
        try:
            value = literal(reader, file, keyword.value)
            if keyword.arg == "engines":
                declared.engines = engines_of(value)
            elif keyword.arg == "returns" and value is not None:
                declared.result = columns_of(value)
            elif keyword.arg == "requires" and value is not None:
                declared.requires = requires_of(value)
        except NotLiteralError:
            continue
        except (ValueError, TypeError) as error:
            declared.mistakes.append(Mistake(keyword.value.lineno, str(error)))


def _result(reader: Reader, file: ModuleFile, note: ast.Call, declared: Declaration) -> Result | None:
    try:
        return columns_of(_returns(reader, file, note))
    except NotLiteralError:
        return None
    except (ValueError, TypeError) as error:
        declared.mistakes.append(Mistake(note.lineno, str(error)))
        return None


def _returns(reader: Reader | None, file: ModuleFile | None, note: ast.Call) -> dict[str, Any]:
    """Returns what a call of `Returns` in an annotation holds."""
    if len(note.args) > 1 or any(keyword.arg is None for keyword in note.keywords):
        raise NotLiteralError
    columns = dict(literal(reader, file, note.args[0])) if note.args else {}
    return columns | {str(k.arg): literal(reader, file, k.value) for k in note.keywords}


def _note(annotation: ast.expr, is_returns: Any) -> ast.Call | None:
    """Returns the call of `Returns` in `Annotated[..., Returns(...)]`."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        try:
            annotation = ast.parse(annotation.value, mode="eval").body
        except SyntaxError:
            return None
    if not isinstance(annotation, ast.Subscript) or not isinstance(annotation.slice, ast.Tuple):
        return None
    if _last(annotation.value) != "Annotated":
        return None
    calls = (note for note in annotation.slice.elts[1:] if isinstance(note, ast.Call))
    return next((note for note in calls if is_returns(note.func)), None)


def _is_called_returns(func: ast.expr) -> bool:
    return _last(func) == "Returns"


def _last(node: ast.expr) -> str | None:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else None
