"""Rules about placeholders: what looks like one is one."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from odibi_core.checks import codes
from odibi_core.checks.codes import safety_codes
from odibi_core.checks.pipeline import place
from odibi_core.checks.texts import texts_of
from odibi_core.config.origins import replacement
from odibi_core.config.placeholders import find_placeholders
from odibi_core.config.sql_text import regions
from odibi_core.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from odibi_core.checks.pipeline import Pipeline
    from odibi_core.checks.texts import StepText
    from odibi_core.core.node import Step
    from odibi_core.diagnostics import Diagnostic

_LOOKS_LIKE = re.compile(r"(?<!\$)\$\{\s*(?:envs?|vars?|ident|identifier)\s*[:.][^{}\n]*\}?", re.IGNORECASE)
# In SQL nothing else starts with these two characters.
_IN_SQL = re.compile(r"(?<!\$)\$\{(?:[^{}\n]*\})?")
_MEANT = re.compile(
    r"\$\{\s*(?:(?P<kind>env|var|ident)(?:s|ifier)?\s*[:.]\s*)?(?P<name>[A-Za-z_][\w.-]*)\s*\}?",
    re.IGNORECASE,
)
_WRITTEN = re.compile(r"\$\{(?:[^{}/\n]*\}|\s*(?:\w+\s*:\s*)?\w*)")  # in a path
_NAMED = re.compile(r"\$\{\s*(?:(?P<kind>\w+)\s*:\s*)?(?P<name>[A-Za-z_]\w*)\b(?!\s*:(?!-))")
_HOW = "write ${env:NAME}, ${var:NAME} or ${ident:NAME}"


class Malformed(NamedTuple):
    """What looks like a placeholder and is none.

    Attributes:
        text: It, as it is written.
        start: Offset of its `$`.
        end: Offset after its last character.
        breaks_sql: Whether it stands in a query where only SQL may.
    """

    text: str
    start: int
    end: int
    breaks_sql: bool = False


def check_placeholders(pipeline: Pipeline) -> Iterator[Diagnostic]:
    """Yields texts in `value` and `params` that look like placeholders and are none."""
    for step in pipeline.steps:
        for text in texts_of(step, "${"):
            for found in malformed(text.text, in_sql=text.is_sql):
                yield _told(step, text, found)


def malformed(text: str, *, in_sql: bool = False) -> Iterator[Malformed]:
    """Yields what looks like a placeholder in a text and is none; in SQL not what is in comments."""
    right = {placeholder.start for placeholder in find_placeholders(text)}
    if not in_sql:
        for match in _LOOKS_LIKE.finditer(text):
            if match.start() not in right:
                yield Malformed(match[0], match.start(), match.end())
        return
    for region in regions(text):
        pattern = _IN_SQL if region.kind == "code" else _LOOKS_LIKE
        if region.kind == "comment":
            continue
        for match in pattern.finditer(text, region.start, region.end):
            if match.start() not in right:
                yield Malformed(match[0], match.start(), match.end(), region.kind == "code")


def as_meant(step: Step, found: Diagnostic) -> Diagnostic:
    """Returns the diagnostic of a value that names nothing, at what is meant as a placeholder in it.

    The run takes it as the text it is.
    """
    right = {placeholder.start for placeholder in find_placeholders(step.value)}
    match = next((one for one in _WRITTEN.finditer(step.value) if one.start() not in right), None)
    if match is None:
        return found
    meant = _NAMED.match(match[0])
    written = None
    if meant is not None:
        kind = (meant["kind"] or "var").casefold()
        written = f"${{{'var' if kind.startswith(('var', 'ident')) else 'env'}:{meant['name']}}}"
    how = "${env:NAME} or ${var:NAME}"
    start, end = match.span()
    return replace(
        found, span=place(step, "value", start=start, end=end), suggestion=written,
        help=f"`{one_line(match[0])}` is no placeholder: write {written or how}",
        fix=None if written is None
        else replacement(step.origin, written, "value", start=start, end=end, safe=False),
    )  # fmt: skip


def _told(step: Step, text: StepText, found: Malformed) -> Diagnostic:
    meant = _MEANT.fullmatch(found.text)
    written = None
    if meant is not None:
        written = f"${{{(meant['kind'] or 'var').lower()}:{meant['name']}}}"
    info = safety_codes.PLACEHOLDER_BREAKS_SQL if found.breaks_sql else codes.MALFORMED_PLACEHOLDER
    return info.found(
        f"`{one_line(found.text)}` looks like a placeholder but is none", step=step.name,
        field=".".join(map(str, text.path)),
        span=place(step, *text.path, start=found.start, end=found.end),
        suggestion=written, help=_HOW if written is None else f"write {written}",
        fix=None if written is None or meant is None
        else replacement(
            step.origin, written, *text.path, start=found.start, end=found.end,
            safe=meant["kind"] is not None,
        ),
    )  # fmt: skip
