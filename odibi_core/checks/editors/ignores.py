"""Ignored codes: `metadata.odibi.ignore` silences codes for a step, and is itself checked."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from odibi_core.checks.codes import safety_codes
from odibi_core.checks.pipeline import place
from odibi_core.config.origins import JsonOrigin, replacement
from odibi_core.config.shape import is_slip, type_name
from odibi_core.diagnostics import Fix
from odibi_core.text import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from odibi_core.core.node import Step
    from odibi_core.diagnostics import CodeInfo, Diagnostic, Span

_OTHER_WORDS = frozenset({"ignored", "ignores", "ignoring", "ignore_codes", "noqa", "silence"})
_HOW = 'write "ignore": ["ODB304"]'
# What these say depends on the machine: that they say nothing here does not make an ignore useless.
_OF_THE_MACHINE = frozenset({"ODB602", "ODB603"})
# Found without looking at data, so that a structural check can tell that they are not there.
_STRUCTURAL = frozenset("126")


@dataclass(slots=True)
class _Entry:
    step: Step
    path: tuple[str | int, ...]
    text: str
    code: str
    used: bool = False


def apply_ignores(
    steps: Sequence[Step], diagnostics: Iterable[Diagnostic], *, whole: bool = True
) -> list[Diagnostic]:
    """Returns the diagnostics that no step ignores, and what is wrong with the ignores.

    Errors of 1xx and 2xx cannot be ignored: no run could start.

    Args:
        steps: The steps.
        diagnostics: What was found.
        whole: Whether everything was checked, so that a code that silences nothing can be told.
    """
    found = list(diagnostics)
    asking = [step for step in steps if step.metadata and "odibi" in step.metadata]
    if not asking:
        return found
    told: list[Diagnostic] = []
    entries: dict[tuple[str, str], list[_Entry]] = {}
    for step in asking:
        for entry in _entries(step, told):
            entries.setdefault((step.name, entry.code), []).append(entry)
    kept = [diagnostic for diagnostic in found if not _is_silenced(diagnostic, entries)]
    has_errors = any(diagnostic.is_error for diagnostic in kept)
    for same in entries.values():
        for number, entry in enumerate(same):
            if number or (not entry.used and _can_tell(entry.code, whole=whole, has_errors=has_errors)):
                told.append(_unused(entry, twice=number > 0))
    return [*kept, *told]


def code_of(text: str) -> CodeInfo | None:
    """Returns the kind of finding that a person means by its code or name, in any case."""
    from odibi_core.checks.catalogue import CODES

    info = CODES.get(text.strip().upper())
    if info is not None:
        return info
    name = re.sub(r"[\s_]+", "-", text.strip().casefold())
    return next((info for info in CODES.values() if info.name == name), None)


def nearest_code(text: str) -> str | None:
    """Returns the code or name nearest to a text that is none."""
    from odibi_core.checks.catalogue import CODES

    names = {info.name for info in CODES.values()}
    return nearest(text.strip(), CODES.keys() if text.strip()[:3].upper() == "ODB" else names)


def _is_silenced(diagnostic: Diagnostic, entries: dict[tuple[str, str], list[_Entry]]) -> bool:
    if diagnostic.step is None or not can_be_ignored(diagnostic):
        return False
    same = entries.get((diagnostic.step, diagnostic.code))
    if same is None:
        return False
    same[0].used = True
    return True


def can_be_ignored(diagnostic: Diagnostic) -> bool:
    """Whether a step may silence it: not where it stops every run."""
    return not (diagnostic.is_error and diagnostic.code[3] in "12")


def _can_tell(code: str, *, whole: bool, has_errors: bool) -> bool:
    """Whether it is certain that a code was not found: data is not looked at below an error."""
    if code in _OF_THE_MACHINE:
        return False
    return code[3] in _STRUCTURAL or (whole and not has_errors)


def _entries(step: Step, told: list[Diagnostic]) -> Iterator[_Entry]:
    """Yields what a step ignores; what is not written as it should be is added to `told`."""
    options = step.metadata["odibi"]
    path: tuple[str | int, ...] = ("metadata", "odibi")
    if not isinstance(options, dict):
        told.append(_wrong(step, path, f"`metadata.odibi` must be an object, not {type_name(options)}", _HOW))
        return
    for key in options:
        if key != "ignore" and (is_slip(key, "ignore") or key.casefold() in _OTHER_WORDS):
            told.append(_misspelled(step, key, has_right="ignore" in options))
    if "ignore" not in options:
        return
    ignored: Any = options["ignore"]
    path = (*path, "ignore")
    if isinstance(ignored, str):
        fix = None
        span = place(step, *path)
        if isinstance(step.origin, JsonOrigin) and span is not None and span.start is not None:
            written = json.dumps([ignored], ensure_ascii=False)
            fix = Fix(f"write {written}", "safe", span.start, span.end or span.start, written)
        told.append(_wrong(step, path, "`ignore` must be an array, not text", _HOW, fix))
        ignored = [ignored]
        path = path[:-1]
    elif not isinstance(ignored, list):
        told.append(_wrong(step, path, f"`ignore` must be an array, not {type_name(ignored)}", _HOW))
        return
    for index, text in enumerate(ignored):
        where = (*path, index) if path[-1] == "ignore" else (*path, "ignore")
        if not isinstance(text, str):
            told.append(_wrong(step, where, f"a code is text, not {type_name(text)}", _HOW))
            continue
        info = code_of(text)
        if info is None:
            told.append(_unknown(step, where, text))
        else:
            yield _Entry(step, where, text, info.code)


def _wrong(
    step: Step, path: tuple[str | int, ...], message: str, help: str, fix: Fix | None = None
) -> Diagnostic:
    return safety_codes.INVALID_IGNORE.found(
        message, step=step.name, field=_dotted(path), span=place(step, *path), help=help, fix=fix
    )


def _misspelled(step: Step, key: str, *, has_right: bool) -> Diagnostic:
    path = ("metadata", "odibi", key)
    fix = (
        None
        if has_right
        else replacement(step.origin, "ignore", *path, key=True, safe=is_slip(key, "ignore"))
    )
    return safety_codes.INVALID_IGNORE.found(
        f"`{key}` is no option of `metadata.odibi`", step=step.name, field=_dotted(path),
        span=place(step, *path, key=True), suggestion=None if has_right else "ignore",
        help="`ignore` is there already" if has_right else "write `ignore`", fix=fix,
    )  # fmt: skip


def _unknown(step: Step, path: tuple[str | int, ...], text: str) -> Diagnostic:
    close = nearest_code(text)
    return safety_codes.UNKNOWN_IGNORE.found(
        f"there is no code `{text}`", step=step.name, field=_dotted(path), span=place(step, *path, start=0),
        suggestion=close, help=f"`{close}` exists" if close else "`odibi-core explain --all` lists the codes",
        fix=None if close is None else replacement(step.origin, close, *path, safe=False),
    )  # fmt: skip


def _unused(entry: _Entry, *, twice: bool) -> Diagnostic:
    from odibi_core.checks.catalogue import CODES

    info = CODES[entry.code]
    if twice:
        message, help = f"`{entry.text}` is ignored twice", "once is enough"
    elif info.severity == "error" and entry.code[3] in "12":
        message = f"`{entry.text}` cannot be ignored"
        help = "no run could start with it: mend what is wrong"
    elif entry.code in ("ODB390", "ODB490", "ODB590"):
        message, help = f"`{entry.text}` is found by runs only", "take it out of the list"
    else:
        message, help = f"nothing here is `{entry.text}`", "take it out of the list"
    step = entry.step
    return safety_codes.UNUSED_IGNORE.found(
        message, step=step.name, field=_dotted(entry.path), span=place(step, *entry.path, start=0), help=help,
        fix=_removal(step, entry.path),
    )  # fmt: skip


def _removal(step: Step, path: tuple[str | int, ...]) -> Fix | None:
    """Returns the fix that takes an element out of the list, with the comma that belongs to it."""
    index = path[-1]
    if not isinstance(step.origin, JsonOrigin) or not isinstance(index, int):
        return None
    ignored = step.metadata["odibi"]["ignore"]
    span = step.origin.locate(*path)
    start, end = _bounds(span)
    if index > 0:
        start = _bounds(step.origin.locate(*path[:-1], index - 1))[1]
    elif len(ignored) > 1:
        end = _bounds(step.origin.locate(*path[:-1], 1))[0]
    return Fix("take it out", "safe", start, end, "")


def _bounds(span: Span) -> tuple[int, int]:
    return span.start or 0, span.end or 0


def _dotted(path: tuple[str | int, ...]) -> str:
    return ".".join(map(str, path))
