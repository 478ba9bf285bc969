"""Looking whether something is there, by any name that a config may hold.

`Path.exists` and its like raise for a name that is too long, or for what may not be looked at.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def may_exist(path: str | Path) -> bool:
    """Whether a file or directory is there, or cannot be looked for, of which the run will say more."""
    try:
        os.stat(path)  # noqa: PTH116 - a Path for each of 10,000 steps costs more than the call
    except (FileNotFoundError, NotADirectoryError, ValueError):  # ValueError: a null character
        return False
    except OSError:  # no right to look, or a name too long to exist
        return True
    return True


def is_file(path: str | Path) -> bool:
    """Whether a file is there, as far as can be seen."""
    return os.path.isfile(path)  # noqa: PTH113


def is_directory(path: str | Path) -> bool:
    """Whether a directory is there, as far as can be seen."""
    return os.path.isdir(path)  # noqa: PTH112
