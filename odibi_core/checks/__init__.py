"""Documents -> diagnostics: what is wrong with a pipeline, where, and what to write instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from odibi_core.checks import codes
from odibi_core.checks.collisions import check_collisions
from odibi_core.checks.expectations.shape import check_expect
from odibi_core.checks.files.presence import check_sources
from odibi_core.checks.links import (
    check_connections,
    check_cycles,
    check_inputs,
    check_output_keys,
    check_step_names,
)
from odibi_core.checks.misspelled import check_misspelled
from odibi_core.checks.names import check_names
from odibi_core.checks.needs import check_needs
from odibi_core.checks.options import check_options
from odibi_core.checks.pipeline import Pipeline
from odibi_core.checks.placeholders import check_placeholders
from odibi_core.checks.secrets import check_secrets
from odibi_core.checks.usage import check_unreached, check_unused_connections, check_unused_outputs
from odibi_core.checks.variables import check_variables
from odibi_core.config.collecting import uncollected

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from odibi_core.checks.world import World
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
    check_misspelled,
    check_expect,
    check_placeholders,
    check_unused_outputs,
    check_unused_connections,
    check_unreached,
)


def check(
    document: Document,
    *,
    base_dir: Path | None = None,
    cwd: Path | None = None,
    environ: Mapping[str, str] | None = None,
    variables: Mapping[str, Any] | None = None,
    data: bool = True,
    deep: bool = False,
) -> tuple[Diagnostic, ...]:
    """Returns everything wrong with a document, sorted by place.

    Args:
        document: The config as read.
        base_dir: What relative paths are relative to; the config's own directory if not given.
        cwd: The current directory, where a missing source may be instead.
        environ: What `${env:NAME}` is filled from; the process's own environment if not given.
        variables: What `${var:NAME}` is filled from.
        data: Whether the schemas of the data are worked out and held against what the steps do with
            them. Without, nothing heavy is imported.
        deep: Whether Spark's own analyser may be asked, which starts Java.
    """
    from odibi_core.checks.checker import Checker

    checker = Checker(base_dir=base_dir, cwd=cwd, environ=environ, variables=variables, deep=deep)
    try:
        return checker.whole(document).diagnostics if data else checker.structure(document)
    finally:
        checker.close()


def structural(document: Document, world: World) -> tuple[Pipeline, list[Diagnostic]]:
    """Returns the pipeline of a document, and what is wrong with its text, its shape, its graph and files."""
    with uncollected():
        pipeline = Pipeline(document.steps, document.gaps)
        return pipeline, list(_found(document, pipeline, world))


def _found(document: Document, pipeline: Pipeline, world: World) -> Iterator[Diagnostic]:
    yield from document.diagnostics
    if not document.steps and document.parsed and not document.has_errors:
        yield _empty(document.path)
    # Looking through all params costs more than the other rules together.
    has_placeholders = document.text is None or "${" in document.text
    for rule in RULES:
        if has_placeholders or rule is not check_placeholders:
            yield from rule(pipeline)
    if has_placeholders:
        yield from check_variables(pipeline, world)
    yield from check_sources(pipeline, world.base_dir, world.cwd)
    yield from check_collisions(pipeline, world)
    yield from check_secrets(pipeline, document.text)


def check_steps(steps: Sequence[Step]) -> tuple[Diagnostic, ...]:
    """Returns everything wrong with steps, wherever they come from, sorted by place."""
    if not steps:
        return (_empty(None),)
    pipeline = Pipeline(steps)
    return tuple(sorted((found for rule in RULES for found in rule(pipeline)), key=by_place))


def _empty(path: str | None) -> Diagnostic:
    from odibi_core.diagnostics import Span

    span = None if path is None else Span(path, 1, 1, 1, 1, 0, 0)
    return codes.EMPTY_CONFIG.found("the config has no steps", span=span, help="add a step")


def by_place(diagnostic: Diagnostic) -> tuple[int, int, str]:
    """Returns what diagnostics are sorted by."""
    span = diagnostic.span
    if span is None:
        return (-1, 0, diagnostic.code)
    if span.start is not None:
        return (span.start, span.end or 0, diagnostic.code)
    return (span.row or 0, 0, diagnostic.code)


__all__ = ["check", "check_steps"]
