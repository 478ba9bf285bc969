"""Mistakes of which DuckDB names no place, or one in its own macros: where in the query they stand."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from odibi_core.checks.sql.names import last_part, plain_name
from odibi_core.checks.sql.tree import nodes_in, place_of, places_in
from odibi_core.config.sql_text import regions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from odibi_core.checks.sql.lab_errors import SqlProblem
    from odibi_core.checks.sql.tree import SqlTree

    Node = dict[str, Any]
    _Finder = Callable[[SqlProblem, re.Match[str], "_Query"], SqlProblem | None]

_LAMBDA_FUNCTIONS = re.compile(r"(?:(?:list|array)_)?(?:transform|filter|reduce|apply)", re.IGNORECASE)
_LIST_MACRO = re.compile(r"list_(?!aggr)\w+|array_to_string\w*", re.IGNORECASE)
_QUANTILE = re.compile(r"\w*(?:quantile|percentile)\w*", re.IGNORECASE)
_REGEXP = re.compile(r"regexp_\w+|(?:string_)?split_regex|str_split_regex|string_split_regex", re.IGNORECASE)
# What the library of regular expressions says of one that is none.
_NO_PATTERN = (
    r"missing [)\]]|no argument for repetition operator|invalid escape sequence|bad repetition operator|"
    r"invalid perl operator|invalid character class range|unexpected \)|trailing \\|"
    r"invalid named capture group|invalid repetition size"
)
_LISTED = re.compile(r"(?:^|, )(.+?) ([A-Z][A-Z0-9_ ]*(?:\([^()]*\))?(?:\[\d*\])*)(?=, |$)")


def located(problem: SqlProblem, sql: str, tree: SqlTree) -> SqlProblem | None:
    """Returns a problem at the place that the query's tree has for it; None where it has no certain one."""
    for pattern, find in _FINDERS:
        match = pattern.match(problem.message)
        if match is not None:
            return find(problem, match, _Query(sql, tree))
    return None


class _Query:
    """A query and its nodes."""

    def __init__(self, sql: str, tree: SqlTree) -> None:
        self.sql = sql
        self.nodes = tree.nodes

    def of(self, *, kind: str) -> Iterator[Node]:
        """Yields the nodes of a class or type, in the order that they stand in."""
        return (node for node in self.nodes if kind in (node.get("class"), node.get("type")))

    def place(self, node: Node) -> tuple[int, int] | None:
        return place_of(node, self.sql)

    def calls(self, name: re.Pattern[str]) -> list[Node]:
        """Returns the calls of functions of a name."""
        kinds = (*self.of(kind="FUNCTION"), *self.of(kind="WINDOW"))
        return [node for node in kinds if name.fullmatch(str(node.get("function_name", "")))]

    def in_code(self, text: str, start: int) -> int | None:
        """Returns where a text stands first from `start` on, outside of comments and quotes."""
        for region in regions(self.sql):
            if region.kind == "code" and region.end > start:
                at = self.sql.find(text, max(region.start, start), region.end)
                if at >= 0:
                    return at
        return None


def _star_of_table(problem: SqlProblem, match: re.Match[str], query: _Query) -> SqlProblem | None:
    """Finds the table before `.*`; of one before a column DuckDB names the place."""
    if problem.has_place:
        return None
    name = match["name"].casefold()
    for star in query.of(kind="STAR"):
        place = query.place(star)
        if place is not None and str(star.get("relation_name", "")).casefold() == name:
            return problem.at(place[0], _name_end(query.sql, place[0]))
    return None


def _ungrouped_star(problem: SqlProblem, match: re.Match[str], query: _Query) -> SqlProblem | None:
    if problem.has_place:
        return None
    selects = [node for node in query.of(kind="SELECT_NODE") if _stars(node, query)]
    selects = [node for node in selects if node.get("group_expressions")] or selects
    stars = [place for node in selects for place in _stars(node, query)]
    if len(stars) != 1:
        return None
    start, end = stars[0]
    at = query.in_code("*", start)
    return problem.at(start, end if at is None else at + 1)


def _stars(select: Node, query: _Query) -> list[tuple[int, int]]:
    found = [
        query.place(item)
        for item in select.get("select_list", ())
        if item.get("class") == "STAR" and not item.get("columns") and not item.get("expr")
    ]
    return [place for place in found if place is not None]


def _ordered_union(problem: SqlProblem, match: re.Match[str], query: _Query) -> SqlProblem | None:
    said = match["name"].replace('"', "").casefold()
    for node in query.of(kind="SET_OPERATION_NODE"):
        for modifier in node.get("modifiers", ()):
            for order in modifier.get("orders", ()):
                column = order.get("expression", {})
                place = query.place(column)
                if column.get("class") != "COLUMN_REF" or place is None:
                    continue
                name = str(column["column_names"][-1])
                if f".{said}".endswith(f".{name.replace(chr(34), '').casefold()}"):
                    return problem.but(
                        kind="column", name=name, start=_last_part(query.sql, place), end=place[1],
                        candidates=tuple(_result_names(node)),
                    )  # fmt: skip
    return None


def _result_names(node: Node) -> list[str]:
    """Returns what the columns of a set operation are called: as those of its first part."""
    while node.get("children"):
        node = node["children"][0]
    names = [
        item.get("alias") or (item.get("column_names") or [None])[-1] for item in node.get("select_list", ())
    ]
    return [str(name) for name in names if name]


def _unpivoted(problem: SqlProblem, match: re.Match[str], query: _Query) -> SqlProblem | None:
    name = plain_name(match["name"])
    place = _in_unpivot(name, query)
    return None if place is None else problem.but(kind="column", name=name, start=place[0], end=place[1])


def _mixed_unpivot(problem: SqlProblem, match: re.Match[str], query: _Query) -> SqlProblem | None:
    listed = re.search(r"Full list: (.*)", problem.message)
    pairs = _LISTED.findall(listed[1]) if listed else []
    other = next((name for name, kind in pairs if kind != pairs[0][1]), None)
    place = None if other is None else _in_unpivot(plain_name(other), query)
    if place is None:  # chosen by a pattern
        entries = [pivot.get("pivots") for pivot in query.of(kind="PIVOT")]
        stars = [query.place(node) for node in nodes_in(entries) if node.get("class") == "STAR"]
        place = stars[0] if len(stars) == 1 else None
    return None if place is None else problem.at(*place)


def _in_unpivot(name: str, query: _Query) -> tuple[int, int] | None:
    """Returns the only place where UNPIVOT names a column."""
    found = []
    for pivot in query.of(kind="PIVOT"):
        for entry in (entry for part in pivot.get("pivots", ()) for entry in part.get("entries", ())):
            column = entry.get("star_expr", {})
            place = query.place(column)
            if (
                place is not None
                and str((column.get("column_names") or [""])[-1]).casefold() == name.casefold()
            ):
                found.append((_last_part(query.sql, place), place[1]))
    return found[0] if len(found) == 1 else None


def _list_macro(problem: SqlProblem, match: re.Match[str], query: _Query) -> SqlProblem | None:
    """Finds list_sum and its like, which are macros: DuckDB names the place in what they stand for."""
    if query.calls(re.compile("list_aggr(?:egate)?", re.IGNORECASE)):
        return None
    calls = query.calls(_LIST_MACRO)
    if not calls:
        return None
    place = query.place(calls[0]) if len(calls) == 1 else None
    if place is None:
        return problem.but(start=None, end=None, signatures=())
    return problem.but(
        start=place[0], end=place[1], call=f"{calls[0]['function_name']}({match['given']})", signatures=()
    )


def _arrow(problem: SqlProblem, match: re.Match[str], query: _Query) -> SqlProblem | None:
    """Finds `x -> x + 1`; what it is to be comes back as the name."""
    for call in query.calls(_LAMBDA_FUNCTIONS):
        for argument in call.get("arguments", ()):
            node = argument.get("expression", {})
            names, body = query.place(node.get("lhs", {})), query.place(node)
            if node.get("syntax_type") != "SINGLE_ARROW" or names is None or body is None:
                continue
            at = query.in_code("->", names[1])
            if at is None or at >= body[1]:
                return None
            of = query.sql[body[0] : at].strip().removeprefix("(").removesuffix(")").strip()
            return problem.but(
                start=at, end=at + 2, name=f"lambda {of}: {query.sql[at + 2 : body[1]].strip()}"
            )
    return None


def _no_list(problem: SqlProblem, match: re.Match[str], query: _Query) -> SqlProblem | None:
    calls = [
        call
        for call in query.calls(_LAMBDA_FUNCTIONS)
        if any(node.get("expression", {}).get("class") == "LAMBDA" for node in call.get("arguments", ()))
    ]
    if len(calls) != 1:
        return None
    place = places_in(calls[0]["arguments"][0], query.sql)
    return None if place is None else problem.but(
        kind="type", start=place[0], end=place[1], name=str(calls[0]["function_name"])
    )  # fmt: skip


def _too_many_names(problem: SqlProblem, match: re.Match[str], query: _Query) -> SqlProblem | None:
    """Finds the first name too many in `t(a, b, c)`."""
    there, named = int(match["there"]), int(match["named"])
    found = []
    for node in query.nodes:
        names = [str(name) for name in node.get("column_name_alias", ())]
        place = query.place(node)
        if len(names) != named or named <= there or place is None:
            continue
        words = r"\s*,\s*".join(f"({_as_written(name)})" for name in names)
        alias = re.compile(rf"{_as_written(str(node.get('alias', '')))}\s*\(\s*{words}\s*\)", re.IGNORECASE)
        written = alias.search(query.sql, place[0])
        if written is not None:
            found.append(written.span(there + 1))
    return problem.at(*found[0]) if len(found) == 1 else None


def _out_of_range(problem: SqlProblem, match: re.Match[str], query: _Query) -> SqlProblem | None:
    """Finds the constant that is no share of a whole."""
    found = []
    for call in query.calls(_QUANTILE):
        for node in nodes_in(call.get("arguments", [])):
            number = node.get("literal", {}).get("text") if node.get("class") == "CONSTANT" else None
            place = query.place(node)
            if (
                number is not None
                and place is not None
                and re.fullmatch(r"[\d.]+", number)
                and float(number) > 1
            ):
                found.append(place)
    if len(found) != 1:
        return None
    return problem.but(kind="constant", start=found[0][0], end=found[0][1])


def _pattern(problem: SqlProblem, match: re.Match[str], query: _Query) -> SqlProblem | None:
    """Finds the regular expression that is none."""
    patterns = [
        (query.sql[place[0] : place[1]], place)
        for call in query.calls(_REGEXP)
        for argument in call.get("arguments", [])[1:2]
        if argument.get("expression", {}).get("class") == "CONSTANT"
        and (place := query.place(argument["expression"])) is not None
    ]
    if len(patterns) > 1:
        patterns = [(text, place) for text, place in patterns if match["part"] and match["part"] in text]
    if len({text for text, _ in patterns}) != 1:
        return None
    (text, (start, end)) = patterns[0]
    return problem.but(kind="constant", name=plain_name(text), start=start, end=end)


def _range_frame(problem: SqlProblem, match: re.Match[str], query: _Query) -> SqlProblem | None:
    """Finds what a RANGE frame adds to or takes from, which no operator of the query does."""
    if problem.has_place:
        return None
    windows = [
        node
        for node in query.of(kind="WINDOW")
        if any(str(node.get(side, "")).startswith("EXPR_") and str(node[side]).endswith("_RANGE")
               for side in ("start", "end"))
    ]  # fmt: skip
    orders = list(windows[0].get("orders", ())) if len(windows) == 1 else []
    place = places_in(orders[0].get("expression", {}), query.sql) if len(orders) == 1 else None
    if place is None:
        return None
    return problem.but(start=place[0], end=place[1], call=None, signatures=(), name=match["given"])


def _as_written(name: str) -> str:
    """Returns a pattern for a name, quoted or not."""
    quoted = name.replace('"', '""')
    return rf'(?:{re.escape(name)}|"{re.escape(quoted)}")'


def _name_end(sql: str, start: int) -> int:
    found = re.compile(r'"(?:[^"]|"")*"|\w+').match(sql, start)
    return start if found is None else found.end()


def _last_part(sql: str, place: tuple[int, int]) -> int:
    return place[0] + last_part(sql[place[0] : place[1]])


_FINDERS: tuple[tuple[re.Pattern[str], _Finder], ...] = (
    (re.compile(r'Referenced table "(?P<name>.*?)" not found'), _star_of_table),
    (re.compile(r".*must appear in the GROUP BY clause"), _ungrouped_star),
    (re.compile(r'Could not ORDER BY column "(?P<name>.*)": add', re.DOTALL), _ordered_union),
    (re.compile(r'Column "(?P<name>.*)" referenced in UNPIVOT', re.DOTALL), _unpivoted),
    (re.compile(r"Cannot unpivot columns of types"), _mixed_unpivot),
    (re.compile(r"No function matches .*? 'list_aggr\((?P<given>.+), STRING_LITERAL\)'"), _list_macro),
    (re.compile(r"Deprecated lambda arrow"), _arrow),
    (re.compile(r"Invalid LIST argument during lambda"), _no_list),
    (re.compile(r"table .* has (?P<there>\d+) columns available but (?P<named>\d+) "), _too_many_names),
    (re.compile(r"(?:APPROXIMATE )?(?:QUANTILE|PERCENTILE)s? can only take"), _out_of_range),
    (re.compile(rf"(?:{_NO_PATTERN})(?::\s*(?P<part>.*))?"), _pattern),
    (re.compile(r"No function matches .*? '[-+]\((?P<given>[^,]+), [^,]+\)'"), _range_frame),
)  # fmt: skip


__all__ = ["located"]
