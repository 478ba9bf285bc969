"""Watches a config for saves, also by editors that put another file in its place; it may go and come back."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

_DEBOUNCE_MS, _STEP_MS = 50, 2
_BEGUN_MS = 500
_RETRY_S = 1.0


async def saves(source: Path) -> AsyncIterator[bool]:
    """Yields True for each burst of changes to `source`, until cancelled.

    Yields False once a watch has begun: what was written before that, nobody has told of.

    The directories are watched, not the file: a file put in another's place is another file. A link is
    watched where it is and where it leads. SQLite writes beside its database, so its neighbours count.
    """
    awatch = await asyncio.to_thread(_load)
    while True:
        directories = _directories(source)
        if directories:
            names = {source.name, source.resolve().name}
            names |= {f"{name}{ending}" for name in names for ending in ("-wal", "-journal")}
            begun = False
            try:
                async for changes in awatch(
                    *directories, recursive=False, debounce=_DEBOUNCE_MS, step=_STEP_MS, watch_filter=None,
                    rust_timeout=_BEGUN_MS, yield_on_timeout=True,
                ):  # fmt: skip
                    if not begun:
                        begun = True
                        yield False
                    if any(path.rsplit("/", 1)[-1].rsplit("\\", 1)[-1] in names for _, path in changes):
                        yield True
                    if not all(directory.is_dir() for directory in directories):
                        break
            except (FileNotFoundError, NotADirectoryError):
                pass  # the directory went between looking and watching; look again
        await asyncio.sleep(_RETRY_S)
        if _directories(source) != directories:
            yield True  # the directory is gone, or back


def _load() -> type:
    """Imports watchfiles, off the event loop."""
    import watchfiles

    return watchfiles.awatch  # type: ignore[return-value]


def _directories(source: Path) -> list[Path]:
    found = {source.parent.absolute(), source.resolve().parent}
    return sorted(directory for directory in found if directory.is_dir())
