"""What the built-in functions share: a frame as a table to write SQL over, the same on every engine."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from odibi_core.errors import ParamError
from odibi_core.text import nearest

if TYPE_CHECKING:
    from odibi_core.engine.base_context import EngineContext

Names = str | Iterable[str]


class Table:
    """A frame under a name of its own, and the SQL dialect it is queried in.

    Attributes:
        columns: Names of the frame's columns.
        types: Their Arrow type names.
        sql: The name to select from, quoted.
    """

    def __init__(self, context: EngineContext, df: Any, name: str = "data") -> None:
        self.context = context
        self.name = name
        self.is_spark = context.name == "spark"
        infos = context.columns(df)
        self.columns = [info.name for info in infos]
        self.types = {info.name: info.type for info in infos}
        view = f"odibi_{name}"
        context.register_temp(view, df)
        self.sql = self.quote(view)

    # -- columns ----------------------------------------------------------------------------------

    def pick(self, names: Names | None, field: str) -> list[str]:
        """Returns columns that an option names; all of them for None.

        Raises:
            ParamError: There is no such column, or none is named.
        """
        if names is None:
            return list(self.columns)
        if not isinstance(names, Iterable):
            raise ParamError(f"`{field}` is a column or a list of columns", path=("params", field))
        picked = [names] if isinstance(names, str) else list(names)
        if not picked:
            raise ParamError(f"`{field}` names no column", path=("params", field))
        for index, name in enumerate(picked):
            if name not in self.columns:
                close = nearest(str(name), self.columns)
                inside = () if isinstance(names, str) else (name if isinstance(names, Mapping) else index,)
                raise ParamError(
                    f"`{self.name}` has no column `{name}`",
                    field=f"params.{field}",
                    help=f"a column `{close}` exists" if close else f"it has {listed(self.columns)}",
                    kind="column", path=("params", field, *inside), is_key=isinstance(names, Mapping),
                    name=str(name), known=tuple(self.columns),
                )  # fmt: skip
        return picked

    def refuse_taken(self, names: Iterable[str], field: str) -> None:
        """Raises ParamError if a new column has the name of one that is there."""
        for name in names:
            if name in self.columns:
                raise ParamError(
                    f"`{self.name}` has a column `{name}` already",
                    help="give another name",
                    kind="twice",
                    path=("params", field),
                )

    def spare(self, name: str) -> str:
        """Returns a column name that the frame does not have, quoted."""
        while name in self.columns:
            name += "_"
        return self.quote(name)

    # -- dialect ----------------------------------------------------------------------------------

    def quote(self, name: str) -> str:
        """Returns an identifier, quoted."""
        mark = "`" if self.is_spark else '"'
        return mark + name.replace(mark, mark + mark) + mark

    def commas(self, names: Iterable[str], prefix: str = "") -> str:
        """Returns identifiers, quoted, with commas."""
        return ", ".join(prefix + self.quote(name) for name in names)

    def literal(self, value: Any, field: str) -> str:
        """Returns a value as a SQL literal.

        Raises:
            ParamError: It is not text, a number, true or false.
        """
        if isinstance(value, bool):
            return "TRUE" if value else "FALSE"
        if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
            return repr(value)
        if isinstance(value, str):
            text = str(value)
            if self.is_spark:  # where a backslash escapes
                return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
            return "'" + text.replace("'", "''") + "'"
        raise ParamError(
            f"`{field}` is a value of type {type(value).__name__}",
            help="give text, a number, true or false",
            path=("params", field),
        )

    def row_order(self) -> str:
        """Returns an expression that numbers the rows as they stand (on Spark: as they are partitioned)."""
        return "monotonically_increasing_id()" if self.is_spark else "row_number() OVER ()"

    def over(self, by: list[str], order: str = "", frame: str = "") -> str:
        """Returns an OVER clause."""
        parts = [f"PARTITION BY {self.commas(by)}" if by else "", f"ORDER BY {order}" if order else "", frame]
        return f"OVER ({' '.join(part for part in parts if part)})"

    def quantile(self, column: str, fraction: float) -> str:
        """Returns the aggregate that interpolates a quantile."""
        return f"{'percentile' if self.is_spark else 'quantile_cont'}({self.quote(column)}, {fraction})"

    def nearest_value(self, column: str, *, last: bool, over: str) -> str:
        """Returns the first or last value of a window that is not null."""
        function = "last_value" if last else "first_value"
        quoted = self.quote(column)
        return (
            f"{function}({quoted}, true) {over}"
            if self.is_spark
            else f"{function}({quoted} IGNORE NULLS) {over}"
        )

    def matches(self, column: str, pattern: str) -> str:
        """Returns the condition that a regular expression is found in a text."""
        text = f"CAST({self.quote(column)} AS STRING)"
        literal = self.literal(pattern, "matches")
        return f"{text} RLIKE {literal}" if self.is_spark else f"regexp_matches({text}, {literal})"

    # -- queries ----------------------------------------------------------------------------------

    def query(self, sql: str) -> Any:
        """Returns the result of a query as the engine's frame."""
        return self.context.execute_sql(sql)

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """Returns the result of a query that is small."""
        rows: list[dict[str, Any]] = self.context.to_arrow(self.query(sql)).to_pylist()
        return rows


def listed(names: Iterable[str]) -> str:
    """Returns names for a message, at most eight."""
    names = list(names)
    return ", ".join(f"`{name}`" for name in names[:8]) + (f", +{len(names) - 8}" if len(names) > 8 else "")


def choose(value: str, choices: Iterable[str], field: str, index: int | None = None) -> str:
    """Returns an option's value, or one of its values, in lower case, if it is one of `choices`.

    Raises:
        ParamError: It is not.
    """
    choices = list(choices)
    if isinstance(value, str) and value.lower() in choices:
        return value.lower()
    close = nearest(str(value), choices)
    raise ParamError(
        f"unknown {field} `{value}`",
        help=f"`{close}` exists" if close else f"known: {', '.join(f'`{name}`' for name in choices)}",
        kind="word",
        path=("params", field) if index is None else ("params", field, index),
        name=str(value),
        known=tuple(choices),
    )
