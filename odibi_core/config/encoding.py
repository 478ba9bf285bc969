"""Bytes -> text: UTF-8, and what can be saved of other encodings while saying so."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from odibi_core.config import codes
from odibi_core.config.places import BOM, TextSource
from odibi_core.diagnostics import Fix

if TYPE_CHECKING:
    from odibi_core.diagnostics import Diagnostic

_MAGIC = (
    (b"SQLite format 3\x00", "a SQLite database; give it the suffix .db"),
    (b"PAR1", "a Parquet file"),
    (b"PK\x03\x04", "a zip archive or an Excel file"),
    (b"\x1f\x8b", "gzip data"),
    (b"\x89PNG", "a picture"),
    (b"%PDF", "a PDF file"),
    (b"Obj\x01", "an Avro file"),
)
_SAMPLE = 8192
# Of the bytes that never stand in a text (all controls but tab, line feed, form feed, return, escape).
_CONTROLS = bytes(set(range(32)) - {9, 10, 12, 13, 27}) + b"\x7f"


class Decoded(NamedTuple):
    """A text and what is wrong with its encoding; `text` is None for binary data."""

    text: str | None
    diagnostics: tuple[Diagnostic, ...] = ()


def decode(path: str, data: bytes, *, bom_is_error: bool) -> Decoded:
    """Returns the text of `data`, decoded as UTF-8 where it is that, else as what it most likely is."""
    utf16 = _utf16(data)
    if utf16 is not None:
        return _decode_utf16(path, data, utf16)
    binary = _binary(data)
    if binary is not None:
        source = TextSource(path, "")
        what = f"the file holds {binary}" if binary.startswith("a") else f"the file is {binary}"
        help = (
            "a config is a .json or .csv file with steps, or a SQLite database with the suffix .db or .sqlite"
        )
        return Decoded(None, (codes.NOT_TEXT.found(what, span=source.span(0, 0), help=help),))
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return _decode_latin1(path, data)
    if bom_is_error and text.startswith(BOM):
        found = codes.BYTE_ORDER_MARK.found(
            "the text starts with a byte order mark", span=TextSource(path, text).span(0, 0),
            help="save it as UTF-8 without one", fix=Fix("remove the byte order mark", "safe", 0, 1, ""),
        )  # fmt: skip
        return Decoded(text, (found,))
    return Decoded(text)


def _utf16(data: bytes) -> str | None:
    if data.startswith((b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")):
        return "utf-32"
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    # Without a mark: JSON and CSV start with an ASCII character, whose other byte is zero.
    head = data[:4]
    if len(data) % 2 == 0 and len(head) == 4 and head.count(0) == 2:
        if head[1] == head[3] == 0:
            return "utf-16-le"
        if head[0] == head[2] == 0:
            return "utf-16-be"
    return None


def _decode_utf16(path: str, data: bytes, encoding: str) -> Decoded:
    text = data.decode(encoding, "replace")
    name = encoding.upper().removesuffix("-LE").removesuffix("-BE")
    found = codes.ENCODING.found(
        f"the text is {name}, not UTF-8", span=TextSource(path, text).span(0, 0), help="save it as UTF-8"
    )
    return Decoded(text, (found,))


def _binary(data: bytes) -> str | None:
    for magic, name in _MAGIC:
        if data.startswith(magic):
            return name
    sample = data[:_SAMPLE]
    if b"\x00" in sample:
        return "binary data"
    controls = len(sample) - len(sample.translate(None, _CONTROLS))
    return "binary data" if controls * 20 > len(sample) else None


def _decode_latin1(path: str, data: bytes) -> Decoded:
    """Decodes what is UTF-8 as that and each other byte as the Latin-1 character it most likely is."""
    escaped = data.decode("utf-8", "surrogateescape")
    bad = {code: code - 0xDC00 for code in range(0xDC80, 0xDD00)}
    text = escaped.translate(bad)
    places = [at for at, char in enumerate(escaped) if "\udc80" <= char <= "\udcff"]
    first = places[0]
    byte = ord(escaped[first]) - 0xDC00
    more = f", and {len(places) - 1:,} more" if len(places) > 1 else ""
    found = codes.ENCODING.found(
        f"the byte 0x{byte:02X} is not UTF-8{more}", span=TextSource(path, text).span(first, first + 1),
        help=f"it looks like Latin-1 (`{chr(byte)}`)" * (byte >= 0xA0) + "; " * (byte >= 0xA0)
        + "save the file as UTF-8",
    )  # fmt: skip
    return Decoded(text, (found,))
