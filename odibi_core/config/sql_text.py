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
        raw_prefix: In `r'…'` it does not.
        text_quotes: What quotes texts.
        name_quotes: What quotes names; the first is used for writing.
        dollar: Texts may stand between `$tag$` marks.
        escape_prefix: `E'…'` texts know backslashes.
        nested: Comments nest.
        hash_comments: `#` starts a comment.
        slash_comments: `//` starts a comment.
        spaced_dashes: `--` starts a comment only before a blank.
        brackets: `[name]` quotes a name.
        q_prefix: Texts may stand between `q'[` and `]'`, or other marks.
        is_known: Whether this is how the database is known to read, not a guess.
    """

    name: str
    backslash: bool = False
    raw_prefix: bool = False
    text_quotes: str = "'"
    name_quotes: str = '"'
    dollar: bool = False
    escape_prefix: bool = False
    nested: bool = False
    hash_comments: bool = False
    slash_comments: bool = False
    spaced_dashes: bool = False
    brackets: bool = False
    q_prefix: bool = False
    is_known: bool = True

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
SPARK = Dialect("spark", backslash=True, raw_prefix=True, text_quotes="'\"", name_quotes="`", nested=True)
MYSQL = Dialect(
    "mysql", backslash=True, text_quotes="'\"", name_quotes="`", hash_comments=True, spaced_dashes=True
)
SQLITE = Dialect("sqlite", name_quotes='"`', brackets=True)
MSSQL = Dialect("mssql", nested=True, brackets=True)
ORACLE = Dialect("oracle", q_prefix=True)
SNOWFLAKE = Dialect("snowflake", backslash=True, dollar=True, slash_comments=True)
ANSI = Dialect("ansi")
UNKNOWN = Dialect("unknown", is_known=False)
"""Of a database that is none of the others: a value goes only where all of them read the query alike."""
DIALECTS = {
    dialect.name: dialect
    for dialect in (DUCKDB, POSTGRES, SPARK, MYSQL, SQLITE, MSSQL, ORACLE, SNOWFLAKE, ANSI)
} | {
    "pandas": DUCKDB, "mariadb": MYSQL, "cockroachdb": POSTGRES, "databricks": SPARK, "trino": ANSI,
    "presto": ANSI,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Region:
    """A part of a query.

    Attributes:
        kind: code, text (a quoted literal), name (a quoted identifier) or comment.
        start: Offset of its first character, the quote included.
        end: Offset after its last one.
        quote: What ends it: its quote, or the `$tag$` mark.
        backslash: A backslash escapes in it.
        is_raw: Nothing stands for what ends it.
    """

    kind: RegionKind
    start: int
    end: int
    quote: str = ""
    backslash: bool = False
    is_raw: bool = False

    def escape(self, text: str) -> str | None:
        """Returns `text` as it has to stand inside this region; None where it cannot."""
        if self.is_raw:
            marks = "$" if self.quote.startswith("$") else self.quote
            return None if any(mark in text for mark in marks) else text
        if self.backslash:
            text = text.replace("\\", "\\\\")
            return text.replace(self.quote, "\\" + self.quote)
        return text.replace(self.quote, self.quote * 2)


_CLOSING = {"[": "]", "(": ")", "{": "}", "<": ">"}
_LAST_WORD, _LONGEST_PREFIX = re.compile(r"[\w$]*\Z"), 2
_DOLLAR_MARK = re.compile(r"\$(?:[^\W\d]\w*)?\$(?!\{)")


def regions(query: str, dialect: Dialect = DUCKDB) -> Iterator[Region]:
    """Yields the parts of a query in order; together they are the whole of it."""
    size = len(query)
    quotes = dialect.text_quotes + dialect.name_quotes
    interesting = re.compile(f"[{re.escape(quotes)}$#\\-/\\[]")
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
        if dialect.q_prefix and char == "'" and _has_prefix(query, at, "q", "nq"):
            opening = query[at + 1 : at + 2]
            closing = _CLOSING.get(opening, opening) + "'"
            end = query.find(closing, at + 2)
            return Region("text", at, len(query) if end < 0 else end + len(closing), closing, is_raw=True)
        is_raw = dialect.raw_prefix and _has_prefix(query, at, "r")
        escapes = not is_raw and (
            dialect.backslash or (dialect.escape_prefix and _has_prefix(query, at, "e"))
        )
        return Region("text", at, _quoted_end(query, at, char, escapes), char, escapes, is_raw)
    if char in dialect.name_quotes:
        return Region("name", at, _quoted_end(query, at, char, False), char)
    if char == "[" and dialect.brackets:
        return Region("name", at, _quoted_end(query, at, "]", False), "]", is_raw=True)
    if _starts_comment(query, at, dialect):
        end = query.find("\n", at)
        return Region("comment", at, len(query) if end < 0 else end)
    if query.startswith("/*", at):
        return Region("comment", at, _comment_end(query, at, dialect.nested))
    if char == "$" and dialect.dollar and (at == 0 or not (query[at - 1].isalnum() or query[at - 1] in "_$")):
        mark = _DOLLAR_MARK.match(query, at)
        if mark is not None:
            end = query.find(mark[0], mark.end())
            return Region("text", at, len(query) if end < 0 else end + len(mark[0]), mark[0], is_raw=True)
    return None


def _starts_comment(query: str, at: int, dialect: Dialect) -> bool:
    """Whether a comment that ends with its line begins here."""
    if query[at] == "#":
        return dialect.hash_comments
    if query.startswith("//", at):
        return dialect.slash_comments
    if not query.startswith("--", at):
        return False
    return not dialect.spaced_dashes or query[at + 2 : at + 3] <= " "


def _has_prefix(query: str, at: int, *prefixes: str) -> bool:
    """Whether the word that ends right before `at` is one of these, in any case."""
    word = _LAST_WORD.search(query, max(at - _LONGEST_PREFIX - 1, 0), at)
    return word is not None and word[0].lower() in prefixes


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
