"""Rules about placeholders: what looks like one is one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from odibi_core.checks import codes
from odibi_core.checks.pipeline import place
from odibi_core.checks.texts import texts_of
from odibi_core.config.placeholders import find_placeholders
from odibi_core.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from odibi_core.checks.pipeline import Pipeline
    from odibi_core.core.node import Step
    from odibi_core.diagnostics import Diagnostic

_LOOKS_LIKE = re.compile(r"(?<!\$)\$\{\s*(?:envs?|vars?|ident|identifier)\s*[:.][^{}\n]*\}?", re.IGNORECASE)


def check_placeholders(pipeline: Pipeline) -> Iterator[Diagnostic]:
    """Yields texts in `value` and `params` that look like placeholders and are none."""
    for step in pipeline.steps:
        for path, text, _ in texts_of(step, "${"):
            yield from _check(step, text, path)


def malformed(text: str) -> Iterator[re.Match[str]]:
    """Yields what looks like a placeholder in a text and is none."""
    right = {placeholder.start for placeholder in find_placeholders(text)}
    for match in _LOOKS_LIKE.finditer(text):
        if match.start() not in right:
            yield match


def _check(step: Step, text: str, path: tuple[str | int, ...]) -> Iterator[Diagnostic]:
    for match in malformed(text):
        yield codes.MALFORMED_PLACEHOLDER.found(
            f"`{one_line(match[0])}` looks like a placeholder but is none", step=step.name,
            field=".".join(map(str, path)), span=place(step, *path, start=match.start(), end=match.end()),
            help="write ${env:NAME}, ${var:NAME} or ${ident:NAME}",
        )  # fmt: skip
