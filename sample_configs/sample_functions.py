"""Functions that the sample pipelines name; the directory of a config is importable in its runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Sequence


def parse_days(data: pd.DataFrame, column: str) -> pd.DataFrame:
    """Returns `data` with a text column of days as timestamps."""
    return data.assign(**{column: pd.to_datetime(data[column])})


def split_by(data: pd.DataFrame, column: str, values: Sequence[str]) -> dict[str, pd.DataFrame]:
    """Returns a frame for each of `values` that `column` can have; the step's outputs name them."""
    return {value: data[data[column] == value].reset_index(drop=True) for value in values}


def rank_customers(customers: pd.DataFrame, tiers: Sequence[str]) -> pd.DataFrame:
    """Returns `customers` with a rank by what they spent and a tier, each tier three times the one above.

    With three tiers the first is the best thirteenth of the customers, the second the next three.
    """
    ranked = customers.sort_values(["spent_eur", "customer_id"], ascending=[False, True], ignore_index=True)
    ranked["rank"] = ranked.index + 1
    shares = [3**position for position in range(len(tiers))]
    edges = [round(len(ranked) * sum(shares[: i + 1]) / sum(shares)) for i in range(len(tiers))]
    ranked["tier"] = [
        next(t for t, edge in zip(tiers, edges, strict=True) if rank <= edge) for rank in ranked["rank"]
    ]
    return ranked
