"""Selections of steps: the small language of `--select` and `--exclude`, as dbt's users know it.

    orders                 the step of that name
    +orders   2+orders     and all steps it needs; those up to two steps above
    orders+   orders+1     and all steps that need it; those up to one step below
    @orders                and all that need it, and all that these need
    layer:store  tag:daily  engine:duckdb  type:sql
    stage_*                names by wildcards
    changed                steps that are not what they were in the last good run, or whose data are not
    a b                    a and b;  a,b  what is in both

A name with spaces, commas or plus signs stands in quotes: "my step"+. `name:changed` is a step of that name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from odibi_core.errors import SelectionError
from odibi_core.text import nearest, one_line

if TYPE_CHECKING:
    from odibi_core.core.node import Step
    from odibi_core.plan.graph import Graph

METHODS = ("name", "layer", "tag", "engine", "type")
CHANGED = "changed"

Changed = Callable[[], Collection[str]]

_TERM = re.compile(r"(?P<at>@)?(?:(?P<above>\d*)\+)?(?P<core>.+?)(?:\+(?P<below>\d*))?", re.DOTALL)
_QUOTED = re.compile(r'"([^"]*)"|\'([^\']*)\'')
_OPENS = re.compile(r"@?(\d*\+)?(\w+:)?")  # what a quoted name may follow
_PLAIN = re.compile(r"[^\W\d][\w./-]*")  # names that need no quotes
_WILD = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class Term:
    """One term of a selection.

    Attributes:
        text: As written.
        method: How `value` is meant: one of `METHODS`, or `changed`.
        value: What it says; in a name, wildcards count unless it was quoted.
        exact: Whether a name was quoted.
        above: Steps up: 0 for none, None for all.
        below: Steps down likewise.
        around: Whether all that these need is meant too (`@`).
    """

    text: str
    method: str
    value: str
    exact: bool = False
    above: int | None = 0
    below: int | None = 0
    around: bool = False


def parse(text: str) -> list[list[Term]]:
    """Returns the alternatives of a selection, each a list of terms that all have to hold.

    Raises:
        SelectionError: A term says nothing.
    """
    return [[_term(part) for part in _split(word, ",", text)] for word in _words(text)]


def quoted(name: str) -> str:
    """Returns a step's name as a term of a selection that means this step alone.

    Raises:
        SelectionError: It holds both kinds of quotes.
    """
    if _PLAIN.fullmatch(name) and name != CHANGED:
        return name
    mark = next((mark for mark in "\"'" if mark not in name), None)
    if mark is None:
        raise SelectionError(f"`{one_line(name)}` holds both kinds of quotes, so no selection can name it")
    return f"{mark}{name}{mark}"


def select(
    steps: Sequence[Step],
    graph: Graph,
    include: Iterable[str] = (),
    exclude: Iterable[str] = (),
    *,
    changed: Changed | None = None,
) -> frozenset[str]:
    """Returns the names of the steps that are selected.

    Args:
        steps: The pipeline's steps.
        graph: Their graph.
        include: Selections, together; all steps if there is none.
        exclude: Selections of steps that are left out.
        changed: Tells which steps have changed; asked if a term wants to know.

    Raises:
        SelectionError: A term says nothing, or names what is not there.
    """
    chooser = _Chooser(steps, graph, changed)
    wanted = list(include)
    if not all(text.strip() for text in wanted):  # what a shell makes of a variable that is not set
        raise SelectionError("the selection is empty", help=f"{_FORMS}; all steps run where none is given")
    found = set(graph.names) if not wanted else chooser.union(wanted)
    if wanted and not found and not chooser.has_asked:
        raise SelectionError(
            f"`{one_line(' '.join(wanted))}`: no step is in all that stands between commas",
            help="a comma means what is in both, a space means one and the other",
        )
    return frozenset(found - chooser.union(exclude))


class _Chooser:
    def __init__(self, steps: Sequence[Step], graph: Graph, changed: Changed | None) -> None:
        self._graph = graph
        self._steps = {step.name: step for step in reversed(steps)}
        self._changed = changed
        self.has_asked = False  # what has changed; that this is nothing is no mistake

    def union(self, texts: Iterable[str]) -> set[str]:
        found: set[str] = set()
        for text in texts:
            for terms in parse(text):
                found |= set.intersection(*(self.matches(term) for term in terms))
        return found

    def matches(self, term: Term) -> set[str]:
        found = set(self._core(term))
        reached = set(found)
        if term.above != 0:
            reached |= _reach(found, self._graph.needs, term.above)
        if term.below != 0 or term.around:
            reached |= _reach(found, self._graph.dependents, None if term.around else term.below)
        if term.around:
            reached |= _reach(reached, self._graph.needs, None)
        return reached

    def _core(self, term: Term) -> Collection[str]:
        value = term.value
        if term.method == CHANGED:
            if self._changed is None:
                raise _error(term, f"`{CHANGED}` means nothing here: no runs are known")
            self.has_asked = True
            return set(self._changed()) & set(self._graph.names)
        if term.method == "name":
            return self._named(term)
        of = _OF[term.method]
        found = [name for name in self._graph.names if value in of(self._steps[name])]
        if not found:
            known = sorted({item for step in self._steps.values() for item in of(step)})
            close = nearest(value, known)
            raise _error(
                term,
                f"no step has the {term.method} `{one_line(value)}`",
                f"did you mean `{term.method}:{close}`" if close else _listed(term.method, known),
            )
        return found

    def _named(self, term: Term) -> Collection[str]:
        names, value = self._graph.names, term.value
        if value in self._steps:
            return [value]
        if not term.exact and _WILD.search(value):
            found = [name for name in names if fnmatchcase(name, value)]
            if found:
                return found
            raise _error(term, f"no step's name matches `{one_line(value)}`")
        close = nearest(value, names)
        method, colon, _ = value.partition(":")
        if close is None and colon and not term.exact:
            raise _error(
                replace(term, value=term.text),
                f"no step is called `{one_line(value)}`, and nothing can be selected by `{one_line(method)}`",
                f"what can be is {', '.join(f'`{known}:`' for known in METHODS)}",
            )
        raise _error(
            term,
            f"no step is called `{one_line(value)}`",
            f"did you mean `{one_line(close)}`" if close else None,
        )


def tags_of(step: Step) -> list[str]:
    """Returns the tags in a step's `metadata.tags`: a list of texts, or one text."""
    tags = step.metadata.get("tags")
    if isinstance(tags, str):
        return [tags]
    return [str(tag) for tag in tags] if isinstance(tags, list | tuple) else []


_OF: Mapping[str, Callable[[Step], list[str]]] = {
    "layer": lambda step: [step.layer],
    "engine": lambda step: [step.engine],
    "type": lambda step: [step.type],
    "tag": tags_of,
}


def _term(text: str) -> Term:
    match = _TERM.fullmatch(text)
    if match is None or not match["core"].strip("+@"):
        raise SelectionError("a selection has a term that says nothing", help=_FORMS)
    core = match["core"]
    above = _depth(match["above"])
    below = _depth(match["below"])
    around = match["at"] is not None
    quoted = _QUOTED.fullmatch(core)
    if quoted is not None:
        return Term(text, "name", quoted[1] or quoted[2] or "", True, above, below, around)
    method, colon, value = core.partition(":")
    if colon and method in METHODS:
        inner = _QUOTED.fullmatch(value)
        if inner is not None:
            return Term(text, method, inner[1] or inner[2] or "", True, above, below, around)
        if not value:
            raise SelectionError(f"`{one_line(text)}` says nothing after the colon", help=_FORMS)
        return Term(text, method, value, False, above, below, around)
    if colon and (close := nearest(method, METHODS)) is not None:
        raise SelectionError(
            f"`{one_line(text)}`: nothing can be selected by `{one_line(method)}`",
            help=f"did you mean `{close}:{one_line(value)}`; a name with a colon stands in quotes",
        )
    return Term(text, CHANGED if core == CHANGED else "name", core, False, above, below, around)


def _depth(written: str | None) -> int | None:
    """Returns how far a plus sign reaches: not there 0, alone without end (None), else the number."""
    if written is None:
        return 0
    return int(written) if written else None


def _words(text: str) -> list[str]:
    return _split(text, None, text)


def _split(text: str, separator: str | None, whole: str) -> list[str]:
    """Splits at spaces, or at a separator, outside quotes."""
    parts: list[str] = []
    current: list[str] = []
    term = ""  # what stands before a character in its term, as far as a quote can follow it
    quote = ""
    for character in text:
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'" and _OPENS.fullmatch(term):
            quote = character
        elif character.isspace() if separator is None else character == separator:
            parts.append("".join(current))
            current, term = [], ""
            continue
        current.append(character)
        term = "" if character == "," and not quote else term + character
    if quote:
        raise SelectionError(f"`{one_line(whole)}`: a quote is not closed")
    parts.append("".join(current))
    if separator is None:
        return [part for part in parts if part]
    if not all(parts):
        raise SelectionError(f"`{one_line(whole)}`: nothing stands beside a comma", help=_FORMS)
    return parts


def _reach(names: Collection[str], edges: Mapping[str, Sequence[str]], depth: int | None) -> set[str]:
    reached: set[str] = set()
    frontier = set(names)
    while frontier and depth != 0:
        frontier = {other for name in frontier for other in edges[name]} - reached - set(names)
        reached |= frontier
        depth = None if depth is None else depth - 1
    return reached


def _listed(method: str, known: Sequence[str]) -> str | None:
    if not known:
        return "`metadata.tags` of a step lists its tags" if method == "tag" else None
    shown = ", ".join(f"`{one_line(item)}`" for item in known[:8])
    return f"there are {shown}" + (" and more" if len(known) > 8 else "")


def _error(term: Term, message: str, help: str | None = None) -> SelectionError:
    told = f"`{one_line(term.text)}`: {message}" if term.text != term.value else message
    return SelectionError(told, help=help)


_FORMS = "write a name, `+name`, `name+`, `@name`, `layer:store`, `tag:x`, `stage_*` or `changed`"
