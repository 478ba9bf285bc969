"""Profile: statistics of a dataset's columns, as a run keeps them and comparisons read them."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Basis = Literal["all", "sample", "first"]
ProfileMode = Literal["off", "sample", "full"]
ColumnKind = Literal["number", "time", "text", "boolean", "other"]

QUANTILES = (0.25, 0.5, 0.75)
EXACT_ROWS = 1_000_000  # up to so many rows every row is looked at; beyond, a sample unless all are asked for


class TopValue(msgspec.Struct, frozen=True, array_like=True):
    """A frequent value, as JSON, and how many of the rows looked at have it."""

    value: Any
    count: int


class Histogram(msgspec.Struct, frozen=True):
    """Counts between edges of equal distance.

    Attributes:
        edges: One more than `counts`, ascending: numbers, or ISO texts of times.
        counts: Values from each edge (included) to the next (excluded; the last one is included).
    """

    edges: tuple[Any, ...]
    counts: tuple[int, ...]


class ColumnProfile(msgspec.Struct, frozen=True, omit_defaults=True):
    """Statistics of a column, over the rows its profile looked at.

    Values are JSON: numbers are numbers (decimals and integers beyond 2**53 their digits as text), times ISO
    text, long texts cut. NaN and infinities are counted in `not_finite`, and else are only in `distinct` and
    `top`.

    Attributes:
        name: The column.
        type: Its Arrow type name.
        kind: What sort of values it has, and so which of the statistics.
        nulls: Values that are not there.
        not_finite: NaN and infinities.
        distinct: Different values, nulls not counted; None for nested values.
        distinct_exact: Whether `distinct` was counted rather than estimated (by some 2 %, at worst 5 %).
        min: Smallest value.
        max: Largest value.
        mean: Mean, of numbers.
        quantiles: The values at `QUANTILES`, of numbers and times; empty where there is none.
        top: The most frequent values, most frequent first; of few or no repeats, empty.
        histogram: Of numbers and times.
        whole: Names of the statistics that are of all rows although the profile is of a sample.
    """

    name: str
    type: str
    kind: ColumnKind
    nulls: int
    not_finite: int = 0
    distinct: int | None = None
    distinct_exact: bool = False
    min: Any = None
    max: Any = None
    mean: float | None = None
    quantiles: tuple[Any, ...] = ()
    top: tuple[TopValue, ...] = ()
    histogram: Histogram | None = None
    whole: tuple[str, ...] = ()


class Profile(msgspec.Struct, frozen=True, omit_defaults=True):
    """Statistics of a dataset.

    Attributes:
        rows: All rows of the dataset, None where unknown.
        looked_at: How many of them the statistics are of.
        basis: "all" rows, a random "sample", or the "first" rows.
        columns: One for each column, in order.
    """

    rows: int | None
    looked_at: int
    basis: Basis
    columns: tuple[ColumnProfile, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether the statistics are of all rows."""
        return self.basis == "all"

    def column(self, name: str) -> ColumnProfile | None:
        """Returns the statistics of a column, or None if there is no such column."""
        return next((column for column in self.columns if column.name == name), None)

    def said_basis(self) -> str:
        """Returns what the statistics are of, as text: `all rows`, `sample of 10,000 of 12,391,000 rows`."""
        if self.basis == "all":
            return "all rows"
        of = "" if self.rows is None else f" of {self.rows:,} rows"
        if self.basis == "sample":
            return f"sample of {self.looked_at:,}{of or ' rows'}"
        return f"the first {self.looked_at:,}{of or ' rows'}"


_encoder = msgspec.json.Encoder()
_decode = msgspec.json.Decoder(Profile).decode


def encode_profile(profile: Profile) -> bytes:
    """Returns a profile as JSON."""
    return _encoder.encode(profile)


def decode_profile(data: bytes) -> Profile:
    """Returns the profile in JSON that `encode_profile` made.

    Raises:
        msgspec.MsgspecError: It is no profile.
    """
    return _decode(data)
