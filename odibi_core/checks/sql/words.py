"""What DuckDB says of a query in our words: message, and what to do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from odibi_core.checks.sql.names import plain_name
from odibi_core.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from odibi_core.checks.sql.lab_errors import SqlProblem

    Words = tuple[str, str | None]

_LITERALS = {"INTEGER_LITERAL": "a whole number", "STRING_LITERAL": "a text", '"NULL"': "NULL"}
_OPERATORS = {"~~": "LIKE", "!~~": "NOT LIKE", "~~*": "ILIKE", "!~~*": "NOT ILIKE"}
_PAIR = re.compile(
    r"values of types? (?P<left>.+?) and (?:type )?(?P<right>.+?)(?: in (?P<where>.+?))?"
    r"(?: clause| expression| operator)? - an explicit"
)
_CONVERT = "convert it with CAST, or use another column"


def words_of(problem: SqlProblem, token: str, meant: str | None) -> Words:
    """Returns message and help of a problem.

    Args:
        problem: What DuckDB says.
        token: What stands at its place.
        meant: What was probably meant.
    """
    words = _WORDS.get(problem.kind)
    return _own(problem) if words is None else words(problem, token, meant) or _own(problem)


def argument_count(problem: SqlProblem) -> tuple[int, tuple[int, ...]] | None:
    """Returns how many arguments a function is given, and what it takes; None where the number is right."""
    if problem.call is None or not problem.signatures:
        return None
    given = len(split_types(_inside(problem.call)))
    counts: set[int] = set()
    for signature in problem.signatures:
        taken = [part for part in split_types(_inside(signature.partition(" -> ")[0])) if part != "/"]
        if any("..." in part for part in taken):
            return None
        counts.add(len(taken))
    return None if given in counts else (given, tuple(sorted(counts)))


def split_types(text: str) -> list[str]:
    """Returns the parts between commas; those within parentheses belong to a type."""
    found, depth, start = [], 0, 0
    for index, char in enumerate(text):
        depth += (char in "([") - (char in ")]")
        if char == "," and depth == 0:
            found.append(text[start:index])
            start = index + 1
    return [part.strip() for part in [*found, text[start:]] if part.strip()]


def _inside(call: str) -> str:
    return call.partition("(")[2].rstrip().removesuffix(")")


def _own(problem: SqlProblem) -> Words:
    """Returns what DuckDB says, in our style, and what it says to do about it."""
    message, _, rest = problem.message.partition("\n")
    return _plain(message), _plain(rest) or None


def _plain(message: str) -> str:
    message = re.sub(r'"?\b(?:memory|temp)"?\.main\.', "", message)
    words = one_line(re.sub(r'"((?:[^"]|"")*)"', r"`\1`", message)).strip().rstrip(".!")
    return words[:1].lower() + words[1:] if words[1:2].islower() else words


def _type_word(name: str) -> str:
    return _LITERALS.get(name, name)


def _joined(words: Iterable[str], last: str = "and") -> str:
    listed = list(words)
    return listed[0] if len(listed) == 1 else f"{', '.join(listed[:-1])} {last} {listed[-1]}"


def _function(problem: SqlProblem, token: str, meant: str | None) -> Words:
    help = None if meant is None else f"a function `{meant}` exists"
    return f"there is no function `{plain_name(problem.name or token)}`", help


def _ambiguous(problem: SqlProblem, token: str, meant: str | None) -> Words:
    offered = list(dict.fromkeys(re.findall(r"'([^']+)'", problem.message.partition("(use:")[2])))
    message = f"`{plain_name(problem.name or token)}` is a column of more than one table"
    return message, f"write {' or '.join(offered)}" if len(offered) > 1 else "write the table before it"


def _type(problem: SqlProblem, token: str, meant: str | None) -> Words | None:
    if problem.converted_to == "BOOLEAN":
        return f"{problem.name} is no condition", "compare it with something"
    if problem.converted_to is not None:
        return f"{problem.name} cannot be converted to {problem.converted_to}", _way(problem)
    pair = _PAIR.search(problem.message)
    if pair is not None:
        left, right = _type_word(pair["left"]), _type_word(pair["right"])
        if problem.message.startswith("Cannot compare"):
            return f"{left} cannot be compared with {right}", "convert one of them with CAST"
        where = f" in {pair['where']}" if pair["where"] else ""
        return f"{left} and {right} cannot be mixed{where}", "convert one of them with CAST"
    if problem.call is None:
        return _type_without_call(problem, token)
    name = problem.call.partition("(")[0]
    name = _OPERATORS.get(name, name)
    given = [_type_word(kind) for kind in split_types(_inside(problem.call))]
    numbers = argument_count(problem)
    if numbers is not None:
        takes = _joined((f"{count}" for count in numbers[1]), "or")
        plural = "" if numbers[1] == (1,) else "s"
        message = f"`{name}` takes {takes} argument{plural}, not {numbers[0]}"
        taken = problem.signatures[0].partition(" -> ")[0]
        return message, "it is " + one_line(re.sub(r'"(\w+)"', r"\1", taken))
    if name == "array_extract" and given:
        return f"{given[0]} has no elements", None
    return f"`{name}` does not take {_joined(given) if given else 'nothing'}", _CONVERT


def _type_without_call(problem: SqlProblem, token: str) -> Words | None:
    if problem.message.startswith("Invalid LIST argument"):
        return f"`{problem.name}` works on a list, and `{one_line(token)}` is none", "use another column"
    if problem.message.startswith("No function matches"):
        message = f"a RANGE frame of an offset cannot be over {problem.name}"
        return message, "order it by a number or date, or use ROWS"
    found = re.match(r"Cannot unpivot columns of types (.+?) - an explicit", problem.message)
    if found is not None:
        return f"{found[1]} cannot be mixed in UNPIVOT", "convert one of them with CAST"
    return None


def _refused(problem: SqlProblem, token: str, meant: str | None) -> Words | None:
    if problem.has_place and re.match(r"Incorrect number of bindings|You did not supply", problem.message):
        return f"no value is given for `{one_line(token)}`", "give it in `params`"
    if problem.message.startswith("Deprecated lambda arrow"):
        way = f"write `{one_line(problem.name)}`" if problem.name else "write `lambda x: x + 1`"
        return "a lambda is not written with `->` any more", way
    if problem.lacks_from:
        return f"`{one_line(token)}` is a column, and none can be read here", "write a value"
    return None


def _syntax(problem: SqlProblem, token: str, meant: str | None) -> Words | None:
    if meant is not None:
        return f"`{one_line(token)}` is no keyword", f"write {meant}"
    near = re.search(r'at or near "(.*)"', problem.message, re.DOTALL)
    if near is not None:
        return f"the query cannot be read at `{one_line(near[1])}`", "see what stands before it"
    if problem.message.startswith("unterminated"):
        what = "text" if "string" in problem.message else "name"
        return f"a quoted {what} does not end", "close its quotes"
    return None


def _aggregate(problem: SqlProblem, token: str, meant: str | None) -> Words | None:
    found = re.match(r"(\w[\w ]*?) (?:clause )?cannot contain (aggregates|window functions)", problem.message)
    if found is not None:
        what, where = (
            ("an aggregate", "HAVING") if found[2] == "aggregates" else ("a window function", "QUALIFY")
        )
        help = f"use {where}" if found[1] == "WHERE" else "work it out in a subquery"
        return f"{what} cannot stand in {found[1]}", help
    if "nested" in problem.message:
        return "an aggregate cannot stand in another", "work the inner one out in a subquery"
    return None


def _group(problem: SqlProblem, token: str, meant: str | None) -> Words:
    if token.endswith("*") and problem.name:
        message = (
            f"`{token}` selects `{one_line(problem.name)}`, which is neither in GROUP BY nor in an aggregate"
        )
        return message, "select the columns of GROUP BY by their names"
    if not problem.has_place and problem.name:
        token = problem.name
    name = one_line(plain_name(token))
    return f"`{name}` is neither in GROUP BY nor in an aggregate", "add it to GROUP BY, or use any_value()"


def _count(problem: SqlProblem, token: str, meant: str | None) -> Words | None:
    if problem.message.startswith(("Set operations", "SELECTs to the left")):
        operation = problem.name or (
            token.split()[0].upper() if token[:1].isalpha() and len(token) < 20 else "the set operation"
        )
        return f"the two sides of {operation} have different numbers of columns", "give both the same columns"
    found = re.match(r"Subquery returns (\d+) columns", problem.message)
    if found is not None:
        return (
            f"a subquery that stands for a value has one column, this one has {found[1]}",
            "select one column",
        )
    return None


def _constant(problem: SqlProblem, token: str, meant: str | None) -> Words | None:
    if problem.converted_to is None:
        return _value(problem, token)
    return f"`{one_line(problem.name or '')}` is no {problem.converted_to}", _forms(problem.converted_to)


def _value(problem: SqlProblem, token: str) -> Words | None:
    """Returns what is wrong with a constant that is not converted."""
    if problem.message.startswith("Sample"):
        return "a sample is of 0 to 100 percent", None
    if " can only take parameters in" in problem.message:
        return f"`{one_line(token)}` is no quantile", "write a number from 0 to 1"
    if token[:1] == "'" and ": " in problem.message:
        return f"{one_line(token)} is no regular expression", one_line(problem.message.partition(": ")[0])
    return None


def _text(problem: SqlProblem, token: str, meant: str | None) -> Words:
    kind = problem.converted_to or ""
    message = (
        f"`{plain_name(problem.name or '')}` holds the text `{one_line(problem.message)}`, which is no {kind}"
    )
    if problem.candidates:
        return message, f"compare it with a text: '{problem.candidates[0]}'"
    if kind == "BOOLEAN" and "cast" not in token.casefold() and "::" not in token:
        return message, "compare it with something"
    return (
        message,
        f"{'try_strptime' if kind.startswith('timestamp of') else 'TRY_CAST'} gives NULL for such a text",
    )


def _forms(kind: str) -> str | None:
    """Returns how values of a type are written."""
    if kind == "DATE":
        return "dates are written '2026-01-31'"
    if kind.startswith("TIMESTAMP"):
        return "timestamps are written '2026-01-31 12:00:00'"
    if kind == "TIME":
        return "times are written '12:00:00'"
    if kind == "BOOLEAN":
        return "write true or false"
    return "write a whole number" if "INT" in kind else "write a number" if _is_number(kind) else None


def _is_number(kind: str) -> bool:
    return "INT" in kind or kind.startswith(("DECIMAL", "DOUBLE", "FLOAT"))


def _way(problem: SqlProblem) -> str:
    """Returns how one type is made of another that it cannot be converted from."""
    source, to = problem.name or "", problem.converted_to or ""
    if source.startswith(("DATE", "TIME")) and _is_number(to):
        return "take a part of it, such as year() or epoch()"
    if _is_number(source) and to.startswith(("DATE", "TIMESTAMP")):
        return "make it with make_date() or make_timestamp()"
    return "use another column or type"


def _alias(problem: SqlProblem, token: str, meant: str | None) -> Words:
    return f"two tables are called `{plain_name(problem.name or token)}`", "give one of them another alias"


def _type_name(problem: SqlProblem, token: str, meant: str | None) -> Words:
    help = None if meant is None else f"a type `{meant}` exists"
    return f"there is no type `{plain_name(problem.name or token)}`", help


def _field(problem: SqlProblem, token: str, meant: str | None) -> Words:
    fields = _joined(f"`{name}`" for name in problem.candidates) if problem.candidates else ""
    help = f"a field `{meant}` exists" if meant else f"its fields are {fields}" if fields else None
    return f"the struct has no field `{plain_name(problem.name or token)}`", help


def _position(problem: SqlProblem, token: str, meant: str | None) -> Words | None:
    limits = re.search(r"between (\d+) and (\d+)", problem.message)
    if limits is None or not token.isdigit():
        return None
    count = int(limits[2])
    what = "ORDER BY" if problem.message.startswith("ORDER") else "GROUP BY"
    columns = "1 column" if count == 1 else f"{count} columns"
    return f"{what} names column {token} of {columns}", "count from 1, or write the column's name"


_WORDS: dict[str, Callable[[SqlProblem, str, str | None], Words | None]] = {
    "function": _function, "ambiguous": _ambiguous, "type": _type, "syntax": _syntax,
    "aggregate": _aggregate, "group": _group, "count": _count, "alias": _alias, "type-name": _type_name,
    "constant": _constant, "text": _text, "refused": _refused,
    "field": _field, "position": _position,
}  # fmt: skip
