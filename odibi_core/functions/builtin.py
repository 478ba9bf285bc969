"""Odibi's own functions, by short name (docs/functions.md)."""

from odibi_core.functions.builtin_columns import date_parts, fill_missing, flag_outliers, tidy_names
from odibi_core.functions.builtin_rows import dedupe, expect, upsert
from odibi_core.functions.builtin_shape import pivot, unpivot

__all__ = [
    "date_parts",
    "dedupe",
    "expect",
    "fill_missing",
    "flag_outliers",
    "pivot",
    "tidy_names",
    "unpivot",
    "upsert",
]
