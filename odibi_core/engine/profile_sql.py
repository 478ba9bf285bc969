"""The SQL that a profile is made of: what is asked of a column of each kind, in DuckDB's words."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from odibi_core.engine.duckdb_session import quoted
from odibi_core.journal.profile import QUANTILES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from odibi_core.journal.profile import ColumnKind

BINS = 20
TOP_VALUES = 10
TEXT_LENGTH = 200  # characters of a value: a profile is for reading
FEW_VALUES = 100_000  # so many different values are counted exactly beside the most frequent ones

_INTEGERS = frozenset(
    {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"}
    | {"UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"}
)
_FLOATS = frozenset({"FLOAT", "DOUBLE"})
_MOMENTS = frozenset(
    {"DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE"}
)
_TEXTS = frozenset({"VARCHAR", "UUID", "JSON"})
_COUNTABLE = frozenset({"BLOB", "INTERVAL", "BIT"})  # can be told apart, but not shown


class Told(NamedTuple):
    """What one pass tells of a column; values as DuckDB writes them, None where there is no such thing.

    Attributes:
        there: Values that are there.
        odd: NaN and infinities among them.
        distinct: Different values, estimated.
        min: Smallest value.
        max: Largest value.
        mean: Mean.
        quantiles: The values at `QUANTILES`.
        first: Where the histogram's scale begins.
        last: Where it ends.
    """

    there: int
    odd: int
    distinct: int | None
    min: str | None
    max: str | None
    mean: float | None
    quantiles: list[str] | None
    first: float | None
    last: float | None


@dataclass(frozen=True, slots=True)
class ProfiledColumn:
    """A column to be profiled.

    Attributes:
        name: Its name in the relation that is asked.
        native: DuckDB's name of its type.
    """

    name: str
    native: str

    @property
    def kind(self) -> ColumnKind:
        """What sort of values it has."""
        if self.native in _INTEGERS or self.native in _FLOATS or self.native.startswith("DECIMAL"):
            return "number"
        if self.native in _MOMENTS or self.native == "TIME":
            return "time"
        if self.native in _TEXTS or self.native.startswith("ENUM"):
            return "text"
        return "boolean" if self.native == "BOOLEAN" else "other"

    @property
    def is_whole_numbers(self) -> bool:
        """Whether its histogram counts in whole steps: integers, and days."""
        return self.native in _INTEGERS or self.native == "DATE"

    @property
    def has_order(self) -> bool:
        """Whether it has a smallest value, quantiles and a histogram."""
        return self.kind in ("number", "time")

    @property
    def has_top(self) -> bool:
        """Whether its frequent values are shown."""
        return self.kind != "other"

    @property
    def can_be_infinite(self) -> bool:
        """Whether it may hold NaN or infinities."""
        return self.native in _FLOATS or self.native in _MOMENTS

    # -- expressions ----------------------------------------------------------------------------------

    @property
    def sql(self) -> str:
        """The column, quoted."""
        return quoted(self.name)

    @property
    def value(self) -> str:
        """The column as it is grouped and compared."""
        return f"{self.sql}::VARCHAR" if self.kind == "text" and self.native != "VARCHAR" else self.sql

    @property
    def _finite(self) -> str:
        return f" FILTER (isfinite({self.sql}))" if self.can_be_infinite else ""

    @property
    def _scale(self) -> str:
        """The column as a plain number, along which a histogram counts."""
        if self.native == "DATE":
            return f"({self.sql} - DATE '1970-01-01')"
        return f"epoch_us({self.sql})" if self.kind == "time" else f"{self.sql}::DOUBLE"

    def aggregates(self, *, estimate: bool) -> tuple[str, ...]:
        """Returns the expressions of what one pass tells, in the order of `Told`.

        Args:
            estimate: Whether quantiles are estimated, which many rows need.
        """
        column, finite = self.sql, self._finite
        told = dict.fromkeys(Told._fields, "NULL")
        told["there"] = f"count({column})"
        told["odd"] = f"count(*) FILTER (NOT isfinite({column}))" if self.can_be_infinite else "0"
        if self.kind != "other" or self.native in _COUNTABLE:
            told["distinct"] = f"approx_count_distinct({column})"
        if self.kind == "text":
            told["min"] = f"left(min({self.value}), {TEXT_LENGTH + 1})"
            told["max"] = f"left(max({self.value}), {TEXT_LENGTH + 1})"
        if self.has_order:
            quantile = "approx_quantile" if estimate and self.native != "TIME" else "quantile_disc"
            told["min"] = f"(min({column}){finite})::VARCHAR"
            told["max"] = f"(max({column}){finite})::VARCHAR"
            told["quantiles"] = f"({quantile}({column}, {list(QUANTILES)}){finite})::VARCHAR[]"
            told["first"] = f"min({self._scale}){finite}"
            told["last"] = f"max({self._scale}){finite}"
        if self.kind == "number":
            told["mean"] = f"avg({column}::DOUBLE){finite}"
        return tuple(told.values())

    def histogram(self, edges: Sequence[float]) -> str:
        """Returns the expression of the counts up to each edge of the scale (included)."""
        scale = "BIGINT" if self.kind == "time" else "DOUBLE"
        places = f"[{', '.join(map(repr, edges))}]::{scale}[]"
        return f"map_values(histogram({self._scale}, {places}){self._finite})"

    def top(self, source: str, *, number: int, count: bool, among: str | None = None) -> str:
        """Returns a query of (number, value as text, count, different values or NULL), most frequent first.

        Args:
            source: The relation.
            number: What tells the column in the answer.
            count: Whether the different values are counted, and those told that are there only once. Of very
                many values that takes as long again.
            among: A relation; only values that are frequent in it are counted.
        """
        where = f"{self.sql} IS NOT NULL"
        if among is not None:
            where += (
                f" AND {self.sql} IN (SELECT {self.sql} FROM {among} GROUP BY 1 HAVING count(*) > 1"
                f" ORDER BY count(*) DESC LIMIT {TOP_VALUES})"
            )
        groups = f"SELECT {self.value} AS v, count(*) AS n FROM {source} WHERE {where} GROUP BY 1"
        different = "count(*) OVER ()" if count else "NULL"
        if not count:
            groups += " HAVING count(*) > 1"
        first = f"SELECT v, n, {different} AS d FROM ({groups}) ORDER BY n DESC, v LIMIT {TOP_VALUES}"
        # As text only once they are few.
        return f"(SELECT {number} AS c, left(v::VARCHAR, {TEXT_LENGTH + 1}) AS t, n, d FROM ({first}))"

    # -- answers --------------------------------------------------------------------------------------

    def shown(self, text: str | None) -> Any:
        """Returns a value that DuckDB told as text as the JSON value a profile holds."""
        if text is None:
            return None
        if self.kind == "boolean":
            return text == "true"
        if self.kind == "time":
            return _iso(text)
        if self.native in _INTEGERS:
            from odibi_core.journal.values import json_value

            return json_value(int(text))
        if self.native in _FLOATS:
            number = float(text)
            return number if math.isfinite(number) else _ODD[text.lstrip("-")].format(text[:1].strip("in"))
        return text if len(text) <= TEXT_LENGTH else text[:TEXT_LENGTH] + "…"

    def edges(self, first: float, last: float) -> tuple[float, ...]:
        """Returns the edges of a histogram between two places on its scale; empty where there can be none."""
        if self.is_whole_numbers and last - first < BINS and abs(first) < _EXACT:
            return tuple(range(int(first) - 1, int(last) + 1))
        width = last - first
        if self.kind == "time":
            steps: list[float] = [int(first) + int(width) * i // BINS for i in range(BINS + 1)]
        elif math.isfinite(width * BINS):
            steps = [first + width * i / BINS for i in range(BINS)] + [last]
        else:  # the same for ends so far apart that a part of it would be beyond doubles
            steps = [first * (1 - i / BINS) + last * (i / BINS) for i in range(BINS)] + [last]
        return tuple(sorted(set(steps)))

    def shown_edge(self, edge: float) -> Any:
        """Returns a place on the scale as the JSON value a profile holds.

        Raises:
            OverflowError: Python has no such time.
        """
        if self.native == "DATE":
            return (date(1970, 1, 1) + timedelta(days=int(edge))).isoformat()
        if self.kind == "time":
            moment = datetime(1970, 1, 1) + timedelta(microseconds=int(edge))
            if self.native == "TIME":
                return moment.time().isoformat()
            return moment.isoformat() + ("+00:00" if self.native.endswith("ZONE") else "")
        return int(edge) if self.is_whole_numbers and edge == int(edge) else edge


_EXACT = 2.0**53  # beyond it there are no doubles between one integer and the next but one
_ODD = {"nan": "NaN", "inf": "{}Infinity"}
_FRACTION = re.compile(r"\.\d{1,5}(?!\d)")
_ZONE = re.compile(r"([+-]\d\d)$")


def _iso(text: str) -> str:
    """Returns a time as DuckDB writes it in ISO's form, as Python does; one before Christ stays."""
    if "(" in text:
        return text
    padded = _FRACTION.sub(lambda found: found[0].ljust(7, "0"), text)
    return _ZONE.sub(r"\1:00", padded.replace(" ", "T", 1)) if " " in padded else padded
