"""Named connections: opened and checked, used by name, and silent about passwords."""

import sqlite3
import threading

import pytest

from odibi_core.engine.connections import ConnectionRegistry, open_connection
from odibi_core.errors import EngineError, FormatError, OdibiError, StepOptionError


@pytest.fixture
def place(tmp_path):
    with sqlite3.connect(tmp_path / "shop.db") as base:
        base.execute("CREATE TABLE orders (id INTEGER, paid BOOLEAN, at TIMESTAMP)")
        base.execute("INSERT INTO orders VALUES (1, 1, '2024-01-02 03:04:05'), (2, 0, NULL)")
    return tmp_path


def opened(place, value="", **params):
    return open_connection(value, params, resolve=lambda path: place / path)


@pytest.mark.parametrize(
    ("value", "params"),
    [
        ("shop.db", {}),
        ("sqlite:///shop.db", {}),
        ("", {"connection_string": "sqlite:///shop.db"}),
        ("", {"type": "sqlite", "database": "shop.db"}),
        ("", {"database": "shop.db", "timeout": 1}),
    ],
)
def test_a_connection_is_described_in_several_ways(place, value, params):
    connection = opened(place, value, **params)
    assert connection.tables() == ["orders"]
    connection.close()


def test_tables_and_queries_are_read_by_name_of_the_connection(pandas_context, place):
    pandas_context.connections.add("shop", opened(place, "shop.db"))
    frame = pandas_context.read("orders", connection="shop")
    assert [column.type for column in pandas_context.columns(frame)] == ["int64", "bool", "timestamp[us]"]
    query = pandas_context.read(
        "", connection="shop", query="SELECT id FROM orders WHERE id > :low", params={"low": 1}
    )
    assert query.to_dict("list") == {"id": [2]}
    pandas_context.write(frame, "copies", connection="shop", mode="append")
    assert len(pandas_context.read("copies", connection="shop", columns=["id"], nrows=1)) == 1


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"table": "order"}, "has no table `order`; did you mean `orders`"),
        ({}, "neither is given"),
        ({"table": "orders", "query": "SELECT 1"}, "both are given"),
        ({"table": "orders", "colums": ["id"]}, "no option `colums`; did you mean `columns`"),
        ({"query": "SELECT nope FROM orders"}, "no such column: nope"),
        ({"query": "DELETE FROM orders"}, "readonly"),
    ],
)
def test_what_cannot_be_read_is_told(pandas_context, place, params, message):
    pandas_context.connections.add("shop", opened(place, "shop.db"))
    with pytest.raises(OdibiError, match=message):
        pandas_context.read("", connection="shop", **params)


def test_a_database_that_is_not_there_is_an_error_unless_it_may_be_made(place, pandas_context):
    with pytest.raises(
        FileNotFoundError, match=r"`shap\.db` does not exist; `shop\.db` is there.*create: true"
    ):
        opened(place, "shap.db")
    pandas_context.connections.add("new", opened(place, "deep/new.db", create=True))
    pandas_context.write([{"x": 1}], "t", connection="new")
    assert pandas_context.read("t", connection="new").to_dict("list") == {"x": [1]}


def test_a_file_that_is_no_database_is_told(place):
    (place / "junk.db").write_bytes(b"not a database, but long enough to be read as the header of one" * 20)
    (place / "junk.duckdb").write_bytes(b"nor this" * 1_000)
    for name in ("junk.db", "junk.duckdb"):
        with pytest.raises(FormatError, match=name.replace(".", r"\.")):
            opened(place, name)


def test_a_locked_database_is_told_with_what_to_do(place):
    with sqlite3.connect(place / "shop.db", isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(FormatError, match=r"locked; another program is writing to it.*`timeout`"):
            opened(place, "shop.db", timeout=0.05)


SECRET = "pa:ss/w@rd"


@pytest.mark.parametrize(
    ("value", "params"),
    [
        ("postgresql://me:pa%3Ass%2Fw%40rd@localhost:1/db", {}),
        ("mysql+pymysql://me:pa%3Ass%2Fw%40rd@localhost:1/db", {}),
        ("nosuch://me:pa%3Ass%2Fw%40rd@h/db", {}),
        (f"postgresql://me:{SECRET}:x@[", {}),
        (
            "",
            {"driver": "postgresql", "host": "localhost", "username": "me", "password": SECRET, "port": "x"},
        ),
        ("", {"driver": "postgresql", "host": "localhost", "username": "me", "password": SECRET}),
        ("postgresql://h/db?password=pa%3Ass%2Fw%40rd", {}),
    ],
)
def test_a_password_never_shows(place, value, params):
    with pytest.raises(OdibiError) as caught:
        opened(place, value, **params)
    shown, error = "", caught.value
    while error is not None:
        shown += f"{error} {error!r}"
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    assert SECRET not in shown
    assert "pa%3Ass" not in shown


def test_what_is_said_twice_or_not_at_all_is_refused(place):
    with pytest.raises(StepOptionError, match="named twice"):
        opened(place, "shop.db", url="sqlite:///other.db")
    with pytest.raises(StepOptionError, match="no database is named"):
        opened(place)
    with pytest.raises(StepOptionError, match="no option `timout`; did you mean `timeout`"):
        opened(place, "shop.db", timout=1)


class Closing:
    closed = 0

    def close(self):
        self.closed += 1


def test_an_unknown_name_is_told_with_the_nearest():
    registry = ConnectionRegistry()
    with pytest.raises(EngineError, match="a connect step of that name opens it"):
        registry.get("shop")
    registry.add("shop", Closing())
    with pytest.raises(EngineError, match="did you mean `shop`"):
        registry.get("shp")


def test_connections_are_closed_when_replaced_and_in_the_end():
    registry, first, second = ConnectionRegistry(), Closing(), Closing()
    registry.add("a", first)
    registry.add("a", second)
    assert (first.closed, second.closed) == (1, 0)
    registry.close()
    assert second.closed == 1
    assert registry.names() == []


def test_the_registry_is_shared_between_threads():
    registry = ConnectionRegistry()
    threads = [threading.Thread(target=registry.add, args=(f"c{n}", Closing())) for n in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(registry.names()) == 50
