"""Where in a query a mistake stands of which DuckDB names no place."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from odibi_core.checks.sql.columns import listed_columns
from odibi_core.checks.sql.names import plain_name
from odibi_core.config.sql_text import regions

if TYPE_CHECKING:
    from odibi_core.checks.sql.lab_errors import SqlProblem

_SET_OPERATION = re.compile(r"\b(?:UNION|INTERSECT|EXCEPT)\b(?:\s+ALL\b)?", re.IGNORECASE)
_GROUP_BY = re.compile(r"\bGROUP\s+BY\b", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![\w.])\d+(?![\w.])")
_SAMPLE_SIZE = re.compile(r"Sample sample_size (-?[\d.]+) out of range")
_DECIMAL = re.compile(r"(?<![\w.])\d+(?:\.\d*)?(?=\s*(?:%|PERCENT\b))", re.IGNORECASE)
_COLUMN_TWICE = re.compile(r'Column with name "?(?P<name>.*?)"? already exists')
# What stands behind a name that WITH gives.
_MAKES = re.compile(r"\s*(?:\([^()]*\)\s*)?AS\s*(?:(?:NOT\s+)?MATERIALIZED\s+)?\(", re.IGNORECASE)
_BETWEEN = re.compile(r"between (\d+) and (\d+)")


def find_place(problem: SqlProblem, sql: str) -> tuple[int, int] | None:
    """Returns the place of a problem that has none, where there is only one that it can be."""
    if problem.kind == "count" and problem.message.startswith("Set operations"):
        found = _in_code(sql, _SET_OPERATION)
    elif (sample := _SAMPLE_SIZE.match(problem.message)) is not None:
        found = [spot for spot in _in_code(sql, _DECIMAL) if _is_size(sql, spot, float(sample[1]))]
    elif problem.kind == "position":
        found = _numbers(problem, sql)
    elif (twice := _COLUMN_TWICE.match(problem.message)) is not None:
        found = _columns_again(sql, twice["name"].casefold())
    elif problem.name:
        found = _named(problem, problem.name, sql)
    else:
        return None
    if problem.message.startswith("Duplicate CTE"):
        made = [spot for spot in found if _MAKES.match(sql, spot[1])]
        return made[1] if len(made) > 1 else None
    if problem.kind == "alias":
        return found[-1] if found else None
    return found[0] if len(found) == 1 else None


def _columns_again(sql: str, name: str) -> list[tuple[int, int]]:
    """Returns the columns of a CREATE TABLE that has one of that name already."""
    found = []
    for columns in listed_columns(sql):
        found += [column.place for column in columns if column.name.casefold() == name][1:]
    return found[:1]


def _is_size(sql: str, spot: tuple[int, int], size: float) -> bool:
    return abs(float(sql[spot[0] : spot[1]]) - size) < 1e-6


def _named(problem: SqlProblem, name: str, sql: str) -> list[tuple[int, int]]:
    word = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)", re.IGNORECASE)
    found: list[tuple[int, int]] = []
    for region in regions(sql):
        if region.kind == "name" and plain_name(sql[region.start : region.end]).casefold() == name.casefold():
            found.append((region.start, region.end))
        elif region.kind == "code" or (region.kind == "text" and problem.kind in ("field", "constant")):
            found += [
                match.span()
                for match in word.finditer(sql, region.start, region.end)
                if problem.kind != "qualifier" or sql[match.end() : match.end() + 1] == "."
            ]
    return found


def _numbers(problem: SqlProblem, sql: str) -> list[tuple[int, int]]:
    """Returns the numbers behind GROUP BY that are out of the range that the message gives."""
    limits = _BETWEEN.search(problem.message)
    grouped = _in_code(sql, _GROUP_BY)
    if limits is None or len(grouped) != 1:
        return []
    low, high = int(limits[1]), int(limits[2])
    return [
        (start, end)
        for start, end in _in_code(sql, _NUMBER, grouped[0][1])
        if not low <= int(sql[start:end]) <= high
    ][:1]


def _in_code(sql: str, pattern: re.Pattern[str], first: int = 0) -> list[tuple[int, int]]:
    return [
        match.span()
        for region in regions(sql)
        if region.kind == "code" and region.end > first
        for match in pattern.finditer(sql, max(region.start, first), region.end)
    ]
