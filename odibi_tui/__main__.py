"""Entry point of `odibi-tui` and `python -m odibi_tui`."""

from __future__ import annotations

import gc
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from odibi_tui.session import Reading

_PATIENCE_S = 0.25
"""How long the screen waits for a config that is large or on a slow disk before it opens without it."""


class _EarlyReading:
    """Reads the config beside the start of Textual, which takes longer."""

    def __init__(self, source: Path, project: str | None) -> None:
        self.result: Reading | None = None
        self._thread = threading.Thread(target=self._read, args=(source, project), daemon=True)
        self._thread.start()

    def _read(self, source: Path, project: str | None) -> None:
        from odibi_tui.reading import read

        self.result = read(source, project=project)

    def wait(self) -> Reading | None:
        self._thread.join(_PATIENCE_S)
        return self.result


def run(words: Sequence[str]) -> int:
    """Opens the terminal application and returns the exit code."""
    import gc

    gc.disable()  # nothing made before the first paint is garbage; the application enables it then
    from odibi_core.errors import OdibiError
    from odibi_core.text import plain

    try:
        return _open(words)
    except OdibiError as error:
        print(f"odibi-tui: {plain(str(error))}", file=sys.stderr)  # noqa: T201 - no screen is open
        return 2


def _open(words: Sequence[str]) -> int:
    from odibi_core.errors import ConfigError
    from odibi_tui.arguments import parse
    from odibi_tui.session import Session
    from odibi_tui.settings import load_settings

    asked = parse(words)
    early = _EarlyReading(asked.path, asked.project) if asked.kind == "config" else None
    settings = load_settings()
    from odibi_tui.app import OdibiApp

    session = Session(
        source=asked.path if asked.kind == "config" else None,
        base_dir=asked.base_dir,
        log_dir=asked.log_dir,
        variables=asked.variables,
        project=asked.project,
    )
    reading = early.wait() if early is not None else None
    if reading is not None:
        if reading.error is not None:
            raise reading.error
        session.adopt(reading)
    if not sys.stdin.isatty() or not sys.__stdout__ or not sys.__stdout__.isatty():
        raise ConfigError("this is not a terminal", help="`odibi-core` does the same without a screen")
    app = OdibiApp(session, run=asked.path if asked.kind == "run" else None, settings=settings)
    app.run()
    return app.return_code or 0


def main() -> None:
    """Runs `odibi-tui` and exits with its code."""
    # Nearly all that a check makes stays; going through it all too often took a tenth of the time from a
    # save to its message.
    gc.set_threshold(50_000, 20, 50)
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
