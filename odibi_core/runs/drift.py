"""How the values of a column have moved from one run to another, by two profiles."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

from odibi_core.runs.compare import Changed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from odibi_core.journal.profile import ColumnProfile, Profile

Basis = Literal["values", "histogram", "quartiles"]

MODERATE, LARGE = 0.1, 0.25
"""Below the first, a population stability index means little change, above the second a large one (Siddiqi,
Credit Risk Scorecards, 2006)."""

_NONE = 1e-4  # the share of an empty bin: its logarithm has to be a number
_ENOUGH = 100  # rows: of fewer, each makes up more of a bin than what the index calls a change
_SAMPLE_NULLS = 0.01  # of a sample, a share of nulls that moved by less is chance
_NAMES = ("nulls", "not_finite", "distinct", "min", "max", "mean")
_QUARTILES = ("25 %", "50 %", "75 %")


@dataclass(frozen=True, slots=True)
class ColumnDrift:
    """A column in both runs.

    Attributes:
        name: The column.
        changes: Statistics that differ: nulls, not_finite, distinct, min, max, mean, the quartiles, top.
        psi: The population stability index, 0 where nothing moved; None of fewer than 100 rows, and of values
            whose distribution the profiles do not tell.
        basis: What it was computed from: every value and its count, the bins of the histograms, or the
            quartiles before.
        whole: Whether both profiles are of all rows, so that each change is real; else they are of samples.
        nulls: The share of nulls before and after, 0 to 1.
    """

    name: str
    changes: tuple[Changed, ...]
    psi: float | None
    basis: Basis | None
    whole: bool
    nulls: tuple[float, float]

    @property
    def level(self) -> Literal["none", "small", "moderate", "large"]:
        """How far the values have moved; of samples, what may be chance is none."""
        if self.psi is not None and self.psi >= MODERATE:
            return "large" if self.psi >= LARGE else "moderate"
        moved = bool(self.changes) if self.whole else abs(self.nulls[1] - self.nulls[0]) >= _SAMPLE_NULLS
        return "small" if moved else "none"


def compare_profiles(before: Profile, after: Profile) -> tuple[ColumnDrift, ...]:
    """Returns how each column that is in both has moved, in the order of `after`.

    Statistics of the first rows say nothing of the others: with those of one side there is no drift to tell.
    """
    if "first" in (before.basis, after.basis):
        return ()
    whole = before.is_whole and after.is_whole
    drifts = []
    for column in after.columns:
        old = before.column(column.name)
        if old is not None:
            drifts.append(_drift(old, column, before.looked_at, after.looked_at, whole))
    return tuple(drifts)


def _drift(old: ColumnProfile, new: ColumnProfile, old_rows: int, new_rows: int, whole: bool) -> ColumnDrift:
    nulls = old.nulls / old_rows if old_rows else 0.0, new.nulls / new_rows if new_rows else 0.0
    psi: float | None = None
    basis: Basis | None = None
    if min(old_rows, new_rows) >= _ENOUGH:
        for kind, shares in _shares(old, new, old_rows, new_rows):
            psi, basis = _psi(shares), kind
            break
    changes = tuple(_changes(old, new, both_exact=old.distinct_exact and new.distinct_exact))
    return ColumnDrift(new.name, changes, psi, basis, whole, nulls)


def _changes(old: ColumnProfile, new: ColumnProfile, *, both_exact: bool) -> Iterator[Changed]:
    for name in _NAMES:
        a, b = getattr(old, name), getattr(new, name)
        # Estimates, each off by up to 5 %, that are as near as that tell of no difference.
        estimated = name == "distinct" and not both_exact and a is not None and b is not None
        if not (estimated and math.isclose(a, b, rel_tol=0.1)) and not _equal(a, b):
            yield Changed(name, a, b)
    if old.quantiles and new.quantiles:
        for name, a, b in zip(_QUARTILES, old.quantiles, new.quantiles, strict=False):
            if not _equal(a, b):
                yield Changed(name, a, b)
    tops = [[(top.value, top.count) for top in column.top] for column in (old, new)]
    if tops[0] != tops[1]:
        yield Changed("top", *([value for value, _ in top] for top in tops))


def _equal(a: Any, b: Any) -> bool:
    if isinstance(a, float) and isinstance(b, float | int):
        return math.isclose(a, b, rel_tol=1e-9)
    return bool(a == b)


def _psi(shares: list[tuple[float, float]]) -> float:
    """Returns the sum of (q - p) * ln(q / p) over the bins' shares p before and q after."""
    total = 0.0
    for p, q in shares:
        p, q = max(p, _NONE), max(q, _NONE)
        total += (q - p) * math.log(q / p)
    return total


def _shares(
    old: ColumnProfile, new: ColumnProfile, old_rows: int, new_rows: int
) -> Iterator[tuple[Basis, list[tuple[float, float]]]]:
    """Yields the shares of all rows in each bin before and after, nulls and NaN in bins of their own.

    The best way comes first: where few values are told with their counts, those; where the histograms have
    the same edges, theirs; else the quarters of the values before, in which what lies between the known
    points of the values after is taken to be spread evenly. (A few far values stretch a histogram so much
    that its bins say little of the rest.)
    """
    if not old_rows or not new_rows:
        return
    apart = [
        (old.nulls / old_rows, new.nulls / new_rows),
        (old.not_finite / old_rows, new.not_finite / new_rows),
    ]
    values = [_counts(column) for column in (old, new)]
    if values[0] is not None and values[1] is not None:
        every = list(dict.fromkeys([*values[0], *values[1]]))
        yield (
            "values",
            [*apart, *((values[0].get(v, 0) / old_rows, values[1].get(v, 0) / new_rows) for v in every)],
        )
    one, other = old.histogram, new.histogram
    if one is not None and other is not None and one.edges == other.edges:
        counts = zip(one.counts, other.counts, strict=True)
        yield "histogram", [*apart, *((a / old_rows, b / new_rows) for a, b in counts)]
    points = _points(new)
    quartiles = [_number(value) for value in old.quantiles]
    if points and len(quartiles) == 3 and None not in quartiles:
        present = (1 - sum(p for p, _ in apart), 1 - sum(q for _, q in apart))
        below = [0.0, *(_below(points, q) for q in quartiles if q is not None), 1.0]
        known = [0.0, *(_below(_points(old), q) for q in quartiles if q is not None), 1.0]
        bins = [
            ((b - a) * present[0], (d - c) * present[1])
            for (a, b), (c, d) in zip(pairwise(known), pairwise(below), strict=True)
        ]
        yield "quartiles", [*apart, *bins]


def _counts(column: ColumnProfile) -> dict[str, int] | None:
    """Returns how often each value stands, where the profile tells all of them."""
    if not column.distinct_exact or column.distinct is None or len(column.top) != column.distinct:
        return {} if column.distinct == 0 and column.distinct_exact else None
    return {repr(top.value): top.count for top in column.top}


def _points(column: ColumnProfile) -> list[tuple[float, float]]:
    """Returns what is known of a column's distribution: values, and the share of those present up to each."""
    known = [(column.min, 0.0), *zip(column.quantiles, (0.25, 0.5, 0.75), strict=False), (column.max, 1.0)]
    points = [(number, share) for value, share in known if (number := _number(value)) is not None]
    if column.histogram is not None and (total := sum(column.histogram.counts)):
        seen = 0
        for edge, count in zip(column.histogram.edges[1:-1], column.histogram.counts, strict=False):
            seen += count
            if (number := _number(edge)) is not None:
                points.append((number, seen / total))
    points.sort()
    highest = 0.0
    rising = []
    for value, share in points:
        highest = max(highest, share)
        rising.append((value, highest))
    return rising


def _below(points: list[tuple[float, float]], value: float) -> float:
    """Returns the share of values up to `value`."""
    if not points or value < points[0][0]:
        return 0.0
    for (left, low), (right, high) in pairwise(points):
        if value < right:
            return low if right == left else low + (high - low) * (value - left) / (right - left)
    return 1.0


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return float(value)
    try:
        return float(value)
    except (TypeError, ValueError):
        pass
    try:
        moment = datetime.fromisoformat(value)
        return moment.timestamp() if moment.tzinfo else (moment - datetime(1970, 1, 1)).total_seconds()
    except (TypeError, ValueError, OverflowError):
        pass
    try:
        return float(date.fromisoformat(value).toordinal())
    except (TypeError, ValueError):
        return None
