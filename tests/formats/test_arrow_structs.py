"""Structs in structs go to DuckDB whatever they were cut from."""

from __future__ import annotations

import itertools
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odibi_core.engine import create_engine_context
from odibi_core.formats.arrow_structs import whole_structs
from tests.counts import count

PLACE = pa.struct([("city", pa.string()), ("geo", pa.struct([("lat", pa.float64())]))])
places = st.none() | st.builds(
    lambda city, lat: {"city": city, "geo": None if lat is None else {"lat": lat}},
    st.sampled_from(["a", None]),
    st.none() | st.integers(0, 9).map(float),
)


@settings(max_examples=count(500), deadline=None)
@given(st.lists(places, max_size=40), st.data())
def test_a_table_cut_anywhere_is_read_with_the_same_values(rows: list[Any], data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(rows)), max_size=3)))
    start, end = sorted((data.draw(st.integers(0, len(rows))), data.draw(st.integers(0, len(rows)))))
    edges = [0, *cuts, len(rows)]
    names = [pa.array([str(i) for i in range(a, b)], pa.string()) for a, b in itertools.pairwise(edges)]
    table = pa.table({"place": pa.array(rows, PLACE), "name": pa.chunked_array(names, pa.string())})
    table = table.slice(start, end - start)
    with duckdb.connect() as database:
        database.register("t", whole_structs(table))
        assert database.sql("SELECT place, name FROM t").to_arrow_table().to_pylist() == table.to_pylist()


@pytest.mark.parametrize("engine", ["pandas", "duckdb"])
def test_a_result_with_nested_structs_and_texts_that_are_null_goes_on(engine: str) -> None:
    with create_engine_context(engine) as context:
        query = (
            "SELECT i AS id, CASE WHEN i % 7 = 0 THEN NULL ELSE 'x' END AS region,"
            " {'city': 'c', 'geo': {'lat': i * 1.0}} AS address FROM range(5000) t(i)"
        )
        context.register_temp("d", context.execute_sql(query))
        windowed = context.execute_sql("SELECT *, sum(id) OVER (PARTITION BY id % 9) AS total FROM d")
        context.register_temp("w", windowed)
        frame = context.execute_sql("SELECT sum(address.geo.lat) AS lats, count(region) AS n FROM w")
        assert context.to_arrow(frame).to_pylist() == [{"lats": 12497500.0, "n": 4285}]
