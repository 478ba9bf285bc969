"""What there is to open in a directory: configs with their steps and problems, and the latest runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from odibi_core.config.finding import looks_like_config
from odibi_core.errors import OdibiError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from odibi_core.runs.summary import RunSummary

_SUFFIXES = (".json", ".csv", ".db", ".sqlite", ".sqlite3")
_LARGEST = 20_000_000
_MOST_FILES = 400
_PASSED_OVER = {"tracker_logs", "node_modules", "__pycache__", "data", "out"}


class FoundConfig(NamedTuple):
    """A config that could be opened; `problem` says why its steps are not known."""

    path: Path
    steps: int
    errors: int
    warnings: int
    problem: str | None = None


def candidates(directory: Path) -> Iterator[Path]:
    """Yields the files that may be configs, in the directory and one level below it."""
    given = 0
    for folder in (directory, *_folders(directory)):
        try:
            files = sorted(path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES)
        except OSError:
            continue  # a folder that may not be read has nothing to open
        for path in files:
            if given < _MOST_FILES and path.is_file() and path.stat().st_size <= _LARGEST:
                given += 1
                yield path


def _folders(directory: Path) -> list[Path]:
    try:
        return sorted(
            path
            for path in directory.iterdir()
            if path.is_dir() and not path.name.startswith(".") and path.name not in _PASSED_OVER
        )
    except OSError:
        return []


def look_at(path: Path) -> FoundConfig | None:
    """Reads and checks one file; None where it is no config (data, a run log, something else's JSON)."""
    from odibi_core.checks import check
    from odibi_core.config import read_document

    if not looks_like_config(path):
        return None
    try:
        document = read_document(path)
    except OdibiError:
        return None
    if not document.steps:
        return None
    diagnostics = check(document, data=False, base_dir=path.parent)
    errors = sum(1 for found in diagnostics if found.severity == "error")
    warnings = sum(1 for found in diagnostics if found.severity == "warning")
    return FoundConfig(path, len(document.steps), errors, warnings)


def latest_runs(log_dir: Path, most: int = 8) -> list[RunSummary]:
    """Returns the newest runs of a log directory; none where there is no such directory."""
    from odibi_core.runs.store import open_store

    return open_store(log_dir).runs()[:most] if log_dir.is_dir() else []
