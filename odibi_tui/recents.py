"""Which pipelines were opened lately, kept in a small file of the person's state directory."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

_KEPT = 20


class Recent(NamedTuple):
    """A pipeline and when it was last opened."""

    path: Path
    opened: datetime


def recents_file() -> Path:
    """Returns where the list is kept."""
    from platformdirs import user_state_path

    return user_state_path("odibi", appauthor=False) / "recent.json"


def load_recents(file: Path | None = None) -> list[Recent]:
    """Returns the pipelines opened lately that are still there, newest first; a damaged list is empty."""
    file = recents_file() if file is None else file
    try:
        entries = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return []
    recents = []
    for entry in entries if isinstance(entries, list) else []:
        try:
            recent = Recent(Path(entry["path"]), datetime.fromisoformat(entry["opened"]))
        except (TypeError, KeyError, ValueError):
            continue
        if recent.path.is_file():
            recents.append(recent)
    return recents


def remember(path: Path, file: Path | None = None, *, now: datetime | None = None) -> None:
    """Puts a pipeline first in the list.

    Raises:
        OSError: The list cannot be written.
    """
    file = recents_file() if file is None else file
    path = path.absolute()
    recents = [Recent(path, now or datetime.now(UTC)), *(r for r in load_recents(file) if r.path != path)]
    text = json.dumps(
        [{"path": str(r.path), "opened": r.opened.isoformat()} for r in recents[:_KEPT]], indent=1
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    temporary.write_text(text, "utf-8")
    temporary.replace(file)
