"""Documents -> diagnostics: what is wrong with a pipeline, where, and what to write instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from odibi_core.checks import codes
from odibi_core.checks.links import (
    check_connections,
    check_cycles,
    check_inputs,
    check_output_keys,
    check_step_names,
)
from odibi_core.checks.names import check_names
from odibi_core.checks.needs import check_needs
from odibi_core.checks.options import check_options
from odibi_core.checks.pipeline import Pipeline
from odibi_core.checks.placeholders import check_placeholders
from odibi_core.checks.sources import check_sources

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from odibi_core.config import Document
    from odibi_core.core.node import Step
    from odibi_core.diagnostics import Diagnostic

# The rules that hold for any steps, wherever they come from.
RULES: tuple[Callable[[Pipeline], Iterator[Diagnostic]], ...] = (
    check_names,
    check_step_names,
    check_output_keys,
    check_inputs,
    check_connections,
    check_cycles,
    check_needs,
    check_options,
    check_placeholders,
)


def check(
    document: Document, *, base_dir: Path | None = None, cwd: Path | None = None
) -> tuple[Diagnostic, ...]:
    """Returns everything wrong with a document, sorted by place.

    Args:
        document: The config as read.
        base_dir: What relative paths of sources are relative to; the config's own directory if not given.
        cwd: The current directory, where a missing source may be instead.
    """
    from pathlib import Path

    found = list(document.diagnostics)
    pipeline = Pipeline(document.steps, document.gaps)
    if not document.steps and document.parsed and not document.has_errors:
        found.append(_empty(document.path))
    # Looking through all params costs more than the other rules together.
    has_placeholders = document.text is None or "${" in document.text
    for rule in RULES:
        if has_placeholders or rule is not check_placeholders:
            found.extend(rule(pipeline))
    base = Path(document.path).parent if base_dir is None else Path(base_dir)
    found.extend(check_sources(pipeline, base, Path.cwd() if cwd is None else Path(cwd)))
    return tuple(sorted(found, key=_place))


def check_steps(steps: Sequence[Step]) -> tuple[Diagnostic, ...]:
    """Returns everything wrong with steps, wherever they come from, sorted by place."""
    if not steps:
        return (_empty(None),)
    pipeline = Pipeline(steps)
    return tuple(sorted((found for rule in RULES for found in rule(pipeline)), key=_place))


def _empty(path: str | None) -> Diagnostic:
    from odibi_core.diagnostics import Span

    span = None if path is None else Span(path, 1, 1, 1, 1, 0, 0)
    return codes.EMPTY_CONFIG.found("the config has no steps", span=span, help="add a step")


def _place(diagnostic: Diagnostic) -> tuple[int, int, str]:
    span = diagnostic.span
    if span is None:
        return (-1, 0, diagnostic.code)
    if span.start is not None:
        return (span.start, span.end or 0, diagnostic.code)
    return (span.row or 0, 0, diagnostic.code)


__all__ = ["check", "check_steps"]
