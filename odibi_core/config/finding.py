"""Which files of a directory are configs, rather than data, run logs or something else's JSON."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from odibi_core.config.reader import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_STEP_KEY = re.compile(r'"(?:layer|inputs|outputs)"\s*:')
_STEP_COLUMN = re.compile(r"(?:^|[,;\t|])\s*\"?stepname\"?\s*(?:[,;\t|]|$)", re.IGNORECASE)
_TABLES = ("transformation_config", "ingestion_source_config")
_LARGEST = 20_000_000


def config_files(directory: Path) -> Iterator[Path]:
    """Yields the configs in a directory, by name; not those in directories below it.

    Raises:
        OSError: The directory cannot be read.
    """
    for path in sorted(directory.iterdir()):
        if path.suffix.lower() in KINDS and path.is_file() and looks_like_config(path):
            yield path


def looks_like_config(path: Path) -> bool:
    """Whether a file is a config, also a damaged one; one that cannot be read is none."""
    kind = KINDS.get(path.suffix.lower())
    try:
        if kind is None or path.stat().st_size > _LARGEST:
            return False
        if kind == "sqlite":
            return _has_table(path)
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            if kind == "csv":
                return _STEP_COLUMN.search(file.readline(10_000).rstrip("\n")) is not None
            head = file.read(256).lstrip()
            return head.startswith("[") and _STEP_KEY.search(head + file.read()) is not None
    except (OSError, sqlite3.Error):
        return False


def _has_table(path: Path) -> bool:
    uri = f"{path.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True, timeout=0.2)) as database:
        names = database.execute("SELECT lower(name) FROM sqlite_master WHERE type IN ('table', 'view')")
        return any(name in _TABLES for (name,) in names)
