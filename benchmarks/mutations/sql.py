"""Sql: a query as tokens that know what they are, so that a fault can be planted into one of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
RESERVED = frozenset({
    "select", "from", "where", "group", "by", "order", "having", "limit", "union", "all", "as", "on", "in",
    "is", "not", "null", "case",
})  # fmt: skip


@dataclass(frozen=True)
class Token:
    """A piece of a query.

    Attributes:
        text: As it stands in the query.
        role: space, keyword, column, table, function, alias, text, number, comma, open, close, operator,
            type, placeholder, date, star, qualifier.
        info: What faults need to know: the kind of a column, what an aggregate is applied to.
    """

    text: str
    role: str
    info: Any = None


@dataclass
class Sql:
    """A query under construction, then a value."""

    dialect: str
    tokens: list[Token] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(token.text for token in self.tokens)

    def copy(self) -> Sql:
        return replace(self, tokens=list(self.tokens))

    def place(self, index: int, until: int | None = None) -> tuple[int, int]:
        """Returns the characters of the tokens from `index` to `until`, inclusive."""
        start = sum(len(token.text) for token in self.tokens[:index])
        last = index if until is None else until
        return start, start + sum(len(token.text) for token in self.tokens[index : last + 1])

    def find(self, role: str, where: Callable[[Token], bool] = lambda _: True) -> list[int]:
        """Returns the indexes of the tokens of a role."""
        return [i for i, token in enumerate(self.tokens) if token.role == role and where(token)]

    def after(self, index: int) -> int:
        """Returns the index of the next token that is not space; the last one if there is none."""
        for i in range(index + 1, len(self.tokens)):
            if self.tokens[i].role != "space":
                return i
        return len(self.tokens) - 1

    def before(self, index: int) -> int:
        """Returns the index of the token before that is not space."""
        for i in range(index - 1, -1, -1):
            if self.tokens[i].role != "space":
                return i
        return 0

    def closing(self, index: int) -> int:
        """Returns the index of the parenthesis that closes the one at `index`."""
        depth = 0
        for i in range(index, len(self.tokens)):
            depth += {"open": 1, "close": -1}.get(self.tokens[i].role, 0)
            if depth == 0:
                return i
        raise ValueError("a parenthesis is not closed")

    # -- writing -------------------------------------------------------------------------------------

    def add(self, text: str, role: str, info: Any = None) -> Sql:
        self.tokens.append(Token(text, role, info))
        return self

    def space(self, text: str = " ") -> Sql:
        return self.add(text, "space")

    def kw(self, words: str) -> Sql:
        """Adds keywords, with spaces around each."""
        for word in words.split():
            if self.tokens and self.tokens[-1].role not in ("space", "open"):
                self.space()
            self.add(word, "keyword").space()
        return self

    def op(self, text: str) -> Sql:
        if self.tokens[-1].role != "space":
            self.space()
        return self.add(text, "operator").space()

    def col(self, name: str, kind: str, table: str | None = None) -> Sql:
        if table is not None:
            self.add(quote(table, self.dialect), "qualifier", table).add(".", "dot")
        return self.add(quote(name, self.dialect), "column", (name, kind, table))

    def alias(self, name: str) -> Sql:
        self.kw("AS")
        return self.add(quote(name, self.dialect), "alias", name)

    def fn(self, name: str, *arguments: Callable[[], Any], info: Any = None) -> Sql:
        self.add(name, "function", info).add("(", "open")
        self.each(arguments)
        return self.add(")", "close")

    def group(self, inside: Callable[[], Any]) -> Sql:
        self.add("(", "open")
        inside()
        return self.add(")", "close")

    def each(self, parts: Iterable[Callable[[], Any]]) -> Sql:
        for number, part in enumerate(parts):
            if number:
                self.add(",", "comma").space()
            part()
        return self


def quote(name: str, dialect: str) -> str:
    """Returns a name as an identifier, in quotes only where it needs them."""
    if _BARE.fullmatch(name) and name.lower() not in RESERVED:
        return name
    if dialect == "spark":
        return "`" + name.replace("`", "``") + "`"
    return '"' + name.replace('"', '""') + '"'


def unquote(text: str) -> str:
    """Returns the name that an identifier stands for."""
    if text[:1] in ('"', "`") and text[-1:] == text[:1]:
        return text[1:-1].replace(text[0] * 2, text[0])
    return text
