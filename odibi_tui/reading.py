"""Reads and checks a config, off the event loop: plain functions from a path to a `Reading`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from odibi_core.errors import ConfigError
from odibi_tui.session import Reading

if TYPE_CHECKING:
    from pathlib import Path


def read(source: Path, *, project: str | None = None) -> Reading:
    """Returns the source as it is now, not checked yet: enough for the tree, and quick."""
    from odibi_core.config import read_document

    saved = saved_at(source)
    try:
        document = read_document(source, project=project)
    except ConfigError as error:
        return Reading(None, error=error)
    return Reading(document, saved=saved)


def check(reading: Reading, base_dir: Path) -> Reading:
    """Returns the reading with everything that is wrong, and the graph."""
    from odibi_core.checks import check as check_document
    from odibi_core.plan.graph import Graph

    if reading.document is None:
        return reading
    graph = Graph(reading.document.steps)
    diagnostics = check_document(reading.document, base_dir=base_dir, data=False)
    return Reading(reading.document, diagnostics, graph, reading.error, reading.saved)


def read_and_check(source: Path, *, project: str | None, base_dir: Path) -> Reading:
    """Returns the source as it is now, checked."""
    return check(read(source, project=project), base_dir)


def saved_at(source: Path) -> datetime | None:
    """Returns when a file was last written, None where there is none."""
    try:
        return datetime.fromtimestamp(source.stat().st_mtime, UTC)
    except OSError:
        return None
