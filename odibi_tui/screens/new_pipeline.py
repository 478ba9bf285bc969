"""A new pipeline from a data file: asks for the file, writes a first config beside it, and opens that.

Keys: letters write the path, `right` or `end` takes the suggestion, `enter` writes and opens, `esc` leaves.
Data: the files with a known suffix in the session's directory.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.suggester import SuggestFromList
from textual.widgets import Input

from odibi_core.errors import OdibiError
from odibi_tui.screens.dialogs import Heading

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.app import ComposeResult

_MOST_FILES = 500


class NewPipeline(ModalScreen[Path | None]):
    """Gives back the config that was written, None where none was.

    Args:
        directory: Where data files are suggested from, and what the path is relative to.
    """

    AUTO_FOCUS = "Input"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", "close")]

    def __init__(self, directory: Path) -> None:
        super().__init__()
        self._directory = directory

    def compose(self) -> ComposeResult:
        """Title, the line to write in, what is to be said, and the keys."""
        found = data_files(self._directory)
        with Vertical(classes="dialog") as box:
            box.styles.width = 66
            box.styles.height = 9
            yield Heading(("A new pipeline from a data file", "strong"))
            yield Heading()
            yield Input(
                placeholder=found[0] if found else "orders.csv", compact=True, id="data-file",
                suggester=SuggestFromList(found, case_sensitive=False),
            )  # fmt: skip
            yield Heading((_told_of(found), "muted"), id="told")
            yield Heading(
                ("enter", "key"), (" write and open it   ", "muted"), ("esc", "key"), (" close", "muted")
            )

    async def on_input_submitted(self, event: Input.Submitted) -> None:
        """Writes the config; says why where it cannot."""
        event.stop()
        written = event.value.strip()
        if not written:
            return
        data = self._directory / Path(written).expanduser()
        target = data.with_name(f"{data.name.partition('.')[0] or 'data'}_pipeline.json")
        try:
            await asyncio.to_thread(_write, data, target)
        except (OdibiError, OSError) as error:
            told = self.query_one("#told", Heading)
            told.told = ((str(error), "error"),)
            told.refresh()
        else:
            self.dismiss(target)


def data_files(directory: Path) -> list[str]:
    """Returns the names of the data files in a directory; JSON is left out, it may be a config."""
    from odibi_core.formats.registry import formats, suffix_of

    suffixes = {suffix for fmt in formats() for suffix in fmt.suffixes} - {".json"}
    try:
        files: Iterable[Path] = sorted(path for path in directory.iterdir() if path.is_file())
    except OSError:
        return []  # a directory that may not be read has nothing to suggest
    return [path.name for path in files if suffix_of(path.name) in suffixes][:_MOST_FILES]


def _told_of(found: list[str]) -> str:
    return (
        f"here: {', '.join(found[:4])}{' ...' if len(found) > 4 else ''}" if found else "no data files here"
    )


def _write(data: Path, target: Path) -> None:
    from odibi_core.checks.editors.drafting import draft
    from odibi_core.errors import ConfigError
    from odibi_core.formats.atomic import replacing

    if target.exists():
        raise ConfigError(f"`{target.name}` is there already")
    text = draft([data], target)
    with replacing(target) as temporary:
        temporary.write_text(text, encoding="utf-8")
