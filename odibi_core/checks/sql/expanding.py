"""Calls as what they come to: macros and sequences that statements made, and query('…'), a subquery."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from odibi_core.checks.sql.names import plain_name
from odibi_core.checks.sql.pieces import NAME, closing, masked, parts
from odibi_core.checks.sql.rewriting import Rewritten
from odibi_core.checks.sql.tree import nodes_in
from odibi_core.config.sql_text import regions

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from odibi_core.checks.sql.lab import Lab

_CREATE = re.compile(
    r"\s*CREATE\s+(?P<replace>OR\s+REPLACE\s+)?(?:TEMP(?:ORARY)?\s+)?(?:MACRO|FUNCTION)\s+"
    rf"(?P<unless>IF\s+NOT\s+EXISTS\s+)?(?P<name>{NAME})\s*\(",
    re.IGNORECASE,
)
_AS = re.compile(r"\s*AS\s+(?!TABLE\b)", re.IGNORECASE)
_PARAMETER = re.compile(r"\s*(?P<name>[^\W\d]\w*)\s*(?:(?::=|=>)(?P<default>.*))?", re.DOTALL)
# Where a name may be something else than a parameter: a subquery's column, a lambda's own, a field's.
_SCOPED = re.compile(r'\b(?:SELECT|FROM|LAMBDA)\b|->|(?<!:):(?![:=])|:=|"|`|=>|\$', re.IGNORECASE)
_WORD = re.compile(r"[^\W\d]\w*")
_NAMED_ARGUMENT = re.compile(r":=|=>")
_SEQUENCE = re.compile(r"(?<![\w.\"])(?:nextval|currval)\s*\(\s*'(?P<name>x*)'\s*\)", re.IGNORECASE)
_ANY_SEQUENCE = re.compile(r"\b(?:nextval|currval)\b", re.IGNORECASE)
# A number that nobody takes for a constant.
_NUMBER = "CAST(random() AS BIGINT)"
_QUERY = re.compile(r"(?<![\w.\"])query\s*\(\s*'(?P<query>x+)'\s*\)", re.IGNORECASE)
_NOT_ALONE = re.compile(r"[';]|--|/\*")


@dataclass(frozen=True)
class Macro:
    """A scalar macro.

    Attributes:
        name: Its name, folded.
        parameters: The names of its parameters, folded.
        defaults: The default of each, as written; None for one that must be given.
        body: What it stands for: texts, and numbers of parameters.
    """

    name: str
    parameters: tuple[str, ...]
    defaults: tuple[str | None, ...]
    body: tuple[str | int, ...]


def made_macro(sql: str) -> tuple[str, Macro | None] | None:
    """Returns the folded name of the macro that a statement makes, and the macro where it is a plain one.

    None where it makes none, or none under a name without a schema.
    """
    code = masked(sql)
    created = _CREATE.match(code)
    if created is None:
        return None
    name = plain_name(sql[slice(*created.span("name"))]).casefold()
    last = closing(code, created.end() - 1)
    begins = _AS.match(code, last)
    if begins is None:
        return name, None
    body = _without_comments(sql, code)[begins.end() :].rstrip().rstrip(";").rstrip()
    hidden = masked(body)
    if _SCOPED.search(hidden) or len(parts(hidden, 0, len(hidden))) != 1:
        return name, None
    parameters: list[str] = []
    defaults: list[str | None] = []
    for start, stop in parts(code, created.end(), last - 1):
        found = _PARAMETER.fullmatch(sql, start, stop)
        if found is None:
            return name, None
        parameters.append(found["name"].casefold())
        defaults.append(found["default"])
    return name, Macro(name, tuple(parameters), tuple(defaults), tuple(_pieces(body, hidden, parameters)))


def _without_comments(sql: str, code: str) -> str:
    return "".join(
        " " if hidden == " " and char not in "'\"" else char for char, hidden in zip(sql, code, strict=True)
    )


def _pieces(body: str, hidden: str, parameters: list[str]) -> Iterator[str | int]:
    done = 0
    for word in _WORD.finditer(hidden):
        before, after = hidden[: word.start()].rstrip(), hidden[word.end() :].lstrip()
        if word[0].casefold() not in parameters or before.endswith((".", "'")) or after.startswith("("):
            continue
        yield body[done : word.start()]
        yield parameters.index(word[0].casefold())
        done = word.end()
    yield body[done:]


def expanded(sql: str, macros: Mapping[str, Macro | None], sequences: Collection[str]) -> Rewritten | None:
    """Returns a query with what the macros it calls stand for, and numbers and subqueries for other calls.

    Arguments stay where they are, so that what is wrong with them is found there. None where something is
    called whose meaning is not certain.
    """
    now = Rewritten(sql)
    if not macros and not sequences:
        return _with_subqueries(now, masked(sql)) if "query" in sql.casefold() else now
    code = masked(sql)
    if not quoted_names(sql).isdisjoint(macros):
        return None
    if sequences and _ANY_SEQUENCE.search(code):
        for call in _SEQUENCE.finditer(code):
            if sql[slice(*call.span("name"))].casefold() in sequences:
                now = now.with_edit(*call.span(), _NUMBER)
        if len(now.edits) < len(_ANY_SEQUENCE.findall(code)):
            return None
    named = {word.casefold() for word in _WORD.findall(code)} & macros.keys() if macros else set()
    for name in sorted(named):
        macro = macros[name]
        for call in re.finditer(rf"(?<![\w.]){re.escape(name)}\s*\(", code, re.IGNORECASE):
            after = None if macro is None else _called(now, sql, code, macro, call)
            if after is None:
                return None
            now = after
    hidden = masked(now.text)
    left = [rf"\b{re.escape(name)}\b\"?\s*\(" for name in macros]
    if left and re.search("|".join(left), hidden, re.IGNORECASE):
        return None  # called in another way: with its schema, of a value, in a copy of an argument
    return now


def _with_subqueries(now: Rewritten, code: str) -> Rewritten:
    """Returns a query with each `query('…')` as the subquery that it is."""
    for call in _QUERY.finditer(code):
        first, last = call.span("query")
        if not _NOT_ALONE.search(now.original, first, last):
            now = now.with_edit(call.start(), first, "(").with_edit(last, call.end(), ")")
    return now


def _called(now: Rewritten, sql: str, code: str, macro: Macro, call: re.Match[str]) -> Rewritten | None:
    end = closing(code, call.end() - 1)
    given = parts(code, call.end(), end - 1)
    if len(given) > len(macro.parameters) or any(_NAMED_ARGUMENT.search(code, *one) for one in given):
        return None
    if None in macro.defaults[len(given) :]:
        return None
    texts = [sql[start:stop] for start, stop in given]
    texts += [default or "" for default in macro.defaults[len(given) :]]
    order = list(dict.fromkeys(piece for piece in macro.body if isinstance(piece, int)))
    if [index for index in order if index < len(given)] != list(range(len(given))):
        whole = "".join(piece if isinstance(piece, str) else f"({texts[piece]})" for piece in macro.body)
        return now.with_edit(call.start(), end, f"({whole})")
    at, pending, placed = call.start(), "(", 0
    for piece in macro.body:
        if isinstance(piece, str):
            pending += piece
        elif piece == placed and piece < len(given):
            start, stop = given[piece]
            now = now.with_edit(at, start, pending + "(")
            at, pending, placed = stop, ")", placed + 1
        else:
            pending += f"({texts[piece]})"
    return now.with_edit(at, end, pending + ")")


def quoted_names(sql: str) -> set[str]:
    """Returns the names that stand in quotes, folded."""
    return {
        plain_name(sql[region.start : region.end]).casefold()
        for region in regions(sql)
        if region.kind == "name"
    }


def has_unnamed(lab: Lab, now: Rewritten) -> bool:
    """Whether a query selects something by a name that is worked out of what was rewritten."""
    parsed = lab.parsed(now.original)
    if parsed is None:
        return True
    code = masked(now.original)
    starts = [edit.start for edit in now.edits if _WORD.match(code, edit.start)]
    called = {_WORD.match(code, start)[0].casefold() for start in starts}  # type: ignore[index]
    return any(
        not item.get("alias")
        and any(str(part.get("function_name", "")).casefold() in called for part in nodes_in(item))
        for node in nodes_in(parsed)
        if node.get("type") == "SELECT_NODE"
        for item in node.get("select_list") or ()
    )


__all__ = ["Macro", "expanded", "has_unnamed", "made_macro", "quoted_names"]
