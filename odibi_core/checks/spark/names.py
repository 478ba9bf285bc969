"""What the names in a Spark query can stand for, and where they stand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlglot import exp

if TYPE_CHECKING:
    from odibi_core.checks.schemas import Schema

# Names that Spark gives a meaning of its own, or that stand for a unit of time in a call.
OWN = frozenset({
    "_metadata", "window", "session_window", "window_time", "grouping__id", "current_date",
    "current_timestamp", "current_user", "user", "session_user", "localtimestamp", "localtime",
    "current_time", "now", "current_catalog", "current_database", "current_schema", "current_timezone",
})  # fmt: skip
_UNITS = frozenset({
    "year", "years", "quarter", "month", "months", "week", "weeks", "day", "days", "dayofyear", "hour",
    "hours", "minute", "minutes", "second", "seconds", "millisecond", "microsecond", "nanosecond", "yyyy",
    "mm", "dd", "hh",
})  # fmt: skip
# What makes columns in ways that are not followed here.
_OPAQUE = (exp.Pivot, exp.MatchRecognize, exp.Unnest, exp.Values, exp.TableFromRows)
_LATE = (exp.Group, exp.Having, exp.Order, exp.Sort, exp.Cluster, exp.Distribute, exp.Qualify)


@dataclass
class Source:
    """A table as a query sees it.

    Attributes:
        name: What the query calls it.
        columns: Its columns; None where they are not known.
        table: The table given that is behind it; None where it is no such table.
        is_hidden: Whether only its own ON sees it (the right side of a semi or anti join).
    """

    name: str
    columns: Schema | None
    table: str | None = None
    is_hidden: bool = False


@dataclass
class Seen:
    """What a part of a query sees.

    Attributes:
        sources: Its tables.
        merged: Columns that USING or NATURAL joins make one of, in lower case; None for any.
        aliases: Names of what it selects, in lower case.
    """

    sources: list[Source] = field(default_factory=list)
    merged: set[str] | None = field(default_factory=set)
    aliases: set[str] = field(default_factory=set)

    @property
    def is_open(self) -> bool:
        """Whether there may be columns that are not known."""
        return any(source.columns is None for source in self.sources)


def span_of(node: exp.Expr) -> tuple[int | None, int | None]:
    """Returns where an expression stands, from the first to the last of its parts that know."""
    places = [(inner.meta["start"], inner.meta["end"] + 1) for inner in node.walk() if "start" in inner.meta]
    own = node.meta.get("start")
    if own is not None:
        return own, node.meta["end"] + 1
    if not places:
        return None, None
    return min(start for start, _ in places), max(end for _, end in places)


def same(left: str, right: str) -> bool:
    """Whether two names are one to Spark."""
    return left.casefold() == right.casefold()


def is_unit(column: exp.Column, parts: list[str]) -> bool:
    """Whether a name is a unit of time, as in `datediff(DAY, a, b)`."""
    return len(parts) == 1 and parts[0].casefold() in _UNITS and isinstance(column.parent, exp.Func)


def is_opaque(column: exp.Column) -> bool:
    """Whether a name stands in something that makes columns in ways that are not followed."""
    inside = column.find_ancestor(*_OPAQUE, exp.Select)
    return not isinstance(inside, exp.Select)


def is_late(column: exp.Column) -> bool:
    """Whether a name stands where what is selected can be named."""
    return isinstance(column.find_ancestor(*_LATE, exp.Select), _LATE)


def is_selected(column: exp.Column) -> bool:
    """Whether a name stands among what is selected, where names given before it are known."""
    node: exp.Expr | None = column
    while node is not None and not isinstance(node.parent, exp.Select):
        node = node.parent
    return node is not None and node.arg_key == "expressions"
