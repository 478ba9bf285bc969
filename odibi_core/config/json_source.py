"""JSON text -> document: decoded element by element, so that each step knows where it stands."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from odibi_core.config import codes
from odibi_core.config.collecting import uncollected
from odibi_core.config.json_mending import doubted, is_step, is_structural, mended
from odibi_core.config.json_reader import MAX_DEPTH, JsonReader
from odibi_core.config.json_tree import Edit, Node, ReadingStoppedError
from odibi_core.config.origins import JsonOrigin
from odibi_core.config.places import BOM, TextSource
from odibi_core.config.shape import StepBuilder, type_name
from odibi_core.diagnostics import Fix, Related

if TYPE_CHECKING:
    from collections.abc import Callable

    from odibi_core.config.json_tree import Problem
    from odibi_core.diagnostics import Applicability, CodeInfo, Diagnostic, Span

_SPACE = re.compile(r"[ \t\n\r]*")
_GOES_ON = re.compile(r'\s*,?\s*\{\s*"')
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")
_FIRST_CHARACTERS = '[{"'


class _Suspicions:
    """What the fast decoder met that needs a second look; filled by its hooks."""

    __slots__ = ("met",)

    def __init__(self) -> None:
        self.met = False

    def scanner(self) -> Callable[[str, int], tuple[Any, int]]:
        """Returns the C decoder with these hooks: text and offset -> value and the offset after it."""
        decoder = json.JSONDecoder(
            object_pairs_hook=self.pairs, parse_constant=self.constant, parse_float=self.number
        )
        return decoder.scan_once  # type: ignore[attr-defined, no-any-return]  # `raw_decode` is one call more

    def pairs(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        """Makes the object; notes duplicate keys."""
        made = dict(pairs)
        if len(made) != len(pairs):
            self.met = True
        return made

    def constant(self, _word: str) -> None:
        """Notes NaN and Infinity."""
        self.met = True

    def number(self, digits: str) -> float:
        """Notes numbers that overflow."""
        made = float(digits)
        if made in (float("inf"), float("-inf")):
            self.met = True
        return made


class JsonSteps:
    """The steps of a JSON text and what is wrong with it."""

    def __init__(self, source: TextSource) -> None:
        self.source = source
        self.builder = StepBuilder()
        self.parsed = True
        self._reader = JsonReader(source.text, 1 if source.text.startswith(BOM) else 0)
        self._index = 0
        self._told = 0
        self._inside: set[int] = set()  # where edits are within steps

    def read(self) -> None:
        """Reads the whole text."""
        with uncollected():
            self._read()

    def _read(self) -> None:
        char = ""
        try:
            char = self._reader.skip()
            if char == "":
                self._tell(codes.EMPTY, "the file is empty", help="the shortest config is []")
                self.parsed = False
            elif char == "[":
                self._reader.pos += 1
                self._elements()
            elif char == "{":
                self._object_first()
            else:
                self._no_array()
        except ReadingStoppedError:
            self.builder.incomplete = True
        self._take_problems()
        self._doubt_between_steps()
        if not self.parsed and char in ("[", "{"):
            self.builder.incomplete = True

    # -- the array -----------------------------------------------------------------------------------

    def _elements(self, opening: int | None = None) -> None:
        text = self.source.text
        reader = self._reader
        opened = reader.pos - 1 if opening is None else opening
        suspicions = _Suspicions()
        scan_once = suspicions.scanner()
        surrogates = _SURROGATE_ESCAPE.search(text) is not None
        space, add, source = _SPACE.match, self.builder.add, self.source
        pos = reader.pos
        comma = -1
        while True:
            match = space(text, pos)
            pos = match.end() if match is not None else pos
            if text.startswith("{", pos):
                try:
                    value, end = scan_once(text, pos)
                    doubtful = suspicions.met or surrogates or _may_be_deep(text, pos, end)
                except (StopIteration, ValueError, RecursionError):
                    doubtful = True
                if not doubtful:
                    add(value, JsonOrigin(source, self._index, pos, end))
                    self._index += 1
                    # The next character is nearly always a comma; spaces and mistakes take the long way.
                    if text.startswith(",", end):
                        comma, pos = end, end + 1
                        reader.last_end = pos
                        continue
                    reader.pos = reader.last_end = end
                    comma = reader.separator("]")
                    pos = reader.pos
                    continue
                suspicions.met = False
            reader.pos = pos
            char = reader.skip()
            if char == "]":
                if comma >= 0:
                    reader.trailing_comma(comma)
                reader.pos += 1
                if _GOES_ON.match(text, reader.pos) is not None:
                    at = reader.pos - 1
                    reader.report(
                        codes.SYNTAX, "the array ends here, but more steps follow", at, at + 1,
                        help="take the bracket out", edit=Edit("remove the bracket", at, at + 1, ""),
                    )  # fmt: skip
                    reader.last_end = at
                    comma = reader.separator("]")
                    pos = reader.pos
                    continue
                self._after_array()
                return
            if char == "":
                at = reader.last_end
                # A comma before the end goes with the step that was not written any more.
                first = comma if 0 <= comma == at - 1 else at
                edit = Edit("close the array", first, at, "\n]", safe=not reader.damage.syntax)
                reader.expected("`]`", opened=opened, edit=edit)
                return
            if char == ",":
                reader.stray_comma()
            elif char in "}:":
                reader.junk("a step or `]`" if comma >= 0 or self._index == 0 else "`,` or `]`")
                if reader.skip() == ",":
                    comma = reader.pos
                    reader.pos += 1
            else:
                self._element_slowly()
                comma = reader.separator("]")
            pos = reader.pos

    def _element_slowly(self) -> None:
        """Reads an element that the fast decoder refuses or doubts."""
        reader = self._reader
        before = len(reader.damage.problems)
        syntax_before, reader.damage.syntax = reader.damage.syntax, False
        is_member = reader.is_member()
        try:
            node = reader.object_without_brace(1) if is_member else reader.value(1)
        finally:
            damaged = reader.damage.syntax
            reader.damage.syntax |= syntax_before
        if node.kind == "missing":
            return
        origin = JsonOrigin(self.source, self._index, node.start, node.end)
        name = _name_of(node)
        problems = reader.damage.problems
        if damaged:
            # Members behind a step without a name: not their brace lacks, that step has one too many.
            fits = (lambda _value: False) if is_member and not self._was_step() else is_step
            problems[before:] = doubted(problems[before:], self.source.text, node.start, node.end, fits)
        self._inside.update(problem.edit.start for problem in problems[before:] if problem.edit is not None)
        self._take_problems(before, name)
        told = len(self.builder.diagnostics)
        if damaged:
            self.builder.spoil(self._index)
        else:
            damaged = self._spoil_doubtful(before)
        if node.kind == "object" or not damaged:
            self.builder.add(node.decoded(), origin)
        if damaged:  # what is wrong with its shape may only follow from what is wrong with its text
            del self.builder.diagnostics[told:]
        self._index += 1

    def _was_step(self) -> bool:
        """Whether the element before, if there is one, is a step."""
        if self._index == 0:
            return True
        steps = self.builder.steps
        return bool(steps) and steps[-1].origin is not None and steps[-1].origin.index == self._index - 1

    def _spoil_doubtful(self, before: int) -> bool:
        """Marks fields that are not what was meant: half a character, one of two, NaN.

        Returns whether a field's name is among them.
        """
        named = False
        for problem in self._reader.damage.problems[before:]:
            if problem.info in (codes.LONE_SURROGATE, codes.DUPLICATE_KEY, codes.NOT_JSON_NUMBER):
                self.builder.spoil(self._index, *map(str, problem.path[:1]))
                named |= not problem.path
                self.builder.incomplete |= problem.path[:1] in ((), ("outputs",))
        return named

    def _after_array(self) -> None:
        reader = self._reader
        if reader.skip():
            start = reader.pos
            reader.report(
                codes.SYNTAX, "text after the end of the array", start, start + 1,
                help="the config ends with its array",
            )  # fmt: skip

    # -- other beginnings ----------------------------------------------------------------------------

    def _object_first(self) -> None:
        """A text that starts with an object: a run log, a step alone, or an array without its bracket."""
        reader = self._reader
        start = reader.pos
        try:
            value, end = json.JSONDecoder(parse_constant=lambda _: None).raw_decode(self.source.text, start)
        except (ValueError, RecursionError):
            reader.expected("`[`", help="a config is an array of steps")
            self._elements(start)
            return
        reader.pos = end
        if reader.skip():
            reader.pos = start
            reader.expected("`[`", help="a config is an array of steps")
            self._elements(start)
            return
        self.parsed = True
        if "steps" in value and "pipeline_id" in value:
            self._tell(
                codes.RUN_LOG, "this is a run log, not a config", start, start + 1,
                help="open it with odibi-tui or `odibi-core runs show`",
            )  # fmt: skip
            return
        help, fix = "a config is an array of steps: [ … ]", None
        text = self.source.text
        if isinstance(value.get("steps"), list):
            help = "write the array that is in `steps`, without the object around it"
            steps = JsonOrigin(self.source, 0, start, end).locate("steps")
            if steps.start is not None and steps.end is not None:
                array = text[steps.start : steps.end]
                # What else stands in the object is lost with it.
                applicability: Applicability = "safe" if len(value) == 1 else "unsafe"
                fix = Fix("take the array out of the object", applicability, start, end, array)
        elif "name" in value:
            help = "put the step in [ ]"
            fix = Fix("put it in [ ]", "safe", start, end, f"[{text[start:end]}]")
        self._tell(
            codes.NOT_AN_ARRAY, "a config must be an array of steps, not an object", start, start + 1,
            help=help, fix=fix,
        )  # fmt: skip

    def _no_array(self) -> None:
        start = self._reader.pos
        try:
            value, end = json.JSONDecoder().raw_decode(self.source.text, start)
        except (ValueError, RecursionError):
            self._reader.expected("`[`", help="a config is an array of steps")
            return
        if self.source.text[end:].strip():
            self._reader.expected("`[`", help="a config is an array of steps")
            return
        self._tell(
            codes.NOT_AN_ARRAY, f"a config must be an array of steps, not {type_name(value)}", start, end,
            help="the shortest config is []",
        )  # fmt: skip

    # -- telling -------------------------------------------------------------------------------------

    def _tell(
        self, info: CodeInfo, message: str, start: int = 0, end: int = 0, *, help: str | None = None,
        fix: Fix | None = None,
    ) -> None:  # fmt: skip
        span = self.source.span(start, end)
        self.builder.diagnostics.append(info.found(message, span=span, help=help, fix=fix))

    def _take_problems(self, before: int | None = None, name: str | None = None) -> None:
        """Turns what the reader noted since the last time into diagnostics; those from `before` on are
        in the step `name`."""
        problems = self._reader.damage.problems
        for number in range(self._told, len(problems)):
            in_step = before is not None and number >= before
            self.builder.diagnostics.append(self._diagnostic(problems[number], name if in_step else None))
        self._told = len(problems)
        self.parsed = self.parsed and not self._reader.damage.syntax

    def _doubt_between_steps(self) -> None:
        """Takes what would be mended between the steps for a guess where that gives no array of steps."""
        problems = self._reader.damage.problems
        edits = [problem.edit for problem in problems if problem.edit is not None and problem.edit.safe]
        between = {edit.start for edit in edits if is_structural(edit)} - self._inside
        if not between:
            return
        text = self.source.text
        whole = mended(text, edits, 1 if text.startswith(BOM) else 0, len(text))
        try:
            right = whole is not None and isinstance(json.loads(whole), list)
        except (ValueError, RecursionError):
            right = False
        if right:
            return
        self.builder.diagnostics[:] = [
            replace(found, fix=replace(found.fix, applicability="unsafe"))
            if found.fix is not None and found.fix.start in between
            else found
            for found in self.builder.diagnostics
        ]

    def _diagnostic(self, problem: Problem, name: str | None) -> Diagnostic:
        span = self.source.span(problem.start, problem.end)
        related: list[Related] = []
        if problem.opened is not None:
            opened = self.source.span(problem.opened, problem.opened + 1)
            related.append(Related("the bracket that is still open", span=opened))
        if problem.first is not None:
            related.append(Related("the first one", step=name, span=self.source.span(*problem.first)))
        edit = problem.edit
        return problem.info.found(
            problem.message, step=name, field=".".join(map(str, problem.path)) or None, span=span,
            help=problem.help, related=tuple(related),
            fix=None if edit is None
            else Fix(edit.message, "safe" if edit.safe else "unsafe", edit.start, edit.end, edit.text),
        )  # fmt: skip


def _may_be_deep(text: str, start: int, end: int) -> bool:
    """Whether the element may have more than `MAX_DEPTH` brackets open at once."""
    if end - start <= 2 * MAX_DEPTH:
        return False
    return text.count("{", start, end) + text.count("[", start, end) >= MAX_DEPTH


def _name_of(node: Node) -> str | None:
    found = node.member("name") if node.kind == "object" else None
    return found[1].value if found is not None and found[1].kind == "string" else None


def first_place(span: Span | None) -> tuple[int, int]:
    """Returns a key that sorts diagnostics by place; those without one come first."""
    if span is None:
        return (-1, -1)
    return (span.start, span.end or 0) if span.start is not None else (span.row or 0, 0)
