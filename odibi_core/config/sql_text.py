"""SQL text cut into code, quoted texts, quoted names and comments, as each dialect reads it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

RegionKind = Literal["code", "text", "name", "comment"]


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a database reads quotes and comments.

    Attributes:
        name: Its name.
        backslash: A backslash escapes inside every quoted text.
        text_quotes: What quotes texts.
        name_quotes: What quotes names; the first is used for writing.
        dollar: Texts may stand between `$tag$` marks.
        escape_prefix: `E'…'` texts know backslashes.
        nested: Comments nest.
        hash_comments: `#` starts a comment.
        brackets: `[name]` quotes a name.
    """

    name: str
    backslash: bool = False
    text_quotes: str = "'"
    name_quotes: str = '"'
    dollar: bool = False
    escape_prefix: bool = False
    nested: bool = False
    hash_comments: bool = False
    brackets: bool = False

    def quote_text(self, text: str) -> str:
        """Returns a text as a quoted literal."""
        return f"'{self._double(text, chr(39))}'"

    def quote_identifier(self, name: str) -> str:
        """Returns a name as a quoted identifier."""
        quote = self.name_quotes[0]
        return f"{quote}{name.replace(quote, quote * 2)}{quote}"

    def _double(self, text: str, quote: str) -> str:
        if self.backslash:
            return text.replace("\\", "\\\\").replace(quote, "\\" + quote)
        return text.replace(quote, quote * 2)


DUCKDB = Dialect("duckdb", dollar=True, escape_prefix=True, nested=True)
POSTGRES = Dialect("postgresql", dollar=True, escape_prefix=True, nested=True)
SPARK = Dialect("spark", backslash=True, text_quotes="'\"", name_quotes="`", nested=True)
MYSQL = Dialect("mysql", backslash=True, text_quotes="'\"", name_quotes="`", hash_comments=True)
SQLITE = Dialect("sqlite", name_quotes='"`', brackets=False)
ANSI = Dialect("ansi")
DIALECTS = {
    dialect.name: dialect for dialect in (DUCKDB, POSTGRES, SPARK, MYSQL, SQLITE, ANSI)
} | {"pandas": DUCKDB, "mariadb": MYSQL}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Region:
    """A part of a query.

    Attributes:
        kind: code, text (a quoted literal), name (a quoted identifier) or comment.
        start: Offset of its first character, the quote included.
        end: Offset after its last one.
        quote: What quotes it, or the `$tag$` mark.
        backslash: A backslash escapes in it.
    """

    kind: RegionKind
    start: int
    end: int
    quote: str = ""
    backslash: bool = False

    def escape(self, text: str) -> str | None:
        """Returns `text` as it has to stand inside this region; None where it cannot."""
        if self.quote.startswith("$"):
            return None if "$" in text else text
        if self.backslash:
            text = text.replace("\\", "\\\\")
            return text.replace(self.quote, "\\" + self.quote)
        return text.replace(self.quote, self.quote * 2)


_DOLLAR_MARK = re.compile(r"\$(?:[^\W\d]\w*)?\$(?!\{)")


def regions(query: str, dialect: Dialect = DUCKDB) -> Iterator[Region]:
    """Yields the parts of a query in order; together they are the whole of it."""
    size = len(query)
    quotes = dialect.text_quotes + dialect.name_quotes
    interesting = re.compile(f"[{re.escape(quotes)}$#\\-/]")
    at = start = 0
    while at < size:
        match = interesting.search(query, at)
        if match is None:
            break
        at = match.start()
        found = _region_at(query, at, dialect)
        if found is None:
            at += 1
            continue
        if found.start > start:
            yield Region("code", start, found.start)
        yield found
        at = start = found.end
    if start < size:
        yield Region("code", start, size)


def _region_at(query: str, at: int, dialect: Dialect) -> Region | None:
    char = query[at]
    if char in dialect.text_quotes:
        escapes = dialect.backslash or (dialect.escape_prefix and _has_escape_prefix(query, at))
        return Region("text", at, _quoted_end(query, at, char, escapes), char, escapes)
    if char in dialect.name_quotes:
        return Region("name", at, _quoted_end(query, at, char, False), char)
    if query.startswith("--", at) or (char == "#" and dialect.hash_comments):
        end = query.find("\n", at)
        return Region("comment", at, len(query) if end < 0 else end)
    if query.startswith("/*", at):
        return Region("comment", at, _comment_end(query, at, dialect.nested))
    if char == "$" and dialect.dollar and (at == 0 or not (query[at - 1].isalnum() or query[at - 1] in "_$")):
        mark = _DOLLAR_MARK.match(query, at)
        if mark is not None:
            end = query.find(mark[0], mark.end())
            return Region("text", at, len(query) if end < 0 else end + len(mark[0]), mark[0])
    return None


def _has_escape_prefix(query: str, at: int) -> bool:
    before = query[max(at - 2, 0) : at]
    return before[-1:] in ("e", "E") and not (before[:-1].isalnum() or before[:-1] in ("_", "$"))


def _quoted_end(query: str, at: int, quote: str, backslash: bool) -> int:
    """Returns the offset after a quoted part; the end of the query if it is not closed."""
    size = len(query)
    at += 1
    while at < size:
        if backslash and query[at] == "\\":
            at += 2
        elif query[at] != quote:
            at += 1
        elif query.startswith(quote, at + 1):
            at += 2
        else:
            return at + 1
    return size


def _comment_end(query: str, at: int, nested: bool) -> int:
    depth = 0
    for match in re.compile(r"/\*|\*/").finditer(query, at):
        if match[0] == "/*":
            depth = depth + 1 if nested else 1
        else:
            depth -= 1
            if depth == 0:
                return match.end()
    return len(query)
