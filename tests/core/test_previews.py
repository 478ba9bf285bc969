"""Previews: a column whose type Parquet does not have does not cost the others theirs."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from odibi_core.core.previews import write_preview


def test_an_interval_is_text_and_the_rest_is_there(tmp_path: Path) -> None:
    table = duckdb.sql(
        "SELECT * FROM (VALUES (1, INTERVAL '1 month 2 days 3.5 seconds'), (2, NULL),"
        " (3, INTERVAL '-1 hour'), (4, INTERVAL '1 day'), (5, INTERVAL '0 days')) AS t(id, age)"
    ).to_arrow_table()
    assert write_preview(table, tmp_path / "previews" / "p.parquet") == 5
    assert pq.read_table(tmp_path / "previews" / "p.parquet").to_pydict() == {
        "id": [1, 2, 3, 4, 5],
        "age": ["1 month 2 days 00:00:03.5", None, "-01:00:00", "1 day", "00:00:00"],
    }


def test_intervals_within_lists_are_text(tmp_path: Path) -> None:
    table = duckdb.sql("SELECT 1 AS id, [INTERVAL '1 day'] AS ages").to_arrow_table()
    write_preview(table, tmp_path / "previews" / "p.parquet")
    (row,) = pq.read_table(tmp_path / "previews" / "p.parquet").to_pylist()
    assert row["id"] == 1 and isinstance(row["ages"], str)
