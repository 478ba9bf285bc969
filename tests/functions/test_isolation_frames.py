"""Any frame that Arrow can hold comes back from a worker as it went."""

import datetime

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odibi_core.core.node import Step
from odibi_core.functions.isolation import IsolatedWorkers
from odibi_core.functions.isolation.parcel import read_parcel, write_parcel
from odibi_core.functions.isolation.system import memory_file
from tests.counts import count

VALUES = {
    "int64": st.integers(-(2**63), 2**63 - 1),
    "uint8": st.integers(0, 255),
    "float64": st.floats(allow_nan=True, allow_infinity=True),
    "bool": st.booleans(),
    "str": st.text(max_size=5) | st.none(),
    "Int32": st.integers(-(2**31), 2**31 - 1) | st.none(),
    "boolean": st.booleans() | st.none(),
    "category": st.sampled_from(["a", "b", "c"]) | st.none(),
    "datetime64[us]": st.datetimes(datetime.datetime(1700, 1, 1), datetime.datetime(2200, 1, 1)),
    "datetime64[ns, Europe/Berlin]": st.datetimes(
        datetime.datetime(1980, 1, 1), datetime.datetime(2030, 1, 1), timezones=st.just(datetime.UTC)
    ),
    "timedelta64[us]": st.timedeltas(datetime.timedelta(-1000), datetime.timedelta(1000)),
}


@st.composite
def frames(draw):
    n = draw(st.integers(0, 8))
    columns = draw(st.dictionaries(st.text(max_size=4), st.sampled_from(sorted(VALUES)), max_size=4))
    data = {
        name: pd.Series(draw(st.lists(VALUES[dtype], min_size=n, max_size=n)), dtype=dtype)
        for name, dtype in columns.items()
    }
    frame = pd.DataFrame(data, index=range(n))
    if n and draw(st.booleans()):
        frame.index = pd.Index(draw(st.lists(st.integers(0, 99), min_size=n, max_size=n)), name="kept")
    return frame


@pytest.fixture(scope="module")
def workers():
    with IsolatedWorkers() as workers:
        yield workers


@settings(max_examples=count(500), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(frame=frames())
def test_a_frame_keeps_values_dtypes_and_index(workers, frame):
    step = Step(name="s", outputs={"out": "out"})
    result = workers.call(step, "tests.functions.working_module.same", {"frame": frame}, {}, 60)
    pd.testing.assert_frame_equal(result.to_pandas(), frame, check_freq=False)


TABLE = pa.table(
    {
        "decimal": pa.array([None], pa.decimal128(20, 3)),
        "list": pa.array([[1, 2]], pa.list_(pa.int16())),
        "struct": pa.array([{"a": 1, "b": "x"}]),
        "binary": pa.array([b"\x00\xff"]),
        "dictionary": pa.array(["a"]).dictionary_encode(),
        "date": pa.array([datetime.date(2026, 1, 1)]),
    }
)


@pytest.mark.parametrize("tables", [{}, {"a": TABLE}, {"": TABLE, "b": TABLE.slice(0, 0), "c": pa.table({})}])
def test_a_parcel_holds_tables_of_every_type(tables):
    file = memory_file()
    write_parcel(file, {"message": 1}, tables)
    message, found = read_parcel(file)
    assert message == {"message": 1}
    assert found == tables


def test_a_parcel_that_was_cut_short_is_no_parcel():
    assert read_parcel(memory_file()) is None
