"""Maps cross into pandas and back as maps; a check knows it."""

from __future__ import annotations

import duckdb
import pytest

from odibi_core.checks.crossing import in_pandas
from odibi_core.engine.duckdb_types import native_name
from odibi_core.formats.arrow import arrow_to_pandas, pandas_columns, pandas_to_arrow, type_name

VALUES = [
    "MAP {'a': 1}", "MAP {'a': 'b'}", "MAP {1: 2.5}", "[MAP {'a': 1::BIGINT}]", "MAP {'a': [1, 2]}",
    "MAP {'a': MAP {'b': DATE '2026-01-31'}}", "NULL::MAP(VARCHAR, INTEGER)",
]  # fmt: skip


@pytest.mark.parametrize("value", [*VALUES, "{'k': MAP {'a': 1}, 'n': 2}"])
def test_a_map_stays_one(value):
    table = duckdb.sql(f"SELECT {value} AS m UNION ALL SELECT NULL").to_arrow_table()
    frame = arrow_to_pandas(table)
    back = pandas_to_arrow(frame)
    assert back.column("m").to_pylist() == table.column("m").to_pylist()
    assert type_name(back.schema.field("m").type) == type_name(table.schema.field("m").type)
    assert pandas_columns(frame)[0][1] == type_name(table.schema.field("m").type)


@pytest.mark.parametrize("value", VALUES)
def test_a_check_knows_the_type_it_has_then(value):
    table = duckdb.sql(f"SELECT {value} AS m")
    back = pandas_to_arrow(arrow_to_pandas(table.to_arrow_table()))
    assert in_pandas(str(table.types[0])) == native_name(back.schema.field("m").type)
