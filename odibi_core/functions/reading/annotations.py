"""Whether a value from a config fits a parameter's annotation, where that is certain."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from odibi_core.functions.reading.declared import NotLiteralError, literal

if TYPE_CHECKING:
    from odibi_core.functions.reading.modules import ModuleFile
    from odibi_core.functions.reading.names import Reader


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an annotation asks for.

    Attributes:
        described: In words.
        choices: The values it may have, where it lists them.
    """

    described: str
    choices: tuple[Any, ...] = ()


_PLAIN = {
    "builtins.str": (str,),
    "builtins.int": (int,),
    "builtins.float": (float, int),
    "builtins.bool": (bool, int),
    "builtins.list": (list,),
    "builtins.dict": (dict,),
    **dict.fromkeys(("typing.List", "typing.Iterable", "collections.abc.Iterable"), (list, str, dict)),
    **dict.fromkeys(("typing.Sequence", "collections.abc.Sequence"), (list, str)),
    **dict.fromkeys(("typing.Dict", "typing.Mapping", "collections.abc.Mapping"), (dict,)),
    "typing.List": (list,),
}
_WORDS = {str: "a text", int: "a whole number", float: "a number", bool: "true or false", list: "a list"}
_UNIONS = ("typing.Union", "typing.Optional")


def misfit(reader: Reader, file: ModuleFile, annotation: ast.expr, value: Any) -> Wanted | None:
    """Returns what an annotation asks for if a value certainly is something else.

    Args:
        reader: Reads modules.
        file: Where the annotation stands.
        annotation: Such as `str`, `int | None`, `Literal["left", "right"]`, `list[str]`.
        value: What JSON holds: text, number, true, false, null, list or object.
    """
    wanted: list[Wanted] = []
    for part in _alternatives(reader, file, annotation):
        one = _judge(reader, file, part, value)
        if one is None:
            return None
        wanted.append(one)
    if not wanted:
        return None
    choices = tuple(choice for one in wanted for choice in one.choices)
    words = list(dict.fromkeys(one.described for one in wanted))
    return Wanted(" or ".join(words), choices)


def _judge(reader: Reader, file: ModuleFile, node: ast.expr, value: Any) -> Wanted | None:
    if isinstance(node, ast.Constant) and node.value is None:
        return None if value is None else Wanted("null")
    base = node.value if isinstance(node, ast.Subscript) else node
    name = reader.qualified(file, base) if isinstance(base, ast.Name | ast.Attribute) else None
    if name in ("typing.Literal", "typing_extensions.Literal") and isinstance(node, ast.Subscript):
        try:
            choices = literal(None, None, node.slice)
        except NotLiteralError:
            return None
        listed = choices if isinstance(choices, tuple) else (choices,)
        if any(value == choice and type(value) is type(choice) for choice in listed):
            return None
        return Wanted(" or ".join(f"`{choice}`" for choice in listed), listed)
    kinds = _PLAIN.get(name or "")
    if kinds is None or isinstance(value, kinds) or (float in kinds and isinstance(value, bool)):
        return None
    return Wanted("an object" if kinds[0] is dict else _WORDS[kinds[0]])


def _alternatives(reader: Reader, file: ModuleFile, node: ast.expr) -> list[ast.expr]:
    """Returns the members of a union, or what is not one by itself."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        try:
            return _alternatives(reader, file, ast.parse(node.value, mode="eval").body)
        except SyntaxError:
            return [node]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return [*_alternatives(reader, file, node.left), *_alternatives(reader, file, node.right)]
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name | ast.Attribute):
        name = reader.qualified(file, node.value)
        if name in _UNIONS:
            members = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
            found = [part for member in members for part in _alternatives(reader, file, member)]
            return found if name == "typing.Union" else [*found, ast.Constant(None)]
    return [node]
