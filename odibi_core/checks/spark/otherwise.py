"""otherwise: Spark SQL that sqlglot cannot read, written so that it can, in as many characters."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from odibi_core.config.sql_text import SPARK, regions

if TYPE_CHECKING:
    from sqlglot import exp

# What sqlglot cannot read -> the same in as many characters, which it can.
_OTHERWISE: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\bwindow(?=\s*\()(?!\s*\(\s*(?:partition|order)\b)", re.IGNORECASE), "w1ndow"),
    (re.compile(r">>>"), ">> "),
    (re.compile(r"\b([xX])(\s+)$"), r"\2\1"),
)
# A sample of a query in FROM: sqlglot does not know a name after it.
_SAMPLED = re.compile(r"(?<=\))\s*tablesample\s*\([^()]*\)", re.IGNORECASE)
# What a colon can follow that leads into a VARIANT, and what can follow it.
_BEFORE_COLON = re.compile(r"[\w)\]`]\s*$")
_AFTER_COLON = re.compile(r"\s*(?:[A-Za-z_`]|\[)")
_PARTS = ("this", "table", "db", "catalog")  # of a column, from the last to the first
_TYPE_OR_COLON = re.compile(r"\b(?:struct|array|map)\s*<|<|>|::|:", re.IGNORECASE)


def otherwise(sql: str) -> str:
    """Returns a query as sqlglot can read it, in as many characters."""
    parts = []
    for region in regions(sql, SPARK):
        part = sql[region.start : region.end]
        if region.kind == "comment" and part.startswith("/*+"):  # a hint: its names may be any
            part = re.sub(r"[^\n]", " ", part)
        elif region.kind == "code":
            for pattern, other in _OTHERWISE:
                part = pattern.sub(other, part)
            part = _SAMPLED.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), part)
        parts.append(part)
    return _with_dots("".join(parts))


def code(sql: str) -> str:
    """Returns a query with a letter for each of what is quoted, and blanks for comments."""
    return "".join(
        sql[r.start : r.end]
        if r.kind == "code"
        else (" " if r.kind == "comment" else "q") * (r.end - r.start)
        for r in regions(sql, SPARK)
    )


def apart(tree: exp.Expr, sql: str) -> None:
    """Takes the paths into VARIANT values, read as names with dots, off the columns that they lead into."""
    from sqlglot import exp

    if not any(True for _ in _colons(sql)):
        return
    for column in list(tree.find_all(exp.Column)):
        parts = column.parts
        for index, part in enumerate(parts):
            start = part.meta.get("start")
            if index and start is not None and sql[:start].rstrip().endswith(":"):
                left: exp.Expr = exp.Column(
                    **dict(zip(_PARTS, reversed([known.copy() for known in parts[:index]]), strict=False))
                )
                for inner in parts[index:]:
                    left = exp.Dot(this=left, expression=inner.copy())
                column.replace(left)
                break


def _with_dots(text: str) -> str:
    found = list(text)
    for at in _colons(text):
        found[at] = " " if text[at + 1 :].lstrip().startswith("[") else "."
    return "".join(found)


def _colons(sql: str) -> list[int]:
    """Returns where colons stand that lead into a VARIANT, as in `v:a.b`; not those of a struct's type."""
    if ":" not in sql:
        return []
    plain, found, depth = code(sql), [], 0
    for token in _TYPE_OR_COLON.finditer(plain):
        text = token[0]
        if text.endswith("<") and (depth or len(text) > 1):
            depth += 1
        elif text == ">" and depth:
            depth -= 1
        elif (
            text == ":"
            and not depth
            and _BEFORE_COLON.search(plain[: token.start()])
            and _AFTER_COLON.match(sql, token.end())
        ):
            found.append(token.start())
    return found
