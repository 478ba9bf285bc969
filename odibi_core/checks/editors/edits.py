"""Fixes applied to a config: to the characters they name and to nothing else."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from odibi_core.engine.duckdb_session import quoted
from odibi_core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from odibi_core.config.document import Document
    from odibi_core.diagnostics import Fix


@dataclass(frozen=True, slots=True)
class Edited:
    """A text with fixes in it.

    Attributes:
        text: The text.
        applied: The fixes that are in it.
        left: Those that touch the same characters as one that is, for another round.
    """

    text: str
    applied: tuple[Fix, ...]
    left: tuple[Fix, ...]


def edit_text(text: str, fixes: Iterable[Fix]) -> Edited:
    """Applies fixes to a text (or those of one cell to it); of those that touch each other the first only.

    A fix that stands twice counts once. What is outside the fixes stays as it is, to the character.
    """
    applied: list[Fix] = []
    left: list[Fix] = []
    pieces: list[str] = []
    done = 0
    taken: set[tuple[int, int, str]] = set()
    for fix in sorted(fixes, key=lambda fix: (fix.start, fix.end)):
        if (fix.start, fix.end, fix.text) in taken:
            continue
        taken.add((fix.start, fix.end, fix.text))
        # Two that meet in one place would stand in an order nobody has said.
        if applied and (fix.start < done or fix.end == done == applied[-1].start):
            left.append(fix)
            continue
        pieces += (text[done : fix.start], fix.text)
        done = fix.end
        applied.append(fix)
    return Edited("".join([*pieces, text[done:]]), tuple(applied), tuple(left))


def write_text(source: str | Path, document: Document, text: str) -> None:
    """Puts `text` in place of a config's text, in one move; a link stays one.

    Args:
        source: The file.
        document: What was read from it, whose text `text` was made from.
        text: The new text.

    Raises:
        ConfigError: The file is not what was read any more, is not UTF-8, or cannot be written.
    """
    from odibi_core.formats.atomic import replacing

    path = Path(source)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot read `{path.name}`: {error.strerror}") from error
    if hashlib.sha256(data).hexdigest() != document.digest:
        raise _changed(path)
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"`{path.name}` is not UTF-8", help="save it as UTF-8 first") from error
    try:
        with replacing(path) as temporary:
            temporary.write_bytes(text.encode("utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot write `{path.name}`: {error.strerror}") from error


def apply_fixes(source: str | Path, document: Document, fixes: Sequence[Fix]) -> Edited:
    """Writes fixes into a config: its file, in one move, or the cells of its database, in one transaction.

    Args:
        source: The file.
        document: What was read from it, and what the fixes were made for.
        fixes: What to apply; of those that touch the same characters only the first is.

    Returns:
        What was applied and what is left; for a database the text is empty.

    Raises:
        ConfigError: The file is not what was read any more, or cannot be written.
    """
    if document.kind == "sqlite":
        return _edit_database(Path(source), document, fixes)
    if document.text is None:
        raise ConfigError(f"`{Path(source).name}` has no text to edit")
    edited = edit_text(document.text, fixes)
    if edited.applied:
        write_text(source, document, edited.text)
    return edited


def _edit_database(path: Path, document: Document, fixes: Sequence[Fix]) -> Edited:
    """Applies fixes to the cells of a database, all of them or none."""
    from odibi_core.config.reader import read_document

    by_cell: dict[tuple[str, int, str], list[Fix]] = {}
    for fix in fixes:
        if fix.table is None or fix.row is None or fix.column is None:
            raise ConfigError(f"`{fix.message}` names no cell of a database")
        by_cell.setdefault((fix.table, fix.row, fix.column), []).append(fix)
    applied: list[Fix] = []
    left: list[Fix] = []
    uri = f"{path.absolute().as_uri()}?mode=rw"
    try:
        with closing(sqlite3.connect(uri, uri=True, timeout=1.0, isolation_level=None)) as database:
            database.execute("BEGIN IMMEDIATE")  # from here on nobody else writes
            if read_document(path).digest != document.digest:
                raise _changed(path)
            for (table, row, column), wanted in by_cell.items():
                edited = _edit_cell(database, path, table, row, column, wanted)
                applied += edited.applied
                left += edited.left
            database.execute("COMMIT")
    except sqlite3.Error as error:
        raise ConfigError(f"cannot write `{path.name}`: {error}") from error
    return Edited("", tuple(applied), tuple(left))


def _edit_cell(
    database: sqlite3.Connection, path: Path, table: str, row: int, column: str, fixes: Sequence[Fix]
) -> Edited:
    kind = database.execute("SELECT type FROM sqlite_master WHERE name = ?", (table,)).fetchone()
    if kind != ("table",):
        raise ConfigError(f"cannot write `{path.name}`: `{table}` is a view", help="change what it shows")
    name, cell = quoted(table), quoted(column)
    found = database.execute(
        f"SELECT {cell}, typeof({cell}) FROM {name} WHERE rowid = ?",
        (row,),
    ).fetchone()
    if found is None or found[1] != "text" or any(fix.end > len(found[0]) for fix in fixes):
        raise _changed(path)
    edited = edit_text(found[0], fixes)
    changed = database.execute(
        f"UPDATE {name} SET {cell} = ? WHERE rowid = ?",
        (edited.text, row),
    ).rowcount
    if changed != 1:
        raise _changed(path)
    return edited


def _changed(path: Path) -> ConfigError:
    return ConfigError(f"`{path.name}` has changed since it was checked", help="check it again")
