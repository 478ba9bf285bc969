"""Whether a file could be written at a path: what is in the way. Nothing is written to find out."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Obstacle:
    """What is in the way of a target.

    Attributes:
        kind: `directory` (the target is one), `parent` (a part of its path is a file), `protected` (nothing
            may be written where it would be) or `impossible` (no file can have that name).
        path: The directory or file that is in the way.
    """

    kind: Literal["directory", "parent", "protected", "impossible"]
    path: Path


def obstacle(path: Path, *, may_be_directory: bool = False) -> tuple[Obstacle | None, tuple[str, ...]]:
    """Returns what keeps a file from being written, or None, and the paths that were looked at.

    Directories that are not there are made by the run; the first one above that is there decides.

    Args:
        path: The target.
        may_be_directory: Whether a directory is written, in place of one that is there.
    """
    looked = [str(path)]
    if "\0" in str(path):
        return Obstacle("impossible", path), ()
    try:
        final = path.resolve()
        if final.is_dir() and not may_be_directory:
            return Obstacle("directory", path), tuple(looked)
        parent = final.parent
        while True:
            looked.append(str(parent))
            if parent.is_dir():
                break
            if parent.exists():
                return Obstacle("parent", parent), tuple(looked)
            if parent.parent == parent:
                return None, tuple(looked)
            parent = parent.parent
    except (OSError, RuntimeError):  # a name too long, a loop of links, no right to look: the run will say
        return None, tuple(looked)
    if final.exists() and not final.is_file() and not final.is_dir():
        return None, tuple(looked)  # a device or pipe is written to as it is
    if not os.access(parent, os.W_OK | os.X_OK):
        return Obstacle("protected", parent), tuple(looked)
    return None, tuple(looked)
