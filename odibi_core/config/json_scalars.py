"""Strings, numbers and words of JSON text, as they should be and as people write them."""

from __future__ import annotations

import json
import json.decoder
import math
import re
from typing import TYPE_CHECKING

from odibi_core.config import codes
from odibi_core.config.json_tree import Edit, Node

if TYPE_CHECKING:
    from odibi_core.config.json_reader import JsonReader

_scanstring = json.decoder.scanstring  # type: ignore[attr-defined]  # in C where it can be
_CHUNK = re.compile(r'[^"\\\x00-\x1f]*')
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?", re.ASCII)
_LOOSE_NUMBER = re.compile(r"[-+]?[\w.]+(?:(?<=[eE])[-+]\w*)?")
_WORD = re.compile(r"[\w$][^,\[\]{}\":\n]*")
_HEX = re.compile(r"[0-9a-fA-F]{4}")
_SURROGATE = re.compile("[\ud800-\udfff]")
_NEXT_LINE_IS_JSON = re.compile(r'\s*(?:"(?:[^"\\\n]|\\.)*"\s*:|[}\]])')
_LINE_TAIL = re.compile(r"[\s,}\]]*$")
_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_WORDS = {"true": True, "false": False, "null": None}
_FOREIGN_WORDS = {"none": "null", "nil": "null", "undefined": "null", "yes": "true", "no": "false"}
_NON_FINITE = re.compile(r"[-+]?(?:nan|inf(?:inity)?)\b", re.IGNORECASE)
# What stands between texts, taken for the end of one whose own end is missing.
_SEPARATORS = re.compile(r"[\s,:{}\[\]]*[,:}\]][\s,:{}\[\]]*$")
_AFTER_TEXT = re.compile(r"\s*(?:[,:}\]/#]|$)")
_CLOSING_QUOTES = {"“": "”", "‘": "’", "”": "”", "’": "’"}
MAX_DIGITS = 4300  # what Python converts to an integer by default


def read_string(reader: JsonReader) -> Node:
    """Reads the string whose opening quote is next."""
    start = reader.pos
    try:
        value, end = _scanstring(reader.text, start + 1, True)
    except ValueError:
        return _damaged_string(reader, start)
    closed = _closed_too_late(reader, start, end)
    if closed is not None:
        return closed
    if "\\u" in reader.text[start:end] and _SURROGATE.search(value):
        _tell_surrogates(reader, start, end)
        value = _SURROGATE.sub("\ufffd", value)
    reader.pos = end
    return Node("string", start, end, value)


def _closed_too_late(reader: JsonReader, start: int, end: int) -> Node | None:
    """Returns a text that the next one's opening quote seems to close, ended where its own is missing."""
    if _AFTER_TEXT.match(reader.text, end) is not None:
        return None
    tail = _SEPARATORS.search(reader.text, start + 1, end - 1)
    if tail is None or tail.start() == start + 1:
        return None
    at = tail.start()
    reader.report(
        codes.SYNTAX, "this text is not closed", start, at,
        help='write " after its end', edit=Edit("close it", at, at, '"', safe=False),
    )  # fmt: skip
    reader.pos = at
    return Node("string", start, at, reader.text[start + 1 : at])


def read_unopened(reader: JsonReader, start: int, end: int) -> Node:
    """Reads a text that has a closing quote, at `end`, and no opening one."""
    reader.report(
        codes.SYNTAX, "the opening quote of a text is missing", start, end + 1,
        help='write " before it', edit=Edit("insert a quote", start, start, '"'),
    )  # fmt: skip
    reader.pos = end + 1
    return Node("string", start, end + 1, reader.text[start:end])


def _tell_surrogates(reader: JsonReader, start: int, end: int) -> None:
    """Reports the escapes in a string that are half a character."""
    for match in re.finditer(
        r"\\u[dD][89abAB]..\\u[dD][c-fC-F]..|(\\u[dD][89a-fA-F]..)|\\.", reader.text[start:end]
    ):
        if match[1]:
            at = start + match.start()
            reader.report(
                codes.LONE_SURROGATE, f"`{match[1]}` is half a character", at, at + 6,
                help="write both halves, or the character itself", syntax=False,
            )  # fmt: skip


def _damaged_string(reader: JsonReader, start: int) -> Node:
    text, at = reader.text, start + 1
    parts: list[str] = []
    told_break = False
    while True:
        match = _CHUNK.match(text, at)
        if match is not None:
            parts.append(match[0])
            at = match.end()
        char = text[at : at + 1]
        if char == '"':
            reader.pos = at + 1
            return Node("string", start, at + 1, _SURROGATE.sub("\ufffd", "".join(parts)))
        if char == "\\":
            piece, at = _escape(reader, at)
            parts.append(piece)
            continue
        if char == "" or (char in "\r\n" and _is_cut_off(text, at)):
            return _cut_off(reader, start, at)
        if not told_break:
            told_break = True
            _tell_control(reader, at)
        parts.append(char)
        at += 1


def _escape(reader: JsonReader, at: int) -> tuple[str, int]:
    text = reader.text
    letter = text[at + 1 : at + 2]
    if letter in _ESCAPES:
        return _ESCAPES[letter], at + 2
    if letter == "u":
        digits = _HEX.match(text, at + 2)
        if digits is not None:
            high = int(digits[0], 16)
            low = _HEX.match(text, at + 8) if text.startswith("\\u", at + 6) else None
            if 0xD800 <= high < 0xDC00 and low is not None and 0xDC00 <= int(low[0], 16) < 0xE000:
                return chr(0x10000 + ((high - 0xD800) << 10) + int(low[0], 16) - 0xDC00), at + 12
            return chr(high), at + 6
    if letter == "'":
        reader.report(
            codes.SYNTAX, "`\\'` is not an escape that JSON has", at, at + 2,
            help="write ' alone", edit=Edit("take the backslash out", at, at + 1, ""),
        )  # fmt: skip
        return "'", at + 2
    shown = f"\\{letter}" if letter.isprintable() else "\\"
    reader.report(
        codes.SYNTAX, f"`{shown}` is not an escape that JSON has", at, min(at + 2, len(text)),
        help="write two backslashes for one", edit=Edit("double the backslash", at, at + 1, "\\\\"),
    )  # fmt: skip
    return "\\", at + 1


def _is_cut_off(text: str, at: int) -> bool:
    """Whether a string that meets the end of its line was never closed, rather than going on below."""
    line_end = at + 1 + (text.startswith("\r\n", at))
    if _NEXT_LINE_IS_JSON.match(text, line_end):
        return True
    return text.find('"', line_end) < 0


def _cut_off(reader: JsonReader, start: int, at: int) -> Node:
    """Ends a string that is not closed where its line ends, before what closes the things around it."""
    text = reader.text
    tail = _LINE_TAIL.search(text, start + 1, at)
    end = tail.start() if tail is not None else at
    end = max(end, start + 1)
    reader.report(
        codes.SYNTAX, "this text is not closed", start, end,
        help='write " after its end', edit=Edit("close it", end, end, '"', safe=False),
    )  # fmt: skip
    reader.pos = end
    return Node("string", start, end, text[start + 1 : end])


def _tell_control(reader: JsonReader, at: int) -> None:
    text = reader.text
    closing = re.compile(r'(?:[^"\\]|\\.)*', re.DOTALL).match(text, at)
    end = closing.end() if closing is not None else at + 1
    written = "".join(c if c >= " " else json.dumps(c)[1:-1] for c in text[at:end])
    what = "a line break" if text[at] in "\r\n" else "a tab" if text[at] == "\t" else "a control character"
    short = json.dumps(text[at])[1:-1]
    reader.report(
        codes.SYNTAX, f"{what} inside a text", at, at + 1,
        help=f"write {short}", edit=Edit(f"write {short}", at, end, written),
    )  # fmt: skip


def read_quoted(reader: JsonReader) -> Node:
    """Reads a string in quotes that JSON does not have."""
    text, start = reader.text, reader.pos
    opening = text[start]
    closing = _CLOSING_QUOTES.get(opening, opening)
    line_end = text.find("\n", start)
    line_end = len(text) if line_end < 0 else line_end
    ends = [at for at in (text.find(q, start + 1, line_end) for q in {closing, opening}) if at > 0]
    if not ends:
        return _cut_off(reader, start, line_end)
    end = min(ends)
    value = text[start + 1 : end]
    reader.report(
        codes.SYNTAX, "a text in quotes that JSON does not have", start, end + 1,
        help='write "', edit=Edit("use double quotes", start, end + 1, json.dumps(value, ensure_ascii=False)),
    )  # fmt: skip
    reader.pos = end + 1
    return Node("string", start, end + 1, value)


def read_number(reader: JsonReader) -> Node:
    """Reads a number, or what looks like one."""
    text, start = reader.text, reader.pos
    loose = _LOOSE_NUMBER.match(text, start)
    end = loose.end() if loose is not None else start + 1
    written = text[start:end]
    strict = _NUMBER.fullmatch(written)
    reader.pos = end
    node = Node("scalar", start, end)
    if strict is None:
        if _NON_FINITE.fullmatch(written):
            _tell_non_finite(reader, written, start, end)
            return node
        reader.report(
            codes.SYNTAX, f"`{_short(written)}` is not a number that JSON has", start, end,
            help="write digits without leading zeros or +, or put it in quotes",
            edit=Edit("put it in quotes", start, end, json.dumps(written, ensure_ascii=False), safe=False),
        )  # fmt: skip
        node.kind, node.value = "string", written
        return node
    if written.lstrip("-").isdigit():
        if len(written) > MAX_DIGITS:
            reader.report(
                codes.NOT_JSON_NUMBER, f"a number of {len(written):,} digits", start, end,
                help="put it in quotes", syntax=False,
            )  # fmt: skip
            return node
        node.value = int(written)
        return node
    node.value = float(written)
    if math.isinf(node.value):
        reader.report(
            codes.NOT_JSON_NUMBER, f"`{_short(written)}` is too large for a number", start, end,
            help="write a finite number, or put it in quotes", syntax=False,
        )  # fmt: skip
        node.value = None
    return node


def read_word(reader: JsonReader) -> Node:
    """Reads true, false or null, or a word that has no quotes."""
    text, start = reader.text, reader.pos
    match = _WORD.match(text, start)
    written = (match[0] if match is not None else text[start]).rstrip()
    written = written.split("//")[0].split("/*")[0].rstrip() or text[start]
    first = re.match(r"\w+", written)
    if first is not None and first[0] in _WORDS:
        reader.pos = start + first.end()
        return Node("scalar", start, reader.pos, _WORDS[first[0]])
    end = start + len(written)
    if text.startswith('"', end) and written.lower() not in _WORDS:
        return read_unopened(reader, start, end)
    reader.pos = end
    meant = _FOREIGN_WORDS.get(written.lower(), written.lower() if written.lower() in _WORDS else None)
    if meant is not None:
        reader.report(
            codes.SYNTAX, f"`{written}` is written `{meant}` in JSON", start, end,
            help=f"write {meant}",
            edit=Edit(f"write {meant}", start, end, meant, safe=written.lower() not in ("yes", "no")),
        )  # fmt: skip
        return Node("scalar", start, end, _WORDS[meant])
    if _NON_FINITE.fullmatch(written):
        _tell_non_finite(reader, written, start, end)
        return Node("scalar", start, end)
    reader.report(
        codes.SYNTAX, f"`{_short(written)}` has no quotes", start, end,
        help="a text stands in double quotes",
        edit=Edit("put it in quotes", start, end, json.dumps(written, ensure_ascii=False)),
    )  # fmt: skip
    return Node("string", start, end, written)


def _tell_non_finite(reader: JsonReader, written: str, start: int, end: int) -> None:
    reader.report(
        codes.NOT_JSON_NUMBER, f"`{written}` is not JSON", start, end,
        help="write null, a finite number, or a text",
        edit=Edit("write null", start, end, "null", safe=False), syntax=False,
    )  # fmt: skip


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"
