"""Reads and checks a config, off the event loop: from a path to a `Reading`."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from odibi_core.errors import ConfigError
from odibi_tui.session import Reading

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from odibi_core.checks.checker import Checker


def read(source: Path, *, project: str | None = None) -> Reading:
    """Returns the source as it is now, not checked yet: enough for the tree, and quick."""
    from odibi_core.config import read_document

    saved = saved_at(source)
    try:
        document = read_document(source, project=project)
    except ConfigError as error:
        return Reading(None, error=error)
    return Reading(document, saved=saved)


def saved_at(source: Path) -> datetime | None:
    """Returns when a file was last written, None where there is none."""
    try:
        return datetime.fromtimestamp(source.stat().st_mtime, UTC)
    except OSError:
        return None


class Checking:
    """Checks the states of one config under edit, so that each time only what changed is checked again.

    Any thread may call; one at a time is served.

    Args:
        base_dir: What relative paths in the config are relative to.
        variables: What `${var:NAME}` is filled from.
    """

    def __init__(self, base_dir: Path, variables: Mapping[str, Any]) -> None:
        self._base_dir = base_dir
        self._variables = variables
        self._lock = threading.Lock()
        self._made: Checker | None = None

    def structure(self, reading: Reading) -> Reading:
        """Returns the reading with its graph and what is wrong with text, shape and graph: the quick part."""
        if reading.document is None:
            return reading
        with self._lock:
            found = self._checker.structure(reading.document)
            return replace(reading, diagnostics=found, graph=self._checker.graph(reading.document))

    def whole(self, reading: Reading, cancelled: Callable[[], bool] | None = None) -> Reading:
        """Returns a reading whose structure is known with all that is wrong, and its datasets' schemas."""
        if reading.document is None:
            return reading
        with self._lock:
            checked = self._checker.whole(reading.document, cancelled=cancelled)
        return replace(reading, diagnostics=checked.diagnostics, schemas=checked.schemas)

    def interrupt(self) -> None:
        """Ends the check under way, whose result then is not complete; harmless where there is none."""
        if self._made is not None:
            self._made.interrupt()

    def read(self, source: Path, *, project: str | None) -> Reading:
        """Returns the source as it is now, checked."""
        return self.whole(self.structure(read(source, project=project)))

    @property
    def _checker(self) -> Checker:
        if self._made is None:
            from odibi_core.checks.checker import Checker

            self._made = Checker(base_dir=self._base_dir, variables=self._variables)
        return self._made
