"""The log directory as History sees it: listing, watching and opening it, away from the event loop."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

_PAUSE_S = 1.0


def watch(log_dir: Path, changed: Callable[[], None], stopped: threading.Event) -> None:
    """Calls `changed` after runs have come, ended or gone, until `stopped`; the body of a thread.

    Only the directory itself is watched: 10,000 runs would be 10,000 watches.
    """
    from watchfiles import watch as watch_files

    while not stopped.is_set():
        if not log_dir.is_dir():
            stopped.wait(_PAUSE_S)
            if log_dir.is_dir():
                changed()
            continue
        try:
            changes = watch_files(
                log_dir,
                watch_filter=lambda _, path: Path(path).name.startswith("run_"),
                recursive=False,
                debounce=400,
                stop_event=stopped,
                rust_timeout=1000,
                yield_on_timeout=True,  # to see that the directory has gone
            )
            for found in changes:
                if found:
                    changed()
                if not log_dir.is_dir():
                    changed()
                    break
        except (OSError, RuntimeError):
            # Gone between the look and the watch, or the system has no watches left: look again and again.
            stopped.wait(_PAUSE_S)
            changed()


def open_folder(folder: Path) -> bool:
    """Shows a folder with the system's own program; returns False where there is none, or no desktop."""
    if sys.platform == "darwin":
        opener = shutil.which("open")
    elif os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        opener = shutil.which("xdg-open")
    else:
        opener = None
    if opener is None:
        return False
    subprocess.Popen(
        [opener, str(folder)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    return True
