"""The first rows of a json or jsonl file that is too big to read whole for a look at it."""

from __future__ import annotations

import codecs
import json
import re
from typing import TYPE_CHECKING, Any

from odibi_core.errors import FormatError
from odibi_core.formats.base import LOOK_WHOLE, damaged
from odibi_core.formats.compression import is_damage
from odibi_core.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from odibi_core.formats.sources import File

_SPACE = re.compile(r"[ \t\r\n]+")
_CUT = 1 << 16  # an error so near to the end of what was read may come of the cut


def first_rows(
    file: File, compression: str | None, encoding: str, *, lines: bool
) -> list[dict[str, Any]] | None:
    """Returns the objects in the first part of a file; None where they do not tell its columns.

    That is so where they differ in their keys, or are no objects: reading it whole may then make columns
    that the first rows lack.

    Raises:
        FormatError: What was read cannot be the start of a file in the format.
    """
    text = _start_of(file, compression, encoding)
    if text is None:
        return None
    rows = list(_from_lines(text, file) if lines else _from_array(text, file))
    if not rows or not all(isinstance(row, dict) for row in rows):
        return None
    keys = rows[0].keys()
    return rows if all(row.keys() == keys for row in rows) else None


def _start_of(file: File, compression: str | None, encoding: str) -> str | None:
    plain = encoding.lower().replace("-", "")
    try:
        decoder = codecs.getincrementaldecoder("utf-8-sig" if plain == "utf8" else encoding)()
    except LookupError:
        return None  # the reader itself will say so
    try:
        with file.open(compression) as handle:
            data = handle.read(LOOK_WHOLE)
    except Exception as error:
        if is_damage(error):
            raise damaged(file, "json", error) from error
        raise
    try:
        return decoder.decode(data)
    except UnicodeDecodeError as error:
        raise not_text(file, encoding, error) from error


def _from_lines(text: str, file: File) -> Iterator[Any]:
    whole, _, _ = text.rpartition("\n")
    for number, line in enumerate(whole.split("\n"), 1):
        if line and not line.isspace():
            try:
                yield json.loads(line)
            except json.JSONDecodeError as error:
                raise not_json(file, number, error) from error
            except RecursionError:
                return


def _from_array(text: str, file: File) -> Iterator[Any]:
    decode = json.JSONDecoder().raw_decode
    at = _skip(text, 0)
    if not text.startswith("[", at):
        return
    at = _skip(text, at + 1)
    while at < len(text) and text[at] != "]":
        try:
            row, at = decode(text, at)
        except json.JSONDecodeError as error:
            if error.pos < len(text) - _CUT and not error.msg.startswith("Unterminated"):
                raise not_json(file, 1, error) from error
            return
        except RecursionError:
            return
        at = _skip(text, at)
        if at < len(text):  # else the row may go on: a number that is cut
            yield row
        if not text.startswith(",", at):
            return
        at = _skip(text, at + 1)


def _skip(text: str, at: int) -> int:
    space = _SPACE.match(text, at)
    return at if space is None else space.end()


def not_text(file: File, encoding: str, error: UnicodeDecodeError) -> FormatError:
    """Returns the error for a file that is not text in the encoding."""
    return FormatError(
        f"`{one_line(file.label)}` is not {encoding} text: "
        f"byte {error.object[error.start]:#04x} at {error.start}",
        help="say how it is encoded with `encoding`, for example `latin-1`",
    )


def not_json(file: File, line: int, error: json.JSONDecodeError) -> FormatError:
    """Returns the error for a text that is not JSON.

    Args:
        file: The file.
        line: The line of it that the text starts at, from 1.
        error: What the parser says.
    """
    return FormatError(
        f"`{one_line(file.label)}` is not JSON: line {line + error.lineno - 1}, column {error.colno}: "
        f"{error.msg[:1].lower()}{error.msg[1:]}"
    )
