"""Changes to the config made from here: a diagnostic's fix, and opening a person's editor at a place."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from odibi_core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from odibi_core.config import Document
    from odibi_core.diagnostics import Fix

_PLUS_LINE = {
    "vi",
    "vim",
    "nvim",
    "view",
    "nano",
    "pico",
    "emacs",
    "emacsclient",
    "jed",
    "joe",
    "ne",
    "kak",
    "mg",
}
_COLON = {"hx", "helix", "micro", "subl", "zed", "zeditor"}
_GOTO = {"code", "code-insiders", "codium", "cursor", "windsurf"}
_FALLBACKS = ("nano", "vim", "vi")


def apply_fix(source: Path, document: Document, fix: Fix) -> None:
    """Writes `source` with the fix in it, in one move.

    Raises:
        ConfigError: The file is not the one the fix was made for, or cannot be written.
    """
    from odibi_core.checks.editors.edits import apply_fixes

    apply_fixes(source, document, [fix])


def editor_command(
    environ: Mapping[str, str], path: Path, line: int | None = None, column: int | None = None
) -> list[str]:
    """Returns the command that opens `path` at a place in the person's editor: `$VISUAL`, else `$EDITOR`.

    Raises:
        ConfigError: No editor is set and none of the usual ones is there.
    """
    asked = environ.get("VISUAL") or environ.get("EDITOR") or next(filter(shutil.which, _FALLBACKS), "")
    words = shlex.split(asked)
    if not words:
        raise ConfigError("no editor is set", help="set `EDITOR`, such as `export EDITOR=nano`")
    editor = Path(words[0]).name.removesuffix(".exe")
    if line is None:
        return [*words, str(path)]
    if editor in _PLUS_LINE:
        at = f"+{line},{column}" if editor in ("nano", "pico") and column else f"+{line}"
        return [*words, at, str(path)]
    if editor in _COLON:
        return [*words, f"{path}:{line}:{column or 1}"]
    if editor in _GOTO:
        waits = [] if "--wait" in words or "-w" in words else ["--wait"]
        return [*words, *waits, "--goto", f"{path}:{line}:{column or 1}"]
    return [*words, str(path)]
